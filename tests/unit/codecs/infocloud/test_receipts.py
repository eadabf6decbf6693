"""The records of infocloud's delivery reports: the fast reader, and the tolerant one, which must agree with it."""

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.clock import BEIJING
from smsgateway.codecs import infocloud
from smsgateway.codecs.infocloud import receipts
from smsgateway.codecs.tolerant_json import load
from smsgateway.errors import DecodeError
from smsgateway.model import Page, Push, Report, ReportStatus
from tests.unit.codecs.given import text_of
from tests.unit.codecs.infocloud.given import ACCOUNT, answered

# What polls and pushes bring, in the manual's own form.
FORMS = {
    "polled": '{"code": 200, "message": "查询成功", "data": [%s], "requestId": "2fffb7d9"}',
    "pushed": '{"apiKey": "8767fd83", "data": [%s]}',
}
WORDS = {"polled": "arrive", "pushed": "arriveResult"}
every_form = pytest.mark.parametrize("form", FORMS)


def manuals(form: str, number: str = "187****8801", **more: object) -> str:
    """A record of the manual's form; it may hold more."""
    ids = {"msgId": "577951956854276096", "bid": "msg_1-0"}
    return json.dumps({**ids, "tel": number, WORDS[form]: "DELIVRD", "arriveTime": "2308071315"} | more)


def page_in(form: str, body: bytes) -> Page[Report]:
    if form == "pushed":
        return infocloud.decode_report_push(ACCOUNT, Push("POST", body=body))
    page = infocloud.decode_report_poll(ACCOUNT, answered(body))
    assert isinstance(page, Page)
    return page


def reports_in(form: str, body: bytes) -> tuple[Report, ...]:
    return page_in(form, body).items


def read_fast(form: str, body: bytes) -> receipts.Receipts | None:
    return {"polled": receipts.polled, "pushed": receipts.pushed}[form](body)


def for_the_tolerant(body: bytes) -> bytes:
    """The same in another form: NaN is for the tolerant alone."""
    return body.replace(b"{", b'{"x": NaN, ', 1)


def said(reports: tuple[Report, ...]) -> list[tuple[Report, object]]:
    """Reports with what their records say, however that is written."""
    return [(report._replace(raw=""), load(text_of(report), b"")) for report in reports]


def as_tolerated(form: str, body: bytes) -> list[tuple[Report, object]]:
    """What would be read if the document were of another form."""
    return said(reports_in(form, for_the_tolerant(body)))


@every_form
@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_manuals_form_is_read_fast_and_kept_word_for_word(form: str, count: int) -> None:
    records = [manuals(form, f"187****880{index}", fee=0.1, note="收到") for index in range(count)]
    body = (FORMS[form] % " ,\n".join(records)).encode()
    assert read_fast(form, body) is not None
    reports = reports_in(form, body)
    assert [text_of(report) for report in reports] == records
    assert said(reports) == as_tolerated(form, body)


@every_form
@pytest.mark.parametrize(
    ("ours", "theirs"), [('"bid": "msg_1-0", ', ""), *[('"msg_1-0"', value) for value in ("null", '""', '"null"')]]
)
def test_a_text_sent_past_the_gateway_does_not_slow_a_page(form: str, ours: str, theirs: str) -> None:
    records = [manuals(form), manuals(form).replace(ours, theirs)]
    body = (FORMS[form] % ", ".join(records)).encode()
    assert read_fast(form, body) is not None
    reports = reports_in(form, body)
    assert [text_of(report) for report in reports] == records
    assert [(report.vendor_id, report.ours, report.alternative_id) for report in reports] == [
        ("msg_1-0", True, "577951956854276096"),
        ("577951956854276096", False, ""),
    ]
    assert said(reports) == as_tolerated(form, body)


@every_form
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(', "arriveTime": "2308071315"', ""), *[('"2308071315"', value) for value in ("null", '""', '"null"', '"soon"')]],
)
def test_a_report_without_a_time_does_not_slow_a_page(form: str, ours: str, theirs: str) -> None:
    records = [manuals(form), manuals(form).replace(ours, theirs)]
    body = (FORMS[form] % ", ".join(records)).encode()
    assert read_fast(form, body) is not None
    reports = reports_in(form, body)
    assert [text_of(report) for report in reports] == records
    assert [report.reported_at for report in reports] == [datetime(2023, 8, 7, 13, 15, tzinfo=BEIJING), None]
    assert said(reports) == as_tolerated(form, body)


OTHERWISE = [
    *[(f'"{text}"', value) for text in ("msg_1-0", "577951956854276096") for value in ("10203", "true", "[]")],
    *[('"2308071315"', value) for value in ("2308071315", "1e9", "{}")],
    *[("577951956854276096", text) for text in ("", "null", "577")],
    ('"577951956854276096"', "null"),
    ('"msgId"', '"msgid"'),
    ('"187****8801"', "18551067101"),
    ("DELIVRD", "MK:1"),
    ('"bid"', '"x": NaN, "bid"'),
    ('"bid"', '"x": "\\udc00", "bid"'),
    ("{", "\ufeff{"),
    ('"data"', '"x": -Infinity, "data"'),
]


@every_form
@pytest.mark.parametrize(("ours", "theirs"), OTHERWISE)
def test_another_form_is_read_tolerantly(form: str, ours: str, theirs: str) -> None:
    body = (FORMS[form] % manuals(form)).replace(ours, theirs, 1).encode()
    assert read_fast(form, body) is None
    (report,) = reports_in(form, body)
    assert report.vendor_id in ("msg_1-0", "577951956854276096", "10203")


@every_form
@pytest.mark.parametrize("bid", ["\\ud83d", "line\nbreak", "\0", "\ufffd"])
def test_one_id_is_enough(form: str, bid: str) -> None:
    body = (FORMS[form] % manuals(form)).replace("msg_1-0", bid, 1).encode()
    (report,) = reports_in(form, body)
    assert (report.vendor_id, report.ours, report.alternative_id) == ("577951956854276096", False, "")
    body = (FORMS[form] % manuals(form)).replace("577951956854276096", bid, 1).encode()
    (report,) = reports_in(form, body)
    assert (report.vendor_id, report.ours, report.alternative_id) == ("msg_1-0", True, "")
    with pytest.raises(DecodeError):
        reports_in(form, body.replace(b"msg_1-0", bid.encode(), 1))


@every_form
@pytest.mark.parametrize("damaged", ["收到".encode("gbk"), b"\xff", b"\\ud83d"])
@pytest.mark.parametrize("name", ["note", "fee", "requestId"])
def test_damage_in_what_is_only_shown_costs_nothing(form: str, name: str, damaged: bytes) -> None:
    body = (FORMS[form] % manuals(form, note="@")).replace("2fffb7d9", "@").replace("8767fd83", "@").encode()
    (report,) = reports_in(form, body.replace(b"@", damaged))
    assert (report.vendor_id, report.status) == ("msg_1-0", ReportStatus.DELIVERED)
    assert text_of(report).encode()  # can be stored


@every_form
@pytest.mark.parametrize("damaged", ["收".encode("gbk"), b"\xff", b"\\ud83d", "\ufffd".encode()])
@pytest.mark.parametrize("what", ["187****8801", "DELIVRD"])
def test_damage_in_what_a_report_says_parks_it_alone_and_byte_for_byte(form: str, what: str, damaged: bytes) -> None:
    broken = manuals(form).encode().replace(what.encode(), what.encode()[:4] + damaged + what.encode()[4:])
    body = FORMS[form].encode() % b", ".join([broken, manuals(form, "187****8802").encode()])
    page = page_in(form, body)
    assert [report.number for report in page.items] == ["187****8802"]
    ((parked, place),) = [(one.body, one.place) for one in page.unreadable]
    assert (broken in parked, place) == (True, "record 1 of 2")
    repaired = parked.replace(damaged, b"")
    assert [report.number for report in reports_in(form, repaired)] == ["187****8801"]


BAD_RECORDS = {
    "no number": '{"msgId": "577951956854276096", "arrive": "DELIVRD", "arriveResult": "DELIVRD"}',
    "no object": "[1, {}]",
    "a text": '"187****8801"',
    "null": "null",
    "a quotation mark that nobody escaped": '{"msgId": "1", "tel": "187****8801", "note": "say "hi"", "arrive": "X"}',
    "cut within": '{"msgId": "1", "tel": "187****',
}


@every_form
@pytest.mark.parametrize("bad", BAD_RECORDS)
@pytest.mark.parametrize("at", [0, 1, 3])
def test_a_record_that_cannot_be_read_costs_none_of_the_others(form: str, bad: str, at: int) -> None:
    records = [manuals(form, f"187****880{index}") for index in range(3)]
    records.insert(at, BAD_RECORDS[bad])
    page = page_in(form, (FORMS[form] % ",\n".join(records)).encode())
    if bad != "cut within" or at == 3:
        assert [report.number for report in page.items] == [f"187****880{index}" for index in range(3)]
    else:  # what was cut is not told from what follows
        assert len(page.items) >= 2
    assert len(page.unreadable) == 1
    assert BAD_RECORDS[bad].encode() in page.unreadable[0].body
    assert page.unreadable[0].place == f"record {at + 1} of {len(page.items) + 1}"


def test_an_answer_that_is_no_json_is_a_page_only_if_it_says_that_it_is_a_success() -> None:
    body = FORMS["polled"] % f"{manuals('polled')}, {BAD_RECORDS['cut within']}"
    assert len(reports_in("polled", body.encode())) == 1
    for code in ("6000", '"-1"'):
        with pytest.raises(DecodeError):
            reports_in("polled", body.replace("200", code, 1).encode())


def test_what_looks_like_the_end_of_a_broken_page_loses_nothing() -> None:
    broken = '{"note": "say "hi"", "more": [{"a": 1}, {"b": 2}], "tel": "1"}'
    body = (FORMS["pushed"] % f"{manuals('pushed')}, {broken}, {manuals('pushed', '187****8802')}").encode()
    page = page_in("pushed", body)
    assert [report.number for report in page.items][:1] == ["187****8801"]
    everything = "".join(report.number for report in page.items).encode() + b"".join(
        one.body for one in page.unreadable
    )
    assert b"187****8802" in everything
    assert b"say " in everything


def test_an_answer_with_a_pushs_word_too_has_the_pushs() -> None:
    body = (FORMS["polled"] % manuals("polled", arriveResult="EXPIRED")).encode()
    assert [report.vendor_status for report in reports_in("polled", body)] == ["EXPIRED"]


like_the_manuals: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
    {"msgId": st.just("577951956854276096"), "tel": st.just("187****8801") | st.text(min_size=4, max_size=6)},
    optional={
        name: st.just("DELIVRD") | st.sampled_from(["null", "", "UNKNOWN", None, True, 7, []]) | st.text(min_size=4)
        for name in ("bid", "arrive", "arriveResult", "arriveTime", "msgid", "more")
    },
)


def outcome(form: str, body: bytes) -> object:
    """All that reading a document comes to: what its records say, and what is wrong with the others or with all."""
    try:
        page = page_in(form, body)
    except DecodeError as error:
        return error.problem
    return said(page.items), page.unreadable


@every_form
@given(records=st.lists(like_the_manuals, max_size=3), escaped=st.booleans())
def test_the_fast_and_the_tolerant_say_the_same(form: str, records: list[dict[str, object]], escaped: bool) -> None:
    body = (FORMS[form] % json.dumps(records, ensure_ascii=escaped)[1:-1]).encode(errors="replace")
    if read_fast(form, body) is not None:
        assert outcome(form, body) == outcome(form, for_the_tolerant(body))
