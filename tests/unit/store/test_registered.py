"""Clients, templates and suppressed numbers (store/clients.py, templates.py, suppressions.py)."""

from dataclasses import replace

import pytest

from smsgateway.model import Client, Template, TemplateCode
from smsgateway.store import clients, suppressions, templates
from smsgateway.store.numbers import Suppression
from smsgateway.store.table import Table
from tests.doubles import aws
from tests.unit.store.given import NOW

SHOP = Client(
    "shop", "sender", ("otp", "notice"), ("hb-main",), 100, "k1", ("示例",), {"otp": ((1, 60),), "marketing": ()}, True
)
ADMIN = Client("admin", "administrator")
TEMPLATE = Template(
    "code",
    "您的验证码是{code}，{minutes}分钟内有效",
    {"ic-main": TemplateCode("675", ("code", "minutes")), "other": TemplateCode("1")},
    {"code": 6},
)
DAY = "2026-01-02"


def test_a_client_is_found_by_its_keys_hash_and_by_its_name(table: Table) -> None:
    assert clients.put_client(table, SHOP, "hash-1")
    assert clients.put_client(table, ADMIN, "hash-2")
    assert clients.find_client(table, "hash-1") == SHOP
    assert clients.find_client(table, "hash-3") is None
    assert clients.named_client(table, "shop") == ("hash-1", SHOP)
    assert clients.named_client(table, "other") is None
    assert clients.list_clients(table) == [ADMIN, SHOP]
    assert ADMIN.administrator
    assert not SHOP.administrator


def test_a_name_is_taken_once_until_its_client_is_gone(table: Table) -> None:
    clients.put_client(table, SHOP, "hash-1")
    assert not clients.put_client(table, replace(SHOP, role="administrator"), "hash-2")
    assert clients.find_client(table, "hash-2") is None
    clients.delete_client(table, "shop", "hash-1")
    assert clients.find_client(table, "hash-1") is None
    assert clients.list_clients(table) == []
    assert clients.put_client(table, SHOP, "hash-3")


def test_a_key_is_stored_as_its_hash_only(table: Table) -> None:
    clients.put_client(table, SHOP, "hash-1")
    assert "k1" not in {item["pk"] for item in aws.scan(table)}


@pytest.mark.parametrize("template", [TEMPLATE, Template("plain", "您好")])
def test_a_template_is_read_as_it_was_put(template: Template, table: Table) -> None:
    templates.put_template(table, template)
    assert templates.load_template(table, template.name) == template
    templates.put_template(table, replace(template, text="又"))
    assert templates.list_templates(table) == [replace(template, text="又")]
    templates.delete_template(table, template.name)
    assert templates.load_template(table, template.name) is None
    assert templates.list_templates(table) == []


def test_a_number_is_suppressed_until_it_is_allowed(table: Table) -> None:
    for at in (NOW, NOW + 1):
        assert suppressions.suppress(table, "13800138000", at).suppressed == Suppression(NOW)
    assert suppressions.suppressed_at(table, "13800138000") == NOW
    assert suppressions.suppressed_at(table, "13900139000") is None
    numbers = [f"138{index:08d}" for index in range(150)] + ["13800138000"]

    def refused() -> list[str]:
        return suppressions.not_to_be_texted(suppressions.load_items(table, numbers), numbers, "otp", "shop")

    suppressions.suppress(table, "13800000007", NOW)
    assert refused() == ["13800000007", "13800138000"]
    suppressions.allow(table, "13800000007", NOW)
    suppressions.allow(table, "13800138000", NOW)
    assert not refused()
