"""The conversion watch: what is told from growth, from small numbers, and from a bad day."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.store.conversions import HOUR, MINUTE, Conversions
from smsgateway.verifying.watch import DAY, FLOOR, day_before, judged, suspected

NOW = 1_767_294_000_000


@pytest.mark.parametrize(
    ("today", "before", "expected"),
    [
        ((300, 60), (200, 180), True),  # a fifth, of half as many again
        ((299, 60), (200, 180), False),  # not grown enough
        ((300, 136), (200, 180), False),  # more than half of the share
        ((300, 134), (200, 180), True),
        ((49, 0), (20, 18), False),  # below the floor
        ((50, 0), (20, 18), True),
        ((1000, 900), (100, 90), False),  # just grown
        ((100, 9), (0, 0), True),  # nothing is known of the day before
        ((100, 10), (0, 0), False),
        ((99, 0), (0, 0), False),
        ((99, 0), (19, 19), False),  # nineteen say nothing
        ((100, 9), (19, 1), True),
        ((500, 0), (300, 0), False),  # the day before was as bad: nothing has changed
    ],
)
def test_what_is_suspected(today: tuple[int, int], before: tuple[int, int], expected: bool) -> None:
    assert suspected(Conversions(*today), Conversions(*before)) is expected


counts = st.integers(0, 2000).flatmap(lambda requested: st.tuples(st.just(requested), st.integers(0, requested)))


@given(counts, counts, st.integers(0, 50))
def test_more_approvals_never_make_it_suspect(today: tuple[int, int], before: tuple[int, int], more: int) -> None:
    requested, approved = today
    better = Conversions(requested, min(requested, approved + more))
    assert suspected(Conversions(*today), Conversions(*before)) >= suspected(better, Conversions(*before))


@given(counts, counts)
def test_few_requests_are_never_suspect(today: tuple[int, int], before: tuple[int, int]) -> None:
    if today[0] < FLOOR:
        assert not suspected(Conversions(*today), Conversions(*before))


@given(st.integers(NOW, NOW + DAY))
def test_an_hour_is_judged_without_its_newest_minutes(now: int) -> None:
    first, end = judged(now)
    assert end - first == HOUR
    assert 2 * MINUTE <= now - end < 3 * MINUTE
    assert day_before(now) == (first - DAY, end - DAY)
