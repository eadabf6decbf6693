"""Publishes what the table's stream says has happened."""

from functools import cache
from typing import TYPE_CHECKING, Any

import boto3

from smsgateway import runtime
from smsgateway.clock import seconds
from smsgateway.publishing.bus import put_events
from smsgateway.publishing.stream import Publisher, publish

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_events import EventBridgeClient

TIME_TO_STOP = 15_000  # milliseconds before the end of the function's time, at which it waits no longer


@cache
def event_bridge() -> "EventBridgeClient":
    """The client of EventBridge, made when it is first needed."""
    return boto3.client("events", config=runtime.client_config())


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Publish a batch of stream records. Returns from which of them on the stream is to come again, if from any."""

    def left() -> float:
        return seconds(context.get_remaining_time_in_millis() - TIME_TO_STOP)

    bus, random = runtime.environment().event_bus_name, runtime.randomness().random
    publisher = Publisher(
        table=runtime.table(),
        put=lambda events: put_events(event_bridge(), bus, events, left, random),
        set_aside=_set_aside,
        warn=lambda problem, **facts: runtime.logger().warning(problem, **facts),
        fail=lambda problem, **facts: runtime.logger().error(problem, **facts),
    )
    again = publish(publisher, event["Records"])
    if again is None:
        return {"batchItemFailures": []}
    return {"batchItemFailures": [{"itemIdentifier": again["dynamodb"]["SequenceNumber"]}]}


def _set_aside(body: str) -> None:
    runtime.sqs().send_message(QueueUrl=runtime.environment().failures_queue_url, MessageBody=body)
