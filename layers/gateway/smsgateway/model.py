"""The values that pass between the gateway's modules. Frozen, without behaviour beyond their own consistency."""

from collections.abc import Buffer, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal, NamedTuple

from smsgateway.clock import Millis

Purpose = Literal["otp", "notice", "marketing"]
Kind = Literal["reports", "inbound"]
type Cap = tuple[int, int]  # so many texts in so many seconds, at most
type QuietHours = tuple[int, int]  # minutes of the day in Beijing: from, until; the first may be the later one
# Where in a content its author may have put a signature: elsewhere a variable's value stands, which brings none.
SignaturePlace = Literal["anywhere", "start", "end", "nowhere"]


class State(StrEnum):
    """Of a submission: one vendor request."""

    QUEUED = "QUEUED"
    WAITING = "WAITING"
    SENDING = "SENDING"
    SUBMITTED = "SUBMITTED"
    UNCONFIRMED = "UNCONFIRMED"
    REFUSED = "REFUSED"
    EXPIRED = "EXPIRED"
    CANCELED = "CANCELED"
    MOVED = "MOVED"  # its recipients went on in smaller submissions, at another account


class Status(StrEnum):
    """Of a recipient, as clients see it."""

    QUEUED = "queued"
    SCHEDULED = "scheduled"
    SUBMITTED = "submitted"
    UNCONFIRMED = "unconfirmed"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    REJECTED = "rejected"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    CANCELED = "canceled"
    UNKNOWN = "unknown"


FINAL = frozenset(
    {
        Status.DELIVERED,
        Status.UNDELIVERED,
        Status.REJECTED,
        Status.SUPPRESSED,
        Status.EXPIRED,
        Status.CANCELED,
        Status.UNKNOWN,
    }
)


class Reason(StrEnum):
    """Why a recipient has its status. A closed list: clients may switch on it; the vendor's own word is beside it."""

    INVALID_NUMBER = "invalid_number"
    LANDLINE = "landline"  # no vendor that it could go through takes it
    BLACKLISTED = "blacklisted"
    SUPPRESSED = "suppressed"
    TOO_FREQUENT = "too_frequent"  # this number got too many messages
    UNREACHABLE = "unreachable"
    VALIDITY_EXPIRED = "validity_expired"  # the operators gave up
    NETWORK_REJECTED = "network_rejected"  # the operator's message centre refused
    NETWORK_FAILURE = "network_failure"  # a route or gateway of the vendor or operator failed
    SENSITIVE_CONTENT = "sensitive_content"
    CONTENT_REFUSED = "content_refused"  # an audit or a whitelist of contents
    CONTENT_TOO_LONG = "content_too_long"
    CONTENT_EMPTY = "content_empty"
    CONTENT_NOT_ENCODABLE = "content_not_encodable"
    SIGNATURE_REFUSED = "signature_refused"
    TEMPLATE_REFUSED = "template_refused"
    EXTENSION_REFUSED = "extension_refused"
    PARTS_MISSING = "parts_missing"  # of a long message
    PARAMETER_REFUSED = "parameter_refused"
    CREDENTIALS_REFUSED = "credentials_refused"
    BALANCE_EXHAUSTED = "balance_exhausted"
    ACCOUNT_CLOSED = "account_closed"
    ADDRESS_REFUSED = "address_refused"  # the vendor does not take calls from our address
    SERVICE_REFUSED = "service_refused"  # service code, product, permission, address of the interface
    OUTSIDE_HOURS = "outside_hours"
    QUIET_HOURS = "quiet_hours"  # our own: marketing is not sent at night
    BUSY = "busy"
    TOO_FAST = "too_fast"
    NOT_REACHED = "not_reached"  # no connection to the vendor could be made
    AMBIGUOUS_ANSWER = "ambiguous_answer"  # nobody can say whether the vendor took it
    UNLISTED_CODE = "unlisted_code"  # the vendor's document does not say what this means
    VALIDITY_PASSED = "validity_passed"  # our own valid_for
    CANCELED_BY_CLIENT = "canceled_by_client"
    NO_REPORT = "no_report"
    REPORTS_UNDECIDED = "reports_undecided"  # of some parts of a long message only, or for a number that fits several


class About(StrEnum):
    """What a vendor's definite refusal is about; decides the next step (`routing.py`)."""

    MOMENT = "moment"
    ACCOUNT = "account"
    CONTENT = "content"
    NUMBERS = "numbers"
    UNLISTED = "unlisted"  # undocumented or vague: not a refusal


class ReportStatus(StrEnum):
    """What a delivery report says."""

    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    PENDING = "pending"  # not final: kept in the history
    UNKNOWN = "unknown"  # a word that the document does not list


class FindingCode(StrEnum):
    """What preflight finds in a message, because carriers as a rule refuse or bill it. A closed list."""

    LINK = "link"  # or a bare domain, or an IP address
    SHORT_LINK = "short_link"  # of a service that hides where it leads to
    PHONE_NUMBER = "phone_number"  # a mobile's or a landline's
    SERVICE_NUMBER = "service_number"  # 400, 800, 95, 96
    WECHAT_ID = "wechat_id"
    QQ_ID = "qq_id"
    BRACKETS = "brackets"  # 【】 beside the signature's
    NO_OPT_OUT = "no_opt_out"  # marketing that does not say how to get no more
    VARIABLE_SIGN = "variable_sign"  # `$`, `#` or `%` before a brace
    INVISIBLE = "invisible"
    FOREIGN_SIGNATURE = "foreign_signature"  # none of the accounts', nor of the client's


class Finding(NamedTuple):
    """Something in a message that carriers as a rule refuse, and where it stands. Stored as a list of its fields.

    `start`, `end`: characters of the text at `loc`, as it was posted; of a template's text, as it was filled.
    """

    code: FindingCode
    loc: str  # text, template, messages[i].text, messages[i], signature
    start: int
    end: int  # behind the last character
    found: str  # what stands there, or the beginning of it


@dataclass(frozen=True, slots=True)
class PushSettings:
    """What proves that a push came from the vendor. Every secret is a list: current and previous."""

    tokens: tuple[str, ...] = field(repr=False)
    source_ips: tuple[str, ...] = ()  # networks; empty means any address
    credentials: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Options:
    """An account's options with their documented defaults; None means the vendor's own default."""

    timeout: float = 15.0  # seconds, the whole vendor call
    recipients_per_request: int | None = None
    requests_per_second: float | None = None
    report_window: int = 259_200  # seconds
    parts_window: int = 86_400  # seconds
    ack: str | None = None
    charset: str | None = None
    method: Literal["POST", "GET"] | None = None
    sign_method: str | None = None
    free_text_template: str | None = None
    free_text_signature: bool = False
    product: str | None = None
    access_number: str | None = None
    extension_prefix_length: int = 0
    push_window: int = 86_400  # seconds; 0: a push's own moment does not matter
    paths: Mapping[str, str] = field(default_factory=dict)  # operation → address below base_url
    codes: Mapping[str, About | Literal["signature"]] = field(default_factory=dict)  # what an unlisted code is about
    words: Mapping[str, str] = field(default_factory=dict)  # what a report's word says (codecs/words.py)
    breaker_failures: int = 5
    breaker_seconds: int = 30
    in_flight: int = 20  # vendor calls of this account at once
    silence_seconds: int = 3_600
    silence_messages: int = 20  # 0: a silent vendor is never told of
    figures_tolerance: float = 0.01  # of what the vendor accepted on a day
    opt_out_words: tuple[str, ...] = ()  # that mean stop, beside the usual ones
    opt_in_words: tuple[str, ...] = ()  # that ask for marketing again, beside the usual ones
    opt_out_confirmation: str | None = None  # the text that confirms an opt-out


@dataclass(frozen=True, slots=True)
class Account:
    """One contract with one vendor. Credentials and push secrets never show in its repr."""

    name: str
    vendor: str
    base_url: str  # without a slash at its end
    credentials: Mapping[str, str] = field(repr=False)
    signature: str = ""
    poll: tuple[Kind, ...] = ()
    push: PushSettings | None = field(default=None, repr=False)
    balance_alert: Decimal | None = None
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class VendorTemplate:
    """A template registered with a vendor: its code there, and the values of its variables in the vendor's order."""

    code: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateCode:
    """How an account's vendor knows a registered template: its code, and our variables in the vendor's order."""

    code: str
    params: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody who may call the API. The table knows a client by the SHA-256 of its API key."""

    name: str
    role: str  # sender | administrator
    purposes: tuple[str, ...] = ()  # none: all
    accounts: tuple[str, ...] = ()  # none: all
    daily_segments: int | None = None
    key_id: str = ""  # API Gateway's
    signatures: tuple[str, ...] = ()  # that it texts under; none: nobody says
    caps: Mapping[str, tuple[Cap, ...]] = field(default_factory=dict)  # by purpose, in place of the route's
    test: bool = False  # nothing that it posts ever reaches a vendor

    @property
    def administrator(self) -> bool:
        """True if the client may do everything, and sees the messages of all clients."""
        return self.role == "administrator"


ADMINISTRATOR = Client(name="administrator", role="administrator")  # whoever deployed the gateway


@dataclass(frozen=True, slots=True)
class Template:
    """A text with named variables, registered under a name, and the codes of the vendors that want it registered."""

    name: str
    text: str
    vendor_templates: Mapping[str, TemplateCode] = field(default_factory=dict)  # by account
    lengths: Mapping[str, int] = field(default_factory=dict)  # longest values, by variable, in characters


@dataclass(frozen=True, slots=True)
class Personal:
    """What one recipient of a message shall read, without the signature, and the variables it was made of."""

    text: str = field(repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class SetApart:
    """Numbers of a post that its message does not go to, for what their own items say. In the order of the post."""

    suppressed: tuple[str, ...] = ()
    too_frequent: tuple[tuple[str, Millis], ...] = ()  # over a cap, each with the moment at which there is room again

    def __bool__(self) -> bool:
        """True if there is anybody."""
        return bool(self.suppressed or self.too_frequent)

    def __len__(self) -> int:
        """How many they are."""
        return len(self.suppressed) + len(self.too_frequent)


@dataclass(frozen=True, slots=True)
class Message:
    """What a client posted and the gateway accepted."""

    id: str
    client: str
    purpose: Purpose
    created_at: Millis
    valid_until: Millis
    route: tuple[str, ...]  # accounts, in the order in which they are tried
    recipients: int
    segments: int
    content: Personal | None = None  # None: each recipient has its own
    signature: str | None = None  # None: the account's
    signature_place: SignaturePlace = "anywhere"
    templates: Mapping[str, TemplateCode] = field(default_factory=dict)  # by account
    extension: str = ""
    reference: str = ""
    send_at: Millis | None = None
    postponed_from: Millis | None = None  # when it would have been sent, were it not for quiet hours until `send_at`
    spread: Millis = 0  # over which its submissions go out, from `send_at` on
    resend_unconfirmed: bool = False
    resend_undelivered: bool = False
    suppressed: tuple[str, ...] = ()  # numbers of the post that were not to be sent to
    too_frequent: tuple[tuple[str, Millis], ...] = ()  # SetApart
    set_apart: str = ""  # where both lie if they are too many for the message's own item (store/set_apart.py)
    opt_out_scope: str = ""  # whose marketing an opt-out of it stops (store/numbers.py); empty: its client's
    mobiles_only: bool = False  # landlines of the post were refused
    findings: tuple[Finding, ...] = ()  # of preflight
    body_hash: str = ""  # of the request that made it, for Idempotency-Key
    fleeting: bool = False  # to one number: its content is removed from the table when its sending has ended
    paid_at: Millis = 0  # `created_at` of another request under its key, which took its segments from the daily limit
    canceled_at: Millis | None = None  # nothing of it is marked any more
    blocks: int = 1  # of a message to several numbers: that its submissions stand in (ids.py)


@dataclass(frozen=True, slots=True)
class Payload:
    """The recipients of one submission, in the client's order, and what each reads where it is not the same for all."""

    numbers: tuple[str, ...]
    contents: tuple[Personal, ...] = ()  # none, or one a number

    def part(self, start: int, end: int) -> "Payload":
        """The recipients from index `start` up to, but without, `end`, and what each of them reads."""
        return Payload(self.numbers[start:end], self.contents[start:end])

    def without(self, numbers: Collection[str]) -> "Payload":
        """All recipients but some, and what each of them reads."""
        left = [index for index, number in enumerate(self.numbers) if number not in numbers]
        contents = tuple(self.contents[index] for index in left) if self.contents else ()
        return Payload(tuple(self.numbers[index] for index in left), contents)


@dataclass(frozen=True, slots=True)
class Content:
    """What a recipient shall read: `【signature】text`, or `text` alone when there is no signature.

    A vendor that takes the signature beside the text decides itself where it stands.
    """

    text: str = field(repr=False)  # without the signature
    signature: str = ""  # without brackets
    template: VendorTemplate | None = field(default=None, repr=False)  # of the account it is about to go through
    signed_at_end: bool = False  # `text【signature】`, as its author wrote it

    @property
    def full(self) -> str:
        """The text as the recipient reads it."""
        if not self.signature:
            return self.text
        signed = f"【{self.signature}】"
        return self.text + signed if self.signed_at_end else signed + self.text


@dataclass(frozen=True, slots=True)
class Submission:
    """One vendor request: the same content to all numbers, or one content each (personalised)."""

    id: str  # ours; given to vendors that carry an id of the sender's, at most 50 ASCII characters
    numbers: tuple[str, ...] = field(repr=False)
    contents: tuple[Content, ...] = field(repr=False)  # one for all, or as many as there are numbers
    extension: str = ""
    send_at: datetime | None = None  # the vendor's own scheduling; the gateway does not use it

    @property
    def content(self) -> Content:
        """The one content of a submission that is not personalised."""
        (content,) = self.contents
        return content


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request to a vendor, ready for the wire. Never shown: it holds credentials."""

    method: Literal["POST", "GET"]
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    statuses: frozenset[int] = frozenset({200})  # of the vendor's own answers; any other is in doubt


@dataclass(frozen=True, slots=True)
class Response:
    """A vendor's whole HTTP answer, of a status that its request allows: any other is an error of the transport."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # names in lower case
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Push:
    """An HTTP request that a vendor made to us."""

    method: str
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # decoded as UTF-8
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # names in lower case
    body: bytes = field(default=b"", repr=False)
    at: Millis = 0  # when it came

    @property
    def wrapping(self) -> str:
        """What the body is wrapped in, though no vendor's document says so: nobody reads it then. Empty: in nothing."""
        encoding = self.headers.get("content-encoding", "").strip().lower()
        if not self.body:
            return ""
        if self.body.startswith(b"\x1f\x8b"):
            return "gzip"
        if encoding in ("deflate", "br", "zstd", "compress"):  # what says gzip and is none was unwrapped on its way
            return encoding
        return "multipart" if self.headers.get("content-type", "").strip().lower().startswith("multipart/") else ""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A number that the vendor refused at submission; the rest of the request stands."""

    number: str = field(repr=False)
    reason: Reason = Reason.INVALID_NUMBER
    vendor_status: str = ""
    about: About = About.NUMBERS  # what it is about: one for the account's sake raises the account's alert


@dataclass(frozen=True, slots=True)
class Accepted:
    """The vendor took the submission."""

    vendor_ids: tuple[str, ...] = ()  # the vendor's own; several where it gives one a number
    rejected: tuple[Rejection, ...] = ()
    vendor_status: str = ""  # the vendor's own word, where it says more than "accepted": `0#1 of 2`


@dataclass(frozen=True, slots=True)
class Refused:
    """The vendor answered that it does not do it. With `About.UNLISTED` it is not known to be a refusal."""

    about: About
    reason: Reason
    vendor_status: str  # the vendor's own code and text: `107 密码错误`
    vendor_ids: tuple[str, ...] = ()  # that an answer in doubt names: a report under one of them is the proof


class Report(NamedTuple):
    """One delivery report. `vendor_id` is the id it carries: ours if `ours`, else the vendor's.

    Not a dataclass, as other values are, because hundreds are made at a time: a frozen one takes more than twice as
    long to make.
    """

    vendor_id: str
    number: str  # may be masked: `187****8801`
    status: ReportStatus
    vendor_status: str  # the vendor's own word
    reason: Reason | None = None
    ours: bool = False  # vendor_id is the submission's id
    alternative_id: str = ""  # a second id the report carries (infocloud: its msgId beside our bid)
    reported_at: datetime | None = None  # with zone; None: the vendor does not say
    segment: int = 0  # of a long message; 0 is the whole of it
    raw: str | Buffer = ""  # the vendor's own record: its text, or the bytes of that in UTF-8
    listed: bool = False  # a table lists the word: what it says is no guess

    def __repr__(self) -> str:
        shown = (f"{name}={value!r}" for name, value in self._asdict().items() if name not in ("number", "raw"))
        return f"Report({', '.join(shown)})"


@dataclass(frozen=True, slots=True)
class Part:
    """The place of an inbound message within a long one."""

    id: str
    total: int
    number: int  # 1…total


@dataclass(frozen=True, slots=True)
class Inbound:
    """One reply (MO), or one part of it."""

    number: str = field(repr=False)  # who wrote
    text: str = field(repr=False)
    access_number: str = ""  # what it was sent to, as far as the vendor says
    extension: str = ""  # the digits after our access number, as far as they are known
    received_at: datetime | None = None
    vendor_id: str = ""
    part: Part | None = None
    raw: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply (MO) as it is stored and published, joined from its parts if it was long."""

    id: str
    account: str
    vendor: str
    number: str  # who wrote
    access_number: str
    extension: str
    text: str
    received_at: Millis
    client: str = ""  # whose message it answers
    in_reply_to: str = ""
    reference: str = ""
    opt_out: bool = False  # it asks for no more marketing
    opt_in: bool = False  # it asks for marketing again
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that nobody can read, among others that can be read."""

    body: bytes = field(repr=False)  # as the vendor would hand out this record alone
    problem: str
    place: str  # in the whole: `record 3 of 100`


@dataclass(frozen=True, slots=True)
class Page[T]:
    """What a poll or a push brought. `full`: it was as long as the vendor makes them, so there may be more."""

    items: tuple[T, ...]
    full: bool = False
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class Balance:
    """What is left, of one product where the vendor has several."""

    amount: Decimal
    product: str = ""


@dataclass(frozen=True, slots=True)
class DayStatistics:
    """A vendor's own figures of one day."""

    day: str  # yyyy-MM-dd, Beijing
    accepted: int
    delivered: int
    failed: int
    open: int
