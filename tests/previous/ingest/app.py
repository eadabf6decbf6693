"""Understands what vendors pushed or answered: reports to recipients, replies to the bus, the rest parked."""

from typing import TYPE_CHECKING, Any

from smsgateway import runtime
from smsgateway.ingest import Ingester, ingest
from smsgateway.queues import Receipt, parked_body, parse_receipt

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], _context: "LambdaContext") -> dict[str, Any]:
    """Ingest each receipt of an SQS batch; those that failed are the batch's failures."""
    ingester = Ingester(
        table=runtime.table(),
        wake_ups=runtime.wake_ups(),
        settings=runtime.accounts_cache().get,
        park=_park,
        now=runtime.now_ms,
        retention=runtime.retention_seconds(),
        noted=runtime.noted_pushes(),
    )
    failures = []
    for record in event["Records"]:
        try:
            ingest(ingester, parse_receipt(record["body"]))
        except Exception as error:  # its text may hold what must not be logged
            runtime.logger().error("a receipt could not be applied", error=type(error).__name__)
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def _park(receipt: Receipt, problem: str) -> None:
    runtime.logger().error("a receipt was parked", account=receipt.account, kind=receipt.kind, problem=problem)
    url = runtime.environment().parked_queue_url
    runtime.sqs().send_message(QueueUrl=url, MessageBody=parked_body(receipt, problem))
