"""Characters that no eye sees: they decide nothing at the edges of a text, and are named where they must not be."""

import re
import unicodedata

# White space, controls, and what Unicode shows as nothing (Default_Ignorable_Code_Point, annotations, blank letters).
UNSEEN = (
    r"\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
LOST = "\ufffd"  # what a decoder puts in the place of bytes that it cannot read
SHOWN = 3  # code points that one problem names

_SEEN = re.compile(f"[^{UNSEEN}]")
_MARK = re.compile(rf"(?!\s)[{UNSEEN}]")


def trimmed(text: str) -> str:
    """The text from the first to the last character that can be seen."""
    first, last = _SEEN.search(text), _SEEN.search(text[::-1])
    return text[first.start() : len(text) - last.start()] if first and last else ""


def visible(text: str) -> bool:
    """Whether anything of the text can be seen."""
    return _SEEN.search(text) is not None


def marks(text: str) -> str:
    """The characters of a text that take no place where they stand, unlike blanks and line breaks."""
    return "".join(_MARK.findall(text))


def without_marks(text: str) -> str:
    return _MARK.sub("", text)


def hidden(text: str) -> str:
    """What of a text cannot be seen, but for ordinary blanks."""
    return "".join(each for each in text if each != " " and not visible(each))


def lost_at(text: str) -> str:
    """Where bytes of a text were lost on its way, in words fit to be shown; empty when none were."""
    at = text.find(LOST) + 1
    return f"U+FFFD at character {at} (there, bytes were lost that were not read in their own charset)" if at else ""


def named(characters: str) -> str:
    """The first few different characters by code point and name: `U+FEFF (ZERO WIDTH NO-BREAK SPACE)`."""
    different = list(dict.fromkeys(characters))
    shown = [f"U+{ord(each):04X}{_name(each)}" for each in different[:SHOWN]]
    return ", ".join(shown) + (" and others" if len(different) > SHOWN else "")


def _name(character: str) -> str:
    name = unicodedata.name(character, "")
    return f" ({name})" if name else ""
