"""Pages of what the indexes by number and by list hold, newest first, for all clients or for one.

Numbers that are not to be texted are listed with the oldest first.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from smsgateway.model import Reply
from smsgateway.store.keys import limited_number
from smsgateway.store.numbers import LIST, NumberState, read_number
from smsgateway.store.replies import read_reply
from smsgateway.store.reports import UnplacedReport, list_of, read_unplaced
from smsgateway.store.table import Item, Query, Table

# Where a page begins, apart from the partition key, which every request names itself.
BY_NUMBER_POSITION: Mapping[str, type] = {"pk": str, "sk": str, "at": str}
BY_LIST_POSITION: Mapping[str, type] = {"pk": str, "sk": str, "listed_at": str}

QUERIES = 20  # for one page
READ_AT_ONCE = 1000  # items, where others' are among them

type Position = Mapping[str, Any]


class _Index(NamedTuple):
    """An index by its name, with the names of its keys."""

    name: str
    partition: str
    sort: str


_BY_NUMBER = _Index("by_number", "to", "at")
_BY_LIST = _Index("by_list", "list", "listed_at")


def to_number(
    table: Table, number: str, client: str | None, limit: int, start: Position | None
) -> tuple[list[Item], Position | None]:
    """The keys of the newest recipients with this number, and where the next page begins. No client: everybody's."""
    return _page(table, _BY_NUMBER, number, "", client, limit, start)


def replies_from(
    table: Table, number: str, client: str | None, earliest: str, limit: int, start: Position | None
) -> tuple[list[Reply], Position | None]:
    """The newest replies from a number, not before `earliest` (epoch ms, 13 digits, or nothing)."""
    rows, after = _page(table, _BY_NUMBER, f"from#{number}", earliest, client, limit, start)
    keys = [(row["pk"], row["sk"]) for row in rows]
    found = table.get_many(keys)
    return [read_reply(found[key]) for key in keys if key in found], after


def replies(
    table: Table, client: str | None, earliest: str, limit: int, start: Position | None
) -> tuple[list[Reply], Position | None]:
    """The newest replies, not before `earliest`."""
    rows, after = _page(table, _BY_LIST, "inbound", earliest, client, limit, start)
    return [read_reply(row) for row in rows], after


def limited_numbers(
    table: Table, shown: Callable[[NumberState], bool], earliest: str, limit: int, start: Position | None
) -> tuple[list[NumberState], Position | None]:
    """Numbers that are suppressed or whose marketing is stopped, not before `earliest`, and where the next page begins.

    The oldest first: a number that is stopped again while somebody pages through them comes at the end, once more.
    Those that are not `shown` are left out after they are read; after too many queries the page ends early.
    """
    values = {"value": LIST, "earliest": earliest or "0"}
    position: Item | None = {**start, "list": LIST} if start else None
    found: list[NumberState] = []
    for turn in range(QUERIES):
        size = READ_AT_ONCE if turn else limit
        rows, position = table.query(
            Query("#list = :value AND #listed_at >= :earliest", values, index="by_list", limit=size), position
        )
        for row in rows:
            state = read_number(row, limited_number((row["pk"], row["sk"])))
            if not shown(state):
                continue
            found.append(state)
            if len(found) == limit:
                return found, {each: row[each] for each in BY_LIST_POSITION} if position or row != rows[-1] else None
        if position is None:
            break
    return found, {each: position[each] for each in BY_LIST_POSITION} if position else None


def unplaced_reports(
    table: Table, account: str, limit: int, start: Position | None
) -> tuple[list[UnplacedReport], Position | None]:
    """The newest reports of an account that fit no recipient, or several, or whose message is not known (yet)."""
    rows, after = _page(table, _BY_LIST, list_of(account), "", None, limit, start)
    return [read_unplaced(row) for row in rows], after


def _page(
    table: Table,
    index: _Index,
    value: str,
    earliest: str,
    client: str | None,
    limit: int,
    start: Position | None,
) -> tuple[list[Item], Position | None]:
    """A page of an index: its items with a value of the partition key, and where the next page begins.

    Other clients' items are left out after they are read, so a page takes several queries. After too many of them it
    ends early.
    """
    key = f"#{index.partition} = :value"
    if earliest:
        key += f" AND #{index.sort} >= :earliest"
    values = {"value": value, "earliest": earliest, "client": client}
    where = "#client = :client" if client else ""
    position: Item | None = {**start, index.partition: value} if start else None
    items: list[Item] = []
    for _ in range(QUERIES):
        size = READ_AT_ONCE if client else limit
        found, position = table.query(
            Query(key, values, index=index.name, forward=False, limit=size, where=where), position
        )
        items += found
        if len(items) > limit or (len(items) == limit and position):
            position = items[limit - 1]
            break
        if position is None:
            break
    after = {each: position[each] for each in ("pk", "sk", index.sort)} if position else None
    return items[:limit], after
