"""Segments, numbers, Beijing time and form bodies: what the vendors reckon alike.

Segments: langyu 1.2, qixintong 1.1.1 (70 characters alone); 67 in a long message, whose parts carry a header.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import unquote_to_bytes

BEIJING = timezone(timedelta(hours=8))
SINGLE, PART = 70, 67

MOBILE = re.compile(r"1[3-9][0-9]{9}")
LANDLINE_MOBILE = re.compile(r"0[0-9]{10,11}")  # 小灵通, with its area code


def segments(text: str) -> int:
    """How many segments the vendor charges for `text`; characters are UTF-16 units."""
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    return 1 if units <= SINGLE else -(-units // PART)


def parts(text: str) -> list[str]:
    """The texts a long message travels in."""
    return [text[start : start + PART] for start in range(0, len(text), PART)] or [""]


def beijing(at: float, layout: str) -> str:
    """A moment in Beijing time, which is what all vendors write."""
    return datetime.fromtimestamp(at, BEIJING).strftime(layout)


def from_beijing(text: str, layout: str) -> float | None:
    """The moment a vendor time means, or None when it is not in that layout."""
    try:
        return datetime.strptime(text, layout).replace(tzinfo=BEIJING).timestamp()
    except ValueError:
        return None


def iso(at: float) -> str:
    """A moment for the control API: ISO 8601, UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def form(encoded: bytes) -> list[tuple[str, bytes]]:
    """Percent-encoded pairs as names and undecoded values, in order."""
    pairs = (pair.partition(b"=") for pair in encoded.split(b"&") if pair)
    return [
        (unquote_to_bytes(name.replace(b"+", b" ")).decode("latin-1"), unquote_to_bytes(value.replace(b"+", b" ")))
        for name, _, value in pairs
    ]


def decoded(pairs: Iterable[tuple[str, bytes]], charset: str) -> tuple[dict[str, str], bool]:
    """The fields in `charset`, and whether some bytes were not in it (those show as U+FFFD, as on a phone)."""
    fields: dict[str, str] = {}
    garbled = False
    for name, value in pairs:
        text = value.decode(charset, "replace")
        garbled = garbled or "\ufffd" in text
        fields.setdefault(name, text)
    return fields, garbled


def is_digits(text: str) -> bool:
    """ASCII digits only, at least one."""
    return re.fullmatch("[0-9]+", text) is not None


def masked(fields: Mapping[str, str], secret: Collection[str]) -> dict[str, str]:
    """The fields with stars in place of those that are secret; these are named in lower case."""
    return {name: "***" if name.lower() in secret and value else value for name, value in fields.items()}
