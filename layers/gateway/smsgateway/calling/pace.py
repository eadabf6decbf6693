"""When an account's vendor may be asked: moments that all workers take from one item, with one conditional write each.

Nobody is exact: clocks differ, a network is never twice as fast, and our own writes take time. So a moment lies a
little ahead of its taking, for what has to be written before it. The next one lies a little further away than the
vendor's document asks. A worker that missed its moment does not ask.
"""

from dataclasses import dataclass
from math import ceil

from smsgateway.clock import Millis
from smsgateway.codecs import VENDORS
from smsgateway.model import Account
from smsgateway.store import pacing
from smsgateway.store.table import Table

PATIENCE = 2_000  # milliseconds that a function sleeps at most; what must wait longer goes back with a delay
LEAD = 100  # milliseconds from the taking of a moment to the moment
SLACK = 0.02  # of an interval, that moments lie further apart
MOST_SLACK = 50  # milliseconds
MOST_OF_AN_ITEM = 400  # moments a second: each is one write or two, and an item takes a thousand


def interval_of(account: Account) -> float:
    """Seconds from one submission to the next that the vendor's document or the account's options ask for; 0: none."""
    rate = account.options.requests_per_second
    return max(1 / rate if rate else 0.0, VENDORS[account.vendor].profile.pace.get("send", 0.0))


def spaced(interval: float) -> float:
    """Milliseconds between two moments, for an interval in seconds."""
    return interval * 1000 + _slack(interval)


def _slack(interval: float) -> float:
    """Milliseconds that moments lie further apart than an interval in seconds."""
    return min(interval * 1000 * SLACK, MOST_SLACK)


def take(
    table: Table,
    account: str,
    operation: str,
    interval: float,
    now: Millis,
    patience: Millis = PATIENCE,
    chance: float = 0.0,
) -> Millis:
    """Take the account's next moment for an operation, at most `patience` away. `interval`: seconds between two.

    `chance`: random, in [0, 1); where one item could not give all moments, it chooses one of several. Returns the
    moment. A negative figure means that the next one is further away: nothing was taken, and it is so many
    milliseconds.
    """
    step, earliest, longest = spaced(interval), now + LEAD, max(0, patience - LEAD)
    turns = ceil(1000 / step / MOST_OF_AN_ITEM)
    if turns == 1:
        wait = pacing.reserve(table, account, operation, step, earliest, longest)
    else:
        turn = pacing.Turn(int(chance * turns), turns)
        wait = pacing.reserve_in_turn(table, account, operation, step, earliest, longest, turn)
    return wait - LEAD if wait < 0 else earliest + wait


def hold(
    table: Table,
    account: str,
    operation: str,
    interval: float,
    seconds: float,
    now: Millis,
    patience: Millis = PATIENCE,
) -> Millis:
    """Take a moment for what is seldom asked: nobody else asks while a call of at most `seconds` lasts.

    So it does not matter when in that time the call reaches the vendor. The caller must `release` it after the call.
    `interval`: seconds between two moments. Returns the moment, or a negative figure as `take` does.
    """
    step = spaced(interval) + seconds * 1000
    wait = pacing.reserve(table, account, operation, step, now, patience)
    return wait if wait < 0 else now + wait


def release(
    table: Table, account: str, operation: str, interval: float, seconds: float, moment: Millis, answered_at: Millis
) -> None:
    """Give back what is left of a moment that `hold` gave for a call of `seconds`, unless somebody holds the next.

    `interval`: seconds between two moments, as `hold` was given it.
    """
    free_at, held_until = ceil(answered_at + spaced(interval)), moment + spaced(interval) + seconds * 1000
    pacing.release(table, account, operation, free_at, ceil(held_until))


def missed(moment: Millis, now: Millis) -> bool:
    """True if it is too late for a moment: vendors count the requests of a second, which has SLACK in it."""
    return now > moment + SLACK * 1000


@dataclass(slots=True)
class LeasedPace:
    """The moments of a worker that alone asks: the holder of a lease needs no write for each."""

    interval: float  # seconds
    free_at: Millis
    fastest: Millis | None = None  # the fastest call so far

    def asked(self, at: Millis, answered_at: Millis) -> None:
        """Note when a call was made and when it was answered, and set the time of the next one.

        A call may have reached the vendor as much later as it took longer than the fastest.
        """
        lasted = answered_at - at
        late = answered_at - (self.fastest or 0) + self.interval * 1000 + _slack(self.interval) / 2
        self.free_at = ceil(max(at + spaced(self.interval), late))
        self.fastest = lasted if self.fastest is None else min(self.fastest, lasted)
