"""The records of delivery reports, read from JSON by msgspec in half of the time that `json` takes.

It takes documents of the manual's own form only; what else the platform may write is left to `reading.py`, which is
tolerant. A module of its own, imported when there is something to decode: `webhook` must not wait for msgspec.
"""

from collections.abc import Buffer, Sequence
from operator import attrgetter
from typing import Annotated, Literal, NamedTuple

import msgspec

from smsgateway.codecs.records import is_id
from smsgateway.codecs.tolerant_json import Record, by_name, string
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


_BID, _TIME = attrgetter("bid"), attrgetter("time")
_UNSAID = frozenset((None, "", "null"))
_OPTIONAL = (b'"bid"', b'"arriveTime"')


class Receipts(NamedTuple):
    """What a document reports, and the records that say it, in the same order."""

    said: Sequence[Receipt]
    records: Sequence[Buffer]


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
        if not body.isascii():
            body.decode()  # msgspec does not look at all bytes of what it skips
        said = receipts.decode(body).data
        if _may_say_more(body, said):
            return None
        return Receipts(said, records.decode(body).data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _may_say_more(body: bytes, said: Sequence[Receipt]) -> bool:
    """Whether what need not be said may be said all the same, under a name in other letters or escapes."""
    if said and _UNSAID.isdisjoint(map(_BID, said)) and _UNSAID.isdisjoint(map(_TIME, said)):
        return False
    names, lowered = _OPTIONAL if said else (b'"data"',), body.lower()
    return b"\\" in body or any(lowered.count(name.lower()) != body.count(name) for name in names)


def tolerated(record: Record, raw: bytes) -> Receipt:
    """The same of a record in any form. DecodeError if it does not say enough.

    Of its two ids, one that cannot be one is as good as none; so a record is lost with both.
    """
    folded = by_name(record)

    def said(*names: str) -> str:
        """Under the names as the manual writes them, else in other letters."""
        values = [record.get(name) for name in names] + [folded.get(name.lower()) for name in names]
        return next(filter(None, map(string, values)), "")

    number, word = said("tel"), said("arriveResult", "arrive")
    ids = said("msgId"), said("bid")
    msg_id, bid = (one if is_id(one) else "" for one in ids)
    if any(ids) and not (msg_id or bid):
        raise DecodeError("a delivery report's ids cannot be one", raw)
    if not number or not word or not any(ids):
        raise DecodeError("a delivery report lacks its id, its number or its result", raw)
    return Receipt(number, word, msg_id, bid, said("arriveTime"))
