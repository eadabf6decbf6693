"""What tests of the handlers share beside the stack: the API's secrets, and a vendor that takes all."""

import json
from collections.abc import Iterator
from typing import Any, cast

import boto3
import pytest

from smsgateway import runtime
from smsgateway.api import runtime as api_runtime
from smsgateway.api.routes import about, post_message, verifications
from smsgateway.model import Request, Response
from tests.doubles import aws
from tests.doubles.stack import Stack
from tests.unit.api.conftest import ADMINISTRATOR_KEY
from tests.unit.publishing.conftest import bus  # noqa: F401  a fixture


@pytest.fixture(autouse=True)
def routes_as_they_were() -> Iterator[None]:
    """Routers lead to whoever took them last; in a function's process there is one that does."""
    routers = [post_message.router, verifications.router, *about.QUERY_ROUTERS]
    before = [dict(vars(router)) for router in routers]
    yield
    for router, attributes in zip(routers, before, strict=True):
        vars(router).update(attributes)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """What the vendor is asked, which takes all."""
    made: list[Request] = []

    def call(request: Request, **_options: Any) -> Response:
        made.append(request)
        return Response(200, {}, b"0#1")

    monkeypatch.setattr("smsgateway.calling.transport.call", call)
    return made


@pytest.fixture
def whole(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """The stack of the functions' tests, with what `send` and `query` want beside it."""
    stack.secrets.create_secret(Name="administrators-key", SecretString=ADMINISTRATOR_KEY)
    stack.secrets.create_secret(Name="pepper", SecretString="EXAMPLE-pepper")
    cast("Any", boto3.client)("ssm").put_parameter(
        Name="/gateway/usage-plan", Value="plan-1", Type="String", Overwrite=True
    )
    cast("Any", boto3.client)("events").create_event_bus(Name=aws.BUS)
    for variable, value in {
        "ADMIN_KEY_SECRET": "administrators-key",
        "PEPPER_SECRET": "pepper",
        "USAGE_PLAN_PARAMETER": "/gateway/usage-plan",
        "STACK_NAME": "gateway",
        "PUBLIC_URL": "https://sms.example.com",
    }.items():
        monkeypatch.setenv(variable, value)
    caches = [runtime.environment, api_runtime.authenticator, api_runtime.pepper]
    caches += [api_runtime.api_keys, api_runtime._usage_plan]
    for cache in caches:
        cache.cache_clear()
    yield stack
    for secret in ("administrators-key", "pepper"):
        stack.secrets.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    cast("Any", boto3.client)("events").delete_event_bus(Name=aws.BUS)
    for cache in caches:
        cache.cache_clear()


def records(stack: Stack, queue: str) -> dict[str, Any]:
    """The event that Lambda makes of what is in a queue."""
    bodies = stack.bodies(queue)
    return {"Records": [{"messageId": str(index), "body": json.dumps(body)} for index, body in enumerate(bodies)]}
