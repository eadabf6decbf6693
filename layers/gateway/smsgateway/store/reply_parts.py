"""The parts of long replies: an item each, so that those which come together do not wait for each other.

Whoever completes a reply claims its parts in the one item that such workers share, publishes it, and then notes the
parts as done. A claim that is left behind is anybody's to carry out: all of it can be done twice.
"""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from smsgateway.clock import Millis, sortable
from smsgateway.ids import DUE_SHARDS, shard
from smsgateway.model import Inbound
from smsgateway.store.change import Change
from smsgateway.store.joining import HeldPart, JoinedReply
from smsgateway.store.keys import CLAIM_SK, is_part, part_sk, reply_parts_pk, total_of_parts
from smsgateway.store.table import KEPT, UNUSED, ConditionFailed, Item, Query, Table


@dataclass(frozen=True, slots=True)
class StoredParts:
    """What lies under the key of a long reply."""

    key: str
    items: Mapping[str, Item]  # the parts, by sort key
    version: int  # of the claims
    claim: JoinedReply | None  # which was not carried out yet
    before: Sequence[Item]  # as the release before this kept them (store/groups.py)

    @property
    def held(self) -> list[HeldPart]:
        """The parts that are in no published reply."""
        return [
            HeldPart(sk, int(item["number"]), item["text"], int(item["arrived"]), item.get("doubtful", False))
            for sk, item in self.items.items()
            if not item.get("done")
        ]

    @property
    def total(self) -> int:
        """How many parts a reply under this key has."""
        return total_of_parts(self.key)


def parts_key(account: str, inbound: Inbound) -> str:
    """The partition key of the parts of one long reply, and of others to which the phone gives the same id."""
    part = inbound.part
    part_id, total = (part.id, part.total) if part else ("", "")
    return reply_parts_pk(account, inbound.number, inbound.access_number, part_id, total)


def put_part(table: Table, key: str, inbound: Inbound, vendor: str, arrived: Millis, due_at: Millis, ttl: int) -> None:
    """File a part; one that is there already stays as it is. `arrived`, `due_at`: epoch milliseconds.

    At `due_at` it is published without those that are missing.
    """
    item = part_item(key, inbound, vendor, arrived, ttl)
    item |= {"due_at": sortable(due_at), "due_shard": f"due#{shard(key, DUE_SHARDS)}"}
    with suppress(ConditionFailed):
        table.put(item, UNUSED, {"seconds": table.seconds})


def part_item(key: str, inbound: Inbound, vendor: str, arrived: Millis, ttl: int) -> Item:
    """The item of a part that `put_part` files; `arrived` in epoch milliseconds, `ttl` in epoch seconds."""
    number = inbound.part.number if inbound.part else 0
    sent_at = inbound.received_at.isoformat() if inbound.received_at else ""
    digest = hashlib.sha256(f"{sent_at}\x1f{inbound.text}".encode(errors="surrogatepass")).hexdigest()[:20]
    return {
        "pk": key,
        "sk": part_sk(number, digest),
        "number": number,
        "text": inbound.text,
        "arrived": arrived,
        "access_number": inbound.access_number,
        "extension": inbound.extension,
        "vendor": vendor,
        "ttl": ttl,
    }


def lying(table: Table, key: str) -> StoredParts:
    """Read what lies under the key of a long reply: its parts, and the claim of whoever joins them."""
    found = {item["sk"]: item for item in table.query_all(Query("pk = :pk", {"pk": key}))}
    claims = found.pop(CLAIM_SK, {})
    parts = {sk: item for sk, item in found.items() if is_part(sk)}
    before = [item for sk, item in found.items() if not is_part(sk)]
    return StoredParts(key, parts, claims.get("version", 0), _read_claim(claims), before)


def claim(table: Table, found: StoredParts, joint: JoinedReply, ttl: int) -> None:
    """Claim parts for one reply, until it is published. `ttl` in epoch seconds.

    Raises ConditionFailed when somebody else has claimed any part since `found` was read.
    """
    item: dict[str, Any] = {
        "pk": found.key,
        "sk": CLAIM_SK,
        "version": found.version + 1,
        "parts": list(joint.parts),
        "partial": joint.partial,
        "spent": list(joint.spent),
        "doubted": list(joint.doubted),
        "ttl": ttl,
    }
    table.put(item, f"{UNUSED} OR version = :version", {"version": found.version, "seconds": table.seconds})


def carried_out(table: Table, found: StoredParts, joint: JoinedReply, version: int) -> None:
    """Note that a claim's reply is published: its parts are done with, and the claim of this `version` is over.

    The parts stay, for as long as they might come again.
    """
    table.put_many([_done(found.items[sk]) for sk in (*joint.parts, *joint.spent) if sk in found.items])
    for sk in joint.doubted:  # not by a put: who is late with it must not undo what became of such a part meanwhile
        with suppress(ConditionFailed):
            table.update(Change((found.key, sk)).set(doubtful=True).when(KEPT, seconds=table.seconds))
    with suppress(ConditionFailed):  # somebody else has carried it out too
        over = Change((found.key, CLAIM_SK)).set(version=version + 1).remove("parts", "partial", "spent", "doubted")
        table.update(over.when("version = :claimed", claimed=version))


def _done(item: Item) -> Item:
    return {name: value for name, value in item.items() if name not in ("due_at", "due_shard")} | {"done": True}


def _read_claim(item: Item) -> JoinedReply | None:
    if "parts" not in item:
        return None
    return JoinedReply(tuple(item["parts"]), item["partial"], tuple(item["spent"]), tuple(item["doubted"]))
