"""Signatures and their filing (报备) as clients see them: the accounts document beside what was learned."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from smsgateway.calling.signatures import SignatureStates, state_by_hand
from smsgateway.clock import iso
from smsgateway.config.settings import Settings
from smsgateway.model import Client
from smsgateway.store.signatures import Learned, SignaturePlace


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody may see: of which accounts, of which signatures (None: of all), and whether the vendor's words."""

    accounts: Collection[str]
    signatures: Collection[str] | None
    words: bool = True


def seen_by(client: Client, settings: Settings) -> Seen:
    """What a client may see: an administrator everything, a sender the signatures that its texts may go out under."""
    if client.administrator:
        return Seen(settings.accounts, None)
    accounts = [name for name in settings.accounts if not client.accounts or name in client.accounts]
    own = {settings.accounts[name].signature for name in accounts}
    return Seen(accounts, {*client.signatures, *own}, words=False)


def signature_views(settings: Settings, learned: Iterable[Learned], seen: Seen) -> list[dict[str, Any]]:
    """The signatures of the accounts document, and those that something was learned of, with what is known of each."""
    states = SignatureStates(settings.signatures, {known.place: known for known in learned})
    shown: dict[str, list[SignaturePlace]] = {name: [] for name in _named(settings, seen)}
    for place in _places(states):
        if place.account in seen.accounts and (seen.signatures is None or place.signature in seen.signatures):
            shown.setdefault(place.signature, []).append(place)
    return [
        {"signature": signature, "states": [_state(states, place, seen) for place in places]}
        for signature, places in sorted(shown.items())
    ]


def _named(settings: Settings, seen: Seen) -> Iterator[str]:
    """Signatures that are shown also where nothing is known of them."""
    own = {settings.accounts[name].signature for name in seen.accounts} - {""}
    for signature in {*settings.signatures, *own}:
        if seen.signatures is None or signature in seen.signatures:
            yield signature


def _places(states: SignatureStates) -> list[SignaturePlace]:
    """Where something is known, by account and carrier."""
    by_hand = (
        SignaturePlace(account, carrier, signature)
        for signature, filing in states.by_hand.items()
        for account, carrier in filing
    )
    return sorted({*by_hand, *states.learned}, key=lambda place: (place.account, place.carrier))


def _state(states: SignatureStates, place: SignaturePlace, seen: Seen) -> dict[str, Any]:
    """What is known of a signature with an account and a carrier."""
    known = states.at(place)
    learned = known.learned if known else None
    return {
        "account": place.account,
        "carrier": place.carrier,
        "state": known.state if known else None,
        "by_hand": state_by_hand(states.by_hand, place),
        "refused_at": iso(learned.refused_at) if learned else None,
        "tried_again_at": iso(learned.refused_until) if learned else None,
        "vendor_status": (learned.vendor_status or None) if learned and seen.words else None,
    }
