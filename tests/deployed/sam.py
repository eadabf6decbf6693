"""The SAM CLI against AWS, as `make deploy` runs it, for a stack that is not samconfig.toml's."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.local.deploy import SAM
from tests.local.process import ROOT, StartError


def deploy_to_aws(name: str, parameters: Mapping[str, str]) -> None:
    """Build and deploy, or update."""
    _run("build")
    given = [f"{each}={value}" for each, value in parameters.items()]
    _run("deploy", "--stack-name", name, *(["--parameter-overrides", *given] if given else []))


def remove_from_aws(name: str) -> None:
    region = os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION")
    _run("delete", "--no-prompts", "--stack-name", name, *(["--region", region] if region else []))


def _run(*arguments: str) -> None:
    # The layers' bytecode must come from Python 3.13: our own environment's.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run([str(SAM), *arguments], cwd=ROOT, env=os.environ | {"PATH": path}, check=False)
    if done.returncode:
        raise StartError(f"sam {arguments[0]} failed")
