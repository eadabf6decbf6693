"""Polls by name and on schedule (handlers/poll.py)."""

import json
from typing import Any

import pytest

from smsgateway.errors import AmbiguousError
from smsgateway.handlers import poll
from smsgateway.model import Request, Response
from smsgateway.queues import parse_vendor_bytes
from smsgateway.store import accounts
from tests.doubles.stack import EVENTS, Context, Stack, sample, samples

CASES = EVENTS.parent / "tests" / "cases" / "hbsmservice"
ANSWERS = {
    "poll-reports": (CASES / "report-poll.platform-5.4.xml").read_bytes(),
    "poll-inbound": (CASES / "inbound-poll.platform-7.4.xml").read_bytes(),
    "poll-balance": b"ok#93",
}


class Lambdas:
    """Notes what is invoked."""

    def __init__(self) -> None:
        self.invoked: list[dict[str, Any]] = []

    def invoke(self, **request: Any) -> None:
        self.invoked.append(request)


pytestmark = pytest.mark.usefixtures("log")  # nothing secret is told


@pytest.fixture
def lambdas(monkeypatch: pytest.MonkeyPatch) -> Lambdas:
    made = Lambdas()
    monkeypatch.setattr(poll, "lambdas", lambda: made)
    return made


def vendor_says(monkeypatch: pytest.MonkeyPatch, body: bytes) -> list[Request]:
    asked: list[Request] = []

    def call(request: Request, *, deadline: float, allow_loopback: bool) -> Response:
        asked.append(request)
        return Response(200, {"content-type": "text/xml"}, body)

    monkeypatch.setattr("smsgateway.calling.transport.call", call)
    return asked


def handle(event: dict[str, Any], remaining: int = 300_000) -> dict[str, Any]:
    answer: dict[str, Any] = poll.handler(event, Context(remaining))  # type: ignore[arg-type]
    json.dumps(answer)  # Lambda has to
    return answer


@pytest.mark.parametrize("name", [name for name in samples("poll") if name != "poll-schedule"])
def test_every_named_run_is_made_now(name: str, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = vendor_says(monkeypatch, ANSWERS[name])
    outcome = handle(sample(name))
    assert len(asked) == 1
    kind = name.removeprefix("poll-")
    if kind == "balance":
        assert outcome == {"balance": [{"product": "", "amount": "93"}]}
        assert accounts.items_of(stack.table, "hb-main")["balance"]["amounts"] == outcome["balance"]
        return
    assert outcome["pages"] == 1
    (stored,) = stack.bodies("receipts" if kind == "reports" else "replies")
    receipt = parse_vendor_bytes(json.dumps(stored))
    assert (receipt.account, receipt.kind, receipt.source, receipt.body) == ("hb-main", kind, "poll", ANSWERS[name])


def test_the_schedule_starts_one_run_for_each_account_and_kind(stack: Stack, lambdas: Lambdas) -> None:
    """Its event has an `account` too: AWS's."""
    outcome = handle(sample("poll-schedule"))
    runs = [json.loads(request.pop("Payload")) for request in lambdas.invoked]
    assert {tuple(sorted(request.items())) for request in lambdas.invoked} == {
        (("FunctionName", "gateway-poll"), ("InvocationType", "Event"))
    }
    started = {(run["account"], run["kind"]) for run in runs}
    assert len(started) == len(runs) == outcome["started"]
    named = ("hb-main", "ic-main", "ly-main", "hj-main", "qx-main", "hb-poll")
    assert started == {
        ("hb-main", "reports"),
        ("hb-main", "inbound"),
        ("ic-main", "statistics"),
        *((name, "balance") for name in named),
    }


def test_a_run_whose_time_is_over_starts_the_next(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, lambdas: Lambdas
) -> None:
    """GIVEN a vendor whose pages are all full WHEN the time for calls is over THEN another run begins at once."""
    record = "<report><mobile>13810000001</mobile><msg_id>1</msg_id><sub_seq>0</sub_seq><err>0</err></report>"
    page = f'<?xml version="1.0" encoding="GBK" ?><reports>{record * 100}</reports>'
    vendor_says(monkeypatch, page.encode("gbk"))
    assert handle(sample("poll-reports"), remaining=10_000) == {"pages": 1, "more": True}
    (started,) = lambdas.invoked
    assert (json.loads(started["Payload"]), started["InvocationType"]) == (sample("poll-reports"), "Event")
    assert started["FunctionName"] == "gateway-poll"
    vendor_says(monkeypatch, b"0")
    assert handle(sample("poll-reports"), remaining=10_000) == {"pages": 1}
    assert len(lambdas.invoked) == 1


@pytest.mark.parametrize(
    "event",
    [
        {"account": "gone", "kind": "reports"},
        {"account": "hb-main", "kind": "other"},
        {"account": "hb-main", "kind": ["reports"]},
        {"kind": "reports"},
    ],
)
def test_a_run_that_makes_no_sense_is_skipped(event: dict[str, Any], stack: Stack, lambdas: Lambdas) -> None:
    assert handle(event) == {"skipped": "unknown"}
    assert lambdas.invoked == []


def test_a_refusal_of_statistics_is_told(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor_says(monkeypatch, b'{"code": "2001", "message": "x"}')
    answer = handle({"account": "ic-main", "kind": "statistics"})
    assert answer["problem"].startswith("2001")
    known = accounts.items_of(stack.table, "ic-main")
    assert [item["alert"] for item in known.values() if "alert" in item] == ["credentials_refused"]


def test_of_an_outcome_only_what_is_ours_is_logged(stack: Stack, monkeypatch: pytest.MonkeyPatch, log: Any) -> None:
    """A vendor's words may quote a message, and what is left on an account is nobody's business in a log."""
    vendor_says(monkeypatch, '{"code": "2001", "message": "13810000001 收到"}'.encode())
    assert "收到" in handle({"account": "ic-main", "kind": "reports"})["problem"]
    vendor_says(monkeypatch, b"ok#4711.5")
    assert handle(sample("poll-balance"))["balance"] == [{"product": "", "amount": "4711.5"}]
    refused, balance = log()
    assert (refused["problem"], refused["outcome"]) == (True, {"pages": 0})
    assert (balance["problem"], balance["outcome"]) == (False, {})
    assert "4711" not in json.dumps([refused, balance])


def test_a_kind_that_the_vendor_lacks_is_skipped(stack: Stack) -> None:
    assert handle({"account": "ly-main", "kind": "reports"}) == {"skipped": "unsupported"}
    assert handle({"account": "ly-main", "kind": "statistics"}) == {"skipped": "unsupported"}


def test_a_kind_that_the_account_does_not_list_is_polled_all_the_same(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor_says(monkeypatch, b"0")
    assert handle({"account": "hb-poll", "kind": "reports"})["pages"] == 1
    assert stack.bodies("receipts") == []  # an empty page holds nothing to keep


def test_the_vendors_pacing_can_forbid_it(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor_says(monkeypatch, b'{"code": "200", "data": [{"residueValue": 7}]}')
    handle({"account": "ic-main", "kind": "balance"})
    outcome = handle({"account": "ic-main", "kind": "balance"})
    assert outcome["skipped"] == "pace"
    assert 2 < outcome["again_in"] <= 21


def test_an_answer_that_got_lost_is_told_by_the_next_run(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, log: Any
) -> None:
    def lost(_request: Request, *, deadline: float, allow_loopback: bool) -> Response:
        raise AmbiguousError("the connection was reset")

    monkeypatch.setattr("smsgateway.calling.transport.call", lost)
    handle(sample("poll-reports"))
    vendor_says(monkeypatch, b"0")
    handle(sample("poll-reports"))
    known = accounts.items_of(stack.table, "hb-main")
    assert [item["alert"] for item in known.values() if "alert" in item] == ["page_maybe_lost"]
    assert len(log()) == 2


def test_a_failure_tells_its_type_only(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_request: Request, *, deadline: float, allow_loopback: bool) -> Response:
        raise ValueError("corp_pwd=hb-p4ssword")

    monkeypatch.setattr("smsgateway.calling.transport.call", fails)
    with pytest.raises(RuntimeError, match=r"^failed with ValueError$") as failed:
        handle(sample("poll-reports"))
    assert failed.value.__suppress_context__
