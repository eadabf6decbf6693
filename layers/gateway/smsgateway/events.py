"""The contract of the events on the bus: their types, and the fields of each.

publishing/ makes events from the table's changes and puts them on the bus; events/README.md describes them for whoever
reads them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from smsgateway.clock import Millis, iso

SOURCE = "sms.gateway"
VERSION = 1


class EventType(StrEnum):
    """The `detail-type` of every event."""

    SUBMITTED = "Message Submitted"
    DELIVERED = "Message Delivered"
    UNDELIVERED = "Message Undelivered"
    REJECTED = "Message Rejected"
    UNCONFIRMED = "Message Unconfirmed"
    UNKNOWN = "Message Unknown"
    EXPIRED = "Message Expired"
    SUPPRESSED = "Message Suppressed"
    RECEIVED = "Message Received"
    OPTED_OUT = "Opted Out"
    OPTED_IN = "Opted In"
    ALERT = "Account Alert"


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `identity` names the fact that it tells, so that a fact that is published twice has one `event_id`.

    `detail` has the fields of its type, beside those that all events have.
    """

    type: EventType
    identity: str
    at: Millis
    account: str
    vendor: str
    reference: str
    detail: Mapping[str, Any]
    message_id: str | None = None


def detail_of(event: Event) -> dict[str, Any]:
    """The `detail` of an event as it goes on the bus: the fields of all events, then those of its type."""
    detail: dict[str, Any] = {
        "version": VERSION,
        "event_id": str(uuid5(NAMESPACE_URL, f"{SOURCE}/{event.type}/{event.identity}")),
        "at": iso(event.at),
        "account": event.account or None,
        "vendor": event.vendor or None,
        "reference": event.reference or None,
    }
    if event.message_id:
        detail["message_id"] = event.message_id
    return detail | dict(event.detail)
