"""What a message costs: write units, AWS calls, vendor requests (design, sections 6 and 8)."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from smsgateway import encoding
from smsgateway.accept import Acceptor, Post, accept
from smsgateway.codecs import VENDORS
from smsgateway.dispatch import Dispatcher, dispatch
from smsgateway.ids import SubmissionKey
from smsgateway.ingest import Ingester, ingest
from smsgateway.model import Account, Personal, Status
from smsgateway.settings import AccountsCache, Settings
from smsgateway.store import recipients, submissions
from smsgateway.store.messages import Payload
from smsgateway.store.registry import Client
from smsgateway.store.table import Table

from tests import aws, voices
from tests.costs import Index, Meter, write_units

NOW = 1_767_294_000_000  # 2026-01-01T19:00:00Z
TEXT = "尊敬的客户您好您在本店预订的商品已经到货请凭短信到店领取营业时间每天早上九点到晚上九点地址人民路一百号如有疑问请致电客服感谢您的支持祝您生活愉快欢迎光临"[:70]
REFERENCE = "3f2b8c1e-9d47-4a06-b5c2-7e81f0a9d634"  # as callers have them
RETENTION = 90 * 86_400
every_vendor = pytest.mark.parametrize("vendor", VENDORS)


@dataclass
class Queues:
    """Keeps wake-ups instead of sending them."""

    keys: list[SubmissionKey] = field(default_factory=list)

    def send(self, _urgent: bool, keys: Any, delay: float = 0) -> None:
        assert delay == 0
        self.keys += keys


@dataclass
class Gateway:
    """The workflow over a metered table, one account, and vendors that take everything."""

    table: Table
    account: Account
    meter: Meter
    now: int = NOW
    queues: Queues = field(default_factory=Queues)
    vendors: voices.Vendors = field(default_factory=voices.Vendors)
    random: Random = field(default_factory=lambda: Random(1))

    def clock(self) -> int:
        self.now += 1
        return self.now

    def settings(self) -> Settings:
        return Settings({self.account.name: self.account}, ())

    def post(self, numbers: list[str]) -> None:
        post = Post(
            purpose="notice",
            to=tuple(numbers),
            text=TEXT,
            account=self.account.name,
            reference=REFERENCE,
            body_hash="0" * 64,
        )
        wake_ups: Any = self.queues
        acceptor = Acceptor(self.table, wake_ups, self.settings, self.clock, self.random, RETENTION)
        status, _ = accept(acceptor, Client("shop", "sender"), post)
        assert status == 202

    def send(self) -> None:
        cache = AccountsCache(lambda: "", lambda: 0.0)
        cache.get = self.settings  # type: ignore[method-assign]
        wake_ups: Any = self.queues
        work = Dispatcher(self.table, wake_ups, cache, self.vendors.call, self.clock, lambda _: None, self.random)
        while self.queues.keys:
            dispatch(work, self.queues.keys.pop(), self.now + 70_000)

    def deliver(self) -> None:
        work = Ingester(self.table, self.settings, self._parked, self.clock, RETENTION)
        for sent in self.vendors.sent:
            for receipt in voices.delivered(self.account, sent, self.now):
                ingest(work, receipt)

    @staticmethod
    def _parked(_receipt: Any, problem: str) -> None:
        raise AssertionError(problem)

    def statuses(self) -> set[Status | None]:
        return {
            outcome.status
            for item in aws.scan(self.table)
            if item["sk"].startswith("S#")
            for outcome in recipients.all_outcomes(self.table, submissions.read_submission(item))
        }


def gateway(vendor: str) -> Gateway:
    client = aws.dynamodb()
    table = aws.create_table(client)
    meter = Meter()
    meter.watch(client, aws.dynamodb())
    return Gateway(table, voices.account(vendor), meter)


def numbers(count: int) -> list[str]:
    return [f"138{index:08d}" for index in range(count)]


def lifecycle(vendor: str, count: int) -> Gateway:
    """From the client's request to the last delivery report."""
    through = gateway(vendor)
    through.post(numbers(count))
    through.send()
    through.deliver()
    units = through.meter.units
    assert through.statuses() == {Status.DELIVERED}
    assert units == through.meter.units  # reading is not writing
    return through


# The model itself


def test_write_units_are_started_kilobytes_of_the_larger_image() -> None:
    small, large = {"pk": {"S": "x" * 1022}}, {"pk": {"S": "x" * 1023}}
    assert (aws.item_bytes(small), write_units(small), write_units(large)) == (1024, 1, 2)
    assert write_units(small, large) == write_units(large, small) == 2
    assert write_units(None) == 1


def test_sizes_of_attributes() -> None:
    image = {
        "t": {"S": "您好"},  # 1 + 6
        "n": {"N": "1767294000000"},  # 1 + 4 + 1: ten significant digits
        "b": {"B": b"123"},  # 1 + 3
        "f": {"BOOL": True},  # 1 + 1
        "l": {"L": [{"S": "a"}, {"S": "b"}]},  # 1 + 3 + 2 × 2
        "m": {"M": {"k": {"NULL": True}}},  # 1 + 3 + 1 + 2
    }
    expected = 7 + (2 + 4) + 4 + 2 + 8 + 7
    assert aws.item_bytes({**image, "n": {"N": "17672940"}}) == expected


def test_an_index_entry_costs_only_when_it_changes() -> None:
    index = Index("by_number", ("to", "at"), frozenset({"pk", "to", "at", "client"}))
    row = {"pk": {"S": "1"}, "to": {"S": "2"}, "at": {"S": "3"}, "client": {"S": "4"}}
    assert index.units(None, row) == index.units(row, None) == 1
    assert index.units(row, row | {"status": {"S": "delivered"}}) == 0
    assert index.units(row, row | {"client": {"S": "5"}}) == 1
    assert index.units(row, row | {"at": {"S": "5"}}) == 2
    assert index.units({"pk": {"S": "1"}}, {"pk": {"S": "1"}, "to": {"S": "2"}}) == 0


# Write units


@every_vendor
def test_a_message_to_one_number_costs_at_most_twelve_write_units(vendor: str, in_aws: None) -> None:
    done = lifecycle(vendor, 1)
    assert len(TEXT) == 70
    assert done.meter.units <= 12, done.meter


@pytest.mark.parametrize("vendor", [name for name in VENDORS if name != "qixintong"])
def test_a_thousand_numbers_cost_at_most_3_1_write_units_each(vendor: str, in_aws: None) -> None:
    assert lifecycle(vendor, 1000).meter.units / 1000 <= 3.1


def test_a_thousand_numbers_cost_more_where_each_has_an_id_of_the_vendors(in_aws: None) -> None:
    """qixintong gives every number an id of its own, and its reports carry nothing else: one more item a recipient."""
    units = lifecycle("qixintong", 1000).meter.units / 1000
    assert 4.0 < units <= 4.4
