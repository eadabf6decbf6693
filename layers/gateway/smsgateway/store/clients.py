"""Clients: who may call the API. Each has an item under the hash of its key, and one that claims its name."""

from smsgateway.model import Client
from smsgateway.store.keys import client_key, client_name_key
from smsgateway.store.table import ConditionFailed, Item, Query, Table


def put_client(table: Table, client: Client, key_hash: str) -> bool:
    """Store a client under the SHA-256 of its key. Returns False when its name is taken, and stores nothing then.

    The name is claimed first, so that of two clients of one name one is refused.
    """
    pk, sk = client_name_key(client.name)
    try:
        table.put({"pk": pk, "sk": sk, "key_hash": key_hash}, "attribute_not_exists(pk)")
    except ConditionFailed:
        return False
    pk, sk = client_key(key_hash)
    table.put(
        {
            "pk": pk,
            "sk": sk,
            "name": client.name,
            "role": client.role,
            "purposes": list(client.purposes),
            "accounts": list(client.accounts),
            "daily_segments": client.daily_segments,
            "key_id": client.key_id,
            "signatures": list(client.signatures) or None,
            "caps": {purpose: [list(cap) for cap in caps] for purpose, caps in client.caps.items()} or None,
            "test": client.test or None,
            "list": "clients",
            "listed_at": client.name,
        }
    )
    return True


def find_client(table: Table, key_hash: str) -> Client | None:
    """The client whose key has this hash, as it was a moment ago: the read is not a consistent one."""
    item = table.get(client_key(key_hash), consistent=False)
    return _read_client(item) if item else None


def claimed_hash(table: Table, name: str) -> str | None:
    """The hash of the key that a name is claimed for, also when the client's creation broke off after that."""
    claim = table.get(client_name_key(name))
    return str(claim["key_hash"]) if claim else None


def named_client(table: Table, name: str) -> tuple[str, Client] | None:
    """The client of a name, after the hash of its key."""
    claim = table.get(client_name_key(name))
    item = table.get(client_key(claim["key_hash"])) if claim else None
    return (claim["key_hash"], _read_client(item)) if claim and item else None


def delete_client(table: Table, name: str, key_hash: str) -> None:
    """Delete a client. Its name is free after that."""
    table.delete(client_key(key_hash))
    table.delete(client_name_key(name))


def list_clients(table: Table) -> list[Client]:
    """All clients, by name, as the index knows them: a moment late."""
    return [
        _read_client(item) for item in table.query_all(Query("#list = :list", {"list": "clients"}, index="by_list"))
    ]


def _read_client(item: Item) -> Client:
    return Client(
        name=item["name"],
        role=item["role"],
        purposes=tuple(item["purposes"]),
        accounts=tuple(item["accounts"]),
        daily_segments=item.get("daily_segments"),
        key_id=item["key_id"],
        signatures=tuple(item.get("signatures", ())),
        caps={
            purpose: tuple((texts, seconds) for texts, seconds in caps)
            for purpose, caps in item.get("caps", {}).items()
        },
        test=item.get("test", False),
    )
