"""Texts and numbers as Chinese SMS has them: segments, signatures, numbers, named variables.

Everything here is pure. Lengths are UTF-16 units, which is how a text message counts: an emoji is two.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Literal

from smsgateway import written
from smsgateway.model import Content, SignaturePlace
from smsgateway.unseen import UNSEEN, named, trimmed, without_marks

SINGLE_SEGMENT = 70  # units of a message that fits one segment
LONG_SEGMENT = 67  # units of each segment of a longer one: its header takes the rest
SIGNATURE_LIMIT = 20  # characters between the brackets

_BRACKETS = r"【([^【】\r\n\x85\u2028\u2029]+)】"
_AT_START = re.compile(f"[{UNSEEN}]*+{_BRACKETS}")
_AT_END = re.compile(f"{_BRACKETS}[{UNSEEN}]*")

_PLAIN_MOBILE = re.compile("1[3-9][0-9]{9}")
_COUNTRY = r"(?:(?:\+|\+?00)?86)"
_MOBILE = re.compile(f"{_COUNTRY}?0?(1[3-9][0-9]{{9}})")  # also behind the trunk 0 that old switchboards want
_PLAIN_OR_MASKED = re.compile("1[0-9*]{10}")
_MASKED = re.compile(r"(?:(?:\+|00)?86)?(1[0-9*]{10})")
# 小灵通: area code and number, 11 or 12 digits. No area code begins with 00 (that is a country code) or is a mobile's
# prefix (that is a mobile behind a trunk 0, and the same number as without it). Behind a country code the trunk 0 is
# left out as a rule, and then the area codes 10 and 2x have eight digits after them.
_LANDLINE = re.compile(r"(0(?!0)(?!1[3-9][0-9]{9}$)[0-9]{10,11})")
_LANDLINE_FROM_ABROAD = re.compile(f"{_COUNTRY}0?((?:10|2[0-9])[0-9]{{8}}|[3-9][0-9]{{9,10}})")
LANDLINE = "0"  # what a normalised landline begins with, and no mobile
_TEMPLATE_TOKEN = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}|[{}]")

TemplateProblem = Literal["missing", "unknown"]


def utf16_units(text: str) -> int:
    """How many UTF-16 units a text has."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def segments(full_text: str) -> int:
    """How many segments a text is sent and billed as: signature included, whatever the alphabet; 0 when it is empty."""
    units = utf16_units(full_text)
    if units <= SINGLE_SEGMENT:
        return 1 if units else 0
    return -(-units // LONG_SEGMENT)


def split_signature(text: str) -> tuple[str, str]:
    """The signature (without brackets) that a text begins with, and what follows it; `("", text)` without one.

    Characters that no eye sees do not count: neither those in front of the brackets nor those at a signature's edges.
    """
    match = _AT_START.match(text)
    name = _signature_in(match)
    return (name, text[match.end() :]) if match and name else ("", text)


def signature_at_end(text: str) -> tuple[str, str]:
    """The signature (without brackets) that a text ends with, and what is in front of it; `("", text)` without one."""
    start = max(text.rfind("【"), 0)
    name = _signature_in(_AT_END.fullmatch(text, start))
    return (name, text[:start]) if name else ("", text)


def signed(text: str) -> bool:
    """Whether a signature's brackets stand at the text's beginning or end, whoever put them there."""
    return bool(split_signature(text)[0] or signature_at_end(text)[0])


def _signature_in(match: re.Match[str] | None) -> str:
    """What is between the brackets, if it can be a signature."""
    name = without_marks(trimmed(match[1])) if match else ""
    return name if len(name) <= SIGNATURE_LIMIT else ""


def compose(text: str, signature: str, place: SignaturePlace = "anywhere") -> Content:
    """The content of a text under a signature (without brackets).

    A text that begins with its own keeps that one, and one that ends with this very signature gets no second one in
    front: each as far as `place` says that the text's beginning and end are its author's.
    """
    own, rest = split_signature(text) if place in ("anywhere", "start") else ("", text)
    if own:
        return Content(text=rest, signature=own)
    last, before = signature_at_end(text) if place in ("anywhere", "end") else ("", text)
    if last and last == signature:
        return Content(text=before, signature=signature, signed_at_end=True)
    return Content(text=text, signature=signature)


def normalise_number(raw: str) -> str | None:
    """The number as vendors take it, ASCII digits only, or None when it is not a mainland number.

    Mobiles are 11 digits, with or without +86, 0086 or 86 in front; 小灵通 are 11 or 12 with their area code. They are
    taken in every form in which a person sees that number (`written.digits_of`).
    """
    if _PLAIN_MOBILE.fullmatch(raw):
        return raw
    digits = written.digits_of(raw)
    if mobile := _MOBILE.fullmatch(digits):
        return mobile[1]
    if _LANDLINE.fullmatch(digits):
        return digits
    abroad = _LANDLINE_FROM_ABROAD.fullmatch(digits)
    return LANDLINE + abroad[1] if abroad else None


def problem_with_number(raw: str) -> str:
    """What keeps a text that `normalise_number` does not take from being a number, in words fit to be shown."""
    if strange := written.strangers(raw):
        return f"has {named(strange)}, which no number has"
    return "not a mainland number (11 digits, 13… to 19…, with or without +86)"


def said_number(said: str) -> str:
    """A number that a vendor names, in the one form in which numbers are filed and looked for.

    A masked one (`+86 187****8801`) keeps its stars. What is no mainland number stays as it was said, without the
    blanks around it.
    """
    if _PLAIN_OR_MASKED.fullmatch(said):  # nearly all of them, and there may be hundreds in a page
        return said
    if number := normalise_number(said):
        return number
    narrow = unicodedata.normalize("NFKC", said).strip()
    if "*" not in narrow or not written.digits_of(narrow.replace("*", "0")):
        return narrow
    masked = _MASKED.fullmatch(re.sub("[^0-9*+]", "", narrow))
    return masked[1] if masked else narrow


def is_landline(number: str) -> bool:
    """Whether a normalised number is a landline's (小灵通)."""
    return number.startswith(LANDLINE)


def matches_mask(number: str, masked: str) -> bool:
    """Whether a number can be the one a vendor masked (`187****8801`): same length, and every digit left is its own."""
    return len(number) == len(masked) and all(
        shown in ("*", digit) for digit, shown in zip(number, masked, strict=True)
    )


def variables(template_text: str) -> tuple[str, ...]:
    """The names of a template's variables (`{code}`), each once, in order. `{{` and `}}` are literal braces.

    Raises ValueError, with a problem fit to be shown, for any other brace.
    """
    names: dict[str, None] = {}
    for token in _TEMPLATE_TOKEN.finditer(template_text):
        if token[1]:
            names[token[1]] = None
        elif len(token[0]) == 1:
            raise ValueError(
                f"the brace at character {token.start() + 1} is not part of a {{name}}; write {{{{ or }}}} for a brace"
            )
    return tuple(names)


def signature_place(template_text: str) -> SignaturePlace:
    """Where a template's own words hold a signature, so that it is the template's in every content made of it.

    Raises ValueError like `variables`.
    """
    if not variables(template_text):
        return "anywhere"
    tokens = [token for token in _TEMPLATE_TOKEN.finditer(template_text) if token[1]]
    head, tail = template_text[: tokens[0].start()], template_text[tokens[-1].end() :]
    if split_signature(render(head, {}))[0]:
        return "start"
    return "end" if signature_at_end(render(tail, {}))[0] else "nowhere"


def template_problems(template_text: str, params: Mapping[str, str]) -> list[tuple[str, TemplateProblem]]:
    """What keeps params from filling a template: names it has and params lack, then names that it does not know."""
    names = variables(template_text)
    missing: list[tuple[str, TemplateProblem]] = [(name, "missing") for name in names if name not in params]
    return missing + [(name, "unknown") for name in params if name not in names]


def render(template_text: str, params: Mapping[str, str]) -> str:
    """The template's text with its variables filled in; braces inside values stay as they are.

    Raises ValueError for what `variables` or `template_problems` object to.
    """
    if problems := template_problems(template_text, params):
        raise ValueError(", ".join(f"{problem} variable {name}" for name, problem in problems))
    return _TEMPLATE_TOKEN.sub(lambda token: params[token[1]] if token[1] else token[0][0], template_text)
