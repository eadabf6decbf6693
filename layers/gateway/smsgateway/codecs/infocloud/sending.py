"""What goes out through infocloud, and what it answers (发送短信, 批量发送)."""

import json
import re
from datetime import datetime

from smsgateway.codecs.forms import check_numbers
from smsgateway.codecs.infocloud.profile import PROFILE
from smsgateway.codecs.infocloud.reading import SUCCESS, TEXT_LIMIT, read_answer, refused_by, with_request_id
from smsgateway.codecs.infocloud.signing import signed_request
from smsgateway.codecs.numbers import meant, named_numbers
from smsgateway.codecs.records import is_id
from smsgateway.codecs.tolerant_json import string
from smsgateway.errors import DecodeError, EncodeError
from smsgateway.model import (
    About,
    Accepted,
    Account,
    Content,
    Reason,
    Refused,
    Rejection,
    Request,
    Response,
    Submission,
)
from smsgateway.text import utf16_units

CONTENT_LIMIT = 500  # 短信模板FAQ: "1~500个字（含变量）"
BID_LIMIT = 64

_MOBILES = re.compile("1[0-9]{10}(?:,1[0-9]{10}+)*+")


def encode_send(account: Account, submission: Submission, now: datetime, nonce: str) -> Request:
    """One template with the same values to at most 1000 numbers."""
    _check_numbers(submission.numbers, PROFILE.recipients)
    code, values = _template(account, submission.content)
    fields = {
        "phones": ",".join(submission.numbers),
        "templateCode": code,
        "templateParam": _inner(values) if values else "",
    }
    return signed_request(account, "send", fields | _common_fields(submission), now, nonce)


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
        "phonesJson": _inner(numbers),
        "templateCode": codes[0],
        # A template without variables: "示例：["",""]（""个数和群发的号码个数对应）".
        "templateParamJson": _inner([row or "" for row in values]),
    }
    return signed_request(account, "batch", fields | _common_fields(submission), now, nonce)


def _inner(value: object) -> str:
    """JSON within JSON, without needless spaces and escapes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _check_numbers(numbers: tuple[str, ...], limit: int) -> None:
    check_numbers(numbers, limit)
    if not _MOBILES.fullmatch(",".join(numbers)):
        others = sum(not _MOBILES.fullmatch(number) for number in numbers)
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
    """What became of a send. Numbers that the platform names as failed are rejected, the rest stands.

    "该值不为空，说明平台已经接收提交的短信任务": without a msgId nothing says that the platform took the messages.
    """
    answer = read_answer(response)
    if refused := refused_by(account, answer):
        return refused
    data = answer.get("data") or {}
    if data != "null" and not isinstance(data, dict):
        raise DecodeError(with_request_id("the answer's data is not an object", answer), response.body)
    fields = data if isinstance(data, dict) else {}
    msg_id, description = string(fields.get("msgId") or fields.get("msgid")), string(fields.get("desc"))[:TEXT_LIMIT]
    named = with_request_id(f"failPhones {description}".rstrip(), answer)
    rejected, unclear = _rejected(submission, fields.get("failPhones"), named)
    status = " ".join(part for part in (description, *unclear) if part)
    if msg_id and is_id(msg_id):
        return Accepted((msg_id,), rejected, with_request_id(status, answer) if rejected or unclear else status)
    if len(rejected) == len(set(submission.numbers)):
        return Refused(About.NUMBERS, Reason.INVALID_NUMBER, f"{SUCCESS} {named}")
    said = " ".join(part for part in (SUCCESS, string(answer.get("message"))[:TEXT_LIMIT], status) if part)
    return Refused(About.UNLISTED, Reason.AMBIGUOUS_ANSWER, with_request_id(f"{said}, without a msgId", answer))


decode_batch = decode_send


def _rejected(submission: Submission, failed: object, status: str) -> tuple[tuple[Rejection, ...], list[str]]:
    """The refused numbers, and what is to be said of those named that cannot be told apart, or were not sent."""
    listed = [string(one) for one in failed] if isinstance(failed, list) else [string(failed)]
    named = named_numbers(",".join(listed))
    meanings = [meant(name, submission.numbers) for name in named]
    refused = dict.fromkeys(numbers[0] for numbers in meanings if len(set(numbers)) == 1)
    strangers, several = meanings.count([]), sum(len(set(numbers)) > 1 for numbers in meanings)
    unclear = [f"({strangers} of failPhones are none of the numbers sent)"] if strangers else []
    unclear += [f"({several} of failPhones fit several of the numbers sent)"] if several else []
    # "手机号不正确，格式不规范，黑名单等": the platform does not say which, so the first of them.
    return tuple(Rejection(number, Reason.INVALID_NUMBER, status) for number in refused), unclear
