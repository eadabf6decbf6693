"""langyu, from the cases of its document (tests/cases/langyu/SOURCES.md)."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.codecs import langyu
from smsgateway.errors import DecodeError, EncodeError
from smsgateway.model import (
    About,
    Accepted,
    Account,
    Balance,
    Content,
    Inbound,
    Options,
    Part,
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

CASES = Path(__file__).parents[2] / "cases" / "langyu"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
NONCE = "12345678901234567890"
BEIJING = timezone(timedelta(hours=8))
NUMBERS = ("18900000000", "13800138000")


def case(name: str) -> bytes:
    return (CASES / name).read_bytes()


def account(
    credentials: Mapping[str, str] | None = None, push: Mapping[str, tuple[str, ...]] | None = None, **options: Any
) -> Account:
    return Account(
        name="ly",
        vendor="langyu",
        base_url="http://120.26.66.24",
        credentials=credentials or {"account": "test01", "pswd": "123456"},
        push=PushSettings(tokens=("token",), credentials=push or {}),
        options=Options(**options),
    )


def submission(text: str = "您好", signature: str = "", numbers: tuple[str, ...] = NUMBERS, **more: Any) -> Submission:
    return Submission(id="s1", numbers=numbers, contents=(Content(text, signature),), **more)


def encode(of: Account, what: Submission) -> Request:
    return langyu.encode_send(of, what, NOW, NONCE)


def decode(body: bytes, of: Account | None = None) -> Accepted | Refused:
    return langyu.decode_send(of or account(), submission(), Response(200, body=body))


def balance(body: bytes, of: Account | None = None) -> tuple[Balance, ...] | Refused:
    return langyu.decode_balance(of or account(), Response(200, body=body))


def pushed(name: str) -> Push:
    """A case as the vendor sends it: `.query` in a GET, `.form` in a POST."""
    data = case(name)
    if name.endswith(".form"):
        return Push("POST", headers={"content-type": "application/x-www-form-urlencoded"}, body=data)
    return Push("GET", query=tuple(parse_qsl(data.decode(), keep_blank_values=True)))


# Sending


def test_the_documents_request_byte_for_byte() -> None:
    request = encode(account(product="274463133"), submission(signature="朗宇信息"))
    assert request.method == "POST"
    assert request.url == "http://120.26.66.24/msg/HttpBatchSendSM"
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded; charset=UTF-8"
    assert request.body == case("send-request.form")
    printed = parse_qsl(case("send-request.document-1.4.form").decode(), keep_blank_values=True)
    assert parse_qsl(request.body.decode("ascii"), keep_blank_values=True) == printed


def test_values_are_escaped_and_the_extension_is_sent() -> None:
    secret = {"account": "test01", "pswd": "a&b=+"}
    request = encode(
        account(credentials=secret), submission("a+b & 50% 😀", numbers=("13800138000",), extension="0042")
    )
    assert request.body == case("send-request.extension.form")


def test_get_is_the_same_form_in_the_address() -> None:
    request = encode(account(product="274463133", method="GET"), submission(signature="朗宇信息"))
    assert (request.method, request.body) == ("GET", b"")
    assert request.url == f"http://120.26.66.24/msg/HttpBatchSendSM?{case('send-request.form').decode()}"


def test_fifty_thousand_numbers_fit_a_post_and_no_address() -> None:
    numbers = tuple(f"138{n:08}" for n in range(50_000))
    request = encode(account(), submission(numbers=numbers))
    assert parse_qs(request.body.decode())["mobile"] == [",".join(numbers)]
    with pytest.raises(EncodeError, match=r"as a GET the request is [0-9]+ characters long, the limit is 8000"):
        encode(account(method="GET"), submission(numbers=numbers))
    with pytest.raises(EncodeError, match="50001 numbers in one request, the limit is 50000"):
        encode(account(), submission(numbers=(*numbers, "13900000000")))


def test_the_path_is_the_accounts_and_the_folder_is_not_doubled() -> None:
    assert encode(account(paths={"send": "/other"}), submission()).url == "http://120.26.66.24/other"
    in_folder = Account(
        "ly", "langyu", "http://h/msg", {"account": "a", "pswd": "b"}, options=Options(paths={"balance": "/b"})
    )
    assert encode(in_folder, submission()).url == "http://h/msg/HttpBatchSendSM"
    assert langyu.encode_balance(in_folder, NOW, NONCE).url == "http://h/msg/b"


@pytest.mark.parametrize(
    ("what", "reason", "problem"),
    [
        (submission(""), Reason.CONTENT_EMPTY, "empty"),
        (submission("", signature="签名"), Reason.CONTENT_EMPTY, "empty"),
        (submission("字" * 537), Reason.CONTENT_TOO_LONG, "537 characters with the signature, the limit is 536"),
        (submission("字" * 533, signature="签名"), Reason.CONTENT_TOO_LONG, "537"),
        (submission("😀" * 268 + "a"), Reason.CONTENT_TOO_LONG, "537"),
        (submission("a\ud83d"), Reason.CONTENT_NOT_ENCODABLE, r"U\+D83D"),
        (submission("a", signature="\ude00"), Reason.CONTENT_NOT_ENCODABLE, r"U\+DE00"),
        (submission(numbers=()), Reason.PARAMETER_REFUSED, "0 numbers"),
        (submission(numbers=("13800138000,13900139000",)), Reason.INVALID_NUMBER, "digits"),
        (submission(numbers=("１３８００１３８０００",)), Reason.INVALID_NUMBER, "digits"),
        (submission(extension="1a"), Reason.EXTENSION_REFUSED, "digits"),
        (submission(extension="１"), Reason.EXTENSION_REFUSED, "digits"),
        (submission(extension="1" * 21), Reason.EXTENSION_REFUSED, "limit is 20"),
        (submission(send_at=NOW), Reason.PARAMETER_REFUSED, "given time"),
    ],
)
def test_what_the_protocol_cannot_carry(what: Submission, reason: Reason, problem: str) -> None:
    with pytest.raises(EncodeError, match=problem) as error:
        encode(account(), what)
    assert error.value.reason is reason


@pytest.mark.parametrize("text", ["字" * 536, "😀" * 268])
def test_536_characters_are_carried(text: str) -> None:
    assert parse_qs(encode(account(), submission(text)).body.decode())["msg"] == [text]


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200).filter(str.strip),
    st.from_regex("[0-9]{0,8}", fullmatch=True),
)
def test_an_independent_parser_reads_what_was_sent(text: str, extension: str) -> None:
    fields = parse_qs(
        encode(account(), submission(text, extension=extension)).body.decode("ascii"), strict_parsing=True
    )
    assert fields["msg"] == [text]
    assert fields["needstatus"] == ["true"]
    assert fields.get("extno", [""]) == [extension]


# Answers


@pytest.mark.parametrize(
    ("name", "vendor_id"),
    [
        ("send.ok.document-1.3.2.txt", "1234567890100"),
        ("send.ok.trailing-lf.txt", "1234567890100"),
        ("send.ok.crlf.txt", "1234567890100"),
        ("send.ok.long-id.txt", "00123456789012345678901234567890"),
    ],
)
def test_a_success_has_the_one_msgid(name: str, vendor_id: str) -> None:
    assert decode(case(name)) == Accepted(vendor_ids=(vendor_id,))


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.glob("send.ok.break.*.txt")))
def test_the_id_is_found_where_the_line_break_was_lost(name: str) -> None:
    assert decode(case(name)) == Accepted(vendor_ids=("1230306165638860000",))


BREAKS = st.text(st.sampled_from(" \t\r\n;；\u3000"), min_size=1, max_size=5)


@given(BREAKS, st.text(st.sampled_from(" \t\r\n;"), max_size=3), st.sampled_from([b"", b"\xef\xbb\xbf"]))
def test_any_blank_is_a_line_break(between: str, after: str, mark: bytes) -> None:
    answer = f"20110725160412,0{between}1234567890100{after}"
    assert decode(mark + answer.encode()) == Accepted(vendor_ids=("1234567890100",))
    refused = decode(mark + f"20110725160412,105{between}敏感{after}".encode())
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.SENSITIVE_CONTENT
    left = f"20130303180000,0{between}1234567,1000{between}1234531, 2000{after}"
    expected = (Balance(Decimal(1000), "1234567"), Balance(Decimal(2000), "1234531"))
    assert balance(mark + left.encode()) == expected


def test_a_success_without_its_id_is_shown_as_it_came() -> None:
    assert decode(case("send.ok.without-id.txt")) == Accepted(vendor_status="20110725160412,0")


def test_the_documents_refusal() -> None:
    expected = Refused(About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "101 无此用户")
    assert decode(case("send.refused.document-1.3.2.txt")) == expected
    lf = decode(case("send.refused.lf.txt"))
    assert lf == Refused(About.CONTENT, Reason.SENSITIVE_CONTENT, "105 敏感短信（短信内容包含敏感词）")


@pytest.mark.parametrize(
    ("code", "about", "reason"),
    [
        ("101", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        ("102", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        ("103", About.MOMENT, Reason.TOO_FAST),
        ("104", About.MOMENT, Reason.BUSY),
        ("105", About.CONTENT, Reason.SENSITIVE_CONTENT),
        ("106", About.CONTENT, Reason.CONTENT_TOO_LONG),
        ("107", About.UNLISTED, Reason.UNLISTED_CODE),
        ("108", About.NUMBERS, Reason.INVALID_NUMBER),
        ("109", About.ACCOUNT, Reason.BALANCE_EXHAUSTED),
        ("110", About.MOMENT, Reason.OUTSIDE_HOURS),
        ("111", About.ACCOUNT, Reason.BALANCE_EXHAUSTED),
        ("112", About.ACCOUNT, Reason.SERVICE_REFUSED),
        ("113", About.CONTENT, Reason.EXTENSION_REFUSED),
        ("114", About.UNLISTED, Reason.UNLISTED_CODE),
        ("115", About.CONTENT, Reason.CONTENT_REFUSED),
        ("116", About.CONTENT, Reason.SIGNATURE_REFUSED),
        ("117", About.ACCOUNT, Reason.ADDRESS_REFUSED),
        ("118", About.ACCOUNT, Reason.SERVICE_REFUSED),
        ("119", About.ACCOUNT, Reason.ACCOUNT_CLOSED),
        ("120", About.CONTENT, Reason.CONTENT_REFUSED),
        ("121", About.UNLISTED, Reason.UNLISTED_CODE),
        ("-1", About.UNLISTED, Reason.UNLISTED_CODE),
        ("00", About.UNLISTED, Reason.UNLISTED_CODE),
    ],
)
def test_every_code_of_sending(code: str, about: About, reason: Reason) -> None:
    answer = decode(f"20110725160412,{code}".encode())
    assert isinstance(answer, Refused)
    assert (answer.about, answer.reason) == (about, reason)
    assert answer.vendor_status.split(" ")[0] == code


def test_an_unlisted_code_is_what_the_account_says() -> None:
    of = account(codes={"107": About.NUMBERS, "101": About.MOMENT})
    assert decode(b"20110725160412,107\n", of) == Refused(About.NUMBERS, Reason.UNLISTED_CODE, "107")
    listed = decode(b"20110725160412,101\n", of)
    assert isinstance(listed, Refused)
    assert listed.about is About.ACCOUNT


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"0",
        b"20110725160412",
        b"20110725160412,",
        b"2011072516041,0\n1",
        b"20110725160412,0\n12345\n67890",
        b"20110725160412,0 OK",
        b"20110725160412,0 12345 success",
        b"20110725160412,0x 12345",
        b"20110725160412,0\n<html>",
        b"20110725160412,OK\n12345",
        "２0110725160412,0\n12345".encode(),
        b"20110725160412,0\n\xff",
        b"<html><body>502</body></html>",
    ],
)
def test_what_is_no_answer_is_an_error(body: bytes) -> None:
    with pytest.raises(DecodeError) as error:
        decode(body)
    assert error.value.raw == body


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.glob("send.*.txt")))
def test_a_cut_answer_never_says_more_than_the_whole(name: str) -> None:
    """A prefix can be an answer in itself (no id yet, part of an id or code): the transport checks the length.

    What must not happen is a refusal that becomes a success, or the other way round.
    """
    whole = case(name)
    for end in range(len(whole)):
        try:
            answer = decode(whole[:end])
        except DecodeError:
            continue
        if isinstance(answer, Refused):
            assert b",0" not in whole
            assert answer.about is About.UNLISTED or answer == decode(whole)
        else:
            assert b",0" in whole[:end]
            assert all(identifier.encode() in whole for identifier in answer.vendor_ids)


@given(st.binary(max_size=60) | st.from_regex(rb"[0-9]{14},[0-9]{1,3}(\r?\n.{0,10}){0,3}", fullmatch=True))
def test_any_bytes_are_an_answer_or_a_decode_error(body: bytes) -> None:
    for decoder in (decode, balance):
        with suppress(DecodeError):
            assert decoder(body) != Accepted()


# Balance


def test_the_balance_request() -> None:
    of = account(credentials={"account": "111111", "pswd": "123456"})
    request = langyu.encode_balance(of, NOW, NONCE)
    assert request.url == "http://120.26.66.24/msg/QueryBalance"
    assert request.body == case("balance-request.document-4.5.form")
    get = langyu.encode_balance(account(credentials={"account": "111111", "pswd": "123456"}, method="GET"), NOW, NONCE)
    assert get.url == "http://120.26.66.24/msg/QueryBalance?account=111111&pswd=123456"


def test_a_balance_has_a_line_a_product() -> None:
    expected = (Balance(Decimal(1000), "1234567"), Balance(Decimal(2000), "1234531"))
    assert balance(case("balance.ok.document-4.5.txt")) == expected
    assert balance(case("balance.ok.one-product-crlf.txt")) == (Balance(Decimal("1000.5"), "1234567"),)
    assert balance(b"20130303180000,0\n") == ()


@pytest.mark.parametrize(
    ("code", "about", "reason"),
    [
        ("101", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        ("102", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        ("103", About.MOMENT, Reason.TOO_FAST),
        ("104", About.UNLISTED, Reason.UNLISTED_CODE),
    ],
)
def test_every_code_of_the_balance(code: str, about: About, reason: Reason) -> None:
    answer = balance(f"20130303180000,{code}".encode())
    assert isinstance(answer, Refused)
    assert (answer.about, answer.reason) == (about, reason)


def test_too_fast_means_the_query_at_the_balance_address() -> None:
    expected = Refused(About.MOMENT, Reason.TOO_FAST, "103 查询过快（建议每10秒查询一次）")
    assert balance(case("balance.refused.txt")) == expected
    assert langyu.PROFILE.pace["balance"] == 10


@pytest.mark.parametrize(
    "line", [b"1234567", b"1234567,", b",1000", b"1234567,NaN", b"1234567,1e9", "1234567,１".encode()]
)
def test_a_line_that_is_no_product_is_an_error(line: bytes) -> None:
    with pytest.raises(DecodeError):
        balance(b"20130303180000,0\n" + line)


def test_a_cut_balance_never_shows_more_than_is_left() -> None:
    whole = case("balance.ok.document-4.5.txt")
    figures = {b.product: b.amount for b in (Balance(Decimal(1000), "1234567"), Balance(Decimal(2000), "1234531"))}
    for end in range(len(whole)):
        try:
            answer = balance(whole[:end])
        except DecodeError:
            continue
        assert not isinstance(answer, Refused)
        assert all(item.amount <= figures[item.product] for item in answer)


# Pushes


def test_the_documents_report() -> None:
    (report,) = langyu.decode_report_push(account(), pushed("report-push.document-2.3.query")).items
    assert report == Report(
        vendor_id="12345",
        number="13900210021",
        status=ReportStatus.DELIVERED,
        vendor_status="DELIVRD",
        reported_at=datetime(2010, 12, 24, 10, 2, tzinfo=BEIJING),
        raw="msgid=12345&reportTime=1012241002&mobile=13900210021&status=DELIVRD",
        listed=True,
    )


def test_a_gateways_code_is_a_failure_and_iso_times_and_extra_keys_are_read() -> None:
    (report,) = langyu.decode_report_push(account(), pushed("report-push.gateway-word.form")).items
    assert (report.status, report.vendor_status) == (ReportStatus.UNDELIVERED, "JA:0009")
    assert (report.reason, report.listed) == (Reason.NETWORK_FAILURE, False)
    assert report.vendor_id == "00123456789012345678901"
    assert report.reported_at == datetime(2010, 12, 24, 10, 2, 33, tzinfo=BEIJING)
    assert "length=2" in text_of(report)
    assert "receiver" not in text_of(report)


@pytest.mark.parametrize(
    ("word", "status", "reason"),
    [
        ("DELIVRD", ReportStatus.DELIVERED, None),
        ("MBBLACK", ReportStatus.UNDELIVERED, Reason.BLACKLISTED),
        ("DTBLACK", ReportStatus.UNDELIVERED, Reason.BLACKLISTED),
        ("ROUTEERR", ReportStatus.UNDELIVERED, Reason.NETWORK_FAILURE),
        ("REJECT", ReportStatus.UNDELIVERED, Reason.CONTENT_REFUSED),
        ("DISTURB", ReportStatus.UNDELIVERED, Reason.TOO_FREQUENT),
        ("EMSERR", ReportStatus.UNDELIVERED, Reason.PARTS_MISSING),
        ("SIGNERR", ReportStatus.UNDELIVERED, Reason.SIGNATURE_REFUSED),
        ("KEYWORD", ReportStatus.UNDELIVERED, Reason.SENSITIVE_CONTENT),
        ("DELIVR", ReportStatus.UNKNOWN, None),
        ("delivrd", ReportStatus.DELIVERED, None),
        (" ＤＥＬＩＶＲＤ ", ReportStatus.DELIVERED, None),
        ("UNDELIV", ReportStatus.UNDELIVERED, Reason.UNREACHABLE),
        ("EXPIRED", ReportStatus.UNDELIVERED, Reason.VALIDITY_EXPIRED),
        ("REJECTD", ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
        ("DELETED", ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
        ("MK:0012", ReportStatus.UNDELIVERED, Reason.NETWORK_FAILURE),
    ],
)
def test_every_report_status(word: str, status: ReportStatus, reason: Reason | None) -> None:
    push = Push("POST", body=f"msgid=1&mobile=13800138000&status={word}".encode())
    (report,) = langyu.decode_report_push(account(), push).items
    assert (report.status, report.reason, report.vendor_status) == (status, reason, word.strip())


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("1012241002", datetime(2010, 12, 24, 10, 2, tzinfo=BEIJING)),
        ("2010-12-24 10:02:03", datetime(2010, 12, 24, 10, 2, 3, tzinfo=BEIJING)),
        ("2010-12-24T10:02:03", datetime(2010, 12, 24, 10, 2, 3, tzinfo=BEIJING)),
        ("2010-12-24T02:02:03Z", datetime(2010, 12, 24, 2, 2, 3, tzinfo=UTC)),
        ("", None),
        ("1013241002", None),
        ("101224100", None),
        ("0001-01-01 00:00:00", None),
        ("yesterday", None),
    ],
)
def test_report_times(time: str, expected: datetime | None) -> None:
    push = Push("GET", query=(("msgid", "1"), ("mobile", "13800138000"), ("status", "DELIVRD"), ("reportTime", time)))
    assert langyu.decode_report_push(account(), push).items[0].reported_at == expected


@pytest.mark.parametrize("name", ["msgid", "mobile", "status"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_report_without_what_it_needs_is_an_error(name: str, method: str) -> None:
    fields = {"msgid": "1", "mobile": "13800138000", "status": "DELIVRD"}
    for wrong in ({k: v for k, v in fields.items() if k != name}, fields | {name: " "}):
        data = urlencode(wrong).encode()
        push = Push("POST", body=data) if method == "POST" else Push("GET", query=tuple(wrong.items()))
        with pytest.raises(DecodeError) as error:
            langyu.decode_report_push(account(), push)
        assert error.value.raw == data


def test_the_documents_replies() -> None:
    (reply,) = langyu.decode_inbound_push(account(), pushed("inbound-push.document-3.2.query")).items
    assert reply == Inbound(
        number="13800210021",
        text="hello",
        access_number="1065751600001",
        received_at=datetime(2012, 8, 21, 22, 5, tzinfo=BEIJING),
        raw="moTime=1208212205&destcode=1065751600001&mobile=13800210021&msg=hello",
    )
    (part,) = langyu.decode_inbound_push(account(), pushed("inbound-push.part.document-3.2.query")).items
    assert part.part == Part("255", 5, 5)
    (first,) = langyu.decode_inbound_push(account(), pushed("inbound-push.part.document-3.1.form")).items
    assert (first.part, first.text) == (Part("234", 4, 1), "您好，第一条")
    (whole,) = langyu.decode_inbound_push(account(), pushed("inbound-push.chinese.form")).items
    assert (whole.part, whole.text) == (None, "退订 TD+1 & 100%")


@pytest.mark.parametrize(
    ("access_number", "extension"),
    [("10657516", "00001"), ("1065751600001", ""), ("106575161", ""), (None, ""), ("", "")],
)
def test_the_extension_is_cut_where_the_access_number_is_known(access_number: str | None, extension: str) -> None:
    of = account(access_number=access_number)
    (reply,) = langyu.decode_inbound_push(of, pushed("inbound-push.document-3.2.query")).items
    assert (reply.access_number, reply.extension) == ("1065751600001", extension)


@pytest.mark.parametrize("head", ["", "255", "255,5", "255,5,6", "255,0,0", "255,5,0", "a,b,c", "255,5,5,5", ",5,5"])
def test_a_part_without_its_place_is_an_error(head: str) -> None:
    push = Push("POST", body=urlencode({"mobile": "13800138000", "msg": "x", "isems": "1", "emshead": head}).encode())
    with pytest.raises(DecodeError) as error:
        langyu.decode_inbound_push(account(), push)
    assert error.value.raw == push.body


def test_isems_decides_whether_a_reply_is_a_part() -> None:
    def part(**fields: str) -> Part | None:
        form = {"mobile": "13800138000", "msg": "x"} | fields
        return langyu.decode_inbound_push(account(), Push("POST", body=urlencode(form).encode())).items[0].part

    assert part(emshead="255,5,5") is None
    assert part(isems="0", emshead="255,5,5") is None
    assert part(isems="") is None
    assert part(Isems="1", emshead=" 255 , 5, 5 ") == Part("255", 5, 5)
    with pytest.raises(DecodeError):
        part(isems="2", emshead="255,5,5")


def test_a_reply_may_be_empty_but_not_without_its_text_or_sender() -> None:
    empty = Push("POST", body=b"mobile=13800138000&msg=")
    assert langyu.decode_inbound_push(account(), empty).items[0].text == ""
    for body in (b"mobile=13800138000", b"msg=hello", b"mobile=&msg=hello", b"", b"hello", b"{}"):
        with pytest.raises(DecodeError):
            langyu.decode_inbound_push(account(), Push("POST", body=body))


@pytest.mark.parametrize(
    ("mobile", "numbers"),
    [
        ("8613800138000", ["13800138000"]),
        ("+86 138-0013-8000", ["13800138000"]),
        ("１３８００１３８０００", ["13800138000"]),
        ("138****8000", ["138****8000"]),
        ("13800138000,+8613900139000", ["13800138000", "13900139000"]),
        ("13800138000，13900139000", ["13800138000", "13900139000"]),
    ],
)
def test_a_number_has_one_form(mobile: str, numbers: list[str]) -> None:
    fields = {"receiver": "admin", "msgid": "5", "mobile": mobile, "status": "DELIVRD"}
    reports = langyu.decode_report_push(account(), Push("POST", body=urlencode(fields).encode())).items
    assert [report.number for report in reports] == numbers
    assert not any("receiver" in str(report.raw) for report in reports)
    if len(numbers) == 1:
        reply = Push("GET", query=(("mobile", mobile), ("msg", "TD")))
        assert langyu.decode_inbound_push(account(), reply).items[0].number == numbers[0]


@pytest.mark.parametrize("name", ["inbound-push.gbk.query", "inbound-push.gbk.form"])
def test_bytes_of_another_charset_are_believed_and_parked(name: str) -> None:
    data = case(name)
    lossy = tuple(
        parse_qsl(data.decode("latin-1"), keep_blank_values=True, errors="replace")
    )  # as API Gateway decodes it
    push = Push("GET", query=lossy) if name.endswith(".query") else Push("POST", body=data)
    of = account(push={"receiver": ("admin",), "pswd": ("12345",)})
    assert langyu.verify_push(of, push, "inbound") is True
    with pytest.raises(DecodeError, match="bytes") as error:
        langyu.decode_inbound_push(of, push)
    assert error.value.raw == (push.body or urlencode(lossy).encode())


def test_damage_in_what_is_only_shown_costs_nothing() -> None:
    body = b"msgid=5&mobile=13800138000&status=DELIVRD&reportTime=%CD%CB&note=\xff"
    (report,) = langyu.decode_report_push(account(), Push("POST", body=body)).items
    assert (report.status, report.reported_at) == (ReportStatus.DELIVERED, None)
    assert str(report.raw).isascii()
    assert parse_qs(str(report.raw), encoding="latin-1")["note"] == ["\xff"]
    for damaged in (b"msgid=%CD", b"mobile=138%CD", b"status=DELIV%CDRD", b"status=\xef\xbf\xbd"):
        name = damaged.partition(b"=")[0]
        kept = [pair for pair in body.split(b"&")[:3] if not pair.startswith(name)]
        with pytest.raises(DecodeError):
            langyu.decode_report_push(account(), Push("POST", body=b"&".join([*kept, damaged])))


def test_text_that_is_not_utf8_is_an_error_with_its_bytes() -> None:
    for body in (b"mobile=13800138000&msg=" + quote("退订".encode("gbk")).encode(), "msg=退订".encode("gbk")):
        with pytest.raises(DecodeError) as error:
            langyu.decode_inbound_push(account(), Push("POST", body=body))
        assert error.value.raw == body


def test_the_body_counts_where_a_push_has_query_and_body() -> None:
    push = Push("POST", query=(("mobile", "1"), ("destcode", "106")), body="mobile=13800138000&msg=退订".encode())
    (reply,) = langyu.decode_inbound_push(account(), push).items
    assert (reply.number, reply.access_number, reply.text) == ("13800138000", "106", "退订")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd")))  # which says: unreadable
def test_a_reply_is_read_as_it_was_written(text: str) -> None:
    push = Push("POST", body=urlencode({"mobile": "13800138000", "msg": text}).encode())
    assert langyu.decode_inbound_push(account(), push).items[0].text == text


@given(st.binary(max_size=80), st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=3))
def test_any_push_is_understood_or_a_decode_error(body: bytes, query: list[tuple[str, str]]) -> None:
    push = Push("POST", query=tuple(query), body=body)
    for decoder in (langyu.decode_report_push, langyu.decode_inbound_push):
        with pytest.raises(DecodeError):
            decoder(account(), push)
    with suppress(DecodeError):
        assert langyu.verify_push(account(push={"pswd": ("12345",)}), push, "reports") is False


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.glob("*-push.*")))
def test_a_cut_push_is_understood_or_a_decode_error(name: str) -> None:
    whole = case(name)
    decoder = langyu.decode_report_push if name.startswith("report") else langyu.decode_inbound_push
    for end in range(len(whole)):
        try:
            records = decoder(account(), Push("POST", body=whole[:end])).items
        except DecodeError:
            continue
        assert not any(getattr(record, "status", None) is ReportStatus.DELIVERED for record in records)


# Who pushes


@pytest.mark.parametrize(
    ("expected", "given_fields", "verified"),
    [
        ({"receiver": ("admin",), "pswd": ("12345",)}, {"receiver": "admin", "pswd": "12345"}, True),
        ({"receiver": ("admin",), "pswd": ("old", "12345")}, {"receiver": "admin", "pswd": "12345"}, True),
        ({"receiver": ("admin",), "pswd": ("12345",)}, {"receiver": "admin", "pswd": "wrong"}, False),
        ({"receiver": ("admin",), "pswd": ("12345",)}, {"receiver": "wrong", "pswd": "12345"}, False),
        ({"receiver": ("admin",), "pswd": ("12345",)}, {"receiver": "admin"}, False),
        ({"receiver": ("admin",), "pswd": ("12345",)}, {}, False),
        ({"pswd": ("12345",)}, {"receiver": "any", "pswd": "12345"}, True),
        ({"receiver": ("admin",)}, {"receiver": "admin"}, True),
        ({"pswd": ("",)}, {"pswd": ""}, False),
        ({"pswd": ()}, {"pswd": ""}, False),
        ({"pswd": ("密码",)}, {"pswd": "密码"}, True),
        ({"pswd": ("12345",)}, {"pswd": "密码"}, False),
        ({}, {"receiver": "any"}, True),
    ],
)
def test_verify_push(expected: Mapping[str, tuple[str, ...]], given_fields: dict[str, str], verified: bool) -> None:
    of = account(push=expected)
    assert langyu.verify_push(of, Push("POST", body=urlencode(given_fields).encode()), "reports") is verified
    assert langyu.verify_push(of, Push("GET", query=tuple(given_fields.items())), "inbound") is verified


def test_a_push_that_is_no_form_is_not_verified_where_credentials_are_asked_for() -> None:
    of = account(push={"pswd": ("12345",)})
    push = Push("POST", query=(("pswd", "12345"),), body=b"\xff")
    assert langyu.verify_push(of, push, "reports") is True
    assert langyu.verify_push(of, Push("POST", body=b"pswd=wrong&msg=\xff"), "reports") is False
    for doubtful in (
        Push("POST", body=b"\xff"),
        Push("POST", body=b"pswd=123%CD"),
        Push("GET", query=(("pswd", "\ud800"),)),
        Push("GET", query=(("pswd", "\ufffd"),)),
    ):
        for read in (langyu.verify_push, lambda of, push, _: langyu.decode_report_push(of, push)):
            with pytest.raises(DecodeError):
                read(of, doubtful, "reports")


def test_an_account_without_push_verifies_nothing() -> None:
    of = Account("ly", "langyu", "http://h", {"account": "a", "pswd": "b"})
    assert langyu.verify_push(of, Push("GET"), "reports") is False


def test_acknowledgements() -> None:
    assert langyu.acknowledgement(account(), "reports") == "success"
    assert langyu.acknowledgement(account(ack="OK"), "inbound") == "OK"
    assert langyu.failure(account(), "reports") not in ("", "success")


def test_no_secret_is_in_a_repr_or_an_error() -> None:
    of = account(credentials={"account": "test01", "pswd": "s3cret\ud800"})
    assert "s3cret" not in repr(of)
    with pytest.raises(EncodeError) as error:
        encode(of, submission())
    assert "s3cret" not in repr(error.value)
    assert "123456" not in repr(encode(account(method="GET"), submission()))


def test_the_url_of_a_get_is_absolute_and_ascii() -> None:
    url = encode(account(method="GET"), submission("退订")).url
    assert url.isascii()
    assert urlsplit(url).netloc == "120.26.66.24"


def test_a_text_is_never_cut_at_an_ampersand() -> None:
    with pytest.raises(DecodeError):
        langyu.decode_inbound_push(account(), Push("POST", body=case("inbound-push.ampersand.form")))
    (reply,) = langyu.decode_inbound_push(account(), Push("POST", body=b"mobile=13800210021&msg=A%26B&x=&")).items
    assert reply.text == "A&B"


def test_absent_fields_written_as_words_are_absent() -> None:
    (reply,) = langyu.decode_inbound_push(account(), Push("POST", body=case("inbound-push.not-a-part.form"))).items
    assert (reply.part, reply.text) == (None, "TD")


@pytest.mark.parametrize("said", ["0", "00", "false", "False", "N", "no", "null", "", " 0 ", "０"])
def test_a_whole_reply_is_one_however_that_is_said(said: str) -> None:
    body = urlencode({"mobile": "13800210021", "msg": "TD", "isems": said, "emshead": "0,0,0"}).encode()
    (reply,) = langyu.decode_inbound_push(account(), Push("POST", body=body)).items
    assert (reply.part, reply.text) == (None, "TD")


def test_a_part_is_one_however_that_is_said() -> None:
    (reply,) = langyu.decode_inbound_push(account(), Push("POST", body=case("inbound-push.part.wide.form"))).items
    assert reply.part == Part(id="255", total=2, number=1)
    for said in ("1", "01", "true", "Y", "１"):
        body = urlencode({"mobile": "13800210021", "msg": "TD", "isems": said, "emshead": "255;2;1"}).encode()
        (reply,) = langyu.decode_inbound_push(account(), Push("POST", body=body)).items
        assert reply.part == Part(id="255", total=2, number=1)
