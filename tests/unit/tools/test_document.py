"""`make document` shows the accounts document of a running local cloud, and replaces it by one that is good."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from tests.doubles import aws
from tests.local import __main__ as command
from tests.local.stack import Stack

SIMULATED = {
    "name": "ly-1",
    "vendor": "langyu",
    "base_url": "http://127.0.0.1:8080",
    "credentials": {"account": "a", "pswd": "b"},
    "signature": "示例",
}
BEFORE = {"accounts": [SIMULATED]}
AFTER = {"accounts": [SIMULATED], "routes": [{"purpose": "*", "accounts": ["ly-1"], "strict": True, "caps": None}]}


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    for name, value in aws.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        secrets = boto3.client("secretsmanager")
        secrets.create_secret(Name="accounts", SecretString=json.dumps(BEFORE))
        monkeypatch.setattr(Stack, "client", lambda *_: secrets)
        stack = Stack("", "", "", "", "", "", "", "accounts", {})
        monkeypatch.setattr(Stack, "load", lambda: stack)
        yield stack


def test_what_was_printed_can_be_changed_and_put_back(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["document"]) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed) == BEFORE
    assert "示例" in printed

    path = tmp_path / "accounts.json"
    path.write_text(json.dumps(AFTER), encoding="utf-8")
    assert command.main(["document", str(path)]) == 0
    assert stack.read_accounts() == AFTER


def test_what_the_gateway_would_refuse_is_not_put_in_place(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "accounts.json"
    path.write_text(json.dumps({**AFTER, "stricter": True}), encoding="utf-8")
    assert command.main(["document", str(path)]) == 1
    assert "stricter" in capsys.readouterr().err
    assert stack.read_accounts() == BEFORE


def test_without_a_running_cloud_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent() -> Stack:
        raise FileNotFoundError

    monkeypatch.setattr(Stack, "load", absent)
    assert command.main(["document"]) == 1
    assert "make up" in capsys.readouterr().err
