"""Accepts messages: `POST /messages`."""

from dataclasses import replace
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from smsgateway import runtime
from smsgateway.accepting.acceptor import Acceptor
from smsgateway.api.routes import post_message
from smsgateway.api.runtime import authenticator
from smsgateway.api.serving import serving

app = serving.resolver([post_message.router])


@cache
def acceptor() -> Acceptor:
    """What accepting works with, made when it is first needed."""
    return Acceptor(
        table=runtime.table(),
        wake_ups=runtime.wake_ups(),
        settings=runtime.accounts_cache().get,
        now=runtime.now_ms,
        random=runtime.randomness(),
        retention=runtime.retention_seconds(),
        warn=lambda problem, message_id: serving.logger.warning(problem, message_id=message_id),
    )


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one `POST /messages` of API Gateway."""
    until = runtime.now_ms() + context.get_remaining_time_in_millis()
    return serving.serve(app, authenticator(), replace(acceptor(), until=until), event, context)
