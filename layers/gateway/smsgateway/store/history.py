"""What was reported of a recipient, in its row: the first entries, the last ones, and how many were between them.

Vendors' words have no limit, and an item has: a history that is full gives up an entry in its middle for each new one,
so that whatever has been said, there is room for a final status, and for what was said last.
"""

from collections.abc import Mapping
from typing import Any

from smsgateway.clock import Millis, millis_of
from smsgateway.model import Report, ReportStatus
from smsgateway.store.change import Change
from smsgateway.store.submissions import Via
from smsgateway.store.table import KEPT, ConditionFailed, Item, Key, Table

FIRST, LAST = 10, 10  # entries that stay
MOST = FIRST + LAST
TRIES = 10  # of a write to a full history that others write to as well


def entry_of(via: Via, report: Report, now: Millis) -> dict[str, Any]:
    """The report as the history keeps it; equal for a repeated report that has a time of its own.

    The entry of a word that no table lists says so (`unlisted`): if nothing else comes, it is shown as a word that
    nobody knows.
    """
    at = millis_of(report.reported_at) if report.reported_at else now
    entry: dict[str, Any] = {
        "at": at,
        "account": via.account,
        "status": report.status.value,
        "vendor_status": report.vendor_status,
    }
    if report.reason:
        entry["reason"] = report.reason
    if report.segment:
        entry["segment"] = report.segment
    if not report.listed and report.status in (ReportStatus.UNKNOWN, ReportStatus.UNDELIVERED):
        entry["unlisted"] = True
    return entry


def write(table: Table, change: Change, entry: Mapping[str, Any] | None = None) -> Item:
    """Make a change of a recipient's row, and add an entry to the end of its history. Returns the row after it.

    Raises ConditionFailed when there is no such row, or the change's condition is not met.
    """
    change = change.when(KEPT, seconds=table.seconds)
    if entry is None:
        return table.update(change)
    roomy = change.append("history", entry).when("attribute_not_exists(history) OR size(history) < :most", most=MOST)
    try:
        return table.update(roomy)
    except ConditionFailed as failed:
        if failed.item is None or len(failed.item.get("history", ())) < MOST:
            raise
        return _write_to_full(table, change, entry, failed.item)


def _write_to_full(table: Table, change: Change, entry: Mapping[str, Any], row: Item) -> Item:
    """Make the change of a row whose history has no room left: an entry in its middle gives way to the new one."""
    for _ in range(TRIES):
        entries, left_out = [*row["history"], entry], row.get("left_out", 0)
        shorter = change.set(
            history=[*entries[:FIRST], *entries[-LAST:]], left_out=left_out + len(entries) - MOST
        ).when("size(history) >= :most", most=MOST)
        try:
            return table.update(_none_left_out_since(shorter, left_out, "full_left_out"))
        except ConditionFailed as failed:
            if failed.item is None or failed.item.get("left_out", 0) == left_out:
                raise  # the change's own condition
            row = failed.item
    raise ConditionFailed(row)


def _none_left_out_since(change: Change, left_out: int, name: str) -> Change:
    """The change, if as many entries are left out of the history as when it was read.

    `name`: of the value, because a decision and its entry may rest on two readings, of which the older one must fail.
    """
    if not left_out:
        return change.when("attribute_not_exists(left_out)")
    return change.when(f"left_out = :{name}", **{name: left_out})


def unchanged_since(change: Change, entries: int, left_out: int) -> Change:
    """The change, if nothing was added to a recipient's history since so many entries were read."""
    if not entries:
        return change.when("attribute_not_exists(history)")
    return _none_left_out_since(
        change.when("size(history) = :seen_entries", seen_entries=entries), left_out, "seen_left_out"
    )


def keep(table: Table, row: Key, entry: Mapping[str, Any]) -> bool:
    """Add an entry to a recipient's history, unless it is there. Returns False when there is no such recipient."""
    new = "attribute_not_exists(history) OR NOT contains(history, :entry)"
    try:
        write(table, Change(row).when(new, entry=entry), entry)
    except ConditionFailed as failed:
        return failed.item is not None  # it is there already
    return True
