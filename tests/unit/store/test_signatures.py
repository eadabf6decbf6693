"""What is learned of signatures: one refusal, or reports of several numbers; each told again, forgotten, and raced."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.store import signatures
from smsgateway.store.signatures import (
    REFUSED_FOR,
    REPORTS_NEEDED,
    REPORTS_WITHIN,
    Learned,
    SignaturePlace,
    refusal,
    report,
)
from smsgateway.store.table import Table
from tests.unit.store.given import NOW

PLACE = SignaturePlace("ly-1", "mobile", "示例#1")  # a signature may have any character but brackets
WORD = "116 签名不合法"
MINUTE = 60_000


def known(table: Table, place: SignaturePlace = PLACE) -> Learned:
    item = table.get(place.key)
    return signatures.read_learned(item) if item else Learned(place)


def refuse(table: Table, at: int = NOW, now: int = 0) -> bool:
    return signatures.learn(table, PLACE, lambda before: refusal(before, at, WORD), now or at)


def reported(table: Table, number: int, at: int) -> bool:
    return signatures.learn(table, PLACE, lambda before: report(before, at, f"1380000{number:04d}", "SIGNERR"), at)


def at(table: Table, now: int) -> Table:
    return replace(table, now=lambda: now)


def test_a_refusal_is_read_as_it_was_written(table: Table) -> None:
    assert refuse(table)
    found = known(table)
    assert found == Learned(PLACE, NOW, WORD, version=1)
    assert list(signatures.refusals_of(table, "ly-1")) == [found]
    assert list(signatures.refusals_of(table, "ly")) == []
    items = table.get_many([PLACE.key])
    assert signatures.refusals_in(items.values()) == {PLACE: found}


def test_a_refusal_that_stands_stays_as_it_is(table: Table) -> None:
    refuse(table)
    assert not refuse(table, NOW + MINUTE)
    assert not reported(table, 1, NOW + MINUTE)
    assert known(table).refused_at == NOW


def test_a_refusal_ends_after_a_week_and_may_begin_again(table: Table) -> None:
    refuse(table)
    end = NOW + REFUSED_FOR
    assert known(at(table, end)).refused_until == end
    late = at(table, end + 1000)
    assert known(late) == Learned(PLACE)
    assert list(signatures.refusals_of(late, "ly-1")) == []
    assert refuse(late, end + 1000)
    assert known(late).refused_at == end + 1000


def test_reports_count_once_enough_numbers_say_so(table: Table) -> None:
    for number in range(REPORTS_NEEDED - 1):
        assert reported(table, number, NOW + number)
        assert not reported(table, number, NOW + number), "the same report again"
        assert list(signatures.refusals_of(table, "ly-1")) == []
    assert reported(table, 77, NOW + 100)
    assert known(table) == Learned(PLACE, NOW + 100, "SIGNERR", version=REPORTS_NEEDED)


def test_what_is_forgotten_is_not_heard_again(table: Table) -> None:
    assert not signatures.forget(table, PLACE, NOW)
    refuse(table)
    assert signatures.forget(table, PLACE, NOW + MINUTE)
    assert list(signatures.refusals_of(table, "ly-1")) == []
    assert not signatures.forget(table, PLACE, NOW + 2 * MINUTE), "there is nothing left"
    assert not refuse(table, NOW, NOW + 3 * MINUTE), "an answer from before, written late"
    assert not reported(table, 1, NOW + MINUTE)
    assert refuse(table, NOW + 3 * MINUTE)
    assert known(table).refused_at == NOW + 3 * MINUTE


def test_reports_so_far_can_be_forgotten(table: Table) -> None:
    reported(table, 1, NOW)
    assert signatures.forget(table, PLACE, NOW + 1)
    assert known(table).reports == {}


def test_who_comes_second_begins_again_from_what_stands_there(table: Table) -> None:
    """GIVEN a worker that has read what is known WHEN another writes before it does THEN neither's report is lost."""
    rivals = [1, 2]

    def slow(before: Learned) -> Learned:
        if rivals:
            reported(table, rivals.pop(), NOW + 5)
        return report(before, NOW + 9, "13800000009", "SIGNERR")

    assert signatures.learn(table, PLACE, slow, NOW + 9)
    assert known(table).refused_at == NOW + 9


def test_who_is_never_first_gives_up(table: Table) -> None:
    count = iter(range(100))

    def slower(before: Learned) -> Learned:
        signatures.learn(table, PLACE, lambda known: replace(known, forgotten_at=next(count) + 1), NOW)
        return refusal(before, NOW, WORD)

    assert not signatures.learn(table, PLACE, slower, NOW)
    assert known(table).refused_at == 0


def test_the_operator_is_told_before_a_refusal_is_written(table: Table) -> None:
    """A worker that dies in between leaves it to be told again; the other way round nobody would ever be told."""
    told: list[tuple[int, bool]] = []

    def tell(learned: Learned) -> None:
        told.append((learned.refused_at, table.get(PLACE.key) is not None))

    signatures.learn(table, PLACE, lambda before: refusal(before, NOW, WORD), NOW, tell)
    signatures.learn(table, PLACE, lambda before: refusal(before, NOW + 1, WORD), NOW, tell)
    assert told == [(NOW, False)]


moments = st.integers(0, 3 * REPORTS_WITHIN)


@given(st.lists(st.tuples(st.integers(0, 4), moments), max_size=12))
def test_a_signature_is_refused_exactly_when_enough_numbers_agree_within_the_time(heard: list[tuple[int, int]]) -> None:
    """GIVEN reports in the order of their times WHEN each is told twice THEN the signature is refused if and only if so
    many different numbers are within the time."""
    heard = sorted(heard, key=lambda each: each[1])
    state = Learned(PLACE)
    for number, moment in heard:
        for _ in range(2):
            state = report(state, NOW + moment, str(number), "SIGNERR")
    enough = any(
        len({number for number, moment in heard if end - REPORTS_WITHIN < moment <= end}) >= REPORTS_NEEDED
        for _, end in heard
    )
    assert bool(state.refused_at) == enough


@given(st.permutations([(number, moment) for number, moment in enumerate((0, 5, 10, REPORTS_WITHIN * 2))]))
def test_few_reports_are_kept_whatever_their_order(heard: list[tuple[int, int]]) -> None:
    state = Learned(PLACE)
    for number, moment in heard:
        state = report(state, NOW + moment, str(number), "SIGNERR")
        assert len(state.reports) < REPORTS_NEEDED


@pytest.mark.parametrize("later", [0, 1])
def test_nothing_older_than_a_forgetting_changes_anything(later: int) -> None:
    forgotten = Learned(PLACE, forgotten_at=NOW)
    assert (refusal(forgotten, NOW + later, WORD) == forgotten) == (not later)
    assert (report(forgotten, NOW + later, "1", WORD) == forgotten) == (not later)
