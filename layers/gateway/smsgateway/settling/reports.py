"""Delivery reports: from what a receipt says to the recipients that it is about, or to where they wait for them."""

from collections.abc import Iterable, Sequence
from copy import replace
from datetime import UTC, datetime

from smsgateway.core import WakingCore
from smsgateway.ids import SubmissionKey
from smsgateway.model import Account, Payload, Report
from smsgateway.settling.reroute import concerns, take_failures
from smsgateway.store import recipients, reports, transitions
from smsgateway.store.messages import load_payload
from smsgateway.store.recipients import PlacedReport
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import Item, Key, Table
from smsgateway.store.vendor_ids import vendor_key
from smsgateway.text import matches_mask


def take_reports(core: WakingCore, account: Account, items: Sequence[Report], received_at: int, ttl: int) -> None:
    """Apply reports, or file them. Doing it again changes nothing."""
    table, now = core.table, core.now()
    received = datetime.fromtimestamp(received_at / 1000, UTC)
    # One without a time of its own gets its receipt's, which is the same when that comes again.
    stamped = [report if report.reported_at else replace(report, reported_at=received) for report in items]
    mapped: dict[Key, Item] = {}
    if len(stamped) == 1:
        (report,) = stamped
        key, mapped = reports.find_one(table, account.name, report)
        if key and recipients.apply_unread(table, key, account, report, now):
            return
    found = reports.find_submissions(table, account.name, stamped, mapped)
    known = [(found[ids], report) for report in stamped if (ids := reports.ids_of(report)) in found]
    placed = zip(known, _apply(core, account, known, now), strict=True)
    unplaced = [(report, submission.key.message_id) for (submission, report), done in placed if not done]
    reports.keep_unmatched(table, account.name, unplaced, now, ttl)
    unknown = [report for report in stamped if reports.ids_of(report) not in found]
    mapped_meanwhile = reports.keep_early(table, account.name, unknown, now, ttl)
    found = reports.find_submissions(table, account.name, mapped_meanwhile)
    for report in mapped_meanwhile:
        if submission := found.get(reports.ids_of(report)):
            apply_early(core, account, submission, [report.alternative_id or report.vendor_id], now)


def _apply(
    core: WakingCore, account: Account, known: Sequence[tuple[StoredSubmission, Report]], now: int
) -> list[bool]:
    """Apply reports to their recipients. False for those that have no place: none fits, or several do."""
    table = core.table
    speakers = {submission.key: submission for submission, _ in known}
    speakers = {key: _through(table, account, submission) for key, submission in speakers.items()}
    payloads: dict[SubmissionKey, Payload] = {}
    fitting = [_fitting(table, submission, report.number, payloads) for submission, report in known]
    placed: list[PlacedReport] = []
    for (submission, report), numbers in zip(known, fitting, strict=True):
        if len(numbers) == 1:
            placed.append(PlacedReport(speakers[submission.key], numbers[0], report))
        for number in numbers if len(numbers) > 1 else ():
            note = f"the masked number fits {len(numbers)} recipients of this submission"
            recipients.remember(table, speakers[submission.key], number, report, note, now)
    applied = iter(_apply_placed(core, placed, now))
    return [len(numbers) == 1 and next(applied) for numbers in fitting]


def _apply_placed(core: WakingCore, placed: Sequence[PlacedReport], now: int) -> list[bool]:
    """Apply reports, those apart that may have a recipient sent to again."""
    others = iter(recipients.apply_reports(core.table, [one for one in placed if not concerns(one)], now))
    failures = iter(take_failures(core, [one for one in placed if concerns(one)]))
    return [next(failures if concerns(one) else others) for one in placed]


def _through(table: Table, account: Account, submission: StoredSubmission) -> StoredSubmission:
    """The submission as this account knows it; what it reports proves that the submission was sent."""
    if account.name == submission.account:
        transitions.prove(table, submission)
        return submission
    # It had gone through this account before, and what the report says is this one's word.
    return replace(submission, account=account.name, vendor=account.vendor)


def _fitting(
    table: Table, submission: StoredSubmission, said: str, payloads: dict[SubmissionKey, Payload]
) -> list[str]:
    """The recipients that a number in a report may mean; a masked one can mean several. `payloads`: read so far."""
    payload = submission.payload() or payloads.get(submission.key)
    if payload is None and "*" in said:
        payload = payloads[submission.key] = load_payload(table, submission.key)
    return [one for one in payload.numbers if matches_mask(one, said)] if payload else [said]


def apply_early(
    core: WakingCore, account: Account, submission: StoredSubmission, vendor_ids: Iterable[str], now: int
) -> None:
    """Apply the reports that came before their mapping, and clear them away; what has no place stays."""
    table = core.table
    for vendor_id in vendor_ids:
        place = vendor_key(account.name, vendor_id)[0]
        early = list(reports.early_reports(table, place))
        applied = _apply(core, account, [(submission, report) for _, report in early], now)
        for (key, _), fits in zip(early, applied, strict=True):
            if fits:
                table.delete(key)
            else:
                reports.say_about(table, key, submission.key.message_id)
