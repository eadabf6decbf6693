"""Magic numbers: what a client with a `test` key may verify. Each always ends in the same way, and nobody is texted.

The page README.md of this room lists them for clients.
"""

from collections.abc import Mapping
from enum import StrEnum

from smsgateway.accepting.post import Refusal
from smsgateway.verifying.challenge import challenge_required

DIGITS = "12345678"  # of which a magic code is the beginning


class Magic(StrEnum):
    """What comes of verifying a magic number; the value says it to clients."""

    APPROVED = "its code is 123456, or as many of 12345678 as `length` says"
    EXPIRED = "its code has expired at once"
    TOO_MANY = "it is always over its cap (429)"
    REFUSED = "its account refuses it (422)"
    CHALLENGED = "it needs a challenge (403), and with `challenged` its code is 123456"


MAGIC: Mapping[str, Magic] = {
    "19900000001": Magic.APPROVED,
    "19900000002": Magic.TOO_MANY,
    "19900000003": Magic.REFUSED,
    "19900000004": Magic.CHALLENGED,
    "19900000005": Magic.EXPIRED,
}


def check(number: str, *, challenged: bool) -> None:
    """Raises Refusal if the number is not a magic one, or one whose verification is refused."""
    match MAGIC.get(number):
        case None:
            known = "; ".join(f"{each}: {what}" for each, what in MAGIC.items())
            detail = "a test key texts nobody: it verifies magic numbers alone"
            raise Refusal(422, "Not a magic number", detail, [("to", f"must be one of {known}")])
        case Magic.TOO_MANY:
            raise Refusal(429, "Too frequent", "this magic number is always over its cap", retry_after=60)
        case Magic.REFUSED:
            problem = "the account of this magic number refuses it"
            raise Refusal(422, "No account can carry this", problem, [("to", problem)])
        case Magic.CHALLENGED if not challenged:
            raise challenge_required()


def code(length: int) -> str:
    """The code of a magic number."""
    return DIGITS[:length]


def expires_at_once(number: str) -> bool:
    """True for the magic number whose code has expired before anybody could type it in."""
    return MAGIC.get(number) == Magic.EXPIRED
