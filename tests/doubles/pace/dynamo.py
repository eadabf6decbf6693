"""DynamoDB that takes no more than it says: a young on-demand table by the clock, and the SDK that tries again.

Developer guide: "Initial throughput for on-demand capacity mode" (4000 writes and 12 000 reads a second, for the table
and for each global secondary index), "Designing partition keys to distribute your workload" (1000 writes and 3000
reads a second under one key), "Throttling and global secondary indexes" (an index that is busy refuses the table's
writes), "Error handling with DynamoDB". What was not used is saved for a second and no longer.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from random import Random
from typing import Any

from botocore.exceptions import ClientError

from smsgateway.store.table import THROTTLED
from tests.doubles.dynamo import ConditionalCheckFailedException, FakeDynamoDB, PrimaryKey, TransactionCanceledException
from tests.doubles.expressions import WireItem
from tests.doubles.pace.clock import Clock
from tests.tools.costs import KEYS, read_units, template_indexes, write_units

TABLE_WRITES, TABLE_READS = 4000, 12_000  # a second
KEY_WRITES, KEY_READS = 1000, 3000
TABLE_INDEXES = template_indexes()
LONGEST_RETRY = 20.0  # seconds; botocore, standard mode

# (what, name, key): a table's or index's whole, where the key is empty, or one partition key of it.
type Place = tuple[str, str, str]


class IndexedDynamoDB(FakeDynamoDB):
    """The table in memory, with the items of each partition key at hand: there are thousands here."""

    def __init__(self) -> None:
        super().__init__()
        self._partitions: dict[str, dict[PrimaryKey, WireItem]] = defaultdict(dict)

    def _write(self, old: WireItem | None, new: WireItem | None) -> None:
        super()._write(old, new)
        changed = new or old
        if changed is not None:
            key = (changed["pk"]["S"], changed["sk"]["S"])
            if new is None:
                self._partitions[key[0]].pop(key, None)
            else:
                self._partitions[key[0]][key] = new

    def query(self, **request: Any) -> dict[str, Any]:
        if "IndexName" in request:
            return super().query(**request)
        every = self.items
        self.items = self._partitions[request["ExpressionAttributeValues"][":pk"]["S"]]
        try:
            return super().query(**request)
        finally:
            self.items = every


class BusyError(ClientError):
    """There is no room for a write or a read: as the service says of a key, or of a table or an index."""

    def __init__(self, place: Place) -> None:
        whole = "ThrottlingException"  # on demand
        code = "ProvisionedThroughputExceededException" if place[2] else whole
        super().__init__({"Error": {"Code": code, "Message": f"no room in {place}"}}, "")


class YoungDynamoDB(IndexedDynamoDB):
    """A new on-demand table. `refused` counts by place what found no room."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.refused: dict[Place, int] = defaultdict(int)
        self._clock = clock
        self._left: dict[Place, tuple[float, float]] = {}  # units, and when it was so

    # --- token buckets

    def _take(self, wanted: Mapping[Place, int]) -> None:
        """Take units from each place, or from none. Raises BusyError."""
        for place, units in wanted.items():
            if self._there(place) < units:
                self.refused[place] += 1
                raise BusyError(place)
        for place, units in wanted.items():
            self._left[place] = self._there(place) - units, self._clock.now

    def _there(self, place: Place) -> float:
        most = _rate(place)
        left, at = self._left.get(place, (most, self._clock.now))
        return min(most, left + (self._clock.now - at) * most / 1000)

    # --- writes

    def _checked(self, request: Mapping[str, Any], key: PrimaryKey) -> WireItem | None:
        try:
            return super()._checked(request, key)
        except ConditionalCheckFailedException:  # which costs what the item weighs
            units = write_units(self.items.get(key))
            self._take({("write", "", ""): units, ("write", "", key[0]): units})
            raise

    def _write(self, old: WireItem | None, new: WireItem | None) -> None:
        self._take(_written(old, new))
        super()._write(old, new)

    def _write_together(self, changes: Iterable[tuple[WireItem | None, WireItem]]) -> None:
        changes, wanted = list(changes), defaultdict[Place, int](int)
        for old, new in changes:
            for place, units in _written(old, new).items():
                wanted[place] += 2 * units
        try:
            self._take(wanted)
        except BusyError:
            reasons = [{"Code": "ThrottlingError"}, *({"Code": "None"} for _ in changes[1:])]
            raise TransactionCanceledException(reasons) from None
        for old, new in changes:
            super()._write(old, new)

    def batch_write_item(self, *, RequestItems: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:  # noqa: N803
        ((table, actions),) = RequestItems.items()
        busy: dict[int, BusyError] = {}
        for index, action in enumerate(actions):
            try:
                super().batch_write_item(RequestItems={table: [action]})
            except BusyError as error:
                busy[index] = error
        if len(busy) == len(actions):
            raise busy[0]
        return {"UnprocessedItems": {table: [actions[index] for index in busy]} if busy else {}}

    def batch_execute_statement(self, *, Statements: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        return {"Responses": [response for made in Statements for response in self._executed(made)]}

    def _executed(self, statement: dict[str, Any]) -> Iterator[dict[str, Any]]:
        try:
            yield from super().batch_execute_statement(Statements=[statement])["Responses"]
        except BusyError as error:
            code = error.response["Error"]["Code"]
            said = {"ThrottlingException": "ThrottlingError"}.get(code, code.removesuffix("Exception"))
            yield {"Error": {"Code": said}}

    # --- reads, all taken for consistent ones

    def get_item(self, **request: Any) -> dict[str, Any]:
        answer = super().get_item(**request)
        self._take(_read("", request["Key"]["pk"]["S"], read_units(answer.get("Item"))))
        return answer

    def batch_get_item(self, *, RequestItems: Mapping[str, dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        ((table, wanted),) = RequestItems.items()
        found: list[WireItem] = []
        busy: dict[int, BusyError] = {}
        for index, key in enumerate(wanted["Keys"]):
            try:
                answer = self.get_item(TableName=table, Key=key)
            except BusyError as error:
                busy[index] = error
            else:
                found += [answer["Item"]] if "Item" in answer else []
        if len(busy) == len(wanted["Keys"]):
            raise busy[0]
        left = {table: wanted | {"Keys": [wanted["Keys"][index] for index in busy]}} if busy else {}
        return {"Responses": {table: found}, "UnprocessedKeys": left}

    def query(self, **request: Any) -> dict[str, Any]:
        answer = super().query(**request)
        word = request["KeyConditionExpression"].split(" = ")[1].split()[0]
        asked = request["ExpressionAttributeValues"][word]["S"]
        self._take(_read(request.get("IndexName", ""), asked, read_units(*answer["Items"])))
        return answer


def _rate(place: Place) -> int:
    what, _, key = place
    if what == "write":
        return KEY_WRITES if key else TABLE_WRITES
    return KEY_READS if key else TABLE_READS


def _written(old: WireItem | None, new: WireItem | None) -> dict[Place, int]:
    """The write units that a change takes, of the table and of the indexes that it shows in."""
    image = new or old
    if image is None:
        return {("write", "", ""): 1}
    units = write_units(old, new)
    wanted = defaultdict[Place, int](int, {("write", "", ""): units, ("write", "", image[KEYS[0]]["S"]): units})
    for index in TABLE_INDEXES:
        if units := index.units(old, new):
            wanted["write", index.name, ""] += units
            for entry in (index.entry(old), index.entry(new)):
                if entry:
                    wanted["write", index.name, entry[index.keys[0]]["S"]] = units
    return wanted


def _read(index: str, key: str, units: int) -> dict[Place, int]:
    return {("read", index, ""): units, ("read", index, key): units}


class Sdk:
    """A client whose calls are tried again when they are throttled, as botocore's standard mode does."""

    def __init__(self, client: Any, tries: int, sleep: Callable[[float], None], random: Random) -> None:
        self._client, self._tries, self._sleep, self._random = client, tries, sleep, random
        self.exceptions = client.exceptions

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)

        def call(**request: Any) -> Any:
            for attempt in count(1):
                try:
                    return method(**request)
                except ClientError as error:
                    if attempt == self._tries or error.response["Error"]["Code"] not in THROTTLED:
                        raise
                self._sleep(self._random.random() * min(LONGEST_RETRY, 2 ** (attempt - 1)))
            raise AssertionError("tries end")

        return call
