"""What the field sends instead of what infocloud's, langyu's and heji's documents show: damage, and other spellings."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

type Change = Callable[[bytes], bytes]

MARK = b"\xef\xbb\xbf"
GBK_TEXT = "退订".encode("gbk")


# --- infocloud: a record of its JSON, and a page of them


def json_field(name: str, value: bytes) -> Change:
    """A record with another value, which need not be JSON."""
    pattern = re.compile(rb'"%s": "(?:[^"\\]|\\.)*"' % name.encode())
    return lambda record: pattern.sub(lambda _: b'"%s": %s' % (name.encode(), value), record)


def json_without(name: str) -> Change:
    pattern = re.compile(rb'"%s": "(?:[^"\\]|\\.)*",? ?' % name.encode())
    return lambda record: pattern.sub(b"", record).replace(b", }", b"}")


def json_prefixed(prefix: str) -> Change:
    return lambda record: record.replace(b'"tel": "', b'"tel": "' + prefix.encode())


JSON_RECORD: Mapping[str, Change] = {
    "number-86": json_prefixed("86"),
    "number-plus-86": json_prefixed("+86 "),
    "number-full-width": json_prefixed("＋８６"),
    "no-tel": json_without("tel"),
    "empty-tel": json_field("tel", b'""'),
    "null-tel": json_field("tel", b"null"),
    "damaged-tel": json_field("tel", b'"138\xcd\xcb"'),
    "no-object": lambda record: b"[" + record + b"]",
    "cut-short": lambda record: record[: len(record) // 2],
    "no-time": json_without("arriveTime"),
    "long-time": json_field("arriveTime", b'"20260701090507"'),
}
JSON_REPORT: Mapping[str, Change] = {
    **JSON_RECORD,
    "lower-case-word": lambda record: record.replace(b"DELIVRD", b" delivrd "),
    "full-width-word": lambda record: record.replace(b"DELIVRD", "ＤＥＬＩＶＲＤ".encode()),
    "damaged-word": lambda record: record.replace(b"DELIVRD", b"DELI\xcd\xcbVRD"),
    "damaged-note": lambda record: record.replace(b"{", b'{"note": "\xcd\xcb", ', 1),
    "damaged-bid": json_field("bid", b'"\xcd\xcb"'),
    "no-bid": json_without("bid"),
    "msgid": lambda record: record.replace(b'"msgId"', b'"msgid"'),
}
JSON_REPLY: Mapping[str, Change] = {
    **JSON_RECORD,
    "no-content": json_without("content"),
    "unescaped": json_field("content", b'"say "TD""'),
    "half-emoji": json_field("content", b'"TD\\ud83d"'),
    "gbk-content": json_field("content", b'"%s"' % GBK_TEXT),
}
JSON_PAGE: Mapping[str, Change] = {
    "marked": lambda page: MARK + page,
    "no-end": lambda page: page[: page.rindex(b"]")],
    "data-text": lambda page: re.sub(
        rb'("data": )(\[.*\])', lambda found: found[1] + b'"%s"' % escaped(found[2]), page, flags=re.DOTALL
    ),
    "comments": lambda page: page.replace(b"}, {", b"}, --\n{"),
}


def escaped(text: bytes) -> bytes:
    return text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


# --- langyu and heji: the fields of a push


def field(name: str, value: bytes) -> Change:
    """A form with another value in place of one of its fields."""
    pattern = re.compile(rb"(^|&)%s=[^&]*" % name.encode())
    return lambda body: pattern.sub(lambda found: b"%s%s=%s" % (found[1], name.encode(), value), body)


def without(name: str) -> Change:
    pattern = re.compile(rb"(?:^|&)%s=[^&]*" % name.encode())
    return lambda body: pattern.sub(b"", body).removeprefix(b"&")


def prefixed(name: str, prefix: str) -> Change:
    return lambda body: re.sub(rb"((?:^|&)%s=)" % name.encode(), rb"\g<1>" + quote(prefix).encode(), body)


def form_record(number: str, time: str) -> Mapping[str, Change]:
    """Shapes of any push: which field has the number, and which the time."""
    return {
        "number-86": prefixed(number, "86"),
        "number-plus-86": prefixed(number, "+86 "),
        "number-full-width": prefixed(number, "＋８６"),
        f"no-{number}": without(number),
        f"damaged-{number}": field(number, b"138%CD%CB"),
        "no-time": without(time),
        "long-time": field(time, b"20260701090507"),
        "slashed-time": field(time, b"2026%2F07%2F01+09%3A05%3A07.0"),
        "damaged-note": lambda body: body + b"&note=%CD%CB",
        "marked": lambda body: MARK + body,
    }


def form_report(number: str, word: str, time: str) -> Mapping[str, Change]:
    return {
        **form_record(number, time),
        "lower-case-word": lambda body: body.replace(b"DELIVRD", b"+delivrd+"),
        "full-width-word": lambda body: body.replace(b"DELIVRD", quote("ＤＥＬＩＶＲＤ").encode()),
        "damaged-word": lambda body: body.replace(b"DELIVRD", b"DELI%CD%CBVRD"),
        f"no-{word}": without(word),
        "list": lambda body: re.sub(rb"((?:^|&)%s=)([^&]*)" % number.encode(), rb"\1\2%EF%BC%8C+13700000000", body),
    }


LANGYU_REPORT: Mapping[str, Change] = form_report("mobile", "status", "reportTime")
LANGYU_REPLY: Mapping[str, Change] = {
    **form_record("mobile", "moTime"),
    "no-msg": without("msg"),
    "gbk-msg": field("msg", quote(GBK_TEXT).encode()),
    "gbk-bytes": field("msg", GBK_TEXT),
    "bad-emshead": lambda body: body + b"&isems=1&emshead=7,2",
}
HEJI_REPORT: Mapping[str, Change] = form_report("mobile", "state", "time")
# Of one record of `args`, not escaped.
HEJI_RECORD: Mapping[str, Change] = {
    "number-86": lambda record: b"86" + record,
    "number-plus-86": lambda record: b"+86 " + record,
    "number-full-width": lambda record: "＋８６".encode() + record,
    "separators": lambda record: record.replace(b"#@#", b"#@#a#@@#b#@#", 1),
    "gbk-content": lambda record: record.replace(b"#@#", b"#@#" + GBK_TEXT, 1),
    "half-emoji": lambda record: record.replace(b"#@#", b"#@#\xf0\x9f", 1),
    "no-time": lambda record: re.sub(rb"#@#[^#]*(#@#[0-9]*)$", rb"#@#\1", record),
    "long-time": lambda record: re.sub(rb"#@#[^#]*(#@#[0-9]*)$", rb"#@#20260701090507\1", record),
    "no-content": lambda record: record.partition(b"#@#")[0],
}
HEJI_REPLY_PAGE: Mapping[str, Change] = {
    "marked": lambda body: MARK + body,
    "empty-name": field("name", b""),
    "no-args": without("args"),
}
