"""What the API answers, as its OpenAPI document describes it. The answers themselves are made where they are known.

The examples of fields make up those of whole answers (`document.examples`).
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel, ConfigDict, Field

from smsgateway.api.serving.problems import PROBLEM_JSON
from smsgateway.model import Purpose, Reason, Status

PROBLEMS = {
    400: "The body is not JSON, or there are several headers Idempotency-Key",
    401: "The header x-api-key is missing",
    403: "The key is unknown, or its client may not do this",
    404: "There is no such thing, or it is another client's",
    409: "It is too late, or somebody else was first",
    413: "The body is too large",
    422: "The request is not valid: `errors` has the places",
    429: "Too much: the client's limit, or a vendor's pacing",
    500: "Something went wrong in the gateway",
    503: "There are no valid accounts yet",
}
WITH_KEY = (401, 403, 422, 500)  # wherever a key is needed

MessageId = Annotated[str, Field(examples=["msg_01m7z5skbrbwqgw4bmx01vye39"])]
Number = Annotated[str, Field(examples=["13800138000"])]
AccountName = Annotated[str, Field(examples=["hb-1"])]
Vendor = Annotated[str, Field(examples=["hbsmservice"])]
Reference = Annotated[str, Field(description="the client's own id", examples=["order-1001"])]
Moment = Annotated[str, Field(description="ISO 8601, UTC", examples=["2026-11-21T13:47:37.215Z"])]
VendorStatus = Annotated[str, Field(description="the vendor's own word", examples=["0 DELIVRD"])]
Overall = Annotated[
    str,
    Field(
        description="the least advanced of its recipients': scheduled, queued, submitted, unconfirmed;"
        " once all are final, the one that they share, or done"
    ),
]
Why = Annotated[Reason, Field(description="null where there is nothing to explain")]


class Schema(BaseModel):
    """What all answers have in common: they are described, never read, so nothing that reads them is made."""

    model_config = ConfigDict(defer_build=True)


class ProblemError(Schema):
    """One thing that is wrong with a request."""

    loc: str = Field(description="the place", examples=["messages[2].text"])
    msg: str = Field(description="what belongs there", examples=["must be a string (in double quotes), not a number"])


class Problem(Schema):
    """What went wrong (RFC 9457)."""

    title: str
    status: int
    detail: str
    errors: list[ProblemError] = Field([], description="the first 100")


class RefusedNumber(Schema):
    """A number that the message is not sent to."""

    to: str = Field(description="as it was given, where it is none", examples=["12"])
    reason: Reason = Field(examples=["invalid_number"])
    problem: str | None = Field(None, description="the characters in it that no number has, by code point, if any")


class MessageFields(Schema):
    """What is said of a message wherever it is shown. Times are ISO 8601 in UTC."""

    id: MessageId | None
    status: Overall = Field(examples=["queued"])
    account: AccountName = Field(description="that it goes through, or goes through first")
    segments: int = Field(description="of all recipients together, the signature included", examples=[1])
    created_at: Moment
    reference: Reference | None


class PlannedTemplate(Schema):
    """What a vendor that takes codes is asked for."""

    code: str = Field(examples=["67510"])
    params: list[str] = Field(description="the values of its variables, in the vendor's order", examples=[["482913"]])


class PlannedContent(Schema):
    """What a recipient would read."""

    to: Number | None = Field(description="null: the same for all", examples=[None])
    text: str = Field(
        description="with its signature; where there is a template, the vendor's own wording decides",
        examples=["【示例】您的验证码是482913"],
    )
    segments: int = Field(examples=[1])
    template: PlannedTemplate | None = Field(description="null: it goes out as a text", examples=[None])


class PlannedStep(Schema):
    """What an account of the route would be asked."""

    account: AccountName
    vendor: Vendor
    requests: int = Field(description="to the vendor", examples=[1])
    segments: int = Field(description="of all recipients together, under this account's signature", examples=[1])
    contents: list[PlannedContent] = Field(description="one, or, of a personalised message, the first ten")


class Excluded(Schema):
    """An account of the route that cannot carry the message."""

    account: str = Field(examples=["qx-1"])
    problem: str = Field(examples=["characters that GBK cannot carry: 😀"])


class Plan(Schema):
    """What would happen."""

    route: list[PlannedStep] = Field(description="in the order in which the accounts would be tried")
    excluded: list[Excluded]
    queue: Literal["urgent", "bulk"]
    valid_until: Moment
    warnings: list[str] = Field(description="what in the template is probably not meant", examples=[[]])
    examined: int = Field(
        description="texts that were encoded for each account; of a large personalised message a sample", examples=[1]
    )


class AcceptedMessage(MessageFields):
    """What became of a post."""

    recipients: int = Field(description="that it will be sent to", examples=[1])
    refused: list[RefusedNumber]


class DryRun(AcceptedMessage):
    """What would become of a post."""

    id: MessageId | None = Field(description="null: nothing is stored", examples=[None])
    dry_run: bool = Field(examples=[True])
    plan: Plan


class HistoryEntry(Schema):
    """An attempt at a vendor, or a report from one."""

    at: Moment
    account: AccountName
    status: str = Field(description="what it said, or how the attempt ended", examples=["delivered"])
    reason: Reason | None = None
    vendor_status: VendorStatus | None = Field(None, examples=["0 DELIVRD"])
    segment: int | None = Field(None, description="of a long message, where the vendor reports each")
    times: int | None = Field(None, description="so many attempts that ended alike")
    note: str | None = Field(None, description="why it changed nothing")


class RecipientFields(Schema):
    """What became of one recipient."""

    to: Number
    status: Status = Field(examples=["delivered"])
    reason: Why | None = Field(examples=[None])
    vendor_status: VendorStatus | None
    account: AccountName
    vendor_id: str | None = Field(description="under which the vendor knows it", examples=["5010203"])
    segments: int = Field(examples=[1])
    submitted_at: Moment | None
    reported_at: Moment | None


class Recipient(RecipientFields):
    """What became of one recipient, and how it came about."""

    history: list[HistoryEntry]
    history_left_out: int | None = Field(
        None,
        description="how many reports were between the first ten and the last ten, which alone are kept",
    )


class Message(MessageFields):
    """A message, and a page of its recipients in the order of the post."""

    status: Overall = Field(examples=["delivered"])
    purpose: Purpose
    send_at: Moment | None = Field(examples=[None])
    valid_until: Moment
    counts: dict[Status, int] = Field(description="recipients by status", examples=[{"delivered": 1}])
    uncounted: int = Field(
        description="recipients that are in no count, for want of time: of a very large message",
        examples=[0],
    )
    recipients: list[Recipient]
    next: str | None = Field(description="where the next page begins; null on the last", examples=[None])


class MessageToNumber(RecipientFields):
    """A message as its recipient's number finds it."""

    id: MessageId
    purpose: Purpose
    created_at: Moment
    reference: Reference | None


class Reply(Schema):
    """A reply, whole."""

    inbound_id: str = Field(examples=["mo_06dn3m8c2v9x4t7p1k5r0w8yhz"])
    sender: Number = Field(alias="from")
    to: str | None = Field(description="what it was sent to, as far as the vendor says", examples=["1065751600001"])
    extension: str | None = Field(examples=["01"])
    text: str = Field(examples=["收到，谢谢"])
    received_at: Moment
    account: AccountName
    vendor: Vendor
    in_reply_to: MessageId | None = Field(description="the message that it answers, if that can be told")
    reference: Reference | None = Field(description="that message's")
    opt_out: bool = Field(
        description="it is one of the usual words, however it is written: T, TD, N, 退订 …", examples=[False]
    )
    partial: bool = Field(description="parts of it never came, or may be of another reply", examples=[False])


class Balance(Schema):
    """What is left."""

    product: str = Field(description="empty where the vendor has but one", examples=[""])
    amount: str = Field(description="a decimal number", examples=["8500"])


class BalanceAt(Schema):
    """What was left when the vendor was last asked."""

    at: Moment
    amounts: list[Balance]


class Alert(Schema):
    """Something that an operator should know."""

    alert: str = Field(examples=["balance_low"])
    detail: str = Field(examples=["balance: 93 left"])
    at: Moment


class Calls(Schema):
    """How vendor calls of an account go."""

    breaker: str = Field(
        description="closed, open, or probing: the next call finds out whether the vendor answers", examples=["closed"]
    )
    failures: int = Field(description="failed calls in a row", examples=[0])
    slow: int = Field(description="calls that have been taking over a second", examples=[0])


class Figures(Schema):
    """A vendor's own figures of a day, beside ours."""

    day: str = Field(description="of Beijing", examples=["2026-11-20"])
    accepted: int = Field(examples=[10000])
    delivered: int = Field(examples=[9700])
    failed: int = Field(examples=[260])
    open: int = Field(description="without a report, as the vendor counts", examples=[40])
    fetched_at: Moment
    open_here: int | None = Field(description="submitted and without a report here; null: not compared", examples=[43])
    compared_at: Moment | None
    differs: bool | None = Field(
        description="whether too many reports are missing here: figures_differ was raised", examples=[False]
    )


class Account(Schema):
    """An account with a vendor, without its credentials."""

    name: AccountName
    vendor: Vendor
    base_url: str = Field(examples=["http://sms.hbsmservice.com:8080"])
    signature: str = Field(description="of messages that bring none", examples=["示例"])
    poll: list[str] = Field(description="what the vendor is asked for every minute", examples=[["reports", "inbound"]])
    push: dict[str, str] | None = Field(
        description="the addresses to register with the vendor, by kind; secret",
        examples=[{"reports": "https://…/push/hb-1/…/reports", "inbound": "https://…/push/hb-1/…/inbound"}],
    )
    options: dict[str, Any] = Field(description="those that are set, also by default", examples=[{"timeout": 15}])
    balance: BalanceAt | None
    figures: list[Figures] = Field(description="of the last days, newest first, where the vendor tells them")
    balance_alert: str | None = Field(description="an alert is raised below this", examples=["1000"])
    health: str = Field(description="ok, or alert: there were alerts in the last 24 hours", examples=["alert"])
    calls: Calls
    alerts: list[Alert] = Field(description="of the last 24 hours, newest first")
    last_push: dict[str, str | None] = Field(
        description="when the vendor last pushed, by kind",
        examples=[{"reports": "2026-11-21T13:47:37.215Z", "inbound": None}],
    )
    last_try: dict[str, str | None] = Field(
        description="when somebody last tried a push address with a push that says nothing, by kind",
        examples=[{"reports": "2026-11-21T13:40:02.180Z", "inbound": None}],
    )
    last_poll: dict[str, str | None] = Field(
        description="when the vendor was last asked, by kind",
        examples=[{"reports": "2026-11-21T13:47:37.215Z", "inbound": "2026-11-21T13:47:38.004Z"}],
    )
    problem: str | None = Field(description="why the newest accounts document is not in use", examples=[None])


class UnplacedReport(Schema):
    """A delivery report that fits no recipient, or several, or whose message is not known yet."""

    to: str = Field(description="the number as the vendor wrote it", examples=["187****8801"])
    vendor_id: str = Field(
        description="the id that it names its message by, ours or the vendor's", examples=["640614750879358976"]
    )
    status: Literal["delivered", "undelivered", "pending", "unknown"] = Field(
        description="what it says", examples=["delivered"]
    )
    reason: Why | None = Field(examples=[None])
    vendor_status: VendorStatus | None
    segment: int | None = Field(description="null: of the whole message", examples=[None])
    reported_at: Moment | None
    kept_at: Moment = Field(description="when it came")
    message_id: MessageId | None = Field(description="the message that it is about, where that is known")


class Check(Schema):
    """What a vendor answered just now."""

    reachable: bool = Field(examples=[True])
    healthy: bool | None = Field(description="null: the vendor has no query for it", examples=[None])
    balance: list[Balance] | None
    problem: str | None = Field(description="what was wrong, or what the vendor refused with", examples=[None])


class VendorTemplate(Schema):
    """How an account's vendor knows a template."""

    code: str
    params: list[str]


class Template(Schema):
    """A text with variables."""

    name: str = Field(examples=["otp"])
    text: str = Field(examples=["您的验证码是{code}，{minutes}分钟内有效。"])
    params: list[str] = Field(description="its variables", examples=[["code", "minutes"]])
    vendor_templates: dict[str, VendorTemplate] = Field(
        description="by account", examples=[{"ic-1": {"code": "67510", "params": ["code", "minutes"]}}]
    )
    lengths: dict[str, int] = Field(description="the longest value of a variable", examples=[{"code": 6}])
    warnings: list[str] = Field(
        description="what in the text is allowed and probably not meant: `${code}`, `{{code}}`, `#code#` …",
        examples=[[]],
    )


class Suppression(Schema):
    """A number that nothing is sent to."""

    number: Number
    suppressed_at: Moment


class Client(Schema):
    """Somebody who may call the API."""

    name: str = Field(examples=["shop"])
    role: str = Field(description="sender or administrator", examples=["sender"])
    purposes: list[Purpose] = Field(description="none: all", examples=[["otp", "notice"]])
    accounts: list[str] = Field(description="none: all", examples=[["hb-1"]])
    daily_segments: int | None = Field(description="each day of Beijing time; null: unlimited", examples=[100_000])


class CreatedClient(Client):
    """A client and its key, which is shown this once."""

    api_key: str = Field(examples=["5f1c0e…"])


class ListOf[T](Schema):
    """A page of a list."""

    items: list[T]
    next: str | None = Field(description="where the next page begins; null on the last", examples=[None])


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
