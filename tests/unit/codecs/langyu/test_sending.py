"""How langyu is asked to send: the document's request to the byte, and what cannot be carried."""

from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.codecs import langyu
from smsgateway.errors import EncodeError
from smsgateway.model import Account, Options, Reason, Request, Submission
from tests.unit.codecs.langyu.given import NONCE, NOW, account, case, submission


def encode(of: Account, what: Submission) -> Request:
    return langyu.encode_send(of, what, NOW, NONCE)


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


# Who pushes


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
