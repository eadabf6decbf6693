"""The contract of the events on the bus. What is published follows from the table's stream."""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import batched
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from smsgateway.clock import Millis, iso

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE = "sms.gateway"
VERSION = 1
BATCH = 10  # PutEvents takes no more
BATCH_BYTES = 200_000  # of 256 KB, the rest for what EventBridge adds
PATIENCE = 3.0  # seconds
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 20.0  # seconds between two tries, at most; doubling
BUSY = frozenset({"ThrottlingException", "Throttling", "LimitExceededException", "TooManyRequestsException"})
NEVER = frozenset({"MalformedDetail", "InvalidArgument"})  # of PutEvents' error codes, those about the event itself


class EventType(StrEnum):
    """Every detail-type there is."""

    SUBMITTED = "Message Submitted"
    DELIVERED = "Message Delivered"
    UNDELIVERED = "Message Undelivered"
    REJECTED = "Message Rejected"
    UNCONFIRMED = "Message Unconfirmed"
    UNKNOWN = "Message Unknown"
    EXPIRED = "Message Expired"
    RECEIVED = "Message Received"
    ALERT = "Account Alert"


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `identity` names the fact: the same fact published twice has the same event_id."""

    type: EventType
    identity: str
    at: Millis
    account: str
    vendor: str
    reference: str
    detail: Mapping[str, Any]
    message_id: str | None = None


def detail_of(event: Event) -> dict[str, Any]:
    """The event's `detail` as it goes out."""
    detail: dict[str, Any] = {
        "version": VERSION,
        "event_id": str(uuid5(NAMESPACE_URL, f"{SOURCE}/{event.type}/{event.identity}")),
        "at": iso(event.at),
        "account": event.account,
        "vendor": event.vendor,
        "reference": event.reference or None,
    }
    if event.message_id:
        detail["message_id"] = event.message_id
    return detail | dict(event.detail)


class NotTakenError(Exception):
    """The event bus did not take all events in time. `taken`: the first so many, in their order, it did."""

    def __init__(self, taken: int) -> None:
        super().__init__("the event bus did not take all events")
        self.taken = taken


class UnpublishableError(ValueError):
    """The event bus will never take this event."""


def publish(
    client: "EventBridgeClient",
    bus: str,
    events: Iterable[Event],
    left: Callable[[], float] | None = None,
    random: Callable[[], float] = lambda: 1.0,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Put the events on the bus, ten a call; entries that the bus does not take are sent again, and only those, ever
    later: outside the largest regions a bus takes some hundreds a second, and a broadcast makes more.

    `left`: the seconds that are left for it, a few when it is not given; `random`: what part of a pause is made. Raises
    NotTakenError when they are over: the stream then delivers the records again. UnpublishableError for what the bus
    would refuse for ever.
    """
    left = left or _from_now(PATIENCE)
    taken = 0
    for entries in _batches(bus, events):
        pending: Sequence[Any] = entries
        attempt = 0
        while pending := _put(client, pending):
            pause = random() * min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)
            if left() <= pause:
                raise NotTakenError(taken + entries.index(pending[0]))
            sleep(pause)
            attempt += 1
        taken += len(entries)


def _from_now(seconds: float) -> Callable[[], float]:
    end = time.monotonic() + seconds
    return lambda: end - time.monotonic()


def _put(client: "EventBridgeClient", entries: Sequence[Any]) -> Sequence[Any]:
    """One call; the entries that the bus did not take."""
    try:
        answer = client.put_events(Entries=list(entries))
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in BUSY:
            return entries
        raise
    if not answer["FailedEntryCount"]:
        return ()
    results = answer["Entries"]
    if any(result.get("ErrorCode") in NEVER for result in results):
        raise UnpublishableError
    return [entry for entry, result in zip(entries, results, strict=True) if "ErrorCode" in result]


def _batches(bus: str, events: Iterable[Event]) -> Iterable[list[dict[str, str]]]:
    for batch in batched(events, BATCH, strict=False):
        entries: list[dict[str, str]] = []
        size = 0
        for event in batch:
            detail = json.dumps(detail_of(event), ensure_ascii=False)
            length = len(detail.encode())
            if length > BATCH_BYTES:
                raise UnpublishableError
            if entries and size + length > BATCH_BYTES:
                yield entries
                entries, size = [], 0
            entries.append({"Source": SOURCE, "DetailType": event.type, "Detail": detail, "EventBusName": bus})
            size += length
        yield entries
