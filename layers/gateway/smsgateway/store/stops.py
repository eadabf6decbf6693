"""Stops of marketing: who must not advertise to a number any more, since when, and who may again.

A stop is written in two steps. First the client's note: the moment of its newest stop, so that whoever sends what was
accepted before need not read every number. Then the number's own item (`numbers`), by which posts are judged from then
on. A worker that dies in between has stopped nothing, and the note has some numbers read that need not be: a stop that
holds for posts holds for what was accepted before them, too. Each further try of the second step begins with the first,
for a message accepted long after the note would not be looked at again.

Replies may come late, twice, or one before another that was written earlier. What a person wrote last counts, by the
time that the vendor names; of a stop and an opt-in of the same moment, the stop.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from smsgateway.clock import Millis
from smsgateway.errors import GatewayError
from smsgateway.store.change import Change
from smsgateway.store.keys import stops_key
from smsgateway.store.numbers import ALL_PURPOSES, EVERYBODY, NumberState, OptIn, Suppression, change_number
from smsgateway.store.table import ConditionFailed, Item, Key, Table

# Scopes of which a number's item keeps a stop or an opt-in: whoever posts to a number reads its item, which must stay
# small. What a client says of its signatures leaves room for others.
MOST_SCOPES = 100
MOST_OF_SIGNATURES = 20  # of one client

# So long after its client's note a number is written at most; the clocks of two workers may be apart, too.
WRITTEN_WITHIN: Millis = 120_000


class NumberFull(GatewayError):  # noqa: N818  an answer, not an error of ours
    """A number has as many stops as its item keeps, so that one more is not taken. `stop`: that one."""

    def __init__(self, stop: Suppression) -> None:
        super().__init__("a number has as many stops as are kept")
        self.stop = stop


def stopped(state: NumberState, stop: Suppression) -> NumberState:
    """The state after a stop. One that stands already stays as it is, but for when it was repeated.

    A reply that is older than an opt-in changes nothing, and nor does what is imported. Raises NumberFull if the number
    has no room for it. A person's reply always holds: without room for its signature it stops the client as a whole.
    """
    said_by_reply = stop.source == "reply"
    if not _has_room(state, stop.scope):
        if not said_by_reply:
            raise NumberFull(stop)
        stop = replace(stop, signature="")
    scope = stop.scope
    if (opt_in := state.opt_ins.get(scope)) and stop.source != "api":
        outdated_before = opt_in.since if said_by_reply else opt_in.at
        if stop.at < outdated_before:
            return state
    standing = state.stops.get(scope)
    if standing is None:
        return replace(state, stops={**state.stops, scope: stop})
    if not said_by_reply or stop.at <= max(standing.at, standing.repeated_at):
        return state
    return replace(state, stops={**state.stops, scope: replace(standing, repeated_at=stop.at)})


def _has_room(state: NumberState, scope: str) -> bool:
    """Whether a number's item may keep what is said of a scope: it is there already, or not too many others are.

    Everybody's marketing can always be stopped.
    """
    scopes = state.stops.keys() | state.opt_ins.keys()
    if scope in scopes or scope == EVERYBODY:
        return True
    client, _, signature = scope.partition("#")
    of_signatures = sum(each.startswith(f"{client}#") for each in scopes) if signature else 0
    return len(scopes) < MOST_SCOPES and of_signatures < MOST_OF_SIGNATURES


def suppressed_by(state: NumberState, word: Suppression) -> NumberState:
    """The state after a suppression for all clients and purposes. One that stands already stays as it is.

    What is imported changes nothing if it is older than the moment at which the number was allowed again.
    """
    allowed = state.opt_ins.get(ALL_PURPOSES)
    if state.suppressed or (word.source == "import" and allowed and word.at < allowed.at):
        return state
    return replace(state, suppressed=word)


def opted_in(state: NumberState, scope: str, opt_in: OptIn) -> NumberState:
    """The state after an opt-in: without the stop of this scope, unless a reply is older than the stop.

    Only that stop goes: those of other scopes stay, and so does a suppression for all purposes. Where the number has no
    room for an opt-in that ends no stop, nothing is kept of it.
    """
    if not _has_room(state, scope):
        return state
    standing, earlier = state.stops.get(scope), state.opt_ins.get(scope)
    last_said = max(standing.at, standing.repeated_at) if standing else 0
    if opt_in.source == "reply":
        if opt_in.since <= last_said or (earlier and opt_in.since <= earlier.since):
            return state
    elif standing is None:
        return state
    else:
        # By a clock of ours, which the vendors' may be behind: only what was said by then is outdated.
        said = last_said + 1 if standing.source == "reply" or standing.repeated_at else 0
        opt_in = replace(opt_in, since=max(said, earlier.since if earlier else 0))
    stops = {each: stop for each, stop in state.stops.items() if each != scope}
    return replace(state, stops=stops, opt_ins={**state.opt_ins, scope: opt_in})


def stop_marketing(table: Table, number: str, stop: Suppression, now: Millis) -> tuple[NumberState, NumberState]:
    """Stop the marketing of a client, or of everybody, to a number. Returns the number's state before and after.

    Raises NumberFull, as `stopped` does.
    """
    return change_noted(table, number, stop.client, lambda state: stopped(state, stop), now)


def change_noted(
    table: Table, number: str, client: str, change: Callable[[NumberState], NumberState], now: Millis
) -> tuple[NumberState, NumberState]:
    """Change a number (`change_number`) by a stop, each time right after a note of it. `client`: as in `note_stop`."""
    began = table.now()

    def noted(state: NumberState) -> NumberState:
        note_stop(table, client, now + table.now() - began)
        return change(state)

    return change_number(table, number, noted, now)


def allow_marketing(
    table: Table, number: str, scope: str, opt_in: OptIn, now: Millis
) -> tuple[NumberState, NumberState]:
    """Let the marketing of a scope go on to a number. Returns the number's state before and after."""
    return change_number(table, number, lambda state: opted_in(state, scope, opt_in), now)


def note_stop(table: Table, client: str, now: Millis) -> None:
    """Note that somebody is about to stop a client's marketing, or everybody's (empty). The moment only moves on."""
    change = Change(stops_key(client or EVERYBODY)).set(last_at=now)
    try:
        table.update(change.when("attribute_not_exists(last_at) OR last_at < :last_at"))
    except ConditionFailed:
        return


def keys_of_stops(client: str) -> list[Key]:
    """The items that say whether anybody has stopped a client's marketing lately."""
    return [stops_key(client), stops_key(EVERYBODY)]


def stopped_since(found: Mapping[Key, Item], client: str, accepted_at: Millis) -> bool:
    """Whether anybody may have stopped a client's marketing since a message was accepted, or shortly before.

    `found`: what stands at `keys_of_stops`. If True, the items of the message's numbers say who has.
    """
    items: list[Mapping[str, Any]] = [found.get(key, {}) for key in keys_of_stops(client)]
    return any(item.get("last_at", 0) >= accepted_at - WRITTEN_WITHIN for item in items)
