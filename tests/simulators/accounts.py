"""The accounts every simulator starts with, and how they look in the gateway's accounts document."""

from collections.abc import Collection, Mapping
from typing import Any

from tests.simulators.engine import STARTING_BALANCE
from tests.simulators.model import Account
from tests.simulators.registry import VENDORS


def default_accounts() -> list[Account]:
    """One account per vendor."""
    accounts = [Account(kind.account_name, name, dict(kind.credentials), {}) for name, kind in VENDORS.items()]
    return [with_balances(account, {}) for account in accounts]


def account_of(vendor: str) -> str:
    """The name of the account that a vendor starts with."""
    return VENDORS[vendor].account_name


def with_balances(account: Account, balances: Mapping[str, int]) -> Account:
    """The account with the vendor's items filled up where no balance was given."""
    account.balances = dict(balances) or dict.fromkeys(VENDORS[account.vendor].items, STARTING_BALANCE)
    return account


def entry(account: Account, base_url: str, polls: Collection[str]) -> dict[str, Any]:
    """The account as an entry of the gateway's accounts document, polling all that the vendor lets one poll."""
    return {
        "name": account.name,
        "vendor": account.vendor,
        "base_url": base_url,
        "credentials": dict(account.credentials),
        "poll": sorted(polls, reverse=True),
        "options": dict(VENDORS[account.vendor].options),
    }
