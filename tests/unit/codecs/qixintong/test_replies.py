"""qixintong's replies, which are polled, and whose texts may hold the separators.

"Note n" is one of tests/cases/qixintong/SOURCES.md.
"""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from smsgateway.codecs import qixintong
from smsgateway.codecs.charsets import misread
from smsgateway.errors import DecodeError
from smsgateway.model import Inbound, Page, Response
from tests.unit.codecs.qixintong.given import ACCOUNT, case, decode_inbound_poll, items

# Replies


@pytest.mark.parametrize(
    ("name", "raws"),
    [
        ("inbound-poll.document-1.1.3.txt", ["133,13798361236;我回复一条", "134,13826588212;我也回复一条"]),  # note 3
        ("inbound-poll.text-of-1.1.3.txt", ["133;13798361236;我回复一条", "134;13826588212;我也回复一条"]),
    ],
)
def test_inbound_poll(name: str, raws: list[str]) -> None:
    assert decode_inbound_poll(case(name)) == Page(
        (
            Inbound("13798361236", "我回复一条", vendor_id="133", raw=raws[0]),
            Inbound("13826588212", "我也回复一条", vendor_id="134", raw=raws[1]),
        )
    )


def test_texts_with_separators_in_them() -> None:  # note 4
    body = case("inbound-poll.separators.txt")
    assert body.count(b"|") > body.decode("gbk").count("|")  # second bytes of characters
    replies = items(decode_inbound_poll(body))
    assert [(each.vendor_id, each.number, each.text) for each in replies] == [
        ("133", "13798361236", "A|B;C,D|E"),
        ("0134", "13826588212", "億亅 "),
        ("135", "075580808080", ""),
    ]


@pytest.mark.parametrize("ending", ["|", "|\r\n"])
def test_a_bar_after_the_last_reply_is_not_the_texts(ending: str) -> None:
    (reply,) = items(decode_inbound_poll(case("inbound-poll.last-bar.txt").removesuffix(b"|") + ending.encode()))
    assert (reply.text, reply.raw) == ("退订", "133;13798361236;退订")


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_the_last_texts_own_end_stays(ending: str) -> None:
    (reply,) = items(decode_inbound_poll(f"1|133;13798361236;好| {ending}".encode("gbk")))
    assert reply.text == "好| "


@pytest.mark.parametrize(
    "body",
    [
        "1|133;13798361236;看|134;13826588212;这",  # a text that looks like a reply, or a wrong count
        "3|133;13798361236;A|134;13826588212;B",
        "2|133;13798361236;A|134;B",
        "1|x|133;13798361236;A",
        "1|133;A",
        "0|133;13798361236;A",
        "2",
    ],
)
def test_replies_that_do_not_add_up_are_refused_with_their_bytes(body: str) -> None:  # note 4
    with pytest.raises(DecodeError) as refused:
        decode_inbound_poll(body.encode("gbk"))
    assert refused.value.raw == body.encode("gbk")


def test_a_page_of_replies_cut_short_loses_no_whole_one() -> None:
    body = case("inbound-poll.document-1.1.3.txt")
    for length in range(1, len(body)):
        try:
            replies = items(decode_inbound_poll(body[:length]))
        except DecodeError:
            continue
        # Nothing marks the end of the last text; that the body is whole is for the transport to check.
        assert [each.number for each in replies] in (["13798361236", "13826588212"], ["13798361236"])
        assert replies[0].text == "我回复一条"


def test_a_damaged_reply_is_parked_alone() -> None:
    body = case("inbound-poll.unreadable.txt")
    page = decode_inbound_poll(body)
    assert isinstance(page, Page)
    assert [(each.vendor_id, each.number, each.text) for each in page.items] == [
        ("133", "13798361236", "A|B"),
        ("136", "13798361236", "好"),
    ]
    assert [(each.body, each.place) for each in page.unreadable] == [
        (b"1|134;13826588212;\xcd\xff\xcb|", "record 2 of 4"),
        (b"1|135;13826588213;" + "退订".encode() + b"|", "record 3 of 4"),  # UTF-8 in a page of GBK
    ]
    for each in page.unreadable:
        with pytest.raises(DecodeError):
            decode_inbound_poll(each.body)
    repaired = decode_inbound_poll(page.unreadable[0].body.replace(b"\xff", b""))
    assert [each.text for each in items(repaired)] == ["退"]


plain = st.text(st.characters(codec="gbk", exclude_characters="\r\n"), max_size=70)


@given(st.lists(plain | st.sampled_from(["|", ";", "1;2|3,4"]), min_size=1, max_size=5))
def test_texts_come_back_exactly(texts: list[str]) -> None:
    # Few characters of GBK are UTF-8 by chance; a text of them alone is taken for that, and parked.
    assume(not any(misread(text, "gbk") for text in texts))
    body = f"{len(texts)}|" + "|".join(f"{n};1379836{n:04};{text}" for n, text in enumerate(texts, 100))
    texts[-1] = texts[-1].rstrip("\r\n\0").removesuffix("|")
    assert [each.text for each in items(decode_inbound_poll(body.encode("gbk")))] == texts


# All decoders


def test_a_reply_whose_number_is_none_costs_no_other() -> None:
    response = Response(200, body=case("inbound-poll.strange-numbers.txt"))
    page = qixintong.decode_inbound_poll(ACCOUNT, response)
    assert isinstance(page, Page)
    assert [(reply.number, reply.text) for reply in page.items] == [("13798361236", "退订"), ("13798361237", "TD")]
    assert [(each.place, each.body) for each in page.unreadable] == [("record 3 of 3", b"1|135;abc;T|")]
