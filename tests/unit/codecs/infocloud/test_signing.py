"""How a request to infocloud is signed: the manual's strings, and openssl's signatures of them."""

from dataclasses import replace

import pytest

from smsgateway.codecs import infocloud
from smsgateway.model import Content, Options, Reason
from tests.unit.codecs.infocloud.given import ACCOUNT, FREE_TEXT, case, reference_sign, refusal, sent, templated


@pytest.mark.parametrize("line", case("signatures.openssl.txt").decode().splitlines())
def test_signature_is_the_one_openssl_makes(line: str) -> None:
    method, name, expected = line.split(" ")
    assert infocloud.signature(method, "你的密钥", case(name).decode()) == expected


def test_all_six_methods_have_a_case() -> None:
    assert {line.split()[0] for line in case("signatures.openssl.txt").decode().splitlines()} == set(
        infocloud.SIGN_METHODS
    )
    assert len(infocloud.SIGN_METHODS) == 6


@pytest.mark.parametrize("name", ["send", "no-body", "csharp"])
def test_string_to_sign_is_the_manuals(name: str) -> None:
    text = case(f"string-to-sign.{name}.document.txt").decode()
    fields = dict(pair.split("=", 1) for pair in reversed(text.split("&")))
    assert infocloud.string_to_sign(fields) == text


def test_string_to_sign_sorts_by_code_point() -> None:
    assert infocloud.string_to_sign({"a": "1", "Z": "2", "x-b": "3", "bid": "&=%"}) == "Z=2&a=1&bid=&=%&x-b=3"


@pytest.mark.parametrize("method", sorted(infocloud.SIGN_METHODS))
def test_a_request_is_signed_with_the_accounts_method(method: str) -> None:
    account = replace(ACCOUNT, options=Options(sign_method=method))
    request = sent(account, templated("574277763210051584", "张三 & 李四=100%", ""), extension="7")
    assert request.headers["x-sign-method"] == method
    assert request.headers["x-sign"] == reference_sign(request, account.credentials["access_key"])


def test_the_default_method_is_sha256() -> None:
    assert sent(FREE_TEXT, Content("你好")).headers["x-sign-method"] == "HmacSHA256"


def test_an_unknown_method_is_refused() -> None:
    account = replace(ACCOUNT, options=Options(sign_method="HmacSHA3"))
    problem = refusal(lambda: sent(account, templated("1")))
    assert problem.reason is Reason.PARAMETER_REFUSED
    assert "HmacSHA512" in problem.problem
