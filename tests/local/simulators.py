"""The simulated vendors beside the local cloud, and the accounts document that leads the gateway to them."""

import json
import secrets
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smsgateway.codecs import VENDORS
from tests.local.process import Process, StartError, clean_environment
from tests.simulators.client import ControlClient

START_SECONDS = 15.0


@dataclass(frozen=True)
class Simulators:
    """`accounts` are entries of the accounts document; `control` gives the vendors orders and asks what they saw."""

    control: ControlClient
    accounts: tuple[dict[str, Any], ...]
    process: Process


def start(run_dir: Path, hold: Path | None = None) -> Simulators:
    """All vendors on free ports. They end with this process, or with the file `hold`."""
    ready_file = run_dir / "simulators.json"
    command = [sys.executable, "-m", "tests.simulators", "--ready-file", str(ready_file)]
    process = Process(command, clean_environment(), run_dir / "simulators.log", hold)
    deadline = time.monotonic() + START_SECONDS
    while not ready_file.exists():
        if not process.is_running() or time.monotonic() > deadline:
            process.stop()
            raise StartError(f"the simulators did not start: {process.log}")
        time.sleep(0.05)
    ready = json.loads(ready_file.read_text(encoding="utf-8"))
    accounts = tuple(complete(entry, ready["push_credentials"]) for entry in ready["accounts"])
    return Simulators(ControlClient(ready["control"]), accounts, process)


def complete(entry: dict[str, Any], push_credentials: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """The account with what it polls and how it is pushed to; the token is new each time."""
    vendor = VENDORS[entry["vendor"]]
    if vendor.report_push is None and vendor.inbound_push is None:
        return entry | {"poll": ["reports", "inbound"]}
    return entry | {"push": {"token": secrets.token_urlsafe(32), "credentials": push_credentials[entry["name"]]}}


def accounts_document(simulators: Simulators) -> dict[str, Any]:
    """All accounts; everything goes over all of them, one after the other. The first has refused a signature."""
    names = [entry["name"] for entry in simulators.accounts]
    filing = [
        {"signature": "示例", "filing": [{"account": name, "carrier": "*", "state": "filed"} for name in names]},
        {"signature": "试验", "filing": [{"account": names[0], "carrier": "*", "state": "refused"}]},
    ]
    routes = [{"purpose": "*", "accounts": names}]
    return {"accounts": list(simulators.accounts), "routes": routes, "signatures": filing}


def register_pushes(simulators: Simulators, api_url: str) -> None:
    """Gives each vendor that pushes its two addresses, as a customer does by telephone."""
    # A cold start is a Python process here, among a dozen on the same processors, and infocloud gives up after three
    # answers of over a second.
    simulators.control.settings(timeout_scale=20)
    for entry in simulators.accounts:
        if "push" not in entry:
            continue
        address = f"{api_url}/push/{entry['name']}/{entry['push']['token']}"
        simulators.control.push(entry["name"], reports_url=f"{address}/reports", inbound_url=f"{address}/inbound")
