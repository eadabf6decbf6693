"""How often a key asks for codes: no request more than its cap, however many come at once."""

from collections.abc import Callable, Sequence

from smsgateway.store import counted_keys
from smsgateway.store.counted_keys import CountedKey, count, read_counted
from smsgateway.store.keys import counted_key
from smsgateway.store.table import Table
from tests.doubles.interleaving import Task, schedules
from tests.doubles.seam import Seam
from tests.doubles.world import START, World

CAPS = ((2, 3_600), (3, 86_400))
HOUR = 3_600_000


def now_in(table: Table) -> CountedKey:
    return read_counted(table.get(counted_key("d")), "d")


def test_a_key_has_room_again_when_its_window_has_passed(table: Table) -> None:
    moments = [START, START + 1, START + 2, START + HOUR, START + HOUR + 1, START + 24 * HOUR]
    free = [count(table, now_in(table), CAPS, at) for at in moments]
    assert [at == moment for at, moment in zip(free, moments, strict=True)] == [True, True, False, True, False, True]
    assert free[2] == START + HOUR
    assert free[4] == START + 24 * HOUR


def test_what_is_a_day_old_is_not_kept(table: Table) -> None:
    for day in range(5):
        count(table, now_in(table), ((1, 86_400),), START + day * 24 * HOUR)
    assert now_in(table).moments == (START + 4 * 24 * HOUR,)


def test_no_order_of_requests_breaks_a_cap() -> None:
    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world, taken = World(""), list[int]()

        def work(seam: Seam) -> None:
            table = world._table(seam)
            taken.append(count(table, now_in(table), CAPS, START))

        def check() -> None:
            assert sorted(taken) == [START, START, START + HOUR]
            assert counted_keys.room(now_in(world.table), CAPS, START) > START

        return [Task(work)] * 3, check

    assert schedules(make, 2) > 10
