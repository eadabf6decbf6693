"""A verification as clients see it: what became of it, and never the number, the code or the text."""

from typing import Any

from smsgateway.clock import Millis, iso
from smsgateway.ids import keyed_message_id
from smsgateway.store.verifications import PENDING, Verification
from smsgateway.verifying.codes import Name


def name_of(verification: Verification) -> Name:
    """The name of a verification."""
    return Name(verification.digest, verification.nonce)


def status_of(verification: Verification, now: Millis) -> str:
    """What became of it: `pending`, `approved`, `canceled`, `exhausted` or `expired`.

    One whose attempts are used up has no life left to expire.
    """
    if verification.stage != PENDING:
        return verification.stage
    if not verification.left:
        return "exhausted"
    return PENDING if verification.living(now) else "expired"


def post_key(verification: Verification, post: int) -> str:
    """The Idempotency-Key of a verification's message number `post`, counted from 1.

    No client can send such a key: a header has no line breaks.
    """
    return f"verification\n{verification.nonce}\n{post}"


def message_ids(verification: Verification) -> list[str]:
    """The ids of the messages that carry the code, the oldest first."""
    keys = (post_key(verification, post) for post in range(1, verification.posts + 1))
    return [keyed_message_id(verification.client, key) for key in keys]


def view(verification: Verification, now: Millis) -> dict[str, Any]:
    """A verification as the API shows it. One of a client with a `test` key has no messages."""
    return {
        "id": name_of(verification).id,
        "status": status_of(verification, now),
        "to": verification.masked,
        "template": verification.template,
        "length": verification.length,
        "created_at": iso(verification.created_at),
        "expires_at": iso(verification.expires_at),
        "resend_after": iso(verification.post_again_at),
        "left": verification.left,
        "messages": [] if verification.test else message_ids(verification),
    }
