"""A reroute with a crash, an error or an SDK retry at every step."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from smsgateway.model import Status
from smsgateway.queues import parse_wake_up
from smsgateway.store.table import ConditionFailed
from tests.doubles.receipts import report_of
from tests.doubles.seam import AwsError, Crash, Fault, Seam
from tests.doubles.world import MINUTE, SECOND, numbers
from tests.unit.settling.reroute.given import (
    LAYOUTS,
    ROUTES,
    WINDOW,
    asked,
    begun,
    check,
    drive,
    failure,
    history_of,
    look_now,
)


def faulty(work: Callable[[Seam], object]) -> Iterator[tuple[str, Callable[[], Seam]]]:
    """Every fault at every step of some work, which is done once without."""
    seam = Seam()
    work(seam)
    for step, name in enumerate(seam.steps):
        for fault in Fault:
            yield f"{fault} {step} {name}", lambda step=step, fault=fault: Seam({step: fault})  # type: ignore[misc]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("vendor", ROUTES)
def test_a_failure_survives_every_fault(vendor: str, layout: str) -> None:
    """GIVEN reports of failure WHEN whoever reads them fails at any step, and they come again, once or twice, at once
    or after the resend THEN everybody is sent to once more, and no more than that."""
    count = LAYOUTS[layout]
    origin, key = begun(vendor, count)
    origin.settle(origin.now)
    (seen,) = origin.vendors.seen
    receipts = [failure(origin, seen, number) for number in numbers(count)]
    first = (
        receipts[0]
        if vendor != "hbsmservice"
        else report_of(origin, "a", seen.ours, *numbers(count), status="undelivered")
    )
    schedules_run = 0
    for place, plan in faulty(lambda seam: origin.copy().ingest(first, seam)):
        for again in ("at once", "twice", "after the resend"):
            world = origin.copy()
            with suppress(Crash, AwsError):
                world.ingest(first, plan())
            if again == "after the resend":
                world.settle(world.now + 3 * MINUTE)
            for receipt in (first, *receipts) * (2 if again == "twice" else 1):
                world.ingest(receipt)
            drive(world, {"b": "delivered"}, told=1)
            found = check(world, key, count)
            assert set(found.values()) == {Status.DELIVERED}, place
            for number in numbers(count):
                assert asked(world, number) == ["a", "b"], place
                assert history_of(world, key, number) == [("a", "undelivered"), ("b", "delivered")], place
            schedules_run += 1
    assert schedules_run > 60


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("behaviour", ["accepted", "ambiguous"])
def test_a_missing_report_survives_every_fault(behaviour: str, layout: str) -> None:
    """GIVEN reports that never came WHEN the sweep that says so fails at any step THEN the next one does the rest."""
    count = LAYOUTS[layout]
    origin, key = begun("hbsmservice", count, behaviour, "accepted")
    origin.settle(origin.now + (WINDOW - 1) * SECOND)
    origin.now += 2 * SECOND
    for place, plan in faulty(lambda seam: look_now(origin.copy(), key, seam)):
        world = origin.copy()
        with suppress(Crash, AwsError, ConditionFailed):
            look_now(world, key, plan())
        drive(world, {"a": "missing", "b": "delivered"}, told=1)
        found = check(world, key, count)
        assert set(found.values()) == {Status.DELIVERED}, place
        for number in numbers(count):
            assert asked(world, number) == ["a", "b"], place


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("behaviour", ["accepted", "ambiguous", "account", "numbers", "moment", "not sent", "content"])
def test_a_resend_survives_every_fault(behaviour: str, layout: str) -> None:
    """GIVEN a resend WHEN its worker fails at any step, whatever the vendor does THEN its recipient is sent to at most
    once an account, and ends with one true status."""
    count = LAYOUTS[layout]
    origin, key = begun("hbsmservice", count)
    origin.settle(origin.now)
    (seen,) = origin.vendors.seen
    for number in numbers(count):
        origin.ingest(failure(origin, seen, number))
    wake_up = origin.queues.waiting.pop(0)
    resend = parse_wake_up(wake_up.body).key
    assert resend.rerouted
    origin.vendors.script = ("accepted", behaviour, "accepted")
    for place, plan in faulty(lambda seam: origin.copy().dispatch(resend, seam)):
        for afterwards in ("again", "lost", "copy at once"):
            world = origin.copy()
            world.vendors.script = origin.vendors.script
            done = world.dispatch(resend, plan())
            if not done and afterwards == "again":
                world.queues.waiting.append(wake_up)
            if afterwards == "copy at once":
                world.dispatch(resend)
            drive(world, {"b": "undelivered", "c": "delivered"}, told=1)
            for number, status in check(world, key, count).items():
                last = world.vendors.requests_for(number)[-1]
                delivered = last.account == "c" and last.behaviour == "accepted"
                assert (status == Status.DELIVERED) is delivered, place
                assert last.account == "c" or behaviour == "numbers", place
