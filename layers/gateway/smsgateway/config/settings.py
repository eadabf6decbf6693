"""Environment and secret → values: who our vendors are, how messages are routed, where our own resources are.

A wrong accounts document is refused with the path and the reason, and the last
good one stays in use. `webhook` imports this on a cold start that a vendor waits for, so the imports are few.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import get_args
from urllib.parse import SplitResult, urlsplit

from smsgateway.codecs import VENDORS
from smsgateway.codecs.base import Profile, Vendor
from smsgateway.config import strict_json
from smsgateway.config.addresses import forbidden, literal, translated
from smsgateway.config.strict_json import Node
from smsgateway.errors import ConfigurationError
from smsgateway.model import Account, Kind, Options, Purpose, PushSettings
from smsgateway.unseen import marks, named, trimmed

CACHE_SECONDS = 60
DOUBT_SECONDS = 5  # between two fetches for those who are in doubt about what is cached
TOKEN_LENGTH = 32  # characters at least, of a push address's secret part
SIGNATURE_LIMIT = 20  # characters
ANY_PURPOSE = "*"

_NAME = r"[A-Za-z0-9_-]{1,64}"
_NAME_EXPECTED = "1 to 64 of the characters A-Z a-z 0-9 _ -"


@dataclass(frozen=True, slots=True)
class RouteEntry:
    """An account of a route. Entries without weights are tried in their order; weights share the messages out."""

    name: str
    weight: float | None = None  # all entries of a route have one, or none has


@dataclass(frozen=True, slots=True)
class Route:
    """The accounts that messages of a purpose go through; `*` is every purpose that has no route of its own."""

    purpose: str
    accounts: tuple[RouteEntry, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole accounts document."""

    accounts: Mapping[str, Account]  # by name
    routes: tuple[Route, ...]


def parse_accounts(text: str | bytes, *, allow_loopback: bool = False) -> Settings:
    """The accounts document, or ConfigurationError naming the path and what must be there. No value is ever quoted."""
    fields = strict_json.load(text).fields(["accounts"], ["routes"])
    accounts: dict[str, Account] = {}
    for node in fields["accounts"].items():
        account = _account(node, allow_loopback)
        if account.name in accounts:
            raise ConfigurationError(f"{node.path}.name", "is the name of another account too")
        accounts[account.name] = account
    routes: dict[str, Route] = {}
    for node in fields["routes"].items() if "routes" in fields else ():
        route = _route(node, accounts)
        if route.purpose in routes:
            raise ConfigurationError(f"{node.path}.purpose", "has another route already")
        routes[route.purpose] = route
    return Settings(MappingProxyType(accounts), tuple(routes.values()))


def _account(node: Node, allow_loopback: bool) -> Account:
    fields = node.fields(
        ["name", "vendor", "base_url", "credentials"], ["signature", "poll", "push", "balance_alert", "options"]
    )
    vendor_name = fields["vendor"].one_of(VENDORS)
    vendor = VENDORS[vendor_name]
    credentials = fields["credentials"].fields(vendor.profile.credentials)
    alert = fields.get("balance_alert")
    return Account(
        name=fields["name"].matching(_NAME, _NAME_EXPECTED),
        vendor=vendor_name,
        base_url=_base_url(fields["base_url"], allow_loopback),
        credentials=MappingProxyType({name: value.text() for name, value in credentials.items()}),
        signature=_signature(fields["signature"]) if "signature" in fields else "",
        poll=_poll(fields["poll"], vendor) if "poll" in fields else (),
        push=_push(fields["push"], vendor) if "push" in fields else None,
        balance_alert=None if alert is None else Decimal(str(alert.number(0, 1e12))),
        options=_options(fields["options"], vendor_name, vendor.profile) if "options" in fields else Options(),
    )


def _options(node: Node, vendor_name: str, profile: Profile) -> Options:
    # Loaded where an account has some: a cold start of `webhook`, which a vendor waits for, goes without.
    from smsgateway.config.options import parse_options  # noqa: PLC0415

    return parse_options(node, vendor_name, profile)


def _base_url(node: Node, allow_loopback: bool) -> str:
    url = node.matching(r"[!-~]{1,500}", "an address of at most 500 ASCII characters without spaces")
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise node.wrong("must be http:// or https:// and a host, with a port and a path where needed")
    if "@" in url:
        raise node.wrong("must not contain credentials")
    if re.search(r"[?#\\]", url):
        raise node.wrong("must not contain a query, a fragment or a backslash")
    host = parts.hostname.rstrip(".")
    address = literal(host)
    if address is None and not re.fullmatch(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?", host):
        raise node.wrong("must have a host name of letters, digits, dots and hyphens, or an IP address")
    kind = "" if address is None else forbidden(address, allow_loopback=allow_loopback)
    if (host == "localhost" or host.endswith(".localhost")) and not allow_loopback:
        kind = "loopback"
    if kind:
        raise node.wrong(f"must not be {'an' if kind[0] in 'aeiou' else 'a'} {kind} address")
    return url.rstrip("/")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is none
    except ValueError:
        return None
    return parts


def _signature(node: Node) -> str:
    if not (written := node.any_text()):
        return ""
    signature = Node(node.path, trimmed(written)).text(SIGNATURE_LIMIT)
    if re.search(r"[【】\[\]]", signature):
        raise node.wrong("must be without brackets: they are added")
    if unseen := marks(signature):
        raise node.wrong(f"must not contain {named(unseen)}, which no eye sees")
    return signature


def _poll(node: Node, vendor: Vendor) -> tuple[Kind, ...]:
    has = {"reports": vendor.report_poll, "inbound": vendor.inbound_poll}
    named = []
    for item in node.items():
        named.append(item.one_of(has))
        if has[named[-1]] is None:
            raise item.wrong(f"this vendor has no query of {named[-1]}: leave it out")
    if len(set(named)) < len(named):
        raise node.wrong("must name a kind only once")
    return tuple(kind for kind in get_args(Kind) if kind in named)


def _push(node: Node, vendor: Vendor) -> PushSettings:
    if vendor.report_push is None and vendor.inbound_push is None:
        raise node.wrong("this vendor does not push: leave it out")
    fields = node.fields(["token"], ["source_ips", "credentials"])
    token = rf"[A-Za-z0-9._~-]{{{TOKEN_LENGTH},200}}"
    expected = f"{TOKEN_LENGTH} to 200 random characters out of A-Z a-z 0-9 . _ ~ -"
    credentials: dict[str, tuple[str, ...]] = {}
    if "credentials" in fields:
        for name, secret in fields["credentials"].fields([], vendor.profile.push_credentials).items():
            credentials[name] = tuple(item.text() for item in secret.one_or_more())
    return PushSettings(
        tokens=tuple(item.matching(token, expected) for item in fields["token"].one_or_more()),
        source_ips=tuple(map(_network, fields["source_ips"].items())) if "source_ips" in fields else (),
        credentials=MappingProxyType(credentials),
    )


def _network(node: Node) -> str:
    """An address or network as `receive` compares it."""
    text = node.text(longest=50).strip()
    with suppress(ValueError):
        return translated(text)
    raise node.wrong("must be an IP address, or a network whose host bits are zero (203.0.113.0/24)")


def _route(node: Node, accounts: Mapping[str, Account]) -> Route:
    fields = node.fields(["purpose", "accounts"])
    purpose = fields["purpose"].one_of([*get_args(Purpose), ANY_PURPOSE])
    entries = [_route_entry(item, accounts) for item in fields["accounts"].items()]
    if not entries:
        raise fields["accounts"].wrong("must name at least one account")
    if len({entry.name for entry in entries}) < len(entries):
        raise fields["accounts"].wrong("must name an account only once")
    if len({entry.weight is None for entry in entries}) > 1:
        raise fields["accounts"].wrong("must have weights everywhere or nowhere")
    return Route(purpose, tuple(entries))


def _route_entry(node: Node, accounts: Iterable[str]) -> RouteEntry:
    name, weight = node, None
    if not isinstance(node.value, str):
        fields = node.fields(["name"], ["weight"])
        name = fields["name"]
        weight = float(fields["weight"].number(0.001, 1_000_000)) if "weight" in fields else None
    if name.matching(_NAME, f"the name of an account: {_NAME_EXPECTED}") not in accounts:
        raise name.wrong("no account has this name")
    return RouteEntry(str(name.value), weight)


class AccountsCache:
    """The accounts, fetched at most once in CACHE_SECONDS unless refreshed; the last good ones outlive a bad document.

    `fetch` returns the secret's text, `clock` seconds (clock.py); `previous` the text before, for a process that starts
    when the newest is bad. `problem` is why the newest document is not the one in use.
    """

    def __init__(
        self,
        fetch: Callable[[], str],
        clock: Callable[[], float],
        *,
        previous: Callable[[], str] | None = None,
        allow_loopback: bool = False,
    ) -> None:
        self.problem: ConfigurationError | None = None
        self._fetch = fetch
        self._previous = previous
        self._clock = clock
        self._allow_loopback = allow_loopback
        self._good: Settings | None = None
        self._fetched_at = 0.0

    def get(self) -> Settings:
        """The accounts in use. Raises ConfigurationError as long as there has never been a good document."""
        if self._good is None or self._clock() - self._fetched_at >= CACHE_SECONDS:
            return self.refresh()
        return self._good

    def newest(self) -> Settings:
        """Like `get`, but at most DOUBT_SECONDS old: for who misses something that may have been added just now."""
        if self._clock() - self._fetched_at >= DOUBT_SECONDS:
            return self.refresh()
        return self.get()

    def refresh(self) -> Settings:
        """Fetch now, for a secret that may have been rotated; otherwise like `get`."""
        self._fetched_at = self._clock()
        self.problem = self._load()
        if self._good is None:
            raise self.problem or ConfigurationError("document", "has never been read")
        return self._good

    def _load(self) -> ConfigurationError | None:
        try:
            self._good = parse_accounts(self._fetch(), allow_loopback=self._allow_loopback)
        except ConfigurationError as error:
            self._fall_back()
            return error
        except Exception as error:  # the fetch's own; its text may say more than may be shown
            return ConfigurationError("document", f"cannot be fetched ({type(error).__name__})")
        return None

    def _fall_back(self) -> None:
        """The document before, if this process has never seen a good one."""
        if self._good is None and self._previous is not None:
            with suppress(Exception):  # there is none, or it is no better: what is wrong with the newest is told
                self._good = parse_accounts(self._previous(), allow_loopback=self._allow_loopback)


@dataclass(frozen=True, slots=True)
class Environment:
    """A function's environment variables (template.yaml). Each function has those it needs: a missing one that is
    asked for raises ConfigurationError with its name.
    """

    variables: Mapping[str, str] = field(repr=False)

    @property
    def stack_name(self) -> str:
        return self._required("STACK_NAME")

    @property
    def table_name(self) -> str:
        return self._required("TABLE_NAME")

    @property
    def urgent_queue_url(self) -> str:
        return self._required("URGENT_QUEUE_URL")

    @property
    def bulk_queue_url(self) -> str:
        return self._required("BULK_QUEUE_URL")

    @property
    def receipt_queue_url(self) -> str:
        return self._required("RECEIPT_QUEUE_URL")

    @property
    def reply_queue_url(self) -> str:
        return self._required("REPLY_QUEUE_URL")

    @property
    def parked_queue_url(self) -> str:
        """Where receipts go that nobody can parse."""
        return self._required("PARKED_QUEUE_URL")

    @property
    def failures_queue_url(self) -> str:
        """Where changes go that nobody can publish."""
        return self._required("FAILURES_QUEUE_URL")

    @property
    def event_bus_name(self) -> str:
        return self._required("EVENT_BUS_NAME")

    @property
    def accounts_secret(self) -> str:
        """The id or ARN of the secret that holds the accounts document."""
        return self._required("ACCOUNTS_SECRET")

    @property
    def admin_key_secret(self) -> str:
        """The id or ARN of the secret that holds the administrator's API key."""
        return self._required("ADMIN_KEY_SECRET")

    @property
    def usage_plan_parameter(self) -> str:
        """The name of the parameter that holds the usage plan's id."""
        return self._required("USAGE_PLAN_PARAMETER")

    @property
    def public_url(self) -> str:
        """The API's address, stage included, without a slash at its end; empty when only requests tell it."""
        return self.variables.get("PUBLIC_URL", "").rstrip("/")

    @property
    def retention_days(self) -> int:
        days = self._required("RETENTION_DAYS")
        if not re.fullmatch("[1-9][0-9]{0,3}", days):
            raise ConfigurationError("RETENTION_DAYS", "must be a number of days from 1 to 9999")
        return int(days)

    @property
    def caller(self) -> str:
        """Who waits for the function's answer: a `client`, a `vendor`, or a `queue`, which has time."""
        caller = self.variables.get("CALLER", "queue")
        if caller not in ("client", "vendor", "queue"):
            raise ConfigurationError("CALLER", "must be client, vendor or queue")
        return caller

    @property
    def allow_loopback_vendors(self) -> bool:
        """Whether a vendor may be on this machine: only where the variable says `true`."""
        value = self.variables.get("ALLOW_LOOPBACK_VENDORS", "false")
        if value not in ("true", "false"):
            raise ConfigurationError("ALLOW_LOOPBACK_VENDORS", "must be true or false")
        return value == "true"

    def _required(self, name: str) -> str:
        value = self.variables.get(name, "")
        if not value:
            raise ConfigurationError(name, "this environment variable is missing")
        return value
