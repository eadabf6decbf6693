"""A vendor's XML as flat records ("HTTP 协议短信接口文档 V2.0.0", sections 4.2, 5.4, 6.2, 7.4 and 11).

The only module that imports a parser, and only when there is something to parse: defusedxml costs some ten
milliseconds, and `webhook`, which imports every codec but parses nothing, has to answer within a second, cold starts
included.

A page that the parser takes is read by it. Any other is cut into its records by hand, because `<` is part of no
character of GB18030 or UTF-8, however damaged: so one record's damage costs none of the others.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from smsgateway.codecs.charsets import AROUND, patched, shown, unmarked, unpatched
from smsgateway.errors import DecodeError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element  # nosec B405

# Also what bounds the depth: the parser keeps its stack on the heap, and nesting this many bytes deep is harmless.
# A whole page of 100 reports has 30 KB.
SIZE_LIMIT = 1_000_000

# XML 1.0, section 2.2. The class of what is legal would take ten times as long to compile, at every cold start.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_DECLARATION = re.compile(rb"<\?xml[\s?]")
_DECLARED = re.compile(rb"""encoding\s*=\s*["']?\s*([^"'\s?]+)""", re.IGNORECASE)
_UTF_8 = re.compile(rb"utf[-_]?8", re.IGNORECASE)
_CHINESE = re.compile(rb"(?:x-|iso-ir-)?(?:gb|cp936|ms936|windows-936|936|euc-?cn|58)", re.IGNORECASE)
_PREFIX = r"(?:[A-Za-z_][A-Za-z0-9_.-]*:)?"
_OPENING = re.compile(rf"<({_PREFIX}([A-Za-z_][A-Za-z0-9_]*))((?:[\s/][^<>]*)?)>")
_COMMENT, _SECTION = ("<!--", "-->"), ("<![CDATA[", "]]>")
_SECTION_BEGINS = re.compile(r"\s*<!\[CDATA\[")
_REFERENCE = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6}));")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
# The halves of a character beyond U+FFFF. No reference may name one; Java's writers of XML name them all the same.
_PAIR = re.compile(
    "&#(?:(5529[6-9]|55[3-9][0-9]{2}|56[0-2][0-9]{2}|563[01][0-9])|x(d[89ab][0-9a-f]{2}));"
    "&#(?:(563[2-9][0-9]|56[4-9][0-9]{2}|57[0-2][0-9]{2}|573[0-3][0-9]|5734[0-3])|x(d[c-f][0-9a-f]{2}));",
    re.IGNORECASE,
)


class Record(NamedTuple):
    """The text of each tag of a record, and the record itself. Damaged bytes are U+FFFD in both."""

    fields: dict[str, str]
    raw: str
    patched: str = ""  # the record in the form of `charsets.patched`, where that may be another than `raw`
    problem: str = ""  # why there are no fields


def _by_hand(fields: dict[str, str], written: str, problem: str = "") -> Record:
    return Record(fields, shown(written), written, problem)


class Records(NamedTuple):
    """The records of a page, in order, and what each needs to be read alone."""

    records: list[Record]
    charset: str
    head: bytes  # the page's byte order mark and declaration
    root: str
    strange: bool = False  # the page declares a charset that is neither UTF-8 nor one of mainland China

    def alone(self, record: Record) -> bytes:
        """A page of one record, in its very bytes."""
        written = unpatched(record.patched or record.raw, self.charset)
        return b"%s<%s>%s</%s>" % (self.head, self.root.encode(), written, self.root.encode())


class _NotFlatError(Exception):
    """Not plainly a root of flat records."""


def parse_records(data: bytes, charset: str, root: str, record: str) -> Records:
    """The records of `<root><record><tag>text</tag>…</record>…</root>`.

    `charset` is what the bytes are read as, unless they say that they are UTF-8, by a mark or in their declaration:
    expat by itself reads no Chinese charset, and declarations of those are what the vendor always writes. Notes in
    brackets after a tag, as in the document's samples, are dropped, and so are comments between tags; tags may be in
    capitals, and have prefixes and attributes. Texts may hold `&`, `<` and control characters that
    nobody escaped; one that cannot be told from the tags around it is not guessed at: its record has a problem. So has
    whatever stands between two records, and a page's end that is not there. DecodeError when there is no such page at
    all, or when it has a DTD.
    """
    if len(data) > SIZE_LIMIT:
        raise DecodeError(f"more than {SIZE_LIMIT} bytes of XML", data)
    body, charset, strange = _without_declaration(data, charset)
    text = patched(body, charset).strip(AROUND)
    head = data[: len(data) - len(body)].strip()
    try:
        return Records(_parse(text, data, root, record), charset, head, root, strange)
    except _NotFlatError:
        pass
    try:
        return Records(_scan(text, root, record), charset, head, root, strange)
    except _NotFlatError as error:
        raise DecodeError(f"not XML of {root}: {error}", data) from None


def _without_declaration(data: bytes, charset: str) -> tuple[bytes, str, bool]:
    """What follows a page's mark and declaration, its charset, and whether it declares one that nobody expects.

    DecodeError if the declaration does not end.
    """
    body, charset = unmarked(data, charset)
    if not _DECLARATION.match(body):
        return body, charset, False
    declaration, end, body = body.partition(b"?>")
    if not end:
        raise DecodeError("the XML declaration does not end", data)
    found = _DECLARED.search(declaration)
    declared = found[1] if found else b"gbk"
    if _UTF_8.fullmatch(declared):
        return body, "utf-8", False
    return body, charset, not _CHINESE.match(declared)


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
    return [Record(_flat(element, record), raw.lstrip() + closing) for element, raw in zip(top, raws, strict=False)]


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
        fields[child.tag if child.tag.islower() else _name(child.tag)] = child.text or ""
    beside = (element.text or "") + (element.tail or "")
    if element.tag != record or len(fields) != len(element) or (beside and not beside.isspace()):
        raise _NotFlatError
    return fields


def _name(tag: str) -> str:
    """A tag without its prefix, in small letters."""
    return tag.rpartition("}")[2].lower()


def _cut(text: str, opening: str, closing: str) -> list[str]:
    """A text between which, at every second place, stands what was within such marks. In one pass."""
    pieces, at = [], 0
    while (start := text.find(opening, at)) >= 0 and (end := text.find(closing, start + len(opening))) >= 0:
        pieces += [text[at:start], text[start + len(opening) : end]]
        at = end + len(closing)
    return [*pieces, text[at:]]


def _is_note(gap: str) -> bool:
    """Whether what stands between two tags is nothing but a comment, or the document's own remark (or its stray
    backslash)."""
    gap = "".join(_cut(gap, *_COMMENT)[::2]).strip(AROUND)
    return gap in ("", "\\") or (gap.startswith("(") and gap.endswith(")") and "<" not in gap)


def _scan(text: str, root: str, record: str) -> list[Record]:
    """What a parser refuses for the sake of one record, or of what stands, unescaped, within a text."""
    opening = re.search(_tag(root), text, re.IGNORECASE)
    if not opening or not _is_note(text[: opening.start()]):
        raise _NotFlatError("it does not begin with its root")
    pieces, rest = _pieces(text[opening.end() :], record)
    endings = list(re.finditer(rf"</{_PREFIX}{root}\s*>", rest, re.IGNORECASE))
    last = endings[-1] if endings and _is_note(rest[endings[-1].end() :]) else None
    left = rest[: last.start()] if last else rest
    if not pieces and not (last and _is_note(left)):
        raise _NotFlatError(f"there is no {record} in it")
    records = [read for piece, closing in pieces for read in _read_piece(piece, record, closing)]
    if not last or not _is_note(left):
        problem = f"something follows the last {record}" if last else "the page is cut short"
        records.append(_by_hand({}, left, problem))
    return records


def _tag(name: str) -> str:
    """The pattern of an opening tag."""
    return rf"<{_PREFIX}{name}(?:\s[^<>]*)?>"


def _pieces(text: str, record: str) -> tuple[list[tuple[str, str]], str]:
    """What each closing tag of a record ends, with that tag, and what follows the last one."""
    pieces, start = [], 0
    for closing in re.finditer(rf"</{_PREFIX}{record}\s*>", text, re.IGNORECASE):
        pieces.append((text[start : closing.start()], closing[0]))
        start = closing.end()
    return pieces, text[start:]


def _read_piece(piece: str, record: str, closing: str) -> Iterator[Record]:
    """The record that ends here, and what else stands in front of it.

    Where a record begins within another, the first was cut short if the second can be read by itself; else it is a text
    that speaks of the tag.
    """
    starts = [found.start() for found in re.finditer(_tag(record), piece, re.IGNORECASE)]
    if not starts:
        yield _by_hand({}, piece + closing, f"something stands in place of a {record}")
        return
    if not _is_note(piece[: starts[0]]):
        yield _by_hand({}, piece[: starts[0]], f"something stands before a {record}")
    last = piece[starts[-1] :]
    if len(starts) > 1 and (fields := _fields_of(last)):
        yield _by_hand({}, piece[starts[0] : starts[-1]], f"a {record} is cut short")
        yield _by_hand(fields, last + closing)
        return
    whole = piece[starts[0] :]
    fields = _fields_of(whole)
    yield _by_hand(
        fields or {}, whole + closing, "" if fields is not None else f"a {record} cannot be cut into its tags"
    )


def _fields_of(written: str) -> dict[str, str] | None:
    """The fields of a record without its closing tag, in one pass. None if they cannot be told."""
    position = written.index(">") + 1
    fields: dict[str, str] = {}
    while tag := _OPENING.search(written, position):
        name, start, alone = tag[2].lower(), tag.end(), tag[3].endswith("/")
        closing = None if alone else _closing(written, tag[1], start)
        if not (alone or closing) or name in fields or not _is_note(written[position : tag.start()]):
            return None
        end = closing.start() if closing else start
        fields[name] = shown(_ILLEGAL.sub("", _unescape(written[start:end])))
        position = closing.end() if closing else start
    return fields if _is_note(written[position:]) else None


def _closing(written: str, name: str, start: int) -> re.Match[str] | None:
    """The tag that closes one, behind the sections in which nothing is a tag."""
    while section := _SECTION_BEGINS.match(written, start):
        end = written.find("]]>", section.end())
        if end < 0:
            break
        start = end
    return re.compile(rf"</{re.escape(name)}\s*>", re.IGNORECASE).search(written, start)


def _unescape(text: str) -> str:
    """A text as it is meant: what is in a CDATA section stands there as it is."""
    if "<![CDATA[" in text:
        pieces = _cut(text, *_SECTION)
        return "".join(piece if at % 2 else _references(piece) for at, piece in enumerate(pieces))
    return _references(text)


def _references(text: str) -> str:
    return _REFERENCE.sub(_character, _PAIR.sub(_joined, text)) if "&" in text else text


def _joined(pair: re.Match[str]) -> str:
    high, low = (int(pair[at]) if pair[at] else int(pair[at + 1], 16) for at in (1, 3))
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _character(reference: re.Match[str]) -> str:
    if reference[1]:
        return _ENTITIES[reference[1]]
    code = int(reference[2]) if reference[2] else int(reference[3], 16)
    legal = code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF
    return _ILLEGAL.sub("", chr(code)) if legal else reference[0]
