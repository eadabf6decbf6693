"""The submissions that wait for reports are found by the moment of their mark (store/awaiting_reports.py)."""

from dataclasses import replace
from typing import Any

import pytest

from smsgateway.ids import SubmissionKey, root_path
from smsgateway.model import Account, Options, State
from smsgateway.store.awaiting_reports import awaited
from smsgateway.store.submissions import due
from smsgateway.store.table import Table
from tests.unit.store.given import MESSAGE, NOW, item_of

WINDOW = 3_600_000
ACCOUNT = Account("hb-main", "hbsmservice", "http://vendor.example", {}, options=Options(report_window=WINDOW // 1000))


def file(table: Table, index: int, mark: int, **changes: Any) -> SubmissionKey:
    """A submission with this mark, as sweep leaves it."""
    key = SubmissionKey(MESSAGE.id, root_path(index))
    state = {"state": State.SUBMITTED, "submitted_at": mark, **due(key, mark + WINDOW)}
    table.put(item_of(replace(MESSAGE, recipients=3, segments=3), key, **state | changes))
    return key


def found(table: Table, after: int, until: int, account: Account = ACCOUNT) -> set[SubmissionKey]:
    return {submission.key for submission in awaited(table, account, after, until)}


def test_those_with_a_mark_in_time_are_found(table: Table) -> None:
    keys = [file(table, index, NOW + index) for index in range(250)]
    assert found(table, NOW - 1, NOW + 249) == set(keys)
    assert found(table, NOW, NOW + 248) == set(keys[1:249])
    assert found(table, NOW + 5, NOW + 6) == {keys[6]}
    assert found(table, NOW + 6, NOW + 6) == found(table, NOW + 7, NOW + 6) == set()


@pytest.mark.parametrize(
    ("changes", "awaits"),
    [
        ({"state": State.UNCONFIRMED}, True),
        ({"state": State.QUEUED}, False),
        ({"state": State.MOVED}, False),
        ({"account": "other"}, False),
        ({"submitted_at": NOW - 1}, False),  # looked at later than its window's end: for another reason
        ({"due_shard": None, "due_at": None}, False),
    ],
)
def test_only_those_that_wait_for_a_report_of_this_account(table: Table, changes: dict[str, Any], awaits: bool) -> None:
    key = file(table, 0, NOW, **changes)
    assert found(table, NOW - 1, NOW) == ({key} if awaits else set())


def test_parts_of_a_reply_are_none(table: Table) -> None:
    at = due(SubmissionKey(MESSAGE.id, root_path(0)), NOW + WINDOW)
    table.put({"pk": "parts#ly-main#13800138000#1#7#3", "sk": "000000", **at})
    assert found(table, NOW - 1, NOW) == set()


def test_no_more_is_read_than_asked_for(table: Table) -> None:
    for index in range(30):
        file(table, index, NOW)
    calls: list[str] = []
    table.client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    next(iter(awaited(table, ACCOUNT, NOW - 1, NOW)))
    assert calls == ["Query", "BatchGetItem"]
