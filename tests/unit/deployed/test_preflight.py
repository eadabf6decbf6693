"""What `make deploy` refuses before it begins, and with what sentence. AWS's answers are held to botocore's models."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tests.deployed import preflight
from tests.deployed.preflight import Plan, plan, problem_with_name, problems
from tests.doubles import aws
from tests.tools.template import FUNCTIONS

NOW = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)
STACK_ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/sms-gateway/4b1d"


class Aws:
    """Clients whose answers are laid out beforehand."""

    def __init__(self) -> None:
        made = boto3.client
        self.clients: dict[str, Any] = {
            name: made(name, region_name=aws.REGION, aws_access_key_id="a", aws_secret_access_key="b")
            for name in ("cloudformation", "lambda")
        }
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        for stub in self.stubs.values():
            stub.activate()

    def no_stack(self, *deleted: dict[str, Any]) -> None:
        stub = self.stubs["cloudformation"]
        message = "Stack with id sms-gateway does not exist"
        stub.add_client_error("describe_stacks", "ValidationError", message, 400)
        stub.add_response("list_stacks", {"StackSummaries": list(deleted)}, {"StackStatusFilter": ["DELETE_COMPLETE"]})

    def stack(self, **parameters: str) -> None:
        shown = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
        found = {"StackName": "sms-gateway", "CreationTime": NOW, "StackStatus": "CREATE_COMPLETE", "Parameters": shown}
        self.stubs["cloudformation"].add_response("describe_stacks", {"Stacks": [found]}, {"StackName": "sms-gateway"})

    def limit(self, limit: int, unreserved: int | None = None) -> None:
        found = {
            "ConcurrentExecutions": limit,
            "UnreservedConcurrentExecutions": limit if unreserved is None else unreserved,
        }
        self.stubs["lambda"].add_response("get_account_settings", {"AccountLimit": found}, {})

    def client(self, service: str) -> Any:
        return self.clients[service]


@pytest.fixture
def behind() -> Aws:
    return Aws()


def found(behind: Aws, name: str = "sms-gateway", **parameters: str) -> list[str]:
    return list(problems(Plan(name, None, None, parameters), behind.client, NOW))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sms-gateway", ""),
        ("a" * 55, ""),
        ("a" * 56, "at most 55"),
        ("sms_gateway", "letters, digits and hyphens"),
        ("1sms", "a letter first"),
        ("AwsSms", "begins with aws or ssm"),
        ("ssm-gateway", "begins with aws or ssm"),
        ("sms-aws", ""),
    ],
)
def test_a_name_that_would_fail_late_is_refused_at_once(name: str, said: str) -> None:
    problem = problem_with_name(name)
    assert said in problem
    assert bool(problem) == bool(said)


def test_the_longest_name_lets_every_function_have_its_own() -> None:
    name = "a" * preflight.LONGEST_STACK_NAME
    assert max(len(f"{name}-{function}") for function in FUNCTIONS) == 64


def test_a_bad_name_asks_aws_nothing(behind: Aws) -> None:
    (problem,) = found(behind, "aws-sms")
    assert "begins with aws" in problem


def test_an_account_with_room_is_fine(behind: Aws) -> None:
    behind.no_stack()
    behind.limit(1000)
    assert found(behind) == []


def test_an_account_of_ten_is_told_what_it_needs(behind: Aws) -> None:
    behind.no_stack()
    behind.limit(10)
    (problem,) = found(behind)
    assert "at most 10 functions of this account at once in us-east-1" in problem
    assert "200 (UrgentConcurrency=50, BulkConcurrency=50, ReceiptConcurrency=50, the last for" in problem
    assert "request-service-quota-increase" in problem
    assert "samconfig.toml" not in problem, "four queues with two readers each leave too little of ten"


def test_what_it_is_told_is_enough(behind: Aws) -> None:
    behind.no_stack()
    behind.limit(100)
    (problem,) = found(behind)
    assert "come to at most 96, in samconfig.toml" in problem
    behind.no_stack()
    behind.limit(100)
    assert found(behind, UrgentConcurrency="50", BulkConcurrency="6", ReceiptConcurrency="20") == []
    behind.no_stack()
    behind.limit(100)
    assert len(found(behind, UrgentConcurrency="50", BulkConcurrency="7", ReceiptConcurrency="20")) == 1


def test_what_the_stack_has_counts_where_nothing_is_said(behind: Aws) -> None:
    behind.stack(UrgentConcurrency="2", BulkConcurrency="2", ReceiptConcurrency="2")
    behind.limit(20)
    assert found(behind) == []


def test_a_reservation_leaves_what_aws_wants_left(behind: Aws) -> None:
    behind.no_stack()
    behind.limit(200)
    (problem,) = found(behind, WebhookReserved="60", SendReserved="50")
    assert "WebhookReserved=60, SendReserved=50, 90 would stay unreserved, and AWS wants 100" in problem


def test_its_own_reservations_are_not_counted_twice(behind: Aws) -> None:
    behind.stack(WebhookReserved="50", SendReserved="40")
    behind.limit(400, unreserved=310)
    assert found(behind, WebhookReserved="50", SendReserved="50") == []


def test_without_the_right_to_ask_for_limits_it_goes_on(behind: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    behind.no_stack()
    behind.stubs["lambda"].add_client_error("get_account_settings", "AccessDeniedException", "no", 403)
    assert found(behind) == []
    assert "not looked at" in capsys.readouterr().out


def deleted(seconds_ago: float) -> dict[str, Any]:
    at = NOW - timedelta(seconds=seconds_ago)
    summary = {"StackName": "sms-gateway", "StackId": STACK_ID, "CreationTime": at, "DeletionTime": at}
    return summary | {"StackStatus": "DELETE_COMPLETE"}


def queue_deleted(behind: Aws, seconds_ago: float) -> None:
    resource = {
        "LogicalResourceId": "UrgentQueue",
        "ResourceType": "AWS::SQS::Queue",
        "Timestamp": NOW - timedelta(seconds=seconds_ago),
        "ResourceStatus": "DELETE_COMPLETE",
    }
    behind.stubs["cloudformation"].add_response(
        "describe_stack_resources", {"StackResources": [resource]}, {"StackName": STACK_ID}
    )


@pytest.mark.parametrize(("queue", "waits"), [(20, True), (59, True), (61, False)])
def test_queues_names_are_free_after_a_minute(behind: Aws, queue: float, waits: bool) -> None:
    """The stack's deletion began before that of its queues."""
    behind.no_stack(deleted(120))
    queue_deleted(behind, queue)
    behind.limit(1000)
    problem = found(behind)
    assert bool(problem) == waits
    if waits:
        assert f"try again in {60 - queue + 1} s" in problem[0]


def test_a_deletion_of_long_ago_is_no_matter(behind: Aws) -> None:
    behind.no_stack(deleted(7200))
    behind.limit(1000)
    assert found(behind) == []


@pytest.mark.parametrize(
    ("written", "parameters"),
    [
        ('parameter_overrides = "RetentionDays=30 PublicUrl=https://sms.example/v1?a=b"', 2),
        ('parameter_overrides = ["RetentionDays=30", "PublicUrl=https://sms.example/v1?a=b"]', 2),
        ("", 0),
    ],
)
def test_the_settings_are_those_that_sam_takes(tmp_path: Path, written: str, parameters: int) -> None:
    path = tmp_path / "samconfig.toml"
    settings = '[default.global.parameters]\nstack_name = "sms"\n[default.deploy.parameters]\nregion = "cn-north-1"\n'
    path.write_text(settings + written, encoding="utf-8")
    read = plan(path)
    assert (read.stack, read.region) == ("sms", "cn-north-1")
    assert len(read.parameters) == parameters
    if parameters:
        assert read.parameters == {"RetentionDays": "30", "PublicUrl": "https://sms.example/v1?a=b"}


def test_the_repositorys_own_settings_are_good() -> None:
    assert problem_with_name(plan().stack) == ""


def test_every_answer_that_was_laid_out_is_asked_for(behind: Aws) -> None:
    behind.no_stack()
    behind.limit(1000)
    found(behind)
    check: Callable[[Stubber], None] = Stubber.assert_no_pending_responses
    for stub in behind.stubs.values():
        check(stub)
