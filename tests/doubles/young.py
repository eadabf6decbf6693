"""A new on-demand table in a World: it takes what DynamoDB's guide says, and no more.

4000 writes a second, as many into each of its indexes, and a thousand under one key, with what one second brings for a
burst. tests/doubles/pace/dynamo.py has reads and the SDK's retries too, for workers that are threads on one clock.
Sources: "Best practices for designing and using partition keys" (1000 write units a partition), and "On-demand capacity
mode" (4000 write units for a new table and each index).
"""

from collections.abc import Callable, Iterator, Mapping
from math import ceil
from typing import Any

from botocore.exceptions import ClientError

from tests.doubles import partiql
from tests.doubles.dynamo import INDEXES, FakeDynamoDB
from tests.doubles.expressions import WireItem

TABLE, PARTITION = 4000, 1000  # write units a second

type Place = tuple[str, ...]  # a table or an index, or a partition of one


class YoungTable(FakeDynamoDB):
    """DynamoDB in memory, with a bucket of write units for everything that has a limit. `now`: epoch milliseconds.

    What a batch may not write, it leaves, and of statements, it says so; all else is written and counts: the SDK would
    have repeated it.
    """

    def __init__(self, now: Callable[[], int], table: int = TABLE, partition: int = PARTITION) -> None:
        super().__init__()
        self._now = now
        self._rates = {1: table, 2: partition}
        self._levels: dict[Place, tuple[float, int]] = {}
        self.left = 0  # writes that had to come again

    def batch_write_item(self, *, RequestItems: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:  # noqa: N803
        ((name, actions),) = RequestItems.items()
        taken = [action for action in actions if self._takes(action)]
        if taken:
            super().batch_write_item(RequestItems={name: taken})
        rest = [action for action in actions if action not in taken]
        self.left += len(rest)
        if not taken:
            error = {"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "slow down"}}
            raise ClientError(error, "BatchWriteItem")  # type: ignore[arg-type]
        return {"UnprocessedItems": {name: rest} if rest else {}}

    def batch_execute_statement(self, *, Statements: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        requests = [partiql.as_request(each["Statement"], each["Parameters"]) for each in Statements]
        written = [request.get("Item") or request["Key"] for request in requests]
        able = [index for index, item in enumerate(written) if self._has_room(item)]
        some = super().batch_execute_statement(Statements=[Statements[i] for i in able])["Responses"] if able else []
        for index in able:
            self._spend(written[index])
        self.left += len(Statements) - len(able)
        done = dict(zip(able, some, strict=True))
        slow = {"Error": {"Code": "ThrottlingError"}}
        return {"Responses": [done.get(index, slow) for index in range(len(Statements))]}

    def update_item(self, **request: Any) -> dict[str, Any]:
        answer = super().update_item(**request)
        self._spend(answer["Attributes"])
        return answer

    def put_item(self, **request: Any) -> dict[str, Any]:
        self._spend(request["Item"])
        return super().put_item(**request)

    def _takes(self, action: dict[str, Any]) -> bool:
        item = action["PutRequest"]["Item"] if "PutRequest" in action else action["DeleteRequest"]["Key"]
        if not self._has_room(item):
            return False
        self._spend(item)
        return True

    def _has_room(self, item: WireItem) -> bool:
        return all(self._level(place) >= units for place, units in _costs(item))

    def _spend(self, item: WireItem) -> None:
        for place, units in _costs(item):
            self._levels[place] = self._level(place) - units, self._now()

    def _level(self, place: Place) -> float:
        rate = self._rates[len(place)]
        level, at = self._levels.get(place, (rate, self._now()))
        return min(rate, level + rate * (self._now() - at) / 1000)


def _costs(item: WireItem) -> Iterator[tuple[Place, int]]:
    """What a write takes from each bucket: a unit a kilobyte, and an index's entries are small."""
    size = sum(len(name) + len(str(value)) for name, value in item.items())
    for index, (partition_key, sort_key, _) in INDEXES.items():
        if partition_key in item and sort_key in item:
            units = 1 if index else ceil(size / 1024)
            yield (index,), units
            yield (index, item[partition_key]["S"]), units
