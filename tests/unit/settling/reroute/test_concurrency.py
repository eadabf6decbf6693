"""A reroute, its reports and the sweep, in every order of their steps."""

from collections.abc import Callable, Sequence

import pytest

from smsgateway.ids import SubmissionKey
from smsgateway.model import Status
from smsgateway.queues import parse_wake_up
from smsgateway.store.table import ConditionFailed
from tests.doubles.interleaving import Task, schedules
from tests.doubles.seam import Seam
from tests.doubles.vendors import Seen
from tests.doubles.world import DISPATCH_TIME, SECOND, World, accounts_document, numbers, post
from tests.unit.settling.reroute.given import FIRST, LAYOUTS, WINDOW, asked, begun, check, drive, failure, look_now

type Part = Callable[[World, SubmissionKey], Task]


def report(account: str, status: str = "undelivered") -> Part:
    """A vendor reports the first recipient, as soon as it has the request: maybe before its answer arrives."""

    def part(world: World, key: SubmissionKey) -> Task:
        def requests() -> list[Seen]:
            return [seen for seen in world.vendors.requests_for(FIRST) if seen.account == account]

        def tell(seam: Seam) -> None:
            world.ingest(failure(world, requests()[0], FIRST, status), seam)

        return Task(tell, ready=lambda: bool(requests()))

    return part


def worker(world: World, key: SubmissionKey) -> Task:
    """Takes the wake-ups that are there when it begins."""

    def work(seam: Seam) -> None:
        ready, world.queues.waiting = world.queues.waiting, []
        for message in ready:
            world.dispatch(parse_wake_up(message.body).key, seam)

    return Task(work, ready=lambda: bool(world.queues.waiting))


def late_sweep(world: World, key: SubmissionKey) -> Task:
    """The sweep of the first submission, when its reports count as missing."""

    def look(seam: Seam) -> None:
        seam.step("clock", lambda: None)
        world.now += WINDOW * SECOND + DISPATCH_TIME
        try:
            look_now(world, key, seam)
        except ConditionFailed:
            return  # somebody else just saw to it

    return Task(look, ready=lambda: bool(world.vendors.seen))


SITUATIONS: dict[str, tuple[Part, ...]] = {
    "answer and failure": (worker, report("a")),
    "two readers of one failure": (report("a"), report("a")),
    "failure and delivery": (report("a"), report("a", "delivered")),
    "failure and sweep": (report("a"), late_sweep),
    "answer, failure and sweep": (worker, report("a"), late_sweep),
    "answer, failure and failure": (worker, report("a"), report("a")),
    "resend and delivery": (report("a"), worker, report("a", "delivered")),
    "resend and its failure": (report("a"), worker, report("b"), report("a")),
}


@pytest.mark.parametrize(
    ("vendor", "layout"), [("hbsmservice", "single"), ("hbsmservice", "bulk"), ("langyu", "single")]
)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_in_every_order_of_their_steps(vendor: str, situation: str, layout: str) -> None:
    """GIVEN a message WHEN answers, reports and sweep meet in any order of their steps THEN no account is asked twice,
    nothing is lost, and each recipient ends with one status."""
    parts, count = SITUATIONS[situation], LAYOUTS[layout]
    origin, key = begun(vendor, count)
    if worker not in parts or parts[0] is not worker:
        origin.settle(origin.now)

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world = origin.copy()

        def end() -> None:
            told = len(world.vendors.seen)
            world.settle(world.now + SECOND)
            drive(world, {"a": "undelivered", "b": "undelivered", "c": "delivered"}, told=min(told, 1))
            assert check(world, key, count)[FIRST] == Status.DELIVERED

        return [part(world, key) for part in parts], end

    assert schedules(make, preemptions=2 if len(parts) + count < 5 else 1) > 3


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("script", ["account", "moment", "moment moment", "ambiguous", "content"])
def test_a_vendor_that_refuses_and_reports(script: str, layout: str) -> None:
    """GIVEN a vendor that fails a message which it refused, or whose answer did not arrive WHEN the report meets the
    answers in any order THEN a submission that goes on by itself is not sent again beside it."""
    count = LAYOUTS[layout]
    origin, key = begun("hbsmservice", count, *script.split(), "accepted")

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world = origin.copy()
        world.vendors.script = origin.vendors.script

        def end() -> None:
            world.settle(world.now + 5 * SECOND)
            assert "c" not in asked(world, FIRST) or script == "moment moment"  # whose second busy account is passed on
            drive(world, {"a": "delivered", "b": "delivered", "c": "delivered"}, told=1)
            assert check(world, key, count)[FIRST] == Status.DELIVERED

        def later(world: World, key: SubmissionKey) -> Task:
            def work(seam: Seam) -> None:
                world.now += 5 * SECOND  # a busy vendor is asked again after a while
                worker(world, key).work(seam)

            return Task(work, ready=lambda: bool(world.vendors.seen and world.queues.waiting))

        return [worker(world, key), later(world, key), report("a")(world, key)], end

    assert schedules(make, preemptions=2 if count == 1 else 1) > 3


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_last_failure_and_a_delivery(layout: str) -> None:
    """GIVEN one account WHEN it fails a recipient and delivers to it in any order THEN delivered stands."""
    count = LAYOUTS[layout]
    origin = World(accounts_document((("a", "langyu", 0),)))
    _, answer = origin.accept(post(*numbers(count), resend_undelivered=True))
    origin.settle(origin.now)
    key = SubmissionKey(answer["id"], "00000")

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world = origin.copy()

        def end() -> None:
            world.settle()
            assert check(world, key, count)[FIRST] == Status.DELIVERED

        return [report("a")(world, key), report("a", "delivered")(world, key)], end

    assert schedules(make, preemptions=3) > 3
