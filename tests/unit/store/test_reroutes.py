"""Reroutes as they are stored (store/reroutes.py): each condition by itself.

Who speaks for a recipient, what is decided once, and what is read of a reroute.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from smsgateway.ids import SubmissionKey
from smsgateway.model import Accepted, Payload, Personal, Reason, Rejection, State, Status
from smsgateway.queues import parse_wake_up
from smsgateway.store import recipients, reroutes, submissions, transitions
from smsgateway.store.history import MOST
from smsgateway.store.keys import submission_key
from smsgateway.store.messages import load_payload
from smsgateway.store.recipients import RecipientRow, load_rows, recipient_key
from smsgateway.store.spared import Spared
from smsgateway.store.submissions import WAKE_UP_LOST, StoredSubmission, load_submission
from smsgateway.store.table import ConditionFailed, Item, Update
from tests.doubles import invariants
from tests.doubles.receipts import report_of
from tests.doubles.world import MINUTE, SECOND, START, World, accounts_document, numbers, personal_post, post

FIRST, ANOTHER = numbers(2)
LAYOUTS = pytest.mark.parametrize("count", [1, 2])
FAILED: Item = {"status": "undelivered", "vendor_status": "2", "vendor_id": "x", "reported_by": "a", "reported_at": 1}
ENTRY: Item = {"at": 1, "account": "a", "status": "undelivered", "vendor_status": "2"}


def begun(count: int, *, failed: bool = True, personal: bool = False, **fields: Any) -> tuple[World, StoredSubmission]:
    """A message that account `a` was sent, and that failed with its first recipient: its resend waits for `b`."""
    accounts = (("a", "hbsmservice", 0), ("b", "langyu", 0), ("c", "qixintong", 0))
    world = World(accounts_document(accounts, report_window=600))
    make = personal_post if personal else post
    world.accept(make(*numbers(count), resend_undelivered=True, **fields))
    key = parse_wake_up(world.queues.waiting[0].body).key
    world.now = max(world.now, fields.get("send_at", 0))
    world.deliver()
    world.now += SECOND
    if failed:
        world.ingest(report_of(world, "a", stands(world, key).sent_reference, FIRST, status="undelivered"))
    return world, stands(world, key)


def stands(world: World, key: SubmissionKey) -> StoredSubmission:
    found = load_submission(world.table, key)
    assert found
    return found


def outcome_of(world: World, first: StoredSubmission) -> RecipientRow:
    return load_rows(world.table, stands(world, first.key), (FIRST,))[FIRST]


def resend_of(world: World, first: StoredSubmission) -> StoredSubmission:
    """The last resend to the first recipient."""
    return stands(world, SubmissionKey(first.key.message_id, outcome_of(world, first).reroutes[-1]["path"]))


def put(world: World, key: SubmissionKey, **values: Any) -> None:
    sets = ", ".join(f"#{name} = :{name}" for name in values)
    world.table.update(Update(submission_key(key), f"SET {sets}", values))


def put_in_row(world: World, first: StoredSubmission, **values: Any) -> None:
    sets = ", ".join(f"#{name} = :{name}" for name in values)
    world.table.update(Update(recipient_key(first, FIRST), f"SET {sets}", values))


# What several attempts come to


@pytest.mark.parametrize(
    ("so_far", "final", "stands_for"),
    [
        (None, "undelivered", "final"),
        ("unknown", "undelivered", "so far"),
        ("undelivered", "unknown", "final"),
        ("undelivered", "undelivered", "final"),
        ("unknown", "unknown", "final"),
        ("undelivered", "rejected", "so far"),
        ("rejected", "undelivered", "final"),
    ],
)
def test_a_failure_denies_nothing_that_nobody_knows(so_far: str | None, final: str, stands_for: str) -> None:
    before, last = {"status": so_far, "of": "so far"} if so_far else None, {"status": final, "of": "final"}
    assert reroutes.stronger(before, last)["of"] == stands_for


@LAYOUTS
def test_what_follows_a_submission_is_the_resend_behind_it(count: int) -> None:
    world, first = begun(count)
    outcome, resend = outcome_of(world, first), resend_of(world, first)
    assert reroutes.successor(outcome, first) == outcome.reroutes[0]
    assert reroutes.successor(outcome, resend) is None
    assert reroutes.successor(replace(outcome, reroutes=()), first) is None
    more = replace(outcome, reroutes=(*outcome.reroutes, {"path": "p", "account": "c", "vendor": "qixintong"}))
    assert reroutes.successor(more, first) == outcome.reroutes[0]
    assert reroutes.successor(more, resend) == more.reroutes[1]


# Decided once


@LAYOUTS
@pytest.mark.parametrize("as_heard", [False, True])
@pytest.mark.parametrize("meanwhile", ["nothing", "status", "decided", "heard"])
@pytest.mark.parametrize("resent", [False, True])
@pytest.mark.parametrize("how", ["decide", "finish"])
def test_nothing_is_decided_of_a_row_that_has_changed(
    how: str, resent: bool, meanwhile: str, as_heard: bool, count: int
) -> None:
    """A further report changes it for those alone who decide because nothing was heard."""
    world, first = begun(count, failed=resent)
    outcome, row = outcome_of(world, first), recipient_key(first, FIRST)
    if meanwhile == "status":
        put_in_row(world, first, status=Status.DELIVERED)
    if meanwhile == "decided":
        put_in_row(world, first, resent="another")
    if meanwhile == "heard":
        put_in_row(world, first, history=[*outcome.history, ENTRY])
    before = world.item(row)

    def act() -> None:
        if how == "finish":
            reroutes.finish(world.table, row, outcome, FAILED, ENTRY, as_heard=as_heard)
            return
        account = world.settings().accounts["c"]
        key = SubmissionKey(first.key.message_id, "path")
        named = reroutes.named(key, account)
        assert named == {"path": "path", "account": "c", "vendor": "qixintong"}
        reroutes.decide(world.table, row, outcome, named, FAILED, ENTRY, as_heard=as_heard)

    if meanwhile in ("status", "decided") or (meanwhile == "heard" and as_heard):
        with pytest.raises(ConditionFailed):
            act()
        assert world.item(row) == before
        return
    act()
    after = outcome_of(world, first)
    assert after.history[-1] == ENTRY
    if how == "finish":
        assert (after.status, after.reroutes) == (Status.UNDELIVERED, outcome.reroutes)
    else:
        assert after.status is None
        assert [each["path"] for each in after.reroutes[len(outcome.reroutes) :]] == ["path"]
        assert world.item(row)["resent"] == "path"
        assert after.so_far == FAILED


def test_a_full_history_counts_what_it_leaves_out_also_for_a_decision() -> None:
    """GIVEN a recipient of whom more was reported than is kept WHEN a decision that rests on all of it adds an entry
    THEN one more is left out."""
    world, first = begun(2)
    row = recipient_key(first, FIRST)
    put_in_row(world, first, history=[{**ENTRY, "at": ENTRY["at"] + place} for place in range(1, MOST + 1)], left_out=3)
    named = {"path": "path", "account": "c", "vendor": "qixintong"}
    reroutes.decide(world.table, row, outcome_of(world, first), named, FAILED, ENTRY, as_heard=True)
    after = outcome_of(world, first)
    assert (len(after.history), after.left_out) == (MOST, 4)


@pytest.mark.parametrize("how", ["decide", "finish"])
def test_a_decision_about_a_full_history_falls_to_a_report_that_came_meanwhile(how: str) -> None:
    """GIVEN a full history WHEN a report comes between a decision's reading and its write THEN it is decided anew."""
    world, first = begun(2)
    row, history = recipient_key(first, FIRST), [{**ENTRY, "at": ENTRY["at"] + place} for place in range(1, MOST + 1)]
    put_in_row(world, first, history=history, left_out=3)
    read = outcome_of(world, first)
    put_in_row(world, first, history=[*history[1:], {**ENTRY, "at": ENTRY["at"] + MOST + 1}], left_out=4)
    named = {"path": "path", "account": "c", "vendor": "qixintong"}
    writes: dict[str, Callable[[], object]] = {
        "finish": lambda: reroutes.finish(world.table, row, read, FAILED, ENTRY, as_heard=True),
        "decide": lambda: reroutes.decide(world.table, row, read, named, FAILED, ENTRY, as_heard=True),
    }
    with pytest.raises(ConditionFailed):
        writes[how]()


@pytest.mark.parametrize("how", ["decide", "finish"])
def test_what_was_said_before_is_not_said_twice(how: str) -> None:
    world, first = begun(2)
    outcome, row = outcome_of(world, first), recipient_key(first, FIRST)
    (entry,) = outcome.history
    if how == "finish":
        reroutes.finish(world.table, row, outcome, FAILED, dict(entry))
    else:
        account, key = world.settings().accounts["c"], SubmissionKey(first.key.message_id, "path")
        reroutes.decide(world.table, row, outcome, reroutes.named(key, account), FAILED, dict(entry), as_heard=False)
    assert outcome_of(world, first).history == (entry,)


# The resend itself


@pytest.mark.parametrize("personal", [False, True])
@LAYOUTS
def test_a_resend_is_a_submission_of_its_own(count: int, personal: bool) -> None:
    world, first = begun(count, personal=personal)
    found = resend_of(world, first)
    assert (found.state, found.account, found.vendor, found.count) == (State.QUEUED, "b", "langyu", 1)
    assert (found.tried, found.filed, found.next_at) == (("a",), True, world.now)
    assert found.due_at == world.now + WAKE_UP_LOST
    assert found.recipient_row == recipient_key(first, FIRST)
    assert found.ttl == first.ttl
    assert found.refused_by == ()
    payload = first.payload() or load_payload(world.table, first.key)
    assert found.payload() == payload.part(0, 1)


def test_the_resend_of_a_message_for_later_goes_on_from_now() -> None:
    """Not from the moment that the message was for: it has not waited since then."""
    world, first = begun(2, send_at=START + 30 * SECOND)
    resend = resend_of(world, first)
    assert (resend.next_at, resend.due_at) == (world.now, world.now + WAKE_UP_LOST)
    assert resend.next_at > START + 30 * SECOND


@pytest.mark.parametrize(
    ("before", "now", "after"),
    [((), "", ()), ((), "langyu", ("langyu",)), (("heji",), "", ("heji",)), (("heji",), "heji", ("heji",))],
)
def test_a_resend_knows_who_refused_its_content_before(
    before: tuple[str, ...], now: str, after: tuple[str, ...]
) -> None:
    world, first = begun(2)
    message = submissions.message_of(world.table, first)
    assert message
    named = {"path": "00000R1", "account": "c", "vendor": "qixintong"}
    parent = replace(first, refused_by=before, tried=("z",))

    def file() -> SubmissionKey | None:
        row, payload = recipient_key(first, FIRST), Payload((FIRST,))
        new = reroutes.NewReroute(parent, message, payload, 1, refused_by=now)
        return reroutes.put_reroute(world.table, row, named, new, world.now)

    key = file()
    assert key == SubmissionKey(first.key.message_id, "00000R1")
    item = world.item(submission_key(key))
    assert tuple(item.get("refused_by", ())) == after
    assert "refused_by" in item or not after
    assert stands(world, key).tried == ("z", "a")
    assert "content" not in item
    assert file() is None  # it is there


def test_a_resend_has_all_of_what_its_recipient_reads() -> None:
    """Also the values of a template, which a vendor with templates of its own is given in place of the text."""
    world, first = begun(2)
    message = submissions.message_of(world.table, first)
    assert message
    named = {"path": "00000R1", "account": "c", "vendor": "qixintong"}
    payload = Payload((FIRST,), (Personal("您好1", {"code": "1"}),))
    row = recipient_key(first, FIRST)
    key = reroutes.put_reroute(world.table, row, named, reroutes.NewReroute(first, message, payload, 1), world.now)
    assert key
    assert stands(world, key).payload() == payload


@LAYOUTS
def test_a_failure_without_a_reason_can_be_read_again(count: int) -> None:
    """GIVEN a failure whose word has no reason WHEN its recipient goes on THEN what it would have been is kept without
    one, and shown."""
    world, first = begun(count, failed=False)
    outcome, row = outcome_of(world, first), recipient_key(first, FIRST)
    account, key = world.settings().accounts["b"], SubmissionKey(first.key.message_id, "path")
    reroutes.decide(
        world.table, row, outcome, reroutes.named(key, account), {**FAILED, "reason": None}, ENTRY, as_heard=False
    )
    after = outcome_of(world, first)
    assert after.so_far == FAILED
    resend = replace(first, key=key, recipient_row=row, own_message=None, state=State.REFUSED)
    _, shown = reroutes.standing(first, after, {"path": resend})
    assert (shown.status, shown.reason) == (Status.UNDELIVERED, None)


@LAYOUTS
def test_a_resend_is_superseded_by_a_final_status_and_by_nothing_else(count: int) -> None:
    world, first = begun(count)
    assert not reroutes.superseded(world.table, resend_of(world, first))
    assert not reroutes.superseded(world.table, first)
    gone = replace(resend_of(world, first), recipient_row=("msg_none", "S#00000"))
    assert not reroutes.superseded(world.table, gone)
    put_in_row(world, first, status=Status.DELIVERED)
    assert reroutes.superseded(world.table, resend_of(world, first))
    assert not reroutes.superseded(world.table, replace(resend_of(world, first), recipient_row=None))


@pytest.mark.parametrize("state", list(State))
def test_which_resends_ended_without_a_vendor_that_took_them(state: State) -> None:
    world, first = begun(2)
    resend = replace(resend_of(world, first), state=state)
    over = state in (State.REFUSED, State.EXPIRED, State.CANCELED)
    assert reroutes.unsent(resend) is over
    assert reroutes.unsent(replace(resend, rejected=(Rejection(FIRST, Reason.BLACKLISTED, "no"),)))
    assert not reroutes.unsent(
        replace(resend, recipient_row=None, rejected=(Rejection(FIRST, Reason.BLACKLISTED, "no"),))
    )


# Its end


def concluded(world: World, first: StoredSubmission, resend: StoredSubmission) -> RecipientRow:
    reroutes.report_unsent(world.table, resend, world.now)
    return outcome_of(world, first)


@LAYOUTS
@pytest.mark.parametrize(
    ("state", "status"),
    [
        (State.REFUSED, "rejected"),
        (State.EXPIRED, "expired"),
        (State.CANCELED, "canceled"),
        (State.SUBMITTED, "rejected"),
    ],
)
def test_the_end_of_a_resend_is_told_and_the_attempts_before_it_decide(state: State, status: str, count: int) -> None:
    world, first = begun(count)
    resend = resend_of(world, first)
    refusal = (Rejection(FIRST, Reason.BLACKLISTED, "no"),) if state == State.SUBMITTED else ()
    put(world, resend.key, state=state)
    ended = replace(resend, state=state, reason=Reason.BUSY, vendor_status="so", rejected=refusal)
    found = concluded(world, first, ended)
    assert (found.status, found.account) == (Status.UNDELIVERED, "a")
    reason, word = (Reason.BLACKLISTED, "no") if refusal else (Reason.BUSY, "so")
    told = {"at": world.now, "account": "b", "status": status, "reason": reason, "vendor_status": word}
    assert found.history[-1] == told
    assert stands(world, resend.key).due_at is None


@LAYOUTS
@pytest.mark.parametrize("why", ["it has a status", "nothing so far", "another resend came after it"])
def test_the_end_of_a_resend_that_no_longer_speaks_for_its_recipient_changes_nothing(why: str, count: int) -> None:
    world, first = begun(count)
    resend = replace(resend_of(world, first), state=State.REFUSED)
    put(world, resend.key, state=State.REFUSED)
    outcome = outcome_of(world, first)
    if why == "it has a status":
        put_in_row(world, first, status=Status.DELIVERED)
    elif why == "nothing so far":
        world.table.update(Update(recipient_key(first, FIRST), "REMOVE so_far", {}))
    else:
        named = {"path": "later", "account": "c", "vendor": "qixintong"}
        put_in_row(world, first, resends=[*outcome.reroutes, named], resent="later")
    before = world.item(recipient_key(first, FIRST))
    concluded(world, first, resend)
    assert world.item(recipient_key(first, FIRST)) == before
    assert stands(world, resend.key).due_at is None


def test_a_delivery_between_the_reading_and_the_end_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    world, first = begun(2)
    resend = replace(resend_of(world, first), state=State.REFUSED)
    finish = reroutes.finish

    def late(*args: Any, **rest: Any) -> None:
        put_in_row(world, first, status=Status.DELIVERED)
        finish(*args, **rest)

    monkeypatch.setattr(reroutes, "finish", late)
    assert concluded(world, first, resend).status == Status.DELIVERED


@LAYOUTS
def test_a_resend_whose_row_is_gone_is_looked_at_no_more(count: int) -> None:
    world, first = begun(count)
    resend = resend_of(world, first)
    world.table.delete(recipient_key(first, FIRST))
    reroutes.report_unsent(world.table, resend, world.now)
    assert stands(world, resend.key).due_at is None


@LAYOUTS
def test_a_canceled_resend_ends_its_recipient_at_once(count: int) -> None:
    world, first = begun(count)
    resend = resend_of(world, first)
    reroutes.end_canceled(world.table, resend, world.now)
    found, after = stands(world, resend.key), outcome_of(world, first)
    assert (found.state, found.reason, found.due_at) == (State.CANCELED, Reason.CANCELED_BY_CLIENT, None)
    assert after.status == Status.UNDELIVERED
    assert after.history[-1]["status"] == Status.CANCELED


@LAYOUTS
def test_a_canceled_resend_in_doubt_denies_nothing(count: int) -> None:
    """GIVEN a resend that waits after a doubt WHEN it is canceled THEN its recipient stays open, and is unknown in the
    end; and a message to one number knows that it was canceled, as one to several does by itself."""
    world, first = begun(count)
    resend = resend_of(world, first)
    doubt = {"at": 1, "account": "b", "outcome": "unconfirmed", "vendor_status": ""}
    put(world, resend.key, state=State.WAITING, attempt=1, attempts=[doubt])
    before = outcome_of(world, first)
    reroutes.end_canceled(world.table, stands(world, resend.key), world.now)
    found, after = stands(world, resend.key), outcome_of(world, first)
    assert (found.state, found.given_up, found.reason) == (State.UNCONFIRMED, True, Reason.CANCELED_BY_CLIENT)
    assert (after.status, after.history) == (None, before.history)
    message = submissions.message_of(world.table, found)
    assert message
    assert message.canceled_at == (world.now if count == 1 else None)
    world.queues.waiting.clear()
    world.settle()
    assert outcome_of(world, first).status == Status.UNKNOWN


def test_what_is_sent_is_not_canceled() -> None:
    world, first = begun(2)
    resend = resend_of(world, first)
    transitions.mark(world.table, resend, "one", world.now + MINUTE, world.now)
    with pytest.raises(ConditionFailed):
        reroutes.end_canceled(world.table, resend, world.now)
    assert outcome_of(world, first).status is None


# Through whom it was sent


@LAYOUTS
def test_through_whom_a_recipient_may_have_been_sent_to(count: int) -> None:
    world, first = begun(count)
    put(world, resend_of(world, first).key, tried=["a", "t"])
    row = recipient_key(first, FIRST)

    def through(key: SubmissionKey, **changes: Any) -> frozenset[str]:
        again = world.copy()
        put(again, key, **changes)
        return reroutes.accounts_sent_through(again.table, stands(again, first.key), row, FIRST, world.now)

    resend = resend_of(world, first).key
    assert through(resend, tried=["a"]) == {"a"}, "the reroute waits"
    assert through(resend, state=State.SENDING, submitted_at=world.now) == {"a", "b"}
    assert through(resend, state=State.SENDING, submitted_at=world.now + 1) == {"a"}, "later"
    assert through(resend, doubted=True) == {"a", "b", "t"}, "any of them may have it"
    assert through(first.key, state=State.QUEUED) == set()
    assert through(first.key, state=State.EXPIRED) == set()
    assert through(first.key, state=State.WAITING, proved=1) == {"a"}
    assert through(first.key, rejected=[[FIRST, Reason.BLACKLISTED, ""]]) == set()
    assert through(first.key, **Spared(frozenset({FIRST}), 1).attributes(), doubted=True) == set()


@LAYOUTS
def test_which_resends_can_still_be_called_off(count: int) -> None:
    world, first = begun(count)
    resend = resend_of(world, first)

    def can_be() -> list[SubmissionKey]:
        return [each.key for each in reroutes.open_reroutes(world.table, stands(world, first.key))]

    assert can_be() == [resend.key]
    assert reroutes.open_reroutes(world.table, replace(stands(world, first.key), may_reroute=False)) == []
    put(world, resend.key, state=State.WAITING)
    assert can_be() == [resend.key]
    for state in (State.SENDING, State.SUBMITTED, State.UNCONFIRMED, State.REFUSED):
        put(world, resend.key, state=state)
        assert can_be() == []
    put(world, resend.key, state=State.QUEUED)
    put_in_row(world, first, status=Status.DELIVERED)
    assert can_be() == []


# Who speaks for a recipient


@LAYOUTS
def test_without_a_resend_the_submission_speaks(count: int) -> None:
    world, first = begun(count, failed=False)
    outcome = outcome_of(world, first)
    assert reroutes.standing(first, outcome, {}) == (first, outcome)


@LAYOUTS
def test_the_last_attempt_speaks_until_there_is_a_status_and_then_the_one_it_came_from(count: int) -> None:
    world, first = begun(count)
    outcome, resend = outcome_of(world, first), resend_of(world, first)
    known = reroutes.load(world.table, first, [outcome])
    assert known == {resend.key.path: resend}
    assert reroutes.standing(first, outcome, known) == (resend, outcome)
    by_first = replace(outcome, status=Status.DELIVERED, account="a")
    by_second = replace(outcome, status=Status.DELIVERED, account="b")
    by_none = replace(outcome, status=Status.UNKNOWN, account="")
    assert reroutes.standing(first, by_first, known) == (first, by_first)
    assert reroutes.standing(first, by_second, known) == (resend, by_second)
    assert reroutes.standing(first, by_none, known) == (resend, by_none)


@LAYOUTS
def test_a_resend_that_is_named_and_not_there_yet_speaks_as_one_that_waits(count: int) -> None:
    world, first = begun(count)
    outcome, resend = outcome_of(world, first), resend_of(world, first)
    found, _ = reroutes.standing(stands(world, first.key), outcome, {})
    assert (found.key, found.state, found.account, found.vendor) == (resend.key, State.QUEUED, "b", "langyu")
    nothing = (found.attempt, found.vendor_ids, found.vendor_status, found.reason, found.rejected, found.attempts)
    assert nothing == (0, (), "", None, (), ())
    assert found.submitted_at is None


@LAYOUTS
@pytest.mark.parametrize("reason", [None, Reason.UNREACHABLE])
def test_between_a_resends_end_and_its_recipients_the_attempts_before_it_are_shown(
    reason: Reason | None, count: int
) -> None:
    world, first = begun(count)
    outcome, resend = outcome_of(world, first), replace(resend_of(world, first), state=State.REFUSED)
    known = {resend.key.path: resend}
    so_far = {**FAILED, **({"reason": reason} if reason else {})}
    found, shown = reroutes.standing(first, replace(outcome, so_far=so_far), known)
    assert found == first
    assert (shown.status, shown.reason, shown.vendor_status) == (Status.UNDELIVERED, reason, "2")
    assert (shown.vendor_id, shown.account, shown.reported_at) == ("x", "a", 1)
    assert reroutes.standing(first, replace(outcome, so_far=None), known)[1].status is None
    delivered = replace(outcome, so_far=so_far, status=Status.DELIVERED, account="b")
    assert reroutes.standing(first, delivered, known) == (resend, delivered)


def test_a_refusal_of_the_number_ends_a_resend_in_the_real_run() -> None:
    """GIVEN a resend whose vendor refuses the number in its answer WHEN all is over THEN the first failure stands."""
    world, first = begun(2)
    world.ingest(report_of(world, "a", first.sent_reference, ANOTHER))
    resend = resend_of(world, first)
    marked = transitions.mark(world.table, resend, "one", world.now + MINUTE, world.now)
    answer = Accepted(("id-1",), (Rejection(FIRST, Reason.BLACKLISTED, "no"),))
    transitions.submitted(world.table, marked, answer)
    world.queues.waiting.clear()
    world.settle()
    assert invariants.statuses(world, first.key.message_id) == {FIRST: Status.UNDELIVERED, ANOTHER: Status.DELIVERED}
    assert recipients.load_rows(world.table, first, (FIRST,))[FIRST].account == "a"
