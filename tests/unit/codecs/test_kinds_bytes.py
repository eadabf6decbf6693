"""Byte order marks, damaged bytes and the wrong charset: stripped, parked, and never content, at every vendor."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.codecs import VENDORS
from smsgateway.errors import DecodeError
from smsgateway.model import Account, Inbound, Page, Refused, Report
from smsgateway.settling.reading import decode_inbound, decode_reports
from tests.doubles import voices
from tests.doubles.samples import samples
from tests.unit.codecs import doors
from tests.unit.codecs.doors import MARK, REPLIES, REPORTS, Door
from tests.unit.codecs.test_contract import accepted_answer, decoders, unlisted_answer
from tests.unit.codecs.test_kinds_numbers import names

NUMBER = "13800138000"
ANSWERS = [
    pytest.param(vendor, operation, body, id=f"{vendor}-{operation}-{body[:8]!r}")
    for vendor in VENDORS
    for operation, bodies in (
        ("send", (accepted_answer(vendor), unlisted_answer(vendor))),
        ("balance", (samples(vendor).BALANCE, unlisted_answer(vendor))),
    )
    for body in bodies
]
in_front = pytest.mark.parametrize("front", [MARK, b"\r\n" + MARK, MARK + b"\r\n", MARK + MARK, b"\n \t"])


def account(door: Door) -> Account:
    return voices.account(door.vendor, "main")


def read(door: Door, body: bytes) -> Page[Report] | Page[Inbound]:
    receipt = doors.receipt(door, body, 0)
    return decode_reports(account(door), receipt) if door.kind == "reports" else decode_inbound(account(door), receipt)


def record(door: Door, text: str = "TD") -> bytes:
    if door.kind == "reports":
        return doors.report(door, NUMBER, "1", doors.delivered(door))
    return doors.reply(door, NUMBER, text)


@in_front
@pytest.mark.parametrize(("vendor", "operation", "body"), ANSWERS)
def test_a_mark_in_front_of_an_answer_is_nothing(vendor: str, operation: str, body: bytes, front: bytes) -> None:
    decode: Callable[[bytes], Any] = dict(decoders(vendor, voices.account(vendor)))[operation]
    plain = decode(body)
    assert plain == decode(front + body)
    assert isinstance(plain, Refused) is (body == unlisted_answer(vendor))


@pytest.mark.parametrize("front", [MARK, MARK + MARK])
@pytest.mark.parametrize("door", [*REPORTS, *REPLIES], ids=names)
def test_a_mark_in_front_of_a_page_or_push_is_nothing(door: Door, front: bytes) -> None:
    body = doors.page(door, [record(door)])
    plain, marked = read(door, body), read(door, front + body)
    if door.kind == "reports":  # a description in GBK is only shown
        said, said_marked = (
            [each._replace(raw="", vendor_status="") for each in page.items if isinstance(each, Report)]
            for page in (plain, marked)
        )
        assert len(said) == len(plain.items)
        assert said == said_marked
    else:
        assert plain.items == marked.items
    assert not marked.unreadable


@pytest.mark.parametrize("door", [*REPORTS, *REPLIES], ids=names)
@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_is_unreadable(door: Door, charset: str) -> None:
    body = doors.page(door, [record(door)]).decode(door.charset).encode(charset)
    with pytest.raises(DecodeError) as refused:
        read(door, body)
    assert refused.value.raw == body


def written_as(door: Door, text: bytes) -> bytes:
    """A page of one reply with a text in these bytes."""
    return doors.page(door, [record(door).replace(b"TD", door.says.escaped(text))])


@pytest.mark.parametrize("door", REPLIES, ids=names)
@pytest.mark.parametrize("damage", [b"\xff", b"TD\xff", b"\xff\xfeTD", "退订".encode()[:-1], "退订".encode("gbk")[:-1]])
def test_damaged_bytes_are_never_content(door: Door, damage: bytes) -> None:
    with pytest.raises(DecodeError):
        read(door, written_as(door, damage))


@pytest.mark.parametrize("door", REPLIES, ids=names)
@pytest.mark.parametrize("text", ["退订", "收到", "好", "收到，谢谢！", "您好 A1"])
def test_a_text_in_the_other_charset_is_never_garbled(door: Door, text: str) -> None:
    other = "utf-8" if door.charset == "gbk" else "gbk"
    with pytest.raises(DecodeError):
        read(door, written_as(door, text.encode(other)))
    assert [each.text for each in read(door, written_as(door, text.encode(door.charset))).items] == [text]  # type: ignore[union-attr]


@pytest.mark.parametrize("door", REPLIES, ids=names)
@given(st.binary(min_size=1, max_size=12))
def test_no_bytes_become_a_text_with_a_mark_of_damage(door: Door, text: bytes) -> None:
    try:
        page = read(door, written_as(door, text))
    except DecodeError:
        return
    for each in page.items:
        assert isinstance(each, Inbound)
        assert "\ufffd" not in each.text
        each.text.encode("utf-8")  # nor any half character


@pytest.mark.parametrize("door", [each for each in REPORTS if each.vendor == "hbsmservice"], ids=names)
@given(st.binary(max_size=8).filter(lambda noise: b"<" not in noise))
def test_damage_in_what_is_only_shown_costs_no_report(door: Door, noise: bytes) -> None:
    damaged = record(door).replace(b"</fail_desc>", noise + b"</fail_desc>")
    (report,) = read(door, doors.page(door, [damaged])).items
    assert (report.number, report.vendor_id) == (NUMBER, "1")
