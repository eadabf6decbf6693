"""A push on its way in under every fault: none is acknowledged that is not stored (receiving/push.py)."""

import json
from typing import Any

import pytest

from smsgateway.model import Kind, Push
from smsgateway.receiving.push import PushReceiver, take_push
from tests.doubles.seam import Crash, Fault, Seam, Seamed
from tests.doubles.voices import TOKEN
from tests.doubles.world import World, accounts_document


class Queue:
    def __init__(self) -> None:
        self.bodies: list[str] = []

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> dict[str, Any]:  # noqa: N803
        self.bodies.append(MessageBody)
        return {}


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
