"""qixintong, 昌隆通泰 "企业短信通 HTTP接口调用说明" (its sections in the comments)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from tests.simulators.fates import Outcome
from tests.simulators.model import Account, Answer, Draft, Inbound, Kind, PushTarget, Raw, Report, Request
from tests.simulators.pushing import Item
from tests.simulators.sms import LANDLINE_MOBILE, MOBILE, from_beijing, is_digits
from tests.simulators.vendor import Call, Vendor

DELIVERED, FAILED, NONE_YET = "10", "20", "-1"  # 1.1.2
LONGEST_TEXT = 335
NUMBERS_AT_ONCE = 100
LONGEST_QUERY = 2048  # what IIS, which serves .asp pages, takes unless it is told otherwise
FOR_EVER = float("inf")  # how long things are kept is not documented
PATHS: Mapping[str, str] = {
    "/sendsms_txt.asp": "send",
    "/get_report_txt.asp": "reports",
    "/get_receive_message_txt.asp": "inbound",
    "/Get_Account_Balance.asp": "balance",
}
SYMBOLS: Mapping[str, Mapping[str, str]] = {
    "*": {"wrong_password": "-7"},
    "send": {"unknown_account": "-7", "busy": "-99", "closed": "-10", "no_balance": "-9"},
    "reports": {"unknown_account": "-1", "busy": "-3"},
    "inbound": {"unknown_account": "-1", "busy": "-3"},
    "balance": {"unknown_account": "-1"},
}

# What the field sends instead of the document's records, and instead of its pages.
RECORD_SHAPES: Mapping[str, Callable[[bytes], bytes]] = {
    "number-86": lambda record: record.replace(b";", b";86", 1),
    "number-plus-86": lambda record: record.replace(b";", b";+86 ", 1),
    "number-0086": lambda record: record.replace(b";", b";0086-", 1),
}
REPORT_SHAPES: Mapping[str, Callable[[bytes], bytes]] = {
    **RECORD_SHAPES,
    "word-value": lambda record: with_value(record, b"ok"),
    "blank-value": lambda record: with_value(record, b" 10 "),
    "full-width-value": lambda record: with_value(record, "１０".encode("gbk")),
    "no-value": lambda record: record.rpartition(b";")[0],
    "damaged-number": lambda record: record.replace(b";", b";\xff", 1),
}
REPLY_SHAPES: Mapping[str, Callable[[bytes], bytes]] = {
    **RECORD_SHAPES,
    "damaged-content": lambda record: record + b"\xff",
    "comma-after-id": lambda record: record.replace(b";", b",", 1),
}
PAGE_SHAPES: Mapping[str, Callable[[bytes], bytes]] = {
    "marked": lambda page: b"\xef\xbb\xbf" + page.decode("gbk").encode(),
    "last-bar": lambda page: page + b"|",
    "line-end": lambda page: page + b"\r\n",
    "count-too-large": lambda page: counted(page, 1),
}


def with_value(record: bytes, value: bytes) -> bytes:
    return record.rpartition(b";")[0] + b";" + value


def counted(page: bytes, more: int) -> bytes:
    count, bar, records = page.partition(b"|")
    return str(int(count) + more).encode() + bar + records


class Qixintong(Vendor):
    name = "qixintong"
    charset = "gbk"
    identity = "us_name"
    account_name = "qx-1"
    credentials: ClassVar[Mapping[str, str]] = {"us_name": "qx0001", "us_pwd": "qx-pass-1"}
    secret_fields = frozenset({"us_pwd"})
    polls = frozenset[Kind]({"reports", "inbound"})
    paths = PATHS
    symbols = SYMBOLS
    shapes: ClassVar[Mapping[Kind, Sequence[str]]] = {
        "reports": (*REPORT_SHAPES, *PAGE_SHAPES),
        "inbound": (*REPLY_SHAPES, *PAGE_SHAPES),
    }

    # -- requests ----------------------------------------------------------------------------------------------

    def read(self, request: Request) -> Call:
        """Every example is an address with a query. ASP's `Request("name")` finds a form's fields too, and its
        `Request.QueryString("name")` does not; which of them the pages use is not said."""
        if self.engine.settings.qixintong_reads == "query":
            request = replace(request, body=b"")
        return super().read(request)

    def refusal(self, operation: str, code: str) -> Answer:
        return text(code)

    def answer(self, call: Call) -> Answer:
        if len(call.request.query) > LONGEST_QUERY:
            return Answer(b"<html><body>404.15</body></html>", 404, "text/html")
        match call.operation:
            case "send":
                return text(self._send(call))
            case "reports" | "inbound" | "balance":
                return text(self._ask(call, call.operation))
            case _:
                return Answer(b"<html><body>404</body></html>", 404, "text/html")

    def _send(self, call: Call) -> str:
        account, fields = call.account, call.fields
        if account is None or fields.get("us_pwd") != account.credentials["us_pwd"]:
            return "-7"
        numbers = [number for number in fields.get("send_phone", "").split(",") if number]
        content, send_time = fields.get("send_content", ""), fields.get("send_time", "")
        due = from_beijing(send_time, "%Y%m%d%H%M%S") if len(send_time) == 14 and is_digits(send_time) else None
        word = self.engine.settings.forbidden_word
        checks = (
            (account.closed, "-10"),
            (not numbers, "-1"),
            (not content, "-2"),
            (len(numbers) > NUMBERS_AT_ONCE, "-4"),
            (len(content) > LONGEST_TEXT, "-8"),
            (word in content, f"-3|{word}"),
            (bool(send_time) and due is None, "-99"),  # no code is documented for a wrong time
        )
        code = next((code for wrong, code in checks if wrong), "")
        return code or self._accept(account, numbers, content, due, call)

    def _accept(self, account: Account, numbers: Sequence[str], content: str, due: float | None, call: Call) -> str:
        valid = [number for number in numbers if self._takes(number)][: call.tweak.accept_only]
        if not self.engine.charge(account, [content] * len(valid)):
            return "-9"
        if self.engine.settings.qixintong_ids == "batch":
            ids = [str(self.engine.identifier())] * len(valid)
        else:
            ids = [str(self.engine.identifier()) for _ in valid]
        drafts = [Draft(number, content, vendor_id=vendor_id) for number, vendor_id in zip(valid, ids, strict=True)]
        self.engine.accept(account, drafts, due=due, garbled=call.garbled)
        listed = "" if call.tweak.omit_id else ",".join(dict.fromkeys(ids))
        return f"0|{len(valid)}|{len(numbers) - len(valid)}|{listed}"

    def _takes(self, number: str) -> bool:
        shaped = MOBILE.fullmatch(number) or LANDLINE_MOBILE.fullmatch(number)
        return shaped is not None and not self.engine.fate(number).rejected

    def _ask(self, call: Call, operation: str) -> str:
        account = call.account
        if account is None:
            return "-1"
        if call.fields.get("us_pwd") != account.credentials["us_pwd"]:
            return "-7"
        match operation:
            case "reports":
                taken = self.engine.take(account, "reports", self.page_size("reports"), FOR_EVER)
                return listed([report_record(item) for item in taken if isinstance(item, Report)])
            case "inbound":
                taken = self.engine.take(account, "inbound", self.page_size("inbound"), FOR_EVER)
                separator = self.engine.settings.qixintong_inbound_separator
                return listed([inbound_record(item, separator) for item in taken if isinstance(item, Inbound)])
            case _:
                return str(sum(account.balances.values()))

    # -- reports and replies -----------------------------------------------------------------------------------

    def status(self, outcome: Outcome, index: int) -> tuple[str, str] | None:
        match outcome:
            case "delivered" | "delivered-other":
                return DELIVERED, ""
            case "pending":
                return NONE_YET, ""
            case "failed":
                return (FAILED if index <= 0 else str(30 + index)), ""

    def shaped(self, target: PushTarget, kind: Kind, items: Sequence[Item], shape: str, at: int) -> Raw:
        if shape not in self.shapes[kind]:
            return super().shaped(target, kind, items, shape, at)
        separator = self.engine.settings.qixintong_inbound_separator
        written = [
            report_record(item) if isinstance(item, Report) else inbound_record(item, separator)
            for item in items
            if not isinstance(item, Raw)
        ]
        records = [record.encode("gbk", "replace") for record in written]
        shapes = REPORT_SHAPES if kind == "reports" else REPLY_SHAPES
        if shape in shapes:
            records[at] = shapes[shape](records[at])
        page = b"|".join([str(len(records)).encode(), *records])
        if shape in PAGE_SHAPES:
            page = PAGE_SHAPES[shape](page)
        return Raw(items[0].account, page, content_type="text/html")

    def page_size(self, kind: Kind) -> int:
        return 100 if kind == "reports" else 50


def report_record(report: Report) -> str:
    return f"{report.vendor_id};{report.number};{report.status}"


def inbound_record(inbound: Inbound, separator: str) -> str:
    return f"{inbound.id}{separator}{inbound.number};{inbound.text}"


def listed(records: Sequence[str]) -> str:
    """The count, then the records, all between bars (1.1.2, 1.1.3)."""
    return "|".join([str(len(records)), *records])


def text(body: str) -> Answer:
    return Answer(body.encode("gbk", "replace"), content_type="text/html; charset=GB2312")
