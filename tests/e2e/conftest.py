"""One world for all end-to-end tests: the deployed template, the vendors on real sockets, the real bus."""

import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.e2e.said import AttentiveApi, Said
from tests.local import simulators
from tests.local.api import Answer
from tests.local.events import Event, EventTap
from tests.local.running import World, local_world
from tests.simulators.client import ControlClient

PATIENCE = 60.0
SIGNATURE = "示例"
WRONG_PASSWORD = "hb-wrong"
BROKEN = "hb-broken"
IMPATIENT = "ly-impatient"
POLLED = "ic-polled"
SILENT = "ly-silent"
MISREAD = "hb-misread"


@dataclass
class Gateway:
    """The deployed gateway from outside, and the vendors' side of it. Each test takes numbers nobody else has."""

    world: World
    api: AttentiveApi
    tap: EventTap
    resent: set[str] = field(default_factory=set)  # numbers that their client allowed to get a text twice
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def vendors(self) -> ControlClient:
        return self.world.simulators.control

    @property
    def said(self) -> Said:
        """Everything that must not be in a log."""
        return self.api.said

    def client(self, key: str) -> AttentiveApi:
        """The API for whoever has this key."""
        return AttentiveApi(self.api.url, key, said=self.said)

    def number(self, ending: str = "0000") -> str:
        """A number that meets the fate of its ending (tests/simulators/README.md)."""
        return f"138{next(self._numbers):04d}{ending}"

    def numbers(self, count: int) -> list[str]:
        """Numbers that get everything delivered."""
        start = next(self._numbers)
        return [f"199{start:04d}{index:04d}" for index in range(count)]

    def send(self, **body: Any) -> str:
        """The id of an accepted message."""
        if "resend" in body:
            self.resent |= {body["to"]} if isinstance(body["to"], str) else set(body["to"])
        answer = self.api.post("/messages", {"signature": SIGNATURE, **body})
        assert answer.status == 202, answer
        return str(answer.body["id"])

    def event(self, type_: str, message_id: str, count: int = 1) -> list[Event]:
        """The events of this kind about a message, once there are `count`."""
        return self.tap.wait_for(
            lambda event: event["detail-type"] == type_ and event["detail"].get("message_id") == message_id,
            count,
            PATIENCE,
        )

    def recipient(self, message_id: str, status: str) -> dict[str, Any]:
        """The first recipient of a message, once it has this status."""
        recipients = self.until(message_id, status)["recipients"]
        first: dict[str, Any] = recipients[0]
        return first

    def until(self, message_id: str, status: str) -> dict[str, Any]:
        """The message, once its first recipient has this status."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer: Answer = self.api.get(f"/messages/{message_id}")
            assert answer.status == 200, answer
            if answer.body["recipients"] and answer.body["recipients"][0]["status"] == status:
                body: dict[str, Any] = answer.body
                return body
            assert time.monotonic() < deadline, f"not {status}: {answer.body}"
            self.tap.receive()

    def sweep(self) -> dict[str, Any]:
        """Have the sweep look again now."""
        answer = self.world.stack.client("lambda").invoke(FunctionName=f"{self.world.stack.stack_name}-sweep")
        outcome: dict[str, Any] = json.loads(answer["Payload"].read())
        assert "errorMessage" not in outcome, outcome
        return outcome

    def poll(self, account: str, kind: str) -> dict[str, Any]:
        """Have an account polled now."""
        answer = self.world.stack.client("lambda").invoke(
            FunctionName=f"{self.world.stack.stack_name}-poll",
            Payload=json.dumps({"account": account, "kind": kind}).encode(),
        )
        outcome: dict[str, Any] = json.loads(answer["Payload"].read())
        return outcome


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    with local_world("test") as world, EventTap(world.stack) as tap:
        add_accounts(world)
        yield Gateway(world, AttentiveApi(world.stack.api_url, world.stack.api_key), tap)


def impatient(world: World, like: dict[str, Any]) -> dict[str, Any]:
    """An account of langyu that gives up waiting for the parts of a reply at once, pushed to like the others."""
    name, credentials = IMPATIENT, {"account": "ly0002", "pswd": "ly-pass-2"}
    world.simulators.control.add_account(name, "langyu", credentials)
    address = f"{world.stack.api_url}/push/{name}/{like['push']['token']}"
    world.simulators.control.push(
        name,
        reports_url=f"{address}/reports",
        inbound_url=f"{address}/inbound",
        credentials=like["push"]["credentials"],
    )
    return like | {"name": name, "credentials": credentials, "options": like["options"] | {"parts_window": 1}}


def add_accounts(world: World) -> None:
    """Beside one account a vendor: some with a wrong password or charset, one of infocloud that must be polled, one
    that may be called silent after three messages, and routes."""
    document = simulators.accounts_document(world.simulators)
    by_name = {entry["name"]: entry for entry in document["accounts"]}
    hb = by_name["hb-1"]
    wrong = hb | {"name": WRONG_PASSWORD, "credentials": hb["credentials"] | {"corp_pwd": "not-it"}}
    wrong = {name: value for name, value in wrong.items() if name != "push"}
    world.simulators.control.add_account(
        POLLED,
        "infocloud",
        {"api_key": "polled-key-0001", "access_key": "polled-access-1"},
        delivery={"reports": "poll", "inbound": "none"},
    )
    polled = by_name["ic-1"] | {
        "name": POLLED,
        "credentials": {"api_key": "polled-key-0001", "access_key": "polled-access-1"},
    }
    polled = {name: value for name, value in polled.items() if name != "push"} | {"poll": []}
    # Its bad answers are wanted: they shall not open its breaker.
    by_name["ly-1"]["options"] = by_name["ly-1"]["options"] | {"breaker_failures": 1000}
    ly = by_name["ly-1"]
    silent = ly | {"name": SILENT, "options": ly["options"] | {"silence_messages": 3}}
    # Read in the wrong charset, until a test repairs it.
    misread = wrong | {"name": MISREAD, "push": {"token": "m" * 40}, "poll": [], "options": {"charset": "utf-8"}}
    document["accounts"] += [silent, wrong, wrong | {"name": BROKEN}, misread, polled, impatient(world, ly)]
    document["routes"] = [
        # At whatever hour the tests run.
        {"purpose": "marketing", "accounts": [WRONG_PASSWORD, "ly-1", "qx-1"], "quiet_hours": None},
        *document["routes"],
    ]
    world.stack.write_accounts(document)
