"""Characters that no eye sees: skipped at the edges of a text, and named in a refusal where they must not be."""

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
    """Returns the text from the first to the last character that can be seen; empty if none can."""
    first, last = _SEEN.search(text), _SEEN.search(text[::-1])
    return text[first.start() : len(text) - last.start()] if first and last else ""


def visible(text: str) -> bool:
    """True if any character of the text can be seen."""
    return _SEEN.search(text) is not None


def marks(text: str) -> str:
    """Returns the unseen characters of a text that take no space, unlike blanks and line breaks."""
    return "".join(_MARK.findall(text))


def without_marks(text: str) -> str:
    """Returns the text without the characters that `marks` returns."""
    return _MARK.sub("", text)


def hidden(text: str) -> str:
    """Returns the characters of a text that cannot be seen, except for ordinary blanks."""
    return "".join(each for each in text if each != " " and not visible(each))


def lost_at(text: str) -> str:
    """Returns where bytes of a text were lost on its way, in words fit to be shown; empty when none were."""
    at = text.find(LOST) + 1
    return f"U+FFFD at character {at} (there, bytes were lost that were not read in their own charset)" if at else ""


def named(characters: str) -> str:
    """Returns the first different characters by code point and name: `U+FEFF (ZERO WIDTH NO-BREAK SPACE)`.

    At most `SHOWN`; the words end with "and others" if there are more.
    """
    different = list(dict.fromkeys(characters))
    shown = [f"U+{ord(each):04X}{_name(each)}" for each in different[:SHOWN]]
    return ", ".join(shown) + (" and others" if len(different) > SHOWN else "")


def _name(character: str) -> str:
    """Unicode's name of a character, in parentheses; empty for one without a name."""
    name = unicodedata.name(character, "")
    return f" ({name})" if name else ""
