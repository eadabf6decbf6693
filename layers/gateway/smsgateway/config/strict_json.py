"""A JSON document read strictly (RFC 8259), for the accounts document.

Every value knows its path, and no problem ever quotes a value: it may be a secret.
"""

import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from smsgateway.errors import ConfigurationError
from smsgateway.unseen import lost_at

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SHOWN_KEY = re.compile(r"[A-Za-z0-9_.*:-]{1,64}")


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the document and its path (`accounts[2].credentials.pswd`; empty for the document itself).

    Each method returns what it describes, or raises ConfigurationError with the path and what must be there.
    """

    path: str
    value: object = field(repr=False)

    def wrong(self, problem: str) -> ConfigurationError:
        """The error that says what must be at this place."""
        return ConfigurationError(self.path or "document", problem)

    def members(self) -> dict[str, "Node"]:
        """The members of an object, whatever their names are."""
        if not isinstance(self.value, dict):
            raise self.wrong("must be an object")
        return {key: Node(self._below(key), value) for key, value in self.value.items()}

    def fields(self, required: Collection[str], optional: Collection[str] = ()) -> dict[str, "Node"]:
        """The members of an object that must have these names."""
        members = self.members()
        known = [*required, *optional]
        for key, member in members.items():
            if key not in known:
                raise member.wrong(f"unknown; {f'known here: {", ".join(known)}' if known else 'nothing may be here'}")
        for key in required:
            if key not in members:
                raise Node(self._below(key), None).wrong("is missing")
        return members

    def items(self, longest: int = 1000) -> list["Node"]:
        """The items of a list of at most so many."""
        if not isinstance(self.value, list):
            raise self.wrong("must be a list")
        if len(self.value) > longest:
            raise self.wrong(f"must have at most {longest} items")
        return [Node(f"{self.path}[{index}]", value) for index, value in enumerate(self.value)]

    def one_or_more(self) -> list["Node"]:
        """A value, or the items of a list of at least one (a secret, or the current and the previous one)."""
        if not isinstance(self.value, list):
            return [self]
        if not self.value:
            raise self.wrong("must not be an empty list")
        return self.items(longest=10)

    def any_text(self, longest: int = 1000) -> str:
        """A string that can be written in UTF-8, line breaks and emptiness allowed."""
        if not isinstance(self.value, str):
            raise self.wrong("must be a string")
        if len(self.value) > longest:
            raise self.wrong(f"must have at most {longest} characters")
        if _SURROGATE.search(self.value):
            raise self.wrong("must not contain half a surrogate pair")
        if lost := lost_at(self.value):
            raise self.wrong(f"must not contain {lost}")
        return self.value

    def text(self, longest: int = 1000) -> str:
        """A string of one line that is not blank."""
        text = self.any_text(longest)
        if not text.strip():
            raise self.wrong("must not be empty")
        if _CONTROL.search(text):
            raise self.wrong("must not contain control characters")
        return text

    def matching(self, pattern: str, expected: str) -> str:
        """A string that a pattern matches as a whole; `expected` describes it."""
        if not isinstance(self.value, str) or not re.fullmatch(pattern, self.value):
            raise self.wrong(f"must be {expected}")
        return self.value

    def one_of(self, choices: Collection[str]) -> str:
        """A string that is one of these."""
        if not isinstance(self.value, str) or self.value not in choices:
            raise self.wrong(f"must be one of: {', '.join(choices)}")
        return self.value

    def flag(self) -> bool:
        """`true` or `false`."""
        if not isinstance(self.value, bool):
            raise self.wrong("must be true or false")
        return self.value

    def number(self, least: float, most: float) -> float:
        """A number within these bounds, both included."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or not least <= self.value <= most:
            raise self.wrong(f"must be a number from {least:g} to {most:g}")
        return self.value

    def integer(self, least: int, most: int) -> int:
        """A whole number within these bounds, both included."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not least <= self.value <= most:
            raise self.wrong(f"must be a whole number from {least} to {most}")
        return self.value

    def _below(self, key: str) -> str:
        shown = key if _SHOWN_KEY.fullmatch(key) else "?"
        return f"{self.path}.{shown}" if self.path else shown


def load(document: str | bytes) -> Node:
    """Read a document, which is UTF-8 if it is bytes.

    Raises ConfigurationError with line and column, never with the text.
    """
    problem = ""
    try:
        text = document.decode("utf-8-sig") if isinstance(document, bytes) else document
        value = json.loads(text, object_pairs_hook=_unambiguous, parse_constant=_refuse_constant, parse_float=_finite)
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 (byte {error.start})"
    except json.JSONDecodeError as error:
        problem = f"is not JSON (line {error.lineno}, column {error.colno}: {error.msg})"
    except RecursionError:
        problem = "is nested too deeply"
    except ConfigurationError as error:
        problem = error.problem
    except ValueError:
        problem = "has a number of too many digits"
    if problem:
        # Raised here, outside any `except`: a JSONDecodeError as its context would hold the whole document.
        raise ConfigurationError("document", problem)
    return Node("", value)


def _unambiguous(pairs: list[tuple[str, object]]) -> Mapping[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        named = f"the key {twice}" if _SHOWN_KEY.fullmatch(twice) else "a key"
        raise ConfigurationError("document", f"has {named} twice in one object")
    return members


def _refuse_constant(constant: str) -> NoReturn:
    raise ConfigurationError("document", f"has {constant}, which is not JSON")


def _finite(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise ConfigurationError("document", "has a number that is too large")
    return number
