"""infocloud, 经分助手 短信服务接口: signed JSON over HTTPS, templates only (`infocloud.txt`, the vendor's manual).

Section names in the comments are the manual's own headings; it has no numbers.
"""

import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType

from smsgateway.codecs.answers import Codes, answer_text, decode_text, refusal
from smsgateway.codecs.base import Profile
from smsgateway.codecs.forms import address, beijing_time, check_encodable, check_numbers, secret_matches
from smsgateway.errors import DecodeError, EncodeError
from smsgateway.model import (
    About,
    Accepted,
    Account,
    Balance,
    Content,
    DayStatistics,
    Inbound,
    Kind,
    Page,
    Push,
    Reason,
    Refused,
    Rejection,
    Report,
    ReportStatus,
    Request,
    Response,
    Submission,
)
from smsgateway.text import utf16_units

type _Record = dict[str, object]

PROFILE = Profile(
    credentials=("api_key", "access_key"),
    push_credentials=(),  # a push carries the account's own api_key and nothing else
    options=frozenset({"sign_method", "free_text_template", "free_text_signature", "access_number"}),
    paths=MappingProxyType(
        {
            "send": "/message/send",
            "batch": "/message/sendBatch",
            "report_poll": "/sms/arriveRes/qry",  # the Java demo's `sms/arrive/qry` is not the published SDK's
            "balance": "/sms/residueValue/qry",
            "statistics": "/sms/send/statistics",
            "health": "/health/info",
        }
    ),
    recipients=1000,
    batch=500,  # "1000" in 批量发送, "500" in the Java demo
    needs_template=True,
    # Receipts: once a minute is advised. Queries: "三次" a minute, stricter than 15 s for the balance and four a
    # minute for the statistics.
    pace=MappingProxyType({"report_poll": 60.0, "balance": 20.0, "statistics": 20.0}),
)

SUCCESS = "200"

# 返回码说明, both tables.
CODES: Codes = MappingProxyType(
    {
        # Busy "or other reasons": nobody can say whether the messages went out.
        "-1": (About.UNLISTED, Reason.UNLISTED_CODE, "系统繁忙，请稍后再试或者其他原因"),
        "2000": (About.ACCOUNT, Reason.ADDRESS_REFUSED, "IP白名单限制"),
        "2001": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "API授权错误"),
        "6000": (About.MOMENT, Reason.TOO_FAST, "访问频繁,请稍后再试"),
        "40002": (About.ACCOUNT, Reason.BALANCE_EXHAUSTED, "余额不足"),
        "40004": (About.CONTENT, Reason.PARAMETER_REFUSED, "参数错误"),
        "40005": (About.CONTENT, Reason.TEMPLATE_REFUSED, "超出模板参数设置限制"),
        # Also "taken by another account of the company": another vendor may carry the same extension.
        "40006": (About.CONTENT, Reason.EXTENSION_REFUSED, "扩展号不匹配或者被企业其他账号占用"),
        "60001": (About.CONTENT, Reason.TEMPLATE_REFUSED, "模板不存在"),
        "60002": (About.CONTENT, Reason.PARAMETER_REFUSED, "批量发送下电话数量和参数数量不一样"),
        "60003": (About.CONTENT, Reason.TEMPLATE_REFUSED, "短信变量个数和模板变量个数不一样"),
        "60004": (About.CONTENT, Reason.CONTENT_TOO_LONG, "变量值超过模板设置的变量值最大长度"),
        "60005": (About.CONTENT, Reason.CONTENT_EMPTY, "没有可以发送的内容"),
        "60006": (About.CONTENT, Reason.TEMPLATE_REFUSED, "模板参数变量格式错误"),
        "60007": (About.NUMBERS, Reason.INVALID_NUMBER, "手机号参数格式错误"),
        # The request's size, not the numbers, is wrong: another vendor may take it.
        "60008": (About.CONTENT, Reason.PARAMETER_REFUSED, "手机号数量大于1000"),
        # 短信发送FAQ: passing trouble of the platform, "增加重试机制". Only the second table has it.
        "60009": (About.MOMENT, Reason.BUSY, "短信资源被锁定"),
    }
)

# 短信网关回执短信状态.
STATUSES: Mapping[str, tuple[ReportStatus, Reason | None]] = MappingProxyType(
    {
        "DELIVRD": (ReportStatus.DELIVERED, None),
        "EXPIRED": (ReportStatus.UNDELIVERED, Reason.VALIDITY_EXPIRED),
        "DELETED": (ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
        "UNDELIV": (ReportStatus.UNDELIVERED, Reason.UNREACHABLE),
        "ACCEPTD": (ReportStatus.PENDING, None),
        "UNKNOWN": (ReportStatus.PENDING, None),  # 短信发送FAQ: "即发送中的短信", for up to 72 hours
        "REJECTD": (ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
    }
)
# 短信回执状态查询: "除DELIVRD外，其他都是未送达".
OTHER_STATUS = (ReportStatus.UNDELIVERED, Reason.NETWORK_FAILURE)

SIGN_METHODS: Mapping[str, str] = MappingProxyType(
    {
        "HmacMD5": "md5",
        "HmacSHA1": "sha1",
        "HmacSHA224": "sha224",
        "HmacSHA256": "sha256",
        "HmacSHA384": "sha384",
        "HmacSHA512": "sha512",
    }
)
DEFAULT_SIGN_METHOD = "HmacSHA256"

CONTENT_LIMIT = 500  # 短信模板FAQ: "1~500个字（含变量）"
BID_LIMIT = 64
REPORTS_PAGE = 600
IDS_LIMIT = 600
STATISTICS_PAGE = 50
_TEXT_LIMIT = 200  # characters of a vendor's own text that are kept

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Numbers stay text: ids must keep every digit. Not strict: a reply may hold a line break that nobody escaped.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str, strict=False)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


# --- Signature (发送短信, 3. 签名生成)


def string_to_sign(fields: Mapping[str, str]) -> str:
    """What is signed: body parameters and `x-` headers, sorted by code point, raw, joined `k=v&k=v`."""
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields))


def signature(method: str, access_key: str, text: str) -> str:
    """The value of `x-sign`: lower-case hexadecimal HMAC of a text; the key is text too, although it looks like hex.

    Raises EncodeError for a method that is none of the manual's six.
    """
    if method not in SIGN_METHODS:
        raise EncodeError(Reason.PARAMETER_REFUSED, f"sign_method is none of {', '.join(SIGN_METHODS)}")
    return hmac.new(access_key.encode(), text.encode(), SIGN_METHODS[method]).hexdigest()


def _request(account: Account, operation: str, fields: Mapping[str, str], now: datetime, nonce: str) -> Request:
    """A signed request. The demos disagree on how an empty value is signed: there are none, in body or signature."""
    body = {name: value for name, value in fields.items() if value}
    method, access_key = account.options.sign_method or DEFAULT_SIGN_METHOD, account.credentials["access_key"]
    headers = {
        "x-api-key": account.credentials["api_key"],
        "x-nonce": nonce,
        "x-sign-method": method,
        "x-timestamp": str((now - _EPOCH) // timedelta(milliseconds=1)),
    }
    text = string_to_sign(body | headers)
    check_encodable(text + access_key)
    headers["x-sign"] = signature(method, access_key, text)
    headers["Content-Type"] = "application/json;charset=utf-8"
    # Escaped to ASCII, as the Python and PHP demos send it: no charset on the way can garble the signed values.
    return Request("POST", address(account, PROFILE, operation), headers, json.dumps(body).encode("ascii"))


# --- Send (发送短信, 批量发送)


def encode_send(account: Account, submission: Submission, now: datetime, nonce: str) -> Request:
    """One template with the same values to at most 1000 numbers."""
    _check_numbers(submission.numbers, PROFILE.recipients)
    code, values = _template(account, submission.content)
    fields = {
        "phones": ",".join(submission.numbers),
        "templateCode": code,
        "templateParam": _ENCODER.encode(values) if values else "",
    }
    return _request(account, "send", fields | _common_fields(submission), now, nonce)


def encode_batch(account: Account, submission: Submission, now: datetime, nonce: str) -> Request:
    """One template with values of their own for each of at most 500 numbers."""
    numbers, contents = submission.numbers, submission.contents
    _check_numbers(numbers, PROFILE.batch)
    if len(contents) == 1:
        contents *= len(numbers)
    if len(contents) != len(numbers):
        raise EncodeError(Reason.PARAMETER_REFUSED, f"{len(contents)} contents for {len(numbers)} numbers")
    codes, values = zip(*(_template(account, content) for content in contents), strict=True)
    if len(set(codes)) > 1:
        raise EncodeError(Reason.TEMPLATE_REFUSED, "infocloud takes one template a batch, the contents have several")
    if len({len(row) for row in values}) > 1:
        raise EncodeError(Reason.TEMPLATE_REFUSED, "the contents of a batch have different numbers of variables")
    fields = {
        "phonesJson": _ENCODER.encode(numbers),
        "templateCode": codes[0],
        # A template without variables: "示例：["",""]（""个数和群发的号码个数对应）".
        "templateParamJson": _ENCODER.encode([row or "" for row in values]),
    }
    return _request(account, "batch", fields | _common_fields(submission), now, nonce)


def _check_numbers(numbers: tuple[str, ...], limit: int) -> None:
    check_numbers(numbers, limit)
    if others := sum(not re.fullmatch("1[0-9]{10}", number) for number in numbers):
        problem = f"infocloud takes mobile numbers of 11 digits, {others} of the numbers are not"
        raise EncodeError(Reason.INVALID_NUMBER, problem)


def _template(account: Account, content: Content) -> tuple[str, tuple[str, ...]]:
    """The code of the template that carries a content, and the values of its variables."""
    # The limit is the template's with its variables in place, so it holds for the whole of what is read. An operator
    # counts UTF-16 units: an emoji is two.
    if (length := utf16_units(content.full)) > CONTENT_LIMIT:
        problem = f"the text has {length} characters with its signature, infocloud takes at most {CONTENT_LIMIT}"
        raise EncodeError(Reason.CONTENT_TOO_LONG, problem)
    if content.template is not None:
        if not content.template.code:
            raise EncodeError(Reason.TEMPLATE_REFUSED, "the template has no code at infocloud")
        return content.template.code, content.template.values
    if not content.text.strip():
        raise EncodeError(Reason.CONTENT_EMPTY, "the text is empty")
    code = account.options.free_text_template
    if not code:
        problem = "infocloud sends registered templates only, and the account has no template for free text"
        raise EncodeError(Reason.TEMPLATE_REFUSED, problem)
    if not account.options.free_text_signature:
        # The manual forbids 【】 in the text of a template; a variable that is the whole message brings its signature.
        return code, (content.full,)
    if not content.signature:
        raise EncodeError(Reason.SIGNATURE_REFUSED, "the account's template for free text needs a signature")
    return code, (content.signature, content.text)


def _common_fields(submission: Submission) -> dict[str, str]:
    if submission.send_at is not None:
        raise EncodeError(Reason.PARAMETER_REFUSED, "infocloud has no scheduled sending")
    if len(submission.id) > BID_LIMIT:
        raise EncodeError(Reason.PARAMETER_REFUSED, f"the submission's id is longer than {BID_LIMIT} characters")
    if submission.extension and not re.fullmatch("[1-9][0-9]?", submission.extension):
        raise EncodeError(Reason.EXTENSION_REFUSED, "infocloud takes extensions from 1 to 99")
    return {"upExtendCode": submission.extension, "bid": submission.id}


def decode_send(account: Account, submission: Submission, response: Response) -> Accepted | Refused:
    """What became of a send. Numbers that the platform names as failed are rejected, the rest stands."""
    answer = _answer(response)
    if refused := _refused(account, answer):
        return refused
    data, without_id = answer.get("data"), f"{SUCCESS} {_string(answer.get('message'))[:_TEXT_LIMIT]}".rstrip()
    if not data or data == "null":
        return Accepted(vendor_status=without_id)
    if not isinstance(data, dict):
        raise DecodeError("the answer's data is not an object", response.body)
    msg_id, description = _string(data.get("msgId") or data.get("msgid")), _string(data.get("desc"))[:_TEXT_LIMIT]
    rejected, strangers = _rejected(submission, data.get("failPhones"), description)
    status = description if msg_id else f"{without_id} {description}".rstrip()
    if strangers:
        status = f"{status} ({strangers} of failPhones are none of the numbers sent)".lstrip()
    return Accepted((msg_id,) if msg_id else (), rejected, status)


decode_batch = decode_send


def _rejected(submission: Submission, failed: object, description: str) -> tuple[tuple[Rejection, ...], int]:
    """The refused numbers, and how many the platform named that were not in the submission."""
    names = failed if isinstance(failed, list) else _string(failed).split(",")
    phones = dict.fromkeys(name.strip() for name in names if isinstance(name, str) and name.strip())
    ours = set(submission.numbers)
    status = f"failPhones {description}".rstrip()
    # "手机号不正确，格式不规范，黑名单等": the platform does not say which, so the first of them.
    rejections = tuple(Rejection(phone, Reason.INVALID_NUMBER, status) for phone in phones if phone in ours)
    return rejections, len(phones) - len(rejections)


# --- Delivery reports (短信回执状态查询, 短信回执状态推送)


def encode_report_poll(account: Account, now: datetime, nonce: str, ids: tuple[str, ...] = ()) -> Request:
    """A query of the receipts of six hours that were not returned yet, or of at most 600 of the vendor's msgIds."""
    if len(ids) > IDS_LIMIT:
        raise EncodeError(Reason.PARAMETER_REFUSED, f"{len(ids)} ids in one query, the limit is {IDS_LIMIT}")
    if any("," in one for one in ids):
        raise EncodeError(Reason.PARAMETER_REFUSED, "an id of a query holds a comma")
    return _request(account, "report_poll", {"msgId": ",".join(ids)}, now, nonce)


def decode_report_poll(account: Account, response: Response) -> Page[Report] | Refused:
    """A page of reports; their numbers are masked (`187****8801`)."""
    answer = _answer(response)
    if refused := _refused(account, answer):
        return refused
    reports = tuple(_report(record, response.body) for record in _records(answer.get("data") or [], response.body))
    return Page(reports, full=len(reports) >= REPORTS_PAGE)


def decode_report_push(_account: Account, push: Push) -> tuple[Report, ...]:
    """The reports of one push."""
    return tuple(_report(record, push.body) for record in _pushed(push))


def _report(record: _Record, raw: bytes) -> Report:
    """One report: pushes say `arriveResult`, queries `arrive`; both have `msgId` and, where we sent it, our `bid`."""
    msg_id, bid = _string(record.get("msgId") or record.get("msgid")), _string(record.get("bid"))
    number, word = _string(record.get("tel")), _string(record.get("arriveResult") or record.get("arrive"))
    if not (number and word and (bid or msg_id)):
        raise DecodeError("a delivery report lacks its id, its number or its result", raw)
    status, reason = STATUSES.get(word, OTHER_STATUS)
    return Report(
        vendor_id=bid or msg_id,
        number=number,
        status=status,
        vendor_status=word,
        reason=reason,
        ours=bool(bid),
        alternative_id=msg_id if bid else "",
        reported_at=_minute(_string(record.get("arriveTime"))),
        raw=_raw(record, raw),
    )


@lru_cache(maxsize=1024)  # the receipts of a page share a few minutes
def _minute(text: str) -> datetime | None:
    """A time to the minute, yyMMddHHmm; strptime alone would take fewer digits for another moment."""
    return beijing_time(text, "%y%m%d%H%M") if re.fullmatch("[0-9]{10}", text) else None


# --- Inbound (短信上行报告推送)


def decode_inbound_push(account: Account, push: Push) -> tuple[Inbound, ...]:
    """The replies of one push. `srcId` is the access number, "可能含有尾号和自定义接入号": the extension behind it."""
    return tuple(_inbound(account, record, push.body) for record in _pushed(push))


def _inbound(account: Account, record: _Record, raw: bytes) -> Inbound:
    number, text, source = _string(record.get("tel")), record.get("content"), _string(record.get("srcId"))
    if not number or not isinstance(text, str):
        raise DecodeError("a reply lacks its number or its content", raw)
    access_number, extension = source, ""
    own = account.options.access_number
    if own and source.startswith(own):
        access_number, extension = own, source.removeprefix(own)
    return Inbound(
        number=number,
        text=text,
        access_number=access_number,
        extension=extension,
        received_at=_minute(_string(record.get("arriveTime"))),
        raw=_raw(record, raw),
    )


# --- Pushes: unsigned JSON, `{"apiKey": …, "data": [{…}]}`


def verify_push(account: Account, push: Push, _kind: Kind) -> bool:
    """Whether the push carries the account's api_key, its only sign of identity."""
    try:
        document = _push_document(push)
    except DecodeError:
        return False
    given = document.get("apiKey") if isinstance(document, dict) else None
    return isinstance(given, str) and secret_matches([account.credentials.get("api_key", "")], given)


def acknowledgement(account: Account, _kind: Kind) -> str:
    """The account's `ack`; the manual only asks for an answer within a second, so the default speaks its own codes."""
    return '{"code":200,"message":"OK"}' if account.options.ack is None else account.options.ack


def failure(_account: Account, _kind: Kind) -> str:
    """The manual's own word for "try again later"."""
    return '{"code":-1,"message":"FAIL"}'


def _push_document(push: Push) -> object:
    return _load(decode_text(push.body, "utf-8-sig"), push.body)


def _pushed(push: Push) -> list[_Record]:
    document = _push_document(push)
    if not isinstance(document, dict):
        raise DecodeError("the push is not a JSON object", push.body)
    return _records(document.get("data"), push.body)


# --- Balance, statistics, health


def encode_balance(account: Account, now: datetime, nonce: str) -> Request:
    """A query of what is left of each product (查询账号短信剩余量)."""
    return _request(account, "balance", {}, now, nonce)


def decode_balance(account: Account, response: Response) -> tuple[Balance, ...] | Refused:
    """What is left, in messages, by 短信类别."""
    answer = _answer(response)
    if refused := _refused(account, answer):
        return refused
    return tuple(_balance(record, response.body) for record in _records(answer.get("data"), response.body))


def _balance(record: _Record, raw: bytes) -> Balance:
    amount = _string(record.get("residueValue"))
    if not re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,6})?", amount):
        raise DecodeError("a balance is not a number", raw)
    return Balance(Decimal(amount), _string(record.get("itemName")))


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
    return _request(account, "statistics", fields, now, nonce)


def decode_statistics(account: Account, response: Response) -> Page[DayStatistics] | Refused:
    """A page of days. The manual leaves open where `totalSize` stands, so a page that is full has a next one."""
    answer = _answer(response)
    if refused := _refused(account, answer):
        return refused
    days = tuple(_day(record, response.body) for record in _records(answer.get("data") or [], response.body))
    return Page(days, full=len(days) >= STATISTICS_PAGE)


def _day(record: _Record, raw: bytes) -> DayStatistics:
    day = _string(record.get("sendDate"))
    counts = [_string(record.get(name)) for name in ("totalCount", "successCount", "failCount", "noReceiptCount")]
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", day) or not all(re.fullmatch("[0-9]{1,18}", n) for n in counts):
        raise DecodeError("a day's figures lack the day or a count", raw)
    accepted, delivered, failed, still_open = map(int, counts)
    return DayStatistics(day, accepted, delivered, failed, still_open)


def encode_health(account: Account, _now: datetime, _nonce: str) -> Request:
    """An unsigned POST without a body, as the manual's script makes it (网络环境检测)."""
    headers = {"Content-Type": "application/json;charset=utf-8"}
    return Request("POST", address(account, PROFILE, "health"), headers)


def decode_health(_account: Account, response: Response) -> bool:
    """Whether the platform is well. Its answer is undocumented: any JSON object will do, except with another code."""
    document = _load(answer_text(response, "utf-8-sig"), response.body)
    if not isinstance(document, dict):
        raise DecodeError("the answer is not a JSON object", response.body)
    return bool(document.get("code", SUCCESS) == SUCCESS)


# --- Reading JSON


def _answer(response: Response) -> _Record:
    """An answer's object. Its `code` is there: a number in the manual's samples, a string in its tables."""
    answer = _load(answer_text(response, "utf-8-sig"), response.body)
    if not isinstance(answer, dict) or not _string(answer.get("code")):
        raise DecodeError("the answer is not a JSON object with a code", response.body)
    return answer


def _refused(account: Account, answer: _Record) -> Refused | None:
    """The refusal that an answer is, if it is one."""
    code, message = _string(answer["code"]), _string(answer.get("message"))
    return None if code == SUCCESS else refusal(CODES, account, code[:_TEXT_LIMIT], message[:_TEXT_LIMIT])


def _records(data: object, raw: bytes) -> list[_Record]:
    """The objects of `data`: a list of them, one alone, or either as a JSON text. DecodeError for anything else."""
    if isinstance(data, str):
        data = _load(data, raw)
    records = [data] if isinstance(data, dict) else data
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise DecodeError("data is not a list of objects", raw)
    return records


def _raw(record: _Record, raw: bytes) -> str:
    """A record's own text."""
    try:
        return _ENCODER.encode(record)
    except RecursionError:
        raise DecodeError("a record is nested too deep", raw) from None


def _load(text: str, raw: bytes) -> object:
    """A JSON document whose numbers are text. DecodeError, with the bytes it stood in, if it is none."""
    try:
        document: object = _DECODER.decode(text)
        if "\\u" in text:
            document = _DECODER.decode(_whole_characters(_ENCODER.encode(document)))
    except (ValueError, RecursionError):  # nested beyond all sense is no protocol either
        raise DecodeError("not JSON", raw) from None
    return document


def _whole_characters(text: str) -> str:
    """A text with U+FFFD for half a character: an escape can name one (a text cut within an emoji), UTF-8 cannot."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _string(value: object) -> str:
    """A value that is text, else nothing. The platform writes an absent one as null, or even as `"null"`."""
    return value if isinstance(value, str) and value != "null" else ""
