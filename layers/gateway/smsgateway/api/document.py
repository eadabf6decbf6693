"""The OpenAPI document, made from the routes of both functions, and the page that people read (no external hosts)."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from pydantic.json_schema import models_json_schema

from smsgateway.api import answers

TITLE = "SMS gateway"
VERSION = "1"
DESCRIPTION = (
    "Sends text messages through Chinese SMS vendors and tells what became of them."
    " Errors are application/problem+json (RFC 9457); times are ISO 8601; lists are pages of `items` with `next`."
)
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
        for path, operations in part["paths"].items():
            paths.setdefault(path, {}).update(operations)
            for operation in operations.values():
                _only_own_errors(operation["responses"])
        schemas.update(part["components"]["schemas"])
    _, problem = models_json_schema([(answers.Problem, "serialization")], ref_template=REFERENCE)
    schemas.update(problem["$defs"])
    for name in POWERTOOLS_ERRORS:
        schemas.pop(name, None)
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION, "description": DESCRIPTION},
        "servers": [{"url": server}],
        "security": [{"key": []}],
        "paths": {path: paths[path] for path in sorted(paths)},
        "components": {
            "schemas": {name: schemas[name] for name in sorted(schemas)},
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
        },
    }


def _only_own_errors(responses: dict[str, Any]) -> None:
    """Drop the form of errors that Powertools describes, and nobody gets."""
    in_order = sorted(responses.items())
    responses.clear()
    responses.update((status, answer) for status, answer in in_order if "HTTPValidationError" not in str(answer))


STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #ccc } code, pre { font-family: ui-monospace, monospace }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .25rem .5rem;
border-bottom: 1px solid #eee } th { font-weight: 600 } .method { color: #06c }
"""


def page(document: Mapping[str, Any]) -> str:
    """The document as HTML: operations, then schemas, every name a link."""
    info = document["info"]
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8">',
        f'<meta name="viewport" content="width=device-width"><title>{escape(info["title"])}</title>',
        f"<style>{STYLE}</style><h1>{escape(info['title'])}</h1><p>{escape(info['description'])}</p>",
        f"<p>Address: <code>{escape(document['servers'][0]['url'])}</code>, header <code>x-api-key</code>."
        ' The same for machines: <a href="openapi.json">openapi.json</a>.</p>',
    ]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parts += _operation(method, path, operation)
    parts.append("<h1>Schemas</h1>")
    for name, schema in document["components"]["schemas"].items():
        parts += _schema(name, schema)
    return "\n".join(parts) + "</html>"


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f'<h2 id="{operation["operationId"]}"><span class="method">{method.upper()}</span> {escape(path)}</h2>'
    yield f"<p><b>{escape(operation['summary'])}.</b> {escape(operation.get('description', ''))}</p>"
    if parameters := operation.get("parameters"):
        yield _table(
            ("Parameter", "In", "Type", ""),
            [(p["name"] + _star(p), p["in"], _type(p["schema"]), escape(p.get("description", ""))) for p in parameters],
        )
    if body := operation.get("requestBody"):
        yield f"<p>Body: {_type(body['content']['application/json']['schema'])}</p>"
    rows = []
    for status, response in operation["responses"].items():
        types = [_type(content["schema"]) for content in response.get("content", {}).values()]
        rows.append((str(status), " ".join(types), escape(response["description"])))
    yield _table(("Status", "Answer", ""), rows)


def _schema(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f'<h2 id="{escape(name)}">{escape(name)}</h2><p>{escape(schema.get("description", ""))}</p>'
    required = schema.get("required", ())
    yield _table(
        ("Field", "Type", ""),
        [
            (escape(field) + ("*" if field in required else ""), _type(member), escape(member.get("description", "")))
            for field, member in schema.get("properties", {}).items()
        ],
    )
    if choices := schema.get("enum"):
        yield f"<p>{escape(', '.join(map(str, choices)))}</p>"


def _star(parameter: Mapping[str, Any]) -> str:
    return "*" if parameter.get("required") else ""


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Rows of HTML under a head; nothing at all without rows."""
    if not rows:
        return ""
    lines = ["".join(f"<td>{cell}</td>" for cell in row) for row in rows]
    names = "".join(f"<th>{name}</th>" for name in head)
    return f"<table><tr>{names}</tr>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _type(schema: Mapping[str, Any]) -> str:
    """A schema in a few words of HTML."""
    if reference := schema.get("$ref"):
        name = escape(reference.rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if choices := schema.get("anyOf"):
        return " or ".join(map(_type, choices))
    if values := schema.get("enum"):
        return escape(" | ".join(map(str, values)))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}{_bounds(schema)}"
    if schema.get("type") == "object" and "additionalProperties" in schema:
        inner = schema["additionalProperties"]
        return f"object of {_type(inner) if isinstance(inner, dict) else 'anything'}"
    return f"{escape(str(schema.get('type', 'anything')))}{_bounds(schema)}"


def _bounds(schema: Mapping[str, Any]) -> str:
    least = schema.get("minimum", schema.get("minLength", schema.get("minItems")))
    most = schema.get("maximum", schema.get("maxLength", schema.get("maxItems")))
    if least is None and most is None:
        return ""
    return f" ({'' if least is None else least}…{'' if most is None else most})"
