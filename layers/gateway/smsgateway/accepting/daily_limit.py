"""A client's segments of the day, in Beijing: taken once for a message, however many requests are made for it."""

from dataclasses import replace

from smsgateway.accepting.post import Refusal
from smsgateway.clock import day_of
from smsgateway.model import Client, Message
from smsgateway.store import spending
from smsgateway.store.table import Table


def pay(table: Table, client: Client, message: Message) -> Message:
    """Take the message's segments from what its client has left of the day.

    Another request with the same Idempotency-Key may have paid a moment ago: then nothing is taken, and the message
    that is returned says so (`paid_at`). Raises Refusal when the day's limit is spent.
    """
    if client.daily_segments is None:
        return message
    charge = _charge(message)
    paid_at = spending.spend(table, client.name, client.daily_segments, charge)
    if paid_at is None:
        left = f"{message.segments} segments are more than is left of this client's {client.daily_segments} a day"
        raise Refusal(429, "Daily limit spent", left)
    return message if paid_at == message.created_at else replace(message, paid_at=paid_at)


def give_back(table: Table, client: Client, message: Message, instead: Message | None) -> None:
    """Give back what this request has paid for a message that is not stored.

    `instead`: the message of another request that stands under the same id, if any. If this request has paid for it,
    nothing is given back.
    """
    if client.daily_segments is None or message.paid_at:
        return
    if instead is None or (instead.paid_at or instead.created_at) != message.created_at:
        charge = _charge(message)
        spending.give_back(table, client.name, charge)


def give_difference_back(table: Table, client: Client, paid: Message, accepted: Message) -> None:
    """Give back the segments of recipients who were set apart after the message was paid for."""
    fewer = paid.segments - accepted.segments
    if client.daily_segments is not None and fewer:
        spending.return_some(table, client.name, _charge(paid).day, fewer)


def _charge(message: Message) -> spending.Charge:
    """What a message costs its client, on the day in Beijing on which it was accepted."""
    day = day_of(message.created_at).isoformat()
    return spending.Charge(message.id, message.segments, message.created_at, day)
