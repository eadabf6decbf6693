"""Quiet hours: when marketing is not sent. A day has the same every day, in Beijing's time. Pure.

What waits for their end goes on over the half hour after it, and not all at once: a night's broadcasts would hold up
each other, and every account.
"""

from datetime import datetime, time, timedelta
from zlib import crc32

from smsgateway.clock import BEIJING, Millis, millis_of
from smsgateway.model import QuietHours

MINUTE: Millis = 60_000
SPREAD = 30 * MINUTE
DAY_MINUTES = 24 * 60


def quiet_until(at: Millis, hours: QuietHours) -> Millis | None:
    """Returns when the quiet hours end that a moment falls into; None if it falls into none.

    The first minute is quiet, the last is not: 21:00 to 08:00 is over at 08:00.
    """
    moment = datetime.fromtimestamp(at / 1000, BEIJING)
    begins, ends = hours
    minute = 60 * moment.hour + moment.minute
    quiet = begins <= minute < ends if begins < ends else minute >= begins or minute < ends
    if not quiet:
        return None
    end = datetime.combine(moment.date(), time(), BEIJING) + timedelta(minutes=ends)
    return millis_of(end if end > moment else end + timedelta(days=1))


def spread_of(end: Millis, hours: QuietHours, valid_until: Millis) -> Millis:
    """Returns for how long after the end of quiet hours goes on what has waited for it; at least a millisecond.

    It must not last into the next quiet hours, and leaves half of the time for which a message is still valid.
    """
    begins, ends = hours
    return max(1, min(SPREAD, (begins - ends) % DAY_MINUTES * MINUTE, (valid_until - end) // 2))


def goes_on_at(at: Millis, hours: QuietHours | None, valid_until: Millis, reference: str) -> Millis:
    """Returns when a submission may be sent that is due at a moment: then, or at its own time after quiet hours.

    `hours`: None where there are none. `reference`: of the submission; its hash chooses the time.
    """
    end = quiet_until(at, hours) if hours else None
    if hours is None or end is None:
        return at
    return end + place_in(spread_of(end, hours, valid_until), reference)


def place_in(spread: Millis, reference: str) -> Millis:
    """Returns a submission's own time within a spread: always the same, and evenly spread over all submissions."""
    return crc32(reference.encode()) % spread if spread else 0
