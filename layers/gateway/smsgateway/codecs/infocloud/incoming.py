"""Delivery reports and replies of infocloud (短信回执状态查询, 短信回执状态推送, 短信上行报告推送).

A push is unsigned JSON: `{"apiKey": …, "data": [{…}]}`.
"""

from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from smsgateway.codecs.answers import Fate, Words, decode_text
from smsgateway.codecs.forms import secret_matches
from smsgateway.codecs.infocloud.reading import (
    SUCCESS,
    Record,
    json_text,
    load,
    read_answer,
    record_text,
    records_of,
    refused_by,
    string,
)
from smsgateway.codecs.infocloud.signing import signed_request
from smsgateway.codecs.records import all_fileable, read_each
from smsgateway.codecs.times import beijing_time
from smsgateway.codecs.words import Heard, heard
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


# --- Delivery reports


def encode_report_poll(account: Account, now: datetime, nonce: str) -> Request:
    """A query of the receipts of six hours that were not returned yet.

    The document can also ask for some msgIds. That would be of no use: what was returned once is not returned again to
    either question, this one brings everything else, and both would share one query a minute.
    """
    return signed_request(account, "report_poll", {}, now, nonce)


def decode_report_poll(account: Account, response: Response) -> Page[Report] | Refused:
    """A page of reports; their numbers are masked (`187****8801`)."""
    from smsgateway.codecs.infocloud import receipts  # noqa: PLC0415 - see its docstring

    found = receipts.polled(response.body) if response.status == 200 else None
    reports = () if found is None else _reports(account, found)
    if found is None or not all_fileable(reports):
        answer = read_answer(response)
        if refused := refused_by(account, answer):
            return refused
        page = _page(account, records_of(answer.get("data") or [], response.body), response.body, polled=True)
    else:
        page = Page(reports)
    return replace(page, full=len(page.items) + len(page.unreadable) >= REPORTS_PAGE)


def decode_report_push(account: Account, push: Push) -> Page[Report]:
    """The reports of one push."""
    from smsgateway.codecs.infocloud import receipts  # noqa: PLC0415 - see its docstring

    if (found := receipts.pushed(push.body)) is not None:
        reports = _reports(account, found)
        if all_fileable(reports):
            return Page(reports)
    return _page(account, _pushed(push), push.body)


def _page(account: Account, records: list[Record], raw: bytes, *, polled: bool = False) -> Page[Report]:
    """The same of records in any form, each by itself."""
    from smsgateway.codecs.infocloud import receipts  # noqa: PLC0415 - see its docstring

    def read(record: Record) -> Report:
        (report,) = _reports(account, receipts.tolerated([record], raw))
        return report

    envelope = {"code": SUCCESS} if polled else {}
    return read_each(records, read, lambda record: json_text(envelope | {"data": [record]}).encode(), raw)


def _reports(account: Account, receipts: "Receipts") -> tuple[Report, ...]:
    """Pushes say `arriveResult`, queries `arrive`; both have `msgId` and, where we sent it, our `bid`."""
    reports, words = [], dict[str, Heard]()
    for receipt, record in receipts:
        word, bid, msg_id, at = receipt.word, receipt.bid, receipt.msg_id, _minute(receipt.time)
        number = said_number(receipt.number)
        if (said := words.get(word)) is None:
            said = words[word] = heard(account, word, REPORT_WORDS, OTHER_WORDS)
        status, reason, listed = said
        if bid and bid != "null":
            fields = (bid, number, status, word, reason, True, msg_id, at, 0, record, listed)
        else:
            fields = (msg_id, number, status, word, reason, False, "", at, 0, record, listed)
        reports.append(tuple.__new__(Report, fields))  # what Report(…) does, in half of its time
    return tuple(reports)


@lru_cache(maxsize=1024)  # the receipts of a page share a few minutes
def _minute(text: str | None) -> datetime | None:
    """A time to the minute, yyMMddHHmm."""
    return beijing_time(text, "%y%m%d%H%M") if text else None


# --- Replies


def decode_inbound_push(account: Account, push: Push) -> Page[Inbound]:
    """The replies of one push. `srcId` is the access number, "可能含有尾号和自定义接入号": the extension behind it."""

    def alone(record: Record) -> bytes:
        return json_text({"data": [record]}).encode()

    return read_each(_pushed(push), lambda record: _inbound(account, record, push.body), alone, push.body)


def _inbound(account: Account, record: Record, raw: bytes) -> Inbound:
    number, text, source = string(record.get("tel")), record.get("content"), string(record.get("srcId"))
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
        received_at=_minute(string(record.get("arriveTime"))),
        raw=record_text(record, raw),
    )


# --- Pushes


def verify_push(account: Account, push: Push, _kind: Kind) -> bool:
    """Whether the push carries the account's api_key, or one given for pushes: its only sign of identity.

    Raises DecodeError when the push is no JSON.
    """
    document = _push_document(push)
    given = document.get("apiKey") if isinstance(document, dict) else None
    others = account.push.credentials.get("api_key", ()) if account.push else ()
    return isinstance(given, str) and secret_matches([account.credentials.get("api_key", ""), *others], given)


def acknowledgement(account: Account, _kind: Kind) -> str:
    """The account's `ack`; the manual only asks for an answer within a second, so the default speaks its own codes."""
    return '{"code":200,"message":"OK"}' if account.options.ack is None else account.options.ack


def failure(_account: Account, _kind: Kind) -> str:
    """The manual's own word for "try again later"."""
    return '{"code":-1,"message":"FAIL"}'


def _push_document(push: Push) -> object:
    return load(decode_text(push.body, "utf-8-sig"), push.body)


def _pushed(push: Push) -> list[Record]:
    document = _push_document(push)
    if not isinstance(document, dict):
        raise DecodeError("the push is not a JSON object", push.body)
    return records_of(document.get("data"), push.body)
