"""What a refusal of a field says: in our words, whatever the field is and whatever is put there."""

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from smsgateway.api.openapi import document
from smsgateway.api.schemas.parameters import Limit
from smsgateway.api.schemas.requests import NewClient, NewMessage, NewVerification, TemplateBody, TypedCode
from smsgateway.api.schemas.suppression_bodies import Stop, StopList
from smsgateway.api.schemas.wording import SPOKEN, WORDS
from smsgateway.api.serving.problems import validation_problem
from smsgateway.handlers import query, send
from tests.unit.api.conftest import Answer, Api

GOOD: dict[type[BaseModel], dict[str, Any]] = {
    NewMessage: {
        "to": ["13800138000"],
        "text": "a",
        "template": "t",
        "params": {"code": "1"},
        "messages": [{"to": "13800138000", "text": "a", "params": {"code": "1"}}],
        "signature": "示例",
        "purpose": "otp",
        "account": "hb-1",
        "extension": "1",
        "reference": "r",
        "send_at": "2026-01-22T10:00:00Z",
        "valid_for": 60,
        "resend": {"unconfirmed": True},
        "dry_run": True,
    },
    TemplateBody: {
        "text": "{code}",
        "vendor_templates": {"ic-1": {"code": "67510", "params": ["code"]}, "params": {"code": "1"}},
        "lengths": {"code": 6},
    },
    NewClient: {
        "name": "shop",
        "role": "sender",
        "purposes": ["otp"],
        "accounts": ["hb-1"],
        "daily_segments": 5,
        "signatures": ["示例"],
        "caps": {"otp": {"minute": 1}},
        "test": True,
    },
    NewVerification: {
        "to": "13800138000",
        "template": "otp",
        "length": 6,
        "ttl": 300,
        "keys": {"ip": "203.0.113.7", "device": "d-4711"},
        "params": {"app": "示例"},
        "signature": "示例",
        "reference": "r",
        "challenged": True,
    },
    TypedCode: {"code": "482913"},
    Stop: {"purpose": "marketing", "client": "shop", "signature": "示例", "reason": "asked by telephone"},
    StopList: {
        "items": [
            {
                "number": "13800138000",
                "purpose": "marketing",
                "client": "shop",
                "signature": "示例",
                "reason": "old list",
                "at": "2026-01-31T09:30:00+08:00",
                "source": "import",
                "reply_id": "mo_1",
                "account": "hb-1",
            }
        ]
    },
}
ODD: list[Any] = [
    *(None, True, 0, -1, 1.5, 10**30, "", "x" * 20_000, "a\ud83d", "中 /", "\x00"),
    *([], [None], [[]], [{}], ["x"] * 50_001, {}, {"x": 1}, {"a b": "1"}, {"\ud83d": "1"}),
]
PYDANTICS = re.compile("should|Value error|a valid|pattern|Extra inputs")


def places(value: Any) -> Iterator[list[str | int]]:
    """The way to every value inside a value, and to a name that it does not have."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inside:
        yield [name]
        yield from ([name, *rest] for rest in places(each))
    if isinstance(value, dict):
        yield ["unheard_of"]


def put(body: dict[str, Any], place: list[str | int], odd: Any) -> dict[str, Any]:
    changed: Any = copy.deepcopy(body)
    container = changed
    for step in place[:-1]:
        container = container[step]
    container[place[-1]] = odd
    return dict(changed)


def wrong(model: type[BaseModel]) -> Iterator[dict[str, Any]]:
    """Every error that an odd value in any place of a good body makes, as Powertools hands it on."""
    for place in places(GOOD[model]):
        for odd in ODD:
            try:
                model.model_validate(put(GOOD[model], place, odd), from_attributes=True)  # as Powertools does
            except ValidationError as error:
                for each in error.errors()[:3]:
                    yield {**each, "loc": ("body", *each["loc"])}


def query_errors() -> Iterator[dict[str, Any]]:
    for odd in ("ten", "9" * 5000, "0", "1001"):
        try:
            TypeAdapter(Limit).validate_python(odd)
        except ValidationError as error:
            yield from ({**each, "loc": ("query", "limit", *each["loc"])} for each in error.errors())


def every_error() -> Iterator[tuple[dict[str, Any], type[BaseModel] | None]]:
    for model, good in GOOD.items():
        assert model.model_validate(good)
        yield from ((error, model) for error in wrong(model))
    yield from ((error, None) for error in query_errors())


def test_every_error_is_said_in_our_words() -> None:
    seen = set()
    for error, model in every_error():
        ((place, said),) = validation_problem([error], model).errors
        assert place
        seen.add(error["type"])
        assert error["type"] in WORDS, error["type"]
        assert said
        assert not PYDANTICS.search(said), said
        assert "of another form" not in said, error
        assert "x" * 20 not in said
    assert seen == set(WORDS), "a type of error that nothing makes"


def test_the_bodies_here_are_all_that_there_are() -> None:
    operations = [
        operation
        for path in document.openapi([send.app, query.app], "https://api.example")["paths"].values()
        for operation in path.values()
    ]
    bodies = {
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for operation in operations
        if "requestBody" in operation
    }
    assert bodies == {model.__name__ for model in GOOD}
    for model, good in GOOD.items():
        assert set(model.model_fields) == set(good)


def test_every_pattern_is_spoken_and_nothing_but_one_is_the_least() -> None:
    """`must not be empty` is true of a least length of one alone."""

    def values(schema: Any, *names: str) -> Iterator[Any]:
        if isinstance(schema, dict):
            yield from (value for name, value in schema.items() if name in names and not isinstance(value, dict))
        inside = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
        for each in inside:
            yield from values(each, *names)

    described = document.openapi([send.app, query.app], "https://api.example")
    assert set(values(described, "pattern")) == set(SPOKEN)
    assert set(values(described, "minLength", "minItems")) == {1}


TEXT = {"text": "a"}
NUMBER = {"to": "13800138000"}
SAID: list[tuple[dict[str, Any], str, str]] = [
    (TEXT | {"to": 13800138000}, "to[0]", "must be a string (in double quotes), not a number"),
    (TEXT | {"to": ["13800138000", None]}, "to[1]", "must be a string (in double quotes), not null"),
    (TEXT | {"to": []}, "to", "must not be empty"),
    (NUMBER | {"text": ["a"]}, "text", "must be a string (in double quotes), not a list"),
    (NUMBER | {"text": ""}, "text", "must not be empty"),
    (NUMBER | TEXT | {"purpose": "spam"}, "purpose", "must be otp, notice or marketing"),
    (NUMBER | TEXT | {"purpose": None}, "purpose", "must be otp, notice or marketing"),
    (NUMBER | TEXT | {"valid_for": "60"}, "valid_for", "must be a whole number (without quotes), not a string"),
    (NUMBER | TEXT | {"valid_for": 0}, "valid_for", "must be at least 1"),
    (NUMBER | TEXT | {"valid_for": 10**9}, "valid_for", "must be at most 259200"),
    (NUMBER | TEXT | {"dry_run": "yes"}, "dry_run", "must be true or false (without quotes), not a string"),
    (NUMBER | TEXT | {"resend": True}, "resend", "must be an object ({…}), not true or false"),
    (NUMBER | TEXT | {"account": "a/b"}, "account", "must be 1 to 64 of the characters A-Z a-z 0-9 _ -"),
    (NUMBER | {"template": "t", "params": ["1"]}, "params", "must be an object ({…}), not a list"),
    (NUMBER | TEXT | {"reference": "r" * 65}, "reference", "must have at most 64 characters"),
    ({"messages": [{"text": "a"}]}, "messages[0].to", "is missing"),
    ({"messages": {"to": "1"}}, "messages", "must be a list ([…]), not an object"),
    ({"messages": [NUMBER | TEXT | {"txt": "b"}]}, "messages[0].txt", "unknown; known here: to, text, params"),
    (NUMBER | TEXT | {"resend": {"always": True}}, "resend.always", "unknown; known here: unconfirmed, undelivered"),
    (NUMBER | TEXT | {"txt": "a"}, "txt", f"unknown; known here: {', '.join(NewMessage.model_fields)}"),
]


@pytest.mark.parametrize(("body", "loc", "msg"), SAID)
def test_what_is_said(api: Api, body: dict[str, Any], loc: str, msg: str) -> None:
    answer = api.post(body)

    assert answer.status == 422
    assert answer.json["errors"] == [{"loc": loc, "msg": msg}]


def put_template(api: Api, **vendor_template: Any) -> Answer:
    body = {"text": "{code}", "vendor_templates": {"code": {"code": "1", **vendor_template}}}
    return api.call("PUT", "/templates/{name}", body, name="t")


def test_an_account_may_have_the_name_of_a_field(api: Api) -> None:
    answer = put_template(api, prams=[])

    assert answer.json["errors"] == [{"loc": "vendor_templates.code.prams", "msg": "unknown; known here: code, params"}]


@pytest.mark.parametrize(
    ("limit", "msg"), [("ten", "must be a whole number"), ("0", "must be at least 1"), ("1001", "must be at most 1000")]
)
def test_what_is_said_of_a_query(api: Api, limit: str, msg: str) -> None:
    answer = api.call("GET", "/inbound", query={"limit": limit})

    assert answer.json["errors"] == [{"loc": "limit", "msg": msg}]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"account": "hb-main\u200b"}, "has U+200B (ZERO WIDTH SPACE), which no eye sees"),
        ({"template": "\ufeffotp", "text": None}, "has U+FEFF (ZERO WIDTH NO-BREAK SPACE), which no eye sees"),
        ({"extension": "12\u200b"}, "has U+200B (ZERO WIDTH SPACE)"),
        ({"reference": "a\x00b"}, "must not contain control characters: U+0000"),
        ({"text": "a\x00b\x1b"}, "U+0000, U+001B"),
        ({"text": "\u200b\ufeff"}, "U+200B (ZERO WIDTH SPACE), U+FEFF (ZERO WIDTH NO-BREAK SPACE)"),
        ({"signature": "示\u2060例"}, "U+2060 (WORD JOINER)"),
        ({"to": "1380013800\u200b0x"}, "has U+0078 (LATIN SMALL LETTER X)"),
    ],
)
def test_what_no_eye_sees_is_named(api: Api, body: dict[str, Any], said: str) -> None:
    answer = api.post({"to": "13800138000", "text": "您好"} | body)

    assert answer.status == 422
    assert said in answer.json["errors"][0]["msg"]
