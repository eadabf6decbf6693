"""How many codes may be asked for: by key of a client (an address, a device), and by client.

How many texts a number gets is limited where messages are accepted. A request that would have a message posted is
counted here first, and stays counted if it dies: a cap is never broken, and at worst one is reached too early.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from smsgateway.accepting.post import Refusal
from smsgateway.clock import Millis, iso
from smsgateway.config.settings import VerificationCaps
from smsgateway.model import Cap
from smsgateway.store import conversions, counted_keys
from smsgateway.store.counted_keys import CountedKey
from smsgateway.store.table import Table

HOUR = 3_600  # seconds


def charge_keys(table: Table, keys: Mapping[str, CountedKey], caps: VerificationCaps, now: Millis) -> None:
    """Count a request under each of its keys. Raises Refusal if one of them has no room, as far as anybody can see
    before anything is counted."""
    for kind, counted in keys.items():
        if counted_keys.room(counted, caps.keys[kind], now) > now:
            raise _over(kind, counted, caps.keys[kind], now)
    for kind, counted in keys.items():
        if caps.keys[kind] and (free_at := counted_keys.count(table, counted, caps.keys[kind], now)) > now:
            raise _refusal(kind, caps.keys[kind][0], free_at, now)


def charge_client(table: Table, client: str, caps: VerificationCaps, now: Millis, *, first: bool) -> None:
    """Count a message with a code for its client, and `first`, a verification. Raises Refusal if the cap is reached."""
    if not conversions.count_post(table, client, now, caps.client, first=first):
        next_hour = (now // conversions.HOUR + 1) * conversions.HOUR
        raise _refusal("client", (caps.client or 0, HOUR), next_hour, now)


def _over(kind: str, counted: CountedKey, caps: Sequence[Cap], now: Millis) -> Refusal:
    """The refusal for the cap that lasts longest."""
    free_at, cap = max((counted_keys.room(counted, [cap], now), cap) for cap in caps)
    return _refusal(kind, cap, free_at, now)


def _refusal(of: str, cap: Cap, free_at: Millis, now: Millis) -> Refusal:
    codes, seconds = cap
    left = -(-(free_at - now) // 1000)
    problem = f"{codes} codes in {seconds} seconds are the most that one {of} may ask for"
    errors = [] if of == "client" else [(f"keys.{of}", problem)]
    members: dict[str, Any] = {"cap": {"of": of, "codes": codes, "seconds": seconds, "until": iso(free_at)}}
    return Refusal(
        429, "Too many codes", f"{problem}: repeat it in {left} s", errors, retry_after=left, members=members
    )
