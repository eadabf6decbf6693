"""Replies are kept once (store/replies.py)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from smsgateway.model import Inbound, Reply
from smsgateway.store import replies
from smsgateway.store.table import Query, Table
from tests.doubles import aws
from tests.unit.store.given import NOW, TTL

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
INBOUND = Inbound("13800138000", "退订", "10690001", "01", AT, raw="<deliver/>")
REPLY = Reply("mo_" + "0" * 26, "hb-main", "hbsmservice", "13800138000", "10690001", "01", "退订", NOW, opt_out=True)


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
    by_number, _ = table.query(Query("#to = :to", {"to": "from#13800138000"}, index="by_number", forward=False))
    assert [row["at"] for row in by_number] == [f"{NOW + index}" for index in (2, 1, 0)]
    assert by_number[0]["client"] == "-"
    newest, _ = table.query(Query("#list = :list", {"list": "inbound"}, index="by_list", forward=False, limit=1))
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
