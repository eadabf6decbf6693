"""heji, as the tests know it: forms out, values between commas back, many replies a push.

Sections are the document's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode

from smsgateway.codecs import heji
from smsgateway.codecs.refusals import Codes
from smsgateway.model import Account, Kind, Request
from smsgateway.queues import Source
from tests.doubles.damages import Damage, instead, percent
from tests.doubles.samples import Asked

CREDENTIALS = {"name": "hj001", "pwd": "pwd-s3cret"}
PUSH_CREDENTIALS = {"name": "admin", "pwd": "push-s3cret"}
OPTIONS: Mapping[str, Any] = {}

LIMITS = (1000, 0)
TEXT_LIMIT = heji.CONTENT_LIMIT
CODES: Mapping[str, Codes] = {
    "send": heji.SEND_CODES,
    "send, where the text says 余额": heji.NO_BALANCE,
    "balance": heji.BALANCE_CODES,
}
TABLE_OF_WORDS = (heji.REPORT_WORDS, heji.OTHER_WORDS)
PLACES: Mapping[str, tuple[str, Sequence[str]]] = {"1.7.3": ("send", ["send"]), "2.4": ("balance", ["balance"])}
PLACE_OF_WORDS = "3.2"
SUCCESSES = {
    ("1.7.3", "0"): "0,20140821110353234137876543,0,2,0,提交成功".encode(),
    ("2.4", "0"): b"0,93",
}
TAKEN = b""
VAGUE = frozenset({"-1"})

UNLISTED = "987"
BALANCE = b"0,93"
ANSWERS: Mapping[str, Callable[[int, str], str]] = {
    "account": lambda _n, _: "11,账号注销",
    "content": lambda _n, _: "1,含有敏感词汇",
    "vague": lambda _n, _: "-1,系统异常",
    "of nothing": lambda _n, new: f"0,{new},0,0,0,提交成功",
}
WORDY = {"words": "1,含有敏感词汇"}


def asked(request: Request) -> Asked:
    return Asked(tuple(parse_qs(request.body.decode("ascii"))["mobile"][0].split(",")))


def read(request: Request) -> tuple[bytes, bytes]:
    form = parse_qs(request.body.decode("ascii"), keep_blank_values=True, encoding="latin-1")
    return form["sign"][0].encode("latin-1"), form["content"][0].encode("latin-1")


def ids(_numbers: int) -> int:
    return 1


def accepted(ids: Sequence[str], taken: int) -> bytes:
    return f"0,{''.join(ids)},0,{taken},0,提交成功".encode()


def refused(code: str, text: bytes = b"") -> bytes:
    return b"%s,%s" % (code.encode(), text or "说明".encode())


CHARSET = "utf-8"
TIME = "2026-01-02 03:04:05"
WORDS = {"delivered": "DELIVRD", "undelivered": "UNDELIV", "pending": "ENROUTE", "strange": "JUNK"}
WORDS_ARE_NUMBERS = False
PUSH_HEADERS = {"content-type": "application/x-www-form-urlencoded"}
PROVED = frozenset[Kind]({"reports", "inbound"})
ONE_BY_ONE = frozenset[Kind]({"reports"})
REPORTS_A_PAGE = 100  # one report, whose `mobile` lists numbers
UNREADABLE: Mapping[Kind, Mapping[str, Damage]] = {
    "inbound": {
        "damaged content": instead(b"TD", b"%FF"),
        "content cut within a character": instead(b"TD", b"TD%E9%80"),
        "content in GBK": instead(b"TD", b"%CD%CB%B6%A9"),
        "a damaged number": instead(b"138", b"138%FF"),
    },
}


def report(
    _source: Source, number: str, vendor_id: str, word: str, time: str, _reference: str = "", _segment: int = 0
) -> bytes:
    return urlencode({"sendid": vendor_id, "mobile": number, "state": word, "time": time}).encode()


def reply(number: str, text: str, time: str) -> bytes:
    return quote_plus(f"{number}#@#{text}#@#{time}#@#88").encode()


def page(kind: Kind, _source: Source, records: Sequence[bytes], account: Account | None = None) -> bytes:
    secrets = account.push.credentials if account and account.push else {}
    proof = [f"{name}={quote_plus(values[0])}".encode() for name, values in secrets.items()]
    said = b"args=" + b"%23%40%40%23".join(records) if kind == "inbound" else b"".join(records)
    return b"&".join([*proof, said])


def escaped(text: bytes) -> bytes:
    return percent(text)


def noted(record: bytes, noise: bytes) -> bytes:
    return record + b"&note=" + percent(noise)


REPORT_CALLS = {"webhook": 1, "ingest": 2}
CALLS_OF_A_THOUSAND = 232
