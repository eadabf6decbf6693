"""What became of each recipient: a row each, written before the vendor call, and read whenever somebody asks.

A message to one number keeps its recipient in the submission's own item; the attributes are the same.
What reports write into a row is in `report_writes`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from smsgateway.clock import Millis, sortable
from smsgateway.ids import shard
from smsgateway.model import Message, Reason, State, Status
from smsgateway.queues import urgent
from smsgateway.store.keys import is_submission, root_at, rows_pk, submission_key
from smsgateway.store.messages import load_payload
from smsgateway.store.submissions import UNSENT, StoredSubmission, load_children, read_submission
from smsgateway.store.table import Item, Key, Query, Table


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """A recipient's own row: what is known beyond the state of its submission."""

    number: str
    status: Status | None = None
    reason: Reason | None = None
    vendor_status: str = ""
    vendor_id: str = ""
    account: str = ""
    reported_at: Millis | None = None
    segments: int = 1
    history: tuple[Mapping[str, Any], ...] = ()
    left_out: int = 0  # reports between the first and the last of the history
    reroutes: tuple[Mapping[str, str], ...] = ()  # path, account and vendor of each that was decided on (reroutes.py)
    so_far: Item | None = None  # the final status, should the last reroute come to nothing


def read_row(item: Item) -> RecipientRow:
    """The recipient in a row, in the item of a message to one number, or in the image of either in a stream record."""
    return RecipientRow(
        number=item["to"],
        status=Status(item["status"]) if "status" in item else None,
        reason=Reason(item["reason"]) if "reason" in item else None,
        vendor_status=item.get("vendor_status", ""),
        vendor_id=item.get("vendor_id", ""),
        account=item.get("reported_by", ""),
        reported_at=item.get("reported_at"),
        segments=item["segments"],
        history=tuple(item.get("history", ())),
        left_out=item.get("left_out", 0),
        reroutes=tuple(item.get("resends", ())),
        so_far=item.get("so_far"),
    )


def recipient_key(submission: StoredSubmission, number: str) -> Key:
    """Where the row of a submission's recipient stands."""
    if submission.recipient_row:
        return submission.recipient_row
    if submission.own_message:
        return submission.table_key
    return rows_pk(submission.key.message_id, submission.key.root, shard(number, _buckets(submission))), number


def _buckets(submission: StoredSubmission) -> int:
    return submission.item["buckets"] if submission.item and "buckets" in submission.item else submission.buckets


def put_rows(
    table: Table, message: Message, submission: StoredSubmission, segments: Mapping[str, int], until: Millis = 0
) -> None:
    """Write one row a recipient (number → segments), before the vendor call, and only while nothing was ever sent.

    A row that is there is written anew. Raises TimeoutError when they are not all written by `until` (epoch ms).
    """
    table.put_many(
        [
            {
                "pk": recipient_key(submission, number)[0],
                "sk": number,
                "to": number,
                "at": sortable(message.created_at),
                "client": message.client,
                "reference": message.reference or None,
                "segments": count,
                "ttl": submission.ttl,
            }
            for number, count in segments.items()
        ],
        until,
        paced=not urgent(message),
    )


def load_rows(table: Table, submission: StoredSubmission, numbers: tuple[str, ...]) -> dict[str, RecipientRow]:
    """The rows that exist among the submission's recipients, by number."""
    if submission.own_message and submission.item:
        return {submission.item["to"]: read_row(submission.item)}
    found = table.get_many(recipient_key(submission, number) for number in numbers)
    return {item["to"]: read_row(item) for item in found.values()}


def all_rows(table: Table, submission: StoredSubmission) -> Iterator[RecipientRow]:
    """Every row filed under the submission's root."""
    if submission.own_message and submission.item:
        yield read_row(submission.item)
        return
    for bucket in range(_buckets(submission)):
        pk = rows_pk(submission.key.message_id, submission.key.root, bucket)
        yield from map(read_row, table.query_all(Query("pk = :pk", {"pk": pk})))


def unreported(table: Table, submission: StoredSubmission) -> int:
    """How many recipients of a submission have no report at all, not even one that says nothing final.

    Numbers that the vendor refused at once, or was not asked to send to, are not counted. Reads every row that is
    filed under the submission's root.
    """
    if submission.own_message and submission.item:
        return int("status" not in submission.item and "history" not in submission.item)
    if submission.recipient_row:  # whose history begins with what other accounts said
        row = read_row(table.get(submission.recipient_row) or submission.item or {})
        return int(row.status is None and not any(entry["account"] == submission.account for entry in row.history))
    not_sent_to = submission.not_sent_to
    # Rows stay where they were filed: a submission that another one was spread over shares them with its siblings.
    moved_here = submission.key.path != submission.key.root
    own = set(load_payload(table, submission.key).numbers) if moved_here else None
    count = 0
    for bucket in range(_buckets(submission)):
        rows = table.query_all(
            Query(
                "pk = :pk",
                {"pk": rows_pk(submission.key.message_id, submission.key.root, bucket)},
                where="attribute_not_exists(#status) AND attribute_not_exists(history)",
                project="sk, #ttl",
            )
        )
        count += sum(row["sk"] not in not_sent_to and (own is None or row["sk"] in own) for row in rows)
    return count


STATUS_OF_STATE = {
    State.SENDING: Status.QUEUED,
    State.SUBMITTED: Status.SUBMITTED,
    State.UNCONFIRMED: Status.UNCONFIRMED,
    State.REFUSED: Status.REJECTED,
    State.EXPIRED: Status.EXPIRED,
    State.CANCELED: Status.CANCELED,
    State.MOVED: Status.QUEUED,
}


def status_of_end(submission: StoredSubmission) -> Status:
    """The status of the recipients of a submission that has ended unsent."""
    if submission.state == State.CANCELED and submission.reason == Reason.SUPPRESSED:
        return Status.SUPPRESSED  # all of them have opted out
    return STATUS_OF_STATE[submission.state]


def derived_status(submission: StoredSubmission, number: str, now: Millis) -> tuple[Status, Reason | None, str]:
    """The status of a recipient that has no final one of its own, with reason and vendor's word: its submission's."""
    if number in submission.spared.numbers:
        return Status.SUPPRESSED, Reason.SUPPRESSED, ""
    for rejection in submission.rejected:
        if rejection.number == number:
            return Status.REJECTED, rejection.reason, rejection.vendor_status
    if submission.state in UNSENT:
        return status_of_end(submission), submission.reason, submission.vendor_status
    untried = Status.SCHEDULED if submission.next_at > now and not submission.attempt else Status.QUEUED
    return STATUS_OF_STATE.get(submission.state, untried), submission.reason, submission.vendor_status


def newest_to(table: Table, number: str, limit: int) -> list[Key]:
    """The newest recipients with this number, by the index: a moment old at most."""
    rows, _ = table.query(Query("#to = :to", {"to": number}, index="by_number", forward=False, limit=limit))
    return [(row["pk"], row["sk"]) for row in rows]


def submission_of_row(table: Table, row: Key) -> StoredSubmission | None:
    """The submission that a recipient is in now: where it was cut, or the child that it moved to."""
    if is_submission(row):
        item = table.get(row)
        return read_submission(item) if item else None
    cut = submission_key(root_at(row))
    found = table.get_many([row, cut])
    # A row that has expired may stand beside the submission of a later message under the same Idempotency-Key.
    submission = read_submission(found[cut]) if row in found and cut in found else None
    while submission and submission.state == State.MOVED:
        children = load_children(table, submission)
        submission = next((child for child in children if row[1] in load_payload(table, child.key).numbers), None)
    return submission
