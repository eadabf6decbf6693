"""A post that comes again under its Idempotency-Key: what stands under the key, and the answer that its first post got.

The key makes the message's id, so that what stands under the id answers for the key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smsgateway.accepting.post import Post, Refusal
from smsgateway.accepting.recipients import Recipients, landlines_of, set_apart, without
from smsgateway.accepting.timing import postponed
from smsgateway.clock import Millis, iso
from smsgateway.ids import SubmissionKey, root_path
from smsgateway.model import Message, Reason
from smsgateway.preflight.words import said
from smsgateway.store import messages
from smsgateway.store.keys import message_key, submission_key
from smsgateway.store.set_apart import load_set_apart
from smsgateway.store.table import Item, Key, Table


@dataclass(frozen=True, slots=True)
class StandingMessage:
    """The message that stands under an id, accepted or not yet."""

    message: Message
    accepting_until: Millis  # when its acceptance counts as dead; 0: it is accepted


def standing_keys(message_id: str) -> list[Key]:
    """The two places of a message under an id: as one to one number, and as one to several."""
    return [submission_key(SubmissionKey(message_id, root_path(0))), message_key(message_id)]


def standing(items: Mapping[Key, Item], message_id: str) -> StandingMessage | None:
    """The message under an id, among items that were read at `standing_keys`; None if there is none."""
    single, several = (items.get(key, {}) for key in standing_keys(message_id))
    item = single if "message" in single else several
    return StandingMessage(messages.read_message(item), item.get("accepting_until", 0)) if item else None


def standing_now(table: Table, message_id: str) -> StandingMessage | None:
    """The message under an id, read now; None if there is none."""
    return standing(table.get_many(standing_keys(message_id)), message_id)


def first_answer(
    table: Table, standing: StandingMessage | None, post: Post, recipients: Recipients
) -> dict[str, Any] | None:
    """The answer that the first post with this Idempotency-Key got, or None while there is no accepted message.

    `recipients`: of this post, before anybody is set apart but the invalid. Who was set apart then is read from the
    table where they were many. Raises Refusal if the first had another body.
    """
    if standing is None or standing.accepting_until:
        return None
    first = standing.message
    if first.body_hash != post.body_hash:
        detail = "this key came with another body; use a new key for a new message"
        errors = [("Idempotency-Key", "used before, with another body")]
        raise Refusal(422, "Idempotency-Key used before", detail, errors)
    recipients = set_apart(recipients, load_set_apart(table, first), post)
    if first.mobiles_only:
        recipients = without(recipients, landlines_of(recipients), Reason.LANDLINE, post)
    return answer_to(first, recipients)


def rivals_answer(
    table: Table, standing: StandingMessage | None, post: Post, recipients: Recipients, now: Millis
) -> dict[str, Any]:
    """The answer to a post whose key another request has taken meanwhile: that of the message which stands there.

    Raises Refusal like `first_answer`, and while the other request is under way.
    """
    first = first_answer(table, standing, post, recipients)
    if first is None:
        raise in_progress(standing, now)
    return first


def in_progress(standing: StandingMessage | None, now: Millis) -> Refusal:
    """The refusal of a post whose first is being accepted, or has died over it: until that is certain, nobody knows."""
    left = (standing.accepting_until - now) // 1000 if standing else 0
    seconds = max(0, left) + 1
    detail = f"a request with this Idempotency-Key is being accepted: repeat it in {seconds} s, or try sooner"
    return Refusal(409, "In progress", detail, retry_after=seconds)


def answer_to(message: Message, recipients: Recipients) -> dict[str, Any]:
    """The body of the answer to a post: its message, and who is not among the recipients of it."""
    return {
        "id": message.id,
        "status": "scheduled" if message.send_at and message.send_at > message.created_at else "queued",
        "account": message.route[0],
        "recipients": message.recipients,
        "segments": message.segments,
        "created_at": iso(message.created_at),
        "reference": message.reference or None,
        "postponed": postponed(message),
        "refused": list(recipients.refused),
        "warnings": [said(finding) for finding in message.findings],
    }
