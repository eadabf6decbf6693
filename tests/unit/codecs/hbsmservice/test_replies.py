"""hbsmservice's replies, pushed and polled.

"Note n" is one of tests/cases/hbsmservice/SOURCES.md.
"""

from copy import replace
from datetime import datetime

import pytest

from smsgateway.clock import BEIJING
from smsgateway.codecs import hbsmservice
from smsgateway.errors import DecodeError
from smsgateway.model import Inbound, Page, Push
from tests.unit.codecs.hbsmservice.given import (
    ACCOUNT,
    answer,
    case,
    decode_inbound_poll,
    decode_inbound_push,
    with_options,
)

REPLY = Inbound("13810000000", "收到", extension="8888", received_at=datetime(2010, 7, 2, tzinfo=BEIJING))


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("inbound-push.document-6.2.xml", REPLY),
        ("inbound-push.platform-6.2.xml", REPLY),
        ("inbound-poll.document-7.4.xml", REPLY),
        ("inbound-poll.platform-7.4.xml", REPLY),
        (
            "inbound-push.document-11.xml",
            replace(REPLY, number="13860497631", text="您好 tuisong 测试 222", extension="2010"),
        ),
    ],
)
def test_replies(name: str, reply: Inbound) -> None:
    (pushed,) = hbsmservice.decode_inbound_push(ACCOUNT, Push("POST", body=case(name))).items
    assert replace(pushed, raw="") == reply
    assert f"<content>{reply.text}</content>" in pushed.raw
    assert decode_inbound_poll(case(name)) == Page((pushed,))


def test_replies_that_can_be_read_and_others_among_them() -> None:
    page = hbsmservice.decode_inbound_push(ACCOUNT, Push("POST", body=case("inbound-push.unreadable.xml")))
    assert [(each.number, each.text) for each in page.items] == [("13810000000", "收到"), ("13810000003", "好😀好")]
    assert {each.received_at for each in page.items} == {datetime(2010, 7, 2, tzinfo=BEIJING)}
    assert [(each.place, each.problem) for each in page.unreadable] == [
        ("record 2 of 4", "a reply in another charset than its page says"),
        ("record 3 of 4", "a text with bytes that are none of its charset"),
    ]


def test_a_page_that_says_it_is_utf_8_is() -> None:
    page = hbsmservice.decode_inbound_push(ACCOUNT, Push("POST", body=case("inbound-push.utf-8-marked.xml")))
    assert [(each.number, each.text) for each in page.items] == [("13810000000", "收到😀")]
    (parked,) = page.unreadable
    assert parked.place == "record 2 of 2"
    assert "退订".encode("gbk") in parked.body
    assert parked.body.startswith(b"\xef\xbb\xbf<?xml")  # put back, it says what it was


def test_replies_that_nobody_escaped_and_empty_ones() -> None:  # note 9
    first, second = hbsmservice.decode_inbound_push(
        ACCOUNT, Push("POST", body=case("inbound-push.unescaped.xml"))
    ).items
    assert first.text == "A&B <3 <b> 1<2 & 退订"
    assert (second.text, second.extension) == ("", "")


@pytest.mark.parametrize(
    ("access_number", "ext", "expected"),
    [
        (None, "8888", ("", "8888")),
        (None, "106575325219248888", ("", "106575325219248888")),
        ("10657532521924", "8888", ("106575325219248888", "8888")),
        ("10657532521924", "106575325219248888", ("106575325219248888", "8888")),
        ("10657532521924", "10657532521924", ("10657532521924", "")),
        ("10657532521924", "", ("10657532521924", "")),
        ("10657532521924", "10690000123456", ("", "10690000123456")),  # another of the company's numbers
        ("1069000012", "1065753252", ("", "1065753252")),  # 20 digits together, and yet a whole number
        ("10657532521924", "9912345", ("", "9912345")),  # 21 digits together
        ("10657532521924", "106", ("10657532521924106", "106")),
    ],
)
def test_ext_is_the_extension_or_the_whole_number(  # note 12
    access_number: str | None, ext: str, expected: tuple[str, str]
) -> None:
    body = case("inbound-push.platform-6.2.xml").replace(b">8888<", f">{ext}<".encode())
    account = with_options(access_number=access_number)
    (reply,) = hbsmservice.decode_inbound_push(account, Push("POST", body=body)).items
    assert (reply.access_number, reply.extension) == expected


def test_a_reply_without_content_or_number_is_none() -> None:
    body = case("inbound-push.platform-6.2.xml")
    for part in ("<content>收到</content>", "<mobile>13810000000</mobile>"):
        with pytest.raises(DecodeError):
            decode_inbound_push(body.replace(part.encode("gbk"), b""))


def test_ten_replies_are_a_full_page() -> None:
    record = case("inbound-push.platform-6.2.xml").partition(b"<delivers>")[2].removesuffix(b"</delivers>")
    for count, full in ((9, False), (10, True)):
        decoded = hbsmservice.decode_inbound_poll(ACCOUNT, answer(b"<delivers>" + record * count + b"</delivers>"))
        assert isinstance(decoded, Page)
        assert (len(decoded.items), decoded.full) == (count, full)
