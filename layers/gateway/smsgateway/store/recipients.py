"""What became of each recipient: written once before the vendor call, and once when it is final.

A message to one number keeps its recipient in the submission's own item; the attributes are the same.
The order in which reports arrive does not matter: `delivered` stands for good, any other final status gives way to
`delivered` only, and a contradiction is kept in the history.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smsgateway.ids import SubmissionKey, shard
from smsgateway.model import Account, Message, Reason, Report, ReportStatus, State, Status
from smsgateway.store.messages import load_payload
from smsgateway.store.submissions import Stored, load_children, read_submission, submission_key
from smsgateway.store.table import KEPT, ConditionFailed, Fill, Item, Key, Table, Update
from smsgateway.text import normalise_number

STATUS_OF = {ReportStatus.DELIVERED: Status.DELIVERED, ReportStatus.UNDELIVERED: Status.UNDELIVERED}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A recipient's own row: what is known beyond the state of its submission."""

    number: str
    status: Status | None = None
    reason: Reason | None = None
    vendor_status: str = ""
    vendor_id: str = ""
    account: str = ""
    reported_at: int | None = None
    segments: int = 1
    history: tuple[Mapping[str, Any], ...] = ()
    resends: tuple[Mapping[str, str], ...] = ()  # path, account and vendor of each that was decided on (resends.py)
    so_far: Item | None = None  # the final status, should the last resend come to nothing


def read_outcome(item: Item) -> Outcome:
    """The outcome in a recipient's row, in the item of a message to one number, or in the image of either."""
    return Outcome(
        number=item["to"],
        status=Status(item["status"]) if "status" in item else None,
        reason=Reason(item["reason"]) if "reason" in item else None,
        vendor_status=item.get("vendor_status", ""),
        vendor_id=item.get("vendor_id", ""),
        account=item.get("reported_by", ""),
        reported_at=item.get("reported_at"),
        segments=item["segments"],
        history=tuple(item.get("history", ())),
        resends=tuple(item.get("resends", ())),
        so_far=item.get("so_far"),
    )


def recipient_key(submission: Stored, number: str) -> Key:
    """Where this recipient of the submission stands."""
    if submission.row:
        return submission.row
    if submission.single:
        return submission.table_key
    return _row_pk(submission.key.message_id, submission.key.root, shard(number, _buckets(submission))), number


def _row_pk(message_id: str, root: str, bucket: int) -> str:
    return f"{message_id}#R#{root}#{bucket}"


def _buckets(submission: Stored) -> int:
    return submission.item["buckets"] if submission.item and "buckets" in submission.item else submission.buckets


def put_rows(table: Table, message: Message, submission: Stored, segments: Mapping[str, int]) -> None:
    """One row a recipient (number → segments), before the vendor call. Only while nothing was ever sent."""
    table.put_many(
        [
            {
                "pk": recipient_key(submission, number)[0],
                "sk": number,
                "to": number,
                "at": f"{message.created_at:013d}",
                "client": message.client,
                "reference": message.reference or None,
                "segments": count,
                "ttl": submission.ttl,
            }
            for number, count in segments.items()
        ]
    )


def load_outcomes(table: Table, submission: Stored, numbers: tuple[str, ...]) -> dict[str, Outcome]:
    """The rows that exist among the submission's recipients, by number."""
    if submission.single and submission.item:
        return {submission.item["to"]: read_outcome(submission.item)}
    found = table.get_many(recipient_key(submission, number) for number in numbers)
    return {item["to"]: read_outcome(item) for item in found.values()}


def all_outcomes(table: Table, submission: Stored) -> Iterator[Outcome]:
    """Every row filed under the submission's root."""
    if submission.single and submission.item:
        yield read_outcome(submission.item)
        return
    for bucket in range(_buckets(submission)):
        pk = _row_pk(submission.key.message_id, submission.key.root, bucket)
        yield from map(read_outcome, table.query_all("pk = :pk", {"pk": pk}))


def unreported(table: Table, submission: Stored) -> int:
    """How many of a submitted submission's recipients no report has come for, not even one that says nothing final."""
    if submission.single and submission.item:
        return int("status" not in submission.item and "history" not in submission.item)
    if submission.row:  # whose history begins with what other accounts said
        row = read_outcome(table.get(submission.row) or submission.item or {})
        return int(row.status is None and not any(entry["account"] == submission.account for entry in row.history))
    refused = {rejection.number for rejection in submission.rejected}
    # Rows stay where they were filed: a submission that another one was spread over shares them with its siblings.
    moved_here = submission.key.path != submission.key.root
    own = set(load_payload(table, submission.key).numbers) if moved_here else None
    count = 0
    for bucket in range(_buckets(submission)):
        rows = table.query_all(
            "pk = :pk",
            {"pk": _row_pk(submission.key.message_id, submission.key.root, bucket)},
            where="attribute_not_exists(#status) AND attribute_not_exists(history)",
            project="sk, #ttl",
        )
        count += sum(row["sk"] not in refused and (own is None or row["sk"] in own) for row in rows)
    return count


@dataclass(frozen=True, slots=True)
class Placed:
    """A report with the recipient it is about."""

    submission: Stored
    number: str
    report: Report

    @property
    def key(self) -> Key:
        return recipient_key(self.submission, self.number)

    @property
    def whole(self) -> bool:
        """Whether this report alone can decide the message's fate."""
        return not self.report.segment or self.submission.segments == self.submission.count


def apply_reports(table: Table, reports: Sequence[Placed], now: int) -> list[bool]:
    """Write what reports say of their recipients. Doing it again changes nothing. False: there is no such recipient.

    Nearly every report is the first and last of its recipient: those are written many a call, the others one by one.
    """
    firsts: dict[Key, int] = {}
    for index, placed in enumerate(reports):
        if placed.whole and placed.report.status in STATUS_OF:
            firsts.setdefault(placed.key, index)
    written: set[int] = set()
    if len(firsts) > 1:
        fills = [_first_of(reports[index], now) for index in firsts.values()]
        written = {index for index, done in zip(firsts.values(), table.fill_many(fills), strict=True) if done}
    return [index in written or _apply(table, placed, now) for index, placed in enumerate(reports)]


def apply_unread(table: Table, key: SubmissionKey, account: Account, report: Report, now: int) -> bool:
    """Apply the report of a message to one number that is as nearly all are: sent by this account, its only segment or
    all of them reported at once, nothing known of it before. What would be read for that is the write's condition.

    False: it is not so, and nothing was done.
    """
    if report.status not in STATUS_OF or report.segment > 1:
        return False
    supposed = Stored(
        key,
        client="",
        state=State.SUBMITTED,
        account=account.name,
        vendor=account.vendor,
        count=1,
        segments=1,
        next_at=0,
    )
    status, entry = STATUS_OF[report.status], history_entry(supposed, report, now)
    condition = "#to = :to AND #state = :submitted AND account = :account"
    condition += " AND attribute_not_exists(#status) AND attribute_not_exists(history)"
    condition += " AND #segments = :one" if report.segment else ""
    condition += " AND attribute_not_exists(resend)" if status != Status.DELIVERED else ""
    known = {
        "submitted": State.SUBMITTED,
        "account": account.name,
        "to": normalise_number(report.number) or report.number,
        "one": 1,
    }
    try:
        set_final(table, supposed.table_key, final_of(supposed, status, report, entry["at"]), condition, entry, known)
    except ConditionFailed:
        return False
    return True


def _first_of(placed: Placed, now: int) -> Fill:
    """A recipient's final status, if nothing was ever reported of it."""
    entry = history_entry(placed.submission, placed.report, now)
    final = final_of(placed.submission, STATUS_OF[placed.report.status], placed.report, entry["at"])
    values = {name: value for name, value in final.items() if value is not None}
    settled = ("due_at", "due_shard") if _of_submission(placed.key) else ()
    return Fill(placed.key, values | {"history": [entry]}, ("status", "history"), settled)


def _apply(table: Table, placed: Placed, now: int) -> bool:
    submission, number, report = placed.submission, placed.number, placed.report
    entry = history_entry(submission, report, now)
    if report.status not in STATUS_OF:
        return keep(table, placed.key, entry)
    status = whole_status(table, placed, entry)
    return status is None or _finish(table, submission, number, status, report, entry)


def whole_status(table: Table, placed: Placed, entry: Mapping[str, Any]) -> Status | None:
    """What a final report says of the whole message; None when it is of a segment, which is noted, and no more."""
    submission, number, status = placed.submission, placed.number, STATUS_OF[placed.report.status]
    if placed.report.segment and (count := _segments(table, submission, number)) > 1:
        return _apply_segment(table, placed, status, entry, count)
    return status


def history_entry(submission: Stored, report: Report, now: int) -> dict[str, Any]:
    """The report as the history keeps it; equal for a repeated report that has a time of its own."""
    at = int(report.reported_at.timestamp() * 1000) if report.reported_at else now
    entry: dict[str, Any] = {
        "at": at,
        "account": submission.account,
        "status": report.status.value,
        "vendor_status": report.vendor_status,
    }
    if report.reason:
        entry["reason"] = report.reason
    if report.segment:
        entry["segment"] = report.segment
    return entry


def _segments(table: Table, submission: Stored, number: str) -> int:
    if submission.single or submission.row:
        return submission.segments
    if submission.segments == submission.count:
        return 1
    row = table.get(recipient_key(submission, number))
    return int(row["segments"]) if row else 1


def _apply_segment(table: Table, placed: Placed, status: Status, entry: Mapping[str, Any], count: int) -> Status | None:
    """Note one segment. The whole message's status, once it is known: one failure fails it, all must be delivered."""
    key = placed.submission.key
    prefix = f"segment{key.token}_"  # a phone cannot put segments of two attempts together
    attribute = f"{prefix}{placed.report.segment}"
    update = Update(
        placed.key,
        f"SET {attribute} = :status",
        {"status": status, "delivered": Status.DELIVERED, "seconds": table.seconds},
        f"{KEPT} AND (attribute_not_exists({attribute}) OR {attribute} <> :delivered)",
    )
    try:
        row = table.update(update)
    except ConditionFailed as failed:
        if failed.item is None:
            return None
        if status != Status.DELIVERED:
            keep(table, placed.key, entry)
            return None
        row = failed.item  # a repeated report; what follows may have been missed the first time
    if status != Status.DELIVERED:
        return status
    known = [value for name, value in row.items() if name.startswith(prefix)]
    whole = len(known) >= count and set(known) == {Status.DELIVERED}
    return Status.DELIVERED if whole else None


def _finish(
    table: Table, submission: Stored, number: str, status: Status, report: Report, entry: Mapping[str, Any]
) -> bool:
    first_condition = (
        "attribute_not_exists(#status) OR #status <> :status"
        if status == Status.DELIVERED
        else "attribute_not_exists(#status)"
    )
    key, final = recipient_key(submission, number), final_of(submission, status, report, entry["at"])
    try:
        set_final(table, key, final, first_condition, entry)
    except ConditionFailed as failed:
        if failed.item is None:
            return False
        if failed.item.get("status") != status:
            return keep(table, key, entry)
    return True


def final_of(submission: Stored, status: Status, report: Report, at: int) -> Item:
    """The attributes of a recipient that a report has settled."""
    return {
        "status": status,
        "reason": report.reason,
        "vendor_status": report.vendor_status,
        "vendor_id": report.vendor_id,
        "reported_by": submission.account,
        "reported_vendor": submission.vendor,
        "reported_at": at,
    }


def final_without_report(submission: Stored, now: int) -> Item:
    """The attributes of a recipient whose report did not come in time."""
    return {
        "status": Status.UNKNOWN,
        "reason": Reason.NO_REPORT,
        "vendor_status": "",
        "vendor_id": "",
        "reported_by": submission.account,
        "reported_vendor": submission.vendor,
        "reported_at": now,
    }


def set_final(
    table: Table,
    key: Key,
    final: Item,
    condition: str,
    entry: Mapping[str, Any] | None = None,
    known: Mapping[str, Any] | None = None,
) -> None:
    """Give a recipient its final status. `known`: values that the condition names besides.

    Raises ConditionFailed when another status stands that does not give way.
    """
    values = {name: value for name, value in final.items() if value is not None}
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in values)
    if entry:
        expression += ", history = list_append(if_not_exists(history, :none), :entry)"
    removed = [f"#{name}" for name, value in final.items() if value is None]
    if _of_submission(key):  # nobody needs to look at that again
        removed += ["due_at", "due_shard"]
    if removed:
        expression += " REMOVE " + ", ".join(removed)
    values |= {"none": [], "entry": [entry], "seconds": table.seconds, **(known or {})}
    table.update(Update(key, expression, values, f"{KEPT} AND ({condition})"))


def _of_submission(row: Key) -> bool:
    """Whether a recipient's row is the item of a message to one number, and so its submission's too."""
    return row[1].startswith("S#")


def close(table: Table, submission: Stored, number: str, now: int) -> None:
    """No report came in time: `unknown`, unless one comes now."""
    key, final = recipient_key(submission, number), final_without_report(submission, now)
    try:
        set_final(table, key, final, "attribute_not_exists(#status)")
    except ConditionFailed:
        return


def remember(table: Table, submission: Stored, number: str, report: Report, note: str, now: int) -> None:
    """Keep a report in a recipient's history that says nothing for certain, with the reason why."""
    keep(table, recipient_key(submission, number), history_entry(submission, report, now) | {"note": note})


def keep(table: Table, key: Key, entry: Mapping[str, Any]) -> bool:
    """Add to a recipient's history what is not there yet. False: there is no such recipient."""
    update = Update(
        key,
        "SET history = list_append(if_not_exists(history, :none), :entries)",
        {"none": [], "entries": [entry], "entry": entry, "seconds": table.seconds},
        f"{KEPT} AND (attribute_not_exists(history) OR NOT contains(history, :entry))",
    )
    try:
        table.update(update)
    except ConditionFailed as failed:
        return failed.item is not None  # it is there already
    return True


STATUS_OF_STATE = {
    State.SENDING: Status.QUEUED,
    State.SUBMITTED: Status.SUBMITTED,
    State.UNCONFIRMED: Status.UNCONFIRMED,
    State.REFUSED: Status.REJECTED,
    State.EXPIRED: Status.EXPIRED,
    State.CANCELED: Status.CANCELED,
    State.MOVED: Status.QUEUED,
}


def derived_status(submission: Stored, number: str, now: int) -> tuple[Status, Reason | None, str]:
    """The status of a recipient that has no final one of its own: its submission's."""
    for rejection in submission.rejected:
        if rejection.number == number:
            return Status.REJECTED, rejection.reason, rejection.vendor_status
    untried = Status.SCHEDULED if submission.next_at > now and not submission.attempt else Status.QUEUED
    return STATUS_OF_STATE.get(submission.state, untried), submission.reason, submission.answer


def newest_to(table: Table, number: str, limit: int) -> list[Key]:
    """The newest recipients with this number, by the index: a moment old at most."""
    rows, _ = table.query("#to = :to", {"to": number}, index="by_number", forward=False, limit=limit)
    return [(row["pk"], row["sk"]) for row in rows]


def submission_of_row(table: Table, row: Key) -> Stored | None:
    """The submission that a recipient is in now: where it was cut, or the child that it moved to."""
    pk, sk = row
    if sk.startswith("S#"):
        item = table.get(row)
        return read_submission(item) if item else None
    message_id, _, root, _ = pk.split("#")
    cut = submission_key(SubmissionKey(message_id, root))
    found = table.get_many([row, cut])
    # A row that has expired may stand beside the submission of a later message under the same Idempotency-Key.
    submission = read_submission(found[cut]) if row in found and cut in found else None
    while submission and submission.state == State.MOVED:
        children = load_children(table, submission)
        submission = next((child for child in children if sk in load_payload(table, child.key).numbers), None)
    return submission
