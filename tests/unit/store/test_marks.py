"""The mark of a submission before its vendor is called: who gets it, once, and who does not."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from smsgateway.model import State
from smsgateway.store import claims, submissions, transitions
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import ConditionFailed, Table, Update
from tests.unit.store.given import (
    ATTEMPT,
    DEADLINE,
    GONE_ON,
    KEY,
    MESSAGE,
    NEXT,
    NOW,
    current,
    marked,
    one_of_many,
    put_state,
    queued,
)

SAME_ACCOUNT = replace(GONE_ON, account="hb-main", vendor="hbsmservice", next_at=NOW, tried=[])


def test_mark_takes_a_queued_submission(table: Table) -> None:
    queued(table)
    submission = marked(table)
    assert (submission.state, submission.owner, submission.attempt) == (State.SENDING, "worker-1", 1)
    assert (submission.deadline, submission.submitted_at) == (DEADLINE, NOW)
    assert submission == current(table)


def test_mark_takes_a_waiting_submission_when_it_is_due(table: Table) -> None:
    queued(table)
    transitions.waiting(table, marked(table), ATTEMPT, GONE_ON)
    waiting = current(table)
    with pytest.raises(ConditionFailed):
        transitions.mark(table, waiting, "worker-2", DEADLINE, NEXT - 1)
    again = transitions.mark(table, waiting, "worker-2", DEADLINE, NEXT)
    assert (again.attempt, again.account, again.owner) == (2, "ly-bulk", "worker-2")


def test_mark_does_not_take_one_that_is_scheduled(table: Table) -> None:
    submission = queued(table, replace(MESSAGE, send_at=NOW + 1))
    with pytest.raises(ConditionFailed):
        transitions.mark(table, submission, "worker-1", DEADLINE, NOW)


@pytest.mark.parametrize("earlier", [0, 1])
def test_a_worker_that_read_it_before_an_earlier_attempt_gets_no_mark(earlier: int, table: Table) -> None:
    """Whoever marked it meanwhile may have been told to wait: what this worker knows of the attempts is not all."""
    queued(table)
    for _ in range(earlier):
        transitions.waiting(table, marked(table), ATTEMPT, SAME_ACCOUNT)
    stale = current(table)
    transitions.waiting(table, marked(table), ATTEMPT, SAME_ACCOUNT)
    with pytest.raises(ConditionFailed):
        transitions.mark(table, stale, "worker-2", DEADLINE, NOW)
    assert current(table).attempt == earlier + 1


def test_a_stale_move_does_not_pass_for_one_after_a_further_attempt(table: Table) -> None:
    """Its worker would give the children what it knew before that attempt, which may have ended in doubt."""
    stale = queued(table)
    transitions.moved(table, stale, ATTEMPT, transitions.Split("ly-bulk", "langyu", 100))
    transitions.moved(table, stale, ATTEMPT, transitions.Split("ly-bulk", "langyu", 100))  # the SDK's retry
    table.update(Update(stale.table_key, "SET attempt = :one", {"one": 1}))
    with pytest.raises(ConditionFailed):
        transitions.moved(table, stale, ATTEMPT, transitions.Split("ly-bulk", "langyu", 100))


@pytest.mark.parametrize("state", [state for state in State if state not in (State.QUEUED, State.WAITING)])
def test_mark_takes_no_other_state(state: State, table: Table) -> None:
    queued(table)
    submission = put_state(table, state)
    with pytest.raises(ConditionFailed):
        transitions.mark(table, submission, "worker-1", DEADLINE, NOW)
    assert current(table).attempt == 0


def test_only_one_of_two_workers_gets_the_mark(table: Table) -> None:
    submission = queued(table)
    transitions.mark(table, submission, "worker-1", DEADLINE, NOW)
    with pytest.raises(ConditionFailed):
        transitions.mark(table, submission, "worker-2", DEADLINE, NOW)
    assert current(table).owner == "worker-1"


def test_a_repeated_mark_is_our_own(table: Table) -> None:
    submission = queued(table)
    first = transitions.mark(table, submission, "worker-1", DEADLINE, NOW)
    assert transitions.mark(table, submission, "worker-1", DEADLINE, NOW) == first


def test_a_stale_reader_does_not_get_the_mark_of_a_later_attempt(table: Table) -> None:
    stale = queued(table)
    transitions.waiting(table, marked(table), ATTEMPT, replace(GONE_ON, next_at=NOW))
    with pytest.raises(ConditionFailed):
        transitions.mark(table, stale, "worker-2", DEADLINE, NOW)


def test_who_has_lost_the_right_to_write_rows_gets_no_mark(table: Table) -> None:
    """Another is writing them by now, and might erase what is reported of this worker's call."""
    submission = one_of_many(table)
    assert claims.claim_rows(table, submission, "filer-1", NOW + 1, NOW)
    assert claims.claim_rows(table, submission, "filer-2", NOW + 9, NOW + 2)
    with pytest.raises(ConditionFailed):
        transitions.mark(table, submission, "worker-1", DEADLINE, NOW, filer="filer-1")
    assert transitions.mark(table, submission, "worker-2", DEADLINE, NOW, filer="filer-2").filed


# The mark of what was not read


def mark_unread(table: Table, account: str = "hb-main", now: int = NOW, owner: str = "worker-1") -> StoredSubmission:
    return transitions.mark_unread(table, KEY, account, owner, DEADLINE, now)


def test_an_unread_mark_is_the_same_mark(table: Table) -> None:
    submission = queued(table)
    marked_unread = mark_unread(table)
    assert marked_unread == current(table)
    assert marked_unread.own_message == submission.own_message
    assert (marked_unread.state, marked_unread.owner, marked_unread.attempt) == (State.SENDING, "worker-1", 1)
    assert mark_unread(table) == marked_unread  # the SDK's retry


def wait(table: Table) -> None:
    """The submission is marked, and then waits for its next attempt."""
    queued(table)
    transitions.waiting(table, marked(table), ATTEMPT, SAME_ACCOUNT)


def settle(table: Table, state: State) -> None:
    queued(table)
    put_state(table, state)


UNFIT: dict[str, Callable[[Table], object]] = {
    "missing": lambda table: None,
    "scheduled": lambda table: queued(table, replace(MESSAGE, send_at=NOW + 1)),
    "of another account": lambda table: queued(table, account="ly-bulk"),
    "of several": one_of_many,
    "marked": lambda table: (queued(table), marked(table, "worker-2")),
    "waiting": wait,
    **{state: partial(settle, state=state) for state in State if state in submissions.SETTLED},
}


@pytest.mark.parametrize("how", UNFIT)
def test_an_unread_mark_takes_only_what_is_as_it_was_accepted(how: str, table: Table) -> None:
    UNFIT[how](table)
    before = submissions.load_submission(table, KEY)
    with pytest.raises(ConditionFailed):
        mark_unread(table)
    assert submissions.load_submission(table, KEY) == before
