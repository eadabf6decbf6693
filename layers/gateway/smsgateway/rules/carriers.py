"""Which carrier a mobile number belongs to, by its first digits.

The ranges are those of the carrier table for China that Google's libphonenumber has, and 192, which is 广电's. Most of
the four-digit ones, and 162, 165, 167 and 171, are those of resellers (虚拟运营商), whose texts go through the carrier
that they rent from. A number that was taken along to another carrier (携号转网) keeps its first digits: what they say
is an approximation.
"""

from collections.abc import Mapping
from typing import Literal

Carrier = Literal["mobile", "unicom", "telecom", "broadnet"]  # 移动, 联通, 电信 and 广电
ANY_CARRIER = "*"  # in place of one: all of them

# A longer range goes before the shorter one that it is in.
RANGES: Mapping[Carrier, str] = {
    "mobile": "134 135 136 137 138 139 147 148 150 151 152 157 158 159 165 172 178 182 183 184 187 188 195 197 198"
    " 1440 1703 1705 1706",
    "unicom": "130 131 132 145 146 155 156 166 167 171 175 176 185 186 196 1704 1707 1708 1709",
    "telecom": "133 149 153 162 173 174 177 180 181 189 190 191 193 199 1349 1410 1700 1701 1702",
    "broadnet": "192",
}
CARRIERS = tuple(RANGES)

_CARRIER_OF: Mapping[str, str] = {digits: carrier for carrier, ranges in RANGES.items() for digits in ranges.split()}


def carrier_of(number: str) -> str:
    """Returns the carrier of a normalised number, one of CARRIERS; empty for a landline, and where no range is known.

    The carrier is that which the number was first given out by.
    """
    return _CARRIER_OF.get(number[:4]) or _CARRIER_OF.get(number[:3], "")
