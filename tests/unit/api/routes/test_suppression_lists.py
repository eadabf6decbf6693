"""Lists of numbers that are not to be texted: out, as JSON and CSV, page by page, and in."""

import csv
import io
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.api import spreadsheet
from smsgateway.store import stops, suppressions
from smsgateway.store.numbers import Suppression, load_number
from tests.unit.api.conftest import ADMINISTRATOR_KEY, NOW, Answer, Api, request

LIST = "/suppressions"
FIRST = "13800138000"


def put(api: Api, body: Any, *, key: str = ADMINISTRATOR_KEY, content_type: str = "") -> Answer:
    headers = {"Content-Type": content_type} if content_type else {}
    return api.call("POST", LIST, body, key=key, headers=headers)


def put_csv(api: Api, text: str | bytes, content_type: str = "text/csv", *, key: str = ADMINISTRATOR_KEY) -> Answer:
    return put(api, text if isinstance(text, bytes) else text.encode(), key=key, content_type=content_type)


def numbers(count: int) -> list[str]:
    return [f"138{index:08d}" for index in range(count)]


def listed(api: Api, key: str = ADMINISTRATOR_KEY, **query: str) -> list[dict[str, Any]]:
    """All entries of a list, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        answer = api.call("GET", LIST, key=key, query=query or None)
        assert answer.status == 200, answer.text
        found += answer.json["items"]
        if answer.json["next"] is None:
            return found
        query["next"] = answer.json["next"]


def shown(entries: list[dict[str, Any]]) -> list[tuple[str, str, str | None]]:
    return [(each["number"], each["purpose"], each["client"]) for each in entries]


def filled(api: Api) -> tuple[str, str]:
    """Entries of two senders, of everybody's, and an administrator's. Returns the senders' keys."""
    keys = api.sender("shop"), api.sender("bank")
    for index, client in enumerate(("shop", "bank", "")):
        at = NOW - 3000 + index * 1000
        stop = Suppression(at, "opt_out", "reply", f"mo_{index}", "hb-main", client=client)
        stops.stop_marketing(api.table, FIRST, stop, at)
    suppressions.suppress(api.table, "13900139000", NOW, "投诉")
    return keys


def test_who_sees_what(api: Api) -> None:
    shop, bank = filled(api)
    everybodys = [(FIRST, "marketing", None), ("13900139000", "all", None)]
    assert shown(listed(api)) == [(FIRST, "marketing", "shop"), (FIRST, "marketing", "bank"), *everybodys]
    assert shown(listed(api, shop)) == [(FIRST, "marketing", "shop"), *everybodys]
    assert shown(listed(api, bank, client="bank")) == [(FIRST, "marketing", "bank")]
    assert api.call("GET", LIST, key=shop, query={"client": "bank"}).status == 403
    assert "bank" not in api.call("GET", LIST, key=shop, query={"number": FIRST}).text
    assert "bank" not in api.call("GET", "/suppressions/{number}", key=shop, number=FIRST).text


def test_what_is_asked_for(api: Api) -> None:
    filled(api)
    assert shown(listed(api, number="+86 138 0013 8000", client="shop")) == [(FIRST, "marketing", "shop")]
    assert shown(listed(api, purpose="all")) == [("13900139000", "all", None)]
    assert shown(listed(api, since="2026-01-22T09:30:24.500Z")) == [
        *((FIRST, "marketing", None), ("13900139000", "all", None))
    ]
    assert listed(api, number="13700137000") == []
    (entry,) = listed(api, client="shop")
    assert entry == {
        **{"number": FIRST, "purpose": "marketing", "client": "shop", "signature": None, "reason": "opt_out"},
        **{"source": "reply", "at": "2026-01-22T09:30:23.000Z", "reply_id": "mo_0", "account": "hb-main"},
    }


@pytest.mark.parametrize("limit", ["1", "2", "3", "7", "100"])
def test_pages(api: Api, limit: str) -> None:
    shop = api.sender("shop")
    assert put(api, {"items": [{"number": number} for number in numbers(7)]}).status == 200
    for number in numbers(3):
        api.call("PUT", "/suppressions/{number}", {}, key=shop, number=number)
    assert [each["number"] for each in listed(api, limit=limit, client="shop")] == numbers(3)
    assert sorted({each["number"] for each in listed(api, limit=limit)}) == numbers(7)
    assert len(listed(api, shop, limit=limit)) == 10
    cursor = api.call("GET", LIST, query={"limit": "1"}).json["next"]
    for query in ({"client": "shop", "next": cursor}, {"next": "x"}):
        assert api.call("GET", LIST, query=query).places == ["next"]


def test_bad_questions(api: Api) -> None:
    for query, place in (
        ({"limit": "0"}, "limit"),
        ({"purpose": "otp"}, "purpose"),
        ({"since": "yesterday"}, "since"),
        ({"number": "12"}, "number"),
        ({"format": "xls"}, "format"),
        ({"of": "shop"}, "of"),
    ):
        answer = api.call("GET", LIST, query=query)
        assert (answer.status, answer.places) == (422, [place])


def exported(api: Api, **query: str) -> str:
    """All pages of an export one after the other, by their headers `Link`."""
    text, more = "", {"format": "csv", **query}
    while True:
        answer = api.call("GET", LIST, query=more)
        assert answer.headers["Content-Type"] == ["text/csv; charset=utf-8"]
        text += answer.text
        links = answer.headers.get("Link")
        if not links:
            return text
        link = re.fullmatch(r'<https://[^>]+/v1/suppressions\?([^>]*)>; rel="next"', links[0])
        assert link
        more = dict(part.split("=") for part in link[1].split("&"))


def test_an_export_is_one_file_whose_import_changes_nothing(api: Api) -> None:
    """GIVEN entries WHEN they are exported page by page, and imported elsewhere THEN they are the same there, and here
    nothing changes."""
    filled(api)
    api.call("PUT", "/suppressions/{number}", {"reason": "=cmd|' /C calc'!A1"}, number="13700137000")
    text = exported(api, limit="1")
    assert text.startswith("\ufeffnumber,purpose,client,signature,reason,source,at,reply_id,account\r\n")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == 5
    assert not [cell for row in rows for cell in row.values() if cell[:1] in tuple("=+-@")]
    before = listed(api)
    assert put_csv(api, text).json == {"added": 0, "already": 5, "outdated": 0, "unknown_clients": 0}
    assert put(api, {"items": before}).json == {"added": 0, "already": 5, "outdated": 0, "unknown_clients": 0}
    assert listed(api) == before
    for number in (FIRST, "13900139000", "13700137000"):
        api.table.delete((f"suppressed#{number}", "X"))
    assert put_csv(api, text).json == {"added": 5, "already": 0, "outdated": 0, "unknown_clients": 0}
    assert [each | {"source": "import"} for each in before] == listed(api)


def test_an_export_is_imported_where_its_clients_are_gone(api: Api) -> None:
    """GIVEN entries of a client that is gone, and of a signature that a client has no more WHEN an administrator
    imports them THEN they stand as they did, and are counted; a sender may not bring such."""
    mall = api.sender("mall", signatures=("示例", "其他"))
    for name, signature in (("gone", ""), ("mall", "旧的"), ("mall", "示例")):
        stops.stop_marketing(api.table, FIRST, Suppression(NOW, client=name, signature=signature), NOW)
    text, before = exported(api), listed(api)
    api.table.delete((f"suppressed#{FIRST}", "X"))
    assert put_csv(api, text).json == {"added": 3, "already": 0, "outdated": 0, "unknown_clients": 2}
    assert listed(api) == [each | {"source": "import"} for each in before]
    answer = put_csv(api, f"number,client,signature\n{FIRST},mall,旧的\n", key=mall)
    assert (answer.status, answer.places) == (422, ["items[0].signature"])


@pytest.mark.parametrize("accept", ["text/csv", "text/csv, */*;q=0.1"])
def test_csv_by_the_header_accept(api: Api, accept: str) -> None:
    filled(api)
    assert api.call("GET", LIST, headers={"Accept": accept}).text.startswith("\ufeffnumber,")
    assert api.call("GET", LIST, headers={"Accept": accept}, query={"format": "json"}).json["items"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("number,reason\n13800138000,旧名单\n", "text/csv"),
        ("\ufeffNumber , REASON\r\n\r\n+86 138-0013-8000,旧名单\r\n,\r\n", "text/csv; charset=UTF-8"),
        ("number,reason, ,\r\n13800138000,旧名单,,\r\n", "text/csv"),
        ('reason,number\r\n"旧名单","13800138000"', "Text/CSV"),
        ("number,reason\r\n13800138000,旧名单\r\n".encode("gbk"), 'text/csv; charset="GBK"'),
    ],
)
def test_how_spreadsheets_write(api: Api, body: str | bytes, content_type: str) -> None:
    assert put_csv(api, body, content_type).json == {"added": 1, "already": 0, "outdated": 0, "unknown_clients": 0}
    (entry,) = listed(api)
    assert (entry["number"], entry["reason"], entry["source"], entry["purpose"]) == (
        *(FIRST, "旧名单", "import", "marketing"),
    )


def test_a_body_that_comes_as_text(api: Api) -> None:
    """GIVEN an API Gateway that takes CSV for a text WHEN it hands it on as such THEN it is read all the same."""
    event = request("POST", LIST, headers={"content-type": "text/csv"})
    assert api.serve(event | {"body": f"number\n{FIRST}\n", "isBase64Encoded": False}).json["added"] == 1


@pytest.mark.parametrize(
    ("body", "content_type", "status", "said"),
    [
        ("number\n13800138000\n中".encode("gbk"), "text/csv", 400, "charset=gbk"),
        (b"number\n\xff\xff\n", "text/csv; charset=gbk", 400, "not GBK"),
        ("number\n", "text/csv; charset=big5", 400, "charset"),
        ('number\n"13800138000', "text/csv", 400, "quotation marks"),
        ("", "text/csv", 422, "first row"),
        ("\ufeff\r\n", "text/csv", 422, "first row"),
        ("13800138000\n13900139000\n", "text/csv", 422, "`number`"),
        ("number;reason\n13800138000;x\n", "text/csv", 422, "commas"),
        ("number,number\n13800138000,1\n", "text/csv", 422, "twice"),
        ("number,phone\n13800138000,1\n", "text/csv", 422, "column 2 is unknown"),
        ("number\n13800138000,1\n", "text/csv", 422, "more cells"),
        ("number,\n13800138000,1\n", "text/csv", 422, "more cells"),
        ("number,,reason\n13800138000,,\n", "text/csv", 422, "column 2 is unknown"),
        ("number\n", "text/csv", 422, "must not be empty"),
    ],
)
def test_what_is_no_list(api: Api, body: str | bytes, content_type: str, status: int, said: str) -> None:
    answer = put_csv(api, body, content_type)
    assert answer.status == status
    assert said in answer.text
    assert listed(api) == []


def test_every_row_is_checked_before_any_is_written(api: Api) -> None:
    api.sender("shop", signatures=("示例",))
    rows = [
        "13800138000,marketing,shop,,,",
        "1.38E+10,marketing,shop,,,",
        "13800138002,otp,shop,,,",
        "138\x0000138003,marketing,shop,,,",
        "13800138004,marketing,,示例,,",
        "13800138005,all,shop,,,",
        "13800138006,marketing,,示例,,",
        "13800138007,marketing,shop,,,2030-01-01T00:00:00Z",
        "13800138008,marketing,shop,,,yesterday",
        ",marketing,shop,,,",
    ]
    text = "\n".join(["number,purpose,client,signature,reason,at", *rows])
    by_shape = put_csv(api, text)
    assert (by_shape.status, by_shape.places) == (422, ["items[2].purpose", "items[8].at", "items[9].number"])
    for index in (9, 8, 2):
        del rows[index]
    answer = put_csv(api, "\n".join(["number,purpose,client,signature,reason,at", *rows]))
    assert answer.status == 422
    assert answer.places == [
        *("items[1].number", "items[2].number", "items[3].signature", "items[4].client"),
        *("items[5].signature", "items[6].at"),
    ]
    assert listed(api) == []


def test_a_sender_imports_its_own_marketing_alone(api: Api) -> None:
    shop, _ = api.sender("shop"), api.sender("bank")
    for item, place in (({"client": "bank"}, "client"), ({"purpose": "all"}, "purpose")):
        answer = put(api, {"items": [{"number": FIRST}, {"number": FIRST, **item}]}, key=shop)
        assert (answer.status, answer.places) == (403, [f"items[1].{place}"])
    assert listed(api) == []
    assert put_csv(api, f"number\n{FIRST}\n", key=shop).json["added"] == 1
    assert shown(listed(api)) == [(FIRST, "marketing", "shop")]


def test_what_was_lifted_since_stays_lifted(api: Api) -> None:
    """GIVEN an old list WHEN somebody of it has opted in since, or was allowed again THEN the import leaves it out."""
    items = [{"number": FIRST, "at": "2026-01-01T00:00:00Z"}, {"number": FIRST, "purpose": "all"}]
    items[1]["at"] = items[0]["at"]
    assert put(api, {"items": items}).json["added"] == 2
    for query in (None, {"purpose": "marketing"}):
        assert api.call("DELETE", "/suppressions/{number}", number=FIRST, query=query).status == 204
    assert put(api, {"items": items}).json == {"added": 0, "already": 0, "outdated": 2, "unknown_clients": 0}
    assert put(api, {"items": [{"number": FIRST}, {"number": FIRST}]}).json == {
        "added": 1,
        "already": 1,
        "outdated": 0,
        "unknown_clients": 0,
    }


def test_an_import_that_broke_off_can_be_repeated(api: Api) -> None:
    """GIVEN time for one batch alone WHEN the import is repeated THEN it goes on, and nothing is counted twice."""
    items = {"items": [{"number": number} for number in numbers(250)]}
    turns = iter((False, True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(api.gateway), "time_is_over", lambda _: next(turns))
        answer = put(api, items)
    assert (answer.status, answer.headers["Retry-After"]) == (503, ["1"])
    assert put(api, items).json == {"added": 150, "already": 100, "outdated": 0, "unknown_clients": 0}
    assert len(listed(api)) == 250
    assert api.table.get(("stops#*", "L"))


def test_an_import_meets_what_is_there(api: Api) -> None:
    """GIVEN a number that texts were counted for, one of an earlier release, and one that has expired WHEN they are
    imported THEN what was there stays."""
    api.table.put({"pk": "suppressed#13800000001", "sk": "X", "since": NOW})
    api.table.put({"pk": "suppressed#13800000002", "sk": "X", "version": 3, "ttl": 1})
    assert api.post({"to": "13800000000", "text": "您好，拒收请回复R", "purpose": "marketing"}).status == 202
    assert put(api, {"items": [{"number": number} for number in numbers(3)]}).json["added"] == 3
    counted, old, expired = (load_number(api.table, number) for number in numbers(3))
    assert counted.counted
    assert old.suppressed == Suppression(NOW)
    assert counted.stops.keys() == old.stops.keys() == expired.stops.keys() == {"*"}


def test_what_an_earlier_release_suppressed_is_listed_once_it_is_put_again(api: Api) -> None:
    """GIVEN suppressions of a release without a list WHEN they are put again THEN they are listed, with their age."""
    for number in (FIRST, "13900139000"):
        api.table.put({"pk": f"suppressed#{number}", "sk": "X", "since": NOW - 1000})
    assert listed(api) == []
    assert api.call("PUT", "/suppressions/{number}", number=FIRST).status == 200
    items = {"items": [{"number": "13900139000", "purpose": "all"}]}
    for _ in range(2):
        assert put(api, items).json == {"added": 0, "already": 1, "outdated": 0, "unknown_clients": 0}
    assert [(each["number"], each["at"]) for each in listed(api)] == [
        *((FIRST, "2026-01-22T09:30:25.000Z"), ("13900139000", "2026-01-22T09:30:25.000Z"))
    ]


def test_too_many(api: Api) -> None:
    items = [{"number": FIRST}] * 10_001
    answer = put(api, {"items": items})
    assert (answer.status, answer.places) == (422, ["items"])
    assert put(api, {"items": []}).places == ["items"]


CELL = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).map(str.strip)


@given(st.lists(CELL, min_size=1, max_size=5))
def test_every_reason_comes_back_and_none_is_a_formula(reasons: list[str]) -> None:
    """GIVEN any reasons WHEN they are written as CSV and read again THEN they are the same, and no cell begins with
    what a spreadsheet would calculate."""
    blank = dict.fromkeys(spreadsheet.COLUMNS)
    text = spreadsheet.written([{**blank, "number": FIRST, "reason": reason} for reason in reasons], first=True)
    cells = [cell for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))) for cell in row]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r＝＋－＠")]
    items = json.loads(spreadsheet.as_json(text.encode(), "text/csv"))["items"]
    assert [item.get("reason", "") for item in items] == reasons
