"""One record that nobody can read costs none of the others, at every door that hands out several, wherever it stands.

It is parked alone, in its very bytes, with what is wrong and where it stood; repaired and put back, it is applied.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from _pytest.mark import ParameterSet

from smsgateway.model import Status
from tests.doubles import invariants
from tests.doubles.world import World, accounts_document, begun, numbers
from tests.unit.codecs import doors
from tests.unit.codecs.doors import REPLIES, REPORTS, Door
from tests.unit.codecs.test_kinds_numbers import names

NUMBERS = numbers(3)
places = pytest.mark.parametrize("place", [0, 1, 2])


def pages_of(doors_: Sequence[Door]) -> list[ParameterSet]:
    """Each of the doors that hands out several records, with each damage to one of them."""
    return [
        pytest.param(door, damage, id=f"{door.vendor}-{door.kind}-{door.source}-{damage}")
        for door in doors_
        if door.has_pages
        for damage in door.says.UNREADABLE.get(door.kind, {})
    ]


def repaired(parked: bytes, damaged: bytes, good: bytes) -> bytes:
    """A parked body whose record somebody has put in order."""
    assert parked.count(damaged) == 1
    return parked.replace(damaged, good)


def replies_in(world: World) -> list[str]:
    return sorted(event.detail["from"] for event in world.events() if event.type == "Message Received")


@pytest.mark.parametrize("door", [*REPORTS, *REPLIES], ids=names)
def test_every_door_of_pages_has_damages(door: Door) -> None:
    says = f"tests/vendors/{door.vendor}.py"
    if door.has_pages:
        assert door.says.UNREADABLE.get(door.kind), f"{says}, UNREADABLE: what spoils one record of {door.kind}"
    elif not any(other.has_pages for other in (*REPORTS, *REPLIES) if other[:2] == door[:2]):
        assert door.kind not in door.says.UNREADABLE, f"{says}, UNREADABLE: a push of {door.kind} has one record"


@places
@pytest.mark.parametrize(("door", "damage"), pages_of(REPORTS))
def test_an_unreadable_report_costs_no_other(door: Door, damage: str, place: int) -> None:
    world, key = begun(accounts_document((("main", door.vendor, 0),)), len(NUMBERS))
    world.dispatch(key)
    (seen,) = world.vendors.seen
    records = [doors.report(door, number, seen.id_of(number), doors.delivered(door)) for number in NUMBERS]
    good = records[place]
    records[place] = damaged = door.says.UNREADABLE[door.kind][damage](good)
    assert damaged != good
    world.ingest(doors.receipt(door, doors.page(door, records), world.now))
    lost = NUMBERS[place]
    expected = {number: Status.SUBMITTED if number == lost else Status.DELIVERED for number in NUMBERS}
    assert invariants.statuses(world, key.message_id) == expected

    ((parked, problem),) = world.parked
    assert problem.startswith(f"record {place + 1} of 3: ")
    world.ingest(replace(parked, body=repaired(parked.body, damaged, good)))
    assert set(invariants.statuses(world, key.message_id).values()) == {Status.DELIVERED}
    assert len(world.parked) == 1
    world.ingest(parked)  # put back as it is, it is parked again
    assert len(world.parked) == 2


@places
@pytest.mark.parametrize(("door", "damage"), pages_of(REPLIES))
def test_an_unreadable_reply_costs_no_other(door: Door, damage: str, place: int) -> None:
    world = World(accounts_document((("main", door.vendor, 0),)))
    records = [doors.reply(door, number, "TD") for number in NUMBERS]
    good = records[place]
    records[place] = damaged = door.says.UNREADABLE[door.kind][damage](good)
    assert damaged != good
    world.ingest(doors.receipt(door, doors.page(door, records), world.now))
    assert replies_in(world) == sorted(number for number in NUMBERS if number != NUMBERS[place])

    ((parked, problem),) = world.parked
    assert problem.startswith(f"record {place + 1} of 3: ")
    world.ingest(replace(parked, body=repaired(parked.body, damaged, good)))
    assert replies_in(world) == sorted(NUMBERS)
    assert len(world.parked) == 1


@pytest.mark.parametrize("door", [each for each in (*REPORTS, *REPLIES) if each.has_pages])
def test_a_page_of_which_nothing_can_be_read_is_parked_whole(door: Door) -> None:
    world = World(accounts_document((("main", door.vendor, 0),)))
    make = doors.report if door.kind == "reports" else doors.reply
    extra = ("1", doors.delivered(door)) if door.kind == "reports" else ("TD",)
    damage = next(iter(door.says.UNREADABLE[door.kind].values()))
    records = [damage(make(door, number, *extra)) for number in NUMBERS]
    receipt = doors.receipt(door, doors.page(door, records), world.now)
    world.ingest(receipt)
    ((parked, _),) = world.parked
    assert parked == receipt
