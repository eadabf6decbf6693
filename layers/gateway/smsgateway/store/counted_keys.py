"""How often codes were asked for under a client's keys: an address, a device. A key is stored as a hash alone.

An item is written on the condition that nobody has written it since it was read, so that of requests that come at the
same time none gets more than the cap.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from smsgateway.clock import Millis, epoch_seconds, millis
from smsgateway.model import Cap
from smsgateway.rules.caps import DAY, next_room
from smsgateway.store.keys import counted_key
from smsgateway.store.table import EXPIRED, ConditionFailed, Item, Table

KEPT_LONGER = 3_600  # seconds, beyond the longest window
TRIES = 20  # of a write that others write too


@dataclass(frozen=True, slots=True)
class CountedKey:
    """The moments at which codes were asked for under a key, of the last day."""

    digest: str
    moments: tuple[Millis, ...] = ()
    version: int = 0  # of the item that it was read from; 0: there was none


def read_counted(item: Item | None, digest: str) -> CountedKey:
    """What an item counts; nothing if there is none."""
    return CountedKey(digest, tuple(item["moments"]), item["version"]) if item else CountedKey(digest)


def room(counted: CountedKey, caps: Sequence[Cap], now: Millis) -> Millis:
    """The first moment from `now` on at which one more request keeps the caps."""
    return next_room([(moment, moment) for moment in counted.moments], caps, now)


def count(table: Table, counted: CountedKey, caps: Sequence[Cap], now: Millis) -> Millis:
    """Count a request under a key, if there is room for it now.

    Returns `now`; or, if there is no room, the first moment with room: then nothing is counted. Raises ConditionFailed
    when others never let it come to its turn.
    """
    for _ in range(TRIES):
        free_at = room(counted, caps, now)
        if free_at > now:
            return free_at
        try:
            _put(table, counted, now)
        except ConditionFailed as failed:
            counted = read_counted(failed.item, counted.digest)
            continue
        return now
    raise ConditionFailed(None)


def _put(table: Table, counted: CountedKey, now: Millis) -> None:
    pk, sk = counted_key(counted.digest)
    kept = [moment for moment in counted.moments if moment > now - millis(DAY)]
    item = {
        "pk": pk,
        "sk": sk,
        "moments": [*kept, now],
        "version": counted.version + 1,
        "ttl": epoch_seconds(now) + DAY + KEPT_LONGER,
    }
    if counted.version:
        unchanged, seen = "version = :seen", {"seen": counted.version}
    else:
        unchanged, seen = "attribute_not_exists(version)", {}
    table.put(item, f"{unchanged} OR {EXPIRED}", {"seconds": epoch_seconds(now), **seen})
