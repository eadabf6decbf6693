"""A verification's names and its code: all follow from the pepper, and nobody without it can tell one from another.

A verification is named by what there is one living code for (its *digest*), and by a random *nonce*. The code follows
from both, so that it can be repeated without being stored. All of it is pure.
"""

import hmac
import json
import re
import unicodedata
from typing import NamedTuple

from smsgateway.ids import BASE32, ID_LENGTH, Randomness, base32
from smsgateway.unseen import without_marks

NONCE_BITS = 80
NONCE_LENGTH = 16
PREFIX = "ver_"
EVEN = 250  # bytes below it stand for each digit equally often

_ID = re.compile(f"{PREFIX}([{BASE32}]{{{ID_LENGTH}}})([{BASE32}]{{{NONCE_LENGTH}}})")


class Name(NamedTuple):
    """What a verification's id says: what it verifies, and which of all verifications of that it is."""

    digest: str
    nonce: str

    @property
    def id(self) -> str:
        """The id as clients know it."""
        return f"{PREFIX}{self.digest}{self.nonce}"


def name_in(verification_id: str) -> Name | None:
    """What an id says, or None if it is none of ours."""
    found = _ID.fullmatch(verification_id)
    return Name(found[1], found[2]) if found else None


def digest_of(pepper: bytes, client: str, number: str, template: str) -> str:
    """What there is one living code for: 128 bits that tell nobody the number."""
    return _short(_keyed(pepper, "verification", client, number, template))


def key_digest(pepper: bytes, client: str, kind: str, value: str) -> str:
    """A key of a client's (`ip`, `device`), as it is counted under."""
    return _short(_keyed(pepper, "key", client, kind, value))


def new_nonce(source: Randomness) -> str:
    """What tells a verification from those of the same number before it."""
    return base32(source.getrandbits(NONCE_BITS))[-NONCE_LENGTH:]


def code_of(pepper: bytes, name: Name, length: int) -> str:
    """The code of a verification: so many digits, each of which is any of the ten equally often."""
    digits, block = "", 0
    while len(digits) < length:
        drawn = _keyed(pepper, "code", *name, str(block))
        digits += "".join(str(byte % 10) for byte in drawn if byte < EVEN)
        block += 1
    return digits[:length]


def code_hash(pepper: bytes, name: Name, code: str) -> str:
    """What is stored of a code, to compare what somebody types with."""
    return _keyed(pepper, "check", *name, code).hex()


def same(one: str, other: str) -> bool:
    """Whether two hashes are the same; how long it takes says nothing about where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def typed(code: str) -> str:
    """A code as it was meant: digits of any width, without blanks and what no eye sees."""
    return re.sub(r"\s", "", without_marks(unicodedata.normalize("NFKC", code)))


def _keyed(pepper: bytes, *parts: str) -> bytes:
    return hmac.digest(pepper, json.dumps(parts).encode(), "sha256")


def _short(digest: bytes) -> str:
    return base32(int.from_bytes(digest[:16]))
