"""Which changes of a number's item are told: the beginning of a stop, and its end, each once."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from smsgateway.events import detail_of
from smsgateway.publishing.changes import events_of
from smsgateway.store.numbers import ALL_PURPOSES, Counted, NumberState, OptIn, Suppression, counting, item_of
from smsgateway.store.stops import opted_in, stopped
from smsgateway.store.table import Item

NUMBER = "13800000007"
NOW = 1_767_294_000_000
STOP = Suppression(NOW, "opt_out", "reply", "mo_1", "hb-1", "shop", vendor="hbsmservice")


def told(old: Item | None, new: Item | None) -> list[tuple[str, dict[str, Any]]]:
    return [(event.type, detail_of(event)) for event in events_of(old, new, lambda _: {}, NOW)]


def item(state: NumberState, version: int = 0) -> Item:
    return item_of(replace(state, version=version), NOW)


def test_a_text_that_counts_is_no_event() -> None:
    """GIVEN a number with a stop, or without WHEN another text counts towards its caps THEN nothing is told."""
    for state in (NumberState(NUMBER), stopped(NumberState(NUMBER), STOP)):
        after = counting(state, "otp", Counted(NOW, "msg_1"), NOW)
        assert told(item(state), item(after, 1)) == []


def test_a_stop_that_is_repeated_is_no_second_event() -> None:
    state = stopped(NumberState(NUMBER), STOP)
    again = stopped(state, replace(STOP, at=NOW + 5, reply_id="mo_2"))
    assert again != state
    assert [type_ for type_, _ in told(None, item(state))] == ["Opted Out"]
    assert told(item(state), item(again, 1)) == []


def test_an_administrators_suppression_is_told_with_its_purpose() -> None:
    state = NumberState(NUMBER, Suppression(NOW, "complained"))
    ((type_, detail),) = told(item(NumberState(NUMBER)), item(state, 1))
    assert (type_, detail["purpose"], detail["client"], detail["reason"]) == ("Opted Out", "all", None, "complained")
    assert (detail["account"], detail["vendor"], detail["source"]) == (None, None, "api")
    allowed = replace(state, suppressed=None, opt_ins={ALL_PURPOSES: OptIn(NOW + 1, 0, "api")})
    ((type_, detail),) = told(item(state, 1), item(allowed, 2))
    assert (type_, detail["purpose"], detail["reason"], detail["source"]) == ("Opted In", "all", None, "api")


def test_the_suppression_of_an_earlier_release_is_none_that_begins() -> None:
    old = {"pk": f"suppressed#{NUMBER}", "sk": "X", "since": NOW}
    state = NumberState(NUMBER, Suppression(NOW))
    assert told(old, item(counting(state, "otp", Counted(NOW, "msg_1"), NOW))) == []


def test_what_expires_is_no_event() -> None:
    assert told(item(NumberState(NUMBER)), None) == []


@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_every_beginning_and_every_end_has_an_id_of_its_own(words: list[bool]) -> None:
    """GIVEN stops and opt-ins, several of them at one moment WHEN each is written THEN stops and ends are told in turn,
    and no two have one `event_id`."""
    state, old, events = NumberState(NUMBER), None, []
    for version, stop in enumerate(words):
        lifted = opted_in(state, "shop", OptIn(NOW, NOW, "api"))
        after = stopped(state, replace(STOP, source="api")) if stop else lifted
        new = item(after, version)
        events += told(old, new)
        state, old = after, new
    types = [type_ for type_, _ in events]
    assert types == ["Opted Out", "Opted In"] * (len(types) // 2) + ["Opted Out"] * (len(types) % 2)
    assert len({detail["event_id"] for _, detail in events}) == len(events)
