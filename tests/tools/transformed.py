"""The template as CloudFormation gets it: made its own by SAM, with its conditions decided one way or the other.

`python -m tests.tools.transformed` asks for every combination of settings in every kind of region whether what is left
refers to what is left, and has the linter read it: what a condition leaves out does not show in template.yaml itself.
"""

import itertools
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.local.process import LOCAL, clean_environment
from tests.tools.template import ROOT, Node

# One of each kind: where all is known, in China, and where Lambda knows no loops.
REGIONS = {"us-east-1": "aws", "cn-north-1": "aws-cn", "mx-central-1": "aws", "us-gov-west-1": "aws-us-gov"}
# What the conditions ask: each parameter's default, and another value.
SETTINGS = {
    "ApiLogging": ("true", "false"),
    "PublicUrl": ("", "https://sms.example/v1"),
    "AlarmTopicArn": ("", "arn:aws:sns:us-east-1:123456789012:operators"),
    "WebhookReserved": (0, 20),
    "SendReserved": (0, 20),
    "WarmThroughput": (4000, 12000),
}
NO_VALUE = {"Ref": "AWS::NoValue"}

type Setting = Mapping[str, Any]  # parameter → value


@cache
def transformed(region: str) -> Node:
    """template.yaml after SAM's transformation for a region, with its conditions. Not to be changed."""
    environment = clean_environment() | {"AWS_DEFAULT_REGION": region}
    command = [str(LOCAL / "sam" / "bin" / "python"), "tests/local/transform.py", "template.yaml"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    template: Node = json.loads(done.stdout)
    return template


def settings() -> Iterator[Setting]:
    """Every combination."""
    for values in itertools.product(*SETTINGS.values()):
        yield dict(zip(SETTINGS, values, strict=True))


def decided(template: Node, region: str, setting: Setting) -> Node:
    """What CloudFormation makes of the template: resources and values whose conditions do not hold are left out."""
    parameters: dict[str, Any] = {name: each.get("Default") for name, each in template["Parameters"].items()} | dict(
        setting
    )
    parameters |= {"AWS::Region": region, "AWS::Partition": REGIONS[region]}

    def holds(condition: Any) -> bool:
        ((kind, content),) = condition.items()
        match kind:
            case "Condition":
                return holds(template["Conditions"][content])
            case "Fn::Not":
                return not holds(content[0])
            case "Fn::And":
                return all(holds(each) for each in content)
            case "Fn::Equals":
                left, right = (parameters[each["Ref"]] if isinstance(each, dict) else each for each in content)
                return str(left) == str(right)
        raise ValueError(f"{kind} is not known here")

    conditions = {name: holds(condition) for name, condition in template["Conditions"].items()}
    resources = {
        name: {key: part for key, part in _chosen(resource, conditions).items() if key != "Condition"}
        for name, resource in template["Resources"].items()
        if conditions.get(resource.get("Condition", ""), True)
    }
    outputs = _chosen(template["Outputs"], conditions)
    used = {*leads_to(resources), *leads_to(outputs)}
    return {
        "AWSTemplateFormatVersion": template["AWSTemplateFormatVersion"],
        "Parameters": {
            name: parameter | {"Default": setting.get(name, parameter.get("Default"))}
            for name, parameter in template["Parameters"].items()
            if name in used
        },
        "Resources": resources,
        "Outputs": outputs,
    }


def _chosen(value: Any, conditions: Mapping[str, bool]) -> Any:
    """The value with the branch of each Fn::If that is taken."""
    if isinstance(value, list):
        return [_chosen(each, conditions) for each in value if not _is_nothing(each, conditions)]
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value:
        name, then, otherwise = value["Fn::If"]
        return _chosen(then if conditions[name] else otherwise, conditions)
    return {name: _chosen(each, conditions) for name, each in value.items() if not _is_nothing(each, conditions)}


def _is_nothing(value: Any, conditions: Mapping[str, bool]) -> bool:
    return bool(_chosen(value, conditions) == NO_VALUE) if isinstance(value, dict) and len(value) == 1 else False


def leads_to(value: Any) -> Iterator[str]:
    """The names that a value refers to: of resources, parameters, and AWS's own."""
    if isinstance(value, list):
        for each in value:
            yield from leads_to(each)
    if not isinstance(value, dict):
        return
    for key, content in value.items():
        if key == "Ref":
            yield content
        elif key == "Fn::GetAtt":
            yield content[0] if isinstance(content, list) else content.partition(".")[0]
        elif key == "Fn::Sub":
            text, given = (content, {}) if isinstance(content, str) else content
            yield from (name.partition(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text) if name not in given)
            yield from leads_to(given)
        else:
            yield from leads_to(content)


def needs(resource: Node) -> set[str]:
    """What a resource waits for."""
    after = resource.get("DependsOn", [])
    return {*leads_to(resource.get("Properties", {})), *(after if isinstance(after, list) else [after])}


def dangling(template: Node) -> list[str]:
    """`resource → name`: what refers to something that is not there."""
    there = {*template["Resources"], *template["Parameters"]}
    found = [(name, each) for name, resource in template["Resources"].items() for each in needs(resource)]
    found += [("Outputs", each) for each in leads_to(template["Outputs"])]
    return [f"{name} → {each}" for name, each in found if each not in there and not each.startswith("AWS::")]


def lint(templates: Mapping[str, Node], region: str) -> str:
    """What the linter says of the templates; nothing when they are good."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.json" for name in templates]
        for path, template in zip(paths, templates.values(), strict=True):
            path.write_text(json.dumps(template), encoding="utf-8")
        command = [str(LOCAL / "sam" / "bin" / "cfn-lint"), "--regions", region, "--", *map(str, paths)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def main() -> int:
    problems, looked_at = [], 0
    for region in REGIONS:
        template = transformed(region)
        for setting in settings():
            looked_at += 1
            problems += [f"{region}, {dict(setting)}: {each}" for each in dangling(decided(template, region, setting))]
    for region in ("us-east-1", "cn-north-1"):
        template = transformed(region)
        every = {name: values[1] for name, values in SETTINGS.items()}
        chosen = {"transformed": template, "as-it-comes": decided(template, region, {})}
        chosen["all-settings-another"] = decided(template, region, every)
        problems += filter(None, [lint(chosen, region)])
    print("\n".join(problems) or f"the transformed template is good in {looked_at} combinations")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
