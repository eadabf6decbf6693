"""What clients with a daily limit have spent (store/spending.py)."""

from smsgateway.ids import message_id
from smsgateway.store import spending
from smsgateway.store.spending import PLACES, Charge
from smsgateway.store.table import Table
from tests.doubles import aws
from tests.unit.store.given import NOW

DAY = "2026-01-02"
LIMIT = 100


def charge(number: int, segments: int, at: int = NOW, day: str = DAY) -> Charge:
    return Charge(message_id(NOW, number), segments, at, day)


def spent(table: Table) -> int:
    (item,) = aws.scan(table)
    return int(item["spent"])


def test_a_client_spends_its_days_segments(table: Table) -> None:
    def spend(number: int, segments: int, day: str = DAY, client: str = "shop") -> bool:
        return spending.spend(table, client, LIMIT, charge(number, segments, day=day)) == NOW

    assert [spend(1, 60), spend(2, 41), spend(3, 40), spend(4, 1)] == [True, False, True, False]
    assert not spend(5, 101, "2026-01-03")
    assert spend(6, 100, "2026-01-03")
    assert spend(7, 100, client="other")
    assert {item["ttl"] for item in aws.scan(table)} == {NOW // 1000 + spending.KEPT_FOR}


def test_a_message_is_charged_once(table: Table) -> None:
    """Also when nothing else is left, and whoever asks."""
    assert spending.spend(table, "shop", LIMIT, charge(1, LIMIT)) == NOW
    assert spending.spend(table, "shop", LIMIT, charge(1, LIMIT)) == NOW
    assert spending.spend(table, "shop", LIMIT, charge(1, LIMIT, NOW + 5)) == NOW
    assert spent(table) == LIMIT
    for at in (NOW, NOW, NOW + 5):
        assert spending.spend(table, "other", LIMIT, charge(1, 10, at)) == NOW
    assert {item["spent"] for item in aws.scan(table)} == {LIMIT, 10}


def test_another_length_is_another_charge(table: Table) -> None:
    """Of two bodies under one key, one will be stored; the other gets its own back."""
    assert spending.spend(table, "shop", LIMIT, charge(1, 2)) == NOW
    assert spending.spend(table, "shop", LIMIT, charge(1, 20, NOW + 5)) == NOW + 5
    assert spent(table) == 22
    spending.give_back(table, "shop", charge(1, 2))
    assert spent(table) == 20


def test_what_is_given_back_is_given_back_once(table: Table) -> None:
    spending.spend(table, "shop", LIMIT, charge(1, 60))
    spending.spend(table, "shop", LIMIT, charge(2, 40))
    for _ in range(2):
        spending.give_back(table, "shop", charge(1, 60))
    assert spent(table) == 40


def test_the_item_of_a_day_stays_below_a_write_unit(table: Table) -> None:
    for number in range(20 * PLACES):
        spending.spend(table, "c" * 64, 10**9, charge(number, 50_000 * 9))
    (wire,) = table.client.scan(TableName=table.name)["Items"]
    assert sum(name.startswith("charged") for name in wire) == PLACES
    assert aws.item_bytes(wire) <= 1024
