"""Turns of accounts that are faster than one item: they come from several items, and never closer than was asked."""

from itertools import pairwise
from random import Random
from typing import Any

import pytest

from smsgateway.calling import pace
from smsgateway.store.table import Table
from tests.doubles.dynamo import FakeDynamoDB
from tests.doubles.world import START


def taken(rate: int, count: int, now: int = START) -> tuple[list[int], set[str]]:
    """The moments (µs after now) of as many as ask at once, and the items that gave them."""
    client: Any = FakeDynamoDB()
    table, random, moments = Table(client, "table"), Random(1), list[int]()
    for _ in range(count):
        if pace.take(table, "main", "send", 1 / rate, now, 10_000, random.random()) > 0:
            last = client.stream[-1][1]
            turns = len(set(client.items)) if rate <= pace.MOST_OF_AN_ITEM else -(-rate // 400)
            step = -(-pace.spaced(1 / rate) * 1000 // 1) * (1 if rate <= pace.MOST_OF_AN_ITEM else turns)
            moments.append(int(int(last["free_us"]["N"]) - step))
    return sorted(moments), {sk for _, sk in client.items}


@pytest.mark.parametrize("rate", [500, 1000, 1500, 3000])
def test_moments_of_several_items_are_as_far_apart_as_those_of_one(rate: int) -> None:
    moments, items = taken(rate, 1500)
    assert len(moments) == 1500
    assert len(items) == -(-rate // pace.MOST_OF_AN_ITEM)
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert min(gaps) >= 1_000_000 / rate
    assert moments[-1] - moments[0] <= 1.3 * 1500 * pace.spaced(1 / rate) * 1000  # and nearly as fast as was asked


@pytest.mark.parametrize("rate", [1, 50, 400])
def test_up_to_four_hundred_a_second_one_item_gives_them(rate: int) -> None:
    assert taken(rate, 20)[1] == {"pace#send"}


def test_what_another_pace_has_left_is_put_onto_the_grid() -> None:
    """GIVEN a rate that was changed WHEN two items give moments THEN they are as far apart as the new rate asks."""
    client: Any = FakeDynamoDB()
    table, found = Table(client, "table"), list[int]()
    for chance in (0.1, 0.9):
        pace.take(table, "main", "send", 1 / 700, START, 10_000, chance)
    for chance in (0.1, 0.9) * 50:
        found.append(pace.take(table, "main", "send", 1 / 500, START, 10_000, chance))
    found.sort()
    assert len({*found}) == 100
    assert min(later - earlier for earlier, later in pairwise(found)) >= 2
