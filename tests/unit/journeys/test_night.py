"""Marketing and the night: none is sent in quiet hours, whatever brings it there, and none is lost to them."""

from collections.abc import Callable

import pytest

from smsgateway.ids import SubmissionKey
from smsgateway.model import Reason, State, Status
from smsgateway.queues import WakeUp
from smsgateway.rules.quiet_hours import SPREAD, quiet_until
from smsgateway.store import breakers
from smsgateway.store.submissions import load_submission
from tests.doubles import invariants
from tests.doubles.interleaving import Task, schedules
from tests.doubles.receipts import report_of
from tests.doubles.seam import Fault, Seam
from tests.doubles.world import (
    DAY,
    FOREVER,
    HOUR,
    MINUTE,
    SECOND,
    World,
    accounts_document,
    numbers,
    personal_post,
    post,
)

MORNING = 1_767_225_600_000  # 2026-01-01 08:00 in Beijing
EVENING = MORNING + 13 * HOUR  # 21:00
NEXT_MORNING = MORNING + DAY
NIGHT = (21 * 60, 8 * 60)
COUNTS = {"single": 1, "several": 3}
ACCOUNTS = (("main", "langyu", 0), ("spare", "hbsmservice", 0))


def world_at(now: int, *script: str, accounts: tuple[tuple[str, str, int], ...] = ACCOUNTS) -> World:
    world = World(accounts_document(accounts), script or ("accepted",))
    world.now = now
    return world


def accepted(now: int, count: int, *script: str, **fields: object) -> tuple[World, SubmissionKey]:
    """A world that has accepted one marketing message, whose wake-up has been received."""
    world = world_at(now, *script)
    _, answer = world.accept(post(*numbers(count), purpose="marketing", **fields))
    world.queues.waiting.clear()
    return world, SubmissionKey(answer["id"], "00000")


def striking(world: World, step: int) -> Seam:
    """A worker's seam, before whose step of this number it strikes 21:00."""
    steps = iter(range(10**6))

    def pause(_name: str) -> None:
        if next(steps) == step:
            world.now = max(world.now, EVENING)

    return Seam(pause=pause)


def check_nights(world: World) -> None:
    assert not [at for at in world.called if quiet_until(at, NIGHT)], "marketing in quiet hours"


def check_sent_next_morning(world: World, key: SubmissionKey, count: int, requests: int = 1) -> None:
    """Nobody lost, nobody twice, nobody at night."""
    world.settle()
    check_nights(world)
    assert NEXT_MORNING <= world.called[-1] <= NEXT_MORNING + SPREAD + 2 * MINUTE
    invariants.check_never_twice(world, numbers(count), requests)
    found = invariants.check_ended(world, key.message_id, numbers(count))
    invariants.check_truth(world, found)
    assert set(found.values()) == {Status.UNKNOWN}  # no report came


@pytest.mark.parametrize("count", COUNTS.values(), ids=COUNTS)
def test_what_is_posted_at_night_goes_out_next_morning(count: int) -> None:
    world, key = accepted(EVENING + HOUR, count)
    assert set(invariants.statuses(world, key.message_id).values()) == {Status.SCHEDULED}
    world.dispatch(key)  # too early, by hand
    assert not world.called
    check_sent_next_morning(world, key, count)


def test_a_broadcast_of_the_night_comes_in_no_burst() -> None:
    """GIVEN a message of 200 requests posted at night WHEN the morning comes THEN they go out over half an hour."""
    world = world_at(EVENING + HOUR, accounts=(("main", "langyu", 1),))
    world.accept(personal_post(*numbers(200), purpose="marketing"))
    assert not world.queues.waiting
    while world.now < NEXT_MORNING + SPREAD + 2 * MINUTE:
        world.deliver()
        if world.now % MINUTE == 0:
            world.sweep()
        world.now += 10 * SECOND - world.now % (10 * SECOND)
    assert len(world.called) == 200
    check_nights(world)
    minutes = [(at - NEXT_MORNING) // (5 * MINUTE) for at in world.called]
    assert max(map(minutes.count, range(6))) < 60


@pytest.mark.parametrize("purpose", ["otp", "notice"])
def test_nothing_else_waits(purpose: str) -> None:
    world = world_at(EVENING + HOUR)
    _, answer = world.accept(post(*numbers(1), purpose=purpose))
    world.deliver()
    assert len(world.called) == 1
    assert answer["postponed"] is None


@pytest.mark.parametrize("count", COUNTS.values(), ids=COUNTS)
def test_21_00_strikes_between_any_two_steps(count: int) -> None:
    """GIVEN a message of 20:59 WHEN it strikes 21:00 at any step of its worker THEN it is sent before, or next day."""
    origin, key = accepted(EVENING - MINUTE, count)
    plain = Seam()
    origin.copy().dispatch(key, plain)
    for step in range(len(plain.steps)):
        world = origin.copy()
        world.dispatch(key, striking(world, step))
        world.settle()
        invariants.check_never_twice(world, numbers(count))
        asked = [at for at in world.called if quiet_until(at, NIGHT)]
        # Only the call itself can be struck: the worker looks at the clock right before it.
        assert len(asked) <= (plain.steps[step] == "vendor" and step == plain.steps.index("vendor"))
        found = invariants.check_ended(world, key.message_id, numbers(count))
        invariants.check_truth(world, found)
        assert set(found.values()) == {Status.UNKNOWN}


@pytest.mark.parametrize("fault", [Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.ERROR_AFTER, Fault.TWICE])
@pytest.mark.parametrize("count", COUNTS.values(), ids=COUNTS)
def test_a_worker_dies_over_the_holding(count: int, fault: Fault) -> None:
    """GIVEN a wake-up that comes late, at night WHEN its worker fails at any step THEN the message goes out next day,
    once."""
    origin, key = accepted(EVENING - MINUTE, count)
    origin.now = EVENING + HOUR
    plain = Seam()
    origin.copy().dispatch(key, plain)
    for step in range(len(plain.steps)):
        world = origin.copy()
        world.dispatch(key, Seam({step: fault}))
        check_sent_next_morning(world, key, count)


@pytest.mark.parametrize("count", COUNTS.values(), ids=COUNTS)
def test_two_workers_as_it_strikes(count: int) -> None:
    """GIVEN two workers with one wake-up WHEN it strikes 21:00 between any of their steps THEN one sends, before or
    after the night."""
    origin, key = accepted(EVENING - MINUTE, count)

    def make() -> tuple[list[Task], Callable[[], None]]:
        world = origin.copy()

        def strike(_seam: Seam) -> None:
            _seam.step("clock", lambda: None)
            world.now = max(world.now, EVENING)

        def check() -> None:
            world.settle()
            invariants.check_never_twice(world, numbers(count))
            found = invariants.check_ended(world, key.message_id, numbers(count))
            invariants.check_truth(world, found)
            assert len(world.called) == 1
            check_nights(world)

        return [*(Task(lambda seam: world.dispatch(key, seam)) for _ in range(2)), Task(strike)], check

    assert schedules(make, preemptions=2) > 10


def test_the_unread_mark_leaves_marketing_alone() -> None:
    """GIVEN a hint that no breaker need be read, as an older release gives it WHEN it is night THEN nothing is sent."""
    world, key = accepted(EVENING - SECOND, 1)
    world.now = EVENING
    world.dispatch(WakeUp(key, "main", FOREVER))
    assert not world.called
    held = load_submission(world.table, key)
    assert held
    assert (held.state, held.attempt, held.failures) == (State.WAITING, 0, 0)
    assert held.attempts[0]["reason"] == Reason.QUIET_HOURS


@pytest.mark.parametrize("behaviour", ["moment", "account", "not sent"])
def test_another_attempt_waits_for_the_morning(behaviour: str) -> None:
    """GIVEN a refusal just before 21:00 WHEN another attempt, or another account's, is due THEN it waits."""
    world, key = accepted(EVENING - SECOND, 3, behaviour, "accepted")
    world.dispatch(key)
    world.now = max(world.now, EVENING)
    check_sent_next_morning(world, key, 3)


def test_a_retry_in_doubt_waits_for_the_morning() -> None:
    world, key = accepted(EVENING - SECOND, 3, "ambiguous", "accepted", resend_unconfirmed=True)
    world.dispatch(key)
    world.now = max(world.now, EVENING)
    check_sent_next_morning(world, key, 3, requests=2)


def test_an_open_breaker_leads_into_the_night() -> None:
    world, key = accepted(EVENING - SECOND, 3)
    breakers.count_failure(world.table, "main", limit=1, until=EVENING + MINUTE)
    world.dispatch(key)
    world.now = max(world.now, EVENING)
    check_sent_next_morning(world, key, 3)


@pytest.mark.parametrize("count", COUNTS.values(), ids=COUNTS)
def test_what_is_not_valid_until_the_morning_expires(count: int) -> None:
    world, key = accepted(EVENING - MINUTE, count, valid_for=HOUR // SECOND)
    world.now = EVENING
    world.dispatch(key)
    world.settle()
    assert not world.called
    assert set(invariants.check_ended(world, key.message_id, numbers(count)).values()) == {Status.EXPIRED}


@pytest.mark.parametrize("count", COUNTS.values(), ids=COUNTS)
def test_a_held_message_can_be_canceled(count: int) -> None:
    world, key = accepted(EVENING - MINUTE, count)
    world.now = EVENING
    world.dispatch(key)
    assert set((world.cancel(key.message_id) or {}).values()) == {Status.CANCELED}
    world.settle()
    assert not world.called


def test_a_reroute_waits_for_the_morning() -> None:
    """GIVEN a report of failure that comes at night WHEN its recipient is rerouted THEN that is sent next day."""
    world, key = accepted(EVENING - MINUTE, 1, resend_undelivered=True)
    world.dispatch(key)
    world.now = EVENING + HOUR
    (first,) = numbers(1)
    seen = world.vendors.seen[0]
    world.ingest(report_of(world, "main", seen.ids[0], first, status="failed"))
    assert not world.queues.waiting
    assert invariants.statuses(world, key.message_id)
    world.settle()
    check_nights(world)
    assert len(world.called) == 2
    assert NEXT_MORNING <= world.called[-1] <= NEXT_MORNING + SPREAD + 2 * MINUTE


def test_no_reroute_where_the_message_would_not_be_valid_any_more() -> None:
    world, key = accepted(EVENING - MINUTE, 1, resend_undelivered=True, valid_for=HOUR // SECOND)
    world.dispatch(key)
    world.now = EVENING + MINUTE
    (first,) = numbers(1)
    world.ingest(report_of(world, "main", world.vendors.seen[0].ids[0], first, status="failed"))
    world.settle()
    assert len(world.called) == 1
    assert invariants.check_ended(world, key.message_id, (first,)) == {first: Status.UNDELIVERED}


def test_a_late_wake_up_takes_nothing_at_night() -> None:
    """No moment of the account's, no claim, and no row: a broadcast may be looked at all night."""
    world, key = accepted(EVENING - MINUTE, 3)
    world.now = EVENING
    seam = Seam()
    world.dispatch(WakeUp(key, "main"), seam)
    assert seam.steps == ["batch_get_item", "update_item"]


@pytest.mark.parametrize("count", COUNTS.values(), ids=COUNTS)
def test_nothing_is_marked_at_night(count: int) -> None:
    """GIVEN a worker that waits for its account's moment WHEN it strikes 21:00 meanwhile THEN it does not mark."""
    world, key = accepted(EVENING - MINUTE, count)
    plain = Seam()
    world.copy().dispatch(key, plain)
    mark = plain.steps.index("vendor") - 1
    for step in range(mark):
        struck = world.copy()
        struck.dispatch(key, striking(struck, step))
        held = load_submission(struck.table, key)
        assert held
        assert (held.state, held.attempt) == (State.WAITING, 0)
        assert held.filed or count == 1 or step < plain.steps.index("batch_write_item")
