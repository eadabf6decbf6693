"""What the accounts document says, as values: the accounts, which of them a message goes through, and how signatures
are filed with their vendors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from smsgateway.model import Account, Cap, Purpose, QuietHours

FilingState = Literal["filed", "pending", "refused"]
# How a signature is filed (报备): its state by account and carrier, which may be ANY_CARRIER.
type Filing = Mapping[tuple[str, str], FilingState]

ANY_PURPOSE = "*"  # of a route for every purpose that has none of its own
USUAL_QUIET_HOURS: QuietHours = (21 * 60, 8 * 60)
USUAL_KEY_CAPS: Mapping[str, tuple[Cap, ...]] = dict.fromkeys(("ip", "device"), ((10, 3_600), (30, 86_400)))


@dataclass(frozen=True, slots=True)
class RouteEntry:
    """An account of a route. Entries without weights are tried in their order; weights share the messages out."""

    name: str
    weight: float | None = None  # all entries of a route have one, or none has


@dataclass(frozen=True, slots=True)
class Route:
    """The accounts that messages of a purpose go through; ANY_PURPOSE stands for every purpose without a route.

    `caps`: of a number; None: those that are usual for the purpose. `quiet_hours`: of marketing; None: it has none.
    `strict`: what preflight finds in a message is refused.
    """

    purpose: str
    accounts: tuple[RouteEntry, ...]
    caps: tuple[Cap, ...] | None = None
    quiet_hours: QuietHours | None = USUAL_QUIET_HOURS
    strict: bool = False


@dataclass(frozen=True, slots=True)
class VerificationCaps:
    """How many codes may be asked for: by kind of key (`ip`, `device`), under one key; and by each client.

    `client`: in an hour of the clock; None: no cap.
    """

    keys: Mapping[str, tuple[Cap, ...]] = field(default_factory=lambda: dict(USUAL_KEY_CAPS))
    client: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The accounts document as values."""

    accounts: Mapping[str, Account]  # by name
    routes: tuple[Route, ...]
    uncapped: frozenset[str] = frozenset()  # numbers that no cap holds for
    signatures: Mapping[str, Filing] = field(default_factory=dict)  # how they are filed, as far as the document says
    verifications: VerificationCaps = field(default_factory=VerificationCaps)

    def route_of(self, purpose: Purpose) -> Route:
        """The route that serves a purpose; one without accounts if none does, for a message that names its account."""
        by_purpose = {route.purpose: route for route in self.routes}
        return by_purpose.get(purpose) or by_purpose.get(ANY_PURPOSE) or Route(purpose, ())

    def quiet_hours_of(self, purpose: Purpose) -> QuietHours | None:
        """The hours in which messages of a purpose are not sent, whatever their accounts; None: they always are."""
        return self.route_of(purpose).quiet_hours if purpose == "marketing" else None
