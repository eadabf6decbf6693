"""朗宇: the `HttpBatchSendSM` protocol (the numbers of sections are its document's)."""

import re
from datetime import datetime
from decimal import Decimal

from smsgateway.codecs.base import Profile
from smsgateway.codecs.charsets import bare
from smsgateway.codecs.forms import (
    address,
    check_encodable,
    check_extension,
    check_numbers,
    form_request,
    form_text,
    maybe_right,
    push_fields,
    push_raw,
    secret_matches,
)
from smsgateway.codecs.numbers import named_numbers
from smsgateway.codecs.records import is_damaged, only, read_each
from smsgateway.codecs.refusals import Codes, Fate, Words, answer_text, refusal
from smsgateway.codecs.times import beijing_time
from smsgateway.codecs.words import folded, heard
from smsgateway.errors import DecodeError, EncodeError
from smsgateway.model import (
    About,
    Accepted,
    Account,
    Balance,
    Inbound,
    Kind,
    Page,
    Part,
    Push,
    Reason,
    Refused,
    Report,
    ReportStatus,
    Request,
    Response,
    Submission,
)
from smsgateway.text import said_number, utf16_units

PROFILE = Profile(
    credentials=("account", "pswd"),
    push_credentials=("receiver", "pswd"),
    options=frozenset({"ack", "method", "product", "access_number"}),
    paths={"send": "/msg/HttpBatchSendSM", "balance": "/msg/QueryBalance"},
    recipients=50_000,
    pushes_in_query=True,
    pace={"balance": 10},  # section 4.4, code 103: one query in ten seconds
)

CONTENT_LIMIT = 536  # section 1.2 says 700, error 106 says ">536"
EXTENSION_LIMIT = 20  # the document has no figure; an access number with its extension has 20 digits at most

# Section 1.3.3. 107 and 114 are missing from the document.
SEND_CODES: Codes = {
    "101": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "无此用户"),
    "102": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "密码错"),
    "103": (About.MOMENT, Reason.TOO_FAST, "提交过快（提交速度超过流速限制）"),
    "104": (About.MOMENT, Reason.BUSY, "系统忙（因平台侧原因，暂时无法处理提交的短信）"),
    "105": (About.CONTENT, Reason.SENSITIVE_CONTENT, "敏感短信（短信内容包含敏感词）"),
    "106": (About.CONTENT, Reason.CONTENT_TOO_LONG, "消息长度错（>536或<=0）"),
    # We send 1 to 50 000, so this is: none that counts as one.
    "108": (About.NUMBERS, Reason.INVALID_NUMBER, "手机号码个数错（发送>50000或<=0;）"),
    "109": (About.ACCOUNT, Reason.BALANCE_EXHAUSTED, "无发送额度（该用户可用短信数已使用完）"),
    "110": (About.MOMENT, Reason.OUTSIDE_HOURS, "不在发送时间内"),
    "111": (About.ACCOUNT, Reason.BALANCE_EXHAUSTED, "超出该账户当月发送额度限制"),
    "112": (About.ACCOUNT, Reason.SERVICE_REFUSED, "无此产品，用户没有订购该产品"),
    "113": (About.CONTENT, Reason.EXTENSION_REFUSED, "extno格式错（非数字或者长度不对）"),
    "115": (About.CONTENT, Reason.CONTENT_REFUSED, "自动审核驳回"),
    "116": (About.CONTENT, Reason.SIGNATURE_REFUSED, "签名不合法，未带签名（用户必须带签名的前提下）"),
    "117": (About.ACCOUNT, Reason.ADDRESS_REFUSED, "IP地址认证错,请求调用的IP地址不是系统登记的IP地址"),
    "118": (About.ACCOUNT, Reason.SERVICE_REFUSED, "用户没有相应的发送权限"),
    "119": (About.ACCOUNT, Reason.ACCOUNT_CLOSED, "用户已过期"),
    "120": (About.CONTENT, Reason.CONTENT_REFUSED, "内容不在白名单中"),
}

# Section 4.4.
BALANCE_CODES: Codes = {
    "101": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "无此用户"),
    "102": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "密码错"),
    "103": (About.MOMENT, Reason.TOO_FAST, "查询过快（建议每10秒查询一次）"),
}

# Section 2.2. "其他" are words of gateways, an open set such as `JA:0009`: unknown, with the word kept.
REPORT_WORDS: Words = {
    "DELIVRD": (ReportStatus.DELIVERED, None),
    "MBBLACK": (ReportStatus.UNDELIVERED, Reason.BLACKLISTED),
    "ROUTEERR": (ReportStatus.UNDELIVERED, Reason.NETWORK_FAILURE),
    "REJECT": (ReportStatus.UNDELIVERED, Reason.CONTENT_REFUSED),
    "DISTURB": (ReportStatus.UNDELIVERED, Reason.TOO_FREQUENT),
    "EMSERR": (ReportStatus.UNDELIVERED, Reason.PARTS_MISSING),
    "SIGNERR": (ReportStatus.UNDELIVERED, Reason.SIGNATURE_REFUSED),
    "KEYWORD": (ReportStatus.UNDELIVERED, Reason.SENSITIVE_CONTENT),
}
OTHER_WORDS: Fate = (ReportStatus.UNKNOWN, None)

# A line break may have become a blank, a semicolon or several line breaks on its way: what is after it counts.
_BREAKS = r"(?:[\s;；,，|]|<br\s*/?>)+"
_ANSWER = re.compile(
    r"(?:[0-9]{14}|[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}[ T][0-9:]{5,8})(?:\.0*)?"
    rf"\s*[,，]\s*(-?[0-9]{{1,6}})(?:{_BREAKS}(.*))?",
    re.DOTALL,
)
_BREAK = re.compile(_BREAKS)
_MSGID = re.compile("(?=[A-Za-z_-]*[0-9])[0-9A-Za-z_-]{1,64}")
_PRODUCT = re.compile(r"([^,，;；\s]{1,64})\s*[,，]\s*(-?[0-9]{1,15}(?:\.[0-9]{1,6})?)(?:[\s;；]+|$)")
_EMSHEAD = re.compile(r"([^,，;；\s]{1,64})\s*[,，;；]\s*([0-9]{1,3})\s*[,，;；]\s*([0-9]{1,3})[\s,，;；]*")
# How relatives, of which `Isems` tells, may write the 1 and the 0 of section 3.1.
_IS_PART, _IS_WHOLE = frozenset({"1", "TRUE", "Y", "YES"}), frozenset({"", "FALSE", "N", "NO", "NULL"})


def encode_send(account: Account, submission: Submission, _now: datetime, _nonce: str) -> Request:
    """Section 1. `needstatus=true` always: without it there is neither an id nor a report."""
    content = submission.content
    if not content.text.strip():
        raise EncodeError(Reason.CONTENT_EMPTY, "the text is empty")
    # The signature travels in the content, where code 116 demands it, so it counts; characters as a text message
    # counts them.
    if (length := utf16_units(content.full)) > CONTENT_LIMIT:
        raise EncodeError(
            Reason.CONTENT_TOO_LONG, f"{length} characters with the signature, the limit is {CONTENT_LIMIT}"
        )
    check_encodable(content.full)
    check_numbers(submission.numbers, PROFILE.recipients)
    check_extension(submission.extension, EXTENSION_LIMIT)
    if submission.send_at:
        raise EncodeError(Reason.PARAMETER_REFUSED, "this vendor cannot send at a given time")
    fields = [
        *_credentials(account),
        ("mobile", ",".join(submission.numbers)),
        ("msg", content.full),
        ("needstatus", "true"),
    ]
    if account.options.product:
        fields.append(("product", account.options.product))
    if submission.extension:
        fields.append(("extno", submission.extension))
    return form_request(address(account, PROFILE, "send"), fields, method=account.options.method or "POST")


def decode_send(account: Account, _submission: Submission, response: Response) -> Accepted | Refused:
    """Section 1.3: time and status, then the one msgid of all numbers."""
    code, rest = _answer(response)
    said = [bare(word) for word in _BREAK.split(rest) if bare(word)]
    if code != "0":
        return refusal(SEND_CODES, account, code, " ".join(said))
    if not said:
        # Status 0 is a success also without an id; it is then shown as it came.
        return Accepted(vendor_status=answer_text(response, "utf-8", damaged=True))
    if len(said) > 1 or not _MSGID.fullmatch(said[0]):
        raise DecodeError("the answer's second line is not a msgid", response.body)
    return Accepted(vendor_ids=(said[0],))


def encode_balance(account: Account, _now: datetime, _nonce: str) -> Request:
    """Section 4."""
    url = address(account, PROFILE, "balance")
    return form_request(url, _credentials(account), method=account.options.method or "POST")


def decode_balance(account: Account, response: Response) -> tuple[Balance, ...] | Refused:
    """Section 4.3: time and status, then one line a product, of which there may be any number."""
    code, rest = _answer(response)
    if code != "0":
        return refusal(BALANCE_CODES, account, code, " ".join(rest.split()))
    balances, at = [], 0
    while at < len(rest):
        product = _PRODUCT.match(rest, at)
        if not product:
            raise DecodeError("a line of the balance is not a product and its figure", response.body)
        balances.append(Balance(Decimal(product[2]), product=product[1]))
        at = product.end()
    return tuple(balances)


def verify_push(account: Account, push: Push, _kind: Kind) -> bool:
    """Whether `receiver` and `pswd` are ours, each where it is configured: both may be empty at the vendor.

    Raises DecodeError when the bytes in which they would be are damaged, or there are no fields.
    """
    if account.push is None:
        return False
    expected = account.push.credentials
    if not expected:
        return True
    fields = _fields(push)
    wrong = [name for name in expected if not secret_matches(expected[name], fields.get(name, ""))]
    if wrong and maybe_right(fields, wrong):
        raise DecodeError("the receiver or the pswd of the push cannot be read", push_raw(push))
    return not wrong


def acknowledgement(account: Account, _kind: Kind) -> str:
    """Undocumented; `success` is what the platform's own gateway answers."""
    return "success" if account.options.ack is None else account.options.ack


def failure(_account: Account, _kind: Kind) -> str:
    """Undocumented; anything but the acknowledgement."""
    return "fail"


def decode_report_push(account: Account, push: Push) -> Page[Report]:
    """Section 2: one report a push, for one number or, as its relatives have it, for a list of them.

    (msgid, mobile) identifies the message: one msgid covers all numbers of a request.
    """
    fields = _readable(account, push, "reports")
    for name in ("msgid", "mobile", "status"):
        if not fields.get(name):
            raise DecodeError(f"the report has no {name}", push_raw(push))
    if is_damaged(fields["status"]):
        raise DecodeError("the report's status has bytes that are no UTF-8", push_raw(push))
    status, reason, listed = heard(account, fields["status"], REPORT_WORDS, OTHER_WORDS)
    numbers = named_numbers(fields["mobile"])

    def alone(number: str) -> str:
        return _record(push) if len(numbers) == 1 else _record(push, mobile=numbers[number])

    def report(number: str) -> Report:
        return Report(
            vendor_id=fields["msgid"],
            number=number,
            status=status,
            vendor_status=fields["status"],
            reason=reason,
            reported_at=_time(fields.get("reporttime", "")),
            raw=alone(number),
            listed=listed,
        )

    return read_each(numbers, report, lambda number: alone(number).encode("ascii"), push_raw(push))


def decode_inbound_push(account: Account, push: Push) -> Page[Inbound]:
    """Section 3: one reply a push, or one part of a long one.

    Parts come in any order, can repeat, and can be missing for good.
    """
    fields = _readable(account, push, "inbound")
    if not fields.get("mobile") or "msg" not in fields:
        raise DecodeError("the reply has no mobile or no msg", push_raw(push))
    if any(b"=" not in field for field in push.body.rstrip(b"&\r\n\0 ").split(b"&") if field):
        raise DecodeError("an & that was not escaped: nobody can say where msg ends", push_raw(push))
    destination, access_number = fields.get("destcode", ""), account.options.access_number or ""
    known = access_number and destination.startswith(access_number)
    reply = Inbound(
        number=said_number(fields["mobile"]),
        text=fields["msg"],
        access_number=destination,
        extension=destination[len(access_number) :] if known else "",
        received_at=_time(fields.get("motime", "")),
        part=_part(fields, push),
        raw=_record(push),
    )
    return only(reply, push_raw(push))


def _credentials(account: Account) -> list[tuple[str, str]]:
    return [(name, account.credentials[name]) for name in PROFILE.credentials]


def _answer(response: Response) -> tuple[str, str]:
    """The status of an answer, and what comes after it.

    Lines end in LF, and some in CR LF; another line end may follow the last line.
    """
    answer = _ANSWER.fullmatch(answer_text(response, "utf-8", damaged=True))
    if not answer:
        raise DecodeError("the answer does not begin with a time and a status", response.body)
    return answer[1], answer[2] or ""


def _readable(account: Account, push: Push, kind: Kind) -> dict[str, str]:
    """A push's fields. DecodeError when nobody can tell whose it is: then it is not acted on either."""
    verify_push(account, push, kind)
    return _fields(push)


def _fields(push: Push) -> dict[str, str]:
    """A push's fields by name in lower case, for the document writes `isems` and `Isems`.

    Only `msg` keeps its outer spaces.
    """
    fields = {name.strip().lower(): value for name, value in push_fields(push).items()}
    return {name: value if name == "msg" else bare(value) for name, value in fields.items()}


def _record(push: Push, **other: str) -> str:
    """The push as its record's raw text, without the vendor's credentials. `other`: fields to be another."""
    fields = push_fields(push)
    kept = {name: value for name, value in fields.items() if name.lower() not in PROFILE.push_credentials}
    return form_text({name: other.get(name.lower(), value) for name, value in kept.items()})


def _time(text: str) -> datetime | None:
    """yyMMddHHmm; ISO from the platform's relatives, as their published clients show."""
    return beijing_time(text, "%y%m%d%H%M")


def _part(fields: dict[str, str], push: Push) -> Part | None:
    """The place in a long message: `emshead` is id, total, number. None for a reply that is whole."""
    is_part = folded(fields.get("isems", "")).lstrip("0")
    if is_part in _IS_WHOLE:
        return None
    head = _EMSHEAD.fullmatch(fields.get("emshead", ""))
    if is_part not in _IS_PART or not head or is_damaged(head[1]):
        raise DecodeError("the part of a long message has no proper isems and emshead", push_raw(push))
    total, number = int(head[2]), int(head[3])
    if not 1 <= number <= total:
        raise DecodeError("the part of a long message is not one of its parts", push_raw(push))
    return Part(id=head[1], total=total, number=number)
