"""An answer of infocloud: its code (返回码说明), and its JSON."""

import json
import re
from collections.abc import Iterable
from types import MappingProxyType

from smsgateway.codecs.answers import Codes, answer_text, refusal
from smsgateway.errors import DecodeError
from smsgateway.model import About, Account, Reason, Refused, Response

type Record = dict[str, object]

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

# Numbers stay text: ids must keep every digit. Not strict: a reply may hold a line break that nobody escaped.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str, strict=False)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_answer(response: Response) -> Record:
    """An answer's object. Its `code` is there: a number in the manual's samples, a string in its tables."""
    answer = load(answer_text(response, "utf-8-sig"), response.body)
    if not isinstance(answer, dict) or not string(answer.get("code")):
        raise DecodeError("the answer is not a JSON object with a code", response.body)
    return answer


def refused_by(account: Account, answer: Record) -> Refused | None:
    """The refusal that an answer is, if it is one."""
    code, message = string(answer["code"]), string(answer.get("message"))
    return None if code == SUCCESS else refusal(CODES, account, code[:TEXT_LIMIT], message[:TEXT_LIMIT])


def records_of(data: object, raw: bytes) -> list[Record]:
    """The objects of `data`: a list of them, one alone, or either as a JSON text. DecodeError for anything else."""
    if isinstance(data, str):
        data = load(data, raw)
    records = [data] if isinstance(data, dict) else data
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise DecodeError("data is not a list of objects", raw)
    return records


def load(text: str, raw: bytes) -> object:
    """A JSON document whose numbers are text. DecodeError, with the bytes it stood in, if it is none."""
    try:
        document: object = _DECODER.decode(text)
        if "\\" in text and _ESCAPED_SURROGATE.search(text):  # most texts hold none: seen 20 times as fast
            document = _DECODER.decode(_whole_characters(json_text(document)))
    except (ValueError, RecursionError):  # nested beyond all sense is no protocol either
        raise DecodeError("not JSON", raw) from None
    return document


def _whole_characters(text: str) -> str:
    """A text with U+FFFD for half a character: an escape can name one (a text cut within an emoji), UTF-8 cannot."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def json_text(value: object) -> str:
    """JSON without needless spaces and escapes."""
    return _ENCODER.encode(value)


def record_text(record: Record, raw: bytes) -> str:
    """A record as it is kept. DecodeError if it is nested deeper than can be written."""
    try:
        return json_text(record)
    except RecursionError:
        raise DecodeError("a record is nested too deep", raw) from None


def string(value: object) -> str:
    """A value that is text, else nothing. The platform writes an absent one as null, or even as `"null"`."""
    return strings([value])[0]


def strings(values: Iterable[object]) -> list[str]:
    """The same of many, without a call for each."""
    return [value if isinstance(value, str) and value != "null" else "" for value in values]
