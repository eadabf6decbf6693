"""What each recipient of a post reads, before an account's signature: a text of the client's, or a filled template."""

from collections.abc import Iterable, Mapping

from smsgateway import text
from smsgateway.accepting.post import Post, Refusal
from smsgateway.accepting.recipients import Recipients
from smsgateway.model import Payload, Personal, SignaturePlace, Template
from smsgateway.store import templates
from smsgateway.store.keys import template_key
from smsgateway.store.table import Item, Key, Table


def template_of(table: Table, post: Post, read: Mapping[Key, Item]) -> Template | None:
    """The registered template that a post names, or None if it names none; read, unless it is among what was `read`.

    Raises Refusal if nobody registered it.
    """
    if post.template is None:
        return None
    there = read.get(template_key(post.template))
    template = templates.read_template(there) if there else templates.load_template(table, post.template)
    if template is None:
        errors = [("template", "no template has this name")]
        raise Refusal(422, "Unknown template", f"there is no template {post.template}", errors)
    return template


def contents_of(post: Post, template: Template | None, recipients: Recipients) -> tuple[Payload, Personal | None]:
    """The recipients with what each reads, and the content of the message if all read the same.

    The payload has one content a number, or none where there is one for all. Raises Refusal for variables that do not
    fill the template, and for a second signature.
    """
    numbers, place = tuple(recipients.numbers), signature_place_of(template)
    entries: Iterable[tuple[str, str | None, Mapping[str, str]]] = [("", post.text, post.params)]
    if post.personal:
        posted = ((f"messages[{index}].", post.personal[index]) for index in recipients.numbers.values())
        entries = ((where, entry.text, entry.params or {}) for where, entry in posted)
    contents = tuple(
        _one_signature(post, _content(plain, template, params, where), place) for where, plain, params in entries
    )
    return (Payload(numbers), contents[0]) if len(contents) == 1 else (Payload(numbers, contents), None)


def _content(plain: str | None, template: Template | None, params: Mapping[str, str], where: str) -> Personal:
    """The plain text, or the template filled with `params`, which stand at `where` in the post. Raises Refusal."""
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
        errors = [(f"{where}params.{name}", problem) for name, problem in problems]
        raise Refusal(422, "Wrong variables", f"template {template.name}: {named}", errors)
    return Personal(text.render(template.text, params), dict(params))


def _one_signature(post: Post, content: Personal, place: SignaturePlace) -> Personal:
    """The content. Raises Refusal if it begins with another signature than the one that the post asks for."""
    own = text.compose(content.text, "", place).signature
    if own and post.signature and own != post.signature:
        problem = "the text begins with another signature"
        raise Refusal(422, "Two signatures", f"{problem}: leave one of them out", [("signature", problem)])
    return content


def signature_place_of(template: Template | None) -> SignaturePlace:
    """Where the contents of a post may bring a signature: anywhere as a text, or where its template has one."""
    return text.signature_place(template.text) if template else "anywhere"


def kept_place(template: Template | None, contents: Iterable[Personal]) -> SignaturePlace:
    """The place of a signature that is stored with a message of these contents.

    It is `signature_place_of` the template where a content has brackets at its edges, which hardly one has, and
    "anywhere" for all others: a function of an earlier version, which knows no places, can read those too.
    """
    place = signature_place_of(template)
    signed = place != "anywhere" and any("【" in content.text and text.signed(content.text) for content in contents)
    return place if signed else "anywhere"
