"""What becomes of a client's verifications: one item an hour, which counts them by the minute in which they began.

The figures are for judging, not for billing: a worker that dies between its two writes leaves one count too few, and an
SDK that repeats a write leaves one too many.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from smsgateway.clock import Millis, epoch_seconds
from smsgateway.store.change import Change
from smsgateway.store.keys import conversions_key
from smsgateway.store.table import ConditionFailed, Item, Key, Table

MINUTE: Millis = 60_000
HOUR: Millis = 60 * MINUTE
KEPT_FOR = 3 * 86_400  # seconds


@dataclass(frozen=True, slots=True)
class Conversions:
    """How many verifications were begun, and how many of those were approved."""

    requested: int = 0
    approved: int = 0

    @property
    def share(self) -> float:
        """The share of them that was approved; 0 where there was none."""
        return self.approved / self.requested if self.requested else 0.0


def hour_key(client: str, at: Millis) -> Key:
    """Where the hour of a time is counted."""
    return conversions_key(client, f"{at // HOUR:07d}")


def keys_between(client: str, first: Millis, end: Millis) -> list[Key]:
    """Where everything is counted from the minute of `first` up to, but without, that of `end`."""
    return [hour_key(client, hour * HOUR) for hour in range(first // HOUR, (end - 1) // HOUR + 1)]


def between(items: Mapping[Key, Item], client: str, first: Millis, end: Millis) -> Conversions:
    """What is counted from the minute of `first` up to, but without, that of `end`, among items that were read."""
    requested = approved = 0
    for minute in range(first // MINUTE, end // MINUTE):
        at = minute * MINUTE
        item = items.get(hour_key(client, at), {})
        requested += item.get(_requested(at), 0)
        approved += item.get(_approved(at), 0)
    return Conversions(requested, approved)


def count_post(table: Table, client: str, at: Millis, cap: int | None, *, first: bool) -> bool:
    """Count a message with a code, unless the client has had as many in this hour of the clock as it may (`cap`).

    `first`: whether it begins a verification, or repeats a code. Returns False if the cap is reached.
    """
    change = Change(hour_key(client, at)).add(posts=1, **({_requested(at): 1} if first else {}))
    change = change.set(ttl=epoch_seconds(at) + KEPT_FOR)
    if cap is not None:
        change = change.when("attribute_not_exists(posts) OR posts < :cap", cap=cap)
    try:
        table.update(change)
    except ConditionFailed:
        return False
    return True


def take_back(table: Table, client: str, at: Millis, *, first: bool) -> None:
    """Count a message no more, because it was refused. An SDK's repeats take nothing more back: the cap holds."""
    table.update_once(Change(hour_key(client, at)).add(posts=-1, **({_requested(at): -1} if first else {})))


def count_approval(table: Table, client: str, begun_at: Millis) -> None:
    """Count an approval, in the minute in which its verification began."""
    table.update(Change(hour_key(client, begun_at)).add(**{_approved(begun_at): 1}))


def _requested(at: Millis) -> str:
    return f"r{at // MINUTE % 60:02d}"


def _approved(at: Millis) -> str:
    return f"a{at // MINUTE % 60:02d}"
