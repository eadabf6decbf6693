"""langyu, as the tests know it: forms out, lines back, one report or reply a push.

Sections are the document's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlencode

from smsgateway.codecs import langyu
from smsgateway.codecs.refusals import Codes
from smsgateway.model import Account, Kind, Request
from smsgateway.queues import Source
from tests.doubles.damages import Damage, percent
from tests.doubles.samples import Asked

CREDENTIALS = {"account": "ly001", "pswd": "pswd-s3cret"}
PUSH_CREDENTIALS = {"receiver": "admin", "pswd": "push-s3cret"}
OPTIONS: Mapping[str, Any] = {}

LIMITS = (50_000, 0)
TEXT_LIMIT = langyu.CONTENT_LIMIT
CODES: Mapping[str, Codes] = {"send": langyu.SEND_CODES, "balance": langyu.BALANCE_CODES}
TABLE_OF_WORDS = (langyu.REPORT_WORDS, langyu.OTHER_WORDS)
PLACES: Mapping[str, tuple[str, Sequence[str]]] = {"1.3.3": ("send", ["send"]), "4.4": ("balance", ["balance"])}
PLACE_OF_WORDS = "2.2"
SUCCESSES = {("1.3.3", "0"): b"20110725160412,0", ("4.4", "0"): b"20110725160412,0"}
TAKEN = b""
VAGUE = frozenset[str]()

UNLISTED = "987"
BALANCE = b"20260102030405,0\n1,100"
ANSWERS: Mapping[str, Callable[[int, str], str]] = {
    "without id": lambda _n, _: "20260101120000,0",
    "moment": lambda _n, _: "20260101120000,104",
    "account": lambda _n, _: "20260101120000,109",
    "credentials": lambda _n, _: "20260101120000,102",
    "content": lambda _n, _: "20260101120000,105",
    "numbers": lambda _n, _: "20260101120000,108",
    "vague": lambda _n, _: "20260101120000,107",
}
WORDY = {"a second line": "20260101120000,106\nword\n"}


def asked(request: Request) -> Asked:
    return Asked(tuple(parse_qs(request.body.decode("ascii"))["mobile"][0].split(",")))


def read(request: Request) -> tuple[bytes, bytes]:
    form = parse_qs(request.body.decode("ascii"), keep_blank_values=True, encoding="latin-1")
    return b"", form["msg"][0].encode("latin-1")


def ids(_numbers: int) -> int:
    return 1


def accepted(ids: Sequence[str], _taken: int) -> bytes:
    return f"20260102030405,0\n{''.join(ids)}\n".encode()


def refused(code: str, text: bytes = b"") -> bytes:
    return b"20260102030405,%s" % code.encode() + (b"\n" + text if text else b"")


CHARSET = "utf-8"
TIME = "2601020304"
WORDS = {
    "delivered": "DELIVRD",
    "undelivered": "MBBLACK",
    "failed": "ROUTEERR",
    "content": "KEYWORD",
    "pending": "ACCEPTD",
    "strange": "JUNK",
}
WORDS_ARE_NUMBERS = False
PUSH_HEADERS = {"content-type": "application/x-www-form-urlencoded"}
PROVED = frozenset[Kind]({"reports", "inbound"})
ONE_BY_ONE = frozenset[Kind]({"reports", "inbound"})
REPORTS_A_PAGE = 1
UNREADABLE: Mapping[Kind, Mapping[str, Damage]] = {}


def report(
    _source: Source, number: str, vendor_id: str, word: str, time: str, _reference: str = "", _segment: int = 0
) -> bytes:
    return urlencode({"msgid": vendor_id, "mobile": number, "status": word, "reportTime": time}).encode()


def reply(number: str, text: str, time: str) -> bytes:
    return urlencode({"moTime": time, "destcode": "1069", "mobile": number, "msg": text}).encode()


def page(_kind: Kind, _source: Source, records: Sequence[bytes], account: Account | None = None) -> bytes:
    (record,) = records
    secrets = account.push.credentials if account and account.push else {}
    proof = urlencode({name: values[0] for name, values in secrets.items()}).encode()
    return proof + b"&" + record if proof else record


def escaped(text: bytes) -> bytes:
    return percent(text)


def noted(record: bytes, noise: bytes) -> bytes:
    return record + b"&note=" + percent(noise)


REPORT_CALLS = {"webhook": 1, "ingest": 2}
CALLS_OF_A_THOUSAND = 5062
