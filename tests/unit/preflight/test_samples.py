"""What carriers refuse is found at its place, and what only looks like it is not."""

import pytest

from smsgateway.model import FindingCode
from smsgateway.preflight.findings import findings_in
from smsgateway.preflight.folding import folded
from smsgateway.preflight.signs import says_the_way_out
from smsgateway.rules.keywords import wish_of
from tests.unit.preflight.samples import (
    FOUND,
    HARMLESS,
    WITH_A_WAY_OUT,
    WITH_A_WORD_OF_ITS_OWN,
    WITH_WORDS_OF_NOBODY,
    WITHOUT_A_WAY_OUT,
)

SAMPLES = [(code, text, excerpt) for code, samples in FOUND.items() for text, excerpt in samples.items()]
MADE_OF_UNSEEN = FindingCode.INVISIBLE  # found beside what it hides


@pytest.mark.parametrize(("code", "text", "excerpt"), SAMPLES)
def test_what_carriers_refuse_is_found(code: FindingCode, text: str, excerpt: str) -> None:
    found = [(each.code, each.found) for each in findings_in(text, "text", "notice")]
    assert [each for each in found if code is MADE_OF_UNSEEN or each[0] is not MADE_OF_UNSEEN] == [(code, excerpt)]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_it_is_not(text: str) -> None:
    signature = (0, 4) if text.startswith("【示例】") else (0, 0)
    assert findings_in(text, "text", "otp", signature) == []


@pytest.mark.parametrize("text", WITH_A_WAY_OUT)
def test_a_way_to_opt_out_is_known(text: str) -> None:
    assert says_the_way_out(folded(text))


@pytest.mark.parametrize(
    "word", ["T", "TD", "N", "R", "QX", "stop", "退订", "拒收", "0", "1", "0000", "NO", "END", "A"]
)
def test_a_way_out_is_one_that_the_gateway_obeys(word: str) -> None:
    for text in (f"大促销，拒收请回复{word}", f"大促销，退订回{word}", f"Big sale. Reply {word}"):
        found = says_the_way_out(folded(text))
        assert not found or wish_of(word) == "stop"
        assert found or wish_of(word) != "stop" or not word.isascii()


@pytest.mark.parametrize(("text", "word"), WITH_A_WORD_OF_ITS_OWN.items())
def test_a_word_of_its_own_is_a_way_out_where_it_is_obeyed(text: str, word: str) -> None:
    assert not says_the_way_out(folded(text))
    assert says_the_way_out(folded(text), [word])
    assert not says_the_way_out(folded(text), ["8"])
    assert wish_of(word, own_stop=[word]) == "stop"


@pytest.mark.parametrize("text", [*WITHOUT_A_WAY_OUT, *WITH_A_WORD_OF_ITS_OWN, *WITH_WORDS_OF_NOBODY])
def test_a_missing_way_out_is_found(text: str) -> None:
    (finding,) = findings_in(text, "text", "marketing")
    assert (finding.code, finding.start, finding.end) == (FindingCode.NO_OPT_OUT, len(text), len(text))
