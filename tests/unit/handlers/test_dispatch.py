"""Wake-ups by SQS (handlers/dispatch.py): each its vendor call, the failed ones back to the queue."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from smsgateway import runtime
from smsgateway.errors import AmbiguousError
from smsgateway.handlers import dispatch
from smsgateway.model import Message, Payload, Personal, Reason, Request, Response, State
from smsgateway.queues import WakeUp, parse_wake_up, wake_up_body
from smsgateway.store import messages, submissions, transitions
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import Table
from tests.doubles import aws
from tests.doubles.stack import DOCUMENT, Context, Stack, sample, samples

URGENT, BULK = sample("dispatch-urgent"), sample("dispatch-bulk")
get_many = Table.get_many
KEYS = [parse_wake_up(record["body"]).key for record in BULK["Records"]]


pytestmark = pytest.mark.usefixtures("log")  # nothing secret is told


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """The requests that were made of the vendor, which takes all of them."""
    made: list[Request] = []

    def answer(request: Request) -> Response:
        made.append(request)
        return Response(200, body=b"0#1")

    answer_with(monkeypatch, answer)
    return made


def answer_with(monkeypatch: pytest.MonkeyPatch, answer: Callable[[Request], Any]) -> None:
    def call(request: Request, *, deadline: float, allow_loopback: bool) -> Any:
        assert 0 < deadline <= 15
        assert allow_loopback is False
        return answer(request)

    monkeypatch.setattr("smsgateway.calling.transport.call", call)


def message(recipients: int) -> Message:
    now = runtime.now_ms()
    return Message(
        id=KEYS[0].message_id,
        client="shop",
        purpose="otp" if recipients == 1 else "notice",
        created_at=now,
        valid_until=now + 300_000,
        route=("hb-main",),
        recipients=recipients,
        segments=recipients,
        content=Personal("您的验证码是1234"),
    )


def accepted(stack: Stack, recipients: int = 1) -> None:
    """A message with as many submissions of one number each."""
    of = message(recipients)
    items = [
        submissions.new_submission(
            key, of, submissions.Share("hb-main", "hbsmservice", 1, 1), ttl=2**31, now=of.created_at
        )
        for key in KEYS[:recipients]
    ]
    if recipients == 1:
        submissions.put_single(stack.table, of, items[0], "13900210021", of.created_at)
        return
    messages.begin_acceptance(stack.table, of, messages.Claim("owner", of.created_at, of.created_at), 2**31)
    for key, item in zip(KEYS, items, strict=True):
        messages.put_payload(stack.table, key, Payload(("13900210021",)), 2**31)
        stack.table.put(item)
    messages.finish_acceptance(stack.table, of.id, "owner")


def submission(stack: Stack, index: int = 0) -> StoredSubmission:
    found = submissions.load_submission(stack.table, KEYS[index])
    assert found
    return found


def handle(event: dict[str, Any], remaining: int = 75_000) -> dict[str, Any]:
    answer: dict[str, Any] = dispatch.handler(event, Context(remaining))  # type: ignore[arg-type]
    return answer


@pytest.mark.parametrize("name", samples("dispatch"))
def test_every_sample_is_sent(name: str, stack: Stack, vendor: list[Request]) -> None:
    event = sample(name)
    count = len(event["Records"])
    accepted(stack, count)
    assert handle(event) == {"batchItemFailures": []}
    assert len(vendor) == count
    assert {submission(stack, index).state for index in range(count)} == {State.SUBMITTED}


@pytest.mark.parametrize(("late", "reads"), [(0, 0), (1, 1)])
def test_a_message_is_marked_at_once_until_the_moment_in_its_wake_up(
    late: int, reads: int, stack: Stack, vendor: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted(stack)
    now = submission(stack).next_at
    monkeypatch.setattr(runtime, "now_ms", lambda: now)
    read = []

    def get_many_seen(*arguments: Any) -> Any:
        read.append(1)
        return get_many(*arguments)

    monkeypatch.setattr(Table, "get_many", get_many_seen)
    (record,) = URGENT["Records"]
    body = wake_up_body(WakeUp(KEYS[0], "hb-main", now - late))
    assert handle({"Records": [record | {"body": body}]}) == {"batchItemFailures": []}
    assert len(vendor) == 1
    assert len(read) == reads


def test_a_repeated_wake_up_sends_nothing(stack: Stack, vendor: list[Request]) -> None:
    accepted(stack)
    assert handle({"Records": URGENT["Records"] * 2}) == {"batchItemFailures": []}
    assert handle(URGENT) == {"batchItemFailures": []}
    assert len(vendor) == 1


def test_a_wake_up_for_nothing_is_done_with(stack: Stack, vendor: list[Request]) -> None:
    assert handle(URGENT) == {"batchItemFailures": []}
    assert vendor == []


def test_one_that_another_worker_sends_comes_again(stack: Stack, vendor: list[Request], log: Any) -> None:
    accepted(stack)
    now = runtime.now_ms()
    transitions.mark(stack.table, submission(stack), "another", now + 75_000, now)
    failures = [{"itemIdentifier": URGENT["Records"][0]["messageId"]}]
    assert handle(URGENT) == {"batchItemFailures": failures}
    assert vendor == []
    assert log() == []  # nothing is wrong


def test_only_the_failed_wake_ups_come_again(stack: Stack, monkeypatch: pytest.MonkeyPatch, log: Any) -> None:
    accepted(stack, 2)
    made: list[Request] = []

    def answer(request: Request) -> Response:
        made.append(request)
        if len(made) == 1:
            raise RuntimeError("http://vendor.example/?mobile=13900210021&pwd=hb-p4ssword")
        return Response(200, body=b"0#1")

    answer_with(monkeypatch, answer)
    assert handle(BULK) == {"batchItemFailures": [{"itemIdentifier": BULK["Records"][0]["messageId"]}]}
    assert [submission(stack, index).state for index in (0, 1)] == [State.SENDING, State.SUBMITTED]
    (record,) = log()
    assert (record["error"], record["submission"]) == ("RuntimeError", KEYS[0].reference)


GOOD = json.loads(URGENT["Records"][0]["body"])
NO_WAKE_UPS: dict[str, Any] = {
    "nothing": "",
    "half an object": "{",
    "depth": "[" * 100_000,
    "a number too long": "9" * 5_000,
    "an empty object": {},
    "a list": [],
    "a list of good ones": [GOOD],
    "a text": "13900210021",
    "null": None,
    "an id that is a number": {"message_id": 5},
    "without a path": {"message_id": GOOD["message_id"]},
    "a path that is a number": GOOD | {"path": 0},
    "an id that is null": GOOD | {"message_id": None},
    "an id that is a list": GOOD | {"message_id": [GOOD["message_id"]]},
    "another kind of id": GOOD | {"message_id": GOOD["message_id"].removeprefix("msg_")},
    "a digit in the wrong place": GOOD | {"message_id": GOOD["message_id"] + "0", "path": "0000"},
    "another alphabet": GOOD | {"message_id": "msg_" + "验" * 26},
    "half a character": GOOD | {"message_id": "msg_" + "\ud800" * 26},
    "a huge id": GOOD | {"message_id": "msg_" + "0" * 200_000},
    "a huge path": GOOD | {"path": "0" * 200_000},
    "a path with a mark of one number": GOOD | {"path": "00000s"},
    "an account that is none": GOOD | {"account": {"name": "hb-main"}},
    "a huge account": GOOD | {"account": "13900210021" * 20_000},
    "a hint that is a text": GOOD | {"clear_until": "13900210021"},
    "a hint that is a fraction": GOOD | {"clear_until": 1.5},
    "a hint that is true": GOOD | {"clear_until": True},
}


@pytest.fixture
def visibility(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What the handler made of the visibility of wake-ups that come again: by queue, in seconds."""
    changed: list[tuple[str, int]] = []

    def change(*, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:  # noqa: N803
        assert ReceiptHandle == URGENT["Records"][0]["receiptHandle"]
        changed.append((QueueUrl.rpartition("-")[2], VisibilityTimeout))

    monkeypatch.setattr(runtime.sqs(), "change_message_visibility", change)
    return changed


def again(record: dict[str, Any], receives: int = 1, queue: str = "urgent") -> dict[str, Any]:
    """The record as the stack's queue delivers it for the n-th time."""
    arn = f"arn:aws:sqs:us-east-1:123456789012:{aws.queue_url(queue).rpartition('/')[2]}"
    attributes = record["attributes"] | {"ApproximateReceiveCount": str(receives)}
    handle = URGENT["Records"][0]["receiptHandle"]
    return record | {"eventSourceARN": arn, "attributes": attributes, "receiptHandle": handle}


@pytest.mark.parametrize("case", NO_WAKE_UPS)
def test_what_is_no_wake_up_is_told_once_and_hinders_no_other(
    case: str, stack: Stack, vendor: list[Request], log: Any, visibility: list[tuple[str, int]]
) -> None:
    """GIVEN a message of another shape WHEN it comes THEN it is told of once, without its content, its other tries
    follow at once until it is a dead letter, and the message beside it is sent."""
    accepted(stack)
    what = NO_WAKE_UPS[case]
    body = what if isinstance(what, str) and case != "a text" else json.dumps(what)
    poison = URGENT["Records"][0] | {"messageId": "poison", "body": body}
    for receives in (1, 2, 10):
        answer = handle({"Records": [again(poison, receives), URGENT["Records"][0]]})
        assert answer == {"batchItemFailures": [{"itemIdentifier": "poison"}]}
    assert len(vendor) == 1
    assert visibility == [("urgent", 0)] * 3
    (told,) = log()
    assert (told["level"], told["sqs_message"]) == ("ERROR", "poison")
    assert "traceback" not in json.dumps(told).lower()
    assert told["problem"] in {
        *("not JSON", "without a message's id and a submission's path"),
        *("names no submission", "with a hint of another shape"),
    }


@pytest.mark.parametrize("queue", ["urgent", "bulk"])
def test_what_failed_comes_again_within_a_passwords_life(
    queue: str, stack: Stack, monkeypatch: pytest.MonkeyPatch, visibility: list[tuple[str, int]]
) -> None:
    accepted(stack)

    def away(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(Table, "get_many", away)
    for receives in range(1, 11):
        record = again(URGENT["Records"][0], receives, queue)
        assert handle({"Records": [record]})["batchItemFailures"]
    assert {name for name, _ in visibility} == {queue}
    pauses = [seconds for _, seconds in visibility]
    assert pauses == sorted(pauses)
    assert sum(pauses[:4]) < 300, "fewer than four further tries within five minutes"
    assert 3600 < sum(pauses[:9]) < 6 * 3600, "an outage of an hour leaves no dead letters"


def test_one_that_another_worker_sends_comes_again_when_that_one_is_over(
    stack: Stack, vendor: list[Request], visibility: list[tuple[str, int]]
) -> None:
    accepted(stack)
    now = runtime.now_ms()
    transitions.mark(stack.table, submission(stack), "another", now + 70_000, now)
    handle({"Records": [again(URGENT["Records"][0], 7)]})
    ((queue, seconds),) = visibility
    assert (queue, 65 < seconds <= 71) == ("urgent", True)


def test_one_for_a_fresh_worker_comes_again_at_once(stack: Stack, visibility: list[tuple[str, int]]) -> None:
    accepted(stack)
    handle({"Records": [again(URGENT["Records"][0], 3)]}, remaining=5_500)
    assert visibility == [("urgent", 0)]


@pytest.mark.parametrize("spoiled", ["the call", "the queue", "the record"])
def test_where_the_visibility_cannot_be_changed_the_queues_own_counts(
    spoiled: str, stack: Stack, vendor: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN an error of ChangeMessageVisibility, or a record without what it needs WHEN wake-ups fail THEN they are the
    batch's failures all the same, and the others are sent."""
    accepted(stack, 2)
    first, second = (again(record, queue="bulk") for record in BULK["Records"][:2])
    if spoiled == "the queue":
        first |= {"eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:another"}
    if spoiled == "the record":
        del first["receiptHandle"], first["eventSourceARN"], first["attributes"]

    def refused(**_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(runtime.sqs(), "change_message_visibility", refused)
    now = runtime.now_ms()
    transitions.mark(stack.table, submission(stack, 0), "another", now + 70_000, now)
    assert handle({"Records": [first, second]}) == {"batchItemFailures": [{"itemIdentifier": first["messageId"]}]}
    assert len(vendor) == 1


def test_without_time_for_a_call_none_is_begun(stack: Stack, vendor: list[Request]) -> None:
    accepted(stack)
    assert handle(URGENT, remaining=5_500)["batchItemFailures"]
    assert (vendor, submission(stack).state) == ([], State.QUEUED)


def test_a_call_ends_before_the_function_does(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    accepted(stack)
    given: list[float] = []

    def call(_request: Request, *, deadline: float, allow_loopback: bool) -> Response:
        given.append(deadline)
        raise AmbiguousError("no answer in time")

    monkeypatch.setattr("smsgateway.calling.transport.call", call)
    handle(URGENT, remaining=12_000)
    assert 6 < given[0] <= 7
    assert submission(stack).state == State.UNCONFIRMED


def test_a_refusal_of_credentials_stands_when_the_secret_cannot_be_read_again(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, log: Any
) -> None:
    accepted(stack)
    runtime.accounts_cache().get()

    def outage() -> str:
        raise ConnectionError("hb-p4ssword")

    monkeypatch.setattr(runtime.accounts_cache(), "_fetch", outage)
    answer_with(monkeypatch, lambda _: Response(200, body=b"107"))
    assert handle(URGENT) == {"batchItemFailures": []}
    refused = submission(stack)
    assert (refused.state, refused.reason) == (State.REFUSED, Reason.CREDENTIALS_REFUSED)
    (record,) = log()
    assert (record["level"], record["account"]) == ("WARNING", "hb-main")
    assert "ConnectionError" in record["message"]


def test_credentials_that_have_just_been_changed_are_tried(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    accepted(stack)
    runtime.accounts_cache().get()
    changed = json.loads(json.dumps(DOCUMENT))
    changed["accounts"][0]["credentials"]["corp_pwd"] = "another-p4ssword"
    stack.secrets.put_secret_value(SecretId="accounts", SecretString=json.dumps(changed))
    answer_with(monkeypatch, lambda _: Response(200, body=b"107"))
    assert handle(URGENT) == {"batchItemFailures": []}
    assert submission(stack).state == State.WAITING


def test_a_scheduled_wake_up_goes_back_with_a_delay(stack: Stack, vendor: list[Request]) -> None:
    later = runtime.now_ms() + 50_000
    of = replace(message(1), send_at=later, valid_until=later + 300_000)
    item = submissions.new_submission(
        KEYS[0], of, submissions.Share("hb-main", "hbsmservice", 1, 1), ttl=2**31, now=of.created_at
    )
    submissions.put_single(stack.table, of, item, "13900210021", of.created_at)
    stack.calls.clear()
    assert handle(URGENT) == {"batchItemFailures": []}
    assert vendor == []
    assert "sqs.SendMessage" in stack.calls
