"""Which carrier a number belongs to, by its first digits: each range once, the longer before the shorter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.rules.carriers import CARRIERS, RANGES, carrier_of
from smsgateway.text import normalise_number

ALL = [digits for ranges in RANGES.values() for digits in ranges.split()]


@pytest.mark.parametrize(
    ("number", "carrier"),
    [
        ("13800138000", "mobile"),
        ("13480000000", "mobile"),
        ("13490000000", "telecom"),  # satellites, in the middle of a range of 移动
        ("18600000000", "unicom"),
        ("18900000000", "telecom"),
        ("19200000000", "broadnet"),
        ("17000000000", "telecom"),
        ("17050000000", "mobile"),
        ("17090000000", "unicom"),
        ("16200000000", "telecom"),
        ("16500000000", "mobile"),
        ("16700000000", "unicom"),
        ("17100000000", "unicom"),
        ("16000000000", ""),
        ("01012345678", ""),
        ("", ""),
    ],
)
def test_the_first_digits_name_the_carrier(number: str, carrier: str) -> None:
    assert carrier_of(number) == carrier


def test_each_range_is_one_carriers() -> None:
    assert len(ALL) == len(set(ALL))
    assert {len(digits) for digits in ALL} == {3, 4}


@given(st.from_regex("1[3-9][0-9]{9}", fullmatch=True))
def test_every_mobile_number_has_a_carrier_or_none(number: str) -> None:
    assert normalise_number(number) == number
    assert carrier_of(number) in {*CARRIERS, ""}
