"""What a function's process holds between calls: clients, the table, the accounts. Each is made when first needed."""

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
    """Of a call of AWS: seconds to connect and to wait for the answer, and how often it is tried."""

    connect: float
    read: float
    tries: int

    @property
    def seconds(self) -> float:
        """What a call takes at most: before the n-th repetition the SDK's standard mode pauses for up to 2^(n-1)."""
        return self.tries * (self.connect + self.read) + (1 << self.tries - 1) - 1

    @property
    def config(self) -> Config:
        retries: Any = {"mode": "standard", "total_max_attempts": self.tries}
        return Config(connect_timeout=self.connect, read_timeout=self.read, retries=retries)


# By who waits for the function's answer: of secrets, and of all else. What hangs must have failed within the function's
# own limit, for what it then answers is better than what API Gateway does: tests/unit/test_runtime.py adds them up.
LIMITS: Mapping[str, tuple[Limits, Limits]] = {
    "queue": (Limits(1, 2, 2), Limits(0.5, 3, 4)),
    "client": (Limits(0.5, 2, 1), Limits(0.5, 1.8, 3)),
    "vendor": (Limits(0.5, 2, 1), Limits(0.5, 1.4, 2)),
}
# Of API Gateway's own interface, which is slow, and would make another key at a second try.
KEYS_LIMITS = Limits(0.5, 3.5, 1)
CLIENT_CONFIG = LIMITS["queue"][1].config


def client_config() -> Config:
    return LIMITS[environment().caller][1].config


def secrets_config() -> Config:
    """A refusal is unwritten while the secret is read once more, and somebody waits for a cold start: no long wait."""
    return LIMITS[environment().caller][0].config


@cache
def environment() -> Environment:
    return Environment(os.environ)


@cache
def logger() -> "Logger":
    """Loaded for those who have something to say: the way of a message or a push that goes well is not logged."""
    from aws_lambda_powertools import Logger  # noqa: PLC0415

    return Logger()


@cache
def table() -> "Table":
    from smsgateway.store.table import Table  # noqa: PLC0415  `webhook` needs no table, and a vendor waits for it
    from smsgateway.store.write_pace import FilingPace  # noqa: PLC0415  as below

    def failed(codes: Mapping[str, int]) -> None:
        logger().error("statements of a batch failed", codes=codes)

    return Table(
        boto3.client("dynamodb", config=client_config()), environment().table_name, now_ms, failed, FilingPace()
    )


@cache
def sqs() -> "SQSClient":
    return boto3.client("sqs", config=client_config())


@cache
def wake_ups() -> WakeUps:
    return WakeUps(sqs(), environment().urgent_queue_url, environment().bulk_queue_url)


@cache
def lasting_clock() -> Callable[[], float]:
    """Seconds, for all that is kept between calls."""
    return lasting(time.time, time.monotonic)


@cache
def accounts_cache() -> AccountsCache:
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
    return {}


@cache
def randomness() -> SystemRandom:
    return SystemRandom()


def now_ms() -> Millis:
    """Now."""
    return time.time_ns() // 1_000_000


def retention_seconds() -> int:
    return environment().retention_days * 86_400


def vendor_call(call: Callable[..., Response]) -> Callable[[Account, Request, float], Response]:
    """The vendor call of this stack: `transport.call` with the stack's word on loopback addresses."""
    allow_loopback = environment().allow_loopback_vendors
    return lambda _account, request, seconds: call(request, deadline=seconds, allow_loopback=allow_loopback)


def vendor_bytes_store() -> Callable[[str, Kind], None]:
    """What puts the body of vendor bytes into the queue of their kind: replies do not wait behind many reports."""
    client, of_reports, of_replies = sqs(), environment().receipt_queue_url, environment().reply_queue_url

    def store(body: str, kind: Kind = "reports") -> None:  # the release before names no kind
        client.send_message(QueueUrl=of_replies if kind == "inbound" else of_reports, MessageBody=body)

    return store


@cache
def sent_notes() -> "dict[tuple[str, Kind, Source], int]":
    """When this process last told of pushes that were not stored (receiving/push.py)."""
    return {}


@contextmanager
def only_its_type() -> Iterator[None]:
    """Lambda logs what a handler raises, and an exception's text may hold a number or a secret: its type must do."""
    try:
        yield
    except Exception as error:
        raise RuntimeError(f"failed with {type(error).__name__}") from None
