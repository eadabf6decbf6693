"""A broadcast on a table that was made a moment ago: everything is written, paced, in its worker's time."""

import threading
from types import SimpleNamespace

import pytest

from smsgateway.accepting.capacity import LONGEST_REQUEST, TIME_TO_ANSWER
from smsgateway.accepting.post import Refusal
from smsgateway.ids import SubmissionKey
from smsgateway.model import State
from smsgateway.queues import parse_wake_up
from smsgateway.store import table as tables
from smsgateway.store.submissions import load_submission
from tests.doubles import invariants
from tests.doubles.world import DISPATCH_TIME, HOUR, SECOND, World, accounts_document, numbers, post
from tests.doubles.young import YoungTable
from tests.unit.accepting.test_capacity import texts


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Every pause of the store is one of the world's clock, and every batch takes its milliseconds."""
    world = World(accounts_document((("main", "langyu", 0),)))
    lock = threading.Lock()

    def wait(seconds: float) -> None:
        with lock:  # of several threads: no more time passes than for the slowest
            world.now += max(1, int(seconds * SECOND / tables.PARALLEL))

    monkeypatch.setattr(tables, "time", SimpleNamespace(sleep=wait))
    return world


def young(world: World, **rates: int) -> YoungTable:
    world.db = YoungTable(lambda: world.now, **rates)
    return world.db


def key_of(world: World) -> SubmissionKey:
    return parse_wake_up(world.queues.waiting[0].body).key


def test_what_the_door_lets_in_is_stored_in_time(world: World) -> None:
    """GIVEN as many texts as a request is said to have time for WHEN they are stored on a young table, where no
    more than a block are under one key THEN that ends in time, and nothing is missing."""
    table, end = young(world), world.now + TIME_TO_ANSWER + 3 * SECOND
    with pytest.raises(Refusal) as refused:
        world.accept(texts(20_000), until=end)
    ((_, problem),) = refused.value.errors
    count = int("".join(filter(str.isdigit, problem)))
    assert world.accept(texts(count), until=end)[0] == 202
    assert table.left > 0
    assert world.now <= end
    message_id = key_of(world).message_id
    assert len(invariants.roots_and_children(world, message_id)) == count


def test_the_numbers_of_the_largest_broadcast_are_counted_in_time(world: World) -> None:
    """GIVEN 50 000 numbers that caps hold for, of whom nobody was texted lately, or everybody WHEN they are posted at a
    young table THEN they are counted in the time that a request has, though not all at once."""
    table = young(world)
    for _ in range(2):
        begun = world.now
        status, answer = world.accept(post(*numbers(50_000), purpose="marketing"), until=begun + LONGEST_REQUEST)
        assert (status, answer["recipients"]) == (202, 50_000)
        assert world.now < begun + LONGEST_REQUEST - TIME_TO_ANSWER
        world.now += HOUR
    assert table.left > 0


def test_the_rows_of_a_broadcast_are_written_as_fast_as_the_table_takes_them(world: World) -> None:
    """GIVEN 20 000 recipients in one request WHEN their rows are written THEN their keys are spread, so that the
    table's own limit alone makes it wait, and the vendor is asked once, in the worker's time."""
    table, count = young(world), 20_000
    world.accept(post(*numbers(count)))
    key, begun = key_of(world), world.now
    assert world.dispatch(key)
    assert table.left > 0
    assert world.now - begun <= 2 * count / 4000 * SECOND
    assert [len(seen.numbers) for seen in world.vendors.seen] == [count]
    assert len([pk for pk, sk in world.db.items if "#R#" in pk]) == count


def test_a_table_that_takes_too_little_costs_time_and_nothing_else(world: World) -> None:
    """GIVEN a table that takes fewer rows than a worker has time for WHEN that one gives up THEN nobody was texted, and
    once the table is faster everybody is, once."""
    young(world, table=20)
    world.accept(post(*numbers(3000)))
    key, begun = key_of(world), world.now
    with pytest.raises(TimeoutError):
        world.dispatch(key)
    assert world.now - begun < DISPATCH_TIME
    assert not world.vendors.seen
    world.db._rates = {1: 4000, 2: 1000}  # type: ignore[attr-defined]
    world.settle(world.now + 10 * DISPATCH_TIME)
    found = load_submission(world.table, key)
    assert found
    assert found.state == State.SUBMITTED
    assert [len(seen.numbers) for seen in world.vendors.seen] == [3000]
