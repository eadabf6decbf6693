"""Makes one vendor call for one submission, woken up by the urgent or the bulk queue."""

import time
from typing import TYPE_CHECKING, Any

from smsgateway import runtime
from smsgateway.calling import transport
from smsgateway.clock import Millis, seconds
from smsgateway.queues import Retries, parse_wake_up, received
from smsgateway.sending.dispatch import dispatch
from smsgateway.sending.work import Dispatcher, InFlightError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Act on each wake-up of an SQS batch; those that must come again are the batch's failures."""
    dispatcher = Dispatcher(
        table=runtime.table(),
        wake_ups=runtime.wake_ups(),
        settings=runtime.accounts_cache().get,
        accounts=runtime.accounts_cache(),
        call=runtime.vendor_call(transport.call),
        now=runtime.now_ms,
        sleep=time.sleep,
        random=runtime.randomness(),
        retention=runtime.retention_seconds(),
        warn=lambda problem, account: runtime.logger().warning(problem, account=account),
    )
    retries = Retries(runtime.sqs(), (runtime.environment().urgent_queue_url, runtime.environment().bulk_queue_url))
    failures = []
    for record in event["Records"]:
        hard_end = runtime.now_ms() + context.get_remaining_time_in_millis()
        if not _done(dispatcher, retries, record, hard_end):
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def _done(dispatcher: Dispatcher, retries: Retries, record: dict[str, Any], hard_end: Millis) -> bool:
    """Act on one wake-up. False: it comes again, and in the end is a dead letter."""
    try:
        wake_up = parse_wake_up(record["body"])
    except ValueError as error:
        if received(record) == 1:  # it will not get better: its other tries are spent at once, and told of no more
            runtime.logger().error("a wake-up is unreadable", sqs_message=record["messageId"], problem=str(error))
        retries.come_again(record, 0)
        return False
    try:
        dispatch(dispatcher, wake_up, hard_end)
    except InFlightError as error:
        retries.come_again(record, seconds(error.wait))
        return False
    except Exception as error:  # its text may hold what must not be logged
        name = type(error).__name__
        runtime.logger().error("a dispatch failed", submission=wake_up.key.reference, error=name)
        retries.come_again(record)
        return False
    return True
