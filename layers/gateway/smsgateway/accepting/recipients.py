"""Who gets a message: numbers normalised and merged; apart from them the invalid, the suppressed, those that got too
many texts, and stray landlines."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from smsgateway import text, written
from smsgateway.accepting.post import Post, Refusal
from smsgateway.clock import Millis, iso
from smsgateway.codecs import VENDORS
from smsgateway.model import Account, Reason, SetApart

SHOWN_PROBLEMS = 100  # of the places in one refusal
SET_APART = {Reason.SUPPRESSED: "this number is suppressed", Reason.LANDLINE: "a landline, which no account takes"}


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who shall get the message, each number with its place in the post, and who cannot."""

    numbers: Mapping[str, int]
    refused: tuple[Mapping[str, str], ...]  # entries of the answer's `refused`
    errors: tuple[tuple[str, str], ...]  # the places of the refused, each with what is wrong there


def recipients_of(post: Post) -> Recipients:
    """The numbers of a post in the form in which they are stored, each once, and apart from them the invalid.

    Raises Refusal for a number that stands twice among personal texts: nobody can say which of them is meant.
    """
    posted = [entry.to for entry in post.personal] or list(post.to)
    place = place_of_numbers(post)
    numbers: dict[str, int] = {}
    refused: list[Mapping[str, str]] = []
    errors: list[tuple[str, str]] = []
    for index, raw in enumerate(posted):
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
    """An entry of `refused` for a text that is no number. Characters that no number has are named in `problem`: they
    may be invisible."""
    entry: dict[str, str] = {"to": raw, "reason": Reason.INVALID_NUMBER}
    return entry | {"problem": text.problem_with_number(raw)} if written.strangers(raw) else entry


def place_of_numbers(post: Post) -> str:
    """Where the numbers stand in a post, as a format for an index: `to[{}]`."""
    return "messages[{}].to" if post.personal else "to[{}]"


def without(recipients: Recipients, numbers: Collection[str], reason: Reason, post: Post) -> Recipients:
    """The recipients with some of them moved among the refused, for a reason of `SET_APART`."""
    place, apart = place_of_numbers(post), set(numbers)
    return Recipients(
        {number: index for number, index in recipients.numbers.items() if number not in apart},
        (*recipients.refused, *({"to": number, "reason": reason} for number in numbers)),
        (*recipients.errors, *((place.format(recipients.numbers[number]), SET_APART[reason]) for number in numbers)),
    )


def without_too_frequent(recipients: Recipients, too_frequent: Sequence[tuple[str, Millis]], post: Post) -> Recipients:
    """The recipients with those moved among the refused that get a text only later, each with when."""
    place = place_of_numbers(post)
    until = {number: iso(moment) for number, moment in too_frequent}
    entries = ({"to": number, "reason": Reason.TOO_FREQUENT.value, "until": until[number]} for number in until)
    errors = (
        (place.format(recipients.numbers[number]), f"this number gets no more texts before {until[number]}")
        for number in until
    )
    return Recipients(
        {number: index for number, index in recipients.numbers.items() if number not in until},
        (*recipients.refused, *entries),
        (*recipients.errors, *errors),
    )


def set_apart(recipients: Recipients, apart: SetApart, post: Post) -> Recipients:
    """The recipients without those whose own items speak against the message."""
    return without_too_frequent(
        without(recipients, apart.suppressed, Reason.SUPPRESSED, post), apart.too_frequent, post
    )


def check_somebody(left: Recipients, apart: SetApart, now: Millis) -> None:
    """Raises Refusal when nobody is left: 429 when somebody will get such a text later, who were set apart for that."""
    if left.numbers:
        return
    errors = left.errors[:SHOWN_PROBLEMS]
    if not apart.too_frequent:
        raise Refusal(422, "No recipient", "none of the numbers can be sent to", errors)
    soonest = min(until for _, until in apart.too_frequent)
    detail = f"the numbers have got as many texts of this purpose as their caps allow: not before {iso(soonest)}"
    raise Refusal(429, "Too frequent", detail, errors, retry_after=max(1, -((now - soonest) // 1000)))


def without_landlines(recipients: Recipients, accounts: Sequence[Account], post: Post) -> tuple[Recipients, bool]:
    """The recipients without landlines that stand beside mobiles, unless every account takes landlines; and whether
    that was done.

    Hardly a vendor takes landlines: one of them in a list must not lead the whole list away from the others, nor leave
    the list without failover. Where all numbers are landlines, the accounts that do not take them leave the route, as
    accounts do that cannot carry a content.
    """
    landlines = landlines_of(recipients)
    taken = all(VENDORS[account.vendor].profile.landlines for account in accounts)
    if taken or len(landlines) in (0, len(recipients.numbers)):
        return recipients, False
    return without(recipients, landlines, Reason.LANDLINE, post), True


def landlines_of(recipients: Recipients) -> list[str]:
    """The landlines among the recipients, in their order."""
    return [number for number in recipients.numbers if text.is_landline(number)]
