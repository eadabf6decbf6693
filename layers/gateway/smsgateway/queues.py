"""The contract of the queues: a wake-up names a submission and carries no content, vendor bytes are what a vendor said.

Both are JSON. What is parked is in the same form, so that it can be put back.
"""

import base64
import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import batched
from math import ceil
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from smsgateway.clock import Millis
from smsgateway.ids import SubmissionKey, parse_reference
from smsgateway.model import Kind, Message, Push, Response

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LONGEST_DELAY = 900  # seconds; SQS delays no message for longer
# Seconds, of the urgent queue: an alarm on its age tells that passwords wait, and must not tell of delays on purpose.
URGENT_DELAY = 60
BATCH = 10  # messages that one call of SQS takes
PARALLEL = 8  # batches at once
LARGEST_BODY = 750_000  # bytes that a vendor may push or answer: 50000 ids or 600 receipts stay below
LARGEST_MESSAGE = 256_000  # bytes: the smallest limit that SQS has in any region is 262 144, and a reason is added
LATEST = 10**14  # epoch milliseconds, in the year 5138: what is later is no time

Source = Literal["push", "poll", "tried", "refused"]

STRANGER = "unknown"  # the source of a parked message that is no vendor bytes of ours
_NAME = re.compile("[A-Za-z0-9_-]{1,64}")
_PAGE = re.compile("[A-Za-z0-9_#-]{0,200}")
# SQS API reference, SendMessage: a message that is too long, or has characters that it does not take.
_NEVER_TAKEN = frozenset({"InvalidParameterValue", "InvalidMessageContents"})
FIRST_PAUSE = 5  # seconds until a wake-up that failed comes again, for the first time
LONGEST_PAUSE = 900  # seconds
LONGEST_NAME = 64  # characters of an account's name


@dataclass(frozen=True, slots=True)
class WakeUps:
    """The two queues into `dispatch`: a single message never waits behind a broadcast."""

    client: "SQSClient"
    urgent_url: str
    bulk_url: str

    def put(
        self, urgent: bool, account: str, keys: Iterable[SubmissionKey], delay: float = 0, *, clear_until: Millis = 0
    ) -> None:
        """Put a wake-up for each of an account's submissions into a queue, to be received after `delay` seconds.

        A delay longer than `longest_delay` puts none: `sweep` does, when the time has come. `urgent` chooses the queue;
        `clear_until` is the hint of each wake-up (WakeUp).
        """
        if delay > longest_delay(urgent):
            return
        url = self.urgent_url if urgent else self.bulk_url
        seconds = max(0, ceil(delay))
        bodies = [wake_up_body(WakeUp(key, account, clear_until)) for key in keys]
        if len(bodies) == 1:
            self.client.send_message(QueueUrl=url, MessageBody=bodies[0], DelaySeconds=seconds)
        elif len(bodies) <= BATCH:
            self._put_batch(url, bodies, seconds)
        else:
            batches = batched(bodies, BATCH, strict=False)
            with ThreadPoolExecutor(PARALLEL) as pool:
                list(pool.map(lambda batch: self._put_batch(url, batch, seconds), batches))

    def _put_batch(self, url: str, bodies: Sequence[str], seconds: int) -> None:
        entries: Any = [
            {"Id": str(index), "MessageBody": body, "DelaySeconds": seconds} for index, body in enumerate(bodies)
        ]
        # What SQS fails to take here, `sweep` finds by its due_at.
        self.client.send_message_batch(QueueUrl=url, Entries=entries)


def urgent(message: Message) -> bool:
    """True if a message's wake-ups belong into the urgent queue: a one-time password, or a notice to one number."""
    return message.purpose == "otp" or (message.purpose == "notice" and message.recipients == 1)


def longest_delay(urgent: bool) -> int:
    """How many seconds a wake-up may be delayed in its queue."""
    return URGENT_DELAY if urgent else LONGEST_DELAY


class WakeUp(NamedTuple):
    """Names a submission, with two hints that spare its worker a read.

    `account` is the submission's account when the wake-up was put, so that both can be read at once. Until
    `clear_until` the worker may assume that the account's breaker is closed, and need not read it.
    """

    key: SubmissionKey
    account: str = ""
    clear_until: Millis = 0


def wake_up_body(wake_up: WakeUp) -> str:
    """A wake-up as a queue's message."""
    (message_id, path), account, clear_until = wake_up
    hint = {"clear_until": clear_until} if clear_until else {}
    return json.dumps({"message_id": message_id, "path": path, "account": account} | hint)


def parse_wake_up(body: str) -> WakeUp:
    """The wake-up in a queue's message. Raises ValueError, which quotes nothing, for a message that is none of ours."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    members = fields if isinstance(fields, dict) else {}
    message_id, path = members.get("message_id"), members.get("path")
    if not (isinstance(message_id, str) and isinstance(path, str)):
        raise ValueError("without a message's id and a submission's path")  # noqa: TRY004
    key = SubmissionKey(message_id, path)
    if parse_reference(key.reference) != key:
        raise ValueError("names no submission")
    account, clear_until = members.get("account", ""), members.get("clear_until", 0)
    if not isinstance(account, str) or len(account) > LONGEST_NAME or type(clear_until) is not int:
        raise ValueError("with a hint of another shape")
    return WakeUp(key, account, clear_until)


@dataclass(frozen=True, slots=True)
class Retries:
    """Has wake-ups that failed come again before the queue's visibility timeout, in which a password would expire."""

    client: "SQSClient"
    urls: Sequence[str]

    def come_again(self, record: Mapping[str, Any], seconds: float | None = None) -> None:
        """Have a wake-up come again after `seconds`; without them, after a pause that grows with each time it came.

        If SQS does not take that, the wake-up comes again after the queue's own visibility timeout.
        """
        again = pause_after(received(record)) if seconds is None else min(LONGEST_PAUSE, max(0, ceil(seconds)))
        queue = record.get("eventSourceARN", "").rpartition(":")[2]
        with suppress(Exception):
            url = next(url for url in self.urls if url.rpartition("/")[2] == queue)
            handle = record["receiptHandle"]
            self.client.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=again)


def received(record: Mapping[str, Any]) -> int:
    """How often a queue's message has been received."""
    return int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))


def pause_after(receives: int) -> int:
    """The seconds until a wake-up comes again that was received so often.

    They make four tries within a password's five minutes, and ten within an hour and ten minutes; after the tenth a
    wake-up is a dead letter.
    """
    pause: int = FIRST_PAUSE * 3 ** max(0, min(receives, 10) - 1)
    return min(LONGEST_PAUSE, pause)


@dataclass(frozen=True, slots=True)
class VendorBytes:
    """A push or a page as it came from a vendor, before it is understood.

    With the source `tried` or `refused` it is a note of `webhook`, which has no table: somebody tried the address with
    a push that says nothing, or a push to the right address was refused, with the reason as the body.
    """

    account: str
    kind: Kind
    source: Source
    received_at: Millis
    method: str = "POST"
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    page: str = ""  # where the table keeps the body, if no queue takes it (store/pages.py)
    applied: int = 0  # records that an earlier try has seen to
    of: int = 0  # how many records could be read by that try

    @property
    def push(self) -> Push:
        """The push that it is, as codecs take it."""
        return Push(self.method, self.query, self.headers, self.body)

    @property
    def response(self) -> Response:
        """The page of a poll that it is, as codecs take it."""
        return Response(200, self.headers, self.body)


def vendor_bytes_body(vendor_bytes: VendorBytes) -> str:
    """Vendor bytes as a queue's message: the bytes in base 64, because SQS refuses control characters.

    The bytes are compressed where that takes too much room, and left out where the table keeps them. The message may
    still be larger than LARGEST_MESSAGE if the bytes are no text.
    """
    fields: dict[str, Any] = {
        "account": vendor_bytes.account,
        "kind": vendor_bytes.kind,
        "source": vendor_bytes.source,
        "received_at": vendor_bytes.received_at,
        "method": vendor_bytes.method,
        "query": vendor_bytes.query,
        "headers": dict(vendor_bytes.headers),
    }
    if vendor_bytes.applied:
        fields |= {"applied": vendor_bytes.applied, "of": vendor_bytes.of}
    if vendor_bytes.page:
        return json.dumps(fields | {"page": vendor_bytes.page})
    body = json.dumps(fields | {"body": _base64(vendor_bytes.body)})
    if len(body) <= LARGEST_MESSAGE:
        return body
    return json.dumps(fields | {"packed": _base64(zlib.compress(vendor_bytes.body))})


def parse_vendor_bytes(body: str) -> VendorBytes:
    """The vendor bytes in a queue's message. Raises ValueError, which quotes nothing, when it holds none."""
    try:
        fields = json.loads(body)
        fields.pop("problem", None)  # what was parked and put back carries why it was parked
        fields["query"] = tuple((name, value) for name, value in fields["query"])
        if packed := fields.pop("packed", None):
            fields["body"] = _unpacked(_bytes(packed))
        elif "body" in fields:
            fields["body"] = _bytes(fields["body"])
        vendor_bytes = VendorBytes(**fields)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, zlib.error):
        raise ValueError("no receipt") from None
    if not _is_sound(vendor_bytes):
        raise ValueError("no receipt")
    return vendor_bytes


def _is_sound(vendor_bytes: VendorBytes) -> bool:
    """True if every field is what it should be; the account's name, for one, becomes part of keys, and is shown."""
    numbers = (vendor_bytes.received_at, vendor_bytes.applied, vendor_bytes.of)
    texts = [vendor_bytes.method, vendor_bytes.page, *(text for pair in vendor_bytes.query for text in pair)]
    return (
        isinstance(vendor_bytes.headers, dict)
        and all(
            isinstance(text, str) for text in (*texts, *vendor_bytes.headers.keys(), *vendor_bytes.headers.values())
        )
        and isinstance(vendor_bytes.account, str)
        and bool(_NAME.fullmatch(vendor_bytes.account))
        and bool(_PAGE.fullmatch(vendor_bytes.page))
        and vendor_bytes.kind in get_args(Kind)
        and vendor_bytes.source in get_args(Source)
        and all(type(number) is int and 0 <= number < LATEST for number in numbers)
    )


def parked_body(vendor_bytes: VendorBytes, problem: str) -> str:
    """Vendor bytes that nobody understands, with the reason; put back into their queue, they are tried again."""
    return json.dumps({**json.loads(vendor_bytes_body(vendor_bytes)), "problem": problem})


def parked_stranger(body: str) -> str:
    """A message that holds no vendor bytes, in the form of a parked one; put back, it is parked again as it is."""
    try:
        parked = json.loads(body)
    except (ValueError, RecursionError):
        parked = None
    if isinstance(parked, dict) and parked.get("source") == STRANGER and "problem" in parked:
        return body
    content = body.encode(errors="surrogatepass")
    return json.dumps({"source": STRANGER, "problem": "the message is no receipt", "body": _base64(content)})


def never_taken(error: Exception) -> bool:
    """True if SQS has refused a message for what it is, and would refuse it again each time."""
    response = getattr(error, "response", None) or {}
    return response.get("Error", {}).get("Code", "").removeprefix("AWS.SimpleQueueService.") in _NEVER_TAKEN


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: object) -> bytes:
    if not isinstance(text, str):
        raise TypeError("bytes are text here")
    return base64.b64decode(text, validate=True)


def _unpacked(packed: bytes) -> bytes:
    reader = zlib.decompressobj()
    content = reader.decompress(packed, LARGEST_BODY)
    if reader.unconsumed_tail or not reader.eof:
        raise ValueError("a body that is cut, or too large")
    return content
