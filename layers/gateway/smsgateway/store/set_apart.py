"""The numbers of a post that its message does not go to: few in the message's own item, many beside it.

They are kept so that the same post gets the same answer again, and are shown among the recipients. Beside the message
they lie under what they say: two requests under one Idempotency-Key, of which each found others, write two lists, and
the message that stands names its own.
"""

import hashlib
import json
import zlib
from dataclasses import replace

from smsgateway.model import Message, SetApart
from smsgateway.store.keys import chunk_sk, set_apart_pk
from smsgateway.store.messages import CHUNK_BYTES
from smsgateway.store.table import Item, Query, Table

FEW = 20  # that the message's own item holds: each write of it costs as much as it weighs


def with_set_apart(message: Message, apart: SetApart, ttl: int) -> tuple[Message, list[Item]]:
    """Returns the message as it says who was set apart, and the items that must be stored before it is accepted.

    `ttl` in epoch seconds.
    """
    if len(apart) <= FEW:
        return replace(message, suppressed=apart.suppressed, too_frequent=apart.too_frequent), []
    document = json.dumps([apart.suppressed, apart.too_frequent], separators=(",", ":")).encode()
    digest, packed = hashlib.sha256(document).hexdigest()[:32], zlib.compress(document)
    chunks = [packed[start : start + CHUNK_BYTES] for start in range(0, len(packed), CHUNK_BYTES)]
    pk = set_apart_pk(message.id, digest)
    items = [{"pk": pk, "sk": chunk_sk(index), "bytes": chunk, "ttl": ttl} for index, chunk in enumerate(chunks)]
    return replace(message, suppressed=(), too_frequent=(), set_apart=digest), items


def load_set_apart(table: Table, message: Message) -> SetApart:
    """The numbers that were set apart from a message, read where they do not stand in the message's own item."""
    if not message.set_apart:
        return SetApart(message.suppressed, message.too_frequent)
    pk = set_apart_pk(message.id, message.set_apart)
    packed = b"".join(item["bytes"] for item in table.query_all(Query("pk = :pk", {"pk": pk})))
    suppressed, too_frequent = json.loads(zlib.decompress(packed))
    return SetApart(tuple(suppressed), tuple((number, until) for number, until in too_frequent))
