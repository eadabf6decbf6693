"""An account as an administrator sees it, never with credentials: its settings, and what the table holds of it.

The table's items of an account are handed about as a mapping, by their sort keys.
"""

from collections.abc import Callable, Mapping
from typing import Any, get_args

from smsgateway.api.serving.gateway import Gateway
from smsgateway.api.signature_view import Seen, signature_views
from smsgateway.clock import Millis, iso, millis_of
from smsgateway.codecs import VENDORS
from smsgateway.config.options import options_taken
from smsgateway.model import Account, Balance, Kind
from smsgateway.store import accounts
from smsgateway.store.breakers import read_breaker
from smsgateway.store.keys import ALERTS, BALANCE_SK, BREAKER_SK, DAYS, SIGNATURES, poll_sk, push_sk
from smsgateway.store.reports import UnplacedReport
from smsgateway.store.signatures import refusals_in
from smsgateway.store.table import Item

ALERTS_SHOWN = 86_400_000  # milliseconds: alerts of the last day
DAYS_SHOWN = 7  # of statistics


def account_view(gateway: Gateway, account: Account, base_url: str) -> dict[str, Any]:
    """An account with what the table holds of it. `base_url` is the API's address, for the push addresses."""
    items = accounts.items_of(gateway.table, account.name)
    alerts = _alerts(items, gateway.now() - ALERTS_SHOWN)
    problem = gateway.accounts.problem
    return {
        "name": account.name,
        "vendor": account.vendor,
        "base_url": account.base_url,
        "signature": account.signature,
        "signatures": _signatures(gateway, account, items),
        "poll": list(account.poll),
        "push": _push_addresses(account, base_url),
        "options": _options(account),
        "balance": _balance(items),
        "figures": _statistics(items),
        "balance_alert": None if account.balance_alert is None else str(account.balance_alert),
        "health": "alert" if alerts else "ok",
        "calls": _calls(items, gateway.now()),
        "alerts": alerts,
        "last_push": _times(items, push_sk, "pushed_at"),
        "last_try": _times(items, push_sk, "tried_at"),
        "last_poll": _times(items, poll_sk, "polled_at"),
        "problem": str(problem) if problem else None,
    }


def unplaced_view(unplaced: UnplacedReport) -> dict[str, Any]:
    """A report that has no place."""
    report = unplaced.report
    return {
        "to": report.number,
        "vendor_id": report.vendor_id,
        "status": report.status,
        "reason": report.reason,
        "vendor_status": report.vendor_status or None,
        "segment": report.segment or None,
        "reported_at": iso(millis_of(report.reported_at)) if report.reported_at else None,
        "kept_at": iso(unplaced.kept_at),
        "message_id": unplaced.message_id or None,
    }


def _signatures(gateway: Gateway, account: Account, items: Mapping[str, Item]) -> list[dict[str, Any]]:
    """The signatures of which something is known with the account."""
    learned = refusals_in(item for key, item in items.items() if key.startswith(SIGNATURES)).values()
    views = signature_views(gateway.accounts.get(), learned, Seen([account.name], None))
    return [view for view in views if view["states"]]


def _push_addresses(account: Account, base_url: str) -> dict[str, str] | None:
    """The addresses to register with the vendor, with the newest token; None if nothing is pushed to the account."""
    if account.push is None:
        return None
    vendor = VENDORS[account.vendor]
    kinds = {"reports": vendor.report_push, "inbound": vendor.inbound_push}
    address = f"{base_url}/push/{account.name}/{account.push.tokens[0]}"
    return {kind: f"{address}/{kind}" for kind, codec in kinds.items() if codec}


def _options(account: Account) -> dict[str, Any]:
    """The options that the vendor takes and that are set, by the account or by default."""
    values = {name: getattr(account.options, name) for name in options_taken(VENDORS[account.vendor].profile)}
    shown = {name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items()}
    return {name: value for name, value in shown.items() if value not in (None, {})}


def _balance(items: Mapping[str, Item]) -> dict[str, Any] | None:
    item = items.get(BALANCE_SK)
    return {"at": iso(int(item["at"])), "amounts": item["amounts"]} if item else None


def _statistics(items: Mapping[str, Item]) -> list[dict[str, Any]]:
    """A vendor's statistics of the last days, newest first."""
    days = sorted((key for key in items if key.startswith(DAYS)), reverse=True)[:DAYS_SHOWN]
    return [_day(key.removeprefix(DAYS), items[key]) for key in days]


def _day(day: str, item: Item) -> dict[str, Any]:
    compared_at = item.get("compared_at")
    return {
        "day": day,
        "accepted": item["accepted"],
        "delivered": item["delivered"],
        "failed": item["failed"],
        "open": item["open"],
        "fetched_at": iso(item["fetched_at"]),
        "open_here": item.get("open_here"),
        "compared_at": iso(compared_at) if compared_at else None,
        "differs": item.get("differs"),
    }


def _calls(items: Mapping[str, Item], now: Millis) -> dict[str, Any]:
    """The state of the account's breaker, and how many calls are slow."""
    breaker = read_breaker(items.get(BREAKER_SK))
    state = "closed" if not breaker.open_until else "open" if breaker.open_until > now else "probing"
    return {"breaker": state, "failures": breaker.failures, "slow": breaker.hanging(now)}


def amount_view(balance: Balance) -> dict[str, str]:
    """An amount of a balance."""
    return {"product": balance.product, "amount": str(balance.amount)}


def _times(items: Mapping[str, Item], sk_of: Callable[[str], str], attribute: str) -> dict[str, str | None]:
    """When something last happened, for each kind of vendor bytes."""
    times = {kind: items.get(sk_of(kind), {}).get(attribute) for kind in get_args(Kind)}
    return {kind: iso(at) if at else None for kind, at in times.items()}


def _alerts(items: Mapping[str, Item], since: Millis) -> list[dict[str, Any]]:
    """The alerts since a time, newest first."""
    alerts = [item for key, item in items.items() if key.startswith(ALERTS) and item["raised_at"] >= since]
    alerts.sort(key=lambda item: -int(item["raised_at"]))
    return [{"alert": item["alert"], "detail": item["detail"], "at": iso(item["raised_at"])} for item in alerts]
