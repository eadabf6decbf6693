"""The API's description: every route of the template, what it refers to, and nothing from elsewhere."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from smsgateway.api.schemas import requests, resources, responses, suppression_bodies
from smsgateway.api.serving import serving
from smsgateway.model import Response
from tests.doubles import aws
from tests.unit.api.conftest import EVENTS, Api, request, sample


@pytest.fixture
def document(api: Api) -> dict[str, Any]:
    answer = api.serve(sample("query-openapi"))
    assert answer.status == 200
    assert answer.headers["Content-Type"] == ["application/json"]
    found: dict[str, Any] = answer.json
    return found


def template_routes() -> Iterator[tuple[str, str]]:
    """The methods and paths that the template gives to the two functions."""
    for function in ("SendFunction", "QueryFunction"):
        for event in aws.resources()[function]["Properties"]["Events"].values():
            yield event["Properties"]["Method"].lower(), event["Properties"]["Path"]


def values_of(document: Any, key: str) -> Iterator[Any]:
    if isinstance(document, dict):
        yield from (value for name, value in document.items() if name == key)
        for value in document.values():
            yield from values_of(value, key)
    elif isinstance(document, list):
        for value in document:
            yield from values_of(value, key)


def test_it_describes_the_templates_routes_and_no_others(document: dict[str, Any]) -> None:
    described = {(method, path) for path, operations in document["paths"].items() for method in operations}

    assert described == set(template_routes())


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    references = set(values_of(document, "$ref"))

    assert references == {f"#/components/schemas/{name}" for name in schemas}


def test_operations_say_who_may_and_what_can_go_wrong(document: dict[str, Any]) -> None:
    assert document["security"] == [{"key": []}]
    assert document["components"]["securitySchemes"] == {"key": {"type": "apiKey", "in": "header", "name": "x-api-key"}}
    operations = list(values_of(document["paths"], "responses"))
    for answers in operations:
        problems = {status: answer for status, answer in answers.items() if status >= "400"}
        assert all(list(answer["content"]) == ["application/problem+json"] for answer in problems.values())
    ids = list(values_of(document, "operationId"))
    assert len(ids) == len(set(ids)) == len(operations)
    for path in ("/openapi.json", "/docs"):
        assert document["paths"][path]["get"]["security"] == []


def test_bodies_are_described(document: dict[str, Any]) -> None:
    body = document["paths"]["/messages"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    schema = document["components"]["schemas"]["NewMessage"]

    assert body == {"$ref": "#/components/schemas/NewMessage"}
    assert schema["additionalProperties"] is False
    assert schema["properties"]["to"]["anyOf"][1]["maxItems"] == 50_000
    assert schema["properties"]["valid_for"]["anyOf"][0]["maximum"] == 259_200


def model_of(schema: dict[str, Any]) -> type[BaseModel]:
    """The model behind a reference: `Message`, `ListOf_Reply_`."""
    name = schema["$ref"].rpartition("/")[2]
    if item := re.fullmatch("ListOf_(.*)_", name):
        page = resources.ListOf.__class_getitem__(getattr(resources, item[1]))
        assert isinstance(page, type)
        return page
    modules = (requests, responses, resources, suppression_bodies)
    found: type[BaseModel] = next(getattr(module, name) for module in modules if hasattr(module, name))
    return found


def test_every_body_and_answer_has_an_example_that_is_one(document: dict[str, Any]) -> None:
    bodies = [
        (content, status)
        for responses in values_of(document["paths"], "responses")
        for status, answer in responses.items()
        for type_, content in answer.get("content", {}).items()
        if "json" in type_ and "$ref" in content["schema"]
    ]
    bodies += [(body["content"]["application/json"], "") for body in values_of(document["paths"], "requestBody")]
    assert len(bodies) > 100
    for content, status in bodies:
        model = model_of(content["schema"])
        example = model.model_validate(content["example"])
        required = {field.alias or name for name, field in model.model_fields.items() if field.is_required()}
        assert required <= set(content["example"]) <= set(example.model_dump(by_alias=True)), model
        if issubclass(model, responses.Problem):
            assert content["example"]["status"] == int(status)


def test_every_field_and_operation_says_what_it_is(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert len(operation["description"]) > 10, (method, path)
            assert {*operation["tags"]} <= {tag["name"] for tag in document["tags"]}
    for model in (requests.NewMessage, requests.PersonalMessage, requests.TemplateBody, requests.NewClient):
        fields = document["components"]["schemas"][model.__name__]["properties"]
        silent = [name for name, field in fields.items() if "description" not in field]
        assert silent == [], model


def test_it_says_what_only_an_administrator_may_do(api: Api, document: dict[str, Any]) -> None:
    key = api.sender("shop")
    api.vendors.answers = {"": Response(200, {}, b"ok#8500")}
    for path in sorted(EVENTS.glob("query-*.json")):
        event = json.loads(path.read_text(encoding="utf-8"))
        event["headers"]["x-api-key"] = key
        description = document["paths"][event["resource"]][event["httpMethod"].lower()]["description"]
        assert (api.serve(event).status == 403) == ("For administrators." in description), path.name


def administrators_samples() -> list[str]:
    """The samples of what a sender may not do."""
    names = [path.stem for path in sorted(EVENTS.glob("query-*.json"))]
    events = {name: sample(name) for name in names}
    known = {name for name, event in events.items() if event["resource"] not in serving.OPEN}
    return [
        name
        for name in names
        if name in known and (events[name]["httpMethod"], events[name]["resource"]) not in serving.EVERYBODY
    ]


@pytest.mark.parametrize("name", administrators_samples())
def test_a_sender_is_told_no_before_anything_else_is_looked_at(api: Api, name: str) -> None:
    key = api.sender("shop")
    event = sample(name)
    for body in (None, b"", b"{", b"[]", b'{"unheard_of": 1}', "中".encode("gbk")):
        for query in (None, {"unheard_of": "1"}, {"limit": "0"}):
            asked = request(
                event["httpMethod"], event["resource"], body, key=key, query=query, **(event["pathParameters"] or {})
            )
            assert api.serve(asked).status == 403, (body, query)
    odd: dict[str, Any] = dict.fromkeys(event["pathParameters"] or {}, "12" * 40)
    assert api.serve(request(event["httpMethod"], event["resource"], key=key, **odd)).status == 403


def test_there_are_samples_of_what_a_sender_may_not_do() -> None:
    assert len(administrators_samples()) == 10


def test_an_answer_without_a_body_has_none(document: dict[str, Any]) -> None:
    empty = [responses["204"] for responses in values_of(document, "responses") if "204" in responses]
    assert len(empty) == 4
    assert all("content" not in answer for answer in empty)


def test_it_names_the_address_that_was_asked(document: dict[str, Any]) -> None:
    assert document["servers"] == [{"url": "https://a1b2c3d4e5.execute-api.cn-north-1.amazonaws.com.cn/v1"}]


def test_a_custom_domain_with_a_base_path(api: Api) -> None:
    event = sample("query-openapi")
    event["path"] = "/sms/openapi.json"
    event["requestContext"] |= {"path": "/sms/openapi.json", "domainName": "api.example.com"}

    assert api.serve(event).json["servers"] == [{"url": "https://api.example.com/sms"}]


def test_the_page_reads_every_operation_and_nothing_from_elsewhere(api: Api, document: dict[str, Any]) -> None:
    answer = api.serve(sample("query-docs"))

    assert answer.status == 200
    assert answer.headers["Content-Type"] == ["text/html; charset=utf-8"]
    for operation in values_of(document, "operationId"):
        assert f'id="{operation}"' in answer.text
    assert not re.search(r"<script|<link|<img|@import|src=|url\(", answer.text)
    assert set(re.findall(r'href="([^"#]+)"', answer.text)) == {"openapi.json"}
    for shown in (
        "您的验证码是482913，5分钟内有效。",
        "张三您好",
        "【示例】您的验证码是",
        "/messages?to={to}&quot;",
        "1…50000",
    ):
        assert shown in answer.text
    anchors = set(re.findall(r'id="([^"]+)"', answer.text))
    assert set(re.findall(r'href="#([^"]+)"', answer.text)) <= anchors


def test_every_sample_is_a_route(api: Api) -> None:
    names = sorted([*EVENTS.glob("send-*.json"), *EVENTS.glob("query-*.json")])
    samples = [json.loads(path.read_text(encoding="utf-8")) for path in names]

    assert {(event["httpMethod"].lower(), event["resource"]) for event in samples} == set(template_routes())
    api.vendors.answers = {"": Response(200, {}, b"ok#8500")}
    for event in samples:
        assert api.serve(event).status not in (400, 401, 405, 500), event["resource"]


def test_paths_and_methods_that_there_are_not(api: Api) -> None:
    nowhere = api.call("GET", "/nowhere", query={"a": "b"})
    wrong = api.call("DELETE", "/accounts/{name}", name="hb-main")

    assert (nowhere.status, nowhere.json["title"]) == (404, "Not Found")
    assert (wrong.status, wrong.headers["Allow"]) == (405, ["GET"])
    assert wrong.headers["Content-Type"] == ["application/problem+json"]


def test_a_path_with_a_slash_in_a_parameter(api: Api) -> None:
    assert api.serve(request("GET", "/templates/{name}", name="a%2Fb")).status == 404
