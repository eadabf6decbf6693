"""Each transition's write succeeds from the states, and fails for the facts, that this file says (store/states.py).

What is expected is written here a second time, and not read from TRANSITIONS: a condition or a state that is lost there
is missed here.
"""

from typing import Any

import pytest

from smsgateway.model import State
from smsgateway.store.states import TRANSITIONS, Condition, Seen, change_of, seen
from smsgateway.store.table import ConditionFailed, Table
from tests.unit.store.given import ATTEMPT, NOW, current, item_of

# A submission of which every fact is as its writer has read it, and what breaks each fact.
INTACT: dict[str, Any] = {"attempt": 1, "owner": "worker-1", "account": "hb-main", "next_at": NOW, "deadline": NOW - 1}
BREAKS: dict[Condition, dict[str, Any]] = {
    Condition.SAME_OWNER: {"owner": "worker-2"},
    Condition.SAME_ATTEMPT: {"attempt": 2},
    Condition.SAME_ACCOUNT: {"account": "ly-bulk"},
    Condition.UNPROVED: {"proved": 1},
    Condition.NOT_GIVEN_UP: {"given_up": True},
    Condition.DUE: {"next_at": NOW + 1},
    Condition.PAST_DEADLINE: {"deadline": NOW},
}
HELD = "SAME_OWNER SAME_ATTEMPT"
UNMARKED, IN_HAND = "QUEUED WAITING", "SENDING UNCONFIRMED"
# By transition: from where, to where, and the facts that its write depends on.
EXPECTED = {
    "mark": (UNMARKED, "SENDING", "SAME_ACCOUNT SAME_ATTEMPT DUE"),
    "submit": (f"{IN_HAND} SUBMITTED", "SUBMITTED", HELD),
    "doubt": (IN_HAND, "UNCONFIRMED", f"{HELD} UNPROVED"),
    "wait": (IN_HAND, "WAITING", f"{HELD} UNPROVED"),
    "move": (IN_HAND, "MOVED", f"{HELD} UNPROVED"),
    "refuse": (IN_HAND, "REFUSED", f"{HELD} UNPROVED"),
    "expire": (IN_HAND, "EXPIRED", f"{HELD} UNPROVED"),
    "give up": (IN_HAND, "UNCONFIRMED", f"{HELD} UNPROVED"),
    "overrule": (IN_HAND, "SUBMITTED", HELD),
    "wait unmarked": (UNMARKED, "WAITING", "SAME_ACCOUNT SAME_ATTEMPT"),
    "move unmarked": (UNMARKED, "MOVED", "SAME_ACCOUNT SAME_ATTEMPT"),
    "refuse unmarked": (UNMARKED, "REFUSED", "SAME_ATTEMPT"),
    "expire unmarked": (UNMARKED, "EXPIRED", "SAME_ATTEMPT"),
    "cancel": (UNMARKED, "CANCELED", "SAME_ATTEMPT"),
    "give up unmarked": (UNMARKED, "UNCONFIRMED", "SAME_ATTEMPT"),
    "bury": ("SENDING", "UNCONFIRMED", "SAME_ATTEMPT PAST_DEADLINE UNPROVED"),
    "bury proved": ("SENDING", "SUBMITTED", "SAME_ATTEMPT PAST_DEADLINE"),
    "prove": ("UNCONFIRMED", "SUBMITTED", "SAME_ATTEMPT"),
    "prove waiting": ("WAITING", "SUBMITTED", "SAME_ATTEMPT"),
    "retry": ("UNCONFIRMED", "WAITING", "SAME_ATTEMPT NOT_GIVEN_UP"),
}


def read(table: Table, state: State) -> Seen:
    """A submission in a state, as a writer reads it."""
    table.put(item_of(history=[ATTEMPT], **INTACT, state=state))
    return seen(current(table))


def made(table: Table, name: str, before: Seen) -> State | None:
    """The state after a transition that was asked for at NOW; None if its condition failed, and nothing changed."""
    stood = table.get(before.key)
    try:
        table.update(change_of(name, before, NOW))
    except ConditionFailed:
        assert table.get(before.key) == stood
        return None
    return current(table).state


def test_every_transition_and_every_condition_is_expected() -> None:
    assert EXPECTED.keys() == TRANSITIONS.keys()
    assert BREAKS.keys() == set(Condition)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_transition_is_made_from_its_states_alone(name: str, table: Table) -> None:
    states, to, _ = EXPECTED[name]
    after = {state: made(table, name, read(table, state)) for state in State}
    assert {state.name: end.name for state, end in after.items() if end} == dict.fromkeys(states.split(), to)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_transition_fails_when_one_fact_it_depends_on_has_changed(name: str, table: Table) -> None:
    states, _, facts = EXPECTED[name]
    for state in states.split():
        failed = set()
        for fact, broken in BREAKS.items():
            before = read(table, State[state])
            table.put(item_of(history=[ATTEMPT], **INTACT | broken, state=State[state]))
            if made(table, name, before) is None:
                failed.add(fact.name)
        assert failed == set(facts.split()), state


@pytest.mark.parametrize("name", [name for name, (states, _, _) in EXPECTED.items() if states == UNMARKED])
def test_a_submission_without_an_attempt_must_have_none_still(name: str, table: Table) -> None:
    unmarked = INTACT | {"attempt": None}
    table.put(item_of(**unmarked, state=State.QUEUED))
    before = seen(current(table))
    table.put(item_of(**INTACT, state=State.QUEUED))
    assert made(table, name, before) is None
    table.put(item_of(**unmarked, state=State.QUEUED))
    assert made(table, name, before)
