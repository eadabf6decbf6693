"""What DynamoDB charges, from its documented rules, and a meter that a boto3 client reports to.

Developer guide: "Read/write capacity mode" (one unit for each started KB of the larger image; a failed condition costs
what the item there weighs; transactions double), "Provisioned throughput considerations for global secondary indexes"
(an entry that appears, goes or changes: one; a changed key: two). Consistent reads: one unit for each started 4 KB of
an item, of a query's items together, and one for what is not there.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any

from tests.doubles import partiql
from tests.doubles.aws import TABLE_NAME, Image, item_bytes, resources

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


def read_units(*images: Image | None) -> int:
    """One for each started 4 KB of what is read together; at least one."""
    return max(1, -(-sum(item_bytes(image) for image in images if image) // (4 * KB)))


class Meter:
    """A DynamoDB client that counts the calls of the one behind it, and the write units of what they did.

    The images before each write are remembered from the writes themselves, so the table must be empty at first, and
    updates must return the item (`ReturnValues`: ALL_NEW, and ALL_OLD when the condition fails), as `store.table` asks.
    """

    def __init__(self, client: Any) -> None:
        self.exceptions = client.exceptions
        self.calls: Counter[str] = Counter()
        self.table_units = 0
        self.index_units: Counter[str] = Counter()
        self.read_units = 0  # all reads taken for consistent ones
        self.largest = 0  # bytes of the largest item that was written
        self._client = client
        self._images: dict[str, Image] = {}
        self._indexes = template_indexes()
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"{self.units} units: table {self.table_units}, {dict(self.index_units)}; largest item {self.largest} B"

    @property
    def units(self) -> int:
        return self.table_units + self.index_units.total()

    def __getattr__(self, call: str) -> Callable[..., Any]:
        return partial(self._call, call)

    def _call(self, call: str, **params: Any) -> Any:
        with self._lock:
            self.calls[call] += 1
            try:
                answer = getattr(self._client, call)(**params)
            except self.exceptions.ConditionalCheckFailedException as failed:
                self.table_units += write_units(failed.response.get("Item"))
                raise
            self._charge(call, params, answer)
        return answer

    def _charge(self, call: str, params: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        match call:
            case "put_item":
                self._wrote(params["Item"], params["Item"])
            case "update_item" | "delete_item":
                self._wrote(params["Key"], answer.get("Attributes"))
            case "batch_write_item":
                for request in params["RequestItems"][TABLE_NAME]:
                    if "PutRequest" in request:
                        self._wrote(request["PutRequest"]["Item"], request["PutRequest"]["Item"])
                    else:
                        self._wrote(request["DeleteRequest"]["Key"], None)
            case "transact_write_items":
                for write in (write for action in params["TransactItems"] for write in action.values()):
                    key = {"TableName": write["TableName"], "Key": partiql.key_of(write)}
                    self._wrote(key["Key"], self._client.get_item(**key, ConsistentRead=True)["Item"], times=2)
            case "batch_execute_statement":
                for statement, response in zip(params["Statements"], answer["Responses"], strict=True):
                    self._executed(partiql.as_request(statement["Statement"], statement["Parameters"]), response)
            case _:
                self._charge_read(call, params, answer)

    def _charge_read(self, call: str, params: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        match call:
            case "get_item":
                self.read_units += read_units(answer.get("Item"))
            case "query":
                self.read_units += read_units(*answer["Items"])
            case "batch_get_item":
                found = answer["Responses"].get(TABLE_NAME, ())
                absent = len(params["RequestItems"][TABLE_NAME]["Keys"]) - len(found)
                self.read_units += absent + sum(map(read_units, found))
            case _:
                raise ValueError(f"no price is known of {call}")

    def _executed(self, write: Mapping[str, Any], response: Mapping[str, Any]) -> None:
        key = {"TableName": write["TableName"], "Key": partiql.key_of(write)}
        item = self._client.get_item(**key, ConsistentRead=True).get("Item")
        if "Error" in response:
            self.table_units += write_units(item)
        else:
            self._wrote(key["Key"], item)

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
