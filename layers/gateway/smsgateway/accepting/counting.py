"""Which numbers may get a message, and the counting of those that do: each once, so that no cap is ever broken.

Whether there is room under a number's caps is read in its item, and written into that item on the condition that nobody
has written it since. Of a message to one number, the item is written together with the message. Of a larger one, the
numbers are counted before it is accepted; a text that is counted already, because a request for the same post has died
over it, is found by the message's id.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import batched

from smsgateway.clock import Millis
from smsgateway.config.settings import Settings
from smsgateway.model import Cap, Client, Purpose, SetApart
from smsgateway.rules.caps import DEFAULT_CAPS, next_room
from smsgateway.store.keys import suppression_key
from smsgateway.store.numbers import (
    Counted,
    NumberState,
    counting,
    item_of,
    load_numbers,
    may_plan_at,
    put_of,
    refusal_to,
)
from smsgateway.store.table import BATCH_WRITES, Amend, Insert, Put, Statement, Table

TRIES = 10  # at numbers that others write at the same time
TAKEN_BACK_AT_ONCE = 400  # numbers between two looks at the clock


@dataclass(frozen=True, slots=True)
class Limits:
    """What the recipients of one message are held to. `scope`: of opt-outs (store/numbers.py).

    `text`: the message as it counts, at the moments at which it is planned to go out.
    """

    purpose: Purpose
    scope: str
    caps: Sequence[Cap]
    uncapped: frozenset[str]  # numbers that no cap holds for
    text: Counted
    now: Millis

    def capped(self, number: str) -> bool:
        """True if texts to this number are counted."""
        return bool(self.caps) and number not in self.uncapped

    def counts(self, state: NumberState) -> bool:
        """True if the message must still be counted for a number, at this moment."""
        return self.capped(state.number) and self.text not in state.counted.get(self.purpose, ())

    def until(self, state: NumberState) -> Millis | None:
        """When a number that is over a cap has room again; None if it has now."""
        if not self.counts(state):
            return None
        others = self._others(state)
        room = next_room([each.span for each in others], self.caps, self.text.at, self.text.late)
        if room > self.text.at:
            return room
        planned = may_plan_at(others, self.text.at, self.now)
        return planned if planned > self.now else None

    def with_text(self, state: NumberState) -> NumberState:
        """A number's state with this message counted. An earlier request for the same post, which has died over it, may
        have counted it for another moment: that counts no more."""
        return counting(self.without_text(state), self.purpose, self.text, self.now)

    def without_text(self, state: NumberState) -> NumberState:
        """A number's state as if the message had never been counted."""
        return replace(state, counted={**state.counted, self.purpose: self._others(state)})

    def _others(self, state: NumberState) -> tuple[Counted, ...]:
        counted = state.counted.get(self.purpose, ())
        return tuple(each for each in counted if each.message_id != self.text.message_id)


def caps_of(settings: Settings, client: Client, purpose: Purpose) -> Sequence[Cap]:
    """The caps of a client's messages of a purpose: its own, or else its route's, or else the usual ones."""
    if purpose in client.caps:
        return client.caps[purpose]
    caps = settings.route_of(purpose).caps
    return DEFAULT_CAPS[purpose] if caps is None else caps


def apart_of(states: Iterable[NumberState], limits: Limits) -> SetApart:
    """Those of the numbers that the message must not go to, in their order."""
    suppressed: list[str] = []
    too_frequent: list[tuple[str, Millis]] = []
    for state in states:
        if refusal_to(state, limits.purpose, limits.scope):
            suppressed.append(state.number)
        elif (until := limits.until(state)) is not None:
            too_frequent.append((state.number, until))
    return SetApart(tuple(suppressed), tuple(too_frequent))


def put_counted(state: NumberState, limits: Limits) -> Put | None:
    """The write that counts the message for a number with room; None if there is nothing to count."""
    return put_of(state, limits.with_text(state), limits.now) if limits.counts(state) else None


def counted_by_now(state: NumberState, limits: Limits) -> bool:
    """True if the message is counted, by another request for the same post, at its own moment or later."""
    counted, text = state.counted.get(limits.purpose, ()), limits.text
    return any(each.message_id == text.message_id and each.at >= text.at and each.last >= text.last for each in counted)


def count_all(table: Table, numbers: Sequence[str], limits: Limits, until: Millis, *, paced: bool) -> SetApart:
    """Count the message for each number that may get it, and return the others.

    A number that was not texted lately has no item, and is counted without being read. How many are of that kind shows
    with the first few: where most have items, all are read first. Raises TimeoutError when not all numbers are counted
    by `until`.
    """
    capped = [number for number in numbers if limits.capped(number)]
    first, rest = capped[:BATCH_WRITES], capped[BATCH_WRITES:]
    there = _insert(table, first, limits, until, paced=paced)
    if 2 * len(there) <= len(first):
        there, rest = [*there, *_insert(table, rest, limits, until, paced=paced)], []
    uncapped = [number for number in numbers if not limits.capped(number)]
    suppressed: set[str] = set()
    too_frequent: dict[str, Millis] = {}
    left, expired = [*there, *rest, *uncapped], set(there)
    for _ in range(TRIES):
        states = load_numbers(table, left)
        apart = apart_of(states.values(), limits)
        suppressed.update(apart.suppressed)
        too_frequent.update(apart.too_frequent)
        refused = suppressed | too_frequent.keys()
        counted = [state for number, state in states.items() if number not in refused and limits.counts(state)]
        left = _write(table, counted, limits, expired, until, paced=paced)
        if not left:
            ordered = tuple((number, too_frequent[number]) for number in numbers if number in too_frequent)
            return SetApart(tuple(number for number in numbers if number in suppressed), ordered)
    raise TimeoutError("others kept writing the items of some numbers")


def _insert(table: Table, numbers: Sequence[str], limits: Limits, until: Millis, *, paced: bool) -> list[str]:
    """Count the message for those of the numbers that have no item. Returns the others."""
    if not numbers:
        return []
    items = [item_of(limits.with_text(NumberState(number)), limits.now) for number in numbers]
    done = table.execute_many([Insert(item) for item in items], until, paced=paced)
    return [number for number, counted in zip(numbers, done, strict=True) if not counted]


def _write(
    table: Table, states: Sequence[NumberState], limits: Limits, expired: set[str], until: Millis, *, paced: bool
) -> list[str]:
    """Count the message for numbers as they were read. Returns those that somebody else has written meanwhile.

    `expired`: numbers of which an item seems to lie there that counts as gone, so that it was not read. It is brought
    up to date for the next try.
    """
    if not states:
        return []
    statements = [_statement(state, limits, table.seconds, expired) for state in states]
    done = table.execute_many(statements, until, paced=paced)
    left = [state for state, counted in zip(states, done, strict=True) if not counted]
    expired ^= {state.number for state in left if not state.version}
    return [state.number for state in left]


def _statement(state: NumberState, limits: Limits, seconds: int, expired: set[str]) -> Statement:
    counted = limits.with_text(state)
    amend = _amend(state, counted, limits.now)
    if state.version:
        return amend
    if state.number in expired:
        return replace(amend, attribute="ttl", expected=seconds, relation="<")
    return Insert(item_of(counted, limits.now))


def uncount_all(table: Table, numbers: Sequence[str], limits: Limits, until: Millis) -> None:
    """Take back the counting of a message that will not be stored, as far as there is time.

    Where somebody writes a number at the same moment, its text stays counted: that errs on the side of fewer texts.
    Raises TimeoutError when time was over before the last.
    """
    for some in batched(filter(limits.capped, numbers), TAKEN_BACK_AT_ONCE, strict=False):
        if table.now() >= until:
            raise TimeoutError("there is no time left to take back what was counted")
        before = [state for state in load_numbers(table, some).values() if limits.without_text(state) != state]
        if before:
            table.execute_many([_amend(state, limits.without_text(state), limits.now) for state in before], until)


def _amend(before: NumberState, after: NumberState, now: Millis) -> Amend:
    """The statement that makes one state of a number out of another which has only other texts that count."""
    item = item_of(after, now)
    changed = {name: item[name] for name in ("version", "ttl") if name in item} | {"counted": item.get("counted", {})}
    return Amend(suppression_key(before.number), changed, "version", before.version)
