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
from tests.doubles.samples import samples
from tests.unit.codecs import doors
from tests.unit.codecs.doors import REPLIES, REPORTS, Door
from tests.unit.codecs.test_contract import decoders
from tests.unit.codecs.test_kinds_bytes import NUMBER, record
from tests.unit.codecs.test_kinds_numbers import names

UNTIMED = "WHEN"  # in the place of a moment
NOISE = st.binary(min_size=1, max_size=8)
PLAIN = b'"\\<>&#|;,'  # what would be structure, not damage


def time_written(door: Door, noise: bytes) -> bytes:
    """A record with noise in the place of its time."""
    if door.kind == "reports":
        written = doors.report(door, NUMBER, "1", doors.delivered(door), UNTIMED)
    else:
        written = doors.reply(door, NUMBER, "TD", UNTIMED)
    return written.replace(UNTIMED.encode(), door.says.escaped(noise))


def noted(door: Door, noise: bytes) -> bytes:
    """A record with noise in a field that nobody reads, or that is shown alone."""
    return door.says.noted(record(door), noise)


@pytest.mark.parametrize("where", [time_written, noted])
@pytest.mark.parametrize("door", [*REPORTS, *REPLIES], ids=names)
@given(noise=NOISE)
def test_it_costs_no_record(door: Door, where: Callable[[Door, bytes], bytes], noise: bytes) -> None:
    noise = bytes(byte for byte in noise if byte >= 0x20 and byte not in PLAIN) or b"\xff"
    damaged = where(door, noise)
    if noise not in damaged and door.says.escaped(noise) not in damaged:
        return  # the vendor's records have no such field
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


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("noise", [b"\xff", b"\xff\xfe", "余额".encode("gbk"), "余额".encode()[:-1], b"\x81"])
def test_it_costs_no_refusal(vendor: str, noise: bytes) -> None:
    says = samples(vendor)
    code = next(code for code, (about, _, _) in next(iter(says.CODES.values())).items() if about == About.ACCOUNT)
    decode = dict(decoders(vendor, voices.account(vendor)))["send"]
    refused = decode(says.refused(code, noise))
    assert isinstance(refused, Refused)
    assert refused.about == About.ACCOUNT
