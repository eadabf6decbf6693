"""What is fuzzed: every decoder of every vendor, and the other doors through which strangers' bytes come in.

A target is a function of bytes that returns, or raises what is a bug: any exception but the one that its input is
refused with, or an assertion about what was understood. Nothing here knows the fuzzer, so that its finds are tests.
"""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import parse_qsl, urlsplit

from pydantic import ValidationError
from urllib3.util import parse_url

from smsgateway.api.routes import post_message
from smsgateway.api.schemas.moments import asked_moment
from smsgateway.api.schemas.requests import NewMessage, NewVerification, TemplateBody
from smsgateway.api.serving import bodies, cursors
from smsgateway.api.serving.problems import Problem
from smsgateway.codecs import VENDORS, infocloud
from smsgateway.codecs.base import TakesPushes
from smsgateway.codecs.infocloud import receipts
from smsgateway.codecs.xml import parse_records
from smsgateway.config.accounts import parse_accounts
from smsgateway.config.addresses import forbidden, literal
from smsgateway.config.settings import Settings
from smsgateway.errors import ConfigurationError, DecodeError
from smsgateway.model import (
    About,
    Accepted,
    Account,
    Content,
    Inbound,
    Kind,
    Options,
    Page,
    Push,
    PushSettings,
    Refused,
    Reply,
    Report,
    Response,
    Submission,
)
from smsgateway.queues import VendorBytes, parse_vendor_bytes
from smsgateway.receiving import push as receive
from smsgateway.settling.reading import decode_inbound, decode_reports
from smsgateway.store import replies, reply_parts, reports
from smsgateway.store.keys import account_of_parts, number_of_parts
from smsgateway.store.listing import BY_NUMBER_POSITION
from smsgateway.store.table import Item, Table, Update, to_wire
from smsgateway.text import SIGNATURE_LIMIT, compose, normalise_number, problem_with_number, signature_place
from smsgateway.unseen import trimmed
from tests.tools.pages import ACCOUNTS

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases"
EVENTS = ROOT / "events"
FINDS = Path(__file__).parent / "finds"
NUMBERS = ("13800138000", "13900139000")
TOKEN = "t" * 32
NOW = 1_795_000_000_000  # epoch milliseconds
POSITION, LIST = {"pk": "a", "sk": "b", "at": "c"}, cursors.list_of("a key", "messages", NUMBERS[0])
NESTED = 500  # levels of JSON that any parser takes
KEY_BYTES = {"pk": 2048, "sk": 1024, "to": 2048, "at": 1024, "list": 2048, "listed_at": 1024}  # DynamoDB's limits

type Check = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Target:
    """`first` are the inputs that the fuzzer begins with."""

    check: Check
    first: tuple[bytes, ...] = ()


def targets() -> dict[str, Target]:
    """All of them, by name."""
    found = {
        f"{vendor}.{operation}": Target(check, cases(vendor))
        for vendor in VENDORS
        for operation, check in _of_vendor(vendor)
    }
    answers = cases("infocloud")
    answers += tuple(answer.replace(name, b'"x"') for answer in answers for name in (b'"bid"', b'"arriveTime"'))
    return found | {
        "webhook": Target(check_webhook, tuple(case for vendor in VENDORS for case in cases(vendor))),
        "xml": Target(check_xml, cases("hbsmservice")),
        "receipts": Target(
            check_receipts, (*answers, *(answer.replace(b'"arrive"', b'"arriveResult"') for answer in answers))
        ),
        "accounts": Target(check_accounts, (accounts_document(),)),
        "request": Target(check_request, posts()),
        "cursor": Target(check_cursor, (str(cursors.written(POSITION, LIST)).encode(),)),
        "number": Target(check_number, ("(+86)138‑0013\u00a08000".encode(), b"tel:+86755 8080.8080")),
        "moment": Target(check_moment, (b"2026-11-29T24:00:00 08:00", b"20261129t235960z")),
        "signature": Target(check_signature, ("\ufeff【 示例】您好{name}【示例】".encode(),)),
    }


def cases(vendor: str) -> tuple[bytes, ...]:
    """The vendor's bytes as its document has them."""
    return tuple(path.read_bytes() for path in sorted((CASES / vendor).iterdir()) if path.suffix != ".md")


def accounts_document() -> bytes:
    """The one that the page of accounts shows."""
    return next(block.encode() for block in ACCOUNTS.blocks("json") if '"routes"' in block)


def posts() -> tuple[bytes, ...]:
    """The bodies of the sample events of `send`."""
    bodies_of_samples = (json.loads(path.read_bytes())["body"] for path in sorted(EVENTS.glob("send-*.json")))
    return tuple(b64decode(body) for body in bodies_of_samples if body)


def finds(target: str) -> tuple[Path, ...]:
    """What the fuzzer has found at a target, each once a bug."""
    return tuple(sorted((FINDS / target).glob("*")))


# Vendors


def accounts_of(vendor: str) -> tuple[Account, ...]:
    """One with defaults, one with every option that changes what bytes mean, and one of the other charset."""
    profile = VENDORS[vendor].profile
    push = PushSettings((TOKEN,), (), {name: (f"{name}-secret",) for name in profile.push_credentials})
    plain = Account(vendor, vendor, "http://vendor.example", dict.fromkeys(profile.credentials, "x"), push=push)
    options = Options(
        access_number="1065",
        extension_prefix_length=3,
        codes={"987": About.MOMENT, "-987": About.MOMENT},
    )
    chosen = Account(vendor, vendor, plain.base_url, plain.credentials, push=PushSettings((TOKEN,)), options=options)
    utf_8 = (replace(plain, options=Options(charset="utf-8")),) if "charset" in profile.options else ()
    return plain, chosen, *utf_8


def _of_vendor(name: str) -> Iterator[tuple[str, Check]]:
    vendor, accounts = VENDORS[name], accounts_of(name)
    one = Submission("sub_1", NUMBERS, (Content("您好"),))
    each = Submission("sub_1", NUMBERS, (Content("您好"), Content("再见")))
    yield "send", partial(check_answer, lambda of, answer: vendor.send.decode_send(of, one, answer), accounts)
    yield "balance", partial(check_answer, vendor.balance.decode_balance, accounts)
    if batch := vendor.batch:
        yield "batch", partial(check_answer, lambda of, answer: batch.decode_batch(of, each, answer), accounts)
    if vendor.report_poll:
        yield "report_poll", partial(check_receipt, decode_reports, "reports", "poll", accounts)
    if vendor.inbound_poll:
        yield "inbound_poll", partial(check_receipt, decode_inbound, "inbound", "poll", accounts)
    if vendor.statistics:
        yield "statistics", partial(check_answer, vendor.statistics.decode_statistics, accounts)
    if vendor.health:
        yield "health", partial(check_answer, vendor.health.decode_health, accounts)
    if vendor.report_push:
        yield "report_push", partial(check_receipt, decode_reports, "reports", "push", accounts)
        yield "verify", partial(check_verify, vendor.report_push, accounts)
    if vendor.inbound_push:
        yield "inbound_push", partial(check_receipt, decode_inbound, "inbound", "push", accounts)


def check_answer(decode: Callable[[Account, Response], object], accounts: tuple[Account, ...], data: bytes) -> None:
    """An answer is understood or refused with its bytes; what it says can be stored."""
    for account in accounts:
        try:
            check_understood(decode(account, Response(200, body=data)))
        except DecodeError as error:
            assert error.raw == data  # noqa: PT017 - most bytes are errors, not all


def check_receipt(
    decode: Callable[[Account, VendorBytes], Page[Report] | Page[Inbound]],
    kind: Kind,
    source: Literal["push", "poll"],
    accounts: tuple[Account, ...],
    data: bytes,
) -> None:
    """The same of reports and replies, as `ingest` decodes them. A push's fields may be in its body or its query."""
    for account in accounts:
        for push in pushes(data)[: 1 if source == "poll" else 2]:
            receipt = VendorBytes(account.name, kind, source, NOW, push.method, push.query, push.headers, push.body)
            try:
                check_understood(decode(account, receipt))
            except DecodeError as error:
                assert push.method == "GET" or error.raw == data  # noqa: PT017


def check_verify(pusher: TakesPushes, accounts: tuple[Account, ...], data: bytes) -> None:
    """Whether a push is the vendor's is told of any bytes."""
    for account in accounts:
        for push in pushes(data):
            for kind in cast("tuple[Kind, ...]", ("reports", "inbound")):
                with suppress(DecodeError):
                    assert pusher.verify_push(account, push, kind) in (True, False)


def pushes(data: bytes) -> tuple[Push, Push]:
    """Bytes as the body of a POST, and as the query of a GET."""
    query = parse_qsl(data.decode(errors="replace"), keep_blank_values=True)
    return Push("POST", body=data), Push("GET", query=tuple(query))


def check_understood(answer: object) -> None:
    """What a decoder may answer, and that the table takes all that it says."""
    assert isinstance(answer, Accepted | Refused | Page | tuple | bool)
    if isinstance(answer, Accepted):
        for vendor_id in answer.vendor_ids:
            STORE.update(Update((f"vid#account#{vendor_id}", "map"), "SET x = :x", {"x": answer.vendor_status}))
        assert {each.number for each in answer.rejected} <= set(NUMBERS)
    items = answer.items if isinstance(answer, Page) else answer if isinstance(answer, tuple) else ()
    for item in items:
        if isinstance(item, Report):
            reports.keep_early(cast("Table", STORE), "account", [item], NOW, 0)
        elif isinstance(item, Inbound):
            store_reply(item)


def store_reply(inbound: Inbound) -> None:
    """Store a reply, or a part of one, as `ingest` does."""
    if inbound.part is None:
        at = int(inbound.received_at.timestamp() * 1000) if inbound.received_at else NOW
        identity = replies.reply_id("account", inbound, 0)
        reply = Reply(
            identity, "account", "", inbound.number, inbound.access_number, inbound.extension, inbound.text, at
        )
        replies.put_reply(cast("Table", STORE), reply, 0)
        return
    key = reply_parts.parts_key("account", inbound)
    assert (account_of_parts(key), number_of_parts(key)) == ("account", inbound.number)
    reply_parts.put_part(cast("Table", STORE), key, inbound, "vendor", NOW, NOW, 0)


class Store:
    """In the table's place: takes what DynamoDB takes, keys that are neither empty nor too long, and keeps nothing."""

    def put(self, item: Item, _condition: str = "", _values: Mapping[str, Any] | None = None) -> None:
        for name, limit in KEY_BYTES.items():
            if name in item:
                assert 1 <= len(item[name].encode(errors="replace")) <= limit, f"{name} is empty or too long"
        to_wire(item)

    seconds = 0

    def put_many(self, items: Sequence[Item]) -> None:
        for item in items:
            self.put(item)

    def at_once(self, write: Callable[[Any], Any], keys: Sequence[Any]) -> list[Any]:
        return [write(key) for key in keys]

    def update(self, update: Update) -> Item:
        self.put({"pk": update.key[0], "sk": update.key[1]} | dict(update.values))
        return {}


STORE = Store()


# The other doors


def check_webhook(data: bytes) -> None:
    """Any request to a push address is answered; what is acknowledged can be read again, and is the push."""
    stored: list[str] = []
    receiver = receive.PushReceiver(lambda: EVERYBODY, lambda body, _kind: stored.append(body), lambda: NOW)
    words = data[:200].decode(errors="surrogateescape").split("\n") + [""] * 3
    for name, account in EVERYBODY.accounts.items():
        for push in pushes(data):
            for token, address in ((TOKEN, "192.0.2.1"), (words[0], words[1]), (TOKEN, words[2])):
                stored.clear()
                answer = receive.take_push(receiver, name, token, "reports", push, address)
                assert answer.status in (200, 403)
                receipts_stored = [parse_vendor_bytes(body) for body in stored]
                pushed = [receipt for receipt in receipts_stored if receipt.source == "push"]
                tried = [receipt for receipt in receipts_stored if receipt.source == "tried"]
                receiver.noted.clear()
                assert (answer.status == 200) is bool(pushed or tried)
                assert not pushed or pushed[0].push == push
                assert not stored or (token == TOKEN and account.push)


EVERYBODY = Settings({vendor: accounts_of(vendor)[0] for vendor in VENDORS}, ())


def check_xml(data: bytes) -> None:
    """Records or DecodeError, for either root."""
    for charset in ("gb18030", "utf-8"):
        for root, record in (("reports", "report"), ("delivers", "deliver")):
            with suppress(DecodeError):
                parse_records(data, charset, root, record)


def check_receipts(data: bytes) -> None:
    """What infocloud writes in its manual's own form is read as it would be in any other."""
    (account, *_), otherwise = accounts_of("infocloud"), data.replace(b"{", b'{"x": NaN, ', 1)
    if receipts.pushed(data) is not None:
        check_same(lambda body: infocloud.decode_report_push(account, Push("POST", body=body)), data, otherwise)
    if receipts.polled(data) is not None:
        check_same(lambda body: infocloud.decode_report_poll(account, Response(200, body=body)), data, otherwise)


def check_same(decode: Callable[[bytes], Page[Report] | Refused], one: bytes, other: bytes) -> None:
    first, second = (_records(decode, data) for data in (one, other))
    deep = one.count(b"[") + one.count(b"{") > NESTED  # each way has its own limit
    assert first == second or (deep and None in (first, second))


def _records(decode: Callable[[bytes], Page[Report] | Refused], data: bytes) -> list[Report] | None:
    """The records in a page, whatever it says of its form; None where it can be read in no way."""
    try:
        page = decode(data)
    except DecodeError:
        return None
    assert isinstance(page, Page)
    return [report._replace(raw="") for report in page.items]


def check_accounts(data: bytes) -> None:
    """A document is refused, or leads nowhere that it must not, whoever reads its addresses."""
    try:
        settings = parse_accounts(data)
    except ConfigurationError:
        return
    for account in settings.accounts.values():
        host = urlsplit(account.base_url).hostname
        assert host
        assert host == (parse_url(account.base_url).host or "").strip("[]").lower()
        address = literal(host.rstrip("."))
        assert address is None or not forbidden(address, allow_loopback=False)


def check_request(data: bytes) -> None:
    """A body that is posted is a problem, or can be accepted."""
    event = {"resource": "/messages", "httpMethod": "POST", "body": data.decode(errors="replace")}
    with suppress(Problem, ValidationError):
        fields = bodies.parse(bodies.cleaned(event)["body"] or "")
        for model in (TemplateBody, NewVerification):
            with suppress(ValidationError):
                model.model_validate(fields)
        message = NewMessage.model_validate(fields)
        if not [*post_message.inconsistencies(message), *post_message.out_of_time(message, NOW)]:
            post_message.post_of(message, "", post_message.hash_of(fields))


def check_cursor(data: bytes) -> None:
    """A cursor is the position that it was made of, or a problem."""
    cursor = data.decode(errors="replace")
    with suppress(Problem):
        assert cursors.written(cursors.read(cursor, BY_NUMBER_POSITION, LIST), LIST) == cursor


def check_number(data: bytes) -> None:
    """A number is digits that are taken for the same number again, or something can be said of it."""
    written = data.decode(errors="replace")
    number = normalise_number(written)
    assert problem_with_number(written) if number is None else re.fullmatch("[0-9]{11,12}", number)
    assert number is None or normalise_number(number) == number


def check_moment(data: bytes) -> None:
    """A moment of a query is one, whole, or refused."""
    with suppress(ValueError):
        assert isinstance(asked_moment(data.decode(errors="replace")), int)


def check_signature(data: bytes) -> None:
    """A signature can be seen, is not too long, and is found once: a text that is put together is not taken apart."""
    text = data.decode(errors="replace")
    content = compose(text, "示例")
    assert trimmed(content.signature) == content.signature
    assert 0 < len(content.signature) <= SIGNATURE_LIMIT
    again = compose(content.full, "示例")
    assert (again.full, again.signature) == (content.full, content.signature)
    with suppress(ValueError):
        assert signature_place(text)
