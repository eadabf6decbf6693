"""What the API answers, as its OpenAPI document describes it. The answers themselves are made where they are known."""

from collections.abc import Mapping
from typing import Any, Literal

from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel, Field

from smsgateway.api.problems import PROBLEM_JSON
from smsgateway.model import Purpose, Reason, Status

PROBLEMS = {
    400: "The body is not JSON",
    401: "The header x-api-key is missing",
    403: "The key is unknown, or its client may not do this",
    404: "There is no such thing, or it is another client's",
    409: "It is too late, or somebody else was first",
    413: "The body is too large",
    422: "The request is not valid",
    429: "Too much: the client's limit, or a vendor's pacing",
    500: "Something went wrong in the gateway",
    503: "There are no valid accounts yet",
}
WITH_KEY = (401, 403, 422, 500)  # wherever a key is needed


class ProblemError(BaseModel):
    """One thing that is wrong with a request."""

    loc: str = Field(description="the place: to[3], messages[2].text")
    msg: str


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    title: str
    status: int
    detail: str
    errors: list[ProblemError] = []


class RefusedNumber(BaseModel):
    """A number that the message is not sent to."""

    to: str
    reason: Reason


class MessageFields(BaseModel):
    """What is said of a message wherever it is shown. Times are ISO 8601 in UTC."""

    id: str | None = Field(description="null for a dry run")
    status: str = Field(
        description="the least advanced of its recipients': scheduled, queued, submitted, unconfirmed;"
        " once all are final, the one that they share, or done"
    )
    account: str = Field(description="that it goes through, or goes through first")
    segments: int = Field(description="of all recipients together, the signature included")
    created_at: str
    reference: str | None


class PlannedTemplate(BaseModel):
    """What a vendor that takes codes is asked for."""

    code: str
    params: list[str] = Field(description="the values of its variables, in the vendor's order")


class PlannedContent(BaseModel):
    """What a recipient would read."""

    to: str | None = Field(description="null: the same for all")
    text: str = Field(description="with its signature; where there is a template, the vendor's own wording decides")
    segments: int
    template: PlannedTemplate | None = Field(description="null: it goes out as a text")


class PlannedStep(BaseModel):
    """What an account of the route would be asked."""

    account: str
    vendor: str
    requests: int = Field(description="to the vendor")
    segments: int = Field(description="of all recipients together, under this account's signature")
    contents: list[PlannedContent] = Field(description="one, or, of a personalised message, the first ten")


class Excluded(BaseModel):
    """An account of the route that cannot carry the message."""

    account: str
    problem: str


class Plan(BaseModel):
    """What would happen."""

    route: list[PlannedStep] = Field(description="in the order in which the accounts would be tried")
    excluded: list[Excluded]
    queue: Literal["urgent", "bulk"]
    valid_until: str


class AcceptedMessage(MessageFields):
    """What became of a post."""

    recipients: int
    refused: list[RefusedNumber]
    dry_run: bool = False
    plan: Plan | None = Field(None, description="of a dry run")


class HistoryEntry(BaseModel):
    """An attempt at a vendor, or a report from one."""

    at: str
    account: str
    status: str
    reason: Reason | None = None
    vendor_status: str | None = None
    segment: int | None = None
    note: str | None = None


class RecipientFields(BaseModel):
    """What became of one recipient."""

    to: str
    status: Status
    reason: Reason | None
    vendor_status: str | None = Field(description="the vendor's own word")
    account: str
    vendor_id: str | None
    segments: int
    submitted_at: str | None
    reported_at: str | None


class Recipient(RecipientFields):
    """What became of one recipient, and how it came about."""

    history: list[HistoryEntry]


class Message(MessageFields):
    """A message, and a page of its recipients in the order of the post."""

    purpose: Purpose
    send_at: str | None
    valid_until: str
    counts: dict[Status, int] = Field(description="recipients by status")
    recipients: list[Recipient]
    next: str | None = Field(description="where the next page begins; null on the last")


class MessageToNumber(RecipientFields):
    """A message as its recipient's number finds it."""

    id: str
    purpose: Purpose
    created_at: str
    reference: str | None


class Reply(BaseModel):
    """A reply, whole."""

    inbound_id: str
    sender: str = Field(alias="from")
    to: str | None = Field(description="what it was sent to, as far as the vendor says")
    extension: str | None
    text: str
    received_at: str
    account: str
    vendor: str
    in_reply_to: str | None = Field(description="the message that it answers, if that can be told")
    reference: str | None
    opt_out: bool
    partial: bool = Field(description="parts of it never came")


class Balance(BaseModel):
    """What is left."""

    product: str
    amount: str


class BalanceAt(BaseModel):
    """What was left when the vendor was last asked."""

    at: str
    amounts: list[Balance]


class Alert(BaseModel):
    """Something that an operator should know."""

    alert: str
    detail: str
    at: str


class Calls(BaseModel):
    """How vendor calls of an account go."""

    breaker: str = Field(description="closed, open, or probing: the next call finds out whether the vendor answers")
    failures: int = Field(description="failed calls in a row")
    slow: int = Field(description="calls that have been taking over a second")


class Account(BaseModel):
    """An account with a vendor, without its credentials."""

    name: str
    vendor: str
    base_url: str
    signature: str
    poll: list[str]
    push: dict[str, str] | None = Field(description="the addresses to register with the vendor, by kind; secret")
    options: dict[str, Any]
    balance: BalanceAt | None
    balance_alert: str | None
    health: str = Field(description="ok, or alert: there were alerts in the last 24 hours")
    calls: Calls
    alerts: list[Alert]
    last_push: dict[str, str | None]
    last_poll: dict[str, str | None]
    problem: str | None = Field(description="why the newest accounts document is not in use")


class Check(BaseModel):
    """What a vendor answered just now."""

    reachable: bool
    healthy: bool | None = Field(description="null: the vendor has no query for it")
    balance: list[Balance] | None
    problem: str | None


class VendorTemplate(BaseModel):
    """How an account's vendor knows a template."""

    code: str
    params: list[str]


class Template(BaseModel):
    """A text with variables."""

    name: str
    text: str
    params: list[str]
    vendor_templates: dict[str, VendorTemplate]
    lengths: dict[str, int]


class Suppression(BaseModel):
    """A number that nothing is sent to."""

    number: str
    suppressed_at: str


class Client(BaseModel):
    """Somebody who may call the API."""

    name: str
    role: str
    purposes: list[Purpose]
    accounts: list[str]
    daily_segments: int | None


class CreatedClient(Client):
    """A client and its key, which is shown this once."""

    api_key: str


class ListOf[T](BaseModel):
    """A page of a list."""

    items: list[T]
    next: str | None = Field(description="where the next page begins; null on the last")


def described(answers: Mapping[int, tuple[str, type[BaseModel] | None]], *problems: int) -> dict[int, OpenAPIResponse]:
    """An operation's responses: its own by status, and its problems beside those of every operation with a key."""
    responses: dict[int, OpenAPIResponse] = {}
    for status, (description, model) in answers.items():
        responses[status] = {"description": description}
        if model:
            responses[status]["content"] = {"application/json": {"model": model}}
    for status in sorted({*problems, *WITH_KEY}):
        responses[status] = {
            "description": PROBLEMS[status],
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return responses
