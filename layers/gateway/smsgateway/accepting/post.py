"""What a client posted, understood: who shall get it and who cannot, and what each shall read."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from smsgateway import text, written
from smsgateway.codecs import VENDORS
from smsgateway.model import Account, Payload, Personal, Purpose, Reason, SignaturePlace, Template

SET_APART = {Reason.SUPPRESSED: "this number is suppressed", Reason.LANDLINE: "a landline, which no account takes"}


@dataclass(frozen=True, slots=True)
class PersonalPost:
    """One entry of `messages`."""

    to: str
    text: str | None = None
    params: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """The body of `POST /messages`, well formed but not yet understood."""

    purpose: Purpose
    to: tuple[str, ...] = ()
    text: str | None = None
    template: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    personal: tuple[PersonalPost, ...] = ()
    signature: str | None = None
    account: str | None = None
    extension: str = ""
    reference: str = ""
    send_at: int | None = None  # epoch ms
    valid_for: int | None = None  # seconds
    resend_unconfirmed: bool = False
    resend_undelivered: bool = False
    dry_run: bool = False
    idempotency_key: str = ""
    body_hash: str = ""


class Refusal(Exception):  # noqa: N818  an answer, not an error of ours
    """The post is not accepted. `errors` are places in the body and what is wrong there.

    `retry_after`: seconds after which the same post will be answered otherwise.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        errors: Sequence[tuple[str, str]] = (),
        *,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who shall get the message, each number with its place in the post, and who cannot."""

    numbers: Mapping[str, int]
    refused: tuple[Mapping[str, str], ...]
    errors: tuple[tuple[str, str], ...]  # the places of the refused


def recipients_of(post: Post) -> Recipients:
    """Numbers normalised, duplicates merged, the invalid set apart."""
    written = [entry.to for entry in post.personal] or list(post.to)
    place = place_of_numbers(post)
    numbers: dict[str, int] = {}
    refused: list[Mapping[str, str]] = []
    errors: list[tuple[str, str]] = []
    for index, raw in enumerate(written):
        number = text.normalise_number(raw)
        if number is None:
            refused.append(_not_a_number(raw))
            errors.append((place.format(index), text.problem_with_number(raw)))
        elif number in numbers and post.personal:
            problem = f"the same number as {place.format(numbers[number])}"
            detail = "a personalised message has each number at most once"
            raise Refusal(422, "Number given twice", detail, [(place.format(index), problem)])
        else:
            numbers.setdefault(number, index)
    return Recipients(numbers, tuple(refused), tuple(errors))


def _not_a_number(raw: str) -> Mapping[str, str]:
    """An entry of `refused`, which names characters that may not even be seen."""
    entry: dict[str, str] = {"to": raw, "reason": Reason.INVALID_NUMBER}
    return entry | {"problem": text.problem_with_number(raw)} if written.strangers(raw) else entry


def place_of_numbers(post: Post) -> str:
    """Where a number stands in the post, its index to be filled in."""
    return "messages[{}].to" if post.personal else "to[{}]"


def without(recipients: Recipients, numbers: Collection[str], reason: Reason, post: Post) -> Recipients:
    """The recipients with some of them among the refused, for a reason."""
    place, apart = place_of_numbers(post), set(numbers)
    return Recipients(
        {number: index for number, index in recipients.numbers.items() if number not in apart},
        (*recipients.refused, *({"to": number, "reason": reason} for number in numbers)),
        (*recipients.errors, *((place.format(recipients.numbers[number]), SET_APART[reason]) for number in numbers)),
    )


def without_landlines(recipients: Recipients, accounts: Sequence[Account], post: Post) -> tuple[Recipients, bool]:
    """Landlines beside mobiles set apart too, unless every account takes them; and whether that was done.

    Hardly a vendor takes landlines: one of them in a list must not lead the whole list away from the others, nor leave
    it without failover. Where all numbers are landlines, the route gives way, as it does to other content.
    """
    landlines = landlines_of(recipients)
    taken = all(VENDORS[account.vendor].profile.landlines for account in accounts)
    if taken or len(landlines) in (0, len(recipients.numbers)):
        return recipients, False
    return without(recipients, landlines, Reason.LANDLINE, post), True


def landlines_of(recipients: Recipients) -> list[str]:
    return [number for number in recipients.numbers if text.is_landline(number)]


def _one_signature(post: Post, content: Personal, place: SignaturePlace) -> Personal:
    """The content, unless it begins with another signature than the one that is asked for."""
    own = text.compose(content.text, "", place).signature
    if own and post.signature and own != post.signature:
        problem = "the text begins with another signature"
        raise Refusal(422, "Two signatures", f"{problem}: leave one of them out", [("signature", problem)])
    return content


def signature_place_of(template: Template | None) -> SignaturePlace:
    """Where the contents of a post may bring a signature: anywhere as a text, or where its template has one."""
    return text.signature_place(template.text) if template else "anywhere"


def kept_place(template: Template | None, contents: Iterable[Personal]) -> SignaturePlace:
    """The same, as far as it matters to these contents.

    Hardly one has brackets at its edges. All others are stored as they were before there were places, so that a
    function that is still of the version before can read them.
    """
    place = signature_place_of(template)
    signed = place != "anywhere" and any("【" in content.text and text.signed(content.text) for content in contents)
    return place if signed else "anywhere"


def contents_of(post: Post, template: Template | None, recipients: Recipients) -> tuple[Payload, Personal | None]:
    """What each shall read: one content a number, or none there and one for all."""
    numbers, place = tuple(recipients.numbers), signature_place_of(template)
    if not post.personal:
        return Payload(numbers), _one_signature(post, _content(post.text, template, post.params, ""), place)
    contents = tuple(_personal(post, template, index, place) for index in recipients.numbers.values())
    return (Payload(numbers, contents), None) if len(numbers) > 1 else (Payload(numbers), contents[0])


def _personal(post: Post, template: Template | None, index: int, place: SignaturePlace) -> Personal:
    """What the entry at `index` of `messages` shall read."""
    entry = post.personal[index]
    return _one_signature(post, _content(entry.text, template, entry.params or {}, f"messages[{index}]."), place)


def _content(plain: str | None, template: Template | None, params: Mapping[str, str], place: str) -> Personal:
    if template is None:
        return Personal(plain or "", {})
    said = {"missing": "the template needs this variable", "unknown": "the template has no such variable"}
    problems = [(name, said[problem]) for name, problem in text.template_problems(template.text, params)]
    problems += [
        (name, f"longer than the {longest} characters that the template allows")
        for name, longest in template.lengths.items()
        if len(params.get(name, "")) > longest
    ]
    if problems:
        named = "; ".join(f"{name}: {problem}" for name, problem in problems)
        errors = [(f"{place}params.{name}", problem) for name, problem in problems]
        raise Refusal(422, "Wrong variables", f"template {template.name}: {named}", errors)
    return Personal(text.render(template.text, params), dict(params))
