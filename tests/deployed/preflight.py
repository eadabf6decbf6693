"""What `make deploy` looks at before it begins, because CloudFormation would find it late, or nobody ever.

Sources: CloudFormation's and Lambda's rules for names, the quotas of Lambda ("Concurrent executions", and those that
must stay unreserved), SQS's QueueDeletedRecently, Parameter Store's reserved prefixes.
"""

import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tests.deployed.stack import Clients, described
from tests.tools.template import FUNCTIONS, ROOT, TEMPLATE

LONGEST_FUNCTION_NAME = 64
LONGEST_STACK_NAME = LONGEST_FUNCTION_NAME - max(len(f"-{name}") for name in FUNCTIONS)
RESERVED_PREFIXES = ("aws", "ssm")  # Parameter Store refuses them: the usage plan's is /<stack>/usage-plan
NAME_FREE_AFTER = timedelta(seconds=60)  # of a queue that was deleted
# Parameter → the queues that it is for: replies have one beside that of reports.
READERS = {"UrgentConcurrency": 1, "BulkConcurrency": 1, "ReceiptConcurrency": 2}
LEAST = 2  # readers of a queue; Lambda
OTHERS = 4  # executions beside them: for a client, a push, events, and the run of a minute
UNRESERVED = 100  # that AWS wants to be left


@dataclass(frozen=True)
class Plan:
    """What is about to be deployed: samconfig.toml's settings."""

    stack: str
    region: str | None
    profile: str | None
    parameters: Mapping[str, str]


def plan(path: Path = ROOT / "samconfig.toml") -> Plan:
    """The settings that `sam deploy` will take."""
    sections = tomllib.loads(path.read_text(encoding="utf-8"))["default"]
    shared, own = (sections.get(name, {}).get("parameters", {}) for name in ("global", "deploy"))
    settings = shared | own
    return Plan(
        settings["stack_name"],
        settings.get("region"),
        settings.get("profile"),
        _overrides(settings.get("parameter_overrides", {})),
    )


def _overrides(given: Any) -> dict[str, str]:
    """SAM takes a text, a list of texts, or a table."""
    if isinstance(given, dict):
        return {name: str(value) for name, value in given.items()}
    words = shlex.split(given) if isinstance(given, str) else given
    return dict(word.split("=", 1) for word in words)


def problems(wanted: Plan, client: Clients, now: datetime) -> Iterator[str]:
    """What is in the way of the deployment, each in a sentence that says what to do."""
    if wrong := problem_with_name(wanted.stack):
        yield wrong
        return
    existing = described(wanted.stack, client)
    if existing is None:
        yield from _deleted_just_now(wanted.stack, client, now)
    before = {each["ParameterKey"]: each["ParameterValue"] for each in (existing or {}).get("Parameters", [])}
    yield from _too_few_executions(wanted, before, client)


def problem_with_name(name: str) -> str:
    """Why a stack cannot have this name, or nothing."""
    if not re.fullmatch("[A-Za-z][A-Za-z0-9-]*", name):
        return f"the stack's name {name}: letters, digits and hyphens only, and a letter first"
    if len(name) > LONGEST_STACK_NAME:
        return (
            f"the stack's name {name} has {len(name)} characters: at most {LONGEST_STACK_NAME}, for its functions' "
            f"names begin with it and may have {LONGEST_FUNCTION_NAME}"
        )
    if name.lower().startswith(RESERVED_PREFIXES):
        return f"the stack's name {name} begins with aws or ssm, which AWS keeps for its own parameters: choose another"
    return ""


def _deleted_just_now(name: str, client: Clients, now: datetime) -> Iterator[str]:
    formation = client("cloudformation")
    pages = formation.get_paginator("list_stacks").paginate(StackStatusFilter=["DELETE_COMPLETE"])
    gone = [stack for page in pages for stack in page["StackSummaries"] if stack["StackName"] == name]
    for stack in gone:
        if now - stack["DeletionTime"] > timedelta(hours=1):
            continue
        resources = formation.describe_stack_resources(StackName=stack["StackId"])["StackResources"]
        times = [each["Timestamp"] for each in resources if each["ResourceType"] == "AWS::SQS::Queue"]
        free = max(times, default=stack["DeletionTime"]) + NAME_FREE_AFTER
        if free > now:
            seconds = int((free - now).total_seconds()) + 1
            yield (
                f"a stack {name} was deleted a moment ago, and SQS keeps its queues' names for a minute: try again in "
                f"{seconds} s"
            )


def _too_few_executions(wanted: Plan, before: Mapping[str, str], client: Clients) -> Iterator[str]:
    def value(name: str, *places: Mapping[str, str]) -> int:
        found = next((place[name] for place in places if name in place), TEMPLATE["Parameters"][name]["Default"])
        return int(found)

    functions = client("lambda")
    region = functions.meta.region_name
    try:
        limit = functions.get_account_settings()["AccountLimit"]
    except ClientError as error:
        print(f"not looked at: how many functions this account may run at once ({error.response['Error']['Code']})")
        return
    unreserved = limit["UnreservedConcurrentExecutions"]
    readers = {name: value(name, wanted.parameters, before) for name in READERS}
    together = sum(readers[name] * queues for name, queues in READERS.items())
    new = {name: value(name, wanted.parameters, before) for name in ("WebhookReserved", "SendReserved")}
    old = sum(value(name, before) for name in new) if before else 0
    left = unreserved + old - sum(new.values())
    more = (
        "Ask AWS for more (aws service-quotas request-service-quota-increase --service-code lambda "
        "--quota-code L-B99A9384 --desired-value 1000)"
    )
    if sum(new.values()) and left < UNRESERVED:
        yield (
            f"AWS runs at most {limit['ConcurrentExecutions']} functions of this account at once in {region}: with "
            f"{_listed(new)}, {left} would stay unreserved, and AWS wants {UNRESERVED}. {more}, or reserve fewer."
        )
    elif together + OTHERS > left:
        enough = left - OTHERS >= LEAST * sum(READERS.values())
        less = f" Or set these so that they come to at most {left - OTHERS}, in samconfig.toml." if enough else ""
        yield (
            f"AWS runs at most {left} functions of this account at once in {region} that nothing is reserved for, and "
            f"the queues' readers alone may be {together} ({_listed(readers)}, the last for reports and for replies): "
            f"clients and vendors' pushes would get errors in their place. {more}.{less}"
        )


def _listed(values: Mapping[str, int]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())


def now() -> datetime:
    return datetime.now(UTC)
