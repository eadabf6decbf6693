"""Quiet hours, in Beijing's time, over midnight and within a day."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.clock import BEIJING, Millis, millis_of
from smsgateway.model import QuietHours
from smsgateway.rules.quiet_hours import quiet_until

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
