"""What limits texts to a number: its item, as it was and as it is, and writes that others write too."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import get_args
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smsgateway.clock import Millis, millis
from smsgateway.model import Cap, Purpose
from smsgateway.rules.caps import DAY, next_room
from smsgateway.store import numbers, suppressions
from smsgateway.store.keys import suppression_key
from smsgateway.store.numbers import (
    MOST_BEFORE,
    MOST_PLANNED,
    SLOWEST,
    Counted,
    NumberState,
    Suppression,
    counting,
    item_of,
    may_plan_at,
    refusal_to,
    scope_of,
)
from smsgateway.store.table import ConditionFailed, Table
from tests.unit.store.given import NOW

NUMBER = "13800000007"
MINUTE: Millis = 60_000
HOUR = 60 * MINUTE
STOP = Suppression(NOW, "退订", "reply", "mo_1", "hb-1", "shop", "示例")
FULL = NumberState(
    NUMBER,
    Suppression(NOW - 5),
    {"shop#示例": STOP},
    {"otp": (Counted(NOW, "msg_1"), Counted(NOW + 1, "msg_2"))},
)

type Change = Callable[[NumberState], NumberState]


def stopped(state: NumberState) -> NumberState:
    return replace(state, stops={**state.stops, "shop": STOP})


def counted(at: Millis, message_id: str = "msg_1") -> Change:
    return lambda state: counting(state, "otp", Counted(at, message_id), NOW)


def test_a_state_is_read_as_it_was_written(table: Table) -> None:
    before, after = numbers.change_number(table, NUMBER, lambda state: replace(FULL, version=state.version), NOW)
    assert before == NumberState(NUMBER)
    assert after == replace(FULL, version=1)
    assert numbers.load_number(table, NUMBER) == after
    assert numbers.load_numbers(table, ["1", NUMBER, NUMBER]) == {"1": NumberState("1"), NUMBER: after}


def test_the_item_of_an_earlier_release_is_a_suppression_and_can_be_changed(table: Table) -> None:
    pk, sk = suppression_key(NUMBER)
    table.put({"pk": pk, "sk": sk, "since": NOW})
    assert numbers.load_number(table, NUMBER) == NumberState(NUMBER, Suppression(NOW))
    numbers.change_number(table, NUMBER, stopped, NOW)
    assert numbers.load_number(table, NUMBER) == NumberState(NUMBER, Suppression(NOW), {"shop": STOP}, version=1)


def test_what_is_counted_expires_and_what_is_suppressed_does_not(table: Table) -> None:
    numbers.change_number(table, NUMBER, counted(NOW), NOW)
    item = table.get(suppression_key(NUMBER))
    assert item
    assert item["ttl"] >= NOW // 1000 + DAY
    assert "list" not in item
    numbers.change_number(table, NUMBER, stopped, NOW)
    item = table.get(suppression_key(NUMBER))
    assert item
    assert "ttl" not in item
    assert item["list"] == "suppressions"
    numbers.change_number(table, NUMBER, lambda state: replace(state, stops={}), NOW)
    assert "ttl" in (table.get(suppression_key(NUMBER)) or {})


def test_a_change_that_changes_nothing_writes_nothing(table: Table) -> None:
    numbers.change_number(table, NUMBER, counted(NOW), NOW)
    numbers.change_number(table, NUMBER, counted(NOW + 5), NOW)  # the same message: it counts once
    assert numbers.load_number(table, NUMBER).version == 1
    assert suppression_key("13800000008") not in table.get_many([suppression_key("13800000008")])


def test_a_change_meets_another_and_neither_is_lost(table: Table) -> None:
    rivals = iter([counted(NOW, "msg_9"), counted(NOW, "msg_8")])

    def change(state: NumberState) -> NumberState:
        if rival := next(rivals, None):
            numbers.change_number(table, NUMBER, rival, NOW)
        return counted(NOW)(state)

    numbers.change_number(table, NUMBER, change, NOW)
    ids = {each.message_id for each in numbers.load_number(table, NUMBER).counted["otp"]}
    assert ids == {"msg_1", "msg_8", "msg_9"}


def test_whoever_never_gets_to_its_turn_says_so(table: Table) -> None:
    ids = iter(range(1000))

    def change(state: NumberState) -> NumberState:
        numbers.change_number(table, NUMBER, counted(NOW, f"msg_{next(ids)}"), NOW)
        return counted(NOW, "mine")(state)

    with pytest.raises(ConditionFailed):
        numbers.change_number(table, NUMBER, change, NOW)


def test_texts_that_count_no_more_are_left_out() -> None:
    over = NOW - millis(DAY + SLOWEST)
    texts = (Counted(over, "old"), Counted(over, "late", MINUTE), Counted(NOW - 1, "new"))
    kept = counting(NumberState(NUMBER, counted={"otp": texts}), "otp", Counted(NOW, "msg_1"), NOW).counted["otp"]
    assert [each.message_id for each in kept] == ["late", "new", "msg_1"]


def test_how_late_a_text_may_go_out_is_kept(table: Table) -> None:
    """An item without it is read as one whose texts go out when they are planned."""
    text = Counted(NOW, "msg_1", 30 * MINUTE)
    numbers.change_number(table, NUMBER, lambda state: counting(state, "marketing", text, NOW), NOW)
    numbers.change_number(table, NUMBER, lambda state: counting(state, "otp", Counted(NOW, "msg_2"), NOW), NOW)
    assert numbers.load_number(table, NUMBER).counted == {"marketing": (text,), "otp": (Counted(NOW, "msg_2"),)}
    item = table.get(suppression_key(NUMBER))
    assert item
    assert item["counted"] == {"marketing": [[NOW, "msg_1", 30 * MINUTE]], "otp": [[NOW, "msg_2"]]}
    assert item["ttl"] >= text.last // 1000 + DAY


MOST = 3  # texts that a cap allows in the test
CAP = st.tuples(st.integers(1, MOST), st.sampled_from([60, 3_600, DAY]))
STEPS = st.sampled_from([0, 1, 1_000, 20_000, MINUTE, HOUR, 12 * HOUR, 23 * HOUR, 24 * HOUR - 1])
POSTS = st.tuples(
    STEPS,  # since the post before
    st.sampled_from([0, 0, 0, 1_000, 30_000, MINUTE - 1]),  # for which it has been on its way
    st.sampled_from([0, 0, 0, 1, 20_000, MINUTE, HOUR, 30 * HOUR]),  # until it goes out
    st.sampled_from([0, 0, 1, 30 * MINUTE]),  # how much later it may go out
    st.lists(CAP, min_size=1, max_size=2),  # of its client: the number may get texts of others
)


AT_ONCE: tuple[Millis, Millis, Millis, Millis, list[Cap]] = (0, 0, 0, 0, [(MOST, 60)])
SLOW = [*[AT_ONCE] * MOST, (MINUTE, *AT_ONCE[1:]), (0, 1_000, *AT_ONCE[2:])]


@given(st.lists(POSTS, max_size=60))
@example(SLOW)
def test_what_is_left_out_of_many_texts_decides_nothing(
    posts: list[tuple[Millis, Millis, Millis, Millis, list[Cap]]],
) -> None:
    """GIVEN texts under caps of several clients, some of them slow, planned or spread WHEN the number's item keeps no
    more than it must THEN each is told what it would be told if the item kept all, also until when."""
    now, state = NOW, NumberState(NUMBER)
    whole: list[Counted] = []
    with patch.object(numbers, "MOST_BEFORE", 2 * MOST):
        for index, (step, slow, ahead, late, caps) in enumerate(posts):
            now += step
            moment = now - slow
            text = Counted(moment + ahead, f"msg_{index}", late)
            kept = [each.span for each in state.counted.get("otp", ())]
            room = next_room(kept, caps, text.at, late)
            assert room == next_room([each.span for each in whole], caps, text.at, late)
            if room == text.at:
                whole.append(text)
                state = counting(state, "otp", text, moment)
                assert sum(each.at <= moment for each in state.counted["otp"]) <= 2 * MOST


def test_an_item_with_all_that_it_may_keep_is_far_from_too_large() -> None:
    """Of each purpose: texts that went out, and as many as may be planned."""
    state = NumberState(NUMBER)
    for purpose in get_args(Purpose):
        for index in range(1_000):
            text = Counted(NOW - index, f"msg_{index:026}", 30 * MINUTE)
            state = counting(state, purpose, text, NOW)
        for index in range(MOST_PLANNED):
            assert may_plan_at(state.counted[purpose], NOW + 1, NOW) == NOW
            state = counting(state, purpose, Counted(NOW + 1 + index, f"msg_{index:026}p", 30 * MINUTE), NOW)
        assert len(state.counted[purpose]) == MOST_BEFORE + MOST_PLANNED
        assert may_plan_at(state.counted[purpose], NOW + 1, NOW) == NOW + 1
        assert may_plan_at(state.counted[purpose], NOW, NOW) == NOW
    assert len(json.dumps(item_of(state, NOW))) < 200_000


@pytest.mark.parametrize(
    ("scope", "stopped_for", "refused"),
    [
        ("shop", "shop", True),
        ("shop#示例", "shop", True),
        ("shop#示例", "shop#示例", True),
        ("shop#其他", "shop#示例", False),
        ("shop", "shop#示例", True),
        ("shop", "shopping#示例", False),
        ("shop", "shopping", False),
        ("shop#示例", "shop#示例二", False),
        ("shop#示例", numbers.EVERYBODY, True),
        ("bank", "shop", False),
        ("bank", numbers.EVERYBODY, True),
    ],
)
def test_a_stop_holds_for_marketing_within_its_scope(scope: str, stopped_for: str, refused: bool) -> None:
    state = NumberState(NUMBER, stops={stopped_for: STOP})
    assert (refusal_to(state, "marketing", scope) is not None) == refused
    assert refusal_to(state, "otp", scope) is None
    assert refusal_to(state, "notice", scope) is None


def test_a_suppression_holds_for_everything() -> None:
    state = NumberState(NUMBER, Suppression(NOW))
    assert refusal_to(state, "otp", scope_of("shop", "示例")) == Suppression(NOW)


def test_lifting_a_suppression_leaves_what_else_is_known(table: Table) -> None:
    numbers.change_number(table, NUMBER, lambda state: replace(FULL, version=state.version), NOW)
    suppressions.allow(table, NUMBER, NOW)
    allowed = {numbers.ALL_PURPOSES: numbers.OptIn(NOW, 0, "api")}
    assert numbers.load_number(table, NUMBER) == replace(FULL, suppressed=None, version=2, opt_ins=allowed)
    assert suppressions.suppressed_at(table, NUMBER) is None
