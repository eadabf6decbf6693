"""infocloud, 经分助手 ("短信服务接口对接帮助手册"; the names of its chapters in the comments)."""

import hashlib
import hmac
import json
import re
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tests.simulators.engine import Engine
from tests.simulators.fates import Outcome
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
    Request,
    Template,
)
from tests.simulators.pacing import Pace
from tests.simulators.pushing import Item
from tests.simulators.shapes import JSON_PAGE, JSON_REPLY, JSON_REPORT
from tests.simulators.sms import MOBILE, beijing, from_beijing, is_digits
from tests.simulators.vendor import Call, Vendor
from tests.simulators.vendors.infocloud_templates import TEMPLATES, RefusalError, inner, rendered

FAILURES = ("EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "REJECTD")  # 短信状态参考, without the pending UNKNOWN
DIGESTS = {f"Hmac{name}": name.lower() for name in ("MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512")}
SIGNED_HEADERS = ("x-api-key", "x-nonce", "x-sign-method", "x-timestamp")
CLOCK_TOLERANCE = 60.0  # 短信发送FAQ, seconds
CLOCK = "无效的参数（时间戳）"  # 短信发送FAQ; its code is not said, and 40004 is "参数错误,详情见提示"
SHORTEST_NONCE = 10
LONGEST_BID = 64
NUMBERS_AT_ONCE, BATCH_AT_ONCE = 1000, 500  # the SDK's 500, not the text's 1000, for personalised batches
RECEIPTS_AT_ONCE = 600
RECEIPTS_KEPT = 6 * 3600.0
THREE_A_MINUTE = Pace(3, 60.0)  # 短信发送FAQ: queries
ONE_A_MINUTE = Pace(1, 60.0, refused=False)  # 短信回执状态查询: advised
BALANCE_PACE = Pace(1, 15.0)
MINUTES = "%y%m%d%H%M"
DAY = "%Y-%m-%d"

WORDS = {
    "-1": "系统繁忙，请稍后再试或者其他原因",
    "2000": "IP白名单限制",
    "2001": "API授权失败或授权参数不完整",
    "6000": "访问频繁,请稍后再试",
    "40002": "余额不足",
    "40004": "参数错误",
    "40005": "超出模板参数设置限制",
    "40006": "扩展号不匹配或者被企业其他账号占用",
    "60001": "模板不存在",
    "60002": "批量发送下电话数量和参数数量不一样",
    "60003": "短信变量个数和模板变量个数不一样",
    "60004": "变量值超过模板设置的变量值最大长度",
    "60005": "没有可以发送的内容",
    "60006": "模板参数变量格式错误",
    "60007": "手机号参数格式错误",
    "60008": "手机号数量大于1000",
    "60009": "短信资源被锁定",
}
PATHS: Mapping[str, str] = {
    "/message/send": "send",
    "/message/sendBatch": "send_batch",
    "/sms/arriveRes/qry": "reports",
    "/sms/arrive/qry": "reports",  # the Java demo's address
    "/sms/send/statistics": "statistics",
    "/sms/residueValue/qry": "balance",
    "/health/info": "health",
}
SYMBOLS: Mapping[str, Mapping[str, str]] = {
    "*": {"busy": "-1", "too_fast": "6000", "wrong_password": "2001", "unknown_account": "2001", "address": "2000"},
    "send": {"no_balance": "40002"},
    "send_batch": {"no_balance": "40002"},
}


class Infocloud(Vendor):
    name = "infocloud"
    identity = "api_key"
    account_name = "ic-1"
    credentials: ClassVar[Mapping[str, str]] = {
        "api_key": "8767fd835ca3a4eb6f69129d71971760",
        "access_key": "ic-access-1",
    }
    secret_fields = frozenset({"access_key", "accesskey", "x-sign", "x-api-key"})
    items = ("行业短信", "会员短信", "推广短信")
    options: ClassVar[Mapping[str, Any]] = {"free_text_template": "free-text-1"}
    polls = frozenset[Kind]({"reports"})
    policy = PushPolicy(timeout=1.0, tries=3, interval=2.0, stop_after_slow=3, serial=True)  # 短信回执状态推送
    paths = PATHS
    symbols = SYMBOLS
    shapes: ClassVar[Mapping[Kind, Sequence[str]]] = {
        "reports": (*JSON_REPORT, *JSON_PAGE),
        "inbound": (*JSON_REPLY, *JSON_PAGE),
    }

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        engine.templates.update({template.code: template for template in TEMPLATES})

    # -- requests ----------------------------------------------------------------------------------------------

    def read(self, request: Request) -> Call:
        """The fields are the JSON body's, and the signed headers; what is no JSON object has no fields."""
        try:
            document = json.loads(request.body.decode() or "{}")
            garbled = not isinstance(document, dict)
        except ValueError:
            document, garbled = {}, True
        body = {name: as_text(value) for name, value in document.items() if value is not None} if not garbled else {}
        headers = {name: request.headers.get(name, "") for name in (*SIGNED_HEADERS, "x-sign")}
        account = self.engine.account_with(self.name, self.identity, headers["x-api-key"])
        return Call(self.operation_at(request.path), request, {**body, **headers}, account, garbled)

    def refusal(self, operation: str, code: str, message: str = "") -> Answer:
        number: object = int(code) if re.fullmatch("-?[0-9]+", code) else code
        words = message or WORDS.get(code, "未知错误")
        return document({"code": number, "message": words, "requestId": str(uuid.uuid4())})

    def answer(self, call: Call) -> Answer:
        if call.operation == "health":
            return document({"status": "UP"})
        if call.operation == "unknown":
            return Answer(b'{"status":404,"error":"Not Found"}', 404, "application/json")
        try:
            account = self._identify(call)
            match call.operation:
                case "send":
                    return self._send(call, account)
                case "send_batch":
                    return self._send_batch(call, account)
                case "reports":
                    return self._receipts(call, account)
                case "statistics":
                    return self._statistics(call, account)
                case _:
                    return self._balance(call, account)
        except RefusalError as refused:
            return self.refusal(call.operation, refused.code, refused.message)

    def _identify(self, call: Call) -> Account:
        """签名规则: the signature, then whether timestamp and nonce are fresh."""
        account, fields, now = call.account, call.fields, call.request.at
        if call.request.method != "POST" or account is None or account.closed or not signed(call, account):
            raise RefusalError("2001")
        timestamp, nonce = fields["x-timestamp"], fields["x-nonce"]
        in_time = is_digits(timestamp) and len(timestamp) == 13 and abs(int(timestamp) / 1000 - now) <= CLOCK_TOLERANCE
        fresh = len(nonce) >= SHORTEST_NONCE and self.engine.new_nonce(
            f"{account.name} {nonce}", now, 2 * CLOCK_TOLERANCE
        )
        if not in_time:
            raise RefusalError("40004", CLOCK)
        if not fresh:
            raise RefusalError("2001")
        if account.allowed_ips and call.request.client not in account.allowed_ips:
            raise RefusalError("2000")
        if call.garbled:
            raise RefusalError("40004")
        return account

    def _send(self, call: Call, account: Account) -> Answer:
        numbers = call.fields.get("phones", "").split(",")
        self._check_numbers(numbers, NUMBERS_AT_ONCE)
        template = self._template(call)
        given = call.fields.get("templateParam", "")
        values = inner(given, "60006") if given else []
        text = rendered(template, values)
        return self._accept(call, account, numbers, [text] * len(numbers))

    def _send_batch(self, call: Call, account: Account) -> Answer:
        numbers = inner(call.fields.get("phonesJson", ""), "60007")
        if not all(isinstance(number, str) for number in numbers):
            raise RefusalError("60007")
        self._check_numbers(numbers, BATCH_AT_ONCE)
        template = self._template(call)
        rows = inner(call.fields.get("templateParamJson", ""), "60006")
        if len(rows) != len(numbers):
            raise RefusalError("60002")
        texts = [rendered(template, [] if row == "" else row) for row in rows]
        return self._accept(call, account, numbers, texts)

    def _check_numbers(self, numbers: Sequence[str], most: int) -> None:
        if not all(is_digits(number) for number in numbers) or not numbers:
            raise RefusalError("60007")
        if len(numbers) > most:
            raise RefusalError("60008")

    def _template(self, call: Call) -> Template:
        extension = call.fields.get("upExtendCode", "")
        if len(call.fields.get("bid", "")) > LONGEST_BID or not call.fields.get("templateCode"):
            raise RefusalError("40004")
        if extension and not (is_digits(extension) and 1 <= int(extension) <= 99):
            raise RefusalError("40006")
        template = self.engine.templates.get(call.fields["templateCode"])
        if template is None:
            raise RefusalError("60001")
        return template

    def _accept(self, call: Call, account: Account, numbers: Sequence[str], texts: Sequence[str]) -> Answer:
        limit = account.requests_per_second
        if limit and not self.engine.allows(account, "send", Pace(limit, 1.0), at=call.request.at):
            raise RefusalError("6000")
        message_id = str(700_000_000_000_000_000 + self.engine.identifier() * 1000)
        pairs = list(zip(numbers, texts, strict=True))
        taken = [pair for pair in pairs if self._takes(pair[0])][: call.tweak.accept_only]
        if not self.engine.charge(account, [text for _, text in taken]):
            raise RefusalError("40002")
        extension, bid = call.fields.get("upExtendCode", ""), call.fields.get("bid", "")
        self.engine.accept(account, [Draft(number, text, extension, bid, message_id) for number, text in taken])
        accepted = {number for number, _ in taken}
        failed = [number for number in numbers if number not in accepted]
        data = {"msgId": message_id if taken else "", "desc": "null"}
        if call.tweak.omit_id:
            del data["msgId"]
        if failed:
            data["failPhones"] = ",".join(failed)
        return document({"code": 200, "data": data, "requestId": str(uuid.uuid4())})

    def _takes(self, number: str) -> bool:
        return MOBILE.fullmatch(number) is not None and not self.engine.fate(number).rejected

    def _receipts(self, call: Call, account: Account) -> Answer:
        """短信回执状态查询: by msgId or bid, or everything; masked, and never twice."""
        if not self.engine.allows(account, "reports", THREE_A_MINUTE, ONE_A_MINUTE, at=call.request.at):
            raise RefusalError("6000")
        ids = {part for part in call.fields.get("msgId", "").split(",") if part}
        bid = call.fields.get("bid", "")
        if len(ids) > RECEIPTS_AT_ONCE:
            raise RefusalError("40004")

        def wanted(item: Item) -> bool:
            return isinstance(item, Report) and (not ids or item.vendor_id in ids) and bid in ("", item.our_id)

        taken = self.engine.take(account, "reports", RECEIPTS_AT_ONCE, RECEIPTS_KEPT, wanted)
        rows = [polled_row(report) for report in taken if isinstance(report, Report)]
        return document({"code": 200, "message": "查询成功", "data": rows, "requestId": str(uuid.uuid4())})

    def _balance(self, call: Call, account: Account) -> Answer:
        if not self.engine.allows(account, "balance", BALANCE_PACE, at=call.request.at):
            raise RefusalError("6000")
        rows = [{"itemName": item, "residueValue": left} for item, left in account.balances.items()]
        return document({"code": 200, "data": rows, "requestId": str(uuid.uuid4())})

    def _statistics(self, call: Call, account: Account) -> Answer:
        """查询短信发送统计: one row a day, counted by recipient."""
        if not self.engine.allows(account, "statistics", THREE_A_MINUTE, at=call.request.at):
            raise RefusalError("6000")
        first, last = (from_beijing(call.fields.get(name, ""), DAY) for name in ("startDate", "endDate"))
        page, size = call.fields.get("page", ""), call.fields.get("pageSize", "")
        if first is None or last is None or not (is_digits(page) and is_digits(size)):
            raise RefusalError("40004")
        if int(page) < 1 or not 1 <= int(size) <= 50:
            raise RefusalError("40004")
        rows = daily(self._finals(account, first, last + 86400))
        start = (int(page) - 1) * int(size)
        return document(
            {
                "code": 200,
                "message": "查询成功",
                "data": rows[start : start + int(size)],
                "totalSize": len(rows),
                "requestId": str(uuid.uuid4()),
            }
        )

    def _finals(self, account: Account, first: float, end: float) -> list[tuple[Message, str]]:
        """Every message of those days with the last status it has got by now ("" for none)."""
        now, settings = self.engine.now(), self.engine.settings
        messages = self.engine.messages(lambda message: message.account == account.name and first <= message.at < end)
        finals = []
        for message in messages:
            status = ""
            for step in self.engine.fate_of(message).reports:
                at = message.due + (settings.late_delay if step.late else settings.report_delay * step.after)
                said = [report.status for report in self.reports(message, step, at) if at <= now]
                status = said[-1] if said and said[-1] != "UNKNOWN" else status
            finals.append((message, status))
        return finals

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
        return self.engine.settings.infocloud_push_page

    def push_reports(self, target: PushTarget, reports: Sequence[Report]) -> PushRequest:
        return self._push(target, target.reports_url, reports[0].account, [pushed_row(report) for report in reports])

    def push_inbound(self, target: PushTarget, inbound: Sequence[Inbound]) -> PushRequest:
        return self._push(target, target.inbound_url, inbound[0].account, [self._reply(reply) for reply in inbound])

    def _reply(self, reply: Inbound) -> Mapping[str, str]:
        return {
            "srcId": self.engine.accounts[reply.account].access_number + reply.extension,
            "tel": reply.number,
            "content": reply.text,
            "arriveTime": beijing(reply.at, MINUTES),
        }

    def shaped(self, target: PushTarget, kind: Kind, items: Sequence[Item], shape: str, at: int) -> Raw:
        if shape not in self.shapes[kind]:
            return super().shaped(target, kind, items, shape, at)
        account = items[0].account
        pushed = self.engine.delivery(self.engine.accounts[account], kind) == "push"
        rows = [
            self._reply(item) if isinstance(item, Inbound) else (pushed_row if pushed else polled_row)(item)
            for item in items
            if not isinstance(item, Raw)
        ]
        records = [json.dumps(row, ensure_ascii=False).encode() for row in rows]
        changes = JSON_REPORT if kind == "reports" else JSON_REPLY
        if shape in changes:
            records[at] = changes[shape](records[at])
        key = target.credentials.get("api_key", self.engine.accounts[account].credentials["api_key"]).encode()
        envelope = b'{"apiKey": "%s", "data": [%%s]}' % key if pushed else b'{"code": 200, "data": [%s]}'
        page = envelope % b", ".join(records)
        if shape in JSON_PAGE:
            page = JSON_PAGE[shape](page)
        return Raw(account, page, content_type="application/json; charset=UTF-8")

    def _push(self, target: PushTarget, url: str, account: str, rows: Sequence[Mapping[str, str]]) -> PushRequest:
        key = target.credentials.get("api_key", self.engine.accounts[account].credentials["api_key"])
        body = json.dumps({"apiKey": key, "data": rows}, ensure_ascii=False).encode()
        return PushRequest("POST", url, {"Content-Type": "application/json; charset=UTF-8"}, body)


def pushed_row(report: Report) -> Mapping[str, str]:
    return {
        "msgId": report.vendor_id,
        "tel": report.number,
        "arriveResult": report.status,
        "arriveTime": beijing(report.at, MINUTES),
        "bid": report.our_id,
    }


def polled_row(report: Report) -> Mapping[str, str]:
    """短信回执状态查询, 返回样例: masked, and the result under another name."""
    row = dict(pushed_row(report))
    word = row.pop("arriveResult")
    return row | {"tel": f"{report.number[:3]}****{report.number[-4:]}", "arrive": word}


def document(value: Mapping[str, object]) -> Answer:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Answer(body, content_type="application/json;charset=UTF-8")


def as_text(value: object) -> str:
    """A body value the way it is signed: text as it is, everything else as compact JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def signed(call: Call, account: Account) -> bool:
    """签名生成: the demos disagree on whether empty values are signed, so either is accepted."""
    digest = DIGESTS.get(call.fields["x-sign-method"])
    if digest is None:
        return False
    everything = {name: value for name, value in call.fields.items() if name != "x-sign"}
    filled = {name: value for name, value in everything.items() if value not in ("", "null")}
    key = account.credentials["access_key"].encode()
    return any(
        hmac.compare_digest(
            hmac.new(key, sign_text(fields).encode(), getattr(hashlib, digest)).hexdigest().encode(),
            call.fields["x-sign"].encode(),
        )
        for fields in (filled, everything)
    )


def sign_text(fields: Mapping[str, str]) -> str:
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields))


def daily(finals: Sequence[tuple[Message, str]]) -> list[dict[str, object]]:
    days: dict[str, list[str]] = defaultdict(list)
    for message, status in finals:
        days[beijing(message.at, DAY)].append(status)
    return [
        {
            "sendDate": day,
            "totalCount": len(statuses),
            "successCount": statuses.count("DELIVRD"),
            "failCount": len(statuses) - statuses.count("DELIVRD") - statuses.count(""),
            "noReceiptCount": statuses.count(""),
        }
        for day, statuses in sorted(days.items())
    ]
