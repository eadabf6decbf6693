"""Numbers that nothing is sent to, for all clients and purposes: said by an administrator."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from smsgateway.clock import Millis
from smsgateway.store.keys import suppression_key
from smsgateway.store.numbers import Suppression, change_number, load_number
from smsgateway.store.table import Item, Key, Table


def suppress(table: Table, number: str, now: Millis) -> Millis:
    """Suppress a number. Returns since when it is (epoch ms): an earlier suppression stands."""
    _, after = change_number(
        table, number, lambda state: replace(state, suppressed=state.suppressed or Suppression(now)), now
    )
    return after.suppressed.at if after.suppressed else now


def suppressed_at(table: Table, number: str) -> Millis | None:
    """Since when (epoch ms) a number is suppressed. None: it is not."""
    suppressed = load_number(table, number).suppressed
    return suppressed.at if suppressed else None


def suppressed(table: Table, numbers: Collection[str]) -> list[str]:
    """Those of the numbers that are suppressed, in their order. Reads them 100 a call."""
    return suppressed_in(table.get_many(map(suppression_key, numbers)), numbers)


def suppressed_in(found: Mapping[Key, Item], numbers: Collection[str]) -> list[str]:
    """Those of the numbers that are suppressed, in their order, by what was found at their `suppression_key`."""
    return [number for number in numbers if "since" in found.get(suppression_key(number), {})]


def allow(table: Table, number: str, now: Millis) -> None:
    """Suppress a number no more. Who has stopped marketing, and what is counted, stays."""
    change_number(table, number, lambda state: replace(state, suppressed=None), now)
