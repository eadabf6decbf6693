"""infocloud's replies, which are pushed."""

import json
from datetime import datetime

import pytest

from smsgateway.clock import BEIJING
from smsgateway.codecs import infocloud
from smsgateway.errors import DecodeError
from smsgateway.model import Push
from tests.unit.codecs.infocloud.given import ACCOUNT, SIGNED_FREE_TEXT, case, pushed


def test_inbound_push_sample() -> None:
    push = Push("POST", body=case("inbound-push.without-comments.json"))
    assert infocloud.verify_push(ACCOUNT, push, "inbound")
    (inbound,) = infocloud.decode_inbound_push(ACCOUNT, push).items
    assert (inbound.number, inbound.text) == ("18551067101", "上行内容")
    assert (inbound.access_number, inbound.extension) == ("接入号", "")
    assert inbound.received_at == datetime(2021, 4, 9, 17, 35, tzinfo=BEIJING)
    assert json.loads(inbound.raw)["srcId"] == "接入号"


@pytest.mark.parametrize(
    ("source", "access_number", "extension"),
    [("106912", "1069", "12"), ("1069", "1069", ""), ("95533", "95533", ""), ("", "", ""), (None, "", "")],
)
def test_the_extension_follows_the_access_number(source: object, access_number: str, extension: str) -> None:
    record = {"srcId": source, "tel": "18551067101", "content": "TD", "arriveTime": "2104091735"}
    (inbound,) = infocloud.decode_inbound_push(SIGNED_FREE_TEXT, pushed(record)).items
    assert (inbound.access_number, inbound.extension) == (access_number, extension)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('""', ""),
        ('"null"', "null"),
        ("1", "1"),
        ("007", None),
        ("null", None),
        ("[]", None),
        ('"一行\\n二行"', "一行\n二行"),
        ('"一行\n二行"', "一行\n二行"),  # not escaped, as JSON wants it
        ('"\\ud83d\\ude00"', "😀"),
        ('"half \\ud83d"', None),
        ('"\\\\ud83d"', "\\ud83d"),
        ('"C:\\\\u4e00"', "C:\\u4e00"),
    ],
)
def test_the_text_of_a_reply(content: str, text: str | None) -> None:
    body = '{"apiKey":"k","data":[{"srcId":"1069","tel":"18551067101","content":' + content + "}]}"
    push = Push("POST", body=body.encode())
    if text is None:
        with pytest.raises(DecodeError):
            infocloud.decode_inbound_push(ACCOUNT, push)
        return
    (inbound,) = infocloud.decode_inbound_push(ACCOUNT, push).items
    assert inbound.text == text
    assert inbound.raw.encode()  # can be stored
    assert json.loads(inbound.raw)["content"] == text


@pytest.mark.parametrize("half", [b"\\ud83d", b"\\ude00", b"\\uDC80", b"\xf0\x9f", b"\xcd\xcb", "\ufffd".encode()])
def test_half_a_character_parks_its_reply_alone_and_unaltered(half: bytes) -> None:
    good = b'{"srcId":"1069","tel":"18551067102","content":"TD"}'
    bad = b'{"srcId":"1069","tel":"18551067101","content":"TD%s"}' % half
    page = infocloud.decode_inbound_push(ACCOUNT, Push("POST", body=b'{"apiKey":"k","data":[%s,%s]}' % (bad, good)))
    assert [reply.number for reply in page.items] == ["18551067102"]
    assert [one.body for one in page.unreadable] == [b'{"data":[%s]}' % bad]
    assert page.unreadable[0].problem == "a text with bytes that are none of its charset"
