"""A change of the table becomes the events that it means.

The table's stream is the outbox: an event cannot be lost once its state is stored. One that is published twice has the
same `event_id`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from smsgateway.clock import Millis, iso
from smsgateway.events import Event, EventType
from smsgateway.model import Reason, State, Status
from smsgateway.publishing.opting import of_number
from smsgateway.store.keys import Kind, kind_of, message_at
from smsgateway.store.recipients import RecipientRow, read_row
from smsgateway.store.replies import read_reply
from smsgateway.store.submissions import StoredSubmission, read_submission
from smsgateway.store.table import Item

EVENT_OF_STATUS = {
    Status.DELIVERED: EventType.DELIVERED,
    Status.UNDELIVERED: EventType.UNDELIVERED,
    Status.REJECTED: EventType.REJECTED,
    Status.UNKNOWN: EventType.UNKNOWN,
    Status.EXPIRED: EventType.EXPIRED,
}
EVENT_OF_STATE = {
    State.UNCONFIRMED: EventType.UNCONFIRMED,
    State.REFUSED: EventType.REJECTED,
    State.EXPIRED: EventType.EXPIRED,
}
STATUS_OF_EVENT = {
    EventType.UNCONFIRMED: Status.UNCONFIRMED,
    EventType.REJECTED: Status.REJECTED,
    EventType.EXPIRED: Status.EXPIRED,
    EventType.SUPPRESSED: Status.SUPPRESSED,
}

type SegmentsOf = Callable[[StoredSubmission], Mapping[str, int]]  # recipients of a submission, and their segments


def events_of(old: Item | None, new: Item | None, segments_of: SegmentsOf, at: Millis) -> Iterator[Event]:
    """The events that a change of an item means: `old` and `new` are its images, None where there is none.

    `segments_of` is asked only where an event is about each recipient of a submission. `at` is when the change was
    written.
    """
    if new is None:
        return
    key = new["pk"], new["sk"]
    match kind_of(key):
        case Kind.ALERT if old is None:
            yield _alert(new)
        case Kind.REPLY if old is None:
            yield _received(new)
        case Kind.NUMBER:
            yield from of_number(old, new)
        case Kind.SUBMISSION:
            yield from _of_submission(old, new, segments_of, at)
        case Kind.RECIPIENT if "status" in new:
            yield from _of_recipient(old, new, message_at(key), read_row(new))


def _of_submission(old: Item | None, new: Item, segments_of: SegmentsOf, at: Millis) -> Iterator[Event]:
    submission = read_submission(new)
    changed = old is None or (old["state"], old.get("attempt")) != (new["state"], new.get("attempt"))
    if changed and submission.state == State.SUBMITTED:
        yield _submitted(submission, at)
    elif changed and (type_ := EVENT_OF_STATE.get(submission.state)) and "status" not in new and _decides(submission):
        yield from _of_all_recipients(submission, type_, segments_of, at)
    if "rejected" in new and "rejected" not in (old or {}) and _decides(submission):
        yield from _rejected_numbers(submission, segments_of, at)
    if old is not None and _decides(submission):
        yield from _suppressed_numbers(read_submission(old), submission, segments_of, at)
    if submission.own_message and "status" in new:
        yield from _of_recipient(old, new, submission.key.message_id, read_row(new))


def _decides(submission: StoredSubmission) -> bool:
    """True if the submission's final state is also its recipients' final status. A reroute decides nothing by itself
    unless it is UNCONFIRMED: its recipient's row does."""
    return submission.recipient_row is None or submission.state == State.UNCONFIRMED


def _submitted(submission: StoredSubmission, at: Millis) -> Event:
    return Event(
        type=EventType.SUBMITTED,
        identity=f"{submission.key.reference}/{submission.attempt}",
        at=submission.submitted_at or at,
        account=submission.account,
        vendor=submission.vendor,
        reference=submission.reference,
        message_id=submission.key.message_id,
        detail={
            "recipients": submission.count - len(submission.spared.numbers),
            "segments": submission.segments - submission.spared.segments,
            "vendor_ids": list(submission.vendor_ids),
        },
    )


def _rejected_numbers(submission: StoredSubmission, segments_of: SegmentsOf, at: Millis) -> Iterator[Event]:
    """An event for each number that the vendor refused while it took the rest."""
    segments = segments_of(submission)
    for rejection in submission.rejected:
        yield _recipient_event(
            EventType.REJECTED,
            submission,
            rejection.number,
            (rejection.reason, rejection.vendor_status),
            segments.get(rejection.number, 1),
            at,
        )


def _suppressed_numbers(
    before: StoredSubmission, submission: StoredSubmission, segments_of: SegmentsOf, at: Millis
) -> Iterator[Event]:
    """An event for each recipient who has opted out between acceptance and mark: spared, while the others are sent to,
    or all of them, when nobody is left."""
    new = submission.spared.numbers - before.spared.numbers
    nobody_left = (
        (submission.state, submission.reason) == (State.CANCELED, Reason.SUPPRESSED) != (before.state, before.reason)
    )
    if not (new or nobody_left):
        return
    why = Reason.SUPPRESSED, ""
    for number, segments in segments_of(submission).items():
        if number in new or (nobody_left and number not in before.spared.numbers):
            event = _recipient_event(EventType.SUPPRESSED, submission, number, why, segments, at)
            yield replace(event, identity=f"{submission.key.reference}/suppressed/{number}")


def _of_all_recipients(
    submission: StoredSubmission, type_: EventType, segments_of: SegmentsOf, at: Millis
) -> Iterator[Event]:
    """An event for each recipient, because what became of the submission became of all whom it was sent to."""
    for number, segments in segments_of(submission).items():
        if number in submission.spared.numbers:
            continue
        yield _recipient_event(type_, submission, number, (submission.reason, submission.vendor_status), segments, at)


def _recipient_event(
    type_: EventType,
    submission: StoredSubmission,
    number: str,
    why: tuple[Reason | None, str],
    segments: int,
    at: Millis,
) -> Event:
    return Event(
        type=type_,
        identity=f"{submission.key.reference}/{submission.attempt}/{number}",
        at=at,
        account=submission.account,
        vendor=submission.vendor,
        reference=submission.reference,
        message_id=submission.key.message_id,
        detail=_recipient_detail(number, STATUS_OF_EVENT[type_], why, segments),
    )


def _recipient_detail(number: str, status: Status, why: tuple[Reason | None, str], segments: int) -> dict[str, Any]:
    reason, vendor_status = why
    return {
        "to": number,
        "status": status,
        "reason": reason,
        "vendor_status": vendor_status or None,
        "segments": segments,
    }


def _of_recipient(old: Item | None, new: Item, message_id: str, row: RecipientRow) -> Iterator[Event]:
    """The event of a recipient's own final status: from a report, or because none came."""
    status = row.status
    if status is None or (old or {}).get("status") == status or status not in EVENT_OF_STATUS:
        return
    yield Event(
        type=EVENT_OF_STATUS[status],
        identity=f"{message_id}/{row.number}/{status}{_again(old or {}, new)}",
        at=row.reported_at or 0,
        account=row.account,
        vendor=new.get("reported_vendor", ""),
        reference=new.get("reference", ""),
        message_id=message_id,
        detail=_recipient_detail(row.number, status, (row.reason, row.vendor_status), row.segments),
    )


def _again(old: Item, new: Item) -> str:
    """What an identity ends in when a delivery is taken back, or comes after one was: how many parts were counted.

    A message that is reported in parts can be delivered, then not, then delivered; each is a fact of its own, and each
    has a count of its own. Returns nothing for any other change.
    """
    if old.get("status") == Status.DELIVERED:
        return f"/{_parts(old)}"
    return f"/{_parts(new)}" if _parts(new) > new["segments"] else ""


def _parts(image: Item) -> int:
    return max((value for name, value in image.items() if name.startswith("by_parts")), default=0)


def _received(new: Item) -> Event:
    reply = read_reply(new)
    return Event(
        type=EventType.RECEIVED,
        identity=reply.id,
        at=reply.received_at,
        account=reply.account,
        vendor=reply.vendor,
        reference=reply.reference,
        message_id=reply.in_reply_to or None,
        detail={
            "inbound_id": reply.id,
            "from": reply.number,
            "to": reply.access_number or None,
            "extension": reply.extension or None,
            "text": reply.text,
            "received_at": iso(reply.received_at),
            "in_reply_to": reply.in_reply_to or None,
            "opt_out": reply.opt_out,
            "opt_in": reply.opt_in,
            "partial": reply.partial,
        },
    )


def _alert(new: Item) -> Event:
    return Event(
        type=EventType.ALERT,
        identity=f"{new['account']}/{new['sk']}",
        at=new["raised_at"],
        account=new["account"],
        vendor=new["vendor"],
        reference="",
        detail={"alert": new["alert"], "detail": new["detail"]},
    )
