"""`make redrive` moves what was dead when it began, and loses nothing (tests/local/redrive.py)."""

import time
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.doubles import aws
from tests.local import redrive
from tests.local.redrive import move
from tests.local.stack import Stack

DEAD, ALIVE = "receipts-dead", "receipts"


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(redrive, "WAIT", 0)
    for name, value in aws.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.client("sqs")
        aws.create_queues(client)
        yield client


def put(sqs: Any, queue: str, count: int) -> list[dict[str, Any]]:
    bodies = [f'{{"number": {number}}}' for number in range(count)]
    for body in bodies:
        sqs.send_message(QueueUrl=aws.queue_url(queue), MessageBody=body)
    return [{"number": number} for number in range(count)]


def numbers(found: list[dict[str, Any]]) -> list[int]:
    return sorted(message["number"] for message in found)


def test_everything_goes_back_and_is_counted(sqs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put(sqs, DEAD, 23)
    put(sqs, "urgent", 2)
    queues = {name: aws.queue_url(name) for name in ("urgent", "receipts", "receipts-dead", "fanout-dead")}
    stack = Stack("", "", "", "", "", "", "", "", queues)
    monkeypatch.setattr(Stack, "client", lambda *_: sqs)
    assert redrive.redrive(stack) == {"receipts": 23}
    assert numbers(aws.bodies(sqs, ALIVE)) == list(range(23))
    assert aws.bodies(sqs, DEAD) == []
    assert len(aws.bodies(sqs, "urgent")) == 2


def test_what_fails_again_meanwhile_stays(sqs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN messages that come back to the dead-letter queue as fast as they are moved WHEN they are moved THEN each is
    moved once, and can be seen there afterwards."""
    put(sqs, DEAD, 12)
    send = sqs.send_message

    def fails_again(*, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803  boto3's names
        send(QueueUrl=aws.queue_url(DEAD), MessageBody=MessageBody)

    monkeypatch.setattr(sqs, "send_message", fails_again)
    wait_for_a_millisecond()
    assert move(sqs, aws.queue_url(DEAD), aws.queue_url(ALIVE)) == 12
    assert numbers(aws.bodies(sqs, DEAD)) == list(range(12))


def wait_for_a_millisecond() -> None:
    begun = int(time.time() * 1000)
    while int(time.time() * 1000) == begun:
        pass


@pytest.mark.parametrize(("seconds", "ours"), [(0, True), (1.9, True), (-300, False), (300, False)])
def test_a_clock_that_is_off_does_not_count(sqs: Any, seconds: float, ours: bool) -> None:
    """GIVEN a machine whose clock is minutes ahead WHEN a message fails again as it is moved THEN it is not moved again
    for minutes: the moment is that of SQS, which stamps the messages."""
    there = time.time() + seconds
    sqs.meta.events.register(
        "after-call.sqs.GetQueueAttributes",
        lambda parsed, **_: parsed["ResponseMetadata"]["HTTPHeaders"].update(date=formatdate(there, usegmt=True)),
    )
    here = time.time() * 1000
    assert abs(redrive.now_there(sqs, aws.queue_url(DEAD)) - (here if ours else there * 1000)) < 1000


@pytest.mark.parametrize("moved_before", [0, 3])
def test_an_end_in_between_loses_nothing(sqs: Any, monkeypatch: pytest.MonkeyPatch, moved_before: int) -> None:
    put(sqs, DEAD, 5)
    monkeypatch.setattr(redrive, "HIDDEN", 0)
    delete, left = sqs.delete_message, [None] * moved_before

    def dies(**request: Any) -> None:
        if not left:
            raise KeyboardInterrupt
        left.pop()
        delete(**request)

    wait_for_a_millisecond()
    with monkeypatch.context() as patch:
        patch.setattr(sqs, "delete_message", dies)
        with pytest.raises(KeyboardInterrupt):
            move(sqs, aws.queue_url(DEAD), aws.queue_url(ALIVE))
    found = numbers(aws.bodies(sqs, DEAD)) + numbers(aws.bodies(sqs, ALIVE))
    assert set(found) == set(range(5))
    assert len(found) == 6, "the one that was under way is there twice"
