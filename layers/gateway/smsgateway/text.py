"""Texts and numbers as Chinese SMS has them: segments, signatures, numbers, named variables (design, sections 3 and 6).

Everything here is pure. Lengths are UTF-16 units, which is how a text message counts: an emoji is two.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Literal

from smsgateway.model import Content

SINGLE_SEGMENT = 70  # units of a message that fits one segment
LONG_SEGMENT = 67  # units of each segment of a longer one: its header takes the rest
MOBILE_LENGTH = 11  # digits
SIGNATURE_LIMIT = 20  # characters between the brackets

_SIGNATURE = re.compile(f"【([^【】\r\n]{{1,{SIGNATURE_LIMIT}}})】")
_WRITTEN_NUMBER = re.compile(r"\+?[0-9](?:[ -]*[0-9])*")
_MOBILE = re.compile(r"(?:(?:\+|00)?86)?(1[3-9][0-9]{9})")
_MASKED = re.compile(r"(?:(?:\+|00)?86)?(1[0-9*]{10})")
# 小灵通: area code and number, 11 or 12 digits. No area code begins with 00 (that is a country code) or is a mobile's
# prefix (that is a mobile behind a trunk 0, and would be the same number as without it).
_LANDLINE_MOBILE = re.compile(r"0(?!0)(?!1[3-9][0-9]{9}$)[0-9]{10,11}")
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
    """The signature (without brackets) that a text begins with, and what follows it; `("", text)` without one."""
    match = _SIGNATURE.match(text)
    return (match[1], text[match.end() :]) if match else ("", text)


def compose(text: str, signature: str) -> Content:
    """The content of a text under a signature (without brackets). A text that begins with its own keeps that one."""
    own, rest = split_signature(text)
    return Content(text=rest, signature=own) if own else Content(text=text, signature=signature)


def normalise_number(raw: str) -> str | None:
    """The number as vendors take it, ASCII digits only, or None when it is not a mainland number.

    Mobiles are 11 digits, written with or without +86, 0086 or 86; 小灵通 are 11 or 12 with their area code. ASCII
    spaces and hyphens between digits are dropped; digits of other scripts, letters and line ends are not understood.
    """
    written = raw.strip(" ")
    if not _WRITTEN_NUMBER.fullmatch(written):
        return None
    digits = written.replace(" ", "").replace("-", "")
    if mobile := _MOBILE.fullmatch(digits):
        return mobile[1]
    return digits if _LANDLINE_MOBILE.fullmatch(digits) else None


def said_number(said: str) -> str:
    """A number that a vendor names, in the one form in which numbers are filed and looked for.

    A masked one (`+86 187****8801`) keeps its stars. What is no mainland number stays as it was said, without the
    blanks around it.
    """
    if len(said) == MOBILE_LENGTH and said.isascii() and said.isdigit():
        return said
    if number := normalise_number(said):
        return number
    narrow = unicodedata.normalize("NFKC", said).strip()
    masked = _MASKED.fullmatch(re.sub("[ -]", "", narrow))
    return masked[1] if masked and "*" in masked[1] else narrow


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
