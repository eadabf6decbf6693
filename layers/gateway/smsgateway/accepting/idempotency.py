"""Posts that come again under their Idempotency-Key: what stands under it, and the answer that its first post got."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smsgateway.accepting.post import Post, Recipients, Refusal, landlines_of, without
from smsgateway.clock import iso
from smsgateway.ids import SubmissionKey, root_path
from smsgateway.model import Message, Reason
from smsgateway.store import messages, submissions
from smsgateway.store.table import Item, Key


@dataclass(frozen=True, slots=True)
class StandingMessage:
    """What stands under an id."""

    message: Message
    accepting_until: int  # when (epoch ms) its acceptance counts as dead; 0: it is accepted


def standing_keys(identity: str) -> list[Key]:
    """Where a message of either kind stands: to one number, and to several."""
    return [submissions.submission_key(SubmissionKey(identity, root_path(0))), messages.message_key(identity)]


def standing(items: Mapping[Key, Item], identity: str) -> StandingMessage | None:
    """A message of either kind, among what there is at `standing_keys`."""
    single, several = (items.get(key, {}) for key in standing_keys(identity))
    item = single if "message" in single else several
    return StandingMessage(messages.read_message(item), item.get("accepting_until", 0)) if item else None


def first_answer(found: StandingMessage | None, post: Post, recipients: Recipients) -> dict[str, Any] | None:
    """The answer that a post with this Idempotency-Key got before, or None. Raises Refusal if its body was another."""
    if found is None or found.accepting_until:
        return None
    first = found.message
    if first.body_hash != post.body_hash:
        detail = "this key came with another body; use a new key for a new message"
        errors = [("Idempotency-Key", "used before, with another body")]
        raise Refusal(422, "Idempotency-Key used before", detail, errors)
    recipients = without(recipients, first.suppressed, Reason.SUPPRESSED, post)
    if first.mobiles_only:
        recipients = without(recipients, landlines_of(recipients), Reason.LANDLINE, post)
    return answer_to(first, recipients)


def in_progress(found: StandingMessage | None, now: int) -> Refusal:
    """The refusal of a post whose first is being accepted, or has died over it: until that is certain, nobody knows."""
    left = (found.accepting_until - now) // 1000 if found else 0
    seconds = max(0, left) + 1
    detail = f"a request with this Idempotency-Key is being accepted: repeat it in {seconds} s, or try sooner"
    return Refusal(409, "In progress", detail, retry_after=seconds)


def answer_to(message: Message, recipients: Recipients) -> dict[str, Any]:
    return {
        "id": message.id,
        "status": "scheduled" if message.send_at and message.send_at > message.created_at else "queued",
        "account": message.route[0],
        "recipients": message.recipients,
        "segments": message.segments,
        "created_at": iso(message.created_at),
        "reference": message.reference or None,
        "refused": list(recipients.refused),
    }
