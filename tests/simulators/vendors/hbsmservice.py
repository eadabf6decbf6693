"""hbsmservice, "HTTP 协议短信接口文档 V2.0.0" (its sections in the comments)."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import ClassVar

from tests.simulators.fates import Outcome, ReportStep
from tests.simulators.model import (
    Account,
    Answer,
    Draft,
    Inbound,
    Kind,
    Message,
    PushPolicy,
    PushRequest,
    PushTarget,
    Raw,
)
from tests.simulators.model import Report as DeliveryReport
from tests.simulators.pacing import Pace
from tests.simulators.pushing import Item
from tests.simulators.sms import MOBILE, beijing, is_digits
from tests.simulators.vendor import Call, Vendor

FAILURES = (("2", "undeliver"),)  # 4.2: the only failure the document shows
DOTTED = "%Y-%m-%d %H:%M:%S"
EVERY_200_MS = Pace(1, 0.2)  # 3.2, 5.3, 7.3
KEPT_SECONDS = 3 * 86400  # 5.5, 7.5
LONGEST_TEXT = 999  # 1.3: 102 is "over 1000, 1000 included"
LONGEST_SENDER = 20  # access number and extension together
NUMBERS_AT_ONCE = 200
NO_ADDRESS = "9"

# account state → code, by family of addresses: sending and balance (1.3, 2.3, 3.3), polls (5.3, 7.3)
SENDING_CODES = {"unknown_account": "106", "wrong_password": "107", "closed": "101", "address": "108"}
POLLING_CODES = {"unknown_account": "-16", "wrong_password": "-17", "closed": "-11", "address": "108"}
PATHS: Mapping[str, str] = {
    "/sms_send2.do": "send",
    "/hSmsSend.do": "send_batch",
    "/sms_count2.do": "balance",
    "/post_report.do": "reports",
    "/post_deliverMsg.do": "inbound",
}
SYMBOLS: Mapping[str, Mapping[str, str]] = {
    "send": {**SENDING_CODES, "no_balance": "100"},
    "send_batch": {**SENDING_CODES, "no_balance": "100"},
    "balance": {**SENDING_CODES, "too_fast": "104"},
    "reports": {**POLLING_CODES, "too_fast": "-19"},
    "inbound": {**POLLING_CODES, "too_fast": "-19"},
}

DECLARED = b'<?xml version="1.0" encoding="GBK" ?>'
MARK = b"\xef\xbb\xbf"


def with_field(name: str, value: bytes) -> Callable[[bytes], bytes]:
    """Another value for a tag of a record."""
    found = re.compile(f"<{name}>.*?</{name}>".encode(), re.DOTALL)
    return lambda record: found.sub(f"<{name}>".encode() + value + f"</{name}>".encode(), record)


def without_field(name: str) -> Callable[[bytes], bytes]:
    found = re.compile(f"<{name}>.*?</{name}>".encode(), re.DOTALL)
    return lambda record: found.sub(b"", record)


def numbered(prefix: str) -> Callable[[bytes], bytes]:
    return lambda record: record.replace(b"<mobile>", b"<mobile>" + prefix.encode("gbk"))


def in_utf8(page: bytes) -> bytes:
    return page.replace(DECLARED, DECLARED.replace(b"GBK", b"UTF-8")).decode("gbk").encode()


# What the field sends instead of the document's records, and instead of its pages.
RECORD_SHAPES: Mapping[str, Callable[[bytes], bytes]] = {
    "no-mobile": without_field("mobile"),
    "empty-mobile": with_field("mobile", b""),
    "damaged-mobile": with_field("mobile", b"138\xff0013800"),
    "number-86": numbered("86"),
    "number-plus-86": numbered("+86 "),
    "number-0086": numbered("0086-"),
    "number-full-width": numbered("＋８６"),
    "cut-short": lambda record: record[: record.index(b"</mobile>")],
    "foreign-before": lambda record: b"<note>1</note>" + record,
}
REPORT_SHAPES: Mapping[str, Callable[[bytes], bytes]] = {
    **RECORD_SHAPES,
    "no-err": without_field("err"),
    "empty-err": with_field("err", b""),
    "word-err": with_field("err", b" undeliv "),
    "letter-sub_seq": with_field("sub_seq", b"1a"),
    "damaged-msg_id": with_field("msg_id", b"\x81"),
    "damaged-description": with_field("fail_desc", b"\xcd\xf8\xc2"),
    "time-digits": with_field("report_time", b"20260701090507"),
    "time-slashes": with_field("report_time", b"2026/07/01 09:05:07.0"),
}
REPLY_SHAPES: Mapping[str, Callable[[bytes], bytes]] = {
    **RECORD_SHAPES,
    "no-content": without_field("content"),
    "damaged-content": with_field("content", b"\xcd\xcb\xb6"),
    "utf-8-content": with_field("content", "退订".encode()),
    "emoji-halves": with_field("content", "好&#55357;&#56832;".encode("gbk")),
    "other-ext": with_field("ext", b"10690000123456"),
    "time-digits": with_field("time", b"20260701090507"),
}
PAGE_SHAPES: Mapping[str, Callable[[bytes], bytes]] = {
    "utf-8": in_utf8,
    "utf-8-marked": lambda page: MARK + in_utf8(page),
    "marked": lambda page: MARK + in_utf8(page).replace(DECLARED.replace(b"GBK", b"UTF-8"), b""),
    "no-end": lambda page: page[: page.rindex(b"</")],
}


@dataclass(frozen=True)
class Group:
    """One message of a personalised batch."""

    number: str
    our_id: str
    extension: str
    text: str


class Hbsmservice(Vendor):
    name = "hbsmservice"
    charset = "gbk"
    identity = "corp_id"
    account_name = "hb-1"
    credentials: ClassVar[Mapping[str, str]] = {
        "corp_id": "hb0001",
        "corp_pwd": "hb-pass-1",
        "corp_service": "hb-svc",
    }
    secret_fields = frozenset({"corp_pwd"})
    polls = frozenset[Kind]({"reports", "inbound"})
    policy = PushPolicy(timeout=20.0, tries=3, interval=2.0)  # 4.4, 6.4
    paths = PATHS
    symbols = SYMBOLS
    shapes: ClassVar[Mapping[Kind, Sequence[str]]] = {
        "reports": (*REPORT_SHAPES, *PAGE_SHAPES),
        "inbound": (*REPLY_SHAPES, *PAGE_SHAPES),
    }

    # -- requests ----------------------------------------------------------------------------------------------

    def refusal(self, operation: str, code: str) -> Answer:
        return text(code)

    def answer(self, call: Call) -> Answer:
        if call.request.method != "POST":
            return text("114" if call.operation == "send_batch" else NO_ADDRESS)
        match call.operation:
            case "send":
                return text(self._send(call))
            case "send_batch":
                return text(self._send_batch(call))
            case "balance":
                return text(self._balance(call))
            case "reports" | "inbound":
                return self._poll(call, call.operation)
            case _:
                return text(NO_ADDRESS)

    def _identify(self, call: Call, codes: dict[str, str]) -> Account | str:
        """The account, or the code that refuses it."""
        account = call.account
        if account is None:
            return codes["unknown_account"]
        if call.fields.get("corp_pwd") != account.credentials["corp_pwd"]:
            return codes["wrong_password"]
        if account.closed:
            return codes["closed"]
        if account.allowed_ips and call.request.client not in account.allowed_ips:
            return codes["address"]
        return account

    def _send(self, call: Call) -> str:
        account = self._identify(call, SENDING_CODES)
        if isinstance(account, str):
            return account
        fields = call.fields
        content, extension = fields.get("msg_content", ""), fields.get("ext")
        numbers = fields.get("mobile", "").split(",")
        accepted = [number for number in numbers if self._takes(number)]
        if fields.get("corp_service") != account.credentials["corp_service"]:
            return "109"
        if len(fields.get("corp_msg_id", "x" * 51)) > 50:
            return "104"
        if not 0 < len(content) <= LONGEST_TEXT:
            return "102"
        if len(numbers) > NUMBERS_AT_ONCE or not any(MOBILE.fullmatch(number) for number in numbers):
            return "103"
        if extension is None or not fits(account, extension):
            return "110"
        drafts = [Draft(number, content, extension, fields["corp_msg_id"]) for number in accepted]
        return self._accept(account, drafts[: call.tweak.accept_only], call)

    def _takes(self, number: str) -> bool:
        return MOBILE.fullmatch(number) is not None and not self.engine.fate(number).rejected

    def _accept(self, account: Account, drafts: Sequence[Draft], call: Call) -> str:
        if not self.engine.charge(account, [draft.text for draft in drafts]):
            return "100"
        self.engine.accept(account, drafts, garbled=call.garbled)
        return "0" if call.tweak.omit_id else f"0#{len(drafts)}"

    def _send_batch(self, call: Call) -> str:
        account = self._identify(call, SENDING_CODES)
        if isinstance(account, str):
            return account
        if call.fields.get("corp_service") != account.credentials["corp_service"]:
            return "109"
        groups = call.fields.get("send_param", "").split("&group&")
        if call.fields.get("total_count") != str(len(groups)):
            return "115"
        if len(groups) > NUMBERS_AT_ONCE:
            return "116"
        read = [Group(*parts) for parts in (group.split("&split&") for group in groups) if len(parts) == 4]
        drafts = [
            Draft(group.number, group.text, group.extension, group.our_id)
            for group in read
            if self._takes(group.number)
            and 0 < len(group.text) <= LONGEST_TEXT
            and len(group.our_id) <= 50
            and fits(account, group.extension)
        ]
        return self._accept(account, drafts[: call.tweak.accept_only], call)

    def _balance(self, call: Call) -> str:
        account = self._identify(call, SENDING_CODES)
        if isinstance(account, str):
            return account
        if not self.engine.allows(account, "balance", EVERY_200_MS, at=call.request.at):
            return "104"
        return f"ok#{sum(account.balances.values())}"

    def _poll(self, call: Call, kind: Kind) -> Answer:
        account = self._identify(call, POLLING_CODES)
        if isinstance(account, str):
            return text(account)
        if call.fields.get("user_id", account.credentials["corp_id"]) != account.credentials["corp_id"]:
            return text("-16")
        if self.engine.delivery(account, kind) == "none" or account.delivery.get(kind) == "push":
            return text("-18")
        if not self.engine.allows(account, kind, EVERY_200_MS, at=call.request.at):
            return text("-19")
        page = self.engine.take(account, kind, self.page_size(kind), KEPT_SECONDS)
        if not page:
            return text("0")
        return Answer(self._xml(kind, page), content_type="text/xml; charset=GBK")

    # -- reports and replies -----------------------------------------------------------------------------------

    def status(self, outcome: Outcome, index: int) -> tuple[str, str] | None:
        match outcome:
            case "delivered":
                return "0", "DELIVRD"
            case "delivered-other":
                return "000", "DELIVRD"
            case "pending":
                return None
            case "failed":
                return FAILURES[index] if index < len(FAILURES) else (f"MK:{index:04d}", "网关错误")

    def reports(self, message: Message, step: ReportStep, at: float) -> list[DeliveryReport]:
        """4.2: one report with sub_seq 0, or one for every segment of a long message."""
        if message.segments == 1 or self.engine.settings.hbsmservice_sub_seq == "whole":
            return super().reports(message, step, at)
        reports = []
        for sub_seq in range(1, message.segments + 1):
            last = sub_seq == message.segments
            if last and step.part == "last-missing":
                continue
            worded = self.status("failed" if last and step.part == "last-fails" else step.outcome, step.index)
            if worded is not None:
                reports.append(self.report(message, *worded, at, sub_seq))
        return reports

    # -- pushes ------------------------------------------------------------------------------------------------

    def page_size(self, kind: Kind) -> int:
        return 100 if kind == "reports" else 10

    def push_reports(self, target: PushTarget, reports: Sequence[DeliveryReport]) -> PushRequest:
        return self._push(target.reports_url, self._xml("reports", reports))

    def push_inbound(self, target: PushTarget, inbound: Sequence[Inbound]) -> PushRequest:
        return self._push(target.inbound_url, self._xml("inbound", inbound))

    def _push(self, url: str, xml: bytes) -> PushRequest:
        return PushRequest("POST", url, {"Content-Type": "text/xml; charset=GBK"}, xml)

    def acknowledged(self, status: int, body: bytes) -> bool:
        return status == 200 and body == b"0"  # 4.3

    def shaped(self, target: PushTarget, kind: Kind, items: Sequence[Item], shape: str, at: int) -> Raw:
        if shape not in self.shapes[kind]:
            return super().shaped(target, kind, items, shape, at)
        nodes = self._nodes(items)
        shapes = REPORT_SHAPES if kind == "reports" else REPLY_SHAPES
        if shape in shapes:
            nodes[at] = shapes[shape](nodes[at])
        page = whole(kind, nodes)
        if shape in PAGE_SHAPES:
            page = PAGE_SHAPES[shape](page)
        return Raw(items[0].account, page, content_type="text/xml")

    def _xml(self, kind: Kind, page: Sequence[Item]) -> bytes:
        return whole(kind, self._nodes(page))

    def _nodes(self, page: Sequence[Item]) -> list[bytes]:
        written = [
            self._report_node(item) if isinstance(item, DeliveryReport) else self._deliver_node(item)
            for item in page
            if not isinstance(item, Raw)
        ]
        return [node.encode("gbk", "replace") for node in written]

    def _report_node(self, report: DeliveryReport) -> str:
        return (
            f"<report><corp_id>{self._corp_id(report.account)}</corp_id><mobile>{report.number}</mobile>"
            f"<sub_seq>{report.sub_seq}</sub_seq><msg_id>{escape(report.our_id)}</msg_id>"
            f"<err>{escape(report.status)}</err><fail_desc>{escape(report.description)}</fail_desc>"
            f"<report_time>{beijing(report.at, DOTTED)}</report_time></report>"
        )

    def _deliver_node(self, inbound: Inbound) -> str:
        account = self.engine.accounts[inbound.account]
        whole = self.engine.settings.hbsmservice_inbound_ext == "access_number"
        sender = account.access_number + inbound.extension if whole else inbound.extension
        content = inbound.text if inbound.raw else escape(inbound.text, quote=False)
        return (
            f"<deliver><corp_id>{self._corp_id(inbound.account)}</corp_id><mobile>{inbound.number}</mobile>"
            f"<ext>{sender}</ext><time>{beijing(inbound.at, DOTTED)}</time><content>{content}</content></deliver>"
        )

    def _corp_id(self, account: str) -> str:
        return escape(self.engine.accounts[account].credentials["corp_id"])


def whole(kind: Kind, nodes: Sequence[bytes]) -> bytes:
    """4.2, 6.2: the records of a page in their root."""
    root = b"reports" if kind == "reports" else b"delivers"
    return DECLARED + b"<" + root + b">" + b"".join(nodes) + b"</" + root + b">"


def text(body: str) -> Answer:
    return Answer(body.encode("gbk"), content_type="text/html; charset=GBK")


def fits(account: Account, extension: str) -> bool:
    """1.2, 2.2: digits, and at most 20 together with the access number."""
    return (not extension or is_digits(extension)) and len(account.access_number + extension) <= LONGEST_SENDER
