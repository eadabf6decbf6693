"""The final status of a recipient: what it holds, for what reason, and the one write that sets it."""

from collections.abc import Mapping, Sequence
from typing import Any

from smsgateway.clock import Millis
from smsgateway.model import Reason, Report, ReportStatus, Status
from smsgateway.store import parts
from smsgateway.store.change import Change
from smsgateway.store.history import write
from smsgateway.store.keys import is_submission
from smsgateway.store.submissions import StoredSubmission, Via
from smsgateway.store.table import Item, Table

type History = Sequence[Mapping[str, Any]]


def final_of(via: Via, status: Status, report: Report, at: Millis) -> Item:
    """The attributes of a recipient that a report has settled."""
    return _final(via, status, report.reason, report.vendor_status, at) | {"vendor_id": report.vendor_id}


def final_by_part(submission: StoredSubmission, failure: Mapping[str, Any]) -> Item:
    """The attributes of a recipient whose message failed with a part of it, by that part's entry in the history."""
    reason = Reason(failure["reason"]) if "reason" in failure else None
    return _final(submission.via, Status.UNDELIVERED, reason, failure["vendor_status"], failure["at"])


def final_at_end(submission: StoredSubmission, history: History, now: Millis) -> Item:
    """The attributes of a recipient whose report did not come in time: nobody knows, and the last word that was heard
    is shown. Or it failed, if a part of it did, and what became of the others was not said.
    """
    if failed := parts.failures(history, submission):
        return final_by_part(submission, failed[0])
    said = heard(submission, history)
    strange = [entry for entry in said if why_open(entry) == Reason.UNLISTED_CODE]
    partial = [entry for entry in said if why_open(entry) == Reason.REPORTS_UNDECIDED]
    shown = next((entries[-1] for entries in (strange, partial, said) if entries), None)
    if shown is None:
        return _final(submission.via, Status.UNKNOWN, Reason.NO_REPORT, "", now)
    return _final(submission.via, Status.UNKNOWN, why_open(shown), shown["vendor_status"], now)


def final_by_doubt(submission: StoredSubmission, entry: Mapping[str, Any]) -> Item:
    """The attributes of a recipient that was called delivered until one more part was heard of."""
    return _final(submission.via, Status.UNKNOWN, why_open(entry), entry["vendor_status"], entry["at"])


def heard(submission: StoredSubmission, history: History) -> list[Mapping[str, Any]]:
    """What the submission's account has said of a recipient."""
    return [entry for entry in history if entry["account"] == submission.account]


def why_open(entry: Mapping[str, Any]) -> Reason:
    """Why what was reported leaves a recipient open."""
    if "note" in entry:
        return Reason.REPORTS_UNDECIDED
    if entry.get("unlisted") or entry.get("reason") == Reason.UNLISTED_CODE:
        return Reason.UNLISTED_CODE
    return Reason.REPORTS_UNDECIDED if entry["status"] == ReportStatus.DELIVERED else Reason.NO_REPORT


def _final(via: Via, status: Status, reason: Reason | None, word: str, at: Millis) -> Item:
    return {
        "status": status,
        "reason": reason,
        "vendor_status": word,
        "vendor_id": "",
        "reported_by": via.account,
        "reported_vendor": via.vendor,
        "reported_at": at,
    }


def set_final(table: Table, change: Change, final: Item, entry: Mapping[str, Any] | None = None) -> Item:
    """Give a recipient its final status, under the condition of `change`. Returns the row after it.

    `entry` is added to the history. Raises ConditionFailed when another status stands that does not give way.
    """
    settled: Item = {"due_at": None, "due_shard": None} if is_submission(change.key) else {}  # nobody looks again
    return write(table, change.assign(final | settled), entry)
