"""Answers every route of the API that `send` does not serve: it shows what became of messages, and keeps templates,
suppressed numbers and clients."""

from dataclasses import replace
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from smsgateway import runtime
from smsgateway.api.routes import about
from smsgateway.api.runtime import api_keys, authenticator
from smsgateway.api.serving import serving
from smsgateway.api.serving.gateway import Gateway
from smsgateway.calling import transport

app = serving.resolver(about.QUERY_ROUTERS)


@cache
def gateway() -> Gateway:
    """What the routes work with, made when it is first needed."""
    return Gateway(
        table=runtime.table(),
        accounts=runtime.accounts_cache(),
        call=runtime.vendor_call(transport.call),
        keys=api_keys(),
        now=runtime.now_ms,
        random=runtime.randomness(),
    )


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of API Gateway."""
    address = runtime.environment().public_url
    until = runtime.now_ms() + context.get_remaining_time_in_millis()
    return serving.serve(app, authenticator(), replace(gateway(), until=until), event, context, address)
