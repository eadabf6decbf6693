"""May this account be called now? Keeps a vendor that hangs, or refuses everything, from taking every worker.

In-flight calls are capped for each account: not all of them, which would cost two writes a call, but those that take
longer than SLOW_AFTER. A vendor that hangs so gets `in_flight` workers, and those of its first moments. A breaker opens
after `breaker_failures` calls in a row that failed or refused the account; after `breaker_seconds` one call may find
out whether the vendor answers again. In a row is as far as a worker knows: one that was told a moment ago that all is
well (queues.WakeUp) ends no row.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from smsgateway.errors import AmbiguousError, DecodeError, NotSentError
from smsgateway.model import About, Account, Refused
from smsgateway.routing import CallResult
from smsgateway.store import breakers
from smsgateway.store.breakers import BreakerState
from smsgateway.store.table import Table

SLOW_AFTER = 1.0  # seconds
FULL_PAUSE = 1_000  # milliseconds until a wake-up that found too many slow calls comes again, for the first time
LONGEST_PAUSE = 15_000


@dataclass(frozen=True, slots=True)
class NotNow:
    """Not now: for `wait` milliseconds. `elsewhere`: another account may be asked instead."""

    wait: int
    elsewhere: bool


def pause(since: int, until: int, now: int, jitter: float) -> int:
    """Milliseconds until a wake-up comes again that found too many slow calls. `jitter` is random, in [0, 1).

    Half to all of what it has waited so far, from `since` on: however many wait, they leave the workers to others, and
    none waits more than twice as long as it must. It comes again while its message is valid, which ends at `until`.
    """
    growing = int((now - since) * (1 + jitter) / 2)
    return max(FULL_PAUSE, min(growing, (until - now) // 2, LONGEST_PAUSE))


def may_call(account: Account, known: BreakerState, now: int, when_full: int) -> NotNow | None:
    """None when the account may be called, as far as is known. `when_full`: what `pause` says."""
    if known.open_until > now:
        return NotNow(known.open_until - now, elsewhere=True)
    if known.hanging(now) >= account.options.in_flight:
        return NotNow(when_full, elsewhere=False)
    return None


def claim(table: Table, account: Account, known: BreakerState, now: int) -> int:
    """Be the one call that finds out whether the vendor answers again, of an open breaker whose time is over.

    Only just before that call, for others are shut out meanwhile. Until when (epoch ms), 0 where the breaker is closed;
    negative: another one finds out.
    """
    until = now + account.options.breaker_seconds * 1000
    if not known.open_until:
        return 0
    return until if breakers.claim_probe(table, account.name, known.open_until, until) else -1


def give_back(table: Table, account: Account, known: BreakerState, claimed: int) -> None:
    """No call was made after all: the next worker may find out. `claimed`: what `claim` said."""
    if claimed > 0:
        breakers.claim_probe(table, account.name, claimed, known.open_until)


@contextmanager
def counted_when_slow(table: Table, account: Account, owner: str, until: int, now: Callable[[], int]) -> Iterator[None]:
    """A call that lasts longer than SLOW_AFTER is counted among the account's slow ones, until it ends.

    `until`: the moment (epoch ms) from which its worker counts as dead.
    """
    begun = threading.Event()

    def begin() -> None:
        breakers.begin_slow(table, account.name, owner, until)
        begun.set()

    timer = threading.Timer(SLOW_AFTER, begin)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if begun.is_set():
            with suppress(Exception):  # its outcome must be written all the same; what is left counts until its end
                breakers.end_slow(table, account.name, owner, until, now())


def record(table: Table, account: Account, known: BreakerState, outcome: CallResult, now: int) -> str | None:
    """Count what a call's outcome says of the account. `breaker_open` or `breaker_closed` when that has changed."""
    if failed(outcome):
        until = now + account.options.breaker_seconds * 1000
        opened = breakers.count_failure(table, account.name, account.options.breaker_failures, until)
        return "breaker_open" if opened else None
    if known.failures:
        breakers.forget_failures(table, account.name)
    return "breaker_closed" if known.open_until else None


def failed(outcome: CallResult) -> bool:
    """Whether an outcome speaks against the account, rather than against this message or this moment."""
    if isinstance(outcome, Refused):
        return outcome.about == About.ACCOUNT
    return isinstance(outcome, NotSentError | AmbiguousError | DecodeError)
