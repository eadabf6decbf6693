"""Submissions as they stand in the table: how one begins, how a message's are read, and when one is looked at again."""

from dataclasses import replace
from typing import Any

import pytest

from smsgateway.ids import SubmissionKey
from smsgateway.model import Purpose, Reason, State
from smsgateway.store import submissions, transitions
from smsgateway.store.submissions import WAKE_UP_LOST
from smsgateway.store.table import ConditionFailed, Query, Table
from tests.unit.store.given import DEADLINE, MESSAGE, NEXT, NOW, current, item_of, marked, one_of_many, queued

# How one begins


def test_a_new_submission_is_queued_and_due_when_its_wake_up_must_have_been_lost(table: Table) -> None:
    submission = queued(table)
    assert (submission.state, submission.attempt, submission.next_at) == (State.QUEUED, 0, NOW)
    assert submission.due_at == NOW + WAKE_UP_LOST
    assert submission.own_message == MESSAGE
    assert not submission.settled


@pytest.mark.parametrize(
    ("purpose", "ahead", "due_in"),
    [
        ("otp", 0, WAKE_UP_LOST),
        ("otp", 60_000, 60_000 + WAKE_UP_LOST),
        ("otp", 60_001, 1),
        ("otp", 3_600_000, 3_540_000),
        ("marketing", 900_000, 900_000 + WAKE_UP_LOST),
        ("marketing", 3_600_000, 3_540_000),
    ],
)
def test_a_scheduled_submission_is_due_when_sweep_must_wake_it(purpose: Purpose, ahead: int, due_in: int) -> None:
    """Behind the wake-up that its queue carries, or a minute before its time, when sweep sends one."""
    item = item_of(replace(MESSAGE, purpose=purpose, send_at=NOW + ahead))
    assert (item["next_at"], int(item["due_at"])) == (NOW + ahead, NOW + due_in)


def test_submissions_of_a_message_are_read_in_order(table: Table) -> None:
    keys = [SubmissionKey(MESSAGE.id, path) for path in ("00001", "00000", "00000001", "00000000", "00000001002")]
    table.put_many([item_of(key=key) for key in keys])
    table.put({"pk": MESSAGE.id, "sk": "M"})
    paths = [submission.key.path for submission in submissions.load_submissions(table, MESSAGE.id)]
    assert paths == ["00000", "00000000", "00000001", "00000001002", "00001"]
    children = submissions.load_children(table, current(table))
    assert [child.key.path for child in children] == ["00000000", "00000001"]
    assert submissions.load_submission(table, SubmissionKey(MESSAGE.id, "00009")) is None


def test_the_payload_of_a_message_to_several_numbers_is_elsewhere(table: Table) -> None:
    assert one_of_many(table).payload() is None


# When somebody looks again


def test_looking_again_moves_only_what_has_not_changed(table: Table) -> None:
    submission = queued(table)
    transitions.look_again(table, submission, NEXT)
    assert current(table).due_at == NEXT
    sending = marked(table)
    transitions.look_again(table, submission, NEXT + 1)
    assert current(table).due_at == NEXT
    transitions.look_again(table, sending, DEADLINE)
    assert current(table).due_at == DEADLINE
    transitions.look_no_more(table, submission)
    assert current(table).due_at == DEADLINE
    transitions.look_no_more(table, sending)
    assert current(table).due_at is None


def test_the_due_index_has_exactly_what_is_due(table: Table) -> None:
    submission = queued(table)
    shard = (submission.item or {})["due_shard"]

    def due(until: int) -> list[str]:
        values = {"shard": shard, "now": f"{until:013d}"}
        rows = table.query_all(Query("due_shard = :shard AND due_at <= :now", values, index="by_due"))
        return [row["sk"] for row in rows]

    assert due(NOW + WAKE_UP_LOST - 1) == []
    assert due(NOW + WAKE_UP_LOST) == ["S#00000"]
    transitions.look_no_more(table, submission)
    assert due(NOW + WAKE_UP_LOST) == []


def test_a_doubt_that_was_given_up_meanwhile_is_not_sent_again(table: Table) -> None:
    """GIVEN a doubt as it was read WHEN it has been sent again and given up since THEN its state and its attempt are
    the same as before, and still it stays as it is."""
    queued(table)
    transitions.unconfirmed(table, marked(table), "", Reason.AMBIGUOUS_ANSWER)
    read = current(table)
    transitions.opt_in(table, read, NOW)
    transitions.canceled(table, current(table), NOW)
    given_up = current(table)
    assert (given_up.state, given_up.attempt) == (read.state, read.attempt)
    with pytest.raises(ConditionFailed):
        transitions.opt_in(table, read, NOW)
    assert current(table) == given_up


def test_of_very_many_kinds_of_refusals_the_newest_are_kept_and_every_doubt(table: Table) -> None:
    """GIVEN a submission that seventy accounts have refused WHEN there is one more THEN its item has not grown, and
    no doubt is forgotten, for it decides whether there may be another attempt."""

    def attempt(index: int, outcome: str) -> dict[str, Any]:
        return {"at": index, "account": f"a{index}", "outcome": outcome, "reason": "busy", "vendor_status": "x" * 400}

    queued(table)
    for index in range(70):
        at = current(table)
        transitions.waiting(
            table,
            at,
            attempt(index, "unconfirmed" if index in (3, 9) else "refused"),
            transitions.NextAttempt(
                account=f"a{index + 1}", vendor="langyu", next_at=NOW, failures=0, busy=0, tried=()
            ),
        )
    kept = [each["at"] for each in current(table).attempts]
    assert len(kept) <= transitions.MOST_ATTEMPTS + 3
    assert {3, 9} <= set(kept)
    assert kept[-40:] == list(range(30, 70))
