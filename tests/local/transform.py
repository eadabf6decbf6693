"""Prints template.yaml as SAM makes CloudFormation's own of it. Runs in the environment of the SAM CLI.

The region is that of the environment: SAM writes some things otherwise in another partition.
"""

import json
import sys
from pathlib import Path

from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

CODE = ("CodeUri", "ContentUri")  # which SAM takes from a bucket only


def main(path: str) -> None:
    template = yaml_parse(Path(path).read_text(encoding="utf-8"))
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        properties.update({name: "s3://bucket/key" for name in CODE if name in properties})
    policies = ManagedPolicyLoader(iam_client=None)
    policies._policy_map = {}  # without a question to IAM: no role here is SAM's
    json.dump(transform(template, {}, policies), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
