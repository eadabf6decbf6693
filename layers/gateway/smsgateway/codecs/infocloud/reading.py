"""An answer of infocloud: its code (返回码说明), and its JSON."""

import re
from collections.abc import Sequence
from types import MappingProxyType

from smsgateway.codecs.refusals import Codes, refusal
from smsgateway.codecs.tolerant_json import Entry, Record, answer_text, entries, json_text, load, string
from smsgateway.errors import DecodeError
from smsgateway.model import About, Account, Reason, Refused, Response

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

TEXT_LIMIT = 200  # characters of a vendor's own text that are kept

# 短信发送FAQ: "无效的参数（时间戳）", where the clocks are more than 60 s apart. Every request is refused then.
CLOCK_CODES: Codes = MappingProxyType({"40004": (About.ACCOUNT, Reason.PARAMETER_REFUSED, "参数错误")})

_CLOCK = re.compile("时间戳|timestamp|nonce|随机", re.IGNORECASE)
_REQUEST_ID = re.compile("[0-9A-Za-z_-]{1,64}")
_LIST = re.compile(r'"data"[ \t\r\n]*:[ \t\r\n]*\[')
_SUCCESSFUL = re.compile(r'"code"[ \t\r\n]*:[ \t\r\n]*"?200"?[ \t\r\n]*[,}]')


def read_answer(response: Response) -> Record:
    """An answer's object. Its `code` is there: a number in the manual's samples, a string in its tables."""
    return answer_in(load(answer_text(response), response.body), response.body)


def answer_in(answer: object, raw: bytes) -> Record:
    """The same of a document that was read. DecodeError if it is not an object with a code."""
    if not isinstance(answer, dict) or not string(answer.get("code")):
        raise DecodeError("the answer is not a JSON object with a code", raw)
    return answer


def refused_by(account: Account, answer: Record) -> Refused | None:
    """The refusal that an answer is, if it is one."""
    code, message = string(answer["code"]), string(answer.get("message"))
    if code == SUCCESS:
        return None
    codes = CLOCK_CODES if code in CLOCK_CODES and _CLOCK.search(message) else CODES
    return refusal(codes, account, code[:TEXT_LIMIT], with_request_id(message[:TEXT_LIMIT], answer))


def with_request_id(text: str, answer: Record) -> str:
    """A text with the answer's requestId, by which the platform's support finds a call (短信发送FAQ)."""
    request_id = string(answer.get("requestId"))
    return f"{text} (requestId {request_id})".lstrip() if _REQUEST_ID.fullmatch(request_id) else text


def entries_of(data: object, text: str, raw: bytes) -> Sequence[Entry]:
    """The entries of `data`, whatever they are, each as it stands in the document's `text`. DecodeError if it is no
    list of such, nor one alone, nor either as a JSON text."""
    if isinstance(data, str):
        inner = data.strip()
        if string(inner) == "":
            return []
        if inner.startswith("["):
            return entries(inner, 1)
        data = load(data, raw)
    if isinstance(data, dict):
        return [Entry(json_text(data, raw), data)]
    if not isinstance(data, list):
        raise DecodeError("data is not a list of objects", raw)
    begin = _LIST.search(text)
    found = entries(text, begin.end()) if begin else []
    whole = [entry.value for entry in found] == data  # else the first `data` of the text is another
    return found if whole else [Entry(json_text(value, raw), value) for value in data]


def entries_in_broken(text: str, raw: bytes, *, polled: bool) -> Sequence[Entry]:
    """The same of a document that is no JSON as a whole. DecodeError if nobody can tell where they are, or whether an
    answer that was polled is a success."""
    begin = _LIST.search(text)
    if not begin or (polled and not _SUCCESSFUL.search(text)):
        raise DecodeError("not JSON", raw)
    return entries(text, begin.end())
