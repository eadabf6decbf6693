"""qixintong: 昌隆通泰 "企业短信通 HTTP接口调用说明" (the numbers in comments are its sections).

Forms in GBK out, lines divided by `|` back. Everything is polled, and reading consumes: nothing is given out twice.
"""

import re
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from types import MappingProxyType
from typing import Any, NamedTuple

from smsgateway.clock import BEIJING
from smsgateway.codecs.base import Profile
from smsgateway.codecs.charsets import bare, misread, read_as, unmarked, written_in
from smsgateway.codecs.forms import (
    address,
    check_encodable,
    check_numbers,
    form_request,
)
from smsgateway.codecs.numbers import is_number
from smsgateway.codecs.records import is_damaged, read_each
from smsgateway.codecs.refusals import Codes, Fate, Words, answer_text, refusal
from smsgateway.codecs.words import folded, heard
from smsgateway.errors import DecodeError, EncodeError
from smsgateway.model import (
    About,
    Accepted,
    Account,
    Balance,
    Inbound,
    Page,
    Reason,
    Refused,
    Report,
    ReportStatus,
    Request,
    Response,
    Submission,
    Unreadable,
)
from smsgateway.text import said_number, utf16_units

PROFILE = Profile(
    credentials=("us_name", "us_pwd"),
    push_credentials=(),
    options=frozenset({"charset", "method"}),
    paths=MappingProxyType(
        {
            "send": "/sendsms_txt.asp",
            "report_poll": "/get_report_txt.asp",
            "inbound_poll": "/get_receive_message_txt.asp",
            "balance": "/Get_Account_Balance.asp",
        }
    ),
    recipients=100,
    landlines=True,  # 1.1.1: "小灵通需加区号"; the other documents speak of mobile numbers alone
    # The document has no figures; these are its neighbour's (hbsmservice), so that a full poll does not hammer.
    pace=MappingProxyType({"report_poll": 0.2, "inbound_poll": 0.2, "balance": 0.2}),
)

REPORTS_PER_PAGE = 100  # 1.1.2
INBOUND_PER_PAGE = 50  # 1.1.3
TEXT_LIMIT = 335  # 1.1.1, code -8

# -1, -3 and -7 mean different things at different addresses: one table each.
SEND_CODES: Codes = {  # 1.1.1
    # The parameter is missing; numbers that are bad are b of a success. We always send some: what we send is not read.
    "-1": (About.ACCOUNT, Reason.SERVICE_REFUSED, "缺少接收的目标号码"),
    "-2": (About.CONTENT, Reason.CONTENT_EMPTY, "缺少短信内容"),
    "-3": (About.CONTENT, Reason.SENSITIVE_CONTENT, "短信内容非法，含有禁发关键词"),  # `-3|the word`
    # The request's size, not the numbers, is wrong: another vendor may take it.
    "-4": (About.CONTENT, Reason.PARAMETER_REFUSED, "每次请求条数大于最大允许条数 100 条"),
    "-7": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "用户登入信息验证失败(一般为密码错误)"),
    "-8": (About.CONTENT, Reason.CONTENT_TOO_LONG, "短信内容长度超过规定最大字符长度 335 个字符"),
    "-9": (About.ACCOUNT, Reason.BALANCE_EXHAUSTED, "帐户当前余额不足发送本次请求的条数"),
    "-10": (About.ACCOUNT, Reason.ACCOUNT_CLOSED, "帐号已被锁定"),
    "-99": (About.MOMENT, Reason.BUSY, "系统忙，无法受理此次请求"),
}
POLL_CODES: Codes = {  # 1.1.2, 1.1.3
    "-1": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "用户不存在"),
    "-3": (About.MOMENT, Reason.BUSY, "系统忙，请稍候再试"),
    "-7": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "帐号登录验证失败"),
}
BALANCE_CODES: Codes = {  # 1.1.4
    "-1": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "帐户不存在"),
    "-7": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "用户登入信息验证失败"),
}

# 1.1.2: whole numbers, of which three are listed.
REPORT_WORDS: Words = {
    "10": (ReportStatus.DELIVERED, None),  # 发送成功
    "20": (ReportStatus.UNDELIVERED, Reason.NETWORK_FAILURE),  # 发送失败, for whatever reason
    "-1": (ReportStatus.PENDING, None),  # 未收到状态报告: not final
}
OTHER_WORDS: Fate = (ReportStatus.UNKNOWN, Reason.UNLISTED_CODE)

_CODE = re.compile(r"(-[1-9][0-9]{0,5})(?:\|(.*))?", re.DOTALL)  # errors are negative, everywhere
_SUCCESS = re.compile(r"0\s*\|\s*([0-9]{1,6})\s*\|\s*([0-9]{1,6})\s*\|(.*)", re.DOTALL)
_BETWEEN_IDS = re.compile(r"[,，;；|\s\x00]+")
_BALANCE = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,6})?")
_LIST = re.compile(rb"([0-9]{1,6})\s*\|(.*)", re.DOTALL)
# The text puts a semicolon after the id, the inbound example a comma.
_REPORT = re.compile(r"([^;,|]{1,64})[;,]([^;,|]{1,40});([^;,|]{1,20})")
_VALUE = re.compile("-?[0-9]{1,6}")
# A number as platforms write one, narrow or wide (in GBK, in UTF-8). In bytes, because a bar is the second
# half of many characters of GBK: after a text that lost a byte, it would be taken for a half of one.
_REPLY_HEAD = re.compile(
    rb"(?:^|\|)([^;,|]{1,64})[;,]( ?(?:\+|\xa3\xab|\xef\xbc\x8b)?"
    rb"(?:(?:[ -]|\xa3\xad|\xef\xbc\x8d)?(?:[0-9*]|\xa3[\xb0-\xb9]|\xef\xbc[\x90-\x99])){5,20} ?);"
)
_ANY_HEAD = re.compile(rb"(?:^|\|)([^;,|]{0,64})[;,]([^;,|]{0,40});")


def encode_send(account: Account, submission: Submission, _now: datetime, _nonce: str) -> Request:
    """One text to at most 100 numbers (1.1.1). The signature goes in front of the text and counts."""
    content, charset = submission.content, written_in(account)
    limit = account.options.recipients_per_request or PROFILE.recipients
    check_numbers(submission.numbers, limit, landlines=PROFILE.landlines)
    if not content.text.strip():
        raise EncodeError(Reason.CONTENT_EMPTY, "the text is empty")
    units = utf16_units(content.full)
    if units > TEXT_LIMIT:
        raise EncodeError(Reason.CONTENT_TOO_LONG, f"{units} characters with the signature, the limit is {TEXT_LIMIT}")
    check_encodable(content.full, charset)
    if submission.extension:
        raise EncodeError(Reason.EXTENSION_REFUSED, "qixintong has no extensions")
    fields = [
        ("send_phone", ",".join(submission.numbers)),
        ("send_content", content.full),
    ]
    if submission.send_at is not None:  # left out, the message goes at once
        fields.append(("send_time", submission.send_at.astimezone(BEIJING).strftime("%Y%m%d%H%M%S")))
    return _request(account, "send", fields)


def decode_send(account: Account, submission: Submission, response: Response) -> Accepted | Refused:
    """`0|taken|failed|SMSID,SMSID…` or a code (1.1.1); which numbers failed is not said.

    The document gives one SMSID a number in its table, one in all in its example: both are taken as they come.
    """
    text = answer_text(response, read_as(account), damaged=True)
    success = _SUCCESS.fullmatch(text)
    if not success:
        return _refusal(SEND_CODES, account, text, response)
    taken, sent = int(success[1]), len(submission.numbers)
    if taken == 0:
        return Refused(About.NUMBERS, Reason.INVALID_NUMBER, text)  # 处理失败 … 一般为号码长度不对等
    ids = tuple(map(bare, filter(None, _BETWEEN_IDS.split(success[3]))))
    if any(map(is_damaged, ids)):
        raise DecodeError("an SMSID with bytes that are none of its charset", response.body)
    as_expected = taken == sent and int(success[2]) == 0 and len(ids) in (1, sent)
    return Accepted(vendor_ids=ids, vendor_status="" if as_expected else text)


def encode_report_poll(account: Account, _now: datetime, _nonce: str) -> Request:
    """At most 100 reports, whichever they are (1.1.2)."""
    return _request(account, "report_poll")


def decode_report_poll(account: Account, response: Response) -> Page[Report] | Refused:
    """`n|SMSID;number;value|…`, `0` for none, or a code (1.1.2). There is no time in it.

    The bars divide the records whatever n says. Where n is another number, the page itself is parked too: something is
    wrong with it, though what is there can be read.
    """
    page = _listed(account, response)
    if not isinstance(page, _Listed):
        return page
    records = page.records.removesuffix(b"|").split(b"|") if page.records else []
    read = read_each(records, lambda record: _report(account, record, page.charset), _alone, response.body)
    if len(records) == page.announced:
        return replace(read, full=page.announced >= REPORTS_PER_PAGE)
    problem = f"{page.announced} reports announced, {len(records)} there"
    if not read.items:
        raise DecodeError(problem, response.body)
    return replace(read, unreadable=(*read.unreadable, Unreadable(response.body, problem, "the whole page")))


def _report(account: Account, record: bytes, charset: str) -> Report:
    raw = record.decode(charset, "replace").strip()
    parts = _REPORT.fullmatch(raw)
    if not parts:
        raise DecodeError("a report that is not id, number and value", record)
    vendor_id, number, said = (part.strip() for part in parts.groups())
    status, reason, listed = heard(account, said, REPORT_WORDS, OTHER_WORDS)
    if status is ReportStatus.UNKNOWN and not listed and not _VALUE.fullmatch(folded(said)):
        raise DecodeError("a value that is no number", record)
    return Report(
        bare(vendor_id), said_number(number), status, vendor_status=said, reason=reason, raw=raw, listed=listed
    )


def encode_inbound_poll(account: Account, _now: datetime, _nonce: str) -> Request:
    """At most 50 replies (1.1.3)."""
    return _request(account, "inbound_poll")


def decode_inbound_poll(account: Account, response: Response) -> Page[Inbound] | Refused:
    """`n|id;number;text|…`, `0` for none, or a code (1.1.3). There is neither a time nor a destination in it.

    Nothing is escaped, and a text may hold all the separators. A reply begins wherever an id and a number do, however
    that is written; when there are not as many of those as announced, nobody can say which text is whose. A bar at the
    very end divides, as elsewhere: the platform ends some of its lines with one, and few people end their texts so.
    """
    page = _listed(account, response)
    if not isinstance(page, _Listed):
        return page
    rest = page.records.removesuffix(b"|")
    starts = _starts(rest, _REPLY_HEAD)
    if len(starts) != page.announced:  # a number may be written in a way of its own, or be none
        starts = max(starts, _starts(rest, _ANY_HEAD), key=lambda found: len(found) == page.announced)
    if len(starts) != page.announced or (starts or [0])[0] != 0:
        raise DecodeError(f"{page.announced} replies announced, {len(starts)} beginnings there", response.body)
    records = [rest[start:end].removeprefix(b"|") for start, end in pairwise([*starts, len(rest)])]
    read = read_each(records, lambda record: _reply(record, page.charset), _alone, response.body)
    return replace(read, full=page.announced >= INBOUND_PER_PAGE)


def _starts(records: bytes, head: re.Pattern[bytes]) -> list[int]:
    return [found.start() for found in head.finditer(records)]


def _reply(record: bytes, charset: str) -> Inbound:
    head = _REPLY_HEAD.match(record) or _ANY_HEAD.match(record)
    if not head:  # never: it is where the record was cut
        raise DecodeError("a reply without an id and a number", record)
    vendor_id, number, text = (part.decode(charset, "replace") for part in (*head.groups(), record[head.end() :]))
    if not is_number(number):
        raise DecodeError("a reply whose number is none", record)
    if misread(text, charset):
        raise DecodeError("a reply in another charset than the account's", record)
    raw = record.decode(charset, "replace")
    return Inbound(number=said_number(number), text=text, vendor_id=bare(vendor_id), raw=raw)


class _Listed(NamedTuple):
    """What a poll brought: how many records the vendor announced, and the bytes of them."""

    announced: int
    records: bytes
    charset: str


def _alone(record: bytes) -> bytes:
    """A page of one record. A bar ends it, lest one that ends the record be taken for that."""
    return b"1|" + record + b"|"


def _listed(account: Account, response: Response) -> _Listed | Page[Any] | Refused:
    if response.status != 200:
        raise DecodeError(f"HTTP status {response.status}", response.body)
    body, charset = unmarked(response.body, read_as(account))
    # Only line ends and zeros are the server's: other white space at the end is the last reply's.
    if listed := _LIST.fullmatch(body.rstrip(b"\r\n\x00")):
        return _Listed(int(listed[1]), listed[2], charset)
    answer = answer_text(response, read_as(account), damaged=True)
    return Page(()) if answer == "0" else _refusal(POLL_CODES, account, answer, response)


def encode_balance(account: Account, _now: datetime, _nonce: str) -> Request:
    """1.1.4."""
    return _request(account, "balance")


def decode_balance(account: Account, response: Response) -> tuple[Balance, ...] | Refused:
    """How many messages are left, `0` among them, or a code (1.1.4)."""
    text = answer_text(response, read_as(account))
    if _BALANCE.fullmatch(text):
        return (Balance(Decimal(text)),)
    return _refusal(BALANCE_CODES, account, text, response)


def _request(account: Account, operation: str, fields: list[tuple[str, str]] | None = None) -> Request:
    # Every example of the document is a GET. POST all the same, unless the account says otherwise: what stands in front
    # of the pages may repeat a GET by itself (RFC 9110, 9.2.2; nginx does), and so text twice; a full request passes
    # 3 KB, and IIS takes 2 KB of query; and addresses, with the password in them, are logged everywhere. Pages that
    # read no form refuse all that comes, with -1 or -7: nothing is lost, and the account's check shows it.
    credentials = [(name, account.credentials[name]) for name in PROFILE.credentials]
    return form_request(
        address(account, PROFILE, operation),
        credentials + (fields or []),
        charset=written_in(account),
        method=account.options.method or "POST",
    )


def _refusal(codes: Codes, account: Account, text: str, response: Response) -> Refused:
    code = _CODE.fullmatch(text)
    if not code:
        raise DecodeError("neither a success nor a code", response.body)
    return refusal(codes, account, code[1], (code[2] or "").strip())
