"""Suppressed numbers: those that nothing is sent to. An item stands for each while it is suppressed."""

from collections.abc import Collection, Container

from smsgateway.clock import Millis
from smsgateway.store.keys import suppression_key
from smsgateway.store.table import ConditionFailed, Key, Table


def suppress(table: Table, number: str, now: Millis) -> Millis:
    """Suppress a number. Returns since when it is (epoch ms): an earlier suppression stands."""
    pk, sk = suppression_key(number)
    try:
        table.put({"pk": pk, "sk": sk, "since": now}, "attribute_not_exists(pk)")
    except ConditionFailed as failed:
        return int(failed.item["since"]) if failed.item else now
    return now


def suppressed_at(table: Table, number: str) -> Millis | None:
    """Since when (epoch ms) a number is suppressed. None: it is not."""
    item = table.get(suppression_key(number))
    return int(item["since"]) if item else None


def suppressed(table: Table, numbers: Collection[str]) -> list[str]:
    """Those of the numbers that are suppressed, in their order. Reads them 100 a call."""
    return suppressed_in(table.get_many(map(suppression_key, numbers)), numbers)


def suppressed_in(found: Container[Key], numbers: Collection[str]) -> list[str]:
    """Those of the numbers that are suppressed, in their order, by what was found at their `suppression_key`."""
    return [number for number in numbers if suppression_key(number) in found]


def allow(table: Table, number: str) -> None:
    """Suppress a number no more."""
    table.delete(suppression_key(number))
