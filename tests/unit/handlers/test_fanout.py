"""From which record on the table's stream is asked to come again (handlers/fanout.py)."""

from typing import Any

import pytest

from smsgateway import runtime
from tests.doubles.stack import Context
from tests.unit.publishing.given import Bus, alert, event_id, handle, poisoned

pytestmark = pytest.mark.usefixtures("log")  # nothing secret is told


def test_what_the_bus_does_not_take_in_time_comes_again_from_its_record_on(bus: Bus, log: Any) -> None:
    """GIVEN a bus that takes an event not at all WHEN the function's time is nearly over THEN the stream is asked for
    its record and those behind it, and nothing was put one by one."""
    bus.context = Context(remaining=100_000)
    bus.never = {event_id(12)}
    answer = handle({"Records": [alert(number) for number in range(25)]}, bus.context)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "12"}]}
    assert 15_000 <= bus.context.remaining < 40_000
    assert [len(call) for call in bus.calls][:3] == [10, 10, 1]
    assert {len(call) for call in bus.calls[2:]} == {1}
    assert [(entry["level"], entry["taken"]) for entry in log()] == [("WARNING", 12)]


def test_what_cannot_be_set_aside_comes_again(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_request: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(runtime.sqs(), "send_message", away)
    answer = handle({"Records": [alert(1), poisoned(2, "a field is missing"), alert(3)]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}


def test_a_bus_that_is_away_has_the_whole_batch_come_again(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_request: Any) -> None:
        raise ConnectionError("13900210021")

    monkeypatch.setattr(bus, "put_events", away)
    answer = handle({"Records": [alert(number) for number in range(3)]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}]}
