"""A recipient between its submission's answer, its reports and the sweep, in every order of their steps.

A recipient ends with what was reported, whoever came first.
"""

from collections.abc import Callable, Iterator, Sequence

import pytest

from smsgateway.ids import SubmissionKey
from smsgateway.model import State, Status
from smsgateway.queues import WakeUp
from smsgateway.store.submissions import load_submission
from smsgateway.store.table import ConditionFailed
from smsgateway.watching.sweep import look_at
from tests.doubles import invariants
from tests.doubles.interleaving import Task, schedules
from tests.doubles.receipts import report_of
from tests.doubles.seam import Seam
from tests.doubles.world import DISPATCH_TIME, FOREVER, MINUTE, World, begun, numbers
from tests.unit.journeys.test_two_workers import main_and_spare

VENDORS = ("hbsmservice", "infocloud", "langyu", "qixintong")
DEAD = DISPATCH_TIME + MINUTE  # milliseconds after which a worker counts as dead

type Part = Callable[[World, SubmissionKey], Task]


def worker(world: World, key: SubmissionKey) -> Task:
    """A message to one number is marked before it is looked at."""
    return Task(lambda seam: world.dispatch(WakeUp(key, "main", FOREVER), seam))


def report(status: str = "delivered", times: int = 1) -> Part:
    """The vendor reports every recipient, as soon as it has the request: maybe before its answer arrives."""

    def part(world: World, key: SubmissionKey) -> Task:
        def tell(seam: Seam) -> None:
            (seen,) = world.vendors.seen
            vendor = world.settings().accounts["main"].vendor
            for _ in range(times):
                for index, number in enumerate(seen.numbers):
                    ids = seen.ids or (key.reference,)
                    vendor_id = seen.ours if vendor == "hbsmservice" else ids[index % len(ids)]
                    world.ingest(report_of(world, "main", vendor_id, number, status=status), seam)

        return Task(tell, ready=lambda: bool(world.vendors.seen))

    return part


def late_sweep(world: World, key: SubmissionKey) -> Task:
    """The sweep, at a moment when a worker that holds the mark counts as dead, whether it is or not."""

    def look(seam: Seam) -> None:
        seam.step("clock", lambda: None)
        world.now += DEAD
        submission = load_submission(world.sweeper(seam).table, key)
        if submission and submission.due_at:
            try:
                look_at(world.sweeper(seam), submission)
            except ConditionFailed:
                return  # somebody else just saw to it

    return Task(look, ready=lambda: bool(world.vendors.seen))


TWO: dict[str, tuple[tuple[Part, ...], str]] = {
    "result and report": ((worker, report()), "delivered"),
    "result and failure": ((worker, report("undelivered")), "undelivered"),
    "result and sweep": ((worker, late_sweep), "unknown"),
}
THREE: dict[str, tuple[tuple[Part, ...], str]] = {
    "result and two reporters": ((worker, report(), report()), "delivered"),
    "result, failure and delivery": ((worker, report("undelivered"), report()), "delivered"),
    "result, repeated report and sweep": ((worker, report(times=2), late_sweep), "delivered"),
}
DOUBT: dict[str, tuple[tuple[Part, ...], str]] = {
    "doubt and report": ((worker, report()), "delivered"),
    "doubt, report and sweep": ((worker, report(), late_sweep), "delivered"),
}
FOUR: dict[str, tuple[tuple[Part, ...], str]] = {
    "all": ((worker, report("undelivered"), report(), late_sweep), "delivered"),
}


def cases() -> Iterator[tuple[str, int, str, int]]:
    """Vendor, recipients, situation, preemptions: fewer where there is more to interleave."""
    for vendor in VENDORS:
        yield from ((vendor, 1, situation, 3) for situation in TWO)
        yield from ((vendor, 2, situation, 2) for situation in TWO)
        yield from ((vendor, 1, situation, 2) for situation in THREE)
        yield from ((vendor, 2, situation, 1) for situation in THREE)
        yield from ((vendor, 1, situation, 1) for situation in FOUR)


@pytest.mark.parametrize(("vendor", "recipients", "situation", "preemptions"), list(cases()))
def test_every_order_ends_with_what_was_reported(
    vendor: str, recipients: int, situation: str, preemptions: int
) -> None:
    """GIVEN one submission WHEN result, reports and sweep meet in any order THEN the reported status stands."""
    parts, expected = (TWO | THREE | FOUR)[situation]
    origin, key = begun(main_and_spare(vendor), recipients)

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world = origin.copy()

        def check() -> None:
            world.settle()
            invariants.check_never_twice(world, numbers(recipients))
            found = invariants.check_ended(world, key.message_id, numbers(recipients))
            assert {status.value for status in found.values()} == {expected}
            invariants.check_events(world, key.message_id, found)

        return [part(world, key) for part in parts], check

    assert schedules(make, preemptions) > 2


@pytest.mark.parametrize("resend", [False, True])
@pytest.mark.parametrize("situation", DOUBT)
@pytest.mark.parametrize("recipients", [1, 2])
def test_a_report_lifts_the_doubt(recipients: int, situation: str, resend: bool) -> None:
    """GIVEN a submission whose answer does not arrive WHEN its report comes at any moment THEN it is no doubt, and
    nobody is sent to again who was reported before the doubt was written."""
    parts, _ = DOUBT[situation]
    origin, key = begun(main_and_spare("hbsmservice"), recipients, "ambiguous", "accepted", resend_unconfirmed=resend)

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world = origin.copy()
        world.vendors.script = origin.vendors.script

        def check() -> None:
            reported = load_submission(world.table, key)
            assert reported is not None
            assert reported.state != State.UNCONFIRMED
            asked = len(world.vendors.seen)
            world.settle()
            assert len(world.vendors.seen) == asked == 1
            found = invariants.check_ended(world, key.message_id, numbers(recipients))
            assert set(found.values()) == {Status.DELIVERED}

        return [part(world, key) for part in parts], check

    assert schedules(make, preemptions=2 if len(parts) == 2 else 1) > 3
