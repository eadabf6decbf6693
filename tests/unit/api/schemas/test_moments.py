"""Moments in every form that ISO 8601 has for them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.api.schemas.moments import asked_moment, moment

MIDNIGHT = 1_795_910_400_000  # 2026-11-29T00:00:00Z


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-29T00:00:00Z",
        "2026-11-29t00:00:00z",
        "2026-11-29 00:00:00Z",
        "2026-11-29T00:00:00 Z",
        " 2026-11-29T00:00Z\n",
        "2026-11-29T00Z",
        "20261129T000000Z",
        "2026-11-28T24:00:00Z",
        "2026-11-28T24:00Z",
        "2026-11-28T24Z",
        "20261128T240000.000Z",
        "2026-11-29T08:00:00+08:00",
        "2026-11-29T08:00:00 +0800",
        "2026-11-28T16:00:00-08",
        "2026-11-28T16:00:00\u221208:00",
        "2026-11-28T23:59:60Z",
        "20261128T235960Z",
        "2026-11-29T00:00:00,0Z",
    ],
)
def test_the_same_moment(written: str) -> None:
    assert moment(written) == asked_moment(written) == MIDNIGHT


@pytest.mark.parametrize(
    "written",
    [
        "",
        "2026-11-29",
        "2026-11-29T00:00:00",
        "2026-11-29 08:00",
        "2026-11-29+08:00",
        "2026-11-29T24:00:01Z",
        "2026-11-29T24:30Z",
        "2026-11-29T25:00Z",
        "2026-11-29T00:60Z",
        "2026-11-29T00:00:61Z",
        "2026-11-29T00:00:00+24:00",
        "tomorrow",
        "1769074226",
        "２０２６-11-29T00:00:00Z",
    ],
)
def test_what_is_no_moment_is_told_what_one_is(written: str) -> None:
    for read in (moment, asked_moment):
        with pytest.raises(ValueError, match=r"example 2026-01-31T01:30:00Z$") as refused:
            read(written)
        assert moment(str(refused.value).rpartition(" ")[2])


ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=ZONES)  # noqa: DTZ001  the zones are beside


@given(TIMES, st.sampled_from(["T", "t", " "]))
def test_a_query_turns_no_moment_into_another(at: datetime, between: str) -> None:
    written = at.isoformat(between)

    assert moment(written) == (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert asked_moment(written) == asked_moment(written.replace("+", " ")) == moment(written)
