"""The table's stream: what each record of it means goes on the bus, and a record that nobody understands is set aside.

A failure makes the stream deliver its records again, and their events then have the same `event_id`s.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smsgateway.clock import millis
from smsgateway.errors import NotTakenError, UnpublishableError
from smsgateway.events import Event
from smsgateway.publishing.changes import events_of
from smsgateway.store.messages import FLEETING, load_payload
from smsgateway.store.recipients import all_rows
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import Table, from_wire

type Record = Mapping[str, Any]  # of the stream: the images of one item before and after a change

# What a record raises that nobody can tell, now or later.
NEVER_TOLD = (UnpublishableError, LookupError, ValueError, TypeError, AttributeError)
_NOT_IN_SQS = re.compile("[\ufffe\uffff]")  # JSON may hold them as they are, a queue's message may not


@dataclass(frozen=True, slots=True)
class Publisher:
    """What publishing works with.

    `put` puts events on the bus (`bus.put_events`), `set_aside` a text into the queue of failures. `warn` and `fail`
    log a problem with its facts.
    """

    table: Table
    put: Callable[[Iterable[Event]], None]
    set_aside: Callable[[str], None]
    warn: Callable[..., None]
    fail: Callable[..., None]


def publish(publisher: Publisher, records: Sequence[Record]) -> Record | None:
    """Publish what records of the stream mean. Returns the first that must come again with those behind it, or None.

    The records are first published together, for ten events fit one call. A bus that is busy is waited for while there
    is time; then the stream comes again from the first record on that was not published. When anything else fails,
    the records are published one by one. One that can never be told is set aside, or it would hold up those behind it
    for hours; when the bus or the table is away, the stream comes again from the record on that met it.
    """
    told_by: list[int] = []
    try:
        publisher.put(_events(publisher.table, records, told_by))
    except NotTakenError as error:
        publisher.warn("the event bus is busy", records=len(records), taken=error.taken)
        return records[told_by[error.taken]]
    except Exception as error:  # its text may hold what must not be logged
        publisher.fail("a batch of events could not be published", records=len(records), error=type(error).__name__)
        return _publish_singly(publisher, records)
    return None


def _publish_singly(publisher: Publisher, records: Iterable[Record]) -> Record | None:
    """Publish records one by one. Returns the first that must come again, or None."""
    for record in records:
        try:
            _publish_or_set_aside(publisher, record)
        except Exception:  # told before
            return record
    return None


def _publish_or_set_aside(publisher: Publisher, record: Record) -> None:
    try:
        publisher.put(_events(publisher.table, [record], []))
    except NEVER_TOLD as error:
        publisher.fail("a record was set aside", error=type(error).__name__)
        # An event of the function `fanout`: after a repair, it can be invoked with it.
        body = json.dumps({"Records": [_without_fleeting(record)]}, ensure_ascii=False)
        publisher.set_aside(_NOT_IN_SQS.sub(_escaped, body))


def _without_fleeting(record: Record) -> Record:
    """A record without contents that are not to be kept anywhere (store/messages.py)."""
    change = {
        name: {key: value for key, value in part.items() if key != FLEETING} if name.endswith("Image") else part
        for name, part in record["dynamodb"].items()
    }
    return {**record, "dynamodb": change}


def _escaped(character: re.Match[str]) -> str:
    return f"\\u{ord(character[0]):04x}"


def _events(table: Table, records: Iterable[Record], told_by: list[int]) -> Iterator[Event]:
    """The events that records mean. `told_by` gets, for each event, the place of its record."""
    for place, record in enumerate(records):
        change = record["dynamodb"]
        old = from_wire(change["OldImage"]) if "OldImage" in change else None
        new = from_wire(change["NewImage"]) if "NewImage" in change else None
        at = millis(float(change["ApproximateCreationDateTime"]))
        for event in events_of(old, new, lambda submission: segments_of(table, submission), at):
            told_by.append(place)
            yield event


def segments_of(table: Table, submission: StoredSubmission) -> dict[str, int]:
    """The recipients of a submission with the segments of each, read from the table unless the item itself says it.

    A recipient of which no row was written yet has one segment.
    """
    if own := submission.payload():
        return dict.fromkeys(own.numbers, submission.segments)
    numbers = load_payload(table, submission.key).numbers
    rows = {row.number: row.segments for row in all_rows(table, submission)}
    return {number: rows.get(number, 1) for number in numbers}
