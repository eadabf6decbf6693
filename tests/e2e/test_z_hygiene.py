"""What all end-to-end tests have left: nobody got a text twice, nothing secret is in a log, nothing died.

The file's name puts it last.
"""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from tests.e2e.conftest import PATIENCE, Gateway
from tests.e2e.said import Said, chinese
from tests.tools.template import FUNCTIONS

CANARY = "/canary"
STREAMS = 60


def logs_of(gateway: Gateway) -> dict[str, str]:
    """Every log group's name and all that was written to it."""
    logs = gateway.world.stack.client("logs")
    groups = [group for page in logs.get_paginator("describe_log_groups").paginate() for group in page["logGroups"]]
    return {group["logGroupName"]: "\n".join(lines_of(logs, group["logGroupName"])) for group in groups}


def lines_of(logs: Any, group: str) -> Iterator[str]:
    """Everything in a log group: of all streams, from the first page to the last."""
    for page in logs.get_paginator("describe_log_streams").paginate(logGroupName=group):
        for stream in page["logStreams"]:
            request = {"logGroupName": group, "logStreamName": stream["logStreamName"], "startFromHead": True}
            answer = logs.get_log_events(**request)
            while answer["events"]:
                yield from (event["message"] for event in answer["events"])
                answer = logs.get_log_events(**request, nextToken=answer["nextForwardToken"])


def wait_for_silence(gateway: Gateway) -> None:
    """Until nothing is under way any more that could still write to a log."""
    gateway.vendors.wait_until_idle()
    sqs, deadline = gateway.world.stack.client("sqs"), time.monotonic() + PATIENCE
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    for name in ("urgent", "bulk", "receipts", "replies"):
        url = gateway.world.stack.queues[name]
        while any(int(n) for n in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"].values()):
            assert time.monotonic() < deadline, f"{name} is never empty"
            gateway.tap.receive()


def everything_said(gateway: Gateway) -> Said:
    """What the tests have noted, what vendors and bus know of it, and who everybody is."""
    stack, said = gateway.world.stack, gateway.said
    secret = stack.client("secretsmanager").get_secret_value(SecretId=stack.accounts_secret)["SecretString"]
    for entry in json.loads(secret)["accounts"]:
        said.note_secrets([entry["credentials"], entry.get("push", {})])
    said.secrets.discard("gateway")  # a simulator's name for us, and a part of the stack's
    said.note(gateway.vendors.messages())
    said.note([event["detail"] for event in gateway.tap.events])
    return said


def write_everything(gateway: Gateway, said: Said) -> None:
    """A log group with all that must be found, in several guises and in more streams than one answer names."""
    logs, now = gateway.world.stack.client("logs"), int(time.time() * 1000)
    logs.create_log_group(logGroupName=CANARY)
    number = gateway.number()
    said.numbers.add(number)
    text = max(filter(chinese, said.texts), key=len)
    lines = [
        json.dumps({"secret": max(said.secrets)}),
        f"mobile=86{number}",
        base64.b64encode(f"x={number}".encode()).decode(),
        json.dumps({"text": text}),
        quote(text, encoding="gb18030", errors="replace"),
    ]
    for index in range(STREAMS):
        stream, last = f"{index:03d}", index - (STREAMS - len(lines))
        logs.create_log_stream(logGroupName=CANARY, logStreamName=stream)
        event = {"timestamp": now, "message": lines[last] if last >= 0 else "nothing"}
        logs.put_log_events(logGroupName=CANARY, logStreamName=stream, logEvents=[event])


def test_nobody_got_a_text_twice(gateway: Gateway) -> None:
    assert gateway.vendors.message_count() > 0
    assert [again for again in gateway.vendors.duplicates() if again["number"] not in gateway.resent] == []


def test_no_log_holds_a_secret_a_number_or_a_text(gateway: Gateway) -> None:
    wait_for_silence(gateway)
    said = everything_said(gateway)
    assert len(said.secrets) > 20
    assert len(said.numbers) > 1000
    assert len(said.texts) > 40
    write_everything(gateway, said)

    logs = logs_of(gateway)

    functions = {f"/aws/lambda/{gateway.world.stack.stack_name}-{name}" for name in FUNCTIONS}
    assert functions <= {name for name, text in logs.items() if text}, "every function has written something"
    found = {name: examples for name, text in logs.items() if (examples := said.found_in(text))}
    kinds = {name: set(examples) for name, examples in found.items()}
    assert kinds == {CANARY: {"a secret", "a number", "a text", "Chinese"}}, found


def test_every_fact_has_one_event_id(gateway: Gateway) -> None:
    by_fact: dict[tuple[str, str, str, str], set[str]] = {}
    for event in gateway.tap.events:
        detail = event["detail"]
        if event["detail-type"] in ("Message Delivered", "Message Undelivered"):
            fact = (event["detail-type"], detail["message_id"], detail["to"], detail["status"])
            by_fact.setdefault(fact, set()).add(detail["event_id"])
    assert by_fact
    assert all(len(ids) == 1 for ids in by_fact.values())


def test_no_dead_letter_is_left(gateway: Gateway) -> None:
    sqs = gateway.world.stack.client("sqs")
    for name in ("urgent-dead", "bulk-dead", "fanout-dead", "runs-dead"):
        attributes = sqs.get_queue_attributes(
            QueueUrl=gateway.world.stack.queues[name], AttributeNames=["ApproximateNumberOfMessages"]
        )
        assert attributes["Attributes"]["ApproximateNumberOfMessages"] == "0", name
