"""infocloud, as the tests know it: signed JSON, templates only, a key in each push.

Places are the manual's headings.
"""

import json
from collections.abc import Callable, Mapping, Sequence

from smsgateway.codecs import infocloud
from smsgateway.codecs.refusals import Codes
from smsgateway.model import Account, Kind, Request
from smsgateway.queues import Source
from tests.doubles.damages import Damage, instead
from tests.doubles.samples import Asked

CREDENTIALS = {"api_key": "8767fd835ca3a4eb6f69129d71971760", "access_key": "access-s3cret"}
PUSH_CREDENTIALS: Mapping[str, str] = {}  # a push carries the account's own key
OPTIONS = {"free_text_template": "675001"}

LIMITS = (1000, 500)
TEXT_LIMIT = infocloud.CONTENT_LIMIT
CODES: Mapping[str, Codes] = {
    "everywhere": infocloud.CODES,
    "everywhere, where the text says 时间戳": infocloud.CLOCK_CODES,
}
TABLE_OF_WORDS = (infocloud.REPORT_WORDS, infocloud.OTHER_WORDS)
_EVERYWHERE = ("send", "batch", "report_poll", "balance", "statistics")
PLACES: Mapping[str, tuple[str, Sequence[str]]] = {
    "Java sdk, 3：返回码说明": ("everywhere", _EVERYWHERE),
    "返回码说明": ("everywhere", _EVERYWHERE),
}
PLACE_OF_WORDS = "短信网关回执短信状态"
SUCCESSES = {(place, "200"): b'{"code": 200, "data": []}' for place in PLACES}
TAKEN = b'{"code": 200, "data": {"msgId": "574730770464800768"}}'
VAGUE = frozenset({"-1"})

UNLISTED = "987"
BALANCE = b'{"code": 200, "data": [{"serviceType": "1", "residueValue": 100}]}'
ANSWERS: Mapping[str, Callable[[int, str], str]] = {
    "without id": lambda _n, _: json.dumps({"code": "200", "message": "OK"}),
    "moment": lambda _n, _: json.dumps({"code": "6000"}),
    "account": lambda _n, _: json.dumps({"code": "40002"}),
    "credentials": lambda _n, _: json.dumps({"code": "2001"}),
    "content": lambda _n, _: json.dumps({"code": "60001"}),
    "numbers": lambda _n, _: json.dumps({"code": "60007"}),
    "vague": lambda _n, _: json.dumps({"code": "-1"}),
}
WORDY = {
    "a message": json.dumps({"code": "60001", "message": "word", "requestId": "id"}),
    "partly": json.dumps({"code": "200", "message": "word", "data": {"msgId": "1", "failPhones": "13800000000"}}),
}


def asked(request: Request) -> Asked:
    fields = json.loads(request.body)
    written = fields.get("phones") or ",".join(json.loads(fields["phonesJson"]))
    return Asked(tuple(written.split(",")), fields.get("bid", ""))


def read(request: Request) -> tuple[bytes, bytes]:
    *signature, text = json.loads(json.loads(request.body)["templateParam"])  # of one variable, or of two
    return "".join(signature).encode(), text.encode()


def ids(_numbers: int) -> int:
    return 1


def accepted(ids: Sequence[str], _taken: int) -> bytes:
    return json.dumps({"code": "200", "data": {"msgId": "".join(ids), "failPhones": []}}).encode()


def refused(code: str, text: bytes = b"") -> bytes:
    return b'{"code": "%s", "message": "%s"}' % (code.encode(), text)


CHARSET = "utf-8"
TIME = "2601020304"
WORDS = {"delivered": "DELIVRD", "undelivered": "UNDELIV", "pending": "ACCEPTD", "strange": "ACCEPTD"}
WORDS_ARE_NUMBERS = False
PUSH_HEADERS: Mapping[str, str] = {}
PROVED = frozenset[Kind]({"reports", "inbound"})
ONE_BY_ONE = frozenset[Kind]()
REPORTS_A_PAGE = 600
UNREADABLE: Mapping[Kind, Mapping[str, Damage]] = {
    "reports": {
        "no number": instead(b'"tel"', b'"te1"'),
        "null": lambda _: b"null",
        "a text": lambda _: b'"13800000001"',
        "a list in place of a number": instead(b'"tel": ', b'"tel": [], "tel1": '),
        "no id": instead(b'"msgId"', b'"msgid1"'),
    },
    "inbound": {
        "no number": instead(b'"tel"', b'"te1"'),
        "null": lambda _: b"null",
        "half a character": instead(b'"TD"', b'"TD\\ud83d"'),
    },
}


def report(
    source: Source, number: str, vendor_id: str, word: str, time: str, reference: str = "", _segment: int = 0
) -> bytes:
    result = "arrive" if source == "poll" else "arriveResult"
    record = {"msgId": vendor_id, "tel": number, result: word, "arriveTime": time}
    return json.dumps(record | ({"bid": reference} if reference else {})).encode()


def reply(number: str, text: str, time: str) -> bytes:
    return json.dumps({"srcId": "1069", "tel": number, "content": text, "arriveTime": time}).encode()


def page(_kind: Kind, source: Source, records: Sequence[bytes], account: Account | None = None) -> bytes:
    key = account.credentials["api_key"] if account else CREDENTIALS["api_key"]
    front = b'{"code":200,' if source == "poll" else b'{"apiKey":"%s",' % key.encode()
    return front + b'"data":[' + b",".join(records) + b"]}"


def escaped(text: bytes) -> bytes:
    return text


def noted(record: bytes, noise: bytes) -> bytes:
    return record.replace(b"{", b'{"note": "' + noise + b'", ', 1)


REPORT_CALLS = {"webhook": 1, "ingest": 1}
CALLS_OF_A_THOUSAND = 222
