"""Asks vendors for reports, replies and balances: the run that is named, or on its schedule all that are due."""

import json
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3

from smsgateway import runtime
from smsgateway.calling import transport
from smsgateway.receiving.poll import due_runs, poll
from smsgateway.receiving.poller import Poller

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_lambda import LambdaClient

SHOWN = frozenset({"pages", "more", "days", "compared", "skipped", "again_in"})  # what is logged of a result


@cache
def lambdas() -> "LambdaClient":
    """The client of Lambda, by which runs are started."""
    return boto3.client("lambda", config=runtime.client_config())


@runtime.only_its_type()
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Poll the account and kind that an event names, now, and return what `poll` says came of it.

    The schedule's event names none: it starts the runs that are due, each as a call of its own.
    """
    poller = Poller(
        table=runtime.table(),
        settings=runtime.accounts_cache().get,
        call=runtime.vendor_call(transport.call),
        store=runtime.vendor_bytes_store(),
        now=runtime.now_ms,
        sleep=time.sleep,
        random=runtime.randomness(),
        retention=runtime.retention_seconds(),
    )
    if "kind" in event:  # a scheduled event has an `account` too: that of AWS
        hard_end = runtime.now_ms() + context.get_remaining_time_in_millis()
        result = poll(poller, str(event.get("account")), str(event["kind"]), hard_end)
        if result.get("more"):  # a backlog would wait for the next minute
            _start(context, {"account": event["account"], "kind": event["kind"]})
        # A problem may be in the vendor's words, which may quote a message.
        shown = {name: value for name, value in result.items() if name in SHOWN}
        problem = "problem" in result
        runtime.logger().info(
            "polled", account=event.get("account"), kind=event["kind"], outcome=shown, problem=problem
        )
        return result
    runs = due_runs(poller)
    if wrong := runtime.accounts_cache().problem:
        runtime.logger().error("the newest accounts document is not in use", path=wrong.path, problem=wrong.problem)
    for run in runs:
        _start(context, run)
    return {"started": len(runs)}


def _start(context: "LambdaContext", run: dict[str, str]) -> None:
    lambdas().invoke(FunctionName=context.function_name, InvocationType="Event", Payload=json.dumps(run))
