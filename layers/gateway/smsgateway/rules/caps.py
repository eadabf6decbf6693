"""Caps: how many texts of one purpose a number may get within a time, over windows that slide.

Operators count the same: above their figures a text is dropped, and the signature is noted. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from smsgateway.clock import Millis, millis
from smsgateway.model import Cap, Purpose

DAY = 86_400  # seconds
MOST_TEXTS = 100  # that a cap may allow
WINDOWS: Mapping[str, int] = {"minute": 60, "hour": 3_600, "day": DAY}  # seconds

# What operators and vendors' platforms allow by default.
DEFAULT_CAPS: Mapping[Purpose, tuple[Cap, ...]] = {
    "otp": ((1, 60), (5, 3_600), (10, DAY)),
    "notice": (),
    "marketing": ((3, DAY),),
}


# A text: the first and the last moment at which it may go out. They are the same where nothing puts it off.
type Span = tuple[Millis, Millis]


def next_room(counted: Sequence[Span], caps: Sequence[Cap], at: Millis, late: Millis = 0) -> Millis:
    """Returns the first moment from `at` on at which one more text keeps all caps: `at` itself, if there is room.

    `counted`: the texts that count already, in any order, planned ones included. What these break among themselves,
    because a cap was higher before, does not matter. `late`: how much later the text may go out. A text counts at each
    moment at which it may go out, so that the caps are kept whatever moments are chosen.
    """
    taken = sorted(
        (begins - late, ends + millis(cap[1])) for cap in caps for begins, ends in _full_windows(counted, cap)
    )
    for begins, ends in taken:
        if begins < at < ends:
            at = ends
    return at


def _full_windows(counted: Sequence[Span], cap: Cap) -> Iterator[tuple[Millis, Millis]]:
    """Which windows may have as many texts as the cap allows: those that begin after the first of two moments, up to
    the second. A text may be in the windows that begin up to its last moment, and end after its first."""
    texts, seconds = cap
    changes = sorted(
        [(first - millis(seconds), 1) for first, _ in counted] + [(last, -1) for _, last in counted],
    )
    there = 0
    for (moment, change), (following, _) in pairwise(changes):
        there += change
        if there >= texts and moment < following:
            yield moment, following
