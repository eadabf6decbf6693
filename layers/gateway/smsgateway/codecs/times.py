"""A vendor's time as a moment. Documents name one form each; platforms write others, which are read all the same.

What cannot be read is none: a report or reply then has the moment of its receipt, and its raw record what was said.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from smsgateway.clock import BEIJING
from smsgateway.codecs.charsets import bare

_WRITTEN = re.compile(
    r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})[T ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,9}))?)?"
    r"(?: *(Z)| *([+-])(\d{2}):?(\d{2})| (\d{2}):(\d{2}))?",
    re.ASCII,
)
_UNITS = re.compile(" ?([年月日时時点點分秒]) ?")
_GROUPED = re.compile(r"\d{8}[T ]\d{2}:?\d{2}(?::?\d{2})?", re.ASCII)
# Digits alone, by how many there are.
_DIGITS = {12: ("%Y%m%d%H%M", "%y%m%d%H%M%S"), 14: ("%Y%m%d%H%M%S",), 17: ("%Y%m%d%H%M%S%f",)}
_EPOCH = {10: 1, 13: 1000}  # digits → units a second
_CENTURIES = ("19", "20")


@lru_cache(maxsize=1024)  # the reports of a page share a few
def beijing_time(text: str, own: str = "") -> datetime | None:
    """A vendor's time, which is Beijing's where it carries no zone; None when it cannot be read.

    `own`: the vendor's form of digits alone, where that is none of the common ones. Ten digits are seconds since 1970
    unless it says otherwise.
    """
    written = bare(text)
    if len(written) == 19 and written[4] == "-" and written.isascii():  # nearly all of them
        try:
            return _in_range(datetime.fromisoformat(written))
        except ValueError:
            pass
    written = " ".join(unicodedata.normalize("NFKC", written).upper().split())
    written = _UNITS.sub(_mark_of, written).strip(" :")
    digits = re.sub(r"\.\d*$", "", written)
    if _GROUPED.fullmatch(written):
        digits = re.sub("[^0-9]", "", written)
    if digits.isascii() and digits.isdigit():
        return _of_digits(digits, own)
    return _of_fields(written)


def _mark_of(unit: re.Match[str]) -> str:
    return "-" if unit[1] in "年月" else " " if unit[1] == "日" else ":" if unit[1] != "秒" else ""


def _in_range(moment: datetime) -> datetime | None:
    if not 1970 <= moment.year < 9999:  # the first and last of all years overflow in another zone
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)


def _of_digits(digits: str, own: str) -> datetime | None:
    for form in filter(None, (own, *_DIGITS.get(len(digits), ()))):
        if form.startswith("%Y") and not digits.startswith(_CENTURIES):
            continue
        try:
            moment = datetime.strptime(digits, form)  # noqa: DTZ007 - `_in_range` adds the zone
        except ValueError:
            continue
        # strptime takes fewer digits than a field has, and so reads dates that are not there.
        written = moment.strftime(form)
        if digits == (written[: len(digits)] if form.endswith("%f") else written):
            return _in_range(moment)
    # Until 2033. What begins with a 2 is more likely a date that lost digits.
    if (units := _EPOCH.get(len(digits))) and digits.startswith("1") and not (own and units == 1):
        seconds, rest = divmod(int(digits), units)
        return datetime.fromtimestamp(seconds, UTC) + timedelta(milliseconds=rest)
    return None


def _of_fields(text: str) -> datetime | None:
    found = _WRITTEN.fullmatch(text)
    if not found:
        return None
    year, _, month, day, hour, minute, second, fraction, *_ = found.groups()
    try:
        moment = datetime(  # noqa: DTZ001 - `_in_range` adds the zone
            int(year),
            int(month),
            int(day),
            int(hour),
            int(minute),
            int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")),
        )
        return _in_range(moment.replace(tzinfo=_zone(found)))
    except ValueError:
        return None


def _zone(found: re.Match[str]) -> timezone | None:
    """The zone that a time carries. The `+` of one in a form can have become a blank."""
    if found[9]:
        return UTC
    sign, hours, minutes = found[10] or "+", found[11] or found[13], found[12] or found[14]
    if hours is None:
        return None
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == "-" else offset)
