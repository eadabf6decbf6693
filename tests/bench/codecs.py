"""The codecs against the bare minimum that does the same to the same bytes. Run as a module, it is one process of many.

What is compared runs in turn, many times; the ratio of each turn counts, and the median of the ratios.
"""

import gc
import hmac
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from statistics import median
from typing import Any
from urllib.parse import urlencode

from defusedxml.ElementTree import fromstring

from smsgateway.codecs import hbsmservice, infocloud
from smsgateway.codecs.infocloud.signing import signature, string_to_sign
from smsgateway.model import Content, Push, Response, Submission
from tests.bench.processes import Figures, medians
from tests.bench.table import Row
from tests.doubles import voices

PROCESSES = 5
TURNS = 11
NOW, NONCE = datetime(2026, 1, 2, tzinfo=UTC), "12345678901234567890"
NUMBERS = tuple(f"138{index:08d}" for index in range(1000))
REFERENCE = "01m7z5skbrbwqgw4bmx01vye3900000"
GOALS = {
    "decode 100 reports of GBK XML, against GBK, defusedxml and dictionaries": 1.15,
    "decode 600 infocloud receipts, polled, against json.loads": 1.3,
    "decode 600 infocloud receipts, pushed, against json.loads": 1.3,
    "encode 1000 numbers and 500 characters in GBK, against urlencode": 1.25,
    "sign a request to 1000 numbers, against the bare HMAC": 2.5,
}

type Work = Callable[[], object]


def _xml() -> tuple[Work, Work]:
    account = voices.account("hbsmservice")
    (receipt,) = voices.delivered(account, (REFERENCE, (), NUMBERS[:100]), 0)
    body = receipt.body

    def plain() -> list[dict[str, str | None]]:
        text = body.decode("gbk").partition("?>")[2]
        return [{child.tag: child.text for child in report} for report in fromstring(text, forbid_dtd=True)]

    def ours() -> object:
        return hbsmservice.decode_report_push(account, Push("POST", body=body))

    assert len(plain()) == len(hbsmservice.decode_report_push(account, Push("POST", body=body)).items) == 100
    return ours, plain


def _polled() -> tuple[Work, Work]:
    account = voices.account("infocloud")
    data = [
        {
            "msgId": str(voices.FIRST_ID),
            "tel": f"187****{index:04d}",
            "arrive": "DELIVRD",
            "arriveTime": f"23080713{index % 60:02d}",
            "bid": REFERENCE,
        }
        for index in range(600)
    ]
    body = json.dumps({"code": 200, "message": "查询成功", "data": data}, ensure_ascii=False).encode()
    assert len(infocloud.decode_report_poll(account, Response(200, {}, body)).items) == 600  # type: ignore[union-attr]
    return lambda: infocloud.decode_report_poll(account, Response(200, {}, body)), lambda: json.loads(body)


def _pushed() -> tuple[Work, Work]:
    account = voices.account("infocloud")
    (receipt,) = voices.delivered(account, (REFERENCE, (str(voices.FIRST_ID),), NUMBERS[:600]), 0)
    push = Push("POST", body=receipt.body)
    assert len(infocloud.decode_report_push(account, push).items) == 600
    return lambda: infocloud.decode_report_push(account, push), lambda: json.loads(push.body)


def _submission() -> Submission:
    return Submission(REFERENCE, NUMBERS, (Content(("您的订单已经发货请注意查收" * 40)[:496], "示例"),))


def _encoded() -> tuple[Work, Work]:
    account, submission = voices.account("hbsmservice", recipients_per_request=1000), _submission()
    fields = {
        **account.credentials,
        "mobile": ",".join(NUMBERS),
        "msg_content": submission.content.full,
        "corp_msg_id": REFERENCE,
        "ext": "",
    }

    def plain() -> bytes:
        return urlencode(fields, encoding="gbk").encode()

    assert hbsmservice.encode_send(account, submission, NOW, NONCE).body == plain()
    return lambda: hbsmservice.encode_send(account, submission, NOW, NONCE), plain


def _signed() -> tuple[Work, Work]:
    account, method = voices.account("infocloud"), "HmacSHA256"
    request = infocloud.encode_send(account, _submission(), NOW, NONCE)
    body: dict[str, Any] = json.loads(request.body)
    headers = {name: value for name, value in request.headers.items() if name.startswith("x-") and name != "x-sign"}
    key, signed = account.credentials["access_key"], string_to_sign(body | headers)

    def plain() -> str:
        return hmac.new(key.encode(), signed.encode(), "sha256").hexdigest()

    assert plain() == request.headers["x-sign"]
    return lambda: signature(method, key, string_to_sign(body | headers)), plain


def _seconds(work: Work, times: int) -> float:
    begun = time.process_time()
    for _ in range(times):
        work()
    return time.process_time() - begun


def ratio(ours: Work, theirs: Work) -> float:
    """The median of the turns. Each lasts long enough to be measured."""
    times = max(3, int(0.01 / max(_seconds(theirs, 3) / 3, 1e-7)))
    gc.collect()
    gc.disable()
    try:
        return median(_seconds(ours, times) / _seconds(theirs, times) for _ in range(TURNS))
    finally:
        gc.enable()


def measure() -> Figures:
    pairs = (_xml(), _polled(), _pushed(), _encoded(), _signed())
    return {what: ratio(*pair) for what, pair in zip(GOALS, pairs, strict=True)}


def rows() -> Iterator[Row]:
    for what, value in medians("codecs", PROCESSES).items():
        yield Row(what, value, "×", GOALS[what])


if __name__ == "__main__":
    json.dump(measure(), sys.stdout)
