"""The whole local world: cloud, simulated vendors and the stack between them, for one block of code or until `down`."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.local import cloud, deploy, simulators
from tests.local.process import LOCAL, new_run_dir, release, run_dir
from tests.local.simulators import Simulators
from tests.local.stack import STACK_FILE, Stack

# Holds the path of the run that `up` started.
UP_FILE = LOCAL / "up"


@dataclass(frozen=True)
class World:
    """A stack whose accounts are the simulators', which push to it."""

    stack: Stack
    simulators: Simulators
    folder: Path  # of this run: what SAM has built is in it, and logs


@contextmanager
def local_world(purpose: str) -> Iterator[World]:
    """A world of its own, gone at the end of the block, whatever ends it."""
    with run_dir(purpose) as path, ExitStack() as cleanup:
        aws = cloud.start(path)
        cleanup.callback(aws.process.stop)
        vendors = simulators.start(path)
        cleanup.callback(vendors.process.stop)
        yield World(connect(deploy.deploy(aws, path), vendors), vendors, path)


def connect(stack: Stack, vendors: Simulators) -> Stack:
    """Tells the gateway of the vendors and the vendors of the gateway."""
    stack.write_accounts(simulators.accounts_document(vendors))
    simulators.register_pushes(vendors, stack.api_url)
    return stack


def up(accounts: dict[str, Any] | None) -> Stack:
    """A world that stays, in place of an earlier one; with `accounts` their vendors instead of the simulators."""
    down()
    path = new_run_dir("up")
    hold = path / "hold"
    hold.touch()
    UP_FILE.write_text(str(path), encoding="utf-8")
    try:
        stack = deploy.deploy(cloud.start(path, hold), path)
        if accounts is None:
            vendors = simulators.start(path, hold)
            stack = replace(connect(stack, vendors), simulators=vendors.control.url)
        else:
            stack.write_accounts(accounts)
        stack.save()
    except BaseException:
        release(hold)
        raise
    return stack


def down() -> bool:
    """Ends what `up` left; whether there was anything."""
    STACK_FILE.unlink(missing_ok=True)
    if not UP_FILE.exists():
        return False
    path = Path(UP_FILE.read_text(encoding="utf-8"))
    release(path / "hold")
    shutil.rmtree(path, ignore_errors=True)
    UP_FILE.unlink()
    return True
