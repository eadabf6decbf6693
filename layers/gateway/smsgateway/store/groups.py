"""The parts of long replies as the release before this kept them: one item a group, which all its parts wrote.

They are turned into items of their own (store/reply_parts.py) as soon as anybody looks at them.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from smsgateway.clock import Millis
from smsgateway.model import Inbound, Part
from smsgateway.store.keys import number_of_parts
from smsgateway.store.reply_parts import part_item
from smsgateway.store.table import UNUSED, ConditionFailed, Item, Table


@dataclass(frozen=True, slots=True)
class Group:
    """`published`: as what it was closed, by a worker that may have died before it told so."""

    key: str
    generation: int
    parts: Sequence[Inbound]
    started_at: Millis  # epoch milliseconds
    done: bool
    published: bool | None  # partial; None: it was not closed, or has been told
    item: Item = field(repr=False)


def read_group(item: Item) -> Group:
    """The group in an item that the release before wrote."""
    key, done, total = item["pk"], item.get("done", False), item["total"]
    whole = Inbound(number_of_parts(key), "", item["access_number"], item["extension"])
    parts = []
    for number, (text, at) in sorted(item["parts"].items(), key=lambda one: int(one[0])):
        place, moment = Part("", total, int(number)), datetime.fromisoformat(at) if at else None
        parts.append(replace(whole, text=text, part=place, received_at=moment))
    complete = len(parts) == total
    untold = done and (complete or "due_at" in item)
    return Group(key, int(item["sk"]), parts, item["started_at"], done, not complete if untold else None, item)


def adopt(table: Table, group: Group) -> None:
    """Turn a group into its parts. Raises ConditionFailed when somebody else wrote it meanwhile."""
    for part in group.parts:
        item = part_item(group.key, part, group.item.get("vendor", ""), group.started_at, group.item["ttl"])
        due = {name: group.item[name] for name in ("due_at", "due_shard") if name in group.item}
        if group.done:  # also if it has come again: that is what it is known for
            table.put(item | {"done": True})
            continue
        with suppress(ConditionFailed):  # it has come again
            table.put(item | due, UNUSED, {"seconds": table.seconds})
    key, version = (group.key, group.item["sk"]), group.item["version"]
    table.delete(key, "attribute_not_exists(pk) OR version = :version", {"version": version})
