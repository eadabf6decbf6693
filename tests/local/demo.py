"""`make demo`: the whole gateway on this machine, sending through all vendors, shown while it happens.

Nothing is sent to anybody: the vendors are simulated. The numbers that follow are the demonstration's own figures, read
from the API, from the simulators' records and from the event bus; what is missing ends it with a sentence and status 1.
"""

import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from smsgateway.codecs import VENDORS
from tests.local.api import Api, await_key
from tests.local.demo_rules import show_rules
from tests.local.events import Event, EventTap
from tests.local.running import World, local_world

PATIENCE = 150.0  # seconds for everything to come back; what is polled waits for the schedule of every minute
BROADCAST = 1000
REPLYING = "9200"  # the simulators answer a message to a number that ends so
FAILING = "9000"
LEGEND = """
The undelivered are wanted: the numbers that end in 9000 fail. `to the vendor` is from the acceptance to the arrival at
the vendor; `push to event` from a vendor's push to the event on the bus, where a broadcast's reports queue up behind
each other. `events` are all those of an account: submitted, delivered, undelivered, received."""
WARM = ["dispatch"] * 4 + ["ingest"] * 2 + ["webhook"] * 3 + ["fanout"] * 2
WARMING_PUSH = {  # of nobody: it is refused
    "resource": "/push/{account}/{token}/reports",
    "httpMethod": "GET",
    "pathParameters": {"account": "nobody", "token": "none"},
    "requestContext": {"identity": {"sourceIp": "127.0.0.1"}},
}
FINAL = {"Message Delivered", "Message Undelivered", "Message Rejected", "Message Expired", "Message Unknown"}
STATUS = {"Message Delivered": "delivered", "Message Undelivered": "undelivered", "Message Unknown": "unknown"}


@dataclass
class Sent:
    """One message of the demonstration and what has become of it."""

    what: str
    account: str
    id: str
    recipients: int
    created_at: float  # epoch seconds
    final: dict[str, str] = field(default_factory=dict)  # number → detail-type


def main() -> int:
    """The demonstration from beginning to end; the exit status."""
    started = time.monotonic()
    say(f"Setting up: a local AWS, {len(VENDORS)} simulated vendors, and the template, built and deployed by SAM …")
    with local_world("demo") as world, EventTap(world.stack) as tap:
        say(f"Deployed after {time.monotonic() - started:.0f} s. The API: {world.stack.api_url}")
        say("Starting the functions' processes …")
        warm_up(world)
        api = Api(world.stack.api_url, world.stack.api_key)
        if not await_key(api):
            raise SystemExit("The API does not know its administrator's key.")
        accounts = {entry["name"]: entry["vendor"] for entry in world.simulators.accounts}
        sent = list(send_everything(api, accounts))
        polled = [vendor for vendor in accounts.values() if VENDORS[vendor].report_push is None]
        say(f"Reports and replies come back by pushes; {' and '.join(polled)} is asked by the schedule, once a minute.")
        missing = await_everything(tap, sent, replies_expected=len(accounts))
        show_summary(world, tap, sent, accounts)
        say(LEGEND)
        missing += show_balances(api, accounts)
        missing += check(world, api, sent)
        missing += show_rules(world, api, tap)
        for sentence in missing:
            say(f"MISSING: {sentence}")
        say(f"{'FAILED' if missing else 'Everything arrived'} after {time.monotonic() - started:.0f} s.")
        if sys.stdin.isatty():  # else it ends now, and nobody could try anything
            show_how_to_go_on(world)
            wait_for_enter()
    return 1 if missing else 0


def say(text: str) -> None:
    print(text, flush=True)


def warm_up(world: World) -> None:
    """Have the functions' processes start before anything is timed: here a dozen of them share the processors."""
    functions = world.stack.client("lambda")

    def start(name: str) -> None:
        event = {"Records": []} if name in ("dispatch", "ingest", "fanout") else WARMING_PUSH
        functions.invoke(FunctionName=f"{world.stack.stack_name}-{name}", Payload=json.dumps(event).encode())

    with ThreadPoolExecutor() as pool:
        list(pool.map(start, WARM))


def send_everything(api: Api, accounts: dict[str, str]) -> Iterator[Sent]:
    """One OTP through each vendor, a personalised batch through those that have it, a broadcast."""
    for index, (account, vendor) in enumerate(accounts.items()):
        body: dict[str, Any] = {
            "to": f"13800{index:02d}{REPLYING}",
            "text": f"您的验证码是{482913 + index}，5分钟内有效。",
            "purpose": "otp",
            "signature": "示例",
            "account": account,
            "reference": f"otp-{vendor}",
        }
        yield post(api, "OTP", account, body)
    for index, account in enumerate(name for name, vendor in accounts.items() if VENDORS[vendor].batch):
        messages = [
            {"to": f"139{index:04d}{last}", "text": f"{name}您好，您的账户余额为{amount}元"}
            for last, name, amount in (("0001", "张三", "20"), ("0002", "李四", "30.2"), (FAILING, "王五", "0"))
        ]
        yield post(api, "personalised batch", account, {"messages": messages, "signature": "示例", "account": account})
    numbers = [f"199{index:08d}" for index in range(BROADCAST - 10)]
    numbers += [f"13{index}0002{FAILING}" for index in range(10)]
    account = next(iter(accounts))
    body = {"to": numbers, "text": "系统将于今晚22点升级，约需半小时。", "signature": "示例", "purpose": "notice"}
    yield post(api, "broadcast", account, body)


def post(api: Api, what: str, account: str, body: dict[str, Any]) -> Sent:
    answer = api.post("/messages", body)
    if answer.status != 202:
        raise SystemExit(f"The {what} through {account} was not accepted: {answer.status} {answer.body}")
    accepted = answer.body
    say(f"  {what} through {accepted['account']}: {accepted['id']}, {accepted['recipients']} recipients")
    created = epoch(accepted["created_at"])
    return Sent(what, accepted["account"], accepted["id"], accepted["recipients"], created)


def await_everything(tap: EventTap, sent: list[Sent], replies_expected: int) -> list[str]:
    """Read the bus until every recipient is final and every reply has come; what is missing, in sentences."""
    by_id = {message.id: message for message in sent}
    everybody = sum(message.recipients for message in sent)
    replies: set[str] = set()
    deadline = time.monotonic() + PATIENCE
    shown, shown_at = "", 0.0
    final = 0
    while (final < everybody or len(replies) < replies_expected) and time.monotonic() < deadline:
        for event in tap.receive():
            event["seen"] = time.time()
            note(event, by_id, replies)
        final = sum(len(message.final) for message in sent)
        progress = f"  {final} of {everybody} recipients final, {len(replies)} of {replies_expected} replies"
        if progress != shown and (time.monotonic() - shown_at > 1 or final == everybody):
            say(progress)
            shown, shown_at = progress, time.monotonic()
    missing = [
        f"{message.recipients - len(message.final)} of {message.recipients} recipients of the {message.what} "
        f"through {message.account} got no final status within {PATIENCE:.0f} seconds"
        for message in sent
        if len(message.final) < message.recipients
    ]
    if len(replies) < replies_expected:
        missing.append(f"{replies_expected - len(replies)} of {replies_expected} replies did not come")
    return missing


def note(event: Event, by_id: dict[str, Sent], replies: set[str]) -> None:
    detail = event["detail"]
    message = by_id.get(detail.get("message_id", ""))
    if event["detail-type"] == "Message Received":
        replies.add(detail["inbound_id"])
    elif message and event["detail-type"] in FINAL:
        message.final[detail["to"]] = event["detail-type"]


def show_summary(world: World, tap: EventTap, sent: list[Sent], accounts: dict[str, str]) -> None:
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for event in tap.events:
        seen[event["detail"]["account"]][event["detail-type"]] += 1
    header = "vendor       accepted delivered undelivered unknown replies  events   to the vendor     push to event"
    say(f"\n{header}\n{'':57}   p50 / p95 (s)     p50 / p95 (s)")
    for account, vendor in accounts.items():
        accepted = sum(message.recipients for message in sent if message.account == account)
        finals = Counter(
            STATUS.get(type_, "other")
            for message in sent
            if message.account == account
            for type_ in message.final.values()
        )
        say(
            f"{vendor:12} {accepted:8} {finals['delivered']:9} {finals['undelivered']:11} {finals['unknown']:7} "
            f"{seen[account]['Message Received']:7} {seen[account].total():7}   "
            f"{percentiles(to_vendor(world, account, sent)):15}   {percentiles(push_to_event(world, account, tap))}"
        )


def to_vendor(world: World, account: str, sent: list[Sent]) -> list[float]:
    """Seconds from acceptance to each recipient's arrival at the vendor."""
    messages = world.simulators.control.messages(account=account, limit=5000)
    arrived = {message["number"]: epoch(message["at"]) for message in messages}
    return [
        arrived[number] - message.created_at
        for message in sent
        if message.account == account
        for number in message.final
        if number in arrived
    ]


def push_to_event(world: World, account: str, tap: EventTap) -> list[float]:
    """Seconds from a report's push to its event, first in to first out; none for vendors that are polled."""
    pushes = world.simulators.control.pushes(account=account, kind="reports", result="accepted", limit=5000)
    pushed = sorted(epoch(push["at"]) - push["seconds"] for push in pushes for _ in range(int(push["items"])))
    published = sorted(
        event["seen"]
        for event in tap.events
        if event["detail"]["account"] == account and event["detail-type"] in STATUS
    )
    return [end - start for start, end in zip(pushed, published, strict=False)]


def epoch(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def percentiles(seconds: list[float]) -> str:
    if not seconds:
        return "polled"
    ordered = sorted(seconds)
    return f"{ordered[len(ordered) // 2]:.2f} / {ordered[int(len(ordered) * 0.95)]:.2f}"


def show_balances(api: Api, accounts: dict[str, str]) -> list[str]:
    """What the vendors said when they were asked last; the schedule asks them every ten minutes. Who said nothing."""
    say("\nBalances:")
    missing = []
    for account, vendor in accounts.items():
        balance = api.get(f"/accounts/{account}").body["balance"] or api.post(f"/accounts/{account}/check", {}).body
        amounts = balance.get("amounts") or balance.get("balance") or []
        say(f"  {vendor:12} {', '.join(' '.join(filter(None, (each['product'], each['amount']))) for each in amounts)}")
        if not amounts:
            missing.append(f"{account} did not tell its balance")
    return missing


def check(world: World, api: Api, sent: list[Sent]) -> list[str]:
    """What the API and the vendors themselves say, against what the bus said."""
    problems = []
    for message in sent:
        wrong = {
            number: type_
            for number, type_ in message.final.items()
            if type_ != ("Message Undelivered" if number.endswith(FAILING) else "Message Delivered")
        }
        if wrong:
            problems.append(
                f"{len(wrong)} recipients of the {message.what} through {message.account} ended otherwise than they "
                f"should: {dict(Counter(wrong.values()))}"
            )
        counts = api.get(f"/messages/{message.id}").body.get("counts", {})
        told = Counter(STATUS.get(type_, "other") for type_ in message.final.values())
        if {status: count for status, count in counts.items() if count} != dict(told):
            problems.append(
                f"the API counts {counts} for the {message.what} through {message.account}, the bus {dict(told)}"
            )
    if duplicates := world.simulators.control.duplicates():
        problems.append(f"{len(duplicates)} numbers got a text twice")
    return problems


def show_how_to_go_on(world: World) -> None:
    say(
        f"""
Try it by hand while this runs (it ends with Enter; `make up` keeps one running):
  curl -s {world.stack.api_url}/messages -H 'x-api-key: {world.stack.api_key}' \\
       -H 'Content-Type: application/json' -d '{{"to": "13800138000", "text": "您好", "signature": "示例"}}'
The simulated vendors' own records: {world.simulators.control.url}/control/messages
"""
    )


def wait_for_enter() -> None:
    say("Press Enter to stop everything.")
    sys.stdin.readline()
