"""`make smoke` where something does not hold. That its steps hold is in tests/e2e/test_smoke.py."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.deployed import smoke as module
from tests.deployed.smoke import STEPS, Trial, smoke
from tests.deployed.stack import Deployed
from tests.local.process import StartError

DOCUMENT: dict[str, Any] = {
    "accounts": [
        {
            "name": "ly-1",
            "vendor": "langyu",
            "base_url": "http://sms.example",
            "credentials": {"account": "a", "pswd": "b"},
            "push": {"token": "s" * 40},
        }
    ]
}


def fails(_parameters: Mapping[str, str]) -> Deployed:
    raise RuntimeError("no quota")


def test_a_deployment_that_fails_is_said_and_taken_away(capsys: pytest.CaptureFixture[str]) -> None:
    removed: list[bool] = []
    assert smoke(Trial("sms-smoke", DOCUMENT, "13800138000", fails, lambda: removed.append(True))) == 1
    said = capsys.readouterr().out
    assert "DID NOT HOLD: deploy" in said
    assert "no quota" in said
    assert f"0 of {len(STEPS)} steps held" in said
    assert removed == [True]


def test_an_interruption_says_what_is_left(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_trial: Trial) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "STEPS", {"deploy": interrupted})
    with pytest.raises(KeyboardInterrupt):
        smoke(Trial("sms-smoke", DOCUMENT, "13800138000", fails, lambda: None))
    assert "sam delete --stack-name sms-smoke" in capsys.readouterr().out


def test_a_document_without_a_push_cannot_be_tried() -> None:
    (account,) = DOCUMENT["accounts"]
    without = {"accounts": [{name: value for name, value in account.items() if name != "push"}]}
    with pytest.raises(StartError, match="`push`"):
        smoke(Trial("sms-smoke", without, "13800138000", fails, lambda: None))


def test_a_stack_that_there_is_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "accounts.json"
    path.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    monkeypatch.setattr(module, "clients", lambda: None)
    monkeypatch.setattr(module, "described", lambda *_: {"StackStatus": "CREATE_COMPLETE"})
    with pytest.raises(StartError, match="there is a stack sms-gateway already"):
        Trial.on_aws("sms-gateway", path, "13800138000")
