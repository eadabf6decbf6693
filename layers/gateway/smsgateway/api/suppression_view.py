"""What stands against texts to a number, as whoever asks may see it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from smsgateway.clock import Millis, iso
from smsgateway.model import Client
from smsgateway.store.numbers import NumberState, Suppression


@dataclass(frozen=True, slots=True)
class Shown:
    """Which entries are shown. `owner`: a sender, which sees what is about its own marketing or everybody's.

    `client`, `purpose`: of those that are asked for; None: all. `since`: not before (epoch ms).
    """

    owner: str | None = None
    client: str | None = None
    purpose: str | None = None
    since: Millis = 0

    def entries(self, state: NumberState) -> list[dict[str, Any]]:
        """The entries of a number that are shown, the oldest first."""
        found = sorted(_entries(state), key=lambda each: (each[1].at, each[0]))
        return [_view(state.number, purpose, stop) for purpose, stop in found if self._has(purpose, stop)]

    def _has(self, purpose: str, stop: Suppression) -> bool:
        return (
            (self.owner is None or stop.client in ("", self.owner))
            and (self.client is None or stop.client == self.client)
            and (self.purpose is None or purpose == self.purpose)
            and stop.at >= self.since
        )


def shown_to(client: Client) -> Shown:
    """All that a client may see."""
    return Shown(None if client.administrator else client.name)


def number_view(state: NumberState, client: Client) -> dict[str, Any] | None:
    """What stands against texts to a number, for a client; None if that is nothing."""
    entries = shown_to(client).entries(state)
    if not entries:
        return None
    since = iso(state.suppressed.at) if state.suppressed else None
    return {"number": state.number, "suppressed_at": since, "entries": entries}


def _entries(state: NumberState) -> Iterator[tuple[str, Suppression]]:
    if state.suppressed:
        yield "all", state.suppressed
    for stop in state.stops.values():
        yield "marketing", stop


def _view(number: str, purpose: str, stop: Suppression) -> dict[str, Any]:
    return {
        "number": number,
        "purpose": purpose,
        "client": stop.client or None,
        "signature": stop.signature or None,
        "reason": stop.reason or None,
        "source": stop.source,
        "at": iso(stop.at),
        "reply_id": stop.reply_id or None,
        "account": stop.account or None,
    }
