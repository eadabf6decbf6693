"""Replies: `GET /inbound`."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query

from smsgateway.api.schemas import resources, responses
from smsgateway.api.schemas.parameters import Limit, Next, Since, moment_at, number_at
from smsgateway.api.serving import cursors
from smsgateway.api.serving.context import api_key_of, client_of, new_router
from smsgateway.api.serving.gateway import gateway_of
from smsgateway.api.serving.problems import invalid
from smsgateway.clock import iso, sortable
from smsgateway.model import Reply
from smsgateway.store import listing

REPLIES = 100  # on a page, unless the client says otherwise
LATEST = 10**13 - 1  # milliseconds since the epoch in 13 digits, by which replies are listed

router = new_router()


@router.get(
    "/inbound",
    summary="Replies",
    tags=["Replies"],
    operation_id="listInbound",
    responses=responses.described({200: ("Newest first", resources.ListOf[resources.Reply])}),
)
def list_replies(
    sender: Annotated[str | None, Query(alias="from", max_length=64, description="who wrote")] = None,
    since: Since = None,
    limit: Limit = REPLIES,
    following: Next = None,
) -> dict[str, Any]:
    """Lists replies, newest first: a sender sees the replies to its own messages, an administrator all. The list is a
    moment old at most."""
    gateway, client = gateway_of(router), client_of(router)
    owner = None if client.administrator else client.name
    earliest = sortable(min(max(0, moment_at("since", since)), LATEST)) if since is not None else ""
    number = number_at("from", sender) if sender is not None else ""
    of = cursors.list_of(api_key_of(router), "inbound", number)
    position = cursors.read(following, listing.BY_NUMBER_POSITION if number else listing.BY_LIST_POSITION, of)
    if position and position["at" if number else "listed_at"] < earliest:
        raise invalid([("next", "belongs to a list with another `since`")])
    if number:
        found, after = listing.replies_from(gateway.table, number, owner, earliest, limit, position)
    else:
        found, after = listing.replies(gateway.table, owner, earliest, limit, position)
    return {"items": [_view(reply) for reply in found], "next": cursors.written(after, of)}


def _view(reply: Reply) -> dict[str, Any]:
    """A reply, in the words of its event (publishing/changes.py)."""
    return {
        "inbound_id": reply.id,
        "from": reply.number,
        "to": reply.access_number or None,
        "extension": reply.extension or None,
        "text": reply.text,
        "received_at": iso(reply.received_at),
        "account": reply.account,
        "vendor": reply.vendor,
        "in_reply_to": reply.in_reply_to or None,
        "reference": reply.reference or None,
        "opt_out": reply.opt_out,
        "opt_in": reply.opt_in,
        "partial": reply.partial,
    }
