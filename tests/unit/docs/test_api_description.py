"""The API's own description says what statuses, reasons and fields mean, and has the routes that are deployed."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from smsgateway.api.openapi import document, page
from smsgateway.api.openapi.meanings import REASONS, STATUSES
from smsgateway.api.schemas.requests import NewClient, NewMessage, PersonalMessage, Resend, TemplateBody
from smsgateway.api.schemas.responses import PROBLEMS
from smsgateway.handlers import query, send
from smsgateway.model import FINAL, Reason, Status
from tests.tools.template import of_type


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return document.openapi([send.app, query.app], "https://api.example")


def deployed() -> Iterator[tuple[str, str]]:
    """The method and the path of every route of the template, but for the push addresses."""
    for function in of_type("AWS::Serverless::Function").values():
        for event in function.get("Events", {}).values():
            if event["Type"] == "Api" and not event["Properties"]["Path"].startswith("/push/"):
                yield event["Properties"]["Method"], event["Properties"]["Path"]


def test_the_routes_are_those_that_are_deployed(description: dict[str, Any]) -> None:
    described = {(method.upper(), path) for path, operations in description["paths"].items() for method in operations}
    assert described == set(deployed())


@pytest.mark.parametrize("model", [NewMessage, PersonalMessage, Resend, TemplateBody, NewClient])
def test_the_fields_of_a_body_are_there_with_their_defaults(
    model: type[BaseModel], description: dict[str, Any]
) -> None:
    shown = description["components"]["schemas"][model.__name__]["properties"]
    assert set(shown) == set(model.model_fields)
    for name, field in model.model_fields.items():
        default = field.get_default()
        if not field.is_required() and default not in (None, []):
            assert shown[name]["default"] == (default.model_dump() if isinstance(default, BaseModel) else default), name


def test_every_field_says_what_it_is(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    silent = [
        (name, field)
        for name, schema in schemas.items()
        for field, said in schema.get("properties", {}).items()
        if "description" not in said
    ]
    assert len(schemas) > 40
    assert silent == []


def test_every_status_and_every_reason_is_explained(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    assert set(STATUSES) == set(Status)
    assert list(REASONS) == list(Reason)
    for name, meanings in (("Status", STATUSES), ("Reason", REASONS)):
        assert schemas[name]["x-enum-descriptions"] == {str(value): meaning for value, meaning in meanings.items()}
        assert set(schemas[name]["enum"]) == set(map(str, meanings))


def test_the_final_statuses_are_called_final() -> None:
    assert {status for status, meaning in STATUSES.items() if meaning.startswith("final: ")} == FINAL


def test_every_error_that_an_operation_has_is_explained(description: dict[str, Any]) -> None:
    answers = [
        (int(status), answer["description"])
        for operations in description["paths"].values()
        for operation in operations.values()
        for status, answer in operation["responses"].items()
        if status >= "400"
    ]
    assert {status for status, _ in answers} == set(PROBLEMS)
    assert all(len(words) > 5 for _, words in answers)


def test_the_page_shows_what_each_value_means_and_keeps_paragraphs(description: dict[str, Any]) -> None:
    html = page.html(description)
    for meaning in (*STATUSES.values(), *REASONS.values()):
        assert meaning.partition("`")[0].partition("'")[0] in html, meaning
    assert "<li>A text that begins with 【…】 carries its own signature" in html
    assert "- A text that" not in html
