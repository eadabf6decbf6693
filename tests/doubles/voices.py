"""What the five vendors say when all goes well, in bytes: the answer to a send, and the reports that follow.

For tests of what lies above the codecs; the sizes are those of real answers (tests/cases), the pages the documents'.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import batched, count
from urllib.parse import parse_qs, urlencode

from smsgateway.model import Account, Kind, Options, PushSettings, Request, Response
from smsgateway.queues import VendorBytes

NUMBERS_FIELD = {"hbsmservice": "mobile", "langyu": "mobile", "qixintong": "send_phone", "heji": "mobile"}
CREDENTIALS = {
    "hbsmservice": {"corp_id": "8001", "corp_pwd": "corp-s3cret", "corp_service": "1069yd"},
    "infocloud": {"api_key": "8767fd835ca3a4eb6f69129d71971760", "access_key": "access-s3cret"},
    "langyu": {"account": "ly001", "pswd": "pswd-s3cret"},
    "qixintong": {"us_name": "qx001", "us_pwd": "us-s3cret"},
    "heji": {"name": "hj001", "pwd": "pwd-s3cret"},
}
LANGYU_PUSHES = {"receiver": "admin", "pswd": "push-s3cret"}
HEJI_PUSHES = {"name": "admin", "pwd": "push-s3cret"}
PUSH_CREDENTIALS = {
    vendor: {name: (value,) for name, value in fields.items()}
    for vendor, fields in (("langyu", LANGYU_PUSHES), ("heji", HEJI_PUSHES))
}
TOKEN = "T0ken-of-the-push-address-s3cret-"
POLLS = {"qixintong": ("reports", "inbound")}
PAGES = {"hbsmservice": 100, "infocloud": 600, "langyu": 1, "qixintong": 100, "heji": 1}  # reports in one
FIRST_ID = 640614750879358976

type Sent = tuple[str, tuple[str, ...], tuple[str, ...]]  # our id where the vendor has it, its ids, the numbers


def account(vendor: str, name: str = "", **options: object) -> Account:
    """An account of a vendor, with all its credentials."""
    if vendor == "infocloud":
        options.setdefault("free_text_template", "675001")
    push = PushSettings((TOKEN,), (), PUSH_CREDENTIALS.get(vendor, {})) if vendor not in POLLS else None
    return Account(
        name=name or f"{vendor}-main",
        vendor=vendor,
        base_url="http://vendor.example",
        credentials=CREDENTIALS[vendor],
        signature="示例科技",
        push=push,
        options=Options(**options),  # type: ignore[arg-type]
    )


class Vendors:
    """Takes every request, gives ids as the documents do, and remembers what was sent."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self._ids = count(FIRST_ID)

    def call(self, account: Account, request: Request, _seconds: float) -> Response:
        """The vendor's answer to a send that is not personalised."""
        numbers, reference = _understood(account.vendor, request)
        # qixintong alone gives each number an id of its own.
        given = len(numbers) if account.vendor == "qixintong" else 0 if account.vendor == "hbsmservice" else 1
        ids = tuple(str(next(self._ids)) for _ in range(given))
        self.sent.append((reference, ids, numbers))
        return Response(200, {}, _acceptance(account.vendor, ids, len(numbers)))


def _understood(vendor: str, request: Request) -> tuple[tuple[str, ...], str]:
    """The numbers of a request, and the id of ours that it carries."""
    if vendor == "infocloud":
        fields = json.loads(request.body)
        return tuple(fields["phones"].split(",")), fields["bid"]
    form = parse_qs(request.body.decode("ascii"), encoding="gb18030")
    (numbers,) = form[NUMBERS_FIELD[vendor]]
    return tuple(numbers.split(",")), form.get("corp_msg_id", [""])[0]


def _acceptance(vendor: str, ids: Sequence[str], taken: int) -> bytes:
    answers = {
        "hbsmservice": f"0#{taken}",
        "infocloud": json.dumps({"code": "200", "data": {"msgId": "".join(ids), "failPhones": []}}),
        "langyu": f"20260102030405,0\n{''.join(ids)}\n",
        "qixintong": f"0|{taken}|0|{','.join(ids)}",
        "heji": f"0, {''.join(ids)},0,{taken},0,提交成功",
    }
    return answers[vendor].encode()


def delivered(account: Account, sent: Sent, at: int, page: int = 0) -> Iterator[VendorBytes]:
    """The vendor's reports that all numbers of a request got their message, so many a page, or as many as it makes."""
    reference, ids, numbers = sent
    each = ids if account.vendor == "qixintong" else [""] * len(numbers)
    for part in batched(zip(numbers, each, strict=True), page or PAGES[account.vendor], strict=False):
        told = [number for number, _ in part]
        match account.vendor:
            case "hbsmservice":
                yield _push(account, at, _xml_reports(reference, told))
            case "infocloud":
                yield _push(account, at, _json_reports(account, reference, ids[0], told))
            case "qixintong":
                reports = "|".join(f"{vendor_id};{number};10" for number, vendor_id in part)
                yield VendorBytes(account.name, "reports", "poll", at, body=f"{len(part)}|{reports}".encode("gbk"))
            case vendor:
                yield _push(account, at, _form_report(vendor, ids[0], ",".join(told)).encode())


def replied(account: Account, numbers: Sequence[str], at: int) -> Iterator[VendorBytes]:
    """What the vendor hands out when these numbers wrote back: one page, or where its document has one reply a push,
    several."""
    match account.vendor:
        case "hbsmservice":
            yield _push(account, at, _xml_replies(numbers), "inbound")
        case "infocloud":
            yield _push(account, at, _json_replies(account, numbers), "inbound")
        case "langyu":
            for number in numbers:
                reply = {"moTime": "2601020304", "destcode": "106575160001", "mobile": number, "msg": "收到"}
                yield _push(account, at, urlencode({**LANGYU_PUSHES, **reply}).encode(), "inbound")
        case "qixintong":
            page = "|".join(f"{133 + place};{number};收到" for place, number in enumerate(numbers))
            yield VendorBytes(account.name, "inbound", "poll", at, body=f"{len(numbers)}|{page}".encode("gbk"))
        case "heji":
            args = "#@@#".join(f"{number}#@#收到#@#2026-01-02 03:04:05#@#008123" for number in numbers)
            yield _push(account, at, urlencode({**HEJI_PUSHES, "args": args}).encode(), "inbound")


def _push(account: Account, at: int, body: bytes, kind: Kind = "reports") -> VendorBytes:
    headers = {"content-type": "application/x-www-form-urlencoded"} if account.vendor in ("langyu", "heji") else {}
    return VendorBytes(account.name, kind, "push", at, headers=headers, body=body)


def _form_report(vendor: str, vendor_id: str, number: str) -> str:
    if vendor == "langyu":
        when = {"reportTime": "2601020304", "msgid": vendor_id, "mobile": number, "status": "DELIVRD"}
        return urlencode({**LANGYU_PUSHES, **when})
    what = {"sendid": vendor_id, "time": "2026-01-02 03:04:05", "mobile": number, "state": "DELIVRD"}
    return urlencode({**HEJI_PUSHES, **what})


def _xml_reports(reference: str, numbers: Sequence[str]) -> bytes:
    reports = "".join(
        f"<report><corp_id>8001</corp_id><mobile>{number}</mobile><sub_seq>0</sub_seq><msg_id>{reference}</msg_id>"
        "<err>0</err><fail_desc>成功</fail_desc><report_time>2026-01-02 03:04:05</report_time></report>"
        for number in numbers
    )
    return f'<?xml version="1.0" encoding="GBK" ?><reports>{reports}</reports>'.encode("gbk")


def _xml_replies(numbers: Sequence[str]) -> bytes:
    replies = "".join(
        f"<deliver><corp_id>8001</corp_id><mobile>{number}</mobile><ext>8888</ext><time>2026-01-02 03:04:05</time>"
        "<content>收到</content></deliver>"
        for number in numbers
    )
    return f'<?xml version="1.0" encoding="GBK"?><delivers>{replies}</delivers>'.encode("gbk")


def _json_replies(account: Account, numbers: Sequence[str]) -> bytes:
    replies = [{"srcId": "1069", "tel": number, "content": "收到", "arriveTime": "2601020304"} for number in numbers]
    return json.dumps({"apiKey": account.credentials["api_key"], "data": replies}).encode()


def _json_reports(account: Account, reference: str, vendor_id: str, numbers: Sequence[str]) -> bytes:
    reports = [
        {
            "msgId": vendor_id,
            "tel": number,
            "arriveResult": "DELIVRD",
            "arriveTime": "2601020304",
            "bid": reference,
        }
        for number in numbers
    ]
    return json.dumps({"apiKey": account.credentials["api_key"], "data": reports}).encode()
