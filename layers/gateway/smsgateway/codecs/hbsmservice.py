"""hbsmservice: "HTTP 协议短信接口文档 V2.0.0" (the numbers in comments are its sections).

Forms in GBK out, `0#n`, a code or XML declared GBK back. Reports carry our own id: `corp_msg_id` in, `msg_id` back.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import cache, partial
from types import MappingProxyType
from typing import Any

from smsgateway.codecs.base import Profile
from smsgateway.codecs.charsets import misread, read_as, unmarked, written_in
from smsgateway.codecs.forms import (
    address,
    check_encodable,
    check_extension,
    check_numbers,
    form_request,
)
from smsgateway.codecs.records import read_each
from smsgateway.codecs.refusals import Codes, Fate, Words, answer_text, refusal
from smsgateway.codecs.times import beijing_time
from smsgateway.codecs.words import HeardWord, folded, heard
from smsgateway.codecs.xml import Record, Records, parse_records
from smsgateway.errors import DecodeError, EncodeError
from smsgateway.ids import item_references
from smsgateway.model import (
    About,
    Accepted,
    Account,
    Balance,
    Content,
    Inbound,
    Kind,
    Page,
    Push,
    Reason,
    Refused,
    Report,
    ReportStatus,
    Request,
    Response,
    Submission,
)
from smsgateway.text import said_number, segments, utf16_units

PROFILE = Profile(
    credentials=("corp_id", "corp_pwd", "corp_service"),
    push_credentials=(),
    options=frozenset({"charset", "access_number"}),
    paths=MappingProxyType(
        {
            "send": "/sms_send2.do",
            "batch": "/hSmsSend.do",
            "balance": "/sms_count2.do",
            "report_poll": "/post_report.do",
            "inbound_poll": "/post_deliverMsg.do",
        }
    ),
    recipients=200,
    batch=200,
    # 11: a servlet that reads nothing writes 9 (接收失败), and 0 is for what was received. A push that lost its body on
    # the way is then made again.
    fails_on_nothing=True,
    # 3.3, 5.3, 7.3: two requests less than 200 ms apart are refused.
    pace=MappingProxyType({"balance": 0.2, "report_poll": 0.2, "inbound_poll": 0.2}),
)

REPORTS_PER_PAGE = 100  # 5.5
INBOUND_PER_PAGE = 10  # 7.5
TEXT_LIMIT = 999  # "up to and including 1000" in 1.2, error 102 for "more than 1000 (including 1000)" in 1.3
ID_LIMIT = 50  # 1.2
NUMBER_LIMIT = 20  # digits of access number and extension together: at most 20 in 1.2, fewer than 20 in 2.2
SPLIT, GROUP = "&split&", "&group&"  # 2.2: they cannot be escaped

# The same code means different things at different addresses: one table each.
SEND_CODES: Codes = {  # 1.3
    "100": (About.ACCOUNT, Reason.BALANCE_EXHAUSTED, "余额不足"),
    "101": (About.ACCOUNT, Reason.ACCOUNT_CLOSED, "账号关闭"),
    "102": (About.CONTENT, Reason.CONTENT_TOO_LONG, "短信内容超过 1000 字（包括 1000 字）或为空"),
    # Of the three causes the first is not ours: we never send more than 200.
    "103": (About.NUMBERS, Reason.INVALID_NUMBER, "手机号码超过 200 个或合法手机号码为空或者与通道类型不匹配"),
    # We always send one, and no longer than that: something between us and them drops or renames it in every request.
    "104": (About.ACCOUNT, Reason.SERVICE_REFUSED, "corp_msg_id 超过 50 个字符或没有传 corp_msg_id 字段"),
    "106": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "用户名不存在"),
    "107": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "密码错误"),
    "108": (About.ACCOUNT, Reason.ADDRESS_REFUSED, "指定访问 ip 错误"),
    "109": (About.ACCOUNT, Reason.SERVICE_REFUSED, "业务代码不存在或者通道关闭"),
    "110": (About.CONTENT, Reason.EXTENSION_REFUSED, "扩展号不合法"),
    "9": (About.ACCOUNT, Reason.SERVICE_REFUSED, "访问地址不存在"),
}
BATCH_CODES: Codes = {  # 2.3
    # "All failed", without a reason. Nothing was submitted, so it is a definite refusal; of this request rather than of
    # the account, whose own refusals have codes, or of numbers that may be good elsewhere.
    "0#0": (About.CONTENT, Reason.PARAMETER_REFUSED, "此次个性化短信全部提交失败"),
    "100": (About.ACCOUNT, Reason.BALANCE_EXHAUSTED, "余额不足"),
    "101": (About.ACCOUNT, Reason.ACCOUNT_CLOSED, "账号关闭"),
    "106": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "用户名不存在"),
    "107": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "密码错误"),
    "108": (About.ACCOUNT, Reason.ADDRESS_REFUSED, "指定访问的 IP 错误"),
    "109": (About.ACCOUNT, Reason.SERVICE_REFUSED, "业务不存在"),
    # We only ever POST: something between us and them does not, and does it to every request of this account.
    "114": (About.ACCOUNT, Reason.SERVICE_REFUSED, "接口提交应为 POST，不支持 GET"),
    "115": (About.CONTENT, Reason.PARAMETER_REFUSED, "total_count 与实际短信条数无法匹配"),
    "116": (About.CONTENT, Reason.PARAMETER_REFUSED, "个性化短信提交个数超过 200 条"),
    "9": (About.ACCOUNT, Reason.SERVICE_REFUSED, "访问地址不存在"),
}
BALANCE_CODES: Codes = {  # 3.3
    "101": (About.ACCOUNT, Reason.ACCOUNT_CLOSED, "账号关闭"),
    "104": (About.MOMENT, Reason.TOO_FAST, "两次访问间隔小于 200ms"),
    "106": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "用户名不存在"),
    "107": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "密码错误"),
    "108": (About.ACCOUNT, Reason.ADDRESS_REFUSED, "指定访问的 IP 错误"),
    "9": (About.ACCOUNT, Reason.SERVICE_REFUSED, "访问地址不存在"),
}
POLL_CODES: Codes = {  # 5.3, 7.3: negative, but for the two that are not
    "9": (About.ACCOUNT, Reason.SERVICE_REFUSED, "访问地址不存在"),
    "-11": (About.ACCOUNT, Reason.ACCOUNT_CLOSED, "账户关闭"),
    "-16": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "用户名错误或用户名不存在"),
    "-17": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "密码错误"),
    "-18": (About.ACCOUNT, Reason.SERVICE_REFUSED, "不支持客户主动获取"),
    "-19": (About.MOMENT, Reason.TOO_FAST, "用户访问超过我方限制频率 (间隔 200 毫秒访问一次)"),
    "108": (About.ACCOUNT, Reason.ADDRESS_REFUSED, "指定访问 IP 错误"),
}

# 4.2: `err` is "the error code", 0 and 000 "both mean success"; the samples have one more.
REPORT_WORDS: Words = {
    "0": (ReportStatus.DELIVERED, None),
    "000": (ReportStatus.DELIVERED, None),
    "2": (ReportStatus.UNDELIVERED, Reason.UNREACHABLE),  # undeliver
}
# Whatever else it is, 4.2 calls it "the error code", and only two values success: a failure, if of unknown cause.
OTHER_WORDS: Fate = (ReportStatus.UNDELIVERED, Reason.UNLISTED_CODE)

_SEGMENT = re.compile("[0-9]{1,3}")
_ACCESS_NUMBER = re.compile("(?:10|12|95|96)[0-9]{6,}")
_CODE = re.compile("-?[0-9]{1,6}")
_COUNT = re.compile("0#([0-9]{1,9})")
_BALANCE = re.compile(r"ok#(-?[0-9]{1,18}(?:\.[0-9]{1,6})?)", re.IGNORECASE)


def encode_send(account: Account, submission: Submission, _now: datetime, _nonce: str) -> Request:
    """One text to at most 200 numbers (1.1, 1.2). The signature goes in front of the text and counts."""
    _check(account, submission, PROFILE.recipients, NUMBER_LIMIT)
    fields = [
        *_credentials(account, "corp_id", "corp_pwd", "corp_service"),
        ("mobile", ",".join(submission.numbers)),
        ("msg_content", submission.content.full),
        ("corp_msg_id", submission.id),
        ("ext", submission.extension),  # 1.2: the name must be there, the value may be empty
    ]
    return form_request(address(account, PROFILE, "send"), fields, charset=written_in(account))


def encode_batch(account: Account, submission: Submission, _now: datetime, _nonce: str) -> Request:
    """One text a number, at most 200 (2.1, 2.2). Each has an id of its own, as in the document's sample."""
    # 2.2 says "< 20" in its table and "≤ 20" in its third note: the stricter.
    _check(account, submission, PROFILE.batch, NUMBER_LIMIT - 1)
    texts = [content.full for content in submission.contents]
    if len(texts) != len(submission.numbers):
        raise EncodeError(Reason.PARAMETER_REFUSED, f"{len(submission.numbers)} numbers, but {len(texts)} texts")
    for text in texts:
        # The outer `&` are the neighbouring separators': a text that ends in `&group` would be cut early.
        if any(separator in f"&{text}&" for separator in (SPLIT, GROUP)):
            raise EncodeError(
                Reason.CONTENT_NOT_ENCODABLE, f"a personalised text cannot contain {SPLIT} or {GROUP}, or border on one"
            )
    records = [
        SPLIT.join((number, id_, submission.extension, text))
        for number, id_, text in zip(submission.numbers, item_references(submission.id, len(texts)), texts, strict=True)
    ]
    fields = [
        *_credentials(account, "corp_id", "corp_pwd", "corp_service"),
        ("total_count", str(len(records))),
        ("send_param", GROUP.join(records)),
        ("ctrl_param", "1"),  # "unused" in 2.2; the demo's value (9)
    ]
    return form_request(address(account, PROFILE, "batch"), fields, charset=written_in(account))


def _check(account: Account, submission: Submission, recipients: int, digits: int) -> None:
    check_numbers(submission.numbers, account.options.recipients_per_request or recipients)
    for content in submission.contents:
        _check_content(content, written_in(account))
    check_extension(submission.extension, max(0, digits - len(account.options.access_number or "")))
    if not 1 <= len(submission.id) <= ID_LIMIT or "&" in submission.id:
        raise EncodeError(Reason.PARAMETER_REFUSED, f"the submission's id is not 1 to {ID_LIMIT} characters without &")
    if submission.send_at is not None:
        raise EncodeError(Reason.PARAMETER_REFUSED, "hbsmservice does not schedule messages")


def _check_content(content: Content, charset: str) -> None:
    if not content.text.strip():
        raise EncodeError(Reason.CONTENT_EMPTY, "the text is empty")
    units = utf16_units(content.full)
    if units > TEXT_LIMIT:
        raise EncodeError(Reason.CONTENT_TOO_LONG, f"{units} characters with the signature, the limit is {TEXT_LIMIT}")
    check_encodable(content.full, charset)


def decode_send(account: Account, submission: Submission, response: Response) -> Accepted | Refused:
    """`0#n` or a code (1.3). There is no id of the vendor's: reports carry ours."""
    # 1.3, first note: of long texts too, n is what was submitted.
    return _decode_submission(account, submission, response, SEND_CODES, len(submission.numbers))


def decode_batch(account: Account, submission: Submission, response: Response) -> Accepted | Refused:
    """`0#n` or a code (2.3). n counts texts where the channel takes long ones whole, and else their segments.

    So of two texts of two segments, 4 is all there is, but 2 can be both texts or one: that is shown.
    """
    whole = sum(segments(content.full) for content in submission.contents)
    return _decode_submission(account, submission, response, BATCH_CODES, whole)


def _decode_submission(
    account: Account, submission: Submission, response: Response, codes: Codes, whole: int
) -> Accepted | Refused:
    """`whole`: the n that says for certain that all was taken."""
    text = answer_text(response, read_as(account))
    if counted := _COUNT.fullmatch(text):
        taken, sent = int(counted[1]), len(submission.numbers)
        shown = f"{text} of {sent}" if whole == sent else f"{text} of {sent}, {whole} segments"
        if taken == 0:
            about, reason, _ = BATCH_CODES["0#0"]  # the same of a plain send, whose "number taken" is none
            return Refused(about, reason, shown)
        if taken == whole:
            return Accepted()
        return Accepted(vendor_status=shown)  # 1.3, second note: which ones failed is not said
    return _refusal(codes, account, text, response)


def _refusal(codes: Codes, account: Account, text: str, response: Response) -> Refused:
    # Nothing but zeros is not an error anywhere: on a send it is `0#n` cut short.
    if not _CODE.fullmatch(text) or not text.strip("-0"):
        raise DecodeError("neither a success nor a code", response.body)
    return refusal(codes, account, text)


def encode_balance(account: Account, _now: datetime, _nonce: str) -> Request:
    """3.1, 3.2. The demo (10) sends other names, one of them twice; these are the table's."""
    fields = _credentials(account, "corp_id", "corp_pwd")
    return form_request(address(account, PROFILE, "balance"), fields, charset=written_in(account))


def decode_balance(account: Account, response: Response) -> tuple[Balance, ...] | Refused:
    """`ok#` and the figure, which may be decimal, or a code (3.3)."""
    text = answer_text(response, read_as(account))
    if balance := _BALANCE.fullmatch(text):
        return (Balance(Decimal(balance[1])),)
    return _refusal(BALANCE_CODES, account, text, response)


def encode_report_poll(account: Account, _now: datetime, _nonce: str) -> Request:
    """At most 100 reports, which are not given out again (5.1, 5.2), whichever they are."""
    return _poll(account, "report_poll")


def encode_inbound_poll(account: Account, _now: datetime, _nonce: str) -> Request:
    """At most 10 replies, which are not given out again (7.1, 7.2)."""
    return _poll(account, "inbound_poll")


def _poll(account: Account, operation: str) -> Request:
    corp_id, corp_pwd = _credentials(account, "corp_id", "corp_pwd")
    fields = [corp_id, ("user_id", corp_id[1]), corp_pwd]
    return form_request(address(account, PROFILE, operation), fields, charset=written_in(account))


def decode_report_poll(account: Account, response: Response) -> Page[Report] | Refused:
    """XML, `0` for "nothing waiting", or a code (5.3)."""
    if not _is_xml(response):
        return _nothing(account, response)
    page = _reports(account, response.body)
    return replace(page, full=len(page.items) + len(page.unreadable) >= REPORTS_PER_PAGE)


def decode_inbound_poll(account: Account, response: Response) -> Page[Inbound] | Refused:
    """XML, `0` for "nothing waiting", or a code (7.3)."""
    if not _is_xml(response):
        return _nothing(account, response)
    page = _replies(account, response.body)
    return replace(page, full=len(page.items) + len(page.unreadable) >= INBOUND_PER_PAGE)


def _is_xml(response: Response) -> bool:
    # Of bytes: one that is damaged costs a record, not the page.
    return response.status == 200 and unmarked(response.body, "")[0].startswith(b"<")


def _nothing(account: Account, response: Response) -> Page[Any] | Refused:
    """What a poll answers in place of a page."""
    text = answer_text(response, read_as(account))
    return Page(()) if text == "0" else _refusal(POLL_CODES, account, text, response)


def verify_push(_account: Account, _push: Push, _kind: Kind) -> bool:
    """The vendor sends no credentials (4.1, 6.1): the address's token and the source address are all there is."""
    return True


def acknowledgement(_account: Account, _kind: Kind) -> str:
    """4.3, 6.3: exactly this, or the vendor pushes again."""
    return "0"


def failure(_account: Account, _kind: Kind) -> str:
    """11. The vendor pushes three times, 2 s apart (4.4)."""
    return "9"


def decode_report_push(account: Account, push: Push) -> Page[Report]:
    """The body is the XML itself, without a parameter name (4.2, 11)."""
    return _reports(account, push.body)


def decode_inbound_push(account: Account, push: Push) -> Page[Inbound]:
    """The body is the XML itself, without a parameter name (6.2, 11)."""
    return _replies(account, push.body)


def _reports(account: Account, body: bytes) -> Page[Report]:
    page = parse_records(body, read_as(account), "reports", "report")
    fate = cache(partial(_fate, account))  # most reports of a page say the same
    return read_each(page.records, lambda record: _report(fate, record, body), page.alone, body)


def _report(fate: Callable[[str], HeardWord], record: Record, body: bytes) -> Report:
    """Mobile and msg_id name a message (4.2); `sub_seq` tells the parts of a long one apart, and 0 is all of it."""
    fields = _fields(record, body)
    segment = folded(fields.get("sub_seq", "")) or "0"
    if not _SEGMENT.fullmatch(segment):
        raise DecodeError("a sub_seq that is no number", body)
    if "msg_id" not in fields:
        raise DecodeError("a report without msg_id", body)
    error = _required(fields, "err", body)
    if "\ufffd" in error:
        raise DecodeError("an err with bytes that are none of its charset", body)
    status, reason, listed = fate(error)
    return Report(
        vendor_id=fields["msg_id"].strip(),  # empty for messages that were not sent by us, but through the same account
        number=said_number(_required(fields, "mobile", body)),
        status=status,
        vendor_status=f"{error} {fields.get('fail_desc', '').strip()}".strip(),
        reason=reason,
        ours=True,
        reported_at=beijing_time(fields.get("report_time", "")),
        segment=int(segment),
        raw=record.raw,
        listed=listed,
    )


def _fate(account: Account, error: str) -> HeardWord:
    # `00` is a zero that the document does not list.
    others = OTHER_WORDS if folded(error).strip("0") else (ReportStatus.UNKNOWN, Reason.UNLISTED_CODE)
    return heard(account, error, REPORT_WORDS, others)


def _replies(account: Account, body: bytes) -> Page[Inbound]:
    page = parse_records(body, read_as(account), "delivers", "deliver")
    return read_each(page.records, lambda record: _reply(account, record, page, body), page.alone, body)


def _reply(account: Account, record: Record, page: Records, body: bytes) -> Inbound:
    fields = _fields(record, body)
    if "content" not in fields:
        raise DecodeError("a reply without content", body)
    if misread(fields["content"], page.charset) or (page.strange and not fields["content"].isascii()):
        raise DecodeError("a reply in another charset than its page says", body)
    access_number, extension = _destination(account.options.access_number or "", _value(fields, "ext"))
    return Inbound(
        number=said_number(_required(fields, "mobile", body)),
        text=fields["content"],  # may be empty
        access_number=access_number,
        extension=extension,
        received_at=beijing_time(fields.get("time", "")),
        raw=record.raw,
    )


def _destination(access_number: str, ext: str) -> tuple[str, str]:
    """The whole number a reply went to, and the extension: `ext` may be either, as other clients show.

    Without the account's access number nobody can say where the extension begins, nor what the whole number is. Nor can
    they if `ext` is too long for an extension of it, or begins as the whole numbers of services do: it is another one.
    """
    if access_number and ext.startswith(access_number):
        return ext, ext.removeprefix(access_number)
    if not access_number or len(access_number + ext) > NUMBER_LIMIT or _ACCESS_NUMBER.fullmatch(ext):
        return "", ext
    return access_number + ext, ext


def _fields(record: Record, body: bytes) -> dict[str, str]:
    if record.problem:
        raise DecodeError(record.problem, body)
    return record.fields


def _value(fields: dict[str, str], name: str) -> str:
    value = fields.get(name, "").strip()
    return "" if value.lower() == "null" else value


def _required(fields: dict[str, str], name: str, body: bytes) -> str:
    value = fields.get(name, "").strip()
    if not value:
        raise DecodeError(f"a record without {name}", body)
    return value


def _credentials(account: Account, *names: str) -> list[tuple[str, str]]:
    return [(name, account.credentials[name]) for name in names]
