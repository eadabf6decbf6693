"""`make smoke` where something does not hold. That its steps hold is in tests/e2e/test_smoke.py."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.deployed import smoke as module
from tests.deployed.smoke import STEPS, Trial, smoke
from tests.deployed.stack import Deployed
from tests.local.api import Answer
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


class Broken:
    """An API of which every second request gets no answer."""

    def __init__(self) -> None:
        self.requests = 0

    def post(self, _path: str, _body: object) -> Answer:
        self.requests += 1
        if self.requests % 2:
            return Answer(200, {}, {})
        raise TimeoutError


def test_a_request_without_an_answer_is_noticed_during_an_update(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Broken()

    def deploys(_parameters: Mapping[str, str]) -> Deployed:
        deadline = time.monotonic() + 30
        while asked.requests < 2 and time.monotonic() < deadline:
            pass
        return Deployed("sms-smoke", "", {}, lambda _service: None)

    monkeypatch.setattr(module, "PAUSE", 0)
    monkeypatch.setattr(module, "send_push", lambda _trial: 200)
    monkeypatch.setattr(Trial, "api", asked)
    with pytest.raises(module.DidNotHoldError, match=r"answers \[0, 200\]"):
        module.update(Trial("sms-smoke", DOCUMENT, "13800138000", deploys, lambda: None))
