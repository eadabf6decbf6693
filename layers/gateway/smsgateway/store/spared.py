"""Recipients of a submission that it is certainly not sent to: they have opted out between its acceptance and its mark.

They are stored with the mark, so that whoever reads that the submission was sent reads to whom it was not. Nobody is
ever taken from among them.
"""

import zlib
from base64 import b85decode, b85encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from smsgateway.store.table import Item


@dataclass(frozen=True, slots=True)
class Spared:
    """The numbers that a submission is not sent to, and their segments together."""

    numbers: frozenset[str] = frozenset()
    segments: int = 0

    def __bool__(self) -> bool:
        """True if there is anybody."""
        return bool(self.numbers)

    def and_these(self, segments: Mapping[str, int]) -> "Spared":
        """Them and some others (number → segments)."""
        new = {number: count for number, count in segments.items() if number not in self.numbers}
        return Spared(self.numbers | new.keys(), self.segments + sum(new.values()))

    def among(self, segments: Mapping[str, int]) -> "Spared":
        """Those of them that are among some recipients (number → segments)."""
        here = {number: count for number, count in segments.items() if number in self.numbers}
        return Spared(frozenset(here), sum(here.values()))

    def attributes(self) -> Item:
        """The attributes of a submission's item that say so; their values are None if there is nobody.

        The numbers are packed: a request may have 50,000 recipients, whose item must not outgrow its limit.
        """
        return {"spared": _packed(self.numbers) if self else None, "spared_segments": self.segments or None}


NOBODY = Spared()


def read_spared(item: Item) -> Spared:
    """Who is spared, by a submission's item."""
    if "spared" not in item:
        return NOBODY
    return Spared(_unpacked(item["spared"]), item["spared_segments"])


def _packed(numbers: Iterable[str]) -> str:
    return b85encode(zlib.compress(",".join(sorted(numbers)).encode())).decode()


def _unpacked(packed: str) -> frozenset[str]:
    return frozenset(zlib.decompress(b85decode(packed)).decode().split(","))
