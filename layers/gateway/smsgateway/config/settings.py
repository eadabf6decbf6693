"""What the accounts document says, as values: the accounts, and which of them a message goes through."""

from collections.abc import Mapping
from dataclasses import dataclass

from smsgateway.model import Account

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
