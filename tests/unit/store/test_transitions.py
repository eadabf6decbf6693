"""A submission's transitions, with a mark and without: each condition, and the own success behind one that failed."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from smsgateway.ids import SubmissionKey
from smsgateway.model import Accepted, Reason, Rejection, State
from smsgateway.store import submissions, transitions
from smsgateway.store.submissions import WAKE_UP_LOST, StoredSubmission
from smsgateway.store.table import ConditionFailed, Table, Update, to_wire
from smsgateway.store.vendor_ids import flag_early, key_in, map_in_blocks, places
from tests.doubles import aws
from tests.unit.store.given import (
    ATTEMPT,
    DEADLINE,
    GONE_ON,
    KEY,
    NEXT,
    NOW,
    TTL,
    current,
    item_of,
    marked,
    one_of_many,
    put_state,
    queued,
    sent,
)

# Results


def test_submitted_without_an_id_settles(table: Table) -> None:
    queued(table)
    sent(table)
    submission = current(table)
    assert (submission.state, submission.vendor_ids, submission.settled) == (State.SUBMITTED, (), True)
    assert submission.due_at == NOW + WAKE_UP_LOST  # sweep looks after it until the reports are in


def test_submitted_maps_the_vendors_id_in_the_same_transaction(table: Table) -> None:
    queued(table)
    answer = Accepted(("5010",), (Rejection("139", Reason.BLACKLISTED, "黑名单"),), "0#1 of 2")
    transitions.submitted(table, marked(table), answer)
    submission = current(table)
    assert (submission.vendor_ids, submission.rejected, submission.vendor_status) == (
        ("5010",),
        answer.rejected,
        "0#1 of 2",
    )
    assert table.get(("vid#hb-main#5010", "map")) == {
        "pk": "vid#hb-main#5010",
        "sk": "map",
        "message_id": KEY.message_id,
        "path": KEY.path,
        "to_one": True,
        "ttl": submission.ttl,
    }


def test_submitted_maps_every_id(table: Table) -> None:
    one_of_many(table, 3)
    ids = ("64066", "9", "6406699", "6406701", "64067")
    submission = sent(table, *ids)
    assert submission.vendor_ids == ids
    found = table.get_many(place for number in ids for place in places("hb-main", number))
    assert [key_in(found, "hb-main", number) for number in (*ids, "6406700", "1", "")] == [KEY] * 5 + [None] * 3


def test_ids_that_differ_in_their_last_two_characters_share_an_item(table: Table) -> None:
    one_of_many(table, 100)
    sent(table, *(f"64067{index:02d}" for index in range(100)))
    (block,) = (item for item in aws.scan(table) if item["sk"] == "block")
    assert aws.item_bytes(to_wire(block)) < 1024


def test_an_id_that_is_given_again_is_the_newest_messages(table: Table) -> None:
    older, newer = SubmissionKey("msg_" + "0" * 26, "00000"), SubmissionKey("msg_" + "1" * 26, "00000")
    for key in (newer, older):
        map_in_blocks(table, "hb-main", ("501", "502"), key, TTL)
    assert key_in(table.get_many(places("hb-main", "501")), "hb-main", "501") == newer


def test_submitted_fails_without_its_mapping_when_the_mark_is_lost(table: Table) -> None:
    queued(table)
    submission = marked(table)
    put_state(table, State.REFUSED)
    with pytest.raises(ConditionFailed):
        transitions.submitted(table, submission, Accepted(("5010",)))
    assert table.get(("vid#hb-main#5010", "map")) is None


@pytest.mark.parametrize("ids", [("1",), ("1", "2"), ("2", "1")])
def test_submitted_says_that_a_report_came_first(ids: tuple[str, ...], table: Table) -> None:
    queued(table)
    submission = marked(table)
    assert not flag_early(table, "hb-main", ["1"], TTL)
    with pytest.raises(ConditionFailed) as failed:
        transitions.submitted(table, submission, Accepted(ids))
    assert failed.value.item
    assert failed.value.item["early"] is True
    assert current(table).state == State.SENDING
    transitions.submitted(table, submission, Accepted(ids), unless_early=False)
    assert current(table).state == State.SUBMITTED
    assert all(key_in(table.get_many(places("hb-main", number)), "hb-main", number) == KEY for number in ids)


RESULTS: dict[str, Callable[[Table, StoredSubmission], None]] = {
    "submitted": lambda table, submission: transitions.submitted(table, submission, Accepted()),
    "submitted with an id": lambda table, submission: transitions.submitted(table, submission, Accepted(("1", "2"))),
    "unconfirmed": lambda table, submission: transitions.unconfirmed(
        table, submission, "reset", Reason.AMBIGUOUS_ANSWER
    ),
    "refused": lambda table, submission: transitions.ended(table, submission, State.REFUSED, "107", Reason.BUSY),
    "waiting": lambda table, submission: transitions.waiting(table, submission, ATTEMPT, GONE_ON),
    "moved": lambda table, submission: transitions.moved(
        table, submission, ATTEMPT, transitions.Split("ly-bulk", "langyu", 100)
    ),
}
every_result = pytest.mark.parametrize("name", RESULTS)


@every_result
def test_a_result_that_is_written_twice_was_written_once(name: str, table: Table) -> None:
    """The SDK's own retry meets our own success."""
    queued(table)
    submission = marked(table)
    RESULTS[name](table, submission)
    once = current(table)
    RESULTS[name](table, submission)
    assert current(table) == once


@every_result
def test_a_result_is_only_the_markers_to_write(name: str, table: Table) -> None:
    queued(table)
    submission = marked(table)
    for other in (replace(submission, owner="worker-2"), replace(submission, attempt=2)):
        with pytest.raises(ConditionFailed):
            RESULTS[name](table, other)
    assert current(table) == submission


@every_result
def test_a_result_also_counts_after_the_deadline(name: str, table: Table) -> None:
    queued(table)
    submission = marked(table)
    transitions.bury(table, submission, DEADLINE + 1)
    RESULTS[name](table, submission)
    assert current(table).state.lower() == name.removesuffix(" with an id")


@every_result
@pytest.mark.parametrize("state", [State.QUEUED, State.EXPIRED, State.CANCELED])
def test_a_result_changes_no_state_but_sending_and_unconfirmed(name: str, state: State, table: Table) -> None:
    queued(table)
    submission = marked(table)
    put_state(table, state)
    with pytest.raises(ConditionFailed):
        RESULTS[name](table, submission)
    assert current(table).state == state


def test_a_different_result_of_the_same_attempt_is_no_success(table: Table) -> None:
    queued(table)
    submission = marked(table)
    transitions.submitted(table, submission, Accepted())
    with pytest.raises(ConditionFailed):
        transitions.unconfirmed(table, submission, "reset", Reason.AMBIGUOUS_ANSWER)
    assert current(table).state == State.SUBMITTED


def test_refused_says_why_and_needs_no_further_look(table: Table) -> None:
    queued(table)
    transitions.ended(table, marked(table), State.REFUSED, "107 密码错误", Reason.CREDENTIALS_REFUSED)
    submission = current(table)
    assert (submission.reason, submission.vendor_status) == (Reason.CREDENTIALS_REFUSED, "107 密码错误")
    assert submission.due_at is None


def test_waiting_goes_on_elsewhere_and_remembers(table: Table) -> None:
    queued(table)
    transitions.waiting(table, marked(table), ATTEMPT, GONE_ON)
    submission = current(table)
    assert (submission.account, submission.vendor, submission.next_at) == ("ly-bulk", "langyu", NEXT)
    assert (submission.failures, submission.busy, submission.tried) == (1, 2, ("hb-main",))
    assert submission.attempts == (ATTEMPT,)
    assert submission.due_at == NEXT + WAKE_UP_LOST


# Without a mark


UNSENT: dict[str, Callable[[Table, StoredSubmission], None]] = {
    "expired": lambda table, submission: transitions.ended_unsent(
        table, submission, State.EXPIRED, Reason.VALIDITY_PASSED
    ),
    "canceled": lambda table, submission: transitions.ended_unsent(
        table, submission, State.CANCELED, Reason.CANCELED_BY_CLIENT
    ),
    "waiting": lambda table, submission: transitions.waiting(table, submission, ATTEMPT, GONE_ON),
    "moved": lambda table, submission: transitions.moved(
        table, submission, ATTEMPT, transitions.Split("ly-bulk", "langyu", 100)
    ),
}
every_end = pytest.mark.parametrize("name", UNSENT)


@every_end
def test_an_unsent_submission_can_end_and_a_repetition_is_our_own(name: str, table: Table) -> None:
    submission = queued(table)
    UNSENT[name](table, submission)
    once = current(table)
    assert once.state.lower() == name
    assert once.attempt == 0
    UNSENT[name](table, submission)
    assert current(table) == once


@every_end
def test_a_submission_that_is_marked_is_too_late_to_end(name: str, table: Table) -> None:
    submission = queued(table)
    marked(table)
    with pytest.raises(ConditionFailed):
        UNSENT[name](table, submission)
    assert current(table).state == State.SENDING


def test_an_ended_submission_is_not_looked_at_again(table: Table) -> None:
    UNSENT["canceled"](table, queued(table))
    assert current(table).due_at is None
    with pytest.raises(ConditionFailed):
        marked(table)


def test_a_waiting_submission_can_be_canceled(table: Table) -> None:
    queued(table)
    transitions.waiting(table, marked(table), ATTEMPT, GONE_ON)
    UNSENT["canceled"](table, current(table))
    assert current(table).state == State.CANCELED


def test_two_workers_do_not_both_move_it_on_unsent(table: Table) -> None:
    submission = queued(table)
    UNSENT["waiting"](table, submission)
    with pytest.raises(ConditionFailed):
        transitions.waiting(table, submission, ATTEMPT, replace(GONE_ON, account="other"))
    assert current(table).account == "ly-bulk"


def test_a_child_is_put_once(table: Table) -> None:
    child = item_of(key=KEY.child(0))
    submissions.put_child(table, child)
    table.update(Update((child["pk"], child["sk"]), "SET #state = :state", {"state": State.SENDING}))
    submissions.put_child(table, child)
    assert current(table, KEY.child(0)).state == State.SENDING


# Expiry, proof, another attempt


def test_expire_waits_for_the_deadline(table: Table) -> None:
    queued(table)
    submission = marked(table)
    with pytest.raises(ConditionFailed):
        transitions.bury(table, submission, DEADLINE)
    transitions.bury(table, submission, DEADLINE + 1)
    expired = current(table)
    assert (expired.state, expired.reason) == (State.UNCONFIRMED, Reason.AMBIGUOUS_ANSWER)


def test_expire_does_not_overtake_the_worker(table: Table) -> None:
    queued(table)
    submission = marked(table)
    transitions.submitted(table, submission, Accepted())
    with pytest.raises(ConditionFailed):
        transitions.bury(table, submission, DEADLINE + 1)
    assert current(table).state == State.SUBMITTED


def test_expire_does_not_touch_a_later_attempt(table: Table) -> None:
    queued(table)
    first = marked(table)
    transitions.waiting(table, first, ATTEMPT, replace(GONE_ON, next_at=NOW))
    transitions.mark(table, current(table), "worker-2", DEADLINE, NOW)
    with pytest.raises(ConditionFailed):
        transitions.bury(table, first, DEADLINE + 1)


def test_a_report_proves_an_unconfirmed_submission(table: Table) -> None:
    queued(table)
    transitions.unconfirmed(table, marked(table), "reset", Reason.AMBIGUOUS_ANSWER)
    transitions.prove(table, current(table))
    proved = current(table)
    assert (proved.state, proved.reason) == (State.SUBMITTED, None)


def test_a_report_that_comes_during_the_call_keeps_it_from_doubt(table: Table) -> None:
    queued(table)
    before = marked(table)
    transitions.prove(table, before)
    with pytest.raises(ConditionFailed):
        transitions.bury(table, before, DEADLINE + 1)  # read before the proof
    transitions.bury(table, current(table), DEADLINE + 1)
    assert current(table).state == State.SUBMITTED


def test_a_proof_finds_a_submission_that_went_on_meanwhile(table: Table) -> None:
    queued(table)
    sending = marked(table)
    transitions.unconfirmed(table, sending, "reset", Reason.AMBIGUOUS_ANSWER)
    transitions.prove(table, sending)  # read while it was SENDING
    assert current(table).state == State.SUBMITTED


@pytest.mark.parametrize("state", [State.QUEUED, State.SUBMITTED, State.REFUSED, State.EXPIRED, State.CANCELED])
def test_a_report_proves_nothing_else(state: State, table: Table) -> None:
    queued(table)
    before = put_state(table, state)
    transitions.prove(table, before)
    assert current(table) == before


def test_a_proof_is_of_its_attempt_only(table: Table) -> None:
    queued(table, attempt=1, proved=1)
    second = transitions.mark(table, current(table), "worker-2", DEADLINE, NOW)
    transitions.bury(table, second, DEADLINE + 1)
    assert current(table).state == State.UNCONFIRMED


@pytest.mark.parametrize(
    "settle",
    [
        lambda table, first: transitions.waiting(table, first, ATTEMPT, GONE_ON),
        lambda table, first: transitions.ended(table, first, State.REFUSED, "105", Reason.SENSITIVE_CONTENT),
        lambda table, first: transitions.moved(table, first, {"at": NOW}, transitions.Split("ly-bulk", "langyu", 100)),
    ],
)
def test_what_a_report_has_proved_sent_goes_nowhere_else(settle: Callable[..., None], table: Table) -> None:
    queued(table)
    first = marked(table)
    transitions.prove(table, first)
    with pytest.raises(ConditionFailed):
        settle(table, first)
    assert (current(table).state, current(table).account) == (State.SUBMITTED, "hb-main")


def test_another_attempt_can_be_asked_for_once(table: Table) -> None:
    queued(table)
    transitions.unconfirmed(table, marked(table), "reset", Reason.AMBIGUOUS_ANSWER)
    doubtful = current(table)
    transitions.opt_in(table, doubtful, NEXT)
    again = current(table)
    assert (again.state, again.next_at, again.due_at) == (State.WAITING, NEXT, NEXT + WAKE_UP_LOST)
    assert [attempt["outcome"] for attempt in again.attempts] == ["unconfirmed"]
    with pytest.raises(ConditionFailed):
        transitions.opt_in(table, doubtful, NEXT)


def test_no_other_attempt_after_a_proof(table: Table) -> None:
    queued(table)
    transitions.unconfirmed(table, marked(table), "reset", Reason.AMBIGUOUS_ANSWER)
    doubtful = current(table)
    transitions.prove(table, doubtful)
    with pytest.raises(ConditionFailed):
        transitions.opt_in(table, doubtful, NEXT)
