"""template.yaml as values: its resources, and what they say of the functions."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FUNCTIONS = ("send", "dispatch", "poll", "webhook", "ingest", "fanout", "query", "sweep")

Node = dict[str, Any]


class TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short tags as their long forms."""


def short_tag(loader: TemplateLoader, suffix: str, node: yaml.Node) -> Node:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        raise yaml.YAMLError(f"!{suffix} takes a scalar or a list")
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


TemplateLoader.add_multi_constructor("!", short_tag)

TEXT = (ROOT / "template.yaml").read_text(encoding="utf-8")
# A SafeLoader with constructors that make plain values.
TEMPLATE: Node = yaml.load(TEXT, TemplateLoader)
RESOURCES: dict[str, Node] = TEMPLATE["Resources"]


def of_type(kind: str) -> dict[str, Node]:
    """Logical id → properties of all resources of a type."""
    return {name: found.get("Properties", {}) for name, found in RESOURCES.items() if found["Type"] == kind}


def function(name: str) -> Node:
    properties: Node = RESOURCES[f"{name.capitalize()}Function"]["Properties"]
    return properties


def events(kind: str) -> list[tuple[str, Node]]:
    """(function, properties) of each event source of a type."""
    return [
        (name, event["Properties"])
        for name in FUNCTIONS
        for event in function(name).get("Events", {}).values()
        if event["Type"] == kind
    ]


def statements(name: str) -> list[Node]:
    """All statements of a function's policies."""
    role_id = f"{name.capitalize()}Role"
    policies = list(RESOURCES[role_id]["Properties"]["Policies"])
    policies += [policy for policy in of_type("AWS::IAM::Policy").values() if {"Ref": role_id} in policy["Roles"]]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def rights(name: str) -> set[str]:
    return {action for statement in statements(name) for action in listed(statement["Action"])}
