"""What is wrong with a field, in plain words: pydantic's types of errors, and what a client is to do about each.

Nothing here quotes a value: only the kind of it is named.
"""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel

from smsgateway.api.schemas.requests import CLIENT_NAME, IDEMPOTENCY_KEY, NAME, VARIABLE_NAME
from smsgateway.unseen import hidden, named

WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "unknown; known here: {known}",
    "string_type": "must be a string (in double quotes), not {given}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must be {spoken}",
    "string_unicode": "has half a character (a surrogate without its other half)",
    "int_type": "must be a whole number (without quotes), not {given}",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number, and not as large",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "bool_type": "must be true or false (without quotes), not {given}",
    "literal_error": "must be {choices}",
    "list_type": "must be a list ([…]), not {given}",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length} entries",
    "dict_type": "must be an object ({{…}}), not {given}",
    "model_attributes_type": "must be an object ({{…}}), not {given}",
    "value_error": "{own}",
}
SPOKEN: Mapping[str, str] = {
    NAME: "1 to 64 of the characters A-Z a-z 0-9 _ -",
    CLIENT_NAME: "1 to 64 of the characters A-Z a-z 0-9 _ -, a letter or digit first",
    VARIABLE_NAME: "1 to 64 of the characters A-Z a-z 0-9 _, no digit first",
    IDEMPOTENCY_KEY: "1 to 255 ASCII characters",
}
KINDS: Mapping[type, str] = {str: "a string", bool: "true or false", list: "a list", dict: "an object"}


def plain(error: Mapping[str, Any], body: type[BaseModel] | None) -> str:
    """Say one of pydantic's errors in our words. `body` is the model of the request's body, if it has one."""
    if error["loc"][:1] == ("query",) and isinstance(error.get("input"), list):
        return "is there more than once: send one"
    context = error.get("ctx") or {}
    details = {
        **context,
        "given": _kind(error.get("input")),
        "known": ", ".join(_fields_at(body, error["loc"])) if body else "nothing",
        "spoken": SPOKEN.get(context.get("pattern", ""), "of another form"),
        "choices": str(context.get("expected", "")).replace("'", ""),
        "own": str(error["msg"]).removeprefix("Value error, "),
    }
    said = WORDS.get(error["type"], "is not valid").format_map(details)
    return said + _unseen(error.get("input")) if error["type"] == "string_pattern_mismatch" else said


def _unseen(value: object) -> str:
    """Why a name that looks right is not: what nobody sees in it."""
    unseen = hidden(value) if isinstance(value, str) else ""
    return f"; has {named(unseen)}, which no eye sees" if unseen else ""


def _kind(value: object) -> str:
    return "null" if value is None else KINDS.get(type(value), "a number")


def _fields_at(body: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """The names of the fields of the object that a place in the body is in."""
    model = body
    for step in loc[1:-1]:
        if step in model.model_fields:
            model = _model_in(model.model_fields[str(step)].annotation) or model
    return list(model.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The model that a type is, or is a list, an object or an option of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
