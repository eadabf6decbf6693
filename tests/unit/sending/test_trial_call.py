"""The one trial call of an open breaker: a worker that does not make it leaves it to the next."""

import json

import pytest

from smsgateway.model import State
from smsgateway.queues import WakeUp, parse_wake_up
from smsgateway.sending.dispatch import dispatch
from smsgateway.sending.work import InFlightError
from smsgateway.store import breakers, transitions
from smsgateway.store.keys import breaker_key
from smsgateway.store.submissions import load_submission
from tests.doubles.seam import Fault, Seam
from tests.doubles.world import MINUTE, SECOND, World, accounts_document, numbers, post


def open_breaker(**options: float) -> tuple[World, WakeUp]:
    """A world with a message for an account whose breaker was open until a moment ago."""
    document = json.loads(accounts_document((("main", "langyu", 0),)))
    document["accounts"][0]["options"] |= options
    world = World(json.dumps(document))
    world.accept(post(*numbers(1)))
    (waiting,) = world.queues.waiting
    world.queues.waiting.clear()
    breakers.count_failure(world.table, "main", limit=1, until=world.now + MINUTE)
    world.now += MINUTE + 1
    return world, parse_wake_up(waiting.body)._replace(clear_until=0)


def open_until(world: World) -> int:
    return breakers.read_breaker(world.table.get(breaker_key("main"))).open_until


def test_a_worker_without_time_leaves_it() -> None:
    world, wake_up = open_breaker()
    before = open_until(world)
    with pytest.raises(InFlightError):
        dispatch(world.dispatcher(Seam()), wake_up, world.now + 5_500)
    assert open_until(world) == before
    assert world.dispatch(wake_up)
    assert len(world.vendors.seen) == 1
    assert open_until(world) == 0


def test_a_worker_that_waits_for_its_pace_leaves_it() -> None:
    """GIVEN an account whose next moment is far away WHEN a worker goes back THEN the trial call is not used up."""
    world, wake_up = open_breaker(requests_per_second=0.01)
    before = open_until(world)
    world.db.items["account#main", "pace#send"] = {
        **{"pk": {"S": "account#main"}, "sk": {"S": "pace#send"}},
        "free_us": {"N": str((world.now + 30 * SECOND) * 1000)},
    }
    assert world.dispatch(wake_up)
    assert (open_until(world), world.vendors.seen) == (before, [])


def test_a_worker_that_is_not_the_first_to_mark_leaves_it() -> None:
    world, wake_up = open_breaker()
    before = open_until(world)
    submission = load_submission(world.table, wake_up.key)
    assert submission

    def another_marks(name: str) -> None:
        marked = load_submission(world.table, wake_up.key)
        if name == "update_item" and marked and marked.state == State.QUEUED and open_until(world) != before:
            transitions.mark(world.table, submission, "another", world.now + MINUTE, world.now)

    world.dispatch(wake_up, Seam(pause=another_marks))
    assert (open_until(world), world.vendors.seen) == (before, [])


def test_a_worker_that_misses_its_moment_leaves_it() -> None:
    """GIVEN a worker that is held up behind its mark WHEN its account's moment is over THEN no call is made, and the
    next worker's is the trial call."""
    world, wake_up = open_breaker(requests_per_second=5.0)
    before = open_until(world)

    def held_up(_name: str) -> None:
        marked = load_submission(world.table, wake_up.key)
        world.now += SECOND if marked and marked.state == State.QUEUED and open_until(world) != before else 0

    world.dispatch(wake_up, Seam(pause=held_up))
    assert (open_until(world), world.vendors.seen) == (before, [])


@pytest.mark.parametrize("fault", [Fault.ERROR_BEFORE, Fault.ERROR_AFTER])
def test_a_worker_whose_mark_fails_leaves_it(fault: Fault) -> None:
    world, wake_up = open_breaker()
    before = open_until(world)
    seam = Seam()
    world.copy().dispatch(wake_up, seam)
    vendor = seam.steps.index("vendor")
    world.dispatch(wake_up, Seam({vendor - 1: fault}))
    assert (open_until(world), world.vendors.seen) == (before, [])


def test_two_workers_make_one_trial_call() -> None:
    """GIVEN two messages WHEN the second is looked at while the first one's call is under way THEN it waits."""
    world, wake_up = open_breaker()
    world.accept(post(*numbers(2)[1:]))
    (other,) = (parse_wake_up(each.body)._replace(clear_until=0) for each in world.queues.waiting)
    inner: list[int] = []

    def second(name: str) -> None:
        if name == "vendor" and not inner:
            inner.append(len(world.vendors.seen))
            world.dispatch(other)

    world.dispatch(wake_up, Seam(pause=second))
    assert inner == [0]
    assert len(world.vendors.seen) == 1
