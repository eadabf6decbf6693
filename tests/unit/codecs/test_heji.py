"""heji, from the cases of its document (tests/cases/heji/SOURCES.md)."""

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, unquote_to_bytes, urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from smsgateway.codecs import heji
from smsgateway.errors import DecodeError, EncodeError
from smsgateway.model import (
    About,
    Accepted,
    Account,
    Balance,
    Content,
    Inbound,
    Kind,
    Options,
    Push,
    PushSettings,
    Reason,
    Refused,
    Report,
    ReportStatus,
    Request,
    Response,
    Submission,
)
from tests.unit.codecs.given import text_of

CASES = Path(__file__).parents[2] / "cases" / "heji"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
NONCE = "12345678901234567890"
BEIJING = timezone(timedelta(hours=8))
SENDID = "20140821110353234137876543"


def case(name: str) -> bytes:
    return (CASES / name).read_bytes()


def account(
    credentials: Mapping[str, str] | None = None, push: Mapping[str, tuple[str, ...]] | None = None, **options: Any
) -> Account:
    return Account(
        name="hj",
        vendor="heji",
        base_url="http://heji.example/sms",
        credentials=credentials or {"name": "test", "pwd": "112345"},
        push=PushSettings(tokens=("token",), credentials=push or {}),
        options=Options(**options),
    )


def submission(
    text: str = "testmsg",
    signature: str = "testsign",
    numbers: tuple[str, ...] = ("18266878877", "18655555555"),
    **more: Any,
) -> Submission:
    return Submission(id="s1", numbers=numbers, contents=(Content(text, signature),), **more)


def encode(of: Account, what: Submission) -> Request:
    return heji.encode_send(of, what, NOW, NONCE)


def decode(body: bytes, sent: int = 1, **options: Any) -> Accepted | Refused:
    numbers = tuple(f"138{n:08}" for n in range(sent))
    return heji.decode_send(account(**options), submission(numbers=numbers), Response(200, body=body))


def balance(body: bytes, **options: Any) -> tuple[Balance, ...] | Refused:
    return heji.decode_balance(account(**options), Response(200, body=body))


def pushed(name: str) -> Push:
    """A case as the vendor sends it: `.query` in a GET, `.form` in a POST."""
    data = case(name)
    if name.endswith(".form"):
        return Push("POST", headers={"content-type": "application/x-www-form-urlencoded"}, body=data)
    return Push("GET", query=tuple(parse_qsl(data.decode(), keep_blank_values=True)))


def replies(args: str, **options: Any) -> tuple[Inbound, ...]:
    return heji.decode_inbound_push(account(**options), Push("POST", body=urlencode({"args": args}).encode())).items


# Sending


def test_the_documents_request_byte_for_byte() -> None:
    at = datetime(2012, 8, 1, 0, 20, 23, tzinfo=UTC)
    request = encode(account(), submission(send_at=at))
    assert (request.method, request.url) == ("POST", "http://heji.example/sms")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded; charset=UTF-8"
    assert request.body == case("send-request.form")
    printed = parse_qs(case("send-request.document-1.8.form").decode(), keep_blank_values=True)
    printed["stime"] = ["2012-08-01 08:20:23"]  # printed with a one-digit hour
    assert parse_qs(request.body.decode("ascii"), keep_blank_values=True) == printed


def test_empty_fields_are_sent_and_values_are_escaped() -> None:
    of = account(credentials={"name": "test", "pwd": "a&b=+"})
    what = submission("a+b & 50% 😀", signature="", numbers=("13800138000",), extension="0042")
    assert encode(of, what).body == case("send-request.unsigned.form")


@pytest.mark.parametrize("name", ["send-request.demo-5.1.form", "send-request.demo-6.1.form"])
def test_the_demos_fields_are_ours_but_for_the_number(name: str) -> None:
    demo = dict(parse_qsl(case(name).decode(), keep_blank_values=True))
    of = account(credentials={"name": demo["name"], "pwd": demo["pwd"]})
    what = submission(demo["content"], signature=demo["sign"], numbers=("13800138000",))
    sent = dict(parse_qsl(encode(of, what).body.decode("ascii"), keep_blank_values=True))
    assert sent == demo | {"mobile": "13800138000"}


def test_the_third_demo_leaves_out_what_may_be_empty() -> None:
    demo = dict(parse_qsl(case("send-request.demo-7.1.form").decode(), keep_blank_values=True))
    of = account(credentials={"name": demo["name"], "pwd": demo["pwd"]})
    sent = dict(parse_qsl(encode(of, submission(signature=demo["sign"])).body.decode("ascii"), keep_blank_values=True))
    assert sent == demo | {"content": "testmsg", "mobile": "18266878877,18655555555", "stime": "", "extno": ""}


def test_get_is_the_same_form_in_the_address() -> None:
    at = datetime(2012, 8, 1, 8, 20, 23, tzinfo=BEIJING)
    request = encode(account(method="GET"), submission(send_at=at))
    assert (request.method, request.body) == ("GET", b"")
    assert request.url == f"http://heji.example/sms?{case('send-request.form').decode()}"


def test_the_address_is_the_accounts() -> None:
    of = account(paths={"send": "/sms.aspx", "balance": "/balance.aspx"})
    assert encode(of, submission()).url == "http://heji.example/sms/sms.aspx"
    assert heji.encode_balance(of, NOW, NONCE).url == "http://heji.example/sms/balance.aspx"


@pytest.mark.parametrize(
    ("what", "reason", "problem"),
    [
        (submission(""), Reason.CONTENT_EMPTY, "empty"),
        (submission("字" * 501), Reason.CONTENT_TOO_LONG, "501 characters without the signature, the limit is 500"),
        (submission("😀" * 250 + "a"), Reason.CONTENT_TOO_LONG, "501"),
        (submission("a\ud83d"), Reason.CONTENT_NOT_ENCODABLE, r"U\+D83D"),
        (submission(signature="\ude00"), Reason.CONTENT_NOT_ENCODABLE, r"U\+DE00"),
        (submission(numbers=()), Reason.PARAMETER_REFUSED, "0 numbers"),
        (submission(numbers=("13800138000",) * 1001), Reason.PARAMETER_REFUSED, "1001 numbers .* limit is 1000"),
        (submission(numbers=("13800138000,13900139000",)), Reason.INVALID_NUMBER, "digits"),
        (submission(extension="1a"), Reason.EXTENSION_REFUSED, "digits"),
        (submission(extension="1" * 21), Reason.EXTENSION_REFUSED, "limit is 20"),
    ],
)
def test_what_the_protocol_cannot_carry(what: Submission, reason: Reason, problem: str) -> None:
    with pytest.raises(EncodeError, match=problem) as error:
        encode(account(), what)
    assert error.value.reason is reason


def test_500_characters_are_carried_beside_the_signature() -> None:
    fields = parse_qs(encode(account(), submission("字" * 500, signature="签名")).body.decode())
    assert (fields["content"], fields["sign"]) == (["字" * 500], ["签名"])


def test_the_account_may_know_how_many_numbers_fit() -> None:
    many = submission(numbers=("13800138000",) * 1001)
    assert encode(account(recipients_per_request=2000), many).body.count(b"13800138000") == 1001
    with pytest.raises(EncodeError, match="limit is 500"):
        encode(account(recipients_per_request=500), many)


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200).filter(str.strip),
    st.text("签名ab&=+", max_size=20),
)
def test_an_independent_parser_reads_what_was_sent(text: str, signature: str) -> None:
    request = encode(account(), submission(text, signature=signature))
    fields = parse_qs(request.body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    assert list(fields) == ["name", "pwd", "content", "mobile", "stime", "sign", "type", "extno"]
    assert (fields["content"], fields["sign"], fields["type"]) == ([text], [signature], ["pt"])


# Answers


def test_the_documents_success() -> None:
    assert decode(case("send.ok.document-1.7.2.txt"), sent=500) == Accepted(vendor_ids=(SENDID,))


@pytest.mark.parametrize("name", ["send.ok.compact.txt", "send.ok.commas-in-message.txt"])
def test_successes_of_one_number(name: str) -> None:
    assert decode(case(name)) == Accepted(vendor_ids=(SENDID,))


def test_a_success_without_an_id_or_with_numbers_left_out_is_shown_as_it_came() -> None:
    assert decode(case("send.ok.without-id.txt")) == Accepted(vendor_status="0,,0,1,0,提交成功")
    partial = decode(case("send.partial.txt"), sent=3)
    assert partial == Accepted(vendor_ids=(SENDID,), vendor_status=f"0,{SENDID},1,1,1,提交成功")
    fewer = decode(case("send.ok.compact.txt"), sent=2)
    assert fewer == Accepted(vendor_ids=(SENDID,), vendor_status=f"0,{SENDID},0,1,0,提交成功")


@pytest.mark.parametrize(
    ("counts", "sent", "reason"),
    [("0,0,1", 1, Reason.BLACKLISTED), ("1,0,0", 1, Reason.INVALID_NUMBER), ("1,0,1", 2, Reason.INVALID_NUMBER)],
)
def test_a_success_of_no_number_is_a_refusal_of_all(counts: str, sent: int, reason: Reason) -> None:
    answer = f"0,{SENDID},{counts},提交成功"
    assert decode(answer.encode(), sent=sent) == Refused(About.NUMBERS, reason, answer)


@pytest.mark.parametrize(
    ("counts", "sent"), [("0,0,0", 1), ("1,0,0", 2), ("0,0,1", 2), ("1,0,1", 3), ("2,0,0", 1), ("0,0,0", 500)]
)
def test_a_success_of_nothing_is_a_doubt_unless_every_number_is_accounted_for(counts: str, sent: int) -> None:
    answer = f"0,{SENDID},{counts},提交成功"
    assert decode(answer.encode(), sent=sent) == Refused(About.UNLISTED, Reason.AMBIGUOUS_ANSWER, answer, (SENDID,))


def test_the_success_of_nothing_of_the_case() -> None:
    answer = case("send.ok.of-nothing.txt")
    assert decode(answer) == Refused(About.UNLISTED, Reason.AMBIGUOUS_ANSWER, answer.decode(), ("2014",))


def test_records_that_nobody_can_read_cost_none_of_the_others() -> None:
    page = heji.decode_inbound_push(account(), Push("POST", body=case("inbound-push.odd-records.form")))
    assert [(reply.number, reply.text, reply.extension) for reply in page.items] == [
        ("13800138000", "TD", ""),
        ("13800138001", "T", "88"),
    ]
    assert [each.place for each in page.unreadable] == ["record 2 of 4", "record 3 of 4"]


def test_a_report_with_names_in_capitals() -> None:
    push = Push("POST", body=case("report-push.capitals.form"))
    (report,) = heji.decode_report_push(account(), push).items
    assert (report.vendor_id, report.number, report.status) == ("7", "13800138000", ReportStatus.DELIVERED)
    assert heji.verify_push(account(push={"name": ("admin",), "pwd": ("654321",)}), push, "reports")


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


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n "])
def test_a_message_in_another_charset_or_a_mark_costs_no_answer(mark: bytes) -> None:
    assert decode(mark + case("send.ok.gbk-message.txt")) == Accepted(vendor_ids=(SENDID,))
    refused = decode(mark + "10,账号".encode("gbk"))
    assert isinstance(refused, Refused)
    assert (refused.about, refused.vendor_status[:8]) == (About.ACCOUNT, "10 账号不存在")
    assert balance(mark + b"0,93") == (Balance(Decimal(93)),)


def test_the_refusals_of_the_cases() -> None:
    numbers = decode(case("send.refused.numbers.txt"))
    assert isinstance(numbers, Refused)
    assert (numbers.about, numbers.reason) == (About.NUMBERS, Reason.BLACKLISTED)
    unknown = decode(case("send.refused.account.txt"))
    assert unknown == Refused(About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "10 账号不存在")
    commas = decode(case("send.refused.commas-in-message.txt"))
    assert isinstance(commas, Refused)
    assert commas.about is About.CONTENT
    assert "含有敏感词汇:a,b" in commas.vendor_status
    spent = decode(case("send.refused.balance.txt"))
    assert spent == Refused(About.ACCOUNT, Reason.BALANCE_EXHAUSTED, "2 余额不足")
    vague = decode(case("send.refused.vague.txt"))
    assert vague == Refused(About.UNLISTED, Reason.UNLISTED_CODE, "-1 系统异常")


@pytest.mark.parametrize(
    ("code", "about", "reason"),
    [
        ("1", About.CONTENT, Reason.SENSITIVE_CONTENT),
        ("2", About.CONTENT, Reason.SENSITIVE_CONTENT),
        ("3", About.ACCOUNT, Reason.PARAMETER_REFUSED),
        ("4", About.CONTENT, Reason.CONTENT_REFUSED),
        ("10", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        ("11", About.ACCOUNT, Reason.ACCOUNT_CLOSED),
        ("12", About.ACCOUNT, Reason.ACCOUNT_CLOSED),
        ("13", About.ACCOUNT, Reason.ADDRESS_REFUSED),
        ("14", About.CONTENT, Reason.PARAMETER_REFUSED),
        ("-1", About.UNLISTED, Reason.UNLISTED_CODE),
        ("5", About.UNLISTED, Reason.UNLISTED_CODE),
        ("00", About.UNLISTED, Reason.UNLISTED_CODE),
    ],
)
def test_every_code_of_sending(code: str, about: About, reason: Reason) -> None:
    for body in (f"{code},", f"{code}, 说明", f"{code},,0,0,0,说明"):
        answer = decode(body.encode())
        assert isinstance(answer, Refused)
        assert (answer.about, answer.reason) == (about, reason)
        assert answer.vendor_status.split(" ")[0] == code


@pytest.mark.parametrize("code", ["-1", "99"])
def test_a_vague_or_unlisted_code_is_what_the_account_says(code: str) -> None:
    codes = {code: About.MOMENT, "10": About.MOMENT}
    answer = decode(f"{code},系统异常".encode(), codes=codes)
    assert isinstance(answer, Refused)
    assert (answer.about, answer.reason) == (About.MOMENT, Reason.UNLISTED_CODE)
    listed = decode("10,账号不存在".encode(), codes=codes)
    assert isinstance(listed, Refused)
    assert listed.about is About.ACCOUNT


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"0",
        b"0,",
        b"0,2014",
        "0,提交成功".encode(),
        f"0,{SENDID},0,1,0".encode(),
        f"0,{SENDID},0,,0,提交成功".encode(),
        f"0,{SENDID},0,1,-1,提交成功".encode(),
        f"0,{SENDID},0,１,0,提交成功".encode(),
        "0,<b>,0,1,0,提交成功".encode(),
        b"10",
        b"ok,1",
        "０,1".encode(),
        b"<html><body>502, Bad Gateway</body></html>",
    ],
)
def test_what_is_no_answer_is_an_error(body: bytes) -> None:
    with pytest.raises(DecodeError) as error:
        decode(body)
    assert error.value.raw == body


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.glob("send.*.txt")))
def test_a_cut_answer_never_becomes_another(name: str) -> None:
    """What is cut within the message, after the counts, has said all that counts: everything else is an error."""
    whole = case(name)
    complete = decode(whole)
    for end in range(len(whole)):
        try:
            answer = decode(whole[:end])
        except DecodeError:
            continue
        assert type(answer) is type(complete)
        if isinstance(answer, Accepted) and isinstance(complete, Accepted):
            assert answer.vendor_ids == complete.vendor_ids
            assert whole[:end].count(b",") >= 5
        if isinstance(answer, Refused) and isinstance(complete, Refused) and name != "send.refused.balance.txt":
            assert (answer.about, answer.reason) == (complete.about, complete.reason)


@given(st.binary(max_size=60) | st.from_regex(rb"-?[0-9]{1,2}(, ?[0-9]{0,3}){0,6}", fullmatch=True))
def test_any_bytes_are_an_answer_or_a_decode_error(body: bytes) -> None:
    for decoder in (decode, balance):
        with suppress(DecodeError):
            assert decoder(body) != Accepted()


# Balance


def test_the_balance_request() -> None:
    request = heji.encode_balance(account(credentials={"name": "test", "pwd": "testpwd"}), NOW, NONCE)
    assert (request.method, request.url) == ("POST", "http://heji.example/sms")
    assert request.body == case("balance-request.document-2.5.form")


def test_the_balance() -> None:
    assert balance(case("balance.ok.txt")) == (Balance(Decimal(93)),)
    assert balance(case("balance.ok.spaced.txt")) == (Balance(Decimal("93.50")),)
    refused = balance(case("balance.refused.txt"))
    assert refused == Refused(About.ACCOUNT, Reason.ADDRESS_REFUSED, "13 IP鉴权失败")


@pytest.mark.parametrize(
    ("code", "about", "reason"),
    [
        ("10", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        ("11", About.ACCOUNT, Reason.ACCOUNT_CLOSED),
        ("12", About.ACCOUNT, Reason.ACCOUNT_CLOSED),
        ("13", About.ACCOUNT, Reason.ADDRESS_REFUSED),
        ("1", About.UNLISTED, Reason.UNLISTED_CODE),
        ("-1", About.UNLISTED, Reason.UNLISTED_CODE),
    ],
)
def test_every_code_of_the_balance(code: str, about: About, reason: Reason) -> None:
    answer = balance(f"{code},0".encode())
    assert isinstance(answer, Refused)
    assert (answer.about, answer.reason) == (about, reason)


@pytest.mark.parametrize("body", [b"", b"0", b"0,", b"0,x", b"0,1e5", b"0,NaN", "0,９".encode(), b"0,1,2", b"93"])
def test_what_is_no_balance_is_an_error(body: bytes) -> None:
    with pytest.raises(DecodeError):
        balance(body)


# Reports


@pytest.mark.parametrize("name", ["report-push.document-3.3.query", "report-push.document-3.3.form"])
def test_the_documents_report(name: str) -> None:
    assert heji.decode_report_push(account(), pushed(name)).items == (
        Report(
            vendor_id="12345",
            number="13900210021",
            status=ReportStatus.DELIVERED,
            vendor_status="DELIVRD",
            reported_at=datetime(2013, 8, 20, 20, 11, 34, tzinfo=BEIJING),
            raw="sendid=12345&time=2013-08-20+20%3A11%3A34&mobile=13900210021&state=DELIVRD",
            listed=True,
        ),
    )


def test_numbers_of_one_state_are_a_report_each() -> None:
    reports = heji.decode_report_push(account(), pushed("report-push.digest-list.form")).items
    assert [report.number for report in reports] == ["13900210021", "13800138000", "18655555555"]
    assert {(report.vendor_id, report.vendor_status) for report in reports} == {(SENDID, "ERR:104")}
    assert [report.number in text_of(report) for report in reports] == [True, True, True]
    assert not any("a1b2c3" in text_of(report) or "name" in text_of(report) for report in reports)


@pytest.mark.parametrize(
    "mobile",
    [
        " 13900210021 ,,8613800138000,",
        "+86 139-0021-0021，008613800138000",
        "１３９００２１００２１、+86 13800138000;",
        "13900210021 13800138000",
        "13900210021\r\n13800138000",
    ],
)
def test_a_list_may_have_spaces_and_gaps_and_numbers_any_form(mobile: str) -> None:
    push = Push("POST", body=urlencode({"sendid": "1", "state": "DELIVRD", "mobile": mobile}).encode())
    assert [report.number for report in heji.decode_report_push(account(), push).items] == [
        "13900210021",
        "13800138000",
    ]


def test_a_number_that_cannot_be_read_is_parked_alone() -> None:
    body = b"sendid=1&time=2013-08-20+20%3A11%3A34&state=DELIVRD&mobile=13900210021%2C138%CD%CB%2C13800138000"
    page = heji.decode_report_push(account(), Push("POST", body=body))
    assert [report.number for report in page.items] == ["13900210021", "13800138000"]
    ((parked, place),) = [(one.body, one.place) for one in page.unreadable]
    assert (parse_qs(parked.decode(), encoding="latin-1")["mobile"], place) == (["138\xcd\xcb"], "record 2 of 3")


@pytest.mark.parametrize("word", ["DELIVRD\ufffd", "\ufffd\ufffd"])
def test_a_state_that_cannot_be_read_says_nothing(word: str) -> None:
    query = (("sendid", "1"), ("mobile", "13800138000"), ("state", word), ("time", "2013-08-20 20:11:34"))
    with pytest.raises(DecodeError, match="state"):
        heji.decode_report_push(account(), Push("GET", query=query))
    (report,) = heji.decode_report_push(
        account(), Push("GET", query=(*query, ("state", "DELIVRD"), ("time", word)))
    ).items
    assert (report.status, report.reported_at) == (ReportStatus.DELIVERED, None)


@pytest.mark.parametrize(
    ("word", "status", "reason"),
    [
        ("DELIVRD", ReportStatus.DELIVERED, None),
        ("EXPIRED", ReportStatus.UNDELIVERED, Reason.VALIDITY_EXPIRED),
        ("UNDELIV", ReportStatus.UNDELIVERED, Reason.UNREACHABLE),
        ("UNKNOWN", ReportStatus.UNKNOWN, None),
        ("REJECTD", ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
        ("DTBLACK", ReportStatus.UNDELIVERED, Reason.BLACKLISTED),
        ("ERR:104", ReportStatus.UNDELIVERED, Reason.BUSY),
        ("REJECT", ReportStatus.UNDELIVERED, Reason.CONTENT_REFUSED),
        ("ERR:105", ReportStatus.UNKNOWN, None),
        ("delivrd", ReportStatus.DELIVERED, None),
        (" ＤＥＬＩＶＲＤ ", ReportStatus.DELIVERED, None),
        ("DELETED", ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
        ("MBBLACK", ReportStatus.UNDELIVERED, Reason.BLACKLISTED),
        ("dtblack", ReportStatus.UNDELIVERED, Reason.BLACKLISTED),
        ("ID:0076", ReportStatus.UNDELIVERED, Reason.NETWORK_FAILURE),
    ],
)
def test_every_report_state(word: str, status: ReportStatus, reason: Reason | None) -> None:
    push = Push("POST", body=f"sendid=1&mobile=13800138000&state={word}".encode())
    (report,) = heji.decode_report_push(account(), push).items
    assert (report.status, report.reason, report.vendor_status) == (status, reason, word.strip())
    assert report.reported_at is None


@pytest.mark.parametrize("name", ["sendid", "mobile", "state"])
def test_a_report_without_what_it_needs_is_an_error(name: str) -> None:
    fields = {"sendid": "1", "mobile": "13800138000", "state": "DELIVRD"}
    for wrong in ({k: v for k, v in fields.items() if k != name}, fields | {name: " "}):
        with pytest.raises(DecodeError) as posted:
            heji.decode_report_push(account(), Push("POST", body=urlencode(wrong).encode()))
        with pytest.raises(DecodeError) as got:
            heji.decode_report_push(account(), Push("GET", query=tuple(wrong.items())))
        assert posted.value.raw == got.value.raw == urlencode(wrong).encode()


def test_ten_thousand_numbers_do_not_repeat_the_list_in_each_record() -> None:
    numbers = ",".join(f"138{n:08}" for n in range(10_000))
    reports = heji.decode_report_push(
        account(), Push("POST", body=f"sendid=1&mobile={numbers}&state=DELIVRD".encode())
    ).items
    assert len(reports) == 10_000
    assert max(len(text_of(report)) for report in reports) < 100


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


# Who pushes

SECRET = "AccessSecret-example"
DIGEST = hashlib.md5(b"AccessSecret-examplea1b2c31376999494").hexdigest()
SALT = {"random": "a1b2c3", "timestamp": "1376999494"}
MADE = 1_376_999_494_000  # the timestamp, in milliseconds
type Expected = Mapping[str, tuple[str, ...]]


@pytest.mark.parametrize(
    ("expected", "sent", "verified"),
    [
        ({"access_secret": (SECRET,)}, {"name": DIGEST} | SALT, True),
        ({"access_secret": (SECRET,)}, {"name": DIGEST.upper()} | SALT, True),
        ({"access_secret": ("new", SECRET)}, {"name": DIGEST} | SALT, True),
        ({"access_secret": (SECRET,)}, {"name": DIGEST, "random": "a1b2c3"}, False),
        ({"access_secret": (SECRET,)}, {"name": DIGEST, "random": "", "timestamp": "a1b2c31376999494"}, False),
        ({"access_secret": (SECRET,)}, {"name": DIGEST} | SALT | {"timestamp": "1376999495"}, False),
        ({"access_secret": (SECRET,)}, {"name": "admin"} | SALT, False),
        ({"access_secret": (SECRET,)}, {"name": SECRET}, False),
        ({"access_secret": ("",)}, {"name": hashlib.md5(b"a1b2c31376999494").hexdigest()} | SALT, False),
        ({"name": ("admin",)}, {"name": "admin"}, True),
        ({"name": ("old", "admin")}, {"name": "admin"} | SALT, True),
        ({"name": ("admin",)}, {"name": "ADMIN"}, False),
        ({"name": ("admin",)}, {"name": DIGEST} | SALT, False),
        ({"name": ("",)}, {"name": ""}, False),
        ({"name": ("admin",), "access_secret": (SECRET,)}, {"name": "admin"}, True),
        ({"name": ("admin",), "access_secret": (SECRET,)}, {"name": DIGEST} | SALT, True),
        ({"name": ("admin",), "access_secret": (SECRET,)}, {"name": "other"} | SALT, False),
        ({"name": ("admin",), "pwd": ("12345",)}, {"name": "admin", "pwd": "12345"}, True),
        ({"name": ("admin",), "pwd": ("12345",)}, {"name": "admin", "pwd": "wrong"}, False),
        ({"name": ("admin",), "pwd": ("12345",)}, {"name": "admin"}, False),
        ({"name": ("admin",), "pwd": ("12345",)}, {"name": "wrong", "pwd": "12345"}, False),
        ({"pwd": ("12345",)}, {"name": "any", "pwd": "12345"}, True),
        ({"pwd": ("12345",)}, {"pwd": ""}, False),
        ({"pwd": ("",)}, {"pwd": ""}, False),
        ({"pwd": ("密码",)}, {"pwd": "密码"}, True),
        ({"pwd": ("12345",)}, {"pwd": "密码"}, False),
        ({}, {"name": "any"}, True),
    ],
)
def test_verify_push(expected: Expected, sent: dict[str, str], verified: bool) -> None:
    of = account(push=expected)
    assert heji.verify_push(of, Push("POST", body=urlencode(sent).encode(), at=MADE), "reports") is verified
    assert heji.verify_push(of, Push("GET", query=tuple(sent.items()), at=MADE), "reports") is verified


@pytest.mark.parametrize(
    ("expected", "sent", "verified"),
    [
        ({"access_secret": (SECRET,), "pwd": ("12345",)}, {"name": "admin", "pwd": "12345"}, True),
        ({"access_secret": (SECRET,), "pwd": ("12345",)}, {"name": "", "pwd": "12345"}, True),
        ({"access_secret": (SECRET,), "pwd": ("12345",)}, {"pwd": "12345"}, True),
        ({"access_secret": (SECRET,), "pwd": ("12345",)}, {"name": DIGEST, "pwd": "12345"} | SALT, True),
        ({"access_secret": (SECRET,), "pwd": ("12345",)}, {"name": "admin", "pwd": "wrong"}, False),
        ({"access_secret": (SECRET,), "pwd": ("12345",)}, {"name": DIGEST} | SALT, False),
        ({"access_secret": (SECRET,)}, {"name": "admin"}, True),
        ({"access_secret": (SECRET,), "name": ("admin",)}, {"name": "admin"}, True),
        ({"access_secret": (SECRET,), "name": ("admin",)}, {"name": DIGEST} | SALT, True),
        ({"access_secret": (SECRET,), "name": ("admin",)}, {"name": "other"}, False),
        ({"access_secret": (SECRET,), "name": ("admin",)}, {"name": ""}, False),
        ({"name": ("admin",), "pwd": ("12345",)}, {"name": "admin", "pwd": "12345"}, True),
        ({"name": ("admin",), "pwd": ("12345",)}, {"name": "admin"}, False),
    ],
)
def test_a_replys_name_is_plain(expected: Expected, sent: dict[str, str], verified: bool) -> None:
    of = account(push=expected)
    assert heji.verify_push(of, Push("POST", body=urlencode(sent).encode(), at=MADE), "inbound") is verified
    assert heji.verify_push(of, Push("GET", query=tuple(sent.items()), at=MADE), "inbound") is verified


DAY = 86_400_000


@pytest.mark.parametrize(
    ("timestamp", "at", "window", "verified"),
    [
        ("1376999494", MADE + DAY, 86_400, True),
        ("1376999494", MADE + DAY + 1, 86_400, False),
        ("1376999494", MADE - DAY - 1, 86_400, False),
        ("1376999494000", MADE + DAY, 86_400, True),
        ("1376999494000", MADE + DAY + 1, 86_400, False),
        ("20130820195134", MADE, 86_400, True),
        ("2013-08-20 19:51:34", MADE + DAY + 1, 86_400, False),
        ("1000000000", MADE, 86_400, False),  # of 2001
        ("999999999", MADE, 86_400, False),
        ("1376999494", MADE + DAY, 60, False),
        ("1376999494", MADE + 60_000, 60, True),
        ("1000000000", MADE, 0, True),
        ("soon", MADE, 0, True),
        ("1376999494", 0, 86_400, False),  # nobody knows when it came
    ],
)
def test_a_digest_counts_for_a_while(timestamp: str, at: int, window: int, verified: bool) -> None:
    salt = {"random": "a1b2c3", "timestamp": timestamp}
    name = hashlib.md5(f"{SECRET}a1b2c3{timestamp}".encode()).hexdigest()
    push = Push("POST", body=urlencode({"name": name} | salt).encode(), at=at)
    of = account(push={"access_secret": (SECRET,)}, push_window=window)
    assert heji.verify_push(of, push, "reports") is verified


@pytest.mark.parametrize("timestamp", ["soon", "13769994940", "137699949400", "-1", "١٣٧٦٩٩٩٤٩٤"])
def test_a_right_digest_of_a_moment_that_nobody_can_read_is_kept(timestamp: str) -> None:
    salt = {"random": "a1b2c3", "timestamp": timestamp}
    right, wrong = (hashlib.md5(f"{secret}a1b2c3{timestamp}".encode()).hexdigest() for secret in (SECRET, "other"))
    of = account(push={"access_secret": (SECRET,)})
    report = {"sendid": "1", "mobile": "13800138000", "state": "DELIVRD"}
    push = Push("POST", body=urlencode({"name": right} | salt | report).encode(), at=MADE)
    for read in (lambda: heji.verify_push(of, push, "reports"), lambda: heji.decode_report_push(of, push)):
        with pytest.raises(DecodeError, match="timestamp"):
            read()
    assert (
        heji.verify_push(of, Push("POST", body=urlencode({"name": wrong} | salt).encode(), at=MADE), "reports") is False
    )


@pytest.mark.parametrize("kind", ["reports", "inbound"])
def test_damaged_bytes_elsewhere_do_not_cost_the_credentials(kind: Kind) -> None:
    of = account(push={"pwd": ("12345",)})
    for body in (b"pwd=12345&args=%CD%CB", b"pwd=12345&args=\xcd\xcb", b"args=\xff&pwd=12345"):
        assert heji.verify_push(of, Push("POST", body=body), kind) is True
        assert heji.verify_push(of, Push("POST", body=body.replace(b"12345", b"wrong")), kind) is False
    for body in (b"pwd=123%CD%CB", b"pwd=\xcd\xcb&args=1", b"args=\xff"):
        with pytest.raises(DecodeError):
            heji.verify_push(of, Push("POST", body=body), kind)


def test_the_digest_of_the_case_is_verified() -> None:
    push = replace(pushed("report-push.digest-list.form"), at=MADE)
    assert heji.verify_push(account(push={"access_secret": (SECRET,)}), push, "reports") is True
    assert heji.verify_push(account(push={"access_secret": ("other",)}), push, "reports") is False


def test_odd_pushes_are_not_verified_where_credentials_are_asked_for() -> None:
    of = account(push={"access_secret": (SECRET,)})
    odd = (("name", "\ud800"), ("random", "\udfff"), ("timestamp", "١"))
    with pytest.raises(DecodeError):
        heji.verify_push(of, Push("GET", query=odd), "reports")
    push = Push("POST", query=(("name", DIGEST), *SALT.items()), body=b"\xff", at=MADE)
    assert heji.verify_push(of, push, "reports") is True


def test_an_account_without_push_verifies_nothing() -> None:
    of = Account("hj", "heji", "http://h", {"name": "a", "pwd": "b"})
    assert heji.verify_push(of, Push("GET"), "reports") is False


def test_acknowledgements() -> None:
    assert heji.acknowledgement(account(), "reports") == "0"
    assert heji.acknowledgement(account(ack="ok"), "inbound") == "ok"
    assert heji.failure(account(), "reports") not in ("", "0")
