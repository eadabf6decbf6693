"""heji's delivery reports: a push of one state and its numbers."""

from datetime import datetime
from urllib.parse import parse_qs, urlencode

import pytest

from smsgateway.clock import BEIJING
from smsgateway.codecs import heji
from smsgateway.errors import DecodeError
from smsgateway.model import Push, Reason, Report, ReportStatus
from tests.unit.codecs.given import text_of
from tests.unit.codecs.heji.given import SENDID, account, case, pushed

# Answers


def test_a_report_with_names_in_capitals() -> None:
    push = Push("POST", body=case("report-push.capitals.form"))
    (report,) = heji.decode_report_push(account(), push).items
    assert (report.vendor_id, report.number, report.status) == ("7", "13800138000", ReportStatus.DELIVERED)
    assert heji.verify_push(account(push={"name": ("admin",), "pwd": ("654321",)}), push, "reports")


# Reports


@pytest.mark.parametrize("name", ["report-push.document-3.3.query", "report-push.document-3.3.form"])
def test_the_documents_report(name: str) -> None:
    assert heji.decode_report_push(account(), pushed(name)).items == (
        Report(
            vendor_id="12345",
            number="13900210021",
            status=ReportStatus.DELIVERED,
            vendor_status="DELIVRD",
            reported_at=datetime(2013, 8, 20, 20, 11, 34, tzinfo=BEIJING),
            raw="sendid=12345&time=2013-08-20+20%3A11%3A34&mobile=13900210021&state=DELIVRD",
            listed=True,
        ),
    )


def test_numbers_of_one_state_are_a_report_each() -> None:
    reports = heji.decode_report_push(account(), pushed("report-push.digest-list.form")).items
    assert [report.number for report in reports] == ["13900210021", "13800138000", "18655555555"]
    assert {(report.vendor_id, report.vendor_status) for report in reports} == {(SENDID, "ERR:104")}
    assert [report.number in text_of(report) for report in reports] == [True, True, True]
    assert not any("a1b2c3" in text_of(report) or "name" in text_of(report) for report in reports)


@pytest.mark.parametrize(
    "mobile",
    [
        " 13900210021 ,,8613800138000,",
        "+86 139-0021-0021，008613800138000",
        "１３９００２１００２１、+86 13800138000;",
        "13900210021 13800138000",
        "13900210021\r\n13800138000",
    ],
)
def test_a_list_may_have_spaces_and_gaps_and_numbers_any_form(mobile: str) -> None:
    push = Push("POST", body=urlencode({"sendid": "1", "state": "DELIVRD", "mobile": mobile}).encode())
    assert [report.number for report in heji.decode_report_push(account(), push).items] == [
        "13900210021",
        "13800138000",
    ]


def test_a_number_that_cannot_be_read_is_parked_alone() -> None:
    body = b"sendid=1&time=2013-08-20+20%3A11%3A34&state=DELIVRD&mobile=13900210021%2C138%CD%CB%2C13800138000"
    page = heji.decode_report_push(account(), Push("POST", body=body))
    assert [report.number for report in page.items] == ["13900210021", "13800138000"]
    ((parked, place),) = [(one.body, one.place) for one in page.unreadable]
    assert (parse_qs(parked.decode(), encoding="latin-1")["mobile"], place) == (["138\xcd\xcb"], "record 2 of 3")


@pytest.mark.parametrize("word", ["DELIVRD\ufffd", "\ufffd\ufffd"])
def test_a_state_that_cannot_be_read_says_nothing(word: str) -> None:
    query = (("sendid", "1"), ("mobile", "13800138000"), ("state", word), ("time", "2013-08-20 20:11:34"))
    with pytest.raises(DecodeError, match="state"):
        heji.decode_report_push(account(), Push("GET", query=query))
    (report,) = heji.decode_report_push(
        account(), Push("GET", query=(*query, ("state", "DELIVRD"), ("time", word)))
    ).items
    assert (report.status, report.reported_at) == (ReportStatus.DELIVERED, None)


@pytest.mark.parametrize(
    ("word", "status", "reason"),
    [
        ("DELIVRD", ReportStatus.DELIVERED, None),
        ("EXPIRED", ReportStatus.UNDELIVERED, Reason.VALIDITY_EXPIRED),
        ("UNDELIV", ReportStatus.UNDELIVERED, Reason.UNREACHABLE),
        ("UNKNOWN", ReportStatus.UNKNOWN, None),
        ("REJECTD", ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
        ("DTBLACK", ReportStatus.UNDELIVERED, Reason.BLACKLISTED),
        ("ERR:104", ReportStatus.UNDELIVERED, Reason.BUSY),
        ("REJECT", ReportStatus.UNDELIVERED, Reason.CONTENT_REFUSED),
        ("ERR:105", ReportStatus.UNKNOWN, None),
        ("delivrd", ReportStatus.DELIVERED, None),
        (" ＤＥＬＩＶＲＤ ", ReportStatus.DELIVERED, None),
        ("DELETED", ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
        ("MBBLACK", ReportStatus.UNDELIVERED, Reason.BLACKLISTED),
        ("dtblack", ReportStatus.UNDELIVERED, Reason.BLACKLISTED),
        ("ID:0076", ReportStatus.UNDELIVERED, Reason.NETWORK_FAILURE),
    ],
)
def test_every_report_state(word: str, status: ReportStatus, reason: Reason | None) -> None:
    push = Push("POST", body=f"sendid=1&mobile=13800138000&state={word}".encode())
    (report,) = heji.decode_report_push(account(), push).items
    assert (report.status, report.reason, report.vendor_status) == (status, reason, word.strip())
    assert report.reported_at is None


@pytest.mark.parametrize("name", ["sendid", "mobile", "state"])
def test_a_report_without_what_it_needs_is_an_error(name: str) -> None:
    fields = {"sendid": "1", "mobile": "13800138000", "state": "DELIVRD"}
    for wrong in ({k: v for k, v in fields.items() if k != name}, fields | {name: " "}):
        with pytest.raises(DecodeError) as posted:
            heji.decode_report_push(account(), Push("POST", body=urlencode(wrong).encode()))
        with pytest.raises(DecodeError) as got:
            heji.decode_report_push(account(), Push("GET", query=tuple(wrong.items())))
        assert posted.value.raw == got.value.raw == urlencode(wrong).encode()


def test_ten_thousand_numbers_do_not_repeat_the_list_in_each_record() -> None:
    numbers = ",".join(f"138{n:08}" for n in range(10_000))
    reports = heji.decode_report_push(
        account(), Push("POST", body=f"sendid=1&mobile={numbers}&state=DELIVRD".encode())
    ).items
    assert len(reports) == 10_000
    assert max(len(text_of(report)) for report in reports) < 100
