"""Vendors' bytes that no queue takes, in pieces: below DynamoDB's 400 KB an item, and out of SQS's limits."""

import zlib

from smsgateway.store.keys import chunk_sk, page_pk
from smsgateway.store.table import Item, Query, Table

PIECE = 300_000  # bytes


def put_page(table: Table, name: str, content: bytes, ttl: int) -> None:
    """Keep bytes under a name, which is theirs alone, until `ttl` (epoch seconds)."""
    packed = zlib.compress(content)
    pieces = [packed[start : start + PIECE] for start in range(0, len(packed), PIECE)]
    for index, piece in enumerate(pieces):
        table.put({"pk": page_pk(name), "sk": chunk_sk(index), "bytes": piece, "of": len(pieces), "ttl": ttl})


def get_page(table: Table, name: str) -> bytes | None:
    """The bytes under a name, or None when some of them are gone."""
    pieces: list[Item] = list(table.query_all(Query("pk = :pk", {"pk": page_pk(name)})))
    if not pieces or len(pieces) != pieces[0]["of"]:
        return None
    return zlib.decompress(b"".join(piece["bytes"] for piece in pieces))
