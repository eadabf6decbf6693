"""heji's replies: a push of records between separators that their texts may contain."""

import re
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from smsgateway.clock import BEIJING
from smsgateway.codecs import heji
from smsgateway.errors import DecodeError
from smsgateway.model import Inbound, Push, ReportStatus
from tests.unit.codecs.heji.given import account, case, pushed


def replies(args: str, **options: Any) -> tuple[Inbound, ...]:
    return heji.decode_inbound_push(account(**options), Push("POST", body=urlencode({"args": args}).encode())).items


# Answers


def test_records_that_nobody_can_read_cost_none_of_the_others() -> None:
    page = heji.decode_inbound_push(account(), Push("POST", body=case("inbound-push.odd-records.form")))
    assert [(reply.number, reply.text, reply.extension) for reply in page.items] == [
        ("13800138000", "TD", ""),
        ("13800138001", "T", "88"),
    ]
    assert [each.place for each in page.unreadable] == ["record 2 of 4", "record 3 of 4"]


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("text", ["A&B", "A&name", "&", "A&b=c", "1&2&3"])
def test_an_ampersand_that_nobody_escaped_costs_no_record(text: str, place: int) -> None:
    texts = ["好", "T", "TD"]
    texts[place] = text
    args = "#@@#".join(f"1380013800{n}#@#{said}#@#2026-01-01 12:00:00#@#88" for n, said in enumerate(texts))
    for body in (f"args={args}&name=admin&pwd=1", f"name=admin&pwd=1&args={args}"):
        push = Push("POST", body=body.encode())
        assert [reply.text for reply in heji.decode_inbound_push(account(), push).items] == texts
    replies = heji.decode_inbound_push(account(), Push("POST", body=case("inbound-push.ampersand.form"))).items
    assert [reply.text for reply in replies] == ["A&B", "TD"]
    cut = Push("GET", query=tuple(parse_qsl(f"args={args}", keep_blank_values=True)))
    with pytest.raises(DecodeError):
        heji.decode_inbound_push(account(), cut)


@pytest.mark.parametrize("number", ["", "abc", "null", "user@example.com", "138"])
@pytest.mark.parametrize("extension", ["88", "", "null"])
def test_a_record_is_never_swallowed_by_the_reply_before_it(number: str, extension: str) -> None:
    record = f"#@#2026-01-01 12:00:00#@#{extension}"
    args = f"13800138000#@#好{record}#@@#{number}#@#TD{record}#@@#13800138001#@#T{record}"
    page = heji.decode_inbound_push(account(), Push("POST", body=urlencode({"args": args}).encode()))
    assert [reply.text for reply in page.items] == ["好", "T"]
    assert len(page.unreadable) == 1


# Replies


@pytest.mark.parametrize("name", ["inbound-push.document-4.query", "inbound-push.document-4.form"])
def test_the_documents_replies(name: str) -> None:
    first, second = heji.decode_inbound_push(account(extension_prefix_length=3), pushed(name)).items
    assert first == Inbound(
        number="13800210021",
        text="content1",
        access_number="008123",
        extension="123",
        received_at=datetime(2013, 8, 21, 21, 20, 11, tzinfo=BEIJING),
        raw="13800210021#@#content1#@#2013-08-21 21:20:11#@#008123",
    )
    assert (second.number, second.text, second.extension) == ("13978767656", "content2", "456")
    assert second.received_at == datetime(2013, 8, 21, 21, 20, 30, tzinfo=BEIJING)


def test_separators_and_times_within_the_content() -> None:
    first, second = heji.decode_inbound_push(account(), pushed("inbound-push.separators.form")).items
    assert first.text == "退订#@#a#@@#b#@#2013-08-21 8:20:11#@#c#"
    assert (first.access_number, first.extension) == ("", "")
    assert first.received_at == datetime(2013, 8, 21, 21, 20, 11, tzinfo=BEIJING)
    assert (second.number, second.text, second.extension) == ("13978767656", "好&=+%", "008456")


@pytest.mark.parametrize(("length", "extension"), [(0, "008123"), (3, "123"), (6, ""), (9, "")])
def test_the_extension_is_cut_by_the_accounts_length(length: int, extension: str) -> None:
    (reply,) = replies("13800210021#@#x#@#2013-08-21 21:20:11#@#008123", extension_prefix_length=length)
    assert (reply.access_number, reply.extension) == ("008123", extension)


@pytest.mark.parametrize(
    ("args", "texts"),
    [
        ("13800210021#@#x#@#2013-08-21 21:20:11", ["x"]),
        ("13800210021#@#x#@#2013-08-21 21:20:11#@#", ["x"]),
        ("13800210021#@##@#2013-08-21 21:20:11#@#1", [""]),
        ("13800210021#@#x\ny#@#2013-08-21 21:20:11#@#1\n", ["x\ny"]),
        ("13800210021#@#x#@#2013-08-21 21:20:11#@#1#@@#", ["x"]),
        ("13800210021#@#x#@#2013-08-21 21:20:11#@##@@#13978767656#@#y#@#2013-08-21 21:20:11#@#", ["x", "y"]),
        ("13800210021#@#x#@#2013-08-21 21:20:11#@@#13978767656#@#y#@#2013-08-21 21:20:11", ["x", "y"]),
        ("13800210021#@#x#@#2013-08-21 21:20:11#@#1#@@#\n13978767656#@#y#@#2013-08-21 21:20:11#@#1", ["x", "y"]),
        ("13800210021#@#x#@##@#1", ["x"]),
        ("13800210021#@#x#@#yesterday#@#1#@@#13978767656#@#y#@#2013-08-21 21:20:11#@#1", ["x", "y"]),
    ],
)
def test_shapes_of_replies(args: str, texts: list[str]) -> None:
    assert [reply.text for reply in replies(args)] == texts


@pytest.mark.parametrize("time", ["", "yesterday", "2013-13-21 21:20:11", "20131321212011"])
def test_a_reply_without_a_readable_time_has_none(time: str) -> None:
    (reply,) = replies(f"13800210021#@#退订#@#{time}#@#008123")
    assert (reply.text, reply.received_at, reply.access_number) == ("退订", None, "008123")


@pytest.mark.parametrize(
    "args",
    [
        "",
        "13800210021",
        "13800210021#@#x",
        "13800210021#@#x#@#yesterday",
        "13800210021#@#x#@#y#@#yesterday#@#1",
        "13800210021#@#x#@#2013-08-21 21:20:11#@#abc#@#",
        "#@#x#@#2013-08-21 21:20:11#@#1",
    ],
)
def test_args_that_are_no_replies_are_an_error(args: str) -> None:
    push = Push("POST", body=urlencode({"name": "admin", "args": args}).encode())
    with pytest.raises(DecodeError) as error:
        heji.decode_inbound_push(account(), push)
    assert error.value.raw == push.body


def test_a_record_that_is_no_reply_is_parked_alone() -> None:
    good = "13800210021#@#x#@#2013-08-21 21:20:11#@#1"
    push = Push("POST", body=urlencode({"name": "admin", "args": f"{good}#@@#13978767656#@#y"}).encode())
    page = heji.decode_inbound_push(account(), push)
    assert [reply.text for reply in page.items] == ["x"]
    assert [(one.body, one.place) for one in page.unreadable] == [
        (urlencode({"args": "13978767656#@#y"}).encode(), "record 2 of 2")
    ]


RECORD = "{}#@#content#@#2013-08-21 21:20:11#@#008123"
NUMBERS = [
    "13978767656",
    "+8613978767656",
    "+86 13978767656",
    "+86 139-7876-7656",
    "8613978767656",
    "008613978767656",
    "0086 139 7876 7656",
    "139 7876 7656",
    "１３９７８７６７６５６",
    "\u202a+8613978767656\u202c",
    " 13978767656\n",
]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_record_begins_at_a_number_however_it_is_written(number: str) -> None:
    records = [RECORD.format(each) for each in ("13800210021", number, "13700210021")]
    first, second, third = replies("#@@#".join(records))
    assert [one.text for one in (first, second, third)] == ["content"] * 3
    assert (first.number, third.number) == ("13800210021", "13700210021")


def test_the_numbers_of_the_case_begin_their_records() -> None:
    page = heji.decode_inbound_push(account(extension_prefix_length=3), pushed("inbound-push.written-numbers.form"))
    assert [(one.number, one.text) for one in page.items] == [
        ("13800210021", "content1"),
        ("13978767656", "content2"),
        ("13978767657", "content3"),
    ]


@given(
    st.lists(
        st.tuples(st.sampled_from(NUMBERS), st.text(st.sampled_from("#@ a退,:1"), max_size=20)), min_size=1, max_size=5
    )
)
def test_texts_of_separators_stay_whole_and_numbers_begin_records(records: list[tuple[str, str]]) -> None:
    assume(not any(re.search("#@@#[^#@]*1[^#@]*#@#", f"#{text}#@#") for _, text in records))
    args = "#@@#".join(f"{number}#@#{text}#@#2013-08-21 21:20:11#@#008" for number, text in records)
    assert [reply.text for reply in replies(args)] == [text for _, text in records]


@pytest.mark.parametrize(
    ("damaged", "text"), [("退订".encode("gbk"), None), (b"\xe9\x80", None), ("\ufffd".encode(), None), (b"TD", "TD")]
)
def test_damaged_bytes_park_their_reply_alone_and_unaltered(damaged: bytes, text: str | None) -> None:
    bad = b"13800210021#@#" + damaged + b"#@#2013-08-21 21:20:11#@#1"
    good = RECORD.format("13978767656").encode()
    for args in (bad, quote(bad).encode()):
        page = heji.decode_inbound_push(account(), Push("POST", body=b"args=" + args + quote("#@@#").encode() + good))
        assert [reply.text for reply in page.items] == ([text] if text else []) + ["content"]
        assert [unquote_to_bytes(one.body.replace(b"+", b" ")) for one in page.unreadable] == (
            [] if text else [b"args=" + bad]
        )


@pytest.mark.parametrize(
    "time",
    ["2013/08/21 21:20:11", "20130821212011", "2013-08-21 21:20:11.0", "2013-08-21T21:20:11", "20130821212011.0"],
)
def test_a_time_may_be_written_otherwise(time: str) -> None:
    (reply,) = replies(f"13800210021#@#a#@#b#@#{time}#@#008123")
    expected = datetime(2013, 8, 21, 21, 20, 11, tzinfo=BEIJING)
    assert (reply.text, reply.received_at, reply.access_number) == ("a#@#b", expected, "008123")
    push = Push("POST", body=urlencode({"sendid": "1", "mobile": "1", "state": "DELIVRD", "time": time}).encode())
    assert heji.decode_report_push(account(), push).items[0].reported_at == expected


def test_a_push_without_args_or_in_another_charset_is_an_error() -> None:
    gbk = "args=13800210021#@#退订#@#2013-08-21 21:20:11#@#1".encode("gbk")
    for push in (Push("GET"), Push("POST", body=b"name=admin"), Push("POST", body=b"{}"), Push("POST", body=gbk)):
        with pytest.raises(DecodeError):
            heji.decode_inbound_push(account(), push)


READABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd")


@given(st.lists(st.text(READABLE).filter(lambda text: "#@@#" not in text), min_size=1))
def test_replies_are_read_as_they_were_written(texts: list[str]) -> None:
    args = "#@@#".join(f"13800210021#@#{text}#@#2013-08-21 21:20:11#@#008" for text in texts)
    assert [reply.text for reply in replies(args)] == texts


@given(st.text(st.sampled_from("#@ a"), max_size=40), st.text(st.sampled_from("#@ a"), max_size=40))
def test_a_reply_made_of_separators_stays_one_reply_of_its_sender(text: str, more: str) -> None:
    (reply,) = replies(f"13800210021#@#{text}#@#{more}#@#2013-08-21 21:20:11#@#008")
    assert reply.text == f"{text}#@#{more}"


def test_many_separators_are_read_in_good_time() -> None:
    (reply,) = replies("13800210021" + "#@#2013-08-21 21:20:11#@#1" * 8_000)
    assert reply.text.count("#@#") == 15_997
    with pytest.raises(DecodeError):
        replies("13800210021" + "#@#" * 60_000)


@given(st.binary(max_size=80), st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=3))
def test_any_push_is_understood_or_a_decode_error(body: bytes, query: list[tuple[str, str]]) -> None:
    push = Push("POST", query=tuple(query), body=body)
    for decoder in (heji.decode_report_push, heji.decode_inbound_push):
        with pytest.raises(DecodeError):
            decoder(account(), push)
    with suppress(DecodeError):
        assert heji.verify_push(account(push={"access_secret": ("s",), "name": ("n" * 20,)}), push, "reports") is False


@pytest.mark.parametrize("name", ["report-push.document-3.3.form", "report-push.digest-list.form"])
def test_a_cut_report_is_never_a_delivery(name: str) -> None:
    whole = case(name)
    for end in range(len(whole)):
        with suppress(DecodeError):
            reports = heji.decode_report_push(account(), Push("POST", body=whole[:end])).items
            assert {report.status for report in reports} == {ReportStatus.UNKNOWN}


@pytest.mark.parametrize("name", ["inbound-push.document-4.form", "inbound-push.separators.form"])
def test_a_cut_reply_is_an_error_or_only_lacks_its_end(name: str) -> None:
    whole = case(name)
    complete = heji.decode_inbound_push(account(), Push("POST", body=whole)).items
    for end in range(len(whole)):
        with suppress(DecodeError):
            cut = heji.decode_inbound_push(account(), Push("POST", body=whole[:end])).items
            assert all(short.number == long.number for short, long in zip(cut, complete, strict=False))
            assert all(long.text.startswith(short.text) for short, long in zip(cut, complete, strict=False))
