"""infocloud's delivery reports, pushed and polled: samples, statuses, fields that are missing or odd."""

import json
from collections.abc import Callable
from datetime import datetime

import pytest

from smsgateway.clock import BEIJING
from smsgateway.codecs import infocloud
from smsgateway.errors import DecodeError
from smsgateway.model import Page, Push, Reason, Report, ReportStatus, Response
from tests.unit.codecs.given import text_of
from tests.unit.codecs.infocloud.given import (
    ACCOUNT,
    NONCE,
    NOW,
    RECORD,
    answer,
    answered,
    case,
    pushed,
    reference_sign,
)

# Reports


def test_report_query_sample() -> None:
    page = infocloud.decode_report_poll(ACCOUNT, answered(case("report-query.document.json")))
    assert isinstance(page, Page)
    assert not page.full
    assert [report.number for report in page.items] == ["187****8801", "187****8802", "187****8805", "187****8806"]
    for report in page.items:
        assert report.vendor_id == "202303231335001220"
        assert report.ours
        assert report.alternative_id == "640614750879358976"
        assert (report.status, report.vendor_status, report.reason) == (ReportStatus.DELIVERED, "DELIVRD", None)
        assert report.reported_at == datetime(2023, 8, 7, 13, 15, tzinfo=BEIJING)
        assert json.loads(text_of(report)) in json.loads(case("report-query.document.json"))["data"]
        assert report.number in text_of(report)


def test_report_push_sample() -> None:
    push = Push("POST", body=case("report-push.without-comments.json"))
    assert infocloud.verify_push(ACCOUNT, push, "reports")
    (report,) = infocloud.decode_report_push(ACCOUNT, push).items
    assert json.loads(text_of(report)) == json.loads(push.body)["data"][0]
    assert (report._replace(raw=""),) == (
        Report(
            vendor_id="xxxx",
            number="18551067101",
            status=ReportStatus.UNDELIVERED,
            vendor_status="UNDELIV",
            reason=Reason.UNREACHABLE,
            ours=True,
            alternative_id="577951956854276096",
            reported_at=datetime(2021, 4, 9, 17, 35, tzinfo=BEIJING),
            listed=True,
        ),
    )


@pytest.mark.parametrize("name", ["report-push.document.txt", "inbound-push.document.txt"])
def test_the_manuals_comments_are_not_json(name: str) -> None:
    push = Push("POST", body=case(name))
    assert infocloud.verify_push(ACCOUNT, push, "reports")
    for decode in (infocloud.decode_report_push, infocloud.decode_inbound_push):
        with pytest.raises(DecodeError) as caught:
            decode(ACCOUNT, push)
        assert caught.value.raw == push.body


# More


def one_report(**fields: object) -> Report:
    (report,) = infocloud.decode_report_push(ACCOUNT, pushed(RECORD | fields)).items
    return report


@pytest.mark.parametrize(
    ("word", "status", "reason"),
    [
        ("DELIVRD", ReportStatus.DELIVERED, None),
        ("EXPIRED", ReportStatus.UNDELIVERED, Reason.VALIDITY_EXPIRED),
        ("DELETED", ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
        ("UNDELIV", ReportStatus.UNDELIVERED, Reason.UNREACHABLE),
        ("ACCEPTD", ReportStatus.PENDING, None),
        ("UNKNOWN", ReportStatus.PENDING, None),
        ("REJECTD", ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
        ("MK:0001", ReportStatus.UNDELIVERED, Reason.NETWORK_FAILURE),
        ("0", ReportStatus.UNDELIVERED, Reason.UNLISTED_CODE),
    ],
)
def test_only_delivrd_is_delivery(word: str, status: ReportStatus, reason: Reason | None) -> None:
    report = one_report(arriveResult=word)
    assert (report.status, report.reason, report.vendor_status) == (status, reason, word)


def test_the_table_of_statuses_is_tested_whole() -> None:
    words = "DELIVRD EXPIRED DELETED UNDELIV ACCEPTD UNKNOWN REJECTD"
    assert set(infocloud.REPORT_WORDS) == set(words.split())


@pytest.mark.parametrize("bid", [None, "", "null"])
def test_a_report_without_our_id_carries_the_vendors(bid: object) -> None:
    report = one_report(bid=bid)
    assert (report.vendor_id, report.ours, report.alternative_id) == ("577", False, "")


def test_a_report_may_carry_our_id_alone() -> None:
    report = one_report(msgId=None)
    assert (report.vendor_id, report.ours, report.alternative_id) == ("msg_1-0", True, "")


def test_both_spellings_are_read_from_pushes_and_queries() -> None:
    record = {"msgid": 98765432109876543210, "tel": 18551067101, "arrive": "DELIVRD"}
    (pushed_report,) = infocloud.decode_report_push(ACCOUNT, pushed(record)).items
    polled = infocloud.decode_report_poll(
        ACCOUNT, answer(code="200", data=[{**record, "arriveResult": record["arrive"], "arrive": None}])
    )
    assert isinstance(polled, Page)
    for report in (pushed_report, *polled.items):
        assert (report.vendor_id, report.number) == ("98765432109876543210", "18551067101")
        assert report.status is ReportStatus.DELIVERED


@pytest.mark.parametrize("field", ["tel", "arriveResult"])
@pytest.mark.parametrize("value", [None, "", [], {}, True])
def test_a_report_that_lacks_a_field(field: str, value: object) -> None:
    page = infocloud.decode_report_push(ACCOUNT, pushed(RECORD, RECORD | {field: value}))
    assert [report.number for report in page.items] == ["18551067101"]
    ((body, _, place),) = [(json.loads(one.body), one.problem, one.place) for one in page.unreadable]
    assert (body, place) == ({"data": [RECORD | {field: value}]}, "record 2 of 2")
    push = pushed(RECORD | {field: value})
    with pytest.raises(DecodeError) as caught:
        infocloud.decode_report_push(ACCOUNT, push)
    assert caught.value.raw == push.body


def test_a_report_without_any_id() -> None:
    with pytest.raises(DecodeError):
        one_report(msgId="", bid="")


@pytest.mark.parametrize("time", [None, "", "null", "210409", "210491735", "2113091735", "21040917355"])
def test_a_time_that_is_none(time: object) -> None:
    assert one_report(arriveTime=time).reported_at is None


def test_a_time_may_be_a_number() -> None:
    assert one_report(arriveTime=2104091735).reported_at == datetime(2021, 4, 9, 17, 35, tzinfo=BEIJING)


@pytest.mark.parametrize("data", [RECORD, json.dumps(RECORD), json.dumps([RECORD]), [RECORD]])
def test_data_in_other_forms(data: object) -> None:
    (report,) = infocloud.decode_report_push(ACCOUNT, pushed(data=data)).items
    assert report.vendor_id == "msg_1-0"


@pytest.mark.parametrize("data", ["x", 1, True, [1], [[RECORD]], "[1]"])
def test_data_that_is_no_list_of_records(data: object) -> None:
    push = pushed(data=data)
    for decode in (infocloud.decode_report_push, infocloud.decode_inbound_push):
        with pytest.raises(DecodeError) as caught:
            decode(ACCOUNT, push)
        assert caught.value.raw == push.body


@pytest.mark.parametrize("data", [None, "", "null", {}, [], "[]", '"[]"'])
def test_a_push_of_no_records(data: object) -> None:
    for decode in (infocloud.decode_report_push, infocloud.decode_inbound_push):
        assert decode(ACCOUNT, pushed(data=data)) == Page(())


def test_a_record_that_is_in_no_list_is_one() -> None:
    push = Push("POST", body=json.dumps({"apiKey": "k", **RECORD}).encode())
    (report,) = infocloud.decode_report_push(ACCOUNT, push).items
    assert report.vendor_id == "msg_1-0"
    assert b"apiKey" not in bytes(report.raw if isinstance(report.raw, bytes) else str(report.raw).encode())


@pytest.mark.parametrize("write", [str.upper, str.lower, str.title])
def test_names_are_read_in_any_case(write: Callable[[str], str]) -> None:
    push = pushed(data=[{write(name): value for name, value in RECORD.items()}])
    (report,) = infocloud.decode_report_push(ACCOUNT, push).items
    assert (report.vendor_id, report.alternative_id, report.number) == ("msg_1-0", "577", RECORD["tel"])


@pytest.mark.parametrize("around", ["%s ", " %s", "%s\x00", "\ufeff%s", '"%s"'])
def test_an_id_is_read_without_what_is_around_it(around: str) -> None:
    report = one_report(msgId=around % "577", bid=around % "msg_1-0", arriveResult=around % "DELIVRD")
    assert (report.vendor_id, report.alternative_id, report.status) == ("msg_1-0", "577", ReportStatus.DELIVERED)


@pytest.mark.parametrize("data", ["[%s, 1]", "[%s, {]", "[%s, {"])
def test_data_as_a_text_is_read_as_far_as_it_can_be(data: str) -> None:
    push = pushed(data=data % json.dumps(RECORD))
    page = infocloud.decode_report_push(ACCOUNT, push)
    assert (len(page.items), len(page.unreadable)) == (1, 1)


def test_a_push_without_records() -> None:
    assert infocloud.decode_report_push(ACCOUNT, pushed()).items == ()


def test_a_reply_is_not_a_report_and_a_report_no_reply() -> None:
    with pytest.raises(DecodeError):
        infocloud.decode_report_push(ACCOUNT, Push("POST", body=case("inbound-push.without-comments.json")))
    with pytest.raises(DecodeError):
        infocloud.decode_inbound_push(ACCOUNT, Push("POST", body=case("report-push.without-comments.json")))


def test_report_query_asks_for_all_or_for_ids() -> None:
    everything = infocloud.encode_report_poll(ACCOUNT, NOW, NONCE)
    assert everything.url == "https://opassapi.infocloud.com.cn/sms/arriveRes/qry"
    assert everything.body == b"{}"
    assert everything.headers["x-sign"] == reference_sign(everything, ACCOUNT.credentials["access_key"])


@pytest.mark.parametrize("response", [answer(code=200, data=[]), answer(code=200, data=None), answer(code="200")])
def test_nothing_waiting(response: Response) -> None:
    assert infocloud.decode_report_poll(ACCOUNT, response) == Page(())
    assert infocloud.decode_statistics(ACCOUNT, response) == Page(())


@pytest.mark.parametrize(("count", "full"), [(599, False), (600, True)])
def test_a_page_of_600_is_full(count: int, full: bool) -> None:
    page = infocloud.decode_report_poll(ACCOUNT, answer(code=200, data=[RECORD] * count))
    assert isinstance(page, Page)
    assert (len(page.items), page.full) == (count, full)


# Whatever else arrives


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("end", [2, 1])
def test_a_record_that_lost_its_end_costs_no_other(place: int, end: int) -> None:
    records = [json.dumps(RECORD | {"tel": f"1855106710{n}"}) for n in range(3)]
    records[place] = records[place][:-end]
    push = Push("POST", body=b'{"apiKey":"k","data":[%s]}' % ", ".join(records).encode())
    page = infocloud.decode_report_push(ACCOUNT, push)
    assert [each.number[-1] for each in page.items] == [str(n) for n in range(3) if n != place]
    assert len(page.unreadable) >= 1


def test_odd_values_of_the_case() -> None:
    cut = infocloud.decode_report_push(ACCOUNT, Push("POST", body=case("report-push.lost-bracket.json")))
    assert ([each.number for each in cut.items], len(cut.unreadable)) == (["13800138001"], 1)
    page = infocloud.decode_report_push(ACCOUNT, Push("POST", body=case("report-push.odd-values.json")))
    assert [(report.vendor_id, report.number, report.status, report.ours) for report in page.items] == [
        ("577", "13800138000", ReportStatus.DELIVERED, False),
        ("b 1", "13800138001", ReportStatus.DELIVERED, True),
    ]
    assert [each.place for each in page.unreadable] == ["record 3 of 3"]
    nothing = Push("POST", body=case("report-push.no-records.json"))
    assert infocloud.decode_report_push(ACCOUNT, nothing) == Page(())
