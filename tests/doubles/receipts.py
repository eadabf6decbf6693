"""What vendors say of their own accord, in their own words: reports and replies, as bytes in the queues."""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from smsgateway.model import Kind
from smsgateway.queues import Source, VendorBytes
from tests.doubles.samples import OfEach, samples
from tests.doubles.voices import pushes
from tests.doubles.world import World, numbers

WORDS: Mapping[str, Mapping[str, str]] = OfEach(lambda vendor: samples(vendor).WORDS)
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
    says, source = samples(vendor), _source(vendor)
    records = [says.report(source, number, vendor_id, word, TIME, "", segment) for number in to]
    body = says.page("reports", source, records, world.settings().accounts[account])
    return VendorBytes(account, "reports", source, world.now, body=body)


def page_of(world: World, account: str, ids: Sequence[str]) -> VendorBytes:
    """The delivery of the first numbers, one under each id, in one page."""
    to = numbers(len(ids))
    vendor = world.settings().accounts[account].vendor
    named = ids if samples(vendor).ids(len(to)) > 1 else [ids[0]] * len(to)
    says, source = samples(vendor), _source(vendor)
    word = says.WORDS["delivered"]
    records = [says.report(source, number, vendor_id, word, TIME) for number, vendor_id in zip(to, named, strict=True)]
    return VendorBytes(account, "reports", source, world.now, body=says.page("reports", source, records))


def _source(vendor: str) -> Source:
    return "push" if pushes(vendor, "reports") else "poll"


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
