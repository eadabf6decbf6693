"""Windows of caps slide: whatever came before, no window has more texts than it may."""

from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.clock import Millis, millis
from smsgateway.model import Cap
from smsgateway.rules.caps import DEFAULT_CAPS, Span, next_room

SECOND: Millis = 1_000
MINUTE: Millis = 60_000
OTP = DEFAULT_CAPS["otp"]
CAPS = st.lists(st.tuples(st.integers(1, 4), st.sampled_from([60, 3_600, 86_400])), max_size=3)


LATE = st.integers(0, 3_600).map(lambda seconds: seconds * SECOND)
SPANS = st.tuples(st.integers(0, 200_000).map(lambda moment: moment * SECOND), LATE).map(lambda it: (it[0], sum(it)))


def on_time(*moments: Millis) -> list[Span]:
    """Texts that go out when they are planned."""
    return [(moment, moment) for moment in moments]


def test_there_is_room_where_nothing_counts_and_where_there_are_no_caps() -> None:
    assert next_room([], OTP, 5) == 5
    assert next_room(on_time(5, 5, 5), (), 5) == 5


def test_the_next_moment_is_when_the_oldest_of_a_full_window_leaves_it() -> None:
    assert next_room(on_time(0), OTP, 59_999) == MINUTE
    assert next_room(on_time(0), OTP, MINUTE) == MINUTE
    assert next_room(on_time(*(MINUTE * index for index in range(5))), OTP, 5 * MINUTE) == 60 * MINUTE
    assert next_room(on_time(0, SECOND, 2 * SECOND), DEFAULT_CAPS["marketing"], 3 * SECOND) == 86_400 * SECOND


def test_a_text_that_is_planned_keeps_its_room() -> None:
    assert next_room(on_time(MINUTE), OTP, MINUTE - SECOND) == 2 * MINUTE


def most_in_a_window(moments: list[Millis], seconds: int) -> int:
    """The most texts that any window of so many seconds has."""
    return max(sum(0 <= moment - first < millis(seconds) for moment in moments) for first in moments)


@given(st.lists(st.tuples(SPANS, st.randoms()), max_size=40), CAPS)
def test_no_window_ever_has_one_text_too_many(asked: list[tuple[Span, Random]], caps: list[Cap]) -> None:
    """GIVEN texts that go out some time after they were planned WHEN each chooses its moment THEN the caps hold."""
    counted: list[Span] = []
    moments: list[Millis] = []
    for (first, last), lot in asked:
        room = next_room(counted, caps, first, last - first)
        assert room >= first
        if room == first:
            counted.append((first, last))
            moments.append(lot.choice((first, last, lot.randint(first, last))))
    for texts, seconds in caps:
        assert not moments or most_in_a_window(moments, seconds) <= texts


@given(st.lists(SPANS, max_size=6), SPANS, CAPS)
def test_there_is_no_room_exactly_where_some_moments_would_break_a_cap(
    counted: list[Span], asked: Span, caps: list[Cap]
) -> None:
    """Of the texts that count, and one more: texts + 1 of them, that one among them, may lie in one window."""
    first, last = asked
    breaks = any(
        max(first, *(begins for begins, _ in some)) - min(last, *(ends for _, ends in some)) < millis(seconds)
        for texts, seconds in caps
        for some in combinations(counted, texts)
    )
    assert (next_room(counted, caps, first, last - first) > first) == breaks


@given(st.lists(SPANS, max_size=20), SPANS, CAPS)
def test_at_the_moment_that_is_named_there_is_room_and_none_before(
    counted: list[Span], asked: Span, caps: list[Cap]
) -> None:
    at, late = asked[0], asked[1] - asked[0]
    room = next_room(counted, caps, at, late)
    assert next_room(counted, caps, room, late) == room
    for earlier in {at, room - 1, (at + room) // 2}:
        if at <= earlier < room:
            assert next_room(counted, caps, earlier, late) == room


def test_a_text_that_may_go_out_later_counts_until_then() -> None:
    """Postponed to 08:00, it may go out at 08:30: a text of the next day before that may be one too many."""
    half_an_hour, day = 30 * MINUTE, 24 * 60 * MINUTE
    three = [(0, half_an_hour)] * 3
    marketing = DEFAULT_CAPS["marketing"]
    assert next_room(three, marketing, day) == day + half_an_hour
    assert next_room(on_time(0, 0, 0), marketing, -day - half_an_hour, half_an_hour) == -day - half_an_hour
    assert next_room(on_time(0, 0, 0), marketing, -day - half_an_hour + 1, half_an_hour) == day


@pytest.mark.parametrize(("purpose", "first"), [("otp", 1), ("marketing", 3), ("notice", 1000)])
def test_the_usual_caps_are_those_of_the_purpose(purpose: str, first: int) -> None:
    counted: list[Span] = []
    while next_room(counted, DEFAULT_CAPS[purpose], 0) == 0 and len(counted) < 1000:  # type: ignore[index]
        counted.append((0, 0))
    assert len(counted) == first
