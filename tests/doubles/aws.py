"""The stack's table and queues in moto, as template.yaml describes them, and DynamoDB's refusals that moto lacks.

Sources: the DynamoDB developer guide's "Reserved words", "Expression attribute names", "Item sizes and formats" and
"Service quotas".
"""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import yaml
from moto.dynamodb.exceptions import ConditionalCheckFailed
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from smsgateway.store.table import Item, Table, from_wire
from tests.doubles import partiql

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

ROOT = Path(__file__).parents[2]
REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": REGION}
TABLE_NAME = "gateway"
QUEUES = ("urgent", "bulk", "receipts", "replies", "receipts-dead", "fanout-dead")
BUS = "gateway-bus"
EXPRESSIONS = ("UpdateExpression", "ConditionExpression", "KeyConditionExpression", "FilterExpression")
OPERATORS = frozenset({"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "IN", "BETWEEN", "SIZE"})
FUNCTIONS = frozenset({"attribute_exists", "attribute_not_exists", "begins_with", "contains", "list_append", "size"})
LARGEST_ITEM = 400 * 1024  # bytes

type Image = Mapping[str, Any]  # an item as typed JSON: name → {"S": …}


def _batch_execute_statement(backend: DynamoDBBackend, statements: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    def write(request: Mapping[str, Any]) -> None:
        if "Item" in request:
            backend.put_item(request["TableName"], request["Item"], condition_expression=request["ConditionExpression"])
            return
        backend.update_item(
            request["TableName"],
            request["Key"],
            request["UpdateExpression"],
            request["ExpressionAttributeNames"],
            request["ExpressionAttributeValues"],
            condition_expression=request["ConditionExpression"],
        )

    return list(partiql.answers(statements, write, ConditionalCheckFailed))


DynamoDBBackend.batch_execute_statement = _batch_execute_statement  # type: ignore[method-assign, assignment]


class _Tagged(yaml.SafeLoader):
    """Reads CloudFormation's short tags as the values behind them, which is enough for a table's definition."""


def _value(loader: _Tagged, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    raise yaml.YAMLError("a tag on something else than a scalar or a list")


_Tagged.add_multi_constructor("!", _value)


@cache
def resources() -> dict[str, Any]:
    """template.yaml's resources; not to be changed."""
    # A SafeLoader with a constructor that makes plain values.
    template = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), _Tagged)
    found: dict[str, Any] = template["Resources"]
    return found


def environment(function: str) -> dict[str, str]:
    """The environment variables that the template gives a function, with this module's resources as their values."""
    variables = resources()[f"{function.capitalize()}Function"]["Properties"]["Environment"]["Variables"]
    known = {
        "TABLE_NAME": TABLE_NAME,
        "EVENT_BUS_NAME": BUS,
        "ACCOUNTS_SECRET": "accounts",
        "RETENTION_DAYS": "90",
        "ALLOW_LOOPBACK_VENDORS": "false",
        "URGENT_QUEUE_URL": queue_url("urgent"),
        "BULK_QUEUE_URL": queue_url("bulk"),
        "RECEIPT_QUEUE_URL": queue_url("receipts"),
        "REPLY_QUEUE_URL": queue_url("replies"),
        "PARKED_QUEUE_URL": queue_url("receipts-dead"),
        "FAILURES_QUEUE_URL": queue_url("fanout-dead"),
        "CALLER": variables.get("CALLER"),
    }
    return {name: known[name] for name in variables}


def queue_url(name: str) -> str:
    """Where moto keeps a queue."""
    return f"https://sqs.{REGION}.amazonaws.com/123456789012/gateway-{name}"


def create_table(client: "DynamoDBClient") -> Table:
    """The template's own table: its keys, indexes and projections."""
    properties = resources()["Table"]["Properties"]
    wanted = ("BillingMode", "AttributeDefinitions", "KeySchema")
    indexes: Any = [
        {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
        for index in properties["GlobalSecondaryIndexes"]
    ]
    client.create_table(
        TableName=TABLE_NAME, GlobalSecondaryIndexes=indexes, **{name: properties[name] for name in wanted}
    )
    return Table(client, TABLE_NAME)


def clear(table: Table) -> None:
    """Take everything out of the table."""
    for item in scan(table):
        table.delete((item["pk"], item["sk"]))


def create_queues(client: "SQSClient") -> None:
    for name in QUEUES:
        client.create_queue(QueueName=f"gateway-{name}")


def bodies(client: "SQSClient", queue: str) -> list[dict[str, Any]]:
    """What is in a queue, taken out of it."""
    found: list[dict[str, Any]] = []
    while messages := client.receive_message(QueueUrl=queue_url(queue), MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(json.loads(message["Body"]))
            client.delete_message(QueueUrl=queue_url(queue), ReceiptHandle=message["ReceiptHandle"])
    return found


def dynamodb() -> "DynamoDBClient":
    """A client that refuses what DynamoDB refuses."""
    client = boto3.client("dynamodb", region_name=REGION)
    client.meta.events.register("provide-client-params.dynamodb", check_request)
    return client


def scan(table: Table) -> list[Item]:
    """Every item of the table."""
    pages = table.client.get_paginator("scan").paginate(TableName=table.name)
    return [from_wire(item) for page in pages for item in page["Items"]]


def check_request(params: dict[str, Any], **_event: Any) -> None:
    actions = [body for action in params.get("TransactItems", []) for body in action.values()]
    keys = [(body["TableName"], json.dumps(partiql.key_of(body))) for body in actions]
    assert len(set(keys)) == len(keys), "a transaction names an item twice"
    for request in [params, *actions]:
        _check_expressions(request)
    for requests in params.get("RequestItems", {}).values():
        _check_batch(requests)


def _check_expressions(request: Mapping[str, Any]) -> None:
    expressions = [request[name] for name in (*EXPRESSIONS, "ProjectionExpression") if name in request]
    words = set(re.findall(r"[#:]?[A-Za-z_][A-Za-z0-9_]*", " ".join(expressions)))
    for kind, sign in (("ExpressionAttributeNames", "#"), ("ExpressionAttributeValues", ":")):
        given, used = set(request.get(kind, ())), {word for word in words if word.startswith(sign)}
        assert given == used, f"{kind}: given {sorted(given)}, used {sorted(used)}"
        assert kind not in request or given, f"an empty {kind}"
    plain = {word for word in words if word[0] not in "#:"} - OPERATORS - FUNCTIONS - {"if_not_exists"}
    reserved = plain & {word.lower() for word in ReservedKeywords.get_reserved_keywords()}
    assert not reserved, f"reserved words in {expressions}: {sorted(reserved)}"
    if "Item" in request:
        _check_item(request["Item"])


def _check_batch(requests: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
    if isinstance(requests, Mapping):
        keys = [json.dumps(key, sort_keys=True) for key in requests["Keys"]]
        assert 1 <= len(keys) <= 100, f"{len(keys)} keys in a batch"
    else:
        items = [request["PutRequest"]["Item"] for request in requests if "PutRequest" in request]
        deleted = [request["DeleteRequest"]["Key"] for request in requests if "DeleteRequest" in request]
        keys = [json.dumps((item["pk"], item["sk"])) for item in [*items, *deleted]]
        assert 1 <= len(keys) <= 25, f"{len(keys)} items in a batch"
        for item in items:
            _check_item(item)
    assert len(set(keys)) == len(keys), "a batch names an item twice"


def _check_item(item: Image) -> None:
    for name in ("pk", "sk", "to", "at", "due_shard", "due_at", "list", "listed_at"):
        assert item.get(name, {"S": "-"}) != {"S": ""}, f"the key attribute {name} is empty"
    assert item_bytes(item) <= LARGEST_ITEM, "an item of more than 400 KB"


def item_bytes(image: Image) -> int:
    """The size of an item: its attributes' names and values."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in image.items())


def _value_bytes(typed: Mapping[str, Any]) -> int:
    ((kind, value),) = typed.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":  # a byte for two significant digits, and one
            return -(-len(Decimal(value).normalize().as_tuple().digits) // 2) + 1
        case "B":
            return len(value)
        case "BOOL" | "NULL":
            return 1
        case "L":
            return 3 + sum(1 + _value_bytes(element) for element in value)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_bytes(element) for name, element in value.items())
    raise ValueError(f"no size is known of type {kind}")
