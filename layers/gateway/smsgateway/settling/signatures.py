"""What refusals and reports teach of signatures: which account's vendor refuses one, and for which carrier.

A refusal in the answer to a submission is the vendor's own documented word and counts at once; a report is a word that
the vendor passes on, and several numbers must agree (store/signatures.py). A text without a signature teaches nothing,
nor does a request whose texts bring several: nobody can say which of them was meant. All of it can be told again.
"""

from collections.abc import Callable, Collection, Iterable, Sequence

from smsgateway.calling.carriage import Carriage
from smsgateway.calling.signatures import state_by_hand
from smsgateway.clock import Millis, millis_of
from smsgateway.core import Core
from smsgateway.model import Account, Message, Payload, Reason, Report, ReportStatus
from smsgateway.rules.carriers import ANY_CARRIER, carrier_of
from smsgateway.store import signatures
from smsgateway.store.alerts import HOUR
from smsgateway.store.messages import load_payload
from smsgateway.store.report_writes import PlacedReport
from smsgateway.store.signatures import Learned, SignaturePlace
from smsgateway.store.submissions import message_of

STALE: Millis = 86_400_000  # a report of so long ago, put back from where it was parked, says nothing of today


def learn_from_refusal(
    core: Core, carriage: Carriage, numbers: Collection[str], vendor_status: str, at: Millis
) -> None:
    """Learn that a vendor has refused a signature as it answered a submission, or refused some `numbers` of one.

    The refusal counts for the carrier of these numbers, and for all carriers where they are of several, or nobody knows
    of which. `at`: when the vendor was asked, so that nothing that was forgotten meanwhile is learned again.
    """
    read = {signature for signature, readers in carriage.signatures.items() if not set(numbers).isdisjoint(readers)}
    if len(read) != 1 or "" in read:
        return
    carriers = {carrier_of(number) for number in numbers}
    carrier = carriers.pop() if len(carriers) == 1 else ""
    place = SignaturePlace(carriage.account.name, carrier or ANY_CARRIER, read.pop())
    _learn(core, carriage.account, place, lambda known: signatures.refusal(known, at, vendor_status))


def says_refused(report: Report) -> bool:
    """True for a report that says for certain that the signature was refused."""
    refused = report.status == ReportStatus.UNDELIVERED and report.reason == Reason.SIGNATURE_REFUSED
    return refused and report.listed


def learn_from_reports(core: Core, account: Account, reports: Iterable[PlacedReport]) -> None:
    """Learn from those of an account's reports that say that the signature was refused."""
    by_place: dict[SignaturePlace, list[PlacedReport]] = {}
    messages: dict[str, Message | None] = {}
    for placed in reports:
        carrier = carrier_of(placed.number)
        if not says_refused(placed.report) or placed.denied or not carrier:
            continue
        if signature := _signature_of(core, account, placed, messages):
            by_place.setdefault(SignaturePlace(account.name, carrier, signature), []).append(placed)
    for place, placed_there in by_place.items():
        _learn(core, account, place, _taught_by(placed_there, core.now()))


def _taught_by(reports: Sequence[PlacedReport], now: Millis) -> Callable[[Learned], Learned]:
    """What some reports make of what is known."""

    def taught(known: Learned) -> Learned:
        for placed in reports:
            report = placed.report
            at = min(millis_of(report.reported_at), now) if report.reported_at else now
            if at > now - STALE:
                known = signatures.report(known, at, placed.number, report.vendor_status)
        return known

    return taught


def _signature_of(core: Core, account: Account, placed: PlacedReport, messages: dict[str, Message | None]) -> str:
    """The signature that a recipient has read; "" for none, and if nobody knows any more. `messages`: read so far."""
    submission, message_id = placed.submission, placed.submission.key.message_id
    if message_id not in messages:
        messages[message_id] = message_of(core.table, submission)
    message = messages[message_id]
    if message is None:
        return ""
    payload = Payload((placed.number,))
    if message.content is None:
        payload = submission.payload() or load_payload(core.table, submission.key)
        if placed.number not in payload.numbers:
            return ""
        index = payload.numbers.index(placed.number)
        payload = payload.part(index, index + 1)
    (signature,) = Carriage(account, message, payload).signatures
    return signature


def _learn(core: Core, account: Account, place: SignaturePlace, change: Callable[[Learned], Learned]) -> None:
    """Change what is known at a place, and tell the operator of a refusal, before it is written: whoever dies in
    between leaves the refusal to be told again, and no account that is left out without a word."""
    by_hand = state_by_hand(core.settings().signatures, place)

    def tell(learned: Learned) -> None:
        carrier = "all carriers" if place.carrier == ANY_CARRIER else f"the carrier {place.carrier}"
        said = f", though the accounts document says {by_hand}" if by_hand not in (None, "refused") else ""
        detail = f"{place.signature}: refused for {carrier}{said}; the vendor said: {learned.vendor_status}"
        occasion = f"{core.now() // HOUR}#{place.signature}"
        core.alert(account.name, account.vendor, "signature_refused", detail, occasion=occasion)

    signatures.learn(core.table, place, change, core.now(), tell)
