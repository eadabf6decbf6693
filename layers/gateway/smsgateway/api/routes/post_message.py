"""`POST /messages`."""

import hashlib
import json
from collections.abc import Iterator
from typing import Annotated, Any, cast

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Header

from smsgateway.accepting.accept import accept
from smsgateway.accepting.acceptor import Acceptor
from smsgateway.accepting.post import PersonalPost, Post, Refusal
from smsgateway.api.schemas.moments import moment
from smsgateway.api.schemas.requests import IDEMPOTENCY_KEY, NewMessage
from smsgateway.api.schemas.responses import AcceptedMessage, DryRun, described
from smsgateway.api.serving.context import client_of, new_router
from smsgateway.api.serving.problems import invalid, refused
from smsgateway.clock import Millis

FURTHEST_AHEAD = 30 * 86_400_000  # milliseconds

router = new_router()

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=IDEMPOTENCY_KEY,
        description="send one with every post that you may have to repeat; at most 255 ASCII characters. The same key"
        " and body give the first answer again, and no second message; the same key with another body is a 422. While"
        " the first request is under way, or has died a moment ago, the answer is a 409: after its `Retry-After` the"
        " outcome is certain, and mostly sooner. Two such headers are a 400 (the local cloud joins them to one key). A"
        " key belongs to the client, and lives as long as the message. Without a key, a repeated request is a new"
        " message",
    ),
]


@router.post(
    "/messages",
    status_code=202,
    summary="Send a message",
    tags=["Messages"],
    operation_id="sendMessage",
    responses=described(
        {
            202: ("It is stored, and will be sent", AcceptedMessage),
            200: ("What would happen (`dry_run`)", DryRun),
        },
        400, 409, 413, 429, 503,
        said={
            409: "A request with this Idempotency-Key is under way: repeat it after `Retry-After`, or try sooner",
            422: "The request is not valid: `errors` has the places; or the Idempotency-Key came with another body",
            429: "The client's daily segments are spent, or the numbers are over their caps: `errors` says until when;"
            " or there are too many requests",
        },
    ),
)  # fmt: skip
def send_message(
    message: Annotated[NewMessage, Body()], idempotency_key: IdempotencyKey = None
) -> Response[dict[str, Any]]:
    """Accepts a message to one number or many, or a personalised one, through the route of its purpose.

    A 202 means that the message is stored and will be sent. What became of it, `GET /messages/{id}` and the events
    tell.

    Numbers that the message is not sent to are in `refused`, with a reason, and with a `problem` that names by code
    point a character that no number has. When that is all numbers, the answer is 422.

    A number gets only so many texts of a purpose in a minute, an hour and a day, from all clients together: by default
    one, five and ten passwords, and three texts of marketing a day (`caps` in the accounts document, or of a client).
    A text counts when it is planned to go out. Who is over a cap is `refused` as `too_frequent`, with the moment at
    which there is room again (`until`); when nobody else is left, the answer is 429 with `Retry-After`.

    Content that a vendor cannot carry (a character, a length, a separator, an extension) takes the vendor's account off
    the route. When no account is left, the answer is 422 and names each account's reason. Content is never altered
    silently. Landlines beside mobile numbers are `refused` as `landline`, unless every account of the route takes them;
    landlines alone go through the accounts that do.

    Marketing is not sent in the quiet hours of its route, by default from 21:00 to 08:00 in Beijing: it is `scheduled`,
    and `postponed` in the answer says until when; its vendor requests go out over the half hour after that. A
    `valid_for` that ends before is a 422. Whoever opts out before it is sent does not get it any more, and is
    `suppressed`. Passwords and notices never wait.

    A `dry_run` answers 200 with a `plan`: the accounts in order, each with its vendor requests, its segments and the
    text as the recipient would read it (or the template's code and values); the accounts that were taken off the route,
    with the reason; the queue; and `warnings` of what in the template is probably not meant.

    `warnings` beside the plan, and in the answer to every post, are findings of preflight: what carriers as a rule
    refuse in a text, such as links, phone numbers, and marketing without a way to opt out. Each has its place and says
    what to do. The message is sent all the same, unless the route of its purpose is `strict`: then the answer, also of
    a dry run, is 422, and `errors` has the findings.

    A personalised message through {vendors_without_batches} is a vendor request for each different text. What cannot
    be stored in the 29 seconds that a request has is refused before anything is stored, with a 422 that says how many
    texts would fit (about 25,000, and fewer where caps hold). If storing takes longer after all, the answer is a 503
    with `Retry-After`, and nothing is sent.
    """
    acceptor = cast("Acceptor", router.context["collaborators"])
    if errors := [*inconsistencies(message), *out_of_time(message, acceptor.now())]:
        raise invalid(errors)
    body_hash = hash_of(router.current_event.json_body)
    try:
        status, answer = accept(acceptor, client_of(router), post_of(message, idempotency_key or "", body_hash))
    except Refusal as refusal:
        raise refused(refusal) from None
    return Response(status, "application/json", answer)


def inconsistencies(message: NewMessage) -> Iterator[tuple[str, str]]:
    """Place and problem of fields that must not stand beside each other, or alone."""
    if message.messages is not None:
        yield from _personal_inconsistencies(message)
        return
    if message.to is None:
        yield "to", "required, unless there are messages"
    if message.text is None and message.template is None:
        yield "text", "required, unless there is a template"
    if message.text is not None and message.template is not None:
        yield "template", "not beside text"
    if message.params is not None and message.template is None:
        yield "params", "only beside template"


def _personal_inconsistencies(message: NewMessage) -> Iterator[tuple[str, str]]:
    for name in ("to", "text", "params"):
        if getattr(message, name) is not None:
            yield name, "not beside messages: each of them has its own"
    for index, entry in enumerate(message.messages or ()):
        if message.template is None:
            if entry.text is None:
                yield f"messages[{index}].text", "required, unless there is a template"
            if entry.params is not None:
                yield f"messages[{index}].params", "only beside template"
        elif entry.text is not None:
            yield f"messages[{index}].text", "not beside template"


def out_of_time(message: NewMessage, now: Millis) -> Iterator[tuple[str, str]]:
    """Place and problem of a `send_at` that is too far ahead of `now`. Whether it is past is for `accept` to say."""
    if message.send_at is not None and moment(message.send_at) > now + FURTHEST_AHEAD:
        yield "send_at", "is more than 30 days ahead"


def post_of(message: NewMessage, idempotency_key: str, body_hash: str) -> Post:
    """The message as `accept` takes it."""
    return Post(
        purpose=message.purpose,
        to=tuple(message.to or ()),
        text=message.text,
        template=message.template,
        params=message.params or {},
        personal=tuple(PersonalPost(entry.to, entry.text, entry.params) for entry in message.messages or ()),
        signature=message.signature,
        account=message.account,
        extension=message.extension,
        reference=message.reference,
        send_at=None if message.send_at is None else moment(message.send_at),
        valid_for=message.valid_for,
        resend_unconfirmed=message.resend.unconfirmed,
        resend_undelivered=message.resend.undelivered,
        dry_run=message.dry_run,
        idempotency_key=idempotency_key,
        body_hash=body_hash,
    )


def hash_of(body: object) -> str:
    """The SHA-256 of a body, the same whatever the order of its fields and its white space."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
