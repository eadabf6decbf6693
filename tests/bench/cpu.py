"""Processor time of our own code, the stubs' taken out, in units of one boto3 SendMessage whose answer is stubbed.

Run as a module, it is one process of many. What is compared runs in turn, and the median of the turns' ratios counts.
"""

import gc
import hashlib
import itertools
import json
import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from statistics import linear_regression, median
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from smsgateway import runtime
from smsgateway.codecs import VENDORS
from smsgateway.ids import SubmissionKey
from smsgateway.queues import WakeUp, wake_up_body
from tests.bench.counts import LARGE, PAGE, calls_for, page_of, worst
from tests.bench.gateway import OTP, Gateway, gateway, numbers
from tests.bench.processes import Figures, fresh, medians
from tests.bench.table import Row
from tests.doubles import aws

if TYPE_CHECKING:
    from botocore.compat import HTTPHeaders

PROCESSES = 3
TURNS = 3
EACH = 60  # one-time passwords a turn; of SendMessages, which are soon over, five times as many
SIZES = (100, 1000, 10_000, 50_000)
VENDOR = "hbsmservice"  # for how work grows with its size
BODY = wake_up_body(WakeUp(SubmissionKey("msg_01m7z5skbrbwqgw4bmx01vye39", "00000"), "hb-main", 1_800_000_000_000))

type Line = Sequence[tuple[int, int]]


class Session:
    """botocore's HTTP session, with SQS's answer at once."""

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        digest = hashlib.md5(BODY.encode(), usedforsecurity=False).hexdigest()
        said = json.dumps({"MD5OfMessageBody": digest, "MessageId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"}).encode()
        headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "c6af9ac6"}
        answer: Any = AWSResponse(request.url, 200, cast("HTTPHeaders", headers), None)
        answer._content = said
        return cast("AWSResponse", answer)

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
    _client: Any = boto3.client("sqs", config=runtime.CLIENT_CONFIG)
_client._endpoint.http_session = Session()


_others = itertools.count()  # numbers, of which none gets two passwords within a minute


def passwords(through: Gateway, count: int) -> float:
    """Seconds of our own for each, from its post to its last event."""
    through.forget()
    for index in itertools.islice(_others, count):
        through.lifecycle([f"139{index:08d}"], purpose="otp", text=OTP)
    return _own_seconds(through) / count


def broadcast(through: Gateway, count: int, page: int = PAGE) -> float:
    """Seconds of our own for all."""
    through.forget()
    through.lifecycle(numbers(count), page)
    return _own_seconds(through)


def _own_seconds(through: Gateway) -> float:
    """A poll serves the whole account."""
    return sum(through.cpu.values()) - through.cpu["poll"]


def measure() -> Figures:
    units: list[float] = []
    found: Figures = {}
    for vendor in VENDORS:
        with gateway(vendor) as through:
            turns = [_turn(through, page_of(vendor)) for _ in range(1 + TURNS)][1:]  # the first one warms up
        units += [unit for unit, _, _ in turns]
        found[f"otp {vendor}"] = median(otp / unit for unit, otp, _ in turns)
        found[f"recipient {vendor}"] = median(bulk / LARGE / unit for unit, _, bulk in turns)
    return found | {"unit": median(units) * 1e6}


def _turn(through: Gateway, page: int) -> tuple[float, float, float]:
    """A SendMessage, a one-time password, a broadcast."""
    return send_messages(5 * EACH), passwords(through, EACH), broadcast(through, LARGE, page)


def growth() -> Figures:
    """Seconds by recipients."""
    return {str(count): _fresh_broadcast(count) for count in SIZES}


def _fresh_broadcast(count: int) -> float:
    """Over an empty table; the small ones several times, for they are soon over."""
    with gateway(VENDOR) as through:
        broadcast(through, 100)
        return median(broadcast(through, count) for _ in range(max(1, 2000 // count)))


def slope(figures: Figures) -> float:
    """Of the processor time over the recipients, both as logarithms: 1 is linear."""
    seconds = [math.log(figures[str(count)]) for count in SIZES]
    return linear_regression([math.log(count) for count in SIZES], seconds).slope


def lines_of_calls() -> Mapping[str, Line]:
    """Calls by recipients; those of 2000 by submissions, with 40 pushes; and by pushes, with 10 submissions."""
    return {
        "recipients": [(count, calls_for(VENDOR, count)) for count in (2000, 4000, 6000)],
        "submissions": [
            (2000 // each, calls_for(VENDOR, 2000, 50, recipients_per_request=each)) for each in (200, 100, 50)
        ],
        "pushes": [(2000 // page, calls_for(VENDOR, 2000, page)) for page in (200, 100, 50)],
    }


def bend(line: Line) -> int:
    """0 for three points on a straight line."""
    (x1, y1), (x2, y2), (x3, y3) = line
    return abs((y3 - y2) * (x2 - x1) - (y2 - y1) * (x3 - x2))


@cache
def figures() -> Figures:
    """The medians of several processes."""
    return medians("cpu", PROCESSES)


def rows() -> Iterator[Row]:
    found = figures()
    otp = {vendor: found[f"otp {vendor}"] for vendor in VENDORS}
    recipient = {vendor: found[f"recipient {vendor}"] for vendor in VENDORS}
    yield worst("processor time of one OTP, against one stubbed SendMessage", otp, "×", 8)
    yield worst(
        f"processor time of a recipient of {LARGE}, {PAGE} reports a push or page, against the same",
        {vendor: value for vendor, value in recipient.items() if page_of(vendor) == PAGE},
        "×",
        0.4,
    )
    yield worst(
        "the same with one report a push, as its document has it",
        {vendor: value for vendor, value in recipient.items() if page_of(vendor) == 1},
        "×",
    )
    yield Row("that SendMessage here", found["unit"], "µs")
    steep = slope(fresh(["-m", "tests.bench.cpu", "growth"]))
    yield Row(
        f"growth of processor time from 100 to 50000, slope of the logarithms, 1: linear ({VENDOR})",
        steep,
        most=1.05,
        least=0.9,
    )
    lines = lines_of_calls()
    yield Row(
        f"calls by {', '.join(lines)}, each by itself, off a straight line ({VENDOR})",
        sum(map(bend, lines.values())),
        most=0,
    )


if __name__ == "__main__":
    gc.disable()  # it would search the table in memory over and over, and that is not on Lambda
    json.dump(growth() if "growth" in sys.argv else measure(), sys.stdout)
