"""`make smoke`, against the local cloud: a second stack beside the first one."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.deployed.smoke import Trial, outcomes
from tests.deployed.stack import Deployed, described
from tests.e2e.conftest import Gateway
from tests.local import deploy, simulators
from tests.local.cloud import Cloud
from tests.local.deploy import run_sam, tool_environment
from tests.local.process import Process

STACK = "sms-smoke"
ACCOUNT = "hb-smoke"


class NoProcess(Process):
    """The cloud runs already, on somebody else's leash."""

    def __init__(self) -> None:
        pass


@pytest.fixture
def trial(gateway: Gateway, tmp_path: Path) -> Trial:
    """A stack with an account of its own at the simulated vendors."""
    world = gateway.world
    cloud = Cloud(world.stack.endpoint_url, NoProcess())
    credentials = {"corp_id": "smoke", "corp_pwd": "hb-pass-smoke", "corp_service": "1069smoke"}
    gateway.vendors.add_account(ACCOUNT, "hbsmservice", credentials)
    (like,) = [
        each for each in simulators.accounts_document(world.simulators)["accounts"] if each["vendor"] == "hbsmservice"
    ]
    account = like | {"name": ACCOUNT, "credentials": credentials, "push": {"token": "s" * 40}}

    def deployed(parameters: Mapping[str, str]) -> Deployed:
        stack = deploy.deploy(cloud, tmp_path, STACK, parameters, built=world.folder / "build")
        shown = stack.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in shown}
        return Deployed(STACK, stack.api_url, outputs, stack.client)

    def remove() -> None:
        arguments = ["delete", "--no-prompts", "--stack-name", STACK, "--region", world.stack.region]
        run_sam(arguments, tool_environment(cloud, tmp_path), tmp_path / "delete.log")

    document = {"accounts": [account], "routes": [{"purpose": "*", "accounts": [ACCOUNT]}]}
    return Trial(STACK, document, gateway.number("0042"), deployed, remove, timeout=300)


def test_every_step_holds_but_what_the_local_cloud_does_not_do(trial: Trial) -> None:
    # GIVEN a local cloud that answers in its own words where API Gateway answers by itself
    problems = {name: problem for name, problem in outcomes(trial) if problem}
    # THEN that step tells the difference, and every other one holds
    assert set(problems) == {"API Gateway's own answers"}, problems
    assert described(STACK, trial.stack.client) is None
