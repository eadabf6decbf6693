"""From a stored receipt to what it says: reports to recipients, replies to the bus; what cannot be read is parked."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from copy import replace
from dataclasses import dataclass, field
from datetime import UTC, datetime

from smsgateway import bounded
from smsgateway.codecs import VENDORS
from smsgateway.errors import DecodeError
from smsgateway.ids import SubmissionKey
from smsgateway.model import Account, Inbound, Page, Refused, Report, Unreadable
from smsgateway.queues import Receipt, WakeUps
from smsgateway.resend import Resender, concerns, take_failures
from smsgateway.settings import Settings
from smsgateway.store import accounts, recipients, replies, reports, resends, submissions, transitions
from smsgateway.store.messages import Payload, load_payload
from smsgateway.store.recipients import Placed
from smsgateway.store.submissions import Stored
from smsgateway.store.table import ConditionFailed, Item, Key, Table
from smsgateway.store.vendor_ids import vendor_key
from smsgateway.text import matches_mask, normalise_number

OPT_OUT = frozenset({"T", "TD", "N", "退", "退订", "退定", "取消", "QX", "STOP", "UNSUBSCRIBE"})
TRIES = 5  # of a write that others write too
ANSWERED_LOOKED_AT = 20  # the newest messages to a number, among which a reply's is looked for


@dataclass(frozen=True, slots=True)
class Ingester:
    """What understanding a receipt works with. `park` puts away what nobody can read, with the reason."""

    table: Table
    wake_ups: WakeUps
    settings: Callable[[], Settings]
    park: Callable[[Receipt, str], None]
    now: Callable[[], int]
    retention: int  # seconds
    noted: dict[Key, Item] = field(default_factory=dict)  # pushes of the last minute (store.accounts.seen_push)

    @property
    def resender(self) -> Resender:
        return Resender(self.table, self.wake_ups, self.settings, self.now)


def ingest(ingester: Ingester, receipt: Receipt) -> None:
    """Apply everything that a receipt says. All of it is decoded before anything is applied; doing it again is safe."""
    account = ingester.settings().accounts.get(receipt.account)
    if account is None:
        _park(ingester, receipt, "", "the account is not configured any more")
        return
    try:
        brought, unreadable = _take(ingester, account, receipt)
    except DecodeError as error:
        _park(ingester, receipt, account.vendor, error.problem)
        return
    for each in unreadable:
        _park(ingester, _alone(receipt, each), account.vendor, f"{each.place}: {each.problem}")
    if receipt.source == "push":
        at, noted = receipt.received_at, ingester.noted
        accounts.seen_push(ingester.table, account.name, receipt.kind, at, noted, brought=brought)


def _take(ingester: Ingester, account: Account, receipt: Receipt) -> tuple[bool, Sequence[Unreadable]]:
    """Apply what can be read. Whether there was anything, and what cannot be. Raises DecodeError if nothing can be."""
    if receipt.kind == "reports":
        reported = decode_reports(account, receipt)
        _take_reports(ingester, account, bounded.reports(reported.items), receipt.received_at)
        return bool(reported.items), reported.unreadable
    written = decode_inbound(account, receipt)
    _take_replies(ingester, account, written.items, receipt.received_at)
    return bool(written.items), written.unreadable


def _alone(receipt: Receipt, unreadable: Unreadable) -> Receipt:
    """A receipt of one record, as the vendor would have handed it out, to be parked and put back by itself."""
    return replace(receipt, method="POST", query=(), body=unreadable.body)


def decode_reports(account: Account, receipt: Receipt) -> Page[Report]:
    """The delivery reports in a receipt. Raises DecodeError."""
    vendor = VENDORS[account.vendor]
    if receipt.source == "push" and vendor.report_push:
        return vendor.report_push.decode_report_push(account, receipt.push)
    if receipt.source == "poll" and vendor.report_poll:
        page = vendor.report_poll.decode_report_poll(account, receipt.response)
        return Page(()) if isinstance(page, Refused) else page
    raise DecodeError(f"{account.vendor} has no reports by {receipt.source}", receipt.body)


def decode_inbound(account: Account, receipt: Receipt) -> Page[Inbound]:
    """The replies in a receipt. Raises DecodeError."""
    vendor = VENDORS[account.vendor]
    if receipt.source == "push" and vendor.inbound_push:
        return vendor.inbound_push.decode_inbound_push(account, receipt.push)
    if receipt.source == "poll" and vendor.inbound_poll:
        page = vendor.inbound_poll.decode_inbound_poll(account, receipt.response)
        return Page(()) if isinstance(page, Refused) else page
    raise DecodeError(f"{account.vendor} has no replies by {receipt.source}", receipt.body)


def _park(ingester: Ingester, receipt: Receipt, vendor: str, problem: str) -> None:
    """Put away what nobody can read, with its bytes and the reason, and say so."""
    ingester.park(receipt, problem)
    now = ingester.now()
    accounts.raise_alert(
        ingester.table,
        receipt.account,
        vendor,
        "receipt_parked",
        f"{receipt.kind} by {receipt.source}: {problem}",
        now,
        now // 1000 + ingester.retention,
    )


def _take_reports(ingester: Ingester, account: Account, items: Sequence[Report], received_at: int) -> None:
    table, now = ingester.table, ingester.now()
    ttl = now // 1000 + ingester.retention
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
    for (submission, report), placed in zip(known, _apply(ingester.resender, account, known, now), strict=True):
        if not placed:
            reports.keep_unmatched(table, account.name, report, submission.key.message_id, now, ttl)
    for report in stamped:
        if reports.ids_of(report) not in found:
            _keep_early(ingester, account, report, now, ttl)


def _keep_early(ingester: Ingester, account: Account, report: Report, now: int, ttl: int) -> None:
    """File a report until its submission is known."""
    if reports.keep_early(ingester.table, account.name, report, now, ttl):  # the mapping came meanwhile
        found = reports.find_submissions(ingester.table, account.name, [report])
        for submission in found.values():
            apply_early(ingester.resender, account, submission, [report.alternative_id or report.vendor_id], now)


def _apply(resender: Resender, account: Account, known: Sequence[tuple[Stored, Report]], now: int) -> list[bool]:
    """Apply reports to their recipients. False for those that have no place: none fits, or several do."""
    table = resender.table
    speakers = {submission.key: submission for submission, _ in known}
    speakers = {key: _through(table, account, submission) for key, submission in speakers.items()}
    payloads: dict[SubmissionKey, Payload] = {}
    fitting = [_fitting(table, submission, report.number, payloads) for submission, report in known]
    placed: list[Placed] = []
    for (submission, report), numbers in zip(known, fitting, strict=True):
        if len(numbers) == 1:
            placed.append(Placed(speakers[submission.key], numbers[0], report))
        for number in numbers if len(numbers) > 1 else ():
            note = f"the masked number fits {len(numbers)} recipients of this submission"
            recipients.remember(table, speakers[submission.key], number, report, note, now)
    applied = iter(_apply_placed(resender, placed, now))
    return [len(numbers) == 1 and next(applied) for numbers in fitting]


def _apply_placed(resender: Resender, placed: Sequence[Placed], now: int) -> list[bool]:
    """Apply reports, those apart that may have a recipient sent to again."""
    others = iter(recipients.apply_reports(resender.table, [one for one in placed if not concerns(one)], now))
    failures = iter(take_failures(resender, [one for one in placed if concerns(one)]))
    return [next(failures if concerns(one) else others) for one in placed]


def _through(table: Table, account: Account, submission: Stored) -> Stored:
    """The submission as this account knows it; what it reports proves that the submission was sent."""
    if account.name == submission.account:
        transitions.prove(table, submission)
        return submission
    # It had gone through this account before, and what the report says is this one's word.
    return replace(submission, account=account.name, vendor=account.vendor)


def _fitting(table: Table, submission: Stored, said: str, payloads: dict[SubmissionKey, Payload]) -> list[str]:
    """The recipients that a number in a report may mean; a masked one can mean several. `payloads`: read so far."""
    number = normalise_number(said) or said
    payload = submission.payload() or payloads.get(submission.key)
    if payload is None and "*" in number:
        payload = payloads[submission.key] = load_payload(table, submission.key)
    return [one for one in payload.numbers if matches_mask(one, number)] if payload else [number]


def apply_early(resender: Resender, account: Account, submission: Stored, vendor_ids: Iterable[str], now: int) -> None:
    """Apply the reports that came before their mapping, and clear them away; what has no place stays."""
    table = resender.table
    for vendor_id in vendor_ids:
        place = vendor_key(account.name, vendor_id)[0]
        early = list(reports.early_reports(table, place))
        applied = _apply(resender, account, [(submission, report) for _, report in early], now)
        for (key, _), fits in zip(early, applied, strict=True):
            if fits:
                table.delete(key)
            else:
                reports.say_about(table, key, submission.key.message_id)


def _take_replies(ingester: Ingester, account: Account, inbound: Sequence[Inbound], received_at: int) -> None:
    ttl = ingester.now() // 1000 + ingester.retention
    seen: Counter[Inbound] = Counter()
    for message in inbound:
        if message.part:
            _take_part(ingester.table, account, message, received_at, ttl)
            continue
        identity = replace(message, raw="")
        reply_id = replies.reply_id(account.name, message, seen[identity])
        seen[identity] += 1
        _publish_reply(ingester.table, account, message, reply_id, received_at, ttl, partial=False)


def _take_part(table: Table, account: Account, inbound: Inbound, received_at: int, ttl: int) -> None:
    """Put a part in its place; the one that completes its group publishes the whole."""
    key = replies.group_key(account.name, inbound)
    for attempt in range(TRIES):
        group = replies.place_part(replies.latest_group(table, key), key, inbound, received_at)
        finished = replace(group, done=group.done or group.complete, vendor=account.vendor)
        due_at = None if finished.done else group.started_at + account.options.parts_window * 1000
        try:
            replies.put_group(table, finished, due_at, ttl)
        except ConditionFailed:
            if attempt == TRIES - 1:
                raise
            continue
        break
    if finished.complete:
        publish_group(table, account, finished, ttl, partial=False)


def publish_group(table: Table, account: Account, group: replies.Group, ttl: int, *, partial: bool) -> None:
    """The whole of a long reply, or what has come of it."""
    whole = Inbound(group.number, group.text, group.access_number, group.extension)
    identity = replace(whole, vendor_id=f"{group.key}#{group.generation}#{partial}")
    reply_id = replies.reply_id(account.name, identity, 0)
    _publish_reply(table, account, whole, reply_id, group.started_at, ttl, partial=partial)


def _publish_reply(
    table: Table, account: Account, inbound: Inbound, reply_id: str, received_at: int, ttl: int, *, partial: bool
) -> None:
    """Store a reply with the message it answers, if one can be told; the table's stream publishes it."""
    at = int(inbound.received_at.timestamp() * 1000) if inbound.received_at else received_at
    answered = _answered(table, account, inbound)
    reply = replies.Reply(
        id=reply_id,
        account=account.name,
        vendor=account.vendor,
        number=inbound.number,
        access_number=inbound.access_number,
        extension=inbound.extension,
        text=inbound.text,
        received_at=at,
        client=answered.client if answered else "",
        in_reply_to=answered.key.message_id if answered else "",
        reference=answered.reference if answered else "",
        opt_out=inbound.text.strip().upper() in OPT_OUT,
        partial=partial,
    )
    replies.put_reply(table, reply, ttl)


def _answered(table: Table, account: Account, inbound: Inbound) -> Stored | None:
    """The newest submission to this number through this account, with the reply's extension where it has one."""
    for row in recipients.newest_to(table, inbound.number, ANSWERED_LOOKED_AT):
        submission = recipients.submission_of_row(table, row)
        if submission is None or account.name not in resends.accounts_asked(table, submission, row):
            continue
        message = submissions.message_of(table, submission)
        # Some vendors say the extension alone, some the whole number: both end in the extension that was sent with.
        said = inbound.extension or inbound.access_number
        if message and message.extension and said and not said.endswith(message.extension):
            continue
        return submission
    return None
