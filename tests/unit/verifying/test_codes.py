"""Codes, ids and hashes: they follow from the pepper, say nothing by themselves, and every digit is as likely."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.ids import BASE32
from smsgateway.verifying import codes
from smsgateway.verifying.codes import Name, code_hash, code_of, digest_of, key_digest, name_in, new_nonce, typed

PEPPER, ANOTHER = b"EXAMPLE-pepper", b"EXAMPLE-pepper-2"
names = st.builds(
    Name,
    st.text(BASE32, min_size=26, max_size=26),
    st.text(BASE32, min_size=codes.NONCE_LENGTH, max_size=codes.NONCE_LENGTH),
)
lengths = st.integers(4, 8)


@given(names, lengths)
def test_a_code_is_so_many_digits_and_always_the_same(name: Name, length: int) -> None:
    code = code_of(PEPPER, name, length)
    assert len(code) == length
    assert set(code) <= set("0123456789")
    assert code == code_of(PEPPER, name, length)


def test_every_digit_of_every_place_is_as_likely() -> None:
    """GIVEN ten thousand codes WHEN their digits are counted THEN each place has each digit about a thousand times,
    the leading one too."""
    random = Random(11)
    drawn = [
        code_of(PEPPER, Name(digest_of(PEPPER, "shop", str(n), "otp"), new_nonce(random)), 8) for n in range(10_000)
    ]
    for place in range(8):
        counted = Counter(code[place] for code in drawn)
        assert set(counted) == set("0123456789")
        # 1000 ± 30; six standard deviations
        assert all(820 < count < 1180 for count in counted.values()), (place, counted)
    assert len(set(drawn)) > 9_990


def test_bytes_that_would_favour_a_digit_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = iter([bytes([250, 255, 249, 10]), bytes([253, 7, 20, 31])])
    monkeypatch.setattr(codes, "_keyed", lambda *_: next(blocks))
    assert code_of(PEPPER, Name("d", "n"), 5) == "90701"


@given(names)
def test_an_id_says_its_name(name: Name) -> None:
    assert name_in(name.id) == name
    assert name.id.isascii()
    assert len(name.id) == 46


@given(st.text(max_size=60))
def test_what_is_no_id_says_nothing(text: str) -> None:
    found = name_in(text)
    assert found is None or found.id == text


@given(names, names, lengths)
def test_nothing_follows_without_the_pepper_or_for_another(name: Name, other: Name, length: int) -> None:
    code = code_of(PEPPER, name, length)
    stored = code_hash(PEPPER, name, code)
    assert stored != code_hash(ANOTHER, name, code)
    assert code not in (stored, name.id)
    if other != name:
        assert stored != code_hash(PEPPER, other, code)
    assert codes.same(stored, code_hash(PEPPER, name, code))


@given(st.lists(st.tuples(*[st.text('ab,\n"', max_size=3)] * 3), min_size=2, max_size=5, unique=True))
def test_digests_of_different_things_are_different(things: list[tuple[str, str, str]]) -> None:
    found = [digest_of(PEPPER, *thing) for thing in things] + [key_digest(PEPPER, *thing) for thing in things]
    assert len(set(found)) == len(found)
    assert {len(digest) for digest in found} == {26}


def test_nonces_are_random() -> None:
    random = Random(3)
    drawn = {new_nonce(random) for _ in range(1000)}
    assert len(drawn) == 1000
    assert {len(nonce) for nonce in drawn} == {codes.NONCE_LENGTH}


@pytest.mark.parametrize("written", ["123456", " 123 456 ", "１２３４５６", "123\u200b456", "\ufeff123456\n"])
def test_a_code_is_read_as_it_was_meant(written: str) -> None:
    assert typed(written) == "123456"


@pytest.mark.parametrize("written", ["12345", "l23456", "一二三四五六", "123-456", ""])
def test_what_is_not_the_code_is_not_made_into_it(written: str) -> None:
    assert typed(written) != "123456"
