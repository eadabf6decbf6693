"""infocloud's balance, statistics and health."""

import json
from datetime import date
from decimal import Decimal

import pytest

from smsgateway.codecs import infocloud
from smsgateway.errors import DecodeError
from smsgateway.model import Balance, DayStatistics, Page, Reason, Response
from tests.unit.codecs.infocloud.given import ACCOUNT, DAY, NONCE, NOW, answer, answered, case, reference_sign, refusal


def test_balance_sample() -> None:
    assert infocloud.decode_balance(ACCOUNT, answered(case("balance-answer.document.json"))) == (
        Balance(Decimal(9784), "行业短信"),
        Balance(Decimal(10007), "会员短信"),
        Balance(Decimal(6506), "推广短信"),
    )


@pytest.mark.parametrize("value", ["1", -3, 1.5, "0.25", 123456789012345678])
def test_a_balance_is_exact(value: object) -> None:
    balances = infocloud.decode_balance(ACCOUNT, answer(code=200, data=[{"itemName": None, "residueValue": value}]))
    assert balances == (Balance(Decimal(str(value))),)


@pytest.mark.parametrize("value", [None, "", "many", "１", "1e9", float("nan"), 10**40, True, [], "1 1"])
def test_a_balance_that_is_no_number(value: object) -> None:
    with pytest.raises(DecodeError):
        infocloud.decode_balance(ACCOUNT, answer(code=200, data=[{"itemName": "行业短信", "residueValue": value}]))


def test_a_balance_that_is_not_there() -> None:
    with pytest.raises(DecodeError):
        infocloud.decode_balance(ACCOUNT, answer(code=200))


def test_balance_request_signs_its_headers_alone() -> None:
    request = infocloud.encode_balance(ACCOUNT, NOW, NONCE)
    assert (request.url, request.body) == ("https://opassapi.infocloud.com.cn/sms/residueValue/qry", b"{}")
    assert request.headers["x-sign"] == reference_sign(request, ACCOUNT.credentials["access_key"])


def test_statistics_request() -> None:
    request = infocloud.encode_statistics(ACCOUNT, NOW, NONCE, date(2023, 8, 7), date(2023, 8, 8), 3)
    assert request.url == "https://opassapi.infocloud.com.cn/sms/send/statistics"
    assert json.loads(request.body) == {
        "startDate": "2023-08-07",
        "endDate": "2023-08-08",
        "page": "3",
        "pageSize": "50",
    }
    assert request.headers["x-sign"] == reference_sign(request, ACCOUNT.credentials["access_key"])


@pytest.mark.parametrize(("first", "last", "page"), [(8, 7, 1), (7, 8, 0)])
def test_statistics_that_cannot_be_asked(first: int, last: int, page: int) -> None:
    days = date(2023, 8, first), date(2023, 8, last)
    problem = refusal(lambda: infocloud.encode_statistics(ACCOUNT, NOW, NONCE, *days, page))
    assert problem.reason is Reason.PARAMETER_REFUSED


def test_statistics_of_two_days() -> None:
    page = infocloud.decode_statistics(ACCOUNT, answered(case("statistics-answer.fields.json")))
    assert page == Page((DayStatistics("2023-08-07", 1200, 1100, 60, 40), DayStatistics("2023-08-08", 7, 7, 0, 0)))


@pytest.mark.parametrize(("count", "full"), [(49, False), (50, True)])
def test_a_page_of_50_days_is_full(count: int, full: bool) -> None:
    page = infocloud.decode_statistics(ACCOUNT, answer(code=200, data=[DAY] * count))
    assert isinstance(page, Page)
    assert (len(page.items), page.full) == (count, full)


@pytest.mark.parametrize("field", DAY)
@pytest.mark.parametrize("value", ["null", '""', '"-1"', '"x"', "1.5", "1" + "0" * 5000], ids=len)
def test_figures_that_are_none(field: str, value: str) -> None:
    body = json.dumps({"code": 200, "data": [DAY | {field: "@"}]}).replace('"@"', value)
    with pytest.raises(DecodeError):
        infocloud.decode_statistics(ACCOUNT, answered(body))


@pytest.mark.parametrize("day", ["2023-02-30", "0000-01-01", "20230807", "2023-W32-1", "2023-08-07 1", "２023-08-07"])
def test_days_of_no_calendar(day: str) -> None:
    with pytest.raises(DecodeError):
        infocloud.decode_statistics(ACCOUNT, answer(code=200, data=[DAY | {"sendDate": day}]))


def test_health_request_is_the_scripts() -> None:
    request = infocloud.encode_health(ACCOUNT, NOW, NONCE)
    assert (request.method, request.url) == ("POST", "https://opassapi.infocloud.com.cn/health/info")
    assert request.headers == {"Content-Type": "application/json;charset=utf-8"}  # no key is given away
    assert request.body == b""


@pytest.mark.parametrize(
    ("response", "healthy"),
    [
        (answer(code=200), True),
        (answer(code="200", data=None), True),
        (answered("{}"), True),
        (answer(code=500), False),
        (answer(code=-1, message="系统繁忙"), False),
        (answer(code=None), False),
    ],
)
def test_health(response: Response, healthy: bool) -> None:
    assert infocloud.decode_health(ACCOUNT, response) is healthy
