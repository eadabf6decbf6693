"""A vendor's push: verified, put into a queue with one SendMessage, and acknowledged after that.

infocloud stops pushing after three answers of over a second, cold starts included (infocloud, 短信回执状态推送). So
this module imports and does as little as it can.
"""

import base64
import hmac
import json
import re
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import parse_qsl

from smsgateway.clock import Millis
from smsgateway.codecs import VENDORS
from smsgateway.codecs.base import TakesPushes
from smsgateway.config.settings import Settings
from smsgateway.errors import DecodeError
from smsgateway.model import Account, Kind, Push, PushSettings
from smsgateway.queues import LARGEST_BODY, LARGEST_MESSAGE, Source, VendorBytes, vendor_bytes_body

FAILURE = "9"  # for an account that does not exist; hbsmservice's word, as good as any
KEPT_HEADERS = frozenset({"content-type", "content-encoding"})
NOTE_EVERY = 60_000  # milliseconds between two notes of one kind
BLANK = b"\xef\xbb\xbf\0 \t\r\n"  # of a body that says nothing; a byte order mark is no word
LONGEST_TRY = 1000  # bytes of a body that may be one
FORM = re.compile(rb"(?:[A-Za-z_]{1,40}=[ -%\'-~]*&?)+")


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What the vendor gets for an answer: the HTTP status and the body."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class PushReceiver:
    """What receiving works with.

    `settings` gives the accounts in use, `newest` the accounts as of a few seconds ago at most. `store` puts a body
    into the queue of its kind, or raises. `noted` says when this process last put each note.
    """

    settings: Callable[[], Settings]
    store: Callable[[str, Kind], None]
    now: Callable[[], Millis]
    newest: Callable[[], Settings] | None = None
    noted: MutableMapping[tuple[str, Kind, Source], Millis] = field(default_factory=dict)


def push_of(event: Mapping[str, Any]) -> Push:
    """The push in an event of API Gateway, as the vendor made it: the bytes of its body, never a decoded text."""
    body = event.get("body") or ""
    query = event.get("multiValueQueryStringParameters") or {}
    headers = event.get("headers") or {}
    return Push(
        method=event["httpMethod"],
        query=tuple((name, value) for name, values in query.items() for value in values),
        headers={name.lower(): value for name, value in headers.items()},
        body=base64.b64decode(body) if event.get("isBase64Encoded") else body.encode(errors="surrogatepass"),
    )


def take_push(receiver: PushReceiver, name: str, token: str, kind: Kind, push: Push, source_ip: str) -> Acknowledgement:
    """Take one push that came to the address of the account `name` with a `token`, from `source_ip`.

    The push is checked in this order: token, source address, size, the vendor's own credentials; then it is put into
    the queue. Returns 200 with the vendor's acknowledgement only once the queue has the push, and 503 with the vendor's
    failure word if the queue does not take it, so that the vendor tries again. Whatever is not verified gets the same
    403. A push with the right token never vanishes: it is stored if nobody can read whose it is, and noted if it is
    refused.
    """
    push = replace(push, at=receiver.now())
    account, fits = _addressed(receiver.settings(), name, token)
    if not fits and receiver.newest:  # as soon as it is registered, a vendor pushes to an address
        account, fits = _addressed(receiver.newest(), name, token)
    codec = _codec(account, kind)
    if account is None or codec is None or account.push is None:
        return Acknowledgement(403, FAILURE)
    failure = codec.failure(account, kind)
    if not fits:
        return Acknowledgement(403, failure)
    if objection := _objection(codec, account, kind, push, source_ip):
        status, reason = objection
        _note(receiver, account, kind, "refused", reason)
        return Acknowledgement(status, failure)
    if _says_nothing(account, push):
        _note(receiver, account, kind, "tried")
        received = not VENDORS[account.vendor].profile.fails_on_nothing
        return Acknowledgement(200, codec.acknowledgement(account, kind) if received else failure)
    body = vendor_bytes_body(_vendor_bytes(receiver, account, kind, push))
    if len(body) > LARGEST_MESSAGE:
        _note(receiver, account, kind, "refused", f"{len(push.body)} bytes that cannot be compressed are too many")
        return Acknowledgement(413, failure)
    try:
        receiver.store(body, kind)
    except Exception:  # whatever kept it from the queue, the vendor shall try again
        return Acknowledgement(503, failure)
    return Acknowledgement(200, codec.acknowledgement(account, kind))


def _vendor_bytes(receiver: PushReceiver, account: Account, kind: Kind, push: Push) -> VendorBytes:
    return VendorBytes(
        account=account.name,
        kind=kind,
        source="push",
        received_at=receiver.now(),
        method=push.method,
        query=push.query,
        headers={header: value for header, value in push.headers.items() if header in KEPT_HEADERS},
        body=push.body,
    )


def _objection(codec: TakesPushes, account: Account, kind: Kind, push: Push, source_ip: str) -> tuple[int, str] | None:
    """The HTTP status and the reason with which a push to the right address is refused; None if it is not refused."""
    if account.push and not _source_fits(account.push, source_ip):
        return 403, "the address that it came from is not in push.source_ips"
    if len(push.body) > LARGEST_BODY:
        return 413, f"{len(push.body)} bytes are too many"
    if not _is_empty(account, push) and not _believed(codec, account, kind, push):
        return 403, "the vendor's own credentials in it are missing or wrong"
    return None


def _believed(codec: TakesPushes, account: Account, kind: Kind, push: Push) -> bool:
    """True if a push is the vendor's, or if nobody can read whose it is: then `ingest` parks it, with the reason."""
    if push.wrapping:
        return True
    try:
        return codec.verify_push(account, push, kind)
    except DecodeError:
        return True


def _says_nothing(account: Account, push: Push) -> bool:
    """True if a push has nothing to store: a vendor's console, or whoever set the address up, tries the address."""
    if _is_empty(account, push):
        return True
    profile = VENDORS[account.vendor].profile
    proof = {name.replace("_", "") for name in (*profile.push_credentials, *profile.push_proof)}
    said = _said(account, push)
    return said is not None and {name.replace("_", "") for name in said} <= proof


def _is_empty(account: Account, push: Push) -> bool:
    """True if a push has nothing in it, not even what could prove whose it is."""
    return push.method in ("HEAD", "OPTIONS") or _said(account, push) == set()


def _said(account: Account, push: Push) -> set[str] | None:
    """The names, in small letters, of a push's fields that are not empty; None if it has more than fields, or may."""
    body = push.body.strip(BLANK)
    if len(body) > LONGEST_TRY:
        return None
    in_query = VENDORS[account.vendor].profile.pushes_in_query
    fields: list[tuple[str, object]] = list(push.query) if in_query else []
    if body.startswith((b"{", b"[", b"null")):
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            return None
        values = document.items() if isinstance(document, dict) else ((str(document), document),)
        if in_query and any(value for _, value in values):  # it should be a form, and `ingest` says so
            return None
        fields += values
    elif body:
        if not FORM.fullmatch(body):
            return None
        fields += parse_qsl(body.decode("ascii"), keep_blank_values=True)
    return {name.lower() for name, value in fields if value and value != "null"}


def _note(receiver: PushReceiver, account: Account, kind: Kind, what: Source, reason: str = "") -> None:
    """Put a note for `ingest` of a push that is not stored.

    One note of a kind is put in NOTE_EVERY, so that nobody can fill the queue. A failure changes no answer.
    """
    now, key = receiver.now(), (account.name, kind, what)
    if now - receiver.noted.get(key, 0) < NOTE_EVERY:
        return
    receiver.noted[key] = now  # also if it fails: a queue that is away is not asked for each push
    with suppress(Exception):
        receiver.store(vendor_bytes_body(VendorBytes(account.name, kind, what, now, body=reason.encode())), kind)


def _addressed(settings: Settings, name: str, token: str) -> tuple[Account | None, bool]:
    """The account of this name, and whether the token is one of its tokens."""
    account = settings.accounts.get(name)
    return account, account is not None and account.push is not None and _token_fits(account.push, token)


def _codec(account: Account | None, kind: Kind) -> TakesPushes | None:
    if account is None:
        return None
    vendor = VENDORS[account.vendor]
    return vendor.report_push if kind == "reports" else vendor.inbound_push


def _token_fits(settings: PushSettings, token: str) -> bool:
    """True if a token is one of the account's.

    It is compared in constant time with every configured token, so that nobody can guess one by the time that an answer
    takes; and on bytes, so that a token outside ASCII is refused, and no error.
    """
    given = token.encode(errors="surrogatepass")
    fits = False
    for configured in settings.tokens:
        fits |= bool(configured) and hmac.compare_digest(configured.encode(), given)
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
