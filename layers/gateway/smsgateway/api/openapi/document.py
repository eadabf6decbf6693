"""The OpenAPI document, made from the routes of both functions: what they take and answer, each with an example."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from pydantic.json_schema import models_json_schema

from smsgateway.api.openapi.meanings import described_values
from smsgateway.api.schemas import responses as answers
from smsgateway.api.serving.problems import PROBLEM_JSON
from smsgateway.api.spreadsheet import CSV
from smsgateway.codecs import VENDORS

TITLE = "SMS gateway"
VERSION = "1"
DESCRIPTION = """This API sends text messages through Chinese SMS vendors and tells what became of them.

Every request has the header `x-api-key`, except those to `/openapi.json` and `/docs`. A sender sees its own messages
and the replies to them; another client's message is a 404. An administrator sees all, and alone may call the
operations that say so.

Bodies are JSON in UTF-8, at most 4,500,000 bytes, whatever their `Content-Type`. Fields and query parameters that are
not listed here are refused; so is U+FFFD, which stands for bytes that were lost, in a text, a variable, a signature or
a reference. Times are ISO 8601; those in answers are UTC. A `+` in a query needs no encoding.

Lists are pages, `{"items": […], "next": …}`: pass `next` back as the parameter `next`, with the same key, for the
following page of the same list. It is null on the last page. A `next` of another list or key is a 422.

Errors are application/problem+json (RFC 9457). API Gateway's own errors have the same fields, as application/json; rare
ones of its own making have a `message` alone (so have, on the local cloud, those for a wrong key, and for an unknown
path, a 403 there). API Gateway's own 502 and 504 (after 29 seconds) are to be treated like a 500."""
TAGS = {
    "Messages": """Sending, what became of it, and cancelling.

Signatures: only a text as you wrote it, or a template's own words, may bring a signature. The value of a variable never
does, so no customer's name chooses whose signature a phone shows.

- A text that begins with 【…】 carries its own signature, whatever blanks, line breaks or marks stand in front, which
  are left out. Another signature beside it in `signature` is refused.
- A text that ends with the very signature that it would get stays as it is, and gets no second one in front. heji, and
  infocloud with `free_text_signature`, take the signature beside the text: the signature goes there, and the vendor
  puts it in its place. Segments are the same.
- Where neither message nor account has a signature, a variable's value that begins with 【…】 would stand in for one:
  that is refused at `signature`.
- A template that goes by its vendor's code has the vendor's signature. A message with another signature, or with none
  (`""`), does not go through that account.""",
    "Replies": "What recipients wrote back.",
    "Verifications": """A number verified in two calls: the first has a code sent, the second checks what was typed.

There is one living code for each number, client and template. Codes are random, five may be checked against each, and
one is approved once. Of a code a hash is stored, which says nothing without a secret of the stack; the code itself
follows from that secret, and stands in its text alone, which is deleted when its sending has ended.

Keys of a client made with `test` verify magic numbers: their codes are fixed, and nobody is texted.""",
    "Templates": """Texts with variables, for vendors that take texts and for those that take codes.

One template serves both kinds of vendors, and failover works between them. Missing, unknown and overlong variables of a
message are refused by name. An infocloud account without a code for the template sends the template as free text, if
the account has a `free_text_template`; otherwise the account is taken off the route.""",
    "Signatures": """Signatures and their filing (报备) with carriers, through the accounts' vendors.

An account with which a signature is `refused` is left out of the route of a message whose readers it is refused for:
the dry run names it among the `excluded`. `filed` and `pending` say what the accounts document says, and change
nothing. A refusal that a vendor has answered, or that reports of several numbers agree about, counts for a week, and
goes before the accounts document.""",
    "Suppressions": """Who is not to be texted.

A reply that means stop (TD, 退订 …) stops marketing to its number at once: that of every client who lately advertised
to it through the account that the reply came to, under the signatures of that marketing where a client has several.
Where nobody advertised, it is that of the client of the newest message; a reply that answers no known message stops
everybody's. A reply such as START or 恢复订阅 lifts the stops of that same marketing, be they a reply's, the API's or
an import's. It never lifts an administrator's suppression for all purposes, nor, where it answers a client's message, a
stop of everybody's.""",
    "Accounts": "The accounts with vendors, from the accounts document.",
    "Clients": "Who may call this API. A new client's key may get 403 for a minute or two, until API Gateway knows it.",
    "About": "This description.",
}
CSV_EXAMPLES = {"importSuppressions": "number,purpose,client,reason\r\n13800138000,marketing,shop,old list\r\n"}
REFERENCE = "#/components/schemas/{model}"
POWERTOOLS_ERRORS = (
    "HTTPValidationError",
    "ValidationError",
    "ResponseValidationError",
)  # its own form of errors, which nobody gets


def openapi(resolvers: list[APIGatewayRestResolver], server: str) -> dict[str, Any]:
    """One OpenAPI 3.1 document of all the resolvers' routes. `server` is the API's address."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {}
    for resolver in resolvers:
        part = resolver.get_openapi_schema(title=TITLE, version=VERSION).model_dump(
            mode="json", by_alias=True, exclude_none=True
        )
        schemas.update(part["components"]["schemas"])
        described = _descriptions(resolver)
        for path, operations in part["paths"].items():
            paths.setdefault(path, {}).update(operations)
            for operation in operations.values():
                operation["description"] = described[operation["operationId"]]
                _only_own_errors(operation["responses"])
                _written_as_usual(operation.get("parameters", ()))
    _, problem = models_json_schema([(answers.Problem, "serialization")], ref_template=REFERENCE)
    schemas.update(problem["$defs"])
    for operations in paths.values():
        for operation in operations.values():
            _exemplify(operation, schemas)
    for name in POWERTOOLS_ERRORS:
        schemas.pop(name, None)
    for name, (description, meanings) in described_values().items():
        schemas[name] |= {"description": description, "x-enum-descriptions": meanings}
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION, "description": DESCRIPTION},
        "servers": [{"url": server}],
        "security": [{"key": []}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "paths": {path: paths[path] for path in sorted(paths)},
        "components": {
            "schemas": {name: schemas[name] for name in sorted(schemas)},
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
        },
    }


def _descriptions(resolver: APIGatewayRestResolver) -> dict[str, str]:
    """What the operations say of themselves, by their ids: Powertools leaves docstrings out.

    A docstring may name `{vendors_without_batches}`, which stands for those vendors' names.
    """
    without = _either(sorted(name for name, vendor in VENDORS.items() if vendor.batch is None))
    routes = [*resolver._static_routes, *resolver._dynamic_routes]  # nothing public tells
    return {
        str(route.operation_id): _unwrapped(inspect.getdoc(route.func) or "").replace(
            "{vendors_without_batches}", without
        )
        for route in routes
    }


def _either(names: Sequence[str]) -> str:
    """Names as a sentence has them: `a, b or c`."""
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _unwrapped(text: str) -> str:
    """A docstring's paragraphs, each in one line."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _exemplify(operation: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """An example for every body of JSON that the operation takes or answers."""
    if body := operation.get("requestBody"):
        content = body["content"]["application/json"]
        content["example"] = examples(content["schema"], schemas)[0]
        if operation["operationId"] in CSV_EXAMPLES:
            example = CSV_EXAMPLES[operation["operationId"]]
            body["content"][CSV] = {"schema": {"type": "string"}, "example": example}
    for status, answer in operation["responses"].items():
        for type_, content in answer.get("content", {}).items():
            if type_ == PROBLEM_JSON:
                content["example"] = _problem(int(status), answer["description"])
                if body and status == "422":
                    content["example"]["errors"] = [examples(schemas["ProblemError"], schemas)[0]]
            elif type_ == "application/json":
                content["example"] = examples(content["schema"], schemas)[0]


def _problem(status: int, description: str) -> dict[str, Any]:
    return {"title": HTTPStatus(status).phrase, "status": status, "detail": description}


def examples(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[Any]:
    """Values that a schema describes: its own examples, or one that is made of those of its parts."""
    fields = schema.get("properties", {})
    if "examples" in schema:  # the fields of objects in their own order: pydantic sorts them
        return [
            {name: each[name] for name in fields if name in each} if fields else each for each in schema["examples"]
        ]
    if reference := schema.get("$ref"):
        return examples(schemas[reference.rpartition("/")[2]], schemas)
    if choices := schema.get("anyOf"):
        return examples(choices[0], schemas)
    if values := schema.get("enum"):
        return list(values)
    if schema.get("type") == "array":
        return [[examples(schema["items"], schemas)[0]]]
    required = schema.get("required", ())
    shown = {name: member for name, member in fields.items() if name in required or "examples" in member}
    return [{name: examples(member, schemas)[0] for name, member in shown.items()}]


def _written_as_usual(parameters: Iterable[dict[str, Any]]) -> None:
    """Names of headers as everybody writes them; Powertools has them in lower case."""
    for parameter in parameters:
        if parameter["in"] == "header":
            parameter["name"] = parameter["name"].title()


def _only_own_errors(responses: dict[str, Any]) -> None:
    """Drop the form of errors that Powertools describes, and nobody gets."""
    in_order = sorted(responses.items())
    responses.clear()
    responses.update((status, answer) for status, answer in in_order if "HTTPValidationError" not in str(answer))
    if "204" in responses:
        responses["204"].pop("content", None)  # Powertools gives it one
