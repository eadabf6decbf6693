"""What the tests of infocloud begin with.

The cases are those of its manual (tests/cases/infocloud/SOURCES.md).
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from smsgateway.codecs import infocloud
from smsgateway.errors import EncodeError
from smsgateway.model import Account, Content, Options, Push, Request, Response, Submission, VendorTemplate
from tests.unit.codecs.given import case_of

NOW = datetime(2022, 1, 5, 2, 29, 44, 346_000, tzinfo=UTC)  # 1641349784346
NONCE = "12345678901234567890"
ACCOUNT = Account(
    name="jf",
    vendor="infocloud",
    base_url="https://opassapi.infocloud.com.cn",
    credentials={"api_key": "8767fd835ca3a4eb6f69129d71971760", "access_key": "32c0d2a0f9bc449c"},
)
FREE_TEXT = replace(ACCOUNT, options=Options(free_text_template="817436511033106432"))
SIGNED_FREE_TEXT = replace(
    ACCOUNT, options=Options(free_text_template="8392985760770416", free_text_signature=True, access_number="1069")
)
SUBMISSION = Submission("msg_1-0", ("18137578320", "18137599320", "18500000001"), (Content("你好"),))


def case(name: str) -> bytes:
    return case_of("infocloud", name)


def answered(body: bytes | str) -> Response:
    return Response(200, {}, body if isinstance(body, bytes) else body.encode())


def answer(**fields: object) -> Response:
    return answered(json.dumps(fields))


def pushed(*records: object, **fields: object) -> Push:
    document = {"apiKey": ACCOUNT.credentials["api_key"], "data": list(records)} | fields
    return Push("POST", body=json.dumps(document).encode())


def templated(code: str, *values: str) -> Content:
    return Content("as rendered", template=VendorTemplate(code, values))


def submission(
    *contents: Content, numbers: tuple[str, ...] = ("18500000001", "18500000002"), extension: str = ""
) -> Submission:
    return Submission("msg_1-0", numbers, contents, extension)


def sent(account: Account, content: Content, extension: str = "") -> Request:
    return infocloud.encode_send(account, submission(content, extension=extension), NOW, NONCE)


def refusal(encode: Callable[[], object]) -> EncodeError:
    with pytest.raises(EncodeError) as caught:
        encode()
    return caught.value


def reference_hmac(method: str, key: bytes, message: bytes) -> str:
    """RFC 2104, step by step."""
    new = getattr(hashlib, method.removeprefix("Hmac").lower())
    block = new().block_size
    key = (new(key).digest() if len(key) > block else key).ljust(block, b"\0")
    inner = new(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return str(new(bytes(byte ^ 0x5C for byte in key) + inner).hexdigest())


def reference_sign(request: Request, access_key: str) -> str:
    """What a server computes from what arrived, as the manual's Python demo does (`get_sign_content`)."""
    headers = {name: value for name, value in request.headers.items() if name.startswith("x-") and name != "x-sign"}
    parameters = dict(json.loads(request.body), **headers)
    query = ""
    for key, value in dict(sorted(parameters.items())).items():
        if key and value:
            query += key + "=" + value + "&"
    return reference_hmac(headers["x-sign-method"], access_key.encode(), query[:-1].encode("utf-8"))


DECODERS: dict[str, Callable[[Account, Response], Any]] = {
    "send": lambda account, response: infocloud.decode_send(account, SUBMISSION, response),
    "batch": lambda account, response: infocloud.decode_batch(account, SUBMISSION, response),
    "report_poll": infocloud.decode_report_poll,
    "balance": infocloud.decode_balance,
    "statistics": infocloud.decode_statistics,
}


RECORD: dict[str, object] = {"msgId": "577", "tel": "18551067101", "arriveResult": "DELIVRD", "bid": "msg_1-0"}
DAY: dict[str, object] = {
    "sendDate": "2023-08-07",
    "totalCount": "9",
    "successCount": 7,
    "failCount": 1,
    "noReceiptCount": 1,
}
