"""heji, 和记 name/pwd/content/type=pt ("短信接口文档"; its sections in the comments)."""

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from tests.simulators.fates import Outcome
from tests.simulators.model import (
    Account,
    Answer,
    Draft,
    Inbound,
    Kind,
    PushPolicy,
    PushRequest,
    PushTarget,
    Raw,
    Report,
    Request,
)
from tests.simulators.pushing import Item
from tests.simulators.shapes import HEJI_RECORD, HEJI_REPLY_PAGE, HEJI_REPORT
from tests.simulators.sms import MOBILE, beijing, decoded, form, from_beijing, is_digits
from tests.simulators.vendor import Call, Vendor

FAILURES = ("EXPIRED", "UNDELIV", "REJECTD", "DTBLACK", "ERR:104", "REJECT")  # 3.2, without the pending UNKNOWN
DOTTED = "%Y-%m-%d %H:%M:%S"
SYSTEM_EXTENSION = "008"  # 4: the system's part of an extension, ours follows
LONGEST_TEXT = 500
WORDS = {
    "1": "含有敏感词汇",
    "2": "余额不足",  # the document says sensitive words again; the platform means the balance too
    "3": "没有号码",
    "4": "包含sql语句",
    "10": "账号不存在",
    "11": "账号注销",
    "12": "账号停用",
    "13": "IP鉴权失败",
    "14": "格式错误",
    "-1": "系统异常",
}
SQL = re.compile(r"\b(select\b.+\bfrom|insert\s+into|delete\s+from|drop\s+table|update\b.+\bset)\b", re.IGNORECASE)
PATHS: Mapping[str, str] = {}
SYMBOLS: Mapping[str, Mapping[str, str]] = {
    "*": {"unknown_account": "10", "wrong_password": "10", "closed": "12", "address": "13", "busy": "-1"},
    "send": {"no_balance": "2"},
}


class Heji(Vendor):
    name = "heji"
    identity = "name"
    account_name = "hj-1"
    credentials: ClassVar[Mapping[str, str]] = {"name": "hj0001", "pwd": "hj-pass-1"}
    secret_fields = frozenset({"pwd", "access_secret"})
    push_credentials: ClassVar[Mapping[str, str]] = {
        "name": "gateway",
        "pwd": "push-pass-hj",
        "access_secret": "push-secret-hj",
    }
    options: ClassVar[Mapping[str, Any]] = {"extension_prefix_length": 3}
    policy = PushPolicy(timeout=10.0, tries=3, interval=2.0)  # undocumented
    paths = PATHS
    symbols = SYMBOLS
    shapes: ClassVar[Mapping[Kind, Sequence[str]]] = {
        "reports": (*HEJI_REPORT,),
        "inbound": (*HEJI_RECORD, *HEJI_REPLY_PAGE),
    }

    # -- requests ----------------------------------------------------------------------------------------------

    def operation_at(self, path: str) -> str:
        return ""  # 1.5, 2.1: any address; `type` tells

    def read(self, request: Request) -> Call:
        fields, garbled = decoded(form(request.query) + form(request.body), self.charset)
        account = self.engine.account_with(self.name, self.identity, fields.get(self.identity, ""))
        operation = {"pt": "send", "balance": "balance"}.get(fields.get("type", ""), "unknown")
        return Call(operation, request, fields, account, garbled)

    def refusal(self, operation: str, code: str) -> Answer:
        return text(f"{code},{WORDS.get(code, '未知错误')}")

    def answer(self, call: Call) -> Answer:
        code = self._account_code(call)
        if code or call.account is None:
            return self.refusal(call.operation, code)
        if call.operation == "balance":
            return text(f"0,{sum(call.account.balances.values())}")
        return self._send(call, call.account)

    def _account_code(self, call: Call) -> str:
        account = call.account
        if call.operation == "unknown":
            return "14"
        if account is None or call.fields.get("pwd") != account.credentials["pwd"]:
            return "10"  # no code of its own for a wrong password
        if account.closed:
            return "12"
        if account.allowed_ips and call.request.client not in account.allowed_ips:
            return "13"
        return ""

    def _send(self, call: Call, account: Account) -> Answer:
        fields = call.fields
        content, stime, extension = fields.get("content", ""), fields.get("stime", ""), fields.get("extno", "")
        due = from_beijing(stime, DOTTED)
        numbers = [number for number in fields.get("mobile", "").split(",") if number]
        checks = (
            (call.garbled, "14"),
            (not any(MOBILE.fullmatch(number) for number in numbers), "3"),
            (not 0 < len(content) <= LONGEST_TEXT, "14"),
            ("sign" not in fields, "14"),
            (bool(stime) and due is None, "14"),
            (bool(extension) and not is_digits(extension), "14"),
            (self.engine.settings.forbidden_word in content, "1"),
            (SQL.search(content) is not None, "4"),
        )
        code = next((code for wrong, code in checks if wrong), "")
        return self.refusal("send", code) if code else self._accept(call, account, numbers, due)

    def _accept(self, call: Call, account: Account, numbers: Sequence[str], due: float | None) -> Answer:
        sign = call.fields["sign"]
        shown = f"【{sign}】{call.fields['content']}" if sign else call.fields["content"]
        fates = [self.engine.fate(number) for number in numbers]
        black = sum(fate.rejected == "blacklisted" for fate in fates)
        valid = [
            number
            for number, fate in zip(numbers, fates, strict=True)
            if MOBILE.fullmatch(number) and not fate.rejected
        ][: call.tweak.accept_only]
        if not self.engine.charge(account, [shown] * len(valid)):
            return self.refusal("send", "2")
        now = self.engine.now()
        vendor_id = f"{beijing(now, '%Y%m%d%H%M%S')}{self.engine.identifier() % 10**12:012d}"
        drafts = [Draft(number, shown, call.fields.get("extno", ""), vendor_id=vendor_id) for number in valid]
        self.engine.accept(account, drafts, due=due)
        shown_id = "" if call.tweak.omit_id else vendor_id
        return text(f"0, {shown_id},{len(numbers) - len(valid) - black},{len(valid)},{black},提交成功")

    # -- reports and replies -----------------------------------------------------------------------------------

    def status(self, outcome: Outcome, index: int) -> tuple[str, str] | None:
        match outcome:
            case "delivered" | "delivered-other":
                return "DELIVRD", ""
            case "pending":
                return "UNKNOWN", ""
            case "failed":
                return (FAILURES[index] if index < len(FAILURES) else f"MK:{index:04d}"), ""

    # -- pushes ------------------------------------------------------------------------------------------------

    def page_size(self, kind: Kind) -> int:
        return 100

    def same_page(self, first: Item, other: Item) -> bool:
        """3.1: numbers that share an id and a state travel together."""
        if isinstance(first, Report) and isinstance(other, Report):
            return (first.vendor_id, first.status) == (other.vendor_id, other.status)
        return True

    def push_reports(self, target: PushTarget, reports: Sequence[Report]) -> PushRequest:
        first = reports[0]
        fields = {
            "sendid": first.vendor_id,
            "time": beijing(first.at, DOTTED),
            "mobile": ",".join(report.number for report in reports),
            "state": first.status,
        }
        return self._push(target, target.reports_url, {**self._identity(target, digest=True), **fields})

    def push_inbound(self, target: PushTarget, inbound: Sequence[Inbound]) -> PushRequest:
        """4.1: a plain name, which may be empty."""
        args = b"#@@#".join(map(record, inbound))
        identity = self._identity(target, digest=False)
        return self._push(target, target.inbound_url, {**identity, "args": args})

    def shaped(self, target: PushTarget, kind: Kind, items: Sequence[Item], shape: str, at: int) -> Raw:
        """Replies share a push; of reports, the page is item `at` alone, for each has a state of its own."""
        if shape not in self.shapes[kind]:
            return super().shaped(target, kind, items, shape, at)
        if kind == "reports":
            body = HEJI_REPORT[shape](self.push(target, kind, [items[at]]).body)
        else:
            records = [record(item) for item in items if isinstance(item, Inbound)]
            records[at] = HEJI_RECORD.get(shape, bytes)(records[at])
            identity = self._identity(target, digest=False)
            body = urlencode({**identity, "args": b"#@@#".join(records)}).encode()
            body = HEJI_REPLY_PAGE.get(shape, bytes)(body)
        return Raw(items[at].account, body, content_type="application/x-www-form-urlencoded")

    def _identity(self, target: PushTarget, *, digest: bool) -> dict[str, str]:
        """3.1: MD5(AccessSecret + random + timestamp) when there is a secret, else the plain name."""
        secret = target.credentials.get("access_secret", "")
        password = target.credentials.get("pwd", "")
        if not (secret and digest):
            return {"name": target.credentials.get("name", ""), "pwd": password}
        random, timestamp = secrets.token_hex(8), str(int(self.engine.now() * 1000))
        name = hashlib.md5(f"{secret}{random}{timestamp}".encode()).hexdigest()
        return {"name": name, "pwd": password, "random": random, "timestamp": timestamp}

    def _push(self, target: PushTarget, url: str, fields: Mapping[str, str | bytes]) -> PushRequest:
        encoded = urlencode(fields)
        if target.method == "GET":
            return PushRequest("GET", f"{url}{'&' if '?' in url else '?'}{encoded}", {}, b"")
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
        return PushRequest("POST", url, headers, encoded.encode())


def record(reply: Inbound) -> bytes:
    """4.1."""
    extension = SYSTEM_EXTENSION + reply.extension
    return "#@#".join((reply.number, reply.text, beijing(reply.at, DOTTED), extension)).encode()


def text(body: str) -> Answer:
    return Answer(body.encode())
