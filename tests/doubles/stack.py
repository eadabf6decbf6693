"""The stack behind the handlers, in moto: table, queues, secret; and everything that a handler logs."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from smsgateway import runtime
from smsgateway.store.table import Table
from tests.doubles import aws

EVENTS = Path(__file__).parents[2] / "events"
TOKEN, PREVIOUS_TOKEN = "Vf3kQ9xZ-p1nR7sW_2bT6yH8mC4dJ0aL", "0ld-t0ken-of-thirty-two-characters"
ACCOUNTS: dict[str, dict[str, Any]] = {
    "hb-main": {
        "vendor": "hbsmservice",
        "credentials": {"corp_id": "test", "corp_pwd": "hb-p4ssword", "corp_service": "1069yd"},
        "push": {"token": [TOKEN, PREVIOUS_TOKEN], "source_ips": ["203.0.113.0/24", "2001:db8::/32"]},
        "poll": ["reports", "inbound"],
    },
    "ic-main": {
        "vendor": "infocloud",
        "credentials": {"api_key": "8767fd835ca3a4eb6f69129d71971760", "access_key": "ic-p4ssword"},
        "push": {"token": TOKEN},
        "options": {"free_text_template": "675001"},
    },
    "ly-main": {
        "vendor": "langyu",
        "credentials": {"account": "ly001", "pswd": "ly-p4ssword"},
        "push": {"token": TOKEN, "credentials": {"receiver": "admin", "pswd": ["new-12345", "12345"]}},
    },
    "hj-main": {
        "vendor": "heji",
        "credentials": {"name": "hj001", "pwd": "hj-p4ssword"},
        "push": {"token": TOKEN, "credentials": {"name": "admin", "pwd": "12345"}},
        "options": {"ack": "ok"},
    },
    "qx-main": {"vendor": "qixintong", "credentials": {"us_name": "qx001", "us_pwd": "qx-p4ssword"}},
    "hb-poll": {
        "vendor": "hbsmservice",
        "credentials": {"corp_id": "test2", "corp_pwd": "hb-p4ssword", "corp_service": "1069yd"},
    },
}
DOCUMENT = {
    "accounts": [
        {"name": name, "base_url": "http://vendor.example", "signature": "示例科技", **account}
        for name, account in ACCOUNTS.items()
    ],
    "routes": [{"purpose": "*", "accounts": ["hb-main", "ly-main"]}],
}
# What must never be in a log: secrets, numbers, texts of the samples and of the accounts document.
UNSPEAKABLE = (
    *("p4ssword", TOKEN, PREVIOUS_TOKEN, "8767fd835ca3a4eb6f69129d71971760", "12345&", "=12345", "new-12345"),
    *("13810000001", "13810000000", "18551067101", "13900210021", "13800210021", "13682250950", "13798361236"),
    *("收到", "上行内容", "content1", "hello", "验证码", "退订", "我回复一条"),
)


@dataclass
class Context:
    """A Lambda context."""

    remaining: int = 75_000
    function_name: str = "gateway-poll"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:gateway"
    aws_request_id: str = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining


@dataclass
class Stack:
    """What stands behind the handlers."""

    table: Table
    sqs: Any
    secrets: Any
    calls: list[str] = field(default_factory=list)  # of AWS, `sqs.SendMessage`, by the handlers

    def bodies(self, queue: str) -> list[dict[str, Any]]:
        return aws.bodies(self.sqs, queue)

    def write_accounts(self, document: Any) -> None:
        self.secrets.put_secret_value(SecretId="accounts", SecretString=json.dumps(document))
        runtime.accounts_cache.cache_clear()


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """A stack for all tests of a module: its clients take long to make."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name, value in aws.CREDENTIALS.items():
            patch.setenv(name, value)
        for function in ("dispatch", "poll", "webhook", "ingest", "fanout", "sweep"):
            for variable, value in aws.environment(function).items():
                patch.setenv(variable, value)
        table = aws.create_table(aws.dynamodb())
        sqs = boto3.client("sqs")
        aws.create_queues(sqs)
        secrets = boto3.client("secretsmanager")
        secrets.create_secret(Name="accounts", SecretString="{}")
        behind = Stack(table, sqs, secrets)
        _count_calls(behind, patch)
        _forget()
        yield behind
        _forget()


@pytest.fixture
def stack(module_stack: Stack) -> Stack:
    """The stack as it is after its deployment, with the accounts document written."""
    aws.clear(module_stack.table)
    for queue in aws.QUEUES:
        module_stack.sqs.delete_queue(QueueUrl=aws.queue_url(queue))
    aws.create_queues(module_stack.sqs)
    module_stack.write_accounts(DOCUMENT)
    runtime.sent_notes().clear()
    module_stack.calls.clear()
    return module_stack


def _forget() -> None:
    """A cold start."""
    for value in vars(runtime).values():
        if hasattr(value, "cache_clear"):
            value.cache_clear()


def _count_calls(stack: Stack, patch: pytest.MonkeyPatch) -> None:
    """Note the calls of the clients that the runtime makes, not of the test's own."""
    make: Callable[..., Any] = boto3.client

    def client(service: str, **options: Any) -> Any:
        made = make(service, **options)
        made.meta.events.register("before-call", lambda model, **_: stack.calls.append(f"{service}.{model.name}"))
        return made

    patch.setattr(boto3, "client", client)


@pytest.fixture
def log() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the handlers have logged, as records; that it told no secret is asserted at the end of the test."""
    stream = io.StringIO()
    handler = runtime.logger().registered_handler
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    for line in stream.getvalue().splitlines():
        shown = json.dumps(json.loads(line), ensure_ascii=False)
        assert not [word for word in UNSPEAKABLE if word in shown]


def sample(name: str) -> dict[str, Any]:
    """One of the sample events."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return event


def samples(function: str) -> list[str]:
    """The names of a function's sample events."""
    return sorted(path.stem for path in EVENTS.glob(f"{function}-*.json"))
