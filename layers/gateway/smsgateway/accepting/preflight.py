"""Preflight of a post: what is found in its texts and its signature, told in the answer, or refused by a strict route.

What was found is stored with the message: a repeated post gets the same answer, whatever has changed meanwhile.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace

from smsgateway.accepting.acceptor import Draft
from smsgateway.accepting.contents import signature_place_of
from smsgateway.accepting.post import Refusal
from smsgateway.model import Finding, FindingCode, Personal, SignaturePlace
from smsgateway.preflight.findings import finding_at, findings_in
from smsgateway.preflight.signs import signs_before_variables
from smsgateway.preflight.words import said_together
from smsgateway.rules.keywords import folded
from smsgateway.text import render, signature_at_end, split_signature

MOST_OF_A_KIND = 10  # findings of one code, of all texts together


def look_over(draft: Draft) -> Draft:
    """The draft with what preflight finds in it. Raises Refusal if its purpose's route is strict and there is any.

    What is found in a text that is not kept is not kept either.
    """
    findings = _first_of_each(_findings(_without_secret(draft)))
    checked = draft.checked
    if findings and checked.settings.route_of(checked.post.purpose).strict:
        detail = f"the route for {checked.post.purpose} is strict: what preflight finds is refused"
        raise Refusal(422, "Found by preflight", detail, [(each.loc, said_together(each)) for each in findings])
    if not findings or draft.message.fleeting:
        return draft
    return replace(draft, message=replace(draft.message, findings=findings))


def _without_secret(draft: Draft) -> Draft:
    """The draft with stars in the place of what nobody may see: a finding is shown."""
    content, template, secret = draft.message.content, draft.template, draft.checked.post.secret
    if not (content and template and secret):
        return draft
    params = {**content.params, secret: "*" * len(content.params[secret])}
    hidden = Personal(render(template.text, params), params)
    return replace(draft, message=replace(draft.message, content=hidden))


def _first_of_each(findings: Iterator[Finding]) -> tuple[Finding, ...]:
    """The findings, each once however many texts have it, and at most MOST_OF_A_KIND of a code."""
    first: dict[tuple[FindingCode, str], Finding] = {}
    kinds: Counter[FindingCode] = Counter()
    for finding in findings:
        key = finding.code, finding.found
        if kinds[finding.code] < MOST_OF_A_KIND and key not in first:
            first[key] = finding
            kinds[finding.code] += 1
    return tuple(first.values())


def _findings(draft: Draft) -> Iterator[Finding]:
    """All findings of a draft: of its signature, then of its texts in their order."""
    post, place = draft.checked.post, signature_place_of(draft.template)
    known = _known_signatures(draft)
    if post.signature and known and post.signature not in known:
        yield finding_at(post.signature, "signature", (FindingCode.FOREIGN_SIGNATURE, 0, len(post.signature)))
    put_in_front, stop_words = _put_in_front(draft), _stop_words(draft)
    for loc, content in _texts(draft):
        signature, span = _own_signature(content.text, place, put_in_front)
        if signature and known and signature not in known and signature != post.signature:
            yield finding_at(content.text, loc, (FindingCode.FOREIGN_SIGNATURE, *span))
        if draft.template:
            for start, end in signs_before_variables(draft.template.text, content.params):
                yield finding_at(content.text, loc, (FindingCode.VARIABLE_SIGN, start, end))
        yield from findings_in(content.text, loc, post.purpose, span, stop_words)


def _known_signatures(draft: Draft) -> frozenset[str]:
    """The signatures of the accounts that may carry the message, those that the document says are filed with one of
    them, and those of the client; empty: nobody says any."""
    own = (account.signature for account in draft.accounts if account.signature)
    accounts = {account.name for account in draft.accounts}
    filed = (
        signature
        for signature, filing in draft.checked.settings.signatures.items()
        if any(account in accounts and state == "filed" for (account, _), state in filing.items())
    )
    return frozenset([*own, *filed, *draft.checked.client.signatures])


def _stop_words(draft: Draft) -> frozenset[str]:
    """The words that accounts of the route take for stop beside the usual ones, in the form in which they compare."""
    return frozenset(folded(word) for account in draft.accounts for word in account.options.opt_out_words)


def _put_in_front(draft: Draft) -> frozenset[str]:
    """The signatures that the gateway may put in front of a text that brings none; empty: it puts none."""
    asked = draft.checked.post.signature
    given = [account.signature for account in draft.accounts] if asked is None else [asked]
    return frozenset(signature for signature in given if signature)


def _texts(draft: Draft) -> Iterator[tuple[str, Personal]]:
    """What recipients read, each with its place in the post. A filled template of one recipient among others has its
    variables there, and no text of its own."""
    post, message = draft.checked.post, draft.message
    field = "" if post.template else ".text"
    if post.personal:
        contents = draft.payload.contents or ((message.content,) if message.content else ())
        for index, content in zip(draft.recipients.numbers.values(), contents, strict=True):
            yield f"messages[{index}]{field}", content
    elif message.content:
        yield "template" if post.template else "text", message.content


def _own_signature(text: str, place: SignaturePlace, put_in_front: Collection[str]) -> tuple[str, tuple[int, int]]:
    """The signature that a text brings, and its place; empty if it brings none.

    At its end only the one counts that is not put in front then (text.py, `compose`), or any where none is.
    """
    if "【" not in text:
        return "", (0, 0)
    first, rest = split_signature(text) if place in ("anywhere", "start") else ("", text)
    if first:
        return first, (0, len(text) - len(rest))
    last, before = signature_at_end(text) if place in ("anywhere", "end") else ("", text)
    if last and (last in put_in_front or not put_in_front):
        return last, (len(before), len(text))
    return "", (0, 0)
