"""What reports write into recipients' rows, and what is written when none came in time.

The order in which reports arrive does not matter: `delivered` stands for good (but see `_take_back`), any other final
status gives way to `delivered` only, and a contradiction is kept in the history.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from smsgateway.clock import Millis
from smsgateway.ids import SubmissionKey
from smsgateway.model import Account, Report, ReportStatus, State, Status
from smsgateway.store import parts
from smsgateway.store.change import Change
from smsgateway.store.finals import final_at_end, final_by_doubt, final_of, set_final
from smsgateway.store.history import entry_of, keep, unchanged_since
from smsgateway.store.keys import is_submission, submission_key
from smsgateway.store.parts import STATUS_OF, WholeReport, decides_alone, marks
from smsgateway.store.recipients import RecipientRow, read_row, recipient_key
from smsgateway.store.states import in_states
from smsgateway.store.submissions import UNSENT, StoredSubmission, Via
from smsgateway.store.table import ConditionFailed, Fill, Item, Key, Table

TRIES = 5  # of a write that others write too

_OPEN = "attribute_not_exists(#status)"
_NOTHING_KNOWN = f"{_OPEN} AND attribute_not_exists(history)"


@dataclass(frozen=True, slots=True)
class PlacedReport:
    """A report with the recipient it is about."""

    submission: StoredSubmission
    number: str
    report: Report

    @property
    def key(self) -> Key:
        """Where the recipient's row stands."""
        return recipient_key(self.submission, self.number)

    @property
    def final(self) -> bool:
        """True if the report says that the message was delivered, or that it failed."""
        return self.report.status in STATUS_OF

    @property
    def alone(self) -> bool:
        """True if this report, when it is the first, says what became of the message."""
        return self.final and decides_alone(self.submission, self.report) and not self.denied

    @property
    def denied(self) -> bool:
        """True if it fails a recipient that was certainly not sent to, and so has a final status without a report."""
        unsent = self.number in self.submission.not_sent_to or self.submission.state in UNSENT
        return self.report.status == ReportStatus.UNDELIVERED and unsent


def apply_reports(table: Table, reports: Sequence[PlacedReport], now: Millis) -> list[bool]:
    """Write what reports say of their recipients. Doing it again changes nothing.

    Returns for each report, in their order, whether there is such a recipient.
    Nearly every report is the first and last of its recipient: those are written many a call, the others one by one.
    """
    firsts: dict[Key, int] = {}
    for index, placed in enumerate(reports):
        if placed.alone:
            firsts.setdefault(placed.key, index)
    written: set[int] = set()
    if len(firsts) > 1:
        fills = [_first_of(reports[index], now) for index in firsts.values()]
        written = {index for index, done in zip(firsts.values(), table.fill_many(fills), strict=True) if done}
    return [index in written or _apply(table, placed, now) for index, placed in enumerate(reports)]


def apply_unread(table: Table, key: SubmissionKey, account: Account, report: Report, now: Millis) -> bool:
    """Apply the report of a message to one number without reading the message first.

    That is possible where all is as it nearly always is: the message was sent by this account, its only segment is
    reported, or all segments at once, and nothing was reported before. What would be read to know this is the write's
    condition. Returns False when it is not so, and nothing was done.
    """
    if report.status not in STATUS_OF or report.segment > 1:
        return False
    via = Via(account.name, account.vendor)
    status, entry = STATUS_OF[report.status], entry_of(via, report, now)
    change = (
        in_states(Change(submission_key(key)), State.SUBMITTED)
        .when("#to = :to AND account = :account", to=report.number, account=account.name)
        .when(_NOTHING_KNOWN)
    )
    if report.segment:
        change = change.when("#segments = :one", one=1)
    if status != Status.DELIVERED:
        change = change.when("attribute_not_exists(resend) AND attribute_not_exists(rejected)")
    final = final_of(via, status, report, entry["at"]) | marks(via, report)
    try:
        set_final(table, change, final, entry)
    except ConditionFailed:
        return False
    return True


def _first_of(placed: PlacedReport, now: Millis) -> Fill:
    """A recipient's final status, if nothing was ever reported of it."""
    submission, report = placed.submission, placed.report
    entry = entry_of(submission.via, report, now)
    final = final_of(submission.via, STATUS_OF[report.status], report, entry["at"]) | marks(submission.via, report)
    values = {name: value for name, value in final.items() if value is not None}
    settled = ("due_at", "due_shard") if is_submission(placed.key) else ()
    return Fill(placed.key, values | {"history": [entry]}, ("status", "history"), settled)


def _apply(table: Table, placed: PlacedReport, now: Millis) -> bool:
    submission, report = placed.submission, placed.report
    entry = entry_of(submission.via, report, now)
    if report.segment:
        return (placed.alone and _only_part(table, placed, entry)) or _apply_part(table, placed, entry)
    if not placed.final or placed.denied:
        return keep(table, placed.key, entry)
    return _finish(table, placed, STATUS_OF[report.status], entry)


def _only_part(table: Table, placed: PlacedReport, entry: Item) -> bool:
    """Settle a recipient by its only part, if nothing was reported of it before."""
    submission, report = placed.submission, placed.report
    final = final_of(submission.via, STATUS_OF[report.status], report, entry["at"]) | marks(submission.via, report)
    try:
        set_final(table, Change(placed.key).when(_NOTHING_KNOWN), final, entry)
    except ConditionFailed:
        return False
    return True


def _apply_part(table: Table, placed: PlacedReport, entry: Item) -> bool:
    row, whole = note_part(table, placed, entry)
    if row is None:
        return False
    failed = placed.report.status == ReportStatus.UNDELIVERED and whole.status == Status.UNDELIVERED
    if failed and not placed.denied and "status" not in row:
        final = final_of(placed.submission.via, Status.UNDELIVERED, placed.report, entry["at"])
        with suppress(ConditionFailed):  # a report of more came meanwhile
            set_final(table, Change(placed.key).when(_OPEN), final)
    return True


def note_part(table: Table, placed: PlacedReport, entry: Item) -> tuple[Item | None, WholeReport]:
    """Note the report of a part. Returns the recipient's row after it (None: there is none), and what the parts say.

    With the last of its parts the message is delivered; one that our count has not, and that was not delivered, takes
    that back. What a failure leads to is left to the caller.
    """
    submission, report = placed.submission, placed.report
    row = parts.note(table, placed.key, submission, report, entry)
    for _ in range(TRIES):
        if row is None:
            return None, WholeReport(None)
        whole = parts.whole(row, submission)
        if whole.status != Status.DELIVERED:
            break
        if row.get("status") == Status.DELIVERED:
            return row, whole
        final = final_of(submission.via, Status.DELIVERED, report, entry["at"]) | {
            parts.by_parts(submission.via): whole.parts
        }
        change = parts.unchanged_since(Change(placed.key), row, submission)
        try:
            return set_final(table, change, final), whole
        except ConditionFailed as failed:  # one more part was reported
            row = failed.item
    else:
        raise ConditionFailed(row)
    if parts.by_parts(submission.via) in row and parts.is_open_or_failed(row, submission, report.segment):
        row = _take_back(table, placed, entry) or row
    return row, whole


def _take_back(table: Table, placed: PlacedReport, entry: Item) -> Item | None:
    """All parts that we count were delivered, and there is one more, which was not: nor was the message. Nobody knows
    what became of it while that part is open. The row after it; None when it is not so."""
    submission, report, by_parts = placed.submission, placed.report, parts.by_parts(placed.submission.via)
    change = Change(placed.key).when(f"#{by_parts} < :part", part=report.segment)
    if report.status == ReportStatus.UNDELIVERED:
        final = final_of(submission.via, Status.UNDELIVERED, report, entry["at"]) | {by_parts: None}
    else:
        final, change = final_by_doubt(submission, entry), change.when("#status = :was", was=Status.DELIVERED)
    try:
        return set_final(table, change, final)
    except ConditionFailed:
        return None


def _finish(table: Table, placed: PlacedReport, status: Status, entry: Item) -> bool:
    """What a report of the whole message says of it."""
    condition, by_parts = _OPEN, parts.by_parts(placed.submission.via)
    if status == Status.DELIVERED:  # of the whole, which stands for good, also where it had been counted from parts
        condition += f" OR #status <> :status OR attribute_exists(#{by_parts})"
    final = final_of(placed.submission.via, status, placed.report, entry["at"]) | {by_parts: None}
    try:
        set_final(table, Change(placed.key).when(condition), final, entry)
    except ConditionFailed as failed:
        if failed.item is None:
            return False
        if entry not in failed.item.get("history", ()):
            return keep(table, placed.key, entry)
    return True


def close(table: Table, submission: StoredSubmission, outcome: RecipientRow, now: Millis) -> None:
    """Write that no report settled a recipient in time: it is `unknown`, or what a part of it failed with.

    Does nothing if a report settles it meanwhile.
    """
    key = recipient_key(submission, outcome.number)
    for _ in range(TRIES):
        change = history_unchanged(Change(key).when(_OPEN), outcome)
        final = final_at_end(submission, outcome.history, now)
        try:
            set_final(table, change, final)
        except ConditionFailed as failed:
            if failed.item is None or "status" in failed.item:
                return
            outcome = read_row(failed.item)  # one more word was heard
        else:
            return
    raise ConditionFailed(None)


def history_unchanged(change: Change, outcome: RecipientRow) -> Change:
    """The change, if nothing was added to a recipient's history since its row was read."""
    return unchanged_since(change, len(outcome.history), outcome.left_out)


def remember(table: Table, submission: StoredSubmission, number: str, report: Report, note: str, now: Millis) -> None:
    """Keep a report in a recipient's history that says nothing for certain, with the reason why."""
    keep(table, recipient_key(submission, number), entry_of(submission.via, report, now) | {"note": note})
