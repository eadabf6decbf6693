"""The commands of the pages and the consumer of events/README.md, run as they stand against the deployed stack.

The commands of README.md and of the pages that go on in its shell run in one shell, in their order.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.e2e.conftest import PATIENCE, Gateway
from tests.local.process import ROOT, clean_environment
from tests.tools.pages import RULES, commands_of, consumer, local_commands, statuses

# Notes the status of each call, and leaves everything else of it alone.
CURL = """curl() { command curl -w '%{stderr}%{http_code}\\n' "$@" 2>>statuses; }
"""


def test_the_commands_get_the_statuses_that_the_pages_say(gateway: Gateway, tmp_path: Path) -> None:
    gateway.world.stack.save(tmp_path / ".local" / "stack.json")
    env = clean_environment() | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    commands = [*local_commands(), *commands_of(RULES)]
    expected = [status for block in commands for status in statuses(block)]

    shell = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", CURL + "".join(commands)],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    got = [int(status) for status in (tmp_path / "statuses").read_text(encoding="utf-8").split()]
    assert got == expected, shell.stdout + shell.stderr
    assert shell.returncode == 0, shell.stderr
    assert len(got) > 35


def test_the_consumer_gets_events(gateway: Gateway) -> None:
    formation = gateway.world.stack.client("cloudformation")
    name = f"{gateway.world.stack.stack_name}-consumer"
    formation.create_stack(
        StackName=name,
        TemplateBody=consumer(),
        Parameters=[{"ParameterKey": "EventBus", "ParameterValue": gateway.world.stack.event_bus}],
    )
    formation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    outputs = formation.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
    (queue_url,) = [output["OutputValue"] for output in outputs if output["OutputKey"] == "QueueUrl"]

    message_id = gateway.send(to=gateway.number(), text="给消费者", account="hb-1", purpose="otp")

    event = first_about(gateway, queue_url, message_id)
    formation.delete_stack(StackName=name)
    sample: dict[str, Any] = json.loads((ROOT / "events" / "bus-delivered.json").read_text(encoding="utf-8"))
    assert event["detail-type"] == "Message Delivered"
    assert set(event) == set(sample)
    assert set(event["detail"]) == set(sample["detail"])


def first_about(gateway: Gateway, queue_url: str, message_id: str) -> dict[str, Any]:
    """The first event about a message in a queue."""
    sqs = gateway.world.stack.client("sqs")
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            event: dict[str, Any] = json.loads(message["Body"])
            if event["detail"].get("message_id") == message_id:
                return event
    raise AssertionError("no event came")
