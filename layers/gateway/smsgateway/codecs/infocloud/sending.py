"""What goes out through infocloud, and what it answers (发送短信, 批量发送)."""

import re
from datetime import datetime

from smsgateway.codecs.forms import check_numbers
from smsgateway.codecs.infocloud.profile import PROFILE
from smsgateway.codecs.infocloud.reading import SUCCESS, TEXT_LIMIT, json_text, read_answer, refused_by, string
from smsgateway.codecs.infocloud.signing import signed_request
from smsgateway.errors import DecodeError, EncodeError
from smsgateway.model import (
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
        "templateParam": json_text(values) if values else "",
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
        "phonesJson": json_text(numbers),
        "templateCode": codes[0],
        # A template without variables: "示例：["",""]（""个数和群发的号码个数对应）".
        "templateParamJson": json_text([row or "" for row in values]),
    }
    return signed_request(account, "batch", fields | _common_fields(submission), now, nonce)


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
    """What became of a send. Numbers that the platform names as failed are rejected, the rest stands."""
    answer = read_answer(response)
    if refused := refused_by(account, answer):
        return refused
    data, without_id = answer.get("data"), f"{SUCCESS} {string(answer.get('message'))[:TEXT_LIMIT]}".rstrip()
    if not data or data == "null":
        return Accepted(vendor_status=without_id)
    if not isinstance(data, dict):
        raise DecodeError("the answer's data is not an object", response.body)
    msg_id, description = string(data.get("msgId") or data.get("msgid")), string(data.get("desc"))[:TEXT_LIMIT]
    rejected, strangers = _rejected(submission, data.get("failPhones"), description)
    status = description if msg_id else f"{without_id} {description}".rstrip()
    if strangers:
        status = f"{status} ({strangers} of failPhones are none of the numbers sent)".lstrip()
    return Accepted((msg_id,) if msg_id else (), rejected, status)


decode_batch = decode_send


def _rejected(submission: Submission, failed: object, description: str) -> tuple[tuple[Rejection, ...], int]:
    """The refused numbers, and how many the platform named that were not in the submission."""
    names = failed if isinstance(failed, list) else string(failed).split(",")
    phones = dict.fromkeys(name.strip() for name in names if isinstance(name, str) and name.strip())
    ours = set(submission.numbers)
    status = f"failPhones {description}".rstrip()
    # "手机号不正确，格式不规范，黑名单等": the platform does not say which, so the first of them.
    rejections = tuple(Rejection(phone, Reason.INVALID_NUMBER, status) for phone in phones if phone in ours)
    return rejections, len(phones) - len(rejections)
