"""Understands vendor bytes: settles recipients by reports, stores replies, and parks what nobody can read."""

from typing import TYPE_CHECKING, Any

from smsgateway import runtime
from smsgateway.queues import VendorBytes, parked_body, parked_stranger, parse_vendor_bytes, vendor_bytes_body
from smsgateway.settling.ingest import ingest
from smsgateway.settling.ingester import Ingester

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

TIME_TO_STOP = 25_000  # milliseconds: the longest that what was begun may still take


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Ingest the vendor bytes of each message of an SQS batch; those that failed are the batch's failures.

    What time does not suffice for goes back into its queue as a new message: as a failure, it would be on its way to
    the dead letters for the sake of those before it in the batch.
    """
    ingester = Ingester(
        table=runtime.table(),
        wake_ups=runtime.wake_ups(),
        settings=runtime.accounts_cache().get,
        park=_park,
        now=runtime.now_ms,
        retention=runtime.retention_seconds(),
        noted=runtime.noted_pushes(),
        warn=_warn,
        until=runtime.now_ms() + context.get_remaining_time_in_millis() - TIME_TO_STOP,
    )
    failures = []
    for index, record in enumerate(event["Records"]):
        try:
            _handle(ingester, record["body"], first=not index)
        except Exception as error:  # its text may hold what must not be logged
            runtime.logger().error("a receipt could not be applied", error=type(error).__name__)
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def _handle(ingester: Ingester, body: str, *, first: bool) -> None:
    try:
        vendor_bytes = parse_vendor_bytes(body)
    except ValueError:
        runtime.logger().error("what is no receipt was parked")
        _put(runtime.environment().parked_queue_url, parked_stranger(body))
        return
    rest = vendor_bytes if ingester.is_over and not first else ingest(ingester, vendor_bytes)
    if rest:
        runtime.vendor_bytes_store()(vendor_bytes_body(rest), rest.kind)


def _park(vendor_bytes: VendorBytes, problem: str) -> None:
    # An account that is not in the document may be anything that somebody wrote in its place.
    account = vendor_bytes.account if vendor_bytes.account in runtime.accounts_cache().get().accounts else None
    runtime.logger().error("a receipt was parked", account=account, kind=vendor_bytes.kind, problem=problem)
    _put(runtime.environment().parked_queue_url, parked_body(vendor_bytes, problem))


def _warn(problem: str, reply_id: str) -> None:
    runtime.logger().warning(problem, reply_id=reply_id)


def _put(queue_url: str, body: str) -> None:
    runtime.sqs().send_message(QueueUrl=queue_url, MessageBody=body)
