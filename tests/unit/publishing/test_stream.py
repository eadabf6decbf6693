"""Records of the stream that nobody can publish are set aside, and hold up no other (publishing/stream.py)."""

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from smsgateway import runtime
from tests.doubles.stack import Stack
from tests.unit.publishing.given import Bus, alert, event_id, handle, poisoned, record, submission_of_two

pytestmark = pytest.mark.usefixtures("log")  # nothing secret is told


@pytest.mark.parametrize("at", [1769074226.5, 1769074226, "1769074226.5", "1.7690742265E9"])
def test_the_moment_of_a_change_in_every_form(at: Any, bus: Bus, stack: Stack) -> None:
    new, old = submission_of_two(stack, {"state": "REFUSED", "refusal": "busy", "answer": "-99"})
    changed = record(new, old)
    changed["dynamodb"]["ApproximateCreationDateTime"] = at
    assert handle({"Records": [changed]}) == {"batchItemFailures": []}
    assert {detail["at"][:19] for _, detail in bus.taken} == {"2026-01-22T09:30:26"}


@pytest.mark.parametrize(
    "what",
    [
        "a field is missing",
        "a value is none of ours",
        "a type is wrong",
        "too large for the bus",
        "two images, both full",
    ],
)
def test_a_poisonous_record_holds_up_no_other(what: str, stack: Stack, bus: Bus, log: Any) -> None:
    """GIVEN a batch with one record that nobody can publish WHEN it comes THEN all others are published, nothing comes
    again, and the record waits whole in the failures' queue, as an event that `fanout` takes after a repair."""
    poison = poisoned(2, what)
    answer = handle({"Records": [alert(1), poison, alert(3)]})
    assert answer == {"batchItemFailures": []}
    assert {detail["event_id"] for _, detail in bus.taken} == {event_id(1), event_id(3)}
    assert stack.bodies("fanout-dead") == [{"Records": [poison]}]
    assert [entry["message"] for entry in log()][1:] == ["a record was set aside"]


def test_what_is_set_aside_is_what_a_queue_takes(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a record of two full images in Chinese, with characters that no queue takes WHEN it is set aside THEN its
    body has none of them, is below the queue's limit, and says the same."""
    bodies: list[str] = []
    monkeypatch.setattr(runtime.sqs(), "send_message", lambda **request: bodies.append(request["MessageBody"]))
    poison = poisoned(1, "two images, both full")
    handle({"Records": [poison]})
    (body,) = bodies
    assert not re.search("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", body)
    assert len(body.encode()) < 1_048_576
    assert json.loads(body) == {"Records": [poison]}


def test_an_event_that_the_bus_refuses_for_ever_is_set_aside(stack: Stack, bus: Bus) -> None:
    bus.code = "MalformedDetail"
    bus.refuse = [[False, True, False], [], [True], []]
    records = [alert(number) for number in range(3)]
    assert handle({"Records": records}) == {"batchItemFailures": []}
    assert stack.bodies("fanout-dead") == [{"Records": [records[1]]}]
    assert [len(call) for call in bus.calls] == [3, 1, 1, 1]


def test_a_record_waits_for_a_table_that_is_away(stack: Stack, bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a change that takes a look into the table WHEN the table is away THEN the record is no poison."""
    new, old = submission_of_two(stack, {"state": "REFUSED", "refusal": "busy", "answer": "-99"})

    def throttled(**_request: Any) -> None:
        raise ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "Query")

    with monkeypatch.context() as patch:
        patch.setattr(runtime.table().client, "query", throttled)
        answer = handle({"Records": [alert(1), record(new, old, number=2), alert(3)]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert stack.bodies("fanout-dead") == []
    assert {type_ for type_, _ in bus.taken} == {"Account Alert"}
