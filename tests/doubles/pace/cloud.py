"""The gateway's surroundings on one clock: AWS with its latencies, vendors behind a network, workers at queues.

The vendors are the simulators' own logic, the network is never twice as fast, and the schedule runs every minute.
"""

import heapq
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import urlsplit

import pytest

from smsgateway import queues
from smsgateway.accepting.accept import accept
from smsgateway.accepting.acceptor import Acceptor
from smsgateway.accepting.post import Post
from smsgateway.api.routes import accounts as check
from smsgateway.api.serving.gateway import Gateway
from smsgateway.api.serving.problems import Problem
from smsgateway.calling import breaker
from smsgateway.config.cache import AccountsCache
from smsgateway.model import Account, Client, Request, Response
from smsgateway.queues import LONGEST_PAUSE, WakeUps, parse_wake_up, pause_after
from smsgateway.receiving.poll import due_runs, poll
from smsgateway.receiving.poller import Poller
from smsgateway.sending.dispatch import dispatch
from smsgateway.sending.work import Dispatcher, InFlightError
from smsgateway.store import table as store
from smsgateway.store.table import Table
from smsgateway.store.write_pace import FilingPace
from tests.doubles.pace.clock import Clock, Pool, Timer
from tests.doubles.pace.dynamo import IndexedDynamoDB, Sdk
from tests.simulators import model
from tests.simulators.accounts import default_accounts, entry
from tests.simulators.engine import Engine
from tests.simulators.registry import VENDORS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

START = 1_767_225_600_000  # 2026-01-01
SECOND, MINUTE = 1000, 60_000
POLL_TIME, DISPATCH_TIME, ACCEPT_TIME = 300 * SECOND, 75 * SECOND, 29 * SECOND  # template.yaml
MOST_RECEIVES = 10  # template.yaml
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


class Received(NamedTuple):
    """A message as its function gets it."""

    body: str
    receives: int


class Queue:
    """One SQS queue: bodies with the moment from which they can be received, and how often they were."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = count()
        self.waiting: list[tuple[float, int, Received]] = []
        self.dead: list[str] = []

    def send_message(self, *, QueueUrl: str, MessageBody: str, DelaySeconds: int = 0) -> None:  # noqa: N803
        self.come_again(Received(MessageBody, 0), DelaySeconds)

    def come_again(self, message: Received, seconds: float) -> None:
        heapq.heappush(self.waiting, (self._clock.now + seconds * SECOND, next(self._numbers), message))

    def send_message_batch(self, *, QueueUrl: str, Entries: Iterable[Mapping[str, Any]]) -> None:  # noqa: N803
        for made in Entries:
            self.send_message(QueueUrl=QueueUrl, MessageBody=made["MessageBody"], DelaySeconds=made["DelaySeconds"])

    def receive(self) -> Received | None:
        while self.waiting and self.waiting[0][0] <= self._clock.now:
            body, receives = heapq.heappop(self.waiting)[2]
            if receives < MOST_RECEIVES:
                return Received(body, receives + 1)
            self.dead.append(body)
        return None


class ClockedEngine(Engine):
    """The simulators' engine by our clock. Its own thread is not started: what is to be reported is put there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        super().__init__()
        self.vendors = {name: kind(self) for name, kind in VENDORS.items()}
        self.carriers.update(self.vendors)
        for account in default_accounts():
            self.add_account(account)

    def now(self) -> float:
        return self._clock.now / SECOND


class Cloud:
    """Everything outside the gateway. `seed` decides every latency and every random number."""

    def __init__(
        self,
        seed: int = 1,
        *,
        way: Latency = WAY_TO_VENDOR,
        options: Mapping[str, Mapping[str, Any]] | None = None,
        table: Callable[[Clock], IndexedDynamoDB] = lambda _clock: IndexedDynamoDB(),
    ) -> None:
        self.random = Random(seed)
        self.clock = Clock(START)
        self.engine = ClockedEngine(self.clock)
        self.db = table(self.clock)
        self.receipts = Queue(self.clock)
        self.queues = {"urgent": Queue(self.clock), "bulk": Queue(self.clock)}
        self.accounts = AccountsCache(lambda: self._document(options or {}), lambda: 0.0)
        self.outcomes: list[dict[str, Any]] = []
        self.longest_sleep = 0.0  # seconds
        self.dispatches = 0
        self.failures: Counter[str] = Counter()
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

    def run(self, milliseconds: float) -> None:
        """Let so much time pass. The gateway's own threads and chances are the clock's and the seed's, too."""
        timers = SimpleNamespace(Event=threading.Event, Timer=partial(Timer, self.clock))
        with pytest.MonkeyPatch.context() as patch:
            for module in (store, queues):
                patch.setattr(module, "ThreadPoolExecutor", partial(Pool, self.clock))
            patch.setattr(breaker, "threading", timers)
            patch.setattr(random, "uniform", self.random.uniform)
            self.clock.run(milliseconds)

    def _sleep(self, seconds: float) -> None:
        self.longest_sleep = max(self.longest_sleep, seconds)
        self.clock.sleep(seconds * SECOND + self.random.uniform(0, 1))  # nobody wakes up at once

    def _timed(self, client: object) -> _Timed:
        return _Timed(client, self.clock, lambda: AWS.drawn(self.random))

    def table(self, tries: int = 4) -> Table:
        """As a process of its own has it. `tries`: what the SDK makes of a call that is throttled (runtime.LIMITS)."""
        client = Sdk(self._timed(self.db), tries, self._sleep, self.random)
        return Table(cast("DynamoDBClient", client), "table", self.now, pace=FilingPace(), sleep=self._sleep)

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
            table=self.table(),
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
        gateway = Gateway(self.table(), self.accounts, self.call, keys, self.now, Random(1))
        found = self.accounts.get().accounts[account]
        with suppress(Problem), check.in_turn(gateway, found, "balance"):  # a problem: not now
            check.ask_balance(gateway, found)

    def every_minute(self) -> None:
        """The schedule, which is punctual to a second."""
        while True:
            late = self.random.uniform(0, SECOND)
            self.clock.sleep(late)
            for run in due_runs(self._poller()):
                self.clock.start(partial(self.run_poll, **run), self.random.uniform(20, 400))
            self.clock.sleep(MINUTE - (self.clock.now - START) % MINUTE)

    # --- sends, as functions/dispatch makes them

    def accept(self, post: Post, table: Table | None = None) -> str:
        """The id of a message; its wake-ups are in their queue. Takes the time of `table`, and none without it.

        Raises what `send` would answer with an error.
        """
        routed = _Routed(self.queues)
        acceptor = Acceptor(
            table=table or Table(cast("DynamoDBClient", self.db), "table"),
            wake_ups=WakeUps(cast("SQSClient", self._timed(routed) if table else routed), "urgent", "bulk"),
            settings=self.accounts.get,
            now=self.now,
            random=Random(self.random.getrandbits(64)),
            retention=RETENTION,
            until=self.now() + ACCEPT_TIME if table else 0,
        )
        status, answer = accept(acceptor, Client("tester", "administrator"), post)
        assert status == 202
        return str(answer["id"])

    def workers(self, queue: str, concurrency: int) -> None:
        """So many workers at a queue, for ever."""
        for _ in range(concurrency):
            self.clock.start(lambda: self._work(queue))

    def dispatcher(self) -> Dispatcher:
        """Of a process of its own."""
        return Dispatcher(
            table=self.table(),
            wake_ups=WakeUps(cast("SQSClient", self._timed(_Routed(self.queues))), "urgent", "bulk"),
            settings=self.accounts.get,
            accounts=self.accounts,
            call=self.call,
            now=self.now,
            sleep=self._sleep,
            random=Random(self.random.getrandbits(64)),
            retention=RETENTION,
        )

    def dispatch(self, dispatcher: Dispatcher, message: Received) -> float | None:
        """Act on a wake-up, as functions/dispatch does: after how many seconds it comes again, None if it is done."""
        self.dispatches += 1
        try:
            dispatch(dispatcher, parse_wake_up(message.body), self.now() + DISPATCH_TIME)
        except InFlightError as error:
            return min(LONGEST_PAUSE, max(0.0, error.wait / SECOND))
        except Exception as error:
            self.failures[type(error).__name__] += 1
            return pause_after(message.receives)
        return None

    def _work(self, queue: str) -> None:
        dispatcher = self.dispatcher()
        while True:
            message = self.queues[queue].receive()
            if message is None:
                self.clock.sleep(self.random.uniform(10, 30))
                continue
            again = self.dispatch(dispatcher, message)
            if again is not None:
                self.queues[queue].come_again(message, again)


class _Routed:
    """The queues behind one client."""

    def __init__(self, queues: Mapping[str, Queue]) -> None:
        self._queues = queues

    def send_message(self, **request: Any) -> None:
        self._queues[request["QueueUrl"]].send_message(**request)

    def send_message_batch(self, **request: Any) -> None:
        self._queues[request["QueueUrl"]].send_message_batch(**request)
