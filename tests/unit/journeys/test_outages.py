"""Hours without SQS, without DynamoDB, or with a DynamoDB that throttles at random.

What was accepted is sent, once, and what a vendor said is applied, whatever was tried meanwhile.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any, cast

import pytest

from smsgateway.accepting.post import Post
from smsgateway.model import Account, Kind, Push, Request, Response, State, Status
from smsgateway.queues import WakeUps, vendor_bytes_body
from smsgateway.receiving.push import PushReceiver, take_push
from smsgateway.store.submissions import load_submission
from smsgateway.store.table import Key, Table
from smsgateway.watching.sweep import Sweeper
from tests.doubles import invariants
from tests.doubles.dynamo import CALLS
from tests.doubles.receipts import report_of
from tests.doubles.seam import AwsError, Seam, Seamed
from tests.doubles.world import (
    HOUR,
    MINUTE,
    SECOND,
    VISIBILITY,
    Waiting,
    World,
    accounts_document,
    begun,
    numbers,
    post,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

MOST_RECEIVES = 10  # template.yaml
OUTAGE = 2 * HOUR
READS = frozenset({"get_item", "batch_get_item", "query"})
TABLE = frozenset(CALLS)
QUEUES = frozenset({"send_message", "send_message_batch"})
DOCUMENT = accounts_document((("ly", "langyu", 0), ("qx", "qixintong", 0), ("ic", "infocloud", 0)))

# What fails, given a call's name and a random number.
TROUBLES: dict[str, Callable[[str, float], bool]] = {
    "no queues": lambda call, _: call in QUEUES,
    "no table": lambda call, _: call in TABLE,
    "no writes": lambda call, _: call in TABLE - READS,
    "throttled": lambda call, chance: call in TABLE and chance < 0.3,
    "nothing": lambda call, _: call in TABLE | QUEUES,
}


class Failing:
    """A client some of whose calls fail before they do anything, once the SDK has given up."""

    def __init__(self, client: Any, fails: Callable[[str], bool]) -> None:
        self._client, self._fails = client, fails
        self.exceptions = getattr(client, "exceptions", None)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)

        def call(**request: Any) -> Any:
            if self._fails(name):
                raise AwsError
            return method(**request)

        return call


class Troubled(World):
    """A world in which AWS can fail for as long as we want, with queues that give up a message after ten tries."""

    def __init__(self, document: str, script: tuple[str, ...] = ("accepted",)) -> None:
        super().__init__(document, script)
        self.trouble: Callable[[str, float], bool] | None = None
        self.chance = Random(7)
        self.receives: Counter[str] = Counter()
        self.dead: list[Waiting] = []
        self.not_swept = 0

    def fails(self, call: str) -> bool:
        return self.trouble is not None and self.trouble(call, self.chance.random())

    def _table(self, seam: Seam) -> Table:
        return Table(cast("DynamoDBClient", Seamed(Failing(self.db, self.fails), seam)), "table", lambda: self.now)

    def _wake_ups(self, seam: Seam) -> WakeUps:
        return WakeUps(cast("SQSClient", Seamed(Failing(self.queues, self.fails), seam)), "urgent", "bulk")

    def sweeper(self, seam: Seam) -> Sweeper:
        made = super().sweeper(seam)

        def failed(_key: Key, error: Exception) -> None:
            assert isinstance(error, AwsError)
            self.not_swept += 1

        return replace(made, failed=failed)

    def deliver(self) -> None:
        if self.fails("send_message"):
            return  # who cannot send cannot receive
        super().deliver()

    def _handle(self, message: Waiting) -> bool:
        try:
            done = super()._handle(message)
        except AwsError:
            done = False
        self.receives[message.body] += not done
        if self.receives[message.body] < MOST_RECEIVES:
            return done
        del self.receives[message.body]
        self.dead.append(message)
        return True

    def minute(self) -> None:
        """What a minute brings: wake-ups, and a sweep that may fail."""
        self.now += MINUTE
        self.deliver()
        try:
            self.sweep()
        except AwsError:
            self.not_swept += 1

    def pushed(self, account: str, kind: Kind, body: bytes) -> int:
        """What the webhook answers to a vendor's push."""
        queues: Any = Failing(self.queues, self.fails)
        receiver = PushReceiver(
            self.settings,
            lambda stored, _kind: queues.send_message(QueueUrl="receipts", MessageBody=stored),
            lambda: self.now,
        )
        return take_push(receiver, account, "t" * 40, kind, Push("POST", (), {}, body), "203.0.113.1").status

    def redrive(self) -> None:
        """Put parked receipts back, as functions/README.md says; dead wake-ups need nothing."""
        back, self.dead = self.dead, []
        for message in back:
            if message.url == "receipts":
                self.queues.send_message(QueueUrl="receipts", MessageBody=message.body)


def report_everything(world: Troubled, told: set[str]) -> None:
    """The vendors push, or are polled for, a delivery of every text; what is not acknowledged they push again."""
    for seen in world.vendors.seen:
        for index, number in enumerate(seen.numbers):
            if number in told or not seen.possible:
                continue
            receipt = report_of(world, seen.account, seen.ids[index % len(seen.ids)], number)
            if receipt.source == "push":
                status = world.pushed(seen.account, "reports", receipt.body)
                assert status in (200, 503)
                told |= {number} if status == 200 else set()
            elif not world.fails("send_message"):  # a poll keeps what it cannot store: see test_poll.py
                world.queues.send_message(QueueUrl="receipts", MessageBody=vendor_bytes_body(receipt))
                told.add(number)


def posts() -> list[Post]:
    """A message of each layout to each vendor, no number twice."""
    every = iter(numbers(100))

    def some(count: int) -> list[str]:
        return [next(every) for _ in range(count)]

    return [
        post(*some(count), account=account, idempotency_key=f"{account}{count}{turn}", body_hash="h")
        for turn in range(2)
        for account in ("ly", "qx", "ic")
        for count in (1, 3)
    ]


def tried(world: Troubled, given: Post) -> str | None:
    """The id in the answer, if there is one."""
    try:
        return str(world.accept(given)[1]["id"])
    except AwsError:
        return None


@pytest.mark.parametrize("name", TROUBLES)
def test_hours_of_trouble_lose_nothing_and_send_nothing_twice(name: str) -> None:
    """GIVEN messages accepted before an outage of two hours, and tried during it WHEN it is over, the client repeats
    what was not answered and parked receipts are put back THEN every text was sent once, every report is applied, and
    every fact is on the bus."""
    world, told = Troubled(DOCUMENT), set[str]()
    before, later = posts()[:6], posts()[6:]
    accepted = {given.idempotency_key: tried(world, given) for given in before}
    assert None not in accepted.values()
    world.deliver()
    assert world.vendors.seen
    world.trouble = TROUBLES[name]
    for minute in range(OUTAGE // MINUTE):
        world.minute()
        report_everything(world, told)
        if minute % 15 == 0:
            accepted |= {given.idempotency_key: tried(world, given) for given in later}
    world.trouble = None
    world.redrive()
    for given in later:
        answer = tried(world, given)
        assert accepted[given.idempotency_key] in (None, answer)
        accepted[given.idempotency_key] = answer
    for _ in range(30):
        world.minute()
        report_everything(world, told)
    world.settle()
    for given in before + later:
        message_id = accepted[given.idempotency_key]
        assert message_id
        invariants.check_never_twice(world, given.to)
        found = invariants.check_ended(world, message_id, given.to)
        invariants.check_truth(world, found)
        assert set(found.values()) == {Status.DELIVERED}
        invariants.check_events(world, message_id, found)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(("seconds", "expected"), [(20, State.SUBMITTED), (600, State.UNCONFIRMED)])
def test_an_outcome_waits_for_the_table_as_long_as_its_worker_may(seconds: int, expected: State, count: int) -> None:
    """GIVEN a table that goes away while the vendor is asked WHEN it is back within the worker's time THEN what the
    vendor answered is written; WHEN it is not THEN nobody knows, and nothing is sent again."""
    origin, key = begun(accounts_document((("ly", "langyu", 0),)), count)
    world = Troubled(origin.document)
    world.db, world.now, world.seed = origin.db, origin.now, origin.seed
    prompt, back_at = world.vendors.call, 0

    def call(account: Account, request: Request, timeout: float) -> Response:
        nonlocal back_at
        back_at = world.now + seconds * SECOND
        world.trouble = lambda name, _: name in TABLE and world.now < back_at
        return prompt(account, request, timeout)

    world.vendors.call = call  # type: ignore[method-assign]
    world.dispatch(key)
    world.now = max(world.now, back_at)
    world.settle(world.now + VISIBILITY + 10 * MINUTE)
    submission = load_submission(world.table, key)
    assert submission is not None
    assert submission.state == expected
    invariants.check_never_twice(world, numbers(count))


def test_wake_ups_that_the_queue_took_in_part_are_swept() -> None:
    """GIVEN a queue that fails some entries of a batch WHEN a broadcast is accepted THEN all of it is sent."""
    world = World(accounts_document((("main", "langyu", 1),)))
    take = world.queues.send_message_batch

    def some(*, QueueUrl: str, Entries: Any) -> Any:  # noqa: N803
        take(QueueUrl=QueueUrl, Entries=[entry for entry in Entries if int(entry["Id"]) % 3])
        return {"Failed": [{"Id": entry["Id"]} for entry in Entries if not int(entry["Id"]) % 3]}

    world.queues.send_message_batch = some  # type: ignore[method-assign]
    _, answer = world.accept(post(*numbers(25)))
    assert len(world.queues.waiting) == 15
    world.settle()
    invariants.check_never_twice(world, numbers(25))
    assert set(invariants.check_ended(world, answer["id"], numbers(25)).values()) == {Status.UNKNOWN}
    assert sorted(number for seen in world.vendors.seen for number in seen.numbers) == list(numbers(25))
