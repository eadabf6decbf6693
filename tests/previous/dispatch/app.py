"""Makes one vendor call for one submission, woken up by the urgent or the bulk queue."""

import time
from typing import TYPE_CHECKING, Any

from smsgateway import runtime, transport
from smsgateway.dispatch import InFlightError, dispatch
from smsgateway.job import Dispatcher
from smsgateway.queues import parse_wake_up

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Act on each wake-up of an SQS batch; those that must come again are the batch's failures."""
    dispatcher = Dispatcher(
        table=runtime.table(),
        wake_ups=runtime.wake_ups(),
        accounts=runtime.accounts_cache(),
        call=runtime.vendor_call(transport.call),
        now=runtime.now_ms,
        sleep=time.sleep,
        random=runtime.randomness(),
        retention=runtime.retention_seconds(),
        warn=lambda problem, account: runtime.logger().warning(problem, account=account),
    )
    failures = []
    for record in event["Records"]:
        key = None
        try:
            wake_up = parse_wake_up(record["body"])
            key = wake_up.key
            dispatch(dispatcher, wake_up, runtime.now_ms() + context.get_remaining_time_in_millis())
        except InFlightError:
            failures.append({"itemIdentifier": record["messageId"]})
        except Exception as error:  # its text may hold what must not be logged
            runtime.logger().error("a dispatch failed", submission=key and key.reference, error=type(error).__name__)
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
