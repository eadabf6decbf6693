"""What the functions really ask of AWS, asked of their roles as IAM would (tests/tools/policies.py), everywhere.

That a role allows what the code could ever ask for, and no more, is in test_rights.py: there by name, here with
the ARNs that AWS compares, and by the requests that were made.
"""

import base64
import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
from botocore.client import BaseClient

from smsgateway.handlers import poll
from smsgateway.model import Request, Response
from smsgateway.store.table import to_wire
from tests.doubles import aws
from tests.doubles.stack import Context, Stack, sample
from tests.tools.policies import Deployment, Right, allows
from tests.tools.template import FUNCTIONS
from tests.unit.handlers.conftest import records
from tests.unit.handlers.test_all_handlers import REPORT, fresh_handler
from tests.unit.template.test_rights import needed

REGIONS = ("us-east-1", "cn-north-1")
HEAD, TAIL = '<?xml version="1.0" encoding="GBK"?><reports>', "</reports>"

type Call = tuple[str, str, dict[str, Any]]  # service, operation, request


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> tuple[Callable[..., Any], dict[str, list[Call]]]:
    """Runs a function's handler with an event, and notes what it asks of AWS."""
    made: dict[str, list[Call]] = defaultdict(list)
    running: list[str] = []
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def noted(self: Any, operation: str, request: dict[str, Any]) -> Any:
        if running:
            made[running[-1]].append((self.meta.service_model.service_name, operation, request))
        return call(self, operation, request)

    monkeypatch.setattr(BaseClient, "_make_api_call", noted)
    modules = {name: poll if name == "poll" else fresh_handler(name) for name in FUNCTIONS}

    def handle(name: str, event: dict[str, Any]) -> Any:
        running.append(name)
        try:
            return modules[name].handler(event, Context())
        finally:
            running.pop()

    return handle, made


def api(name: str, body: Any = None, **parts: Any) -> dict[str, Any]:
    event = sample(name) | parts
    if body is not None:
        for headers in (event["headers"], event["multiValueHeaders"]):
            headers.pop("Idempotency-Key", None)  # that of the sample's own body
        event |= {"body": base64.b64encode(json.dumps(body).encode()).decode(), "isBase64Encoded": True}
    return event


def story(stack: Stack, handle: Callable[..., Any], asked: list[Request]) -> None:
    """A day: passwords, a broadcast, reports good and bad, lists, the minute's runs, events."""
    accepted = handle("send", sample("send-otp"))
    assert accepted["statusCode"] == 202, accepted
    message_id = json.loads(accepted["body"])["id"]
    through = {"to": "13800138001", "text": "您的验证码是1234", "purpose": "otp", "account": "ly-main"}
    assert handle("send", api("send-otp", through))["statusCode"] == 202
    handle("dispatch", records(stack, "urgent"))
    numbers = [f"1380013{index:04d}" for index in range(300)]
    broadcast = {"to": numbers, "text": "您好", "purpose": "notice"}
    assert handle("send", api("send-broadcast", broadcast))["statusCode"] == 202
    for _ in range(2):  # nobody was texted before, and everybody
        assert handle("send", api("send-broadcast", broadcast | {"purpose": "marketing"}))["statusCode"] == 202
    handle("dispatch", records(stack, "bulk"))
    (vendor_id,) = parse_qs(asked[-1].body.decode())["corp_msg_id"]
    sent = parse_qs(asked[-1].body.decode())["mobile"][0].split(",")
    reports = "".join(REPORT.format(number=number, vendor_id=vendor_id) for number in sent[:3])
    body = HEAD + reports.replace(HEAD, "").replace(TAIL, "") + TAIL
    event = sample("webhook-hbsmservice-reports") | {"body": base64.b64encode(body.encode("gbk")).decode()}
    handle("webhook", event)
    handle("webhook", sample("webhook-hbsmservice-reports"))
    handle("webhook", api("webhook-hbsmservice-inbound"))
    handle("ingest", records(stack, "receipts"))
    handle("ingest", sample("ingest-unreadable"))
    for name in ("query-list-messages", "query-list-inbound", "query-list-accounts", "query-get-account"):
        assert handle("query", sample(name))["statusCode"] in (200, 404)
    handle("query", sample("query-put-template"))
    with_code = {"text": "您的验证码是{code}"}
    assert handle("query", api("query-put-template", with_code))["statusCode"] == 200
    verification = handle("send", sample("send-start-verification"))
    assert verification["statusCode"] == 202, verification
    of_it = {"pathParameters": {"id": json.loads(verification["body"])["id"]}}
    for name in ("send-check-verification", "send-get-verification", "send-cancel-verification"):
        assert handle("send", sample(name) | of_it)["statusCode"] == 200
    handle("query", sample("query-put-suppression"))
    handle("query", sample("query-delete-suppression"))
    assert handle("query", sample("query-import-suppressions"))["statusCode"] == 200
    assert handle("query", sample("query-list-suppressions"))["statusCode"] == 200
    handle("query", api("query-get-message", pathParameters={"id": message_id}))
    handle("query", api("query-cancel-message", pathParameters={"id": message_id}))
    handle("sweep", sample("sweep-schedule"))
    handle("poll", sample("poll-schedule"))
    handle("poll", {"account": "hb-main", "kind": "reports"})
    handle("fanout", sample("fanout-delivered"))
    item = next(each for each in aws.scan(stack.table) if each["pk"] == message_id)
    broken = {"NewImage": to_wire(item | {"status": "delivered", "attempt": "?"}), "SequenceNumber": "1"}
    handle("fanout", {"Records": [{"dynamodb": broken}]})


@pytest.fixture
def calls(
    whole: Stack,
    asked: list[Request],
    run: tuple[Callable[..., Any], dict[str, list[Call]]],
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, list[Call]]:
    handle, made = run

    def answers(request: Request, **_options: Any) -> Response:
        asked.append(request)
        if b"account=ly001" in request.body:
            return Response(200, {}, b"20110725160412,0\n1234567890100")
        is_poll = b"corp_msg_id" not in request.body
        empty = '<?xml version="1.0" encoding="GBK"?><reports></reports>'
        return Response(200, {}, empty.encode() if is_poll else b"0#1")

    class Lambdas:
        """moto has no functions: what would be asked is noted."""

        def invoke(self, **request: Any) -> None:
            made["poll"].append(("lambda", "Invoke", request))

    monkeypatch.setattr("smsgateway.calling.transport.call", answers)
    monkeypatch.setattr(poll, "lambdas", Lambdas)
    story(whole, handle, asked)
    return made


@pytest.mark.usefixtures("log")
def test_every_call_is_allowed_by_the_role_of_who_makes_it(calls: dict[str, list[Call]]) -> None:
    assert set(calls) == set(FUNCTIONS)
    for deployment in map(Deployment, REGIONS):
        for name, made in calls.items():
            rights = {right for call in made for right in deployment.asked(*call)}
            refused = {right for right in rights if not allows(deployment.policies(name), right)}
            assert refused == set(), name
    operations = {operation for made in calls.values() for _, operation, _ in made}
    assert operations >= {"BatchExecuteStatement", "TransactWriteItems", "BatchWriteItem", "Query", "SendMessageBatch"}
    assert operations >= {"PutEvents", "GetSecretValue", "Invoke", "UpdateItem", "BatchGetItem"}


@pytest.mark.usefixtures("log")
def test_a_right_that_is_missing_is_told(calls: dict[str, list[Call]]) -> None:
    """GIVEN roles without one of the rights that the calls need WHEN they are asked THEN they refuse."""
    deployment = Deployment("us-east-1")
    for name, action in (
        ("dispatch", "dynamodb:UpdateItem"),
        ("ingest", "dynamodb:PartiQLUpdate"),
        ("send", "dynamodb:PartiQLInsert"),
    ):
        without = [
            statement | {"Action": [each for each in statement["Action"] if each != action]}
            for statement in deployment.policies(name)
            if isinstance(statement["Action"], list)
        ]
        rights = {right for call in calls[name] for right in deployment.asked(*call)}
        missing = {right for right in rights if right[0] == action}
        assert missing
        assert not any(allows(without, right) for right in missing)


def written_out(deployment: Deployment, right: Right) -> Right:
    """A right by its short name (tests/unit/template/test_rights.py) with the ARN that AWS compares."""
    action, short = right
    service = action.partition(":")[0]
    if short.startswith("Table"):
        rest = short.removeprefix("Table").removeprefix(".StreamArn")
        stream = short == "Table.StreamArn"
        base = deployment.value({"Fn::GetAtt": ["Table", "StreamArn" if stream else "Arn"]})
        return action, base + rest.replace("*", "2026-11-29T08:00:00.000")
    if service == "logs":
        return action, deployment.value({"Fn::GetAtt": [short, "Arn"]}).removesuffix(
            "*"
        ) + "log-stream:2026/11/29/[$LATEST]a"
    if service == "sqs":
        return action, deployment.value({"Fn::GetAtt": [short, "Arn"]})
    if service == "secretsmanager":
        return action, deployment.value({"Ref": short})
    if service == "events":
        return action, deployment.value({"Fn::GetAtt": [short, "Arn"]})
    rest = deployment.value({"Fn::Sub": short}).replace("*", "k3y")
    return action, deployment.arn(service, rest, account="" if service == "apigateway" else "123456789012")


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_the_code_could_ever_ask_for_is_allowed(name: str, region: str) -> None:
    deployment = Deployment(region)
    rights = {written_out(deployment, right) for right in needed(name)}
    assert rights
    assert {right for right in rights if not allows(deployment.policies(name), right)} == set()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_nobody_needs_is_refused(name: str) -> None:
    deployment = Deployment("us-east-1")
    table = deployment.value({"Fn::GetAtt": ["Table", "Arn"]})
    of_others = deployment.arn("dynamodb", "table/gateway-2")
    for right in (
        ("dynamodb:Scan", table),
        ("dynamodb:DeleteTable", table),
        ("dynamodb:PartiQLSelect", table),
        ("dynamodb:GetItem", of_others),
        ("sqs:PurgeQueue", deployment.arn("sqs", "gateway-receipts")),
        ("sqs:SendMessage", deployment.arn("sqs", "another")),
        ("secretsmanager:PutSecretValue", deployment.value({"Ref": "AccountsSecret"})),
        ("secretsmanager:GetSecretValue", deployment.arn("secretsmanager", "secret:another-a1B2c3")),
        ("lambda:InvokeFunction", deployment.arn("lambda", "function:another-poll")),
        ("apigateway:POST", deployment.arn("apigateway", "/usageplans/another/keys", account="")),
    ):
        assert not allows(deployment.policies(name), right), right
