"""Many stops at once, as an import brings them: a new number in a statement of 25, a known one by a write of its own.

Doing it again changes nothing, so that an import that broke off can be repeated.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Literal

from smsgateway.clock import Millis
from smsgateway.store.numbers import NumberState, Suppression, change_number, item_of, load_numbers
from smsgateway.store.stops import note_stop, stopped, suppressed_by
from smsgateway.store.table import BATCH_READS, Insert, Table

Outcome = Literal["added", "already", "outdated"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A number that is not to be texted: `all_purposes`, whoever posts; else its marketing is stopped."""

    number: str
    stop: Suppression
    all_purposes: bool = False


def put_entries(table: Table, entries: Iterable[Entry], now: Millis, time_is_over: Callable[[], bool]) -> Counter[str]:
    """Write entries. Returns how many were added, stood already, or were outdated by an opt-in since.

    Raises TimeoutError when time is over before everything is written, and NumberFull for an entry that its number has
    no room for: what is written by then stands.
    """
    by_number: dict[str, list[Entry]] = {}
    for entry in entries:
        by_number.setdefault(entry.number, []).append(entry)
    counts: Counter[str] = Counter(added=0, already=0, outdated=0)
    for batch in batched(by_number.items(), BATCH_READS, strict=False):
        if time_is_over():
            raise TimeoutError("an import took too long")
        # Before the numbers' own items, as with every stop: an import may break off, and nobody may repeat it. All of
        # it is over long before `stops.WRITTEN_WITHIN`.
        for client in {"" if each.all_purposes else each.stop.client for each in _entries_of(dict(batch))}:
            note_stop(table, client, now)
        counts += _put_batch(table, dict(batch), now)
    return Counter(added=counts["added"], already=counts["already"], outdated=counts["outdated"])


def _entries_of(batch: Mapping[str, Sequence[Entry]]) -> list[Entry]:
    return [entry for entries in batch.values() for entry in entries]


def _put_batch(table: Table, batch: Mapping[str, Sequence[Entry]], now: Millis) -> Counter[str]:
    """Write the entries of some numbers, each of which may have several."""
    counts: Counter[str] = Counter()
    known = load_numbers(table, batch)
    fresh: dict[str, tuple[NumberState, Counter[str]]] = {}
    rest: list[str] = []
    for number, entries in batch.items():
        after, outcomes = with_entries(known[number], entries)
        if after == known[number] and not known[number].unlisted:
            counts += outcomes
        elif known[number].version or known[number].listed:
            rest.append(number)
        else:
            fresh[number] = after, outcomes
    inserted = table.execute_many([Insert(item_of(state, now)) for state, _ in fresh.values()]) if fresh else []
    for (number, (_, outcomes)), done in zip(fresh.items(), inserted, strict=True):
        if done:
            counts += outcomes
        else:  # written meanwhile, by an earlier release, or expired and not deleted yet
            rest.append(number)
    for outcomes in table.at_once(lambda number: _change(table, number, batch[number], now), rest):
        counts += outcomes
    return counts


def _change(table: Table, number: str, entries: Sequence[Entry], now: Millis) -> Counter[str]:
    before, _ = change_number(table, number, lambda state: with_entries(state, entries)[0], now)
    return with_entries(before, entries)[1]


def with_entries(state: NumberState, entries: Iterable[Entry]) -> tuple[NumberState, Counter[str]]:
    """The state after entries of its number, and what each came to."""
    outcomes: Counter[str] = Counter()
    for entry in entries:
        after = suppressed_by(state, entry.stop) if entry.all_purposes else stopped(state, entry.stop)
        outcomes[_outcome(state, after, entry)] += 1
        state = after
    return state, outcomes


def _outcome(before: NumberState, after: NumberState, entry: Entry) -> Outcome:
    if after != before:
        return "added"
    stands = before.suppressed if entry.all_purposes else before.stops.get(entry.stop.scope)
    return "already" if stands else "outdated"
