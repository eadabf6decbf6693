"""What is known of signatures and their filing (报备): by hand, from the accounts document, and learned from vendors.

What was learned goes before what the document says: a vendor that refuses a signature knows better. A state of one
carrier goes before that of all of them. Where nothing is known, or a filing is pending, an account may be asked.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from smsgateway.clock import iso
from smsgateway.config.settings import Filing, FilingState
from smsgateway.errors import EncodeError
from smsgateway.model import Reason
from smsgateway.rules.carriers import ANY_CARRIER, carrier_of
from smsgateway.store.signatures import Learned, SignaturePlace

SHOWN_PLACES = 4  # in one problem

# The signatures that recipients of a message read, "" for none, each with the numbers that read it.
type Signatures = Mapping[str, Iterable[str]]


@dataclass(frozen=True, slots=True)
class KnownState:
    """The state of a signature with an account and a carrier. `learned`: the refusal that says so, if one does."""

    place: SignaturePlace
    state: FilingState
    learned: Learned | None = None


@dataclass(frozen=True, slots=True)
class SignatureStates:
    """What is known of signatures: by hand in the accounts document, and what was learned of the places looked at."""

    by_hand: Mapping[str, Filing]
    learned: Mapping[SignaturePlace, Learned] = field(default_factory=dict)

    def at(self, place: SignaturePlace) -> KnownState | None:
        """The state at a place; None where nothing is known."""
        of_all = SignaturePlace(place.account, ANY_CARRIER, place.signature)
        if refused := self.learned.get(place) or self.learned.get(of_all):
            return KnownState(place, "refused", refused)
        state = state_by_hand(self.by_hand, place)
        return KnownState(place, state) if state else None

    def of_message(self, account: str, signatures: Signatures) -> Iterator[KnownState | None]:
        """The states for a message through an account, one for each of its signatures and of their readers' carriers.

        None where nothing is known, and for a text without a signature.
        """
        for signature, numbers in signatures.items():
            for carrier in sorted({carrier_of(number) or ANY_CARRIER for number in numbers}):
                yield self.at(SignaturePlace(account, carrier, signature)) if signature else None

    def may_refuse(self, account: str) -> bool:
        """True if anything is known to be refused with an account."""
        by_hand = (states for filing in self.by_hand.values() for states in filing.items())
        refused = any(name == account and state == "refused" for (name, _), state in by_hand)
        return refused or any(place.account == account for place in self.learned)


def places_of(account: str, signatures: Signatures) -> list[SignaturePlace]:
    """Returns the places at which something may have been learned of the signatures of a message through an account."""
    return [
        SignaturePlace(account, carrier, signature)
        for signature, numbers in signatures.items()
        if signature
        for carrier in sorted({ANY_CARRIER, *filter(None, map(carrier_of, numbers))})
    ]


def state_by_hand(by_hand: Mapping[str, Filing], place: SignaturePlace) -> FilingState | None:
    """What the accounts document says of a place; None where it says nothing."""
    filing = by_hand.get(place.signature, {})
    return filing.get((place.account, place.carrier)) or filing.get((place.account, ANY_CARRIER))


def problem_with(states: SignatureStates, account: str, signatures: Signatures) -> EncodeError | None:
    """Returns why an account cannot carry a message under its signatures, or None if some recipient can get it.

    An account is left out only where nobody would get the message: every signature is refused for the carrier of every
    number that reads it.
    """
    known = list(states.of_message(account, signatures))
    refused = [state for state in known if state and state.state == "refused"]
    if not refused or len(refused) < len(known):
        return None
    return EncodeError(Reason.SIGNATURE_REFUSED, "; ".join(map(_told, refused[:SHOWN_PLACES])))


def _told(refused: KnownState) -> str:
    """A refused state in words for a client. What the vendor said is left to administrators."""
    place, learned = refused.place, refused.learned
    carrier = (learned.place if learned else place).carrier
    numbers = "" if carrier == ANY_CARRIER else f" for {carrier} numbers"
    if learned is None:
        return f"the accounts document says that the signature {place.signature} is refused{numbers}"
    return f"the vendor refuses the signature {place.signature}{numbers}; tried again at {iso(learned.refused_until)}"
