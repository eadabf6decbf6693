"""Polls of an account: the lease, the intent, and the page that no queue took.

A vendor hands a report out once. So the holder of the lease notes an intent before it asks, and ends it when the answer
is safe. An intent that is left behind says to the next holder that an answer may be lost.
"""

import zlib
from dataclasses import dataclass

from smsgateway.clock import Millis
from smsgateway.store.change import Change
from smsgateway.store.keys import chunk_sk, page_pk, poll_key
from smsgateway.store.table import ConditionFailed, Key, Table

CHUNK_BYTES = 300_000  # of a kept page, below DynamoDB's 400 KB an item


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to poll one account for one kind, and what the last holder left behind. Times are epoch ms."""

    account: str
    kind: str
    owner: str
    lost_at: Millis = 0  # when the last holder asked the vendor, if nobody knows what became of the answer
    free_at: Millis = 0  # the vendor is not to be asked before; the holder of a lease, who alone asks, keeps the pace
    kept: int = 0  # chunks of a page that the last holder could put into no queue


def take_lease(table: Table, account: str, kind: str, owner: str, now: Millis, until: Millis) -> Lease | None:
    """Take the lease until `until` (epoch ms). Returns None while somebody else has it."""
    change = Change(poll_key(account, kind)).set(owner=owner, leased_until=until)
    try:
        item = table.update(change.when("attribute_not_exists(leased_until) OR leased_until < :now", now=now))
    except ConditionFailed as failed:
        if not (failed.item and failed.item.get("owner") == owner):
            return None
        item = failed.item  # the SDK's retry met our own success
    return Lease(account, kind, owner, item.get("intent", 0), item.get("free_at", 0), item.get("kept", 0))


def intend(table: Table, lease: Lease, now: Millis) -> None:
    """Note, before the vendor is asked, that an answer will need a place: what it hands out it forgets.

    This, like every write of a lease's holder, raises ConditionFailed when the lease has run out and another holder
    has taken it.
    """
    table.update(_held(lease).set(intent=now))


def fulfil(table: Table, lease: Lease, polled_at: Millis | None = None, *, brought: bool = False) -> None:
    """End the intent: the answer is in the queue, or there was none to lose.

    `polled_at`: when an answer came (epoch ms), None for none. `brought`: the answer was no empty one.
    """
    brought_at = polled_at if brought else None
    table.update(_held(lease).set(polled_at=polled_at, brought_at=brought_at).remove("intent"))


def keep_page(table: Table, lease: Lease, page: str, ttl: int) -> None:
    """Keep what the vendor handed out and no queue took, for the next holder to store. Ends the intent."""
    packed = zlib.compress(page.encode())
    chunks = [packed[start : start + CHUNK_BYTES] for start in range(0, len(packed), CHUNK_BYTES)]
    for index, chunk in enumerate(chunks):
        pk, sk = _chunk_key(lease, index)
        table.put({"pk": pk, "sk": sk, "bytes": chunk, "ttl": ttl})
    table.update(_held(lease).set(kept=len(chunks)).remove("intent"))


def kept_page(table: Table, lease: Lease) -> str | None:
    """The page that the last holder kept. None: it was kept for longer than anything is."""
    chunks = [table.get(_chunk_key(lease, index)) for index in range(lease.kept)]
    present = [chunk["bytes"] for chunk in chunks if chunk]
    return zlib.decompress(b"".join(present)).decode() if len(present) == lease.kept else None


def forget_kept(table: Table, lease: Lease) -> None:
    """Say that the kept page is in its queue. Its chunks expire by themselves."""
    table.update(_held(lease).remove("kept"))


def _chunk_key(lease: Lease, index: int) -> Key:
    return page_pk(f"{lease.account}#{lease.kind}"), chunk_sk(index)


def give_back(table: Table, lease: Lease, free_at: Millis = 0) -> None:
    """End the lease. `free_at`: when the vendor may be asked next (epoch ms).

    An intent that is left stays for the next holder to see. The lease of a holder that dies runs out, which takes
    longer than any vendor's interval.
    """
    table.update(_held(lease).set(free_at=free_at).remove("leased_until"))


def _held(lease: Lease) -> Change:
    """A write that only the holder of the lease may make."""
    return Change(poll_key(lease.account, lease.kind)).when("#owner = :owner", owner=lease.owner)


def polled_at(table: Table, account: str, kind: str) -> Millis:
    """When a poll of this kind last brought an answer (epoch ms); 0: never."""
    item = table.get(poll_key(account, kind), consistent=False)
    return int(item.get("polled_at", 0)) if item else 0
