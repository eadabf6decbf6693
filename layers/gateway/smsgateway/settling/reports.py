"""Delivery reports: from what vendor bytes say to the recipients that it is about, or to where a report waits."""

from collections.abc import Iterable, Sequence
from copy import replace

from smsgateway.clock import Millis, utc
from smsgateway.core import WakingCore
from smsgateway.ids import SubmissionKey
from smsgateway.model import Account, Payload, Report
from smsgateway.settling.failures import may_lead_to_reroute, take_failures
from smsgateway.settling.signatures import learn_from_reports, says_refused
from smsgateway.store import report_writes, reports, submissions, transitions
from smsgateway.store.keys import vendor_key
from smsgateway.store.messages import load_payload
from smsgateway.store.report_writes import PlacedReport
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import Item, Key, Table
from smsgateway.text import matches_mask

type Matched = tuple[StoredSubmission, Report]  # a report with the submission that its id belongs to


def take_reports(core: WakingCore, account: Account, items: Sequence[Report], received_at: Millis) -> None:
    """Apply reports to their recipients, or file them. Doing it again changes nothing.

    `received_at`: when the vendor bytes came (epoch ms). A report without a time of its own gets that one, which is
    the same when the bytes come again.
    """
    table, now = core.table, core.now()
    received = utc(received_at)
    stamped = [report if report.reported_at else replace(report, reported_at=received) for report in items]
    mapped: dict[Key, Item] = {}
    if len(stamped) == 1:
        (report,) = stamped
        key, mapped = reports.find_one(table, account.name, report)
        if key and report_writes.apply_unread(table, key, account, report, now):
            _learn_unread(core, account, key, report)
            return
    found = reports.find_submissions(table, account.name, stamped, mapped)
    matched = [(found[ids], report) for report in stamped if (ids := reports.ids_of(report)) in found]
    applied = zip(matched, _apply(core, account, matched, now), strict=True)
    unplaced = [(report, submission.key.message_id) for (submission, report), done in applied if not done]
    reports.keep_unmatched(table, account.name, unplaced, now, core.ttl)
    early = [report for report in stamped if reports.ids_of(report) not in found]
    mapped_meanwhile = reports.keep_early(table, account.name, early, now, core.ttl)
    found = reports.find_submissions(table, account.name, mapped_meanwhile)
    for report in mapped_meanwhile:
        if submission := found.get(reports.ids_of(report)):
            apply_early(core, account, submission, [report.alternative_id or report.vendor_id])


def _learn_unread(core: WakingCore, account: Account, key: SubmissionKey, report: Report) -> None:
    """Learn from a report that was applied without reading its submission, which takes a read if there is a lesson."""
    if says_refused(report) and (submission := submissions.load_submission(core.table, key)):
        learn_from_reports(core, account, [PlacedReport(submission, report.number, report)])


def apply_early(core: WakingCore, account: Account, submission: StoredSubmission, vendor_ids: Iterable[str]) -> None:
    """Apply the reports that came before these ids of the submission were mapped, and delete them.

    Whoever comes second does it: the worker that writes the mapping, or the one that files the report. A report that
    fits no recipient, or several, is kept and told of.
    """
    table = core.table
    for vendor_id in vendor_ids:
        place = vendor_key(account.name, vendor_id)[0]
        early = list(reports.early_reports(table, place))
        applied = _apply(core, account, [(submission, report) for _, report in early], core.now())
        for (key, _), done in zip(early, applied, strict=True):
            if done:
                table.delete(key)
            else:
                reports.say_about(table, key, submission.key.message_id)


def _apply(core: WakingCore, account: Account, matched: Sequence[Matched], now: Millis) -> list[bool]:
    """Apply reports to their recipients. False for those that have no place: none fits, or several do."""
    table = core.table
    matching = {submission.key: submission for submission, _ in matched}
    reporting = {key: _as_reported_by(table, account, submission) for key, submission in matching.items()}
    payloads: dict[SubmissionKey, Payload] = {}
    fitting = [_fitting(table, submission, report.number, payloads) for submission, report in matched]
    placed: dict[int, PlacedReport] = {}  # by their place among those that are matched
    for place, ((submission, report), numbers) in enumerate(zip(matched, fitting, strict=True)):
        if len(numbers) == 1:
            placed[place] = PlacedReport(reporting[submission.key], numbers[0], report)
            continue
        for number in numbers:
            note = f"the masked number fits {len(numbers)} recipients of this submission"
            report_writes.remember(table, reporting[submission.key], number, report, note, now)
    applied = dict(zip(placed, _apply_placed(core, list(placed.values()), now), strict=True))
    learn_from_reports(core, account, placed.values())
    return [applied.get(place, False) for place in range(len(matched))]


def _apply_placed(core: WakingCore, placed: Sequence[PlacedReport], now: Millis) -> list[bool]:
    """Apply reports, those apart that may lead to a reroute. False: there is no such recipient."""
    plain = [place for place, each in enumerate(placed) if not may_lead_to_reroute(each)]
    failing = [place for place, each in enumerate(placed) if may_lead_to_reroute(each)]
    applied = report_writes.apply_reports(core.table, [placed[place] for place in plain], now)
    taken = take_failures(core, [placed[place] for place in failing])
    done = dict(zip([*plain, *failing], [*applied, *taken], strict=True))
    return [done[place] for place in range(len(placed))]


def _as_reported_by(table: Table, account: Account, submission: StoredSubmission) -> StoredSubmission:
    """The submission as the account that reports knows it.

    If it is at that account now, the report proves that it was sent. Otherwise it had gone through that account before,
    and what the report says is the word of that account.
    """
    if account.name == submission.account:
        transitions.prove(table, submission)
        return submission
    return replace(submission, account=account.name, vendor=account.vendor)


def _fitting(
    table: Table, submission: StoredSubmission, said: str, payloads: dict[SubmissionKey, Payload]
) -> list[str]:
    """The recipients that a number in a report may mean; a masked one can mean several. `payloads`: read so far."""
    payload = submission.payload() or payloads.get(submission.key)
    if payload is None and "*" in said:
        payload = payloads[submission.key] = load_payload(table, submission.key)
    if payload is None:
        return [said]
    return [number for number in payload.without(submission.spared.numbers).numbers if matches_mask(number, said)]
