"""What all end-to-end tests have left: nobody got a text twice, nothing secret is in a log, nothing died.

The file's name puts it last.
"""

import json
import re
from collections.abc import Iterator

from tests.e2e.conftest import Gateway


def log_lines(gateway: Gateway) -> Iterator[str]:
    logs = gateway.world.stack.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        for stream in logs.describe_log_streams(logGroupName=name)["logStreams"]:
            events = logs.get_log_events(logGroupName=name, logStreamName=stream["logStreamName"])["events"]
            yield from (event["message"] for event in events)


def secrets_of(document: object) -> Iterator[str]:
    """Every credential and token of an accounts document."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key in ("credentials", "push"):
                yield from re.findall(r'"([^"]{8,})"', json.dumps(list(_values(value))))
            else:
                yield from secrets_of(value)
    elif isinstance(document, list):
        for item in document:
            yield from secrets_of(item)


def _values(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _values(item)
    elif isinstance(value, list):
        for item in value:
            yield from _values(item)
    else:
        yield value


def test_nobody_got_a_text_twice(gateway: Gateway) -> None:
    assert gateway.vendors.message_count() > 0
    assert gateway.vendors.duplicates() == []


def test_no_log_holds_a_secret_a_number_or_a_text(gateway: Gateway) -> None:
    stack = gateway.world.stack
    document = json.loads(
        stack.client("secretsmanager").get_secret_value(SecretId=stack.accounts_secret)["SecretString"]
    )
    secrets = {*secrets_of(document), stack.api_key}
    lines = list(log_lines(gateway))
    assert any("polled" in line for line in lines), "the logs were read"
    for line in lines:
        assert not [secret for secret in secrets if secret in line], "a secret is in a log"
        assert not re.search(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])", line), "a number is in a log"
        assert not re.search("[\u4e00-\u9fff]{4}", line), "a text is in a log"


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
