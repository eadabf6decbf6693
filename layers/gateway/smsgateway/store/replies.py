"""Replies (MO): each kept once."""

import hashlib
from collections.abc import Sequence

from smsgateway.clock import sortable
from smsgateway.ids import base32
from smsgateway.model import Inbound, Reply
from smsgateway.store import keys
from smsgateway.store.table import ConditionFailed, Item, Table


def reply_id(account: str, inbound: Inbound, occurrence: int) -> str:
    """The id of a reply: the same for the same reply pushed again.

    `occurrence` counts equal replies within one push or page, from 0.
    """
    at = inbound.received_at.isoformat() if inbound.received_at else ""
    identity = [account, inbound.vendor_id, inbound.number, inbound.access_number, inbound.extension, at, inbound.text]
    return _id_of("\x1f".join([*identity, str(occurrence)]))


def joint_id(key: str, parts: Sequence[str], partial: bool) -> str:
    """The id of a long reply: the same for the same parts under a key (store/reply_parts.py)."""
    return _id_of("\x1f".join([key, *parts, str(partial)]))


def piece_id(whole: str, index: int) -> str:
    """The id of a piece of a reply that is too long to be published at once. `index`: from 0."""
    return _id_of(f"{whole}#{index}") if index else whole


def _id_of(identity: str) -> str:
    digest = hashlib.sha256(identity.encode(errors="surrogatepass")).digest()
    return keys.reply_id(base32(int.from_bytes(digest[:16])))


def is_stored(table: Table, reply: str) -> bool:
    """True if the reply with this id is stored."""
    return table.get(keys.reply_key(reply)) is not None


def put_reply(table: Table, reply: Reply, ttl: int) -> None:
    """Store a reply, which publishes it; one that is stored already stays as it is."""
    pk, sk = keys.reply_key(reply.id)
    item = {
        "pk": pk,
        "sk": sk,
        "account": reply.account,
        "vendor": reply.vendor,
        "number": reply.number,
        "access_number": reply.access_number,
        "extension": reply.extension,
        "text": reply.text,
        "received_at": reply.received_at,
        "client": reply.client or "-",  # an index key may not be empty
        "in_reply_to": reply.in_reply_to,
        "reference": reply.reference,
        "opt_out": reply.opt_out,
        "opt_in": reply.opt_in or None,
        "partial": reply.partial,
        "to": f"from#{reply.number}",
        "at": sortable(reply.received_at),
        "list": "inbound",
        "listed_at": f"{sortable(reply.received_at)}#{reply.id}",
        "ttl": ttl,
    }
    try:
        table.put(item, "attribute_not_exists(pk)")
    except ConditionFailed:
        return


def read_reply(item: Item) -> Reply:
    """The reply in an item that `put_reply` wrote, or in its image in a stream record."""
    return Reply(
        id=item["pk"],
        account=item["account"],
        vendor=item["vendor"],
        number=item["number"],
        access_number=item["access_number"],
        extension=item["extension"],
        text=item["text"],
        received_at=item["received_at"],
        client="" if item["client"] == "-" else item["client"],
        in_reply_to=item["in_reply_to"],
        reference=item["reference"],
        opt_out=item["opt_out"],
        opt_in=item.get("opt_in", False),
        partial=item["partial"],
    )
