"""The API in front of moto's table: requests as API Gateway makes them, answers as clients read them."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, cast

import pytest

from smsgateway.api.serving import serving
from smsgateway.api.serving.api_keys import ApiKeys
from smsgateway.api.serving.authenticator import Authenticator, key_hash
from smsgateway.api.serving.gateway import Gateway
from smsgateway.config.cache import AccountsCache
from smsgateway.handlers import query, send
from smsgateway.ids import SubmissionKey
from smsgateway.model import Account, Client, Request, Response
from smsgateway.store import clients
from smsgateway.store.table import Table
from smsgateway.verifying.verifier import Verifier
from tests.doubles import aws

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient

EVENTS = Path(__file__).parents[3] / "events"
NOW = 1_769_074_226_000  # 2026-01-22T09:30:26Z
ADMINISTRATOR_KEY = "EXAMPLEadministratorkey00000000000000000"
TOKEN = "p" * 32
# The methods and paths that the template gives to `send`.
SENT_TO = frozenset(
    (event["Properties"]["Method"], event["Properties"]["Path"])
    for event in aws.resources()["SendFunction"]["Properties"]["Events"].values()
)
ACCOUNTS: dict[str, Any] = {
    "accounts": [
        {
            "name": "hb-main",
            "vendor": "hbsmservice",
            "base_url": "http://hb.example:8080",
            "credentials": {"corp_id": "c0rp", "corp_pwd": "hb-s3cret", "corp_service": "s"},
            "signature": "示例",
            "poll": ["reports", "inbound"],
            "push": {"token": [TOKEN, "q" * 32]},
            "balance_alert": 1000,
        },
        {
            "name": "jf-otp",
            "vendor": "infocloud",
            "base_url": "http://jf.example",
            "credentials": {"api_key": "jf-api", "access_key": "jf-s3cret"},
            "signature": "示例",
            "options": {"free_text_template": "675000"},
        },
        {
            "name": "ly-bulk",
            "vendor": "langyu",
            "base_url": "http://ly.example/msg",
            "credentials": {"account": "ly", "pswd": "ly-s3cret"},
            "signature": "示例",
            "options": {"recipients_per_request": 2},
        },
    ],
    "routes": [{"purpose": "*", "accounts": ["hb-main", "ly-bulk"]}],
}


@dataclass
class WakeUpsSeen:
    """Stands in for the queues."""

    keys: list[SubmissionKey] = field(default_factory=list)

    def put(self, _urgent: bool, _account: str, keys: Any, _delay: float = 0, *, clear_until: int = 0) -> None:
        self.keys += keys


@dataclass
class VendorCalls:
    """Stands in for the vendors: answers by path, and what was asked."""

    answers: dict[str, Response | Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, account: Account, request: Request, seconds: float) -> Response:
        assert seconds <= 10
        self.asked.append(request.url)
        answer = next(answer for path, answer in self.answers.items() if path in request.url)
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class KeysSeen:
    """Stands in for boto3's API Gateway client."""

    keys: dict[str, str] = field(default_factory=dict)  # id → value
    plan: list[str] = field(default_factory=list)
    plan_fails: bool = False

    class exceptions:  # noqa: N801  boto3's own name
        class NotFoundException(Exception):  # noqa: N818
            """boto3's."""

    def create_api_key(self, *, name: str, value: str, enabled: bool) -> dict[str, str]:
        assert 20 <= len(value) <= 128
        assert enabled
        self.keys[f"id-{name}"] = value
        return {"id": f"id-{name}"}

    def create_usage_plan_key(self, *, usagePlanId: str, keyId: str, keyType: str) -> None:  # noqa: N803  boto3's names
        if self.plan_fails:
            raise RuntimeError("no plan")
        assert (usagePlanId, keyType) == ("plan-1", "API_KEY")
        self.plan.append(keyId)

    def delete_api_key(self, *, apiKey: str) -> None:  # noqa: N803  boto3's name
        if apiKey not in self.keys:
            raise self.exceptions.NotFoundException
        del self.keys[apiKey]


@dataclass
class Answer:
    """What a client reads."""

    status: int
    headers: Mapping[str, list[str]]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def places(self) -> list[str]:
        """Where a problem says that something is wrong."""
        return [error["loc"] for error in self.json["errors"]]


@dataclass
class Api:
    """Both functions over one table."""

    table: Table
    clock: list[int] = field(default_factory=lambda: [NOW])
    document: str = field(default_factory=lambda: json.dumps(ACCOUNTS))
    wake_ups: WakeUpsSeen = field(default_factory=WakeUpsSeen)
    vendors: VendorCalls = field(default_factory=VendorCalls)
    api_gateway: KeysSeen = field(default_factory=KeysSeen)

    def __post_init__(self) -> None:
        def seconds() -> float:
            return self.clock[0] / 1000

        def now() -> int:
            return self.clock[0]

        self.table = replace(self.table, now=now)
        accounts = AccountsCache(lambda: self.document, seconds)
        self.accounts = accounts
        self.authenticator = Authenticator(self.table, lambda: ADMINISTRATOR_KEY, seconds)
        wake_ups: Any = self.wake_ups
        self.acceptor = Verifier(
            self.table, accounts.get, now, 90 * 86_400, wake_ups, Random(7), pepper=lambda: b"EXAMPLE-pepper"
        )
        keys = ApiKeys(lambda: cast("APIGatewayClient", self.api_gateway), lambda: "plan-1", "sms")
        self.gateway = Gateway(self.table, accounts, self.vendors, keys, now, Random(7))

    def serve(self, event: Mapping[str, Any]) -> Answer:
        """The answer to an event, from the function that the template gives it to."""
        to_send = (event["httpMethod"], event["resource"]) in SENT_TO
        app, collaborators = (send.app, self.acceptor) if to_send else (query.app, self.gateway)
        raw = serving.serve(app, self.authenticator, collaborators, event, None)
        assert not raw["isBase64Encoded"]
        return Answer(raw["statusCode"], raw["multiValueHeaders"], raw["body"] or "")

    def call(
        self, method: str, resource: str, body: Any = None, *, key: str = ADMINISTRATOR_KEY, **rest: Any
    ) -> Answer:
        """One request. `rest`: path parameters, `query`, `headers`."""
        return self.serve(request(method, resource, body, key=key, **rest))

    def post(self, body: Any, *, key: str = ADMINISTRATOR_KEY, **rest: Any) -> Answer:
        return self.call("POST", "/messages", body, key=key, **rest)

    def sender(self, name: str, **limits: Any) -> str:
        """A new sender's key."""
        key = f"key-of-{name}-0123456789"
        assert clients.put_client(self.table, Client(name, "sender", **limits), key_hash(key))
        return key


def sample(name: str) -> dict[str, Any]:
    """A sample event."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return event


def request(
    method: str,
    resource: str,
    body: Any = None,
    *,
    key: str = ADMINISTRATOR_KEY,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    **parameters: str,
) -> dict[str, Any]:
    """An event like the samples. `body`: bytes as they are, anything else as JSON."""
    event = sample("query-get-message")
    raw = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    path = resource
    for name, value in parameters.items():
        path = path.replace(f"{{{name}}}", value)
    sent = {**event["headers"], **(headers or {}), "x-api-key": key}
    event |= {
        "httpMethod": method,
        "resource": resource,
        "path": path,
        "pathParameters": parameters or None,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": query or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
        "body": None if raw is None else base64.b64encode(raw).decode(),
        "isBase64Encoded": raw is not None,
    }
    event["requestContext"] |= {"resourcePath": resource, "path": f"/v1{path}", "httpMethod": method}
    return event


@pytest.fixture
def api(table: Table) -> Api:
    return Api(table)
