"""Times lead from one form to another and back.

The clock of what is kept between calls goes on, whether a process was frozen or a wall clock was set.
"""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.clock import (
    BEIJING,
    day_of,
    epoch_seconds,
    iso,
    lasting,
    millis,
    millis_of,
    seconds,
    sortable,
    utc,
)

TIMES = st.integers(0, 10**13 - 1)  # until the year 2286
NOON = 1_782_705_600_000  # 2026-06-29T04:00:00Z


def test_a_time_in_each_form() -> None:
    assert iso(NOON) == "2026-06-29T04:00:00.000Z"
    assert utc(NOON) == datetime(2026, 6, 29, 12, tzinfo=BEIJING) == datetime(2026, 6, 29, 4, tzinfo=UTC)
    assert (sortable(NOON), sortable(7)) == ("1782705600000", "0000000000007")
    assert (epoch_seconds(NOON + 999), seconds(1500), millis(1.5)) == (1_782_705_600, 1.5, 1500)


@pytest.mark.parametrize(("at", "day"), [(-1, 28), (0, 29), (86_399_999, 29), (86_400_000, 30)])
def test_a_day_is_beijings(at: int, day: int) -> None:
    midnight = NOON - 12 * 3_600_000
    assert day_of(midnight + at) == date(2026, 6, day)


@given(TIMES)
def test_a_datetime_leads_back_to_its_second(at: int) -> None:
    assert epoch_seconds(millis_of(utc(at - at % 1000))) == epoch_seconds(at)


@given(TIMES, TIMES)
def test_sortable_times_sort_as_times_do(one: int, other: int) -> None:
    assert (sortable(one) < sortable(other)) == (one < other)


class Pair:
    """A wall and a monotonic clock."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 1_795_000_000.0, 77.0

    def go_on(self, wall: float, monotonic: float) -> None:
        self.wall += wall
        self.monotonic += monotonic


@pytest.mark.parametrize(
    ("wall", "monotonic", "passed"),
    [(60, 60, 60), (3600, 0.5, 3600), (-3600, 60, 60), (3600, 60, 3600), (0, 60, 60), (-5, 0, 0)],
    ids=["running", "frozen", "set back", "set forward", "standing", "back while frozen"],
)
def test_what_has_passed_is_what_either_clock_says(wall: float, monotonic: float, passed: float) -> None:
    pair = Pair()
    clock = lasting(lambda: pair.wall, lambda: pair.monotonic)
    before = clock()
    pair.go_on(wall, monotonic)
    assert clock() - before == pytest.approx(passed)


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(0, 100)), max_size=20))
def test_it_never_goes_back_and_is_never_behind_either(steps: list[tuple[float, float]]) -> None:
    pair = Pair()
    clock = lasting(lambda: pair.wall, lambda: pair.monotonic)
    begun = (clock(), pair.wall, pair.monotonic)
    last = begun[0]
    for step in steps:
        pair.go_on(*step)
        assert clock() >= last
        last = clock()
    passed = last - begun[0]
    assert passed >= max(pair.wall - begun[1], pair.monotonic - begun[2]) - 1e-4
