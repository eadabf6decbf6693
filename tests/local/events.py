"""A consumer of the event bus, as the company's other systems have one: a queue behind a rule."""

import json
import secrets
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from tests.local.stack import Stack

SOURCE = "sms.gateway"

Event = dict[str, Any]


class EventTap:
    """Everything that appears on the stack's bus from now on: `events`, in order of arrival, repeats included."""

    def __init__(self, stack: Stack) -> None:
        self.events: list[Event] = []
        self._sqs = stack.client("sqs")
        self._events = stack.client("events")
        self._bus = stack.event_bus
        self._name = f"{stack.stack_name}-tap-{secrets.token_hex(4)}"
        self._queue_url = self._sqs.create_queue(QueueName=self._name)["QueueUrl"]
        self._subscribe()

    def _subscribe(self) -> None:
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=["QueueArn"])
        queue_arn = attributes["Attributes"]["QueueArn"]
        rule_arn = self._events.put_rule(
            Name=self._name, EventBusName=self._bus, EventPattern=json.dumps({"source": [SOURCE]})
        )["RuleArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._sqs.set_queue_attributes(QueueUrl=self._queue_url, Attributes={"Policy": policy})
        self._events.put_targets(Rule=self._name, EventBusName=self._bus, Targets=[{"Id": "tap", "Arn": queue_arn}])

    def receive(self, wait_seconds: int = 1) -> list[Event]:
        """What is new, after waiting at most so long for something."""
        batch = self._sqs.receive_message(
            QueueUrl=self._queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=wait_seconds
        ).get("Messages", [])
        for message in batch:
            self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
        new = [json.loads(message["Body"]) for message in batch]
        self.events += new
        return new

    def wait_for(self, matches: Callable[[Event], bool], count: int = 1, timeout: float = 30.0) -> list[Event]:
        """All matching events, as soon as there are `count`, earlier ones included; AssertionError when too few."""
        deadline = time.monotonic() + timeout
        while len(found := [event for event in self.events if matches(event)]) < count:
            if time.monotonic() > deadline:
                seen = dict(Counter(event["detail-type"] for event in self.events))
                raise AssertionError(f"{len(found)} of {count} events came within {timeout:g} s; on the bus: {seen}")
            self.receive()
        return found

    def close(self) -> None:
        """Takes rule and queue away."""
        self._events.remove_targets(Rule=self._name, EventBusName=self._bus, Ids=["tap"])
        self._events.delete_rule(Name=self._name, EventBusName=self._bus)
        self._sqs.delete_queue(QueueUrl=self._queue_url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.close()
