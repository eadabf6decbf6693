"""Quiet hours, in Beijing's time, over midnight and within a day."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.clock import BEIJING, Millis, millis_of
from smsgateway.model import QuietHours
from smsgateway.rules.quiet_hours import MINUTE, SPREAD, goes_on_at, place_in, quiet_until

NIGHT: QuietHours = (21 * 60, 8 * 60)
NOON: QuietHours = (12 * 60, 14 * 60)


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> Millis:
    return millis_of(datetime(2026, 11, day, hour, minute, second, tzinfo=BEIJING))


@pytest.mark.parametrize(
    ("moment", "hours", "until"),
    [
        (at(3, 20, 59, 59), NIGHT, None),
        (at(3, 21), NIGHT, at(4, 8)),
        (at(3, 23, 59, 59), NIGHT, at(4, 8)),
        (at(4, 0), NIGHT, at(4, 8)),
        (at(4, 7, 59, 59), NIGHT, at(4, 8)),
        (at(4, 8), NIGHT, None),
        (at(30, 22), NIGHT, millis_of(datetime(2026, 12, 1, 8, tzinfo=BEIJING))),
        (at(3, 11, 59), NOON, None),
        (at(3, 12), NOON, at(3, 14)),
        (at(3, 14), NOON, None),
    ],
)
def test_marketing_waits_for_their_end(moment: Millis, hours: QuietHours, until: Millis | None) -> None:
    assert quiet_until(moment, hours) == until


@given(
    st.integers(0, 4_000_000_000_000),
    st.tuples(st.integers(0, 1439), st.integers(0, 1439)).filter(lambda hours: hours[0] != hours[1]),
)
def test_the_end_is_the_first_moment_that_is_not_quiet(moment: Millis, hours: QuietHours) -> None:
    until = quiet_until(moment, hours)
    if until is None:
        return
    assert moment < until <= moment + 86_400_000
    assert quiet_until(until, hours) is None
    assert quiet_until(until - 1, hours) == until


@given(
    st.integers(0, 4_000_000_000_000),
    st.tuples(st.integers(0, 1439), st.integers(0, 1439)).filter(lambda hours: hours[0] != hours[1]),
    st.integers(0, 3 * 86_400_000),
    st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=31, max_size=31),
)
def test_what_waits_for_the_end_goes_on_outside_of_them(
    moment: Millis, hours: QuietHours, validity: Millis, reference: str
) -> None:
    goes_on = goes_on_at(moment, hours, moment + validity, reference)
    until = quiet_until(moment, hours)
    assert quiet_until(goes_on, hours) is None
    assert goes_on == moment if until is None else until <= goes_on < until + SPREAD
    assert goes_on_at(goes_on, hours, moment + validity, reference) == goes_on
    if until and until + 1 < moment + validity:
        assert goes_on < moment + validity


def test_it_is_spread_evenly() -> None:
    """Over the requests of one message, whose references are all but alike."""
    places = [place_in(SPREAD, f"01m7z5skbrbwqgw4bmx01vye39{index:05d}") for index in range(1_000)]
    of_each_minute = [sum(place // MINUTE == minute for place in places) for minute in range(30)]
    assert max(of_each_minute) < 2 * 1_000 / 30
    assert min(of_each_minute) > 0


def test_no_quiet_hours_hold_nothing() -> None:
    assert goes_on_at(at(3, 22), None, at(4, 22), "x") == at(3, 22)
