"""Replies: each once, long ones whole whatever the order of their parts, and partial when one is missing for good."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import permutations

from smsgateway.events import EventType
from tests.unit.state.interleaving import Task, schedules
from tests.unit.state.receipts import reply_of
from tests.unit.state.seam import AwsError, Crash, Fault, Seam
from tests.unit.state.world import DAY, HOUR, MINUTE, World, accounts_document, numbers, post

(NUMBER,) = numbers(1)
PARTS = ("一", "二", "三")


def begun() -> World:
    return World(accounts_document((("ly", "langyu", 0),)))


def take(world: World, number: int, seam: Seam | None = None, group: str = "7") -> None:
    world.ingest(reply_of(world, "ly", NUMBER, PARTS[number], emshead=f"{group},{len(PARTS)},{number + 1}"), seam)


def published(world: World) -> list[tuple[str, bool]]:
    """Text and `partial` of each reply on the bus, each event_id once."""
    events = {event.identity: event for event in world.events() if event.type == EventType.RECEIVED}
    return [(event.detail["text"], event.detail["partial"]) for event in events.values()]


def test_parts_in_any_order_with_repeats() -> None:
    """GIVEN three parts, one of them twice WHEN they come in any order THEN the reply comes once, whole."""
    for order in permutations((0, 1, 2, 0, 2)):
        world = begun()
        for number in order:
            take(world, number)
        world.settle()
        assert published(world) == [("一二三", False)], order


def test_a_missing_part_makes_it_partial() -> None:
    """GIVEN a group that lacks a part WHEN 24 hours have passed THEN what came is delivered as partial; a part that
    comes later begins anew."""
    for missing in range(3):
        world = begun()
        for number in {0, 1, 2} - {missing}:
            take(world, number)
        world.settle(world.now + DAY - HOUR)
        assert published(world) == []
        world.settle()
        rest = PARTS[:missing] + PARTS[missing + 1 :]
        assert published(world) == [("".join(rest), True)]
        take(world, missing)
        world.settle()
        assert published(world)[1:] == [(PARTS[missing], True)]


def test_a_group_survives_every_fault() -> None:
    """GIVEN parts WHEN the worker of the last one fails at any step, and it comes again THEN the reply comes once."""
    world = begun()
    take(world, 1)
    take(world, 2)
    seam = Seam()
    take(world.copy(), 0, seam)
    for step in range(len(seam.steps)):
        for fault in Fault:
            again = world.copy()
            try:
                take(again, 0, Seam({step: fault}))
            except (Crash, AwsError):
                take(again, 0)
            again.settle()
            assert published(again) == [("一二三", False)], (fault, seam.steps[step])


def test_a_partial_reply_survives_every_fault() -> None:
    """GIVEN a group that lacks a part WHEN the sweep that would deliver it fails at any step THEN the next one does."""
    world = begun()
    take(world, 1)
    world.now += DAY + MINUTE
    seam = Seam()
    world.copy().sweep(seam)
    for step in range(len(seam.steps)):
        for fault in (Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.TWICE):
            again = world.copy()
            with suppress(Crash):
                again.sweep(Seam({step: fault}))
            again.settle()
            assert published(again) == [("二", True)], (fault, step)


def test_a_partial_reply_of_an_account_that_is_gone() -> None:
    """GIVEN a group that lacks a part WHEN its account is taken out of the document THEN what came is delivered all
    the same, and nothing is left to do."""
    world = begun()
    take(world, 1)
    world.document = accounts_document((("other", "hbsmservice", 0),))
    world.settle()
    (reply,) = world.items("mo_")
    assert (reply["text"], reply["partial"], reply["account"], reply["vendor"]) == ("二", True, "ly", "langyu")
    assert not world.due()


def test_the_last_part_and_the_sweep() -> None:
    """GIVEN a group whose time is over WHEN its last part comes in any order with the sweep's steps THEN no part is
    told twice, and none is lost."""
    origin = begun()
    take(origin, 0)
    take(origin, 1)
    origin.now += DAY + MINUTE

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world = origin.copy()

        def check() -> None:
            world.settle()
            texts = [text for text, _ in published(world)]
            assert sorted("".join(texts)) == sorted("一二三"), texts

        return [Task(lambda seam: take(world, 2, seam)), Task(world.sweep)], check

    assert schedules(make, preemptions=3) > 10


def test_concurrent_parts() -> None:
    """GIVEN two parts that complete a group WHEN they come at the same time THEN the reply comes once, whole."""
    origin = begun()
    take(origin, 0)

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world = origin.copy()

        def check() -> None:
            world.settle()
            assert published(world) == [("一二三", False)]

        return [Task(lambda seam, n=n: take(world, n, seam)) for n in (1, 2)], check  # type: ignore[misc]

    assert schedules(make, preemptions=3) > 10


def test_each_reply_once() -> None:
    """GIVEN a message WHEN one reply is pushed three times, and another once THEN each comes once, with its message."""
    world = begun()
    _, answer = world.accept(post(NUMBER))
    world.settle(world.now)
    for text in ("TD", "TD", "好的", "TD"):
        world.ingest(reply_of(world, "ly", NUMBER, text))
    replies = world.items("mo_")
    assert sorted(item["text"] for item in replies) == ["TD", "好的"]
    assert {item["in_reply_to"] for item in replies} == {answer["id"]}
    assert {item["text"]: item["opt_out"] for item in replies} == {"TD": True, "好的": False}
