"""A signature that an operator does not know: reports say so, its account is left out, and forgetting ends that."""

import time
from typing import Any
from urllib.parse import quote

from tests.e2e.conftest import PATIENCE, Gateway

NEW = "新签名"
UNFILED = "9005"  # langyu reports SIGNERR


def states(gateway: Gateway) -> list[dict[str, Any]]:
    answer = gateway.api.get("/signatures")
    assert answer.status == 200, answer
    found = {item["signature"]: item["states"] for item in answer.body["items"]}
    of_new: list[dict[str, Any]] = found.get(NEW, [])
    return of_new


def test_a_signature_that_reports_refuse_is_left_out_until_it_is_forgotten(gateway: Gateway) -> None:
    forget = f"/signatures/learned?signature={quote(NEW)}&account=ly-1"
    assert gateway.api.delete(forget).status == 404
    for _ in range(3):
        gateway.send(to=gateway.number(UNFILED), text="您好", account="ly-1", signature=NEW)
    deadline = time.monotonic() + PATIENCE
    while not (found := states(gateway)):
        assert time.monotonic() < deadline, "nothing was learned"
        time.sleep(1)
    assert [(each["account"], each["carrier"], each["state"]) for each in found] == [("ly-1", "mobile", "refused")]
    assert found[0]["vendor_status"] == "SIGNERR"
    account = gateway.api.get("/accounts/ly-1").body
    assert NEW in [item["signature"] for item in account["signatures"]]
    assert "signature_refused" in [alert["alert"] for alert in account["alerts"]]

    given = {"to": gateway.number(), "text": "您好", "signature": NEW, "account": "ly-1"}
    refused = gateway.api.post("/messages", given)
    assert (refused.status, refused.body["title"]) == (422, "No account can carry this")
    assert [error["loc"] for error in refused.body["errors"]] == ["signature"]

    assert gateway.api.delete(forget).status == 204
    planned = gateway.api.post("/messages", {**given, "dry_run": True})
    assert planned.status == 200, planned
    assert [step["account"] for step in planned.body["plan"]["route"]] == ["ly-1"]
