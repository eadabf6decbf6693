"""When a message is sent, and until when: as it was posted, or after the quiet hours that this falls into."""

from dataclasses import dataclass
from math import ceil

from smsgateway.accepting.post import Post, Refusal
from smsgateway.clock import Millis, iso, millis, seconds
from smsgateway.model import Message, QuietHours, Reason
from smsgateway.rules.quiet_hours import MINUTE, quiet_until, spread_of

DEFAULT_VALIDITY = {"otp": 300, "notice": 259_200, "marketing": 259_200}  # seconds
CLOCKS_APART: Millis = 60_000  # that a client's clock may be behind ours


@dataclass(frozen=True, slots=True)
class Times:
    """The times of a message, by the names that they have there (`model.py`)."""

    created_at: Millis
    send_at: Millis | None
    valid_until: Millis
    postponed_from: Millis | None = None
    spread: Millis = 0


def times_of(post: Post, hours: QuietHours | None, now: Millis) -> Times:
    """The times of a post's message. `hours`: in which it is not sent; None: in none.

    How long it is valid counts from the moment for which it was posted, and where the post does not say how long, from
    the moment to which it is postponed. Raises Refusal for a `send_at` that is past, and for a `valid_for` that ends in
    the quiet hours.
    """
    if post.send_at is not None and post.send_at < now - CLOCKS_APART:
        raise Refusal(422, "Too late", "send_at is in the past", [("send_at", "is in the past")])
    planned = max(now, post.send_at or now)
    validity = millis(DEFAULT_VALIDITY[post.purpose] if post.valid_for is None else post.valid_for)
    end = quiet_until(planned, hours) if hours else None
    if hours is None or end is None:
        return Times(now, post.send_at, planned + validity)
    valid_until = (end if post.valid_for is None else planned) + validity
    if valid_until < end + MINUTE:
        least = ceil(seconds(end + MINUTE - planned))
        detail = f"marketing is not sent before {iso(end)}, and the message would not be valid any more by then"
        errors = [("valid_for", f"ends within the quiet hours: leave it out, or let it be at least {least}")]
        raise Refusal(422, "Not valid for long enough", detail, errors)
    return Times(now, end, valid_until, planned, spread_of(end, hours, valid_until))


def postponed(message: Message) -> dict[str, str] | None:
    """Why a message is sent later than it was posted for, from when and until when; None if it is not."""
    if message.postponed_from is None or message.send_at is None:
        return None
    return {"reason": Reason.QUIET_HOURS, "from": iso(message.postponed_from), "until": iso(message.send_at)}
