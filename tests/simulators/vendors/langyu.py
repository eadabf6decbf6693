"""langyu, 朗宇 HttpBatchSendSM (sections of its document in the comments)."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from tests.simulators.fates import Outcome, Reply
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
    Report,
)
from tests.simulators.pacing import Pace
from tests.simulators.pushing import Item
from tests.simulators.shapes import LANGYU_REPLY, LANGYU_REPORT
from tests.simulators.sms import MOBILE, beijing, is_digits, parts
from tests.simulators.vendor import Call, Vendor

FAILURES = ("MBBLACK", "ROUTEERR", "REJECT", "DISTURB", "EMSERR", "SIGNERR", "KEYWORD")  # 2.2
BALANCE_PACE = Pace(1, 10.0)  # 4.4
LONGEST_TEXT = 536  # 1.3.3: code 106
NUMBERS_AT_ONCE = 50_000
LONGEST_SENDER = 20
PATHS: Mapping[str, str] = {
    "/msg/HttpBatchSendSM": "send",
    "/msg/QueryBalance": "balance",
}
SYMBOLS: Mapping[str, Mapping[str, str]] = {
    "*": {"unknown_account": "101", "wrong_password": "102", "too_fast": "103"},
    "send": {"busy": "104", "no_balance": "109", "address": "117", "closed": "119"},
}


class Langyu(Vendor):
    name = "langyu"
    identity = "account"
    account_name = "ly-1"
    credentials: ClassVar[Mapping[str, str]] = {"account": "ly0001", "pswd": "ly-pass-1"}
    secret_fields = frozenset({"pswd"})
    push_credentials: ClassVar[Mapping[str, str]] = {"receiver": "gateway", "pswd": "push-pass-ly"}
    items = ("1234567", "1234531")
    options: ClassVar[Mapping[str, Any]] = {"product": "1234567"}
    policy = PushPolicy(timeout=10.0, tries=3, interval=2.0)  # undocumented
    paths = PATHS
    symbols = SYMBOLS
    shapes: ClassVar[Mapping[Kind, Sequence[str]]] = {"reports": (*LANGYU_REPORT,), "inbound": (*LANGYU_REPLY,)}

    # -- requests ----------------------------------------------------------------------------------------------

    def refusal(self, operation: str, code: str) -> Answer:
        return self._lines(code)

    def answer(self, call: Call) -> Answer:
        match call.operation:
            case "send":
                return self._send(call)
            case "balance":
                return self._balance(call)
            case _:
                return Answer(b"<html><body>404 Not Found</body></html>", 404, "text/html")

    def _lines(self, code: str, *more: str) -> Answer:
        first = f"{beijing(self.engine.now(), '%Y%m%d%H%M%S')},{code}"
        return Answer("".join(f"{line}\n" for line in (first, *more)).encode())

    def _send(self, call: Call) -> Answer:
        account = call.account
        if account is None:
            return self._lines("101")
        numbers = [number for number in call.fields.get("mobile", "").split(",") if number]
        code = self._account_code(account, call) or self._content_code(account, call.fields, numbers)
        if code:
            return self._lines(code)
        content, product = call.fields["msg"], call.fields.get("product", "")
        vendor_id = f"{self.engine.identifier()}0"
        drafts = [
            Draft(number, content, call.fields.get("extno", ""), vendor_id=vendor_id)
            for number in numbers
            if MOBILE.fullmatch(number)
        ][: call.tweak.accept_only]
        if not self.engine.charge(account, [content] * len(drafts), product):
            return self._lines("109")
        wants_report = call.fields.get("needstatus") == "true"
        self.engine.accept(account, drafts, wants_report=wants_report, garbled=call.garbled)
        return self._lines("0", vendor_id) if wants_report and not call.tweak.omit_id else self._lines("0")

    def _account_code(self, account: Account, call: Call) -> str:
        if call.fields.get("pswd") != account.credentials["pswd"]:
            return "102"
        if account.closed:
            return "119"
        if account.allowed_ips and call.request.client not in account.allowed_ips:
            return "117"
        limit = account.requests_per_second
        if limit and not self.engine.allows(account, "send", Pace(limit, 1.0), at=call.request.at):
            return "103"
        return ""

    def _content_code(self, account: Account, fields: Mapping[str, str], numbers: Sequence[str]) -> str:
        content, extension, product = fields.get("msg", ""), fields.get("extno", ""), fields.get("product", "")
        signed = content.startswith("【") or content.endswith("】")
        checks = (
            (not 0 < len(content) <= LONGEST_TEXT, "106"),
            (len(numbers) > NUMBERS_AT_ONCE or not any(MOBILE.fullmatch(number) for number in numbers), "108"),
            (bool(product) and product not in account.balances, "112"),
            (not product and len(account.balances) > 1, "112"),  # 1.2: 必填，否则会发生计费错误
            (bool(extension) and not is_digits(extension), "113"),
            (len(account.access_number + extension) > LONGEST_SENDER, "113"),
            (account.signature_required and not signed, "116"),
            (self.engine.settings.forbidden_word in content, "105"),
        )
        return next((code for wrong, code in checks if wrong), "")

    def _balance(self, call: Call) -> Answer:
        account = call.account
        if account is None:
            return self._lines("101")
        if call.fields.get("pswd") != account.credentials["pswd"]:
            return self._lines("102")
        if not self.engine.allows(account, "balance", BALANCE_PACE, at=call.request.at):
            return self._lines("103")
        return self._lines("0", *(f"{product},{left}" for product, left in account.balances.items()))

    # -- reports and replies -----------------------------------------------------------------------------------

    def status(self, outcome: Outcome, index: int) -> tuple[str, str] | None:
        match outcome:
            case "delivered" | "delivered-other":
                return "DELIVRD", ""
            case "pending":
                return None
            case "failed":
                return (FAILURES[index] if index < len(FAILURES) else f"JA:{index:04d}"), ""

    def replies(self, message: Message, reply: Reply, at: float) -> list[Inbound]:
        """3.1: a long reply arrives in parts, in the order of the fate."""
        if not reply.order:
            return super().replies(message, reply, at)
        return self.parted(message.account, message.number, reply.text, message.extension, at, reply.order)

    def parted(
        self, account: str, number: str, text: str, extension: str, at: float, order: Sequence[int]
    ) -> list[Inbound]:
        """The parts of a long reply; `order` counts from 1 and may repeat or leave out parts."""
        texts = parts(text)
        group = str(self.engine.identifier() % 256)
        return [
            Inbound(
                account=account,
                number=number,
                text=texts[position - 1],
                extension=extension,
                at=at,
                id=str(self.engine.identifier()),
                part=(group, len(texts), position),
            )
            for position in order
        ]

    # -- pushes ------------------------------------------------------------------------------------------------

    def shaped(self, target: PushTarget, kind: Kind, items: Sequence[Item], shape: str, at: int) -> Raw:
        """One item a push, so the page is item `at` alone."""
        changes = LANGYU_REPORT if kind == "reports" else LANGYU_REPLY
        if shape not in changes:
            return super().shaped(target, kind, items, shape, at)
        request = self.push(target, kind, [items[at]])
        written = changes[shape](request.body or request.url.rpartition("?")[2].encode())
        if request.method == "GET" and written.isascii():
            return Raw(items[at].account, query=written.decode(), method="GET")
        return Raw(items[at].account, written, content_type="application/x-www-form-urlencoded")

    def push_reports(self, target: PushTarget, reports: Sequence[Report]) -> PushRequest:
        report = reports[0]
        fields = {
            "msgid": report.vendor_id,
            "reportTime": beijing(report.at, "%y%m%d%H%M"),
            "mobile": report.number,
            "status": report.status,
        }
        return self._push(target, target.reports_url, fields)

    def push_inbound(self, target: PushTarget, inbound: Sequence[Inbound]) -> PushRequest:
        reply = inbound[0]
        account = self.engine.accounts[reply.account]
        fields = {
            "moTime": beijing(reply.at, "%y%m%d%H%M"),
            "destcode": account.access_number + reply.extension,
            "mobile": reply.number,
            "msg": reply.text,
        }
        if reply.part is not None:
            fields |= {"isems": "1", "emshead": ",".join(str(field) for field in reply.part)}
        return self._push(target, target.inbound_url, fields)

    def _push(self, target: PushTarget, url: str, fields: Mapping[str, str]) -> PushRequest:
        identity = {name: target.credentials.get(name, "") for name in ("receiver", "pswd")}
        encoded = urlencode({**identity, **fields})
        if target.method == "POST":
            headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
            return PushRequest("POST", url, headers, encoded.encode())
        return PushRequest("GET", f"{url}{'&' if '?' in url else '?'}{encoded}", {}, b"")
