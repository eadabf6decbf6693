"""What a message costs: write units, AWS calls, vendor requests."""

from dataclasses import dataclass, field
from math import ceil
from random import Random
from typing import Any

import pytest

from smsgateway.accepting.accept import accept
from smsgateway.accepting.acceptor import Acceptor
from smsgateway.accepting.post import Post
from smsgateway.calling.carriage import divide
from smsgateway.codecs import VENDORS
from smsgateway.config.cache import AccountsCache
from smsgateway.config.settings import Settings
from smsgateway.model import Account, Client, Payload, Personal, Status
from smsgateway.queues import WakeUp
from smsgateway.sending.dispatch import dispatch
from smsgateway.sending.work import Dispatcher
from smsgateway.settling.ingest import ingest
from smsgateway.settling.ingester import Ingester
from smsgateway.settling.reading import decode_inbound
from smsgateway.store import recipients, submissions
from smsgateway.store.table import Table
from tests.bench import counts, cpu
from tests.doubles import aws, voices
from tests.doubles.dynamo import FakeDynamoDB
from tests.doubles.samples import samples
from tests.tools.costs import Index, Meter, write_units

NOW = 1_767_294_000_000  # 2026-01-01T19:00:00Z
TEXT = "您预订的商品已经到货请凭短信到店领取" * 3 + "营业时间每天早上九点到晚上九点感"
REFERENCE = "order-" * 10 + "1234"  # as long as it may be
RETENTION = 90 * 86_400
MOST_DISPATCHES = 1000
WRITES = {"dynamodb.update_item", "dynamodb.batch_execute_statement"}
every_vendor = pytest.mark.parametrize("vendor", VENDORS)
every_pushing = pytest.mark.parametrize("vendor", counts.PUSHING)


@dataclass
class Queues:
    """Keeps wake-ups instead of sending them."""

    waiting: list[WakeUp] = field(default_factory=list)

    def put(self, _urgent: bool, account: str, keys: Any, delay: float = 0, *, clear_until: int = 0) -> None:
        assert delay == 0
        self.waiting += [WakeUp(key, account, clear_until) for key in keys]


@dataclass
class Gateway:
    """The workflow over a metered table, one account, and vendors that take everything."""

    table: Table
    account: Account
    meter: Meter
    now: int = NOW
    messages: list[str] = field(default_factory=list)  # their ids
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
        acceptor = Acceptor(self.table, self.settings, self.clock, RETENTION, wake_ups, self.random)
        status, answer = accept(acceptor, Client("shop", "sender"), post)
        assert status == 202
        self.messages.append(answer["id"])

    def send(self) -> None:
        cache = AccountsCache(lambda: "", lambda: 0.0)
        cache.get = self.settings  # type: ignore[method-assign]
        wake_ups: Any = self.queues
        call, clock = self.vendors.call, self.clock
        collaborators = (self.table, self.settings, clock, RETENTION, wake_ups)
        work = Dispatcher(*collaborators, cache, call, lambda _: None, self.random)
        for _ in range(MOST_DISPATCHES):
            if not self.queues.waiting:
                return
            dispatch(work, self.queues.waiting.pop(), self.now + 70_000)
        raise AssertionError(f"after {MOST_DISPATCHES} dispatches there are wake-ups yet: the vendor takes nothing")

    def deliver(self) -> None:
        wake_ups: Any = self.queues
        work = Ingester(self.table, self.settings, self.clock, RETENTION, wake_ups, self._parked)
        for sent in self.vendors.sent:
            for receipt in voices.delivered(self.account, sent, self.now):
                ingest(work, receipt)

    @staticmethod
    def _parked(_receipt: Any, problem: str) -> None:
        raise AssertionError(problem)

    def statuses(self) -> set[Status | None]:
        return {
            outcome.status
            for message_id in self.messages
            for submission in submissions.load_submissions(self.table, message_id)
            for outcome in recipients.all_rows(self.table, submission)
        }


def gateway(vendor: str, client: Any, **options: Any) -> Gateway:
    meter: Any = Meter(client)
    return Gateway(Table(meter, aws.TABLE_NAME), voices.account(vendor, **options), meter)


def numbers(count: int) -> list[str]:
    return [f"138{index:08d}" for index in range(count)]


def lifecycle(vendor: str, count: int, client: Any) -> Meter:
    """From the client's request to the last delivery report."""
    through = gateway(vendor, client)
    through.post(numbers(count))
    through.send()
    through.deliver()
    units = through.meter.units
    assert through.statuses() == {Status.DELIVERED}
    assert units == through.meter.units  # reading is not writing
    return through.meter


@pytest.fixture
def moto(table: Table) -> Any:
    """A client of moto's table, which refuses what DynamoDB refuses."""
    return table.client


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


# Calls of AWS, of the functions' own handlers. `make bench` shows the same counts beside their goals.

OTP_CALLS = {
    "send": 3,  # who is suppressed and how the account's calls go, the message, its wake-up
    "dispatch": 2,  # the mark, the result with the vendor's id
    "fanout": 2,  # Message Submitted, Message Delivered
}


@every_vendor
@pytest.mark.parametrize("key", ["", counts.KEY])
def test_the_calls_of_a_one_time_password(vendor: str, key: str) -> None:
    """An Idempotency-Key costs none."""
    assert counts.counts_of(vendor, 1, key=key).by_function == {**OTP_CALLS, **samples(vendor).REPORT_CALLS}


@every_vendor
def test_a_verification_takes_twelve_calls_and_sixteen_write_units_at_most(vendor: str) -> None:
    """From the request for its code to its approval, without keys; the report of its message stands beside."""
    approved, reported = counts.counts_of_verification(vendor)
    assert approved.by_function == {"send": 9, "dispatch": 2, "fanout": 1}
    assert sum(approved.write_units.values()) <= 16
    assert approved.events == 1
    assert reported.own_calls <= 4


@every_pushing
def test_a_push_is_one_call_whatever_it_holds(vendor: str) -> None:
    pushes = counts.calls_of_pushes(vendor)
    reports = -(-counts.PAGE // counts.page_of(vendor))
    replies = 10 if "inbound" in samples(vendor).ONE_BY_ONE else 1
    assert len(pushes) == 1 + reports + 1 + replies
    assert all(push == {"sqs.send_message": 1} for push in pushes)


@every_pushing
@pytest.mark.parametrize("count", [1, 10])
def test_the_replies_that_are_pushed_can_be_read(vendor: str, count: int) -> None:
    account = voices.account(vendor)
    receipts = list(voices.replied(account, numbers(count), NOW))
    assert [item.number for receipt in receipts for item in decode_inbound(account, receipt).items] == numbers(count)


@pytest.mark.parametrize("vendor", [vendor for vendor in counts.PUSHING if counts.page_of(vendor) > 1])
def test_a_hundred_reports_of_one_message_take_at_most_six_calls(vendor: str) -> None:
    """Mapping and submission are read once for all of them."""
    calls = counts.ingest_of_a_page(vendor)
    read = {name: count for name, count in calls.items() if name not in WRITES}
    assert read == {"dynamodb.batch_get_item": samples(vendor).REPORT_CALLS["ingest"]}
    assert sum(calls.values()) <= 6


@every_vendor
def test_the_calls_of_a_thousand_recipients(vendor: str) -> None:
    """Through every report, a hundred a push where the vendor puts so many in one, with one event each."""
    counted = counts.counts_of(vendor, 1000, counts.page_of(vendor))
    assert counted.events >= 1000
    assert counted.own_calls == samples(vendor).CALLS_OF_A_THOUSAND


@pytest.mark.parametrize("vendor", ["hbsmservice", "infocloud"])
def test_reports_that_come_one_by_one_cost_no_further_write_units(vendor: str) -> None:
    """Their reference says that the message is to several: what is meant for one is not tried with it."""
    one_by_one, together = counts.counts_of(vendor, 50, 1), counts.counts_of(vendor, 50)
    assert one_by_one.own_write_units == together.own_write_units


def test_calls_grow_by_the_same_for_every_recipient_submission_and_push() -> None:
    for line in cpu.lines_of_calls().values():
        assert cpu.bend(line) == 0
        calls = [count for _, count in line]
        assert calls == sorted(set(calls))  # more with every size


def test_the_log_of_a_message_is_short() -> None:
    assert counts.counts_of("hbsmservice", 1).log_bytes <= 1600
    assert counts.counts_of("hbsmservice", 1000).log_bytes <= 50_000


# Write units


@every_vendor
def test_a_message_to_one_number_costs_at_most_twelve_write_units(vendor: str, moto: Any) -> None:
    assert len(TEXT) == 70
    meter = lifecycle(vendor, 1, moto)
    assert meter.units <= 12, meter


@every_vendor
def test_a_thousand_numbers_cost_at_most_3_1_write_units_each(vendor: str) -> None:
    meter = lifecycle(vendor, 1000, FakeDynamoDB())
    assert meter.units / 1000 <= 3.1, meter


@every_vendor
def test_the_memory_and_moto_cost_the_same(vendor: str, moto: Any) -> None:
    """The thousands above are counted in memory, for moto takes half a minute for each."""
    by_moto, in_memory = lifecycle(vendor, 8, moto), lifecycle(vendor, 8, FakeDynamoDB())
    assert (by_moto.table_units, by_moto.index_units) == (in_memory.table_units, in_memory.index_units)
    assert by_moto.calls == in_memory.calls


# Vendor requests


@every_vendor
@pytest.mark.parametrize("count", [1, 6, 7, 8, 30])
def test_a_message_takes_as_few_vendor_requests_as_the_limit_allows(vendor: str, count: int) -> None:
    through = gateway(vendor, FakeDynamoDB(), recipients_per_request=7)
    through.post(numbers(count))
    through.send()
    assert [len(sent) for _, _, sent in through.vendors.sent].count(7) == count // 7
    assert len(through.vendors.sent) == ceil(count / 7)
    assert sorted(number for _, _, sent in through.vendors.sent for number in sent) == numbers(count)


@every_vendor
def test_the_limit_is_the_documents_unless_the_account_has_a_lower_one(vendor: str) -> None:
    limit = VENDORS[vendor].profile.recipients
    large = 50_000 if limit < 50_000 else 120_000
    for count in (1, limit - 1, limit, limit + 1, large):
        payload = Payload(tuple(numbers(count)))
        requests = divide(voices.account(vendor), payload)
        assert len(requests) == ceil(count / limit)
        assert [number for request in requests for number in request.numbers] == numbers(count)


@pytest.mark.parametrize("vendor", [name for name, vendor in VENDORS.items() if vendor.batch])
def test_so_does_a_personalised_message(vendor: str) -> None:
    limit = VENDORS[vendor].profile.batch
    for count in (1, limit - 1, limit, limit + 1, 5_000):
        payload = Payload(tuple(numbers(count)), tuple(Personal(f"您好{index}") for index in range(count)))
        assert len(divide(voices.account(vendor), payload)) == ceil(count / limit)


@pytest.mark.parametrize("vendor", [name for name, vendor in VENDORS.items() if not vendor.batch])
def test_where_a_vendor_has_no_personalised_request_equal_texts_share_one(vendor: str) -> None:
    contents = tuple(Personal(f"您好{index % 3}") for index in range(300))
    requests = divide(voices.account(vendor), Payload(tuple(numbers(300)), contents))
    assert len(requests) == 3
    assert {len({content.text for content in request.contents}) for request in requests} == {1}
