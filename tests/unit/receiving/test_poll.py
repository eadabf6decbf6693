"""Polls, whose answers a vendor gives only once: what a poll brought is stored, or its loss is told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from smsgateway.codecs import qixintong
from smsgateway.errors import AmbiguousError, NotSentError, TransportError
from smsgateway.model import Account, Kind, Request, Response
from smsgateway.queues import parse_vendor_bytes
from smsgateway.receiving.poll import REFUSALS, poll
from smsgateway.store import pages
from tests.doubles import aws
from tests.doubles.interleaving import Task, schedules
from tests.doubles.seam import AwsError, Crash, Fault, Seam
from tests.doubles.world import DAY, HOUR, MINUTE, SECOND, World, accounts_document, numbers

HARD_END = 5 * MINUTE


class Reports:
    """A vendor with reports that it hands out once, a hundred a page."""

    def __init__(self, world: World, count: int = 250, problem: TransportError | None = None) -> None:
        self.world = world
        self.left = [f"id{index};{number};10" for index, number in enumerate(numbers(count))]
        self.handed_out: list[str] = []
        self.asked_at: list[int] = []
        self.problem = problem

    def at(self, world: World) -> "Reports":
        """The same vendor in a copy of its world."""
        other = Reports(world, problem=self.problem)
        other.left = list(self.left)
        return other

    def call(self, _account: Account, _request: Request, _seconds: float, /) -> Response:
        self.asked_at.append(self.world.now)
        page, self.left = self.left[:100], self.left[100:]
        self.handed_out += page
        if self.problem:
            raise self.problem
        return Response(200, {}, f"{len(page)}|{'|'.join(page)}".encode() if page else b"0")


def begun(count: int = 250, problem: TransportError | None = None) -> tuple[World, Reports]:
    world = World(accounts_document((("qx", "qixintong", 0), ("ic", "infocloud", 0))))
    return world, Reports(world, count, problem)


def run(world: World, reports: Reports, seam: Seam | None = None, account: str = "qx") -> object:
    """A run as the function makes it: what it answers, or None when it failed."""
    try:
        return poll(world.poller(seam or Seam(), reports.call), account, "reports", world.now + HARD_END)
    except (Crash, AwsError, RuntimeError):
        return None


def stored(world: World) -> list[str]:
    """The records in the receipt queue."""
    bodies = [parse_vendor_bytes(message.body).body.decode() for message in world.queues.waiting]
    return [record for body in bodies for record in body.split("|")[1:]]


def alerts(world: World) -> list[str]:
    return [item["alert"] for item in world.items("account#") if "alert" in item]


def test_every_page_is_stored_or_its_loss_is_told() -> None:
    """GIVEN a run over three pages WHEN it fails at any step THEN what the vendor handed out is in the queue, or the
    next run tells; the rest comes with it."""
    world, reports = begun()
    seam = Seam()
    assert run(world, reports, seam) == {"pages": 3}
    assert stored(world) == reports.handed_out
    assert not alerts(world)
    for step in range(len(seam.steps)):
        for fault in (Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.ERROR_BEFORE, Fault.ERROR_AFTER):
            world, reports = begun()
            run(world, reports, Seam({step: fault}))
            world.now += HARD_END + 2 * MINUTE
            run(world, reports)
            assert reports.left == []
            lost = set(reports.handed_out) - set(stored(world))
            assert not lost or alerts(world) == ["page_maybe_lost"], (fault, step, seam.steps[step])
            if fault in (Fault.ERROR_BEFORE, Fault.ERROR_AFTER) and seam.steps[step] == "store":
                assert not lost, "kept in the table"
                assert not alerts(world)


def queue_down(world: World, reports: Reports) -> object:
    """A run while the receipt queue takes nothing."""
    seam = Seam()
    probe = world.copy()
    run(probe, reports.at(probe), seam)
    if "store" not in seam.steps:
        return run(world, reports)
    return run(world, reports, Seam({seam.steps.index("store"): Fault.ERROR_BEFORE}))


@pytest.mark.parametrize("minutes", [1, 60])
def test_a_page_that_no_queue_takes_is_kept(minutes: int) -> None:
    """GIVEN a receipt queue that is down for minutes WHEN runs come THEN the vendor hands out one page, which is kept;
    once the queue is back, that page and the rest are in it, and nothing is told to be lost."""
    world, reports = begun()
    for _ in range(minutes):
        assert queue_down(world, reports) is None, "the run fails, so that its alarm knows"
        world.now += MINUTE
    assert len(reports.handed_out) == 100
    assert stored(world) == []
    assert run(world, reports) == {"pages": 2}
    assert stored(world) == reports.handed_out
    assert reports.left == []
    world.now += MINUTE
    assert run(world, reports) == {"pages": 1}
    assert len(stored(world)) == 250, "kept pages are stored once"
    assert not alerts(world)


def test_a_large_page_is_kept_whole() -> None:
    """GIVEN 750 KB that cannot be compressed WHEN the queue is down THEN they are kept, in items that fit."""
    world, _ = begun()
    page = Random(1).randbytes(750_000)

    def call(_account: Account, _request: Request, _seconds: float) -> Response:
        return Response(200, {}, page)

    poller = world.poller(Seam(), call)
    with pytest.raises(AwsError):
        poll(replace(poller, store=_down), "qx", "reports", world.now + HARD_END)
    assert all(aws.item_bytes(item) < aws.LARGEST_ITEM for item in world.db.items.values())
    world.now += MINUTE
    poll(world.poller(Seam(), lambda *_: Response(200, {}, b"0")), "qx", "reports", world.now + HARD_END)
    (message,) = world.queues.waiting
    assert len(message.body) < 1000, "the queue has its name"
    assert pages.get_page(world.table, parse_vendor_bytes(message.body).page) == page


def _down(*_: object) -> None:
    raise AwsError


def test_a_refusal_for_the_moment_ends_no_run() -> None:
    """GIVEN a vendor that is busy now and then WHEN a backlog is drained THEN all of it comes
    in one run; WHEN it says nothing else THEN the run ends after a few tries."""
    world, reports = begun()
    prompt, refusals = reports.call, [b"-3", b"-3"]

    def moody(account: Account, request: Request, seconds: float) -> Response:
        if reports.asked_at and refusals:
            return Response(200, {}, refusals.pop())
        return prompt(account, request, seconds)

    reports.call = moody  # type: ignore[method-assign]
    assert run(world, reports) == {"pages": 3}
    assert stored(world) == reports.handed_out
    refusals += [b"-3"] * 10
    assert isinstance(outcome := run(world, reports), dict)
    assert "problem" in outcome
    assert len(refusals) == 10 - REFUSALS


def test_a_run_whose_time_is_over_says_that_more_is_waiting() -> None:
    world, reports = begun(count=1000)
    prompt = reports.call

    def slowly(account: Account, request: Request, seconds: float) -> Response:
        world.now += 10 * SECOND
        return prompt(account, request, seconds)

    reports.call = slowly  # type: ignore[method-assign]
    outcome = poll(world.poller(Seam(), reports.call), "qx", "reports", world.now + MINUTE)
    assert outcome == {"pages": 4, "more": True}
    assert run(world, reports) == {"pages": 7}, "the lease is given back, and the last page is empty"
    assert stored(world) == reports.handed_out


def test_a_retry_of_the_sdk_is_no_loss() -> None:
    """GIVEN a run WHEN any of its AWS calls is made twice THEN all pages are stored, and nothing is told."""
    world, reports = begun()
    seam = Seam()
    run(world, reports, seam)
    for step in range(len(seam.steps)):
        world, reports = begun()
        assert run(world, reports, Seam({step: Fault.TWICE})) == {"pages": 3}, seam.steps[step]
        assert set(stored(world)) == set(reports.handed_out)
        assert not alerts(world)


@pytest.mark.parametrize(
    ("problem", "told"), [(AmbiguousError("read timeout"), ["page_maybe_lost"]), (NotSentError("refused"), [])]
)
def test_an_answer_that_did_not_arrive_is_told(problem: TransportError, told: list[str]) -> None:
    world, reports = begun(problem=problem)
    assert run(world, reports) == {"pages": 0, "problem": problem.problem}
    reports.problem = None
    world.now += MINUTE
    run(world, reports)
    assert alerts(world) == told
    world.now += HOUR
    run(world, reports)
    assert alerts(world) == told, "told once"


def test_each_page_that_may_be_lost_is_told() -> None:
    """GIVEN two answers that did not arrive within an hour THEN there are two alerts."""
    world, reports = begun()
    for _ in range(2):
        reports.problem = AmbiguousError("read timeout")
        run(world, reports)
        reports.problem = None
        world.now += MINUTE
        run(world, reports)
        world.now += MINUTE
    assert alerts(world) == ["page_maybe_lost"] * 2


def test_a_page_that_breaks_the_decoder_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a bug in a decoder WHEN a page meets it THEN it is in the queue all the same, and nobody calls it lost."""

    def broken(_account: Account, _response: Response) -> None:
        raise RuntimeError

    monkeypatch.setattr(qixintong, "decode_report_poll", broken)
    world, reports = begun()
    assert run(world, reports) is None
    assert stored(world) == reports.handed_out
    world.now += MINUTE
    run(world, reports)
    assert not alerts(world)


def test_an_unreadable_page_is_stored_and_parked() -> None:
    world, reports = begun(count=1)
    reports.left = ["nonsense"]
    run(world, reports)
    world.settle()
    ((parked, problem),) = world.parked
    assert parked.body == b"1|nonsense"
    assert problem
    assert alerts(world) == ["receipt_parked"]


def test_runs_never_overlap() -> None:
    """GIVEN two runs of one kind WHEN they come in any order of their steps THEN the vendor is asked by one at a
    time, and at least 200 ms apart."""

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world, reports = begun()
        asking: list[int] = []
        most: list[int] = []

        def working(index: int) -> Task:
            def work(seam: Seam) -> None:
                def call(account: Account, request: Request, seconds: float) -> Response:
                    asking.append(index)
                    most.append(len(asking))
                    seam.pause("answer")
                    asking.remove(index)
                    return reports.call(account, request, seconds)

                poll(world.poller(seam, call), "qx", "reports", world.now + HARD_END)

            return Task(work)

        def check() -> None:
            assert max(most) == 1
            times = reports.asked_at
            assert all(later - earlier >= 200 for earlier, later in pairwise(times))
            assert set(stored(world)) == set(reports.handed_out)
            assert not alerts(world)

        return [working(0), working(1)], check

    assert schedules(make, preemptions=2) > 20


def test_pacing_holds_across_runs() -> None:
    """GIVEN a vendor that wants a minute between two queries WHEN it is polled twice THEN the second run waits or
    says how long it would have to."""
    world, reports = begun(count=0)
    reports.call = lambda *_: Response(200, {}, b'{"code": 200, "data": []}')  # type: ignore[method-assign]
    assert run(world, reports, account="ic") == {"pages": 1}
    world.now += 10 * SECOND
    assert run(world, reports, account="ic") == {"skipped": "pace", "again_in": 50.05}
    world.now += 49 * SECOND
    before = world.now
    assert run(world, reports, account="ic") == {"pages": 1}
    assert world.now == before + SECOND + 50


class RefusedMessage(Exception):  # noqa: N818
    """What SQS answers to a message that it will never take, as botocore raises it."""

    response: Mapping[str, Any] = {"Error": {"Code": "InvalidParameterValue", "Message": "too long"}}


def refusing(world: World, longest: int) -> Callable[[str, Kind], None]:
    """A queue that takes no message longer than this."""

    def store(body: str, _kind: Kind) -> None:
        if len(body) > longest:
            raise RefusedMessage
        world.queues.send_message(QueueUrl="receipts", MessageBody=body)

    return store


def whole(world: World) -> list[str]:
    """The records of all pages, wherever they are kept."""
    receipts = [parse_vendor_bytes(message.body) for message in world.queues.waiting]
    bodies = [pages.get_page(world.table, each.page) if each.page else each.body for each in receipts]
    return [record for body in bodies if body for record in body.decode().split("|")[1:]]


def test_a_page_that_the_queue_will_never_take_holds_nothing_up() -> None:
    """GIVEN a queue that refuses long messages WHEN pages are polled THEN they are kept in the table, their names are
    in the queue, the operator knows, and nothing else waits."""
    world, reports = begun()
    poller = replace(world.poller(Seam(), reports.call), store=refusing(world, 1000))
    assert poll(poller, "qx", "reports", world.now + HARD_END) == {"pages": 3}
    assert whole(world) == reports.handed_out
    assert alerts(world) == ["receipt_parked"]
    world.settle(world.now + MINUTE)
    assert not world.parked
    assert len(world.items("vid#qx#")) >= 250, "all of it was understood"


def test_a_kept_page_that_the_queue_will_never_take_holds_nothing_up() -> None:
    """GIVEN a page that an outage had kept WHEN the queue refuses it for good THEN the next run goes on."""
    world, reports = begun()
    queue_down(world, reports)
    world.now += MINUTE
    poller = replace(world.poller(Seam(), reports.call), store=refusing(world, 1000))
    assert poll(poller, "qx", "reports", world.now + HARD_END) == {"pages": 2}
    assert whole(world) == reports.handed_out
    assert len(reports.handed_out) == 250


def test_a_page_that_was_kept_too_long_is_told_and_holds_nothing_up() -> None:
    """GIVEN a page that an outage had kept WHEN it has expired THEN that is told, once, and the next run goes on."""
    world, reports = begun()
    queue_down(world, reports)
    world.now += 91 * DAY
    assert run(world, reports) == {"pages": 2}
    assert alerts(world) == ["page_maybe_lost"]
    assert run(world, reports) == {"pages": 1}
    assert alerts(world) == ["page_maybe_lost"]


def test_a_loss_is_told_whatever_fails_on_the_way() -> None:
    """GIVEN an answer that got lost WHEN the run that would tell fails at any step THEN the next one tells."""
    origin, reports = begun(problem=AmbiguousError("reset"))
    run(origin, reports)
    origin.now += HARD_END + 2 * MINUTE
    seam, probe = Seam(), origin.copy()
    run(probe, Reports(probe), seam)
    assert alerts(probe) == ["page_maybe_lost"]
    for step in range(len(seam.steps)):
        for fault in Fault:
            world = origin.copy()
            run(world, Reports(world), Seam({step: fault}))
            world.now += HARD_END + 2 * MINUTE
            run(world, Reports(world))
            assert "page_maybe_lost" in alerts(world), (fault, step, seam.steps[step])


@pytest.mark.parametrize(("left", "most"), [(HARD_END, 15.0), (20 * SECOND, 15.0), (12 * SECOND, 7.0), (SECOND, 1.0)])
def test_a_call_ends_before_its_run_does(left: int, most: float) -> None:
    """GIVEN a run with so much time left WHEN it asks THEN the call may take no more than leaves time for storing."""
    world, _ = begun(count=0)
    allowed: list[float] = []

    def call(_account: Account, _request: Request, seconds: float) -> Response:
        allowed.append(seconds)
        return Response(200, {}, b"0")

    poll(world.poller(Seam(), call), "qx", "reports", world.now + left)
    assert allowed == [pytest.approx(most, abs=0.2)]
