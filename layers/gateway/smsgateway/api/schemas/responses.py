"""What the API answers to a post, and its errors, as its OpenAPI document describes them.

The answers themselves are made where they are known. What `query` shows is in resources.py, so that `send` does not
make those classes at its cold start.

The examples of fields make up those of whole answers (`document.examples`).
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel, ConfigDict, Field

from smsgateway.api.serving.problems import PROBLEM_JSON
from smsgateway.model import FindingCode, Reason

PROBLEMS = {
    400: "The body is not JSON, or there are several headers Idempotency-Key",
    401: "The header x-api-key is missing (as a rule API Gateway sees this first, and says 403)",
    403: "The key is unknown, or its client may not do this: a role, a purpose, an account",
    404: "There is no such thing, path or method, or it is another client's",
    409: "It is too late to cancel; or the name is taken; or, with `Retry-After`, repeat the request after that",
    413: "The body is too large",
    422: "The request is JSON but not valid: `errors` has the places",
    429: "Too many requests, the client's daily segments are spent, or a vendor's pacing",
    500: "Something went wrong in the gateway; repeat a post only with an Idempotency-Key",
    503: "There is no valid accounts document yet",
}
WITH_KEY = (401, 403, 422, 500)  # wherever a key is needed

MessageId = Annotated[str, Field(examples=["msg_01m7z5skbrbwqgw4bmx01vye39"])]
Number = Annotated[str, Field(examples=["13800138000"])]
AccountName = Annotated[str, Field(examples=["hb-1"])]
Vendor = Annotated[str, Field(examples=["hbsmservice"])]
Reference = Annotated[str, Field(description="the client's own id", examples=["order-1001"])]
Moment = Annotated[str, Field(description="ISO 8601, UTC", examples=["2026-11-21T13:47:37.215Z"])]
Overall = Annotated[
    str,
    Field(
        description="the status of its least advanced recipient: scheduled, queued, submitted, unconfirmed;"
        " once all recipients are final, the status that they share, or done"
    ),
]


class Schema(BaseModel):
    """What all answers have in common: they are described, never read, so nothing that reads them is made."""

    model_config = ConfigDict(defer_build=True)


class ProblemError(Schema):
    """One thing that is wrong with a request."""

    loc: str = Field(description="the place in the request", examples=["messages[2].text"])
    msg: str = Field(
        description="what belongs at this place", examples=["must be a string (in double quotes), not a number"]
    )


class ReachedCap(Schema):
    """Why no code is sent now."""

    of: Literal["ip", "device", "client"] = Field(description="what the cap holds for", examples=["ip"])
    codes: int = Field(description="so many codes at most", examples=[10])
    seconds: int = Field(description="in so many seconds", examples=[3600])
    until: Moment = Field(description="when the next code may be asked for")


class Problem(Schema):
    """What went wrong (RFC 9457)."""

    title: str = Field(description="the kind of error")
    status: int = Field(description="the HTTP status")
    detail: str = Field(description="what is wrong, or what to do")
    errors: list[ProblemError] = Field([], description="the places that are wrong, the first 100 of them")
    challenge_required: bool | None = Field(
        None, description="true: have the person pass a challenge, and repeat the request with `challenged`"
    )
    cap: ReachedCap | None = Field(None, description="the cap of codes that is reached")


class RefusedNumber(Schema):
    """A number that the message is not sent to."""

    to: str = Field(description="the number; as you gave it, where it is no number", examples=["12"])
    reason: Reason = Field(description="why the message is not sent to it", examples=["invalid_number"])
    problem: str | None = Field(
        None, description="the characters in it that no number has, by code point; null without any"
    )
    until: Moment | None = Field(
        None,
        description="of a number that has got as many texts of this purpose as its caps allow (`too_frequent`): when"
        " there is room for one again",
    )


class Finding(Schema):
    """Something in a message that carriers as a rule refuse. The message is sent all the same, unless its route is
    strict."""

    code: FindingCode = Field(description="what it is", examples=["link"])
    loc: str = Field(
        description="the text that it stands in: `text`, `template` (as it is filled), `messages[2].text`,"
        " `messages[2]` (a filled template), `signature`. Of several texts with the same, the first",
        examples=["text"],
    )
    start: int = Field(description="its first character in that text, counted from 0", examples=[4])
    end: int = Field(description="the character behind its last", examples=[19])
    found: str = Field(
        description="what stands there, the first 60 characters of it; empty where something is missing",
        examples=["example.com/a?b"],
    )
    zh: str = Field(description="what it means and what to do, in Chinese", examples=["含有网址……请删除，或先报备。"])
    en: str = Field(description="the same in English", examples=["the link … Take it out, or have it filed."])


class MessageFields(Schema):
    """What is said of a message wherever it is shown. Times are ISO 8601 in UTC."""

    id: MessageId | None = Field(description="what the message is asked for by")
    status: Overall = Field(examples=["queued"])
    account: AccountName = Field(description="the account that the message goes through, or goes through first")
    segments: int = Field(
        description="of all recipients together. A text of up to 70 characters is one segment; a longer one has 67 in"
        " each. The signature counts, whatever the alphabet; an emoji counts as two characters",
        examples=[1],
    )
    created_at: Moment = Field(description="when the message was accepted")
    reference: Reference | None = Field(description="your own id; null without one")


class Postponed(Schema):
    """Why a message is sent later than it was posted for. Its submissions go out within half an hour after `until`."""

    reason: Literal["quiet_hours"] = Field(description="marketing is not sent in the quiet hours of its route")
    since: Moment = Field(alias="from", description="when it would have been sent")
    until: Moment = Field(description="when the quiet hours end")


class PlannedTemplate(Schema):
    """What a vendor that takes codes is asked for."""

    code: str = Field(description="the vendor's code of the template", examples=["67510"])
    params: list[str] = Field(description="the values of its variables, in the vendor's order", examples=[["482913"]])


class PlannedContent(Schema):
    """What a recipient would read."""

    to: Number | None = Field(description="the recipient; null: the same for all", examples=[None])
    text: str = Field(
        description="the text with its signature; where there is a template, the vendor's own wording decides",
        examples=["【示例】您的验证码是482913"],
    )
    segments: int = Field(description="how many segments the text has", examples=[1])
    template: PlannedTemplate | None = Field(
        description="the vendor's template; null: the message goes out as a text", examples=[None]
    )


class PlannedSignature(Schema):
    """What is known of the filing (报备) of a signature that recipients would read."""

    signature: str = Field(description="the signature, without brackets", examples=["示例"])
    carrier: Literal["*", "mobile", "unicom", "telecom", "broadnet"] = Field(
        description="the carrier of some of the numbers; `*`: nobody knows of which", examples=["mobile"]
    )
    state: Literal["filed", "pending", "refused"] = Field(
        description="how it is filed; `refused`: these numbers would not get the message through this account",
        examples=["pending"],
    )


class PlannedStep(Schema):
    """What an account of the route would be asked."""

    account: AccountName = Field(description="the account")
    vendor: Vendor = Field(description="the account's vendor")
    requests: int = Field(description="how many requests the vendor would get", examples=[1])
    segments: int = Field(description="of all recipients together, under this account's signature", examples=[1])
    signatures: list[PlannedSignature] = Field(
        description="the states of its signatures, by the carriers of the numbers, as far as they are known"
    )
    contents: list[PlannedContent] = Field(
        description="what recipients would read: one content, or, of a personalised message, the first ten"
    )


class Excluded(Schema):
    """An account of the route that cannot carry the message."""

    account: str = Field(description="the account", examples=["qx-1"])
    problem: str = Field(description="what it cannot carry", examples=["characters that GBK cannot carry: 😀"])


class Plan(Schema):
    """What would happen."""

    route: list[PlannedStep] = Field(description="the accounts, in the order in which they would be tried")
    excluded: list[Excluded] = Field(description="accounts that were taken off the route")
    queue: Literal["urgent", "bulk"] = Field(description="the queue whose workers would send it")
    postponed: Postponed | None = Field(description="put off by quiet hours; null: it is not", examples=[None])
    valid_until: Moment = Field(description="after this time it would not be sent any more")
    warnings: list[str] = Field(description="what in the template is probably not meant", examples=[[]])
    examined: int = Field(
        description="how many texts were encoded for each account; of a large personalised message a sample",
        examples=[1],
    )


class AcceptedMessage(MessageFields):
    """What became of a post."""

    recipients: int = Field(description="to how many recipients the message will be sent", examples=[1])
    postponed: Postponed | None = Field(description="put off by quiet hours; null: it is not", examples=[None])
    refused: list[RefusedNumber] = Field(description="the numbers that the message is not sent to")
    warnings: list[Finding] = Field(
        description="what carriers as a rule refuse in the message, at most ten of each code; under the same"
        " Idempotency-Key the same"
    )


class DryRun(AcceptedMessage):
    """What would become of a post."""

    id: MessageId | None = Field(description="null: nothing is stored", examples=[None])
    dry_run: bool = Field(description="true: nothing was stored or sent", examples=[True])
    plan: Plan = Field(description="what would happen")


class Verification(Schema):
    """A verification. Neither the number nor the code is shown."""

    id: Annotated[str, Field(examples=["ver_3k7wq2m9x4c8v1b5n0s6t2r8pd01h5tzg6qkx8n2b4"])] = Field(
        description="what the verification is asked for by"
    )
    status: Literal["pending", "approved", "expired", "exhausted", "canceled"] = Field(
        description="pending: the code can be approved. exhausted: five codes were checked, and none was right",
        examples=["pending"],
    )
    to: str = Field(description="the number, without its middle", examples=["138****8000"])
    template: str = Field(description="the template that the code goes out in", examples=["otp"])
    length: int = Field(description="digits of the code", examples=[6])
    created_at: Moment = Field(description="when it began")
    expires_at: Moment = Field(description="until when the code can be approved")
    resend_after: Moment = Field(
        description="until then the same request sends nothing. From then on it sends the same code again, through the"
        " next account"
    )
    left: int = Field(description="how many codes may yet be checked", examples=[5])
    messages: list[MessageId] = Field(description="the messages that carry the code; none with a `test` key")


class Checked(Schema):
    """What comes of a code that somebody typed."""

    status: Literal["approved", "wrong", "expired", "exhausted", "canceled"] = Field(
        description="approved comes once", examples=["wrong"]
    )
    left: int | None = Field(None, description="of `wrong`: how many codes may yet be checked", examples=[4])


def described(
    answers: Mapping[int, tuple[str, type[BaseModel] | None]], *problems: int, said: Mapping[int, str] | None = None
) -> dict[int, OpenAPIResponse]:
    """An operation's responses: its own by status, and its problems beside those of every operation with a key.

    `said`: what a problem means here, where that is more than it means everywhere.
    """
    responses: dict[int, OpenAPIResponse] = {}
    for status, (description, model) in answers.items():
        responses[status] = {"description": description}
        if model:
            responses[status]["content"] = {"application/json": {"model": model}}
    for status in sorted({*problems, *WITH_KEY}):
        responses[status] = {
            "description": (said or {}).get(status, PROBLEMS[status]),
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return responses
