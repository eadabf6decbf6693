"""Events go on the bus, ten a call. What the bus does not take is put again, for as long as there is time."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import batched
from typing import TYPE_CHECKING, Any

from smsgateway.errors import NotTakenError, UnpublishableError
from smsgateway.events import SOURCE, Event, detail_of

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

BATCH = 10  # PutEvents takes no more
BATCH_BYTES = 200_000  # of 256 KB, the rest for what EventBridge adds
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 20.0  # seconds between two tries, at most; doubling
BUSY = frozenset({"ThrottlingException", "Throttling", "LimitExceededException", "TooManyRequestsException"})
NEVER = frozenset({"MalformedDetail", "InvalidArgument"})  # of PutEvents' error codes, those about the event itself


def put_events(
    client: "EventBridgeClient",
    bus: str,
    events: Iterable[Event],
    left: Callable[[], float],
    random: Callable[[], float] = lambda: 1.0,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Put events on the bus. Entries that the bus does not take are put again, and only those, after longer and longer
    pauses: outside the largest regions a bus takes some hundreds of events a second, and a broadcast makes more.

    `left` returns the seconds that are left for it, and `random` which part of a pause is made, so that many workers
    that were refused at once do not come again at once. Raises NotTakenError when the time is over, and
    UnpublishableError for an event that the bus would refuse for ever.
    """
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


def _put(client: "EventBridgeClient", entries: Sequence[Any]) -> Sequence[Any]:
    """Make one call. Returns the entries that the bus did not take."""
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


def _batches(bus: str, events: Iterable[Event]) -> Iterator[list[dict[str, str]]]:
    """The entries of each call: ten events at most, and no more bytes than a call may have."""
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
