"""An API Gateway event made safe to route: the body as text, by its flag, and JSON that is a JSON object (RFC 8259).

Powertools decodes bodies on the way and crashes on what is not UTF-8, takes forms for JSON and the first item of a list
for the whole: none of that reaches it.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from smsgateway.api import spreadsheet
from smsgateway.api.serving.problems import Problem, invalid, not_found
from smsgateway.config import strict_json
from smsgateway.errors import ConfigurationError
from smsgateway.text import normalise_number

LARGEST = 4_500_000  # bytes; Lambda takes 6 MB, and base 64 makes four of every three
TAKE_CSV = frozenset({("POST", "/suppressions")})  # beside JSON
IDEMPOTENCY = "Idempotency-Key"
DEEPEST = 10  # levels; the API itself needs four


def cleaned(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with its body as text, its path free of a custom domain's base path, and a number in the path as it is
    filed. Raises Problem."""
    return {**event, "path": _path(event), "body": _body(event), "isBase64Encoded": False, **_headers(event)}


def _path(event: Mapping[str, Any]) -> str:
    """The resource with its parameters filled in: what `path` is on every domain but one with a base path."""
    path = str(event["resource"])
    for name, value in (event.get("pathParameters") or {}).items():
        plain = unquote(value)
        # The resolver's patterns know few of the characters that a number is written with.
        path = path.replace(f"{{{name}}}", (normalise_number(plain) if name == "number" else None) or plain)
    if not path.isprintable():  # a line end would pass the resolver's patterns
        raise not_found("path")
    return path


def _headers(event: Mapping[str, Any]) -> dict[str, Any]:
    """The headers, with JSON as the type of every body: no other is served, and `curl -d` says otherwise."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    several: dict[str, list[str]] = {}
    for name, values in (event.get("multiValueHeaders") or {}).items():
        several.setdefault(name.lower(), []).extend(values)
    if len(several.get(IDEMPOTENCY.lower(), ())) > 1:  # which would be joined to one
        raise Problem(400, f"there are several headers {IDEMPOTENCY}", [(IDEMPOTENCY, "send one, or none")])
    several = {name: [value] for name, value in headers.items()} | several
    several["content-type"] = ["application/json"]
    return {"headers": headers | {"content-type": "application/json"}, "multiValueHeaders": several}


def _body(event: Mapping[str, Any]) -> str | None:
    written = event.get("body") or ""
    content_type = _content_type(event)
    takes_csv = (event["httpMethod"], event["resource"]) in TAKE_CSV and spreadsheet.is_csv(content_type)
    if event["httpMethod"] not in ("POST", "PUT") or not (written or takes_csv):
        return None
    raw = _raw(written) if event.get("isBase64Encoded") else written.encode(errors="surrogatepass")
    if takes_csv:
        _of_fitting_size("", len(raw))
        return spreadsheet.as_json(raw, content_type)
    if not event.get("isBase64Encoded"):
        return _of_fitting_size(written, len(raw))
    # What is not UTF-8 is refused by `parse`: some routes read no body, whatever comes with them.
    return _of_fitting_size(raw.decode("utf-8-sig", errors="surrogateescape"), len(raw))


def _raw(written: str) -> bytes:
    try:
        return base64.b64decode(written, validate=True)
    except binascii.Error:
        raise Problem(400, "the body is not base 64") from None


def _content_type(event: Mapping[str, Any]) -> str:
    """The type that a body came with; it decides on nothing but whether a list is a spreadsheet's."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return str(headers.get("content-type") or "")


def _of_fitting_size(text: str, size: int) -> str:
    if size > LARGEST:
        raise Problem(413, f"the body has {size} bytes; at most {LARGEST} are taken")
    return text


def parse(text: str) -> dict[str, Any]:
    """The JSON object in a body. Raises Problem: 400 for what is not JSON, 422 for JSON that is no object."""
    try:
        text.encode()
        value = strict_json.load(text).value
    except UnicodeEncodeError as error:
        raise Problem(400, f"the body is not UTF-8 (byte {len(text[: error.start].encode())})") from None
    except ConfigurationError as error:
        raise Problem(400, f"the body {error.problem}") from None
    if any(depth > DEEPEST for depth in _depths(value)):
        raise Problem(400, "the body is nested too deeply")
    if not isinstance(value, dict):
        raise invalid([("body", "must be a JSON object ({…})")])
    return value


def _depths(value: object) -> Iterator[int]:
    """The depth of every container in a JSON value, without recursion."""
    waiting = [(value, 1)]
    while waiting:
        container, depth = waiting.pop()
        if isinstance(container, dict | list):
            yield depth
            items = container.values() if isinstance(container, dict) else container
            waiting += [(item, depth + 1) for item in items if isinstance(item, dict | list)]
