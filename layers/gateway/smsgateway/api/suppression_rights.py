"""Whose marketing a client may stop, or let go on: an administrator everybody's, a sender its own."""

from collections.abc import Mapping
from dataclasses import dataclass

from smsgateway.accepting.opt_out_scope import SEVERAL
from smsgateway.api.schemas.suppression_bodies import Stop
from smsgateway.api.serving.problems import Errors
from smsgateway.model import ADMINISTRATOR, Client
from smsgateway.store import clients
from smsgateway.store.stops import MOST_OF_SIGNATURES, MOST_SCOPES, NumberFull
from smsgateway.store.table import Table

OTHERS = "is another client's: a sender stops its own marketing alone"


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose marketing an entry is about. `client`: empty for everybody's; `signature`: empty for all of its own."""

    client: str
    signature: str


def named_by(asking: Client, client: str | None, signature: str | None) -> Whose:
    """Whose marketing a request is about that names a client, or does not."""
    default = "" if asking.administrator else asking.name
    return Whose(default if client is None else client, signature or "")


def forbidden(asking: Client, entry: Stop) -> Errors:
    """The places of an entry that a client has no right to, each with what is wrong there."""
    if asking.administrator:
        return []
    if entry.purpose == "all":
        return [("purpose", "only an administrator may stop more than marketing")]
    return [] if entry.client in (None, asking.name) else [("client", OTHERS)]


def signatures_of(table: Table, asking: Client, names: set[str]) -> Mapping[str, tuple[str, ...]]:
    """The signatures of clients, by the names of those that there are."""
    found = {ADMINISTRATOR.name: (), asking.name: asking.signatures}
    for name in names - set(found):
        if stored := clients.named_client(table, name):
            found[name] = stored[1].signatures
    return found


def problems_of(entry: Stop, whose: Whose, signatures: Mapping[str, tuple[str, ...]]) -> Errors:
    """What is wrong with an entry: places in it, each with what belongs there."""
    if entry.purpose == "all":
        return [
            (name, "must be left out: the entry is about everybody's texts")
            for name in ("client", "signature")
            if getattr(entry, name)
        ]
    if whose.client and whose.client not in signatures:
        return [("client", "there is no such client")]
    if whose.signature and not whose.client:
        return [("signature", "needs `client` beside it")]
    if whose.signature and len(signatures[whose.client]) < SEVERAL:
        return [("signature", "must be left out: this client has not several signatures, and is stopped as a whole")]
    if whose.signature and whose.signature not in signatures[whose.client]:
        return [("signature", "is none of this client's `signatures`")]
    return []


def unknown(whose: Whose, signatures: Mapping[str, tuple[str, ...]]) -> bool:
    """True if an entry is about a client that there is not, or a signature that its client is not stopped by."""
    known = signatures.get(whose.client, ())
    return bool(whose.client) and (
        whose.client not in signatures
        or bool(whose.signature and (len(known) < SEVERAL or whose.signature not in known))
    )


def no_room(full: NumberFull) -> tuple[str, str]:
    """The place of an entry that its number has no room for, and what to do about it."""
    if full.stop.signature:
        problem = f"the number has {MOST_OF_SIGNATURES} stops of this client's signatures, or {MOST_SCOPES} in all"
        return "signature", f"{problem}: leave it out, which stops the client as a whole"
    problem = f"the number has {MOST_SCOPES} stops, as many as are kept"
    return "client", f"{problem}: an administrator may stop everybody's marketing, without a client"
