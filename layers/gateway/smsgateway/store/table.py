"""The DynamoDB table: items as dictionaries, conditional writes, whole queries, batches that end.

Every other module of the package says what is stored; this one alone knows the wire.
"""

import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import batched, count
from typing import TYPE_CHECKING, Any, Protocol

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from smsgateway.clock import Millis, epoch_seconds
from smsgateway.errors import GatewayError
from smsgateway.store.write_pace import FilingPace, Turn

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Item = dict[str, Any]
type Key = tuple[str, str]

BATCH_WRITES = 25
BATCH_READS = 100
PARALLEL = 8
RETRIES = 10
THROTTLED = frozenset({"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"})
# Of BatchExecuteStatement's error codes, those that a table in order gives: a condition, or want of capacity.
NOT_MET = frozenset({"ConditionalCheckFailed", "DuplicateItem"})
NOT_NOW = frozenset({"ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded", "TransactionConflict"})
EXPECTED = NOT_MET | NOT_NOW
DECIDED = NOT_MET | {None}  # None: it was carried out

# DynamoDB deletes what has expired up to two days late: until then it stands there, and counts as gone.
EXPIRED = "#ttl < :seconds"
KEPT = "#ttl >= :seconds"  # there, and not expired
UNUSED = f"(attribute_not_exists(pk) OR {EXPIRED})"


class _Deserializer(TypeDeserializer):
    """Numbers are integers here (amounts of money are kept as text) and binary is bytes."""

    def deserialize(self, value: Any) -> Any:
        """Texts and numbers, which nearly all values are, without a search for what they could be."""
        if "S" in value:
            return value["S"]
        if "N" in value:
            return int(value["N"])
        return super().deserialize(value)

    def _deserialize_b(self, value: bytes) -> bytes:
        return value


class _Serializer(TypeSerializer):
    """Half a character, as a vendor's JSON can hold it, is no UTF-8: it is stored as U+FFFD."""

    def serialize(self, value: Any) -> Any:
        """Texts and numbers, which nearly all values are, without a search for what they could be."""
        if type(value) is str:
            return {"S": self._serialize_s(value)}
        if type(value) is int:
            return {"N": str(value)}
        return super().serialize(value)

    def _serialize_s(self, value: str) -> str:
        return value if value.isascii() else _HALF_CHARACTER.sub("\ufffd", value)


_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_serialize = _Serializer().serialize
_deserialize = _Deserializer().deserialize


def to_wire(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item as DynamoDB's typed JSON; None values are left out."""
    return {name: _serialize(value) for name, value in item.items() if value is not None}


def from_wire(item: Mapping[str, Any]) -> Item:
    """The item behind DynamoDB's typed JSON, as in answers and stream records."""
    return {name: _deserialize(value) for name, value in item.items()}


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


class ConditionFailed(GatewayError):  # noqa: N818  DynamoDB's own name for it
    """A conditional write found another state; `item` is what it found (None: nothing, or expired, or not told).

    `place`: of a transaction, which of its writes it was, the first being 0.
    """

    def __init__(self, item: Item | None, place: int = 0) -> None:
        super().__init__("the item is in another state")
        self.item = item
        self.place = place


class Write(Protocol):
    """A write to one item, which may depend on a condition. `Change` (change.py) puts one together."""

    def wire(self, table: str) -> dict[str, Any]:
        """The UpdateItem request, for the table of this name."""


class Statement(Protocol):
    """A PartiQL statement that writes one item, and may depend on what stands there."""

    def wire(self, table: str) -> dict[str, Any]:
        """The statement with its parameters, for the table of this name."""


@dataclass(frozen=True, slots=True)
class Put:
    """One PutItem of a transaction: a whole item, which may depend on a condition and the values that it names."""

    item: Item
    condition: str = ""
    values: Mapping[str, Any] | None = None

    def wire(self, table: str) -> dict[str, Any]:
        """The PutItem request, for the table of this name."""
        return {"TableName": table, "Item": to_wire(self.item)} | _conditional(self.condition, self.values)


@dataclass(frozen=True, slots=True)
class Query:
    """One Query: a key condition, a filter (`where`), what to fetch (`project`), and the values they name with a colon.

    `limit`: items a page. `forward`: in the order of the sort key.
    """

    key: str
    values: Mapping[str, Any]
    index: str = ""
    forward: bool = True
    limit: int | None = None
    where: str = ""
    project: str = ""

    def wire(self, table: str) -> dict[str, Any]:
        """The Query request, for the table of this name."""
        values = _tokens(f"{self.key} {self.where}", ":")
        request: dict[str, Any] = {
            "TableName": table,
            "KeyConditionExpression": self.key,
            "ExpressionAttributeValues": {name: _serialize(self.values[name[1:]]) for name in values},
            "ScanIndexForward": self.forward,
        }
        if names := {word: word[1:] for word in _tokens(f"{self.key} {self.where} {self.project}", "#")}:
            request["ExpressionAttributeNames"] = names
        optional = {
            "IndexName": self.index,
            "ConsistentRead": not self.index,
            "Limit": self.limit,
            "FilterExpression": self.where,
            "ProjectionExpression": self.project,
        }
        return request | {name: value for name, value in optional.items() if value}


@dataclass(frozen=True, slots=True)
class Update:
    """One UpdateItem: `SET`/`REMOVE`/`ADD` clauses, a condition, and the values they name with a colon.

    Values that neither names are left out.
    """

    key: Key
    expression: str
    values: Mapping[str, Any]
    condition: str = ""

    def wire(self, table: str) -> dict[str, Any]:
        """The UpdateItem request, for the table of this name."""
        words = self.expression + " " + self.condition
        request: dict[str, Any] = {
            "TableName": table,
            "Key": to_wire({"pk": self.key[0], "sk": self.key[1]}),
            "UpdateExpression": self.expression,
        }
        if names := {word: word[1:] for word in _tokens(words, "#")}:
            request["ExpressionAttributeNames"] = names
        if values := {word: self.values[word[1:]] for word in _tokens(words, ":")}:
            request["ExpressionAttributeValues"] = {name: _serialize(value) for name, value in values.items()}
        if self.condition:
            request["ConditionExpression"] = self.condition
        return request


@dataclass(frozen=True, slots=True)
class Fill:
    """Attributes for an item that exists and has none of `missing` yet; `removed` go."""

    key: Key
    values: Mapping[str, Any]
    missing: Sequence[str]
    removed: Sequence[str] = ()

    def wire(self, table: str) -> dict[str, Any]:
        """A PartiQL statement. It fails as an UpdateItem with these conditions would, and costs the same."""
        changes = [f'SET "{name}"=?' for name in self.values] + [f'REMOVE "{name}"' for name in self.removed]
        conditions = ['"pk"=?', '"sk"=?', *(f'"{name}" IS MISSING' for name in self.missing)]
        return {
            "Statement": f'UPDATE "{table}" {" ".join(changes)} WHERE {" AND ".join(conditions)}',
            "Parameters": [_serialize(value) for value in (*self.values.values(), *self.key)],
        }


@dataclass(frozen=True, slots=True)
class Insert:
    """A whole item, for a place where none stands: not even one that has expired and is not deleted yet."""

    item: Item

    def wire(self, table: str) -> dict[str, Any]:
        """A PartiQL statement. It fails with DuplicateItem where an item stands."""
        item = to_wire(self.item)
        values = ", ".join(f"'{name}': ?" for name in item)
        return {"Statement": f'INSERT INTO "{table}" VALUE {{{values}}}', "Parameters": list(item.values())}


@dataclass(frozen=True, slots=True)
class Amend:
    """Attributes for an item that exists, if one of its numbers is as expected: `=` or `<` than a value."""

    key: Key
    values: Mapping[str, Any]
    attribute: str
    expected: int
    relation: str = "="

    def wire(self, table: str) -> dict[str, Any]:
        """A PartiQL statement. It fails as an UpdateItem with this condition would, and costs the same."""
        changes = " ".join(f'SET "{name}"=?' for name in self.values)
        where = f'"pk"=? AND "sk"=? AND "{self.attribute}"{self.relation}?'
        return {
            "Statement": f'UPDATE "{table}" {changes} WHERE {where}',
            "Parameters": [_serialize(value) for value in (*self.values.values(), *self.key, self.expected)],
        }


def _tokens(expression: str, sign: str) -> set[str]:
    """The names (`#status`) or values (`:now`) that an expression uses."""
    return set(re.findall(sign + "[A-Za-z0-9_]+", expression))


@dataclass(frozen=True, slots=True)
class Table:
    """The table behind a client. One per process; safe to share between threads.

    `now` gives epoch milliseconds. Nothing is read that has expired by then, nor told by a condition that failed.
    Without a clock, nothing expires.

    `failed` is told the codes, and how many of each, for which a batch of statements was not carried out though nothing
    stood against it: one by one they are, so that nobody else would notice.

    `pace`: that of large filings; without it they are as fast as can be. `sleep` takes seconds.
    """

    client: "DynamoDBClient"
    name: str
    now: Callable[[], Millis] = lambda: 0
    failed: Callable[[Mapping[str, int]], None] | None = None
    pace: FilingPace | None = None
    sleep: Callable[[float], None] = _sleep

    @property
    def seconds(self) -> int:
        """The time in epoch seconds, which `ttl` is compared with."""
        return epoch_seconds(self.now())

    def _kept(self, item: Item) -> bool:
        return "ttl" not in item or bool(item["ttl"] >= self.seconds)

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        """Read an item; None if there is none, or it has expired. An inconsistent read costs half, and may be old."""
        wire = {"pk": {"S": key[0]}, "sk": {"S": key[1]}}
        answer = self.client.get_item(TableName=self.name, Key=wire, ConsistentRead=consistent)
        item = from_wire(answer["Item"]) if "Item" in answer else None
        return item if item and self._kept(item) else None

    def put(self, item: Item, condition: str = "", values: Mapping[str, Any] | None = None) -> None:
        """Write a whole item. Raises ConditionFailed with the item that stands there instead."""
        request: dict[str, Any] = {"TableName": self.name, "Item": to_wire(item)} | _conditional(condition, values)
        self._write(lambda: self.client.put_item(**request))

    def update(self, update: Write) -> Item:
        """Make a write. Returns the item after it; raises ConditionFailed with the item that stands there instead."""
        request = update.wire(self.name) | {
            "ReturnValues": "ALL_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        return from_wire(self._write(lambda: self.client.update_item(**request))["Attributes"])

    def at_once[K, T](self, write: Callable[[K], T], keys: Sequence[K]) -> list[T]:
        """Make a write for each of several items, and what came of each; at the same time when there are many."""
        if len(keys) <= PARALLEL:
            return [write(key) for key in keys]
        with ThreadPoolExecutor(PARALLEL) as pool:
            return list(pool.map(write, keys))

    def _write[T](self, write: Callable[[], T]) -> T:
        """Make a write of one item; again when a transaction on that item was under way, which the SDK does not."""
        conflicts = 0
        while True:
            try:
                return write()
            except self.client.exceptions.ConditionalCheckFailedException as error:
                raise self._failed(error.response) from None
            except self.client.exceptions.TransactionConflictException:
                conflicts += 1
                if conflicts == RETRIES:
                    raise
                self._back_off(conflicts)

    def _failed(self, response: Any, place: int = 0) -> ConditionFailed:
        wire = response.get("Item")
        item = from_wire(wire) if wire else None
        return ConditionFailed(item if item and self._kept(item) else None, place)

    def update_once(self, update: Write) -> None:
        """Update an item in a transaction of its own, which the SDK's repeats do not make twice.

        Raises ConditionFailed as `update_both` does.
        """
        self._transact([{"Update": update.wire(self.name) | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}])

    def update_both(self, first: Write, second: Write) -> None:
        """Two updates in one transaction. Raises ConditionFailed with what the failing one found."""
        self._transact(
            [
                {"Update": update.wire(self.name) | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}
                for update in (first, second)
            ]
        )

    def put_both(self, first: Put, second: Put) -> None:
        """Two puts in one transaction. Raises ConditionFailed with what the failing one found; the first, if both.

        Raises TimeoutError when other transactions on one of the items never let it come to its turn.
        """
        try:
            self._transact([{"Put": put.wire(self.name)} for put in (first, second)])
        except self.client.exceptions.TransactionCanceledException:
            raise TimeoutError("other transactions kept an item") from None

    def _transact(self, actions: Any) -> None:
        for attempt in range(RETRIES):
            try:
                self.client.transact_write_items(TransactItems=actions)
            except self.client.exceptions.TransactionCanceledException as error:
                for place, reason in enumerate(error.response.get("CancellationReasons", [])):
                    if reason.get("Code") == "ConditionalCheckFailed":
                        raise self._failed(reason, place) from None
                if attempt == RETRIES - 1:  # it was a conflict with another transaction all the time
                    raise
                self._back_off(attempt)
            else:
                return

    def delete(self, key: Key, condition: str = "", values: Mapping[str, Any] | None = None) -> None:
        """Delete an item, if there is one. Raises ConditionFailed when the condition is not met."""
        wire = {"pk": {"S": key[0]}, "sk": {"S": key[1]}}
        request: dict[str, Any] = {"TableName": self.name, "Key": wire} | _conditional(condition, values)
        self._write(lambda: self.client.delete_item(**request))

    def query(self, query: Query, start: Item | None = None) -> tuple[list[Item], Item | None]:
        """One page of a query, from `start` on, and where the next page starts. Strongly consistent on the table.

        What has expired is left out; an index that does not hold `ttl` cannot tell, and a `project` must name it.
        """
        request = query.wire(self.name)
        if start:
            request["ExclusiveStartKey"] = to_wire(start)
        answer = self.client.query(**request)
        items = [item for wire in answer["Items"] if self._kept(item := from_wire(wire))]
        last = answer.get("LastEvaluatedKey")
        return items, from_wire(last) if last else None

    def query_all(self, query: Query) -> Iterator[Item]:
        """Every item of a query, page after page."""
        start: Item | None = None
        while True:
            items, start = self.query(query, start)
            yield from items
            if start is None:
                return

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """The items that exist among the keys, read consistently, 100 a call."""
        batches = list(batched(dict.fromkeys(keys), BATCH_READS, strict=False))
        items = [item for found in self.at_once(self._read_batch, batches) for item in found]
        return {(item["pk"], item["sk"]): item for item in items}

    def _read_batch(self, keys: Sequence[Key]) -> list[Item]:
        found: list[Item] = []
        wanted: Any = {
            self.name: {"Keys": [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys], "ConsistentRead": True}
        }
        for attempt in range(RETRIES):
            answer = self.client.batch_get_item(RequestItems=wanted)
            items = map(from_wire, answer["Responses"].get(self.name, []))
            found += filter(self._kept, items)
            wanted = answer.get("UnprocessedKeys")
            if not wanted:
                return found
            self._back_off(attempt)
        raise TimeoutError("DynamoDB kept keys of a batch unread")

    def put_many(self, items: Sequence[Item], until: Millis = 0, *, paced: bool = False) -> None:
        """Unconditional puts, 25 a call, several calls at once when there are many; `paced` where nobody waits for it.

        What DynamoDB does not take yet is put again, after growing pauses: until `until` (epoch ms), and only a few
        times without it. Raises TimeoutError when not everything is put by then.
        """
        self._write_many(
            [{"PutRequest": {"Item": to_wire(item)}} for item in items], until, self.pace if paced else None
        )

    def delete_many(self, keys: Sequence[Key]) -> None:
        """Unconditional deletes, 25 a call, several calls at once when there are many."""
        self._write_many([{"DeleteRequest": {"Key": to_wire({"pk": pk, "sk": sk})}} for pk, sk in keys], 0, None)

    def _write_many(self, requests: Sequence[Any], until: Millis, pace: FilingPace | None) -> None:
        batches = list(batched(requests, BATCH_WRITES, strict=False))
        if len(batches) == 1:
            self._write_batch(batches[0], until, pace)
        elif batches:
            with ThreadPoolExecutor(min(PARALLEL, len(batches))) as pool:
                for _ in pool.map(lambda batch: self._write_batch(batch, until, pace), batches):
                    pass

    def fill_many(self, fills: Sequence[Fill]) -> list[bool]:
        """Conditional updates of different items, 25 a call. False: not done, whether for its condition or for want of
        capacity; ask again one by one."""
        batches = list(batched(fills, BATCH_WRITES, strict=False))
        if len(batches) == 1:
            return self._fill_batch(batches[0])
        with ThreadPoolExecutor(min(PARALLEL, len(batches) or 1)) as pool:
            return [done for batch in pool.map(self._fill_batch, batches) for done in batch]

    def _fill_batch(self, fills: Sequence[Fill]) -> list[bool]:
        return [code is None for code in self._execute(fills)]

    def execute_many(self, statements: Sequence[Statement], until: Millis = 0, *, paced: bool = False) -> list[bool]:
        """Statements on different items, 25 a call, several calls at once when there are many; `paced` where nobody
        waits for them. False: the condition was not met, or, of an Insert, an item stands there.

        What DynamoDB does not carry out for want of capacity is asked for again after growing pauses: until `until`
        (epoch ms), and only a few times without it. Nobody can say whether a failure of DynamoDB's own has done
        something all the same: only statements whose second try does no harm may come here. Raises TimeoutError when
        not everything is decided by then.
        """
        batches, pace = list(batched(statements, BATCH_WRITES, strict=False)), self.pace if paced else None
        if len(batches) == 1:
            return self._execute_batch(batches[0], until, pace)
        with ThreadPoolExecutor(min(PARALLEL, len(batches) or 1)) as pool:
            decided = pool.map(lambda some: self._execute_batch(some, until, pace), batches)
            return [done for batch in decided for done in batch]

    def _execute_batch(self, statements: Sequence[Statement], until: Millis, pace: FilingPace | None) -> list[bool]:
        done: dict[int, bool] = {}
        attempt = 0
        while len(done) < len(statements):
            turn = self._turn(pace, until, attempt)
            pending = [index for index in range(len(statements)) if index not in done]
            codes = self._codes_of([statements[index] for index in pending])
            decided = ((index, code) for index, code in zip(pending, codes, strict=True) if code in DECIDED)
            done |= {index: code is None for index, code in decided}
            if pace and turn:
                pace.learn(turn, whole=len(done) == len(statements))
            attempt += 1
            if len(done) < len(statements):
                self._back_off(attempt)
        return [done[index] for index in range(len(statements))]

    def _codes_of(self, statements: Sequence[Statement]) -> list[str | None]:
        """As `_execute`, also where DynamoDB takes nothing of the batch for want of capacity."""
        try:
            return self._execute(statements)
        except ClientError as error:
            if error.response["Error"]["Code"] not in THROTTLED:
                raise
            return ["ThrottlingError"] * len(statements)

    def _execute(self, statements: Sequence[Statement]) -> list[str | None]:
        """One BatchExecuteStatement. Returns for each statement None if it was carried out, else why not."""
        wires: Any = [statement.wire(self.name) for statement in statements]
        responses = self.client.batch_execute_statement(Statements=wires)["Responses"]
        codes = [response["Error"].get("Code", "") if "Error" in response else None for response in responses]
        if self.failed and (strange := Counter(code for code in codes if code is not None and code not in EXPECTED)):
            self.failed(strange)
        return codes

    def _write_batch(self, requests: Sequence[Any], until: Millis, pace: FilingPace | None) -> None:
        pending: Any = {self.name: list(requests)}
        for attempt in count():
            turn = self._turn(pace, until, attempt)
            pending = self._left_of(pending)
            if pace and turn:
                pace.learn(turn, whole=not pending)
            if not pending:
                return
            self._back_off(attempt)

    def _turn(self, pace: FilingPace | None, until: Millis, attempt: int) -> Turn | None:
        """Wait for the turn of a batch, where it keeps a pace. Raises TimeoutError where it comes too late: after
        `until`, or, where nobody says until when, after as many attempts as there are for it."""
        turn = pace.turn(self.now(), PARALLEL) if pace else None
        wait = turn.wait if turn else 0.0
        if self.now() + wait >= until if until else attempt == RETRIES:
            raise TimeoutError("DynamoDB kept items of a batch unwritten")
        if wait:
            self.sleep(wait / 1000)
        return turn

    def _left_of(self, pending: Any) -> Any:
        """What DynamoDB leaves of a batch, for want of capacity: some of it, or all."""
        try:
            return self.client.batch_write_item(RequestItems=pending).get("UnprocessedItems")
        except ClientError as error:
            if error.response["Error"]["Code"] not in THROTTLED:
                raise
            return pending

    def _back_off(self, attempt: int) -> None:
        """At most two seconds, spread evenly: DynamoDB's advice for what it left unprocessed."""
        self.sleep(random.uniform(0, min(2.0, 0.05 * 2**attempt)))  # noqa: S311  # nosec B311


def _conditional(condition: str, values: Mapping[str, Any] | None) -> dict[str, Any]:
    """What makes a PutItem or DeleteItem conditional."""
    if not condition:
        return {}
    request: dict[str, Any] = {
        "ConditionExpression": condition,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if names := {word: word[1:] for word in _tokens(condition, "#")}:
        request["ExpressionAttributeNames"] = names
    if values:
        request["ExpressionAttributeValues"] = {f":{name}": _serialize(value) for name, value in values.items()}
    return request
