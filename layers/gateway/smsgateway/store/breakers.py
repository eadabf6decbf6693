"""How an account's vendor calls go: which of them take long, and whether its breaker is open.

One item an account. A vendor that answers promptly costs neither a write nor a read of its own: the item is read
together with the submission that is to be sent.
"""

from dataclasses import dataclass

from smsgateway.store.table import ConditionFailed, Item, Key, Table, Update


@dataclass(frozen=True, slots=True)
class BreakerState:
    """What is known of an account's calls. Times are epoch milliseconds."""

    slow: frozenset[tuple[int, str]] = frozenset()  # until when a call can last at most, and its owner
    failures: int = 0  # in a row
    open_until: int = 0  # 0: the breaker is closed

    @property
    def well(self) -> bool:
        """Whether there is nothing to consider, nor to forget once the vendor has answered."""
        return self == BreakerState()

    def hanging(self, now: int) -> int:
        """How many calls are taking long right now; those of dead workers do not count beyond their time."""
        return sum(until >= now for until, _ in self.slow)


def breaker_key(account: str) -> Key:
    return f"account#{account}", "calls"


def read_breaker(item: Item | None) -> BreakerState:
    if item is None:
        return BreakerState()
    slow = frozenset(
        (int(until), owner) for until, _, owner in (entry.partition("#") for entry in item.get("slow", ()))
    )
    return BreakerState(slow, item.get("failures", 0), item.get("open_until", 0))


def begin_slow(table: Table, account: str, owner: str, until: int) -> None:
    table.update(Update(breaker_key(account), "ADD slow :entry", {"entry": {f"{until:013d}#{owner}"}}))


def end_slow(table: Table, account: str, owner: str, until: int, now: int) -> None:
    """Take the call away, and those that dead workers left."""
    left = table.update(Update(breaker_key(account), "DELETE slow :entry", {"entry": {f"{until:013d}#{owner}"}}))
    if dead := {entry for entry in left.get("slow", ()) if int(entry.partition("#")[0]) < now}:
        table.update(Update(breaker_key(account), "DELETE slow :dead", {"dead": dead}))


def count_failure(table: Table, account: str, limit: int, until: int) -> bool:
    """One more failure in a row; from `limit` on the breaker is open until `until`. True when this one opened it."""
    calls = table.update(Update(breaker_key(account), "ADD failures :one", {"one": 1}))
    if calls["failures"] < limit:
        return False
    table.update(Update(breaker_key(account), "SET open_until = :until", {"until": until}))
    return "open_until" not in calls


def forget_failures(table: Table, account: str) -> None:
    """The vendor has answered: the breaker is closed."""
    table.update(Update(breaker_key(account), "REMOVE failures, open_until", {}))


def claim_probe(table: Table, account: str, seen: int, until: int) -> bool:
    """Be the one call that finds out whether the vendor answers again, once the breaker's time is over."""
    values = {"until": until, "seen": seen}
    try:
        table.update(Update(breaker_key(account), "SET open_until = :until", values, "open_until = :seen"))
    except ConditionFailed:
        return False
    return True
