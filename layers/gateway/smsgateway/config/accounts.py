"""The accounts document becomes accounts, routes, and what it says of signatures (signatures.py).

A wrong document is refused as a whole, with the place and the reason. `webhook` imports this module at a cold start,
while a vendor waits, so it imports little.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from decimal import Decimal
from types import MappingProxyType
from typing import Any, get_args
from urllib.parse import SplitResult, urlsplit

from smsgateway.codecs import VENDORS
from smsgateway.codecs.base import Profile, Vendor
from smsgateway.config import strict_json
from smsgateway.config.addresses import forbidden, literal, translated
from smsgateway.config.settings import ANY_PURPOSE, USUAL_KEY_CAPS, Route, RouteEntry, Settings, VerificationCaps
from smsgateway.config.signatures import own_signature, parse_signatures
from smsgateway.config.strict_json import Node
from smsgateway.errors import ConfigurationError
from smsgateway.model import Account, Cap, Kind, Options, Purpose, PushSettings, QuietHours

TOKEN_LENGTH = 32  # characters at least, of a push address's secret part

_NAME = r"[A-Za-z0-9_-]{1,64}"
_NAME_EXPECTED = "1 to 64 of the characters A-Z a-z 0-9 _ -"


def parse_accounts(text: str | bytes, *, allow_loopback: bool = False) -> Settings:
    """Read the accounts document. `allow_loopback` allows a `base_url` on this machine, for the simulators.

    Raises ConfigurationError with the path and what must be there. It never quotes a value, which may be a secret.
    """
    fields = strict_json.load(text).fields(["accounts"], ["routes", "uncapped", "signatures", "verifications"])
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
    uncapped = frozenset(map(_number, fields["uncapped"].items())) if "uncapped" in fields else frozenset()
    signatures = parse_signatures(fields["signatures"], accounts) if "signatures" in fields else {}
    return Settings(
        MappingProxyType(accounts),
        tuple(routes.values()),
        uncapped,
        MappingProxyType(signatures),
        _verifications(fields["verifications"]) if "verifications" in fields else VerificationCaps(),
    )


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
        signature=own_signature(fields["signature"]) if "signature" in fields else "",
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
    """An IP address or network as receiving/push.py compares it."""
    text = node.text(longest=50).strip()
    with suppress(ValueError):
        return translated(text)
    raise node.wrong("must be an IP address, or a network whose host bits are zero (203.0.113.0/24)")


def _route(node: Node, accounts: Mapping[str, Account]) -> Route:
    fields = node.fields(["purpose", "accounts"], ["caps", "quiet_hours", "strict"])
    purpose = fields["purpose"].one_of([*get_args(Purpose), ANY_PURPOSE])
    entries = [_route_entry(item, accounts) for item in fields["accounts"].items()]
    if not entries:
        raise fields["accounts"].wrong("must name at least one account")
    if len({entry.name for entry in entries}) < len(entries):
        raise fields["accounts"].wrong("must name an account only once")
    if len({entry.weight is None for entry in entries}) > 1:
        raise fields["accounts"].wrong("must have weights everywhere or nowhere")
    return Route(purpose, tuple(entries), **_rules(fields))


def _rules(fields: Mapping[str, Node]) -> dict[str, Any]:
    """What a route says of its messages beside their accounts: only what it says."""
    rules: dict[str, Any] = {}
    if "caps" in fields:
        rules["caps"] = _caps(fields["caps"])
    if "quiet_hours" in fields:
        rules["quiet_hours"] = _quiet_hours(fields["quiet_hours"])
    if "strict" in fields:
        rules["strict"] = fields["strict"].flag()
    return rules


def _caps(node: Node) -> tuple[Cap, ...]:
    """`{"minute": 1, "hour": 5}`, or null for none."""
    from smsgateway.rules.caps import MOST_TEXTS, WINDOWS  # noqa: PLC0415  a cold start of `webhook` goes without

    if node.value is None:
        return ()
    windows = node.fields([], list(WINDOWS))
    return tuple((windows[name].integer(1, MOST_TEXTS), WINDOWS[name]) for name in WINDOWS if name in windows)


def _verifications(node: Node) -> VerificationCaps:
    """`{"keys": {"ip": {"hour": 10, "day": 30}, "device": null}, "client": {"hour": 5000}}`; each may be left out."""
    fields = node.fields([], ["keys", "client"])
    keys = fields["keys"].fields([], list(USUAL_KEY_CAPS)) if "keys" in fields else {}
    client = fields.get("client")
    return VerificationCaps(
        MappingProxyType({**USUAL_KEY_CAPS, **{kind: _caps(caps) for kind, caps in keys.items()}}),
        None if client is None or client.value is None else client.fields(["hour"])["hour"].integer(1, 1_000_000),
    )


def _quiet_hours(node: Node) -> QuietHours | None:
    """`{"from": "21:00", "to": "08:00"}`, or null for none."""
    if node.value is None:
        return None
    fields = node.fields(["from", "to"])
    begins, ends = _minute(fields["from"]), _minute(fields["to"])
    if begins == ends:
        raise fields["to"].wrong("must be another time than `from`")
    return begins, ends


def _minute(node: Node) -> int:
    hour, minute = node.matching("([01][0-9]|2[0-3]):[0-5][0-9]", "a time in Beijing such as 08:00").split(":")
    return 60 * int(hour) + int(minute)


def _number(node: Node) -> str:
    return node.matching("1[3-9][0-9]{9}", "a mobile number of 11 digits")


def _route_entry(node: Node, accounts: Iterable[str]) -> RouteEntry:
    name, weight = node, None
    if not isinstance(node.value, str):
        fields = node.fields(["name"], ["weight"])
        name = fields["name"]
        weight = float(fields["weight"].number(0.001, 1_000_000)) if "weight" in fields else None
    if name.matching(_NAME, f"the name of an account: {_NAME_EXPECTED}") not in accounts:
        raise name.wrong("no account has this name")
    return RouteEntry(str(name.value), weight)
