"""What was learned of signatures from vendors: which are refused, by account and carrier, until they are tried again.

One item an account, carrier and signature, changed by a write on the version that was read. A refusal of a submission
counts at once. A report is one operator's word about one number, which may be noise: reports count once those of
REPORTS_NEEDED different numbers, all within REPORTS_WITHIN, say the same.

Everything may be told again: the same report counts once, a refusal that stands stays as it is, and what is older than
an administrator's `forget` is not heard any more.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from smsgateway.clock import Millis, epoch_seconds
from smsgateway.ids import shard
from smsgateway.store.keys import SIGNATURES, account_pk, signature_key
from smsgateway.store.table import UNUSED, ConditionFailed, Item, Key, Query, Table

REFUSED_FOR: Millis = 7 * 86_400_000  # then the signature is tried again
REPORTS_NEEDED = 3
REPORTS_WITHIN: Millis = 3_600_000
REMEMBERED_FOR: Millis = 86_400_000  # reports that are too few, and that something was forgotten
TRIES = 5  # of a write that others write too


@dataclass(frozen=True, slots=True)
class SignaturePlace:
    """What a refusal is about: a signature (without brackets), with an account's vendor and a carrier (ANY_CARRIER)."""

    account: str
    carrier: str
    signature: str

    @property
    def key(self) -> Key:
        """Where it stands what was learned at this place."""
        return signature_key(self.account, self.carrier, self.signature)


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned at a place. Times are epoch milliseconds."""

    place: SignaturePlace
    refused_at: Millis = 0  # 0: it is not refused, as far as was learned
    vendor_status: str = ""  # the vendor's own word
    reports: Mapping[str, Millis] = field(default_factory=dict)  # when each number's report was; numbers as digests
    forgotten_at: Millis = 0
    version: int = 0  # 0: nothing stands there

    @property
    def refused_until(self) -> Millis:
        """The time at which the signature is tried again."""
        return self.refused_at + REFUSED_FOR


def refusal(known: Learned, at: Millis, vendor_status: str) -> Learned:
    """Returns what is known after a vendor has refused the signature: a refusal that stands stays as it is."""
    if known.refused_at or at <= known.forgotten_at:
        return known
    return replace(known, refused_at=at, vendor_status=vendor_status, reports={}, forgotten_at=0)


def report(known: Learned, at: Millis, number: str, vendor_status: str) -> Learned:
    """Returns what is known after a report for a number has said that the signature is refused."""
    digest = str(shard(number, 2**32))
    if known.refused_at or at <= max(known.forgotten_at, known.reports.get(digest, 0)):
        return known
    reports = {**known.reports, digest: at}
    newest = max(reports.values())
    recent = {other: when for other, when in reports.items() if when > newest - REPORTS_WITHIN}
    if len(recent) >= REPORTS_NEEDED:
        return refusal(known, newest, vendor_status)
    return replace(known, reports=recent)


def forgetting(known: Learned, now: Millis) -> Learned:
    """Returns what is known after an administrator has said that the signature is to be tried again."""
    return replace(known, refused_at=0, vendor_status="", reports={}, forgotten_at=now)


def read_learned(item: Item) -> Learned:
    """What was learned, by its item."""
    carrier, _, signature = item["sk"].removeprefix(SIGNATURES).partition("#")
    return Learned(
        place=SignaturePlace(item["account"], carrier, signature),
        refused_at=item.get("refused_at", 0),
        vendor_status=item.get("vendor_status", ""),
        reports=item.get("reports", {}),
        forgotten_at=item.get("forgotten_at", 0),
        version=item["version"],
    )


def learn(
    table: Table,
    place: SignaturePlace,
    change: Callable[[Learned], Learned],
    now: Millis,
    tell: Callable[[Learned], None] = lambda _: None,
) -> bool:
    """Change what is known at a place: read it, and write what `change` makes of it, unless that is the same.

    `tell` gets a refusal that is about to be written: what it does must bear repetition, for somebody else may be first
    with the write. Returns whether anything was changed: not, if others were first each time, who had as much to say.
    """
    for _ in range(TRIES):
        known = _load(table, place)
        after = change(known)
        if after == known:
            return False
        if after.refused_at and not known.refused_at:
            tell(after)
        if _put(table, after, known.version, now):
            return True
    return False


def forget(table: Table, place: SignaturePlace, now: Millis) -> bool:
    """Forget what was learned at a place. Returns whether there was anything to be forgotten."""

    def forgotten(known: Learned) -> Learned:
        return forgetting(known, now) if known.refused_at or known.reports else known

    return learn(table, place, forgotten, now)


def refusals_of(table: Table, account: str) -> Iterator[Learned]:
    """What was learned to be refused with an account's vendor, in the order of carriers and signatures."""
    values = {"pk": account_pk(account), "prefix": SIGNATURES}
    found = table.query_all(Query("pk = :pk AND begins_with(sk, :prefix)", values))
    return (known for known in map(read_learned, found) if known.refused_at)


def refusals_in(items: Iterable[Item]) -> dict[SignaturePlace, Learned]:
    """What was learned to be refused, by items that were read at `signature_key`."""
    known = map(read_learned, items)
    return {each.place: each for each in known if each.refused_at}


def _load(table: Table, place: SignaturePlace) -> Learned:
    item = table.get(place.key)
    return read_learned(item) if item else Learned(place)


def _put(table: Table, known: Learned, version: int, now: Millis) -> bool:
    """Write what is known. False: somebody else has written since that version was read (0: nothing was there)."""
    pk, sk = known.place.key
    until = known.refused_until if known.refused_at else now + REMEMBERED_FOR
    item = {
        "pk": pk,
        "sk": sk,
        "account": known.place.account,
        "refused_at": known.refused_at or None,
        "vendor_status": known.vendor_status or None,
        "reports": dict(known.reports) or None,
        "forgotten_at": known.forgotten_at or None,
        "version": version + 1,
        "ttl": epoch_seconds(until),
    }
    try:
        if version:
            table.put(item, "version = :version", {"version": version})
        else:
            table.put(item, UNUSED, {"seconds": epoch_seconds(now)})
    except ConditionFailed:
        return False
    return True
