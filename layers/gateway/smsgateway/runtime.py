"""What a function's process holds between calls: clients, the table, the accounts. Each is made when first needed.

Nobody else reads the environment (`os.environ`).
"""

import gc

# Loading modules makes objects that stay, and no garbage; the collector looks through them time and again, for a tenth
# of a cold start. So it rests until the last import below, and later leaves alone what was there by then. Whichever
# function somebody waits for imports this module before anything large.
gc.disable()

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from random import SystemRandom
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
from botocore.config import Config

from smsgateway.clock import Millis, lasting
from smsgateway.config.cache import AccountsCache
from smsgateway.config.environment import Environment
from smsgateway.model import Account, Kind, Request, Response
from smsgateway.queues import Source, WakeUps

gc.freeze()
gc.enable()

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger
    from mypy_boto3_sqs import SQSClient

    from smsgateway.store.table import Item, Key, Table


class Limits(NamedTuple):
    """The limits of a call to AWS: seconds to connect, seconds to wait for the answer, and how often it is tried."""

    connect: float
    read: float
    tries: int

    @property
    def seconds(self) -> float:
        """How long a call takes at most: the SDK's standard mode pauses before the n-th repetition, up to 2^(n-1) s."""
        return self.tries * (self.connect + self.read) + (1 << self.tries - 1) - 1

    @property
    def config(self) -> Config:
        """The limits as boto3 takes them."""
        retries: Any = {"mode": "standard", "total_max_attempts": self.tries}
        return Config(connect_timeout=self.connect, read_timeout=self.read, retries=retries)


# By who waits for the function's answer: the limits of calls for secrets, and of all other calls. A call that hangs
# must fail within the function's own limit, because the function's answer is better than API Gateway's own.
# tests/unit/test_runtime.py adds them up.
LIMITS: Mapping[str, tuple[Limits, Limits]] = {
    "queue": (Limits(1, 2, 2), Limits(0.5, 3, 4)),
    "client": (Limits(0.5, 2, 1), Limits(0.5, 1.8, 3)),
    "vendor": (Limits(0.5, 2, 1), Limits(0.5, 1.4, 2)),
}
# Of calls that make or delete API Gateway's keys: they are slow, and a second try would make a second key.
KEYS_LIMITS = Limits(0.5, 3.5, 1)
CLIENT_CONFIG = LIMITS["queue"][1].config


def client_config() -> Config:
    """The limits of this function's calls to AWS, but for those for secrets."""
    return LIMITS[environment().caller][1].config


def secrets_config() -> Config:
    """The limits of this function's calls for secrets.

    They are short, because somebody waits for a cold start, and a refusal waits while a secret is read once more.
    """
    return LIMITS[environment().caller][0].config


@cache
def environment() -> Environment:
    """The environment's variables."""
    return Environment(os.environ)


@cache
def logger() -> "Logger":
    """The logger, loaded when somebody first logs: nothing is logged of a message or a push that goes well."""
    from aws_lambda_powertools import Logger  # noqa: PLC0415

    return Logger()


@cache
def table() -> "Table":
    """The table. It is loaded when it is first needed: `webhook` needs none, and a vendor waits for it."""
    from smsgateway.store.table import Table  # noqa: PLC0415  as said above
    from smsgateway.store.write_pace import FilingPace  # noqa: PLC0415

    def failed(codes: Mapping[str, int]) -> None:
        logger().error("statements of a batch failed", codes=codes)

    return Table(
        boto3.client("dynamodb", config=client_config()), environment().table_name, now_ms, failed, FilingPace()
    )


@cache
def sqs() -> "SQSClient":
    """The client of SQS."""
    return boto3.client("sqs", config=client_config())


@cache
def wake_ups() -> WakeUps:
    """The two queues into `dispatch`."""
    return WakeUps(sqs(), environment().urgent_queue_url, environment().bulk_queue_url)


@cache
def lasting_clock() -> Callable[[], float]:
    """The clock of all that is kept between calls, in seconds (clock.py, `lasting`)."""
    return lasting(time.time, time.monotonic)


@cache
def accounts_cache() -> AccountsCache:
    """The accounts in use, from the secret."""
    secrets = boto3.client("secretsmanager", config=secrets_config())

    def fetch(stage: str) -> str:
        return secrets.get_secret_value(SecretId=environment().accounts_secret, VersionStage=stage)["SecretString"]

    return AccountsCache(
        lambda: fetch("AWSCURRENT"),
        lasting_clock(),
        previous=lambda: fetch("AWSPREVIOUS"),
        allow_loopback=environment().allow_loopback_vendors,
    )


@cache
def noted_pushes() -> "dict[Key, Item]":
    """What this process has noted of vendors' pushes (store/accounts.py, `seen_push`)."""
    return {}


@cache
def randomness() -> SystemRandom:
    """The source of random numbers: the operating system's, so that nobody can guess an id."""
    return SystemRandom()


def now_ms() -> Millis:
    """The time now, by the wall clock."""
    return time.time_ns() // 1_000_000


def retention_seconds() -> int:
    """How many seconds texts and numbers are kept."""
    return environment().retention_days * 86_400


def vendor_call(call: Callable[..., Response]) -> Callable[[Account, Request, float], Response]:
    """The function that makes a vendor call for an account, in so many seconds at most: `transport.call`.

    It may call a vendor on this machine only if the stack allows it, for the simulators. `call` is an argument so that
    functions that call no vendor need not load the transport.
    """
    allow_loopback = environment().allow_loopback_vendors
    return lambda _account, request, seconds: call(request, deadline=seconds, allow_loopback=allow_loopback)


def vendor_bytes_store() -> Callable[[str, Kind], None]:
    """The function that puts a body of vendor bytes into the queue of its kind.

    Replies have a queue of their own, so that they do not wait behind the reports of a broadcast.
    """
    client, of_reports, of_replies = sqs(), environment().receipt_queue_url, environment().reply_queue_url

    def store(body: str, kind: Kind) -> None:
        client.send_message(QueueUrl=of_replies if kind == "inbound" else of_reports, MessageBody=body)

    return store


@cache
def sent_notes() -> "dict[tuple[str, Kind, Source], Millis]":
    """When this process last put a note of a push that was not stored (receiving/push.py)."""
    return {}


@contextmanager
def only_its_type() -> Iterator[None]:
    """Raise RuntimeError with the type of an exception in place of the exception itself.

    Lambda logs what a handler raises, and the text of an exception may hold a number or a secret.
    """
    try:
        yield
    except Exception as error:
        raise RuntimeError(f"failed with {type(error).__name__}") from None
