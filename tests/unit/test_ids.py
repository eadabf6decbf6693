"""Ids: of one shape, in order of time, and read back from what vendors return (ids.py)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway import ids
from smsgateway.ids import SubmissionKey

NOW = 1_767_294_000_000
MOST_ROOTS = 32 * 32 * ids.BLOCK_ROOTS


def test_ids_sort_by_time() -> None:
    made = [ids.message_id(NOW + step, 2**80 - 1 - step) for step in range(3)]
    assert made == sorted(made)
    assert all(len(one) == 30 and one.startswith("msg_") for one in made)


def test_an_idempotency_key_makes_one_id_a_client() -> None:
    assert ids.keyed_message_id("shop", "k") == ids.keyed_message_id("shop", "k")
    assert len({ids.keyed_message_id(*pair) for pair in (("shop", "k"), ("shop", "K"), ("other", "k"))}) == 3


@given(
    st.integers(0, 2**48 - 1),
    st.integers(0, 2**80 - 1),
    st.integers(0, MOST_ROOTS - 1),
    st.lists(st.integers(0, 999), max_size=6),
)
def test_a_reference_names_its_submission(now: int, randomness: int, index: int, children: list[int]) -> None:
    key = SubmissionKey(ids.message_id(now, randomness), ids.root_path(index))
    for child in children:
        key = key.child(child)
    assert ids.parse_reference(key.reference) == key
    assert key.root == ids.root_path(index)
    assert key.reference.isascii()
    assert key.reference.isalnum()
    assert len(key.reference) <= 50
    assert not ids.names_one(key.reference)


def test_so_does_one_that_says_that_its_message_is_to_one_number() -> None:
    key = SubmissionKey(ids.message_id(7, 7), ids.root_path(0))
    assert ids.parse_reference(key.reference + ids.TO_ONE) == key
    assert ids.names_one(key.reference + ids.TO_ONE)


@given(st.integers(0, 3 * ids.BLOCK_ROOTS), st.integers(1, 200), st.lists(st.integers(0, 999), max_size=6))
def test_so_does_one_of_each_number_of_a_request(index: int, count: int, children: list[int]) -> None:
    key = SubmissionKey(ids.message_id(7, 7), ids.root_path(index))
    for child in children:
        key = key.child(child)
    references = ids.item_references(key.reference, count)
    assert len(references) == count
    assert len(set(references)) in (1, count)
    assert all(ids.parse_reference(one) == key and len(one) <= 50 and not ids.names_one(one) for one in references)
    to_one = ids.item_references(key.reference + ids.TO_ONE, 1)
    assert to_one == [key.reference + ids.TO_ONE]


def test_what_is_longer_than_any_of_ours_names_nothing() -> None:
    key = SubmissionKey(ids.message_id(7, 7), ids.root_path(0) + "001" * 6)
    assert ids.parse_reference(key.reference) == key
    assert ids.parse_reference(key.reference + "001") is None
    assert ids.parse_reference(key.reference + "001" * 60_000) is None


@given(st.integers(1, 32 * 32), st.integers(1, 3000))
def test_roots_sort_as_they_are_numbered_and_stand_in_blocks(size: int, count: int) -> None:
    """Each under the partition key that its path says, none under one that has its block already."""
    message_id = ids.message_id(NOW, 7)
    count = min(count, 32 * 32 * size)
    keys = [SubmissionKey(message_id, ids.root_path(index, size)) for index in range(count)]
    assert keys == sorted(set(keys))
    assert {len(key.path) for key in keys} == {len(ids.root_path(0))}
    partitions = ids.partitions(message_id, ids.blocks_of(count, size))
    assert [key.partition for key in keys] == [partitions[index // size] for index in range(count)]
    assert len(set(partitions)) == len(partitions)
    assert all(key.child(7).partition == key.partition for key in keys[:: size + 1])


@given(st.integers(1, 600), st.integers(1, 3000))
def test_in_turn_none_is_lost_and_neighbours_are_of_different_blocks(size: int, count: int) -> None:
    turn = ids.in_turn(range(count), size)
    assert sorted(turn) == list(range(count))
    if count <= size:
        assert turn == list(range(count))
    full = count % size or size  # places that every block has
    of_all = turn[: full * ids.blocks_of(count, size)]
    if count > size:
        assert all(one // size != other // size for one, other in pairwise(of_all))


@pytest.mark.parametrize("path", ["00000", "00499", "00500", "99999"])
def test_roots_of_the_old_form_stand_with_their_message(path: str) -> None:
    """The version before numbered up to 99999 in this way."""
    key = SubmissionKey(ids.message_id(NOW, 7), path)
    assert ids.parse_reference(key.reference) == key
    assert (key.partition, key.root) == (key.message_id, path)


NUMBERS = st.integers(10**10, 10**12 - 1).map(str)


@given(st.integers(0, 2**48 - 1), st.integers(0, MOST_ROOTS - 1), st.text(max_size=20), NUMBERS)
def test_so_does_a_resends(now: int, index: int, owner: str, number: str) -> None:
    key = SubmissionKey(ids.message_id(now, 7), ids.root_path(index))
    resend = key.child(3).reroute(owner, number)
    assert resend == key.reroute(owner, number)  # whichever of the root's submissions it was
    assert ids.parse_reference(resend.reference) == resend
    assert (resend.root, resend.rerouted, key.child(3).rerouted) == (key.root, True, False)
    assert not ids.names_one(resend.reference)
    assert resend.reference.isalnum()
    assert len(resend.reference) <= 50
    assert number not in resend.token
    assert resend != key.reroute(owner, number[::-1] + "0")
    assert resend != key.reroute(owner + "0", number)


@pytest.mark.parametrize(
    "reference",
    [
        *("", "0" * 26, "0" * 30, "0" * 32, "U" + "0" * 30, "0" * 30 + "x", "0" * 26 + "１２３４５"),
        *("0" * 31 + "r", "0" * 31 + "r" + "0" * 11, "0" * 31 + "r" + "u" * 12, "0" * 34 + "r" + "0" * 12),
        *("0" * 31 + "i", "0" * 31 + "i00", "0" * 31 + "i0000", "0" * 31 + "i001i002", "i001" + "0" * 27),
        *("0" * 26 + "b000", "0" * 26 + "b000u", "0" * 26 + "b0100s", "0" * 26 + "b010000", "0" * 26 + "c0100"),
        *("0" * 34 + "s", "0" * 31 + "ss", "0" * 31 + "r" + "0" * 12 + "s"),
    ],
)
def test_what_is_no_reference(reference: str) -> None:
    assert ids.parse_reference(reference) is None


@given(st.text())
def test_any_text_may_be_asked(text: str) -> None:
    key = ids.parse_reference(text)
    assert key is None or key.reference in (text, text.removesuffix(ids.TO_ONE))


def test_shards_are_even_and_stable() -> None:
    counts = [0] * 8
    for index in range(8_000):
        counts[ids.shard(f"{index}", 8)] += 1
    assert all(900 < count < 1_100 for count in counts)
    assert ids.shard("13800138000", 8) == ids.shard("13800138000", 8)
