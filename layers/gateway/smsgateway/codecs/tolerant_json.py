"""JSON as vendors write it, read for what can be told of it.

Numbers stay text, for ids must keep every digit, and a line break may stand in a text that nobody escaped. Bytes that
are no UTF-8, and halves of a character (an escape can name one: a text cut within an emoji), are lone surrogates in
what is read: where they stand in content it is damaged, where they are only shown they cost nothing.
"""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from smsgateway.codecs.charsets import AROUND, bare, patched, shown, unmarked, unpatched
from smsgateway.errors import DecodeError
from smsgateway.model import Response

type Record = dict[str, object]

BROKEN = object()  # the value of an entry that is no JSON

# Not strict: a reply may hold a line break that nobody escaped.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str, strict=False)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_LONE = re.compile("[\ud800-\udfff]")
_BLANKS = re.compile(r"[ \t\r\n]*")
_AFTER_ENTRY = re.compile(r"[ \t\r\n]*([,\]])[ \t\r\n]*")
_MORE = re.compile(r"[{\]]")
# Also where the bracket before it is what was lost.
_NEXT_ENTRY = re.compile(r"(\}?)[ \t\r\n]*,[ \t\r\n]*(?=\{(?:[ \t\r\n]*\"[A-Za-z_]+\"[ \t\r\n]*:|[ \t\r\n]*\}))")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a list, as it stands there, and its value."""

    text: str
    value: object


def text_of(body: bytes) -> str:
    """The text that bytes are, without a byte order mark. What is no UTF-8 in them are lone surrogates."""
    return patched(unmarked(body, "utf-8")[0], "utf-8")


def answer_text(response: Response, statuses: Collection[int] = (200,)) -> str:
    """The text of an answer; bytes that are no UTF-8 may stand in what is only shown.

    `statuses`: those that the document gives the vendor's own answers. Raises DecodeError for another HTTP status, and
    if there is no text.
    """
    if response.status not in statuses:
        raise DecodeError(f"HTTP status {response.status}", response.body)
    text = text_of(response.body).strip(AROUND)
    if not text:
        raise DecodeError("an empty answer", response.body)
    return text


def load(text: str, raw: bytes) -> object:
    """A JSON document. DecodeError, with the bytes it stood in, if it is none."""
    try:
        document: object = _DECODER.decode(text.rstrip(AROUND))
        if isinstance(document, str) and document.lstrip().startswith(("{", "[")):  # JSON that was made JSON once more
            document = _DECODER.decode(document)
    except (ValueError, RecursionError):  # nested beyond all sense is no protocol either
        raise DecodeError("not JSON", raw) from None
    return document


def records_of(data: object, raw: bytes) -> list[Record]:
    """The objects of a list, one alone, or either as a JSON text. Raises DecodeError for anything else."""
    if isinstance(data, str):
        data = load(data, raw)
    records = [data] if isinstance(data, dict) else data
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise DecodeError("data is not a list of objects", raw)
    return records


def string(value: object) -> str:
    """A value that is text, a number among them, else nothing. Platforms write an absent one as null, or `"null"`."""
    said = bare(shown(value)) if isinstance(value, str) else ""
    return said if said.lower() != "null" else ""


def by_name(record: Record) -> Record:
    """A record by its names in small letters: platforms write `msgId` and `msgid`."""
    return {name.lower(): value for name, value in record.items()}


def entries(text: str, start: int) -> Sequence[Entry]:
    """The entries of the list whose bracket opens before `start`, whether or not all of it is JSON.

    One that is not (a quotation mark that nobody escaped) ends where the next object begins. A list that does not end
    has a last entry of what there is of it, and so has one of which nobody knows whether it has ended.
    """
    found: list[Entry] = []
    at = _end(_BLANKS, text, start)
    while not text.startswith("]", at):
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            value, end = BROKEN, at
        after = _AFTER_ENTRY.match(text, end) if value is not BROKEN else None
        if isinstance(value, dict) and not text[end:].strip():
            return [*found, Entry(text[at:end], value), Entry("", BROKEN)]
        if not after:
            following = _NEXT_ENTRY.search(text, at)
            end = following.end(1) if following else len(text)
            found.append(Entry(text[at:end], BROKEN))
            if not following:
                return found
            at = following.end()
            continue
        found.append(Entry(text[at:end], value))
        at = after.end() if after[1] == "," else after.start(1)
    if _MORE.search(text, at + 1) and any(entry.value is BROKEN for entry in found):
        found.append(Entry(text[at + 1 :], BROKEN))  # the bracket may have been that of a list within a broken entry
    return found


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start


def json_text(value: object, raw: bytes) -> str:
    """JSON without needless spaces and escapes. DecodeError, with the bytes it came from, if it is nested too deep."""
    try:
        return _escaped(_ENCODER.encode(value))
    except RecursionError:
        raise DecodeError("a record is nested too deep", raw) from None


def bytes_of(text: str) -> bytes:
    """The bytes that `text_of` has read."""
    try:
        return unpatched(text, "utf-8")
    except UnicodeEncodeError:  # a JSON text within a JSON text, which named half a character
        return _escaped(text).encode()


def _escaped(text: str) -> str:
    return _LONE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
