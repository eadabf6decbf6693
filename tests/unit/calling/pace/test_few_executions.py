"""An AWS account with few executions: a broadcast, a vendor that hangs, and the pushes of others, beside passwords.

Whatever the stack's parameters are, nothing is lost, doubled or a dead letter by throttling. What they do is to keep
room for those who wait for an answer.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import pytest

from smsgateway.accepting.post import Post
from smsgateway.errors import AmbiguousError
from smsgateway.model import Account, Request, Response
from tests.doubles.pace.cloud import SECOND, Cloud, Received
from tests.doubles.pace.lambdas import Executions, ThrottledError, read
from tests.tools.template import TEMPLATE

HANGING, WELL = "hb-1", "ic-1"
BROADCAST, PUSHES, PASSWORDS = 60, 120, 60  # a recipient a request; two pushes and a password a second
LENGTH = 400 * SECOND
DEFAULT = {
    name: int(TEMPLATE["Parameters"][name]["Default"])
    for name in ("UrgentConcurrency", "BulkConcurrency", "ReceiptConcurrency")
}
SMALL = dict.fromkeys(DEFAULT, 2)


class Hanging(Cloud):
    """A cloud in which one account's vendor takes every request, and answers none."""

    def call(self, account: Account, request: Request, seconds: float) -> Response:
        answer = super().call(account, request, seconds)
        if account.name == HANGING:
            self.clock.sleep(seconds * SECOND)
            raise AmbiguousError("no answer in time")
        return answer


@dataclass
class Run:
    cloud: Cloud
    executions: Executions
    refused: Counter[str] = field(default_factory=Counter)  # pushes and posts that got an error, by function
    ingested: Counter[str] = field(default_factory=Counter)

    def called(self, function: str, work: Callable[[], object], repeat: float) -> None:
        """A caller who repeats what got an error (API Gateway's, with 500) after so many seconds."""
        while True:
            try:
                self.executions.run(function, work)
            except ThrottledError:
                self.refused[function] += 1
                self.cloud.clock.sleep(repeat * SECOND)
            else:
                return

    def push(self, body: str) -> None:
        def webhook() -> None:
            self.cloud.clock.sleep(30)
            self.cloud.receipts.send_message(QueueUrl="receipts", MessageBody=body)

        self.called("webhook", webhook, 5)

    def password(self, number: str) -> None:
        post = Post(purpose="otp", to=(number,), text="验证码1234", account=WELL, idempotency_key=number, body_hash="1")
        self.called("send", lambda: self.cloud.accept(post, self.cloud.table(tries=3)), 1)

    def process(self) -> Callable[[Received], float | None]:
        """One of `dispatch`."""
        return partial(self.cloud.dispatch, self.cloud.dispatcher())

    def ingest(self, message: Received) -> None:
        self.cloud.clock.sleep(200)
        self.ingested[message.body] += 1

    def every(self, milliseconds: float, count: int, call: Callable[[str], None], prefix: str) -> None:
        for index in range(count):
            self.cloud.clock.start(partial(call, f"{prefix}{index:07d}"))
            self.cloud.clock.sleep(milliseconds)


def ran(limit: int, parameters: Mapping[str, int], reserved: Mapping[str, int]) -> Run:
    options = {name: {"recipients_per_request": 1} for name in (HANGING, WELL)}
    cloud = Hanging(options=options)
    run = Run(cloud, Executions(limit, reserved))
    for account, prefix in ((HANGING, "1990"), (WELL, "1991")):
        numbers = tuple(f"{prefix}{index:07d}" for index in range(BROADCAST))
        cloud.accept(Post(purpose="marketing", to=numbers, text="您好", account=account))
    for name, queue in (("UrgentConcurrency", "urgent"), ("BulkConcurrency", "bulk")):
        read(cloud, run.executions, "dispatch", cloud.queues[queue], parameters[name], run.process)
    read(cloud, run.executions, "ingest", cloud.receipts, parameters["ReceiptConcurrency"], lambda: run.ingest)
    cloud.clock.start(partial(run.every, 500, PUSHES, run.push, "push"), SECOND)
    cloud.clock.start(partial(run.every, 1000, PASSWORDS, run.password, "1992"), SECOND)
    cloud.run(LENGTH)
    return run


RUNS = {
    "ten, as the template is": (10, DEFAULT, {}),
    "ten, and few readers": (10, SMALL, {}),
    "more, and some reserved": (120, DEFAULT, {"webhook": 10, "send": 10}),
}


@pytest.fixture(scope="module", params=RUNS)
def case(request: pytest.FixtureRequest) -> tuple[str, Run]:
    return request.param, ran(*RUNS[request.param])


def test_nothing_is_lost_or_doubled_or_a_dead_letter(case: tuple[str, Run]) -> None:
    _, run = case
    assert run.executions.most <= run.executions.limit
    assert run.ingested == {f"push{index:07d}": 1 for index in range(PUSHES)}
    sent = Counter(message.number for message in run.cloud.engine.messages(lambda _message: True))
    assert set(sent.values()) == {1}
    assert sum(number.startswith("1991") for number in sent) == BROADCAST
    assert sum(number.startswith("1992") for number in sent) == PASSWORDS
    assert [queue.dead for queue in (*run.cloud.queues.values(), run.cloud.receipts)] == [[], [], []]
    assert not run.cloud.failures


def test_parameters_keep_room_for_those_who_wait(case: tuple[str, Run]) -> None:
    """GIVEN ten executions and the template's readers THEN pushes and posts get errors in their place, and are taken
    when they are repeated; fewer readers, or reservations where the account is large enough for them, spare them
    that."""
    name, run = case
    if name == "ten, as the template is":
        assert run.refused["webhook"] > 0
        assert run.refused["send"] > 0
    else:
        assert not run.refused
