"""A vendor's statistics of a day beside what waits for a report here: what was lost is told, once."""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest

from smsgateway.clock import BEIJING
from smsgateway.model import Response
from smsgateway.receiving.poll import due_runs, poll
from smsgateway.receiving.statistics import FEW
from tests.doubles.receipts import masked_report, report_of
from tests.doubles.seam import AwsError, Crash, Fault, Seam
from tests.doubles.world import DAY, HOUR, MINUTE, START, World, accounts_document, numbers, post

HARD_END = 5 * MINUTE
MORNING = 22 * HOUR + MINUTE  # from 08:00 of Beijing, where the world begins, to 06:01 of the next day
FIRST_DAY = "2026-01-01"


def begun(script: Sequence[str] = ("accepted",), **options: Any) -> World:
    """A gateway with an account of infocloud, which takes a hundred at once."""
    document = json.loads(accounts_document((("ic", "infocloud", 100), ("ly", "langyu", 0))))
    document["accounts"][0]["options"] |= options
    return World(json.dumps(document), script)


def send(world: World, *to: str, account: str = "ic") -> None:
    world.accept(post(*to, account=account))
    world.deliver()


def report(world: World, count: int, status: str = "delivered") -> None:
    """Reports for the first so many recipients of the newest request."""
    seen = world.vendors.seen[-1]
    for number in seen.numbers[:count]:
        world.ingest(report_of(world, seen.account, seen.ids[0], number, status=status))


def row(accepted: int, still_open: int, day: str = FIRST_DAY) -> dict[str, object]:
    done = accepted - still_open
    return {"sendDate": day, "totalCount": accepted, "successCount": done, "failCount": 0, "noReceiptCount": still_open}


def ask(world: World, *rows: dict[str, object], seam: Seam | None = None, hard_end: int = HARD_END) -> Any:
    """A run that gets these figures."""
    answer = Response(200, {}, json.dumps({"code": 200, "data": rows}).encode())
    return poll(world.poller(seam or Seam(), lambda *_: answer), "ic", "statistics", world.now + hard_end)


def alerts(world: World) -> list[str]:
    return [item["detail"] for item in world.items("account#ic") if item.get("alert") == "figures_differ"]


def day(world: World, name: str = FIRST_DAY) -> dict[str, Any]:
    return world.item(("account#ic", f"day#{name}"))


def morning(world: World) -> None:
    world.settle(world.now + MORNING)


@pytest.mark.parametrize("count", [1, 3, 30])
def test_reports_that_were_lost_are_told(count: int) -> None:
    """GIVEN thirty messages to `count` numbers each, without reports WHEN the vendor says the next morning that it
    waits for fewer THEN an alert says so with both figures."""
    world = begun()
    for index in range(30 // count):
        send(world, *numbers(30)[index * count : (index + 1) * count])
    morning(world)
    assert ask(world, row(30, 24)) == {"days": 1, "compared": 1}
    said = f"{FIRST_DAY}: 30 messages wait for a report here, and 24 of 30 at the vendor: reports were lost"
    assert alerts(world) == [said]
    assert (day(world)["open_here"], day(world)["differs"]) == (30, True)


@pytest.mark.parametrize(("accepted", "still_open", "differs"), [(30, 25, False), (30, 24, True), (200, 100, False)])
def test_a_few_more_or_less_are_no_difference(accepted: int, still_open: int, differs: bool) -> None:
    assert FEW == 5
    world = begun()
    send(world, *numbers(30))
    morning(world)
    ask(world, row(accepted, still_open))
    assert bool(alerts(world)) is day(world)["differs"] is differs


@pytest.mark.parametrize(("tolerance", "differs"), [(0.01, True), (0.02, False), (0.0, True), (1, False)])
def test_the_tolerance_is_a_share_of_what_was_accepted(tolerance: float, differs: bool) -> None:
    world = begun(figures_tolerance=tolerance)
    send(world, *numbers(30))
    morning(world)
    ask(world, row(1000, 12))
    assert bool(alerts(world)) is differs


def test_a_vendor_that_accepted_less_than_we_submitted_is_told() -> None:
    world = begun(figures_tolerance=1)
    send(world, *numbers(30))
    morning(world)
    ask(world, row(20, 20))
    assert alerts(world) == [f"{FIRST_DAY}: 30 messages wait for a report here, and the vendor accepted 20"]


def test_only_what_waits_for_a_report_of_that_day_and_account_counts() -> None:
    """GIVEN messages with reports, final or not, refused numbers, doubtful submissions, other accounts and days WHEN
    the figures are compared THEN none of them is open here."""
    world = begun()
    for status in ("delivered", "undelivered", "pending"):
        for count in (1, 20):
            send(world, *numbers(count))
            report(world, count, status)
    world.ingest(masked(world))
    world.vendors.rejects = numbers(20)
    send(world, *numbers(30))
    world.vendors.rejects = ()
    taken = world.vendors.seen[-1]
    for number in taken.numbers[20:]:
        world.ingest(report_of(world, "ic", taken.ids[0], number))
    world.vendors.script = ("ambiguous",)
    send(world, *numbers(20))
    world.vendors.script = ("accepted",)
    send(world, *numbers(20), account="ly")
    world.settle(START + 16 * HOUR)  # midnight in Beijing
    send(world, *numbers(20))
    world.settle(world.now + 7 * HOUR)
    ask(world, row(200, 0), row(20, 20, "2026-01-02"))
    assert (day(world)["open_here"], alerts(world)) == (0, [])
    assert "open_here" not in day(world, "2026-01-02"), "it is not over"


def masked(world: World) -> Any:
    """A report whose masked number fits both recipients of a submission."""
    send(world, "13800000001", "13811110001")
    return masked_report(world, "ic", world.vendors.seen[-1].ids[0], "138****0001")


def test_recipients_that_moved_to_the_account_count_once() -> None:
    """GIVEN a message that langyu refused WHEN infocloud takes its recipients in three requests, and reports some
    THEN the others are open, each once."""
    document = json.loads(accounts_document((("ly", "langyu", 0), ("ic", "infocloud", 100))))
    world = World(json.dumps(document), ("account", "accepted"))
    world.accept(post(*numbers(250)))
    world.deliver()
    world.deliver()
    assert [seen.account for seen in world.vendors.seen] == ["ly", "ic", "ic", "ic"]
    report(world, 10)
    morning(world)
    ask(world, row(250, 0))
    assert day(world)["open_here"] == 240


def test_a_day_is_compared_again_the_day_after() -> None:
    """GIVEN reports that come late WHEN the day's figures are compared twice THEN the second comparison stands, and
    one alert was raised; a third day on, what is not waited for any more is not compared."""
    world = begun()
    send(world, *numbers(30))
    morning(world)
    ask(world, row(30, 0))
    ask(world, row(30, 0))
    assert len(alerts(world)) == 1
    report(world, 30)
    world.settle(world.now + DAY)
    ask(world, row(30, 0))
    compared = day(world)
    assert (compared["open_here"], compared["differs"], len(alerts(world))) == (0, False, 1)
    world.settle(world.now + DAY)
    assert ask(world, row(30, 1)) == {"days": 1, "compared": 0}
    assert (day(world)["open"], day(world)["open_here"]) == (1, 0)


def test_each_day_has_an_alert_of_its_own() -> None:
    world = begun()
    send(world, *numbers(30))
    world.settle(world.now + DAY)
    send(world, *numbers(40))
    morning(world)
    ask(world, row(30, 0), row(40, 0, "2026-01-02"))
    assert [detail.split(" ", 2)[:2] for detail in alerts(world)] == [[f"{FIRST_DAY}:", "30"], ["2026-01-02:", "40"]]


def test_a_day_without_figures_is_not_guessed_at() -> None:
    world = begun()
    send(world, *numbers(30))
    morning(world)
    assert ask(world) == {"days": 0, "compared": 0}
    assert alerts(world) == []


def test_a_short_report_window_leaves_nothing_to_compare() -> None:
    world = begun(report_window=DAY // 1000)
    send(world, *numbers(30))
    morning(world)
    assert ask(world, row(30, 0)) == {"days": 1, "compared": 0}
    assert (alerts(world), "open_here" in day(world)) == ([], False)


def test_a_run_without_time_left_compares_nothing() -> None:
    world = begun()
    send(world, *numbers(30))
    morning(world)
    assert ask(world, row(30, 0), hard_end=0) == {"days": 1, "compared": 0}
    assert alerts(world) == []


@pytest.mark.parametrize("fault", Fault)
def test_a_comparison_survives_every_fault(fault: Fault) -> None:
    """GIVEN lost reports WHEN the run that would tell fails at any step, and comes again THEN they are told, once."""
    origin = begun()
    send(origin, *numbers(30))
    send(origin, *numbers(1))
    morning(origin)
    seam = Seam()
    ask(origin.copy(), row(31, 0), seam=seam)
    for step in range(len(seam.steps)):
        world = origin.copy()
        with suppress(Crash, AwsError):
            ask(world, row(31, 0), seam=Seam({step: fault}))
        world.now += HARD_END + 2 * MINUTE
        if {"account": "ic", "kind": "statistics"} in due_runs(world.poller(Seam(), lambda *_: Response(200))):
            ask(world, row(31, 0))
        assert len(alerts(world)) == 1, (step, seam.steps[step])
        assert (day(world)["open_here"], day(world)["differs"]) == (31, True)


def test_figures_are_asked_for_each_morning() -> None:
    """GIVEN a gateway that has just been deployed WHEN days pass THEN the figures are asked for at once, and then from
    six in the morning of Beijing on, until they have come."""
    world = begun()
    asked: list[str] = []
    for _ in range(3 * DAY // MINUTE):
        if {"account": "ic", "kind": "statistics"} in due_runs(world.poller(Seam(), lambda *_: Response(200))):
            asked.append(f"{datetime.fromtimestamp(world.now / 1000, BEIJING):%d %H:%M}")
            answer = Response(200, {}, b'{"code": 6000}' if len(asked) == 2 else b'{"code": 200, "data": []}')
            poll(world.poller(Seam(), lambda *_, said=answer: said), "ic", "statistics", world.now + HARD_END)
        world.now += MINUTE
    assert asked == ["01 08:00", "02 06:00", "02 06:01", "03 06:00", "04 06:00"]
