"""The one seam of the fault harness: every call that leaves the gateway goes through it, and may fail there.

A worker that crashes in `Seam.step` is dead: whatever of it still runs (a `finally`, say) reaches nothing any more, as
after the end of a Lambda's sandbox.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.doubles import shapes


class Fault(StrEnum):
    """What can become of one call."""

    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"
    ERROR_BEFORE = "error before"  # AWS raises, and has done nothing
    ERROR_AFTER = "error after"  # AWS raises, and has done it
    ERROR_HALFWAY = "error halfway"  # AWS raises, and has done the first half of a batch (of anything else: nothing)
    TWICE = "twice"  # the SDK heard nothing and asked again


class Crash(BaseException):
    """The worker is gone."""


class AwsError(Exception):
    """An AWS call that failed for good."""


@dataclass
class Seam:
    """Counts a worker's outward calls and lets them fail as planned. `pause` is told of each call before it is made."""

    plan: Mapping[int, Fault] = field(default_factory=dict)
    pause: Callable[[str], None] = lambda _name: None
    steps: list[str] = field(default_factory=list)
    dead: bool = False

    def step(self, name: str, call: Callable[[], Any], half: Callable[[], Any] | None = None) -> Any:
        if self.dead:
            raise Crash
        self.pause(name)
        fault = self.plan.get(len(self.steps))
        self.steps.append(name)
        vendor = name == "vendor"
        if fault == Fault.ERROR_HALFWAY and half:
            half()
        if fault in (Fault.CRASH_BEFORE, Fault.ERROR_BEFORE, Fault.ERROR_HALFWAY):
            self._fail(fault, vendor)
        if fault == Fault.TWICE and not vendor and name != "transact_write_items":  # which carries a token
            with suppress(Exception):  # the SDK does not show what its first try met
                call()
        result = call()
        if fault in (Fault.CRASH_AFTER, Fault.ERROR_AFTER):
            self._fail(fault, vendor)
        return result

    def _fail(self, fault: Fault, vendor: bool) -> None:
        if fault in (Fault.CRASH_BEFORE, Fault.CRASH_AFTER):
            self.dead = True
            raise Crash
        if not vendor:  # how a vendor's call fails is the vendor's script
            raise AwsError


class Seamed:
    """A client whose calls go through a seam."""

    def __init__(self, client: Any, seam: Seam) -> None:
        self._client = client
        self._seam = seam
        self.exceptions = getattr(client, "exceptions", None)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)

        def call(**request: Any) -> Any:
            shapes.check(name, request)
            half = _half(request)
            return self._seam.step(name, lambda: method(**request), (lambda: method(**half)) if half else None)

        return call


def _half(request: Mapping[str, Any]) -> dict[str, Any] | None:
    """The first half of a batch of writes."""
    if statements := request.get("Statements"):
        return {"Statements": statements[: len(statements) // 2]} if len(statements) > 1 else None
    for table, content in request.get("RequestItems", {}).items():
        if isinstance(content, list) and len(content) > 1:
            return {"RequestItems": {table: content[: len(content) // 2]}}
    return None
