"""The counts of a client's verifications: by minute, across hours, and with a cap that holds."""

from hypothesis import given, settings
from hypothesis import strategies as st

from smsgateway.store import conversions
from smsgateway.store.conversions import HOUR, MINUTE, Conversions
from smsgateway.store.table import Table
from tests.doubles.world import START, World


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-90, 90), st.booleans()), max_size=20),
    st.integers(-90, 60),
    st.integers(1, 90),
)
def test_what_is_counted_between_two_minutes(counted: list[tuple[int, bool]], first: int, length: int) -> None:
    table = World("").table
    for minute, approved in counted:
        at = START + minute * MINUTE + 12_345
        assert conversions.count_post(table, "shop", at, None, first=True)
        if approved:
            conversions.count_approval(table, "shop", at)
    begins, ends = START + first * MINUTE, START + (first + length) * MINUTE
    items = table.get_many(conversions.keys_between("shop", begins, ends))
    within = [approved for minute, approved in counted if first <= minute < first + length]
    assert conversions.between(items, "shop", begins, ends) == Conversions(len(within), sum(within))
    assert conversions.between(items, "another", begins, ends) == Conversions()


def test_a_cap_holds_for_an_hour_of_the_clock(table: Table) -> None:
    counted = [conversions.count_post(table, "shop", START + place, 3, first=place % 2 == 0) for place in range(5)]
    assert counted == [True, True, True, False, False]
    conversions.take_back(table, "shop", START, first=True)
    assert conversions.count_post(table, "shop", START, 3, first=True)
    assert not conversions.count_post(table, "shop", START + HOUR - 1, 3, first=True)
    assert conversions.count_post(table, "shop", START + HOUR, 3, first=True)
    assert conversions.count_post(table, "another", START, 3, first=True)


def test_an_hour_stays_small(table: Table) -> None:
    """One write unit for each count, also with a thousand verifications a minute in it."""
    for minute in range(60):
        at = START + minute * MINUTE
        conversions.count_post(table, "a-client-with-a-long-name-of-its-own", at, None, first=True)
        conversions.count_approval(table, "a-client-with-a-long-name-of-its-own", at)
    (item,) = table.client.scan(TableName=table.name)["Items"]
    assert sum(len(name) + 3 for name in item) + 100 <= 1024
