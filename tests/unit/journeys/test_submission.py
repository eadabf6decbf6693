"""A submission under every fault at every step, every kind of wake-up, and all that a vendor can do.

The schedules (crashes, errors, SDK retries) are generated, not picked. Whatever happens, nobody gets a text twice, and
everybody gets an end.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import product

import pytest

from smsgateway.ids import SubmissionKey
from smsgateway.model import Account, Request, Response, Status
from smsgateway.queues import WakeUp, parse_wake_up, wake_up_body
from smsgateway.store.submissions import load_submission
from tests.doubles import invariants
from tests.doubles.receipts import report_of
from tests.doubles.seam import Fault, Seam
from tests.doubles.vendors import behaviours
from tests.doubles.world import (
    DISPATCH_TIME,
    FOREVER,
    MINUTE,
    VISIBILITY,
    Waiting,
    World,
    accounts_document,
    numbers,
    post,
)

# One vendor for each way of naming what was sent: our id, theirs for all numbers, theirs for each, ours and theirs.
# Refusals are alike, so that the first one's speak for all.
BEHAVIOURS = {
    "hbsmservice": tuple(behaviours("hbsmservice")),
    "langyu": ("accepted", "without id", "ambiguous"),
    "qixintong": ("accepted", "one id", "without id", "ambiguous"),
    "infocloud": ("accepted", "without id", "ambiguous"),
}
LAYOUTS = {"single": 1, "unread": 1, "bulk": 3}  # unread: marked before it is looked at

# What follows a worker that failed: does its wake-up come again, and when does a copy of it come?
AFTERWARDS = ("again", "lost", "copy at once", "copy after the deadline", "copy at the end")
FEW = ("again", "copy at once")  # where the rest is as after a crash, or as with another behaviour
LIKE_OTHERS = ("partial", "credentials", "content", "numbers", "vague", "html")


@lru_cache
def beginning(vendor: str, layout: str) -> tuple[World, WakeUp]:
    """A world that has accepted one message, and its wake-up, which has been received."""
    recipients = LAYOUTS[layout]
    world = World(accounts_document((("main", vendor, 0), ("spare", "langyu", 0))))
    _, answer = world.accept(post(*numbers(recipients)))
    (wake_up,) = world.queues.waiting
    world.queues.waiting.clear()
    assert answer["recipients"] == recipients
    return world, parse_wake_up(wake_up.body)._replace(clear_until=FOREVER if layout == "unread" else 0)


def steps_of(world: World, wake_up: WakeUp) -> list[str]:
    seam = Seam()
    world.dispatch(wake_up, seam)
    return seam.steps


def schedules(steps: int, behaviour: str) -> Iterator[tuple[dict[int, Fault], str]]:
    """Every fault at every step, with everything that can follow."""
    for afterwards in AFTERWARDS:
        yield {}, afterwards
    for step in range(steps):
        for fault in Fault:
            few = behaviour in LIKE_OTHERS or fault in (Fault.ERROR_BEFORE, Fault.ERROR_AFTER)
            for afterwards in FEW if few else AFTERWARDS:
                yield {step: fault}, afterwards


def run(world: World, wake_up: WakeUp, plan: dict[int, Fault], afterwards: str) -> None:
    """The first worker with its faults, then what follows it, then time until nothing is left to do."""
    began = world.now
    done = world.dispatch(wake_up, Seam(plan))
    if not done and afterwards == "again":
        world.queues.waiting.append(Waiting(world.now + VISIBILITY, "urgent", wake_up_body(wake_up)))
    if afterwards == "copy at once":
        world.dispatch(wake_up)
    if afterwards == "copy after the deadline":
        world.settle(began + DISPATCH_TIME + MINUTE)
        world.dispatch(wake_up)
    world.settle()
    if afterwards == "copy at the end":
        world.dispatch(wake_up)
        world.settle()


def check(world: World, key: SubmissionKey, recipients: int) -> None:
    invariants.check_never_twice(world, numbers(recipients))
    found = invariants.check_ended(world, key.message_id, numbers(recipients))
    invariants.check_truth(world, found)
    invariants.check_events(world, key.message_id, found)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("vendor", BEHAVIOURS)
def test_every_fault_of_the_first_worker(vendor: str, layout: str) -> None:
    """GIVEN a submission WHEN its worker fails at any step, in any way, whatever the vendor does and whatever follows
    THEN each recipient is sent to at most once, ends with one true status, and every fact is on the bus."""
    origin, wake_up = beginning(vendor, layout)
    count = 0
    for behaviour in BEHAVIOURS[vendor]:
        scripted = origin.copy()
        scripted.vendors.script = (behaviour, "accepted")
        for plan, afterwards in schedules(len(steps_of(scripted.copy(), wake_up)), behaviour):
            world = scripted.copy()
            try:
                run(world, wake_up, plan, afterwards)
                check(world, wake_up.key, LAYOUTS[layout])
            except AssertionError as error:
                raise AssertionError(f"{behaviour}, {plan}, {afterwards}: {error}") from error
            count += 1
    assert count > 200


def test_there_are_at_least_3000_schedules() -> None:
    total = 0
    for vendor, layout in product(BEHAVIOURS, LAYOUTS):
        origin, wake_up = beginning(vendor, layout)
        for behaviour in BEHAVIOURS[vendor]:
            scripted = origin.copy()
            scripted.vendors.script = (behaviour, "accepted")
            total += sum(1 for _ in schedules(len(steps_of(scripted, wake_up)), behaviour))
    assert total >= 3000


def without_count(world: World) -> dict[object, object]:
    """Every item, without the count of failed calls."""
    return {
        key: {name: value for name, value in item.items() if name != "failures"} for key, item in world.db.items.items()
    }


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("behaviour", ["accepted", "moment", "account", "not sent", "numbers"])
def test_a_retry_of_the_sdk_changes_nothing(behaviour: str, layout: str) -> None:
    """GIVEN a submission WHEN any of its AWS calls is made twice THEN all is as if it had been made once.

    But for the count of failures in a row, which a repeated write raises twice: the breaker opens early, at worst.
    """
    origin, wake_up = beginning("hbsmservice", layout)

    def after(plan: dict[int, Fault]) -> tuple[World, Seam]:
        world, seam = origin.copy(), Seam(plan)
        world.vendors.script = (behaviour, "accepted")
        world.dispatch(wake_up, seam)
        return world, seam

    expected, seam = after({})
    for step, name in enumerate(seam.steps):
        world, _ = after({step: Fault.TWICE})
        assert without_count(world) == without_count(expected), name
        assert set(world.queues.waiting) == set(expected.queues.waiting), name


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_worker_back_from_the_dead_does_not_speak_for_another(monkeypatch: pytest.MonkeyPatch, layout: str) -> None:
    """GIVEN a client that allows resending WHEN a worker outlives its deadline and answers after the next attempt
    THEN the next attempt's answer stands, and its reports find their recipients."""
    count = LAYOUTS[layout]
    world = World(accounts_document((("main", "langyu", 0),)))
    world.accept(post(*numbers(count), resend_unconfirmed=True))
    wake_up = parse_wake_up(world.queues.waiting.pop().body)._replace(clear_until=FOREVER if layout == "unread" else 0)
    key = wake_up.key
    prompt = world.vendors.call

    def late(account: Account, request: Request, seconds: float) -> Response:
        monkeypatch.setattr(world.vendors, "call", prompt)
        response = prompt(account, request, seconds)
        world.settle(world.now + 10 * MINUTE)  # it counts as dead, its doubt is resolved by another attempt
        return response

    monkeypatch.setattr(world.vendors, "call", late)
    world.dispatch(wake_up)
    submission = load_submission(world.table, key)
    assert submission is not None
    assert submission.attempt == 2
    assert submission.vendor_ids == world.vendors.seen[1].ids
    for number in numbers(count):
        world.ingest(report_of(world, "main", world.vendors.seen[1].ids[0], number))
    world.settle()
    found = invariants.check_ended(world, key.message_id, numbers(count))
    assert set(found.values()) == {Status.DELIVERED}
