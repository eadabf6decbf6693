"""qixintong, as the tests know it: GBK forms out, values between bars back, everything polled.

Sections are the document's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from smsgateway.codecs import qixintong
from smsgateway.codecs.refusals import Codes
from smsgateway.model import Account, Kind, Request
from smsgateway.queues import Source
from tests.doubles.damages import Damage, instead
from tests.doubles.samples import Asked

CREDENTIALS = {"us_name": "qx001", "us_pwd": "us-s3cret"}
PUSH_CREDENTIALS: Mapping[str, str] = {}
OPTIONS: Mapping[str, Any] = {}

LIMITS = (100, 0)
TEXT_LIMIT = qixintong.TEXT_LIMIT
CODES: Mapping[str, Codes] = {
    "send": qixintong.SEND_CODES,
    "polls": qixintong.POLL_CODES,
    "balance": qixintong.BALANCE_CODES,
}
TABLE_OF_WORDS = (qixintong.REPORT_WORDS, qixintong.OTHER_WORDS)
PLACES: Mapping[str, tuple[str, Sequence[str]]] = {
    "1.1.1": ("send", ["send"]),
    "1.1.2": ("polls", ["report_poll"]),
    "1.1.3": ("polls", ["inbound_poll"]),
    "1.1.4": ("balance", ["balance"]),
}
PLACE_OF_WORDS = "1.1.2 状态报告值"
SUCCESSES = {
    ("1.1.1", "0 a b d"): b"0|2|0|6408676",
    ("1.1.2", "0"): b"0",
    ("1.1.3", "0"): b"0",
    ("1.1.4", "0"): b"0",
    ("1.1.4", "其它"): b"1000",
}
TAKEN = b""
VAGUE = frozenset[str]()

UNLISTED = "-987"
BALANCE = b"100"
ANSWERS: Mapping[str, Callable[[int, str], str]] = {
    "one id": lambda n, new: f"0|{n}|0|{new}",
    "without id": lambda n, _: f"0|{n}|0|",
    "moment": lambda _n, _: "-99",
    "account": lambda _n, _: "-9",
    "credentials": lambda _n, _: "-7",
    "content": lambda _n, _: "-3|word",
    "numbers": lambda n, _: f"0|0|{n}|",
    "vague": lambda _n, _: "-55",
}
WORDY = {"words": "-3|word|word"}


def asked(request: Request) -> Asked:
    return Asked(tuple(parse_qs(request.body.decode("ascii"), encoding="gb18030")["send_phone"][0].split(",")))


def read(request: Request) -> tuple[bytes, bytes]:
    form = parse_qs(request.body.decode("ascii"), keep_blank_values=True, encoding="latin-1")
    return b"", form["send_content"][0].encode("latin-1")


def ids(numbers: int) -> int:
    return numbers


def accepted(ids: Sequence[str], taken: int) -> bytes:
    return f"0|{taken}|0|{','.join(ids)}".encode()


def refused(code: str, text: bytes = b"") -> bytes:
    return code.replace(" ", "|").encode("gbk") + (b"|" + text if text else b"")  # the table lost its bars


CHARSET = "gbk"
TIME = ""  # its reports and replies do not say when
WORDS = {"delivered": "10", "undelivered": "20", "pending": "-1", "strange": "77"}
WORDS_ARE_NUMBERS = True
PUSH_HEADERS: Mapping[str, str] = {}
PROVED = frozenset[Kind]()
ONE_BY_ONE = frozenset[Kind]()
REPORTS_A_PAGE = 100
UNREADABLE: Mapping[Kind, Mapping[str, Damage]] = {
    "reports": {
        "a value that is no number": lambda record: record.rpartition(b";")[0] + b";ok",
        "too few fields": lambda record: record.rpartition(b";")[0],
        "too many fields": lambda record: record + b";1",
        "a damaged number": instead(b";", b";\xff"),
    },
    "inbound": {
        "damaged content": lambda record: record + b"\xff",
        "content cut within a character": lambda record: record + b"\xb6",
        "content in UTF-8": instead(b"TD", "退订".encode()),
    },
}


def report(
    _source: Source, number: str, vendor_id: str, word: str, _time: str, _reference: str = "", _segment: int = 0
) -> bytes:
    return f"{vendor_id};{number};{word}".encode("gbk")


def reply(number: str, text: str, _time: str) -> bytes:
    return f"133;{number};{text}".encode("gbk")


def page(_kind: Kind, _source: Source, records: Sequence[bytes], _account: Account | None = None) -> bytes:
    return b"|".join([str(len(records)).encode(), *records])


def escaped(text: bytes) -> bytes:
    return text


def noted(record: bytes, _noise: bytes) -> bytes:
    return record


REPORT_CALLS = {"poll": 5, "ingest": 2}
CALLS_OF_A_THOUSAND = 287
