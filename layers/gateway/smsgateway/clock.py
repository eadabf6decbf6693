"""Time, as the gateway counts it.

A time is milliseconds since the epoch, UTC, and a duration is milliseconds too: both are `Millis`. Where others count
in seconds (options of an account, DynamoDB's `ttl`, delays of SQS, the limit of a call), the name says so: `seconds`,
`_seconds` or `_s` at its end, or `ttl`. The functions of this module convert one into the other; none reads a clock.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

type Millis = int

BEIJING = timezone(timedelta(hours=8))  # China has no other zone and no summer time


def utc(at: Millis) -> datetime:
    """A time as a datetime in UTC, as codecs take it."""
    return datetime.fromtimestamp(at / 1000, UTC)


def millis_of(time: datetime) -> Millis:
    """A datetime, which has a zone, as milliseconds since the epoch; any fraction of a millisecond is cut off."""
    return int(time.timestamp() * 1000)


def iso(at: Millis) -> str:
    """A time as ISO 8601 in UTC, as the API and the events write it: `2026-01-01T00:00:00.000Z`."""
    return utc(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day_of(at: Millis) -> date:
    """The day in Beijing that a time belongs to; clients' limits and vendors' statistics are counted by such days."""
    return datetime.fromtimestamp(at / 1000, BEIJING).date()


def sortable(at: Millis) -> str:
    """A time as thirteen digits, which sort as text as times do; the table's indexes hold times like this."""
    return f"{at:013d}"


def seconds(duration: Millis) -> float:
    """A duration as seconds, for whatever waits in seconds."""
    return duration / 1000


def millis(seconds: float) -> Millis:
    """Seconds as milliseconds; any fraction of a millisecond is cut off."""
    return int(seconds * 1000)


def epoch_seconds(at: Millis) -> int:
    """A time as whole seconds since the epoch, as DynamoDB compares `ttl` with it."""
    return at // 1000


def lasting(wall: Callable[[], float], monotonic: Callable[[], float]) -> Callable[[], float]:
    """A clock that goes on as fast as the faster of two, both in seconds, and never back.

    Lambda freezes a process between calls, and its monotonic clock may stand still meanwhile: what was to be kept for a
    minute would be kept for hours. The wall clock knows of that time, but it may be set back. Returns a function that
    returns the seconds that have passed since this call.
    """
    seen = (wall(), monotonic())
    passed = 0.0

    def passed_seconds() -> float:
        nonlocal seen, passed
        now = (wall(), monotonic())
        passed += max(0.0, now[0] - seen[0], now[1] - seen[1])
        seen = now
        return passed

    return passed_seconds
