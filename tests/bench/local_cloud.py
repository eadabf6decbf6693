"""End to end on the local cloud: emulated AWS, functions, vendors and this client on the same processors.

So the rates say what the machine carries, not what AWS does; the ratios say whether one message waits for another.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import count
from pathlib import Path
from statistics import quantiles
from threading import Event
from typing import Any

from tests.bench.table import Row
from tests.local.api import Api
from tests.local.running import World, local_world
from tests.local.simulators import accounts_document
from tests.simulators.client import ControlClient

OTP = {"text": "您的验证码是482913，5分钟内有效。", "signature": "示例", "purpose": "otp"}
NOTICE = {"text": "您的包裹已到", "signature": "示例", "purpose": "notice"}
PASSWORDS = 200  # at once
CLIENTS = 4
SAMPLES = 200  # one-time passwords, one after the other
HANGING = 6  # one-time passwords to the vendor that hangs: for three workers what 100 are for 50
HANGS = 45.0  # seconds, within the timeout of its account: longer than all samples take
PUSHES = 20  # of 100 reports
BROADCAST = 50_000
PATIENCE = 900.0  # seconds
OTP_ACCOUNT, BULK_ACCOUNT, HANGING_ACCOUNT = "hb-1", "hb-1", "ly-1"


@dataclass(frozen=True)
class Samples:
    """Seconds."""

    passwords: Sequence[float]  # from acceptance to the vendor
    reads: Sequence[float]  # of the emulated table


@dataclass
class Bench:
    world: World
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def api(self) -> Api:
        return Api(self.world.stack.api_url, self.world.stack.api_key)

    @cached_property
    def database(self) -> Any:
        return self.world.stack.client("dynamodb")

    @property
    def vendors(self) -> ControlClient:
        return self.world.simulators.control

    def number(self) -> str:
        """One that nobody had, and that gets everything delivered."""
        return f"199{next(self._numbers):08d}"

    def post(self, to: Sequence[str], account: str, **body: Any) -> str:
        answer = self.api.post("/messages", {"to": list(to), "account": account, **body})
        if answer.status != 202:
            raise RuntimeError(f"not accepted: {answer.status} {answer.body}")
        return str(answer.body["id"])

    def delivered(self, message_id: str) -> int:
        answer = self.api.get(f"/messages/{message_id}?limit=1")
        return int(answer.body["counts"].get("delivered", 0)) if answer.status == 200 else 0

    def otp_seconds(self) -> float:
        """From the 202 to the vendor's having it; nothing, when it was there before the answer was read."""
        number = self.number()
        self.post([number], OTP_ACCOUNT, **OTP)
        accepted = time.time()
        (message,) = self.vendors.wait_for_messages(1, 120, number=number)
        return max(0.0, datetime.fromisoformat(message["at"]).timestamp() - accepted)

    def read_seconds(self) -> float:
        """What the emulator itself takes for one read of the table."""
        begun = time.monotonic()
        self.database.get_item(TableName=self.world.stack.table, Key={"pk": {"S": "none"}, "sk": {"S": "none"}})
        return time.monotonic() - begun

    def sample(self) -> Samples:
        """A one-time password, and a read beside it."""
        return Samples(*zip(*((self.otp_seconds(), self.read_seconds()) for _ in range(SAMPLES)), strict=True))

    def configure(self) -> None:
        """By default a vendor that hangs gets 20 of 50 workers, and its breaker opens when the first five have failed.

        There are three workers here: one, and the first. Its first call outlasts the samples beside it.
        """
        document = accounts_document(self.world.simulators)
        (hanging,) = (entry for entry in document["accounts"] if entry["name"] == HANGING_ACCOUNT)
        hanging["options"] = hanging["options"] | {"in_flight": 1, "breaker_failures": 1, "timeout": 50}
        self.world.stack.write_accounts(document)

    def run_schedules(self) -> None:
        """What comes every minute, once: beside a measurement, a dozen processes would start for the first time."""
        functions, name = self.world.stack.client("lambda"), self.world.stack.stack_name
        functions.invoke(FunctionName=f"{name}-sweep", Payload=b"{}")
        answer = functions.invoke(FunctionName=f"{name}-poll", Payload=b"{}")
        started = json.loads(answer["Payload"].read())["started"]
        wait(lambda: self.polled() >= started, "the first polls")

    def polled(self) -> int:
        """The accounts' polls, of each kind, that were made and are not going on."""
        found = self.database.scan(
            TableName=self.world.stack.table,
            FilterExpression="begins_with(sk, :poll) AND attribute_not_exists(leased_until)",
            ExpressionAttributeValues={":poll": {"S": "poll#"}},
        )
        return int(found["Count"])

    def a_call_hangs(self) -> bool:
        """Whether the gateway has noticed it."""
        key = {"pk": {"S": f"account#{HANGING_ACCOUNT}"}, "sk": {"S": "calls"}}
        found = self.database.get_item(TableName=self.world.stack.table, Key=key)
        return "slow" in found.get("Item", {})

    def receipts_waiting(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        sqs, queues = self.world.stack.client("sqs"), self.world.stack.queues
        urls = [queues[name] for name in ("receipts", "replies")]
        found = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"] for url in urls]
        return sum(int(counts[name]) for counts in found for name in names)


def wait(condition: Callable[[], bool], what: str, every: float = 0.05) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {PATIENCE:g} s")
        time.sleep(every)


def percentiles(samples: Sequence[float]) -> tuple[float, float, float]:
    """p50, p95, p99."""
    cuts = quantiles(samples, n=100, method="inclusive")
    return cuts[49], cuts[94], cuts[98]


def _against(when: str, busy: Samples, idle: Samples, most: float) -> Iterator[Row]:
    """The ratio, and how much of it is the machine's: a read of the emulator waits for nobody of ours."""
    yield _spread(f"an OTP {when}", busy.passwords)
    yield Row("its p95 against idle", _p95(busy.passwords) / _p95(idle.passwords), "×", most)
    yield Row(
        "beside it, the p95 of one read of the emulated table against idle", _p95(busy.reads) / _p95(idle.reads), "×"
    )


def _p95(samples: Sequence[float]) -> float:
    return percentiles(samples)[1]


def _spread(what: str, samples: Sequence[float]) -> Row:
    shown = " / ".join(f"{seconds * 1000:.0f}" for seconds in percentiles(samples))
    return Row(f"{what}, p50 / p95 / p99", shown, "ms")


def rows() -> Iterator[Row]:
    with local_world("bench") as world, watched_memory() as largest:
        bench = Bench(world)
        bench.configure()
        list(_accepted(bench))  # until every worker is warm
        bench.run_schedules()
        yield from _accepted(bench)
        idle = bench.sample()
        yield _spread("an OTP from its acceptance to the vendor, idle", idle.passwords)
        yield from _pushed(bench)
        yield from _beside_a_broadcast(bench, idle)
        yield from _beside_a_hanging_vendor(bench, idle)
        yield Row("memory of the largest function process", largest[0] / 1_000_000, "MB")


def _accepted(bench: Bench) -> Iterator[Row]:
    took: list[float] = []

    def post(_: int) -> None:
        begun = time.monotonic()
        bench.post([bench.number()], OTP_ACCOUNT, **OTP)
        took.append(time.monotonic() - begun)

    begun, before = time.monotonic(), bench.vendors.message_count()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(post, range(PASSWORDS)))
    yield Row(f"OTPs accepted a second, {CLIENTS} clients", PASSWORDS / (time.monotonic() - begun))
    yield _spread("one `POST /messages` under that load", took)
    wait(lambda: bench.vendors.message_count() - before >= PASSWORDS, "one-time passwords at the vendor")
    yield Row("OTPs at the vendor a second", PASSWORDS / (time.monotonic() - begun))
    bench.vendors.wait_until_idle(PATIENCE)
    wait(lambda: bench.receipts_waiting() == 0, "an empty receipt queue")


def _pushed(bench: Bench) -> Iterator[Row]:
    """One push of 100 reports at a time, from the vendor's acknowledgement until all are delivered."""
    took = []
    for _ in range(PUSHES):
        pushed = len(bench.vendors.pushes(account=BULK_ACCOUNT, limit=1_000_000))
        message_id = bench.post([bench.number() for _ in range(100)], BULK_ACCOUNT, **NOTICE)
        wait(
            lambda before=pushed: len(bench.vendors.pushes(account=BULK_ACCOUNT, limit=1_000_000)) > before,  # type: ignore[misc]
            "a push",
            0.005,
        )
        begun = time.monotonic()
        wait(lambda sent=message_id: bench.delivered(sent) == 100, "100 reports", 0.005)  # type: ignore[misc]
        took.append(time.monotonic() - begun)
    yield _spread("100 reports of one push, acknowledged until visible", took)
    yield Row("their p95", _p95(took), "s", most=1.0)


def _beside_a_hanging_vendor(bench: Bench, idle: Samples) -> Iterator[Row]:
    bench.vendors.script("hang_before", vendor="langyu", operation="send", times=1000, seconds=HANGS)
    begun = time.monotonic()
    bench.post([bench.number()], HANGING_ACCOUNT, **OTP)
    wait(bench.a_call_hangs, "a call that hangs")
    for _ in range(HANGING - 1):
        bench.post([bench.number()], HANGING_ACCOUNT, **OTP)
    busy = bench.sample()
    took = time.monotonic() - begun
    yield from _against("while another vendor hangs", busy, idle, 1.5)
    yield Row(f"all of that took, of the {HANGS:g} s for which one call hung", took, "s", most=HANGS)


def _beside_a_broadcast(bench: Bench, idle: Samples) -> Iterator[Row]:
    numbers = [bench.number() for _ in range(BROADCAST)]
    before = bench.vendors.message_count(account=BULK_ACCOUNT)
    begun = time.monotonic()
    bench.post(numbers, BULK_ACCOUNT, **NOTICE)
    yield Row(f"accepting {BROADCAST:,} numbers", time.monotonic() - begun, "s")
    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(bench.sample)
        wait(
            lambda: bench.vendors.message_count(account=BULK_ACCOUNT) - before >= BROADCAST,
            "the broadcast at the vendor",
            0.2,
        )
        yield Row("recipients submitted a second", BROADCAST / (time.monotonic() - begun))
        yield from _against("during the broadcast", busy.result(), idle, 2.0)
    bench.vendors.wait_until_idle(PATIENCE)
    wait(lambda: bench.receipts_waiting() == 0, "an empty receipt queue", 0.5)
    yield Row("reports applied a second, from the first submission on", BROADCAST / (time.monotonic() - begun))


# Memory


@contextmanager
def watched_memory() -> Iterator[list[int]]:
    """The peak resident bytes of the largest function process, as the block goes on."""
    largest, done = [0], Event()

    def watch() -> None:
        while not done.wait(1.0):
            largest[0] = max(largest[0], _largest_worker())

    with ThreadPoolExecutor(1) as pool:
        pool.submit(watch)
        try:
            yield largest
        finally:
            done.set()


def _largest_worker() -> int:
    """Among our descendants, those that the emulator started: the functions' workers."""
    parents = {pid: parent for pid in _processes() if (parent := _status(pid, "PPid"))}
    return max((_status(pid, "VmHWM") * 1024 for pid in parents if _depth(pid, parents) >= 3), default=0)


def _depth(pid: int, parents: dict[int, int]) -> int:
    """Steps from this process down to that one: leash, emulator, worker. 0 for what is not ours."""
    steps = 0
    while pid in parents and pid != os.getpid():
        pid, steps = parents[pid], steps + 1
    return steps if pid == os.getpid() else 0


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _status(pid: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:  # it has ended
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)
