"""All findings of one text, with their places.

They are the same for each purpose, because carriers screen what a text says and not what its sender calls it; only the
way to opt out is wanted of marketing alone. An e-mail address is none: carriers let it pass.
"""

from collections.abc import Collection, Iterator

from smsgateway.model import Finding, FindingCode, Purpose
from smsgateway.preflight.folding import Folded, folded
from smsgateway.preflight.ids import ids
from smsgateway.preflight.links import links, without_emails
from smsgateway.preflight.numbers import numbers
from smsgateway.preflight.signs import brackets, says_the_way_out, signs_before_braces, unseen

LONGEST_FOUND = 60  # characters of what was found that a finding shows

type Place = tuple[FindingCode, int, int]


def findings_in(
    text: str, loc: str, purpose: Purpose, signature: tuple[int, int] = (0, 0), stop_words: Collection[str] = ()
) -> list[Finding]:
    """Returns what is found in a text, in the order of places. `signature`: where the text's own signature stands.
    `stop_words`: that are obeyed beside the usual ones (`says_the_way_out`).

    What would be two findings at one place is one: a number in a link is a part of the link.
    """
    places = sorted(_places(text, purpose, signature, stop_words), key=lambda place: (place[1], place[2]))
    return [finding_at(text, loc, place) for place in places]


def finding_at(text: str, loc: str, place: Place) -> Finding:
    """Returns the finding of a code at a place of a text."""
    code, start, end = place
    return Finding(code, loc, start, end, text[start : min(end, start + LONGEST_FOUND)])


def _places(text: str, purpose: Purpose, signature: tuple[int, int], stop_words: Collection[str]) -> Iterator[Place]:
    as_read = folded(text)
    for code, start, end in _contacts(as_read):
        yield code, *as_read.span(start, end)
    for start, end in signs_before_braces(as_read):
        yield FindingCode.VARIABLE_SIGN, *as_read.span(start, end)
    for start, end in unseen(text) if as_read.places else ():
        yield FindingCode.INVISIBLE, start, end
    first, behind = signature
    for start, end in brackets(text):
        if end <= first or start >= behind:
            yield FindingCode.BRACKETS, start, end
    if purpose == "marketing" and not says_the_way_out(as_read, stop_words):
        yield FindingCode.NO_OPT_OUT, len(text), len(text)


def _contacts(text: Folded) -> Iterator[Place]:
    """Ways to reach somebody outside the message; none is looked for within another."""
    text = without_emails(text)
    for find in (links, ids, numbers):
        for code, start, end in list(find(text)):
            text = text.without(start, end)
            yield code, start, end
