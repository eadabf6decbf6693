"""Which charset an account of a Chinese vendor writes in, and how that vendor's bytes are read.

Vendors say GB2312 and mean GBK: hbsmservice's "HTTP 协议短信接口文档 V2.0.0" has GB2312 in section 1.2 and
`charset=gbk` in its demo (8); qixintong's document names no charset, and a published client sends GB2312. So texts are
written in GBK, and read as GB18030, its superset.
"""

import re
from collections.abc import Mapping

from smsgateway.errors import ConfigurationError
from smsgateway.model import Account

BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # of UTF-8; Windows puts it before texts that no charset needs it for

# What the option `charset` may be, and how answers are then read: GB18030 is the superset of its two elders.
READ_AS: Mapping[str, str] = {"gbk": "gb18030", "gb2312": "gb18030", "gb18030": "gb18030", "utf-8": "utf-8"}

_FRONT = re.compile(rb"(?:\s|\xef\xbb\xbf)+")
# White space, and what fixed-width fields and old files are filled or ended with: zeros, and the end of a file.
AROUND = " \t\r\n\v\f\x00\x1a\u00a0\u3000\u200b\ufeff"
_QUOTES = ('"', "'")
_DAMAGED = re.compile("[\ud800-\udfff]")


def written_in(account: Account) -> str:
    """The charset of what we send, GBK unless the account says otherwise: a key of READ_AS."""
    charset = (account.options.charset or "gbk").lower()
    if charset not in READ_AS:
        raise ConfigurationError(f"{account.name}.options.charset", f"not one of {', '.join(READ_AS)}")
    return charset


def read_as(account: Account) -> str:
    """The charset of what comes back."""
    return READ_AS[written_in(account)]


def unmarked(data: bytes, charset: str) -> tuple[bytes, str]:
    """Bytes without the mark and the white space in front of them, and the charset they are in: a mark says UTF-8."""
    front = _FRONT.match(data)
    marked = front is not None and BYTE_ORDER_MARK in front[0]
    return (data[front.end() :] if front else data), ("utf-8" if marked else charset)


def bare(text: str) -> str:
    """A text, or what it names, without what is only around it: white space, zeros, marks, and a pair of quotes."""
    text = text.strip(AROUND)
    quoted = len(text) > 1 and text[0] in _QUOTES and text[-1] == text[0] and text.count(text[0]) == 2
    return text[1:-1].strip(AROUND) if quoted else text


def patched(data: bytes, charset: str) -> str:
    """Bytes as text, each damaged one as half a character of its own, so that the rest can still be cut into records
    and `unpatched` finds the very bytes again."""
    return data.decode(charset, "surrogateescape")


def unpatched(text: str, charset: str) -> bytes:
    """The bytes that `patched` made a text, or a part of it, from."""
    return text.encode(charset, "surrogateescape")


def shown(text: str) -> str:
    """A text of `patched` with U+FFFD for what was damaged, as decoders put it."""
    return _DAMAGED.sub("\ufffd", text)


def misread(text: str, charset: str) -> bool:
    """Whether what has been read as GB18030 can only be UTF-8, or the other way round.

    Either charset takes most texts of the other one for characters that nobody writes. A wrong guess would be garbled
    content, so what is doubtful counts as misread: short Cyrillic or Greek that is common Chinese in GB2312.
    """
    if text.isascii():
        return False
    try:
        data = unpatched(text, charset)
        if charset == "utf-8":
            data.decode("gb2312")
            return all(character < "\u0800" for character in text)
        return all(character.isascii() or character >= "\u2000" for character in data.decode("utf-8"))
    except UnicodeError:
        return False
