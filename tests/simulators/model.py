"""The values the simulators pass around: requests, answers, accounts, messages, reports and replies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

type Kind = Literal["reports", "inbound"]
KINDS: tuple[Kind, Kind] = ("reports", "inbound")


@dataclass(frozen=True)
class Request:
    """One HTTP request as it came in; header names are lower case, `at` is the simulators' clock in seconds."""

    method: str
    path: str
    query: bytes
    headers: Mapping[str, str]
    body: bytes
    client: str
    at: float


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    body: bytes
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tweak:
    """What a scripted fault changes inside an otherwise normal submission."""

    accept_only: int | None = None  # only the first k recipients are taken
    omit_id: bool = False  # accepted, but the answer carries no id


@dataclass
class Account:
    """A contract with a vendor. `credentials` are what the client sends; the rest decides how the vendor behaves."""

    name: str
    vendor: str
    credentials: dict[str, str]
    balances: dict[str, int]  # segments left by item (langyu's products, infocloud's kinds); the first is the default
    access_number: str = "10657532521924"  # 接入号: extensions are appended to it
    delivery: dict[Kind, str] = field(default_factory=dict)  # kind → auto, push, poll, both, none; absent: auto
    allowed_ips: tuple[str, ...] = ()  # empty: any address
    closed: bool = False
    signature_required: bool = False
    requests_per_second: int = 0  # submissions; 0: no limit
    options: dict[str, str] = field(default_factory=dict)  # what the gateway's accounts document must say besides
    in_flight: int = 0
    in_flight_max: int = 0


@dataclass(frozen=True)
class PushTarget:
    """Where one account's pushes go, and what the vendor identifies itself with."""

    reports_url: str = ""
    inbound_url: str = ""
    credentials: Mapping[str, str] = field(default_factory=dict)
    method: str = ""  # empty: the vendor's own

    def url(self, kind: Kind) -> str:
        return self.reports_url if kind == "reports" else self.inbound_url


@dataclass(frozen=True)
class Draft:
    """A recipient that a submission is about to accept."""

    number: str
    text: str
    extension: str = ""
    our_id: str = ""  # corp_msg_id, bid
    vendor_id: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What one phone got, or will get when it is scheduled."""

    seq: int
    vendor: str
    account: str
    number: str
    text: str  # as the phone shows it
    extension: str
    our_id: str
    vendor_id: str
    segments: int
    fate: str
    at: float
    due: float  # later than `at` when the submission was scheduled
    garbled: bool  # the request's bytes were not in the vendor's charset


@dataclass(frozen=True, slots=True)
class Report:
    """One delivery report, in the vendor's own words."""

    account: str
    number: str
    vendor_id: str
    our_id: str
    status: str
    description: str
    at: float
    sub_seq: int = 0  # hbsmservice: 1…n for a segment, 0 for the whole message


@dataclass(frozen=True, slots=True)
class Inbound:
    """What a phone wrote to us."""

    account: str
    number: str
    text: str
    extension: str
    at: float
    id: str
    part: tuple[str, int, int] | None = None  # langyu's emshead: id, total, number
    raw: bool = False  # hbsmservice: the content is put into the XML without escaping


@dataclass(frozen=True, slots=True)
class Raw:
    """A page or push exactly as somebody wrote it: the vendor hands it out as it is, alone."""

    account: str
    body: bytes = b""
    query: str = ""
    method: str = "POST"
    content_type: str = "text/plain"


@dataclass(frozen=True)
class PushPolicy:
    """How a vendor pushes: how long it waits, how often it tries, when it gives up for good."""

    timeout: float = 10.0
    tries: int = 3
    interval: float = 2.0
    stop_after_slow: int | None = None  # so many slow answers in a row end all pushing
    serial: bool = False  # never two pushes at a time


@dataclass(frozen=True)
class PushRequest:
    """One push, ready to be sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Template:
    """An infocloud template: its text with `{name,max}` in it, or at least the number of its variables."""

    code: str
    text: str
    max_lengths: tuple[int | None, ...]
