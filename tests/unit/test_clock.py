"""The clock of what is kept between calls: neither a process that was frozen nor a wall clock that was set stops it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.clock import lasting


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
