"""What the simulators can write instead of what the documents show, and what the gateway's codecs make of it.

Every record is read right or parked alone, and none is lost.
"""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import pytest

from smsgateway.codecs import VENDORS as CODECS
from smsgateway.errors import DecodeError
from smsgateway.model import Account, Inbound, Kind, Options, Page, Push, PushSettings, Report, ReportStatus, Response
from tests.simulators.client import ControlClient
from tests.simulators.registry import VENDORS

ACCOUNTS = {"infocloud": "ic-1", "langyu": "ly-1", "heji": "hj-1"}
NUMBERS = ["13800000001", "13800000002", "13800000003"]
ONE_ITEM = {("langyu", "reports"), ("langyu", "inbound"), ("heji", "reports")}  # in each push
SHAPES = [
    (vendor.name, kind, shape)
    for vendor in VENDORS.values()
    if vendor.name in ACCOUNTS
    for kind in vendor.shapes
    for shape in vendor.shapes[kind]
]
# Shapes of which the record cannot be read: all others are.
UNREADABLE = {
    "infocloud": "no-tel empty-tel null-tel damaged-tel no-object cut-short damaged-word no-content unescaped "
    "half-emoji gbk-content",
    "langyu": "no-mobile damaged-mobile damaged-word no-status no-msg gbk-msg gbk-bytes bad-emshead",
    "heji": "no-mobile damaged-mobile damaged-word no-state gbk-content half-emoji no-content no-args",
}
# The record takes the one behind it along, for nobody can tell where it ends.
ENDLESS = {"cut-short", "comments"}


def account(ready: Mapping[str, Any], vendor: str) -> Account:
    """The simulator's account, as the gateway has it."""
    entry = next(each for each in ready["accounts"] if each["name"] == ACCOUNTS[vendor])
    # Without the plain name that heji's replies may leave empty (4.1).
    secrets = {name: (value,) for name, value in VENDORS[vendor].push_credentials.items() if name != "name"}
    return Account(
        name=entry["name"],
        vendor=vendor,
        base_url=entry["base_url"],
        credentials=entry["credentials"],
        push=PushSettings(("token",), (), secrets),
        options=Options(push_window=0),
    )


def read(of: Account, kind: Kind, written: Mapping[str, str]) -> Page[Report] | Page[Inbound]:
    """What the codec makes of a page, as a push or as a poll's answer, whichever it is."""
    codec = CODECS[of.vendor]
    assert codec.report_push
    assert codec.inbound_push
    body = b64decode(written["body_base64"])
    if of.vendor == "infocloud" and b'"code": 200' in body:
        assert codec.report_poll
        page = codec.report_poll.decode_report_poll(of, Response(200, body=body))
        assert isinstance(page, Page)
        return page
    # As API Gateway decodes a query.
    query = tuple(parse_qsl(written["query"], keep_blank_values=True, errors="replace"))
    push = Push("GET" if query else "POST", query=query, body=body)
    assert codec.report_push.verify_push(of, push, kind) is True
    if kind == "reports":
        return codec.report_push.decode_report_push(of, push)
    return codec.inbound_push.decode_inbound_push(of, push)


def masked(number: str) -> str:
    return f"{number[:3]}****{number[-4:]}"


def expected(vendor: str, kind: Kind, shape: str, at: int) -> list[str]:
    """The numbers of the records that can be read."""
    if (vendor, kind) in ONE_ITEM:
        return [NUMBERS[at], *(["13700000000"] if shape == "list" else [])]
    numbers = [masked(number) for number in NUMBERS] if (vendor, kind) == ("infocloud", "reports") else NUMBERS
    return [number for place, number in enumerate(numbers) if place != at or shape not in UNREADABLE[vendor].split()]


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize(("vendor", "kind", "shape"), SHAPES)
def test_a_record_of_any_shape_is_read_right_or_parked_alone(
    ready: Mapping[str, Any], control: ControlClient, vendor: str, kind: Kind, shape: str, at: int
) -> None:
    order = {"numbers": NUMBERS, "status": "DELIVRD", "text": "TD", "vendor_id": "5010203", "our_id": "msg_1-0"}
    written = control.raw(ACCOUNTS[vendor], kind, shape=shape, at=at, **order)
    of, unreadable = account(ready, vendor), shape in UNREADABLE[vendor].split()
    if unreadable and ((vendor, kind) in ONE_ITEM or shape == "no-args"):
        with pytest.raises(DecodeError):
            read(of, kind, written)
        return
    page = read(of, kind, written)
    if shape in ENDLESS:
        # What can be told apart is read, in its order, and the bytes of all else are kept.
        assert page.unreadable
        kept = b"".join(one.body for one in page.unreadable).decode()
        numbers = [item.number for item in page.items]
        assert all(number in numbers or number in kept for number in expected(vendor, kind, "", at))
        return
    assert [item.number for item in page.items] == expected(vendor, kind, shape, at)
    assert len(page.unreadable) == (1 if unreadable or shape == "no-end" else 0)
    for item in page.items:
        if isinstance(item, Report):
            assert (item.status, bool(item.vendor_id)) == (ReportStatus.DELIVERED, True)
        else:
            assert item.text in ("TD", "a#@@#b#@#TD")
