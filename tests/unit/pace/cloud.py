"""The gateway's surroundings on one clock: AWS with its latencies, the simulated vendors' own logic behind a network
that is never twice as fast, the schedule of every minute, workers at a queue."""

import heapq
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from smsgateway.accept import Acceptor, accept
from smsgateway.api import accounts as check
from smsgateway.api.calls import Gateway
from smsgateway.api.problems import Problem
from smsgateway.dispatch import InFlightError, dispatch
from smsgateway.job import Dispatcher
from smsgateway.model import Account, Request, Response
from smsgateway.poll import Poller, due_runs, poll
from smsgateway.post import Post
from smsgateway.queues import WakeUps, parse_wake_up
from smsgateway.settings import AccountsCache
from smsgateway.store.registry import Client
from smsgateway.store.table import Table
from tests.simulators import infocloud_templates, model
from tests.simulators.accounts import default_accounts, entry
from tests.simulators.engine import Engine
from tests.simulators.server import VENDORS
from tests.unit.pace.clock import Clock
from tests.unit.state.dynamo import FakeDynamoDB, PrimaryKey
from tests.unit.state.expressions import WireItem

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

START = 1_767_225_600_000  # 2026-01-01
SECOND, MINUTE = 1000, 60_000
POLL_TIME, DISPATCH_TIME, VISIBILITY = 300 * SECOND, 75 * SECOND, 450 * SECOND  # template.yaml
RETENTION = 90 * 86_400


@dataclass(frozen=True)
class Latency:
    """Milliseconds on a way: at least `base`, up to `jitter` more, and now and then `spike` more than that."""

    base: float
    jitter: float
    spike: float = 0.0
    spikes: float = 0.01  # how often

    def drawn(self, random: Random) -> float:
        return self.base + random.uniform(0, self.jitter) + (self.spike if random.random() < self.spikes else 0.0)


AWS = Latency(base=3, jitter=6, spike=60)  # there and back
WAY_TO_VENDOR = Latency(base=15, jitter=4, spike=300, spikes=0.003)  # and as much back


class _Timed:
    """A client whose calls take time: half of it before they are carried out."""

    def __init__(self, client: Any, clock: Clock, latency: Callable[[], float]) -> None:
        self._client, self._clock, self._latency = client, clock, latency
        self.exceptions = getattr(client, "exceptions", None)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)

        def call(**request: Any) -> Any:
            taken = self._latency()
            self._clock.sleep(taken / 2)
            try:
                return method(**request)
            finally:
                self._clock.sleep(taken / 2)

        return call


class Queue:
    """One SQS queue: bodies with the moment from which they can be received."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = count()
        self.waiting: list[tuple[float, int, str]] = []

    def send_message(self, *, QueueUrl: str, MessageBody: str, DelaySeconds: int = 0) -> None:  # noqa: N803
        heapq.heappush(self.waiting, (self._clock.now + DelaySeconds * SECOND, next(self._numbers), MessageBody))

    def send_message_batch(self, *, QueueUrl: str, Entries: Iterable[Mapping[str, Any]]) -> None:  # noqa: N803
        for made in Entries:
            self.send_message(QueueUrl=QueueUrl, MessageBody=made["MessageBody"], DelaySeconds=made["DelaySeconds"])

    def receive(self) -> str | None:
        if not self.waiting or self.waiting[0][0] > self._clock.now:
            return None
        return heapq.heappop(self.waiting)[2]


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


class ClockedEngine(Engine):
    """The simulators' engine by our clock. Its own thread is not started: what is to be reported is put there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        super().__init__()
        self.vendors = {kind.name: kind(self) for kind in VENDORS}
        self.carriers.update(self.vendors)
        for account in default_accounts():
            self.add_account(account)
        self.templates.update({template.code: template for template in infocloud_templates.TEMPLATES})

    def now(self) -> float:
        return self._clock.now / SECOND


class Cloud:
    """Everything outside the gateway. `seed` decides every latency and every random number."""

    def __init__(
        self, seed: int = 1, *, way: Latency = WAY_TO_VENDOR, options: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        self.random = Random(seed)
        self.clock = Clock(START)
        self.engine = ClockedEngine(self.clock)
        self.db = IndexedDynamoDB()
        self.receipts = Queue(self.clock)
        self.queues = {"urgent": Queue(self.clock), "bulk": Queue(self.clock)}
        self.accounts = AccountsCache(lambda: self._document(options or {}), lambda: 0.0)
        self.outcomes: list[dict[str, Any]] = []
        self.longest_sleep = 0.0  # seconds
        self.dispatches = 0
        self.accepted: dict[tuple[str, str], float] = {}  # when, by account and number
        self._way = way

    def _document(self, options: Mapping[str, Mapping[str, Any]]) -> str:
        entries = []
        for account in self.engine.all_accounts():
            made = entry(account, f"http://{account.vendor}.example", self.engine.vendors[account.vendor].polls)
            made["options"] |= options.get(account.name, {})
            entries.append({**made, "signature": "示例"})
        names = [made["name"] for made in entries]
        return json.dumps({"accounts": entries, "routes": [{"purpose": "*", "accounts": names}]})

    def account(self, name: str) -> model.Account:
        return self.engine.accounts[name]

    # --- what the gateway works with

    def now(self) -> int:
        return int(self.clock.now)

    def _sleep(self, seconds: float) -> None:
        self.longest_sleep = max(self.longest_sleep, seconds)
        self.clock.sleep(seconds * SECOND + self.random.uniform(0, 1))  # nobody wakes up at once

    def _timed(self, client: object) -> _Timed:
        return _Timed(client, self.clock, lambda: AWS.drawn(self.random))

    def _table(self) -> Table:
        return Table(cast("DynamoDBClient", self._timed(self.db)), "table")

    def call(self, account: Account, request: Request, _seconds: float) -> Response:
        """One request on its way to the vendor's own logic, and its answer on its way back."""
        address = urlsplit(request.url)
        self.clock.sleep(self._way.drawn(self.random))
        vendor = self.engine.vendors[account.vendor]
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen = model.Request(
            request.method, address.path, address.query.encode(), headers, request.body, "10.0.0.1", self.engine.now()
        )
        answer = vendor.answer(vendor.read(seen))
        self.clock.sleep(self._way.drawn(self.random))
        return Response(answer.status, {"content-type": answer.content_type}, answer.body)

    # --- polls, as functions/poll makes them

    def _poller(self) -> Poller:
        receipts = self._timed(self.receipts)
        return Poller(
            table=self._table(),
            settings=self.accounts.get,
            call=self.call,
            store=lambda body, _kind: receipts.send_message(QueueUrl="receipts", MessageBody=body),
            now=self.now,
            sleep=self._sleep,
            random=Random(self.random.getrandbits(64)),
            retention=RETENTION,
        )

    def run_poll(self, account: str, kind: str) -> None:
        begun = self.now()
        outcome = poll(self._poller(), account, kind, begun + POLL_TIME)
        self.outcomes.append({"account": account, "kind": kind, "at": begun, **outcome})
        if outcome.get("more"):
            self.clock.start(lambda: self.run_poll(account, kind), self.random.uniform(20, 1000))

    def check(self, account: str) -> None:
        """What `POST /accounts/{name}/check` does at the vendor."""
        keys: Any = None
        gateway = Gateway(self._table(), self.accounts, self.call, keys, self.now, Random(1))
        found = self.accounts.get().accounts[account]
        with suppress(Problem), check.in_turn(gateway, found, "balance"):  # a problem: not now
            check.ask_balance(gateway, found)

    def every_minute(self) -> None:
        """The schedule, which is punctual to a second."""
        while True:
            late = self.random.uniform(0, SECOND)
            self.clock.sleep(late)
            for run in due_runs(self._poller()):
                self.clock.start(lambda run=run: self.run_poll(**run), self.random.uniform(20, 400))
            self.clock.sleep(MINUTE - (self.clock.now - START) % MINUTE)

    # --- sends, as functions/dispatch makes them

    def accept(self, post: Post) -> str:
        """The id of a message; its wake-ups are in their queue. Takes no time: this is not what is looked at."""
        acceptor = Acceptor(
            table=Table(cast("DynamoDBClient", self.db), "table"),
            wake_ups=WakeUps(cast("SQSClient", _Routed(self.queues)), "urgent", "bulk"),
            settings=self.accounts.get,
            now=self.now,
            random=Random(self.random.getrandbits(64)),
            retention=RETENTION,
        )
        status, answer = accept(acceptor, Client("tester", "administrator"), post)
        assert status == 202
        return str(answer["id"])

    def workers(self, queue: str, concurrency: int) -> None:
        """So many workers at a queue, for ever."""
        for _ in range(concurrency):
            self.clock.start(lambda: self._work(queue))

    def _work(self, queue: str) -> None:
        dispatcher = Dispatcher(
            table=self._table(),
            wake_ups=WakeUps(cast("SQSClient", self._timed(_Routed(self.queues))), "urgent", "bulk"),
            accounts=self.accounts,
            call=self.call,
            now=self.now,
            sleep=self._sleep,
            random=Random(self.random.getrandbits(64)),
            retention=RETENTION,
        )
        while True:
            body = self.queues[queue].receive()
            if body is None:
                self.clock.sleep(self.random.uniform(10, 30))
                continue
            wake_up = parse_wake_up(body)
            self.dispatches += 1
            try:
                dispatch(dispatcher, wake_up, self.now() + DISPATCH_TIME)
            except InFlightError:
                self.queues[queue].send_message(QueueUrl=queue, MessageBody=body, DelaySeconds=VISIBILITY // SECOND)


class _Routed:
    """The queues behind one client."""

    def __init__(self, queues: Mapping[str, Queue]) -> None:
        self._queues = queues

    def send_message(self, **request: Any) -> None:
        self._queues[request["QueueUrl"]].send_message(**request)

    def send_message_batch(self, **request: Any) -> None:
        self._queues[request["QueueUrl"]].send_message_batch(**request)
