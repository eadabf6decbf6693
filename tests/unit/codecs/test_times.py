"""How vendors write a moment, and what they have been seen to write instead."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.clock import BEIJING
from smsgateway.codecs.times import beijing_time

MOMENT = datetime(2026, 7, 1, 9, 5, 7, tzinfo=BEIJING)
MINUTE = MOMENT.replace(second=0)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-07-01 09:05:07", MOMENT),
        (" 2026-07-01 09:05:07\r\n", MOMENT),
        ("2026-07-01T09:05:07", MOMENT),
        ("2026-07-01t09:05:07z", MOMENT.replace(tzinfo=UTC)),
        ("2026-07-01T01:05:07Z", MOMENT),
        ("2026-07-01T09:05:07+08:00", MOMENT),
        ("2026-07-01T09:05:07+0800", MOMENT),
        ("2026-07-01T09:05:07 08:00", MOMENT),  # a `+` that became a blank on its way
        ("2026-06-30T23:05:07-02:00", MOMENT),
        ("2026-07-01 09:05:07.0", MOMENT),  # Java's Timestamp
        ("2026-07-01 09:05:07.250", MOMENT + timedelta(milliseconds=250)),
        ("2026-07-01 09:05", MINUTE),
        ("2026-7-1 9:05:07", MOMENT),
        ("2026/07/01 09:05:07", MOMENT),
        ("2026/7/1 9:5:7", MOMENT),
        ("2026.07.01 09:05:07", MOMENT),
        ("2026-07-01  09:05:07", MOMENT),
        ("２０２６-07-01\u300009：05：07", MOMENT),
        ("20260701090507", MOMENT),
        ("20260701090507.0", MOMENT),
        ("20260701090507250", MOMENT + timedelta(milliseconds=250)),
        ("202607010905", MINUTE),
        ("260701090507", MOMENT),
        ("1782867907", MOMENT),
        ("1782867907000", MOMENT),
        ("1782867907250", MOMENT + timedelta(milliseconds=250)),
    ],
)
def test_what_is_read(written: str, moment: datetime) -> None:
    read = beijing_time(written)
    assert read == moment
    assert read.tzinfo is not None


def test_ten_digits_are_the_vendors_own_form_where_it_has_one() -> None:
    assert beijing_time("2607010905", "%y%m%d%H%M") == MINUTE
    assert beijing_time("1782867907", "%y%m%d%H%M") is None  # the 82nd of months is none
    assert beijing_time("101224100", "%y%m%d%H%M") is None
    assert beijing_time("202607010905", "%y%m%d%H%M") == MINUTE


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "null",
        "0",
        "0000-00-00 00:00:00",
        "0000000000",
        "0000000000000",
        "2026-13-01 09:05:07",
        "2026-02-30 09:05:07",
        "2026-07-01 24:00:00",
        "2026-07-01",  # whose midnight would be a guess
        "20260701",
        "2026-07/01 09:05:07",
        "07-01 09:05:07",
        "01/07/2026 09:05:07",
        "20261301090507",
        "2026070109050",  # in milliseconds this would be 2034
        "26070109050",
        "2607010905a",
        "9999-12-31 23:59:59",
        "1969-12-31 23:59:59",
        "2026-07-01 09:05:07+99:00",
        "٢٠٢٦٠٧٠١٠٩٠٥٠٧",
        "\ud83d",
    ],
)
def test_what_cannot_be_read_is_none(written: str) -> None:
    assert beijing_time(written) is None


@given(st.integers(365 * 86400, 3_124_223_999))
def test_a_moment_is_the_same_in_every_form(seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, BEIJING)
    forms = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S.0", "%Y-%m-%dT%H:%M:%S", "%Y%m%d%H%M%S")
    assert {beijing_time(moment.strftime(form)) for form in forms} == {moment}


@given(st.text("0123456789-/:. TZ+", max_size=30) | st.text(max_size=30))
def test_anything_is_a_moment_with_its_zone_or_none(written: str) -> None:
    for own in ("", "%y%m%d%H%M"):
        moment = beijing_time(written, own)
        assert moment is None or (moment.tzinfo is not None and 1969 <= moment.astimezone(UTC).year < 9999)
