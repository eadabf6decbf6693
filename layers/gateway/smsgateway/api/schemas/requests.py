"""The bodies that clients send: shape only, types strict, unknown fields refused.

What a body means is for others: `sending` for what fields must not stand beside each other, `accept` for the rest.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from smsgateway.api.schemas.moments import moment
from smsgateway.model import Purpose
from smsgateway.rules.caps import MOST_TEXTS
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


def one_line(value: str) -> str:
    """The value. Raises ValueError if it has more than one line, or characters that were lost."""
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
    str, Field(max_length=20), BeforeValidator(_trimmed), AfterValidator(one_line), AfterValidator(_signature)
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

    to: Number = Field(description="the recipient's number, in any form that `NewMessage` takes")
    text: Text | None = Field(None, description="the content, unless there is a template")
    params: Params | None = Field(None, description="the template's variables, if there is one")


class Resend(Body):
    """What you accept at the risk of a duplicate: the case in which a late message is worse for you than a second one.

    Then somebody may get the text twice: a vendor that did not answer may have sent it, and a phone can get a text
    whose report said that it failed. Sending again ends with `valid_for`, and does not count against the client's
    daily segments.

    With `undelivered`:

    - Nothing is sent again on a guess. A failure is certain when its word is listed by a table of the vendor, by the
      words of SMPP and CMPP or by the account's option `words`, and no other report contradicts it; of a long message
      that is reported in parts, when all parts were reported, and no more than the gateway counts. Every other failure
      stands as it is. A word that leaves the recipient open has nothing sent again either: the recipient ends as
      `unknown`, or as `undelivered` if a part failed.
    - A missing report counts only where the account's `report_window` is shorter than `valid_for`. By default it is 72
      hours, which is as long as any message is valid. Missing reports are looked for every minute, two minutes after
      the submission at the earliest.
    - Until the last attempt is over, the recipient is not final: `status`, `account` and `vendor_id` are those of the
      newest attempt. The recipient's `history` has every attempt and what each came to.
    - There is one final status, and one event of it. `delivered` counts from whichever account reports it, also late;
      an attempt that still waits is not made then. Otherwise the status is `unknown` when nobody knows what became of
      one of the attempts, and else `undelivered`, as the last account said that took it. The event
      `Message Submitted` comes for every attempt.
    - A number that a report calls invalid or blacklisted (`invalid_number`, `blacklisted`), or that was suppressed
      meanwhile, is not sent to again. After a failure that is about the content (`sensitive_content`,
      `content_refused`, `signature_refused` and the like) only vendors are asked that were not asked yet. What a
      vendor refuses at once is `rejected`, as always.
    - The next account treats the attempt like any submission: it may refuse it, be busy, or be left out because its
      breaker is open. When nothing is sent after all, what was reported before stands.
    - A message with a pinned `account` has no next account. `DELETE` cancels an attempt that waits, not those that may
      follow.
    """

    unconfirmed: bool = Field(
        False,
        description="send a submission again that is `unconfirmed`, through the same account, until three attempts are"
        " in doubt",
    )
    undelivered: bool = Field(
        False,
        description="send to a recipient again whose report is certainly a failure, or of whom nothing was heard when"
        " the account's `report_window` ends: through the next account of the route, under the same message id, at"
        " most once an account",
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
            description="a number or a list of numbers; duplicates are merged. `13800138000`, `+86 138-0013-8000`,"
            " `0086…`; landlines with area code. Any form in which a person sees the number will do: full-width digits,"
            " every kind of blank, hyphen or dot between them, parentheses, `tel:`, marks that no eye sees",
        ),
        BeforeValidator(_listed),
        WithJsonSchema({"anyOf": [_NUMBER_SCHEMA, _NUMBERS_SCHEMA]}),
    ] = None
    text: Text | None = Field(
        None,
        description="the content; it may bring its own signature (see Messages). Something of it must be visible",
    )
    template: Name | None = Field(None, description="the name of a registered template, instead of `text`")
    params: Params | None = Field(None, description="the template's variables")
    messages: list[PersonalMessage] | None = Field(
        None,
        min_length=1,
        max_length=MOST_RECIPIENTS,
        description="personalised, instead of `to` and `text`: each number with its own content; a number at most once",
    )
    signature: Signature | None = Field(
        None,
        description="without brackets; blanks around it do not count; default the account's; empty or blank for none"
        " (see Messages)",
    )
    purpose: Purpose = Field(
        "notice",
        description="chooses the route, by the accounts document. Marketing waits for the end of its route's"
        " quiet hours",
    )
    account: Name | None = Field(None, description="pins one account: no routing, no failover")
    extension: Annotated[str, Field(max_length=20), AfterValidator(_digits)] = Field(
        "", description="digits, which come back with a reply"
    )
    reference: Annotated[str, Field(max_length=64), AfterValidator(one_line)] = Field(
        "", description="your own id, which comes back in answers, events and replies"
    )
    send_at: Moment | None = Field(
        None, description="when to send: ISO 8601 with zone, at most 30 days ahead; can be cancelled until then"
    )
    valid_for: int | None = Field(
        None,
        ge=1,
        le=LONGEST_VALIDITY,
        description="seconds, from `send_at` if there is one, after which sending no longer makes sense; default 300"
        " for otp, else 259200 (of marketing in quiet hours: from their end)",
    )
    resend: Resend = Field(Resend(), description="whether to send again, at the risk of a duplicate")
    dry_run: bool = Field(False, description="answer only what would happen, as a `plan`; nothing is stored or sent")


class VendorTemplateBody(Body):
    """How an account's vendor knows the template."""

    code: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(one_line)] = Field(
        description="the vendor's code of the template that is registered there"
    )
    params: Annotated[list[VariableName], Field(max_length=100)] = Field(
        [], description="the text's variables in the vendor's order"
    )


class TemplateBody(Body):
    """A text with variables in braces, for vendors that take texts and for vendors that take a template's code."""

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

    text: Text = Field(
        description="for vendors that take texts: variables in braces; `{{` and `}}` are braces. What looks like"
        " another system's variable (`${code}`, `#{code}`, `{{code}}`, `#code#`) is taken as it stands, with a sentence"
        " in `warnings`"
    )
    vendor_templates: Annotated[dict[Name, VendorTemplateBody], Field(max_length=100)] = Field(
        {}, description="by account, for accounts whose vendor takes codes"
    )
    lengths: Annotated[dict[VariableName, Annotated[int, Field(ge=1, le=1000)]], Field(max_length=100)] = Field(
        {}, description="the longest value of a variable, in characters"
    )


class VerificationKeys(Body):
    """Who asks for a code, as far as you know: how many codes each key gets is limited. Stored as hashes alone."""

    ip: Annotated[str, Field(min_length=1, max_length=64), AfterValidator(one_line)] | None = Field(
        None, description="the address that the person's request came from, as you see it"
    )
    device: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(one_line)] | None = Field(
        None, description="your own id of the person's device or session"
    )


class NewVerification(Body):
    """A number to be verified by a code."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"to": "13800138000", "template": "otp", "ttl": 300, "keys": {"ip": "203.0.113.7", "device": "d-4711"}}
            ]
        }
    )

    to: Number = Field(description="the number, in any form that `NewMessage` takes")
    template: Name = Field(
        description="a registered template with the variable `code`; `minutes`, if it has that, is filled from `ttl`"
    )
    length: int = Field(6, ge=4, le=8, description="digits of the code")
    ttl: int = Field(300, ge=60, le=3600, description="seconds for which the code can be approved")
    keys: VerificationKeys = Field(
        VerificationKeys(ip=None, device=None), description="who asks for the code: caps hold for each"
    )
    params: Params = Field({}, description="the template's other variables")
    signature: Signature | None = Field(None, description="as in `NewMessage`")
    reference: Annotated[str, Field(max_length=64), AfterValidator(one_line)] = Field(
        "", description="your own id, which comes back in events"
    )
    challenged: bool = Field(
        False,
        description="this person has just passed a challenge of yours, such as a CAPTCHA (see `challenge_required`)",
    )


class TypedCode(Body):
    """What somebody has typed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "482913"}]})

    code: Annotated[str, Field(min_length=1, max_length=40)] = Field(
        description="as it was typed: digits of any width; blanks do not count"
    )


class Caps(Body):
    """How many texts of one purpose a number may get in any minute, hour and day; what is not named has no cap."""

    minute: int | None = Field(None, ge=1, le=MOST_TEXTS, description="in any 60 seconds")
    hour: int | None = Field(None, ge=1, le=MOST_TEXTS, description="in any 60 minutes")
    day: int | None = Field(None, ge=1, le=MOST_TEXTS, description="in any 24 hours")

    @model_validator(mode="after")
    def _caps_something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError("names no cap: say null for none, or leave the purpose out for the caps of the route")
        return self


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
                    "signatures": ["示例"],
                    "caps": {"otp": {"minute": 1, "day": 20}},
                }
            ]
        }
    )

    name: Annotated[str, Field(pattern=CLIENT_NAME)] = Field(description="the client's name; a letter or digit first")
    role: Literal["sender", "administrator"] = Field(
        "sender", description="a sender sees its own messages alone; an administrator may do everything"
    )
    purposes: Annotated[list[Purpose], Field(max_length=3)] = Field(
        [], description="the purposes that it may send for; none: all"
    )
    accounts: Annotated[list[Name], Field(max_length=100)] = Field(
        [], description="the accounts that it may send through; none: all"
    )
    daily_segments: int | None = Field(
        None,
        ge=1,
        le=1_000_000_000,
        description="segments a day of Beijing time, counted when a message is accepted, and not given back"
        " when it is cancelled; null: unlimited",
    )
    signatures: Annotated[list[Signature], Field(max_length=100)] = Field(
        [],
        description="the signatures that it texts under, without brackets. With two or more, a person who opts out does"
        " so for the signature of the message that is answered; else for all of the client's marketing",
    )
    caps: dict[Purpose, Caps | None] = Field(
        {},
        description="by purpose, how many texts a number may get, in place of the caps of the route; null: as many as"
        " the client posts",
    )
    test: bool = Field(
        False,
        description="the key is for tests: verifications of magic numbers have fixed codes, and nothing that is posted"
        " with it ever reaches a vendor",
    )
