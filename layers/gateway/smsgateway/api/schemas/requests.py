"""The bodies that clients send: shape only, types strict, unknown fields refused (design, section 3).

What a body means is for others: `sending` for what fields must not stand beside each other, `accept` for the rest.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from smsgateway.api.schemas.moments import moment
from smsgateway.model import Purpose
from smsgateway.unseen import lost_at, marks, named, trimmed, visible

MOST_RECIPIENTS = 50_000
LONGEST_VALIDITY = 259_200  # seconds
LONGEST_TEXT = 10_000  # characters; vendors take far fewer
NAME = "^[A-Za-z0-9_-]{1,64}$"
CLIENT_NAME = "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"  # never `-`, which stands for nobody where replies are filed
VARIABLE_NAME = "^[A-Za-z_][A-Za-z0-9_]{0,63}$"
IDEMPOTENCY_KEY = "^[ -~]{1,255}$"

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _whole(value: str) -> str:
    """A text whose bytes were all read as what they are."""
    if lost := lost_at(value):
        raise ValueError(f"has {lost}; send it in UTF-8")
    return value


def _one_line(value: str) -> str:
    _whole(value)
    if controls := _CONTROL.findall(value):
        raise ValueError(f"must not contain control characters: {named(''.join(controls))}")
    return value


def _digits(value: str) -> str:
    if others := re.sub("[0-9]", "", value):
        raise ValueError(f"must be ASCII digits alone; has {named(others)}")
    return value


def _trimmed(value: object) -> object:
    return trimmed(value) if isinstance(value, str) else value


def _signature(value: str) -> str:
    if unseen := marks(value):
        raise ValueError(f"must not contain {named(unseen)}, which no eye sees")
    if re.search(r"[【】\[\]]", value):
        raise ValueError("must be without brackets: they are added")
    return value


def _listed(value: object) -> object:
    return value if value is None or isinstance(value, list) else [value]


def _readable(value: str) -> str:
    """A text that a phone can show: of the control characters, tabs and line breaks alone."""
    _whole(value)
    if controls := re.findall(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", value):
        raise ValueError(
            f"must not contain control characters other than tabs and line breaks: {named(''.join(controls))}"
        )
    return value


def _seen(value: str) -> str:
    """A text of which something can be seen."""
    if not visible(value):
        raise ValueError(f"must not be empty: nothing in it can be seen ({named(value)})")
    return value


def _moment(value: str) -> str:
    moment(value)
    return value


# Lengths are checked before patterns, and pydantic itself refuses unpaired surrogates.
Name = Annotated[str, Field(pattern=NAME)]
Number = Annotated[str, Field(max_length=64)]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT), AfterValidator(_readable), AfterValidator(_seen)]
Moment = Annotated[str, Field(max_length=40), AfterValidator(_moment)]
Signature = Annotated[
    str, Field(max_length=20), BeforeValidator(_trimmed), AfterValidator(_one_line), AfterValidator(_signature)
]
VariableName = Annotated[str, Field(pattern=VARIABLE_NAME)]
Value = Annotated[str, Field(max_length=1000), AfterValidator(_readable)]
Params = Annotated[dict[VariableName, Value], Field(max_length=100)]
_NUMBER_SCHEMA = {"type": "string", "maxLength": 64}
_NUMBERS_SCHEMA = {"type": "array", "items": _NUMBER_SCHEMA, "minItems": 1, "maxItems": MOST_RECIPIENTS}


class Body(BaseModel):
    """What all bodies have in common."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class PersonalMessage(Body):
    """What one recipient shall read."""

    to: Number
    text: Text | None = Field(None, description="the content, unless there is a template")
    params: Params | None = Field(None, description="the template's variables, if there is one")


class Resend(Body):
    """What the caller accepts at the risk of a duplicate."""

    unconfirmed: bool = Field(False, description="send again when nobody can say whether the vendor took it")
    undelivered: bool = Field(
        False, description="send through the next account when a report says that it failed, or none comes in time"
    )


class NewMessage(Body):
    """A message to send: `to` with `text` or `template`, or `messages`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "to": "13800138000",
                    "text": "您的验证码是482913，5分钟内有效。",
                    "signature": "示例",
                    "purpose": "otp",
                },
                {
                    "messages": [
                        {"to": "13800138000", "text": "张三您好，您的账户余额为20元"},
                        {"to": "13900139000", "text": "李四您好，您的账户余额为30.2元"},
                    ],
                    "reference": "balance-2026-11",
                    "send_at": "2026-11-30T09:30:00+08:00",
                    "valid_for": 3600,
                },
                {
                    "to": ["13800138000", "13900139000"],
                    "template": "otp",
                    "params": {"code": "482913", "minutes": "5"},
                    "purpose": "otp",
                },
            ]
        }
    )

    to: Annotated[
        list[Number] | None,
        Field(
            min_length=1,
            max_length=MOST_RECIPIENTS,
            description="a number or a list, with or without +86, in any usual form; duplicates are merged",
        ),
        BeforeValidator(_listed),
        WithJsonSchema({"anyOf": [_NUMBER_SCHEMA, _NUMBERS_SCHEMA]}),
    ] = None
    text: Text | None = Field(
        None,
        description="the content; one that begins with 【…】 carries its signature, and one that ends with the"
        " signature that it would get does not get it once more",
    )
    template: Name | None = Field(None, description="the name of a registered template")
    params: Params | None = Field(None, description="the template's variables")
    messages: list[PersonalMessage] | None = Field(
        None, min_length=1, max_length=MOST_RECIPIENTS, description="personalised: each number with its own content"
    )
    signature: Signature | None = Field(
        None,
        description="without brackets; blanks around it do not count; default the account's; empty or blank for none",
    )
    purpose: Purpose = Field("notice", description="chooses the route")
    account: Name | None = Field(None, description="pins one account: no routing, no failover")
    extension: Annotated[str, Field(max_length=20), AfterValidator(_digits)] = Field("", description="for replies")
    reference: Annotated[str, Field(max_length=64), AfterValidator(_one_line)] = Field(
        "", description="the caller's own id, which comes back everywhere"
    )
    send_at: Moment | None = Field(
        None, description="ISO 8601 with zone, at most 30 days ahead; can be cancelled until then"
    )
    valid_for: int | None = Field(
        None,
        ge=1,
        le=LONGEST_VALIDITY,
        description="seconds after which sending no longer makes sense; default 300 for otp, else 259200",
    )
    resend: Resend = Field(Resend(), description="what you accept at the risk of a duplicate")
    dry_run: bool = Field(False, description="answer only what would happen; nothing is stored or sent")


class VendorTemplateBody(Body):
    """How an account's vendor knows the template."""

    code: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_one_line)] = Field(
        description="the vendor's, of the template registered there"
    )
    params: Annotated[list[VariableName], Field(max_length=100)] = Field(
        [], description="the text's variables in the vendor's order"
    )


class TemplateBody(Body):
    """A text with variables in braces; doubled braces are braces."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "text": "您的验证码是{code}，{minutes}分钟内有效。",
                    "vendor_templates": {"ic-1": {"code": "67510", "params": ["code", "minutes"]}},
                    "lengths": {"code": 6},
                }
            ]
        }
    )

    text: Text = Field(description="for vendors that take texts")
    vendor_templates: Annotated[dict[Name, VendorTemplateBody], Field(max_length=100)] = Field(
        {}, description="by account, for those whose vendor takes codes"
    )
    lengths: Annotated[dict[VariableName, Annotated[int, Field(ge=1, le=1000)]], Field(max_length=100)] = Field(
        {}, description="the longest value of a variable, in characters"
    )


class NewClient(Body):
    """Somebody else who may call the API."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "shop",
                    "role": "sender",
                    "purposes": ["otp", "notice"],
                    "accounts": ["hb-1"],
                    "daily_segments": 100_000,
                }
            ]
        }
    )

    name: Annotated[str, Field(pattern=CLIENT_NAME)] = Field(description="a letter or digit first")
    role: Literal["sender", "administrator"] = Field(
        "sender", description="a sender sees its own messages alone; an administrator may do everything"
    )
    purposes: Annotated[list[Purpose], Field(max_length=3)] = Field([], description="that it may send for; none: all")
    accounts: Annotated[list[Name], Field(max_length=100)] = Field(
        [], description="that it may send through; none: all"
    )
    daily_segments: int | None = Field(
        None, ge=1, le=1_000_000_000, description="each day of Beijing time; null: unlimited"
    )
