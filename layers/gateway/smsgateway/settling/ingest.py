"""From a queue's vendor bytes to what follows from them: reports and replies are applied, the unreadable is parked."""

from collections.abc import Callable, Sequence
from copy import replace
from dataclasses import dataclass

from smsgateway.codecs import bounded
from smsgateway.errors import DecodeError
from smsgateway.model import Account, Unreadable
from smsgateway.queues import VendorBytes
from smsgateway.settling.ingester import Ingester
from smsgateway.settling.reading import decode_inbound, decode_reports, with_body
from smsgateway.settling.replies import take_replies
from smsgateway.settling.reports import take_reports
from smsgateway.store import accounts

REPORTS_AT_ONCE = 200  # between two looks at the time
REPLIES_AT_ONCE = 20


def ingest(ingester: Ingester, vendor_bytes: VendorBytes) -> VendorBytes | None:
    """Apply what vendor bytes say. All of it is decoded before anything is applied, and can be done again.

    Returns None when everything is done. When time is over before that, returns the vendor bytes with a note of how
    far this run came, to be put back into their queue. Each run does some of them, so that the longest come to an end.
    """
    account = ingester.settings().accounts.get(vendor_bytes.account)
    if vendor_bytes.source in ("tried", "refused"):
        _take_note(ingester, account, vendor_bytes)
        return None
    if account is None:
        _park(ingester, vendor_bytes, "", "the account is not configured any more")
        return None
    try:
        complete = with_body(ingester.table, vendor_bytes)
        records = _records(ingester, account, complete)
    except DecodeError as error:
        _park(ingester, vendor_bytes, account.vendor, error.problem)
        return None
    applied = _take(ingester, account, complete, records)
    if applied < records.readable + len(records.unreadable):
        return replace(vendor_bytes, applied=applied, of=records.readable)
    if vendor_bytes.source == "push":
        at, brought = vendor_bytes.received_at, bool(records.readable)
        accounts.seen_push(ingester.table, account.name, vendor_bytes.kind, at, ingester.noted, brought=brought)
    return None


def _take_note(ingester: Ingester, account: Account | None, note: VendorBytes) -> None:
    """Write down what `webhook`, which has no table, tells of a push that it did not store."""
    if account is None:
        return
    if note.source == "tried":
        accounts.note_try(ingester.table, account.name, note.kind, note.received_at)
        return
    detail = f"a push of {note.kind} with the right token was refused: {note.body.decode(errors='replace')}"
    ingester.alert(account.name, account.vendor, "push_refused", detail, at=note.received_at)


@dataclass(frozen=True, slots=True)
class _Records:
    """What vendor bytes hold: `apply` applies the readable ones from one to before another, `step` at once."""

    apply: Callable[[int, int], None]
    step: int
    readable: int
    unreadable: Sequence[Unreadable]


def _records(ingester: Ingester, account: Account, vendor_bytes: VendorBytes) -> _Records:
    """Decode everything. Raises DecodeError when nothing can be read."""
    received_at = vendor_bytes.received_at
    if vendor_bytes.kind == "reports":
        reports = decode_reports(account, vendor_bytes)

        def apply_reports(start: int, stop: int) -> None:
            take_reports(ingester, account, bounded.reports(reports.items[start:stop]), received_at)

        return _Records(apply_reports, REPORTS_AT_ONCE, len(reports.items), reports.unreadable)
    replies = decode_inbound(account, vendor_bytes)

    def apply_replies(start: int, stop: int) -> None:
        # All so far, for equal replies are told apart by their order.
        take_replies(ingester, account, replies.items[:stop], start, received_at)

    return _Records(apply_replies, REPLIES_AT_ONCE, len(replies.items), replies.unreadable)


def _take(ingester: Ingester, account: Account, vendor_bytes: VendorBytes, records: _Records) -> int:
    """Apply what can be read, then park each of the rest by itself. Returns how many records are done so far."""
    readable = records.readable
    # Another release may have read another number of them: then its count says nothing, and all are applied again.
    applied = vendor_bytes.applied if vendor_bytes.of == readable else 0
    while applied < readable:
        stop = min(applied + records.step, readable)
        records.apply(applied, stop)
        applied = stop
        if ingester.is_over:
            return applied
    for each in records.unreadable[applied - readable :]:  # by now `applied` is `readable` at least
        _park(ingester, _alone(vendor_bytes, each), account.vendor, f"{each.place}: {each.problem}")
        applied += 1
        if ingester.is_over:
            break
    return applied


def _alone(vendor_bytes: VendorBytes, unreadable: Unreadable) -> VendorBytes:
    """Return one record as the vendor would have handed it out alone, to be parked and put back by itself."""
    return replace(vendor_bytes, method="POST", query=(), body=unreadable.body, page="", applied=0, of=0)


def _park(ingester: Ingester, vendor_bytes: VendorBytes, vendor: str, problem: str) -> None:
    """Put away what nobody can read, with its bytes and the reason, and raise an alert."""
    ingester.park(vendor_bytes, problem)
    detail = f"{vendor_bytes.kind} by {vendor_bytes.source}: {problem}"
    ingester.alert(vendor_bytes.account, vendor, "receipt_parked", detail)
