"""A bus in place of EventBridge, for `fanout`."""

import pytest

from smsgateway import runtime
from smsgateway.handlers import fanout
from smsgateway.publishing import bus as publishing
from tests.doubles.stack import Stack
from tests.unit.publishing.given import Bus


@pytest.fixture
def bus(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Bus:
    made = Bus()
    monkeypatch.setattr(fanout, "event_bridge", lambda: made)
    monkeypatch.setattr(publishing.put_events, "__defaults__", (lambda: 1.0, made.wait))
    monkeypatch.setattr(runtime.randomness(), "random", lambda: 1.0)
    return made
