"""heji's balance: the request, the answers and their codes."""

from decimal import Decimal

import pytest

from smsgateway.codecs import heji
from smsgateway.errors import DecodeError
from smsgateway.model import About, Balance, Reason, Refused
from tests.unit.codecs.heji.given import NONCE, NOW, account, balance, case


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
