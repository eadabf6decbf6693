"""The accounts as an administrator sees them, never with credentials: `GET /accounts`, `…/{name}`, `POST …/check`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, get_args

from smsgateway.api.schemas import resources, responses
from smsgateway.api.schemas.parameters import Limit, NamePath, Next
from smsgateway.api.serving import cursors
from smsgateway.api.serving.context import Gateway, gateway_of, list_of, new_router
from smsgateway.api.serving.problems import Problem, not_found
from smsgateway.calling import pace
from smsgateway.clock import iso, millis_of, utc
from smsgateway.codecs import VENDORS, bounded
from smsgateway.config.options import options_taken
from smsgateway.config.settings import Settings
from smsgateway.errors import DecodeError, TransportError
from smsgateway.ids import nonce
from smsgateway.model import Account, Balance, Kind, Refused, Request, Response
from smsgateway.store import accounts, listing
from smsgateway.store.breakers import read_breaker
from smsgateway.store.reports import UnplacedReport
from smsgateway.store.table import Item

ALERTS_SHOWN = 86_400_000  # milliseconds
DAYS_SHOWN = 7
PATIENCE = 0  # a vendor's pacing is told, not waited for
REPORTS = 100  # on a page, unless the client says otherwise
CHECK_TIME = 10.0  # seconds for each vendor call of a check; the function has 29

router = new_router()


@router.get(
    "/accounts",
    summary="The accounts",
    tags=["Accounts"],
    operation_id="listAccounts",
    responses=responses.described({200: ("All, by name", resources.ListOf[resources.Account])}, 503),
)
def list_accounts() -> dict[str, Any]:
    """Lists the accounts with what is known of each: balance, last push and poll, alerts. For administrators."""
    gateway = gateway_of(router)
    settings = gateway.accounts.get()
    return {"items": [_view(gateway, account) for _, account in sorted(settings.accounts.items())], "next": None}


@router.get(
    "/accounts/<name>",
    summary="One account",
    tags=["Accounts"],
    operation_id="getAccount",
    responses=responses.described({200: ("The account", resources.Account)}, 404, 503),
)
def show_account(name: NamePath) -> dict[str, Any]:
    """Shows an account with what the gateway knows of it, and the push addresses to register with its vendor.

    For administrators.
    """
    gateway = gateway_of(router)
    return _view(gateway, _named(gateway.accounts.get(), name))


@router.get(
    "/accounts/<name>/unplaced-reports",
    summary="Reports that have no place",
    tags=["Accounts"],
    operation_id="listUnplacedReports",
    responses=responses.described({200: ("Newest first", resources.ListOf[resources.UnplacedReport])}, 404, 503),
)
def list_unplaced_reports(name: NamePath, limit: Limit = REPORTS, following: Next = None) -> dict[str, Any]:
    """Lists the delivery reports of an account that have no place, newest first. For administrators.

    They are of messages that are not known (yet), of numbers that a message was not sent to, or of masked numbers that
    fit several recipients. A report whose message becomes known is applied, and leaves the list.
    """
    gateway = gateway_of(router)
    account = _named(gateway.accounts.get(), name)
    of = list_of(router, "unplaced-reports", account.name)
    position = cursors.read(following, listing.BY_LIST_POSITION, of)
    found, after = listing.unplaced_reports(gateway.table, account.name, limit, position)
    return {"items": [_unplaced(each) for each in found], "next": cursors.written(after, of)}


@router.post(
    "/accounts/<name>/check",
    summary="Ask an account's vendor now",
    tags=["Accounts"],
    operation_id="checkAccount",
    responses=responses.described(
        {200: ("What it answered", resources.Check)},
        404,
        429,
        503,
        said={429: "The vendor's pacing forbids it for the seconds in `Retry-After`"},
    ),
)
def check_account(name: NamePath) -> dict[str, Any]:
    """Asks an account's vendor for the balance, and for its health where the vendor has a query for that.

    For administrators.
    """
    gateway = gateway_of(router)
    account = _named(gateway.accounts.refresh(), name)
    with in_turn(gateway, account, "balance"):
        balances, problem, reachable = ask_balance(gateway, account)
    if balances is not None:
        accounts.put_balance(gateway.table, account.name, balances, gateway.now())
    return {
        "reachable": reachable,
        "healthy": _ask_health(gateway, account),
        "balance": None if balances is None else [_amount(balance) for balance in balances],
        "problem": problem,
    }


def _named(settings: Settings, name: str) -> Account:
    account = settings.accounts.get(name)
    if account is None:
        raise not_found("account")
    return account


@contextmanager
def in_turn(gateway: Gateway, account: Account, operation: str) -> Iterator[None]:
    """Keep the vendor's pacing. Raises Problem with the seconds that are left."""
    interval = VENDORS[account.vendor].profile.pace.get(operation, 0.0)
    if not interval:
        yield
        return
    moment = pace.hold(gateway.table, account.name, operation, interval, CHECK_TIME, gateway.now(), PATIENCE)
    if moment < 0:
        seconds = -(moment // 1000)
        detail = f"the vendor takes the next query in {seconds} s"
        raise Problem(429, detail, headers={"Retry-After": str(seconds)})
    try:
        yield
    finally:
        pace.release(gateway.table, account.name, operation, interval, CHECK_TIME, moment, gateway.now())


def ask_balance(gateway: Gateway, account: Account) -> tuple[tuple[Balance, ...] | None, str | None, bool]:
    """What is left, what was wrong, and whether the vendor was reached."""
    codec = VENDORS[account.vendor].balance
    try:
        response = _call(gateway, account, codec.encode_balance(account, utc(gateway.now()), nonce(gateway.random)))
        answer = bounded.balances(codec.decode_balance(account, response))
    except TransportError as error:
        return None, error.problem, False
    except DecodeError as error:
        return None, error.problem, True
    return (None, answer.vendor_status, True) if isinstance(answer, Refused) else (answer, None, True)


def _ask_health(gateway: Gateway, account: Account) -> bool | None:
    codec = VENDORS[account.vendor].health
    if codec is None:
        return None
    try:
        response = _call(gateway, account, codec.encode_health(account, utc(gateway.now()), nonce(gateway.random)))
        return codec.decode_health(account, response)
    except (TransportError, DecodeError):
        return False


def _call(gateway: Gateway, account: Account, request: Request) -> Response:
    return gateway.call(account, request, min(account.options.timeout, CHECK_TIME))


def _view(gateway: Gateway, account: Account) -> dict[str, Any]:
    known = accounts.known_of(gateway.table, account.name)
    alerts = _alerts(known, gateway.now() - ALERTS_SHOWN)
    problem = gateway.accounts.problem
    return {
        "name": account.name,
        "vendor": account.vendor,
        "base_url": account.base_url,
        "signature": account.signature,
        "poll": list(account.poll),
        "push": _push_addresses(account, router.context["base_url"]),
        "options": _options(account),
        "balance": _balance(known),
        "figures": _statistics(known),
        "balance_alert": None if account.balance_alert is None else str(account.balance_alert),
        "health": "alert" if alerts else "ok",
        "calls": _calls(known, gateway.now()),
        "alerts": alerts,
        "last_push": _times(known, "push", "pushed_at"),
        "last_try": _times(known, "push", "tried_at"),
        "last_poll": _times(known, "poll", "polled_at"),
        "problem": str(problem) if problem else None,
    }


def _unplaced(unplaced: UnplacedReport) -> dict[str, Any]:
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


def _push_addresses(account: Account, base_url: str) -> dict[str, str] | None:
    """What the vendor is to be given, with the newest token."""
    if account.push is None:
        return None
    vendor = VENDORS[account.vendor]
    kinds = {"reports": vendor.report_push, "inbound": vendor.inbound_push}
    address = f"{base_url}/push/{account.name}/{account.push.tokens[0]}"
    return {kind: f"{address}/{kind}" for kind, codec in kinds.items() if codec}


def _options(account: Account) -> dict[str, Any]:
    """Those that the vendor takes and that are set, by the account or by default."""
    values = {name: getattr(account.options, name) for name in options_taken(VENDORS[account.vendor].profile)}
    shown = {name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items()}
    return {name: value for name, value in shown.items() if value not in (None, {})}


def _balance(known: Mapping[str, Item]) -> dict[str, Any] | None:
    item = known.get("balance")
    return {"at": iso(int(item["at"])), "amounts": item["amounts"]} if item else None


def _statistics(known: Mapping[str, Item]) -> list[dict[str, Any]]:
    """Newest day first."""
    days = sorted((key for key in known if key.startswith("day#")), reverse=True)[:DAYS_SHOWN]
    return [_day(key.removeprefix("day#"), known[key]) for key in days]


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


def _calls(known: Mapping[str, Item], now: int) -> dict[str, Any]:
    """The breaker, and the calls that are taking long."""
    calls = read_breaker(known.get("calls"))
    state = "closed" if not calls.open_until else "open" if calls.open_until > now else "probing"
    return {"breaker": state, "failures": calls.failures, "slow": calls.hanging(now)}


def _amount(balance: Balance) -> dict[str, str]:
    return {"product": balance.product, "amount": str(balance.amount)}


def _times(known: Mapping[str, Item], what: str, attribute: str) -> dict[str, str | None]:
    moments = {kind: known.get(f"{what}#{kind}", {}).get(attribute) for kind in get_args(Kind)}
    return {kind: iso(at) if at else None for kind, at in moments.items()}


def _alerts(known: Mapping[str, Item], since: int) -> list[dict[str, Any]]:
    """Newest first."""
    items = [item for key, item in known.items() if key.startswith("alert#") and item["raised_at"] >= since]
    items.sort(key=lambda item: -int(item["raised_at"]))
    return [{"alert": item["alert"], "detail": item["detail"], "at": iso(item["raised_at"])} for item in items]
