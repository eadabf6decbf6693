"""A vendor's push, from the socket to the queue: verified, stored with one SendMessage, acknowledged after that.

A vendor stops pushing after three answers of over a second, cold starts included (infocloud, 短信回执状态推送), so this
imports and does as little as it can.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network

from smsgateway.codecs import VENDORS
from smsgateway.codecs.base import TakesPushes
from smsgateway.errors import DecodeError
from smsgateway.model import Account, Kind, Push, PushSettings
from smsgateway.queues import Receipt, receipt_body
from smsgateway.settings import Settings

LARGEST = 200_000  # bytes of a body
FAILURE = "9"  # for an account that does not exist; hbsmservice's word, as good as any
KEPT_HEADERS = frozenset({"content-type"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the vendor gets to read."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Receiver:
    """What receiving works with. `store` puts a body into the receipt queue, or raises. `newest` gives the accounts as
    of a few seconds ago at most."""

    settings: Callable[[], Settings]
    store: Callable[[str], None]
    now: Callable[[], int]
    newest: Callable[[], Settings] | None = None


def receive(receiver: Receiver, name: str, token: str, kind: Kind, push: Push, source_ip: str) -> Answer:
    """Take one push of an account. In this order: token, source address, size, the vendor's credentials, the queue.

    The answer is 200 with the vendor's acknowledgement only once the queue has the push; 503 with its failure word when
    the queue does not take it, so that the vendor tries again. Whatever is not verified gets the same 403.
    """
    push = replace(push, at=receiver.now())
    account, fits = _addressed(receiver.settings(), name, token)
    if not fits and receiver.newest:  # as soon as it is registered, a vendor pushes to an address
        account, fits = _addressed(receiver.newest(), name, token)
    codec = _codec(account, kind)
    if account is None or codec is None or account.push is None:
        return Answer(403, FAILURE)
    failure = codec.failure(account, kind)
    if not fits or not _source_fits(account.push, source_ip):
        return Answer(403, failure)
    if len(push.body) > LARGEST:
        return Answer(413, failure)
    try:
        if not codec.verify_push(account, push, kind):
            return Answer(403, failure)
    except DecodeError:
        pass  # nobody can tell whose it is: `ingest` parks it, with the reason
    receipt = Receipt(
        account=account.name,
        kind=kind,
        source="push",
        received_at=receiver.now(),
        method=push.method,
        query=push.query,
        headers={header: value for header, value in push.headers.items() if header in KEPT_HEADERS},
        body=push.body,
    )
    try:
        receiver.store(receipt_body(receipt))
    except Exception:  # whatever kept it from the queue, the vendor shall try again
        return Answer(503, failure)
    return Answer(200, codec.acknowledgement(account, kind))


def _addressed(settings: Settings, name: str, token: str) -> tuple[Account | None, bool]:
    """The account of this name, and whether the token is one of its."""
    account = settings.accounts.get(name)
    return account, account is not None and account.push is not None and _token_fits(account.push, token)


def _codec(account: Account | None, kind: Kind) -> TakesPushes | None:
    if account is None:
        return None
    vendor = VENDORS[account.vendor]
    return vendor.report_push if kind == "reports" else vendor.inbound_push


def _token_fits(settings: PushSettings, token: str) -> bool:
    """Compared in constant time, with every configured token, on bytes: non-ASCII input is refused, not an error."""
    given = token.encode(errors="surrogatepass")
    fits = False
    for known in settings.tokens:
        fits |= bool(known) and hmac.compare_digest(known.encode(), given)
    return fits


def _source_fits(settings: PushSettings, source_ip: str) -> bool:
    if not settings.source_ips:
        return True
    try:
        address = ip_address(source_ip)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in ip_network(network) for network in settings.source_ips)
