"""What a vendor module offers: plain functions, grouped by capability into protocols that mypy holds a module to.

A module is registered (`codecs.VENDORS`) with the capabilities it has; registering one that it lacks is a type error.
All functions are pure: no I/O, no clock, no randomness. `now` (with zone) and `nonce` (20 random decimal digits) are
arguments. Encoders raise EncodeError when the message cannot be said in the protocol; decoders raise DecodeError, and
nothing else, when the vendor's bytes are not what its document says. Among records that can be read, one that cannot
is in the page's `unreadable`, and costs none of the others (`records.read_each`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from smsgateway.model import (
    Accepted,
    Account,
    Balance,
    DayStatistics,
    Inbound,
    Kind,
    Page,
    Push,
    Refused,
    Report,
    Request,
    Response,
    Submission,
)


@dataclass(frozen=True, slots=True)
class Profile:
    """A vendor's fixed properties, from its document."""

    credentials: tuple[str, ...]  # names in an account's `credentials`, all required
    push_credentials: tuple[str, ...]  # names in `push.credentials`, all optional
    options: frozenset[str]  # options that only some vendors have and this one takes
    paths: Mapping[str, str]  # operation → address below base_url; the option `paths` overrides it
    recipients: int  # numbers a request
    batch: int = 0  # numbers a personalised request; 0: has none
    landlines: bool = False  # takes landline numbers too (小灵通, with area code)
    sign_methods: tuple[str, ...] = ()  # what the option `sign_method` may be
    needs_template: bool = False  # text goes through a template registered with the vendor
    pushes_in_query: bool = False  # a push may have its fields in the query: elsewhere one without a body says nothing
    push_proof: tuple[str, ...] = ()  # fields that a push proves itself with, beside credentials: they say nothing more
    fails_on_nothing: bool = False  # a push that says nothing is answered as one that was not received
    pace: Mapping[str, float] = field(default_factory=dict)  # seconds between two requests, by operation


class Sends(Protocol):
    """Submission of one content to many numbers."""

    PROFILE: Profile

    def encode_send(self, account: Account, submission: Submission, now: datetime, nonce: str, /) -> Request:
        """Makes the request. Raises EncodeError for what the protocol cannot say; `nonce` is 20 random digits."""
        ...

    def decode_send(self, account: Account, submission: Submission, response: Response, /) -> Accepted | Refused:
        """Reads the answer. Raises DecodeError for what is none: then nobody knows whether the vendor took it."""
        ...


class SendsBatch(Protocol):
    """Submission of one content a number."""

    def encode_batch(self, account: Account, submission: Submission, now: datetime, nonce: str, /) -> Request:
        """Makes the request, with a content for each number in the same order. Raises EncodeError."""
        ...

    def decode_batch(self, account: Account, submission: Submission, response: Response, /) -> Accepted | Refused:
        """Reads the answer. Raises DecodeError for what is none."""
        ...


class PollsReports(Protocol):
    """Destructive query of delivery reports."""

    def encode_report_poll(self, account: Account, now: datetime, nonce: str, /) -> Request:
        """Makes the request for the next page of reports, which the vendor then forgets."""
        ...

    def decode_report_poll(self, account: Account, response: Response, /) -> Page[Report] | Refused:
        """Reads a page; records that cannot be read are in its `unreadable`. Raises DecodeError if none can be."""
        ...


class PollsInbound(Protocol):
    """Destructive query of replies."""

    def encode_inbound_poll(self, account: Account, now: datetime, nonce: str, /) -> Request:
        """Makes the request for the next page of replies, which the vendor then forgets."""
        ...

    def decode_inbound_poll(self, account: Account, response: Response, /) -> Page[Inbound] | Refused:
        """Reads a page; records that cannot be read are in its `unreadable`. Raises DecodeError if none can be."""
        ...


class TakesPushes(Protocol):
    """What all pushes of a vendor have in common."""

    def verify_push(self, account: Account, push: Push, kind: Kind, /) -> bool:
        """Whether the push carries the vendor's own credentials.

        Raises DecodeError, and nothing else, when nobody can tell, because the bytes in which they would be cannot be
        read: such a push came to the right address, and is stored for somebody to look at.
        """
        ...

    def acknowledgement(self, account: Account, kind: Kind, /) -> str:
        """The body that tells the vendor that a push was received."""
        ...

    def failure(self, account: Account, kind: Kind, /) -> str:
        """The body that tells the vendor to try again."""
        ...


class PushesReports(TakesPushes, Protocol):
    """Delivery reports that the vendor pushes."""

    def decode_report_push(self, account: Account, push: Push, /) -> Page[Report]:
        """Reads a push; records that cannot be read are in its `unreadable`. Raises DecodeError if none can be."""
        ...


class PushesInbound(TakesPushes, Protocol):
    """Replies that the vendor pushes."""

    def decode_inbound_push(self, account: Account, push: Push, /) -> Page[Inbound]:
        """Reads a push; records that cannot be read are in its `unreadable`. Raises DecodeError if none can be."""
        ...


class HasBalance(Protocol):
    """Query of what is left of the account's credit, by product."""

    def encode_balance(self, account: Account, now: datetime, nonce: str, /) -> Request:
        """Makes the request."""
        ...

    def decode_balance(self, account: Account, response: Response, /) -> tuple[Balance, ...] | Refused:
        """Reads the answer. Raises DecodeError for what is none."""
        ...


class HasStatistics(Protocol):
    """Query of the vendor's own figures, by day."""

    def encode_statistics(
        self, account: Account, now: datetime, nonce: str, first: date, last: date, page: int, /
    ) -> Request:
        """Makes the request for a page (from 1) of the days from `first` to `last`, both included."""
        ...

    def decode_statistics(self, account: Account, response: Response, /) -> Page[DayStatistics] | Refused:
        """Reads a page. Raises DecodeError for what is none."""
        ...


class HasHealth(Protocol):
    """Query of whether the platform is well."""

    def encode_health(self, account: Account, now: datetime, nonce: str, /) -> Request:
        """Makes the request."""
        ...

    def decode_health(self, account: Account, response: Response, /) -> bool:
        """Whether the answer says so. Raises DecodeError for what is none."""
        ...


@dataclass(frozen=True, slots=True)
class Vendor:
    """The capability matrix's line of one vendor."""

    send: Sends
    balance: HasBalance
    batch: SendsBatch | None = None
    report_poll: PollsReports | None = None
    inbound_poll: PollsInbound | None = None
    report_push: PushesReports | None = None
    inbound_push: PushesInbound | None = None
    statistics: HasStatistics | None = None
    health: HasHealth | None = None

    @property
    def profile(self) -> Profile:
        """The vendor's fixed properties."""
        return self.send.PROFILE
