"""Times as clients write them: ISO 8601 with a zone, in every form that this allows, and as a query brings them."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from smsgateway.clock import Millis

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

# Python's reader knows neither the end of a day as 24:00 nor a leap second.
_END_OF_DAY = re.compile(r"(?<=T)24(?=(?::?00){0,2}(?:[.,]0+)?(?:[Z+-]|$))")
_LEAP_SECOND = re.compile(r"(?<=T[0-9]{2}:[0-9]{2}:)60(?=[Z+.,-]|$)|(?<=T[0-9]{4})60(?=[Z+.,-]|$)")
_ZONE_WITHOUT_PLUS = re.compile(r"([^ ]+[T ][0-9:.,]+) ([0-9]{2}(?::?[0-9]{2}){0,2})", re.IGNORECASE)


def moment(value: str) -> Millis:
    """The time that is written in ISO 8601 with a zone. Raises ValueError, whose text says what must be there."""
    plain = re.sub(r" (?=[Z+-])", "", " ".join(value.upper().replace("\u2212", "-").split()))
    plain = re.sub(r"^([0-9-]+) (?=[0-9])", r"\1T", plain)
    later = timedelta(days=bool(_END_OF_DAY.search(plain)), seconds=bool(_LEAP_SECOND.search(plain)))
    plain = _LEAP_SECOND.sub("59", _END_OF_DAY.sub("00", plain))
    with suppress(ValueError):
        at = datetime.fromisoformat(plain)
        if at.tzinfo is not None:
            return (at - EPOCH + later) // MILLISECOND
    raise ValueError("must be a date, a time and a zone (ISO 8601), for example 2026-01-31T01:30:00Z")


def asked_moment(value: str) -> Millis:
    """The time that is written in a query, where a `+` that is not encoded arrives as a blank. Raises ValueError."""
    written = " ".join(value.split())
    matched = _ZONE_WITHOUT_PLUS.fullmatch(written)
    return moment(f"{matched[1]}+{matched[2]}" if matched else written)
