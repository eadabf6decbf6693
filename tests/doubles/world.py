"""A gateway in one process, whose table, queues, vendors and clock are the harness's; the rest is the gateway's.

A World can be copied at any moment, which makes a thousand schedules out of one beginning.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Any, cast

from smsgateway.accepting.accept import accept
from smsgateway.accepting.acceptor import Acceptor
from smsgateway.accepting.idempotency import standing, standing_keys
from smsgateway.accepting.post import PersonalPost, Post
from smsgateway.api import message_view
from smsgateway.api.routes import cancel_message
from smsgateway.api.serving.gateway import Gateway
from smsgateway.config.cache import AccountsCache
from smsgateway.config.settings import Settings
from smsgateway.events import Event
from smsgateway.ids import BLOCK_ROOTS, SubmissionKey
from smsgateway.model import Account, Client, Kind, Request, Response, Status
from smsgateway.publishing.changes import events_of
from smsgateway.queues import VendorBytes, WakeUp, WakeUps, parse_vendor_bytes, parse_wake_up
from smsgateway.receiving.poller import Poller
from smsgateway.sending.dispatch import dispatch
from smsgateway.sending.work import Dispatcher, InFlightError
from smsgateway.settling.ingest import ingest
from smsgateway.settling.ingester import Ingester
from smsgateway.store.messages import load_payload
from smsgateway.store.recipients import all_rows
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import Item, Key, Table, from_wire
from smsgateway.watching.silence import watch
from smsgateway.watching.sweep import Sweeper, sweep
from tests.doubles.dynamo import FakeDynamoDB
from tests.doubles.expressions import WireItem
from tests.doubles.samples import samples
from tests.doubles.seam import AwsError, Crash, Seam, Seamed
from tests.doubles.vendors import Vendors
from tests.doubles.voices import pushes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

    from smsgateway.api.serving.api_keys import ApiKeys

START = 1_767_225_600_000  # 2026-01-01
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
VISIBILITY = 450 * SECOND  # template.yaml
DISPATCH_TIME = 75 * SECOND  # template.yaml
RETENTION = 90 * DAY // SECOND
FOREVER = 10**14
ROUNDS = 200  # of a clock that goes on until nothing is left to do

CLIENT = Client("tester", "administrator")


@lru_cache
def accounts_document(
    accounts: tuple[tuple[str, str, int], ...], route: tuple[str, ...] = (), report_window: int = 259_200
) -> str:
    """The accounts (name, vendor, recipients a request) as the secret has them, all on one route unless one is given.

    An unlisted code 777 of hbsmservice is about the moment, for its document has none that is.
    """
    entries = []
    for name, vendor, limit in accounts:
        options: dict[str, Any] = {**samples(vendor).OPTIONS, "report_window": report_window}
        if limit:
            options["recipients_per_request"] = limit
        if vendor == "hbsmservice":
            options["codes"] = {"777": "moment"}
        push = {"push": {"token": "t" * 40}} if pushes(vendor, "reports") else {}
        entry = {"name": name, "vendor": vendor, "base_url": f"http://{name}.example", "signature": "示例"}
        entries.append({**entry, "credentials": samples(vendor).CREDENTIALS, "options": options, **push})
    names = list(route or (name for name, _, _ in accounts))
    return json.dumps({"accounts": entries, "routes": [{"purpose": "*", "accounts": names}]})


@lru_cache
def accounts_cache(document: str) -> AccountsCache:
    return AccountsCache(lambda: document, lambda: 0.0)


@dataclass(frozen=True)
class Waiting:
    """A message in a queue."""

    at: int
    url: str
    body: str


@dataclass
class Queues:
    """An SQS client: every queue in one list, a message with the moment from which it can be received."""

    now: Callable[[], int]
    waiting: list[Waiting] = field(default_factory=list)

    def send_message(self, *, QueueUrl: str, MessageBody: str, DelaySeconds: int = 0) -> None:  # noqa: N803
        longest = 60 if QueueUrl == "urgent" else 900  # the alarm for passwords that wait; SQS
        assert 0 <= DelaySeconds <= longest, f"{DelaySeconds} s in {QueueUrl}"
        self.waiting.append(Waiting(self.now() + DelaySeconds * SECOND, QueueUrl, MessageBody))

    def send_message_batch(self, *, QueueUrl: str, Entries: Iterable[Mapping[str, Any]]) -> None:  # noqa: N803
        for entry in Entries:
            self.send_message(QueueUrl=QueueUrl, MessageBody=entry["MessageBody"], DelaySeconds=entry["DelaySeconds"])


class World:
    """Everything outside the gateway, and the ways into it. Times are epoch milliseconds."""

    def __init__(self, document: str, script: Sequence[str] = ("accepted",)) -> None:
        self.document = document
        self.now = START
        self.db = FakeDynamoDB()
        self.vendors = Vendors(script)
        self.called: list[int] = []  # when vendors were asked to send
        self.queues = Queues(lambda: self.now)
        self.parked: list[tuple[VendorBytes, str]] = []
        self.seed = 0
        self.retention = RETENTION
        self.block = BLOCK_ROOTS  # submissions under one partition key

    def copy(self) -> "World":
        other = World(self.document)
        other.now, other.seed, other.retention, other.block = self.now, self.seed, self.retention, self.block
        other.db, other.vendors = self.db.copy(), self.vendors.copy()
        other.called = list(self.called)
        other.queues.waiting, other.parked = list(self.queues.waiting), list(self.parked)
        return other

    # --- the gateway's functions

    @property
    def table(self) -> Table:
        return Table(cast("DynamoDBClient", self.db), "table", lambda: self.now)

    def settings(self) -> Settings:
        return accounts_cache(self.document).get()

    def _random(self) -> Random:
        """Random numbers of its own for each worker, the same in each run."""
        self.seed += 1
        return Random(self.seed)

    def _table(self, seam: Seam) -> Table:
        return Table(cast("DynamoDBClient", Seamed(self.db, seam)), "table", lambda: self.now)

    def _wake_ups(self, seam: Seam) -> WakeUps:
        return WakeUps(cast("SQSClient", Seamed(self.queues, seam)), "urgent", "bulk")

    def dispatcher(self, seam: Seam) -> Dispatcher:
        def call(account: Account, request: Request, seconds: float) -> Response:
            self.called.append(self.now)
            self.now += 100
            response: Response = seam.step("vendor", lambda: self.vendors.call(account, request, seconds))
            return response

        return Dispatcher(
            table=self._table(seam),
            wake_ups=self._wake_ups(seam),
            settings=self.settings,
            accounts=accounts_cache(self.document),
            call=call,
            now=lambda: self.now,
            sleep=self._sleep,
            random=self._random(),
            retention=self.retention,
        )

    def _sleep(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)

    def dispatch(self, wake_up: SubmissionKey | WakeUp, seam: Seam | None = None) -> bool:
        """A worker with this wake-up, as the function runs it. Whether the wake-up is done with."""
        if isinstance(wake_up, SubmissionKey):
            wake_up = WakeUp(wake_up)
        try:
            dispatch(self.dispatcher(seam or Seam()), wake_up, self.now + DISPATCH_TIME)
        except (Crash, AwsError, InFlightError):  # of the sandbox, or what the function reports as the batch's failure
            return False
        return True

    def accept(
        self, post: Post, seam: Seam | None = None, client: Client = CLIENT, until: int = 0
    ) -> tuple[int, dict[str, Any]]:
        """Raises what `send` would answer for, and Crash."""
        seam = seam or Seam()
        acceptor = Acceptor(
            table=self._table(seam),
            wake_ups=self._wake_ups(seam),
            settings=self.settings,
            now=lambda: self.now,
            random=self._random(),
            retention=self.retention,
            until=until,
            block=self.block,
        )
        return accept(acceptor, client, post)

    def sweep(self, seam: Seam | None = None) -> dict[str, int]:
        """One run; a failed item fails the test."""
        return sweep(self.sweeper(seam or Seam()))

    def cancel(self, message_id: str, seam: Seam | None = None) -> dict[str, Status] | None:
        """`DELETE /messages/{id}`: each recipient's status as the answer shows it, or None for 409. Raises Problem."""
        gateway = Gateway(
            table=self._table(seam or Seam()),
            accounts=accounts_cache(self.document),
            call=lambda *_: Response(200),
            keys=cast("ApiKeys", None),
            now=lambda: self.now,
            random=self._random(),
        )
        found = standing(gateway.table.get_many(standing_keys(message_id)), message_id)
        assert found
        whole = cancel_message.cancel(gateway, found.message)
        if whole is None:
            return None
        items, after = message_view.recipients_page(self.table, self.settings(), whole, ("", 0), 1000, self.now)
        assert after is None
        return {item["to"]: Status(item["status"]) for item in items}

    def watch(self, seam: Seam | None = None) -> None:
        """The sweep's look for vendors that have fallen silent."""
        sweeper = self.sweeper(seam or Seam())
        watch(sweeper, sweeper.until)

    def sweeper(self, seam: Seam) -> Sweeper:
        return Sweeper(
            table=self._table(seam),
            wake_ups=self._wake_ups(seam),
            settings=self.settings,
            now=lambda: self.now,
            failed=_not_swept,
            until=self.now + 5 * MINUTE,
            retention=self.retention,
        )

    def ingest(self, receipt: VendorBytes, seam: Seam | None = None, until: int | None = None) -> VendorBytes | None:
        """What is left when time is over. Raises what the function reports as the batch's failure, and Crash."""
        seam = seam or Seam()
        ingester = Ingester(
            table=self._table(seam),
            wake_ups=self._wake_ups(seam),
            settings=self.settings,
            park=lambda parked, problem: self.parked.append((parked, problem)),
            now=lambda: self.now,
            retention=self.retention,
            until=until,
        )
        return ingest(ingester, receipt)

    def poller(self, seam: Seam, call: Callable[[Account, Request, float], Response]) -> Poller:
        """`call` is a vendor that is asked, not sent to."""

        def store(body: str, _kind: Kind) -> None:
            seam.step("store", lambda: self.queues.send_message(QueueUrl="receipts", MessageBody=body))

        return Poller(
            table=self._table(seam),
            settings=self.settings,
            call=lambda account, request, seconds: seam.step("vendor", lambda: call(account, request, seconds)),
            store=store,
            now=lambda: self.now,
            sleep=self._sleep,
            random=self._random(),
            retention=self.retention,
        )

    # --- time

    def deliver(self) -> None:
        """Hand every message that can be received now to its function, once; what fails comes again later."""
        ready = [message for message in self.queues.waiting if message.at <= self.now]
        self.queues.waiting = [message for message in self.queues.waiting if message.at > self.now]
        for message in ready:
            if not self._handle(message):
                self.queues.waiting.append(replace(message, at=self.now + VISIBILITY))

    def _handle(self, message: Waiting) -> bool:
        if message.url in ("urgent", "bulk"):
            return self.dispatch(parse_wake_up(message.body))
        self.ingest(parse_vendor_bytes(message.body))
        return True

    def due(self) -> list[int]:
        return sorted(int(item["due_at"]["S"]) for item in self.db.items.values() if "due_at" in item)

    def settle(self, until: int | None = None) -> None:
        """Let the clock run until nothing is left to do, or until a moment."""
        for _ in range(ROUNDS):
            moments = [message.at for message in self.queues.waiting] + self.due()
            if not moments or (until is not None and min(moments) > until):
                self.now = max(self.now, until or 0)
                return
            self.now = max(self.now, min(moments))
            self.deliver()
            if self.due() and self.due()[0] <= self.now:
                self.sweep()
                self.now += MINUTE if self.due() and self.due()[0] <= self.now else 0  # until its next run
        raise AssertionError(f"still at work after {ROUNDS} rounds")

    # --- what has come of it

    def item(self, key: Key) -> Item:
        return from_wire(self.db.items[key])

    def items(self, prefix: str) -> list[Item]:
        """The items whose partition keys begin so."""
        return [from_wire(item) for (pk, _), item in sorted(self.db.items.items()) if pk.startswith(prefix)]

    def events(self) -> list[Event]:
        """What the stream has published since the world began."""

        def numbers(submission: StoredSubmission) -> dict[str, int]:
            if own := submission.payload():
                return dict.fromkeys(own.numbers, submission.segments)
            rows = {outcome.number: outcome.segments for outcome in all_rows(self.table, submission)}
            return {number: rows.get(number, 1) for number in load_payload(self.table, submission.key).numbers}

        read: dict[int, Item] = {}  # what is new in one change is old in the next

        def image(wire: WireItem | None) -> Item | None:
            if wire is None:
                return None
            if id(wire) not in read:
                read[id(wire)] = from_wire(wire)
            return read[id(wire)]

        events: list[Event] = []
        for old, new in self.db.stream:
            events += events_of(image(old), image(new), numbers, self.now)
        return events


def _not_swept(key: Key, error: Exception) -> None:
    raise AssertionError(f"sweep failed on {key[1]}") from error


def numbers(count: int) -> tuple[str, ...]:
    """Different mobile numbers."""
    return tuple(f"138{index:08d}" for index in range(count))


def post(*to: str, **fields: Any) -> Post:
    """A notice of one text to some numbers."""
    return Post(**{"purpose": "notice", "to": to, "text": "您好", **fields})


def personal_post(*to: str, **fields: Any) -> Post:
    """A notice with a text of its own for each number."""
    entries = tuple(PersonalPost(number, text=f"您好{index % 3}") for index, number in enumerate(to))
    return Post(**{"purpose": "notice", "personal": entries, **fields})


def begun(document: str, count: int, *script: str, **fields: object) -> tuple[World, SubmissionKey]:
    """A world that has accepted one message of one submission, whose wake-up has been received."""
    world = World(document, script or ("accepted",))
    world.accept(post(*numbers(count), **fields))
    (wake_up,) = world.queues.waiting
    world.queues.waiting.clear()
    return world, parse_wake_up(wake_up.body).key


def sizes(world: World, account: str) -> list[int]:
    """How many numbers each request to an account had."""
    return [len(seen.numbers) for seen in world.vendors.seen if seen.account == account]
