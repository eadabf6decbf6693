"""What the functions hold between calls (runtime.py), as far as no handler's own test shows it."""

from collections.abc import Callable
from typing import Any

import pytest

from smsgateway import runtime
from smsgateway.model import Account, Request, Response
from smsgateway.store.write_pace import FilingPace


@pytest.mark.parametrize(("variable", "allowed"), [("true", True), ("false", False), (None, False)])
def test_every_vendor_call_knows_the_stacks_word_on_this_machine(
    variable: str | None, allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, Any]] = []

    def call(_request: Request, **bounds: Any) -> Response:
        seen.append(bounds)
        return Response(200)

    monkeypatch.delenv("ALLOW_LOOPBACK_VENDORS", raising=False)
    if variable:
        monkeypatch.setenv("ALLOW_LOOPBACK_VENDORS", variable)
    runtime.environment.cache_clear()
    account = Account("hb", "hbsmservice", "http://vendor.example", {})
    runtime.vendor_call(call)(account, Request("GET", "http://vendor.example"), 3.0)
    runtime.environment.cache_clear()

    assert seen == [{"deadline": 3.0, "allow_loopback": allowed}]


def test_the_table_knows_what_time_it_is(in_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or what has expired would be read until DynamoDB deletes it."""
    monkeypatch.setenv("TABLE_NAME", "gateway")
    runtime.environment.cache_clear()
    runtime.table.cache_clear()
    before = runtime.now_ms()
    assert before <= runtime.table().now() <= runtime.now_ms()
    runtime.environment.cache_clear()
    runtime.table.cache_clear()


def test_strange_codes_of_a_batch_are_logged_without_what_they_are_about(
    in_aws: None, monkeypatch: pytest.MonkeyPatch, log: Callable[[], list[dict[str, Any]]]
) -> None:
    monkeypatch.setenv("TABLE_NAME", "gateway")
    runtime.environment.cache_clear()
    runtime.table.cache_clear()
    told = runtime.table().failed
    assert told
    told({"AccessDenied": 25})
    runtime.environment.cache_clear()
    runtime.table.cache_clear()

    (entry,) = log()
    assert (entry["level"], entry["message"]) == ("ERROR", "statements of a batch failed")
    assert entry["codes"] == {"AccessDenied": 25}


def test_large_filings_of_a_process_have_one_pace(in_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLE_NAME", "gateway")
    runtime.environment.cache_clear()
    runtime.table.cache_clear()
    assert isinstance(runtime.table().pace, FilingPace)
    runtime.environment.cache_clear()
