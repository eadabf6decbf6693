"""Numbers that nothing is sent to, for all clients and purposes: said by an administrator."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from smsgateway.clock import Millis
from smsgateway.model import Purpose
from smsgateway.store.keys import suppression_key
from smsgateway.store.numbers import (
    ALL_PURPOSES,
    NumberState,
    OptIn,
    Suppression,
    change_number,
    load_number,
    read_number,
    refusal_to,
)
from smsgateway.store.stops import change_noted, suppressed_by
from smsgateway.store.table import Item, Key, Table


def suppress(table: Table, number: str, now: Millis, reason: str = "") -> NumberState:
    """Suppress a number. An earlier suppression stands. Returns the number's state after that.

    Marketing that was accepted and is not marked yet does not go out to it either.
    """
    return change_noted(table, number, "", lambda state: suppressed_by(state, Suppression(now, reason)), now)[1]


def suppressed_at(table: Table, number: str) -> Millis | None:
    """Since when (epoch ms) a number is suppressed. None: it is not."""
    suppressed = load_number(table, number).suppressed
    return suppressed.at if suppressed else None


def load_items(table: Table, numbers: Iterable[str]) -> dict[Key, Item]:
    """Read the items of some numbers, consistently, 100 a call."""
    return table.get_many(map(suppression_key, numbers))


def not_to_be_texted(found: Mapping[Key, Item], numbers: Iterable[str], purpose: Purpose, scope: str) -> list[str]:
    """Those of the numbers that are not to get a message of a purpose and a scope, in their order.

    They are suppressed, or its marketing is stopped (`numbers.refusal_to`). `found`: what stands at their
    `suppression_key`.
    """
    items = ((number, found.get(suppression_key(number))) for number in numbers)
    return [number for number, item in items if item and refusal_to(read_number(item, number), purpose, scope)]


def allow(table: Table, number: str, now: Millis) -> None:
    """Suppress a number no more. Who has stopped marketing, and what is counted, stays."""
    opt_in = OptIn(now, 0, "api")

    def allowed(state: NumberState) -> NumberState:
        if state.suppressed is None:
            return state
        return replace(state, suppressed=None, opt_ins={**state.opt_ins, ALL_PURPOSES: opt_in})

    change_number(table, number, allowed, now)
