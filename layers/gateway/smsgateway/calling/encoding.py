"""From a stored message to a vendor's requests: contents for an account, how a payload is divided, whether it fits."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from smsgateway.codecs import VENDORS, bounded
from smsgateway.config.settings import Settings
from smsgateway.errors import EncodeError
from smsgateway.ids import MOST_CHILDREN
from smsgateway.model import (
    Accepted,
    Account,
    Content,
    Message,
    Payload,
    Personal,
    Reason,
    Refused,
    Request,
    Response,
    Submission,
    VendorTemplate,
)
from smsgateway.store.submissions import StoredSubmission
from smsgateway.text import compose, segments, split_signature
from smsgateway.unseen import visible

PROBE_ID = "0" * 32  # as long as the id of a submission; only lengths and alphabets are looked at
PROBE_NONCE = "0" * 20


def content_for(message: Message, account: Account, personal: Personal) -> Content:
    """What a recipient shall read, as this account sends it: under its signature, with its template's code.

    Raises EncodeError for a signature that cannot be sent, and for a text that nobody would see.
    """
    content = _signed(message, account, personal)
    code = message.templates.get(account.name)
    if code is None:
        _check_text(account, content)
        return content
    if message.signature is not None and message.signature != account.signature:  # none at all is another one, too
        problem = f"{account.name} sends this template by its code, under the signature that the vendor gave it"
        raise EncodeError(Reason.SIGNATURE_REFUSED, f"{problem}: leave the signature out")
    values = tuple(personal.params[name] for name in code.params)
    return replace(content, template=VendorTemplate(code.code, values))


def _signed(message: Message, account: Account, personal: Personal) -> Content:
    """The content under its signature: the text's own, the message's, or the account's."""
    signature = account.signature if message.signature is None else message.signature
    return compose(personal.text, signature, message.signature_place)


def _check_text(account: Account, content: Content) -> None:
    """Raises EncodeError for a text without a visible character, or one that a variable's value would sign."""
    if not visible(content.text):
        raise EncodeError(Reason.CONTENT_EMPTY, "the text is empty: nothing in it can be seen")
    if not content.signature and split_signature(content.text)[0]:
        problem = f"the value of a variable would stand as the signature, and {account.name} has none"
        raise EncodeError(Reason.SIGNATURE_REFUSED, f"{problem}: give the message a signature")


def limit_of(account: Account, *, personalised: bool) -> int:
    """Recipients in one request of this account."""
    profile = VENDORS[account.vendor].profile
    limit = profile.batch if personalised and profile.batch else profile.recipients
    return min(limit, account.options.recipients_per_request or limit)


def divide(account: Account, payload: Payload) -> list[Payload]:
    """The payload in parts of one request each, as few as the account allows.

    A personalised payload for a vendor without personalised requests is divided by content first.
    """
    if not payload.contents:
        return _cut(payload, limit_of(account, personalised=False))
    if VENDORS[account.vendor].batch:
        return _cut(payload, limit_of(account, personalised=True))
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[int]] = {}
    for index, content in enumerate(payload.contents):
        groups.setdefault((content.text, tuple(sorted(content.params.items()))), []).append(index)
    limit = limit_of(account, personalised=False)
    # Not by `batched`: it sets out with room for `limit`, and most groups are of one.
    parts = (group[start : start + limit] for group in groups.values() for start in range(0, len(group), limit))
    return [
        Payload(tuple(payload.numbers[i] for i in part), tuple(payload.contents[i] for i in part)) for part in parts
    ]


def _cut(payload: Payload, limit: int) -> list[Payload]:
    return [payload.part(start, start + limit) for start in range(0, len(payload.numbers), limit)]


def submission_of(message: Message, account: Account, payload: Payload, reference: str) -> Submission:
    """The submission as the account's codec takes it: one content, or one a number where the vendor has a request
    for that."""
    if payload.contents and VENDORS[account.vendor].batch:
        contents = tuple(content_for(message, account, personal) for personal in payload.contents)
    else:
        contents = (content_for(message, account, _common(message, payload)),)
    return Submission(reference, payload.numbers, contents, message.extension)


def _common(message: Message, payload: Payload) -> Personal:
    content = payload.contents[0] if payload.contents else message.content
    if content is None:
        raise LookupError(f"message {message.id} has no content")
    return content


def segments_of(message: Message, account: Account, payload: Payload) -> dict[str, int]:
    """Segments by number, as this account sends the content."""
    if not payload.contents:
        count = segments(_signed(message, account, _common(message, payload)).full)
        return dict.fromkeys(payload.numbers, count)
    contents = (_signed(message, account, personal) for personal in payload.contents)
    return {number: segments(content.full) for number, content in zip(payload.numbers, contents, strict=True)}


def encode(account: Account, submission: Submission, now: datetime, nonce: str, *, personalised: bool) -> Request:
    """The vendor's request. Raises EncodeError for what its protocol cannot say."""
    vendor = VENDORS[account.vendor]
    if personalised and vendor.batch:
        return vendor.batch.encode_batch(account, submission, now, nonce)
    return vendor.send.encode_send(account, submission, now, nonce)


def decode(account: Account, submission: Submission, response: Response, *, personalised: bool) -> Accepted | Refused:
    """The vendor's answer. Raises DecodeError for what is none."""
    vendor = VENDORS[account.vendor]
    if personalised and vendor.batch:
        answer = vendor.batch.decode_batch(account, submission, response)
    else:
        answer = vendor.send.decode_send(account, submission, response)
    return bounded.answered(answer, len(submission.numbers))


def problem_with(account: Account, message: Message, payload: Payload, now: datetime) -> EncodeError | None:
    """Why this account cannot carry the message, or None: every request of it is encoded, to see."""
    try:
        for part in divide(account, payload):
            submission = submission_of(message, account, part, PROBE_ID)
            encode(account, submission, now, PROBE_NONCE, personalised=bool(payload.contents))
    except EncodeError as error:
        return error
    return None


def next_accounts(
    submission: StoredSubmission, message: Message, payload: Payload, settings: Settings, now: int
) -> tuple[str, ...]:
    """The accounts of the route that were not tried yet and can carry the content, in order. `now` in epoch ms."""
    passed = {submission.account, *submission.tried}
    names = [name for name in message.route if name not in passed]
    return _able(names, submission, message, payload, settings, now)


def deferred_accounts(
    submission: StoredSubmission, message: Message, payload: Payload, settings: Settings, now: int
) -> tuple[str, ...]:
    """Likewise those that were passed over for their moment, the one that was asked longest ago first."""
    names = [name for name in submission.deferred if name != submission.account]
    return _able(names, submission, message, payload, settings, now)


def _able(
    names: Iterable[str], submission: StoredSubmission, message: Message, payload: Payload, settings: Settings, now: int
) -> tuple[str, ...]:
    """Those that can carry the content, of vendors that have not refused it."""
    at = datetime.fromtimestamp(now / 1000, UTC)
    return tuple(
        name
        for name in names
        if (account := settings.accounts.get(name))
        and account.vendor not in submission.refused_by
        and len(divide(account, payload)) <= MOST_CHILDREN
        and problem_with(account, message, payload, at) is None
    )
