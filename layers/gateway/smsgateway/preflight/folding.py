"""A text as a filter reads it: full-width letters narrow, capitals small, every kind of dot and hyphen the plain one.

Each character becomes exactly one, and what no eye sees is left out with a note of where everything stood: a place in
what is read here can always be said as a place in the text.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from smsgateway.unseen import UNSEEN

MOST_KEPT = 20_000  # characters whose folds a process holds
TAKEN = "\x00"  # in the place of what was found already, or is known to be harmless

_UNSEEN = "\x01"  # what a character becomes that no eye sees and that takes no space, until it is left out
_UNSEEN_MARK = re.compile(rf"(?!\s)[{UNSEEN}]")
# What stands for the dot of a host: full stops, middle dots and bullets of every kind.
_DOTS = frozenset(".\u3002\uff0e\uff61\u00b7\u2022\u2024\u2027\u2219\u22c5\u30fb\uff65")
# Of them, those that Chinese prose has between sentences, names and the points of a list.
PROSE_DOTS = _DOTS - frozenset(".\uff0e\u2024")
_LINE_ENDS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
_HYPHENS = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2500\u2501\ufe63\uff0d\u02d7\u2043")


@dataclass(frozen=True, slots=True)
class Folded:
    """A text as it is read. `written`: the same characters as they are in the text. `places`: of each of them in the
    text, where some were left out; None: they stand where they stood."""

    read: str
    written: str
    places: Sequence[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The place in the text of what is read from `start` up to, but without, `end`."""
        if self.places is None or start == end:
            return start, end
        return self.places[start], self.places[end - 1] + 1

    def without(self, start: int, end: int) -> "Folded":
        """The same, but for what is read from `start` up to `end`: nobody finds anything there any more."""
        read = self.read[:start] + TAKEN * (end - start) + self.read[end:]
        return Folded(read, self.written, self.places)


class _Folds(dict[int, str]):
    """What each character becomes, worked out when it is first met, for as many as texts have as a rule."""

    def __missing__(self, code: int) -> str:
        if len(self) >= MOST_KEPT:
            self.clear()
        plain = self[code] = _fold(chr(code))
        return plain


def _fold(character: str) -> str:
    """One character for one character: itself where its narrow form has several, or none."""
    if character in _DOTS:
        return "."
    if character in _HYPHENS:
        return "-"
    if character.isspace():
        return "\n" if character in _LINE_ENDS else " "
    if _UNSEEN_MARK.match(character):
        return _UNSEEN
    digit = unicodedata.digit(character, None)  # of every script, also in a circle
    if digit is not None:
        return str(digit)
    narrow = unicodedata.normalize("NFKC", character).lower()
    return narrow if len(narrow) == 1 else character


_FOLDS = _Folds()


def folded(text: str) -> Folded:
    """Returns the text as it is read: each character in its plainest form, and none that no eye sees."""
    read = text.translate(_FOLDS)
    if _UNSEEN not in read:
        return Folded(read, text)
    places = [place for place, character in enumerate(read) if character != _UNSEEN]
    return Folded(read.replace(_UNSEEN, ""), "".join(text[place] for place in places), places)
