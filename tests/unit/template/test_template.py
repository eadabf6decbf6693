"""The template keeps its promises: names, rights, environments, time limits, queues and retention."""

from importlib import metadata

import pytest

from tests.bench import imports
from tests.tools.template import (
    FUNCTIONS,
    RESOURCES,
    ROOT,
    TEMPLATE,
    TEXT,
    events,
    function,
    listed,
    of_type,
    rights,
    statements,
)

TIMEOUTS = {
    "send": 29,
    "dispatch": 75,
    "poll": 300,
    "webhook": 10,
    "ingest": 60,
    "fanout": 300,
    "query": 29,
    "sweep": 300,
}
ACCOUNTS = {"ACCOUNTS_SECRET", "ALLOW_LOOPBACK_VENDORS"}
WAKE_UPS = {"TABLE_NAME", "RETENTION_DAYS", "URGENT_QUEUE_URL", "BULK_QUEUE_URL"}
ENVIRONMENTS = {
    "send": WAKE_UPS | ACCOUNTS | {"ADMIN_KEY_SECRET", "PEPPER_SECRET", "CALLER"},
    "dispatch": WAKE_UPS | ACCOUNTS,
    "poll": {"TABLE_NAME", "RETENTION_DAYS", "RECEIPT_QUEUE_URL", "REPLY_QUEUE_URL"} | ACCOUNTS,
    "webhook": {"RECEIPT_QUEUE_URL", "REPLY_QUEUE_URL", "CALLER"} | ACCOUNTS,
    "ingest": WAKE_UPS | {"RECEIPT_QUEUE_URL", "REPLY_QUEUE_URL", "PARKED_QUEUE_URL"} | ACCOUNTS,
    "fanout": {"TABLE_NAME", "EVENT_BUS_NAME", "FAILURES_QUEUE_URL"},
    "query": {"TABLE_NAME", "RETENTION_DAYS", "ADMIN_KEY_SECRET", "STACK_NAME", "USAGE_PLAN_PARAMETER", "PUBLIC_URL"}
    | {"CALLER"}
    | ACCOUNTS,
    "sweep": WAKE_UPS | ACCOUNTS,
}
WITHOUT_KEY = {
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/push/{account}/{token}/reports"),
    ("HEAD", "/push/{account}/{token}/reports"),
    ("OPTIONS", "/push/{account}/{token}/reports"),
    ("POST", "/push/{account}/{token}/reports"),
    ("GET", "/push/{account}/{token}/inbound"),
    ("HEAD", "/push/{account}/{token}/inbound"),
    ("OPTIONS", "/push/{account}/{token}/inbound"),
    ("POST", "/push/{account}/{token}/inbound"),
}
WITH_KEY = {
    ("POST", "/messages"),
    ("GET", "/messages"),
    ("GET", "/messages/{id}"),
    ("DELETE", "/messages/{id}"),
    ("GET", "/inbound"),
    ("GET", "/accounts"),
    ("GET", "/accounts/{name}"),
    ("POST", "/accounts/{name}/check"),
    ("GET", "/accounts/{name}/unplaced-reports"),
    ("GET", "/templates"),
    ("PUT", "/templates/{name}"),
    ("GET", "/templates/{name}"),
    ("DELETE", "/templates/{name}"),
    ("GET", "/suppressions"),
    ("POST", "/suppressions"),
    ("PUT", "/suppressions/{number}"),
    ("GET", "/suppressions/{number}"),
    ("DELETE", "/suppressions/{number}"),
    ("GET", "/signatures"),
    ("DELETE", "/signatures/learned"),
    ("POST", "/clients"),
    ("GET", "/clients"),
    ("DELETE", "/clients/{name}"),
    ("POST", "/verifications"),
    ("GET", "/verifications/{id}"),
    ("DELETE", "/verifications/{id}"),
    ("POST", "/verifications/{id}/check"),
}
OF_SEND = {("POST", "/messages"), *(route for route in WITH_KEY if route[1].startswith("/verifications"))}


def test_vendors_on_this_machine_are_off_unless_the_stack_says_otherwise() -> None:
    assert TEMPLATE["Parameters"]["AllowLoopbackVendors"]["Default"] == "false"
    for name in FUNCTIONS:
        variables = function(name)["Environment"]["Variables"]
        allowed = {"Ref": "AllowLoopbackVendors"} if "ACCOUNTS_SECRET" in variables else None
        assert variables.get("ALLOW_LOOPBACK_VENDORS") == allowed


def test_these_are_all_functions() -> None:
    assert set(of_type("AWS::Serverless::Function")) == {f"{name.capitalize()}Function" for name in FUNCTIONS}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_has_its_name_code_time_limit_and_environment(name: str) -> None:
    properties = function(name)
    assert properties["FunctionName"] == {"Fn::Sub": f"${{AWS::StackName}}-{name}"}
    assert properties["CodeUri"] == f"functions/{name}/"
    assert properties["Timeout"] == TIMEOUTS[name]
    assert set(properties["Environment"]["Variables"]) == ENVIRONMENTS[name]
    assert properties["Role"] == {"Fn::GetAtt": [f"{name.capitalize()}Role", "Arn"]}
    assert properties["LoggingConfig"] == {"LogGroup": {"Ref": f"{name.capitalize()}Logs"}}


def test_every_function_has_both_layers_and_they_are_compiled() -> None:
    assert TEMPLATE["Globals"]["Function"]["Layers"] == [{"Ref": "DependenciesLayer"}, {"Ref": "GatewayLayer"}]
    assert not any("Layers" in properties for properties in of_type("AWS::Serverless::Function").values())
    for name in of_type("AWS::Serverless::LayerVersion"):
        assert RESOURCES[name]["Metadata"] == {"BuildMethod": "makefile"}
        makefile = ROOT / RESOURCES[name]["Properties"]["ContentUri"] / "Makefile"
        recipe = makefile.read_text(encoding="utf-8")
        assert f"build-{name}:" in recipe
        assert "PYTHONNODEBUGRANGES=1 $(PYTHON) -m compileall" in recipe
        assert "--invalidation-mode unchecked-hash" in recipe


def test_cold_starts_are_measured_with_what_all_functions_are_given() -> None:
    variables = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    assert {name: value for name, value in variables.items() if isinstance(value, str)} == imports.ALL_FUNCTIONS


def test_there_are_no_plugins_of_pydantic_to_look_for() -> None:
    assert TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]["PYDANTIC_DISABLE_PLUGINS"] == "__all__"
    pins = (ROOT / "layers" / "dependencies" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    names = {pin.partition("==")[0] for pin in pins if "==" in pin}
    plugins = metadata.entry_points(group="pydantic")
    assert not [plugin for plugin in plugins if plugin.dist and plugin.dist.name in names]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_rights_name_their_actions_and_resources(name: str) -> None:
    for statement in statements(name):
        assert statement["Effect"] == "Allow"
        assert not [action for action in listed(statement["Action"]) if "*" in action]
        for resource in listed(statement["Resource"]):
            assert resource != "*"
            # Only what is named at run time: a client's API key, a stream by its date.
            if "*" in str(resource):
                assert str(resource["Fn::Sub"]).endswith(("::/apikeys/*", "${Table.Arn}/stream/*"))


def test_no_role_takes_rights_from_managed_policies() -> None:
    roles = of_type("AWS::IAM::Role")
    assert [name for name, role in roles.items() if "ManagedPolicyArns" in role] == ["ApiLogsRole"]


def test_only_fanout_publishes_and_only_webhook_has_no_table() -> None:
    assert [name for name in FUNCTIONS if "events:PutEvents" in rights(name)] == ["fanout"]
    assert [name for name in FUNCTIONS if "dynamodb:Query" not in rights(name)] == ["webhook"]
    assert rights("webhook") - {"logs:CreateLogStream", "logs:PutLogEvents"} == {
        "sqs:SendMessage",
        "secretsmanager:GetSecretValue",
    }


@pytest.mark.parametrize(
    ("index", "readers"),
    [("by_number", {"ingest", "query", "send", "sweep"}), ("by_due", {"poll", "sweep"}), ("by_list", {"query"})],
)
def test_an_index_is_read_by_whom_it_is_for(index: str, readers: set[str]) -> None:
    arn = {"Fn::Sub": f"${{Table.Arn}}/index/{index}"}
    found = {name for name in FUNCTIONS for rule in statements(name) if arn in listed(rule["Resource"])}
    assert found == readers
    indexes = RESOURCES["Table"]["Properties"]["GlobalSecondaryIndexes"]
    assert index in {found["IndexName"] for found in indexes}


def test_queues_are_read_with_patience_and_report_failures_one_by_one() -> None:
    read = {properties["Queue"]["Fn::GetAtt"][0]: (name, properties) for name, properties in events("SQS")}
    assert set(read) == {"UrgentQueue", "BulkQueue", "ReceiptQueue", "ReplyQueue"}
    for queue, (name, properties) in read.items():
        assert RESOURCES[queue]["Properties"]["VisibilityTimeout"] >= 6 * TIMEOUTS[name]
        assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert properties["ScalingConfig"]["MaximumConcurrency"]
    shares = [read[queue][1]["ScalingConfig"]["MaximumConcurrency"] for queue in ("UrgentQueue", "BulkQueue")]
    assert shares == [{"Ref": "UrgentConcurrency"}, {"Ref": "BulkConcurrency"}]


def test_what_fails_ends_in_a_queue_that_keeps_it_and_raises_an_alarm() -> None:
    queues = of_type("AWS::SQS::Queue")
    dead = {
        properties["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
        for properties in queues.values()
        if "RedrivePolicy" in properties
    }
    (_, stream), *more = events("DynamoDB")
    assert not more
    assert stream["BisectBatchOnFunctionError"]
    assert stream["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    destinations = [stream["DestinationConfig"]]
    destinations += [function(name)["EventInvokeConfig"]["DestinationConfig"] for name, _ in events("Schedule")]
    dead |= {found["OnFailure"]["Destination"]["Fn::GetAtt"][0] for found in destinations}
    reading = {properties["Queue"]["Fn::GetAtt"][0] for _, properties in events("SQS")}
    assert dead == set(queues) - reading
    watched = {
        dimension["Value"]["Fn::GetAtt"][0]
        for alarm in of_type("AWS::CloudWatch::Alarm").values()
        if alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
        for dimension in alarm["Dimensions"]
    }
    assert watched == dead
    for name in dead:
        assert queues[name]["MessageRetentionPeriod"] == 14 * 24 * 3600
    for properties in queues.values():
        assert properties["SqsManagedSseEnabled"]


def test_scheduled_functions_run_every_minute_and_may_report_their_failure() -> None:
    assert {name: properties["Schedule"] for name, properties in events("Schedule")} == {
        "poll": "rate(1 minute)",
        "sweep": "rate(1 minute)",
    }
    for name, _ in events("Schedule"):
        assert any({"Fn::GetAtt": ["FailedRuns", "Arn"]} in listed(rule["Resource"]) for rule in statements(name))


def test_api_passes_bytes_and_wants_a_key_except_where_it_cannot() -> None:
    api = RESOURCES["Api"]["Properties"]
    assert api["BinaryMediaTypes"] == ["*/*"]
    assert api["Auth"] == {"ApiKeyRequired": True}
    assert api["StageName"] == "v1"
    routes = {
        (properties["Method"], properties["Path"]): (name, properties.get("Auth")) for name, properties in events("Api")
    }
    assert set(routes) == WITH_KEY | WITHOUT_KEY
    open_routes = {route for route, (_, auth) in routes.items() if auth == {"ApiKeyRequired": False}}
    assert open_routes == WITHOUT_KEY
    assert {route for route, (name, _) in routes.items() if name == "send"} == OF_SEND
    assert {route for route, (name, _) in routes.items() if name == "webhook"} == {
        route for route in WITHOUT_KEY if route[1].startswith("/push/")
    }


def test_access_log_holds_no_path_and_no_key() -> None:
    # GIVEN a path that holds a push token or a phone number
    written = RESOURCES["Api"]["Properties"]["AccessLogSetting"]["Format"]
    # THEN only its pattern is logged
    assert "$context.resourcePath" in written
    assert "$context.path" not in written
    assert "apiKey" not in written


def test_logs_end() -> None:
    groups = of_type("AWS::Logs::LogGroup")
    assert {properties["LogGroupName"]["Fn::Sub"] for properties in groups.values()} == {
        *(f"/aws/lambda/${{AWS::StackName}}-{name}" for name in FUNCTIONS),
        "/aws/apigateway/${AWS::StackName}",
    }
    for properties in groups.values():
        assert properties["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_table_is_kept_recoverable_and_expires_rows() -> None:
    table = RESOURCES["Table"]
    assert table["UpdateReplacePolicy"] == "Retain"
    properties = table["Properties"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert properties["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_accounts_secret_starts_empty_and_stays_as_it_is() -> None:
    # CloudFormation writes a secret again whenever this text differs from the one deployed before.
    secret = RESOURCES["AccountsSecret"]
    assert secret["Properties"]["SecretString"] == '{"accounts": [], "routes": []}'


def test_nothing_binds_the_template_to_one_partition() -> None:
    assert "arn:aws" not in TEXT
    assert "amazonaws.com.cn" not in TEXT
    addresses = [line for line in TEXT.splitlines() if "execute-api" in line]
    assert addresses
    assert all("${AWS::URLSuffix}" in line for line in addresses)


def test_layer_pins_every_package_and_leaves_boto3_to_the_runtime() -> None:
    lines = (ROOT / "layers/dependencies/requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    assert {"requests", "defusedxml", "aws-lambda-powertools", "msgspec", "pydantic"} <= set(pins)
    assert not {"boto3", "botocore"} & set(pins)
