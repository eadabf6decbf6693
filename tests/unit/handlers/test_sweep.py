"""The minute's look at what is due (handlers/sweep.py)."""

import json
from typing import Any

import pytest

from smsgateway import runtime
from smsgateway.handlers import sweep
from smsgateway.ids import SubmissionKey
from smsgateway.model import Message, Personal, State
from smsgateway.store import submissions, transitions
from smsgateway.store.submissions import WAKE_UP_LOST
from tests.doubles.stack import Context, Stack, sample, samples

KEY = SubmissionKey("msg_" + "1" * 26, "00000")


pytestmark = pytest.mark.usefixtures("log")  # nothing secret is told


def handle(event: dict[str, Any], remaining: int = 300_000) -> dict[str, Any]:
    answer: dict[str, Any] = sweep.handler(event, Context(remaining))  # type: ignore[arg-type]
    json.dumps(answer)
    return answer


def accepted(stack: Stack, ago: int) -> None:
    """A message to one number, whose wake-up got lost `ago` milliseconds ago."""
    now = runtime.now_ms() - ago
    of = Message(KEY.message_id, "shop", "otp", now, now + 300_000_000, ("hb-main",), 1, 1, Personal("您的验证码是1"))
    item = submissions.new_submission(KEY, of, submissions.Share("hb-main", "hbsmservice", 1, 1), ttl=2**31, now=now)
    submissions.put_single(stack.table, of, item, "13900210021", now)


@pytest.mark.parametrize("name", samples("sweep"))
def test_every_sample_looks_at_what_is_due(name: str, stack: Stack, log: Any) -> None:
    assert handle(sample(name)) == {"looked": 0, "failed": 0}
    assert log() == []
    accepted(stack, WAKE_UP_LOST + 1_000)
    assert handle(sample(name)) == {"looked": 1, "failed": 0}
    assert stack.bodies("urgent") == [{"message_id": KEY.message_id, "path": KEY.path, "account": "hb-main"}]
    assert handle(sample(name)) == {"looked": 0, "failed": 0}
    (record,) = log()
    assert (record["looked"], record["failed"]) == (1, 0)


def test_what_is_not_due_is_left_alone(stack: Stack) -> None:
    accepted(stack, 0)
    assert handle(sample("sweep-schedule")) == {"looked": 0, "failed": 0}


def test_a_dead_worker_leaves_its_submission_unconfirmed(stack: Stack) -> None:
    accepted(stack, WAKE_UP_LOST + 1_000)
    found = submissions.load_submission(stack.table, KEY)
    assert found
    now = runtime.now_ms()
    transitions.mark(stack.table, found, "dead", now - 1, now)
    handle(sample("sweep-schedule"))
    expired = submissions.load_submission(stack.table, KEY)
    assert expired
    assert expired.state == State.UNCONFIRMED


def test_an_item_that_cannot_be_seen_to_hinders_no_other_and_is_told_by_its_kind(stack: Stack, log: Any) -> None:
    accepted(stack, WAKE_UP_LOST + 1_000)
    past = f"{runtime.now_ms() - 1:013d}"
    for shard in range(8):
        broken = {
            "pk": f"parts#ly-main#13900210021#{shard}",
            "sk": "000000",
            "due_at": past,
            "due_shard": f"due#{shard}",
        }
        stack.table.put(broken)
    with pytest.raises(RuntimeError, match="ItemsFailedError"):  # so that its failure queue knows
        handle(sample("sweep-schedule"))
    assert len(stack.bodies("urgent")) == 1
    errors = [record for record in log() if record["level"] == "ERROR"]
    assert {(record["item"], record["error"]) for record in errors} == {("parts", "KeyError")}


def test_a_run_stops_in_time(stack: Stack, log: Any) -> None:
    for number in range(3):
        past = f"{runtime.now_ms() - 1:013d}"
        stack.table.put({"pk": f"account#{number}", "sk": "poll#reports", "due_at": past, "due_shard": "due#0"})
    with pytest.raises(RuntimeError, match="ItemsFailedError"):
        handle(sample("sweep-schedule"), remaining=sweep.TIME_TO_STOP)
    (record,) = [record for record in log() if record["level"] == "ERROR"]
    assert record["item"] == "account"
