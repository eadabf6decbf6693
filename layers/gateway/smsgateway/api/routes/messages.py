"""What became of messages: `GET /messages/{id}`, `GET /messages?to=`, `DELETE /messages/{id}`."""

from collections.abc import Mapping
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query

from smsgateway.accepting.idempotency import standing, standing_keys
from smsgateway.api import message_view
from smsgateway.api.routes import cancel_message as cancelling
from smsgateway.api.schemas import resources, responses
from smsgateway.api.schemas.parameters import Limit, MessageId, Next, number_at
from smsgateway.api.serving import cursors
from smsgateway.api.serving.context import api_key_of, client_of, new_router
from smsgateway.api.serving.gateway import Gateway, gateway_of
from smsgateway.api.serving.problems import Problem, not_found
from smsgateway.config.settings import Settings
from smsgateway.errors import ConfigurationError
from smsgateway.store import listing
from smsgateway.store.set_apart import load_set_apart

RECIPIENTS = 100  # on a page, unless the client says otherwise
BY_NUMBER = 20
FIRST = ("", 0)
RECIPIENTS_POSITION: Mapping[str, type] = {"path": str, "offset": int}
MOST_BY_NUMBER = 100  # each costs several reads

router = new_router()


@router.get(
    "/messages/<id>",
    summary="What became of a message",
    tags=["Messages"],
    operation_id="getMessage",
    responses=responses.described({200: ("The message", resources.Message)}, 404),
)
def show_message(id: MessageId, limit: Limit = RECIPIENTS, following: Next = None) -> dict[str, Any]:  # noqa: A002
    """Tells what became of a message, with a page of its recipients in the order of the post."""
    gateway = gateway_of(router)
    whole = _own(gateway, id)
    position = cursors.read(following, RECIPIENTS_POSITION, cursors.list_of(api_key_of(router), "recipients", id))
    start = (position["path"], position["offset"]) if position else FIRST
    return _shown(gateway, whole, start, limit)


@router.get(
    "/messages",
    summary="The messages to a number",
    tags=["Messages"],
    operation_id="listMessages",
    responses=responses.described({200: ("Newest first", resources.ListOf[resources.MessageToNumber])}),
)
def list_messages(
    to: Annotated[str, Query(max_length=64, description="the recipient's number")],
    limit: Annotated[int, Query(ge=1, le=MOST_BY_NUMBER, description="the most items of a page")] = BY_NUMBER,
    following: Next = None,
) -> dict[str, Any]:
    """Lists the messages to a number, newest first, each with what became of it there.

    The list is a moment old at most.
    """
    gateway, client = gateway_of(router), client_of(router)
    number = number_at("to", to)
    of = cursors.list_of(api_key_of(router), "messages", number)
    position = cursors.read(following, listing.BY_NUMBER_POSITION, of)
    owner = None if client.administrator else client.name
    rows, after = listing.to_number(gateway.table, number, owner, limit, position)
    shown = [message_view.number_view(gateway.table, (row["pk"], row["sk"]), gateway.now()) for row in rows]
    return {"items": [item for item in shown if item], "next": cursors.written(after, of)}


@router.delete(
    "/messages/<id>",
    summary="Cancel a message",
    tags=["Messages"],
    operation_id="cancelMessage",
    responses=responses.described(
        {200: ("What was not sent yet is canceled", resources.Message)},
        404,
        409,
        said={409: "It is too late; or, with `Retry-After`, repeat it in a moment"},
    ),
)
def cancel_message(id: MessageId) -> dict[str, Any]:  # noqa: A002
    """Cancels what no vendor has been asked to send yet, and answers 409 when that is nothing.

    A message of thousands of texts is cancelled by one write, from which on no vendor is asked. A 409 with
    `Retry-After` means that the message is being cancelled, and that the request had too little time to say what was
    too late: repeat the request.

    What waits for another try after a doubt (`resend.unconfirmed`) is `unconfirmed` then. It is not sent again, nor
    elsewhere, whatever is reported of it.
    """
    gateway, client = gateway_of(router), client_of(router)
    found = standing(gateway.table.get_many(standing_keys(id)), id) if id.startswith("msg_") else None
    if found is None or found.accepting_until or not (client.administrator or found.message.client == client.name):
        raise not_found("message")
    whole = cancelling.cancel(gateway, found.message)
    if whole is None:
        raise Problem(409, "it is too late: everything has been sent, or has ended")
    return _shown(gateway, whole, FIRST, RECIPIENTS)


def _own(gateway: Gateway, message_id: str) -> message_view.WholeMessage:
    """The message, if it is the client's own. Raises Problem as if another client's did not exist."""
    client = client_of(router)
    whole = message_view.load_whole(gateway.table, message_id, gateway.now()) if message_id.startswith("msg_") else None
    if whole is None or not (client.administrator or whole.message.client == client.name):
        raise not_found("message")
    return whole


def _shown(
    gateway: Gateway, whole: message_view.WholeMessage, start: message_view.Position, limit: int
) -> dict[str, Any]:
    now = gateway.now()
    by_status, uncounted = message_view.counts(gateway.table, whole, now, gateway.counting_is_over)
    fields = message_view.message_fields(whole, by_status, uncounted, load_set_apart(gateway.table, whole.message))
    items, after = message_view.recipients_page(
        gateway.table, _settings(gateway), whole, start, limit, now, gateway.time_is_over
    )
    position = {"path": after[0], "offset": after[1]} if after else None
    of = cursors.list_of(api_key_of(router), "recipients", whole.message.id)
    return fields | {"recipients": items, "next": cursors.written(position, of)}


def _settings(gateway: Gateway) -> Settings | None:
    """The accounts, or None while there are none: what became of a message can be told without them."""
    try:
        return gateway.accounts.get()
    except ConfigurationError:
        return None
