"""The commands that a newcomer types: `make` alone, and `python -m tests.local` without further ado."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
ACCOUNT = {
    "name": "ly-1",
    "vendor": "langyu",
    "base_url": "http://sms.example",
    "credentials": {"account": "a", "pswd": "b"},
}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """The command from the root, without anything that only our own shell would know."""
    unset = ("PYTHONPATH", "MAKEFLAGS", "MAKELEVEL", "ACCOUNTS")
    env = {name: value for name, value in os.environ.items() if name not in unset}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_make_alone_lists_what_there_is_to_make() -> None:
    alone, asked = run("make"), run("make", "help")

    assert alone.stdout == asked.stdout
    listed = re.findall(r"^make ([a-z]+) +\S.*$", alone.stdout, flags=re.MULTILINE)
    assert listed == re.findall(r"^([a-z]+):.*## ", MAKEFILE, flags=re.MULTILINE)
    assert {"demo", "test", "check", "up", "down", "accounts", "deploy"} <= set(listed)


def test_every_target_is_phony() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, flags=re.MULTILINE)
    assert set(phony.split()) == set(re.findall(r"^([a-z]+):", MAKEFILE, flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({}, 0, "good; accounts 1, routes 0"),
        ({"credentials": {"account": "a"}}, 1, "accounts[0].credentials.pswd: is missing"),
        ({"base_url": "http://0.0.0.0"}, 1, "accounts[0].base_url: must not be an unspecified address"),
        ({"base_url": "http://127.0.0.1"}, 1, "accounts[0].base_url: must not be a loopback address"),
    ],
)
def test_an_accounts_document_is_checked(tmp_path: Path, change: dict[str, object], status: int, said: str) -> None:
    path = tmp_path / "accounts.json"
    path.write_text(json.dumps({"accounts": [ACCOUNT | change]}), encoding="utf-8")

    checked = run(sys.executable, "-m", "tests.local", "accounts", str(path))

    assert checked.returncode == status
    assert checked.stdout + checked.stderr == f"{path}: {said}\n"
