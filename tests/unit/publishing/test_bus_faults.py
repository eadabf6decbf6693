"""Events on their way out, under every fault: each reaches the bus, and has one event_id (publishing/bus.py)."""

import json
from types import SimpleNamespace
from typing import Any, cast

from botocore.exceptions import ClientError

from smsgateway.publishing.bus import put_events
from tests.doubles.receipts import report_of
from tests.doubles.seam import AwsError, Crash, Fault, Seam, Seamed
from tests.doubles.world import accounts_document, begun, numbers

RECIPIENTS = 23


def left() -> float:
    return 60.0  # seconds


class Bus:
    exceptions = SimpleNamespace(ClientError=ClientError)

    def __init__(self) -> None:
        self.entries: list[dict[str, str]] = []

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        self.entries += Entries
        return {"FailedEntryCount": 0, "Entries": [{} for _ in Entries]}


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
