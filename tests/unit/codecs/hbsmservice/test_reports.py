"""hbsmservice's delivery reports, pushed and polled.

"Note n" is one of tests/cases/hbsmservice/SOURCES.md.
"""

from copy import replace
from datetime import datetime

import pytest

from smsgateway.clock import BEIJING
from smsgateway.codecs import hbsmservice
from smsgateway.errors import DecodeError
from smsgateway.model import Page, Push, Reason, Report, ReportStatus
from tests.unit.codecs.given import text_of
from tests.unit.codecs.hbsmservice.given import ACCOUNT, answer, case, decode_report_poll, report, report_xml


@pytest.mark.parametrize("name", ["document-4.2", "platform-4.2"])
def test_report_push(name: str) -> None:
    reports = hbsmservice.decode_report_push(ACCOUNT, Push("POST", body=case(f"report-push.{name}.xml"))).items
    assert [replace(each, raw="") for each in reports] == [
        Report(
            vendor_id="12345asd",
            number=number,
            status=ReportStatus.UNDELIVERED,
            vendor_status="2 undeliver",
            reason=Reason.UNREACHABLE,
            ours=True,
            reported_at=datetime(2010, 7, 2, tzinfo=BEIJING),
            listed=True,
        )
        for number in ("13810000001", "13810000002")
    ]
    assert [each.number in text_of(each) and "<msg_id>12345asd</msg_id>" in text_of(each) for each in reports] == [
        True,
        True,
    ]


@pytest.mark.parametrize("name", ["document-5.4", "platform-5.4"])
def test_report_poll_is_the_same_page(name: str) -> None:
    body = case(f"report-poll.{name}.xml")
    page = decode_report_poll(body)
    assert page == Page(hbsmservice.decode_report_push(ACCOUNT, Push("POST", body=body)).items, full=False)


def test_the_parts_of_a_long_message() -> None:  # notes 10, 11
    reports = hbsmservice.decode_report_push(ACCOUNT, Push("POST", body=case("report-push.long-message.xml"))).items
    assert [(each.segment, each.status, each.vendor_status) for each in reports] == [
        (1, ReportStatus.DELIVERED, "0 DELIVRD"),
        (2, ReportStatus.DELIVERED, "000"),
        (3, ReportStatus.UNDELIVERED, "MK:0012 网关失败"),
    ]
    assert {(each.vendor_id, each.number) for each in reports} == {("12345asd", "13810000001")}


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        ("0", ReportStatus.DELIVERED, None),
        ("000", ReportStatus.DELIVERED, None),
        ("2", ReportStatus.UNDELIVERED, Reason.UNREACHABLE),
        ("1", ReportStatus.UNDELIVERED, Reason.UNLISTED_CODE),  # an error code, whatever it is
        ("MK:0012", ReportStatus.UNDELIVERED, Reason.NETWORK_FAILURE),  # an operator's gateway
        ("00", ReportStatus.UNKNOWN, Reason.UNLISTED_CODE),  # a zero, but not one of the two
        ("0000", ReportStatus.UNKNOWN, Reason.UNLISTED_CODE),
        ("００", ReportStatus.UNKNOWN, Reason.UNLISTED_CODE),
        ("０", ReportStatus.DELIVERED, None),
    ],
)
def test_err(error: str, status: ReportStatus, reason: Reason | None) -> None:
    decoded = report(report_xml(err=error))
    assert (decoded.status, decoded.reason, decoded.vendor_status) == (status, reason, error)


def test_ids_are_exact_strings() -> None:
    assert report(report_xml(msg_id="0012345678901234567890123456789")).vendor_id == "0012345678901234567890123456789"
    assert report(report_xml(msg_id="")).vendor_id == ""  # sent by somebody else through the same account


@pytest.mark.parametrize("time", ["absent", "", "2010-13-02 00:00:00", "yesterday", "0001-01-01 00:00:00"])
def test_a_bad_time_is_no_time(time: str) -> None:
    assert report(report_xml(report_time=time)).reported_at is None


@pytest.mark.parametrize(
    "fields",
    [{"mobile": "absent"}, {"mobile": ""}, {"msg_id": "absent"}, {"err": "absent"}, {"err": ""}, {"sub_seq": "x"}],
)
def test_a_report_without_what_makes_it_one(fields: dict[str, str]) -> None:
    with pytest.raises(DecodeError) as refused:
        report(report_xml(**fields))
    assert refused.value.raw == report_xml(**fields)


def test_reports_that_can_be_read_and_others_among_them() -> None:
    page = hbsmservice.decode_report_push(ACCOUNT, Push("POST", body=case("report-push.unreadable.xml")))
    assert [(each.number, each.vendor_status, each.segment) for each in page.items] == [
        ("13810000001", "0 成功", 0),
        ("13810000002", "delivrd 成功", 0),
        ("13810000004", "0 成功", 1),
        ("13810000006", "0 网\ufffd\ufffd", 0),
        ("13810000007", "0 成功", 0),
    ]
    assert {each.status for each in page.items} == {ReportStatus.DELIVERED}
    assert {each.reported_at for each in page.items} == {datetime(2010, 7, 2, tzinfo=BEIJING)}
    assert [(each.place, each.problem) for each in page.unreadable] == [
        ("record 2 of 11", "something stands before a report"),
        ("record 3 of 11", "a record without mobile"),
        ("record 5 of 11", "a record without err"),
        ("record 7 of 11", "a sub_seq that is no number"),
        ("record 9 of 11", "a report is cut short"),
        ("record 11 of 11", "an id or an access number that cannot be one"),
    ]
    assert b"<msg_id>123\x81</msg_id>" in page.unreadable[-1].body


def test_a_full_page_says_so() -> None:  # note 15
    def page(count: int) -> bytes:
        record = report_xml().split(b"<reports>")[1].removesuffix(b"</reports>")
        return b"<reports>" + record * count + b"</reports>"

    for count, full in ((99, False), (100, True)):
        decoded = hbsmservice.decode_report_poll(ACCOUNT, answer(page(count)))
        assert isinstance(decoded, Page)
        assert (len(decoded.items), decoded.full) == (count, full)
