"""What a client posted, well formed but not yet understood, and the refusal that it may get."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from smsgateway.clock import Millis
from smsgateway.errors import GatewayError
from smsgateway.model import Purpose


@dataclass(frozen=True, slots=True)
class PersonalPost:
    """One entry of `messages`: a recipient with its own text, or its own variables of the template."""

    to: str
    text: str | None = None
    params: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """The body of `POST /messages`, with the Idempotency-Key that came with it; or a verification's message.

    What only the latter has: `secret`, the variable whose value nobody may see, so that the text is not kept
    (`Message.fleeting`); `asked`, accounts that go to the end of the route, the one asked longest ago first.
    """

    purpose: Purpose
    to: tuple[str, ...] = ()
    text: str | None = None
    template: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    personal: tuple[PersonalPost, ...] = ()  # `messages`; then `to` is empty
    signature: str | None = None
    account: str | None = None
    extension: str = ""
    reference: str = ""
    send_at: Millis | None = None
    valid_for: int | None = None  # seconds
    resend_unconfirmed: bool = False
    resend_undelivered: bool = False
    dry_run: bool = False
    opt_out_scope: str = ""  # whose marketing is stopped or goes on by an answer; empty: that follows from the post
    idempotency_key: str = ""
    body_hash: str = ""
    secret: str = ""
    asked: tuple[str, ...] = ()


class Refusal(GatewayError):  # noqa: N818  an answer, not an error of ours
    """The post is not accepted: the API answers with this `status`, `title` and `detail`.

    `errors`: places in the body, each with what is wrong there. `retry_after`: seconds after which the same post will
    be answered otherwise. `members`: what the answer has beside these.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        errors: Sequence[tuple[str, str]] = (),
        *,
        retry_after: int | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)
        self.retry_after = retry_after
        self.members = dict(members or {})

    def at(self, places: Mapping[str, str]) -> "Refusal":
        """The same refusal, with places as another body names them."""
        errors = [(places.get(place, place), problem) for place, problem in self.errors]
        return Refusal(self.status, self.title, self.detail, errors, retry_after=self.retry_after, members=self.members)
