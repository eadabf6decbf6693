"""Publishes what the table's stream says has happened."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3

from smsgateway import runtime
from smsgateway.clock import millis, seconds
from smsgateway.events import Event, NotTakenError, publish
from smsgateway.publishing.changes import events_of
from smsgateway.store.messages import load_payload
from smsgateway.store.recipients import all_rows
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import from_wire

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_events import EventBridgeClient

TIME_TO_STOP = 15_000  # milliseconds before the end of the function's time, at which it waits no longer
_NOT_IN_SQS = re.compile("[\ufffe\uffff]")  # JSON may hold them as they are, a queue's message may not
OURS = (LookupError, ValueError, TypeError, AttributeError)  # a record that we do not understand, now or later


@cache
def event_bridge() -> "EventBridgeClient":
    return boto3.client("events", config=runtime.client_config())


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Publish a batch of stream records. After a failure the batch comes again; event_ids stay the same.

    The batch is first tried whole, for ten events fit one call. A bus that is busy is waited for as long as there is
    time; then the stream comes again from the first record that was not published, for as long as it keeps it. When
    anything else fails, record by record: one that cannot be told at all is set aside, or it would hold up those behind
    it for hours; when the bus or the table is away, the stream comes again likewise.
    """
    records, told_by = event["Records"], list[int]()

    def left() -> float:
        return seconds(context.get_remaining_time_in_millis() - TIME_TO_STOP)

    try:
        _publish(records, left, told_by)
    except NotTakenError as error:
        runtime.logger().warning("the event bus is busy", records=len(records), taken=error.taken)
        return _again_from(records[told_by[error.taken]])
    except Exception as error:  # its text may hold what must not be logged
        runtime.logger().error(
            "a batch of events could not be published", records=len(records), error=type(error).__name__
        )
        for record in records:
            try:
                _publish_or_set_aside(record, left)
            except Exception:  # told above
                return _again_from(record)
    return {"batchItemFailures": []}


def _again_from(record: Mapping[str, Any]) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}


def _publish_or_set_aside(record: Mapping[str, Any], left: Callable[[], float]) -> None:
    try:
        _publish([record], left, [])
    except OURS as error:
        runtime.logger().error("a record was set aside", error=type(error).__name__)
        # An event of this function's own: after a repair, it can be invoked with it.
        body = json.dumps({"Records": [record]}, ensure_ascii=False)
        url = runtime.environment().failures_queue_url
        runtime.sqs().send_message(QueueUrl=url, MessageBody=_NOT_IN_SQS.sub(_escaped, body))


def _escaped(character: re.Match[str]) -> str:
    return f"\\u{ord(character[0]):04x}"


def _publish(records: Iterable[Mapping[str, Any]], left: Callable[[], float], told_by: list[int]) -> None:
    """Publish what records mean. `told_by` gets the place of the record behind each event."""
    bus, random = runtime.environment().event_bus_name, runtime.randomness().random
    publish(event_bridge(), bus, _events(records, told_by), left, random)


def _events(records: Iterable[Mapping[str, Any]], told_by: list[int]) -> Iterator[Event]:
    for place, record in enumerate(records):
        change = record["dynamodb"]
        old = from_wire(change["OldImage"]) if "OldImage" in change else None
        new = from_wire(change["NewImage"]) if "NewImage" in change else None
        for event in events_of(old, new, _segments, millis(float(change["ApproximateCreationDateTime"]))):
            told_by.append(place)
            yield event


def _segments(submission: StoredSubmission) -> dict[str, int]:
    """The recipients of a submission and their segments; one each where no row was written yet."""
    if own := submission.payload():
        return dict.fromkeys(own.numbers, submission.segments)
    numbers = load_payload(runtime.table(), submission.key).numbers
    rows = {outcome.number: outcome.segments for outcome in all_rows(runtime.table(), submission)}
    return {number: rows.get(number, 1) for number in numbers}
