"""Publishes what the table's stream says has happened."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3

from smsgateway import runtime
from smsgateway.events import Event, publish
from smsgateway.publish import events_of
from smsgateway.store.messages import load_payload
from smsgateway.store.recipients import all_outcomes
from smsgateway.store.submissions import Stored
from smsgateway.store.table import from_wire

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_events import EventBridgeClient

OURS = (LookupError, ValueError, TypeError, AttributeError)  # a record that we do not understand, now or later


@cache
def event_bridge() -> "EventBridgeClient":
    return boto3.client("events", config=runtime.CLIENT_CONFIG)


def handler(event: dict[str, Any], _context: "LambdaContext") -> dict[str, Any]:
    """Publish a batch of stream records. After a failure the batch comes again; event_ids stay the same.

    The batch is first tried whole, for ten events fit one call. When that fails, record by record: one that cannot be
    told at all is set aside, or it would hold up those behind it for hours; when the bus or the table is away, the
    stream comes again from the first record that was not published.
    """
    records = event["Records"]
    try:
        _publish(records)
    except Exception as error:  # its text may hold what must not be logged
        runtime.logger().error(
            "a batch of events could not be published", records=len(records), error=type(error).__name__
        )
        for record in records:
            try:
                _publish_or_set_aside(record)
            except Exception:  # told above
                return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}


def _publish_or_set_aside(record: Mapping[str, Any]) -> None:
    try:
        _publish([record])
    except OURS as error:
        runtime.logger().error("a record was set aside", error=type(error).__name__)
        # An event of this function's own: after a repair, it can be invoked with it.
        body = json.dumps({"Records": [record]})
        runtime.sqs().send_message(QueueUrl=runtime.environment().failures_queue_url, MessageBody=body)


def _publish(records: Iterable[Mapping[str, Any]]) -> None:
    publish(event_bridge(), runtime.environment().event_bus_name, _events(records))


def _events(records: Iterable[Mapping[str, Any]]) -> Iterator[Event]:
    for record in records:
        change = record["dynamodb"]
        old = from_wire(change["OldImage"]) if "OldImage" in change else None
        new = from_wire(change["NewImage"]) if "NewImage" in change else None
        yield from events_of(old, new, _segments, int(change["ApproximateCreationDateTime"] * 1000))


def _segments(submission: Stored) -> dict[str, int]:
    """The recipients of a submission and their segments; one each where no row was written yet."""
    if own := submission.payload():
        return dict.fromkeys(own.numbers, submission.segments)
    numbers = load_payload(runtime.table(), submission.key).numbers
    rows = {outcome.number: outcome.segments for outcome in all_outcomes(runtime.table(), submission)}
    return {number: rows.get(number, 1) for number in numbers}
