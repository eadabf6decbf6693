"""The parts of a long message, where a vendor reports each: what is known of them, and what it makes of the whole.

A vendor may cut a text otherwise than we count. A part above our count corrects the count, also after all that we
counted were delivered: then the message was called delivered too early, and that word is taken back (`by_parts`).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from smsgateway.model import Report, ReportStatus, Status
from smsgateway.store.change import Change
from smsgateway.store.history import keep, write
from smsgateway.store.submissions import StoredSubmission, Via
from smsgateway.store.table import ConditionFailed, Item, Key, Table

LAST_PART = 255  # a phone counts the parts of a message in one octet (3GPP TS 23.040, 9.2.3.24.1)

STATUS_OF = {ReportStatus.DELIVERED: Status.DELIVERED, ReportStatus.UNDELIVERED: Status.UNDELIVERED}


class WholeReport(NamedTuple):
    """What the parts say of the message."""

    status: Status | None  # None: nothing yet
    parts: int = 0  # of which it was delivered
    complete: bool = False  # of a failure: what became of each part was said, or of more than we count
    certain: bool = False  # of a failure: by a listed word, and of no more parts than we count


def decides_alone(submission: StoredSubmission, report: Report) -> bool:
    """True if a report needs no others to say what became of the message: it is of the whole, or of the only part."""
    return not report.segment or (report.segment == 1 and submission.segments == submission.count)


def marks(via: Via, report: Report) -> Item:
    """What a recipient's row remembers of a final report of its only part, should that not have been the only one."""
    if not report.segment:
        return {}
    status = STATUS_OF[report.status]
    marks = {_attribute(via, report.segment): status, _noted(via): report.segment}
    return marks | ({by_parts(via): report.segment} if status == Status.DELIVERED else {})


def note(table: Table, row: Key, submission: StoredSubmission, report: Report, entry: Mapping[str, Any]) -> Item | None:
    """Note what became of one part. Returns the recipient's row after it; None when there is no such recipient.

    A part that was delivered stays so, and one that failed is not open again.
    """
    if report.segment > LAST_PART:  # no part of a text: nothing follows from it but that it was said
        keep(table, row, {**entry, "note": f"a message has at most {LAST_PART} parts"})
        return table.get(row)
    part, said = _attribute(submission.via, report.segment), STATUS_OF.get(report.status, report.status.value)
    gives_way = f"#{part} <> :delivered" if report.status in STATUS_OF else f"#{part} IN (:pending, :unknown)"
    new = "attribute_not_exists(history) OR NOT contains(history, :entry)"
    pending, unknown = ReportStatus.PENDING.value, ReportStatus.UNKNOWN.value
    change = (
        Change(row)
        .set(**{part: said, _noted(submission.via): report.segment})
        .when(
            f"attribute_not_exists(#{part}) OR {gives_way}",
            delivered=Status.DELIVERED,
            pending=pending,
            unknown=unknown,
        )
        .when(new, entry=entry)
    )
    try:
        return write(table, change, entry)
    except ConditionFailed as failed:  # repeated, or contradicted: what follows may have been missed the first time
        if failed.item is not None:
            keep(table, row, entry)
        return failed.item


def whole(row: Item, submission: StoredSubmission) -> WholeReport:
    """What the parts that were reported say of the whole message: one failure fails it, all must be delivered."""
    known, counted = known_parts(row, submission), _counted(row, submission)
    last = max([counted, *known])
    if all(known.get(part) == Status.DELIVERED for part in range(1, last + 1)):
        return WholeReport(Status.DELIVERED, parts=last)
    if Status.UNDELIVERED not in known.values():
        return WholeReport(None)
    complete = last > counted or all(known.get(part) in STATUS_OF.values() for part in range(1, last + 1))
    listed = any(not entry.get("unlisted") for entry in failures(row.get("history", ()), submission))
    return WholeReport(Status.UNDELIVERED, complete=complete, certain=complete and last == counted and listed)


def unchanged_since(change: Change, row: Item, submission: StoredSubmission) -> Change:
    """The change, if no part was noted since the row was read.

    For a row whose known parts were all delivered: those are not noted again, so that the number of the last one tells.
    """
    name = _noted(submission.via)
    if name not in row:  # of a version before, which did not remember it
        return change.when(f"attribute_not_exists(#{name})")
    return change.when(f"#{name} = :seen_noted", seen_noted=row[name])


def _counted(row: Item, submission: StoredSubmission) -> int:
    """The parts that the message has by our own count; of a reroute by its own, for its signature may be another."""
    return int(submission.segments if submission.recipient_row else row["segments"])


def known_parts(row: Item, submission: StoredSubmission) -> dict[int, str]:
    """What was reported of each part, through this submission: a phone cannot put parts of two attempts together."""
    prefix = _attribute(submission.via, "")
    return {int(name.removeprefix(prefix)): said for name, said in row.items() if name.startswith(prefix)}


def by_parts(via: Via) -> str:
    """The attribute that says of how many parts a message was called delivered, through this submission."""
    return f"by_parts{via.token}"


def is_open_or_failed(row: Item, submission: StoredSubmission, part: int) -> bool:
    """True if something was reported of this part, but not that it was delivered."""
    return known_parts(row, submission).get(part, Status.DELIVERED) != Status.DELIVERED


def failures(history: Sequence[Mapping[str, Any]], submission: StoredSubmission) -> list[Mapping[str, Any]]:
    """The reports of this account that a part failed which was not delivered after all, those of listed words first."""
    said = [entry for entry in history if entry["account"] == submission.account and "segment" in entry]
    delivered = {entry["segment"] for entry in said if entry["status"] == Status.DELIVERED}
    failed = [entry for entry in said if entry["status"] == Status.UNDELIVERED and entry["segment"] not in delivered]
    return sorted(
        (entry for entry in failed if "note" not in entry), key=lambda entry: bool(entry.get("unlisted", False))
    )


def _attribute(via: Via, part: int | str) -> str:
    return f"segment{via.token}_{part}"


def _noted(via: Via) -> str:
    return f"noted{via.token}"
