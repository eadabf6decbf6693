"""A scripted vendor behind the gateway's `call` argument: it answers in each vendor's own words and notes every
request with whether it may have been acted on."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

from smsgateway.errors import AmbiguousError, NotSentError
from smsgateway.model import Account, Request, Response

HTML = b"<html><body>502 Bad Gateway</body></html>"

# What a vendor can do with a submission, by vendor: the answer, given how many numbers there were and a fresh id.
# `moment` and `vague` stand for codes about the moment, and codes that no document lists.
ANSWERS: dict[str, dict[str, Callable[[int, str], str]]] = {
    "hbsmservice": {
        "accepted": lambda n, _: f"0#{n}",
        "partial": lambda n, _: f"0#{n - 1}" if n > 1 else f"0#{n + 1}",
        "moment": lambda _n, _: "777",
        "account": lambda _n, _: "100",
        "credentials": lambda _n, _: "107",
        "content": lambda _n, _: "102",
        "numbers": lambda _n, _: "103",
        "vague": lambda _n, _: "888",
    },
    "langyu": {
        "accepted": lambda _n, new: f"20260101120000,0\n{new}\n",
        "without id": lambda _n, _: "20260101120000,0",
        "moment": lambda _n, _: "20260101120000,104",
        "account": lambda _n, _: "20260101120000,109",
        "credentials": lambda _n, _: "20260101120000,102",
        "content": lambda _n, _: "20260101120000,105",
        "numbers": lambda _n, _: "20260101120000,108",
        "vague": lambda _n, _: "20260101120000,107",
    },
    "qixintong": {
        "accepted": lambda n, new: f"0|{n}|0|{','.join(f'{new}{i}' for i in range(n))}",
        "one id": lambda n, new: f"0|{n}|0|{new}",
        "without id": lambda n, _: f"0|{n}|0|",
        "moment": lambda _n, _: "-99",
        "account": lambda _n, _: "-9",
        "credentials": lambda _n, _: "-7",
        "content": lambda _n, _: "-3|word",
        "numbers": lambda n, _: f"0|0|{n}|",
        "vague": lambda _n, _: "-55",
    },
    "infocloud": {
        "accepted": lambda _n, new: json.dumps({"code": "200", "data": {"msgId": new}}),
        "without id": lambda _n, _: json.dumps({"code": "200", "message": "OK"}),
        "moment": lambda _n, _: json.dumps({"code": "6000"}),
        "account": lambda _n, _: json.dumps({"code": "40002"}),
        "credentials": lambda _n, _: json.dumps({"code": "2001"}),
        "content": lambda _n, _: json.dumps({"code": "60001"}),
        "numbers": lambda _n, _: json.dumps({"code": "60007"}),
        "vague": lambda _n, _: json.dumps({"code": "-1"}),
    },
    "heji": {
        "accepted": lambda n, new: f"0,{new},0,{n},0,提交成功",
        "account": lambda _n, _: "11,账号注销",
        "content": lambda _n, _: "1,含有敏感词汇",
        "vague": lambda _n, _: "-1,系统异常",
        "of nothing": lambda _n, new: f"0,{new},0,0,0,提交成功",
    },
}
REFUSALS = frozenset({"moment", "account", "credentials", "content", "numbers"})
FAILURES = ("ambiguous", "not sent", "html")


def behaviours(vendor: str) -> list[str]:
    """Everything that this vendor can do with a submission."""
    return [*ANSWERS[vendor], *FAILURES]


@dataclass(frozen=True)
class Seen:
    """One request as the vendor saw it. `possible`: the recipients may get a text because of it."""

    account: str
    numbers: tuple[str, ...]
    behaviour: str
    possible: bool
    ids: tuple[str, ...]
    ours: str = ""  # the submission's id, where the vendor carries one
    items: tuple[str, ...] = ()  # of a personalised batch: each number's own

    def id_of(self, number: str) -> str:
        """What the vendor's report of this number will name."""
        if self.items:
            return self.items[self.numbers.index(number)]
        return self.ours or self.ids[self.numbers.index(number) % len(self.ids)]


class Vendors:
    """All vendors. `script` says what each request meets, in order; the last goes on for good."""

    def __init__(self, script: Sequence[str] = ("accepted",)) -> None:
        self.script = tuple(script)
        self.seen: list[Seen] = []
        self.calls = 0
        self.rejects: tuple[str, ...] = ()  # numbers that infocloud names in failPhones

    def copy(self) -> "Vendors":
        other = Vendors(self.script)
        other.seen, other.calls, other.rejects = list(self.seen), self.calls, self.rejects
        return other

    def call(self, account: Account, request: Request, _seconds: float, /) -> Response:
        behaviour = self.script[min(self.calls, len(self.script) - 1)]
        self.calls += 1
        if behaviour == "not sent":
            raise NotSentError("refused")
        numbers, fresh = _numbers(account, request), f"id{account.name}{self.calls:04d}"
        answer = ANSWERS[account.vendor][behaviour](len(numbers), fresh) if behaviour not in FAILURES else ""
        if self.rejects and account.vendor == "infocloud" and behaviour == "accepted":
            answer = json.dumps({"code": "200", "data": {"msgId": fresh, "failPhones": list(self.rejects)}})
        ids = tuple(word for word in answer.replace('"', "|").replace("\n", "|").replace(",", "|").split("|"))
        ids = tuple(word for word in ids if word.startswith("id" + account.name))
        items = _items(account, request)
        ours = items[0] if items else _ours(account, request)
        self.seen.append(Seen(account.name, numbers, behaviour, behaviour not in REFUSALS, ids, ours, items))
        if behaviour == "ambiguous":
            raise AmbiguousError("read timeout")
        return Response(200, {}, HTML if behaviour == "html" else answer.encode())

    def requests_for(self, number: str) -> list[Seen]:
        return [seen for seen in self.seen if number in seen.numbers]


def _ours(account: Account, request: Request) -> str:
    """hbsmservice reports by our id; the others here by their own."""
    if account.vendor != "hbsmservice":
        return ""
    return parse_qs(request.body.decode("ascii"))["corp_msg_id"][0]


def _items(account: Account, request: Request) -> tuple[str, ...]:
    """The ids of a personalised batch of hbsmservice, in the order of its numbers."""
    if account.vendor != "hbsmservice":
        return ()
    records = parse_qs(request.body.decode("ascii")).get("send_param", [""])[0]
    return tuple(record.split("&split&")[1] for record in records.split("&group&")) if records else ()


def _numbers(account: Account, request: Request) -> tuple[str, ...]:
    if account.vendor == "infocloud":
        fields = json.loads(request.body)
        written = fields.get("phones") or ",".join(json.loads(fields["phonesJson"]))
        return tuple(written.split(","))
    form = parse_qs(request.body.decode("ascii"))
    if "send_param" in form:
        return tuple(record.split("&split&")[0] for record in form["send_param"][0].split("&group&"))
    return tuple(form["send_phone" if account.vendor == "qixintong" else "mobile"][0].split(","))
