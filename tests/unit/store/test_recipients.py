"""What becomes of a recipient, whatever the order and number of its reports (store/recipients.py, report_writes.py)."""

from collections.abc import Callable
from copy import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from smsgateway.ids import BUCKET_RECIPIENTS, SubmissionKey
from smsgateway.model import Accepted, Payload, Reason, Rejection, Report, ReportStatus, State, Status
from smsgateway.store import history, messages, recipients, report_writes, submissions, transitions
from smsgateway.store.recipients import RecipientRow
from smsgateway.store.report_writes import PlacedReport
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import Table, Update
from tests.doubles import aws, voices
from tests.unit.store.given import KEY, MESSAGE, NOW, NUMBER, TTL, current, item_of, marked, one_of_many, queued, sent

OTHER = "13900139000"
AT = datetime.fromtimestamp(NOW / 1000, UTC)
DELIVERED = Report("5010", NUMBER, ReportStatus.DELIVERED, "DELIVRD", reported_at=AT)
FAILED = Report("5010", NUMBER, ReportStatus.UNDELIVERED, "EXPIRED", Reason.VALIDITY_EXPIRED, reported_at=AT)
PENDING = Report("5010", NUMBER, ReportStatus.PENDING, "ACCEPTD", reported_at=AT)


def rows_of(table: Table, segments: int = 1, numbers: tuple[str, ...] = (NUMBER, OTHER)) -> StoredSubmission:
    """A submission of several recipients, sent, with their rows."""
    submission = one_of_many(table, len(numbers), segments=segments * len(numbers))
    recipients.put_rows(table, MESSAGE, submission, dict.fromkeys(numbers, segments))
    return sent(table, "5010")


def single(table: Table, segments: int = 1) -> StoredSubmission:
    queued(table, replace(MESSAGE, segments=segments))
    return sent(table, "5010")


def outcome(table: Table, submission: StoredSubmission, number: str = NUMBER) -> RecipientRow:
    return recipients.load_rows(table, current(table), (number,))[number]


def apply(table: Table, submission: StoredSubmission, *reports: Report) -> RecipientRow:
    for report in reports:
        report_writes.apply_reports(table, [PlacedReport(submission, report.number, report)], NOW + 1)
    return outcome(table, submission)


both_kinds = pytest.mark.parametrize("given", [rows_of, single])


@both_kinds
def test_a_report_settles_its_recipient(given: Any, table: Table) -> None:
    submission = given(table)
    assert outcome(table, submission).status is None
    result = apply(table, submission, DELIVERED)
    assert (result.status, result.reason, result.vendor_status) == (Status.DELIVERED, None, "DELIVRD")
    assert (result.vendor_id, result.account, result.reported_at) == ("5010", "hb-main", NOW)
    assert result.history == ({"at": NOW, "account": "hb-main", "status": "delivered", "vendor_status": "DELIVRD"},)


@both_kinds
def test_a_repeated_report_changes_nothing(given: Any, table: Table) -> None:
    submission = given(table)
    once = apply(table, submission, FAILED)
    assert apply(table, submission, FAILED, FAILED) == once


@both_kinds
@pytest.mark.parametrize("order", list(permutations([DELIVERED, FAILED, PENDING])))
def test_delivered_stands_whatever_the_order(given: Any, order: tuple[Report, ...], table: Table) -> None:
    result = apply(table, given(table), *order, *order)
    assert (result.status, result.reason) == (Status.DELIVERED, None)
    assert sorted(entry["status"] for entry in result.history) == ["delivered", "pending", "undelivered"]


@both_kinds
def test_of_two_failures_the_first_stands(given: Any, table: Table) -> None:
    later = replace(FAILED, vendor_status="UNDELIV", reason=Reason.UNREACHABLE)
    result = apply(table, given(table), FAILED, later)
    assert (result.status, result.vendor_status) == (Status.UNDELIVERED, "EXPIRED")


@both_kinds
@pytest.mark.parametrize("status", [ReportStatus.PENDING, ReportStatus.UNKNOWN])
def test_what_is_not_final_is_only_remembered(given: Any, status: ReportStatus, table: Table) -> None:
    report = replace(PENDING, status=status)
    result = apply(table, given(table), report, report)
    assert result.status is None
    assert [entry["status"] for entry in result.history] == [status.value]


@both_kinds
def test_a_report_after_the_wait_still_counts(given: Any, table: Table) -> None:
    submission = given(table)
    report_writes.close(table, submission, outcome(table, submission), NOW)
    closed = outcome(table, submission)
    assert (closed.status, closed.reason, closed.reported_at) == (Status.UNKNOWN, Reason.NO_REPORT, NOW)
    assert apply(table, submission, FAILED).status == Status.UNKNOWN  # only `delivered` replaces a final status
    result = apply(table, submission, DELIVERED)
    assert (result.status, result.reason) == (Status.DELIVERED, None)


@both_kinds
def test_the_wait_does_not_end_what_is_final(given: Any, table: Table) -> None:
    submission = given(table)
    result = apply(table, submission, FAILED)
    report_writes.close(table, submission, replace(result, status=None), NOW + 9)
    assert outcome(table, submission) == result


def unread(table: Table, report: Report, account: str = "hb-main") -> bool:
    return report_writes.apply_unread(table, KEY, voices.account("hbsmservice", name=account), report, NOW + 1)


@pytest.mark.parametrize("report", [DELIVERED, FAILED, replace(DELIVERED, segment=1)])
def test_a_report_applied_unread_says_what_it_says_otherwise(report: Report, table: Table) -> None:
    apply(table, single(table), report)
    otherwise = current(table).item
    aws.clear(table)
    single(table)
    assert unread(table, report)
    assert current(table).item == otherwise


UNFIT: dict[str, tuple[Callable[[Table], object], Report]] = {
    "of several": (rows_of, DELIVERED),
    "missing": (lambda table: None, DELIVERED),
    "to another number": (single, replace(DELIVERED, number=OTHER)),
    "to a masked number": (single, replace(DELIVERED, number="138****8000")),
    "in doubt": (
        lambda table: transitions.unconfirmed(table, marked(table), "", Reason.BUSY) if queued(table) else None,
        DELIVERED,
    ),
    "in flight": (lambda table: marked(table) if queued(table) else None, DELIVERED),
    "not final": (single, PENDING),
    "of one of two segments": (lambda table: single(table, 2), replace(DELIVERED, segment=1)),
    "of a later segment": (single, replace(DELIVERED, segment=2)),
    "reported before": (lambda table: apply(table, single(table), FAILED), DELIVERED),
    "given up": (lambda table: report_writes.close(table, single(table), RecipientRow(NUMBER), NOW), FAILED),
    "in the history": (lambda table: apply(table, single(table), PENDING), DELIVERED),
    "to be resent": (lambda table: sent(table) if queued(table, resend=True) else None, FAILED),
}


@pytest.mark.parametrize("how", UNFIT)
def test_what_must_be_read_is_not_applied_unread(how: str, table: Table) -> None:
    begin, report = UNFIT[how]
    begin(table)
    before = submissions.load_submission(table, KEY)
    assert not unread(table, report)
    assert submissions.load_submission(table, KEY) == before


def test_another_accounts_report_is_not_applied_unread(table: Table) -> None:
    single(table)
    assert not unread(table, DELIVERED, account="ly-bulk")


def test_a_report_of_a_number_that_is_no_recipient_makes_none(table: Table) -> None:
    submission = rows_of(table)
    stranger = replace(DELIVERED, number="13700137000")
    for report in (stranger, replace(stranger, status=ReportStatus.PENDING), replace(stranger, segment=1)):
        report_writes.apply_reports(table, [PlacedReport(submission, report.number, report)], NOW)
    assert {row.number for row in recipients.all_rows(table, submission)} == {NUMBER, OTHER}


def test_a_final_single_message_needs_no_further_look(table: Table) -> None:
    submission = single(table)
    assert submission.due_at
    apply(table, submission, DELIVERED)
    assert current(table).due_at is None


@both_kinds
@pytest.mark.parametrize("order", list(permutations([1, 2, 3])))
def test_a_long_message_is_delivered_when_every_segment_is(given: Any, order: tuple[int, ...], table: Table) -> None:
    submission = given(table, 3)
    reports = [replace(DELIVERED, segment=segment) for segment in order]
    assert apply(table, submission, reports[0], reports[1], reports[0]).status is None
    result = apply(table, submission, reports[2])
    assert result.status == Status.DELIVERED
    assert apply(table, submission, *reports) == result


@both_kinds
def test_one_failed_segment_fails_the_message(given: Any, table: Table) -> None:
    submission = given(table, 3)
    result = apply(table, submission, replace(DELIVERED, segment=1), replace(FAILED, segment=2))
    assert (result.status, result.vendor_status) == (Status.UNDELIVERED, "EXPIRED")
    assert apply(table, submission, replace(DELIVERED, segment=3)).status == Status.UNDELIVERED


@both_kinds
def test_a_segment_that_failed_first_and_then_got_there(given: Any, table: Table) -> None:
    submission = given(table, 2)
    apply(table, submission, replace(FAILED, segment=1), replace(DELIVERED, segment=2))
    assert apply(table, submission, replace(DELIVERED, segment=1)).status == Status.DELIVERED


@both_kinds
def test_the_report_of_the_whole_speaks_for_all_segments(given: Any, table: Table) -> None:
    assert apply(table, given(table, 3), replace(DELIVERED, segment=1), DELIVERED).status == Status.DELIVERED


@both_kinds
def test_a_segment_of_a_short_message_is_the_whole(given: Any, table: Table) -> None:
    assert apply(table, given(table), replace(DELIVERED, segment=1)).status == Status.DELIVERED


@both_kinds
def test_a_report_that_fits_several_is_kept_with_the_reason(given: Any, table: Table) -> None:
    submission = given(table)
    for _ in range(2):
        report_writes.remember(table, submission, NUMBER, replace(DELIVERED, number="138****8000"), "fits two", NOW)
    (entry,) = outcome(table, submission).history
    assert entry["note"] == "fits two"
    assert outcome(table, submission).status is None


# Rows


def test_rows_are_spread_over_buckets(table: Table) -> None:
    numbers = [f"138{index:08d}" for index in range(BUCKET_RECIPIENTS + 1)]
    submission = one_of_many(table, len(numbers))
    recipients.put_rows(table, MESSAGE, submission, dict.fromkeys(numbers, 1))
    buckets = {recipients.recipient_key(submission, number)[0] for number in numbers}
    assert len(buckets) == 2
    assert len(recipients.load_rows(table, submission, (*numbers[:150], "13700137000"))) == 150
    assert {row.number for row in recipients.all_rows(table, submission)} == set(numbers)


def test_a_childs_recipients_stay_where_they_were_put(table: Table) -> None:
    parent = one_of_many(table, BUCKET_RECIPIENTS + 1)
    child_key = KEY.child(0)
    submissions.put_child(table, item_of(key=child_key, count=1, buckets=parent.buckets))
    child = current(table, child_key)
    numbers = [f"138{index:08d}" for index in range(100)]
    assert [recipients.recipient_key(child, number) for number in numbers] == [
        recipients.recipient_key(parent, number) for number in numbers
    ]


def test_a_row_knows_whose_it_is_and_when_it_goes(table: Table) -> None:
    submission = rows_of(table)
    row = table.get(recipients.recipient_key(submission, NUMBER)) or {}
    assert {name: row[name] for name in ("to", "at", "client", "reference", "ttl", "segments")} == {
        "to": NUMBER,
        "at": str(NOW),
        "client": "shop",
        "reference": "order-1",
        "ttl": TTL,
        "segments": 1,
    }


# By number


def test_the_newest_message_to_a_number_comes_first(table: Table) -> None:
    submission = rows_of(table)
    later = replace(MESSAGE, id="msg_" + "1" * 26, created_at=NOW + 1)
    queued_later = item_of(later, SubmissionKey(later.id, "00000"))
    submissions.put_single(table, later, queued_later, NUMBER, NOW + 1)
    rows = recipients.newest_to(table, NUMBER, 10)
    assert rows == [(later.id, "S#00000"), recipients.recipient_key(submission, NUMBER)]
    assert recipients.newest_to(table, NUMBER, 1) == rows[:1]
    found = [recipients.submission_of_row(table, row) for row in rows]
    assert [submission.key.message_id for submission in found if submission] == [later.id, MESSAGE.id]


def test_a_moved_recipient_is_found_in_its_child(table: Table) -> None:
    parent = rows_of(table)
    row = recipients.recipient_key(parent, OTHER)
    table.update(Update(parent.table_key, "SET #state = :state", {"state": State.MOVED}))
    for index, number in enumerate((NUMBER, OTHER)):
        messages.put_payload(table, KEY.child(index), Payload((number,)), TTL)
        submissions.put_child(table, item_of(key=KEY.child(index), count=1, buckets=1))
    found = recipients.submission_of_row(table, row)
    assert found
    assert found.key == KEY.child(1)


def test_rows_without_a_submission_lead_nowhere(table: Table) -> None:
    assert recipients.submission_of_row(table, (MESSAGE.id, "S#00000")) is None
    assert recipients.submission_of_row(table, (f"{MESSAGE.id}#R#00000#0", NUMBER)) is None


# Without a report


@pytest.mark.parametrize("report", [DELIVERED, FAILED, PENDING])
def test_who_has_a_report_of_any_kind_is_not_without(report: Report, table: Table) -> None:
    many = tuple(f"137{index:08d}" for index in range(30))
    recipients.put_rows(table, MESSAGE, one_of_many(table, len(many), buckets=3), dict.fromkeys(many, 1))
    submission = sent(table, "5010")
    assert recipients.unreported(table, submission) == len(many)
    report_writes.apply_reports(table, [PlacedReport(submission, many[3], report)], NOW)
    assert recipients.unreported(table, submission) == len(many) - 1
    refused = replace(submission, rejected=(Rejection(many[3]), Rejection(many[4])))
    assert recipients.unreported(table, refused) == len(many) - 2


@pytest.mark.parametrize("report", [DELIVERED, FAILED, PENDING])
def test_so_it_is_with_the_only_recipient(report: Report, table: Table) -> None:
    submission = single(table)
    assert recipients.unreported(table, submission) == 1
    apply(table, submission, report)
    assert recipients.unreported(table, current(table)) == 0


def test_a_child_counts_its_own_recipients(table: Table) -> None:
    """Its rows are filed with those of its siblings."""
    parent = rows_of(table, numbers=(NUMBER, OTHER, "13700137000"))
    child = SubmissionKey(KEY.message_id, KEY.path + "000")
    messages.put_payload(table, child, Payload((OTHER, "13700137000")), TTL)
    table.put(item_of(key=child, buckets=1, count=2, state=State.SUBMITTED))
    assert recipients.unreported(table, current(table, child)) == 2
    report_writes.apply_reports(table, [PlacedReport(parent, OTHER, DELIVERED)], NOW)
    assert recipients.unreported(table, current(table, child)) == 1


# Derived


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.QUEUED, Status.QUEUED),
        (State.WAITING, Status.QUEUED),
        (State.SENDING, Status.QUEUED),
        (State.SUBMITTED, Status.SUBMITTED),
        (State.UNCONFIRMED, Status.UNCONFIRMED),
        (State.REFUSED, Status.REJECTED),
        (State.EXPIRED, Status.EXPIRED),
        (State.CANCELED, Status.CANCELED),
        (State.MOVED, Status.QUEUED),
    ],
)
def test_a_recipient_has_its_submissions_status(state: State, expected: Status, table: Table) -> None:
    submission = replace(queued(table), state=state, vendor_status="its word", reason=Reason.BUSY)
    assert recipients.derived_status(submission, NUMBER, NOW) == (expected, Reason.BUSY, "its word")


def test_a_scheduled_and_a_rejected_recipient(table: Table) -> None:
    submission = queued(table, replace(MESSAGE, send_at=NOW + 1))
    assert recipients.derived_status(submission, NUMBER, NOW)[0] == Status.SCHEDULED
    assert recipients.derived_status(submission, NUMBER, NOW + 1)[0] == Status.QUEUED
    assert recipients.derived_status(replace(submission, attempt=1), NUMBER, NOW)[0] == Status.QUEUED
    refused = replace(submission, state=State.SUBMITTED, rejected=(Rejection(NUMBER, Reason.BLACKLISTED, "black"),))
    assert recipients.derived_status(refused, NUMBER, NOW) == (Status.REJECTED, Reason.BLACKLISTED, "black")
    assert recipients.derived_status(refused, OTHER, NOW)[0] == Status.SUBMITTED


def test_history_tells_repeated_reports_by_the_vendors_time(table: Table) -> None:
    submission = single(table)
    later = replace(PENDING, reported_at=AT + timedelta(minutes=1))
    assert len(apply(table, submission, PENDING, later, PENDING).history) == 2
    timeless = replace(PENDING, reported_at=None)
    assert history.entry_of(submission.via, timeless, NOW + 5)["at"] == NOW + 5


def test_a_vendor_that_rejects_some_numbers_takes_the_rest(table: Table) -> None:
    one_of_many(table)
    answer = Accepted(("5010",), (Rejection(OTHER, Reason.INVALID_NUMBER, "bad"),))
    transitions.submitted(table, transitions.mark(table, current(table), "w", NOW + 1, NOW), answer)
    assert recipients.derived_status(current(table), OTHER, NOW)[1:] == (Reason.INVALID_NUMBER, "bad")


def _rows(table: Table, submission: StoredSubmission) -> dict[str, RecipientRow]:
    return {row.number: row for row in recipients.all_rows(table, submission)}


def test_many_reports_at_once_say_what_each_says_alone(table: Table) -> None:
    """GIVEN recipients of which some were reported before WHEN reports of all of them come, some twice, some
    contradicting, some of strangers THEN every row is as if each report had come alone."""
    numbers = tuple(f"138000000{index:02d}" for index in range(60))
    submission = rows_of(table, numbers=numbers)
    before = [replace(FAILED, number=numbers[0]), replace(PENDING, number=numbers[1])]
    said = [replace(DELIVERED if index % 3 else FAILED, number=number) for index, number in enumerate(numbers)]
    said += [replace(FAILED, number=numbers[4]), replace(DELIVERED, number="13700137000"), said[7]]
    said += [replace(DELIVERED, number=numbers[9])]
    for report in before:
        report_writes.apply_reports(table, [PlacedReport(submission, report.number, report)], NOW)
    placed = [PlacedReport(submission, report.number, report) for report in said]
    assert report_writes.apply_reports(table, placed, NOW) == [report.number != "13700137000" for report in said]
    at_once = _rows(table, submission)
    aws.clear(table)
    rows_of(table, numbers=numbers)
    for one in [PlacedReport(submission, report.number, report) for report in before] + placed:
        report_writes.apply_reports(table, [one], NOW)
    assert at_once == _rows(table, submission)
    report_writes.apply_reports(table, placed, NOW + 5)
    assert at_once == _rows(table, submission)


def test_a_report_that_the_batch_could_not_write_is_written_alone(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = rows_of(table)
    monkeypatch.setattr(Table, "fill_many", lambda _table, fills: [False] * len(fills))
    placed = [PlacedReport(submission, number, replace(DELIVERED, number=number)) for number in (NUMBER, OTHER)]
    assert report_writes.apply_reports(table, placed, NOW) == [True, True]
    assert {row.status for row in _rows(table, submission).values()} == {Status.DELIVERED}
