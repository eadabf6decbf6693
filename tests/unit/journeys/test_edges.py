"""The two ends that keep no state of their own: a push on its way in, and events on their way out."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from smsgateway.model import Kind, Push
from smsgateway.publishing.bus import put_events
from smsgateway.receiving.push import PushReceiver, take_push
from tests.doubles.receipts import report_of
from tests.doubles.seam import AwsError, Crash, Fault, Seam, Seamed
from tests.doubles.voices import TOKEN
from tests.doubles.world import World, accounts_document, begun, numbers

RECIPIENTS = 23


def left() -> float:
    return 60.0  # seconds


class Queue:
    def __init__(self) -> None:
        self.bodies: list[str] = []

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> dict[str, Any]:  # noqa: N803
        self.bodies.append(MessageBody)
        return {}


class Bus:
    exceptions = SimpleNamespace(ClientError=ClientError)

    def __init__(self) -> None:
        self.entries: list[dict[str, str]] = []

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        self.entries += Entries
        return {"FailedEntryCount": 0, "Entries": [{} for _ in Entries]}


@pytest.mark.parametrize("fault", [None, *Fault])
def test_no_push_is_acknowledged_that_the_queue_has_not(fault: Fault | None) -> None:
    """GIVEN a push WHEN its storing fails in any way THEN an acknowledgement means that it is stored, and the vendor's
    next try stores it."""
    document = json.loads(accounts_document((("main", "hbsmservice", 0),)))
    document["accounts"][0]["push"] = {"token": TOKEN}
    world, queue = World(json.dumps(document)), Queue()

    def pushed(seam: Seam) -> int | None:
        client = Seamed(queue, seam)

        def store(body: str, _kind: Kind) -> None:
            client.send_message(QueueUrl="receipts", MessageBody=body)

        receiver = PushReceiver(world.settings, store, lambda: world.now)
        try:
            return take_push(receiver, "main", TOKEN, "reports", Push("POST", body=b"<reports/>"), "192.0.2.1").status
        except Crash:
            return None  # the vendor gets no answer, or API Gateway's

    status = pushed(Seam({0: fault} if fault else {}))
    assert status != 200 or queue.bodies
    assert (status is None) == (fault in (Fault.CRASH_BEFORE, Fault.CRASH_AFTER))
    assert pushed(Seam()) == 200
    assert queue.bodies


def test_every_event_is_on_the_bus_whatever_fails() -> None:
    """GIVEN a batch of the stream WHEN its worker fails at any call, and the batch comes again THEN every event is on
    the bus, and one that is there twice has one event_id."""
    world, key = begun(accounts_document((("main", "hbsmservice", 0),)), RECIPIENTS)
    world.dispatch(key)
    world.ingest(report_of(world, "main", key.reference, *numbers(RECIPIENTS)))
    events = list(world.events())
    seam = Seam()
    put_events(cast("Any", Seamed(Bus(), seam)), "bus", events, left)
    assert len(seam.steps) == 3
    for step in range(len(seam.steps)):
        for fault in Fault:
            bus = Bus()
            try:
                put_events(cast("Any", Seamed(bus, Seam({step: fault}))), "bus", events, left)
            except (Crash, AwsError):
                put_events(cast("Any", Seamed(bus, Seam())), "bus", events, left)
            facts = {(entry["DetailType"], json.loads(entry["Detail"]).get("to")) for entry in bus.entries}
            ids = {json.loads(entry["Detail"])["event_id"] for entry in bus.entries}
            assert len(facts) == len(ids) == RECIPIENTS + 1
