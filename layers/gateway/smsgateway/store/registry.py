"""What clients and administrators register: clients, templates, suppressed numbers."""

from collections.abc import Collection, Container
from typing import Any

from smsgateway.model import Client, Template, TemplateCode
from smsgateway.store.table import ConditionFailed, Item, Key, Table


def put_client(table: Table, client: Client, key_hash: str) -> bool:
    """False when there is a client of that name already. The name is claimed first, the key filed second."""
    try:
        table.put({"pk": f"client-name#{client.name}", "sk": "C", "key_hash": key_hash}, "attribute_not_exists(pk)")
    except ConditionFailed:
        return False
    table.put(
        {
            "pk": f"client#{key_hash}",
            "sk": "C",
            "name": client.name,
            "role": client.role,
            "purposes": list(client.purposes),
            "accounts": list(client.accounts),
            "daily_segments": client.daily_segments,
            "key_id": client.key_id,
            "list": "clients",
            "listed_at": client.name,
        }
    )
    return True


def find_client(table: Table, key_hash: str) -> Client | None:
    item = table.get((f"client#{key_hash}", "C"), consistent=False)
    return _read_client(item) if item else None


def claimed_hash(table: Table, name: str) -> str | None:
    """The hash of the key that a name is claimed for, also when the client's creation broke off after that."""
    claim = table.get((f"client-name#{name}", "C"))
    return str(claim["key_hash"]) if claim else None


def named_client(table: Table, name: str) -> tuple[str, Client] | None:
    """The key's hash and the client."""
    claim = table.get((f"client-name#{name}", "C"))
    item = table.get((f"client#{claim['key_hash']}", "C")) if claim else None
    return (claim["key_hash"], _read_client(item)) if claim and item else None


def delete_client(table: Table, name: str, key_hash: str) -> None:
    table.delete((f"client#{key_hash}", "C"))
    table.delete((f"client-name#{name}", "C"))


def list_clients(table: Table) -> list[Client]:
    return [_read_client(item) for item in table.query_all("#list = :list", {"list": "clients"}, index="by_list")]


def _read_client(item: Item) -> Client:
    return Client(
        name=item["name"],
        role=item["role"],
        purposes=tuple(item["purposes"]),
        accounts=tuple(item["accounts"]),
        daily_segments=item.get("daily_segments"),
        key_id=item["key_id"],
    )


def put_template(table: Table, template: Template) -> None:
    codes: dict[str, Any] = {
        account: {"code": code.code, "params": list(code.params)} for account, code in template.vendor_templates.items()
    }
    table.put(
        {
            "pk": f"template#{template.name}",
            "sk": "T",
            "name": template.name,
            "text": template.text,
            "vendor_templates": codes,
            "lengths": dict(template.lengths),
            "list": "templates",
            "listed_at": template.name,
        }
    )


def load_template(table: Table, name: str) -> Template | None:
    item = table.get((f"template#{name}", "T"))
    return _read_template(item) if item else None


def delete_template(table: Table, name: str) -> None:
    table.delete((f"template#{name}", "T"))


def list_templates(table: Table) -> list[Template]:
    return [_read_template(item) for item in table.query_all("#list = :list", {"list": "templates"}, index="by_list")]


def _read_template(item: Item) -> Template:
    codes = {
        account: TemplateCode(code["code"], tuple(code["params"])) for account, code in item["vendor_templates"].items()
    }
    return Template(item["name"], item["text"], codes, item.get("lengths", {}))


def suppress(table: Table, number: str, now: int) -> int:
    """Suppress a number. Since when (epoch ms) it is: an earlier suppression stands."""
    try:
        table.put({"pk": suppression_key(number)[0], "sk": "X", "since": now}, "attribute_not_exists(pk)")
    except ConditionFailed as failed:
        return int(failed.item["since"]) if failed.item else now
    return now


def suppressed_at(table: Table, number: str) -> int | None:
    """Since when (epoch ms) a number is suppressed; None: it is not."""
    item = table.get(suppression_key(number))
    return int(item["since"]) if item else None


def suppressed(table: Table, numbers: Collection[str]) -> list[str]:
    """Those of the numbers that are suppressed, in their order."""
    return suppressed_in(table.get_many(map(suppression_key, numbers)), numbers)


def suppressed_in(found: Container[Key], numbers: Collection[str]) -> list[str]:
    """The same, by what was read at their `suppression_key`."""
    return [number for number in numbers if suppression_key(number) in found]


def allow(table: Table, number: str) -> None:
    """Suppress a number no more."""
    table.delete(suppression_key(number))


def suppression_key(number: str) -> Key:
    """Where there is an item while a number is suppressed."""
    return f"suppressed#{number}", "X"
