"""Caps: how many texts of one purpose a number may get within a time, over windows that slide.

Operators count the same: above their figures a text is dropped, and the signature is noted. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence

from smsgateway.clock import Millis, millis
from smsgateway.model import Cap, Purpose

DAY = 86_400  # seconds
MOST_TEXTS = 100  # that a cap may allow: all that count are kept in the number's item
WINDOWS: Mapping[str, int] = {"minute": 60, "hour": 3_600, "day": DAY}  # seconds

# What operators and vendors' platforms allow by default.
DEFAULT_CAPS: Mapping[Purpose, tuple[Cap, ...]] = {
    "otp": ((1, 60), (5, 3_600), (10, DAY)),
    "notice": (),
    "marketing": ((3, DAY),),
}


def next_room(counted: Sequence[Millis], caps: Sequence[Cap], at: Millis) -> Millis:
    """Returns the first moment from `at` on at which one more text keeps all caps: `at` itself, if there is room.

    `counted`: the moments of the texts that count already, in any order, planned ones included. What these break among
    themselves, because a cap was higher before, does not matter.
    """
    ends = (earlier + millis(seconds) for earlier in counted for _, seconds in caps)
    later = sorted({end for end in ends if end > at})
    return next(moment for moment in [at, *later] if all(_kept(counted, cap, moment) for cap in caps))


def _kept(counted: Sequence[Millis], cap: Cap, at: Millis) -> bool:
    """Whether no window that one more text at this moment falls into has more texts than it may."""
    texts, seconds = cap
    near = sorted([at, *(moment for moment in counted if abs(moment - at) < millis(seconds))])
    return all(last - first >= millis(seconds) for first, last in _first_and_last(near, texts + 1))


def _first_and_last(moments: Sequence[Millis], texts: int) -> Iterator[tuple[Millis, Millis]]:
    """The first and the last moment of every so many texts that follow each other."""
    return zip(moments, moments[texts - 1 :], strict=False)
