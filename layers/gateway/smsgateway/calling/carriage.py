"""How an account carries a message: what each recipient reads, in which requests, and whether it can carry it at all.

All of it is pure, and worked out when it is first asked for: a message may have 50,000 texts, and a request of its own
for each.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

from smsgateway.calling import encoding
from smsgateway.calling.signatures import SignatureStates, problem_with
from smsgateway.codecs import VENDORS
from smsgateway.config.settings import Settings
from smsgateway.errors import EncodeError
from smsgateway.ids import MOST_CHILDREN
from smsgateway.model import Account, Content, Message, Payload, Personal, Reason, Submission, VendorTemplate
from smsgateway.text import compose, segments, split_signature
from smsgateway.unseen import visible

# A request is encoded to see whether it can be. Of these three only lengths and alphabets matter to a codec.
PROBE_ID = "0" * 32  # as long as the id of a submission
PROBE_NONCE = "0" * 20
PROBE_TIME = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)  # without slots: `cached_property` keeps its values beside the fields
class Carriage:
    """How an account carries a message to the recipients of a payload. Made once for the three, and handed on.

    Of `message` only what it says to be sent counts: its content, signature, templates and extension. Its route and
    its segments may still be unknown.
    """

    account: Account
    message: Message
    payload: Payload

    @property
    def personalised(self) -> bool:
        """True if each recipient has a content of its own."""
        return bool(self.payload.contents)

    @property
    def limit(self) -> int:
        """The most recipients that one request of this account has."""
        return limit_of(self.account, personalised=self.personalised)

    @cached_property
    def parts(self) -> Sequence[Payload]:
        """The payload in parts of one request each: see `divide`."""
        return divide(self.account, self.payload)

    @cached_property
    def problem(self) -> EncodeError | None:
        """Why this account cannot carry the message, or None: every request is encoded, to see."""
        try:
            for part in self.parts:
                probe = self.submission(part, PROBE_ID)
                encoding.encode(self.account, probe, PROBE_TIME, PROBE_NONCE, personalised=self.personalised)
        except EncodeError as error:
            return error
        return None

    @cached_property
    def segments(self) -> Mapping[str, int]:
        """Segments by number, as this account sends the content."""
        return segments_under(self.account.signature, self.message, self.payload)

    def segments_of(self, part: Payload) -> int:
        """The segments that one of the parts has in all."""
        return sum(self.segments[number] for number in part.numbers)

    @cached_property
    def signatures(self) -> Mapping[str, Sequence[str]]:
        """The signatures that recipients read, without brackets and "" for none, each with the numbers that read it."""
        if not self.personalised:
            content = _signed(self.account.signature, self.message, _one_content(self.message, self.payload))
            return {content.signature: self.payload.numbers}
        readers: dict[str, list[str]] = {}
        for number, personal in zip(self.payload.numbers, self.payload.contents, strict=True):
            content = _signed(self.account.signature, self.message, personal)
            readers.setdefault(content.signature, []).append(number)
        return readers

    def refused_signature(self, states: SignatureStates) -> EncodeError | None:
        """Why this account cannot carry the message under its signatures, by what is known of these; or None."""
        if not states.may_refuse(self.account.name):  # which spares looking at thousands of texts
            return None
        return problem_with(states, self.account.name, self.signatures)

    def submission(self, part: Payload, reference: str) -> Submission:
        """One of the parts as the account's codec takes it: with one content, or one a number where the vendor has a
        request for that. Raises EncodeError like `content_for`."""
        if part.contents and VENDORS[self.account.vendor].batch:
            contents = tuple(content_for(self.account, self.message, personal) for personal in part.contents)
        else:
            contents = (content_for(self.account, self.message, _one_content(self.message, part)),)
        return Submission(reference, part.numbers, contents, self.message.extension)

    def contents(self, count: int) -> Iterator[tuple[str | None, Content]]:
        """What the first `count` recipients read, each with its number, or None with the one content of all.

        Raises EncodeError like `content_for`.
        """
        if not self.personalised:
            yield None, content_for(self.account, self.message, _one_content(self.message, self.payload))
        for number, personal in zip(self.payload.numbers, self.payload.contents[:count], strict=False):
            yield number, content_for(self.account, self.message, personal)


def limit_of(account: Account, *, personalised: bool) -> int:
    """The most recipients that one request of an account has."""
    profile = VENDORS[account.vendor].profile
    limit = profile.batch if personalised and profile.batch else profile.recipients
    return min(limit, account.options.recipients_per_request or limit)


def divide(account: Account, payload: Payload) -> list[Payload]:
    """The payload in parts of one request each, as few as the account allows.

    A personalised payload for a vendor without personalised requests is divided by content first.
    """
    return cut(account.vendor, limit_of(account, personalised=bool(payload.contents)), payload)


def cut(vendor: str, limit: int, payload: Payload) -> list[Payload]:
    """The payload in parts of at most `limit` recipients, each of which is one request to the vendor."""
    if payload.contents and not VENDORS[vendor].batch:
        return _by_content(payload, limit)
    return [payload.part(start, start + limit) for start in range(0, len(payload.numbers), limit)]


def _by_content(payload: Payload, limit: int) -> list[Payload]:
    """The payload in parts of at most `limit` recipients who all read the same."""
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[int]] = {}
    for index, content in enumerate(payload.contents):
        groups.setdefault((content.text, tuple(sorted(content.params.items()))), []).append(index)
    # Not by `batched`: it sets out with room for `limit`, and most groups are of one.
    parts = (group[start : start + limit] for group in groups.values() for start in range(0, len(group), limit))
    return [
        Payload(tuple(payload.numbers[i] for i in part), tuple(payload.contents[i] for i in part)) for part in parts
    ]


def segments_under(signature: str, message: Message, payload: Payload) -> dict[str, int]:
    """Segments by number, as an account with this signature sends the message to the recipients of a payload."""
    if not payload.contents:
        count = segments(_signed(signature, message, _one_content(message, payload)).full)
        return dict.fromkeys(payload.numbers, count)
    contents = (_signed(signature, message, personal) for personal in payload.contents)
    return {number: segments(content.full) for number, content in zip(payload.numbers, contents, strict=True)}


def _one_content(message: Message, payload: Payload) -> Personal:
    """What all recipients of a payload read, be it the message's or their own."""
    content = payload.contents[0] if payload.contents else message.content
    if content is None:
        raise LookupError(f"message {message.id} has no content")
    return content


def content_for(account: Account, message: Message, personal: Personal) -> Content:
    """What a recipient shall read, as this account sends it: under its signature, with its template's code.

    Raises EncodeError for a signature that cannot be sent, and for a text that nobody would see.
    """
    content = _signed(account.signature, message, personal)
    code = message.templates.get(account.name)
    if code is None:
        _check_text(account, content)
        return content
    if message.signature is not None and message.signature != account.signature:  # none at all is another one, too
        problem = f"{account.name} sends this template by its code, under the signature that the vendor gave it"
        raise EncodeError(Reason.SIGNATURE_REFUSED, f"{problem}: leave the signature out")
    values = tuple(personal.params[name] for name in code.params)
    return replace(content, template=VendorTemplate(code.code, values))


def _signed(signature: str, message: Message, personal: Personal) -> Content:
    """The content under its signature: the text's own, the message's, or the account's, which is `signature`."""
    chosen = signature if message.signature is None else message.signature
    return compose(personal.text, chosen, message.signature_place)


def _check_text(account: Account, content: Content) -> None:
    """Raises EncodeError for a text without a visible character, or one that a variable's value would sign."""
    if not visible(content.text):
        raise EncodeError(Reason.CONTENT_EMPTY, "the text is empty: nothing in it can be seen")
    if not content.signature and split_signature(content.text)[0]:
        problem = f"the value of a variable would stand as the signature, and {account.name} has none"
        raise EncodeError(Reason.SIGNATURE_REFUSED, f"{problem}: give the message a signature")


def able_accounts(
    names: Iterable[str], settings: Settings, message: Message, payload: Payload, refused_by: Iterable[str]
) -> tuple[str, ...]:
    """Those of the named accounts that can carry the payload, in their order.

    Left out are accounts that are not configured any more, those of vendors that have refused the content
    (`refused_by`), those that would need more requests than a submission can have children, and those with which the
    signature is refused, as far as the accounts document says so: to look up what was learned would take a read.
    """
    accounts, states = settings.accounts, SignatureStates(settings.signatures)
    return tuple(
        name
        for name in names
        if (account := accounts.get(name))
        and account.vendor not in refused_by
        and len((carriage := Carriage(account, message, payload)).parts) <= MOST_CHILDREN
        and carriage.problem is None
        and carriage.refused_signature(states) is None
    )
