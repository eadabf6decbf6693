"""`next` of lists: where the following page begins, as text that clients pass back and need not understand.

A cursor is sealed with the key that its client calls with. So it is good for that client and for the list that it came
from alone, in every process and without a secret beside those that there are.
"""

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any

from smsgateway.api.serving.problems import invalid

SEAL_BYTES = 12


def list_of(api_key: str, *of: str) -> bytes:
    """What the cursors of a list are sealed with: the client's key, the list's name, and what decides on its items."""
    return hmac.digest(api_key.encode(errors="surrogatepass"), json.dumps(of).encode(), "sha256")


def written(position: Mapping[str, Any] | None, of: bytes) -> str | None:
    """The cursor of a position in a list (`list_of`); None if there is no following page."""
    return None if position is None else _sealed(json.dumps(position, separators=(",", ":")).encode(), of)


def read(cursor: str | None, names: Mapping[str, type], of: bytes) -> dict[str, Any] | None:
    """The position in a cursor of this list, whose members have these names and types; None without a cursor.

    Raises Problem for any text that is no cursor of this list.
    """
    if cursor is None:
        return None
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[SEAL_BYTES:]
    except ValueError:
        packed = b""
    if hmac.compare_digest(_sealed(packed, of).encode(), cursor.encode(errors="surrogatepass")):
        position: dict[str, Any] = json.loads(packed)
        if {name: type(value) for name, value in position.items()} == dict(names):  # else of a version before
            return position
    raise invalid([("next", "is not a value that a page of this list gave to this client: leave it out to begin anew")])


def _sealed(packed: bytes, of: bytes) -> str:
    seal = hmac.digest(of, packed, "sha256")[:SEAL_BYTES]
    return base64.urlsafe_b64encode(seal + packed).decode().rstrip("=")
