"""A call of AWS that hangs fails within the time limit of its function, which then still has its own words for that."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from smsgateway import runtime
from smsgateway.api import runtime as api_runtime
from smsgateway.config.environment import Environment
from smsgateway.runtime import KEYS_LIMITS, LIMITS, Limits
from tests.doubles import aws
from tests.tools.template import FUNCTIONS, function

OWN_TIME = 0.2  # seconds that a function needs beside its calls, to say what went wrong
ASKS = {  # of each function the services that it asks in turn, the document's previous version and the keys included
    "send": ("secret", "secret", "secret", "dynamodb", "sqs"),
    "query": ("secret", "secret", "secret", "dynamodb", "keys", "keys"),
    "webhook": ("secret", "secret", "sqs"),
    "dispatch": ("secret", "secret", "dynamodb", "sqs"),
    "ingest": ("secret", "secret", "dynamodb", "sqs"),
    "sweep": ("secret", "secret", "dynamodb", "sqs"),
    "poll": ("secret", "secret", "dynamodb", "sqs", "lambda"),
    "fanout": ("dynamodb", "events", "sqs"),
}


def limits_of(name: str) -> Mapping[str, Limits]:
    """The function's limits by service, as its environment in template.yaml chooses them."""
    variables = function(name)["Environment"]["Variables"]
    secret, others = LIMITS[Environment(variables).caller]
    return {"secret": secret, "keys": KEYS_LIMITS} | dict.fromkeys(("dynamodb", "sqs", "lambda", "events"), others)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_hangs_fails_within_the_functions_own_limit(name: str) -> None:
    limits = limits_of(name)
    most = sum(limits[service].seconds for service in ASKS[name])
    assert most + OWN_TIME <= function(name)["Timeout"], f"{most} s"


@pytest.mark.parametrize(("caller", "functions"), [("client", {"send", "query"}), ("vendor", {"webhook"})])
def test_who_waits_is_said_where_somebody_does(caller: str, functions: set[str]) -> None:
    found = {name for name in FUNCTIONS if function(name)["Environment"]["Variables"].get("CALLER") == caller}
    assert found == functions


@pytest.mark.parametrize("caller", LIMITS)
def test_the_clients_are_made_with_these_limits(caller: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, Any] = {}

    def client(service: str, *, config: Any) -> Any:
        made[service] = config
        return object()

    for name, value in {
        **aws.CREDENTIALS,
        **aws.environment("dispatch"),
        "CALLER": caller,
        "ADMIN_KEY_SECRET": "key",
        "PEPPER_SECRET": "pepper",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("boto3.client", client)
    cached = (runtime.environment, runtime.table, runtime.sqs, runtime.accounts_cache, api_runtime._api_gateway)
    for each in cached:
        each.cache_clear()
    runtime.table()
    runtime.sqs()
    runtime.accounts_cache()
    api_runtime._api_gateway()
    for each in cached:
        each.cache_clear()
    secret, others = LIMITS[caller]
    expected = {"secretsmanager": secret, "dynamodb": others, "sqs": others, "apigateway": KEYS_LIMITS}
    assert set(made) == set(expected)
    for service, limits in expected.items():
        config = made[service]
        assert (config.connect_timeout, config.read_timeout) == (limits.connect, limits.read)
        assert config.retries == {"mode": "standard", "total_max_attempts": limits.tries}


@pytest.mark.parametrize("limits", [Limits(0.1, 0.1, 1), Limits(0.1, 0.1, 2), Limits(0.1, 0.2, 3)])
def test_a_call_takes_no_longer_than_its_limits_say(limits: Limits) -> None:
    """The SDK itself, against a port that takes connections and answers nothing."""
    import socket

    import boto3
    from botocore.exceptions import ReadTimeoutError

    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        fake = {"region_name": "us-east-1", "aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        client = boto3.client("sqs", endpoint_url=address, config=limits.config, **fake)  # type: ignore[call-overload]
        begun = time.monotonic()
        with pytest.raises(ReadTimeoutError):
            client.send_message(QueueUrl=f"{address}/1/q", MessageBody="x")
        assert time.monotonic() - begun < limits.seconds + 1
