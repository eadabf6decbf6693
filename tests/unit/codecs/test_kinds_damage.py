"""Damage in what is only shown, or only says when, costs nothing: no report, no reply, no refusal, at any vendor."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.codecs import VENDORS
from smsgateway.model import About, Refused, Report
from smsgateway.settling.reading import decode_inbound, decode_reports
from tests.doubles import voices
from tests.unit.codecs import doors
from tests.unit.codecs.doors import REPLIES, REPORTS, Door
from tests.unit.codecs.test_contract import decoders
from tests.unit.codecs.test_kinds_bytes import NUMBER, record
from tests.unit.codecs.test_kinds_numbers import names

TIME = b"2026-01-01 12:00:00"
NOISE = st.binary(min_size=1, max_size=8)
PLAIN = b'"\\<>&#|;,'  # what would be structure, not damage


def escaped(noise: bytes) -> bytes:
    return b"".join(b"%%%02X" % byte for byte in noise)


def time_written(door: Door, noise: bytes) -> Callable[[bytes], bytes]:
    """Puts noise into a record in the place of its time."""
    form = door.vendor in ("langyu", "heji")
    old = TIME.replace(b" ", b"+").replace(b":", b"%3A") if form else TIME
    return lambda written: written.replace(old, escaped(noise) if form else noise)


def noted(door: Door, noise: bytes) -> Callable[[bytes], bytes]:
    """Puts noise into a field that nobody reads, or that is shown alone."""
    match door.vendor:
        case "hbsmservice":
            return lambda written: written.replace(b"<corp_id>i", b"<corp_id>-" + noise)
        case "infocloud":
            return lambda written: written.replace(b"{", b'{"note": "' + noise + b'", ', 1)
        case _:
            return lambda written: written + b"&note=" + escaped(noise)


@pytest.mark.parametrize("where", [time_written, noted])
@pytest.mark.parametrize("door", [each for each in (*REPORTS, *REPLIES) if each.vendor != "qixintong"], ids=names)
@given(noise=NOISE)
def test_it_costs_no_record(door: Door, where: Callable[[Door, bytes], Callable[[bytes], bytes]], noise: bytes) -> None:
    noise = bytes(byte for byte in noise if byte >= 0x20 and byte not in PLAIN) or b"\xff"
    damaged = where(door, noise)(record(door))
    assert damaged != record(door)
    receipt = doors.receipt(door, doors.page(door, [damaged]), 0)
    unproved = replace(voices.account(door.vendor, "main"), push=None)  # these pushes bring no credentials
    page = (decode_reports if door.kind == "reports" else decode_inbound)(unproved, receipt)
    (item,) = page.items
    assert not page.unreadable
    assert item.number == NUMBER
    if isinstance(item, Report):
        assert item.vendor_id == "1"
    else:
        assert item.text == "TD"


REFUSALS = {
    "infocloud": b'{"code": "40002", "message": "%s"}',
    "langyu": b"20260102030405,109\n%s",
    "qixintong": b"-9|%s",
    "heji": b"11,%s",
}


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("noise", [b"\xff", b"\xff\xfe", "余额".encode("gbk"), "余额".encode()[:-1], b"\x81"])
def test_it_costs_no_refusal(vendor: str, noise: bytes) -> None:
    if vendor not in REFUSALS:
        return  # hbsmservice answers with a code alone
    decode = dict(decoders(vendor, voices.account(vendor)))["send"]
    refused = decode(REFUSALS[vendor] % noise)
    assert isinstance(refused, Refused)
    assert refused.about == About.ACCOUNT
