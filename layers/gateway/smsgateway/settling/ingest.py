"""From a stored receipt to what it says: reports to recipients, replies to the bus; what cannot be read is parked."""

from collections.abc import Callable, Sequence
from copy import replace
from dataclasses import dataclass, field

from smsgateway.codecs import VENDORS, bounded
from smsgateway.core import WakingCore
from smsgateway.errors import DecodeError
from smsgateway.model import Account, Inbound, Page, Refused, Report, Unreadable
from smsgateway.queues import VendorBytes
from smsgateway.settling.replies import take_replies
from smsgateway.settling.reports import take_reports
from smsgateway.store import accounts, pages
from smsgateway.store.table import Item, Key

REPORTS_AT_ONCE = 200  # between two looks at the time
REPLIES_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Ingester(WakingCore):
    """What understanding a receipt works with. `park` puts away what nobody can read, with the reason."""

    park: Callable[[VendorBytes, str], None]
    noted: dict[Key, Item] = field(default_factory=dict)  # pushes of the last minute (store.accounts.seen_push)
    until: int | None = None  # epoch ms; after that nothing is begun

    @property
    def is_over(self) -> bool:
        return self.until is not None and self.now() >= self.until


def ingest(ingester: Ingester, receipt: VendorBytes) -> VendorBytes | None:
    """Apply what a receipt says. All of it is decoded before anything is applied; doing it again is safe.

    None when it is done with. When time is over before that, the receipt of what is left, to be put back into its
    queue: some of it was done in any case, so that the longest receipt comes to an end.
    """
    account = ingester.settings().accounts.get(receipt.account)
    if receipt.source in ("tried", "refused"):
        _take_note(ingester, account, receipt)
        return None
    if account is None:
        _park(ingester, receipt, "", "the account is not configured any more")
        return None
    try:
        whole = _whole(ingester, receipt)
        records = _records(ingester, account, whole)
    except DecodeError as error:
        _park(ingester, receipt, account.vendor, error.problem)
        return None
    applied = _take(ingester, account, whole, records)
    if applied < records.readable + len(records.unreadable):
        return replace(receipt, applied=applied, of=records.readable)
    if receipt.source == "push":
        at, noted = receipt.received_at, ingester.noted
        accounts.seen_push(ingester.table, account.name, receipt.kind, at, noted, brought=bool(records.readable))
    return None


def _take_note(ingester: Ingester, account: Account | None, receipt: VendorBytes) -> None:
    """What `webhook` saw of a push that it did not store."""
    if account is None:
        return
    if receipt.source == "tried":
        accounts.note_try(ingester.table, account.name, receipt.kind, receipt.received_at)
        return
    detail = f"a push of {receipt.kind} with the right token was refused: {receipt.body.decode(errors='replace')}"
    ingester.alert(account.name, account.vendor, "push_refused", detail, at=receipt.received_at)


def _whole(ingester: Ingester, receipt: VendorBytes) -> VendorBytes:
    """The receipt with its body, wherever that is kept. Raises DecodeError when nobody can read it."""
    body: bytes | None = receipt.body
    if receipt.page:
        body = pages.get_page(ingester.table, receipt.page)
    if body is None:
        raise DecodeError("the table does not keep its body any more", b"")
    whole = replace(receipt, body=body)
    if receipt.source == "push" and (wrapping := whole.push.wrapping):
        raise DecodeError(f"its body is wrapped in {wrapping}, which nobody agreed on", body)
    return whole


@dataclass(frozen=True, slots=True)
class _Records:
    """What a receipt holds: `apply` applies those that can be read, from one to before another, `step` at once."""

    apply: Callable[[int, int], None]
    step: int
    readable: int
    unreadable: Sequence[Unreadable]


def _records(ingester: Ingester, account: Account, receipt: VendorBytes) -> _Records:
    """Raises DecodeError when nothing can be read."""
    at, ttl = receipt.received_at, ingester.ttl
    if receipt.kind == "reports":
        reported = decode_reports(account, receipt)

        def apply_reports(start: int, stop: int) -> None:
            take_reports(ingester, account, bounded.reports(reported.items[start:stop]), at, ttl)

        return _Records(apply_reports, REPORTS_AT_ONCE, len(reported.items), reported.unreadable)
    written = decode_inbound(account, receipt)

    def apply_replies(start: int, stop: int) -> None:
        take_replies(ingester.table, account, written.items, start, stop, at, ttl)

    return _Records(apply_replies, REPLIES_AT_ONCE, len(written.items), written.unreadable)


def _take(ingester: Ingester, account: Account, receipt: VendorBytes, records: _Records) -> int:
    """Apply what can be read, then park each of the rest by itself. How many records are seen to when time is over."""
    readable = records.readable
    applied = receipt.applied if receipt.of == readable else 0  # else it was read in another way, by another release
    while applied < readable:
        stop = min(applied + records.step, readable)
        records.apply(applied, stop)
        applied = stop
        if ingester.is_over:
            return applied
    for each in records.unreadable[applied - readable :]:
        _park(ingester, _alone(receipt, each), account.vendor, f"{each.place}: {each.problem}")
        applied += 1
        if ingester.is_over:
            break
    return applied


def _alone(receipt: VendorBytes, unreadable: Unreadable) -> VendorBytes:
    """A receipt of one record, as the vendor would have handed it out, to be parked and put back by itself."""
    return replace(receipt, method="POST", query=(), body=unreadable.body, page="", applied=0, of=0)


def decode_reports(account: Account, receipt: VendorBytes) -> Page[Report]:
    """The delivery reports in a receipt. Raises DecodeError."""
    vendor = VENDORS[account.vendor]
    if receipt.source == "push" and vendor.report_push:
        return vendor.report_push.decode_report_push(account, receipt.push)
    if receipt.source == "poll" and vendor.report_poll:
        page = vendor.report_poll.decode_report_poll(account, receipt.response)
        return Page(()) if isinstance(page, Refused) else page
    raise DecodeError(f"{account.vendor} has no reports by {receipt.source}", receipt.body)


def decode_inbound(account: Account, receipt: VendorBytes) -> Page[Inbound]:
    """The replies in a receipt. Raises DecodeError."""
    vendor = VENDORS[account.vendor]
    if receipt.source == "push" and vendor.inbound_push:
        return vendor.inbound_push.decode_inbound_push(account, receipt.push)
    if receipt.source == "poll" and vendor.inbound_poll:
        page = vendor.inbound_poll.decode_inbound_poll(account, receipt.response)
        return Page(()) if isinstance(page, Refused) else page
    raise DecodeError(f"{account.vendor} has no replies by {receipt.source}", receipt.body)


def _park(ingester: Ingester, receipt: VendorBytes, vendor: str, problem: str) -> None:
    """Put away what nobody can read, with its bytes and the reason, and say so."""
    ingester.park(receipt, problem)
    ingester.alert(receipt.account, vendor, "receipt_parked", f"{receipt.kind} by {receipt.source}: {problem}")
