"""A client's segments of the day, in Beijing: taken once for a message, however many requests are made for it."""

from dataclasses import replace

from smsgateway.accepting.post import Refusal
from smsgateway.clock import day_of
from smsgateway.model import Client, Message
from smsgateway.store import spending
from smsgateway.store.table import Table


def pay(table: Table, client: Client, message: Message) -> Message:
    """The message, with who has paid for it: this request, or another under the same id a moment ago.

    Raises Refusal when the day's limit is spent.
    """
    if client.daily_segments is None:
        return message
    paid_at = spending.spend(table, client.name, client.daily_segments, _charge(message))
    if paid_at is None:
        left = f"{message.segments} segments are more than is left of this client's {client.daily_segments} a day"
        raise Refusal(429, "Daily limit spent", left)
    return message if paid_at == message.created_at else replace(message, paid_at=paid_at)


def give_back(table: Table, client: Client, message: Message, instead: Message | None) -> None:
    """What this request has paid for a message that is not stored, unless the one that stands instead lives on it."""
    if client.daily_segments is None or message.paid_at:
        return
    if instead is None or (instead.paid_at or instead.created_at) != message.created_at:
        spending.give_back(table, client.name, _charge(message))


def _charge(message: Message) -> spending.Charge:
    day = day_of(message.created_at).isoformat()
    return spending.Charge(message.id, message.segments, message.created_at, day)
