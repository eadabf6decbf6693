"""hbsmservice, as the tests know it: GBK forms with a code for an answer, and pages of XML.

Sections are the document's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from smsgateway.codecs import hbsmservice
from smsgateway.codecs.refusals import Codes
from smsgateway.model import Account, Kind, Request
from smsgateway.queues import Source
from tests.doubles.damages import Damage, cut, instead, without
from tests.doubles.samples import Asked

CREDENTIALS = {"corp_id": "8001", "corp_pwd": "corp-s3cret", "corp_service": "1069yd"}
PUSH_CREDENTIALS: Mapping[str, str] = {}
OPTIONS: Mapping[str, Any] = {}

LIMITS = (200, 200)
TEXT_LIMIT = hbsmservice.TEXT_LIMIT
CODES: Mapping[str, Codes] = {
    "send": hbsmservice.SEND_CODES,
    "personalised": hbsmservice.BATCH_CODES,
    "balance": hbsmservice.BALANCE_CODES,
    "polls": hbsmservice.POLL_CODES,
}
TABLE_OF_WORDS = (hbsmservice.REPORT_WORDS, hbsmservice.OTHER_WORDS)
PLACES: Mapping[str, tuple[str, Sequence[str]]] = {
    "1.3": ("send", ["send"]),
    "2.3": ("personalised", ["batch"]),
    "3.3": ("balance", ["balance"]),
    "5.3": ("polls", ["report_poll"]),
    "7.3": ("polls", ["inbound_poll"]),
}
PLACE_OF_WORDS = "4.2"
SUCCESSES = {
    ("1.3", "0#数字"): b"0#2",
    ("2.3", "0#数字"): b"0#2",
    ("3.3", "ok#余额"): b"ok#1",
    ("5.3", "0"): b"0",
    ("7.3", "0"): b"0",
}
TAKEN = b""
VAGUE = frozenset[str]()

UNLISTED = "987"
BALANCE = b"ok#100"
ANSWERS: Mapping[str, Callable[[int, str], str]] = {
    "partial": lambda n, _: f"0#{n - 1}" if n > 1 else f"0#{n + 1}",
    "moment": lambda _n, _: "777",  # the document has none: `doubles/world.py` says that this one is
    "account": lambda _n, _: "100",
    "credentials": lambda _n, _: "107",
    "content": lambda _n, _: "102",
    "numbers": lambda _n, _: "103",
    "vague": lambda _n, _: "888",
}
WORDY = {"a word": "102#word"}


def asked(request: Request) -> Asked:
    form = parse_qs(request.body.decode("ascii"), encoding="gb18030")
    if "send_param" in form:
        records = [record.split("&split&") for record in form["send_param"][0].split("&group&")]
        items = tuple(record[1] for record in records)
        return Asked(tuple(record[0] for record in records), items[0], items)
    return Asked(tuple(form["mobile"][0].split(",")), form["corp_msg_id"][0])


def read(request: Request) -> tuple[bytes, bytes]:
    form = parse_qs(request.body.decode("ascii"), keep_blank_values=True, encoding="latin-1")
    return b"", form["msg_content"][0].encode("latin-1")


def ids(_numbers: int) -> int:
    return 0


def accepted(_ids: Sequence[str], taken: int) -> bytes:
    return f"0#{taken}".encode()


def refused(code: str, _text: bytes = b"") -> bytes:
    return code.encode()


CHARSET = "gbk"
TIME = "2026-01-02 03:04:05"
WORDS = {"delivered": "0", "undelivered": "2", "strange": "00"}
WORDS_ARE_NUMBERS = False
PUSH_HEADERS: Mapping[str, str] = {}
PROVED = frozenset[Kind]()
ONE_BY_ONE = frozenset[Kind]()
REPORTS_A_PAGE = 100
_XML: Mapping[str, Damage] = {
    "no number": without(b"mobile"),
    "a damaged number": instead(b"<mobile>", b"<mobile>\xff"),
    "cut in a tag": cut(b"obile>"),
    "cut in a number": cut(b"</mobile>"),
    "a stranger in its place": lambda _: b"<note>1</note>",
    "nothing but text": lambda _: b"and more",
}
UNREADABLE: Mapping[Kind, Mapping[str, Damage]] = {
    "reports": {
        **_XML,
        "an empty err": instead(b"<err>0</err>", b"<err></err>"),
        "no err": without(b"err"),
        "a letter in sub_seq": instead(b"<sub_seq>0", b"<sub_seq>0a"),
        "a damaged id": instead(b"<msg_id>", b"<msg_id>\x81"),
        "a damaged err": instead(b"<err>0", b"<err>0\xff"),
    },
    "inbound": {
        **_XML,
        "no content": without(b"content"),
        "damaged content": instead(b"<content>", b"<content>\xff"),
        "content cut within a character": instead(b"</content>", b"\xb6</content>"),
        "content in UTF-8": instead(b"TD</content>", "退订</content>".encode()),
    },
}


def report(
    _source: Source, number: str, vendor_id: str, word: str, time: str, _reference: str = "", segment: int = 0
) -> bytes:
    written = (
        f"<report><corp_id>8001</corp_id><mobile>{number}</mobile><sub_seq>{segment}</sub_seq>"
        f"<msg_id>{vendor_id}</msg_id><err>{escape(word)}</err><fail_desc></fail_desc>"
        f"<report_time>{time}</report_time></report>"
    )
    return written.encode("gbk")


def reply(number: str, text: str, time: str) -> bytes:
    written = f"<mobile>{number}</mobile><ext>8888</ext><time>{time}</time><content>{text}</content>"
    return f"<deliver><corp_id>8001</corp_id>{written}</deliver>".encode("gbk")


def page(kind: Kind, _source: Source, records: Sequence[bytes], _account: Account | None = None) -> bytes:
    root = b"reports" if kind == "reports" else b"delivers"
    return b'<?xml version="1.0" encoding="GBK" ?><%s>%s</%s>' % (root, b"".join(records), root)


def escaped(text: bytes) -> bytes:
    return text


def noted(record: bytes, noise: bytes) -> bytes:
    return record.replace(b"<corp_id>8001", b"<corp_id>-" + noise)


REPORT_CALLS = {"webhook": 1, "ingest": 1}
CALLS_OF_A_THOUSAND = 242
