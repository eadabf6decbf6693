"""What vendors say of their own accord, in their own words: reports and replies as receipts."""

import json
from collections.abc import Sequence
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from smsgateway.model import Kind
from smsgateway.queues import VendorBytes
from tests.doubles.world import World, numbers

WORDS = {
    "hbsmservice": {"delivered": "0", "undelivered": "2"},
    "langyu": {
        "delivered": "DELIVRD",
        "undelivered": "MBBLACK",
        "failed": "ROUTEERR",
        "content": "KEYWORD",
        "pending": "ACCEPTD",
    },
    "qixintong": {"delivered": "10", "undelivered": "20", "pending": "-1"},
    "infocloud": {"delivered": "DELIVRD", "undelivered": "UNDELIV", "pending": "ACCEPTD"},
    "heji": {"delivered": "DELIVRD", "undelivered": "UNDELIV", "pending": "ENROUTE"},
}
TIME = "2026-01-01 12:00:00"


def report_of(
    world: World,
    account: str,
    vendor_id: str,
    *to: str,
    status: str = "delivered",
    segment: int = 0,
    word: str = "",
) -> VendorBytes:
    """The report of some numbers under one id (hbsmservice: ours) with one fate, or in a word of one's own."""
    vendor = world.settings().accounts[account].vendor
    word = word or WORDS[vendor][status]
    if vendor == "hbsmservice":
        return _push(world, account, _xml(vendor_id, to, word, segment))
    if vendor == "qixintong":
        lines = "|".join(f"{vendor_id};{number};{word}" for number in to)
        return VendorBytes(account, "reports", "poll", world.now, body=f"{len(to)}|{lines}".encode())
    if vendor == "infocloud":
        records = [{"msgId": vendor_id, "tel": number, "arriveResult": word} for number in to]
        return _push(world, account, json.dumps({"apiKey": "k", "data": records}).encode())
    (number,) = to
    if vendor == "heji":
        said = {"sendid": vendor_id, "mobile": number, "state": word, "time": TIME}
        return _push(world, account, urlencode(said).encode())
    fields = {"msgid": vendor_id, "mobile": number, "status": word, "reportTime": "2601011200"}
    return _push(world, account, urlencode(fields).encode())


def page_of(world: World, account: str, ids: Sequence[str]) -> VendorBytes:
    """The delivery of the first numbers, one under each id, in one page."""
    to = numbers(len(ids))
    if world.settings().accounts[account].vendor != "qixintong":
        return report_of(world, account, ids[0], *to)
    lines = "|".join(f"{vendor_id};{number};10" for vendor_id, number in zip(ids, to, strict=True))
    return VendorBytes(account, "reports", "poll", world.now, body=f"{len(ids)}|{lines}".encode())


def _xml(vendor_id: str, numbers: Sequence[str], word: str, segment: int) -> bytes:
    reports = "".join(
        f"<report><mobile>{number}</mobile><msg_id>{vendor_id}</msg_id><sub_seq>{segment}</sub_seq><err>{escape(word)}</err>"
        f"<fail_desc></fail_desc><report_time>{TIME}</report_time></report>"
        for number in numbers
    )
    return f"<?xml version='1.0' encoding='gbk' ?><reports>{reports}</reports>".encode("gbk")


def masked_report(world: World, account: str, vendor_id: str, masked: str, status: str = "delivered") -> VendorBytes:
    """An answer of infocloud's query: the middle of the number is hidden."""
    record = {"msgId": vendor_id, "tel": masked, "arrive": WORDS["infocloud"][status]}
    body = json.dumps({"code": 200, "data": [record]}).encode()
    return VendorBytes(account, "reports", "poll", world.now, body=body)


def reply_of(world: World, account: str, number: str, text: str, **fields: str) -> VendorBytes:
    """A reply by langyu's push; `emshead` makes it a part."""
    written = {"mobile": number, "msg": text, "destcode": "1069", "moTime": "2601011200", **fields}
    if "emshead" in fields:
        written["isems"] = "1"
    return _push(world, account, urlencode(written).encode(), kind="inbound")


def _push(world: World, account: str, body: bytes, kind: Kind = "reports") -> VendorBytes:
    return VendorBytes(account, kind, "push", world.now, body=body)
