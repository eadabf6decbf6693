"""Events put on the bus, again and again while it takes them not (publishing/bus.py)."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from smsgateway import runtime
from smsgateway.publishing import bus as publishing
from tests.doubles.stack import Context
from tests.unit.publishing.given import Bus, alert, handle

pytestmark = pytest.mark.usefixtures("log")  # nothing secret is told


def test_ten_events_are_one_call(bus: Bus) -> None:
    handle({"Records": [alert(number) for number in range(25)]})
    assert [len(call) for call in bus.calls] == [10, 10, 5]


def test_large_events_take_more_calls(bus: Bus) -> None:
    large = [alert(number) for number in range(10)]
    for change in large:
        change["dynamodb"]["NewImage"]["detail"] = {"S": "大" * 20_000}
    handle({"Records": large})
    assert [len(call) for call in bus.calls] == [3, 3, 3, 1]


@pytest.mark.parametrize(
    "refused",
    [
        ["10101"],
        ["01010", "10"],
        ["11111", "11111", "00001", "1"],
        ["00001"],
    ],
)
def test_only_what_the_bus_did_not_take_is_put_again(refused: list[str], bus: Bus) -> None:
    """GIVEN a bus that does not take some entries of a call, and some of the next WHEN a batch is published THEN each
    call has exactly the entries that the one before left, and each entry is taken once."""
    bus.refuse = [[mark == "1" for mark in marks] for marks in refused]
    assert handle({"Records": [alert(number) for number in range(5)]}) == {"batchItemFailures": []}
    expected, taken = bus.calls[0], []
    assert len(expected) == 5
    for call, marks in zip(bus.calls, [*refused, "0" * refused[-1].count("1")], strict=True):
        assert call == expected
        taken += [entry for entry, mark in zip(call, marks, strict=True) if mark == "0"]
        expected = [entry for entry, mark in zip(call, marks, strict=True) if mark == "1"]
    assert sorted(map(str, taken)) == sorted(map(str, bus.calls[0]))


def test_a_busy_bus_is_waited_for_while_there_is_time(bus: Bus, log: Any) -> None:
    """GIVEN a bus whose quota is used up for two minutes WHEN a batch comes THEN it is asked again, ever later, and
    everything is published by this call."""
    bus.context = Context(remaining=300_000)
    bus.refuse = [[True] * 10] * 12
    assert handle({"Records": [alert(number) for number in range(25)]}, bus.context) == {"batchItemFailures": []}
    assert len({detail["event_id"] for _, detail in bus.taken}) == 25
    assert len(bus.waits) == 12
    assert sum(bus.waits) > 60
    assert max(bus.waits) <= publishing.LONGEST_PAUSE
    assert log() == []


def test_a_refusal_of_the_whole_call_is_waited_for_too(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    put, refusals = bus.put_events, iter([True, True, False])

    def throttled(**request: Any) -> Any:
        if next(refusals, False):
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "PutEvents")
        return put(**request)

    monkeypatch.setattr(bus, "put_events", throttled)
    assert handle({"Records": [alert(1)]}) == {"batchItemFailures": []}
    assert len(bus.waits) == 2
    assert len(bus.calls) == 1


def test_pauses_are_spread(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN many functions that a bus refuses at once THEN they do not all come again at once."""
    monkeypatch.setattr(runtime.randomness(), "random", lambda: 0.25)
    bus.refuse = [[True]] * 3
    handle({"Records": [alert(1)]})
    assert bus.waits == [0.25 * publishing.FIRST_PAUSE * 2**attempt for attempt in range(3)]
