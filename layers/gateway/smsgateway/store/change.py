"""One conditional write to one item, put together from what it sets, what it removes and what it depends on.

    Change(key).set(word="busy", count=2).remove("due_at").when("attempt = :seen", seen=3)

is `SET #word = :word, #count = :count REMOVE #due_at` under the condition `attempt = :seen`. Every step gives a new
value, so that a change can be kept and gone on with in two ways.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from smsgateway.store.table import Key, Update


@dataclass(frozen=True, slots=True)
class Change:
    """A write to the item at `key`, as far as it has been said. `Table.update` makes it."""

    key: Key
    clauses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by verb: SET, REMOVE, ADD, DELETE
    values: Mapping[str, Any] = field(default_factory=dict)  # that clauses and conditions name with a colon
    conditions: tuple[str, ...] = ()  # all of them must hold

    def set(self, **values: Any) -> "Change":
        """Give attributes these values. One whose value is None stays as it is."""
        given = {name: value for name, value in values.items() if value is not None}
        return self._and("SET", [f"#{name} = :{name}" for name in given], given)

    def assign(self, values: Mapping[str, Any]) -> "Change":
        """Give attributes these values, and remove those whose value is None."""
        return self.set(**values).remove(*(name for name, value in values.items() if value is None))

    def set_if_missing(self, **values: Any) -> "Change":
        """Give attributes these values, unless they have one."""
        return self._and("SET", [f"#{name} = if_not_exists(#{name}, :{name})" for name in values], values)

    def append(self, name: str, entry: Any) -> "Change":
        """Add an entry to the end of a list, which may not be there yet."""
        longer = f"#{name} = list_append(if_not_exists(#{name}, :none), :entries)"
        return self._and("SET", [longer], {"none": [], "entries": [entry]})

    def add(self, **values: Any) -> "Change":
        """Add to numbers, or to sets; either begins with nothing if it is not there."""
        return self._and("ADD", [f"#{name} :{name}" for name in values], values)

    def take(self, **values: Any) -> "Change":
        """Take members from sets."""
        return self._and("DELETE", [f"#{name} :{name}" for name in values], values)

    def remove(self, *names: str) -> "Change":
        """Remove attributes, if they are there."""
        return self._and("REMOVE", [f"#{name}" for name in names], {})

    def when(self, condition: str, **values: Any) -> "Change":
        """Make the write depend on a condition, beside those that it depends on already.

        `values` are those that the condition names with a colon. None may have the name of an attribute that is set to
        another value: `when("attempt = :seen", seen=3).set(attempt=4)`.
        """
        words = f"({condition})" if " OR " in condition else condition
        return replace(self, conditions=(*self.conditions, words), values=self._named(values))

    def _and(self, verb: str, clauses: list[str], values: Mapping[str, Any]) -> "Change":
        if not clauses:
            return self
        joined = {**self.clauses, verb: (*self.clauses.get(verb, ()), *clauses)}
        return replace(self, clauses=joined, values=self._named(values))

    def _named(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """All values by now. Raises ValueError where one name stands for two of them."""
        twice = [name for name, value in values.items() if name in self.values and self.values[name] != value]
        if twice:
            raise ValueError(f"two values have one name: {', '.join(twice)}")
        return {**self.values, **values}

    def wire(self, table: str) -> dict[str, Any]:
        """The UpdateItem request, for the table of this name."""
        expression = " ".join(f"{verb} {', '.join(clauses)}" for verb, clauses in self.clauses.items())
        return Update(self.key, expression, self.values, " AND ".join(self.conditions)).wire(table)
