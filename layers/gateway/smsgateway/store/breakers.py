"""How an account's vendor calls go: which of them take long, and whether its breaker is open.

One item an account. A vendor that answers promptly costs neither a write nor a read of its own: the item is read
together with the submission that is to be sent.
"""

from dataclasses import dataclass

from smsgateway.clock import Millis, sortable
from smsgateway.store.change import Change
from smsgateway.store.keys import breaker_key
from smsgateway.store.table import ConditionFailed, Item, Table


@dataclass(frozen=True, slots=True)
class BreakerState:
    """What is known of an account's calls. Times are epoch milliseconds."""

    slow: frozenset[tuple[Millis, str]] = frozenset()  # until when a call can last at most, and its owner
    failures: int = 0  # in a row
    open_until: Millis = 0  # 0: the breaker is closed

    @property
    def clear(self) -> bool:
        """True if the breaker is closed, no failure is counted and no call is slow.

        Then there is nothing to check before a call, and nothing to reset after it.
        """
        return self == BreakerState()

    def hanging(self, now: Millis) -> int:
        """How many calls are taking long at `now`. A dead worker's call counts until it would have ended at last."""
        return sum(until >= now for until, _ in self.slow)


def read_breaker(item: Item | None) -> BreakerState:
    """The state in a breaker's item; None, of an account that never had a failure or a slow call, is all well."""
    if item is None:
        return BreakerState()
    slow = frozenset(
        (int(until), owner) for until, _, owner in (entry.partition("#") for entry in item.get("slow", ()))
    )
    return BreakerState(slow, item.get("failures", 0), item.get("open_until", 0))


def begin_slow(table: Table, account: str, owner: str, until: Millis) -> None:
    """Note a call that takes long, by its worker's name and the time (epoch ms) at which it ends at last."""
    table.update(Change(breaker_key(account)).add(slow={_slow(until, owner)}))


def end_slow(table: Table, account: str, owner: str, until: Millis, now: Millis) -> None:
    """Take a call that was slow from the notes, and with it those that dead workers left before `now`."""
    left = table.update(Change(breaker_key(account)).take(slow={_slow(until, owner)}))
    if dead := {entry for entry in left.get("slow", ()) if int(entry.partition("#")[0]) < now}:
        table.update(Change(breaker_key(account)).take(slow=dead))


def _slow(until: Millis, owner: str) -> str:
    """A slow call as a member of a set of texts."""
    return f"{sortable(until)}#{owner}"


def count_failure(table: Table, account: str, limit: int, until: Millis) -> bool:
    """Count one more failure in a row; from `limit` on the breaker is open until `until` (epoch ms).

    Returns True when this failure opened it.
    """
    calls = table.update(Change(breaker_key(account)).add(failures=1))
    if calls["failures"] < limit:
        return False
    table.update(Change(breaker_key(account)).set(open_until=until))
    return "open_until" not in calls


def forget_failures(table: Table, account: str) -> None:
    """Close the breaker, because the vendor has answered."""
    table.update(Change(breaker_key(account)).remove("failures", "open_until"))


def claim_trial(table: Table, account: str, seen: int, until: Millis) -> bool:
    """Claim the one call that finds out whether the vendor answers again, once the breaker's time is over.

    `seen`: until when the breaker was open as it was read; the claim keeps it open until `until`. Returns False when
    another worker has the claim.
    """
    change = Change(breaker_key(account)).set(open_until=until)
    try:
        table.update(change.when("open_until = :seen", seen=seen))
    except ConditionFailed:
        return False
    return True
