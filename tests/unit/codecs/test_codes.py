"""Every code and every word of a report that a document lists is in the codec's tables, at the address that lists it.

The rows of tests/cases/*/codes.document.txt are the documents' own, copied by hand: place, code, words.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from unicodedata import normalize

import pytest

from smsgateway.codecs import VENDORS
from smsgateway.model import About, Reason, Refused, Response, Submission
from tests.doubles.voices import account
from tests.tools.codes import CODES, WORDS

CASES = Path(__file__).parents[2] / "cases"
NUMBERS = ("13800138000", "13900139000")

# Which addresses a place of the document speaks of, and which of the codec's tables is theirs.
PLACES = {
    "hbsmservice": {
        "1.3": ("send", ["send"]),
        "2.3": ("personalised", ["batch"]),
        "3.3": ("balance", ["balance"]),
        "5.3": ("polls", ["report_poll"]),
        "7.3": ("polls", ["inbound_poll"]),
    },
    "infocloud": {
        place: ("everywhere", ["send", "batch", "report_poll", "balance", "statistics"])
        for place in ("Java sdk, 3：返回码说明", "返回码说明")
    },
    "langyu": {"1.3.3": ("send", ["send"]), "4.4": ("balance", ["balance"])},
    "qixintong": {
        "1.1.1": ("send", ["send"]),
        "1.1.2": ("polls", ["report_poll"]),
        "1.1.3": ("polls", ["inbound_poll"]),
        "1.1.4": ("balance", ["balance"]),
    },
    "heji": {"1.7.3": ("send", ["send"]), "2.4": ("balance", ["balance"])},
}
PLACE_OF_WORDS = {
    "hbsmservice": "4.2",
    "infocloud": "短信网关回执短信状态",
    "langyu": "2.2",
    "qixintong": "1.1.2 状态报告值",
    "heji": "3.2",
}
# The documents' successes, as they write them and as bytes: there is nothing to judge.
SUCCESSES = {
    ("hbsmservice", "1.3", "0#数字"): b"0#2",
    ("hbsmservice", "2.3", "0#数字"): b"0#2",
    ("hbsmservice", "3.3", "ok#余额"): b"ok#1",
    ("hbsmservice", "5.3", "0"): b"0",
    ("hbsmservice", "7.3", "0"): b"0",
    ("infocloud", "Java sdk, 3：返回码说明", "200"): b'{"code": 200, "data": []}',
    ("infocloud", "返回码说明", "200"): b'{"code": 200, "data": []}',
    ("langyu", "1.3.3", "0"): b"20110725160412,0",
    ("langyu", "4.4", "0"): b"20110725160412,0",
    ("qixintong", "1.1.1", "0 a b d"): b"0|2|0|6408676",
    ("qixintong", "1.1.2", "0"): b"0",
    ("qixintong", "1.1.3", "0"): b"0",
    ("qixintong", "1.1.4", "0"): b"0",
    ("qixintong", "1.1.4", "其它"): b"1000",
    ("heji", "1.7.3", "0"): "0,20140821110353234137876543,0,2,0,提交成功".encode(),
    ("heji", "2.4", "0"): b"0,93",
}
# What else a success of sending needs, where the document says so.
ACCEPTED = {"infocloud": b'{"code": 200, "data": {"msgId": "574730770464800768"}}'}
# The documents' refusals as bytes.
REFUSALS: dict[str, Callable[[str], bytes]] = {
    "hbsmservice": lambda code: code.encode(),
    "infocloud": lambda code: json.dumps({"code": code}).encode(),
    "langyu": lambda code: f"20110725160412,{code}".encode(),
    "qixintong": lambda code: code.replace(" ", "|").encode("gbk"),  # the table lost its bars
    "heji": lambda code: f"{code},说明".encode(),
}
# It may mean that the message was taken.
VAGUE = {("infocloud", "-1"), ("heji", "-1")}
OTHERS = "其他"  # of a report's words


def rows(vendor: str) -> Iterator[tuple[str, str, str]]:
    for line in (CASES / vendor / "codes.document.txt").read_text(encoding="utf-8").splitlines():
        place, code, words = line.split("\t")
        yield place, code, words


ANSWERS = [
    (vendor, place, code, words)
    for vendor, places in PLACES.items()
    for place, code, words in rows(vendor)
    if place in places
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
    assert {place for place, _, _ in rows(vendor)} == {*PLACES[vendor], PLACE_OF_WORDS[vendor]}


def test_every_success_is_a_row() -> None:
    assert set(SUCCESSES) < {(vendor, place, code) for vendor, place, code, _ in ANSWERS}


@pytest.mark.parametrize(("vendor", "place", "code", "words"), ANSWERS)
def test_a_documented_code_is_judged_where_it_is_documented(vendor: str, place: str, code: str, words: str) -> None:
    table, operations = PLACES[vendor][place]
    for operation in operations:
        if success := SUCCESSES.get((vendor, place, code)):
            body = ACCEPTED.get(vendor, success) if operation in ("send", "batch") else success
            assert not isinstance(decode(vendor, operation, body), Refused)
            continue
        refused = decode(vendor, operation, REFUSALS[vendor](code))
        assert isinstance(refused, Refused)
        about, reason, meaning = CODES[vendor][table][code.split(" ", maxsplit=1)[0]]
        assert (refused.about, refused.reason) == (about, reason)
        assert (about is About.UNLISTED) is (reason is Reason.UNLISTED_CODE) is ((vendor, code) in VAGUE)
        assert plain(words).startswith(plain(meaning))


@pytest.mark.parametrize("vendor", VENDORS)
def test_no_table_has_a_code_that_the_document_has_not(vendor: str) -> None:
    for table, codes in CODES[vendor].items():
        places = [place for place, (name, _) in PLACES[vendor].items() if name == table.split(",")[0]]
        listed = {code.split(" ")[0] for place, code, _ in rows(vendor) if place in places}
        assert set(codes) <= listed, table


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_words_of_reports_are_the_documents(vendor: str) -> None:
    words, _ = WORDS[vendor]
    assert set(words) == {word for place, word, _ in rows(vendor) if place == PLACE_OF_WORDS[vendor]} - {OTHERS}
