"""Quiet hours: when marketing is not sent. A day has the same every day, in Beijing's time. Pure."""

from datetime import datetime, time, timedelta

from smsgateway.clock import BEIJING, Millis, millis_of
from smsgateway.model import QuietHours


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
