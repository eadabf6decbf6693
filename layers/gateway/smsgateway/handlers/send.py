"""Accepts messages (`POST /messages`), and verifies numbers (`/verifications`)."""

from dataclasses import replace
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from smsgateway import runtime
from smsgateway.api.routes import post_message, verifications
from smsgateway.api.runtime import authenticator, pepper
from smsgateway.api.serving import serving
from smsgateway.verifying.verifier import Verifier

app = serving.resolver([post_message.router, verifications.router])


@cache
def verifier() -> Verifier:
    """What accepting and verifying work with, made when it is first needed."""
    return Verifier(
        table=runtime.table(),
        wake_ups=runtime.wake_ups(),
        settings=runtime.accounts_cache().get,
        now=runtime.now_ms,
        random=runtime.randomness(),
        retention=runtime.retention_seconds(),
        warn=lambda problem, message_id: serving.logger.warning(problem, message_id=message_id),
        pepper=pepper,
    )


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of API Gateway."""
    until = runtime.now_ms() + context.get_remaining_time_in_millis()
    return serving.serve(app, authenticator(), replace(verifier(), until=until), event, context)
