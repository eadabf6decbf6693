"""Texts and numbers as Chinese SMS has them: segments, signatures, numbers, named variables.

All of it is pure. Lengths are counted in UTF-16 units, as a text message counts its characters: an emoji is two.
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
# 小灵通: area code and number, 11 or 12 digits. No area code begins with 00, which is a country code's prefix, or is a
# mobile's prefix: 0138… is a mobile behind a trunk 0, and the same number as without the 0. Behind a country code the
# trunk 0 is left out as a rule, and then the area codes 10 and 2x have eight digits after them.
_LANDLINE = re.compile(r"(0(?!0)(?!1[3-9][0-9]{9}$)[0-9]{10,11})")
_LANDLINE_FROM_ABROAD = re.compile(f"{_COUNTRY}0?((?:10|2[0-9])[0-9]{{8}}|[3-9][0-9]{{9,10}})")
LANDLINE = "0"  # what a normalised landline begins with, and no mobile
_ROUNDED = re.compile(r"[0-9]+(?:\.[0-9]+)?E\+?[0-9]+", re.IGNORECASE)  # 1.38001E+10, as a spreadsheet shows a number
_TEMPLATE_TOKEN = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}|[{}]")

TemplateProblem = Literal["missing", "unknown"]


def utf16_units(text: str) -> int:
    """Returns the number of UTF-16 units of a text."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def segments(full_text: str) -> int:
    """Returns the number of segments that a text is sent and billed as, whatever its alphabet; 0 when it is empty.

    `full_text` includes the signature.
    """
    units = utf16_units(full_text)
    if units <= SINGLE_SEGMENT:
        return 1 if units else 0
    return -(-units // LONG_SEGMENT)


def split_signature(text: str) -> tuple[str, str]:
    """Returns the signature (without brackets) that a text begins with, and the rest; `("", text)` if there is none.

    Characters that no eye sees are skipped, both in front of the brackets and at the signature's edges.
    """
    match = _AT_START.match(text)
    name = _signature_in(match)
    return (name, text[match.end() :]) if match and name else ("", text)


def signature_at_end(text: str) -> tuple[str, str]:
    """Returns the signature (without brackets) that a text ends with, and the rest; `("", text)` if there is none."""
    start = max(text.rfind("【"), 0)
    name = _signature_in(_AT_END.fullmatch(text, start))
    return (name, text[:start]) if name else ("", text)


def signed(text: str) -> bool:
    """True if a signature stands at the text's beginning or end, whoever put it there."""
    return bool(split_signature(text)[0] or signature_at_end(text)[0])


def _signature_in(match: re.Match[str] | None) -> str:
    """What is between the brackets of a match; empty if there is no match, or what it has found is no signature."""
    name = without_marks(trimmed(match[1])) if match else ""
    return name if len(name) <= SIGNATURE_LIMIT else ""


def compose(text: str, signature: str, place: SignaturePlace = "anywhere") -> Content:
    """Returns the content of a text under a signature (without brackets; empty: none).

    A text that begins with a signature of its own keeps its own. A text that ends with this very signature gets no
    second one in front. Both hold only as far as `place` says that a signature there is the author's: the beginning or
    end of a filled template may be a variable's value.
    """
    own, rest = split_signature(text) if place in ("anywhere", "start") else ("", text)
    if own:
        return Content(text=rest, signature=own)
    last, before = signature_at_end(text) if place in ("anywhere", "end") else ("", text)
    if last and last == signature:
        return Content(text=before, signature=signature, signed_at_end=True)
    return Content(text=text, signature=signature)


def normalise_number(raw: str) -> str | None:
    """Returns a number as vendors take it, ASCII digits only, or None if it is not a mainland number.

    A mobile has 11 digits, with or without +86, 0086 or 86 in front. A landline (小灵通) has 11 or 12 digits with its
    area code. Both are understood however a person may write them (`written.digits_of`).
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
    """Returns why a text is not a number, in words fit to be shown; for texts that `normalise_number` does not take."""
    if _ROUNDED.fullmatch(raw.strip()):
        return "was rounded by a spreadsheet: its digits are lost; make the column text, and enter the numbers again"
    if strange := written.strangers(raw):
        return f"has {named(strange)}, which no number has"
    return "not a mainland number (11 digits, 13… to 19…, with or without +86)"


def said_number(said: str) -> str:
    """Returns a number that a vendor names in the form in which numbers are stored and looked up.

    A masked number (`+86 187****8801`) keeps its stars. What is not a mainland number stays as the vendor wrote it,
    without the blanks around it.
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
    """True if a normalised number is a landline's (小灵通)."""
    return number.startswith(LANDLINE)


def matches_mask(number: str, masked: str) -> bool:
    """True if a vendor may have masked this number as `masked` (`187****8801`): same length, same visible digits."""
    return len(number) == len(masked) and all(
        shown in ("*", digit) for digit, shown in zip(number, masked, strict=True)
    )


def variables(template_text: str) -> tuple[str, ...]:
    """Returns the names of a template's variables (`{code}`), each once, in order. `{{` and `}}` are literal braces.

    Raises ValueError, with words fit to be shown, for any other brace.
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
    """Returns where a template's own words hold a signature, which then is the author's in every filled content.

    "anywhere" for a template without variables: all of it is the author's. Raises ValueError like `variables`.
    """
    if not variables(template_text):
        return "anywhere"
    tokens = [token for token in _TEMPLATE_TOKEN.finditer(template_text) if token[1]]
    head, tail = template_text[: tokens[0].start()], template_text[tokens[-1].end() :]
    if split_signature(render(head, {}))[0]:
        return "start"
    return "end" if signature_at_end(render(tail, {}))[0] else "nowhere"


def template_problems(template_text: str, params: Mapping[str, str]) -> list[tuple[str, TemplateProblem]]:
    """Returns why `params` do not fill a template: variables that they lack, then names that it does not have."""
    names = variables(template_text)
    missing: list[tuple[str, TemplateProblem]] = [(name, "missing") for name in names if name not in params]
    return missing + [(name, "unknown") for name in params if name not in names]


def render(template_text: str, params: Mapping[str, str]) -> str:
    """Returns the template's text with its variables filled in; braces inside values stay as they are.

    Raises ValueError for braces that `variables` refuses, and for problems that `template_problems` finds.
    """
    if problems := template_problems(template_text, params):
        raise ValueError(", ".join(f"{problem} variable {name}" for name, problem in problems))
    return _TEMPLATE_TOKEN.sub(lambda token: params[token[1]] if token[1] else token[0][0], template_text)
