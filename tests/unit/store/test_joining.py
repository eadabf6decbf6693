"""Which parts make a long reply (store/joining.py)."""

from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.store.joining import BURST, HeldPart, rest, whole

MINUTE = 60_000


def held(*parts: tuple[int, str, int], doubtful: Sequence[int] = ()) -> list[HeldPart]:
    """Parts by number, text and arrival."""
    return [HeldPart(f"{index:02d}", *part, doubtful=index in doubtful) for index, part in enumerate(parts)]


def text(joint: object, parts: Sequence[HeldPart]) -> str:
    by_key = {each.key: each.text for each in parts}
    return "".join(by_key[key] for key in getattr(joint, "parts"))  # noqa: B009 - None fails the test


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_parts_find_together_in_any_order(order: Sequence[int]) -> None:
    parts = held(*((number + 1, "一二三"[number], at) for at, number in enumerate(order)))
    assert whole(parts[:2], 3) is None
    joint = whole(parts, 3)
    assert joint
    assert (text(joint, parts), joint.partial) == ("一二三", False)


def test_the_same_part_at_another_time_is_spent_with_it() -> None:
    parts = held((1, "一", 0), (1, "一", 5), (2, "二", 9))
    joint = whole(parts, 2)
    assert joint
    assert (joint.parts, joint.spent, joint.partial) == (("00", "02"), ("01",), False)


def test_replies_that_came_apart_are_told_apart() -> None:
    old, new = (1, "旧", 0), ((1, "新", BURST + MINUTE), (2, "的", BURST + MINUTE + 20))
    joint = whole(held(old, *new), 2)
    assert joint
    assert (text(joint, held(old, *new)), joint.partial, joint.doubted) == ("新的", False, ())


def test_replies_that_came_together_are_partial_in_the_order_of_their_parts() -> None:
    parts = held((1, "一", 0), (1, "三", 10), (2, "二", 20))
    joint = whole(parts, 2)
    assert joint
    assert (text(joint, parts), joint.partial, joint.doubted) == ("一二", True, ("01",))
    left = held((1, "三", 10), (2, "四", 30), doubtful=(0,))
    last = whole(left, 2)
    assert last
    assert (text(last, left), last.partial) == ("三四", True), "what could have been crosswise is never called whole"


def test_what_has_come_is_the_rest() -> None:
    parts = held((3, "三", 9), (1, "一", 5), (1, "壹", 6))
    joint = rest(parts)
    assert (text(joint, parts), joint.partial) == ("一三", True)


arrivals = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from("甲乙丙"), st.integers(0, 4 * BURST)), min_size=1, max_size=12
)


@given(arrivals)
def test_a_joint_has_each_place_once_and_is_whole_if_nobody_can_doubt_it(
    parts: list[tuple[int, str, int]],
) -> None:
    lying = held(*parts)
    by_key = {each.key: each for each in lying}
    joint = whole(lying, 3)
    assert (joint is None) == ({each.number for each in lying} != {1, 2, 3})
    if joint is None:
        return
    assert [by_key[key].number for key in joint.parts] == [1, 2, 3]
    said = {(by_key[key].number, by_key[key].text) for key in joint.parts}
    assert all((by_key[key].number, by_key[key].text) in said for key in joint.spent)
    if not joint.partial:
        newest = max(each.arrived for each in lying)
        chosen = {by_key[key].arrived for key in joint.parts}
        rivals = [e for e in lying if (e.number, e.text) not in said and newest - e.arrived <= BURST]
        assert not rivals or max(chosen) < newest - BURST
