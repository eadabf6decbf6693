"""langyu's balance: the request, the lines of the answer and their codes."""

from decimal import Decimal

import pytest

from smsgateway.codecs import langyu
from smsgateway.errors import DecodeError
from smsgateway.model import About, Balance, Reason, Refused
from tests.unit.codecs.langyu.given import NONCE, NOW, account, balance, case


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
