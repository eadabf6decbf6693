"""Reports of recipients that have a final status already.

What gives way to a late report depends on where the status came from; what does not give way is kept in the history.
"""

from dataclasses import replace

import pytest

from smsgateway.ids import SubmissionKey
from smsgateway.model import Reason, State, Status
from smsgateway.store import transitions
from smsgateway.store.recipients import RecipientRow, load_rows
from smsgateway.store.submissions import StoredSubmission, load_submission
from tests.doubles import invariants
from tests.doubles.receipts import WORDS, report_of
from tests.doubles.seam import Fault, Seam
from tests.doubles.world import DAY, HOUR, MINUTE, World, accounts_document, begun, numbers, post

(FIRST,) = numbers(1)
both_layouts = pytest.mark.parametrize("count", [1, 3])
both_choices = pytest.mark.parametrize("may_reroute", [False, True])


def stored(world: World, key: SubmissionKey) -> StoredSubmission:
    found = load_submission(world.table, key)
    assert found
    return found


def outcome_of(world: World, key: SubmissionKey) -> RecipientRow:
    return load_rows(world.table, stored(world, key), (FIRST,))[FIRST]


def status_of(world: World, key: SubmissionKey) -> Status:
    return invariants.statuses(world, key.message_id)[FIRST]


@both_layouts
@pytest.mark.parametrize("vendor", [vendor for vendor in WORDS if "pending" in WORDS[vendor]])
@pytest.mark.parametrize("final", ["delivered", "undelivered", "nothing"])
def test_under_way_after_the_end_is_only_kept(final: str, vendor: str, count: int) -> None:
    """GIVEN a recipient that is final WHEN the vendor calls it under way, which came late THEN its status stands, and
    the history has that word once."""
    document = accounts_document((("main", vendor, 0),))
    world, key = begun(document, count)
    world.dispatch(key)
    (seen,) = world.vendors.seen
    if final == "nothing":
        world.settle()
    else:
        world.ingest(report_of(world, "main", seen.id_of(FIRST), FIRST, status=final))
    before = outcome_of(world, key)
    events = len(world.events())
    for _ in range(2):
        world.ingest(report_of(world, "main", seen.id_of(FIRST), FIRST, status="pending"))
    after = outcome_of(world, key)
    assert (after.status, after.reason, after.vendor_status) == (before.status, before.reason, before.vendor_status)
    assert [entry["status"] for entry in after.history[len(before.history) :]] == ["pending"]
    assert len(world.events()) == events
    world.ingest(report_of(world, "main", seen.id_of(FIRST), FIRST))
    assert outcome_of(world, key).status == Status.DELIVERED


def ended_unsent(how: str, count: int, may_reroute: bool) -> tuple[World, SubmissionKey]:
    """A message that hbsmservice has refused, for which it may still have something to say."""
    script = {"refused": "account", "expired": "moment", "canceled": "moment"}[how]
    document = accounts_document((("main", "hbsmservice", 0),))
    world, key = begun(document, count, script, resend_undelivered=may_reroute, valid_for=HOUR // 1000)
    world.dispatch(key)
    if how == "canceled":
        transitions.ended_unsent(world.table, stored(world, key), State.CANCELED, Reason.CANCELED_BY_CLIENT)
        world.queues.waiting.clear()
    world.settle()
    return world, key


UNSENT = {"refused": Status.REJECTED, "expired": Status.EXPIRED, "canceled": Status.CANCELED}


@both_layouts
@both_choices
@pytest.mark.parametrize("how", UNSENT)
def test_a_failure_denies_no_other_end(how: str, count: int, may_reroute: bool) -> None:
    """GIVEN a message that was rejected, expired or cancelled WHEN its vendor fails it THEN it is what it was, and the
    report is kept; WHEN it was delivered after all THEN that counts."""
    world, key = ended_unsent(how, count, may_reroute)
    events = len(world.events())
    for word, segment in (("2", 0), ("77", 0), ("00", 0), ("2", 1), ("77", 2)):
        world.ingest(report_of(world, "main", key.reference, FIRST, word=word, segment=segment))
    assert status_of(world, key) == UNSENT[how]
    assert [entry["vendor_status"] for entry in outcome_of(world, key).history] == ["2", "77", "00", "2", "77"]
    assert len(world.events()) == events
    world.settle()
    asked = len(world.vendors.seen)
    world.ingest(report_of(world, "main", key.reference, FIRST))
    world.settle()
    assert status_of(world, key) == Status.DELIVERED
    assert len(world.vendors.seen) == asked


@both_choices
@pytest.mark.parametrize("page", [1, 3])
def test_a_failure_of_a_number_that_was_refused_at_once_is_only_kept(page: int, may_reroute: bool) -> None:
    """GIVEN a vendor that names a number as refused while it takes the request WHEN it reports a failure of it too, in
    a page of its own or with the others THEN the number is rejected."""
    world, key = begun(accounts_document((("main", "infocloud", 0),)), 3, resend_undelivered=may_reroute)
    world.vendors.rejects = (FIRST,)
    world.dispatch(key)
    (seen,) = world.vendors.seen
    for _ in range(2):
        world.ingest(report_of(world, "main", seen.ids[0], *numbers(page), status="undelivered"))
    found = invariants.statuses(world, key.message_id)
    assert found[FIRST] == Status.REJECTED
    assert set(found.values()) == {Status.REJECTED, Status.SUBMITTED if page == 1 else Status.UNDELIVERED}
    assert [entry["status"] for entry in outcome_of(world, key).history] == ["undelivered"]


def test_so_it_is_with_a_message_to_one_number() -> None:
    world, key = begun(accounts_document((("main", "infocloud", 0),)), 1)
    world.vendors.rejects = (FIRST,)
    world.dispatch(key)
    (seen,) = world.vendors.seen
    world.ingest(report_of(world, "main", seen.ids[0], FIRST, status="undelivered"))
    assert status_of(world, key) == Status.REJECTED
    world.ingest(report_of(world, "main", seen.ids[0], FIRST))
    assert status_of(world, key) == Status.DELIVERED


@both_layouts
def test_what_was_cancelled_in_doubt_is_not_sent_again(count: int) -> None:
    """GIVEN a client that allows another attempt after a doubt WHEN it cancels before that attempt THEN nobody is asked
    again, and the doubt stands until its end."""
    document = accounts_document((("main", "hbsmservice", 0),))
    world, key = begun(document, count, "ambiguous", "accepted", resend_unconfirmed=True)
    world.dispatch(key)
    assert stored(world, key).state == State.WAITING
    transitions.ended_unsent(world.table, stored(world, key), State.CANCELED, Reason.CANCELED_BY_CLIENT)
    world.settle(world.now + DAY)
    assert len(world.vendors.seen) == 1
    assert status_of(world, key) == Status.UNCONFIRMED
    world.settle()
    assert len(world.vendors.seen) == 1
    assert status_of(world, key) == Status.UNKNOWN


@both_layouts
def test_workers_that_die_are_followed_by_no_more_than_two_others(count: int) -> None:
    """GIVEN a client that allows another attempt after a doubt WHEN every worker dies with its request out THEN sweep
    has it sent three times in all, and no more."""
    document = accounts_document((("main", "hbsmservice", 0),))
    world, key = begun(document, count, "accepted", resend_unconfirmed=True)
    for _ in range(6):
        world.queues.waiting.clear()
        seam = Seam()
        world.copy().dispatch(key, seam)
        if "vendor" in seam.steps:
            world.dispatch(key, Seam({seam.steps.index("vendor"): Fault.CRASH_AFTER}))
        for _ in range(3):
            world.now += 3 * MINUTE
            world.sweep()
    assert len(world.vendors.seen) == 3
    assert status_of(world, key) == Status.UNCONFIRMED


@both_layouts
def test_a_failure_after_the_decision_leaves_its_trace(count: int) -> None:
    """GIVEN a failure that was decided on WHEN the same account reports another THEN the history has both, and nobody
    is asked because of it; so it is while the reroute waits, once it is sent, and when all is over."""
    accounts = (("a", "hbsmservice", 0), ("b", "langyu", 0), ("c", "qixintong", 0))
    world = World(accounts_document(accounts), ("accepted", "moment", "accepted"))
    _, answer = world.accept(post(*numbers(count), resend_undelivered=True))
    key = SubmissionKey(answer["id"], "00000")
    world.settle(world.now)
    (seen,) = world.vendors.seen
    words = ["2", "71", "72", "73"]
    world.ingest(report_of(world, "a", seen.ours, FIRST, word=words[0]))
    world.ingest(report_of(world, "a", seen.ours, FIRST, word=words[1]))
    world.settle(world.now + HOUR)
    world.ingest(report_of(world, "a", seen.ours, FIRST, word=words[2]))
    again = world.vendors.requests_for(FIRST)[-1]
    world.ingest(report_of(world, again.account, again.ids[0], FIRST))
    world.ingest(report_of(world, "a", seen.ours, FIRST, word=words[3]))
    world.settle()
    outcome = outcome_of(world, key)
    assert [entry["vendor_status"] for entry in outcome.history if entry["account"] == "a"] == words
    assert outcome.status == Status.DELIVERED
    assert len([each for each in world.vendors.requests_for(FIRST) if each.behaviour == "accepted"]) == 2


def test_final_messages_of_one_page_need_no_further_look() -> None:
    """GIVEN messages to one number each, reported in one page THEN nobody looks at them again."""
    world = World(accounts_document((("main", "hbsmservice", 0),)))
    for number in numbers(3):
        world.accept(post(number))
    world.settle(world.now)
    bodies = [report_of(world, "main", seen.ours, *seen.numbers).body for seen in world.vendors.seen]
    records = b"".join(body[body.index(b"<report>") : body.index(b"</reports>")] for body in bodies)
    page = report_of(world, "main", "x", FIRST)
    world.ingest(replace(page, body=b"<?xml version='1.0' encoding='gbk' ?><reports>" + records + b"</reports>"))
    assert not world.due()
    assert [event.detail["status"] for event in world.events() if "to" in event.detail] == ["delivered"] * 3
