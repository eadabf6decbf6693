"""What the end-to-end tests tell the gateway: every secret, number and text, to be looked for in its logs."""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from smsgateway.text import normalise_number
from tests.local.api import Answer, Api

SHORTEST_TEXT = 6  # characters of a text that can be looked for, unless it is Chinese, which our logs are not
SHORTEST_SECRET = 5
FEW_CHARACTERS = 1  # `000000` is nobody's text
TEXTS = {"text", "params", "signature", "content"}
NUMBERS = {"to", "from", "number", "mobile"}


@dataclass
class Said:
    """Grows with every request of a test."""

    secrets: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)

    def note(self, document: object, name: str = "") -> None:
        """Keep the numbers and texts of a request, an event or a vendor's record, by the names of its fields."""
        if isinstance(document, dict):
            for key, value in document.items():
                self.note(value, name if name in TEXTS else key)
        elif isinstance(document, list | tuple):
            for value in document:
                self.note(value, name)
        elif isinstance(document, str) and name in NUMBERS:
            self.numbers.add(normalise_number(document) or document)
        elif isinstance(document, str) and name in TEXTS and len(set(document)) > FEW_CHARACTERS:
            self.texts.add(document)

    def note_secrets(self, document: object) -> None:
        """Keep every value below these fields of an accounts document."""
        for value in leaves(document):
            if len(value) >= SHORTEST_SECRET:
                self.secrets.add(value)

    def found_in(self, log: str) -> dict[str, str]:
        """What a log must not hold and does, however it is written there: an example of each kind."""
        texts = [each for each in self.texts if len(each) >= SHORTEST_TEXT or chinese(each)]
        found = [("Chinese", "some character")] if chinese(unescaped(log)) else []
        for form in forms(log):
            found += [("a secret", secret) for secret in self.secrets if secret in form]
            found += [("a number", number) for number in elevens(form) if number in self.numbers]
            found += [("a text", text) for text in texts if holds(form, text)]
        return dict(found)


@dataclass(frozen=True)
class AttentiveApi(Api):
    """The API for a test, which notes what is said to it."""

    said: Said = field(default_factory=Said)

    def call(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Answer:
        self.said.secrets.update({self.key} - {""})
        self.said.note(loaded(body) if isinstance(body, bytes) else body)
        answer = super().call(method, path, body, headers)
        if isinstance(answer.body, dict) and "api_key" in answer.body:
            self.said.secrets.add(answer.body["api_key"])
        return answer


def loaded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def leaves(document: object) -> Iterator[str]:
    if isinstance(document, dict):
        for value in document.values():
            yield from leaves(value)
    elif isinstance(document, list):
        for value in document:
            yield from leaves(value)
    elif isinstance(document, str):
        yield document


def forms(log: str) -> Iterator[str]:
    """A log as it stands, and with what is escaped in it read: JSON, forms in either charset, base 64."""
    yield log
    yield unescaped(log)
    for charset in ("utf-8", "gb18030"):
        yield unquote(log, charset, errors="replace")
        yield "\n".join(decoded(run).decode(charset, errors="replace") for run in re.findall("[A-Za-z0-9+/]{8,}", log))


def unescaped(log: str) -> str:
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda escape: chr(int(escape[1], 16)), log)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", errors="replace")


def decoded(run: str) -> bytes:
    try:
        return base64.b64decode(run[: len(run) // 4 * 4])
    except binascii.Error:
        return b""


def holds(log: str, text: str) -> bool:
    """Whether a log holds a text; a code of six digits not only as a part of some id."""
    if text not in log:
        return False
    return (
        not (text.isascii() and text.isalnum()) or re.search(rf"(?<![0-9A-Za-z]){text}(?![0-9A-Za-z])", log) is not None
    )


def elevens(text: str) -> Iterator[str]:
    """Every eleven digits of a text that stand together."""
    for digits in re.findall("[0-9]{11,}", text):
        yield from (digits[at : at + 11] for at in range(len(digits) - 10))


def chinese(text: str) -> bool:
    return re.search("[\u4e00-\u9fff]", text) is not None
