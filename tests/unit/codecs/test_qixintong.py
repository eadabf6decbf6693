"""qixintong: the document's samples both ways, every code of every table, every note.

"Note n" is one of tests/cases/qixintong/SOURCES.md.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.clock import BEIJING
from smsgateway.codecs import qixintong
from smsgateway.errors import DecodeError, EncodeError
from smsgateway.model import (
    About,
    Accepted,
    Account,
    Balance,
    Content,
    Inbound,
    Options,
    Page,
    Reason,
    Refused,
    Report,
    ReportStatus,
    Request,
    Response,
    Submission,
)
from tests.unit.codecs.given import text_of

CASES = Path(__file__).parents[2] / "cases" / "qixintong"
NOW = datetime(2026, 7, 1, tzinfo=UTC)
NONCE = "01234567890123456789"
ACCOUNT = Account(
    name="qx",
    vendor="qixintong",
    base_url="http://www.112088.net:8088",
    credentials={"us_name": "mysms", "us_pwd": "123456"},
)
SAMPLE = Submission("sub_1", ("13798361236",), (Content("这条是测试短信"),))
SCHEDULED = Submission(
    "sub_2",
    ("075580808080", "13512345678", "13012345678"),
    (Content("这条是测试短信", "示例"),),
    send_at=datetime(2010, 9, 3, 11, 20, 30, tzinfo=BEIJING),
)
TWO = replace(SAMPLE, numbers=("13798361236", "13798361237"))


def case(name: str) -> bytes:
    return (CASES / name).read_bytes()


def with_options(**options: Any) -> Account:
    return replace(ACCOUNT, options=replace(Options(), **options))


def send(submission: Submission, account: Account = ACCOUNT) -> Request:
    return qixintong.encode_send(account, submission, NOW, NONCE)


def queries(account: Account) -> dict[str, Request]:
    return {
        "/get_report_txt.asp": qixintong.encode_report_poll(account, NOW, NONCE),
        "/get_receive_message_txt.asp": qixintong.encode_inbound_poll(account, NOW, NONCE),
        "/Get_Account_Balance.asp": qixintong.encode_balance(account, NOW, NONCE),
    }


def decode_send(body: bytes, account: Account = ACCOUNT, submission: Submission = TWO) -> object:
    return qixintong.decode_send(account, submission, Response(200, {}, body))


def decode_report_poll(body: bytes, account: Account = ACCOUNT) -> Page[Report] | Refused:
    return qixintong.decode_report_poll(account, Response(200, {}, body))


def decode_inbound_poll(body: bytes, account: Account = ACCOUNT) -> Page[Inbound] | Refused:
    return qixintong.decode_inbound_poll(account, Response(200, {}, body))


def decode_balance(body: bytes, account: Account = ACCOUNT) -> object:
    return qixintong.decode_balance(account, Response(200, {}, body))


POLLS = (decode_report_poll, decode_inbound_poll)
DECODERS = (decode_send, *POLLS, decode_balance)


def fields_of(request: Request, charset: str = "gbk") -> dict[str, str]:
    """As an independent reader of forms sees them: every name once."""
    form = request.body.decode("ascii") if request.method == "POST" else urlsplit(request.url).query
    parsed = parse_qs(form, keep_blank_values=True, encoding=charset, errors="strict")
    return {name: value for name, (value,) in parsed.items()}


# --- what we send


@pytest.mark.parametrize(
    ("submission", "body"),
    [(SAMPLE, "send.request.document-1.1.1.txt"), (SCHEDULED, "send.request.scheduled.txt")],
)
def test_send_as_post_and_as_get(submission: Submission, body: str) -> None:  # note 8
    posted = send(submission)
    assert (posted.method, posted.url) == ("POST", "http://www.112088.net:8088/sendsms_txt.asp")
    assert posted.headers == {"Content-Type": "application/x-www-form-urlencoded; charset=GBK"}
    assert posted.body == case(body)
    got = send(submission, with_options(method="GET"))
    assert got == Request("GET", "http://www.112088.net:8088/sendsms_txt.asp?" + case(body).decode("ascii"))


def test_queries_as_post_and_as_get() -> None:
    for path, request in queries(ACCOUNT).items():
        assert (request.method, request.url) == ("POST", "http://www.112088.net:8088" + path)
        assert request.body == case("query.request.txt")
    for path, request in queries(with_options(method="GET")).items():
        query = case("query.request.txt").decode("ascii")
        assert request == Request("GET", f"http://www.112088.net:8088{path}?{query}")


def test_the_documents_addresses_are_ours() -> None:
    account = with_options(method="GET")
    ours = {request.url.partition("?")[0]: request for request in (send(SAMPLE, account), *queries(account).values())}
    for line in case("addresses.document.txt").decode("gbk").splitlines():
        address, _, query = line.partition("?")
        assert list(fields_of(ours[address])) == [pair.partition("=")[0] for pair in query.split("&")]
    assert len(ours) == 4


def test_the_accounts_own_paths_count() -> None:
    assert send(SAMPLE, with_options(paths={"send": "/a.asp?v=2"})).url == "http://www.112088.net:8088/a.asp?v=2"


def test_send_time_is_beijings_and_left_out_when_at_once() -> None:  # note 7
    utc = replace(SCHEDULED, send_at=datetime(2010, 9, 3, 3, 20, 30, tzinfo=UTC))
    assert fields_of(send(utc))["send_time"] == "20100903112030"
    assert "send_time" not in fields_of(send(SAMPLE))


def test_the_charset_is_the_accounts() -> None:  # note 1
    emoji = replace(SAMPLE, contents=(Content("好😀"),))
    assert fields_of(send(emoji, with_options(charset="utf-8")), "utf-8")["send_content"] == "好😀"
    with pytest.raises(EncodeError, match="GBK cannot carry: 😀"):
        send(emoji)
    reply = "1|133;13798361236;好".encode()
    page = decode_inbound_poll(reply, with_options(charset="UTF-8"))
    assert isinstance(page, Page)
    assert page.items[0].text == "好"


@pytest.mark.parametrize(
    ("change", "reason", "problem"),
    [
        ({"contents": (Content("字" * 332, "示例"),)}, Reason.CONTENT_TOO_LONG, "335"),  # note 9: 336 with brackets
        ({"contents": (Content("", "示例"),)}, Reason.CONTENT_EMPTY, "empty"),
        ({"contents": (Content("\ud83d"),)}, Reason.CONTENT_NOT_ENCODABLE, "U+D83D"),
        ({"extension": "12"}, Reason.EXTENSION_REFUSED, "extension"),
        ({"numbers": ("13798361236,13798361237",)}, Reason.INVALID_NUMBER, "digits"),
        ({"numbers": tuple(f"138{n:08}" for n in range(101))}, Reason.PARAMETER_REFUSED, "limit is 100"),
        ({"numbers": ()}, Reason.PARAMETER_REFUSED, "limit is 100"),
    ],
)
def test_what_the_protocol_cannot_carry_is_refused(change: dict[str, Any], reason: Reason, problem: str) -> None:
    with pytest.raises(EncodeError) as refused:
        send(replace(SAMPLE, **change))
    assert refused.value.reason is reason
    assert problem in refused.value.problem


def test_335_characters_and_100_numbers_fit() -> None:  # note 9
    full = replace(SAMPLE, numbers=tuple(f"138{n:08}" for n in range(100)), contents=(Content("字" * 331, "示例"),))
    assert len(fields_of(send(full))["send_content"]) == 335
    # In UTF-8 an emoji is two characters of an SMS.
    with pytest.raises(EncodeError, match="336 characters"):
        send(replace(SAMPLE, contents=(Content("😀" * 168),)), with_options(charset="utf-8"))


@given(st.text(st.characters(codec="gbk"), min_size=1, max_size=335).filter(lambda text: text.strip()))
def test_another_reader_gets_the_sent_values(text: str) -> None:
    for account in (ACCOUNT, with_options(method="GET")):
        fields = fields_of(send(replace(TWO, contents=(Content(text),)), account))
        assert fields["send_content"] == text
        assert fields["send_phone"].split(",") == list(TWO.numbers)


# --- what the vendor answers to a submission


@pytest.mark.parametrize(
    ("body", "submission", "outcome"),
    [
        ("send.ok.document-1.1.1.txt", SAMPLE, Accepted(("SMSID",))),
        ("send.ok.id-a-number.txt", TWO, Accepted(("6408676", "06408649"))),  # note 2
        ("send.ok.one-id.txt", TWO, Accepted(("6408676",))),
        ("send.partial.txt", TWO, Accepted(("6408676",), vendor_status="0|1|1|6408676")),
        ("send.all-numbers-wrong.txt", TWO, Refused(About.NUMBERS, Reason.INVALID_NUMBER, "0|0|2|")),
        (
            "send.forbidden-word.txt",
            SAMPLE,
            Refused(About.CONTENT, Reason.SENSITIVE_CONTENT, "-3 短信内容非法，含有禁发关键词 赌博"),
        ),
        (
            "send.wrong-password.txt",
            SAMPLE,
            Refused(About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "-7 用户登入信息验证失败(一般为密码错误)"),
        ),
    ],
)
def test_send_answers(body: str, submission: Submission, outcome: Accepted | Refused) -> None:
    assert decode_send(case(body), submission=submission) == outcome
    assert decode_send(case(body) + b"\r\n", submission=submission) == outcome


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        (b"0|2|0|", ()),  # accepted, and no id to know it by
        (b"0|2|0|1,2,3", ("1", "2", "3")),
        (b"0|2|1|1,2", ("1", "2")),
        (b"0|3|0|1,2,3", ("1", "2", "3")),
        (b"0|2|0|1, 2", ("1", "2")),
    ],
)
def test_a_success_that_does_not_add_up_is_shown(body: bytes, ids: tuple[str, ...]) -> None:
    as_expected = body == b"0|2|0|1, 2"
    assert decode_send(body) == Accepted(ids, vendor_status="" if as_expected else body.decode())


@pytest.mark.parametrize(
    ("decode", "code", "about", "reason"),
    [
        (decode_send, "-1", About.ACCOUNT, Reason.SERVICE_REFUSED),  # note 5
        (decode_send, "-2", About.CONTENT, Reason.CONTENT_EMPTY),
        (decode_send, "-3", About.CONTENT, Reason.SENSITIVE_CONTENT),
        (decode_send, "-4", About.CONTENT, Reason.PARAMETER_REFUSED),
        (decode_send, "-7", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        (decode_send, "-8", About.CONTENT, Reason.CONTENT_TOO_LONG),
        (decode_send, "-9", About.ACCOUNT, Reason.BALANCE_EXHAUSTED),
        (decode_send, "-10", About.ACCOUNT, Reason.ACCOUNT_CLOSED),
        (decode_send, "-99", About.MOMENT, Reason.BUSY),
        (decode_report_poll, "-1", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        (decode_report_poll, "-3", About.MOMENT, Reason.BUSY),
        (decode_report_poll, "-7", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        (decode_inbound_poll, "-1", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        (decode_inbound_poll, "-3", About.MOMENT, Reason.BUSY),
        (decode_inbound_poll, "-7", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        (decode_balance, "-1", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        (decode_balance, "-7", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
    ],
)
def test_a_code_means_what_its_address_says(
    decode: Callable[[bytes], object], code: str, about: About, reason: Reason
) -> None:
    refused = decode(code.encode())
    assert isinstance(refused, Refused)
    assert (refused.about, refused.reason) == (about, reason)
    assert refused.vendor_status.startswith(f"{code} ")  # with the document's words


def test_every_code_of_the_tables_is_tested_above() -> None:
    (parameters,) = [
        mark.args[1] for mark in getattr(test_a_code_means_what_its_address_says, "pytestmark", []) if mark.args
    ]
    tables = {
        decode_send: qixintong.SEND_CODES,
        decode_report_poll: qixintong.POLL_CODES,
        decode_inbound_poll: qixintong.POLL_CODES,
        decode_balance: qixintong.BALANCE_CODES,
    }
    assert {(row[0], row[1]) for row in parameters} == {
        (decode, code) for decode, table in tables.items() for code in table
    }


@pytest.mark.parametrize("decode", DECODERS)
def test_an_unlisted_code_is_no_refusal_until_somebody_says_so(decode: Callable[[bytes, Account], object]) -> None:
    assert decode("-55|忙".encode("gbk"), ACCOUNT) == Refused(About.UNLISTED, Reason.UNLISTED_CODE, "-55 忙")
    account = with_options(codes={"-55": About.MOMENT})
    assert decode(b"-55", account) == Refused(About.MOMENT, Reason.UNLISTED_CODE, "-55")


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("body", ["", " ", "-", "-0", "|", "x", "<html>", "－3", "-3x", "0;1", "3|", "1|a"])
def test_what_is_neither_success_nor_code_is_refused_with_its_bytes(
    decode: Callable[[bytes], object], body: str
) -> None:
    with pytest.raises(DecodeError) as refused:
        decode(body.encode("gbk"))
    assert refused.value.raw == body.encode("gbk")


@pytest.mark.parametrize("body", [b"0|2|0|6408676,6408649", b"0|12|0|6408676", b"-10", "-3|赌博".encode("gbk")])
def test_a_submissions_answer_cut_short_is_no_other_success(body: bytes) -> None:
    for length in range(len(body)):
        try:
            outcome = decode_send(body[:length])
        except DecodeError:
            continue
        # Once all three figures are there, the vendor has said what it took; only ids can be missing then.
        assert isinstance(outcome, Refused) or body[:length].count(b"|") == 3
        assert isinstance(outcome, Accepted) == body.startswith(b"0")


def test_zero_alone_is_none_on_a_poll_and_nothing_left_on_balance() -> None:  # note 5
    for decode in POLLS:
        assert decode(case("poll.nothing-waiting.txt")) == Page(())
        assert decode(b"0|") == Page(())
    assert decode_balance(case("balance.zero.txt")) == (Balance(Decimal(0)),)
    for nothing in (b"0", b"0|"):
        with pytest.raises(DecodeError):
            decode_send(nothing)


def test_balance() -> None:
    assert decode_balance(case("balance.ok.txt")) == (Balance(Decimal(1000)),)
    assert decode_balance(b"99.5\r\n") == (Balance(Decimal("99.5")),)


def test_an_answer_with_another_status_than_200_is_none() -> None:
    response = Response(500, {}, b"0|1|0|1")
    for decode in (
        lambda: qixintong.decode_send(ACCOUNT, SAMPLE, response),
        lambda: qixintong.decode_report_poll(ACCOUNT, response),
        lambda: qixintong.decode_inbound_poll(ACCOUNT, response),
        lambda: qixintong.decode_balance(ACCOUNT, response),
    ):
        with pytest.raises(DecodeError):
            decode()


# --- reports


def items[T](page: Page[T] | Refused) -> tuple[T, ...]:
    assert isinstance(page, Page)
    return page.items


def test_report_poll() -> None:
    page = decode_report_poll(case("report-poll.document-1.1.2.txt"))
    assert page == Page(
        tuple(
            Report(
                vendor_id,
                number,
                ReportStatus.UNDELIVERED,
                vendor_status="20",
                reason=Reason.NETWORK_FAILURE,
                raw=f"{vendor_id};{number};20",
                listed=True,
            )
            for vendor_id, number in (
                ("6408676", "13682250950"),
                ("6408649", "13711147169"),
                ("6408649", "13719445093"),
            )
        )
    )


def test_report_values() -> None:  # note 5
    reports = items(decode_report_poll(case("report-poll.values.txt")))
    assert [(each.vendor_status, each.status) for each in reports] == [
        ("10", ReportStatus.DELIVERED),
        ("20", ReportStatus.UNDELIVERED),
        ("-1", ReportStatus.PENDING),
        ("30", ReportStatus.UNKNOWN),
    ]
    assert reports[3].number == "075580808080"
    assert all(each.reported_at is None and not each.ours for each in reports)  # note 6


def test_ids_are_exact_strings() -> None:
    (report,) = items(decode_report_poll(b"1|000123456789012345678901234567890;13682250950;10"))
    assert report.vendor_id == "000123456789012345678901234567890"


def test_an_unreadable_report_is_parked_alone() -> None:
    damaged = case("report-poll.unreadable.txt")
    page = decode_report_poll(damaged)
    assert isinstance(page, Page)
    assert [(each.vendor_id, each.number, each.vendor_status) for each in page.items] == [
        ("6408676", "13682250950", "10"),
        ("6408649", "13711147169", "１０"),
        ("6408649", "13719445093", "-1"),
        ("6408650", "13719445093", "delivrd"),
    ]
    assert [each.status for each in page.items] == [
        ReportStatus.DELIVERED,
        ReportStatus.DELIVERED,
        ReportStatus.PENDING,
        ReportStatus.DELIVERED,
    ]
    assert [(each.body, each.place) for each in page.unreadable] == [
        (b"1|6408676;13682250951;ok|", "record 2 of 8"),
        (b"1|6408676;13682250952|", "record 4 of 8"),
        (b"1|6408676;1368\xff250953;10|", "record 6 of 8"),
        (b"1|6408676;13682250954;10;20|", "record 8 of 8"),
    ]
    for each in page.unreadable:
        with pytest.raises(DecodeError):
            decode_report_poll(each.body)


@pytest.mark.parametrize("announced", [b"2", b"4"])
def test_reports_are_applied_whatever_was_announced_and_the_page_is_parked(announced: bytes) -> None:
    body = announced + case("report-poll.document-1.1.2.txt")[1:]
    page = decode_report_poll(body)
    assert isinstance(page, Page)
    assert len(page.items) == 3
    (parked,) = page.unreadable
    assert (parked.body, parked.place) == (body, "the whole page")
    assert parked.problem == f"{announced.decode()} reports announced, 3 there"


@pytest.mark.parametrize("ending", [b"|", b"\r\n", b"|\r\n"])
def test_a_bar_or_line_end_after_the_last_report_is_survived(ending: bytes) -> None:
    assert len(items(decode_report_poll(case("report-poll.document-1.1.2.txt") + ending))) == 3


@pytest.mark.parametrize(
    "body",
    [
        b"2|1;13682250950|2;13682250950;",
        b"1|1;13682250950",
        b"1|1;13682250950;10;1",
        b"1|1;13682250950;ok",
        b"3",
        b"1|;13682250950;10",
    ],
)
def test_reports_that_do_not_add_up_are_refused(body: bytes) -> None:
    with pytest.raises(DecodeError) as refused:
        decode_report_poll(body)
    assert refused.value.raw == body


def test_full_pages_say_so() -> None:  # note 6
    for count, full in ((99, False), (100, True)):
        page = decode_report_poll(f"{count}|{'|'.join(['1;13682250950;10'] * count)}".encode())
        assert isinstance(page, Page)
        assert (len(page.items), page.full) == (count, full)
    for count, full in ((49, False), (50, True)):
        replies = decode_inbound_poll(f"{count}|{'|'.join(['1;13682250950;T'] * count)}".encode())
        assert isinstance(replies, Page)
        assert (len(replies.items), replies.full) == (count, full)


def test_a_page_of_reports_cut_short_is_none_or_its_last_is_unread_or_unknown() -> None:
    body = case("report-poll.document-1.1.2.txt")
    for length in range(1, len(body)):
        try:
            page = decode_report_poll(body[:length])
        except DecodeError:
            continue
        assert isinstance(page, Page)
        records = body[:length].split(b"|")[1:]
        assert [text_of(each).encode() for each in page.items] == records[: len(page.items)]
        # A value cut short, `2` of `20`, says nothing; and what is less than announced is parked, whole too.
        assert all(each.status is ReportStatus.UNDELIVERED or each.vendor_status == "2" for each in page.items)
        assert (
            (page.unreadable[-1].body == body[:length])
            if len(records) < 3
            else len(page.unreadable) + len(page.items) == 3
        )


# --- replies


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
    body = f"{len(texts)}|" + "|".join(f"{n};1379836{n:04};{text}" for n, text in enumerate(texts, 100))
    texts[-1] = texts[-1].rstrip("\r\n\0").removesuffix("|")
    assert [each.text for each in items(decode_inbound_poll(body.encode("gbk")))] == texts


# --- all decoders


answers_like = st.text("0|123-;,.45678x\n", max_size=40).map(str.encode)


@pytest.mark.parametrize("decode", DECODERS)
@given(body=st.binary(max_size=200) | answers_like)
def test_decoders_raise_nothing_but_decode_errors(decode: Callable[[bytes], object], body: bytes) -> None:
    try:
        decode(body)
    except DecodeError as error:
        assert error.raw == body  # noqa: PT017 - most of these are errors, not all


@pytest.mark.parametrize("name", ["send.ok.last-bar.txt", "send.ok.spaced.txt"])
def test_an_id_has_nothing_around_it(name: str) -> None:
    """A report would not name it otherwise."""
    answer = decode_send(case(name), submission=SAMPLE)
    assert isinstance(answer, Accepted)
    assert answer.vendor_ids == ("133",)


@pytest.mark.parametrize("between", [",", "，", ";", "|", ", ", "\r\n", ",,"])
def test_ids_are_told_apart_whatever_is_between_them(between: str) -> None:
    answer = decode_send(f"0|2|0|133{between}134".encode("gbk"))
    assert isinstance(answer, Accepted)
    assert answer.vendor_ids == ("133", "134")


def test_a_damaged_word_costs_no_refusal_and_a_damaged_id_is_none() -> None:
    assert decode_send("-3|敏感".encode("gbk") + b"\xff") == Refused(
        About.CONTENT, Reason.SENSITIVE_CONTENT, "-3 短信内容非法，含有禁发关键词 敏感\ufffd"
    )
    with pytest.raises(DecodeError):
        decode_send(b"0|2|0|133\xff,134")


def test_a_reply_whose_number_is_none_costs_no_other() -> None:
    response = Response(200, body=case("inbound-poll.strange-numbers.txt"))
    page = qixintong.decode_inbound_poll(ACCOUNT, response)
    assert isinstance(page, Page)
    assert [(reply.number, reply.text) for reply in page.items] == [("13798361236", "退订"), ("13798361237", "TD")]
    assert [(each.place, each.body) for each in page.unreadable] == [("record 3 of 3", b"1|135;abc;T|")]


def test_an_operators_code_in_the_place_of_a_value() -> None:
    page = qixintong.decode_report_poll(ACCOUNT, Response(200, body=case("report-poll.gateway-word.txt")))
    assert isinstance(page, Page)
    assert [(report.status, report.reason, report.listed) for report in page.items] == [
        (ReportStatus.UNDELIVERED, Reason.NETWORK_FAILURE, False),
        (ReportStatus.UNDELIVERED, Reason.NETWORK_FAILURE, True),
    ]
