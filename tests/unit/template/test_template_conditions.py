"""What becomes of the template in each kind of region and with each setting (tests/tools/transformed.py)."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.tools import transformed
from tests.tools.template import FUNCTIONS, TEMPLATE, Node
from tests.tools.transformed import NO_VALUE, REGIONS, SETTINGS, dangling, decided, leads_to, needs, settings

DEFAULT_LIMIT = {"us-east-1": 1024 * 1024, "cn-north-1": 256 * 1024}


def made(region: str = "us-east-1", **setting: Any) -> dict[str, Node]:
    """Logical id → resource, as it is deployed."""
    resources: dict[str, Node] = decided(transformed.transformed(region), region, setting)["Resources"]
    return resources


def waits_for(resources: dict[str, Node], name: str) -> set[str]:
    """All that must be there before a resource."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for each in needs(resources[waiting.pop()]) - found:
            found.add(each)
            waiting += [each] if each in resources else []
    return found


def asked(value: Any) -> Iterator[str]:
    """The parameters that conditions ask for."""
    return (name for name in leads_to(value) if not name.startswith("AWS::"))


def test_every_setting_that_a_condition_asks_for_is_tried_both_ways() -> None:
    assert set(asked(TEMPLATE["Conditions"])) == set(SETTINGS)
    for name, (default, another) in SETTINGS.items():
        assert TEMPLATE["Parameters"][name]["Default"] == default
        assert another != default


@pytest.mark.parametrize("region", REGIONS)
def test_nothing_refers_to_what_is_left_out(region: str) -> None:
    template = transformed.transformed(region)
    for setting in settings():
        assert dangling(decided(template, region, setting)) == [], setting


def test_what_refers_to_something_left_out_is_found() -> None:
    """GIVEN the API waiting for a resource that one setting leaves out WHEN it is looked at with that setting THEN it
    is named; the deployment would fail with it."""
    template = copy.deepcopy(transformed.transformed("us-east-1"))
    template["Resources"]["Api"]["DependsOn"] = "ApiAccount"
    assert dangling(decided(template, "us-east-1", {"ApiLogging": "true"})) == []
    assert dangling(decided(template, "us-east-1", {"ApiLogging": "false"})) == ["Api → ApiAccount"]
    template["Outputs"]["Role"] = {"Value": {"Fn::GetAtt": ["ApiLogsRole", "Arn"]}}
    assert "Outputs → ApiLogsRole" in dangling(decided(template, "us-east-1", {"ApiLogging": "false"}))


def test_a_stage_that_writes_logs_waits_for_the_right_to() -> None:
    resources = made(ApiLogging="true")
    assert {"ApiAccount", "ApiLogsRole"} <= waits_for(resources, "Apiv1Stage")
    # The role works some seconds after it was made: meanwhile, the table is made, and a function that reads it.
    assert {"Table", "FanoutFunction"} <= waits_for(resources, "ApiAccount")
    without = made(ApiLogging="false")
    assert not {"ApiAccount", "ApiLogsRole"} & set(without)
    assert without["Apiv1Stage"]["Properties"]["Variables"] == {"LogsAllowedBy": "another"}


@pytest.mark.parametrize(
    ("region", "knows"),
    [("us-east-1", True), ("cn-north-1", False), ("mx-central-1", False), ("us-gov-west-1", False)],
)
def test_loops_are_allowed_where_lambda_looks_for_them(region: str, knows: bool) -> None:
    resources = made(region)
    for name in FUNCTIONS:
        expected = "Allow" if knows and name in ("dispatch", "poll", "ingest") else None
        assert resources[f"{name.capitalize()}Function"]["Properties"].get("RecursiveLoop") == expected


@pytest.mark.parametrize(("region", "limit"), DEFAULT_LIMIT.items())
def test_queues_take_what_the_regions_sqs_takes(region: str, limit: int) -> None:
    queues = {
        name: resource["Properties"].get("MaximumMessageSize")
        for name, resource in made(region).items()
        if resource["Type"] == "AWS::SQS::Queue"
    }
    assert {name: size for name, size in queues.items() if size} == dict.fromkeys(
        ("ReceiptQueue", "ReplyQueue", "ParkedQueue", "FanoutFailures"), limit
    )


@pytest.mark.parametrize(("parameter", "name"), [("WebhookReserved", "webhook"), ("SendReserved", "send")])
def test_a_reservation_is_made_only_when_asked_for(parameter: str, name: str) -> None:
    def reserved(**setting: Any) -> dict[str, Any]:
        resources = made(**setting)
        every = {each: resources[f"{each.capitalize()}Function"]["Properties"] for each in FUNCTIONS}
        key = "ReservedConcurrentExecutions"
        return {each: properties[key] for each, properties in every.items() if key in properties}

    assert reserved() == {}
    assert reserved(**{parameter: 20}) == {name: {"Ref": parameter}}


def test_a_table_is_warmed_with_all_its_indexes_or_left_alone() -> None:
    settings: tuple[tuple[dict[str, Any], Any], ...] = (
        ({}, None),
        ({"WarmThroughput": 12000}, {"WriteUnitsPerSecond": {"Ref": "WarmThroughput"}}),
    )
    for setting, expected in settings:
        table = made(**setting)["Table"]["Properties"]
        warm = [each.get("WarmThroughput") for each in (table, *table["GlobalSecondaryIndexes"])]
        assert warm == [expected] * 4


def test_what_a_failed_first_deployment_made_goes_and_what_was_used_stays() -> None:
    kept = {name for name, resource in made().items() if resource.get("DeletionPolicy", "Delete") != "Delete"}
    assert kept == {"Table", "AccountsSecret", "ApiAccount", "ApiLogsRole"}
    for name in kept:
        assert made()[name]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert made()[name]["UpdateReplacePolicy"] == "Retain"


def test_the_administrators_key_is_made_anew_under_another_name() -> None:
    """A new value needs a new key, which API Gateway makes before it deletes the old one: both have a name."""
    name = {"Fn::Sub": "${AWS::StackName}-administrator${AdminKeySuffix}"}
    assert made()["AdminKey"]["Properties"]["Name"] == name
    # The name that keys of earlier versions have: with the same value, a second key would be refused.
    assert TEMPLATE["Parameters"]["AdminKeySuffix"]["Default"] == ""


def test_no_value_is_left_in() -> None:
    assert json.dumps(NO_VALUE) not in json.dumps(made())


def answers(region: str = "us-east-1") -> dict[str, Node]:
    body: dict[str, Node] = made(region)["Api"]["Properties"]["Body"]
    return body["x-amazon-apigateway-gateway-responses"]


@pytest.mark.parametrize("kind", sorted(answers()))
def test_api_gateways_own_answers_are_problems(kind: str) -> None:
    answer = answers()[kind]
    assert answer["responseParameters"] == {"gatewayresponse.header.Content-Type": "'application/problem+json'"}
    (text,) = answer["responseTemplates"].values()
    problem = json.loads(text.replace("$context.error.messageString", '"said by API Gateway"'))
    assert set(problem) >= {"title", "detail"}
    # A status in a default would be that of all answers which have none of their own.
    assert ("statusCode" in answer) == (not kind.startswith("DEFAULT_"))
    assert str(problem.get("status", "")) == answer.get("statusCode", "")


def test_every_answer_of_api_gateway_is_covered() -> None:
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= set(answers())


def test_pushes_have_a_throttle_of_their_own() -> None:
    stage = made()["Apiv1Stage"]["Properties"]["MethodSettings"]
    limits = {
        (each["HttpMethod"], each["ResourcePath"].replace("~1", "/")): (
            each["ThrottlingRateLimit"]["Ref"],
            each["ThrottlingBurstLimit"]["Ref"],
        )
        for each in stage
    }
    paths = made()["Api"]["Properties"]["Body"]["paths"]
    pushes = {(method.upper(), "/" + path) for path in paths if path.startswith("/push/") for method in paths[path]}
    assert limits == {("*", "/*"): ("ApiRateLimit", "ApiBurstLimit")} | dict.fromkeys(
        pushes, ("PushRateLimit", "PushBurstLimit")
    )
    # API Gateway's own logs would hold the tokens and numbers that are in paths.
    assert all(each["LoggingLevel"] == "OFF" and not each["DataTraceEnabled"] for each in stage)


def test_what_waited_too_long_does_not_run() -> None:
    for name in ("Poll", "Sweep"):
        settings_of_calls = made()[f"{name}FunctionEventInvokeConfig"]["Properties"]
        assert settings_of_calls["MaximumEventAgeInSeconds"] == 120
        assert settings_of_calls["MaximumRetryAttempts"] == 0


def test_the_runtime_is_the_one_that_the_layers_are_built_for() -> None:
    assert TEMPLATE["Parameters"]["PythonRuntime"]["AllowedValues"] == ["python3.13"]
