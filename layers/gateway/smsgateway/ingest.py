"""From a stored receipt to what it says: reports to recipients, replies to the bus; what cannot be read is parked."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from smsgateway.codecs import VENDORS
from smsgateway.errors import DecodeError
from smsgateway.model import Account, Inbound, Refused, Report
from smsgateway.queues import Receipt
from smsgateway.settings import Settings
from smsgateway.store import accounts, recipients, replies, reports, submissions
from smsgateway.store.messages import load_message, load_payload
from smsgateway.store.submissions import Stored
from smsgateway.store.table import ConditionFailed, Table
from smsgateway.text import matches_mask, normalise_number

OPT_OUT = frozenset({"T", "TD", "N", "退", "退订", "退定", "取消", "QX", "STOP", "UNSUBSCRIBE"})
TRIES = 5  # of a write that others write too
ANSWERED_LOOKED_AT = 20  # the newest messages to a number, among which a reply's is looked for


@dataclass(frozen=True, slots=True)
class Ingester:
    """What understanding a receipt works with. `park` puts away what nobody can read, with the reason."""

    table: Table
    settings: Callable[[], Settings]
    park: Callable[[Receipt, str], None]
    now: Callable[[], int]
    retention: int  # seconds


def ingest(ingester: Ingester, receipt: Receipt) -> None:
    """Apply everything that a receipt says. All of it is decoded before anything is applied; doing it again is safe."""
    account = ingester.settings().accounts.get(receipt.account)
    if account is None:
        _park(ingester, receipt, "", "the account is not configured any more")
        return
    try:
        if receipt.kind == "reports":
            _take_reports(ingester, account, decode_reports(account, receipt), receipt.received_at)
        else:
            _take_replies(ingester, account, decode_inbound(account, receipt), receipt.received_at)
    except DecodeError as error:
        _park(ingester, receipt, account.vendor, error.problem)
        return
    if receipt.source == "push":
        accounts.seen_push(ingester.table, account.name, receipt.kind, receipt.received_at)


def decode_reports(account: Account, receipt: Receipt) -> Sequence[Report]:
    """The delivery reports in a receipt. Raises DecodeError."""
    vendor = VENDORS[account.vendor]
    if receipt.source == "push" and vendor.report_push:
        return vendor.report_push.decode_report_push(account, receipt.push)
    if receipt.source == "poll" and vendor.report_poll:
        page = vendor.report_poll.decode_report_poll(account, receipt.response)
        return () if isinstance(page, Refused) else page.items
    raise DecodeError(f"{account.vendor} has no reports by {receipt.source}", receipt.body)


def decode_inbound(account: Account, receipt: Receipt) -> Sequence[Inbound]:
    """The replies in a receipt. Raises DecodeError."""
    vendor = VENDORS[account.vendor]
    if receipt.source == "push" and vendor.inbound_push:
        return vendor.inbound_push.decode_inbound_push(account, receipt.push)
    if receipt.source == "poll" and vendor.inbound_poll:
        page = vendor.inbound_poll.decode_inbound_poll(account, receipt.response)
        return () if isinstance(page, Refused) else page.items
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
    known: dict[str, Stored] = {}
    received = datetime.fromtimestamp(received_at / 1000, UTC)
    for report in items:  # one without a time of its own gets its receipt's, which is the same when that comes again
        _apply(ingester, account, replace(report, reported_at=report.reported_at or received), known)


def _apply(ingester: Ingester, account: Account, report: Report, known: dict[str, Stored]) -> None:
    """Apply one report, or file it until its submission is known. `known`: submissions read for this receipt."""
    now = ingester.now()
    identity = report.vendor_id + "\x1f" + report.alternative_id
    ttl = now // 1000 + ingester.retention
    submission = known.get(identity) or reports.find_submission(ingester.table, account.name, report)
    if submission is None:
        if not reports.keep_early(ingester.table, account.name, report, now, ttl):
            return
        submission = reports.find_submission(ingester.table, account.name, report)
        if submission:  # the mapping came meanwhile
            apply_early(ingester.table, account, submission, [report.alternative_id or report.vendor_id], now)
        return
    known[identity] = submission
    if not apply_to(ingester.table, account, submission, report, now):
        reports.keep_unmatched(ingester.table, account.name, report, now, ttl)


def apply_to(table: Table, account: Account, submission: Stored, report: Report, now: int) -> bool:
    """Apply a report to its recipient; one whose masked number fits several is only kept, at each of them.

    False when it fits none of them.
    """
    if account.name == submission.account:
        submissions.prove(table, submission)
    else:  # it had gone through this account before, and what the report says is this one's word
        submission = replace(submission, account=account.name, vendor=account.vendor)
    number = normalise_number(report.number) or report.number
    payload = submission.payload()
    if payload is None and "*" in number:
        payload = load_payload(table, submission.key)
    fitting = [one for one in payload.numbers if matches_mask(one, number)] if payload else [number]
    if len(fitting) == 1:
        return recipients.apply_report(table, submission, fitting[0], report, now)
    for one in fitting:
        note = f"the masked number fits {len(fitting)} recipients of this submission"
        recipients.remember(table, submission, one, report, note, now)
    return bool(fitting)


def apply_early(table: Table, account: Account, submission: Stored, vendor_ids: Iterable[str], now: int) -> None:
    """Apply the reports that came before their mapping, and clear them away; what fits no recipient stays."""
    for vendor_id in vendor_ids:
        place = submissions.vendor_key(account.name, vendor_id)[0]
        for key, report in reports.early_reports(table, place):
            if apply_to(table, account, submission, report, now):
                table.delete(key)


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
        finished = replace(group, done=group.done or group.complete)
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
        if submission is None or account.name not in (submission.account, *submission.tried):
            continue
        loaded = (submission.single, True) if submission.single else load_message(table, submission.key.message_id)
        message = loaded[0] if loaded else None
        # Some vendors say the extension alone, some the whole number: both end in the extension that was sent with.
        said = inbound.extension or inbound.access_number
        if message and message.extension and said and not said.endswith(message.extension):
            continue
        return submission
    return None
