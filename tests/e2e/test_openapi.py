"""The API keeps to the document that describes it, whatever is sent: no status 5xx, no answer that is not described.

schemathesis makes requests out of the document: some that fit it, some that do not. Where it can only guess, at a
number or a name, half of the requests get a known one. Nothing is sent but one message: all others are dry runs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.doubles import aws
from tests.e2e.conftest import Gateway
from tests.e2e.said import AttentiveApi

EXAMPLES = 10  # requests of each operation that fit the document, and as many that do not
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
CLIENT = "conformance"
NUMBERS = ("19700000001", "+86 197-0000-0002", "0086 19700000003")
BODIES = (
    (b"\xff\xfe\x00", "application/json"),
    (b'{"text": "\xd6\xd0"}', "application/json; charset=gbk"),
    (b"{", "application/x-www-form-urlencoded"),
    (b"\x1f\x8b\x08\x00", "application/octet-stream"),
)
OPERATIONS = sorted(
    (event["Properties"]["Method"].lower(), event["Properties"]["Path"])
    for function in ("SendFunction", "QueryFunction")
    for event in aws.resources()[function]["Properties"]["Events"].values()
)
OPEN = {("get", "/openapi.json"), ("get", "/docs")}
every_operation = pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda value: value)


@dataclass
class Described:
    """The API as its document has it, and a client of its own, an administrator that is taken away afterwards."""

    schema: Any
    api: AttentiveApi
    known: Mapping[str, tuple[str, ...]]  # values that exist, by parameter

    def send(self, case: Case[Any]) -> None:
        headers = {"x-api-key": self.api.key}
        self.api.said.note(case.body)
        response = requests.request(**case.as_transport_kwargs(base_url=self.api.url, headers=headers), timeout=60)
        case.validate_response(response, checks=CHECKS)


@pytest.fixture(scope="module")
def described(gateway: Gateway) -> Iterator[Described]:
    document = gateway.api.get("/openapi.json").body
    del document["security"]  # the key is ours to send, always
    created = gateway.api.post("/clients", {"name": CLIENT, "role": "administrator"})
    api = gateway.client(created.body["api_key"])
    template = {"text": "您的验证码是{code}"}
    assert api.put("/templates/described", template).status == 200
    sent = gateway.send(to=[gateway.number(), gateway.number()], text="符合描述", account="ly-1")
    gateway.event("Message Delivered", sent, 2)
    page = api.get(f"/messages/{sent}?limit=1").body["next"]
    known = {
        "name": ("hb-1", "qx-1", "described", "nobody"),
        "number": NUMBERS,
        "id": (sent,),
        "next": (page, page[:-2], "e30"),
        "since": ("2026-01-01T00:00:00Z", "0001-01-01T00:00:00+08:00"),
    }
    before = {client["name"] for client in api.get("/clients").body["items"]}
    yield Described(schemathesis.openapi.from_dict(document), api, known | {"to": NUMBERS, "from": NUMBERS})
    for client in api.get("/clients").body["items"]:
        if client["name"] not in before:
            assert api.delete(f"/clients/{client['name']}").status == 204
    for item in api.get("/templates").body["items"]:
        if item["name"] != "login":  # another test's
            assert api.delete(f"/templates/{item['name']}").status == 204
    for number in NUMBERS:
        api.delete(f"/suppressions/{number.replace(' ', '%20')}")
    assert gateway.api.delete(f"/clients/{CLIENT}").status == 204


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@every_operation
def test_answers_are_as_described(described: Described, method: str, path: str, mode: GenerationMode) -> None:
    operation = described.schema[path][method]
    if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query or operation.path_parameters):
        pytest.skip("there is nothing that could be wrong")

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), draw=st.data())
    def send(case: Case[Any], draw: st.DataObject) -> None:
        guess_better(case, described.known, draw)
        described.send(case)

    send()


def guess_better(case: Case[Any], known: Mapping[str, tuple[str, ...]], data: st.DataObject) -> None:
    """Nothing is sent, and in half of the cases what cannot be guessed is there."""
    message = case.body if case.path == "/messages" and isinstance(case.body, dict) else None
    if message is not None:
        message["dry_run"] = True
    if not data.draw(st.booleans()):
        return
    for place in (case.path_parameters, case.query):
        for name in {*(place or ()), *known} & set(place or ()):
            place[name] = data.draw(st.sampled_from(known.get(name, (place[name],))))
    if message is not None:
        if isinstance(entries := message.get("messages"), list):
            del entries[len(NUMBERS) :]
            for entry, number in zip(entries, NUMBERS, strict=False):
                if isinstance(entry, dict):
                    entry["to"] = number
        else:
            message["to"] = NUMBERS[0] if data.draw(st.booleans()) else [*NUMBERS]
        message["account"] = data.draw(st.sampled_from(["hb-1", "ic-1", "ly-1", None]))


@every_operation
def test_a_body_that_is_no_json_is_answered_as_described(described: Described, method: str, path: str) -> None:
    values = {"name": "none", "number": NUMBERS[0], "id": "msg_1"}
    case = described.schema[path][method].Case(path_parameters={n: v for n, v in values.items() if f"{{{n}}}" in path})
    for body, kind in BODIES:
        headers = {"x-api-key": described.api.key, "Content-Type": kind}
        url = described.api.url + case.formatted_path
        case.validate_response(requests.request(method, url, data=body, headers=headers, timeout=60), checks=CHECKS)


@every_operation
def test_without_a_key_there_is_no_answer(described: Described, method: str, path: str) -> None:
    for headers in ({}, {"x-api-key": ""}, {"x-api-key": "x" * 40}, {"x-api-key": "密码".encode()}):
        response = requests.request(method, described.api.url + path, headers=headers, timeout=60)
        assert (response.status_code in (401, 403)) is ((method, path) not in OPEN), response.text
