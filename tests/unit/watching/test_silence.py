"""Vendors that fall silent: told when enough went out and nothing came back, at no cost to what goes out."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest

from smsgateway.clock import iso
from smsgateway.events import EventType, detail_of
from smsgateway.ids import DUE_SHARDS
from smsgateway.model import Response
from smsgateway.queues import VendorBytes, parse_vendor_bytes
from smsgateway.receiving.poll import poll
from smsgateway.watching.silence import LOOK_EVERY
from tests.doubles.interleaving import Task, schedules
from tests.doubles.receipts import report_of
from tests.doubles.seam import AwsError, Crash, Fault, Seam
from tests.doubles.world import HOUR, MINUTE, SECOND, World, accounts_document, numbers, post

ENOUGH = 20  # the default of silence_messages
LATER = HOUR + 10 * MINUTE  # after the default of silence_seconds


def begun(vendor: str = "langyu", script: str = "accepted", poll: tuple[str, ...] = (), **options: Any) -> World:
    """A gateway with one account, which is pushed to unless its vendor has to be polled."""
    document = json.loads(accounts_document((("main", vendor, 0), ("idle", "heji", 0)), ("main",)))
    document["accounts"][0]["options"] |= options
    document["accounts"][0]["poll"] = list(poll)
    return World(json.dumps(document), (script,))


def send(world: World, *to: str) -> None:
    """One message, sent at once."""
    world.accept(post(*to))
    world.deliver()


def pass_time(world: World, until: int) -> None:
    """The minutes until then, with the sweep's work of each."""
    while world.now < until:
        world.now = min(world.now + MINUTE, until)
        world.deliver()
        world.sweep()
        world.watch()


def alerts(world: World) -> list[dict[str, Any]]:
    return [item for item in world.items("account#") if item["sk"].startswith("alert#")]


def reported(world: World, *to: str) -> None:
    """The vendor's reports of the newest request."""
    (vendor_id, *_) = world.vendors.seen[-1].ids
    for number in to:
        world.ingest(report_of(world, "main", vendor_id, number))


def marks(world: World) -> list[int]:
    return [item["submitted_at"] for item in world.items("msg_") if "submitted_at" in item]


@pytest.mark.parametrize("requests", [1, ENOUGH])
def test_enough_messages_without_a_report_are_told(requests: int) -> None:
    """GIVEN twenty recipients, of one message or each of one WHEN an hour passes without a report THEN an alert says
    how many they are and since when."""
    world = begun()
    first = world.now
    for index in range(requests):
        send(world, *numbers(ENOUGH)[index::requests])
    pass_time(world, first + 55 * MINUTE)
    assert alerts(world) == []
    pass_time(world, first + LATER)
    (alert,) = alerts(world)
    assert (alert["alert"], alert["account"], alert["vendor"]) == ("push_silent", "main", "langyu")
    since = iso(min(marks(world)))
    assert alert["detail"] == f"20 messages or more, submitted from {since} on, have no report; none ever came"


def test_it_is_told_again_when_as_many_more_have_no_report() -> None:
    world = begun()
    send(world, *numbers(ENOUGH))
    pass_time(world, world.now + LATER)
    pass_time(world, world.now + 5 * HOUR)
    assert len(alerts(world)) == 1, "nothing was sent since"
    for _ in range(4):
        send(world, *numbers(10 * ENOUGH))
        pass_time(world, world.now + 15 * MINUTE)
    pass_time(world, world.now + 5 * HOUR)
    times = [alert["raised_at"] for alert in alerts(world)]
    assert len(times) == 3
    assert all(later - earlier >= HOUR for earlier, later in pairwise(times))


@pytest.mark.parametrize(
    "account",
    [
        {"silence_messages": ENOUGH + 1},
        {"silence_messages": 0},
        {"silence_seconds": 3 * HOUR // SECOND},
        {"vendor": "qixintong"},  # reports are neither pushed nor polled
        {"script": "ambiguous"},
        {"script": "account"},
    ],
)
def test_nothing_is_told_without_reason(account: dict[str, Any]) -> None:
    world = begun(**account)
    send(world, *numbers(ENOUGH))
    pass_time(world, world.now + 2 * HOUR)
    assert [alert for alert in alerts(world) if alert["alert"] == "push_silent"] == []


def test_who_sends_nothing_is_not_silent() -> None:
    world = begun()
    pass_time(world, world.now + 3 * HOUR)
    assert alerts(world) == []


def test_numbers_that_the_vendor_refused_get_no_report() -> None:
    world = begun("infocloud")
    world.vendors.rejects = numbers(1)
    send(world, *numbers(ENOUGH))
    pass_time(world, world.now + 2 * HOUR)
    assert alerts(world) == []


def test_reports_end_the_silence() -> None:
    """GIVEN messages whose reports come WHEN hours pass without any further message THEN nobody is silent, although a
    message to several numbers waits in the index until its report window ends."""
    world = begun()
    for _ in range(3):  # a push is noted once a minute: the later two are not
        world.now += 20 * SECOND
        send(world, *numbers(ENOUGH))
        world.now += SECOND
        reported(world, *numbers(ENOUGH))
    pass_time(world, world.now + 3 * HOUR)
    assert alerts(world) == []
    send(world, *numbers(ENOUGH))
    pass_time(world, world.now + LATER)
    (alert,) = alerts(world)
    assert "; the last one came 2026-01-01T00:0" in alert["detail"]


def test_who_gets_reports_is_not_counted() -> None:
    world = begun()
    for _ in range(20):
        send(world, *numbers(ENOUGH))
        reported(world, *numbers(ENOUGH))
        pass_time(world, world.now + 10 * MINUTE)
    assert [item["sk"] for item in world.items("account#main")] == ["push#reports"]


def test_the_first_look_does_not_go_back_to_the_beginning() -> None:
    """GIVEN hours of messages without reports WHEN the vendor is watched for the first time THEN those that are older
    than twice the time are not read."""
    world = begun()
    send(world, *numbers(ENOUGH))
    world.settle(world.now + 5 * HOUR)
    seam = Seam()
    world.watch(seam)
    assert seam.steps.count("batch_get_item") == 1
    assert alerts(world) == []


def empty_push(world: World) -> None:
    world.ingest(VendorBytes("main", "reports", "push", world.now, body=b"<reports></reports>"))


def reply(world: World) -> None:
    fields = {"mobile": numbers(1)[0], "ext": "1", "content": "T", "mo_time": "2026-01-01 12:00:00"}
    deliver = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    world.ingest(
        VendorBytes(
            "main", "inbound", "push", world.now, body=f"<delivers><deliver>{deliver}</deliver></delivers>".encode()
        )
    )


def empty_poll(world: World) -> None:
    """As soon as it may."""
    answer = poll(world.poller(Seam(), lambda *_: Response(200, {}, b"0")), "main", "reports", world.now + 5 * MINUTE)
    assert answer == {"pages": 1}


@pytest.mark.parametrize("other", [empty_push, reply, empty_poll])
def test_only_a_report_is_a_report(other: Callable[[World], None]) -> None:
    """GIVEN messages without a report WHEN the vendor pushes replies, or answers that there is nothing THEN it is
    silent all the same."""
    world = begun("hbsmservice", poll=("reports",))
    send(world, *numbers(ENOUGH))
    end = world.now + LATER
    while world.now < end:
        pass_time(world, min(world.now + 5 * MINUTE, end))
        other(world)
    assert [alert["alert"] for alert in alerts(world)] == ["push_silent"]
    assert not world.parked


def test_a_polled_report_ends_the_silence() -> None:
    world = begun("qixintong", poll=("reports",))
    send(world, *numbers(ENOUGH))
    pass_time(world, world.now + HOUR // 2)
    page = f"1|{world.vendors.seen[0].ids[0]};{numbers(1)[0]};10".encode()
    poll(world.poller(Seam(), lambda *_: Response(200, {}, page)), "main", "reports", world.now + 5 * MINUTE)
    (stored,) = world.queues.waiting
    assert parse_vendor_bytes(stored.body).body == page
    pass_time(world, world.now + 3 * HOUR)
    assert alerts(world) == []


def test_a_short_report_window_shortens_the_wait() -> None:
    """After the window nobody waits for the reports any more: half of it is when the vendor is called silent."""
    world = begun(report_window=40 * MINUTE // SECOND)
    send(world, *numbers(ENOUGH))
    pass_time(world, world.now + 35 * MINUTE)
    assert [alert["alert"] for alert in alerts(world)] == ["push_silent"]


@pytest.mark.parametrize("fault", [Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.ERROR_AFTER, Fault.TWICE])
def test_a_look_that_fails_is_made_up_for(fault: Fault) -> None:
    """GIVEN a silent vendor WHEN the look at it fails at any step THEN the next one tells, and once."""
    origin = begun()
    send(origin, *numbers(ENOUGH))
    pass_time(origin, origin.now + LATER - 11 * MINUTE)
    origin.now += 11 * MINUTE
    assert alerts(origin) == []
    seam = Seam()
    origin.copy().watch(seam)
    assert "put_item" in seam.steps
    for step in range(len(seam.steps)):
        world = origin.copy()
        with suppress(Crash, AwsError):
            world.watch(Seam({step: fault}))
        pass_time(world, world.now + 40 * MINUTE)
        assert [alert["alert"] for alert in alerts(world)] == ["push_silent"], seam.steps[step]


def test_looks_at_the_same_time_tell_it_once() -> None:
    origin = begun()
    send(origin, *numbers(ENOUGH))
    origin.settle(origin.now + LATER)

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world = origin.copy()

        def check() -> None:
            assert len(alerts(world)) == 1

        return [Task(world.watch), Task(world.watch)], check

    assert schedules(make, preemptions=1) > 5


def test_looking_costs_little() -> None:
    """GIVEN an account that many messages without reports went through, and an idle one THEN a minute's look is one
    read; each submission is read once for each account; and once they are enough, no more are."""
    world = begun(silence_messages=200)
    for index in range(150):
        send(world, numbers(150)[index])
    world.settle(world.now + LATER - 5 * MINUTE)
    looked: list[list[str]] = []
    for _ in range(3 * HOUR // MINUTE):
        world.now += MINUTE
        seam = Seam()
        world.watch(seam)
        looked.append(seam.steps)
    assert alerts(world) == []
    quiet = [steps for steps in looked if steps == ["batch_get_item"]]
    assert len(looked) - len(quiet) <= 3 * HOUR // LOOK_EVERY + 1
    assert sum(steps.count("batch_get_item") - 1 for steps in looked) == 2 * DUE_SHARDS
    assert sum(steps.count("put_item") for steps in looked) == 2 * (len(looked) - len(quiet)), "a note for each account"
    for index in range(100):
        send(world, numbers(250)[150 + index])
    world.settle(world.now + LATER)
    seam = Seam()
    world.watch(seam)
    assert len(alerts(world)) == 1
    assert seam.steps.count("batch_get_item") - 1 < 2 * DUE_SHARDS


def test_watching_adds_no_write_to_a_message() -> None:
    """The writes for a message and its report are the same whether the account is watched or not."""

    def writes(**options: Any) -> int:
        world = begun(**options)
        send(world, *numbers(1))
        reported(world, *numbers(1))
        return len(world.db.stream)

    assert writes() == writes(silence_messages=0)


def test_the_alert_is_an_event_and_the_note_is_none() -> None:
    world = begun()
    send(world, *numbers(ENOUGH))
    pass_time(world, world.now + LATER)
    notes = [new for _, new in world.db.stream if new and new["sk"]["S"] == "silence"]
    assert notes
    assert not [note for note in notes if {"status", "state", "alert"} & set(note)]  # which fanout would be given
    (alert,) = [event for event in world.events() if event.type == EventType.ALERT]
    assert detail_of(alert)["alert"] == "push_silent"
