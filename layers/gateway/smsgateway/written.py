"""Numbers as people write them, in the characters of every keyboard, word processor and spreadsheet.

What a reader skips is left out: blanks of every kind, marks without a width, the many hyphens and dots between groups
of digits, parentheses around a group, the width of a character. A number with digits of other scripts, letters or line
breaks in it is not understood: nobody can say what these were meant to be.
"""

import re
import unicodedata
from functools import lru_cache

from smsgateway.unseen import trimmed, visible

# Besides Unicode's own dashes (category Pd): minus, a Japanese long vowel, a line of a table, bullets.
_HYPHENS = "\u02d7\u2043\u207b\u2212\u2500\u2501\u30fc\uff70"
_DOTS = ".\u00b7\u2022\u2024\u2027\u2219\u22c5\u30fb\uff65"
_LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_NUL = "\0"  # no keyboard writes it: the number is damaged
_GROUP = "[0-9]++(?:[-.]++[0-9]++)*+"
# A plus stands in front of all digits, perhaps within the first parentheses. `tel:` is how links on web pages begin.
_NUMBER = re.compile(
    rf"(?:(?:tel|sms):)?+(?:\+?+(?:{_GROUP}|\({_GROUP}\))|\(\+{_GROUP}\))(?:[-.]*+(?:\({_GROUP}\)|{_GROUP}))*+",
    re.IGNORECASE,
)
_SCHEME = re.compile("(?:tel|sms):", re.IGNORECASE)
_FRACTION = re.compile("[.][0-9]$")  # `13800138000.0`, as a spreadsheet writes a number: the 0 is not a digit of it
_MEANT = frozenset("0123456789+-.()")


def digits_of(raw: str) -> str:
    """Returns the digits of a number, behind its `+` if it has one; empty for what is not written like a number."""
    plain = _plain(raw)
    understood = _NUMBER.fullmatch(plain) and not _FRACTION.search(plain)
    return re.sub("[^0-9+]", "", plain) if understood else ""


def strangers(raw: str) -> str:
    """Returns those characters of a text that no number is written with, in their order."""
    plain = _plain(raw)
    scheme = _SCHEME.match(plain)
    return "".join(each for each in plain[scheme.end() if scheme else 0 :] if each not in _MEANT)


def _plain(raw: str) -> str:
    """The text without what a reader skips, each character as a reader takes it."""
    return "".join(map(_folded, trimmed(raw)))


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    """What a reader takes a character for: a digit, `+`, `-`, `.`, a parenthesis, nothing; else itself."""
    if character in _LINE_ENDS or character == _NUL:
        return character
    if not visible(character):
        return ""
    if character in _DOTS:
        return "."
    if character in _HYPHENS or unicodedata.category(character) == "Pd":
        return "-"
    narrow = unicodedata.normalize("NFKC", character)
    # Digits in a circle, above or below the line are not digits of a number: they count notes and lists.
    digit = narrow.isdecimal() and unicodedata.category(character) == "Nd"
    return narrow if digit or narrow in ("+", ".", "(", ")", ":") else character
