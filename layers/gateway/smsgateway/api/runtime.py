"""What `send` and `query` hold between calls, beside what all functions do."""

from functools import cache
from typing import TYPE_CHECKING

import boto3

from smsgateway import runtime
from smsgateway.api.serving.authenticator import Authenticator

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient

    from smsgateway.api.serving.api_keys import ApiKeys


@cache
def authenticator() -> Authenticator:
    """Who tells clients by their keys."""
    secrets = boto3.client("secretsmanager", config=runtime.secrets_config())

    def administrator_key() -> str:
        return secrets.get_secret_value(SecretId=runtime.environment().admin_key_secret)["SecretString"]

    return Authenticator(runtime.table(), administrator_key, runtime.lasting_clock())


@cache
def pepper() -> bytes:
    """The pepper of verifications, read once. It never changes: codes that are on their way would be wrong."""
    secrets = boto3.client("secretsmanager", config=runtime.secrets_config())
    secret = secrets.get_secret_value(SecretId=runtime.environment().pepper_secret)["SecretString"]
    if not secret:
        raise ValueError("the pepper is empty")
    return secret.encode()


@cache
def api_keys() -> "ApiKeys":
    """API Gateway's keys of this stack. They are loaded when they are first needed: `send` needs none."""
    from smsgateway.api.serving.api_keys import ApiKeys  # noqa: PLC0415

    return ApiKeys(_api_gateway, _usage_plan, runtime.environment().stack_name)


@cache
def _api_gateway() -> "APIGatewayClient":
    return boto3.client("apigateway", config=runtime.KEYS_LIMITS.config)


@cache
def _usage_plan() -> str:
    """The usage plan's id. A parameter holds it, because the plan is made after the function."""
    systems_manager = boto3.client("ssm", config=runtime.KEYS_LIMITS.config)
    name = runtime.environment().usage_plan_parameter
    return systems_manager.get_parameter(Name=name)["Parameter"]["Value"]
