"""The accounts, for administrators: `GET /accounts`, `…/{name}`, `…/{name}/unplaced-reports`, `POST …/{name}/check`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from smsgateway.api.account_view import account_view, amount_view, unplaced_view
from smsgateway.api.schemas import resources, responses
from smsgateway.api.schemas.parameters import Limit, NamePath, Next
from smsgateway.api.serving import cursors
from smsgateway.api.serving.context import api_key_of, new_router
from smsgateway.api.serving.gateway import Gateway, gateway_of
from smsgateway.api.serving.problems import Problem, not_found
from smsgateway.calling import pace
from smsgateway.clock import utc
from smsgateway.codecs import VENDORS, bounded
from smsgateway.config.settings import Settings
from smsgateway.errors import DecodeError, TransportError
from smsgateway.ids import nonce
from smsgateway.model import Account, Balance, Refused, Request, Response
from smsgateway.store import accounts, listing

PATIENCE = 0  # milliseconds: where the vendor's pace forbids a query, the client is told when to come again
REPORTS = 100  # on a page, unless the client says otherwise
CHECK_SECONDS = 10.0  # for each vendor call of a check; the function has 29

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
    of = cursors.list_of(api_key_of(router), "unplaced-reports", account.name)
    position = cursors.read(following, listing.BY_LIST_POSITION, of)
    found, after = listing.unplaced_reports(gateway.table, account.name, limit, position)
    return {"items": [unplaced_view(each) for each in found], "next": cursors.written(after, of)}


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
        "balance": None if balances is None else [amount_view(balance) for balance in balances],
        "problem": problem,
    }


def _named(settings: Settings, name: str) -> Account:
    account = settings.accounts.get(name)
    if account is None:
        raise not_found("account")
    return account


@contextmanager
def in_turn(gateway: Gateway, account: Account, operation: str) -> Iterator[None]:
    """Hold off other requests of an operation while one is made. Raises Problem with the seconds that are left if the
    vendor's pace forbids it now."""
    interval = VENDORS[account.vendor].profile.pace.get(operation, 0.0)
    if not interval:
        yield
        return
    moment = pace.hold(gateway.table, account.name, operation, interval, CHECK_SECONDS, gateway.now(), PATIENCE)
    if moment < 0:
        seconds = -(moment // 1000)
        detail = f"the vendor takes the next query in {seconds} s"
        raise Problem(429, detail, headers={"Retry-After": str(seconds)})
    try:
        yield
    finally:
        pace.release(gateway.table, account.name, operation, interval, CHECK_SECONDS, moment, gateway.now())


def ask_balance(gateway: Gateway, account: Account) -> tuple[tuple[Balance, ...] | None, str | None, bool]:
    """Ask for the balance. Returns what is left, or None; what was wrong, or None; whether the vendor was reached."""
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
    return gateway.call(account, request, min(account.options.timeout, CHECK_SECONDS))


def _view(gateway: Gateway, account: Account) -> dict[str, Any]:
    return account_view(gateway, account, router.context["base_url"])
