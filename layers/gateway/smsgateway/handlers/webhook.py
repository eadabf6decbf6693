"""Takes vendors' pushes: they are verified, queued, acknowledged. It imports little, for a vendor is waiting."""

from copy import replace
from typing import TYPE_CHECKING, Any

from smsgateway import runtime
from smsgateway.errors import ConfigurationError
from smsgateway.model import Kind
from smsgateway.receiving.push import FAILURE, Acknowledgement, PushReceiver, push_of, take_push

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@runtime.only_its_type()
def handler(event: dict[str, Any], _context: "LambdaContext") -> dict[str, Any]:
    """Answer one API Gateway request below `/push/{account}/{token}/`."""
    accounts = runtime.accounts_cache()
    try:
        accounts.get()
    except ConfigurationError as wrong:  # nobody can be believed, nor refused: the vendor is to try again
        runtime.logger().error("there is no accounts document in use", path=wrong.path, problem=wrong.problem)
        return _answer(Acknowledgement(503, FAILURE))
    receiver = PushReceiver(
        accounts.get, runtime.vendor_bytes_store(), runtime.now_ms, accounts.newest, runtime.sent_notes()
    )
    path = event["pathParameters"]
    kind: Kind = "reports" if event["resource"].endswith("/reports") else "inbound"
    source_ip = event["requestContext"]["identity"]["sourceIp"]
    push = push_of(event)
    answer = take_push(receiver, path["account"], path["token"], kind, push, source_ip)
    if answer.status != 200:
        # A mistyped address may hold a token where the account belongs.
        account = path["account"] if path["account"] in receiver.settings().accounts else None
        runtime.logger().warning("a push was not taken", account=account, kind=kind, status=answer.status)
    return _answer(replace(answer, body="") if push.method == "HEAD" else answer)


def _answer(answer: Acknowledgement) -> dict[str, Any]:
    return {"statusCode": answer.status, "headers": {"Content-Type": "text/plain"}, "body": answer.body}
