"""What infocloud says of an account: balance, statistics, health."""

import re
from datetime import date, datetime
from decimal import Decimal

from smsgateway.codecs.forms import address
from smsgateway.codecs.infocloud.profile import PROFILE
from smsgateway.codecs.infocloud.reading import SUCCESS, read_answer, refused_by
from smsgateway.codecs.infocloud.signing import signed_request
from smsgateway.codecs.tolerant_json import Record, answer_text, load, records_of, string
from smsgateway.errors import DecodeError, EncodeError
from smsgateway.model import Account, Balance, DayStatistics, Page, Reason, Refused, Request, Response

STATISTICS_PAGE = 50


def encode_balance(account: Account, now: datetime, nonce: str) -> Request:
    """A query of what is left of each product (查询账号短信剩余量)."""
    return signed_request(account, "balance", {}, now, nonce)


def decode_balance(account: Account, response: Response) -> tuple[Balance, ...] | Refused:
    """What is left, in messages, by 短信类别."""
    answer = read_answer(response)
    if refused := refused_by(account, answer):
        return refused
    return tuple(_balance(record, response.body) for record in records_of(answer.get("data"), response.body))


def _balance(record: Record, raw: bytes) -> Balance:
    amount = string(record.get("residueValue"))
    if not re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,6})?", amount):
        raise DecodeError("a balance is not a number", raw)
    return Balance(Decimal(amount), string(record.get("itemName")))


def encode_statistics(account: Account, now: datetime, nonce: str, first: date, last: date, page: int) -> Request:
    """A query of the figures of the days first…last, both included; pages of 50 count from 1 (查询短信发送统计)."""
    if first > last or page < 1:
        raise EncodeError(Reason.PARAMETER_REFUSED, "the last day comes before the first, or the page is below 1")
    fields = {
        "startDate": first.isoformat(),
        "endDate": last.isoformat(),
        "page": str(page),
        "pageSize": str(STATISTICS_PAGE),
    }
    return signed_request(account, "statistics", fields, now, nonce)


def decode_statistics(account: Account, response: Response) -> Page[DayStatistics] | Refused:
    """A page of days. The manual leaves open where `totalSize` stands, so a page that is full has a next one."""
    answer = read_answer(response)
    if refused := refused_by(account, answer):
        return refused
    days = tuple(_day(record, response.body) for record in records_of(answer.get("data") or [], response.body))
    return Page(days, full=len(days) >= STATISTICS_PAGE)


def _day(record: Record, raw: bytes) -> DayStatistics:
    day = string(record.get("sendDate"))
    counts = [string(record.get(name)) for name in ("totalCount", "successCount", "failCount", "noReceiptCount")]
    if not _is_day(day) or not all(re.fullmatch("[0-9]{1,18}", count) for count in counts):
        raise DecodeError("a day's figures lack the day or a count", raw)
    accepted, delivered, failed, still_open = map(int, counts)
    return DayStatistics(day, accepted, delivered, failed, still_open)


def _is_day(text: str) -> bool:
    """yyyy-MM-dd, and of the calendar."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def encode_health(account: Account, _now: datetime, _nonce: str) -> Request:
    """An unsigned POST without a body, as the manual's script makes it (网络环境检测)."""
    headers = {"Content-Type": "application/json;charset=utf-8"}
    return Request("POST", address(account, PROFILE, "health"), headers)


def decode_health(_account: Account, response: Response) -> bool:
    """Whether the platform is well. Its answer is undocumented: any JSON object will do, except with another code."""
    document = load(answer_text(response), response.body)
    if not isinstance(document, dict):
        raise DecodeError("the answer is not a JSON object", response.body)
    return bool(document.get("code", SUCCESS) == SUCCESS)
