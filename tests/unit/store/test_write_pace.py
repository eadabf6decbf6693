"""How fast large filings are: as fast as can be on a table that takes everything, slow on one that does not."""

from dataclasses import replace

import pytest

from smsgateway.store.table import Table
from smsgateway.store.write_pace import FIRST_GAP, LONGEST_GAP, FilingPace, Turn
from tests.doubles.seam import Seam
from tests.doubles.world import World, accounts_document, numbers, post

NOW = 1_767_225_600_000
THREADS = 8


def test_a_warm_table_costs_a_process_a_second_in_all() -> None:
    pace, now = FilingPace(), float(NOW)
    for _ in range(10_000):
        turn = pace.turn(int(now), THREADS)
        now += turn.wait
        pace.learn(turn, whole=True)
    assert now - NOW < 1100


def test_a_process_that_has_filed_nothing_for_a_while_does_not_wait() -> None:
    pace = FilingPace()
    pace.turn(NOW, THREADS)
    assert pace.turn(NOW, THREADS).wait == FIRST_GAP
    assert pace.turn(NOW + 1000, THREADS).wait == 0


def test_a_table_that_leaves_something_is_given_time_and_no_more_than_a_second() -> None:
    pace = FilingPace()
    gaps = []
    for _ in range(10):
        turn = pace.turn(NOW, THREADS)
        pace.learn(turn, whole=False)
        gaps.append(turn.gap)
    assert gaps[:4] == [FIRST_GAP, 2 * FIRST_GAP, 4 * FIRST_GAP, 8 * FIRST_GAP]
    assert gaps[-1] == LONGEST_GAP


def test_batches_that_were_on_their_way_together_slow_it_down_once() -> None:
    pace = FilingPace()
    for turn in [pace.turn(NOW, THREADS) for _ in range(THREADS)]:
        pace.learn(turn, whole=False)
    assert pace.turn(NOW, THREADS).gap == 2 * FIRST_GAP


def test_what_was_fast_slows_down_at_once() -> None:
    pace = FilingPace()
    for _ in range(200):
        pace.learn(pace.turn(NOW, THREADS), whole=True)
    pace.learn(pace.turn(NOW, THREADS), whole=False)
    assert pace.turn(NOW, THREADS).gap == FIRST_GAP


def test_a_clock_that_is_put_back_makes_nobody_wait_long() -> None:
    pace = FilingPace()
    pace.turn(NOW, THREADS)
    assert pace.turn(NOW - 3_600_000, THREADS).wait <= THREADS * FIRST_GAP


class Counted(FilingPace):
    """Counts the turns that are taken."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = 0

    def turn(self, now: int, threads: int) -> Turn:
        self.turns += 1
        return super().turn(now, threads)


class Paced(World):
    """A world whose table has a pace, as the functions' own has."""

    def __init__(self) -> None:
        super().__init__(accounts_document((("hb", "hbsmservice", 0),)))
        self.pace = Counted()

    def _table(self, seam: Seam) -> Table:
        return replace(super()._table(seam), pace=self.pace, sleep=lambda _seconds: None)


@pytest.mark.parametrize(("purpose", "accepting", "sending"), [("marketing", 2, 1), ("notice", 1, 1), ("otp", 0, 0)])
def test_what_is_urgent_takes_no_turns(purpose: str, accepting: int, sending: int) -> None:
    """GIVEN a message to three numbers WHEN it is filed, and then its rows THEN a password's is not paced. Marketing
    is counted, too."""
    world = Paced()
    world.accept(post(*numbers(3), purpose=purpose))
    assert world.pace.turns == accepting
    world.deliver()
    assert world.pace.turns == accepting + sending
    assert world.vendors.calls
