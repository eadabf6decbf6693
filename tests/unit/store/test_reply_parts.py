"""The parts of long replies: they lie apart, and are claimed once (store/reply_parts.py).

They also outlive the release that kept them in groups (store/groups.py).
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from smsgateway.ids import DUE_SHARDS, shard
from smsgateway.model import Inbound, Part
from smsgateway.store import groups, reply_parts
from smsgateway.store.joining import whole
from smsgateway.store.keys import account_of_parts
from smsgateway.store.table import ConditionFailed, Query, Table
from tests.doubles import aws
from tests.unit.store.given import NOW, TTL

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
INBOUND = Inbound("13800138000", "", "10690001", "01", AT)
PARTS = [replace(INBOUND, text=text, part=Part("255", 3, number)) for number, text in enumerate("一二三", 1)]
KEY = reply_parts.parts_key("ly-main", PARTS[0])
DUE = NOW + 86_400_000


def put(table: Table, *inbound: Inbound) -> None:
    for index, each in enumerate(inbound):
        reply_parts.put_part(table, KEY, each, "langyu", NOW + index, DUE, TTL)


def test_keys_are_apart_by_writer_destination_and_size() -> None:
    part = PARTS[0]
    others = [
        reply_parts.parts_key("other", part),
        reply_parts.parts_key("ly-main", replace(part, number="13900139000")),
        reply_parts.parts_key("ly-main", replace(part, access_number="10690002")),
        reply_parts.parts_key("ly-main", replace(part, part=Part("254", 3, 1))),
        reply_parts.parts_key("ly-main", replace(part, part=Part("255", 2, 1))),
    ]
    assert len({KEY, *others}) == 6
    assert reply_parts.parts_key("ly-main", PARTS[1]) == KEY
    assert account_of_parts(KEY) == "ly-main"


def test_a_part_that_comes_again_stays_as_it_is(table: Table) -> None:
    put(table, *PARTS, *PARTS)
    found = reply_parts.lying(table, KEY)
    assert [(each.number, each.text, each.arrived - NOW) for each in found.held] == [
        (1, "一", 0),
        (2, "二", 1),
        (3, "三", 2),
    ]
    assert (found.total, found.claim, found.before) == (3, None, [])


def test_parts_are_due_until_they_are_done(table: Table) -> None:
    put(table, *PARTS)
    values = {"shard": f"due#{shard(KEY, DUE_SHARDS)}", "now": str(DUE)}
    due = list(table.query_all(Query("due_shard = :shard AND due_at <= :now", values, index="by_due")))
    assert len(due) == 3
    found = reply_parts.lying(table, KEY)
    joint = whole(found.held, 3)
    assert joint
    reply_parts.claim(table, found, joint, TTL)
    reply_parts.carried_out(table, found, joint, 1)
    assert not [item for item in aws.scan(table) if "due_at" in item]
    after = reply_parts.lying(table, KEY)
    assert (after.held, after.claim, after.version) == ([], None, 2)


def test_parts_are_claimed_once(table: Table) -> None:
    put(table, *PARTS)
    found = reply_parts.lying(table, KEY)
    joint = whole(found.held, 3)
    assert joint
    reply_parts.claim(table, found, joint, TTL)
    with pytest.raises(ConditionFailed):
        reply_parts.claim(table, found, joint, TTL)
    assert reply_parts.lying(table, KEY).claim == joint


def test_whoever_is_late_undoes_nothing(table: Table) -> None:
    """GIVEN a claim that two carry out WHEN one is late, and a doubted part is done by then THEN it stays so."""
    other = replace(PARTS[0], text="另")
    put(table, PARTS[0], other, *PARTS[1:])
    found = reply_parts.lying(table, KEY)
    joint = whole(found.held, 3)
    assert joint
    assert joint.doubted
    reply_parts.claim(table, found, joint, TTL)
    reply_parts.carried_out(table, found, joint, 1)
    put(table, replace(PARTS[1], text="贰"), replace(PARTS[2], text="叁"))
    again = reply_parts.lying(table, KEY)
    second = whole(again.held, 3)
    assert second
    reply_parts.claim(table, again, second, TTL)
    reply_parts.carried_out(table, again, second, 3)
    reply_parts.carried_out(table, found, joint, 1)
    assert reply_parts.lying(table, KEY).held == []


def kept_before(**changed: Any) -> dict[str, Any]:
    """A group as the release before this kept it."""
    item = {
        "pk": KEY,
        "sk": "000002",
        "total": 3,
        "parts": {"1": ["一", AT.isoformat()], "3": ["三", ""]},
        "access_number": "10690001",
        "extension": "01",
        "started_at": NOW,
        "done": False,
        "vendor": "langyu",
        "version": 2,
        "ttl": TTL,
        "due_at": f"{DUE:013d}",
        "due_shard": "due#1",
    }
    return {name: value for name, value in (item | changed).items() if value is not None}


def test_a_group_of_the_release_before_becomes_its_parts(table: Table) -> None:
    table.put(kept_before())
    (item,) = reply_parts.lying(table, KEY).before
    group = groups.read_group(item)
    assert (group.generation, group.started_at, group.done, group.published) == (2, NOW, False, None)
    groups.adopt(table, group)
    put(table, PARTS[0])  # comes again, and is the same
    found = reply_parts.lying(table, KEY)
    assert [(each.number, each.text) for each in found.held] == [(1, "一"), (3, "三")]
    assert {item["due_at"] for item in found.items.values()} == {f"{DUE:013d}"}
    assert found.before == []


def test_a_group_that_is_written_meanwhile_is_not_taken_away(table: Table) -> None:
    table.put(kept_before())
    group = groups.read_group(kept_before())
    table.put(kept_before(version=3))
    with pytest.raises(ConditionFailed):
        groups.adopt(table, group)
    assert reply_parts.lying(table, KEY).before


@pytest.mark.parametrize(
    ("changed", "published"),
    [
        ({"done": True, "parts": {"1": ["一", ""], "2": ["二", ""], "3": ["三", ""]}, "due_at": None}, False),
        ({"done": True}, True),  # closed by a sweep that may have died
        ({"done": True, "due_at": None, "due_shard": None}, None),
    ],
)
def test_what_was_closed_before_is_told_once_more(
    changed: dict[str, Any], published: bool | None, table: Table
) -> None:
    group = groups.read_group(kept_before(**changed))
    assert group.published is published
    table.put(kept_before(**changed))
    groups.adopt(table, group)
    assert reply_parts.lying(table, KEY).held == []
