"""What the accounts document says, as values: the accounts, which of them a message goes through, and how signatures
are filed with their vendors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from smsgateway.model import Account

FilingState = Literal["filed", "pending", "refused"]
# How a signature is filed (报备): its state by account and carrier, which may be ANY_CARRIER.
type Filing = Mapping[tuple[str, str], FilingState]

ANY_PURPOSE = "*"  # of a route for every purpose that has none of its own


@dataclass(frozen=True, slots=True)
class RouteEntry:
    """An account of a route. Entries without weights are tried in their order; weights share the messages out."""

    name: str
    weight: float | None = None  # all entries of a route have one, or none has


@dataclass(frozen=True, slots=True)
class Route:
    """The accounts that messages of a purpose go through; ANY_PURPOSE stands for every purpose without a route."""

    purpose: str
    accounts: tuple[RouteEntry, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """The accounts document as values."""

    accounts: Mapping[str, Account]  # by name
    routes: tuple[Route, ...]
    signatures: Mapping[str, Filing] = field(default_factory=dict)  # as far as the document says
