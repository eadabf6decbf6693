"""What limits texts to a number: its item, as it was and as it is, and writes that others write too."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from smsgateway.clock import Millis, millis
from smsgateway.rules.caps import DAY
from smsgateway.store import numbers, suppressions
from smsgateway.store.keys import suppression_key
from smsgateway.store.numbers import Counted, NumberState, Suppression, counting, refusal_to, scope_of
from smsgateway.store.table import ConditionFailed, Table
from tests.unit.store.given import NOW

NUMBER = "13800000007"
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
    state = NumberState(NUMBER, counted={"otp": (Counted(NOW - millis(DAY), "old"), Counted(NOW - 1, "new"))})
    kept = counting(state, "otp", Counted(NOW, "msg_1"), NOW).counted["otp"]
    assert [each.message_id for each in kept] == ["new", "msg_1"]


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
