"""How heji is asked to send: the document's request to the byte, and what cannot be carried."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.clock import BEIJING
from smsgateway.codecs import heji
from smsgateway.errors import EncodeError
from smsgateway.model import Account, Reason, Request, Submission
from tests.unit.codecs.heji.given import NONCE, NOW, account, case, submission


def encode(of: Account, what: Submission) -> Request:
    return heji.encode_send(of, what, NOW, NONCE)


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
