"""Templates: texts with named variables that administrators register."""

from typing import Any

from smsgateway.model import Template, TemplateCode
from smsgateway.store.keys import template_key
from smsgateway.store.table import Item, Query, Table


def put_template(table: Table, template: Template) -> None:
    """Store a template, in place of another of its name."""
    pk, sk = template_key(template.name)
    codes: dict[str, Any] = {
        account: {"code": code.code, "params": list(code.params)} for account, code in template.vendor_templates.items()
    }
    table.put(
        {
            "pk": pk,
            "sk": sk,
            "name": template.name,
            "text": template.text,
            "vendor_templates": codes,
            "lengths": dict(template.lengths),
            "list": "templates",
            "listed_at": template.name,
        }
    )


def load_template(table: Table, name: str) -> Template | None:
    """The template of a name."""
    item = table.get(template_key(name))
    return read_template(item) if item else None


def delete_template(table: Table, name: str) -> None:
    """Delete a template, if there is one of that name. Messages that were made from it stay as they are."""
    table.delete(template_key(name))


def list_templates(table: Table) -> list[Template]:
    """All templates, by name, as the index knows them: a moment late."""
    return [
        read_template(item) for item in table.query_all(Query("#list = :list", {"list": "templates"}, index="by_list"))
    ]


def read_template(item: Item) -> Template:
    """The template in an item."""
    codes = {
        account: TemplateCode(code["code"], tuple(code["params"])) for account, code in item["vendor_templates"].items()
    }
    return Template(item["name"], item["text"], codes, item.get("lengths", {}))
