"""Every door through which a vendor hands out reports or replies, and pages of them in its own words.

A record is bytes, as it stands in the page: so a test can damage one of them, and put it back in order.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote_plus, urlencode

from smsgateway.model import Kind
from smsgateway.queues import Source, VendorBytes

MARK = b"\xef\xbb\xbf"  # of UTF-8


class Door(NamedTuple):
    vendor: str
    kind: Kind
    source: Source  # push or poll

    @property
    def charset(self) -> str:
        return "gbk" if self.vendor in ("hbsmservice", "qixintong") else "utf-8"

    @property
    def has_pages(self) -> bool:
        """Whether several records can come at once."""
        return self.vendor not in ("langyu", "heji") or self == Door("heji", "inbound", "push")


REPORTS = [
    Door("hbsmservice", "reports", "push"),
    Door("hbsmservice", "reports", "poll"),
    Door("infocloud", "reports", "push"),
    Door("infocloud", "reports", "poll"),
    Door("langyu", "reports", "push"),
    Door("qixintong", "reports", "poll"),
    Door("heji", "reports", "push"),
]
REPLIES = [
    Door("hbsmservice", "inbound", "push"),
    Door("hbsmservice", "inbound", "poll"),
    Door("infocloud", "inbound", "push"),
    Door("langyu", "inbound", "push"),
    Door("qixintong", "inbound", "poll"),
    Door("heji", "inbound", "push"),
]
DELIVERED = {"hbsmservice": "0", "qixintong": "10"}  # elsewhere DELIVRD


def delivered(door: Door) -> str:
    return DELIVERED.get(door.vendor, "DELIVRD")


def report(door: Door, number: str, vendor_id: str, word: str, time: str = "2026-01-01 12:00:00") -> bytes:
    match door.vendor:
        case "hbsmservice":
            written = (
                f"<report><corp_id>i</corp_id><mobile>{number}</mobile><sub_seq>0</sub_seq><msg_id>{vendor_id}</msg_id>"
                f"<err>{word}</err><fail_desc>失败</fail_desc><report_time>{time}</report_time></report>"
            )
            return written.encode("gbk")
        case "infocloud":
            result = "arrive" if door.source == "poll" else "arriveResult"
            return json.dumps({"msgId": vendor_id, "tel": number, result: word, "arriveTime": time}).encode()
        case "langyu":
            return urlencode({"msgid": vendor_id, "mobile": number, "status": word, "reportTime": time}).encode()
        case "qixintong":
            return f"{vendor_id};{number};{word}".encode("gbk")
        case _:
            return urlencode({"sendid": vendor_id, "mobile": number, "state": word, "time": time}).encode()


def reply(door: Door, number: str, text: str, time: str = "2026-01-01 12:00:00") -> bytes:
    match door.vendor:
        case "hbsmservice":
            written = f"<mobile>{number}</mobile><ext>88</ext><time>{time}</time><content>{text}</content>"
            return f"<deliver><corp_id>i</corp_id>{written}</deliver>".encode("gbk")
        case "infocloud":
            return json.dumps({"srcId": "1069", "tel": number, "content": text, "arriveTime": time}).encode()
        case "langyu":
            return urlencode({"moTime": time, "destcode": "1069", "mobile": number, "msg": text}).encode()
        case "qixintong":
            return f"133;{number};{text}".encode("gbk")
        case _:
            return quote_plus(f"{number}#@#{text}#@#{time}#@#88").encode()


def page(door: Door, records: Sequence[bytes]) -> bytes:
    match door.vendor:
        case "hbsmservice":
            root = b"reports" if door.kind == "reports" else b"delivers"
            head = b'<?xml version="1.0" encoding="GBK" ?>'
            return head + b"<%s>%s</%s>" % (root, b"".join(records), root)
        case "infocloud":
            front = b'{"code":200,' if door.source == "poll" else b'{"apiKey":"k",'
            return front + b'"data":[' + b",".join(records) + b"]}"
        case "qixintong":
            return b"|".join([str(len(records)).encode(), *records])
        case "heji" if door.kind == "inbound":
            return b"args=" + b"%23%40%40%23".join(records)
        case _:
            (record,) = records
            return record


def receipt(door: Door, body: bytes, at: int) -> VendorBytes:
    """Of the account `main`."""
    return VendorBytes("main", door.kind, door.source, at, body=body)


def _without(name: bytes) -> Callable[[bytes], bytes]:
    def damage(record: bytes) -> bytes:
        front, _, rest = record.partition(b"<%s>" % name)
        return front + rest.partition(b"</%s>" % name)[2]

    return damage


def _cut(until: bytes) -> Callable[[bytes], bytes]:
    return lambda record: record[: record.index(until)]


def _instead(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda record: record.replace(old, new, 1)


XML_RECORDS: Mapping[str, Callable[[bytes], bytes]] = {
    "no number": _without(b"mobile"),
    "a damaged number": _instead(b"<mobile>", b"<mobile>\xff"),
    "cut in a tag": _cut(b"obile>"),
    "cut in a number": _cut(b"</mobile>"),
    "a stranger in its place": lambda _: b"<note>1</note>",
    "nothing but text": lambda _: b"and more",
}
# What makes one record unreadable, and no other of its page.
UNREADABLE: Mapping[tuple[str, Kind], Mapping[str, Callable[[bytes], bytes]]] = {
    ("hbsmservice", "reports"): {
        **XML_RECORDS,
        "an empty err": _instead(b"<err>0</err>", b"<err></err>"),
        "no err": _without(b"err"),
        "a letter in sub_seq": _instead(b"<sub_seq>0", b"<sub_seq>0a"),
        "a damaged id": _instead(b"<msg_id>", b"<msg_id>\x81"),
        "a damaged err": _instead(b"<err>0", b"<err>0\xff"),
    },
    ("hbsmservice", "inbound"): {
        **XML_RECORDS,
        "no content": _without(b"content"),
        "damaged content": _instead(b"<content>", b"<content>\xff"),
        "content cut within a character": _instead(b"</content>", b"\xb6</content>"),
        "content in UTF-8": _instead(b"TD</content>", "退订</content>".encode()),
    },
    ("infocloud", "reports"): {
        "no number": _instead(b'"tel"', b'"te1"'),
        "null": lambda _: b"null",
        "a text": lambda _: b'"13800000001"',
        "a list in place of a number": _instead(b'"tel": ', b'"tel": [], "tel1": '),
        "no id": _instead(b'"msgId"', b'"msgid1"'),
    },
    ("infocloud", "inbound"): {
        "no number": _instead(b'"tel"', b'"te1"'),
        "null": lambda _: b"null",
        "half a character": _instead(b'"TD"', b'"TD\\ud83d"'),
    },
    ("qixintong", "reports"): {
        "a value that is no number": lambda record: record.rpartition(b";")[0] + b";ok",
        "too few fields": lambda record: record.rpartition(b";")[0],
        "too many fields": lambda record: record + b";1",
        "a damaged number": _instead(b";", b";\xff"),
    },
    ("qixintong", "inbound"): {
        "damaged content": lambda record: record + b"\xff",
        "content cut within a character": lambda record: record + b"\xb6",
        "content in UTF-8": _instead(b"TD", "退订".encode()),
    },
    ("heji", "inbound"): {
        "damaged content": _instead(b"TD", b"%FF"),
        "content cut within a character": _instead(b"TD", b"TD%E9%80"),
        "content in GBK": _instead(b"TD", b"%CD%CB%B6%A9"),
        "a damaged number": _instead(b"138", b"138%FF"),
    },
}
