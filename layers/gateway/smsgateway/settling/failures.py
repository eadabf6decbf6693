"""What counts as a failure that may lead to a reroute: a report, the parts of a long message, or no report in time.

A second text never rests on a guess. What a report leaves undecided (a word that no table lists, some parts of a
message, a contradiction) ends as it is.
"""

from collections.abc import Iterable, Sequence

from smsgateway.core import WakingCore
from smsgateway.model import Reason, ReportStatus, State, Status
from smsgateway.settling.reroute import Failure, settle
from smsgateway.store import parts, report_writes, transitions
from smsgateway.store.finals import final_by_part, final_of
from smsgateway.store.history import entry_of
from smsgateway.store.parts import WholeReport, decides_alone
from smsgateway.store.report_writes import PlacedReport
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import Item


def may_lead_to_reroute(placed: PlacedReport) -> bool:
    """True if `take_failures` is to apply a report: one of failure, or of a part, which may complete a failure."""
    report = placed.report
    of_several = not decides_alone(placed.submission, report)
    return placed.submission.may_reroute and placed.final and (report.status == ReportStatus.UNDELIVERED or of_several)


def take_failures(core: WakingCore, reports: Sequence[PlacedReport]) -> list[bool]:
    """Apply reports of failure, and of parts, to recipients of messages that may be rerouted.

    Returns for each report whether its recipient is there.
    """
    now = core.now()
    failures: dict[int, Failure] = {}  # by the place of their reports
    there = [True] * len(reports)
    for place, placed in enumerate(reports):
        entry = entry_of(placed.submission.via, placed.report, now)
        if placed.report.segment:
            row, whole = report_writes.note_part(core.table, placed, entry)
            there[place] = row is not None
            failure = _of_parts(placed, entry, row, whole) if row else None
        else:
            final = final_of(placed.submission.via, Status.UNDELIVERED, placed.report, entry["at"])
            failure = Failure(placed.submission, placed.number, entry, final, placed.report.listed)
        if failure:
            failures[place] = failure
    for place, settled in zip(failures, settle(core, list(failures.values())), strict=True):
        there[place] = settled
    return there


def _of_parts(placed: PlacedReport, entry: Item, row: Item, whole: WholeReport) -> Failure | None:
    """The failure of a long message, once all of its parts have been reported, or more than there should be.

    None before that: a second text would rest on a part of the truth.
    """
    if whole.status != Status.UNDELIVERED or not whole.complete or "status" in row:
        return None
    failed = next(iter(parts.failures(row.get("history", ()), placed.submission)), None)
    nameless = {"at": entry["at"], "vendor_status": ""}  # its report is left out of a long history
    final = final_by_part(placed.submission, failed or nameless) | {"vendor_id": placed.report.vendor_id}
    return Failure(placed.submission, placed.number, dict(failed or entry), final, whole.certain)


def close(core: WakingCore, submission: StoredSubmission, numbers: Iterable[str]) -> None:
    """Let recipients that no report settled within the report window go on at another account, or end as `unknown`."""
    if submission.state == State.UNCONFIRMED:
        transitions.count_as_sent(core.table, submission)
    entry = {"at": core.now(), "account": submission.account, "status": Status.UNKNOWN, "reason": Reason.NO_REPORT}
    settle(core, [Failure(submission, number, entry) for number in numbers])
