"""The table of transitions (store/states.py), its diagram, and what workers write in every order: all three agree."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from smsgateway import store
from smsgateway.model import State
from smsgateway.queues import WakeUp, parse_wake_up
from smsgateway.store import breakers
from smsgateway.store.states import TRANSITIONS, Condition, arrows
from smsgateway.store.submissions import SETTLED, UNMARKED
from tests.doubles.interleaving import Task
from tests.doubles.interleaving import schedules as orders
from tests.doubles.invariants import ALLOWED, StateChange, state_changes
from tests.doubles.receipts import report_of
from tests.doubles.world import DISPATCH_TIME, HOUR, MINUTE, World, accounts_document, numbers, post
from tests.tools import states
from tests.unit.journeys.test_submission import beginning, run, schedules, steps_of

ALONE = accounts_document((("main", "langyu", 0),))
IN_ONE = accounts_document((("main", "langyu", 0), ("spare", "langyu", 0)))
IN_PARTS = accounts_document((("main", "langyu", 0), ("spare", "langyu", 1)))
OURS = accounts_document((("main", "hbsmservice", 0), ("spare", "langyu", 1)))


def posted(document: str, *script: str, count: int = 1, **fields: object) -> tuple[World, WakeUp]:
    """A world with one message, and its wake-up, which has been received."""
    world = World(document, script)
    world.accept(post(*numbers(count), **fields))
    return world, parse_wake_up(world.queues.waiting.pop().body)._replace(clear_until=0)


def opened(world: World) -> World:
    """The world, with the breaker of the first account open."""
    breakers.count_failure(world.table, "main", limit=1, until=world.now + HOUR)
    return world


# What the explored schedules below reach


def faults() -> Iterator[World]:
    """Every fault at every step of the first worker, for some of what a vendor can do."""
    for layout, behaviour in (("single", "ambiguous"), ("bulk", "moment"), ("bulk", "content"), ("unread", "accepted")):
        origin, wake_up = beginning("hbsmservice", layout)
        scripted = origin.copy()
        scripted.vendors.script = (behaviour, "content")
        for plan, afterwards in schedules(len(steps_of(scripted.copy(), wake_up)), behaviour):
            world = scripted.copy()
            run(world, wake_up, plan, afterwards)
            yield world


def with_a_worker(
    document: str, other: Callable[[World, WakeUp], Task], *script: str, **fields: object
) -> Iterator[World]:
    """A worker and somebody else, in every order of their steps."""
    origin, wake_up = posted(document, *script, count=2, **fields)
    ended: list[World] = []

    def make() -> tuple[list[Task], Callable[[], None]]:
        world = origin.copy()
        world.vendors.script = origin.vendors.script
        ended.append(world)
        return [Task(lambda seam: world.dispatch(wake_up, seam)), other(world, wake_up)], world.settle

    assert orders(make, preemptions=1) > 2
    return iter(ended)


def canceler(world: World, wake_up: WakeUp) -> Task:
    return Task(lambda seam: world.cancel(wake_up.key.message_id, seam))


def sweeper(world: World, _: WakeUp) -> Task:
    """A sweep that finds the worker dead, which is not."""

    def sweep(seam: object) -> None:
        world.now += DISPATCH_TIME + MINUTE
        world.sweep()

    return Task(sweep, ready=lambda: any("deadline" in item for item in world.db.items.values()))


def explored() -> Iterator[World]:
    yield from faults()
    yield from with_a_worker(IN_ONE, canceler, "accepted")
    yield from with_a_worker(IN_ONE, canceler, "moment", "accepted")
    yield from with_a_worker(IN_ONE, canceler, "ambiguous", resend_unconfirmed=True)
    yield from with_a_worker(IN_ONE, sweeper, "content")
    yield from with_a_worker(IN_ONE, sweeper, "moment", "accepted")
    yield from with_a_worker(IN_PARTS, sweeper, "account", "accepted")
    yield from with_a_worker(ALONE, sweeper, "moment", valid_for=10)
    yield from with_a_worker(ALONE, canceler, "moment", valid_for=10)
    yield from with_a_worker(ALONE, sweeper, "accepted")


# What these do not reach, each with a way there


def no_account_before_a_mark() -> World:
    world, wake_up = posted(IN_ONE, "accepted")
    world.document = accounts_document((("other", "langyu", 0),))
    world.dispatch(wake_up)
    return world


def no_account_after_an_attempt() -> World:
    world, wake_up = posted(IN_ONE, "moment")
    world.dispatch(wake_up)
    world.document = accounts_document((("other", "langyu", 0),))
    world.settle()
    return world


def too_late_before_a_mark() -> World:
    world, wake_up = posted(IN_ONE, "accepted", valid_for=60)
    world.now += HOUR
    world.dispatch(wake_up)
    return world


def aside() -> World:
    world, wake_up = posted(IN_ONE, "accepted")
    opened(world).dispatch(wake_up)
    return world


def aside_in_parts() -> World:
    world, wake_up = posted(IN_PARTS, "accepted", count=3)
    opened(world).dispatch(wake_up)
    return world


def aside_in_parts_after_an_attempt() -> World:
    world, wake_up = posted(IN_PARTS, "not sent", "accepted", count=3)
    world.dispatch(wake_up)
    opened(world).settle(world.now + HOUR)
    return world


def doubted() -> tuple[World, WakeUp]:
    world, wake_up = posted(OURS, "ambiguous", "accepted", count=3, resend_unconfirmed=True)
    world.dispatch(wake_up)
    return world, wake_up


def canceled_after_a_doubt() -> World:
    world, wake_up = doubted()
    world.cancel(wake_up.key.message_id)
    world.settle()
    return world


def canceled_in_parts_after_a_doubt() -> World:
    world, wake_up = doubted()
    opened(world)
    (again,) = world.queues.waiting
    world.queues.waiting.clear()
    world.dispatch(parse_wake_up(again.body)._replace(clear_until=0))
    world.cancel(wake_up.key.message_id)
    world.settle()
    return world


def proved_while_it_waits() -> World:
    world, _ = doubted()
    (seen,) = world.vendors.seen
    world.ingest(report_of(world, "main", seen.ours, seen.numbers[0]))
    return world


BESIDES: dict[Callable[[], World], StateChange] = {
    no_account_before_a_mark: (State.QUEUED, State.REFUSED),
    no_account_after_an_attempt: (State.WAITING, State.REFUSED),
    too_late_before_a_mark: (State.QUEUED, State.EXPIRED),
    aside: (State.QUEUED, State.WAITING),
    aside_in_parts: (State.QUEUED, State.MOVED),
    aside_in_parts_after_an_attempt: (State.WAITING, State.MOVED),
    canceled_after_a_doubt: (State.WAITING, State.UNCONFIRMED),
    canceled_in_parts_after_a_doubt: (State.QUEUED, State.UNCONFIRMED),
    proved_while_it_waits: (State.WAITING, State.SUBMITTED),
}


@pytest.mark.parametrize("way", BESIDES, ids=lambda way: way.__name__)
def test_a_way_that_is_seldom_taken(way: Callable[[], World]) -> None:
    assert BESIDES[way] in state_changes(way()) <= ALLOWED


def test_what_the_table_allows_is_what_workers_do() -> None:
    """GIVEN workers with every fault, and beside others in every order WHEN they have all ended THEN they have written
    every transition of the table, but for those above, and none that it does not have."""
    found: set[StateChange] = set()
    for world in explored():
        found |= state_changes(world)
    assert found <= ALLOWED
    assert ALLOWED - found - set(BESIDES.values()) == set()


# The table itself


def test_the_diagram_is_made_from_the_table() -> None:
    assert states.shown() == states.diagram(), "python -m tests.tools.states writes it anew"


def test_what_is_settled_is_left_by_a_proof_or_a_permission_only() -> None:
    """And by the worker that comes back to a submission that was taken for dead."""
    left = {before for before, _, _ in arrows() if before in SETTLED}
    assert left == {State.UNCONFIRMED}


def test_only_the_mark_leads_to_a_call() -> None:
    assert [name for name, way in TRANSITIONS.items() if way.to == State.SENDING] == ["mark"]
    assert set(TRANSITIONS["mark"].of) == UNMARKED


def test_every_transition_depends_on_the_attempt() -> None:
    """Or a worker that has slept through another attempt could speak for it."""
    assert [name for name, way in TRANSITIONS.items() if Condition.SAME_ATTEMPT not in way.conditions] == []


def test_no_transition_out_of_a_call_denies_what_was_proved() -> None:
    out = {name: way for name, way in TRANSITIONS.items() if State.SENDING in way.of}
    denying = {name for name, way in out.items() if way.to != State.SUBMITTED}
    assert denying == {name for name, way in out.items() if Condition.UNPROVED in way.conditions}


def test_no_other_file_writes_a_state() -> None:
    """But for the item of a submission that is new (submissions.py)."""
    sources = sorted(Path(store.__file__).parent.glob("*.py"))
    writing = {path.name for path in sources if "set(state=" in (text := path.read_text()) or '"state": State.' in text}
    assert writing == {"states.py", "submissions.py"}
