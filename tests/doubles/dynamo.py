"""DynamoDB in memory: the client calls that the gateway's Table makes, on one table with the template's indexes.

moto takes milliseconds a call, and thousands of schedules make a hundred thousand; tests/unit/doubles/test_dynamo.py
holds this double to moto. Items are replaced, never changed, so that a copy of the dictionary is a snapshot.
"""

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from tests.doubles import partiql
from tests.doubles.expressions import WireItem, condition, update, used_words

type PrimaryKey = tuple[str, str]

# Name → partition key, sort key, attributes that come along besides the keys (None: all); template.yaml.
INDEXES: Mapping[str, tuple[str, str, tuple[str, ...] | None]] = {
    "": ("pk", "sk", None),
    "by_number": ("to", "at", ("client",)),
    "by_due": ("due_shard", "due_at", ()),
    "by_list": ("list", "listed_at", None),
}
# The calls of boto3's client that the gateway makes.
CALLS = (
    "get_item",
    "put_item",
    "update_item",
    "delete_item",
    "transact_write_items",
    "batch_write_item",
    "batch_get_item",
    "batch_execute_statement",
    "query",
)


class ConditionalCheckFailedException(Exception):  # noqa: N818  botocore's own name for it
    def __init__(self, item: WireItem | None) -> None:
        super().__init__("ConditionalCheckFailedException")
        self.response = {"Item": item} if item is not None else {}


class TransactionCanceledException(Exception):  # noqa: N818  botocore's own name for it
    def __init__(self, reasons: list[dict[str, Any]]) -> None:
        super().__init__("TransactionCanceledException")
        self.response = {"CancellationReasons": reasons}


class TransactionConflictException(Exception):  # noqa: N818  botocore's own name for it
    """Never raised: here, nothing happens at the same time."""


class FakeDynamoDB:
    """A DynamoDB client. `stream` has the images before and after each change, as the table's stream has them."""

    def __init__(self) -> None:
        self.items: dict[PrimaryKey, WireItem] = {}
        self.stream: list[tuple[WireItem | None, WireItem | None]] = []
        self.exceptions = SimpleNamespace(
            ConditionalCheckFailedException=ConditionalCheckFailedException,
            TransactionCanceledException=TransactionCanceledException,
            TransactionConflictException=TransactionConflictException,
        )

    def copy(self) -> "FakeDynamoDB":
        other = FakeDynamoDB()
        other.items = dict(self.items)
        other.stream = list(self.stream)
        return other

    def get_item(self, *, TableName: str, Key: WireItem, ConsistentRead: bool = False) -> dict[str, Any]:  # noqa: N803
        item = self.items.get(_primary(Key))
        return {"Item": dict(item)} if item else {}

    def put_item(self, **request: Any) -> dict[str, Any]:
        new = request["Item"]
        old = self._checked(request, _primary(new))
        self._write(old, new)
        return {}

    def update_item(self, **request: Any) -> dict[str, Any]:
        old = self._checked(request, _primary(request["Key"]))
        new = _updated(request, old)
        self._write(old, new)
        return {"Attributes": dict(new)}

    def delete_item(self, **request: Any) -> dict[str, Any]:
        old = self._checked(request, _primary(request["Key"]))
        self._write(old, None)
        return {}

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        writes = [request for action in TransactItems for request in action.values()]
        keys = [_primary(request.get("Item") or request["Key"]) for request in writes]
        if len(set(keys)) < len(keys):
            raise ValueError("a transaction has two actions on one item")
        reasons: list[dict[str, Any]] = []
        for request, key in zip(writes, keys, strict=True):
            try:
                self._checked(request, key)
                reasons.append({"Code": "None"})
            except ConditionalCheckFailedException as failed:
                reasons.append({"Code": "ConditionalCheckFailed", **failed.response})
        if any(reason["Code"] != "None" for reason in reasons):
            raise TransactionCanceledException(reasons)
        olds = [self.items.get(key) for key in keys]
        news = [request.get("Item") or _updated(request, old) for request, old in zip(writes, olds, strict=True)]
        self._write_together(list(zip(olds, news, strict=True)))
        return {}

    def _write_together(self, changes: Iterable[tuple[WireItem | None, WireItem]]) -> None:
        """What a transaction has found in order."""
        for old, new in changes:
            self._write(old, new)

    def batch_write_item(self, *, RequestItems: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:  # noqa: N803
        ((_, actions),) = RequestItems.items()
        if not 1 <= len(actions) <= 25:
            raise ValueError(f"{len(actions)} actions in a batch")
        keys = [_primary(_written(action)) for action in actions]
        if len(set(keys)) < len(keys):
            raise ValueError("a batch writes one item twice")
        for key, action in zip(keys, actions, strict=True):
            self._write(self.items.get(key), action["PutRequest"]["Item"] if "PutRequest" in action else None)
        return {"UnprocessedItems": {}}

    def batch_execute_statement(self, *, Statements: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        def write(request: dict[str, Any]) -> None:
            (FakeDynamoDB.put_item if "Item" in request else FakeDynamoDB.update_item)(self, **request)

        return {"Responses": list(partiql.answers(Statements, write, ConditionalCheckFailedException))}

    def batch_get_item(self, *, RequestItems: Mapping[str, dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        ((table, wanted),) = RequestItems.items()
        if not 1 <= len(wanted["Keys"]) <= 100:
            raise ValueError(f"{len(wanted['Keys'])} keys in a batch")
        found = (self.items.get(_primary(key)) for key in wanted["Keys"])
        return {"Responses": {table: [dict(item) for item in found if item]}, "UnprocessedKeys": {}}

    def query(self, **request: Any) -> dict[str, Any]:
        index = request.get("IndexName", "")
        partition_key, sort_key, along = INDEXES[index]
        names, values = request.get("ExpressionAttributeNames", {}), request["ExpressionAttributeValues"]
        asked = values[used_words(request["KeyConditionExpression"].partition(" AND ")[0]).difference(names).pop()]
        there = [item for item in self.items.values() if item.get(partition_key) == asked and sort_key in item]
        fits = condition(request["KeyConditionExpression"])
        rows = [item for item in there if fits(item, names, values)]
        rows.sort(key=lambda item: (item[sort_key]["S"], item["pk"]["S"], item["sk"]["S"]))
        if not request.get("ScanIndexForward", True):
            rows.reverse()
        if start := request.get("ExclusiveStartKey"):
            places = [_primary(row) for row in rows]
            rows = rows[places.index(_primary(start)) + 1 :] if _primary(start) in places else rows
        limit = request.get("Limit", len(rows))
        page, more = rows[:limit], len(rows) > limit
        following = {"LastEvaluatedKey": _keys_of(page[-1], index)} if more and page else {}
        if where := request.get("FilterExpression"):
            page = [item for item in page if condition(where)(item, names, values)]
        if along is not None:
            page = [_projected(item, index, along) for item in page]
        if shown := request.get("ProjectionExpression"):
            wanted = [names.get(word.strip(), word.strip()) for word in shown.split(",")]
            page = [{name: item[name] for name in wanted if name in item} for item in page]
        return {"Items": [dict(item) for item in page], **following}

    def _checked(self, request: Mapping[str, Any], key: PrimaryKey) -> WireItem | None:
        """The item under the key. Raises what DynamoDB raises when the request's condition is not met."""
        _check_words(request)
        item = self.items.get(key)
        expression = request.get("ConditionExpression")
        names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
        if expression and not condition(expression)(item or {}, names, values):
            told = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
            raise ConditionalCheckFailedException(dict(item) if item and told else None)
        return item

    def _write(self, old: WireItem | None, new: WireItem | None) -> None:
        if new is None:
            if old is None:
                return
            del self.items[_primary(old)]
        else:
            for partition_key, sort_key, _ in INDEXES.values():
                for name in (partition_key, sort_key):
                    if name in new and not new[name].get("S"):
                        raise ValueError(f"the key attribute {name} is not a text, or empty")
            self.items[_primary(new)] = new
        if old != new:
            self.stream.append((old, new))


def _written(action: Mapping[str, Any]) -> WireItem:
    """What a part of a batch puts, or the key of what it deletes."""
    item: WireItem = action["PutRequest"]["Item"] if "PutRequest" in action else action["DeleteRequest"]["Key"]
    return item


def _primary(item: Mapping[str, Any]) -> PrimaryKey:
    return item["pk"]["S"], item["sk"]["S"]


def _check_words(request: Mapping[str, Any]) -> None:
    """DynamoDB refuses names and values that are missing, and those that no expression uses."""
    used = used_words(request.get("UpdateExpression", "") + " " + request.get("ConditionExpression", ""))
    given = {*request.get("ExpressionAttributeNames", {}), *request.get("ExpressionAttributeValues", {})}
    if used != given:
        raise ValueError(f"names and values that do not fit the expressions: {sorted(used ^ given)}")


def _updated(request: Mapping[str, Any], old: WireItem | None) -> WireItem:
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    before = old or dict(request["Key"])
    changes = [change(before, names, values) for change in update(request["UpdateExpression"])]
    if len({name for name, _ in changes}) < len(changes):
        raise ValueError("an update changes one attribute twice")
    if any(name in ("pk", "sk") for name, _ in changes):
        raise ValueError("an update changes a key")
    new = {**before, **{name: value for name, value in changes if value is not None}}
    for name in [name for name, value in changes if value is None]:
        new.pop(name, None)
    return new


def _keys_of(item: WireItem, index: str) -> WireItem:
    partition_key, sort_key, _ = INDEXES[index]
    return {name: item[name] for name in dict.fromkeys(("pk", "sk", partition_key, sort_key))}


def _projected(item: WireItem, index: str, along: Iterable[str]) -> WireItem:
    return _keys_of(item, index) | {name: item[name] for name in along if name in item}
