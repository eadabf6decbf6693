"""What was reported of a recipient, in its row: the first entries, the last ones, and how many were between them.

Vendors' words have no limit, and an item has: a history that is full gives up an entry in its middle for each new one,
so that whatever has been said, there is room for a final status, and for what was said last.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from smsgateway.model import Report, ReportStatus
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import KEPT, ConditionFailed, Item, Key, Table, Update

FIRST, LAST = 10, 10  # entries that stay
MOST = FIRST + LAST
TRIES = 10  # of a write to a full history that others write to as well


def entry_of(submission: StoredSubmission, report: Report, now: int) -> dict[str, Any]:
    """The report as the history keeps it; equal for a repeated report that has a time of its own.

    One that no table lists says so: at the end of the wait it is a word nobody knows.
    """
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
    if not report.listed and report.status in (ReportStatus.UNKNOWN, ReportStatus.UNDELIVERED):
        entry["unlisted"] = True
    return entry


@dataclass(frozen=True, slots=True)
class Change:
    """New values of a recipient's row (None: the attribute goes), and the condition for them."""

    row: Key
    values: Mapping[str, Any]
    condition: str
    known: Mapping[str, Any] = field(default_factory=dict)  # what the condition names besides

    def update(self, seconds: int, entry: Mapping[str, Any] | None = None, condition: str = "") -> Update:
        """The write, with an entry for the end of the history, and a further condition. `seconds`: see Table."""
        set_ = [f"#{name} = :{name}" for name, value in self.values.items() if value is not None]
        set_ += ["history = list_append(if_not_exists(history, :none), :entries)"] if entry else []
        removed = [f"#{name}" for name, value in self.values.items() if value is None]
        expression = f"SET {', '.join(set_)}" if set_ else ""
        expression += f" REMOVE {', '.join(removed)}" if removed else ""
        values = {**self.values, "none": [], "entries": [entry], "seconds": seconds, **self.known}
        conditions = [KEPT, f"({self.condition})", condition]
        return Update(self.row, expression.strip(), values, " AND ".join(filter(None, conditions)))


def write(table: Table, change: Change, entry: Mapping[str, Any] | None = None) -> Item:
    """Make a change of a recipient's row that may add to its history. The row after it.

    Raises ConditionFailed when there is no such row, or its condition is not met.
    """
    if entry is None:
        return table.update(change.update(table.seconds))
    roomy = replace(change, known={**change.known, "most": MOST})
    try:
        return table.update(
            roomy.update(table.seconds, entry, "(attribute_not_exists(history) OR size(history) < :most)")
        )
    except ConditionFailed as failed:
        if failed.item is None or len(failed.item.get("history", ())) < MOST:
            raise
        return _write_to_full(table, change, entry, failed.item)


def _write_to_full(table: Table, change: Change, entry: Mapping[str, Any], row: Item) -> Item:
    """The same, of a row whose history has no room left."""
    for _ in range(TRIES):
        entries, left_out = [*row["history"], entry], row.get("left_out", 0)
        shorter = {
            "history": [*entries[:FIRST], *entries[-LAST:]],
            "left_out": left_out + len(entries) - MOST,
        }
        as_read = replace(
            change, values={**change.values, **shorter}, known={**change.known, "before": left_out, "most": MOST}
        )
        same = "left_out = :before" if left_out else "attribute_not_exists(left_out)"
        try:
            return table.update(as_read.update(table.seconds, condition=f"{same} AND size(history) >= :most"))
        except ConditionFailed as failed:
            if failed.item is None or failed.item.get("left_out", 0) == left_out:
                raise  # the change's own condition
            row = failed.item
    raise ConditionFailed(row)


def keep(table: Table, row: Key, entry: Mapping[str, Any]) -> bool:
    """Add to a recipient's history what is not there yet. False: there is no such recipient."""
    new = "attribute_not_exists(history) OR NOT contains(history, :entry)"
    try:
        write(table, Change(row, {}, new, {"entry": entry}), entry)
    except ConditionFailed as failed:
        return failed.item is not None  # it is there already
    return True
