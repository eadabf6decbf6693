"""qixintong's delivery reports, which are polled.

"Note n" is one of tests/cases/qixintong/SOURCES.md.
"""

import pytest

from smsgateway.codecs import qixintong
from smsgateway.errors import DecodeError
from smsgateway.model import Page, Reason, Report, ReportStatus, Response
from tests.unit.codecs.given import text_of
from tests.unit.codecs.qixintong.given import ACCOUNT, case, decode_inbound_poll, decode_report_poll, items

# Reports


def test_report_poll() -> None:
    page = decode_report_poll(case("report-poll.document-1.1.2.txt"))
    assert page == Page(
        tuple(
            Report(
                vendor_id,
                number,
                ReportStatus.UNDELIVERED,
                vendor_status="20",
                reason=Reason.NETWORK_FAILURE,
                raw=f"{vendor_id};{number};20",
                listed=True,
            )
            for vendor_id, number in (
                ("6408676", "13682250950"),
                ("6408649", "13711147169"),
                ("6408649", "13719445093"),
            )
        )
    )


def test_report_values() -> None:  # note 5
    reports = items(decode_report_poll(case("report-poll.values.txt")))
    assert [(each.vendor_status, each.status) for each in reports] == [
        ("10", ReportStatus.DELIVERED),
        ("20", ReportStatus.UNDELIVERED),
        ("-1", ReportStatus.PENDING),
        ("30", ReportStatus.UNKNOWN),
    ]
    assert reports[3].number == "075580808080"
    assert all(each.reported_at is None and not each.ours for each in reports)  # note 6


def test_ids_are_exact_strings() -> None:
    (report,) = items(decode_report_poll(b"1|000123456789012345678901234567890;13682250950;10"))
    assert report.vendor_id == "000123456789012345678901234567890"


def test_an_unreadable_report_is_parked_alone() -> None:
    damaged = case("report-poll.unreadable.txt")
    page = decode_report_poll(damaged)
    assert isinstance(page, Page)
    assert [(each.vendor_id, each.number, each.vendor_status) for each in page.items] == [
        ("6408676", "13682250950", "10"),
        ("6408649", "13711147169", "１０"),
        ("6408649", "13719445093", "-1"),
        ("6408650", "13719445093", "delivrd"),
    ]
    assert [each.status for each in page.items] == [
        ReportStatus.DELIVERED,
        ReportStatus.DELIVERED,
        ReportStatus.PENDING,
        ReportStatus.DELIVERED,
    ]
    assert [(each.body, each.place) for each in page.unreadable] == [
        (b"1|6408676;13682250951;ok|", "record 2 of 8"),
        (b"1|6408676;13682250952|", "record 4 of 8"),
        (b"1|6408676;1368\xff250953;10|", "record 6 of 8"),
        (b"1|6408676;13682250954;10;20|", "record 8 of 8"),
    ]
    for each in page.unreadable:
        with pytest.raises(DecodeError):
            decode_report_poll(each.body)


@pytest.mark.parametrize("announced", [b"2", b"4"])
def test_reports_are_applied_whatever_was_announced_and_the_page_is_parked(announced: bytes) -> None:
    body = announced + case("report-poll.document-1.1.2.txt")[1:]
    page = decode_report_poll(body)
    assert isinstance(page, Page)
    assert len(page.items) == 3
    (parked,) = page.unreadable
    assert (parked.body, parked.place) == (body, "the whole page")
    assert parked.problem == f"{announced.decode()} reports announced, 3 there"


@pytest.mark.parametrize("ending", [b"|", b"\r\n", b"|\r\n"])
def test_a_bar_or_line_end_after_the_last_report_is_survived(ending: bytes) -> None:
    assert len(items(decode_report_poll(case("report-poll.document-1.1.2.txt") + ending))) == 3


@pytest.mark.parametrize(
    "body",
    [
        b"2|1;13682250950|2;13682250950;",
        b"1|1;13682250950",
        b"1|1;13682250950;10;1",
        b"1|1;13682250950;ok",
        b"3",
        b"1|;13682250950;10",
    ],
)
def test_reports_that_do_not_add_up_are_refused(body: bytes) -> None:
    with pytest.raises(DecodeError) as refused:
        decode_report_poll(body)
    assert refused.value.raw == body


def test_full_pages_say_so() -> None:  # note 6
    for count, full in ((99, False), (100, True)):
        page = decode_report_poll(f"{count}|{'|'.join(['1;13682250950;10'] * count)}".encode())
        assert isinstance(page, Page)
        assert (len(page.items), page.full) == (count, full)
    for count, full in ((49, False), (50, True)):
        replies = decode_inbound_poll(f"{count}|{'|'.join(['1;13682250950;T'] * count)}".encode())
        assert isinstance(replies, Page)
        assert (len(replies.items), replies.full) == (count, full)


def test_a_page_of_reports_cut_short_is_none_or_its_last_is_unread_or_unknown() -> None:
    body = case("report-poll.document-1.1.2.txt")
    for length in range(1, len(body)):
        try:
            page = decode_report_poll(body[:length])
        except DecodeError:
            continue
        assert isinstance(page, Page)
        records = body[:length].split(b"|")[1:]
        assert [text_of(each).encode() for each in page.items] == records[: len(page.items)]
        # A value cut short, `2` of `20`, says nothing; and what is less than announced is parked, whole too.
        assert all(each.status is ReportStatus.UNDELIVERED or each.vendor_status == "2" for each in page.items)
        assert (
            (page.unreadable[-1].body == body[:length])
            if len(records) < 3
            else len(page.unreadable) + len(page.items) == 3
        )


# All decoders


def test_an_operators_code_in_the_place_of_a_value() -> None:
    page = qixintong.decode_report_poll(ACCOUNT, Response(200, body=case("report-poll.gateway-word.txt")))
    assert isinstance(page, Page)
    assert [(report.status, report.reason, report.listed) for report in page.items] == [
        (ReportStatus.UNDELIVERED, Reason.NETWORK_FAILURE, False),
        (ReportStatus.UNDELIVERED, Reason.NETWORK_FAILURE, True),
    ]
