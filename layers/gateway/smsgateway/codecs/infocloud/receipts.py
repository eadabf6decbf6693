"""The records of delivery reports, read from JSON by msgspec in half of the time that `json` takes.

It takes documents of the manual's own form only; what else the platform may write is left to `reading.py`, which is
tolerant. A module of its own, imported when there is something to decode: `webhook` must not wait for msgspec.
"""

from collections.abc import Buffer, Iterable
from typing import Annotated, Literal

import msgspec

from smsgateway.codecs.infocloud.reading import Record, record_text, string
from smsgateway.errors import DecodeError

type _Said = Annotated[str, msgspec.Meta(min_length=5)]  # longer than "null", which says nothing


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What a record says, under the names that a push has. The manual's form is that all of it is there, as text."""

    number: _Said = msgspec.field(name="tel")
    word: _Said = msgspec.field(name="arriveResult")
    msg_id: _Said = msgspec.field(name="msgId")
    bid: _Said
    time: str = msgspec.field(name="arriveTime")


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

type Receipts = Iterable[tuple[Receipt, str | Buffer]]  # each with the record that says it


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


def tolerated(records: Iterable[Record], raw: bytes) -> Receipts:
    """The same of records in any form. DecodeError if one does not say enough."""
    for record in records:
        receipt = Receipt(
            number=string(record.get("tel")),
            word=string(record.get("arriveResult") or record.get("arrive")),
            msg_id=string(record.get("msgId") or record.get("msgid")),
            bid=string(record.get("bid")),
            time=string(record.get("arriveTime")),
        )
        if not (receipt.number and receipt.word and (receipt.bid or receipt.msg_id)):
            raise DecodeError("a delivery report lacks its id, its number or its result", raw)
        yield receipt, record_text(record, raw)
