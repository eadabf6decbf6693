"""Pages of what the indexes by number and by list hold, newest first, for all clients or for one."""

from collections.abc import Mapping
from typing import Any

from smsgateway.model import Reply
from smsgateway.store.replies import read_reply
from smsgateway.store.reports import UnplacedReport, list_of, read_unplaced
from smsgateway.store.table import Item, Table

# Where a page begins, apart from the partition key, which every request names itself.
BY_NUMBER_POSITION: Mapping[str, type] = {"pk": str, "sk": str, "at": str}
BY_LIST_POSITION: Mapping[str, type] = {"pk": str, "sk": str, "listed_at": str}

QUERIES = 20  # for one page
READ_AT_ONCE = 1000  # items, where others' are among them

type Position = Mapping[str, Any]


def to_number(
    table: Table, number: str, client: str | None, limit: int, start: Position | None
) -> tuple[list[Item], Position | None]:
    """The keys of the newest recipients with this number, and where the next page begins. No client: everybody's."""
    return _page(table, "by_number", ("to", number), "at", "", client, limit, start)


def replies_from(
    table: Table, number: str, client: str | None, earliest: str, limit: int, start: Position | None
) -> tuple[list[Reply], Position | None]:
    """The newest replies from a number, not before `earliest` (epoch ms, 13 digits, or nothing)."""
    rows, after = _page(table, "by_number", ("to", f"from#{number}"), "at", earliest, client, limit, start)
    keys = [(row["pk"], row["sk"]) for row in rows]
    found = table.get_many(keys)
    return [read_reply(found[key]) for key in keys if key in found], after


def replies(
    table: Table, client: str | None, earliest: str, limit: int, start: Position | None
) -> tuple[list[Reply], Position | None]:
    """The newest replies, not before `earliest`."""
    rows, after = _page(table, "by_list", ("list", "inbound"), "listed_at", earliest, client, limit, start)
    return [read_reply(row) for row in rows], after


def unplaced_reports(
    table: Table, account: str, limit: int, start: Position | None
) -> tuple[list[UnplacedReport], Position | None]:
    """The newest reports of an account that fit no recipient, or several, or whose message is not known (yet)."""
    rows, after = _page(table, "by_list", ("list", list_of(account)), "listed_at", "", None, limit, start)
    return [read_unplaced(row) for row in rows], after


def _page(
    table: Table,
    index: str,
    partition: tuple[str, str],
    sort: str,
    earliest: str,
    client: str | None,
    limit: int,
    start: Position | None,
) -> tuple[list[Item], Position | None]:
    """A page of an index. Other clients' items are left out after they are read, so it takes several queries; after
    too many the page ends early.
    """
    name, value = partition
    key = f"#{name} = :value" + (f" AND #{sort} >= :earliest" if earliest else "")
    values = {"value": value, "earliest": earliest, "client": client}
    where = "#client = :client" if client else ""
    position: Item | None = {**start, name: value} if start else None
    items: list[Item] = []
    for _ in range(QUERIES):
        size = READ_AT_ONCE if client else limit
        found, position = table.query(key, values, index=index, forward=False, limit=size, start=position, where=where)
        items += found
        if len(items) > limit or (len(items) == limit and position):
            position = items[limit - 1]
            break
        if position is None:
            break
    after = {each: position[each] for each in ("pk", "sk", sort)} if position else None
    return items[:limit], after
