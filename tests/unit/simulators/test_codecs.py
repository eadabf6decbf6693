"""Each vendor's codec and its simulator, which know nothing of each other, over sockets and the real transport."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest

from smsgateway.calling.transport import call
from smsgateway.codecs import VENDORS
from smsgateway.config.accounts import parse_accounts
from smsgateway.model import (
    About,
    Accepted,
    Account,
    Content,
    Inbound,
    Kind,
    Page,
    Push,
    Refused,
    Report,
    ReportStatus,
    Request,
    Response,
    Submission,
)
from tests.local.simulators import complete
from tests.simulators.accounts import account_of
from tests.simulators.client import ControlClient
from tests.simulators.registry import VENDORS as SIMULATED
from tests.unit.simulators.by_hand import Receiver

NONCE = "12345678901234567890"
DELIVERED, FAILING, REPLYING = "13800000000", "13800009000", "13800009200"
every_vendor = pytest.mark.parametrize("vendor", VENDORS)


@pytest.fixture
def wire(ready: Mapping[str, Any], control: ControlClient) -> "Wire":
    return Wire(ready, control)


class Wire:
    """Calls the simulators as the gateway does, with their accounts as the gateway has them."""

    def __init__(self, ready: Mapping[str, Any], control: ControlClient) -> None:
        self.ready, self.control = ready, control
        control.settings(pacing_scale=0)

    def account(self, vendor: str, **changes: Any) -> Account:
        entry = next(each for each in self.ready["accounts"] if each["name"] == account_of(vendor))
        document = {"accounts": [complete(entry, self.ready["push_credentials"]) | changes]}
        return parse_accounts(json.dumps(document), allow_loopback=True).accounts[entry["name"]]

    def call(self, request: Request) -> Response:
        return call(request, deadline=10.0, allow_loopback=True)

    def send(self, account: Account, *numbers: str, text: str = "您好") -> Accepted | Refused:
        codec = VENDORS[account.vendor].send
        submission = Submission("sub1", numbers, (Content(text, "示例"),))
        request = codec.encode_send(account, submission, datetime.now(UTC), NONCE)
        return codec.decode_send(account, submission, self.call(request))


@every_vendor
def test_a_message_is_taken_and_shown(wire: Wire, vendor: str) -> None:
    account = wire.account(vendor)
    for numbers in ((DELIVERED,), (DELIVERED, FAILING)):
        wire.control.reset()
        taken = wire.send(account, *numbers)
        assert isinstance(taken, Accepted)
        assert not taken.rejected
        shown = wire.control.messages(account=account.name)
        assert [each["number"] for each in shown] == list(numbers)
        assert {each["text"] for each in shown} == {"【示例】您好"}
        known = {each["vendor_id"] or each["our_id"] for each in shown} | {each["our_id"] for each in shown}
        assert set(taken.vendor_ids or ("sub1",)) <= known, "the id that reports will carry"


@every_vendor
def test_a_personalised_request_is_taken(wire: Wire, vendor: str) -> None:
    account, codec = wire.account(vendor), VENDORS[vendor].batch
    if codec is None:
        return
    contents = (Content("张三您好", "示例"), Content("李四您好", "示例"))
    submission = Submission("sub1", (DELIVERED, FAILING), contents)
    request = codec.encode_batch(account, submission, datetime.now(UTC), NONCE)
    assert isinstance(codec.decode_batch(account, submission, wire.call(request)), Accepted)
    shown = {each["number"]: each["text"] for each in wire.control.messages(account=account.name)}
    assert shown == {DELIVERED: "【示例】张三您好", FAILING: "【示例】李四您好"}


@every_vendor
def test_a_wrong_secret_is_a_refusal_of_the_account(wire: Wire, vendor: str) -> None:
    """Whatever HTTP status the vendor gives it."""
    account = wire.account(vendor)
    name = next(each for each in account.credentials if each in SIMULATED[vendor].secret_fields)
    wrong = wire.account(vendor, credentials={**account.credentials, name: "wrong"})
    refused = wire.send(wrong, DELIVERED)
    assert isinstance(refused, Refused)
    assert refused.about is About.ACCOUNT


@every_vendor
def test_a_balance_is_read(wire: Wire, vendor: str) -> None:
    account, codec = wire.account(vendor), VENDORS[vendor].balance
    balances = codec.decode_balance(account, wire.call(codec.encode_balance(account, datetime.now(UTC), NONCE)))
    assert not isinstance(balances, Refused)
    assert balances
    assert all(balance.amount > 0 for balance in balances)


@every_vendor
def test_reports_and_replies_come_back(wire: Wire, receiver: Receiver, vendor: str) -> None:
    account = wire.account(vendor)
    if account.push:
        wire.control.push(account.name, reports_url=f"{receiver.url}/reports", inbound_url=f"{receiver.url}/inbound")
    try:
        wire.send(account, DELIVERED, FAILING, REPLYING)
        wire.control.wait_until_idle()
        reports: list[Report] = [item for page in pages(wire, receiver, account, "reports") for item in page.items]
        replies: list[Inbound] = [item for page in pages(wire, receiver, account, "inbound") for item in page.items]
    finally:
        wire.control.push(account.name, reports_url="", inbound_url="")
    told = {report.number: report.status for report in reports}
    assert told == {
        DELIVERED: ReportStatus.DELIVERED,
        FAILING: ReportStatus.UNDELIVERED,
        REPLYING: ReportStatus.DELIVERED,
    }
    assert [(reply.number, reply.text) for reply in replies] == [(REPLYING, "收到，谢谢")]


def pages(wire: Wire, receiver: Receiver, account: Account, kind: Kind) -> list[Page[Any]]:
    """What the codec reads: of the pushes that came, or of a poll."""
    vendor = VENDORS[account.vendor]
    pusher, poller = (
        (vendor.report_push, vendor.report_poll) if kind == "reports" else (vendor.inbound_push, vendor.inbound_poll)
    )
    if not account.push or pusher is None:
        assert poller
        operation = "report_poll" if kind == "reports" else "inbound_poll"
        request = getattr(poller, f"encode_{operation}")(account, datetime.now(UTC), NONCE)
        page = getattr(poller, f"decode_{operation}")(account, wire.call(request))
        assert isinstance(page, Page)
        return [page]
    found = []
    for pushed in receiver.pushes:
        if not pushed.path.endswith(f"/{kind}"):
            continue
        query = tuple(parse_qsl(pushed.query, keep_blank_values=True))
        headers = {"content-type": pushed.content_type}
        push = Push(pushed.method, query, headers, pushed.body, int(datetime.now(UTC).timestamp() * 1000))
        assert pusher.verify_push(account, push, kind), f"a push of {kind} that the simulator has proved"
        found.append(getattr(pusher, f"decode_{'report' if kind == 'reports' else 'inbound'}_push")(account, push))
    return found
