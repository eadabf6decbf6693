"""What clients with a daily limit have spent: one item a client and day, which remembers who was charged last.

Requests under one Idempotency-Key charge one message, and may all come at once: who finds the message charged a moment
ago does not charge it again. That is remembered in a few places, which messages share by their ids, so that the item
stays small.
"""

from dataclasses import dataclass

from smsgateway.clock import Millis, epoch_seconds
from smsgateway.ids import shard
from smsgateway.store.change import Change
from smsgateway.store.keys import spent_key
from smsgateway.store.table import ConditionFailed, Table

PLACES = 10
KEPT_FOR = 3 * 86_400  # seconds


@dataclass(frozen=True, slots=True)
class Charge:
    """Segments for one message. `at` (epoch ms) tells a request for it from others."""

    message_id: str
    segments: int
    at: Millis
    day: str  # yyyy-mm-dd, Beijing

    @property
    def place(self) -> str:
        """The attribute that remembers the last charge of some messages, this one among them."""
        return f"charged{shard(self.message_id, PLACES)}"

    @property
    def of_message(self) -> str:
        """How a charge for this message begins, whichever request made it."""
        return f"{self.message_id}#{self.segments}#"

    @property
    def own(self) -> str:
        """This charge, as it is remembered."""
        return f"{self.of_message}{self.at}"


def spend(table: Table, client: str, limit: int, charge: Charge) -> int | None:
    """Take segments from the client's limit of the day, unless another request was charged for the message.

    Returns the `at` of the request that was charged, this one or the other; None: the limit is spent.
    """
    room = limit - charge.segments
    if room < 0:
        return None
    change = (
        Change(spent_key(client, charge.day))
        .add(spent=charge.segments)
        .set(ttl=epoch_seconds(charge.at) + KEPT_FOR, **{charge.place: charge.own})
        .when("attribute_not_exists(spent) OR spent <= :room", room=room)
        .when(
            f"attribute_not_exists({charge.place}) OR NOT begins_with({charge.place}, :charged)",
            charged=charge.of_message,
        )
    )
    try:
        table.update(change)
    except ConditionFailed as failed:
        charged = str((failed.item or {}).get(charge.place, ""))
        return int(charged.rpartition("#")[2]) if charged.startswith(charge.of_message) else None
    return charge.at


def return_some(table: Table, client: str, day: str, segments: int) -> None:
    """Give back some of the segments of a charge that stands."""
    table.update(Change(spent_key(client, day)).add(spent=-segments))


def give_back(table: Table, client: str, charge: Charge) -> None:
    """Give back segments that were taken for nothing. Doing it again changes nothing."""
    back = Change(spent_key(client, charge.day)).add(spent=-charge.segments)
    try:
        table.update(back.remove(charge.place).when(f"{charge.place} = :own", own=charge.own))
    except ConditionFailed as failed:
        if failed.item and charge.place in failed.item:  # another message has taken the place since
            table.update(back)
