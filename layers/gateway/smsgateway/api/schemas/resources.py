"""What `query` shows of messages, replies, accounts, templates, suppressions and clients, as the document describes it.

The answers themselves are made where they are known. The examples of fields make up those of whole answers.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from smsgateway.api.schemas.responses import (
    AccountName,
    MessageFields,
    MessageId,
    Moment,
    Number,
    Overall,
    Postponed,
    Reference,
    Schema,
    Vendor,
)
from smsgateway.model import Purpose, Reason, Status

VendorStatus = Annotated[str, Field(description="the vendor's own word", examples=["0 DELIVRD"])]
Why = Annotated[Reason, Field(description="null where there is nothing to explain")]


class HistoryEntry(Schema):
    """An attempt at a vendor, or a report from one."""

    at: Moment = Field(description="when it was")
    account: AccountName = Field(description="the account")
    status: str = Field(description="what the report said, or how the attempt ended", examples=["delivered"])
    reason: Reason | None = Field(None, description="why; null where there is nothing to explain")
    vendor_status: VendorStatus | None = Field(
        None, description="the vendor's own code and text", examples=["0 DELIVRD"]
    )
    segment: int | None = Field(None, description="the segment of a long message, where the vendor reports each")
    times: int | None = Field(None, description="how many attempts ended alike")
    note: str | None = Field(None, description="why the report changed nothing")


class RecipientFields(Schema):
    """What became of one recipient."""

    to: Number = Field(description="the recipient's number")
    status: Status = Field(description="what became of the recipient", examples=["delivered"])
    reason: Why | None = Field(description="why; null where there is nothing to explain", examples=[None])
    vendor_status: VendorStatus | None = Field(description="the vendor's own code and text; null before any")
    account: AccountName | None = Field(
        description="the account of the newest attempt; null: the message does not go to this number"
    )
    vendor_id: str | None = Field(
        description="the id under which the vendor knows the message; null before it is known", examples=["5010203"]
    )
    segments: int = Field(description="how many segments the recipient's text has", examples=[1])
    submitted_at: Moment | None = Field(description="when the vendor took it; null before")
    reported_at: Moment | None = Field(
        description="when it happened, as the vendor's report says, or else when the report came; null before"
    )


class Recipient(RecipientFields):
    """What became of one recipient, and how it came about."""

    history: list[HistoryEntry] = Field(description="the attempts at vendors, and the reports from them")
    until: Moment | None = Field(
        None, description="of a number over a cap (`too_frequent`): when there is room for a text again"
    )
    history_left_out: int | None = Field(
        None,
        description="how many reports were between the first ten and the last ten, which alone are kept",
    )


class Message(MessageFields):
    """A message, and a page of its recipients in the order of the post."""

    status: Overall = Field(examples=["delivered"])
    purpose: Purpose = Field(description="the purpose that chose the route")
    send_at: Moment | None = Field(description="when it is to be sent; null: at once", examples=[None])
    postponed: Postponed | None = Field(description="put off by quiet hours; null: it is not", examples=[None])
    valid_until: Moment = Field(description="after this time it is not sent any more")
    counts: dict[Status, int] = Field(
        description="how many recipients have each status, those among them whom the message does not go to for their"
        " suppressions or caps",
        examples=[{"delivered": 1}],
    )
    uncounted: int = Field(
        description=(
            "how many recipients are in no count, because there was no time to count them: in very large messages only"
        ),
        examples=[0],
    )
    recipients: list[Recipient] = Field(
        description="a page of the recipients, in the order of the post; behind them those whom the message does not go"
        " to for their suppressions or caps"
    )
    next: str | None = Field(description="where the next page begins; null on the last", examples=[None])


class MessageToNumber(RecipientFields):
    """A message as its recipient's number finds it."""

    id: MessageId = Field(description="what the message is asked for by")
    purpose: Purpose = Field(description="the purpose that chose the route")
    created_at: Moment = Field(description="when the message was accepted")
    reference: Reference | None = Field(description="your own id; null without one")


class Reply(Schema):
    """A reply, whole."""

    inbound_id: str = Field(description="the id of the reply", examples=["mo_06dn3m8c2v9x4t7p1k5r0w8yhz"])
    sender: Number = Field(description="who wrote", alias="from")
    to: str | None = Field(
        description="the number that the reply was sent to, as far as the vendor says", examples=["1065751600001"]
    )
    extension: str | None = Field(
        description="the digits behind your number, as far as the vendor says", examples=["01"]
    )
    text: str = Field(description="what was written", examples=["收到，谢谢"])
    received_at: Moment = Field(
        description="when the vendor got the reply; where the vendor has no time, when the gateway did"
    )
    account: AccountName = Field(description="the account that it came through")
    vendor: Vendor = Field(description="the account's vendor")
    in_reply_to: MessageId | None = Field(
        description="the newest message that was sent to that number through that account; null if there is none"
    )
    reference: Reference | None = Field(description="the `reference` of that message; null without one")
    opt_out: bool = Field(
        description=(
            "whether the reply asks for no more marketing: it is one of the usual words and nothing else, however it is"
            " written (T, TD, N, 退订 …), or one of the account's `opt_out_words`. It was obeyed before it was listed"
        ),
        examples=[False],
    )
    opt_in: bool = Field(
        description="whether the reply asks for marketing again: START, DY, 订阅, 恢复订阅 …, or one of the account's"
        " `opt_in_words`",
        examples=[False],
    )
    partial: bool = Field(
        description="whether parts of the reply never came, or came together with parts of another reply",
        examples=[False],
    )


class Balance(Schema):
    """What is left."""

    product: str = Field(description="the product; empty where the vendor has but one", examples=[""])
    amount: str = Field(description="what is left, a decimal number", examples=["8500"])


class BalanceAt(Schema):
    """What was left when the vendor was last asked."""

    at: Moment = Field(description="when the vendor was asked")
    amounts: list[Balance] = Field(description="what was left, by product")


class Alert(Schema):
    """Something that an operator should know."""

    alert: str = Field(description="what happened, as the event `Account Alert` names it", examples=["balance_low"])
    detail: str = Field(description="more about it", examples=["balance: 93 left"])
    at: Moment = Field(description="when it was raised")


class Calls(Schema):
    """How vendor calls of an account go."""

    breaker: str = Field(
        description=(
            "`closed`: the account is called; `open`: it is left out for a while; `probing`: the next "
            "call finds out whether the vendor answers again"
        ),
        examples=["closed"],
    )
    failures: int = Field(description="failed calls in a row", examples=[0])
    slow: int = Field(description="calls that have been taking over a second", examples=[0])


class Figures(Schema):
    """A vendor's own figures of a day, beside ours."""

    day: str = Field(description="the day of sending, in Beijing", examples=["2026-11-20"])
    accepted: int = Field(description="what the vendor accepted, as it counts", examples=[10000])
    delivered: int = Field(description="of these, reported as delivered", examples=[9700])
    failed: int = Field(description="of these, reported as failed", examples=[260])
    open: int = Field(description="of these, not reported, as the vendor counts", examples=[40])
    fetched_at: Moment = Field(description="when the vendor was asked last")
    open_here: int | None = Field(
        description="recipients that the vendor took that day, by its answers, and that no report has come for; null:"
        " not compared",
        examples=[43],
    )
    compared_at: Moment | None = Field(
        description="when the recipients that are open here were counted; null: not compared"
    )
    differs: bool | None = Field(
        description="whether too many reports are missing here (option `figures_tolerance`), or the vendor accepted"
        " fewer than are open here: `figures_differ` was raised",
        examples=[False],
    )


class SignatureState(Schema):
    """How a signature is filed with an account and a carrier."""

    account: AccountName = Field(description="the account")
    carrier: Literal["*", "mobile", "unicom", "telecom", "broadnet"] = Field(
        description="the carrier, 移动, 联通, 电信 or 广电; `*`: all of them", examples=["mobile"]
    )
    state: Literal["filed", "pending", "refused"] = Field(
        description="what the gateway goes by: with `refused`, a message under it does not go through the account",
        examples=["refused"],
    )
    by_hand: Literal["filed", "pending", "refused"] | None = Field(
        description="what the accounts document says; null: nothing", examples=["filed"]
    )
    refused_at: Moment | None = Field(description="when the vendor refused it; null: it did not, lately")
    tried_again_at: Moment | None = Field(
        description="when what the vendor refused is tried again; null: nothing was learned",
        examples=["2026-11-28T13:47:37.215Z"],
    )
    vendor_status: VendorStatus | None = Field(
        description="what the vendor said, for administrators", examples=["116 签名不合法"]
    )


class Signature(Schema):
    """A signature, and what is known of its filing (报备)."""

    signature: str = Field(description="the signature, without brackets", examples=["示例"])
    states: list[SignatureState] = Field(description="by account and carrier, as far as anything is known")


class Account(Schema):
    """An account with a vendor, without its credentials."""

    name: AccountName = Field(description="the account's name")
    vendor: Vendor = Field(description="the account's vendor")
    base_url: str = Field(description="the vendor's address", examples=["http://sms.hbsmservice.com:8080"])
    signature: str = Field(description="the signature of messages that bring none", examples=["示例"])
    signatures: list[Signature] = Field(description="signatures of which something is known with this account")
    poll: list[str] = Field(description="what the vendor is asked for every minute", examples=[["reports", "inbound"]])
    push: dict[str, str] | None = Field(
        description="the addresses to register with the vendor, by kind; secret",
        examples=[{"reports": "https://…/push/hb-1/…/reports", "inbound": "https://…/push/hb-1/…/inbound"}],
    )
    options: dict[str, Any] = Field(
        description="the options that are set, by the document or by default", examples=[{"timeout": 15}]
    )
    balance: BalanceAt | None = Field(description="what was left when the vendor was last asked; null before")
    figures: list[Figures] = Field(
        description=("the vendor's figures of the last days beside ours, newest first, where the vendor tells them")
    )
    balance_alert: str | None = Field(
        description="an alert is raised when a balance falls below this; null: never", examples=["1000"]
    )
    health: str = Field(description="`ok`, or `alert`: there were alerts in the last 24 hours", examples=["alert"])
    calls: Calls = Field(description="how calls of this account go")
    alerts: list[Alert] = Field(description="the alerts of the last 24 hours, newest first")
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
    problem: str | None = Field(
        description="why the newest accounts document is not in use; null: it is", examples=[None]
    )


class UnplacedReport(Schema):
    """A delivery report that fits no recipient, or several, or whose message is not known yet."""

    to: str = Field(description="the number as the vendor wrote it", examples=["187****8801"])
    vendor_id: str = Field(
        description="the id by which the report names its message, ours or the vendor's",
        examples=["640614750879358976"],
    )
    status: Literal["delivered", "undelivered", "pending", "unknown"] = Field(
        description="what the report says", examples=["delivered"]
    )
    reason: Why | None = Field(description="why; null where there is nothing to explain", examples=[None])
    vendor_status: VendorStatus | None = Field(description="the vendor's own code and text")
    segment: int | None = Field(
        description="the segment of a long message that the report is about; null: the whole message", examples=[None]
    )
    reported_at: Moment | None = Field(description="the vendor's own time; null without one")
    kept_at: Moment = Field(description="when the report came")
    message_id: MessageId | None = Field(description="the message that the report is about; null: not known")


class Check(Schema):
    """What a vendor answered just now."""

    reachable: bool = Field(description="whether the vendor answered", examples=[True])
    healthy: bool | None = Field(
        description="what the vendor says of its health; null: it has no query for that", examples=[None]
    )
    balance: list[Balance] | None = Field(description="what is left, by product; null: the vendor did not say")
    problem: str | None = Field(
        description="what was wrong, or what the vendor refused with; null: nothing", examples=[None]
    )


class VendorTemplate(Schema):
    """How an account's vendor knows a template."""

    code: str = Field(description="the vendor's code of the template")
    params: list[str] = Field(description="the text's variables in the vendor's order")


class Template(Schema):
    """A text with variables."""

    name: str = Field(description="the template's name", examples=["otp"])
    text: str = Field(
        description="the text, with variables in braces", examples=["您的验证码是{code}，{minutes}分钟内有效。"]
    )
    params: list[str] = Field(description="the text's variables", examples=[["code", "minutes"]])
    vendor_templates: dict[str, VendorTemplate] = Field(
        description="by account: how the account's vendor knows the template",
        examples=[{"ic-1": {"code": "67510", "params": ["code", "minutes"]}}],
    )
    lengths: dict[str, int] = Field(
        description="the longest value of a variable, in characters", examples=[{"code": 6}]
    )
    warnings: list[str] = Field(
        description="what in the text is allowed and probably not meant: `${code}`, `{{code}}`, `#code#` …",
        examples=[[]],
    )


class SuppressionEntry(Schema):
    """One thing that stands against texts to a number."""

    number: Number = Field(description="the number")
    purpose: Literal["marketing", "all"] = Field(
        description="`marketing`: it gets no more advertising; `all`: nothing is sent to it, whoever posts",
        examples=["marketing"],
    )
    client: str | None = Field(description="whose marketing it is; null: everybody's", examples=["shop"])
    signature: str | None = Field(description="the signature that it is under; null: any", examples=[None])
    reason: str | None = Field(
        description="`opt_out` of a reply; else what was given; null without one", examples=["opt_out"]
    )
    source: str = Field(description="by what it came here: `reply`, `api` or `import`", examples=["reply"])
    at: Moment = Field(description="since when")
    reply_id: str | None = Field(
        description="the reply that asked for it, as `GET /inbound` has it; null without one",
        examples=["mo_06dn3m8c2v9x4t7p1k5r0w8yhz"],
    )
    account: AccountName | None = Field(description="the account that the reply came to; null without one")


class Suppression(Schema):
    """A number that some texts, or all, are not sent to."""

    number: Number = Field(description="the number")
    suppressed_at: Moment | None = Field(
        description="since when nothing at all is sent to it; null: only marketing is stopped"
    )
    entries: list[SuppressionEntry] = Field(
        description="what stands against texts to it: for a sender, what is about its own marketing or everybody's"
    )


class Imported(Schema):
    """What became of an import's entries."""

    added: int = Field(description="entries that were new", examples=[2])
    already: int = Field(description="entries that stood already", examples=[0])
    outdated: int = Field(
        description="entries that were left out: they are older than the moment at which the person opted in again, or"
        " was allowed again",
        examples=[0],
    )
    unknown_clients: int = Field(
        description="entries of these, taken as they stand, whose client there is not, or has not the signature: it is"
        " gone, or written wrongly",
        examples=[0],
    )


class Client(Schema):
    """Somebody who may call the API."""

    name: str = Field(description="the client's name", examples=["shop"])
    role: str = Field(description="`sender` or `administrator`", examples=["sender"])
    purposes: list[Purpose] = Field(
        description="the purposes that it may send for; none: all", examples=[["otp", "notice"]]
    )
    accounts: list[str] = Field(description="the accounts that it may send through; none: all", examples=[["hb-1"]])
    daily_segments: int | None = Field(
        description="how many segments it may send each day of Beijing time; null: unlimited", examples=[100_000]
    )
    signatures: list[str] = Field(description="the signatures that it texts under", examples=[["示例"]])
    caps: dict[Purpose, dict[str, int] | None] = Field(
        description="how many texts a number may get in any `minute`, `hour` and `day`, by purpose, where that is not"
        " the route's; null: no cap",
        examples=[{"otp": {"minute": 1, "day": 20}}],
    )
    test: bool = Field(description="nothing that it posts ever reaches a vendor", examples=[False])


class CreatedClient(Client):
    """A client and its key, which is shown this once."""

    api_key: str = Field(description="the client's key, for the header `x-api-key`", examples=["5f1c0e…"])


class ListOf[T](Schema):
    """A page of a list."""

    items: list[T] = Field(description="the items of this page")
    next: str | None = Field(description="where the next page begins; null on the last", examples=[None])
