"""What became of messages: `GET /messages/{id}`, `GET /messages?to=`, `DELETE /messages/{id}`."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query

from smsgateway.api import answers, cursors, views
from smsgateway.api.calls import Gateway, client_of, gateway_of, list_of, new_router
from smsgateway.api.parameters import Limit, MessageId, Next, number_at
from smsgateway.api.problems import Problem, not_found
from smsgateway.errors import ConfigurationError
from smsgateway.model import Reason, State
from smsgateway.settings import Settings
from smsgateway.store import lists, resends, submissions, transitions
from smsgateway.store.table import PARALLEL, ConditionFailed

RECIPIENTS = 100  # on a page, unless the client says otherwise
BY_NUMBER = 20
FIRST = ("", 0)
RECIPIENTS_POSITION: Mapping[str, type] = {"path": str, "offset": int}
MOST_BY_NUMBER = 100  # each costs several reads
LOOKS = 3  # at a message that is to be canceled and whose recipients go on to another account meanwhile

router = new_router()


@router.get(
    "/messages/<id>",
    summary="What became of a message",
    tags=["Messages"],
    operation_id="getMessage",
    responses=answers.described({200: ("The message", answers.Message)}, 404),
)
def show_message(id: MessageId, limit: Limit = RECIPIENTS, following: Next = None) -> dict[str, Any]:  # noqa: A002
    """With a page of its recipients, in the order of the post."""
    gateway = gateway_of(router)
    whole = _own(gateway, id)
    position = cursors.read(following, RECIPIENTS_POSITION, list_of(router, "recipients", id))
    start = (position["path"], position["offset"]) if position else FIRST
    return _shown(gateway, whole, start, limit)


@router.get(
    "/messages",
    summary="The messages to a number",
    tags=["Messages"],
    operation_id="listMessages",
    responses=answers.described({200: ("Newest first", answers.ListOf[answers.MessageToNumber])}),
)
def list_messages(
    to: Annotated[str, Query(max_length=64, description="the recipient's number")],
    limit: Annotated[int, Query(ge=1, le=MOST_BY_NUMBER)] = BY_NUMBER,
    following: Next = None,
) -> dict[str, Any]:
    """Newest first, each with what became of it at this number; a moment old at most."""
    gateway, client = gateway_of(router), client_of(router)
    number = number_at("to", to)
    of = list_of(router, "messages", number)
    position = cursors.read(following, lists.BY_NUMBER_POSITION, of)
    owner = None if client.administrator else client.name
    rows, after = lists.to_number(gateway.table, number, owner, limit, position)
    shown = [views.number_view(gateway.table, (row["pk"], row["sk"]), gateway.now()) for row in rows]
    return {"items": [item for item in shown if item], "next": cursors.written(after, of)}


@router.delete(
    "/messages/<id>",
    summary="Cancel a message",
    tags=["Messages"],
    operation_id="cancelMessage",
    responses=answers.described(
        {200: ("What was not sent yet is canceled", answers.Message)},
        404,
        409,
        said={409: "It is too late; or, with `Retry-After`, repeat it in a moment"},
    ),
)
def cancel_message(id: MessageId) -> dict[str, Any]:  # noqa: A002
    """Cancels what no vendor has been asked to send yet. 409 when that is nothing; and, with `Retry-After`, when
    recipients are on their way to another account at this very moment."""
    gateway = gateway_of(router)
    whole = _own(gateway, id)
    anything = False
    for _ in range(LOOKS):
        waiting = [*whole.submissions, *views.open_resends(gateway.table, whole)]
        with ThreadPoolExecutor(PARALLEL) as pool:
            anything |= any(list(pool.map(lambda submission: _cancel(gateway, submission), waiting)))
        whole = _own(gateway, id)
        if not any(map(_to_come, whole.submissions)):
            break
    else:
        detail = "recipients are on their way to another account, so that not all are canceled: repeat this in a moment"
        raise Problem(409, detail, headers={"Retry-After": "1"})
    if not anything:
        raise Problem(409, "it is too late: everything has been sent, or has ended")
    return _shown(gateway, whole, FIRST, RECIPIENTS)


def _to_come(submission: submissions.Stored) -> bool:
    """Whether it may still be sent without having been asked for, itself or as children that are not all there yet."""
    spreading = submission.state == State.MOVED and submission.due_at is not None
    return spreading or submission.state in (State.QUEUED, State.WAITING)


def _cancel(gateway: Gateway, submission: submissions.Stored) -> bool:
    """Whether the submission is canceled now, by this request or an earlier one."""
    if submission.state not in (State.QUEUED, State.WAITING):
        return submission.state == State.CANCELED
    try:
        transitions.ended_unsent(gateway.table, submission, State.CANCELED, Reason.CANCELED_BY_CLIENT)
    except ConditionFailed:
        return False
    if submission.row and (resend := submissions.load_submission(gateway.table, submission.key)):
        resends.conclude(gateway.table, resend, gateway.now())
    return True


def _own(gateway: Gateway, message_id: str) -> views.Whole:
    """The client's own message; another's does not exist."""
    client = client_of(router)
    whole = views.load_whole(gateway.table, message_id, gateway.now()) if message_id.startswith("msg_") else None
    if whole is None or not (client.administrator or whole.message.client == client.name):
        raise not_found("message")
    return whole


def _shown(gateway: Gateway, whole: views.Whole, start: views.Position, limit: int) -> dict[str, Any]:
    now = gateway.now()
    fields = views.message_fields(whole, views.counts(gateway.table, whole, now))
    items, after = views.recipients_page(gateway.table, _settings(gateway), whole, start, limit, now)
    position = {"path": after[0], "offset": after[1]} if after else None
    of = list_of(router, "recipients", whole.message.id)
    return fields | {"recipients": items, "next": cursors.written(position, of)}


def _settings(gateway: Gateway) -> Settings | None:
    """The accounts, if there are any: what became of a message can be told without."""
    try:
        return gateway.accounts.get()
    except ConfigurationError:
        return None
