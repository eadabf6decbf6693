"""Replies are kept once; the parts of long ones find together (store/replies.py)."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest

from smsgateway.model import Inbound, Part
from smsgateway.store import replies
from smsgateway.store.replies import Group, Reply
from smsgateway.store.table import ConditionFailed, Table
from tests import aws
from tests.unit.store.given import NOW, TTL

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
INBOUND = Inbound("13800138000", "退订", "10690001", "01", AT, raw="<deliver/>")
REPLY = Reply("mo_" + "0" * 26, "hb-main", "hbsmservice", "13800138000", "10690001", "01", "退订", NOW, opt_out=True)
PARTS = [replace(INBOUND, text=text, part=Part("255", 3, number)) for number, text in enumerate("一二三", 1)]
KEY = replies.group_key("ly-main", PARTS[0])
DUE = NOW + 86_400_000


@pytest.mark.parametrize(
    "reply", [REPLY, replace(REPLY, client="shop", in_reply_to="msg_1", reference="r", partial=True)]
)
def test_a_reply_is_read_as_it_was_put(reply: Reply, table: Table) -> None:
    replies.put_reply(table, reply, TTL)
    (item,) = aws.scan(table)
    assert replies.read_reply(item) == reply
    assert item["ttl"] == TTL


def test_a_reply_is_put_once(table: Table) -> None:
    replies.put_reply(table, REPLY, TTL)
    replies.put_reply(table, replace(REPLY, text="other"), TTL + 1)
    assert [replies.read_reply(item) for item in aws.scan(table)] == [REPLY]


def test_replies_are_listed_by_number_and_by_time(table: Table) -> None:
    for index in range(3):
        replies.put_reply(table, replace(REPLY, id=f"mo_{index:026d}", received_at=NOW + index), TTL)
    by_number, _ = table.query("#to = :to", {"to": "from#13800138000"}, index="by_number", forward=False)
    assert [row["at"] for row in by_number] == [f"{NOW + index}" for index in (2, 1, 0)]
    assert by_number[0]["client"] == "-"
    newest, _ = table.query("#list = :list", {"list": "inbound"}, index="by_list", forward=False, limit=1)
    assert replies.read_reply(newest[0]).received_at == NOW + 2


def test_the_id_of_a_reply_is_its_content() -> None:
    known = replies.reply_id("hb-main", INBOUND, 0)
    assert known == replies.reply_id("hb-main", replace(INBOUND, raw="otherwise written"), 0)
    assert len(known) == 29
    others = [
        replies.reply_id("other", INBOUND, 0),
        replies.reply_id("hb-main", INBOUND, 1),
        replies.reply_id("hb-main", replace(INBOUND, text="退"), 0),
        replies.reply_id("hb-main", replace(INBOUND, number="13900139000"), 0),
        replies.reply_id("hb-main", replace(INBOUND, extension="02"), 0),
        replies.reply_id("hb-main", replace(INBOUND, received_at=None), 0),
        replies.reply_id("hb-main", replace(INBOUND, vendor_id="133"), 0),
        replies.reply_id("hb-main", replace(INBOUND, text="\ud800"), 0),
    ]
    assert len({known, *others}) == len(others) + 1


# Parts


def placed(*parts: Inbound, latest: Group | None = None) -> Group:
    for part in parts:
        latest = replies.place_part(latest, KEY, part, NOW)
    assert latest
    return latest


@pytest.mark.parametrize("order", list(permutations(PARTS)))
def test_parts_find_together_in_any_order_and_repeated(order: tuple[Inbound, ...]) -> None:
    group = placed(order[0], order[1], order[0], order[1])
    assert not group.complete
    whole = placed(order[2], order[2], latest=group)
    assert whole.complete
    assert (whole.text, whole.generation, whole.account, whole.number) == ("一二三", 0, "ly-main", "13800138000")


def test_another_text_in_the_same_place_begins_a_new_generation() -> None:
    group = placed(PARTS[0], replace(PARTS[0], text="另"))
    assert (group.generation, group.parts[1][0], len(group.parts)) == (1, "另", 1)


def test_a_late_repetition_does_not_reopen_a_whole() -> None:
    whole = replace(placed(*PARTS), done=True)
    again = placed(PARTS[1], latest=whole)
    assert (again.generation, again.done, again.complete) == (0, True, True)


def test_a_part_after_the_partial_delivery_begins_anew() -> None:
    given_up = replace(placed(*PARTS[:2]), done=True)
    assert placed(PARTS[2], latest=given_up).generation == 1


def test_a_whole_message_has_no_place_in_a_group() -> None:
    with pytest.raises(ValueError, match="whole"):
        replies.place_part(None, KEY, INBOUND, NOW)


def test_groups_are_apart_by_writer_destination_and_size() -> None:
    part = PARTS[0]
    others = [
        replies.group_key("other", part),
        replies.group_key("ly-main", replace(part, number="13900139000")),
        replies.group_key("ly-main", replace(part, access_number="10690002")),
        replies.group_key("ly-main", replace(part, part=Part("254", 3, 1))),
        replies.group_key("ly-main", replace(part, part=Part("255", 2, 1))),
    ]
    assert len({KEY, *others}) == 6
    assert replies.group_key("ly-main", PARTS[1]) == KEY


def test_a_group_is_read_as_it_was_put_and_is_due(table: Table) -> None:
    group = placed(*PARTS[:2])
    replies.put_group(table, group, DUE, TTL)
    assert replies.latest_group(table, KEY) == replace(group, version=1)
    (item,) = aws.scan(table)
    rows = table.query_all(
        "due_shard = :shard AND due_at <= :now", {"shard": item["due_shard"], "now": str(DUE)}, index="by_due"
    )
    assert [row["pk"] for row in rows] == [KEY]
    replies.put_group(table, replace(group, version=1, done=True), None, TTL)
    assert "due_at" not in aws.scan(table)[0]


def test_the_latest_generation_counts(table: Table) -> None:
    assert replies.latest_group(table, KEY) is None
    for generation in (0, 1, 10, 9):
        replies.put_group(table, replace(placed(PARTS[0]), generation=generation), DUE, TTL)
    latest = replies.latest_group(table, KEY)
    assert latest
    assert latest.generation == 10


def test_of_two_workers_one_must_read_again(table: Table) -> None:
    replies.put_group(table, placed(PARTS[0]), DUE, TTL)
    seen = replies.latest_group(table, KEY)
    assert seen
    replies.put_group(table, placed(PARTS[1], latest=seen), DUE, TTL)
    with pytest.raises(ConditionFailed):
        replies.put_group(table, placed(PARTS[2], latest=seen), DUE, TTL)
    with pytest.raises(ConditionFailed):
        replies.put_group(table, placed(PARTS[2]), DUE, TTL)
