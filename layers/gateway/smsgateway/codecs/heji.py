"""和记: the `name/pwd/content/type=pt` protocol ("短信接口文档"; the numbers of sections are its)."""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from urllib.parse import unquote_to_bytes

from smsgateway.clock import BEIJING, millis, millis_of
from smsgateway.codecs.base import Profile
from smsgateway.codecs.charsets import bare, patched, shown
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
from smsgateway.codecs.numbers import is_number, named_numbers
from smsgateway.codecs.records import is_damaged, read_each
from smsgateway.codecs.refusals import Codes, Fate, Words, answer_text, refusal
from smsgateway.codecs.times import beijing_time
from smsgateway.codecs.words import heard
from smsgateway.errors import DecodeError, EncodeError
from smsgateway.model import (
    About,
    Accepted,
    Account,
    Balance,
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
from smsgateway.text import said_number, utf16_units

PROFILE = Profile(
    credentials=("name", "pwd"),
    push_credentials=("name", "pwd", "access_secret"),
    options=frozenset({"ack", "method", "extension_prefix_length", "push_window"}),
    # The document names no address, for each account gets its own: `base_url` is the whole of it, and `type` tells the
    # operations apart.
    paths={"send": "", "balance": ""},
    pushes_in_query=True,
    push_proof=("random", "timestamp"),  # what the digest is made of, beside the secret
    recipients=1000,  # the document has no figure: ours; an account's is `recipients_per_request`
)

CONTENT_LIMIT = 500  # section 1.6
EXTENSION_LIMIT = 20  # the document has no figure; an access number with its extension has 20 digits at most

# Section 1.7.3.
SEND_CODES: Codes = {
    "1": (About.CONTENT, Reason.SENSITIVE_CONTENT, "含有敏感词汇"),
    "2": (About.CONTENT, Reason.SENSITIVE_CONTENT, "含有敏感词汇"),  # but see NO_BALANCE
    # We never send none, and those that are wrong are counted in a success: the parameter did not arrive.
    "3": (About.ACCOUNT, Reason.PARAMETER_REFUSED, "没有号码"),
    "4": (About.CONTENT, Reason.CONTENT_REFUSED, "包含sql语句"),
    "10": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "账号不存在"),
    "11": (About.ACCOUNT, Reason.ACCOUNT_CLOSED, "账号注销"),
    "12": (About.ACCOUNT, Reason.ACCOUNT_CLOSED, "账号停用"),
    "13": (About.ACCOUNT, Reason.ADDRESS_REFUSED, "IP鉴权失败"),
    # Whose format is wrong, it does not say: it may be this message's extension, so it does not speak for the account.
    "14": (About.CONTENT, Reason.PARAMETER_REFUSED, "格式错误"),
    "-1": (About.UNLISTED, Reason.UNLISTED_CODE, "系统异常"),  # vague: it may have failed after taking the message
}
# On the platform 2 is also an insufficient balance, as published clients show: then the text that comes with it says
# so.
NO_BALANCE: Codes = {"2": (About.ACCOUNT, Reason.BALANCE_EXHAUSTED, "")}

# Section 2.4.
BALANCE_CODES: Codes = {
    "10": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "账户不存在"),
    "11": (About.ACCOUNT, Reason.ACCOUNT_CLOSED, "账号注销"),
    "12": (About.ACCOUNT, Reason.ACCOUNT_CLOSED, "账号停用"),
    "13": (About.ACCOUNT, Reason.ADDRESS_REFUSED, "IP鉴权失败"),
}

# Section 3.2. "其他" are internal states of the vendor's gateway, an open set, `ERR:104` among them: unknown, with the
# word kept.
REPORT_WORDS: Words = {
    "DELIVRD": (ReportStatus.DELIVERED, None),
    "EXPIRED": (ReportStatus.UNDELIVERED, Reason.VALIDITY_EXPIRED),
    "UNDELIV": (ReportStatus.UNDELIVERED, Reason.UNREACHABLE),
    "UNKNOWN": (ReportStatus.UNKNOWN, None),  # listed, as "未知短消息状态"
    "REJECTD": (ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
    "DTBLACK": (ReportStatus.UNDELIVERED, Reason.BLACKLISTED),
    "ERR:104": (ReportStatus.UNDELIVERED, Reason.BUSY),
    "REJECT": (ReportStatus.UNDELIVERED, Reason.CONTENT_REFUSED),
}
OTHER_WORDS: Fate = (ReportStatus.UNKNOWN, None)

_CODE = re.compile("-?[0-9]{1,6}")
_COUNT = re.compile("[0-9]{1,9}")
_SENDID = re.compile("[0-9A-Za-z_-]{0,64}")
_FIGURE = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?")
_TIME = "%Y-%m-%d %H:%M:%S"

# Section 4. A reply may hold the separators itself. A record begins where a number follows one, however that
# is written, or where a whole one has ended: its time and extension are its last fields. A reply that imitates that
# cannot be told from it.
_ARGS = re.compile(rb"(?:^|&)args=(.*?)(?=&(?:name|pwd|random|timestamp)=|$)", re.DOTALL | re.IGNORECASE)
_SEPARATOR = "#@@#"
_NEXT_RECORD = re.compile("#@@#(?=([^#@]{1,40})(?:#@@?#|$))?")
_EXTENSION = r"#@#\s*(?P<extension>[0-9]*|\+?[0-9][0-9 -]{0,30}|null|none|undefined|-)\s*(?:#@#\s*)?"
_END = (
    r"#@#\s*(?P<time>[0-9]{4}(?:[-/.][0-9]{1,2}){2}[T\s]+[0-9]{1,2}(?::[0-9]{1,2}){1,2}(?:\.[0-9]{1,9})?|"
    rf"[0-9]{{12,17}}(?:\.0+)?)\s*(?:{_EXTENSION})?"
)
_AT_END = re.compile(f"{_END}$", re.IGNORECASE)
_LONGEST_END = 120  # characters
_RECORD = re.compile(rf"(?P<number>[^#]*)#@#(?P<text>.*){_END}", re.DOTALL | re.IGNORECASE)
_RECORD_WITHOUT_TIME = re.compile(
    rf"(?P<number>[^#]*)#@#(?P<text>(?:(?!#@#).)*)#@#(?P<time>(?:(?!#@#).)*){_EXTENSION}", re.DOTALL | re.IGNORECASE
)
_AROUND_RECORDS = re.compile(r"(?:#@@#|[\s\x00\ufeff])+")


def encode_send(account: Account, submission: Submission, _now: datetime, _nonce: str) -> Request:
    """Section 1. The signature travels in `sign`, not in the content; `sign` and `extno` are sent also when empty."""
    content = submission.content
    if not content.text.strip():
        raise EncodeError(Reason.CONTENT_EMPTY, "the text is empty")
    # The limit is that of the parameter `content`, which the signature is not part of.
    if (length := utf16_units(content.text)) > CONTENT_LIMIT:
        raise EncodeError(
            Reason.CONTENT_TOO_LONG, f"{length} characters without the signature, the limit is {CONTENT_LIMIT}"
        )
    check_encodable(content.full)
    check_numbers(submission.numbers, account.options.recipients_per_request or PROFILE.recipients)
    check_extension(submission.extension, EXTENSION_LIMIT)
    fields = [
        *_credentials(account),
        ("content", content.text),
        ("mobile", ",".join(submission.numbers)),
        ("stime", submission.send_at.astimezone(BEIJING).strftime(_TIME) if submission.send_at else ""),
        ("sign", content.signature),
        ("type", "pt"),
        ("extno", submission.extension),
    ]
    return form_request(address(account, PROFILE, "send"), fields, method=account.options.method or "POST")


def decode_send(account: Account, submission: Submission, response: Response) -> Accepted | Refused:
    """Section 1.7: `0,sendid,invalid,success,black,message`, or code and message (which may hold commas)."""
    answer = answer_text(response, "utf-8", damaged=True)
    code, message = _code(answer, response)
    if code != "0":
        codes = NO_BALANCE if code == "2" and "余额" in message else SEND_CODES
        return refusal(codes, account, code, message)
    fields = [bare(field) for field in re.split("[,，]", message, maxsplit=4)]
    if len(fields) < 5 or not _SENDID.fullmatch(fields[0]) or not all(map(_COUNT.fullmatch, fields[1:4])):
        raise DecodeError("the answer is not a success of six fields", response.body)
    sendid, sent = fields[0], len(submission.numbers)
    invalid, success, black = map(int, fields[1:4])
    if success == 0 and invalid + black == sent:
        # Every number was refused. Of a mixture nobody says which number was which.
        return Refused(About.NUMBERS, Reason.BLACKLISTED if black == sent else Reason.INVALID_NUMBER, answer)
    ids = (sendid,) if sendid else ()
    if success == 0:  # a success of nothing, and nothing said of the numbers
        return Refused(About.UNLISTED, Reason.AMBIGUOUS_ANSWER, answer, ids)
    whole = sendid and success == sent and not invalid and not black
    return Accepted(vendor_ids=ids, vendor_status="" if whole else answer)


def encode_balance(account: Account, _now: datetime, _nonce: str) -> Request:
    """Section 2."""
    fields = [*_credentials(account), ("type", "balance")]
    return form_request(address(account, PROFILE, "balance"), fields, method=account.options.method or "POST")


def decode_balance(account: Account, response: Response) -> tuple[Balance, ...] | Refused:
    """Section 2.3, which only names the fields: the platform answers `0,93`."""
    code, figure = _code(answer_text(response, "utf-8", damaged=True), response)
    if code != "0":
        return refusal(BALANCE_CODES, account, code, figure)
    if not _FIGURE.fullmatch(figure):
        raise DecodeError("the balance is not a figure", response.body)
    return (Balance(Decimal(figure)),)


def verify_push(account: Account, push: Push, kind: Kind) -> bool:
    """Whether `name` and `pwd` are the vendor's, each as far as the account configures it.

    A report's `name` is the digest of section 3.1 when `access_secret` is configured. A reply's is plain (4.1), and so
    is that of older pushes' reports: it counts when `name` is configured. Raises DecodeError when the bytes in which
    they would be are damaged, when there are no fields, or when nobody can tell when a right digest was made.
    """
    if account.push is None:
        return False
    expected = account.push.credentials
    if not expected:
        return True
    fields = _fields(push)
    asked = [name for name in ("name", "pwd") if name in expected]
    wrong = [name for name in asked if not secret_matches(expected[name], fields.get(name, ""))]
    if "access_secret" in expected and (kind == "reports" or "name" in wrong):
        digests = _digests(expected["access_secret"], fields)
        if secret_matches(digests, fields.get("name", "").lower()):
            wrong = [name for name in wrong if name != "name"]
            if not wrong and not _is_fresh(account, fields["timestamp"], push):
                return False
        elif "name" not in expected:
            wrong.append("name")
    if wrong and maybe_right(fields, wrong):
        raise DecodeError("the name or the pwd of the push cannot be read", push_raw(push))
    return not wrong


def _is_fresh(account: Account, timestamp: str, push: Push) -> bool:
    """Whether a digest was made within the account's `push_window` around the push: one caught on its way could be
    sent again with another report. In seconds or milliseconds since 1970, or as a date."""
    window = account.options.push_window
    if not window:
        return True
    if re.fullmatch("[0-9]{9,10}|[0-9]{12,13}", timestamp) and len(timestamp) != 12:
        made = int(timestamp) * (1000 if len(timestamp) <= 10 else 1)
    elif moment := beijing_time(timestamp):
        made = millis_of(moment)
    else:
        raise DecodeError("the timestamp of the push is none that can be read", push_raw(push))
    return abs(push.at - made) <= millis(window)


def acknowledgement(account: Account, _kind: Kind) -> str:
    """Undocumented: 200 with a short body."""
    return "0" if account.options.ack is None else account.options.ack


def failure(_account: Account, _kind: Kind) -> str:
    """Undocumented; anything but the acknowledgement."""
    return "fail"


def decode_report_push(account: Account, push: Push) -> Page[Report]:
    """Section 3: one state of one number, or of a comma list. One sendid covers all numbers of a request."""
    fields = _readable(account, push, "reports")
    numbers = named_numbers(fields.get("mobile", ""))
    if not numbers or not fields.get("sendid") or not fields.get("state"):
        raise DecodeError("the report lacks its sendid, mobile or state", push_raw(push))
    if is_damaged(fields["state"]):
        raise DecodeError("the report's state has bytes that are no UTF-8", push_raw(push))
    status, reason, listed = heard(account, fields["state"], REPORT_WORDS, OTHER_WORDS)
    time = fields.get("time", "")  # of a list, the first number's; the document has none for the others

    def alone(number: str) -> str:
        written = numbers[number]
        return form_text({"sendid": fields["sendid"], "time": time, "mobile": written, "state": fields["state"]})

    def report(number: str) -> Report:
        return Report(
            vendor_id=fields["sendid"],
            number=number,
            status=status,
            vendor_status=fields["state"],
            reason=reason,
            reported_at=beijing_time(time),
            raw=alone(number),
            listed=listed,
        )

    return read_each(numbers, report, lambda number: alone(number).encode("ascii"), push_raw(push))


def decode_inbound_push(account: Account, push: Push) -> Page[Inbound]:
    """Section 4: replies in `args`, one or several."""
    args = _args(push, _readable(account, push, "inbound"))

    def alone(record: str) -> bytes:
        return form_text({"args": record}).encode("ascii")

    return read_each(_records(args), lambda record: _reply(account, record, push), alone, push_raw(push))


def _readable(account: Account, push: Push, kind: Kind) -> dict[str, str]:
    """A push's fields. DecodeError when nobody can tell whose it is: then it is not acted on either."""
    verify_push(account, push, kind)
    return _fields(push)


def _fields(push: Push) -> dict[str, str]:
    """A push's fields by name in lower case; only `args` keeps its outer spaces."""
    fields = {name.strip().lower(): value for name, value in push_fields(push).items()}
    return {name: value if name == "args" else bare(value) for name, value in fields.items()}


def _args(push: Push, fields: Mapping[str, str]) -> str:
    """All of `args`, also where an `&` in it was not escaped. DecodeError if nobody knows the order of what follows."""
    if not any("#@" in name or "#@" in value for name, value in fields.items() if name != "args"):
        return fields.get("args", "")
    cut = _ARGS.search(push.body)
    if not cut:
        raise DecodeError("args has an & that was not escaped", push_raw(push))
    return patched(unquote_to_bytes(cut[1].replace(b"+", b" ")), "utf-8")


def _records(args: str) -> list[str]:
    if front := _AROUND_RECORDS.match(args):
        args = args[front.end() :]
    while args.endswith((_SEPARATOR, "\x00", "\n", "\r")):
        args = args.rstrip("\x00\r\n").removesuffix(_SEPARATOR)
    begins = [match for match in _NEXT_RECORD.finditer(args) if _begins(args, match)]
    starts, ends = [0, *(match.end() for match in begins)], [*(match.start() for match in begins), len(args)]
    return [args[start:end] for start, end in zip(starts, ends, strict=True)]


def _begins(args: str, separator: re.Match[str]) -> bool:
    if separator[1] and is_number(separator[1]):
        return True
    return _AT_END.search(args[max(0, separator.start() - _LONGEST_END) : separator.start()]) is not None


def _reply(account: Account, record: str, push: Push) -> Inbound:
    """One record of `args`. Its extension is the vendor's code, of a length the account knows, and then ours."""
    fields = _RECORD.fullmatch(record) or _RECORD_WITHOUT_TIME.fullmatch(record)
    if not fields:
        raise DecodeError("a record of args is not number, content, time and extension", push_raw(push))
    number = fields["number"].strip()
    if not is_number(number):
        raise DecodeError("a record of args whose number is none", push_raw(push))
    destination = re.sub("[^0-9]", "", fields["extension"] or "")
    return Inbound(
        number=said_number(number),
        text=fields["text"],
        access_number=destination,
        extension=destination[account.options.extension_prefix_length :],
        received_at=beijing_time(fields["time"]),
        raw=shown(record),
    )


def _credentials(account: Account) -> list[tuple[str, str]]:
    return [(name, account.credentials[name]) for name in PROFILE.credentials]


def _code(answer: str, response: Response) -> tuple[str, str]:
    """An answer's code and the rest after its first comma. Without a comma nobody knows whether the code is whole."""
    code, comma, rest = answer.replace("，", ",", 1).partition(",")
    if not comma or not _CODE.fullmatch(code.strip()):
        raise DecodeError("the answer is not a code and more, separated by a comma", response.body)
    return code.strip(), rest.strip()


def _digests(secrets: tuple[str, ...], fields: dict[str, str]) -> list[str]:
    """What `name` may be: MD5(AccessSecret + random + timestamp) as lower-case hex, for each secret not empty."""
    salt = fields.get("random", ""), fields.get("timestamp", "")
    if not all(salt):
        return []
    texts = ["".join((secret, *salt)) for secret in secrets if secret]
    # MD5 is the document's choice.
    return [hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest() for text in texts]
