"""`send` and `query` as Lambda calls them: the template's environment, the samples, collaborators made once."""

import json
import time
from collections.abc import Iterator
from typing import Any, cast

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from smsgateway import runtime
from smsgateway.api import runtime as api_runtime
from smsgateway.handlers import query, send
from smsgateway.store.table import Table
from tests.doubles import aws
from tests.doubles.stack import Context
from tests.unit.api.conftest import ACCOUNTS, ADMINISTRATOR_KEY, KeysSeen, sample

CONTEXT = cast("LambdaContext", Context())
CACHED = (
    runtime.environment,
    runtime.table,
    runtime.sqs,
    runtime.wake_ups,
    runtime.accounts_cache,
    api_runtime.authenticator,
    api_runtime.pepper,
    api_runtime.api_keys,
    api_runtime._api_gateway,
    api_runtime._usage_plan,
    send.verifier,
    query.gateway,
)


@pytest.fixture
def deployed(table: Table, monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    """The stack's parts in moto, and the environment that the template gives the functions."""
    aws.create_queues(boto3.client("sqs"))
    secrets = boto3.client("secretsmanager")
    secrets.create_secret(Name="accounts", SecretString=json.dumps(ACCOUNTS))
    secrets.create_secret(Name="administrators-key", SecretString=ADMINISTRATOR_KEY)
    secrets.create_secret(Name="pepper", SecretString="EXAMPLE-pepper")
    cast("Any", boto3.client)("ssm").put_parameter(Name="/gateway/usage-plan", Value="plan-1", Type="String")
    values = {
        "TABLE_NAME": table.name,
        "URGENT_QUEUE_URL": aws.queue_url("urgent"),
        "BULK_QUEUE_URL": aws.queue_url("bulk"),
        "ACCOUNTS_SECRET": "accounts",
        "ADMIN_KEY_SECRET": "administrators-key",
        "PEPPER_SECRET": "pepper",
        "USAGE_PLAN_PARAMETER": "/gateway/usage-plan",
        "STACK_NAME": "gateway",
        "PUBLIC_URL": "https://sms.example.com/",
        "RETENTION_DAYS": "90",
        "ALLOW_LOOPBACK_VENDORS": "false",
        "CALLER": "client",
    }
    for function in ("SendFunction", "QueryFunction"):
        for name in aws.resources()[function]["Properties"]["Environment"]["Variables"]:
            monkeypatch.setenv(name, values[name])
    caches = [made.cache_clear for made in CACHED]
    for clear in caches:
        clear()
    yield table
    for clear in caches:
        clear()


def test_a_message_is_accepted_and_shown(deployed: Table) -> None:
    accepted = send.handler(sample("send-otp"), CONTEXT)
    message_id = json.loads(accepted["body"])["id"]
    event = sample("query-get-message")
    event["pathParameters"]["id"] = message_id

    shown = query.handler(event, CONTEXT)

    assert (accepted["statusCode"], shown["statusCode"]) == (202, 200)
    assert json.loads(shown["body"])["reference"] == "login-77"
    (wake_up,) = aws.bodies(runtime.sqs(), "urgent")
    assert wake_up.pop("clear_until") > runtime.now_ms() - 60_000
    assert wake_up == {"message_id": message_id, "path": "00000", "account": "hb-main"}
    assert shown["multiValueHeaders"]["Content-Type"] == ["application/json"]


def test_a_new_client_has_a_key_in_the_usage_plan(deployed: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = KeysSeen()  # moto's API Gateway needs packages that nothing else does
    monkeypatch.setattr(api_runtime, "_api_gateway", lambda: gateway)
    made = query.handler(sample("query-create-client"), CONTEXT)
    key = json.loads(made["body"])["api_key"]
    event = sample("send-dry-run")  # the key is for tests
    event["headers"]["x-api-key"] = key

    accepted = send.handler(event, CONTEXT)
    in_plan = [gateway.keys[key_id] for key_id in gateway.plan]
    query.handler(sample("query-delete-client"), CONTEXT)

    assert in_plan == [key]
    assert accepted["statusCode"] == 200
    assert gateway.keys == {}


def test_collaborators_are_made_once(deployed: Table) -> None:
    for _ in range(2):
        send.handler(sample("send-otp"), CONTEXT)
        query.handler(sample("query-list-templates"), CONTEXT)

    assert send.verifier.cache_info().misses == 1
    assert query.gateway.cache_info().misses == 1


def test_without_a_key_nothing_is_made(deployed: Table) -> None:
    event = sample("send-otp")
    del event["headers"]["x-api-key"], event["multiValueHeaders"]["x-api-key"]

    assert send.handler(event, CONTEXT)["statusCode"] == 401
    assert aws.scan(deployed) == []


def test_the_address_of_the_stacks_own_domain(deployed: Table) -> None:
    shown = json.loads(query.handler(sample("query-get-account"), CONTEXT)["body"])

    assert shown["push"]["reports"].startswith("https://sms.example.com/push/hb-main/")


def test_a_frozen_process_does_not_keep_a_replaced_administrators_key(
    deployed: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN a process that knows the administrator's key WHEN it is replaced and a minute passes, also one in which the
    process was frozen and its monotonic clock stood still THEN the old key is refused and the new one taken."""
    moment = [1_795_000_000.0]
    monkeypatch.setattr(time, "time", lambda: moment[0])
    monkeypatch.setattr(time, "monotonic", lambda: 5_000.0)
    runtime.lasting_clock.cache_clear()
    new = "another-administrators-key-0000000000000"

    def with_key(key: str) -> int:
        event = sample("query-list-templates")
        event["headers"]["x-api-key"] = key
        event["multiValueHeaders"]["x-api-key"] = [key]
        return int(query.handler(event, CONTEXT)["statusCode"])

    assert with_key(ADMINISTRATOR_KEY) == 200
    boto3.client("secretsmanager").put_secret_value(SecretId="administrators-key", SecretString=new)
    moment[0] += 59
    assert (with_key(ADMINISTRATOR_KEY), with_key(new)) == (200, 403)
    moment[0] += 1
    assert (with_key(ADMINISTRATOR_KEY), with_key(new)) == (403, 200)
    runtime.lasting_clock.cache_clear()
