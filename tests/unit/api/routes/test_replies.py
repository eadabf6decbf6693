"""`GET /inbound`: whose replies, from whom, since when, in which order."""

import pytest

from smsgateway.model import Reply
from smsgateway.store import listing
from smsgateway.store.replies import put_reply
from tests.unit.api.conftest import NOW, Api, request, sample

KATE, LEO = "13800138000", "13900139000"


def reply(api: Api, index: int, number: str = KATE, client: str = "") -> str:
    """A reply that came `index` milliseconds after the others' beginning."""
    stored = Reply(
        id=f"mo_{index:026d}",
        account="hb-main",
        vendor="hbsmservice",
        number=number,
        access_number="1069",
        extension="",
        text=f"回复{index}",
        received_at=NOW + index,
        client=client,
        in_reply_to="msg_1" if client else "",
    )
    put_reply(api.table, stored, NOW // 1000 + 86_400)
    return stored.id


def ids(api: Api, key: str | None = None, **query: str) -> tuple[list[str], str | None]:
    caller = {"key": key} if key else {}
    answer = api.call("GET", "/inbound", query=query, **caller)
    assert answer.status == 200
    return [item["inbound_id"] for item in answer.json["items"]], answer.json["next"]


def test_an_administrator_sees_all_newest_first(api: Api) -> None:
    made = [reply(api, index, KATE if index % 2 else LEO, "shop" if index % 2 else "") for index in range(5)]

    first, cursor = ids(api, limit="3")
    assert cursor
    rest, end = ids(api, limit="3", next=cursor)

    assert first + rest == made[::-1]
    assert end is None


def test_from_one_number(api: Api) -> None:
    made = [reply(api, index, KATE if index % 2 else LEO) for index in range(6)]

    first, cursor = ids(api, limit="2", **{"from": "+86 138-0013-8000"})
    assert cursor
    rest, _ = ids(api, limit="2", next=cursor, **{"from": KATE})

    assert first + rest == [made[5], made[3], made[1]]


def test_since(api: Api) -> None:
    made = [reply(api, index) for index in range(0, 6000, 1000)]
    since = "2026-01-22T17:30:29+08:00"  # NOW + 3 s

    assert ids(api, since=since)[0] == made[:2:-1]
    assert ids(api, since=since, **{"from": KATE})[0] == made[:2:-1]
    first, cursor = ids(api, since=since, limit="2")
    assert cursor
    assert first + ids(api, since=since, limit="2", next=cursor)[0] == made[:2:-1]


def test_a_sender_sees_the_replies_to_its_own_messages(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "READ_AT_ONCE", 2)
    key = api.sender("shop")
    made = [reply(api, index, client=("shop", "bank", "")[index % 3]) for index in range(9)]

    first, cursor = ids(api, key, limit="2")
    assert cursor
    rest, end = ids(api, key, limit="2", next=cursor)

    assert first + rest == [made[6], made[3], made[0]]
    assert end is None
    assert ids(api, key, **{"from": KATE})[0] == [made[6], made[3], made[0]]


def test_a_page_ends_early_among_many_of_others(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "READ_AT_ONCE", 2)
    monkeypatch.setattr(listing, "QUERIES", 2)
    key = api.sender("shop")
    made = [reply(api, index, client="bank" if index else "shop") for index in range(9)]

    found, cursor = ids(api, key)
    pages = 1
    while cursor and pages < 10:
        more, cursor = ids(api, key, next=cursor)
        found, pages = found + more, pages + 1

    assert found == made[:1]
    assert pages == 3


def test_a_reply_reads_like_its_event(api: Api) -> None:
    reply(api, 0, client="shop")

    (item,) = api.serve(sample("query-list-inbound")).json["items"]

    assert item == {
        "inbound_id": "mo_" + "0" * 26,
        "from": KATE,
        "to": "1069",
        "extension": None,
        "text": "回复0",
        "received_at": "2026-01-22T09:30:26.000Z",
        "account": "hb-main",
        "vendor": "hbsmservice",
        "in_reply_to": "msg_1",
        "reference": None,
        "opt_out": False,
        "opt_in": False,
        "partial": False,
    }


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"from": "12"}, "from"),
        ({"from": ""}, "from"),
        ({"form": KATE}, "form"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-01-01 08:00"}, "since"),
        ({"since": "2026-01-01"}, "since"),
        ({"limit": "1001"}, "limit"),
        ({"next": "e30"}, "next"),
        ({"next": "eyJwayI6IiIsInNrIjoiSSIsImxpc3RlZF9hdCI6IjEifQ"}, "next"),
        ({"next": "eyJwayI6ImEiLCJzayI6IkkiLCJsaXN0ZWRfYXQiOiIxIn0", "since": "2026-01-01T00:00:00Z"}, "next"),
    ],
)
def test_queries_that_are_not_understood(api: Api, query: dict[str, str], place: str) -> None:
    answer = api.call("GET", "/inbound", query=query)

    assert (answer.status, answer.places) == (422, [place])


@pytest.mark.parametrize(
    "since",
    [
        "2026-01-22T17:30:29+08:00",
        "2026-01-22T17:30:29 08:00",  # a `+` that was not encoded
        "2026-01-22T17:30:29 0800",
        "2026-01-22 17:30:29 08:00",
        "2026-01-22t09:30:29z",
        "20260122T173029 08",
    ],
)
def test_every_way_to_write_a_moment(api: Api, since: str) -> None:
    made = [reply(api, index) for index in range(0, 6000, 1000)]

    assert ids(api, since=since)[0] == made[:2:-1]


def test_a_moment_that_is_recommended_is_taken(api: Api) -> None:
    said = api.call("GET", "/inbound", query={"since": "2026-01-22 08:00"}).json["errors"][0]["msg"]

    example = said.rpartition("example ")[2]
    assert api.call("GET", "/inbound", query={"since": example}).status == 200


def test_nothing_is_later_than_the_far_future(api: Api) -> None:
    reply(api, 0)

    assert ids(api, since="2286-11-21T00:00:00Z")[0] == []


@pytest.mark.parametrize(("name", "values"), [("since", ["2026-01-22T00:00:00Z"] * 2), ("limit", ["1", "2"])])
def test_a_parameter_that_is_there_twice(api: Api, name: str, values: list[str]) -> None:
    event = request("GET", "/inbound", query={name: values[-1]})
    event["multiValueQueryStringParameters"][name] = values

    answer = api.serve(event)

    assert (answer.status, answer.places) == (422, [name])
    assert answer.json["errors"][0]["msg"] == "is there more than once: send one"
