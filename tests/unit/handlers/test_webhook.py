"""Vendors' pushes, as API Gateway hands them over: what is answered and what is logged (handlers/webhook.py)."""

import base64
import json
from typing import Any

import pytest

from smsgateway import runtime
from smsgateway.queues import parse_vendor_bytes
from tests.doubles.stack import ACCOUNTS, TOKEN, Stack, sample, samples
from tests.unit.receiving.given import NOTHING, REFUSED, REPORTS, at, notes, push, with_body

ACKNOWLEDGEMENTS = {"hb-main": "0", "ic-main": "0", "ly-main": "success", "hj-main": "ok"}


pytestmark = pytest.mark.usefixtures("log")  # nothing secret is told


@pytest.mark.parametrize("name", samples("webhook"))
def test_every_sample_is_taken_with_one_call_and_acknowledged_as_its_vendor_expects(name: str, stack: Stack) -> None:
    event = sample(name)
    push(event)  # warms up
    account, kind = event["pathParameters"]["account"], name.rsplit("-", 1)[1]
    queue = {"reports": "receipts", "inbound": "replies"}[kind]
    stack.bodies(queue)
    stack.calls.clear()
    status, body = push(event)
    assert stack.calls == ["sqs.SendMessage"]
    assert status == 200
    assert body == ACKNOWLEDGEMENTS.get(account) or account == "ic-main"
    (stored,) = stack.bodies(queue)
    receipt = parse_vendor_bytes(json.dumps(stored))
    assert (receipt.account, receipt.kind, receipt.source) == (account, kind, "push")
    assert receipt.body == base64.b64decode(event["body"] or "")
    assert dict(receipt.query) == (event["queryStringParameters"] or {})
    assert abs(receipt.received_at - runtime.now_ms()) < 60_000
    assert set(receipt.headers) <= {"content-type"}


def test_every_vendor_that_pushes_has_samples_of_both_kinds() -> None:
    pushing = {account["vendor"] for account in ACCOUNTS.values() if "push" in account}
    assert samples("webhook") == sorted(
        f"webhook-{vendor}-{kind}" for vendor in pushing for kind in ("inbound", "reports")
    )


def test_the_answer_to_head_has_no_body(stack: Stack) -> None:
    assert push(REPORTS | NOTHING | {"httpMethod": "HEAD"}) == (200, "")
    assert notes(stack) == [("hb-main", "tried")]


def test_without_any_good_accounts_there_is_no_acknowledgement(stack: Stack, log: Any) -> None:
    stack.write_accounts({"accounts": "none"})
    stack.write_accounts({"accounts": "none at all"})  # nor is the one before any better
    assert push(REPORTS) == (503, "9")
    (record,) = log()
    assert (record["level"], record["path"]) == ("ERROR", "accounts")


def test_the_last_good_accounts_stay_in_use(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    assert push(REPORTS)[0] == 200
    stack.secrets.put_secret_value(SecretId="accounts", SecretString="{")
    cache = runtime.accounts_cache()
    cache.refresh()
    assert cache.problem
    assert push(REPORTS)[0] == 200


def test_a_refusal_is_logged_without_what_came(stack: Stack, log: Any) -> None:
    for event in (*REFUSED.values(), with_body(sample("webhook-heji-reports"), b"name=admin&pwd=12345x")):
        push(event)
    records = log()
    assert {(record["level"], record["status"]) for record in records} == {("WARNING", 403)}
    assert len(records) == len(REFUSED) + 1


def test_an_account_that_is_not_ours_is_not_quoted(stack: Stack, log: Any) -> None:
    """A vendor that was given a mistyped address puts the token, or anything else, in the account's place."""
    push(at(REPORTS, account=TOKEN, token="hb-main"))
    (record,) = log()
    assert record["level"] == "WARNING"
    assert "account" not in record
