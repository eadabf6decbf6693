"""Numbers in every form in which people write them, generated; and what is said of those that are none."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.text import normalise_number, problem_with_number
from smsgateway.written import strangers

MARKS = ["", "\u200b", "\u200e", "\u202d", "\u202c", "\u2069", "\ufeff", "\u00ad", "\u2060", "\ufe0f"]
BLANKS = ["", " ", "\t", "\u00a0", "\u1680", "\u2002", "\u2007", "\u2009", "\u202f", "\u205f", "\u3000"]
HYPHENS = ["-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2015", "\u2212", "\ufe58", "\ufe63", "\uff0d"]
SEPARATORS = [*BLANKS, *HYPHENS, ".", "\u00b7", "\u30fb", "\uff0e", " - ", "\u00a0\u2013\u00a0"]
ENDS = ["", "\r", "\n", "\r\n", " ", "\u3000", "\ufeff", "\u2028", "\x85"]
PREFIXES = [
    "",
    "+86",
    "0086",
    "86",
    "(+86)",
    "（＋８６）",
    "+86 ",
    "+(86)",
    "tel:+86-",
    "TEL: ",
    "tel：",
    "+86 (0)",
    "0",
]
MOBILES = st.from_regex("1[3-9][0-9]{9}", fullmatch=True)
LANDLINES = st.from_regex("(?:10|2[0-9])[0-9]{8}|[3-9][0-9]{2}[0-9]{7,8}", fullmatch=True)


def full_width(text: str) -> str:
    return text.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)} | {ord("+"): 0xFF0B})


def bold(text: str) -> str:
    return text.translate({ord("0") + digit: 0x1D7CE + digit for digit in range(10)})


WIDTHS: list[Callable[[str], str]] = [str, str, full_width, bold]


@st.composite
def spread(draw: st.DrawFn, number: str) -> str:
    """The digits, in groups, with what people and programs put between and around them."""
    cuts = sorted(draw(st.sets(st.integers(2, len(number) - 2), max_size=3)))
    groups = [number[start:end] for start, end in zip([0, *cuts], [*cuts, len(number)], strict=True)]
    written = groups[0]
    for group in groups[1:]:
        mark = draw(st.sampled_from(MARKS))
        written += draw(st.sampled_from(SEPARATORS)) + mark + (f"({group})" if draw(st.booleans()) else group)
    return draw(st.sampled_from(WIDTHS))(written)


@st.composite
def written_mobiles(draw: st.DrawFn) -> tuple[str, str]:
    number = draw(MOBILES)
    prefix = draw(st.sampled_from(PREFIXES))
    edges = draw(st.sampled_from(ENDS + MARKS)), draw(st.sampled_from(ENDS + MARKS))
    return edges[0] + prefix + draw(spread(number)) + edges[1], number


@st.composite
def written_landlines(draw: st.DrawFn) -> tuple[str, str]:
    number = draw(LANDLINES)
    prefix = draw(st.sampled_from(["0", "+86", "0086", "86", "+86 (0)", "(+86)", "tel:+86"]))
    return prefix + draw(spread(number)) + draw(st.sampled_from(ENDS)), f"0{number}"


@given(written_mobiles())
def test_a_mobile_in_any_written_form(case: tuple[str, str]) -> None:
    written, number = case
    assert normalise_number(written) == number
    assert not strangers(written)


@given(written_landlines())
def test_a_landline_in_any_written_form(case: tuple[str, str]) -> None:
    written, number = case
    assert normalise_number(written) == number


@given(MOBILES.flatmap(spread), st.sampled_from("Жa中*#/,_😀٠①²…\n"), st.integers(1, 10))
def test_what_no_number_has_is_named(written: str, stranger: str, at: int) -> None:
    spoilt = written[:at] + stranger + written[at:]

    assert normalise_number(spoilt) is None
    assert f"has U+{ord(stranger):04X}" in problem_with_number(spoilt)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("138001380Ж0", "has U+0416 (CYRILLIC CAPITAL LETTER ZHE), which no number has"),
        ("1380013\n8000", "has U+000A, which no number has"),
        ("187****8801", "has U+002A (ASTERISK), which no number has"),
        ("abcdef", "has U+0061 (LATIN SMALL LETTER A), U+0062 (LATIN SMALL LETTER B), U+0063 (LATIN SMALL LETTER C)"
         " and others, which no number has"),
        ("1.38001E+10", "was rounded by a spreadsheet: its digits are lost; make the column text, and enter the"
         " numbers again"),
        ("12", "not a mainland number (11 digits, 13… to 19…, with or without +86)"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_number_that_is_none(raw: str, said: str) -> None:
    assert problem_with_number(raw) == said


@pytest.mark.parametrize("raw", ["1-" * 32, "(1" * 32, "(1)" * 21, "1" * 64, "+" * 64, "- " * 32, "\u200b" * 64])
def test_hostile_forms_take_no_time(raw: str) -> None:
    """The pattern's groups give nothing back, so that their number does not multiply."""
    assert normalise_number(raw) is None
