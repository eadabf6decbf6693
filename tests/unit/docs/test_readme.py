"""README.md says what the code does: its examples are valid, its parameters and its picture those of the template."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import BaseModel

from smsgateway.api.routes import post_message
from smsgateway.api.schemas.requests import NewClient, NewMessage, NewVerification, TemplateBody, TypedCode
from smsgateway.api.schemas.resources import Check, Message
from smsgateway.api.schemas.responses import AcceptedMessage, Problem
from tests.tools.pages import README as PAGE
from tests.tools.pages import local_commands, statuses, the_ticked
from tests.tools.template import FUNCTIONS, TEMPLATE


def test_the_examples_are_valid() -> None:
    models: Mapping[str, type[BaseModel]] = {
        "/messages": NewMessage,
        "/templates/otp": TemplateBody,
        "/clients": NewClient,
        "/verifications": NewVerification,
        "/verifications/$VER/check": TypedCode,
    }
    sent = list(bodies())
    for path, body in sent:
        message = models[path].model_validate_json(body)
        if isinstance(message, NewMessage):
            assert list(post_message.inconsistencies(message)) == []
    used = {name for path, body in sent if path == "/messages" for name in json.loads(body)}
    assert used >= {"to", "text", "messages", "template", "params", "send_at", "dry_run", "reference", "purpose"}
    assert {path for path, _ in sent} == set(models)


def bodies() -> Iterator[tuple[str, str]]:
    """The path and the body of each of the page's commands that sends one."""
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    commands = "".join(PAGE.blocks("sh")).replace("'\"$AT\"'", at)
    for command in re.split(r"^(?=curl|once|[A-Z]+=)", commands, flags=re.MULTILINE):
        path = re.search(r'"\$API(/[A-Za-z$/]+)', command)
        for body in re.findall(r"(?:-d|^once) '(.*?)'", command, flags=re.DOTALL):
            yield path[1] if path else "/messages", body


def test_every_command_says_its_status() -> None:
    for block in local_commands():
        calls = len(re.findall(r"\bcurl -s|^once '", block, flags=re.MULTILINE)) - block.count("once() {")
        assert len(statuses(block)) == calls, block


@pytest.mark.parametrize(
    ("model", "sign"),
    [(AcceptedMessage, "refused"), (Message, "counts"), (Check, "reachable"), (Problem, "title")],
)
def test_the_answers_are_what_the_api_describes(model: type[BaseModel], sign: str) -> None:
    answer = PAGE.json_with(sign)
    model.model_validate(answer)
    assert set(answer) <= set(model.model_fields)


def test_the_parameters_are_the_templates() -> None:
    shown = {the_ticked(row["parameter"]): row["default"] for row in PAGE.table_with("parameter", "default")}
    parameters = TEMPLATE["Parameters"]
    assert set(shown) == set(parameters)
    for name, parameter in parameters.items():
        assert shown[name] == (f"`{parameter['Default']}`" if parameter["Default"] != "" else "none"), name


def test_the_picture_has_every_function_and_the_text_names_them() -> None:
    (picture,) = PAGE.blocks("mermaid")
    words = set(re.findall(r"\b[a-z]+\b", picture))
    assert set(FUNCTIONS) <= words
    (named,) = [line for line in PAGE.prose.split("\n") if "are Lambda functions" in line]
    assert set(FUNCTIONS) <= set(re.findall(r"`([a-z]+)`", named))
