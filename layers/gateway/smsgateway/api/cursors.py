"""`next` of lists: where the following page begins, as text that clients pass back and need not understand."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from smsgateway.api.problems import invalid


def written(position: Mapping[str, Any] | None) -> str | None:
    """The cursor of a position; None when there is no following page."""
    if position is None:
        return None
    return base64.urlsafe_b64encode(json.dumps(position, separators=(",", ":")).encode()).decode().rstrip("=")


def read(cursor: str | None, names: Mapping[str, type]) -> dict[str, Any] | None:
    """The position in a cursor, which has exactly these members of these types. Raises Problem for any other text."""
    if cursor is None:
        return None
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        position = None
    if (
        not isinstance(position, dict)
        or {name: type(value) for name, value in position.items()} != dict(names)
        or "" in position.values()
    ):
        raise invalid([("next", "is not a value that a page of this list gave")])
    return position
