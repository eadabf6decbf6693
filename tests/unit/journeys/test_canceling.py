"""Cancelling a message by one write, in every order with the steps of the workers that send it.

What a client was told to be canceled is never sent, and stays canceled. Once a client was told so of any recipient,
nothing is sent any more that was not in a worker's hands by then.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from smsgateway.accepting.post import Post
from smsgateway.api.routes import cancel_message
from smsgateway.ids import SubmissionKey
from smsgateway.model import State, Status
from smsgateway.store import messages
from smsgateway.store.messages import load_payload
from smsgateway.store.submissions import load_submission
from smsgateway.store.table import ConditionFailed
from smsgateway.watching.sweep import look_at
from tests.doubles import invariants
from tests.doubles.interleaving import Task, schedules
from tests.doubles.receipts import report_of
from tests.doubles.seam import AwsError, Crash, Fault, Seam
from tests.doubles.world import DAY, MINUTE, SECOND, World, accounts_document, numbers, personal_post, post

FEW = numbers(3)
BEHAVIOURS = ("accepted", "moment", "account", "not sent", "ambiguous")
LAYOUTS: dict[str, tuple[Post, int]] = {"one request": (post(*FEW), 0), "three": (personal_post(*FEW), 1)}


@pytest.fixture(autouse=True)
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scheduler lets one thread of a worker go at a time."""
    monkeypatch.setattr(cancel_message, "PARALLEL", 1)


@dataclass
class Case:
    """A message to several that was accepted, and what its client is told."""

    world: World
    message_id: str
    keys: tuple[SubmissionKey, ...]
    told: dict[str, Status] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)  # unmarked when it was told

    def copy(self) -> "Case":
        other = Case(self.world.copy(), self.message_id, self.keys)
        other.world.vendors.script = self.world.vendors.script
        return other

    def cancel(self, seam: Seam | None = None) -> None:
        """The client's request, and then its answer."""
        shown = self.world.cancel(self.message_id, seam)
        self.told |= {number: status for number, status in (shown or {}).items() if status == Status.CANCELED}
        for submission in invariants.roots_and_children(self.world, self.message_id) if shown else ():
            if submission.unmarked:
                self.waiting |= set(load_payload(self.world.table, submission.key).numbers)

    def check(self, requests: int = 1) -> None:
        """At the end of everything."""
        self.world.settle()
        found = invariants.check_ended(self.world, self.message_id, FEW)
        invariants.check_never_twice(self.world, FEW, requests)
        invariants.check_truth(self.world, found)
        invariants.check_events(self.world, self.message_id, found)
        for number in self.told:
            assert found[number] == Status.CANCELED
        for number in {*self.told, *self.waiting}:
            assert not any(seen.possible for seen in self.world.vendors.requests_for(number))


def case(layout: str, *script: str, vendor: str = "langyu", **fields: Any) -> Case:
    given, limit = LAYOUTS[layout]
    document = accounts_document((("main", vendor, limit), ("spare", "hbsmservice", 1)))
    world = World(document, script or ("accepted",))
    given = Post(**{name: getattr(given, name) for name in Post.__slots__} | fields)
    _, answer = world.accept(given)
    keys = tuple(submission.key for submission in invariants.roots_and_children(world, answer["id"]))
    world.queues.waiting.clear()
    return Case(world, answer["id"], keys)


def worker(begun: Case, key: SubmissionKey) -> Task:
    return Task(lambda seam: begun.world.dispatch(key, seam))


@pytest.mark.parametrize("filed", [False, True])
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_worker_and_a_cancellation(behaviour: str, filed: bool) -> None:
    """GIVEN a submission, whose rows may have been written by an earlier worker WHEN a worker and a cancellation come
    in any order of their steps THEN what is told to be canceled is not sent."""
    origin = case("one request", behaviour, "accepted")
    if filed:  # a call that was never made
        origin.world.vendors.script = ("not sent", behaviour, "accepted")
        origin.world.dispatch(origin.keys[0])
        origin.world.now += MINUTE
        origin.world.queues.waiting.clear()
        submission = load_submission(origin.world.table, origin.keys[0])
        assert submission
        assert submission.filed

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        begun = origin.copy()
        return [worker(begun, begun.keys[0]), Task(begun.cancel)], begun.check

    assert schedules(make, preemptions=3) > 10


@pytest.mark.parametrize("behaviour", ["accepted", "account"])
def test_two_workers_and_a_cancellation(behaviour: str) -> None:
    origin = case("one request", behaviour, "accepted")

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        begun = origin.copy()
        return [worker(begun, begun.keys[0]), worker(begun, begun.keys[0]), Task(begun.cancel)], begun.check

    assert schedules(make, preemptions=1) > 10


@pytest.mark.usefixtures("blocks")
def test_a_worker_of_another_submission_and_a_cancellation() -> None:
    """GIVEN a message of three requests WHEN a worker has one of them in its hands THEN the other two are canceled
    whatever happens to that one."""
    origin = case("three")

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        begun = origin.copy()

        def check() -> None:
            assert len(begun.told) >= 2
            begun.check()

        return [worker(begun, begun.keys[0]), Task(begun.cancel)], check

    assert schedules(make, preemptions=2) > 10


def faults(origin: Case) -> Iterator[dict[int, Fault]]:
    seam = Seam()
    origin.copy().world.dispatch(origin.keys[0], seam)
    for step in range(len(seam.steps)):
        for fault in (Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.TWICE):
            yield {step: fault}


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("pause", [0, SECOND, 3 * MINUTE])
def test_a_worker_that_dies_and_a_cancellation(behaviour: str, pause: int) -> None:
    """GIVEN a worker that dies at any of its steps WHEN the message is canceled at once, or later THEN what is told to
    be canceled is not sent, and stays canceled."""
    origin = case("one request", behaviour, "accepted")
    for plan in faults(origin):
        begun = origin.copy()
        begun.world.dispatch(begun.keys[0], Seam(plan))
        begun.world.now += pause
        begun.cancel()
        begun.check()


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_cancellation_that_dies(layout: str) -> None:
    """GIVEN a cancellation that dies at any of its steps WHEN it is repeated THEN all is canceled, and nothing sent."""
    origin, seam = case(layout), Seam()
    origin.copy().cancel(seam)
    for step in range(len(seam.steps)):
        for fault in Fault:
            begun = origin.copy()
            try:
                begun.cancel(Seam({step: fault}))
            except (Crash, AwsError):
                begun.cancel()
            assert set(begun.told) == set(FEW), (step, fault)
            for key in begun.keys:
                begun.world.dispatch(key)
            assert not begun.world.vendors.seen
            begun.check()


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("ended_here", [0, 200])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("ahead", [0, 10 * DAY])
def test_what_is_left_is_ended_behind_it(layout: str, ahead: int, ended_here: int, monkeypatch: Any) -> None:
    """GIVEN more submissions than a request ends itself WHEN their wake-ups come, or are lost THEN they end, unsent."""
    monkeypatch.setattr(cancel_message, "AT_ONCE", ended_here)
    for woken in (True, False):
        send_at = World("").now + ahead
        begun = case(layout, send_at=send_at if ahead else None)
        begun.cancel()
        assert set(begun.told) == set(FEW)
        left = [load_submission(begun.world.table, key) for key in begun.keys]
        assert all(each and each.unmarked == (ended_here == 0) for each in left)
        for key in begun.keys if woken else ():
            begun.world.dispatch(key)
            ended = load_submission(begun.world.table, key)
            assert ended
            assert ended.settled
        begun.check()
        assert not begun.world.vendors.seen


@pytest.mark.parametrize("step", range(12))
def test_recipients_on_their_way_to_another_account(step: int) -> None:
    """GIVEN a worker that dies while it spreads recipients over an account's smaller requests WHEN the message is
    canceled THEN all are told to be, those too whose new submissions are not there yet, and none is sent."""
    origin, seam = case("one request", "account", "accepted"), Seam()
    origin.copy().world.dispatch(origin.keys[0], seam)
    refused = seam.steps.index("vendor")
    begun = origin.copy()
    begun.world.dispatch(begun.keys[0], Seam({refused + step: Fault.CRASH_AFTER}))
    begun.cancel()
    submission = load_submission(begun.world.table, begun.keys[0])
    assert submission
    if submission.state == State.MOVED:
        assert set(begun.told) == set(FEW)
    begun.check()


def test_a_refusal_after_a_cancellation_goes_to_nobody_else() -> None:
    """GIVEN a call under way WHEN the message is canceled, which is too late for it, and then the vendor refuses THEN
    no other account is asked."""
    begun = case("one request", "account", "accepted")

    def cancel_meanwhile(name: str) -> None:
        if name == "vendor":
            messages.cancel(begun.world.table, begun.message_id, begun.world.now)

    begun.world.dispatch(begun.keys[0], Seam(pause=cancel_meanwhile))
    begun.check()
    assert [seen.account for seen in begun.world.vendors.seen] == ["main"]
    assert set(invariants.statuses(begun.world, begun.message_id).values()) == {Status.CANCELED}


@pytest.mark.parametrize("before", [True, False])
def test_a_failure_after_a_cancellation_is_not_sent_again(before: bool) -> None:
    """GIVEN `resend.undelivered`, and a message that was sent in part WHEN the rest is canceled THEN a recipient whose
    report is a failure does not go to another account, be the report before it or after it."""
    begun = case("three", "accepted", "accepted", resend_undelivered=True, vendor="langyu")
    begun.world.dispatch(begun.keys[0])
    (seen,) = begun.world.vendors.seen
    failed = report_of(begun.world, "main", seen.ids[0], FEW[0], status="failed")
    if before:
        begun.world.ingest(failed)
    begun.cancel()
    assert set(begun.told) == set(FEW[1:])
    if not before:
        begun.world.ingest(failed)
    begun.world.settle()
    found = invariants.check_ended(begun.world, begun.message_id, FEW)
    assert found == {FEW[0]: Status.UNDELIVERED, FEW[1]: Status.CANCELED, FEW[2]: Status.CANCELED}
    assert begun.world.vendors.seen == [seen]
    resent = [one for one in invariants.all_submissions(begun.world, begun.message_id) if one.recipient_row]
    assert len(resent) == before


def test_a_doubt_after_a_cancellation_is_not_sent_again() -> None:
    """GIVEN `resend.unconfirmed` and a call of which nobody knows what became WHEN the message is canceled THEN there
    is no other attempt, and nothing is denied."""
    begun = case("one request", "ambiguous", "accepted", resend_unconfirmed=True)

    def cancel_meanwhile(name: str) -> None:
        if name == "vendor":
            messages.cancel(begun.world.table, begun.message_id, begun.world.now)

    begun.world.dispatch(begun.keys[0], Seam(pause=cancel_meanwhile))
    begun.world.settle()
    assert len(begun.world.vendors.seen) == 1
    assert set(invariants.statuses(begun.world, begun.message_id).values()) == {Status.UNKNOWN}


def test_who_died_over_a_call_leaves_no_other_attempt() -> None:
    """GIVEN the same, and a worker that dies after its call WHEN the rest is canceled THEN there is none either."""
    begun = case("three", "accepted", resend_unconfirmed=True)
    seam = Seam()
    begun.copy().world.dispatch(begun.keys[0], seam)
    begun.world.dispatch(begun.keys[0], Seam({seam.steps.index("vendor"): Fault.CRASH_AFTER}))
    begun.cancel()
    assert set(begun.told) == set(FEW[1:])
    begun.world.settle()
    doubted = load_submission(begun.world.table, begun.keys[0])
    assert doubted
    assert (doubted.state, doubted.attempts) == (State.UNCONFIRMED, ())


def test_the_sweep_ends_what_is_left_by_itself(monkeypatch: Any) -> None:
    """Rather than wake a worker up for it."""
    monkeypatch.setattr(cancel_message, "AT_ONCE", 0)
    begun = case("three")
    begun.cancel()
    begun.world.now = begun.world.due()[-1]
    begun.world.sweep()
    assert not begun.world.queues.waiting
    begun.check()


def test_nothing_is_canceled_where_nothing_is_left() -> None:
    """Or a later refusal would cancel what its client was told is sent."""
    begun = case("one request")
    begun.world.dispatch(begun.keys[0])
    assert begun.world.cancel(begun.message_id) is None
    assert not messages.is_canceled(begun.world.table, begun.message_id)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("who", ["worker", "sweep"])
def test_who_was_about_to_send_a_doubt_again_does_not_after_a_cancellation(who: str, count: int) -> None:
    """GIVEN `resend.unconfirmed`, and a doubt that the worker and the sweep both mean to have sent again WHEN one of
    them did, and the message is canceled before the other does THEN it stays canceled, and nobody is asked again."""
    world = World(accounts_document((("main", "langyu", 0),)), ("ambiguous", "accepted"))
    _, answer = world.accept(post(*numbers(count), resend_unconfirmed=True))
    key = SubmissionKey(answer["id"], "00000")
    shown: list[dict[str, Status] | None] = []

    def first(then: str) -> None:
        """Have it sent again, and canceled, just before the other one's last steps."""
        if shown or then != {"worker": "get_item", "sweep": "update_item"}[who]:
            return
        found = load_submission(world.table, key)
        if found and found.state == State.UNCONFIRMED:
            shown.append(None)
            look_at(world.sweeper(Seam()), found)
            shown[:] = [world.cancel(answer["id"])]

    if who == "worker":
        world.dispatch(key, Seam(pause=first))
    else:
        world.dispatch(key, Seam({_doubt_written(world, key): Fault.CRASH_AFTER}))
        doubted = load_submission(world.table, key)
        assert doubted
        with suppress(ConditionFailed):
            look_at(world.sweeper(Seam(pause=first)), doubted)
    assert shown
    assert shown[0] is not None
    asked = len(world.vendors.seen)
    world.settle()
    assert len(world.vendors.seen) == asked == 1
    assert set(invariants.check_ended(world, answer["id"], numbers(count)).values()) == {Status.UNKNOWN}


def _doubt_written(world: World, key: SubmissionKey) -> int:
    """The worker's step that writes its doubt."""
    seam = Seam()
    world.copy().dispatch(key, seam)
    vendor = seam.steps.index("vendor")
    return vendor + seam.steps[vendor:].index("update_item")


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("script", [("ambiguous",), ("accepted", "ambiguous")])
def test_a_failure_after_the_cancellation_of_a_doubt_is_not_sent_again(script: tuple[str, ...], count: int) -> None:
    """GIVEN a message that may be sent again for either reason, and the doubt of its first attempt, or of its second
    WHEN it waits for another try and is canceled, and then the report says that it failed THEN nobody else is asked."""
    accounts = (("a", "hbsmservice", 0), ("b", "hbsmservice", 0), ("c", "langyu", 0))
    world = World(accounts_document(accounts), (*script, "accepted"))
    _, answer = world.accept(post(*numbers(count), resend_unconfirmed=True, resend_undelivered=True))
    (first,) = numbers(1)

    def failed() -> None:
        seen = world.vendors.seen[-1]
        world.ingest(report_of(world, seen.account, seen.ours, first, status="undelivered"))

    def deliver() -> None:
        world.deliver()
        world.now += SECOND

    deliver()
    if len(script) > 1:
        failed()
        deliver()
    assert [seen.behaviour for seen in world.vendors.seen] == list(script)
    shown = world.cancel(answer["id"])
    assert shown is not None
    failed()
    world.settle()
    assert len(world.vendors.seen) == len(script)
    found = invariants.check_ended(world, answer["id"], numbers(count))
    assert found[first] == Status.UNDELIVERED
