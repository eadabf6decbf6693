"""May this account be called now? Keeps a vendor that hangs, or refuses everything, from taking every worker.

Slow calls are capped for each account: those that take longer than SLOW_AFTER, for counting every call would cost two
writes each. A vendor that hangs gets `in_flight` workers, and those of its first moments. A breaker opens after
`breaker_failures` calls in a row that failed or refused the account; after `breaker_seconds` one trial call may find
out whether the vendor answers again. The count of consecutive failures is approximate: a worker that skipped reading
the breaker (its wake-up carried `clear_until`) does not reset the count when its call succeeds.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from smsgateway.clock import Millis, millis
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
    """An account is not to be called for `wait`. `elsewhere`: another account may be asked instead."""

    wait: Millis
    elsewhere: bool


def pause(since: Millis, until: Millis, now: Millis, jitter: float) -> Millis:
    """How long a wake-up that found too many slow calls is put back for. `jitter` is random, in [0, 1).

    Half to all of what it has waited so far, from `since` on: however many wait, they leave the workers to others, and
    none waits more than twice as long as it must. It comes again while its message is valid, which ends at `until`.
    """
    growing = int((now - since) * (1 + jitter) / 2)
    return max(FULL_PAUSE, min(growing, (until - now) // 2, LONGEST_PAUSE))


def may_call(account: Account, state: BreakerState, now: Millis, when_full: Millis) -> NotNow | None:
    """Say whether an account may be called, as far as the `state` of its breaker tells. Returns None if it may.

    `when_full`: how long to wait for one of its slow calls to end, see `pause`. When the breaker's own pause is over,
    the caller must claim the trial call just before it calls (`claim_trial`).
    """
    if state.open_until > now:
        return NotNow(state.open_until - now, elsewhere=True)
    if state.hanging(now) >= account.options.in_flight:
        return NotNow(when_full, elsewhere=False)
    return None


def claim_trial(table: Table, account: Account, state: BreakerState, now: Millis) -> Millis | None:
    """Claim the trial call of a breaker whose pause is over, just before that call, for it shuts others out meanwhile.

    Returns the time until which they are, 0 if the breaker is closed and no claim is needed, and None if another worker
    makes the trial call.
    """
    if not state.open_until:
        return 0
    until = now + millis(account.options.breaker_seconds)
    return until if breakers.claim_trial(table, account.name, state.open_until, until) else None


def give_back_trial(table: Table, account: Account, state: BreakerState, claimed_until: Millis) -> None:
    """Let the next worker make the trial call, because this one did not. `claimed_until`: what `claim_trial` said."""
    if claimed_until:
        breakers.claim_trial(table, account.name, claimed_until, state.open_until)


@contextmanager
def counted_when_slow(
    table: Table, account: Account, owner: str, until: Millis, now: Callable[[], Millis]
) -> Iterator[None]:
    """Count a call that lasts longer than SLOW_AFTER among the account's slow ones, until it ends.

    `until`: when its worker counts as dead, and the call is not counted any more.
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


def record(table: Table, account: Account, state: BreakerState, result: CallResult, now: Millis) -> str | None:
    """Count what the result of a call says of the account. `state`: the breaker's, as it was before the call.

    Returns `breaker_open` or `breaker_closed` when that has changed.
    """
    if failed(result):
        until = now + millis(account.options.breaker_seconds)
        opened = breakers.count_failure(table, account.name, account.options.breaker_failures, until)
        return "breaker_open" if opened else None
    if state.failures:
        breakers.forget_failures(table, account.name)
    return "breaker_closed" if state.open_until else None


def failed(result: CallResult) -> bool:
    """True if a result speaks against the account, rather than against this message or this moment."""
    if isinstance(result, Refused):
        return result.about == About.ACCOUNT
    return isinstance(result, NotSentError | AmbiguousError | DecodeError)
