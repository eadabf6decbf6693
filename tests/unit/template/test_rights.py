"""Each function's role allows the calls that its code can make, and no others.

What the code can make is read from the code: mypy knows the type of every expression, so that what a handler leads to
is a graph of our own functions with calls of boto3's clients at its ends. What AWS asks for beside it, for event
sources, destinations and logs, is read from the template. (What is missing shows on the local cloud too, which
enforces the roles.)
"""

import io
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from mypy import build, nodes, types
from mypy.config_parser import parse_config_file
from mypy.find_sources import create_source_list
from mypy.options import Options

from tests.tools.template import FUNCTIONS, RESOURCES, function, listed, of_type, statements

# boto3's methods → actions. A transaction asks for the rights of its parts, which are updates, or puts as others are.
DYNAMODB = {
    "get_item": "GetItem",
    "batch_get_item": "BatchGetItem",
    "put_item": "PutItem",
    "update_item": "UpdateItem",
    "transact_write_items": "UpdateItem",
    "delete_item": "DeleteItem",
    "batch_write_item": "BatchWriteItem",
}
STATEMENTS = {"Fill": "PartiQLUpdate", "Amend": "PartiQLUpdate", "Insert": "PartiQLInsert"}  # of a batch, by its class
SQS = {
    "send_message": "SendMessage",
    "send_message_batch": "SendMessage",
    "change_message_visibility": "ChangeMessageVisibility",
}
API_GATEWAY = {
    "create_api_key": ("POST", "/apikeys"),
    "delete_api_key": ("DELETE", "/apikeys/*"),
    "create_usage_plan_key": ("POST", "/usageplans/${UsagePlan}/keys"),
}
QUEUES = ("URGENT_QUEUE_URL", "BULK_QUEUE_URL", "RECEIPT_QUEUE_URL", "REPLY_QUEUE_URL", "PARKED_QUEUE_URL")
INDEXES = {each["IndexName"] for each in RESOURCES["Table"]["Properties"]["GlobalSecondaryIndexes"]}
SECRETS = ("ACCOUNTS_SECRET", "ADMIN_KEY_SECRET", "PEPPER_SECRET")
VARIABLES = {*QUEUES, *SECRETS, "TABLE_NAME", "EVENT_BUS_NAME", "USAGE_PLAN_PARAMETER"}
# What Lambda does in the function's name (AWSLambdaSQSQueueExecutionRole, AWSLambdaDynamoDBExecutionRole).
READS_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
READS_STREAM = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
# `query` describes the routes of `send` in the API's document; it does not serve them.
NOT_TAKEN = {
    ("smsgateway.api.routes.about._resolvers", f"smsgateway.api.routes.{module}.router")
    for module in ("post_message", "verifications")
}
OURS = "smsgateway."
KINDS = "smsgateway.store.table."
TABLE = f"{KINDS}Table"

type Right = tuple[str, str]  # action, resource


# What the code can do


@dataclass(frozen=True)
class Reader:
    """What each function of ours, each variable of a module and each method leads to, by full names."""

    known: Mapping[nodes.Expression, types.Type]
    edges: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def read(self, definition: nodes.Node, scope: str) -> None:
        """A definition of a module or a class, under its own name."""
        if isinstance(definition, nodes.ClassDef):
            for part in definition.defs.body:
                self.read(part, definition.fullname)
        elif isinstance(definition, nodes.OverloadedFuncDef):
            for item in definition.items:
                self.read(item, scope)
        else:
            name = name_of(definition, scope)
            for node in within(definition):
                self.edges[name].update(self.led_to_by(node, name))
            if isinstance(definition, nodes.Decorator):  # what a router is given, it leads to
                for decorator in definition.original_decorators:
                    for router in variables_in(decorator):
                        self.edges[router].add(name)

    def led_to_by(self, node: nodes.Node, name: str) -> Iterator[str]:
        if isinstance(node, nodes.RefExpr):
            if isinstance(node.node, nodes.TypeInfo):
                yield from (f"{node.fullname}.{method}" for method in ("__init__", "__post_init__"))
            elif node.fullname.startswith(OURS):
                yield node.fullname
        if isinstance(node, nodes.MemberExpr):
            yield from self.method(node)
        if isinstance(node, nodes.StrExpr) and (node.value.isupper() or node.value in INDEXES):
            yield f"text:{node.value}"
        if isinstance(node, nodes.CallExpr) and self.queries_table(node) and not name.startswith(TABLE):
            yield "query:table"

    def method(self, node: nodes.MemberExpr) -> Iterator[str]:
        """What an attribute of a value is, by the value's type."""
        for kind in instances(self.known.get(node.expr)):
            if kind.fullname.startswith("mypy_boto3_") and kind.name.endswith("Client") and node.name != "exceptions":
                yield f"{kind.fullname.split('.')[0].removeprefix('mypy_boto3_')}:{node.name}"
            base = next((each for each in kind.mro if node.name in each.names), kind)
            if base.fullname.startswith(OURS):
                yield f"{base.fullname}.{node.name}"

    def queries_table(self, call: nodes.CallExpr) -> bool:
        """Whether it is a query of the table itself, and not of an index."""
        callee = call.callee
        if not isinstance(callee, nodes.MemberExpr) or callee.name not in ("query", "query_all"):
            return False
        of_table = any(kind.fullname == TABLE for kind in instances(self.known.get(callee.expr)))
        return of_table and "index" not in call.arg_names


def name_of(definition: nodes.Node, scope: str) -> str:
    if isinstance(definition, nodes.FuncDef | nodes.Decorator):
        return definition.fullname
    if isinstance(definition, nodes.AssignmentStmt) and isinstance(definition.lvalues[0], nodes.NameExpr):
        return f"{scope}.{definition.lvalues[0].name}"
    return scope


def within(node: nodes.Node) -> Iterator[nodes.Node]:
    """The statement or expression and all that it is made of. (mypy's own visitors are closed to Python.)"""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        yield here
        kind: type = type(here)
        for name in parts_of(kind):
            value = getattr(here, name, None)
            for each in flat(value):
                if isinstance(each, nodes.Statement | nodes.Expression | nodes.Argument) and each is not here:
                    waiting.append(each)


@cache
def parts_of(kind: type) -> tuple[str, ...]:
    """The attributes of a node but those that lead elsewhere: to what a name means, to a type, to the whole again."""
    elsewhere = {"node", "info", "analyzed", "type", "original_def", "definition", "expanded", "unanalyzed_items"}
    found = (name for name in dir(kind) if not name.startswith("_") and name not in elsewhere)
    return tuple(name for name in found if not callable(getattr(kind, name)))


def flat(value: object) -> Iterator[object]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from flat(item)
    else:
        yield value


def instances(kind: types.Type | None) -> Iterator[nodes.TypeInfo]:
    """The classes that a value of this type can be of."""
    proper = types.get_proper_type(kind)
    if isinstance(proper, types.Instance):
        yield proper.type
    elif isinstance(proper, types.UnionType):
        for item in proper.items:
            yield from instances(item)


def variables_in(expression: nodes.Expression) -> Iterator[str]:
    """The variables of modules that a decorator begins with: `router` in `@router.get(…)`."""
    while isinstance(expression, nodes.CallExpr | nodes.MemberExpr):
        expression = expression.callee if isinstance(expression, nodes.CallExpr) else expression.expr
    if isinstance(expression, nodes.NameExpr) and isinstance(expression.node, nodes.Var):
        yield expression.fullname


@cache
def edges() -> dict[str, set[str]]:
    """The graph of our code."""
    options = Options()
    parse_config_file(options, lambda: None, "pyproject.toml", io.StringIO(), sys.stderr)
    options.incremental = False
    options.export_types = options.preserve_asts = True
    result = build.build(create_source_list(["layers/gateway", "functions"], options), options)
    assert not result.errors
    reader = Reader(result.types)
    for name, file in result.files.items():
        for definition in file.defs if name.startswith(OURS) else ():
            reader.read(definition, name)
    return reader.edges


@cache
def reached(name: str) -> frozenset[str]:
    """Everything that a function's handler leads to."""
    found: set[str] = set()
    waiting = [key for key in edges() if key.startswith(f"smsgateway.handlers.{name}.")]
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting += [each for each in edges().get(here, ()) if (here, each) not in NOT_TAKEN]
    return frozenset(found)


def calls(name: str, service: str) -> set[str]:
    """The methods of a service's client that a function can call."""
    return {each.partition(":")[2] for each in reached(name) if each.startswith(f"{service}:")}


def texts(name: str) -> set[str]:
    return {each.removeprefix("text:") for each in reached(name) if each.startswith("text:")}


# What it may do


def resource(value: Any) -> str:
    """A resource of a policy, or the value of an environment variable, in short: `Table`, `Table/index/by_due`."""
    if isinstance(value, str):
        return value
    ((kind, content),) = value.items()
    if kind == "Ref":
        return str(content)
    if kind == "Fn::GetAtt":
        return content[0] if content[1] in ("Arn", "Id") else ".".join(content)
    assert kind == "Fn::Sub"
    text = str(content).replace("${Table.Arn}", "Table")
    return text.split("${AWS::AccountId}:")[-1].split("${AWS::Region}::")[-1]


def allowed(name: str) -> set[Right]:
    """What the function's role allows."""
    found = set[Right]()
    for statement in statements(name):
        assert set(statement) == {"Effect", "Action", "Resource"}
        assert statement["Effect"] == "Allow"
        rights = [(a, resource(r)) for a in listed(statement["Action"]) for r in listed(statement["Resource"])]
        assert not set(rights) & found, "said twice"
        found |= set(rights)
    return found


def needed(name: str) -> set[Right]:
    """What the function's code, and Lambda in its name, ask for."""
    return {*of_code(name), *of_lambda(name)}


def of_code(name: str) -> Iterator[Right]:
    variables = function(name)["Environment"]["Variables"]
    named = {each: resource(variables[each]) for each in texts(name) & VARIABLES if each in variables}
    indexes = {f"Table/index/{text}" for text in texts(name) & INDEXES}
    made = {kind for kind in STATEMENTS if f"{KINDS}{kind}.__init__" in reached(name)}
    yield from ((f"dynamodb:{STATEMENTS[kind]}", named["TABLE_NAME"]) for kind in made)
    for method in calls(name, "dynamodb") - {"query", "batch_execute_statement"}:
        yield f"dynamodb:{DYNAMODB[method]}", named["TABLE_NAME"]
    if "query:table" in reached(name):
        yield "dynamodb:Query", named["TABLE_NAME"]
    yield from (("dynamodb:Query", index) for index in indexes)
    for queue in (named[variable] for variable in QUEUES if variable in named):
        yield from ((f"sqs:{SQS[method]}", queue) for method in calls(name, "sqs"))
    if methods := calls(name, "secretsmanager"):
        assert methods == {"get_secret_value"}
        yield from (("secretsmanager:GetSecretValue", named[secret]) for secret in SECRETS if secret in named)
    if methods := calls(name, "ssm"):
        assert methods == {"get_parameter"}
        yield "ssm:GetParameter", "parameter" + named["USAGE_PLAN_PARAMETER"]
    for method in calls(name, "apigateway"):
        verb, path = API_GATEWAY[method]
        yield f"apigateway:{verb}", path
    if methods := calls(name, "lambda"):
        assert methods == {"invoke"}  # itself
        yield "lambda:InvokeFunction", f"function:${{AWS::StackName}}-{name}"
    if methods := calls(name, "events"):
        assert methods == {"put_events"}
        yield "events:PutEvents", named["EVENT_BUS_NAME"]


def of_lambda(name: str) -> Iterator[Right]:
    logs = f"{name.capitalize()}Logs"
    yield from (("logs:CreateLogStream", logs), ("logs:PutLogEvents", logs))
    destinations = [function(name).get("EventInvokeConfig", {})]
    for event in function(name).get("Events", {}).values():
        if event["Type"] == "SQS":
            yield from ((action, resource(event["Properties"]["Queue"])) for action in READS_QUEUE)
        if event["Type"] == "DynamoDB":
            stream = resource(event["Properties"]["Stream"])
            yield from ((action, stream) for action in READS_STREAM)
            yield "dynamodb:ListStreams", "Table/stream/*"
            destinations.append(event["Properties"])
    for each in destinations:
        if "DestinationConfig" in each:
            yield "sqs:SendMessage", resource(each["DestinationConfig"]["OnFailure"]["Destination"])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_role_allows_what_its_function_does_and_no_more(name: str) -> None:
    may, does = allowed(name), needed(name)
    assert may - does == set(), "spare"
    assert does - may == set(), "missing"


def test_every_role_is_a_functions_or_that_of_the_apis_log() -> None:
    roles = {f"{name.capitalize()}Role" for name in FUNCTIONS}
    assert set(of_type("AWS::IAM::Role")) == roles | {"ApiLogsRole"}
    for name in roles:
        assert "ManagedPolicyArns" not in RESOURCES[name]["Properties"]
    assert {role["Ref"] for policy in of_type("AWS::IAM::Policy").values() for role in policy["Roles"]} <= roles
    assert not of_type("AWS::IAM::ManagedPolicy")
    assert not any("Policies" in properties for properties in of_type("AWS::Serverless::Function").values())
