"""Every code and every word of a report that a document lists is in the codec's tables, at the address that lists it.

The rows of tests/cases/*/codes.document.txt are the documents' own, copied by hand: place, code, words.
"""

from collections.abc import Iterator
from pathlib import Path
from unicodedata import normalize

import pytest

from smsgateway.codecs import VENDORS
from smsgateway.model import About, Reason, Refused, Response, Submission
from tests.doubles.samples import samples
from tests.doubles.voices import account
from tests.tools.codes import CODES, WORDS

CASES = Path(__file__).parents[2] / "cases"
NUMBERS = ("13800138000", "13900139000")

OTHERS = "其他"  # of a report's words


def rows(vendor: str) -> Iterator[tuple[str, str, str]]:
    for line in (CASES / vendor / "codes.document.txt").read_text(encoding="utf-8").splitlines():
        place, code, words = line.split("\t")
        yield place, code, words


ANSWERS = [
    (vendor, place, code, words)
    for vendor in VENDORS
    for place, code, words in rows(vendor)
    if place in samples(vendor).PLACES
]


def decode(vendor: str, operation: str, body: bytes) -> object:
    codec, of = VENDORS[vendor], account(vendor)
    decoder = getattr(getattr(codec, operation), f"decode_{operation}")
    response = Response(200, body=body)
    if operation in ("send", "batch"):
        return decoder(of, Submission("sub_1", NUMBERS, ()), response)
    return decoder(of, response)


def plain(text: str) -> str:
    """A text without what differs between two copies of it: spaces, and the width of brackets."""
    return normalize("NFKC", text).replace(" ", "")


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_row_belongs_to_a_place(vendor: str) -> None:
    says = samples(vendor)
    assert {place for place, _, _ in rows(vendor)} == {*says.PLACES, says.PLACE_OF_WORDS}


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_success_is_a_row(vendor: str) -> None:
    assert set(samples(vendor).SUCCESSES) < {(place, code) for place, code, _ in rows(vendor)}


@pytest.mark.parametrize(("vendor", "place", "code", "words"), ANSWERS)
def test_a_documented_code_is_judged_where_it_is_documented(vendor: str, place: str, code: str, words: str) -> None:
    says = samples(vendor)
    table, operations = says.PLACES[place]
    for operation in operations:
        if success := says.SUCCESSES.get((place, code)):
            body = says.TAKEN or success if operation in ("send", "batch") else success
            assert not isinstance(decode(vendor, operation, body), Refused)
            continue
        refused = decode(vendor, operation, says.refused(code))
        assert isinstance(refused, Refused)
        about, reason, meaning = CODES[vendor][table][code.split(" ", maxsplit=1)[0]]
        assert (refused.about, refused.reason) == (about, reason)
        assert (about is About.UNLISTED) is (reason is Reason.UNLISTED_CODE) is (code in says.VAGUE)
        assert plain(words).startswith(plain(meaning))


@pytest.mark.parametrize("vendor", VENDORS)
def test_no_table_has_a_code_that_the_document_has_not(vendor: str) -> None:
    for table, codes in CODES[vendor].items():
        places = [place for place, (name, _) in samples(vendor).PLACES.items() if name == table.split(",")[0]]
        listed = {code.split(" ")[0] for place, code, _ in rows(vendor) if place in places}
        assert set(codes) <= listed, table


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_words_of_reports_are_the_documents(vendor: str) -> None:
    words, _ = WORDS[vendor]
    assert set(words) == {word for place, word, _ in rows(vendor) if place == samples(vendor).PLACE_OF_WORDS} - {OTHERS}
