"""What the words of reports say, at every vendor: SMPP's and CMPP's, operators' codes, and any spelling of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.codecs.refusals import Fate
from smsgateway.codecs.words import MEANINGS, OPERATOR_CODE, SHARED_WORDS, folded, heard
from smsgateway.model import Account, Options, Reason, ReportStatus
from tests.doubles.voices import account
from tests.tools.codes import WORDS

OPEN: Fate = (ReportStatus.UNKNOWN, None)
VENDORS = sorted(WORDS)


@st.composite
def spellings(draw: st.DrawFn, word: str) -> str:
    """Any case, any width, and what stands around a word in fields of a fixed width."""
    cased = "".join(draw(st.sampled_from((letter.lower(), letter.upper()))) for letter in word)
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" and draw(st.booleans()) else c for c in cased)
    around = st.text(" \t\r\n\x00\u3000\u200b\ufeff", max_size=3)
    return draw(around) + wide + draw(around)


@pytest.mark.parametrize("vendor", VENDORS)
@given(data=st.data())
def test_a_word_is_heard_however_it_is_spelt(vendor: str, data: st.DataObject) -> None:
    own, others = WORDS[vendor]
    word = data.draw(st.sampled_from(sorted({**SHARED_WORDS, **own})))
    said = heard(account(vendor), data.draw(spellings(word)), own, others)
    assert said == (*{**SHARED_WORDS, **own}[word], True)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    "code",
    [
        *("MA:0001", "MA:0054", "MB:1077", "MC:0055", "MH:0018", "MI:0055", "MK:0012", "MN:0001", "mk:0115"),
        *("CA:0051", "CB:0010", "CB:0053", "CC:0001", "CJ:0007", "DA:0054", "DB:0144", "HD:0001", "HD:29", "HD31"),
        *("IA:0054", "IB:0008", "IC:0154", "ID:0076", "JA:0009", "NP:1243", "MI00020", "MN00013", "MI:zzzz"),
        *("SGIP:67", "SMGP:67", "CMPPERR:8", "ID:-43", " ＭＡ：０００１ "),
    ],
)
def test_an_operators_code_is_a_failure_that_nobody_lists(vendor: str, code: str) -> None:
    said = heard(account(vendor), code, WORDS[vendor][0], OPEN)
    assert said == (*OPERATOR_CODE, False)
    assert said.status is ReportStatus.UNDELIVERED


@pytest.mark.parametrize(
    "word",
    [
        "",
        "0",
        "67",
        "OK",
        "TD",
        "MA:",
        "MA:0000",
        "SGIP:0",
        "M:0001",
        "MAIL:1",
        "ERR:105",
        "MA0001X",
        "AB12",
        "失败",
        "\ufffd",
    ],
)
def test_what_looks_like_neither_says_what_the_document_says_of_others(word: str) -> None:
    for others in (OPEN, (ReportStatus.UNDELIVERED, Reason.UNLISTED_CODE)):
        assert heard(account("langyu"), word, {}, others) == (*others, False)


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_accounts_own_meaning_goes_before_every_table(vendor: str) -> None:
    own, others = WORDS[vendor]
    for word in (*own, *SHARED_WORDS, "MK:0012", "HEARD ONCE"):
        for meaning, fate in MEANINGS.items():
            saying = Account("a", vendor, "http://a", {}, options=Options(words={folded(word): meaning}))
            assert heard(saying, word.lower(), own, others) == (*fate, True)
