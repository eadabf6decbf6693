"""A number verified through the deployed stack: a real code on a simulated phone, and the page's own commands."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import PATIENCE, Gateway
from tests.e2e.test_readme import CURL
from tests.local.process import clean_environment
from tests.tools.pages import VERIFYING, statuses


@pytest.fixture(scope="module")
def template(gateway: Gateway) -> str:
    text = "您的验证码是{code}，{minutes}分钟内有效。"
    assert gateway.api.put("/templates/verify", {"text": text}).status == 200
    return "verify"


def code_on_the_phone(gateway: Gateway, number: str) -> str:
    """The code that the phone shows, once it has it."""
    deadline = time.monotonic() + PATIENCE
    while not (messages := gateway.vendors.messages(number=number)):
        assert time.monotonic() < deadline, "no code came"
        time.sleep(0.2)
    (code,) = re.findall(r"[0-9]{6}", messages[-1]["text"])
    return str(code)


def everything_stored(gateway: Gateway) -> str:
    dynamodb = gateway.world.stack.client("dynamodb")
    pages = dynamodb.get_paginator("scan").paginate(TableName=gateway.world.stack.table)
    return str([item for page in pages for item in page["Items"]])


def test_a_code_comes_is_approved_once_and_is_forgotten(gateway: Gateway, template: str) -> None:
    number = gateway.number()
    begun = gateway.api.post("/verifications", {"to": number, "template": template, "keys": {"ip": "203.0.113.9"}})
    assert begun.status == 202, begun
    id_, (message_id,) = begun.body["id"], begun.body["messages"]
    assert gateway.api.post("/verifications", {"to": number, "template": template}).body["id"] == id_

    code = code_on_the_phone(gateway, number)
    gateway.event("Message Delivered", message_id)

    def check(typed: str) -> dict[str, Any]:
        body: dict[str, Any] = gateway.api.post(f"/verifications/{id_}/check", {"code": typed}).body
        return body

    assert check("0" + code[1:] if code[0] != "0" else "1" + code[1:]) == {"status": "wrong", "left": 4}
    assert check(code) == {"status": "approved"}
    assert gateway.api.post(f"/verifications/{id_}/check", {"code": code}).status == 409
    assert gateway.api.get(f"/verifications/{id_}").body["status"] == "approved"
    shown = gateway.api.get(f"/messages/{message_id}")
    assert (shown.body["status"], code in str(shown.body)) == ("delivered", False)
    stored = everything_stored(gateway)
    assert message_id in stored
    assert f"验证码是{code}" not in stored
    assert f"'{code}'" not in stored
    assert len(gateway.vendors.messages(number=number)) == 1


def test_a_verification_is_nobody_elses(gateway: Gateway, template: str) -> None:
    made = gateway.api.post("/clients", {"name": "verifier-shop", "purposes": ["otp"]})
    assert made.status == 201, made
    shop = gateway.client(made.body["api_key"])
    begun = gateway.api.post("/verifications", {"to": gateway.number(), "template": template})
    assert shop.get(f"/verifications/{begun.body['id']}").status == 404
    assert shop.post(f"/verifications/{begun.body['id']}/check", {"code": "123456"}).status == 404
    assert shop.delete(f"/verifications/{begun.body['id']}").status == 404
    own = shop.post("/verifications", {"to": gateway.number(), "template": template})
    assert (own.status, shop.delete(f"/verifications/{own.body['id']}").body["status"]) == (202, "canceled")
    assert gateway.api.delete("/clients/verifier-shop").status == 204


def test_the_commands_of_the_page_get_the_statuses_that_it_says(gateway: Gateway, tmp_path: Path) -> None:
    commands = "".join(VERIFYING.blocks("sh"))
    env = clean_environment() | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    env |= {"API": gateway.world.stack.api_url, "KEY": gateway.world.stack.api_key}
    shell = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", CURL + commands],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    got = [int(status) for status in (tmp_path / "statuses").read_text(encoding="utf-8").split()]
    assert got == statuses(commands), shell.stdout + shell.stderr
    assert '{"status": "wrong", "left": 4}' in shell.stdout
    assert '{"status": "approved"}' in shell.stdout
