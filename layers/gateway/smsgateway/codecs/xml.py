"""A vendor's XML as flat records (hbsmservice.txt, sections 4.2, 5.4, 6.2, 7.4 and 11; protocols/README.md, note 9).

The only module that imports a parser, and only when there is something to parse: defusedxml costs some ten
milliseconds, and `webhook`, which imports every codec but parses nothing, has to answer within a second, cold starts
included.
"""

import re
from typing import TYPE_CHECKING, NamedTuple

from smsgateway.codecs.answers import decode_text
from smsgateway.errors import DecodeError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element  # nosec B405

# Also what bounds the depth: the parser keeps its stack on the heap, and nesting this many bytes deep is harmless.
# A whole page of 100 reports has 30 KB.
SIZE_LIMIT = 1_000_000

# XML 1.0, section 2.2. The class of what is legal would take ten times as long to compile, at every cold start.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_OPENING = re.compile(r"<([A-Za-z_][A-Za-z0-9_]*)\s*(/?)>")
_REFERENCE = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6}));")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


class Record(NamedTuple):
    """The text of each tag of a record, and the record as it was written."""

    fields: dict[str, str]
    raw: str


class _NotFlatError(Exception):
    """Not plainly a root of flat records."""


def parse_records(data: bytes, charset: str, root: str, record: str) -> list[Record]:
    """The records of `<root><record><tag>text</tag>…</record>…</root>`, in order.

    `charset` is what the bytes are read as, whatever the document declares: expat by itself reads no Chinese charset.
    Notes in brackets after a tag, as in the document's samples, are dropped. Texts may hold `&`, `<` and
    control characters that nobody escaped; one that cannot be told from the tags around it is not guessed at.
    DecodeError is all that is ever raised: for a DTD too, and for anything that would have to be skipped.
    """
    if len(data) > SIZE_LIMIT:
        raise DecodeError(f"more than {SIZE_LIMIT} bytes of XML", data)
    text = _without_declaration(decode_text(data, charset), data)
    try:
        return _parse(text, data, root, record)
    except _NotFlatError:
        pass
    try:
        return _scan(_ILLEGAL.sub("", text), root, record)
    except _NotFlatError as error:
        raise DecodeError(f"not XML of {root}: {error}", data) from None


def _without_declaration(text: str, data: bytes) -> str:
    text = text.strip().removeprefix("\ufeff")
    if not re.match(r"<\?xml[\s?]", text):
        return text
    _, end, rest = text.partition("?>")
    if not end:
        raise DecodeError("the XML declaration does not end", data)
    return rest.strip()


def _parse(text: str, data: bytes, root: str, record: str) -> list[Record]:
    """Well-formed documents, which is nearly all of them."""
    try:
        top = _tree(text, data)
    except (SyntaxError, ValueError):  # ParseError is a SyntaxError
        raise _NotFlatError from None
    # What the parser would drop as a comment or an instruction can only be somebody's text.
    if top.tag != root or (top.text or "").strip() or "<!--" in text or "<?" in text:
        raise _NotFlatError
    closing = f"</{record}>"
    raws = text.partition(">")[2].split(closing)
    if len(raws) != len(top) + 1:
        raise _NotFlatError
    return [Record(_flat(element, record), raw.strip() + closing) for element, raw in zip(top, raws, strict=False)]


def _tree(text: str, data: bytes) -> "Element":
    """The parsed text. DecodeError if it has a DTD, or entities of its own."""
    if "<!" not in text:
        # What one has to be defended from is declared in a DTD, and without `<!` there is none. This parser is in C,
        # and takes a fifth of the time of the one that defusedxml builds on.
        from xml.etree.ElementTree import fromstring as parse  # noqa: PLC0415 # nosec B405

        return parse(text)  # noqa: S314 # nosec B314
    from defusedxml import DefusedXmlException  # noqa: PLC0415 - see the module's docstring
    from defusedxml.ElementTree import fromstring  # noqa: PLC0415

    try:
        return fromstring(text, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except DefusedXmlException:
        raise DecodeError("the XML has a DTD or entities of its own", data) from None


def _flat(element: "Element", record: str) -> dict[str, str]:
    fields = {}
    for child in element:
        if (child.tail and not _is_note(child.tail)) or len(child):
            raise _NotFlatError
        fields[child.tag] = child.text or ""
    beside = (element.text or "") + (element.tail or "")
    if element.tag != record or len(fields) != len(element) or (beside and not beside.isspace()):
        raise _NotFlatError
    return fields


def _is_note(gap: str) -> bool:
    """Whether what stands between two tags is nothing but the document's own remark (or its stray backslash)."""
    gap = gap.strip()
    return gap in ("", "\\") or (gap.startswith("(") and gap.endswith(")") and "<" not in gap)


def _scan(text: str, root: str, record: str) -> list[Record]:
    """What a parser refuses because of what stands, unescaped, within a text. In one pass, without backtracking."""
    opening, closing = f"<{root}>", f"</{root}>"
    if not (text.startswith(opening) and text.endswith(closing)):
        raise _NotFlatError("it does not begin and end with its root")
    *raws, rest = text[len(opening) : -len(closing)].split(f"</{record}>")
    if rest.strip():
        raise _NotFlatError(f"something follows the last {record}")
    return [Record(_scan_record(raw.strip(), record), f"{raw.strip()}</{record}>") for raw in raws]


def _scan_record(raw: str, record: str) -> dict[str, str]:
    if not raw.startswith(f"<{record}>"):
        raise _NotFlatError(f"something stands before a {record}")
    position = len(record) + 2
    fields: dict[str, str] = {}
    while tag := _OPENING.search(raw, position):
        name, start = tag[1], tag.end()
        end = start if tag[2] else raw.find(f"</{name}>", start)
        if end < 0 or name in fields or not _is_note(raw[position : tag.start()]):
            raise _NotFlatError(f"a {record} cannot be cut into its tags")
        fields[name] = _unescape(raw[start:end])
        position = end if tag[2] else end + len(name) + 3
    if not _is_note(raw[position:]):
        raise _NotFlatError(f"a {record} cannot be cut into its tags")
    return fields


def _unescape(text: str) -> str:
    if text.startswith("<![CDATA[") and text.endswith("]]>"):
        return text[9:-3]
    return _REFERENCE.sub(_character, text)


def _character(reference: re.Match[str]) -> str:
    if reference[1]:
        return _ENTITIES[reference[1]]
    code = int(reference[2]) if reference[2] else int(reference[3], 16)
    legal = code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF
    return _ILLEGAL.sub("", chr(code)) if legal else reference[0]
