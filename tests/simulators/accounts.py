"""The accounts every simulator starts with, and how they look in the gateway's accounts document."""

from collections.abc import Collection, Mapping
from typing import Any

from tests.simulators.engine import STARTING_BALANCE
from tests.simulators.model import Account

CREDENTIALS: Mapping[str, tuple[str, ...]] = {
    "hbsmservice": ("corp_id", "corp_pwd", "corp_service"),
    "infocloud": ("api_key", "access_key"),
    "langyu": ("account", "pswd"),
    "qixintong": ("us_name", "us_pwd"),
    "heji": ("name", "pwd"),
}
# what the vendor's own pushes identify themselves with, unless a push target says otherwise
PUSH_CREDENTIALS: Mapping[str, Mapping[str, str]] = {
    "langyu": {"receiver": "gateway", "pswd": "push-pass-ly"},
    "heji": {"name": "gateway", "pwd": "push-pass-hj", "access_secret": "push-secret-hj"},
}
ITEMS: Mapping[str, tuple[str, ...]] = {
    "infocloud": ("行业短信", "会员短信", "推广短信"),
    "langyu": ("1234567", "1234531"),
}
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "infocloud": {"free_text_template": "free-text-1"},
    "langyu": {"product": "1234567"},
    "heji": {"extension_prefix_length": 3},
}


def default_accounts() -> list[Account]:
    """One account per vendor."""
    accounts = [
        Account("hb-1", "hbsmservice", {"corp_id": "hb0001", "corp_pwd": "hb-pass-1", "corp_service": "hb-svc"}, {}),
        Account("ic-1", "infocloud", {"api_key": "8767fd835ca3a4eb6f69129d71971760", "access_key": "ic-access-1"}, {}),
        Account("ly-1", "langyu", {"account": "ly0001", "pswd": "ly-pass-1"}, {}),
        Account("qx-1", "qixintong", {"us_name": "qx0001", "us_pwd": "qx-pass-1"}, {}),
        Account("hj-1", "heji", {"name": "hj0001", "pwd": "hj-pass-1"}, {}),
    ]
    return [with_balances(account, {}) for account in accounts]


def with_balances(account: Account, balances: Mapping[str, int]) -> Account:
    """The account with the vendor's items filled up where no balance was given."""
    items = ITEMS.get(account.vendor, ("短信",))
    account.balances = dict(balances) or dict.fromkeys(items, STARTING_BALANCE)
    return account


def entry(account: Account, base_url: str, polls: Collection[str]) -> dict[str, Any]:
    """The account as an entry of the gateway's accounts document, polling all that the vendor lets one poll."""
    return {
        "name": account.name,
        "vendor": account.vendor,
        "base_url": base_url,
        "credentials": dict(account.credentials),
        "poll": sorted(polls, reverse=True),
        "options": dict(OPTIONS.get(account.vendor, {})),
    }
