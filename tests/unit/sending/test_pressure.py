"""A vendor that cannot be called now: pace, breaker and slow calls keep submissions waiting.

Waiting does not multiply what is in the queues, nor lose what a slow call brought.
"""

import json
import threading
from collections import Counter

import pytest

from smsgateway.accepting.post import Post
from smsgateway.calling import breaker
from smsgateway.ids import SubmissionKey
from smsgateway.model import Account, Request, Response, State, Status
from smsgateway.queues import parse_wake_up
from smsgateway.sending.dispatch import dispatch
from smsgateway.sending.work import InFlightError
from smsgateway.store import breakers
from smsgateway.store.submissions import load_submission
from smsgateway.store.table import Table
from tests.doubles import invariants
from tests.doubles.seam import Fault, Seam
from tests.doubles.world import FOREVER, MINUTE, World, accounts_document, begun, numbers, post

SUBMISSIONS = 20
PATIENCE = 10.0  # real seconds


def waiting_world(*script: str, **options: object) -> tuple[World, str]:
    """Twenty submissions of one recipient each, for an account with these options."""
    document = json.loads(accounts_document((("main", "langyu", 1),)))
    document["accounts"][0]["options"] |= options
    world = World(json.dumps(document), script)
    _, answer = world.accept(post(*numbers(SUBMISSIONS), valid_for=3600))
    return world, answer["id"]


@pytest.mark.parametrize(
    ("script", "options"),
    [
        (("accepted",), {"requests_per_second": 0.01}),
        (("not sent",), {"breaker_failures": 2, "breaker_seconds": 60}),
        (("ambiguous",), {"breaker_failures": 2, "breaker_seconds": 60}),
    ],
)
def test_waiting_does_not_multiply_wake_ups(script: tuple[str, ...], options: dict[str, object]) -> None:
    """GIVEN an account that can rarely be called WHEN an hour passes THEN no submission has many wake-ups."""
    world, message_id = waiting_world(*script, **options)
    most = 0
    end = world.now + 3600 * 1000
    while world.now < end and world.queues.waiting:
        world.settle(world.now + 10_000)
        keys = [parse_wake_up(message.body).key for message in world.queues.waiting]
        most = max([most, *(keys.count(key) for key in keys)])
    assert most <= 2
    world.settle()
    found = invariants.check_ended(world, message_id, numbers(SUBMISSIONS))
    invariants.check_never_twice(world, numbers(SUBMISSIONS))
    invariants.check_truth(world, found)


def test_who_waits_for_a_vendor_that_hangs_asks_ever_less() -> None:
    """GIVEN a call that hangs for ten minutes WHEN others wait for its account THEN each looks now and then, with one
    wake-up at a time, and is sent soon after the call has ended."""
    world, message_id = waiting_world("accepted", in_flight=1)
    ends = world.now + 600_000
    breakers.begin_slow(world.table, "main", "hung", ends)
    looks: Counter[SubmissionKey] = Counter()
    most = 0
    while world.now < ends:
        world.settle(world.now + 500)
        keys = [parse_wake_up(message.body).key for message in world.queues.waiting]
        looks.update(parse_wake_up(each.body).key for each in world.queues.waiting if each.at <= world.now + 500)
        most = max([most, *Counter(keys).values()])
    assert not world.vendors.seen
    assert most == 1
    assert len(looks) == SUBMISSIONS
    assert 30 < min(looks.values()) <= max(looks.values()) < 60
    world.settle(ends + breaker.LONGEST_PAUSE + 1000)
    assert len(world.vendors.seen) == SUBMISSIONS
    invariants.check_never_twice(world, numbers(SUBMISSIONS))
    assert set(invariants.statuses(world, message_id).values()) == {Status.SUBMITTED}


def paced(count: int) -> tuple[World, SubmissionKey]:
    """A submission whose account has a pace, and whose wake-up has been received."""
    document = json.loads(accounts_document((("main", "langyu", 0),)))
    document["accounts"][0]["options"]["requests_per_second"] = 5
    return begun(json.dumps(document), count)


def late_at(world: World, step: int) -> Seam:
    """A seam that takes a second longer at one step."""
    seam = Seam()

    def pause(_name: str) -> None:
        world.now += 1000 if len(seam.steps) == step else 0

    seam.pause = pause
    return seam


@pytest.mark.parametrize("count", [1, 2])
def test_who_misses_his_moment_does_not_call(count: int) -> None:
    """GIVEN an account with a pace WHEN the mark takes longer than the moment lasts THEN the vendor is not asked then,
    but once, a little later."""
    world, key = paced(count)
    seam = Seam()
    world.copy().dispatch(key, seam)
    mark = seam.steps.index("vendor") - 1
    assert world.dispatch(key, late_at(world, mark))
    assert not world.vendors.seen
    submission = load_submission(world.table, key)
    assert submission is not None
    assert (submission.state, submission.attempts[0]["outcome"]) == (State.WAITING, "not_sent")
    world.settle()
    found = invariants.check_ended(world, key.message_id, numbers(count))
    invariants.check_never_twice(world, numbers(count))
    assert len(world.vendors.seen) == 1
    invariants.check_truth(world, found)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("missed", [False, True])
def test_a_paced_submission_survives_every_fault(count: int, missed: bool) -> None:
    """GIVEN an account with a pace, whose moment is met or missed WHEN the worker fails at any step THEN nobody gets a
    text twice, and everybody gets an end."""
    origin, key = paced(count)
    seam = Seam()
    origin.copy().dispatch(key, seam)
    mark = seam.steps.index("vendor") - 1
    probe = origin.copy()
    steps = late_at(probe, mark) if missed else Seam()
    probe.dispatch(key, steps)
    for step in range(len(steps.steps)):
        for fault in Fault:
            world = origin.copy()
            faulty = late_at(world, mark) if missed else Seam()
            faulty.plan = {step: fault}
            world.dispatch(key, faulty)
            world.settle()
            invariants.check_never_twice(world, numbers(count))
            found = invariants.check_ended(world, key.message_id, numbers(count))
            invariants.check_truth(world, found)


@pytest.mark.parametrize("fault", [Fault.ERROR_BEFORE, Fault.ERROR_AFTER])
def test_the_outcome_of_a_slow_call_is_written_first_of_all(monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    """GIVEN a call that is counted as slow WHEN the count cannot be taken back THEN its outcome stands."""
    monkeypatch.setattr(breaker, "SLOW_AFTER", 0.05)
    origin, key = begun(accounts_document((("main", "langyu", 0),)), 1)
    counted = threading.Event()
    begin_slow = breakers.begin_slow

    def begin(table: Table, account: str, owner: str, until: int) -> None:
        begin_slow(table, account, owner, until)
        counted.set()

    monkeypatch.setattr(breakers, "begin_slow", begin)

    def slowly(world: World) -> World:
        counted.clear()
        prompt = world.vendors.call

        def call(account: Account, request: Request, seconds: float) -> Response:
            assert counted.wait(PATIENCE)
            return prompt(account, request, seconds)

        monkeypatch.setattr(world.vendors, "call", call)
        return world

    seam = Seam()
    slowly(origin.copy()).dispatch(key, seam)
    taken_back = seam.steps.index("vendor") + 2
    assert seam.steps[taken_back - 1 : taken_back + 1] == ["update_item", "update_item"]
    world = slowly(origin.copy())
    assert world.dispatch(key, Seam({taken_back: fault}))
    submission = load_submission(world.table, key)
    assert submission is not None
    assert submission.state == State.SUBMITTED


def test_each_opening_and_each_closing_of_a_breaker_is_told() -> None:
    world, message_id = waiting_world(
        *("not sent", "not sent", "accepted", "not sent", "not sent", "accepted"),
        breaker_failures=2,
        breaker_seconds=60,
    )
    world.settle(world.now + 1800 * 1000)
    told = sorted((item["raised_at"], item["alert"]) for item in world.items("account#main") if "alert" in item)
    assert [alert for _, alert in told] == ["breaker_open", "breaker_closed"] * 2
    assert set(invariants.statuses(world, message_id).values()) == {Status.SUBMITTED}


def clear(world: World, wanted: Post) -> bool:
    """Whether the wake-up of a new message says that nothing speaks against calling its account."""
    world.queues.waiting.clear()
    world.accept(wanted)
    (wake_up,) = (parse_wake_up(message.body) for message in world.queues.waiting)
    return wake_up.clear_until > world.now


def test_a_wake_up_says_whether_its_account_may_be_called_at_once() -> None:
    """GIVEN an account WHEN its calls go well THEN a message to one number says so, and no other does."""
    world = World(accounts_document((("main", "langyu", 0),)))
    assert clear(world, post(*numbers(1)))
    assert not clear(world, post(*numbers(2)))
    assert not clear(world, post(*numbers(1), send_at=world.now + MINUTE))
    breakers.count_failure(world.table, "main", limit=5, until=world.now + MINUTE)
    assert not clear(world, post(*numbers(1)))
    breakers.forget_failures(world.table, "main")
    assert clear(world, post(*numbers(1)))
    breakers.begin_slow(world.table, "main", "worker-1", world.now + MINUTE)
    assert not clear(world, post(*numbers(1)))
    breakers.end_slow(world.table, "main", "worker-1", world.now + MINUTE, world.now)
    assert clear(world, post(*numbers(1)))


def test_a_message_whose_account_has_a_pace_is_not_marked_before_its_moment() -> None:
    """GIVEN more passwords than an account may send in its patience WHEN their wake-ups say that it is well THEN those
    that must wait are no more in flight than if they had been looked at."""
    document = json.loads(accounts_document((("main", "langyu", 0),)))
    document["accounts"][0]["options"]["requests_per_second"] = 0.1
    world = World(json.dumps(document))
    for number in numbers(2):
        world.accept(post(number, purpose="otp"))
    wake_ups = [parse_wake_up(message.body)._replace(clear_until=FOREVER) for message in world.queues.waiting]
    world.queues.waiting.clear()
    assert all(world.dispatch(wake_up) for wake_up in wake_ups)
    found = [load_submission(world.table, wake_up.key) for wake_up in wake_ups]
    assert [each.state for each in found if each] == [State.SUBMITTED, State.QUEUED]


def test_a_worker_with_little_time_marks_nothing() -> None:
    """GIVEN a worker that will be stopped before a call could end WHEN it may mark at once THEN it does not."""
    world = World(accounts_document((("main", "langyu", 0),)))
    world.accept(post(*numbers(1)))
    (wake_up,) = (parse_wake_up(message.body)._replace(clear_until=FOREVER) for message in world.queues.waiting)
    with pytest.raises(InFlightError):
        dispatch(world.dispatcher(Seam()), wake_up, world.now + 5_500)
    submission = load_submission(world.table, wake_up.key)
    assert submission is not None
    assert submission.state == State.QUEUED


def test_who_goes_back_for_a_moment_leaves_its_rows_to_the_next() -> None:
    """GIVEN a submission that has no moment yet WHEN its worker puts it back THEN whoever is next need not wait for
    the end of the right to write its rows."""
    world, _ = waiting_world("accepted", requests_per_second=0.1)
    first, second, *_ = (parse_wake_up(message.body) for message in world.queues.waiting)
    assert world.dispatch(first)
    assert world.dispatch(second)
    submission = load_submission(world.table, second.key)
    assert submission is not None
    assert (submission.state, submission.filed) == (State.QUEUED, True)
