"""The transitions of a submission: each condition, and the own success behind a condition that failed."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from smsgateway.ids import SubmissionKey
from smsgateway.model import Accepted, Purpose, Reason, Rejection, State
from smsgateway.store import claims, submissions, transitions
from smsgateway.store.submissions import WAKE_UP_LOST, StoredSubmission
from smsgateway.store.table import ConditionFailed, Table, Update, to_wire
from smsgateway.store.vendor_ids import flag_early, key_in, map_in_blocks, places
from tests.doubles import aws
from tests.unit.store.given import (
    DEADLINE,
    KEY,
    MESSAGE,
    NOW,
    TTL,
    current,
    item_of,
    marked,
    one_of_many,
    queued,
    sent,
)

NEXT = NOW + 5_000
ATTEMPT = {"at": NOW, "account": "hb-main", "outcome": "not_sent"}
GONE_ON = transitions.NextAttempt("ly-bulk", "langyu", NEXT, failures=1, busy=2, tried=["hb-main"])
SAME_ACCOUNT = replace(GONE_ON, account="hb-main", vendor="hbsmservice", next_at=NOW, tried=[])


def put_state(table: Table, state: State) -> StoredSubmission:
    """The submission in any state, without the way there."""
    table.update(Update(current(table).table_key, "SET #state = :state", {"state": state}))
    return current(table)


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


# mark


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
    transitions.moved(table, stale, ATTEMPT, transitions.Split("ly-bulk"))
    transitions.moved(table, stale, ATTEMPT, transitions.Split("ly-bulk"))  # the SDK's retry
    table.update(Update(stale.table_key, "SET attempt = :one", {"one": 1}))
    with pytest.raises(ConditionFailed):
        transitions.moved(table, stale, ATTEMPT, transitions.Split("ly-bulk"))


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
    "moved": lambda table, submission: transitions.moved(table, submission, ATTEMPT, transitions.Split("ly-bulk")),
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
    transitions.expire(table, submission, DEADLINE + 1)
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
    "moved": lambda table, submission: transitions.moved(table, submission, ATTEMPT, transitions.Split("ly-bulk")),
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
        transitions.expire(table, submission, DEADLINE)
    transitions.expire(table, submission, DEADLINE + 1)
    expired = current(table)
    assert (expired.state, expired.reason) == (State.UNCONFIRMED, Reason.AMBIGUOUS_ANSWER)


def test_expire_does_not_overtake_the_worker(table: Table) -> None:
    queued(table)
    submission = marked(table)
    transitions.submitted(table, submission, Accepted())
    with pytest.raises(ConditionFailed):
        transitions.expire(table, submission, DEADLINE + 1)
    assert current(table).state == State.SUBMITTED


def test_expire_does_not_touch_a_later_attempt(table: Table) -> None:
    queued(table)
    first = marked(table)
    transitions.waiting(table, first, ATTEMPT, replace(GONE_ON, next_at=NOW))
    transitions.mark(table, current(table), "worker-2", DEADLINE, NOW)
    with pytest.raises(ConditionFailed):
        transitions.expire(table, first, DEADLINE + 1)


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
        transitions.expire(table, before, DEADLINE + 1)  # read before the proof
    transitions.expire(table, current(table), DEADLINE + 1)
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
    transitions.expire(table, second, DEADLINE + 1)
    assert current(table).state == State.UNCONFIRMED


@pytest.mark.parametrize(
    "settle",
    [
        lambda table, first: transitions.waiting(table, first, ATTEMPT, GONE_ON),
        lambda table, first: transitions.ended(table, first, State.REFUSED, "105", Reason.SENSITIVE_CONTENT),
        lambda table, first: transitions.moved(table, first, {"at": NOW}, transitions.Split("ly-bulk")),
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
        rows = table.query_all("due_shard = :shard AND due_at <= :now", values, index="by_due")
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
