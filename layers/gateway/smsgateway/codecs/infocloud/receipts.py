"""The records of delivery reports, read from JSON by msgspec in half of the time that `json` takes.

It takes documents of the manual's own form only; what else the platform may write is left to `reading.py`, which is
tolerant. A module of its own, imported when there is something to decode: `webhook` must not wait for msgspec.
"""

from collections.abc import Buffer, Iterable, Sequence
from typing import Annotated, Literal

import msgspec

from smsgateway.codecs.infocloud.reading import Record, strings
from smsgateway.errors import DecodeError

type _Said = Annotated[str, msgspec.Meta(min_length=5)]  # longer than "null", which says nothing


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What a record says, under the names that a push has. The manual's form is that all of it is there, as text.

    But a text that was sent past the gateway, over the same account, has no `bid`, and no time need be said.
    """

    number: _Said = msgspec.field(name="tel")
    word: _Said = msgspec.field(name="arriveResult")
    msg_id: _Said = msgspec.field(name="msgId")
    bid: str | None = None  # may be "null"
    time: str | None = msgspec.field(name="arriveTime", default=None)


class _Polled(Receipt, frozen=True):
    word: _Said = msgspec.field(name="arrive")
    pushed_word: None = msgspec.field(name="arriveResult", default=None)  # goes before the other where both are


class _Push[R](msgspec.Struct, frozen=True):
    data: list[R]


class _Answer[R](msgspec.Struct, frozen=True):
    data: list[R]
    code: Literal[200, "200"]


# Each with a second one, which brings the same records as they are written.
_PUSH = msgspec.json.Decoder(_Push[Receipt]), msgspec.json.Decoder(_Push[msgspec.Raw])
_ANSWER = msgspec.json.Decoder(_Answer[_Polled]), msgspec.json.Decoder(_Answer[msgspec.Raw])
_LINES = msgspec.json.Encoder()

type Receipts = Iterable[tuple[Receipt, Buffer]]  # each with the record that says it


def pushed(body: bytes) -> Receipts | None:
    """What a push reports; None if it is not of the manual's form."""
    return _read(body, *_PUSH)


def polled(body: bytes) -> Receipts | None:
    """What an answer reports, likewise."""
    return _read(body, *_ANSWER)


def _read[R: Receipt](
    body: bytes,
    receipts: msgspec.json.Decoder[_Push[R]] | msgspec.json.Decoder[_Answer[R]],
    records: msgspec.json.Decoder[_Push[msgspec.Raw]] | msgspec.json.Decoder[_Answer[msgspec.Raw]],
) -> Receipts | None:
    try:
        body.decode()  # msgspec does not look at all bytes of what it skips
        return zip(receipts.decode(body).data, records.decode(body).data, strict=True)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def tolerated(records: Sequence[Record], raw: bytes) -> Receipts:
    """The same of records in any form. DecodeError if one does not say enough."""
    numbers = strings([record.get("tel") for record in records])
    words = strings([record.get("arriveResult") or record.get("arrive") for record in records])
    msg_ids = strings([record.get("msgId") or record.get("msgid") for record in records])
    bids = strings([record.get("bid") for record in records])
    times = strings([record.get("arriveTime") for record in records])
    if "" in numbers or "" in words or ("", "") in zip(msg_ids, bids, strict=True):
        raise DecodeError("a delivery report lacks its id, its number or its result", raw)
    try:
        written = _LINES.encode_lines(records).splitlines()
    except RecursionError:
        raise DecodeError("a record is nested too deep", raw) from None
    return zip(map(Receipt, numbers, words, msg_ids, bids, times), written, strict=True)
