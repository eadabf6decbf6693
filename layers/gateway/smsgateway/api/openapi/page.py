"""The OpenAPI document as a page that people read: one file, without scripts and without anything from elsewhere."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from smsgateway.api.openapi.document import examples

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --link: #06c }
@media (prefers-color-scheme: dark) { :root { --link: #6af } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1rem }
a { color: var(--link); text-decoration: none } a:hover { text-decoration: underline }
h2 { margin-top: 3rem; border-bottom: 2px solid var(--line) } h3 { margin: 2.5rem 0 0; font-size: 1.1rem }
h4 { margin: 1rem 0 0; font-size: 1rem } p { margin: .4rem 0 }
code, pre { font-family: ui-monospace, monospace; font-size: .9em }
pre { background: var(--soft); padding: .6rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; margin: .4rem 0 }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line) }
th { font-weight: 600 } td:first-child { white-space: nowrap } summary { cursor: pointer }
nav td { white-space: nowrap } nav td:last-child { white-space: normal } .method { color: #b50; font-weight: 600 }
"""

SHOWN = ("200", "201", "202", "422")  # answers whose example is worth a look

type Schemas = Mapping[str, Mapping[str, Any]]


def html(document: Mapping[str, Any]) -> str:
    """Operations by subject, each with its fields, an example and what can go wrong; then the objects of answers."""
    info, schemas = document["info"], document["components"]["schemas"]
    server = document["servers"][0]["url"]
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8">',
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(info["title"])}</title>',
        f"<style>{STYLE}</style><h1>{escape(info['title'])}</h1>{_paragraphs(info['description'])}",
        f"<p>Address: <code>{escape(server)}</code>. Header: <code>x-api-key</code>. A field with * must be there."
        ' The same for machines: <a href="openapi.json">openapi.json</a>.</p>',
        "<nav>",
    ]
    by_tag = {tag["name"]: list(_operations_of(document, tag["name"])) for tag in document["tags"]}
    for tag in document["tags"]:
        rows = [
            (_method(method), f'<a href="#{operation["operationId"]}">{escape(path)}</a>', escape(operation["summary"]))
            for method, path, operation in by_tag[tag["name"]]
        ]
        parts += [f"<h4>{escape(tag['name'])}</h4>", _table((), rows)]
    parts.append("</nav>")
    for tag in document["tags"]:
        parts.append(f"<h2>{escape(tag['name'])}</h2>{_paragraphs(tag['description'])}")
        for method, path, operation in by_tag[tag["name"]]:
            parts += _operation(method, path, operation, schemas, server)
    parts.append("<h2>Objects</h2>")
    for name, schema in schemas.items():
        parts += [f'<h3 id="{escape(name)}">{escape(name)}</h3>', *_fields(schema)]
    return "\n".join(filter(None, parts)) + "</html>"


def _operations_of(document: Mapping[str, Any], tag: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if tag in operation["tags"]:
                yield method, path, operation


def _operation(method: str, path: str, operation: Mapping[str, Any], schemas: Schemas, server: str) -> Iterator[str]:
    yield f'<h3 id="{operation["operationId"]}">{_method(method)} {escape(path)}</h3>'
    yield f"<p><b>{escape(operation['summary'])}.</b></p>{_paragraphs(operation['description'])}"
    yield _table(
        ("Parameter", "in", "", ""),
        [
            (_name(p["name"], p.get("required")), p["in"], _type(p["schema"]), _prose(p.get("description", "")))
            for p in operation.get("parameters", ())
        ],
    )
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body:
        yield "<h4>Body</h4>"
        yield from _fields(schemas[body["schema"]["$ref"].rpartition("/")[2]])
    for sent in examples(body["schema"], schemas) if body else [None]:
        yield f"<pre>{escape(_command(method, path, operation, sent, server))}</pre>"
    answers = operation["responses"]
    yield "<h4>Answers</h4>"
    yield _table((), [(status, _prose(answer["description"]), _answered(answer)) for status, answer in answers.items()])
    for status in SHOWN:
        for content in answers.get(status, {}).get("content", {}).values():
            if shown := content.get("example"):
                yield f"<details><summary>{status}, for example</summary><pre>{escape(_json(shown))}</pre></details>"


def _command(method: str, path: str, operation: Mapping[str, Any], body: object, server: str) -> str:
    """The request for curl."""
    verb = "" if method == "get" or (method == "post" and body) else f" -X {method.upper()}"
    key = "" if operation.get("security") == [] else ' -H "x-api-key: $KEY"'
    parameters = operation.get("parameters", ())
    asked = "&".join(f"{p['name']}={{{p['name']}}}" for p in parameters if p["in"] == "query" and p.get("required"))
    command = f'curl{verb} "{server}{path}{asked and "?"}{asked}"{key}'
    return f"{command} -d '{_json(body)}'" if body else command


def _answered(answer: Mapping[str, Any]) -> str:
    return " ".join(_type(content["schema"]) for content in answer.get("content", {}).values())


def _fields(schema: Mapping[str, Any]) -> Iterator[str]:
    """An object's fields, or an enumeration's values."""
    yield _paragraphs(schema.get("description", ""))
    required = schema.get("required", ())
    yield _table(
        ("Field", "", "Default", ""),
        [
            (_name(name, name in required), _type(member), _default(member), _prose(member.get("description", "")))
            for name, member in schema.get("properties", {}).items()
        ],
    )
    meanings = schema.get("x-enum-descriptions", {})
    if meanings:
        yield _table(("Value", ""), [(_name(value, None), _prose(meaning)) for value, meaning in meanings.items()])
    elif choices := schema.get("enum"):
        yield f"<p>{escape(', '.join(map(str, choices)))}</p>"


def _method(method: str) -> str:
    return f'<span class="method">{method.upper()}</span>'


def _name(name: str, required: object) -> str:
    return f"<code>{escape(name)}</code>{'*' if required else ''}"


def _default(schema: Mapping[str, Any]) -> str:
    default = schema.get("default")
    return "" if default is None or default in ([], {}) else f"<code>{escape(_json(default, None))}</code>"


def _paragraphs(text: str) -> str:
    """Paragraphs between blank lines, and lists whose items begin with a hyphen."""
    blocks = (block for block in text.split("\n\n") if block.strip())
    return "".join(_list(block) if block.startswith("- ") else f"<p>{_prose(block)}</p>" for block in blocks)


def _list(block: str) -> str:
    items = re.split(r"^- ", block, flags=re.MULTILINE)[1:]
    return f"<ul>{''.join(f'<li>{_prose(item.strip())}</li>' for item in items)}</ul>"


def _prose(text: str) -> str:
    """Text with `code` in it."""
    return "".join(
        f"<code>{escape(part)}</code>" if index % 2 else escape(part) for index, part in enumerate(text.split("`"))
    )


def _json(value: object, indent: int | None = 2) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Rows of HTML, under a head if there is one; nothing at all without rows."""
    if not rows:
        return ""
    names = "".join(f"<th>{name}</th>" for name in head)
    lines = [names, *("".join(f"<td>{cell}</td>" for cell in row) for row in rows)]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines if line) + "</table>"


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
    return f" ({'' if least is None else f'{least:g}'}…{'' if most is None else f'{most:.15g}'})"
