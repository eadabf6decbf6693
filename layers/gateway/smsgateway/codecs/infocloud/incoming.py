"""Delivery reports and replies of infocloud (短信回执状态查询, 短信回执状态推送, 短信上行报告推送).

A push is unsigned JSON: `{"apiKey": …, "data": [{…}]}`.
"""

import re
from collections.abc import Buffer, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from itertools import repeat
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from smsgateway.codecs.charsets import bare
from smsgateway.codecs.forms import secret_matches
from smsgateway.codecs.infocloud.reading import answer_in, entries_in_broken, entries_of, refused_by
from smsgateway.codecs.infocloud.signing import signed_request
from smsgateway.codecs.records import all_fileable, is_damaged, read_each
from smsgateway.codecs.refusals import Fate, Words
from smsgateway.codecs.times import beijing_time
from smsgateway.codecs.tolerant_json import (
    BROKEN,
    Entry,
    Record,
    answer_text,
    by_name,
    bytes_of,
    json_text,
    load,
    string,
    text_of,
)
from smsgateway.codecs.words import heard
from smsgateway.errors import DecodeError
from smsgateway.model import (
    Account,
    Inbound,
    Kind,
    Page,
    Push,
    Reason,
    Refused,
    Report,
    ReportStatus,
    Request,
    Response,
)
from smsgateway.text import said_number

if TYPE_CHECKING:
    from smsgateway.codecs.infocloud.receipts import Receipts

# 短信网关回执短信状态.
REPORT_WORDS: Words = MappingProxyType(
    {
        "DELIVRD": (ReportStatus.DELIVERED, None),
        "EXPIRED": (ReportStatus.UNDELIVERED, Reason.VALIDITY_EXPIRED),
        "DELETED": (ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
        "UNDELIV": (ReportStatus.UNDELIVERED, Reason.UNREACHABLE),
        "ACCEPTD": (ReportStatus.PENDING, None),
        "UNKNOWN": (ReportStatus.PENDING, None),  # 短信发送FAQ: "即发送中的短信", for up to 72 hours
        "REJECTD": (ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
    }
)
# 短信回执状态查询: "除DELIVRD外，其他都是未送达".
OTHER_WORDS: Fate = (ReportStatus.UNDELIVERED, Reason.UNLISTED_CODE)

REPORTS_PAGE = 600

_PLAIN = re.compile("1[0-9*]{10}(?:,1[0-9*]{10}+)*+")  # numbers that are in the one form already, masked or not
_NO_ID = frozenset({None, "", "null"})  # how a `bid` is written that is none
_API_KEY = re.compile(r'"apiKey"[ \t\r\n]*:[ \t\r\n]*"([^"\\]*)"', re.IGNORECASE)


# --- Delivery reports


def encode_report_poll(account: Account, now: datetime, nonce: str) -> Request:
    """A query of the receipts of six hours (24 in the SDK's chapter) that were not returned yet.

    The document can also ask for some msgIds. That would be of no use: what was returned once is not returned again to
    either question, this one brings everything else, and both would share one query a minute.
    """
    return signed_request(account, "report_poll", {}, now, nonce)


def decode_report_poll(account: Account, response: Response) -> Page[Report] | Refused:
    """A page of reports; their numbers are masked (`187****8801`)."""
    from smsgateway.codecs.infocloud import receipts  # noqa: PLC0415 - see its docstring

    page = _fast(account, receipts.polled(response.body)) if response.status == 200 else None
    if page is None:
        text, raw = answer_text(response), response.body
        try:
            document = load(text, raw)
        except DecodeError:
            found = entries_in_broken(text, raw, polled=True)
        else:
            answer = answer_in(document, raw)
            if refused := refused_by(account, answer):
                return refused
            found = entries_of(answer.get("data") or [], text, raw)
        page = _reports_of(account, found, raw, b'{"code":200,"data":[%s]}')
    return replace(page, full=len(page.items) + len(page.unreadable) >= REPORTS_PAGE)


def decode_report_push(account: Account, push: Push) -> Page[Report]:
    """The reports of one push."""
    from smsgateway.codecs.infocloud import receipts  # noqa: PLC0415 - see its docstring

    page = _fast(account, receipts.pushed(push.body))
    return page or _reports_of(account, _pushed(push), push.body, b'{"data":[%s]}')


def _fast(account: Account, found: "Receipts | None") -> Page[Report] | None:
    """The page of a document that has the manual's own form, if all of it can be filed."""
    if found is None:
        return None
    columns = _columns(found)
    ids = {bid for bid in columns.bids if bid}.union(columns.msg_ids)
    fileable = all_fileable(() if columns.plain else columns.numbers, ids)
    fileable = fileable and all(one.isalnum() or one == bare(one) for one in ids.union(columns.words))
    return Page(_reports(account, columns)) if fileable and not is_damaged("".join(set(columns.words))) else None


def _reports_of(account: Account, found: Sequence[Entry], raw: bytes, alone: bytes) -> Page[Report]:
    """The same of records in any form, each by itself. `alone`: a document with one record in the place of `%s`."""
    from smsgateway.codecs.infocloud import receipts  # noqa: PLC0415 - see its docstring

    def read(entry: Entry) -> Report:
        record = _object(entry, raw)
        receipt = receipts.tolerated(record, raw)
        if is_damaged(receipt.word):
            raise DecodeError("a result with bytes that are none of its charset", raw)
        one = receipts.Receipts([receipt], [json_text(record, raw).encode()])
        (report,) = _reports(account, _columns(one))
        return report

    return _each(found, read, raw, alone)


def _each[T: (Report, Inbound)](
    found: Sequence[Entry], read: Callable[[Entry], T], raw: bytes, alone: bytes
) -> Page[T]:
    # Where nothing is left of a record, its place is all that tells of it.
    return read_each(found, read, lambda entry: alone % bytes_of(entry.text) if entry.text.strip() else raw, raw)


def _object(entry: Entry, raw: bytes) -> Record:
    if entry.value is BROKEN:
        raise DecodeError("a record that is not JSON, or is cut off", raw)
    if not isinstance(entry.value, dict):
        raise DecodeError("a record that is not an object", raw)
    return entry.value


class _Columns(NamedTuple):
    """What many receipts say, thing by thing: a page has hundreds, and this takes half of the time of one by one."""

    numbers: Sequence[str]
    words: Sequence[str]
    msg_ids: Sequence[str]
    bids: Sequence[str | None]
    times: Sequence[str | None]
    records: Sequence[Buffer]
    plain: bool  # the numbers were in the one form already


def _columns(found: "Receipts") -> _Columns:
    said = found.said
    numbers = [receipt.number for receipt in said]
    plain = bool(_PLAIN.fullmatch(",".join(numbers)))
    return _Columns(
        numbers if plain else list(map(said_number, numbers)),
        [receipt.word for receipt in said],
        [receipt.msg_id for receipt in said],
        [receipt.bid for receipt in said],
        [receipt.time for receipt in said],
        found.records,
        plain,
    )


def _reports(account: Account, columns: _Columns) -> tuple[Report, ...]:
    """Pushes say `arriveResult`, queries `arrive`; both have `msgId` and, where we sent it, our `bid`."""
    words, bids, msg_ids = columns.words, columns.bids, columns.msg_ids
    statuses, reasons, listed = _meanings(account, words)
    minutes = {text: _minute(text) for text in set(columns.times)}
    times = [minutes[text] for text in columns.times]
    ids: Iterable[str | None] = bids
    ours: Iterable[bool] = repeat(True)
    alternatives = msg_ids
    if not _NO_ID.isdisjoint(bids):
        ours = [bid not in _NO_ID for bid in bids]
        ids = [bid if own else msg_id for bid, msg_id, own in zip(bids, msg_ids, ours, strict=True)]
        alternatives = [msg_id if own else "" for msg_id, own in zip(msg_ids, ours, strict=True)]
    everything = zip(
        ids,
        columns.numbers,
        statuses,
        words,
        reasons,
        ours,
        alternatives,
        times,
        repeat(0),
        columns.records,
        listed,
        strict=False,  # some of them have no end
    )
    return tuple(map(tuple.__new__, repeat(Report), everything))  # what Report(…) does, in half of its time


def _meanings(account: Account, words: Sequence[str]) -> Iterable[Iterable[Any]]:
    """What words say: their statuses, their reasons, and whether a table lists them."""
    known = {word: heard(account, word, REPORT_WORDS, OTHER_WORDS) for word in set(words)}
    if len(known) > 1:
        return zip(*[known[word] for word in words], strict=True)
    return [repeat(one) for said in known.values() for one in said] or ((), (), ())  # most pages have one word


@lru_cache(maxsize=1024)  # pages that follow each other share their minutes
def _minute(text: str | None) -> datetime | None:
    """A time to the minute, yyMMddHHmm."""
    return beijing_time(text, "%y%m%d%H%M") if text else None


# --- Replies


def decode_inbound_push(account: Account, push: Push) -> Page[Inbound]:
    """The replies of one push. `srcId` is the access number, "可能含有尾号和自定义接入号": the extension behind it."""

    def read(entry: Entry) -> Inbound:
        return _inbound(account, _object(entry, push.body), push.body)

    return _each(_pushed(push), read, push.body, b'{"data":[%s]}')


def _inbound(account: Account, record: Record, raw: bytes) -> Inbound:
    fields = by_name(record)
    number, text, source = string(fields.get("tel")), fields.get("content"), string(fields.get("srcid"))
    if not number or not isinstance(text, str):
        raise DecodeError("a reply lacks its number or its content", raw)
    access_number, extension = source, ""
    own = account.options.access_number
    if own and source.startswith(own):
        access_number, extension = own, source.removeprefix(own)
    return Inbound(
        number=said_number(number),
        text=text,
        access_number=access_number,
        extension=extension,
        received_at=_minute(string(fields.get("arrivetime"))),
        raw=json_text(record, raw),
    )


# --- Pushes


def verify_push(account: Account, push: Push, _kind: Kind) -> bool:
    """Whether the push carries the account's api_key, or one given for pushes: its only sign of identity.

    In what is no JSON the key is looked for where it would stand: whoever knows it has written it. Raises DecodeError
    when there is none in it.
    """
    others = account.push.credentials.get("api_key", ()) if account.push else ()
    expected = [account.credentials.get("api_key", ""), *others]
    text = text_of(push.body)
    try:
        document = load(text, push.body)
    except DecodeError:
        given = _API_KEY.findall(text)
        if not given:
            raise
    else:
        given = [document.get("apiKey")] if isinstance(document, dict) else []
    return any(isinstance(one, str) and secret_matches(expected, one) for one in given)


def acknowledgement(account: Account, _kind: Kind) -> str:
    """The account's `ack`; the manual only asks for an answer within a second, so the default speaks its own codes."""
    return '{"code":200,"message":"OK"}' if account.options.ack is None else account.options.ack


def failure(_account: Account, _kind: Kind) -> str:
    """The manual's own word for "try again later"."""
    return '{"code":-1,"message":"FAIL"}'


def _pushed(push: Push) -> Sequence[Entry]:
    text = text_of(push.body)
    try:
        document = load(text, push.body)
    except DecodeError:
        if not _API_KEY.search(text):  # nobody can tell whose it is
            raise
        return entries_in_broken(text, push.body, polled=False)
    if not isinstance(document, dict):
        raise DecodeError("the push is not a JSON object", push.body)
    others = {name: value for name, value in document.items() if name.lower() not in ("apikey", "data")}
    data = document.get("data") or by_name(document).get("data")
    if data or isinstance(data, list):
        return entries_of(data, text, push.body)
    if "tel" in by_name(others):  # one record that is not in a list
        return entries_of(others, text, push.body)
    if any(others.values()):
        raise DecodeError("there is no data in the push", push.body)
    return []
