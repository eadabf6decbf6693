"""Windows of caps slide: whatever came before, no window has more texts than it may."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.clock import Millis, millis
from smsgateway.model import Cap
from smsgateway.rules.caps import DEFAULT_CAPS, next_room

SECOND: Millis = 1_000
MINUTE: Millis = 60_000
OTP = DEFAULT_CAPS["otp"]
CAPS = st.lists(st.tuples(st.integers(1, 4), st.sampled_from([60, 3_600, 86_400])), max_size=3)


def test_there_is_room_where_nothing_counts_and_where_there_are_no_caps() -> None:
    assert next_room([], OTP, 5) == 5
    assert next_room([5, 5, 5], (), 5) == 5


def test_the_next_moment_is_when_the_oldest_of_a_full_window_leaves_it() -> None:
    assert next_room([0], OTP, 59_999) == MINUTE
    assert next_room([0], OTP, MINUTE) == MINUTE
    assert next_room([MINUTE * index for index in range(5)], OTP, 5 * MINUTE) == 60 * MINUTE
    assert next_room([0, SECOND, 2 * SECOND], DEFAULT_CAPS["marketing"], 3 * SECOND) == 86_400 * SECOND


def test_a_text_that_is_planned_keeps_its_room() -> None:
    assert next_room([MINUTE], OTP, MINUTE - SECOND) == 2 * MINUTE


def most_in_a_window(moments: list[Millis], seconds: int) -> int:
    """The most texts that any window of so many seconds has."""
    return max(sum(0 <= moment - first < millis(seconds) for moment in moments) for first in moments)


@given(st.lists(st.integers(0, 200_000), max_size=40), CAPS)
def test_no_window_ever_has_one_text_too_many(asked: list[int], caps: list[Cap]) -> None:
    counted: list[Millis] = []
    for at in (moment * SECOND for moment in asked):
        room = next_room(counted, caps, at)
        assert room >= at
        if room == at:
            counted.append(at)
    for texts, seconds in caps:
        assert not counted or most_in_a_window(counted, seconds) <= texts


@given(st.lists(st.integers(0, 200_000), max_size=20), st.integers(0, 200_000), CAPS)
def test_at_the_moment_that_is_named_there_is_room_and_none_before(asked: list[int], at: int, caps: list[Cap]) -> None:
    room = next_room(asked, caps, at)
    assert next_room(asked, caps, room) == room
    for earlier in {at, room - 1, (at + room) // 2}:
        if at <= earlier < room:
            assert next_room(asked, caps, earlier) == room


@pytest.mark.parametrize(("purpose", "first"), [("otp", 1), ("marketing", 3), ("notice", 1000)])
def test_the_usual_caps_are_those_of_the_purpose(purpose: str, first: int) -> None:
    counted: list[Millis] = []
    while next_room(counted, DEFAULT_CAPS[purpose], 0) == 0 and len(counted) < 1000:  # type: ignore[index]
        counted.append(0)
    assert len(counted) == first
