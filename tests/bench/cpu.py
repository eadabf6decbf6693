"""Processor time of our own code, the stubs' taken out, in units of one boto3 SendMessage whose answer is stubbed.

Run as a module, it is one process of many. What is compared runs in turn, and the median of the turns' ratios counts.
"""

import gc
import hashlib
import json
import math
import sys
import time
from collections.abc import Iterator
from functools import cache
from statistics import linear_regression, median
from unittest.mock import patch

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from smsgateway import runtime
from smsgateway.ids import SubmissionKey
from smsgateway.queues import WakeUp, wake_up_body
from tests import aws
from tests.bench.counts import calls_for
from tests.bench.gateway import OTP, Gateway, gateway, numbers
from tests.bench.processes import Figures, medians
from tests.bench.table import Row

PROCESSES = 3
TURNS = 5
EACH = 60  # one-time passwords, and SendMessages, a turn
SIZES = (100, 1000, 10_000, 50_000)
VENDOR = "hbsmservice"
BODY = wake_up_body(WakeUp(SubmissionKey("msg_01m7z5skbrbwqgw4bmx01vye39", "00000"), "hb-main", 1_800_000_000_000))


class Session:
    """botocore's HTTP session, with SQS's answer at once."""

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        digest = hashlib.md5(BODY.encode(), usedforsecurity=False).hexdigest()
        said = json.dumps({"MD5OfMessageBody": digest, "MessageId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"}).encode()
        headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "c6af9ac6"}
        answer = AWSResponse(request.url, 200, headers, None)
        answer._content = said
        return answer

    def close(self) -> None:
        """Nothing is open."""


def send_messages(count: int) -> float:
    """Seconds for each."""
    url = aws.queue_url("urgent")
    begun = time.process_time()
    for _ in range(count):
        _client.send_message(QueueUrl=url, MessageBody=BODY)
    return (time.process_time() - begun) / count


with patch.dict("os.environ", aws.CREDENTIALS):
    _client = boto3.client("sqs", config=runtime.CLIENT_CONFIG)
_client._endpoint.http_session = Session()


def passwords(through: Gateway, count: int) -> float:
    """Seconds of our own for each, from its post to its last event."""
    through.forget()
    for index in range(count):
        through.lifecycle([f"139{index:08d}"], purpose="otp", text=OTP)
    return through.cpu.total() / count


def broadcast(through: Gateway, count: int) -> float:
    """Seconds of our own for all."""
    through.forget()
    through.lifecycle(numbers(count))
    return through.cpu.total()


def measure() -> Figures:
    # It would search the table in memory over and over, and that is not on Lambda.
    gc.disable()
    with gateway(VENDOR) as through:
        send_messages(EACH)
        passwords(through, EACH)
        broadcast(through, 1000)
        otp, bulk = [], []
        for _ in range(TURNS):
            unit = send_messages(EACH)
            otp.append(passwords(through, EACH) / unit)
            bulk.append(broadcast(through, 1000) / 1000 / unit)
        microseconds = send_messages(EACH) * 1e6
    return {
        "otp": median(otp),
        "recipient": median(bulk),
        "unit": microseconds,
        **{f"seconds for {count}": _fresh_broadcast(count) for count in SIZES},
    }


def _fresh_broadcast(count: int) -> float:
    """Over an empty table; the small ones several times, for they are soon over."""
    with gateway(VENDOR) as through:
        broadcast(through, 100)
        return median(broadcast(through, count) for _ in range(max(1, 2000 // count)))


def slope(figures: Figures) -> float:
    """Of the processor time over the recipients, both as logarithms: 1 is linear."""
    seconds = [math.log(figures[f"seconds for {count}"]) for count in SIZES]
    return linear_regression([math.log(count) for count in SIZES], seconds).slope


def bent_calls() -> int:
    """How far the calls for 2000, 4000 and 6000 recipients are from a straight line: the same for every thousand."""
    small, middle, large = (calls_for(VENDOR, count) for count in (2000, 4000, 6000))
    return abs((large - middle) - (middle - small))


@cache
def figures() -> Figures:
    """The medians of several processes."""
    return medians("cpu", PROCESSES)


def rows() -> Iterator[Row]:
    found = figures()
    yield Row("processor time of one OTP, against one stubbed SendMessage", found["otp"], "×", 8)
    yield Row("processor time of a recipient of 1000, against the same", found["recipient"], "×", 0.4)
    yield Row("that SendMessage here", found["unit"], "µs")
    yield Row("growth of processor time from 100 to 50000, slope of the logarithms", slope(found), "", 1.05, 0.9)
    yield Row("calls for 2000, 4000, 6000 recipients, off a straight line", bent_calls(), most=0)


if __name__ == "__main__":
    json.dump(measure(), sys.stdout)
