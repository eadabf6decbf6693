"""Builds template.yaml and deploys it to the local cloud with the SAM CLI, just as to AWS."""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.local.cloud import REGION, Cloud
from tests.local.process import LOCAL, ROOT, StartError
from tests.local.stack import Stack, local_client

STACK_NAME = "sms-gateway"
SAM = LOCAL / "sam" / "bin" / "sam"
BUILD = "build --no-cached --template-file template.yaml"
DEPLOY = (
    f"deploy --region {REGION} --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND"
    " --resolve-s3 --no-confirm-changeset --no-fail-on-empty-changeset --no-progressbar"
)
# A worker is a process here, not a machine of its own.
PARAMETERS = {
    "Architecture": {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64"),
    "AllowLoopbackVendors": "true",
    "UrgentConcurrency": "3",
    "BulkConcurrency": "2",
    "ReceiptConcurrency": "2",
}


def deploy(
    cloud: Cloud,
    run_dir: Path,
    name: str = STACK_NAME,
    given: Mapping[str, str] = MappingProxyType({}),
    built: Path | None = None,
) -> Stack:
    """The template, built for this machine and deployed. What SAM said is in the run's folder. `built`: the folder of
    an earlier build, to be deployed once more."""
    parameters = ["--parameter-overrides", *(f"{each}={value}" for each, value in (PARAMETERS | dict(given)).items())]
    env = tool_environment(cloud, run_dir)
    if built is None:
        built = run_dir / "build"
        run_sam([*BUILD.split(), "--build-dir", str(built), *parameters], env, run_dir / "build.log")
    what = ["--stack-name", name, "--template-file", str(built / "template.yaml"), *parameters]
    run_sam([*DEPLOY.split(), *what], env, run_dir / "deploy.log")
    stack = describe(cloud, name)
    enable_expiry(stack)
    limit_workers(stack)
    publish_address(stack)
    return stack


def tool_environment(cloud: Cloud, run_dir: Path) -> dict[str, str]:
    """The environment of the SAM CLI; our own Python comes first, because the build runs `python3.13`."""
    return cloud.environment() | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PLATFORMS": "host",  # see layers/dependencies/Makefile
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.1",
        "__SAM_CLI_APP_DIR": str(run_dir / "sam"),
    }


def run_sam(arguments: list[str], env: dict[str, str], log: Path) -> None:
    """One SAM command; when it fails, the end of what it said is in the error."""
    with log.open("wb") as output:
        done = subprocess.run(
            [str(SAM), *arguments], cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode:
        tail = log.read_text(encoding="utf-8", errors="replace")[-3000:]
        raise StartError(f"sam {arguments[0]} failed ({log}):\n{tail}")


def describe(cloud: Cloud, name: str) -> Stack:
    """Reads the stack's outputs. The API's address is MiniStack's own: the output's host exists on AWS only."""

    def client(service: str) -> Any:
        return local_client(service, cloud.endpoint_url, REGION)

    stacks = client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}
    api = client("cloudformation").describe_stack_resource(StackName=name, LogicalResourceId="Api")
    api_id = api["StackResourceDetail"]["PhysicalResourceId"]
    stage = outputs["ApiUrl"].rpartition("/")[2]
    key = client("secretsmanager").get_secret_value(SecretId=outputs["AdminKeySecret"])["SecretString"]
    return Stack(
        api_url=f"{cloud.endpoint_url}/restapis/{api_id}/{stage}/_user_request_",
        api_key=key,
        endpoint_url=cloud.endpoint_url,
        region=REGION,
        stack_name=name,
        table=outputs["Table"],
        event_bus=outputs["EventBus"],
        accounts_secret=outputs["AccountsSecret"],
        queues=queues(outputs),
    )


def queues(outputs: dict[str, str]) -> dict[str, str]:
    """`UrgentDeadQueueUrl` is the queue `urgent-dead`."""
    found = {}
    for key, value in outputs.items():
        if name := re.fullmatch("([A-Za-z]+)QueueUrl", key):
            found["-".join(re.findall("[A-Z][a-z]+", name[1])).lower()] = value
    return found


def enable_expiry(stack: Stack) -> None:
    """MiniStack's CloudFormation leaves the table's TTL out."""
    stack.client("dynamodb").update_time_to_live(
        TableName=stack.table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
    )


def limit_workers(stack: Stack) -> None:
    """MiniStack leaves a parameter text where the event source mapping needs a number, and then reads no queue."""
    functions = stack.client("lambda")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        if limit := mapping.get("ScalingConfig", {}).get("MaximumConcurrency"):
            functions.update_event_source_mapping(
                UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": int(limit)}
            )


def publish_address(stack: Stack) -> None:
    """Tells `query` the API's address, known only now, as the parameter PublicUrl does on AWS."""
    functions, name = stack.client("lambda"), f"{stack.stack_name}-query"
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": variables | {"PUBLIC_URL": stack.api_url}}
    )
