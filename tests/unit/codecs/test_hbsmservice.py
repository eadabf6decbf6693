"""hbsmservice: the document's samples both ways, every code of every table, every note.

"Note n" is one of tests/cases/hbsmservice/SOURCES.md.
"""

import re
from collections.abc import Callable
from copy import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.clock import BEIJING
from smsgateway.codecs import hbsmservice
from smsgateway.errors import DecodeError, EncodeError
from smsgateway.ids import SubmissionKey, message_id, parse_reference
from smsgateway.model import (
    About,
    Accepted,
    Account,
    Balance,
    Content,
    Inbound,
    Options,
    Page,
    Push,
    Reason,
    Refused,
    Report,
    ReportStatus,
    Request,
    Response,
    Submission,
)
from tests.unit.codecs.given import text_of

CASES = Path(__file__).parents[2] / "cases" / "hbsmservice"
NOW = datetime(2026, 7, 1, tzinfo=UTC)
NONCE = "01234567890123456789"
ACCOUNT = Account(
    name="hb-main",
    vendor="hbsmservice",
    base_url="http://sms.hbsmservice.com:8080",
    credentials={"corp_id": "test", "corp_pwd": "p&w=1", "corp_service": "服务1"},
)
NUMBERS = ("13810000001", "13810000002", "13810000003")
CONTENT = Content("验证码 1234，5 分钟内有效 + 100%", "示例")
SUBMISSION = Submission("sub_01JABCDEF", NUMBERS, (CONTENT,), extension="8888")
BATCH = Submission(
    "sub_01JABCDEF",
    ("13601025412", "13821056854"),
    (
        Content("尊敬的会员张三您好，您的账户余额为 20 元"),
        Content("尊敬的会员李四您好，您的账户余额为 30.2 元"),
    ),
    extension="256",
)


def case(name: str) -> bytes:
    return (CASES / name).read_bytes()


def answer(body: bytes | str) -> Response:
    return Response(200, {}, body if isinstance(body, bytes) else body.encode("gbk"))


def with_options(**options: Any) -> Account:
    return replace(ACCOUNT, options=replace(Options(), **options))


def send(submission: Submission = SUBMISSION, account: Account = ACCOUNT) -> Request:
    return hbsmservice.encode_send(account, submission, NOW, NONCE)


def batch(submission: Submission = BATCH, account: Account = ACCOUNT) -> Request:
    return hbsmservice.encode_batch(account, submission, NOW, NONCE)


def fields_of(request: Request, charset: str = "gbk") -> dict[str, str]:
    """As an independent reader of forms sees them: every name once."""
    parsed = parse_qs(request.body.decode("ascii"), keep_blank_values=True, encoding=charset, errors="strict")
    return {name: value for name, (value,) in parsed.items()}


# --- what we send


@pytest.mark.parametrize(
    ("request_", "path", "body"),
    [
        (send(), "/sms_send2.do", "send.request.txt"),
        (batch(), "/hSmsSend.do", "batch.request.document-2.2.txt"),
        (hbsmservice.encode_balance(ACCOUNT, NOW, NONCE), "/sms_count2.do", "balance.request.txt"),
        (hbsmservice.encode_report_poll(ACCOUNT, NOW, NONCE), "/post_report.do", "poll.request.txt"),
        (hbsmservice.encode_inbound_poll(ACCOUNT, NOW, NONCE), "/post_deliverMsg.do", "poll.request.txt"),
    ],
    ids=["send", "batch", "balance", "report_poll", "inbound_poll"],
)
def test_requests_are_these_bytes(request_: Request, path: str, body: str) -> None:
    assert request_.method == "POST"
    assert request_.url == "http://sms.hbsmservice.com:8080" + path
    assert request_.headers == {"Content-Type": "application/x-www-form-urlencoded; charset=GBK"}
    assert request_.body == case(body)


def test_the_accounts_own_paths_count() -> None:
    account = with_options(paths={"send": "/new/send.do"})
    assert send(account=account).url == "http://sms.hbsmservice.com:8080/new/send.do"


def test_names_are_clean_and_an_empty_extension_is_there() -> None:  # note 2; 1.2
    fields = fields_of(send(replace(SUBMISSION, extension="")))
    assert fields["ext"] == ""
    assert fields["corp_msg_id"] == SUBMISSION.id
    assert all(name == name.strip() for name in fields)


def test_the_balance_has_the_tables_two_parameters() -> None:  # note 1
    assert fields_of(hbsmservice.encode_balance(ACCOUNT, NOW, NONCE)) == {"corp_id": "test", "corp_pwd": "p&w=1"}


def test_total_count_is_the_number_of_groups() -> None:  # note 8
    fields = fields_of(batch())
    records = [record.split("&split&") for record in fields["send_param"].split("&group&")]
    assert fields["total_count"] == "2" == str(len(records))
    assert fields["ctrl_param"] == "1"
    assert records == [
        [number, f"{BATCH.id}i00{place}", "256", content.full]
        for place, (number, content) in enumerate(zip(BATCH.numbers, BATCH.contents, strict=True))
    ]


def test_each_text_of_a_batch_has_an_id_that_names_its_submission() -> None:  # 2.2: 短消息序号 differs in the sample
    key = SubmissionKey(message_id(7, 7), "00003001")
    full = replace(
        BATCH, id=key.reference, numbers=tuple(f"138{n:08}" for n in range(200)), contents=BATCH.contents[:1] * 200
    )
    ids = [record.split("&split&")[1] for record in fields_of(batch(full))["send_param"].split("&group&")]
    assert len(set(ids)) == 200
    assert all(len(one) <= 50 and one.isalnum() for one in ids)
    for one in (*ids, key.reference):  # a report may be of a batch that was sent before there were any
        assert parse_reference(report(report_xml(msg_id=one)).vendor_id) == key
    longest = SubmissionKey(key.message_id, "00003" + "001" * 6)
    assert (
        fields_of(batch(replace(full, id=longest.reference)))["send_param"].count(longest.reference + "&split&") == 200
    )


def test_the_documents_batch_is_written_like_ours() -> None:  # 2.2, whose line break is the page's
    sample = "".join(case("batch.sample.document-2.2.txt").decode("gbk").splitlines()).removeprefix("send_param=")
    own = zip(("20110608122535001", "2011060812255425003"), ("256", "257"), BATCH.numbers, BATCH.contents, strict=True)
    each = (Submission(id_, (number,), (content,), extension) for id_, extension, number, content in own)
    assert "&group&".join(fields_of(batch(one))["send_param"] for one in each) == sample


@pytest.mark.parametrize(
    ("demo", "request_", "otherwise"),
    [
        ("send.request.demo-8.txt", send(), set()),
        ("batch.request.demo-9.txt", batch(), set()),
        # Note 1: the table has corp_pwd, and neither of the others.
        (
            "balance.request.demo-10.txt",
            hbsmservice.encode_balance(ACCOUNT, NOW, NONCE),
            {"corp_pwd", "pwd", "user_id"},
        ),
        ("poll.request.demo-12.txt", hbsmservice.encode_report_poll(ACCOUNT, NOW, NONCE), {"user_id"}),  # note 15
    ],
)
def test_the_demos_names_are_ours_but_for_the_known_ones(demo: str, request_: Request, otherwise: set[str]) -> None:
    names = {name.strip() for name, _ in parse_qsl(case(demo).decode("ascii"), encoding="gbk", errors="strict")}
    assert names ^ fields_of(request_).keys() == otherwise


def test_the_demos_batch_is_ours_once_it_is_filled_in() -> None:  # 9
    demo = dict(parse_qsl(case("batch.request.demo-9.txt").decode("ascii"), encoding="gbk"))
    ours = fields_of(batch())
    filled = demo["send_param"].replace("主叫扩展号", BATCH.extension)
    for index, (number, content) in enumerate(zip(BATCH.numbers, BATCH.contents, strict=True)):
        filled = (
            filled.replace("短消息序号", f"{BATCH.id}i00{index}", 1)
            .replace("手机号码", number, 1)
            .replace(f"短信内容{index}", content.full)
        )
    assert filled == ours["send_param"]
    assert (demo["total_count"], demo["ctrl_param"]) == (ours["total_count"], ours["ctrl_param"])


@pytest.mark.parametrize("encode", [send, batch])
@pytest.mark.parametrize(
    ("change", "reason", "problem"),
    [
        ({"contents": (Content("字" * 996, "示例"),)}, Reason.CONTENT_TOO_LONG, "999"),  # note 4: 1000 with brackets
        ({"contents": (Content("", "示例"),)}, Reason.CONTENT_EMPTY, "empty"),
        ({"contents": (Content(" \n"),)}, Reason.CONTENT_EMPTY, "empty"),
        ({"contents": (Content("价格 €5 😀"),)}, Reason.CONTENT_NOT_ENCODABLE, "€ 😀"),  # note 5
        ({"contents": (Content("\ud83d"),)}, Reason.CONTENT_NOT_ENCODABLE, "U+D83D"),
        ({"contents": (Content("好", "ñ"),)}, Reason.CONTENT_NOT_ENCODABLE, "ñ"),
        ({"extension": "12a"}, Reason.EXTENSION_REFUSED, "digits"),
        ({"extension": "１"}, Reason.EXTENSION_REFUSED, "digits"),
        ({"extension": "1" * 21}, Reason.EXTENSION_REFUSED, "limit"),
        ({"numbers": ("13810000001,13810000002",)}, Reason.INVALID_NUMBER, "digits"),
        ({"numbers": ("13810000001\n",)}, Reason.INVALID_NUMBER, "digits"),
        ({"numbers": ()}, Reason.PARAMETER_REFUSED, "200"),
        ({"id": "i" * 51}, Reason.PARAMETER_REFUSED, "50"),
        ({"id": ""}, Reason.PARAMETER_REFUSED, "50"),
        ({"send_at": NOW}, Reason.PARAMETER_REFUSED, "schedule"),
    ],
)
def test_what_the_protocol_cannot_carry_is_refused(
    encode: Callable[[Submission], Request], change: dict[str, Any], reason: Reason, problem: str
) -> None:
    submission = replace(replace(SUBMISSION, numbers=NUMBERS[:1]), **change)
    with pytest.raises(EncodeError) as refused:
        encode(submission)
    assert refused.value.reason is reason
    assert problem in refused.value.problem


def test_999_characters_and_200_numbers_fit() -> None:
    numbers = tuple(f"138{n:08}" for n in range(200))
    longest = Content("字" * 995, "示例")
    assert len(fields_of(send(replace(SUBMISSION, numbers=numbers, contents=(longest,))))["msg_content"]) == 999
    assert fields_of(batch(replace(BATCH, numbers=numbers, contents=(longest,) * 200)))["total_count"] == "200"
    for encode in (send, batch):
        with pytest.raises(EncodeError, match="201 numbers in one request, the limit is 200"):
            encode(replace(SUBMISSION, numbers=(*numbers, "13910000000"), contents=(CONTENT,) * 201))


def test_the_accounts_own_limit_of_recipients() -> None:
    with pytest.raises(EncodeError, match="limit is 2"):
        send(account=with_options(recipients_per_request=2))


def test_extension_and_access_number_together() -> None:  # note 5 of 2.2, note 7
    account = with_options(access_number="10657532521924")
    assert fields_of(send(replace(SUBMISSION, extension="123456"), account))["ext"] == "123456"  # 20 digits
    assert batch(replace(BATCH, extension="12345"), account)  # 19
    for encode, extension in ((send, "1234567"), (batch, "123456")):
        with pytest.raises(EncodeError) as refused:
            encode(
                replace(BATCH, contents=BATCH.contents[:1] if encode is send else BATCH.contents, extension=extension),
                account,
            )
        assert refused.value.reason is Reason.EXTENSION_REFUSED


@pytest.mark.parametrize("text", ["a&split&b", "a&group&b", "a&group", "group&a", "split&a", "a&split"])
def test_separators_cannot_be_escaped(text: str) -> None:  # note 8
    with pytest.raises(EncodeError) as refused:
        batch(replace(BATCH, contents=(CONTENT, Content(text))))
    assert refused.value.reason is Reason.CONTENT_NOT_ENCODABLE
    assert fields_of(send(replace(SUBMISSION, contents=(Content(text),))))["msg_content"] == text  # nothing to cut here


def test_a_batch_has_a_text_for_each_number() -> None:
    with pytest.raises(EncodeError, match="2 numbers, but 1 texts"):
        batch(replace(BATCH, contents=BATCH.contents[:1]))


def test_the_charset_is_the_accounts() -> None:
    emoji = replace(SUBMISSION, contents=(Content("好😀"),))
    assert fields_of(send(emoji, with_options(charset="UTF-8")), "utf-8")["msg_content"] == "好😀"
    with pytest.raises(EncodeError, match="GB2312 cannot carry: 镕"):
        send(replace(SUBMISSION, contents=(Content("镕"),)), with_options(charset="gb2312"))


@pytest.mark.parametrize("unseen", ["\ufe0f", "\u200b", "\u3164", "\u00a0"])
def test_a_character_that_no_eye_sees_is_named_by_its_code_point(unseen: str) -> None:
    with pytest.raises(EncodeError, match=rf"GBK cannot carry: U\+{ord(unseen):04X}$"):
        send(replace(SUBMISSION, contents=(Content(f"您{unseen}好"),)))


gbk_texts = st.text(st.characters(codec="gbk"), max_size=990).filter(lambda text: text.strip())
extensions = st.text("0123456789", max_size=8)


@given(gbk_texts, extensions)
def test_another_reader_gets_the_sent_values(text: str, extension: str) -> None:
    fields = fields_of(send(replace(SUBMISSION, contents=(Content(text),), extension=extension)))
    assert (fields["msg_content"], fields["ext"]) == (text, extension)
    assert fields["mobile"].split(",") == list(NUMBERS)


@given(st.lists(gbk_texts | st.sampled_from(["&", "&group", "x&", "group&", "&split&"]), min_size=1, max_size=4))
def test_another_reader_gets_the_batchs_values(texts: list[str]) -> None:
    numbers = tuple(f"138{n:08}" for n in range(len(texts)))
    contents = tuple(Content(text) for text in texts)
    try:
        request = batch(replace(BATCH, numbers=numbers, contents=contents))
    except EncodeError as error:
        assert error.reason is Reason.CONTENT_NOT_ENCODABLE  # noqa: PT017
        return
    records = [record.split("&split&") for record in fields_of(request)["send_param"].split("&group&")]
    assert [(record[0], record[3]) for record in records] == list(zip(numbers, texts, strict=True))


# --- what the vendor answers to a submission


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("send.ok.document-1.3.txt", Accepted()),
        ("send.ok.marked.txt", Accepted()),
        ("send.partial.txt", Accepted(vendor_status="0#1 of 3")),  # note 6
        ("send.wrong-password.txt", Refused(About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "107 密码错误")),
    ],
)
def test_send_answers(body: str, outcome: Accepted | Refused) -> None:
    assert hbsmservice.decode_send(ACCOUNT, SUBMISSION, answer(case(body))) == outcome


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (case("batch.ok.txt"), Accepted()),
        (
            case("batch.total-failure.document-2.3.txt"),
            Refused(About.CONTENT, Reason.PARAMETER_REFUSED, "0#0 of 2"),
        ),
        (b"0#1", Accepted(vendor_status="0#1 of 2")),
        (b"0#5", Accepted(vendor_status="0#5 of 2")),  # 2.3: the segments of long messages
    ],
)
def test_batch_answers(body: bytes, outcome: Accepted | Refused) -> None:
    assert hbsmservice.decode_batch(ACCOUNT, BATCH, answer(body)) == outcome


LONG = Content("字" * 100)  # two segments


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"0#4", ""),  # segments: all of them
        (b"0#2", "0#2 of 2, 4 segments"),  # both texts, or one of them
        (b"0#3", "0#3 of 2, 4 segments"),
        (b"0#5", "0#5 of 2, 4 segments"),
    ],
)
def test_a_count_of_long_texts_is_complete_only_where_that_is_certain(body: bytes, shown: str) -> None:  # 2.3
    long = replace(BATCH, contents=(LONG, LONG))
    assert hbsmservice.decode_batch(ACCOUNT, long, answer(body)) == Accepted(vendor_status=shown)
    one = replace(BATCH, contents=(LONG, CONTENT))
    assert hbsmservice.decode_batch(ACCOUNT, one, answer("0#2")) == Accepted(vendor_status="0#2 of 2, 3 segments")
    plain = replace(SUBMISSION, contents=(LONG,))
    assert hbsmservice.decode_send(ACCOUNT, plain, answer("0#3")) == Accepted()  # 1.3, first note


def test_more_or_none_taken_of_a_plain_send_is_shown() -> None:
    assert hbsmservice.decode_send(ACCOUNT, SUBMISSION, answer("0#4")) == Accepted(vendor_status="0#4 of 3")
    nothing = hbsmservice.decode_send(ACCOUNT, SUBMISSION, answer("0#0"))
    assert nothing == Refused(About.CONTENT, Reason.PARAMETER_REFUSED, "0#0 of 3")


@pytest.mark.parametrize("body", ["0#3\n", " 0#3 ", "0#3\r\n"])
def test_white_space_around_an_answer_is_survived(body: str) -> None:
    assert hbsmservice.decode_send(ACCOUNT, SUBMISSION, answer(body)) == Accepted()


def decode_send(body: bytes, account: Account = ACCOUNT) -> object:
    return hbsmservice.decode_send(account, SUBMISSION, answer(body))


def decode_batch(body: bytes, account: Account = ACCOUNT) -> object:
    return hbsmservice.decode_batch(account, BATCH, answer(body))


def decode_balance(body: bytes, account: Account = ACCOUNT) -> object:
    return hbsmservice.decode_balance(account, answer(body))


def decode_report_poll(body: bytes, account: Account = ACCOUNT) -> object:
    return hbsmservice.decode_report_poll(account, answer(body))


def decode_inbound_poll(body: bytes, account: Account = ACCOUNT) -> object:
    return hbsmservice.decode_inbound_poll(account, answer(body))


def decode_report_push(body: bytes, account: Account = ACCOUNT) -> object:
    return hbsmservice.decode_report_push(account, Push("POST", body=body)).items


def decode_inbound_push(body: bytes, account: Account = ACCOUNT) -> object:
    return hbsmservice.decode_inbound_push(account, Push("POST", body=body)).items


SENDS = (decode_send, decode_batch)
POLLS = (decode_report_poll, decode_inbound_poll)
ANSWERS = (*SENDS, decode_balance, *POLLS)
DECODERS = (*ANSWERS, decode_report_push, decode_inbound_push)


@pytest.mark.parametrize(
    ("decoders", "code", "about", "reason"),
    [
        ((*SENDS,), "100", About.ACCOUNT, Reason.BALANCE_EXHAUSTED),
        ((*SENDS, decode_balance), "101", About.ACCOUNT, Reason.ACCOUNT_CLOSED),
        ((decode_send,), "102", About.CONTENT, Reason.CONTENT_TOO_LONG),
        ((decode_send,), "103", About.NUMBERS, Reason.INVALID_NUMBER),
        ((decode_send,), "104", About.ACCOUNT, Reason.SERVICE_REFUSED),  # note 3
        ((decode_balance,), "104", About.MOMENT, Reason.TOO_FAST),
        ((*SENDS, decode_balance), "106", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        ((*SENDS, decode_balance), "107", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        (ANSWERS, "108", About.ACCOUNT, Reason.ADDRESS_REFUSED),
        ((*SENDS,), "109", About.ACCOUNT, Reason.SERVICE_REFUSED),
        ((decode_send,), "110", About.CONTENT, Reason.EXTENSION_REFUSED),
        ((decode_batch,), "114", About.ACCOUNT, Reason.SERVICE_REFUSED),
        ((decode_batch,), "115", About.CONTENT, Reason.PARAMETER_REFUSED),
        ((decode_batch,), "116", About.CONTENT, Reason.PARAMETER_REFUSED),
        (ANSWERS, "9", About.ACCOUNT, Reason.SERVICE_REFUSED),
        (POLLS, "-11", About.ACCOUNT, Reason.ACCOUNT_CLOSED),
        (POLLS, "-16", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        (POLLS, "-17", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        (POLLS, "-18", About.ACCOUNT, Reason.SERVICE_REFUSED),
        (POLLS, "-19", About.MOMENT, Reason.TOO_FAST),
    ],
)
def test_a_code_means_what_its_address_says(
    decoders: tuple[Callable[[bytes], object], ...], code: str, about: About, reason: Reason
) -> None:
    for decode in ANSWERS:
        refused = decode(code.encode())
        assert isinstance(refused, Refused)
        if decode in decoders:
            assert (refused.about, refused.reason) == (about, reason)
            assert refused.vendor_status.startswith(f"{code} ")  # with the document's words
    for decode in set(ANSWERS) - set(decoders):
        elsewhere = decode(code.encode())
        assert isinstance(elsewhere, Refused)
        assert (elsewhere.about, elsewhere.reason) != (about, reason)


def test_every_code_of_the_tables_is_tested_above() -> None:
    (parameters,) = [
        mark.args[1] for mark in getattr(test_a_code_means_what_its_address_says, "pytestmark", []) if mark.args
    ]
    tested = {(decode, code) for decoders, code, _, _ in parameters for decode in decoders}
    tables = {
        decode_send: hbsmservice.SEND_CODES,
        decode_batch: hbsmservice.BATCH_CODES,
        decode_balance: hbsmservice.BALANCE_CODES,
        decode_report_poll: hbsmservice.POLL_CODES,
        decode_inbound_poll: hbsmservice.POLL_CODES,
    }
    listed = {(decode, code) for decode, table in tables.items() for code in table}
    assert tested == listed - {(decode_batch, "0#0")}  # a success of none: test_batch_answers


@pytest.mark.parametrize("decode", ANSWERS)
@pytest.mark.parametrize("code", ["199", "-5", "1"])
def test_an_unlisted_code_is_no_refusal_until_somebody_says_so(
    decode: Callable[[bytes, Account], object], code: str
) -> None:
    assert decode(code.encode(), ACCOUNT) == Refused(About.UNLISTED, Reason.UNLISTED_CODE, code)
    account = with_options(codes={code: About.MOMENT, "107": About.MOMENT})
    assert decode(code.encode(), account) == Refused(About.MOMENT, Reason.UNLISTED_CODE, code)


def test_a_listed_code_cannot_be_overruled() -> None:
    refused = decode_send(b"107", with_options(codes={"107": About.MOMENT}))
    assert isinstance(refused, Refused)
    assert refused.about is About.ACCOUNT


@pytest.mark.parametrize("decode", ANSWERS)
@pytest.mark.parametrize(
    "body",
    ["", " ", "0#", "0#-1", "0#x", "#3", "0#3#4", "00", "-", "-0", "ok", "ok#", "1 2", "１０７", "<html>", "0#3 ok"],
)
def test_what_is_neither_success_nor_code_is_refused_with_its_bytes(
    decode: Callable[[bytes], object], body: str
) -> None:
    with pytest.raises(DecodeError) as refused:
        decode(body.encode("gbk"))
    assert refused.value.raw == body.encode("gbk")


def test_zero_alone_is_nothing_waiting_on_a_poll_only() -> None:  # note 3
    for decode in POLLS:
        assert decode(case("poll.nothing-waiting.txt")) == Page(())
    for decode in (*SENDS, decode_balance):
        with pytest.raises(DecodeError):
            decode(b"0")


@pytest.mark.parametrize("body", [b"0#200", b"107", b"0#12"])
def test_a_submissions_answer_cut_short_is_never_taken_for_all_sent(body: bytes) -> None:
    whole = int(body[2:]) if body.startswith(b"0#") else 200
    submission = replace(SUBMISSION, numbers=tuple(f"138{n:08}" for n in range(whole)))
    for length in range(len(body)):
        try:
            outcome = hbsmservice.decode_send(ACCOUNT, submission, answer(body[:length]))
        except DecodeError:
            continue
        # `0#2` of `0#200` and `10` of `107` are answers by themselves: partial, and unlisted. That the body is whole is
        # for the transport to check.
        assert isinstance(outcome, Refused | Accepted)
        assert outcome.vendor_status
        assert not isinstance(outcome, Refused) or outcome.about is About.UNLISTED


def test_an_answer_with_another_status_than_200_is_none() -> None:
    for operation in (
        lambda response: hbsmservice.decode_send(ACCOUNT, SUBMISSION, response),
        lambda response: hbsmservice.decode_batch(ACCOUNT, BATCH, response),
        lambda response: hbsmservice.decode_balance(ACCOUNT, response),
        lambda response: hbsmservice.decode_report_poll(ACCOUNT, response),
        lambda response: hbsmservice.decode_inbound_poll(ACCOUNT, response),
    ):
        with pytest.raises(DecodeError):
            operation(Response(502, {}, b"0#3"))


@pytest.mark.parametrize(
    ("body", "amount"),
    [
        (case("balance.ok.txt"), "1234"),
        (case("balance.decimal.txt"), "98.5"),
        (b"OK#0\r\n", "0"),
        (b"ok#-3.50", "-3.50"),
    ],
)
def test_balance(body: bytes, amount: str) -> None:  # note 1
    assert decode_balance(body) == (Balance(Decimal(amount)),)


# --- reports


def report(body: bytes) -> Report:
    (only,) = hbsmservice.decode_report_push(ACCOUNT, Push("POST", body=body)).items
    return only


def report_xml(**fields: str) -> bytes:
    usual = {"mobile": "13810000001", "sub_seq": "0", "msg_id": "12345asd", "err": "0"} | fields
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in usual.items() if value != "absent")
    return f"<?xml version='1.0' encoding='GBK'?><reports><report>{inside}</report></reports>".encode("gb18030")


@pytest.mark.parametrize("name", ["document-4.2", "platform-4.2"])
def test_report_push(name: str) -> None:
    reports = hbsmservice.decode_report_push(ACCOUNT, Push("POST", body=case(f"report-push.{name}.xml"))).items
    assert [replace(each, raw="") for each in reports] == [
        Report(
            vendor_id="12345asd",
            number=number,
            status=ReportStatus.UNDELIVERED,
            vendor_status="2 undeliver",
            reason=Reason.UNREACHABLE,
            ours=True,
            reported_at=datetime(2010, 7, 2, tzinfo=BEIJING),
            listed=True,
        )
        for number in ("13810000001", "13810000002")
    ]
    assert [each.number in text_of(each) and "<msg_id>12345asd</msg_id>" in text_of(each) for each in reports] == [
        True,
        True,
    ]


@pytest.mark.parametrize("name", ["document-5.4", "platform-5.4"])
def test_report_poll_is_the_same_page(name: str) -> None:
    body = case(f"report-poll.{name}.xml")
    page = decode_report_poll(body)
    assert page == Page(hbsmservice.decode_report_push(ACCOUNT, Push("POST", body=body)).items, full=False)


def test_the_parts_of_a_long_message() -> None:  # notes 10, 11
    reports = hbsmservice.decode_report_push(ACCOUNT, Push("POST", body=case("report-push.long-message.xml"))).items
    assert [(each.segment, each.status, each.vendor_status) for each in reports] == [
        (1, ReportStatus.DELIVERED, "0 DELIVRD"),
        (2, ReportStatus.DELIVERED, "000"),
        (3, ReportStatus.UNDELIVERED, "MK:0012 网关失败"),
    ]
    assert {(each.vendor_id, each.number) for each in reports} == {("12345asd", "13810000001")}


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        ("0", ReportStatus.DELIVERED, None),
        ("000", ReportStatus.DELIVERED, None),
        ("2", ReportStatus.UNDELIVERED, Reason.UNREACHABLE),
        ("1", ReportStatus.UNDELIVERED, Reason.UNLISTED_CODE),  # an error code, whatever it is
        ("MK:0012", ReportStatus.UNDELIVERED, Reason.NETWORK_FAILURE),  # an operator's gateway
        ("00", ReportStatus.UNKNOWN, Reason.UNLISTED_CODE),  # a zero, but not one of the two
        ("0000", ReportStatus.UNKNOWN, Reason.UNLISTED_CODE),
        ("００", ReportStatus.UNKNOWN, Reason.UNLISTED_CODE),
        ("０", ReportStatus.DELIVERED, None),
    ],
)
def test_err(error: str, status: ReportStatus, reason: Reason | None) -> None:
    decoded = report(report_xml(err=error))
    assert (decoded.status, decoded.reason, decoded.vendor_status) == (status, reason, error)


def test_ids_are_exact_strings() -> None:
    assert report(report_xml(msg_id="0012345678901234567890123456789")).vendor_id == "0012345678901234567890123456789"
    assert report(report_xml(msg_id="")).vendor_id == ""  # sent by somebody else through the same account


@pytest.mark.parametrize("time", ["absent", "", "2010-13-02 00:00:00", "yesterday", "0001-01-01 00:00:00"])
def test_a_bad_time_is_no_time(time: str) -> None:
    assert report(report_xml(report_time=time)).reported_at is None


@pytest.mark.parametrize(
    "fields",
    [{"mobile": "absent"}, {"mobile": ""}, {"msg_id": "absent"}, {"err": "absent"}, {"err": ""}, {"sub_seq": "x"}],
)
def test_a_report_without_what_makes_it_one(fields: dict[str, str]) -> None:
    with pytest.raises(DecodeError) as refused:
        report(report_xml(**fields))
    assert refused.value.raw == report_xml(**fields)


def test_reports_that_can_be_read_and_others_among_them() -> None:
    page = hbsmservice.decode_report_push(ACCOUNT, Push("POST", body=case("report-push.unreadable.xml")))
    assert [(each.number, each.vendor_status, each.segment) for each in page.items] == [
        ("13810000001", "0 成功", 0),
        ("13810000002", "delivrd 成功", 0),
        ("13810000004", "0 成功", 1),
        ("13810000006", "0 网\ufffd\ufffd", 0),
        ("13810000007", "0 成功", 0),
    ]
    assert {each.status for each in page.items} == {ReportStatus.DELIVERED}
    assert {each.reported_at for each in page.items} == {datetime(2010, 7, 2, tzinfo=BEIJING)}
    assert [(each.place, each.problem) for each in page.unreadable] == [
        ("record 2 of 11", "something stands before a report"),
        ("record 3 of 11", "a record without mobile"),
        ("record 5 of 11", "a record without err"),
        ("record 7 of 11", "a sub_seq that is no number"),
        ("record 9 of 11", "a report is cut short"),
        ("record 11 of 11", "an id or an access number that cannot be one"),
    ]
    assert b"<msg_id>123\x81</msg_id>" in page.unreadable[-1].body


def test_a_full_page_says_so() -> None:  # note 15
    def page(count: int) -> bytes:
        record = report_xml().split(b"<reports>")[1].removesuffix(b"</reports>")
        return b"<reports>" + record * count + b"</reports>"

    for count, full in ((99, False), (100, True)):
        decoded = hbsmservice.decode_report_poll(ACCOUNT, answer(page(count)))
        assert isinstance(decoded, Page)
        assert (len(decoded.items), decoded.full) == (count, full)


# --- replies


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


# --- pushes


def test_acknowledgement_and_failure_are_single_digits() -> None:  # note 13
    for kind in ("reports", "inbound"):
        assert hbsmservice.acknowledgement(ACCOUNT, kind) == "0"
        assert hbsmservice.failure(ACCOUNT, kind) == "9"
        assert hbsmservice.verify_push(ACCOUNT, Push("POST", body=b"\xff"), kind)


@pytest.mark.parametrize("decode", [decode_report_push, decode_inbound_push])
@pytest.mark.parametrize("body", [b"", b"0", b"xml=%3Creports%3E", b"<reports>", b"\xff\xff", b"<html></html>"])
def test_a_push_that_is_not_the_xml(decode: Callable[[bytes], object], body: bytes) -> None:
    with pytest.raises(DecodeError) as refused:
        decode(body)
    assert refused.value.raw == body


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.glob("*-*.document-*.xml")))
def test_a_page_cut_short_has_its_whole_records_and_a_rest_that_is_parked(name: str) -> None:
    body = case(name)
    decode = hbsmservice.decode_report_push if "report" in name else hbsmservice.decode_inbound_push
    everything = decode(ACCOUNT, Push("POST", body=body)).items
    for length in range(len(body)):
        try:
            page = decode(ACCOUNT, Push("POST", body=body[:length]))
        except DecodeError:
            assert body[:length].count(b"</report>" if "report" in name else b"</deliver>") == 0
            continue
        assert page.items == everything[: len(page.items)]
        assert len(page.unreadable) == 1 or body[length:].isspace()


# --- all decoders


answers_like = st.text("0#123-.ok<>/reportsdeliv&;\n", max_size=30).map(str.encode)


@pytest.mark.parametrize("decode", DECODERS)
@given(body=st.binary(max_size=200) | answers_like)
def test_decoders_raise_nothing_but_decode_errors(decode: Callable[[bytes], object], body: bytes) -> None:
    try:
        decode(body)
    except DecodeError as error:
        assert error.raw == body  # noqa: PT017 - most of these are errors, not all


def test_xml_in_other_clothes() -> None:
    page = hbsmservice.decode_report_push(ACCOUNT, Push("POST", body=case("report-push.other-xml.xml")))
    assert [(report.vendor_id, report.status) for report in page.items] == [
        ("m1", ReportStatus.DELIVERED),
        ("m2", ReportStatus.DELIVERED),
    ]
    assert [each.place for each in page.unreadable] == ["record 3 of 3"]


def test_sections_beside_a_text_that_nobody_escaped() -> None:
    page = hbsmservice.decode_inbound_push(ACCOUNT, Push("POST", body=case("inbound-push.sections.xml")))
    assert [(reply.text, reply.extension) for reply in page.items] == [
        ("\nTD ", ""),
        ("a</content>b", ""),
        ("1<2 & 3", ""),
    ]


def test_a_charset_that_nobody_expects_is_not_guessed_at() -> None:
    page = hbsmservice.decode_inbound_push(ACCOUNT, Push("POST", body=case("inbound-push.big5.xml")))
    assert [reply.text for reply in page.items] == ["TD"]
    assert [each.place for each in page.unreadable] == ["record 2 of 2"]


@pytest.mark.parametrize("name", ["GBK", "gb2312", "GB18030", "gb_2312-80", "CP936", "x-gbk", "windows-936", "EUC-CN"])
def test_declarations_of_chinese_charsets_change_nothing(name: str) -> None:
    body = case("inbound-push.platform-6.2.xml")
    declared = re.sub(rb'encoding="[^"]*"', f'encoding="{name}"'.encode(), body)
    assert [reply.text for reply in hbsmservice.decode_inbound_push(ACCOUNT, Push("POST", body=declared)).items] == [
        reply.text for reply in hbsmservice.decode_inbound_push(ACCOUNT, Push("POST", body=body)).items
    ]
