"""What IAM would say: the template's roles with real names in them, and what each call asks a role for.

Sources: IAM's "Policy evaluation logic" (without boundaries, service control or resource policies: the stack has none),
the Service Authorization Reference for DynamoDB, SQS, Secrets Manager, Lambda, EventBridge, Systems Manager and API
Gateway, "IAM security policies with PartiQL for DynamoDB" (a statement asks for PartiQLSelect, Insert, Update or Delete
on its table or index, never for BatchExecuteStatement), "TransactWriteItems" (asks for the rights of its parts).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.tools import transformed
from tests.tools.template import Node, listed
from tests.tools.transformed import REGIONS, decided

ACCOUNT = "123456789012"
STACK = "gateway"
# Where CloudFormation chooses the name: parts of it are anybody's guess.
CHOSEN = {
    "Table": "gateway",
    "AccountsSecret": "AccountsSecret-8Xk2-a1B2c3",
    "AdminKeySecret": "AdminKeySecret-9Yl3-d4E5f6",
    "PepperSecret": "PepperSecret-7Zm5-g7H8i9",
    "UsagePlan": "u4pl4n",
    "FanoutFailures": "gateway-fanout-dead",
}

type Right = tuple[str, str]  # action, ARN


@cache
def _resources(region: str) -> dict[str, Node]:
    found: dict[str, Node] = decided(transformed.transformed(region), region, {})["Resources"]
    return found


@dataclass(frozen=True)
class Deployment:
    """The stack in a region, with ARNs as AWS writes them."""

    region: str

    @property
    def resources(self) -> dict[str, Node]:
        return _resources(self.region)

    def arn(self, service: str, rest: str, *, account: str = ACCOUNT) -> str:
        return f"arn:{REGIONS[self.region]}:{service}:{self.region}:{account}:{rest}"

    def value(self, value: Any) -> str:
        """A text of the template with everything in its place."""
        if isinstance(value, str):
            return value
        ((kind, content),) = value.items()
        if kind == "Ref":
            return self._ref(content)
        if kind == "Fn::GetAtt":
            return self._attribute(*content)
        assert kind == "Fn::Sub", kind
        return re.sub(r"\$\{([^}]+)\}", lambda name: self._named(name[1]), content)

    def _named(self, name: str) -> str:
        resource, _, attribute = name.partition(".")
        return self._attribute(resource, attribute) if attribute else self._ref(resource)

    def _ref(self, name: str) -> str:
        own = {"StackName": STACK, "Region": self.region, "AccountId": ACCOUNT, "Partition": REGIONS[self.region]}
        if name.startswith("AWS::"):
            return own[name.removeprefix("AWS::")]
        resource = self.resources[name]
        match resource["Type"]:
            case "AWS::SecretsManager::Secret":
                return self.arn("secretsmanager", f"secret:{CHOSEN[name]}")
            case "AWS::SQS::Queue":
                return f"https://sqs.{self.region}.example/{ACCOUNT}/{self.value(resource['Properties']['QueueName'])}"
            case "AWS::Events::EventBus":
                return self.value(resource["Properties"]["Name"])
        return CHOSEN[name]

    def _attribute(self, name: str, attribute: str) -> str:
        properties, kind = self.resources[name].get("Properties", {}), self.resources[name]["Type"]
        match kind, attribute:
            case "AWS::DynamoDB::Table", "Arn":
                return self.arn("dynamodb", f"table/{CHOSEN[name]}")
            case "AWS::DynamoDB::Table", "StreamArn":
                return self.arn("dynamodb", f"table/{CHOSEN[name]}/stream/2026-11-29T08:00:00.000")
            case "AWS::SQS::Queue", "Arn":
                return self.arn("sqs", self.value(properties["QueueName"]))
            case "AWS::SecretsManager::Secret", "Id":
                return self._ref(name)
            case "AWS::Events::EventBus", "Arn":
                return self.arn("events", f"event-bus/{self.value(properties['Name'])}")
            case "AWS::Logs::LogGroup", "Arn":  # of all its streams
                return self.arn("logs", f"log-group:{self.value(properties['LogGroupName'])}:*")
        raise ValueError(f"{kind} has no {attribute} here")

    # --- policies

    def policies(self, function: str) -> list[Node]:
        """The statements of a function's role, with real names."""
        role = f"{function.capitalize()}Role"
        documents = [each["PolicyDocument"] for each in self.resources[role]["Properties"]["Policies"]]
        documents += [
            each["Properties"]["PolicyDocument"]
            for each in self.resources.values()
            if each["Type"] == "AWS::IAM::Policy" and {"Ref": role} in each["Properties"]["Roles"]
        ]
        return [
            statement | {"Resource": [self.value(each) for each in listed(statement["Resource"])]}
            for document in documents
            for statement in document["Statement"]
        ]

    # --- what calls ask for

    def asked(self, service: str, operation: str, request: Mapping[str, Any]) -> Iterator[Right]:
        """The rights that AWS looks for when a call is made."""
        ask: Callable[[str, Mapping[str, Any]], Iterator[Right]] = getattr(self, f"_{service.replace('-', '_')}")
        yield from ask(operation, request)

    def _dynamodb(self, operation: str, request: Mapping[str, Any]) -> Iterator[Right]:
        def table(name: str) -> str:
            return self.arn("dynamodb", f"table/{name}")

        match operation:
            case "BatchGetItem" | "BatchWriteItem":
                yield from ((f"dynamodb:{operation}", table(name)) for name in request["RequestItems"])
            case "TransactWriteItems":
                rights = {"Update": "UpdateItem", "Put": "PutItem", "Delete": "DeleteItem"}
                for action in request["TransactItems"]:
                    ((kind, part),) = action.items()
                    yield f"dynamodb:{rights.get(kind, 'ConditionCheckItem')}", table(part["TableName"])
            case "BatchExecuteStatement":
                for statement in request["Statements"]:
                    verb, name = re.match(r'(\w+)[^"]*"([^"]+)"', statement["Statement"]).groups()  # type: ignore[union-attr]
                    yield f"dynamodb:PartiQL{verb.capitalize()}", table(name)
            case "Query" if "IndexName" in request:
                yield "dynamodb:Query", f"{table(request['TableName'])}/index/{request['IndexName']}"
            case _:
                yield f"dynamodb:{operation}", table(request["TableName"])

    def _sqs(self, operation: str, request: Mapping[str, Any]) -> Iterator[Right]:
        queue = self.arn("sqs", request["QueueUrl"].rpartition("/")[2])
        yield f"sqs:{operation.removesuffix('Batch')}", queue

    def _secretsmanager(self, operation: str, request: Mapping[str, Any]) -> Iterator[Right]:
        names = {"accounts": "AccountsSecret", "administrators-key": "AdminKeySecret", "pepper": "PepperSecret"}
        yield f"secretsmanager:{operation}", self._ref(names[request["SecretId"]])

    def _events(self, operation: str, request: Mapping[str, Any]) -> Iterator[Right]:
        for entry in request["Entries"]:
            assert entry["EventBusName"] == f"{STACK}-bus"
            yield f"events:{operation}", self._attribute("EventBus", "Arn")

    def _lambda(self, operation: str, request: Mapping[str, Any]) -> Iterator[Right]:
        assert operation == "Invoke"
        yield "lambda:InvokeFunction", self.arn("lambda", f"function:{request['FunctionName']}")

    def _ssm(self, operation: str, request: Mapping[str, Any]) -> Iterator[Right]:
        yield f"ssm:{operation}", self.arn("ssm", f"parameter{request['Name']}")

    def _apigateway(self, operation: str, request: Mapping[str, Any]) -> Iterator[Right]:
        verb, path = {
            "CreateApiKey": ("POST", "/apikeys"),
            "DeleteApiKey": ("DELETE", f"/apikeys/{request.get('apiKey')}"),
            "CreateUsagePlanKey": ("POST", f"/usageplans/{request.get('usagePlanId')}/keys"),
        }[operation]
        yield f"apigateway:{verb}", self.arn("apigateway", path, account="")


def allows(statements: list[Node], right: Right) -> bool:
    """Whether IAM allows it: some statement does, and none denies it."""
    action, resource = right
    fitting = {
        statement["Effect"]
        for statement in statements
        if any(_fits(pattern, action, re.IGNORECASE) for pattern in listed(statement["Action"]))
        if any(_fits(pattern, resource) for pattern in listed(statement["Resource"]))
    }
    return fitting == {"Allow"}


def _fits(pattern: str, text: str, flags: int = 0) -> bool:
    """`*` stands for anything, `?` for one character."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text, flags | re.DOTALL) is not None
