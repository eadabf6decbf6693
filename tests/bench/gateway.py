"""The functions' own handlers in one process, over stubs of AWS and of a vendor's wire.

Every call of AWS is counted by function, and so is the time of our own code: the process's, less what the stubs take.
A warm gateway: clients, accounts and the caller's key are in memory, as they are for all but one call a minute.
"""

import base64
import io
import json
import logging
import os
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import batched
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3

from smsgateway import runtime
from smsgateway.api import runtime as api_runtime
from smsgateway.handlers import dispatch, fanout, ingest, poll, send, webhook
from smsgateway.model import Account, Request, Template
from smsgateway.queues import VendorBytes
from smsgateway.verifying.codes import code_of, name_in
from tests.doubles import aws, voices
from tests.doubles.dynamo import FakeDynamoDB
from tests.doubles.samples import samples
from tests.tools.costs import Meter

HANDLERS: Mapping[str, Callable[..., Any]] = {
    "send": send.handler,
    "dispatch": dispatch.handler,
    "webhook": webhook.handler,
    "ingest": ingest.handler,
    "poll": poll.handler,
    "fanout": fanout.handler,
}
CACHES = (send.verifier, fanout.event_bridge, api_runtime.authenticator, api_runtime.pepper)
KEY = "the-administrators-key-of-the-bench-0000"
MOST_ROUNDS = 100  # of wake-ups, each of which may bring others
STREAM_BATCH = 100  # template.yaml: BatchSize of `fanout`
TEXT = (
    "您预订的商品已经到货请凭短信到店领取" * 3 + "营业时间每天早上九点到晚上九点感"
)  # with no signature: 70 characters
OTP = "您的验证码是482913，5分钟内有效。"
TEMPLATE = Template("otp", "您的验证码是{code}，{minutes}分钟内有效。")
PEPPER = "EXAMPLE-pepper"


@dataclass(frozen=True)
class Context:
    """A Lambda context."""

    function_name: str
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:gateway"
    aws_request_id: str = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class Stub:
    """One client: hands calls to what stands in for the service, counts them, and takes their time apart."""

    def __init__(self, aws: "Aws", service: str, target: Any) -> None:
        self._aws, self._service, self._target = aws, service, target
        self.exceptions = getattr(target, "exceptions", None)

    def __getattr__(self, call: str) -> Callable[..., Any]:
        return partial(self._aws.call, f"{self._service}.{call}", getattr(self._target, call))


class Wire:
    """A connection to a vendor: what `transport` asks of a socket."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self._answer, self._sent = answer, bytearray()

    def sendall(self, data: bytes) -> None:
        self._sent += data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._answer(bytes(self._sent)))

    def settimeout(self, _seconds: float | None) -> None:
        """It is always in time."""

    def setsockopt(self, *_option: int) -> None:
        """It has none."""

    def close(self) -> None:
        """Nothing is open."""


class Aws:
    """Stubbed AWS: the table in memory, queues and the bus as lists."""

    def __init__(self, document: Mapping[str, Any], *, metered: bool) -> None:
        self.database = FakeDynamoDB()
        self.meter = Meter(self.database) if metered else None
        self.queues: dict[str, list[str]] = {}
        self.events: list[dict[str, str]] = []
        self.calls: Counter[tuple[str, str]] = Counter()  # (function, "sqs.send_message")
        self.stubbed = 0.0  # seconds of processor time in stubs
        self.function = ""  # the one that is running
        secrets = {"accounts": json.dumps(document), "admin-key": KEY, "pepper": PEPPER}
        self._targets = {
            "dynamodb": self.meter or self.database,
            "sqs": SimpleNamespace(send_message=self._send, send_message_batch=self._send_batch),
            "events": SimpleNamespace(put_events=self._put_events),
            "secretsmanager": SimpleNamespace(
                get_secret_value=lambda SecretId, VersionStage="": {"SecretString": secrets[SecretId]}  # noqa: N803
            ),
        }
        self._lock = threading.Lock()

    def client(self, service: str, **_options: Any) -> Stub:
        return Stub(self, service, self._targets[service])

    def call(self, name: str, target: Callable[..., Any], **params: Any) -> Any:
        begun = time.thread_time()
        try:
            with self._lock:  # the table in memory is no server
                return target(**params)
        finally:
            took = time.thread_time() - begun
            with self._lock:
                self.calls[self.function, name] += 1
                self.stubbed += took

    def units(self) -> tuple[int, int]:
        """Written and read so far; nothing without a meter."""
        return (self.meter.units, self.meter.read_units) if self.meter else (0, 0)

    def take(self, queue: str) -> list[str]:
        """The bodies in a queue, taken out of it."""
        return self.queues.pop(aws.queue_url(queue), [])

    def _send(self, QueueUrl: str, MessageBody: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self.queues.setdefault(QueueUrl, []).append(MessageBody)
        return {}

    def _send_batch(self, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.queues.setdefault(QueueUrl, []).extend(entry["MessageBody"] for entry in Entries)
        return {"Successful": Entries}

    def _put_events(self, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        self.events += Entries
        return {"FailedEntryCount": 0}


@dataclass
class Gateway:
    """One account of a vendor that takes everything, and the functions around it."""

    aws: Aws
    account: Account
    vendor: voices.Vendors
    pages: list[bytes] = field(default_factory=list)  # what the vendor answers to polls
    # Seconds of our own code, by function
    cpu: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    invocations: Counter[str] = field(default_factory=Counter)
    write_units: Counter[str] = field(default_factory=Counter)  # of a metered table
    read_units: Counter[str] = field(default_factory=Counter)
    log: io.StringIO = field(default_factory=io.StringIO)
    published: int = 0  # records of the stream that `fanout` has had, or that its filter left out

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        self.aws.function = function
        written, read = self.aws.units()
        stubbed, begun = self.aws.stubbed, time.process_time()
        answer = HANDLERS[function](event, Context(f"gateway-{function}"))
        self.cpu[function] += time.process_time() - begun - (self.aws.stubbed - stubbed)
        self.invocations[function] += 1
        self.write_units[function] += self.aws.units()[0] - written
        self.read_units[function] += self.aws.units()[1] - read
        return answer

    def answer(self, sent: bytes) -> bytes:
        """What the vendor says to a request, both as they are on the wire."""
        begun = time.thread_time()
        try:
            if self.aws.function == "poll":
                said = self.pages.pop(0) if self.pages else samples(self.account.vendor).page("reports", "poll", [])
            else:
                _, _, body = sent.partition(b"\r\n\r\n")
                said = self.vendor.call(self.account, Request("POST", "", body=body), 0).body
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said)
        finally:
            self.aws.stubbed += time.thread_time() - begun

    # The way of a message

    def post(self, numbers: Sequence[str], purpose: str = "notice", text: str = TEXT, key: str = "") -> None:
        """`key`: the request's Idempotency-Key."""
        body = {"to": list(numbers), "text": text, "purpose": purpose, "account": self.account.name}
        answer = self.invoke("send", api_event(body, key))
        assert answer["statusCode"] == 202, answer

    def verify(self, number: str) -> None:
        """From the request for a code to its approval, and then to the last event of its message."""
        answer = self.invoke("send", verification_event("/verifications", {"to": number, "template": TEMPLATE.name}))
        assert answer["statusCode"] == 202, answer
        id_ = json.loads(answer["body"])["id"]
        self.send()
        self.publish()
        name = name_in(id_)
        assert name
        typed = {"code": code_of(PEPPER.encode(), name, 6)}
        answer = self.invoke("send", verification_event("/verifications/{id}/check", typed, id_))
        assert json.loads(answer["body"]) == {"status": "approved"}, answer

    def send(self) -> None:
        """Every wake-up, until none is left."""
        for _ in range(MOST_ROUNDS):
            waiting = self.aws.take("urgent") + self.aws.take("bulk")
            if not waiting:
                return
            for body in waiting:
                assert self.invoke("dispatch", {"Records": [sqs_record(body)]}) == {"batchItemFailures": []}
        raise AssertionError(f"after {MOST_ROUNDS} rounds wake-ups are left: {self.account.vendor} takes nothing")

    def deliver(self, page: int = 100) -> None:
        """Every report of what was sent, `page` of them a push; or one poll that asks until nothing is left."""
        receipts = [
            receipt
            for sent in self.vendor.sent
            for receipt in voices.delivered(self.account, sent, runtime.now_ms(), page)
        ]
        self.vendor.sent.clear()
        if self.account.push is None:
            self.pages += [receipt.body for receipt in receipts]
            self.poll("reports")
            assert not self.pages
            self.understand()
        for receipt in receipts if self.account.push else ():
            self.push(receipt)
            self.understand()

    def push(self, receipt: VendorBytes) -> None:
        answer = self.invoke("webhook", push_event(receipt))
        assert answer["statusCode"] == 200, answer

    def poll(self, kind: str) -> None:
        answer = self.invoke("poll", {"account": self.account.name, "kind": kind})
        assert answer.keys() & {"pages", "balance"}, answer

    def understand(self) -> None:
        """Every receipt by itself, and what it says on the bus."""
        for body in self.aws.take("receipts") + self.aws.take("replies"):
            assert self.invoke("ingest", {"Records": [sqs_record(body)]}) == {"batchItemFailures": []}
            self.publish()

    def publish(self) -> None:
        """What the table's stream has for `fanout`, in batches as long as may be."""
        changes = self.aws.database.stream[self.published :]
        self.published += len(changes)
        wanted = [change for change in changes if passes_filter(change[1])]
        for batch in batched(wanted, STREAM_BATCH, strict=False):
            assert self.invoke("fanout", {"Records": list(map(stream_record, batch))}) == {"batchItemFailures": []}

    def lifecycle(self, numbers: Sequence[str], page: int = 100, **post: Any) -> None:
        """From the client's request to the last event."""
        self.post(numbers, **post)
        self.send()
        self.publish()
        self.deliver(page)

    # What it came to

    def forget(self) -> None:
        """Begin to count anew, with the gateway as it is."""
        self.aws.calls.clear()
        self.cpu.clear()
        self.invocations.clear()
        self.write_units.clear()
        self.read_units.clear()
        self.aws.events.clear()
        self.log.seek(0)
        self.log.truncate()

    def calls(self, *functions: str) -> int:
        """Calls of AWS by these functions, or by all."""
        return sum(count for (name, _), count in self.aws.calls.items() if not functions or name in functions)

    def log_bytes(self) -> int:
        return len(self.log.getvalue().encode())


@contextmanager
def gateway(vendor: str, *, metered: bool = False, **options: Any) -> Iterator[Gateway]:
    """A warm gateway for one vendor, in place of AWS for as long as the block runs."""
    account = voices.account(vendor, **options)
    made = Gateway(Aws(accounts_document(account, options), metered=metered), account, voices.Vendors())
    with (
        patch.dict(os.environ, environment()),
        patch.object(boto3, "client", made.aws.client),
        patch("smsgateway.calling.transport._connect", lambda *_: Wire(made.answer)),
        patch.object(poll, "time", SimpleNamespace(sleep=lambda _seconds: None)),  # for a vendor's pacing
        logged_to(made.log),
    ):
        forget_clients()
        try:
            made.lifecycle(["13900000000"])  # fetches accounts and keys
            made.forget()
            yield made
        finally:
            forget_clients()


def forget_clients() -> None:
    """A cold start."""
    for held in (*vars(runtime).values(), *CACHES):
        if hasattr(held, "cache_clear"):
            held.cache_clear()


@contextmanager
def logged_to(stream: io.StringIO) -> Iterator[None]:
    """What the handlers log at INFO, kept."""
    handler = runtime.logger().registered_handler
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(stream)
    try:
        yield
    finally:
        handler.setStream(before)


def environment() -> dict[str, str]:
    """What all functions' environments hold, with the address of a region that nobody is asked in."""
    merged = {"ADMIN_KEY_SECRET": "admin-key", "PEPPER_SECRET": "pepper"} | aws.CREDENTIALS
    for function in HANDLERS.keys() - {"send"}:
        merged |= aws.environment(function)
    return merged


def accounts_document(account: Account, options: Mapping[str, Any]) -> dict[str, Any]:
    """The accounts document that this account is read from."""
    required: Mapping[str, Any] = samples(account.vendor).OPTIONS
    entry: dict[str, Any] = {
        "name": account.name,
        "vendor": account.vendor,
        "base_url": account.base_url,
        "credentials": account.credentials,
        "signature": account.signature,
        "options": {**required, **options},
    }
    if account.push:
        credentials = {name: list(values) for name, values in account.push.credentials.items()}
        entry["push"] = {"token": list(account.push.tokens), "credentials": credentials}
    # Marketing, too, is sent whenever the bench is run.
    return {"accounts": [entry], "routes": [{"purpose": "*", "accounts": [account.name], "quiet_hours": None}]}


# Events, as the sample events have them


def sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((aws.ROOT / "events" / f"{name}.json").read_text(encoding="utf-8"))
    return event


SEND, PUSH = sample("send-otp"), sample("webhook-hbsmservice-reports")
QUEUED: dict[str, Any] = sample("dispatch-urgent")["Records"][0]
CHANGE: dict[str, Any] = sample("fanout-delivered")["Records"][0]


def api_event(body: Mapping[str, Any], key: str = "") -> dict[str, Any]:
    headers = {name: value for name, value in SEND["headers"].items() if name != "Idempotency-Key"} | {"x-api-key": KEY}
    headers |= {"Idempotency-Key": key} if key else {}
    many = {name: [value] for name, value in headers.items()}
    packed = base64.b64encode(json.dumps(body).encode()).decode()
    return SEND | {"headers": headers, "multiValueHeaders": many, "body": packed, "isBase64Encoded": True}


def verification_event(resource: str, body: Mapping[str, Any], id_: str = "") -> dict[str, Any]:
    path = resource.replace("{id}", id_)
    event = api_event(body) | {"resource": resource, "path": path, "pathParameters": {"id": id_} if id_ else None}
    return event | {"requestContext": {**SEND["requestContext"], "path": f"/v1{path}", "resourcePath": resource}}


def push_event(receipt: VendorBytes) -> dict[str, Any]:
    return PUSH | {
        "resource": f"/push/{{account}}/{{token}}/{receipt.kind}",
        "headers": {**PUSH["headers"], **receipt.headers},
        "pathParameters": {"account": receipt.account, "token": voices.TOKEN},
        "body": base64.b64encode(receipt.body).decode(),
    }


def sqs_record(body: str) -> dict[str, Any]:
    return QUEUED | {"body": body}


def stream_record(change: tuple[Any, Any]) -> dict[str, Any]:
    old, new = change
    images = {name: image for name, image in (("OldImage", old), ("NewImage", new)) if image is not None}
    about = {"SequenceNumber": "1", "ApproximateCreationDateTime": time.time()}
    return CHANGE | {"dynamodb": about | images}


def passes_filter(new: Mapping[str, Any] | None) -> bool:
    """Whether a change passes the filter that template.yaml puts before `fanout`."""
    return new is not None and any(_fits(new, pattern) for pattern in _patterns())


def _patterns() -> list[Mapping[str, Any]]:
    criteria = aws.resources()["FanoutFunction"]["Properties"]["Events"]["Changes"]["Properties"]["FilterCriteria"]
    return [json.loads(entry["Pattern"])["dynamodb"]["NewImage"] for entry in criteria["Filters"]]


def _fits(new: Mapping[str, Any], pattern: Mapping[str, Any]) -> bool:
    ((name, typed),) = pattern.items()
    ((kind, rules),) = typed.items()
    value = new.get(name, {}).get(kind)
    return value is not None and any(
        rule == value or (isinstance(rule, dict) and (rule.get("exists") or value.startswith(rule.get("prefix", "\0"))))
        for rule in rules
    )


def numbers(count: int) -> list[str]:
    return [f"138{index:08d}" for index in range(count)]
