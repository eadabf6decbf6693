"""A stack as whoever drives it from outside needs to know it, with the credentials and region of the environment."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tests.local.deploy import queues
from tests.local.process import StartError

type Clients = Callable[[str], Any]  # service → boto3 client


@dataclass(frozen=True)
class Deployed:
    """`queues` is name → URL: `urgent`, `bulk`, `receipts`, their dead-letter queues, `fanout-dead`, `runs-dead`."""

    name: str
    api_url: str
    outputs: Mapping[str, str]
    client: Clients

    @property
    def queues(self) -> dict[str, str]:
        return queues(dict(self.outputs))


def clients(region: str | None = None, profile: str | None = None) -> Clients:
    """boto3 clients of the environment's account."""
    # Untyped: the stubs want the service's name as a literal.
    session: Any = boto3.Session(region_name=region, profile_name=profile)
    made: Clients = session.client
    return made


def described(name: str, client: Clients) -> dict[str, Any] | None:
    """What CloudFormation says of a stack; None where there is none."""
    try:
        found: dict[str, Any] = client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    return found


def deployed(name: str, client: Clients) -> Deployed:
    """A stack that there is. Raises StartError when there is none."""
    found = described(name, client)
    if found is None:
        region = client("cloudformation").meta.region_name
        raise StartError(f"there is no stack {name} in {region}; AWS_DEFAULT_REGION and AWS_PROFILE say where else")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    if "ApiUrl" not in outputs:
        raise StartError(f"{name} is no gateway, or was never deployed whole: its state is {found['StackStatus']}")
    return Deployed(name, outputs["ApiUrl"], outputs, client)


@contextmanager
def refusals_in_a_sentence() -> Iterator[None]:
    """Without credentials, without a region, without the right to ask: said in one line."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise StartError(f"AWS: {error}") from None
