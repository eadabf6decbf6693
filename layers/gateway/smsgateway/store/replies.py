"""Replies (MO): each kept once, long ones put together from their parts."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smsgateway.ids import DUE_SHARDS, base32, shard
from smsgateway.model import Inbound
from smsgateway.store.table import UNUSED, ConditionFailed, Item, Table


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply as it is published."""

    id: str
    account: str
    vendor: str
    number: str  # who wrote
    access_number: str
    extension: str
    text: str
    received_at: int  # epoch ms
    client: str = ""  # whose message it answers
    in_reply_to: str = ""
    reference: str = ""
    opt_out: bool = False
    partial: bool = False


def reply_id(account: str, inbound: Inbound, occurrence: int) -> str:
    """The same for the same reply pushed again. `occurrence` counts equal replies within one push or page."""
    at = inbound.received_at.isoformat() if inbound.received_at else ""
    identity = [account, inbound.vendor_id, inbound.number, inbound.access_number, inbound.extension, at, inbound.text]
    digest = hashlib.sha256("\x1f".join([*identity, str(occurrence)]).encode(errors="surrogatepass")).digest()
    return "mo_" + base32(int.from_bytes(digest[:16]))


def put_reply(table: Table, reply: Reply, ttl: int) -> None:
    """Store a reply, which publishes it; one that is stored already stays as it is."""
    item = {
        "pk": reply.id,
        "sk": "I",
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
        "partial": reply.partial,
        "to": f"from#{reply.number}",
        "at": f"{reply.received_at:013d}",
        "list": "inbound",
        "listed_at": f"{reply.received_at:013d}#{reply.id}",
        "ttl": ttl,
    }
    try:
        table.put(item, "attribute_not_exists(pk)")
    except ConditionFailed:
        return


def read_reply(item: Item) -> Reply:
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
        partial=item["partial"],
    )


@dataclass(frozen=True, slots=True)
class Group:
    """The parts of one long reply that have come so far. A phone's part ids repeat, so there are generations."""

    key: str
    generation: int
    total: int
    parts: Mapping[int, tuple[str, str]]  # number → text, time
    access_number: str
    extension: str
    started_at: int  # epoch ms
    done: bool = False
    version: int = 0
    vendor: str = ""  # of the account, which may be gone from the accounts document when the parts' time is over

    @property
    def account(self) -> str:
        return self.key.split("#")[1]

    @property
    def number(self) -> str:
        """Who wrote."""
        return self.key.split("#")[2]

    @property
    def complete(self) -> bool:
        return len(self.parts) == self.total

    @property
    def text(self) -> str:
        return "".join(self.parts[number][0] for number in sorted(self.parts))


def place_part(latest: Group | None, key: str, inbound: Inbound, now: int) -> Group:
    """The group with this part in it: the latest, or a new generation when the part's place holds another part."""
    part = inbound.part
    if part is None:
        raise ValueError("a message that is whole has no place in a group")
    held = (inbound.text, inbound.received_at.isoformat() if inbound.received_at else "")
    if latest and latest.parts.get(part.number, held)[0] == held[0] and not (latest.done and not latest.complete):
        return Group(
            key,
            latest.generation,
            latest.total,
            {**latest.parts, part.number: latest.parts.get(part.number, held)},
            latest.access_number,
            latest.extension,
            latest.started_at,
            latest.done,
            latest.version,
        )
    generation = latest.generation + 1 if latest else 0
    parts = {part.number: held}
    return Group(key, generation, part.total, parts, inbound.access_number, inbound.extension, now)


def group_key(account: str, inbound: Inbound) -> str:
    part = inbound.part
    identity = (account, inbound.number, inbound.access_number, part.id if part else "", part.total if part else "")
    return "parts#" + "#".join(map(str, identity))


def latest_group(table: Table, key: str) -> Group | None:
    items, _ = table.query("pk = :pk", {"pk": key}, forward=False, limit=1)
    return read_group(items[0]) if items else None


def read_group(item: Item) -> Group:
    return Group(
        key=item["pk"],
        generation=int(item["sk"]),
        total=item["total"],
        parts={int(number): (text, at) for number, (text, at) in item["parts"].items()},
        access_number=item["access_number"],
        extension=item["extension"],
        started_at=item["started_at"],
        done=item.get("done", False),
        version=item["version"],
        vendor=item.get("vendor", ""),
    )


def put_group(table: Table, group: Group, due_at: int | None, ttl: int) -> None:
    """Write the group over the version that it was read at. Raises ConditionFailed if another worker wrote first."""
    item: dict[str, Any] = {
        "pk": group.key,
        "sk": f"{group.generation:06d}",
        "total": group.total,
        "parts": {str(number): list(held) for number, held in group.parts.items()},
        "access_number": group.access_number,
        "extension": group.extension,
        "started_at": group.started_at,
        "done": group.done,
        "vendor": group.vendor,
        "version": group.version + 1,
        "ttl": ttl,
    }
    if due_at is not None:
        item |= {"due_at": f"{due_at:013d}", "due_shard": f"due#{shard(group.key, DUE_SHARDS)}"}
    values = {"version": group.version, "seconds": table.seconds}
    table.put(item, f"{UNUSED} OR version = :version", values)
