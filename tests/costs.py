"""What DynamoDB charges for writes, from its documented rules, and a meter that a boto3 client reports to.

Developer guide: "Read/write capacity mode" (one unit for each started KB of the larger image; a failed condition costs
what the item there weighs; transactions double), "Provisioned throughput considerations for global secondary indexes"
(an entry that appears, goes or changes: one; a changed key: two).
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from tests.aws import Image, item_bytes, resources

if TYPE_CHECKING:
    from botocore.client import BaseClient

KB = 1024
KEYS = ("pk", "sk")


@dataclass(frozen=True)
class Index:
    """A global secondary index: its own keys, and which attributes it holds (None: all)."""

    name: str
    keys: tuple[str, ...]
    projected: frozenset[str] | None

    def entry(self, image: Image | None) -> Image | None:
        """The item's entry in this index, if it has all of its keys."""
        if image is None or not all(key in image for key in self.keys):
            return None
        return {name: value for name, value in image.items() if self.projected is None or name in self.projected}

    def units(self, old: Image | None, new: Image | None) -> int:
        before, after = self.entry(old), self.entry(new)
        if before == after:
            return 0
        if before and after and any(before[key] != after[key] for key in self.keys):
            return write_units(before) + write_units(after)  # one entry goes, another comes
        return write_units(before, after)


def template_indexes() -> tuple[Index, ...]:
    """The indexes of template.yaml's table."""
    return tuple(_index(definition) for definition in resources()["Table"]["Properties"]["GlobalSecondaryIndexes"])


def _index(definition: Mapping[str, Any]) -> Index:
    keys = tuple(key["AttributeName"] for key in definition["KeySchema"])
    projection = definition["Projection"]
    if projection["ProjectionType"] == "ALL":
        return Index(definition["IndexName"], keys, None)
    return Index(definition["IndexName"], keys, frozenset({*keys, *KEYS, *projection.get("NonKeyAttributes", ())}))


def write_units(*images: Image | None) -> int:
    """One for each started KB of the largest image; at least one."""
    return max([1, *(-(-item_bytes(image) // KB) for image in images if image)])


@dataclass
class Meter:
    """Counts a DynamoDB client's calls, and the write units of what they did.

    The images before each write are remembered from the writes themselves, so the table must be empty at first, and
    updates must return the item (`ReturnValues`: ALL_NEW, and ALL_OLD when the condition fails), as `store.table` asks.
    """

    calls: Counter[str] = field(default_factory=Counter)
    table_units: int = 0
    index_units: Counter[str] = field(default_factory=Counter)
    largest: int = 0  # bytes of the largest item that was written
    _images: dict[str, Image] = field(default_factory=dict)
    _indexes: tuple[Index, ...] = field(default_factory=template_indexes)
    _lock: Lock = field(default_factory=Lock)

    @property
    def units(self) -> int:
        return self.table_units + self.index_units.total()

    def watch(self, client: "BaseClient", reader: Any) -> None:
        """Count this client's calls. `reader`: another client, which is not counted, to see what transactions wrote."""

        def before(params: dict[str, Any], context: dict[str, Any], **_event: Any) -> None:
            context["metered"] = params

        def after(
            http_response: Any, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_event: Any
        ) -> None:
            with self._lock:
                self.calls[model.name] += 1
                self._charge(model.name, context["metered"], parsed, http_response.status_code == 200, reader)

        client.meta.events.register_first("before-parameter-build.dynamodb", before)
        client.meta.events.register_last("after-call.dynamodb", after)

    def _charge(self, call: str, params: Mapping[str, Any], answer: Mapping[str, Any], done: bool, reader: Any) -> None:
        match call:
            case "PutItem" | "UpdateItem" if not done:
                assert answer["Error"]["Code"] == "ConditionalCheckFailedException"
                self.table_units += write_units(answer.get("Item"))
            case "PutItem":
                self._wrote(params["Item"], params["Item"])
            case "UpdateItem":
                self._wrote(params["Key"], answer["Attributes"])
            case "DeleteItem":
                self._wrote(params["Key"], None)
            case "BatchWriteItem":
                for request in next(iter(params["RequestItems"].values())):
                    self._wrote(request["PutRequest"]["Item"], request["PutRequest"]["Item"])
            case "TransactWriteItems":
                assert done, "a canceled transaction has no price here"
                for action in params["TransactItems"]:
                    update = action["Update"]
                    found = reader.get_item(TableName=update["TableName"], Key=update["Key"], ConsistentRead=True)
                    self._wrote(update["Key"], found["Item"], times=2)
            case "GetItem" | "Query" | "BatchGetItem" | "Scan":
                return
            case _:
                raise ValueError(f"no price is known of {call}")

    def _wrote(self, key: Image, new: Image | None, times: int = 1) -> None:
        place = json.dumps([key[name] for name in KEYS])
        old = self._images.get(place)
        self.table_units += times * write_units(old, new)
        for index in self._indexes:
            # Whether a transaction doubles its index entries too is not said: this is the dearer reading.
            self.index_units[index.name] += times * index.units(old, new)
        if new:
            self._images[place] = dict(new)
            self.largest = max(self.largest, item_bytes(new))
        else:
            self._images.pop(place, None)
