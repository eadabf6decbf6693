"""Stops of marketing: what a person wrote last counts, in whatever order replies come, and however often."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import permutations
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.clock import Millis
from smsgateway.model import Client
from smsgateway.store import numbers, stops, stops_import, suppressions
from smsgateway.store.keys import suppression_key
from smsgateway.store.numbers import EVERYBODY, NumberState, OptIn, Suppression, refusal_to, scope_of
from smsgateway.store.table import Table
from tests.doubles.seam import AwsError, Crash, Fault, Seam, Seamed
from tests.doubles.world import HOUR, World, accounts_document, post
from tests.doubles.world import numbers as numbers_of
from tests.unit.store.given import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NUMBER = "13800000007"


@dataclass(frozen=True)
class Said:
    """A reply: when it was written, and whether it means stop."""

    at: int
    stop: bool
    scope: str = "shop"

    @property
    def reply_id(self) -> str:
        return f"mo_{self.at}{self.stop}"


def take(state: NumberState, said: Said) -> NumberState:
    if said.stop:
        return stops.stopped(state, stop_at(said.at, reply_id=said.reply_id))
    return stops.opted_in(state, said.scope, OptIn(said.at, said.at, "reply", said.reply_id, "hb-1"))


def stop_at(at: Millis, client: str = "shop", source: str = "reply", reply_id: str = "") -> Suppression:
    return Suppression(at, "opt_out", source, reply_id, client=client)


def lifted_at(at: Millis) -> OptIn:
    return OptIn(at, at, "api")


@given(st.lists(st.builds(Said, st.integers(1, 9), st.booleans()), min_size=1, max_size=7), st.data())
def test_the_last_word_counts_in_any_order_and_with_repeats(said: list[Said], data: st.DataObject) -> None:
    """GIVEN replies WHEN they come in any order, and some again THEN the last one counts; of the same moment, stop."""
    state = NumberState(NUMBER)
    for each in [*data.draw(st.permutations(said)), *data.draw(st.lists(st.sampled_from(said), max_size=7))]:
        state = take(state, each)
    assert ("shop" in state.stops) is max(said, key=lambda each: (each.at, each.stop)).stop


def test_a_stop_keeps_its_first_reply_until_it_is_undone() -> None:
    first, again, undone, anew = Said(1, True), Said(5, True), Said(7, False), Said(9, True)
    state = take(take(NumberState(NUMBER), first), again)
    assert (state.stops["shop"].at, state.stops["shop"].reply_id) == (1, first.reply_id)
    assert "shop" in take(state, Said(3, False)).stops, "written before the stop was repeated"
    assert take(take(state, undone), anew).stops["shop"].reply_id == anew.reply_id


def test_what_an_api_lifted_stays_lifted_when_its_reply_comes_again() -> None:
    """GIVEN a stop that was lifted by the API, whose clock is another than the vendor's WHEN its reply comes again
    THEN nothing changes; WHEN the person writes stop anew, at a moment that seems earlier THEN it counts."""
    state = stops.opted_in(take(NumberState(NUMBER), Said(5, True)), "shop", lifted_at(1000))
    assert state.stops == {}
    assert take(state, Said(5, True)) == state
    assert "shop" in take(state, Said(6, True)).stops


def test_a_reply_that_comes_late_does_not_undo_what_the_api_stopped_after_it() -> None:
    state = stops.stopped(NumberState(NUMBER), stop_at(100, source="api"))
    assert "shop" in take(state, Said(99, False)).stops
    assert "shop" not in take(state, Said(101, False)).stops
    assert stops.stopped(state, stop_at(200, source="import")) == state, "it stands already"


def test_only_the_stop_of_the_scope_goes() -> None:
    state = NumberState(NUMBER, suppressed=Suppression(1))
    for stop in (stop_at(1), stop_at(1, client=""), Suppression(1, client="shop", signature="示例")):
        state = stops.stopped(state, stop)
    assert set(state.stops) == {"shop", EVERYBODY, scope_of("shop", "示例")}
    left = stops.opted_in(state, "shop", OptIn(5, 5, "reply"))
    assert set(left.stops) == {EVERYBODY, "shop#示例"}
    assert left.suppressed == Suppression(1)
    assert stops.opted_in(left, "shop", lifted_at(9)) == left, "there is nothing to lift"


def test_a_stop_is_written_with_the_moment_of_its_clients_newest(table: Table) -> None:
    for at, client in ((NOW, "shop"), (NOW + 9_000_000, ""), (NOW - 1, "shop")):
        stops.stop_marketing(table, NUMBER, stop_at(at, client), at)
    found = table.get_many(stops.keys_of_stops("shop"))
    assert [found[key]["last_at"] for key in stops.keys_of_stops("shop")] == [NOW, NOW + 9_000_000]
    state = numbers.load_number(table, NUMBER)
    assert refusal_to(state, "marketing", "bank")
    _, after = stops.allow_marketing(table, NUMBER, EVERYBODY, lifted_at(NOW + 10_000_000), NOW + 10_000_000)
    assert not refusal_to(after, "marketing", "bank")
    assert refusal_to(after, "marketing", "shop")
    assert numbers.load_number(table, NUMBER) == after


@pytest.mark.parametrize(
    ("client", "accepted_at", "asked"),
    [("shop", NOW, True), ("shop", NOW + 119_000, True), ("shop", NOW + 121_000, False), ("bank", NOW, False)],
)
def test_who_is_asked_for_before_a_message_is_sent(table: Table, client: str, accepted_at: int, asked: bool) -> None:
    """GIVEN a stop WHEN a message was accepted before it, or so shortly after that the stop may not have been seen
    THEN its numbers are to be read."""
    stops.note_stop(table, "shop", NOW)
    assert stops.stopped_since(table.get_many(stops.keys_of_stops(client)), client, accepted_at) is asked
    stops.note_stop(table, "", NOW)
    assert stops.stopped_since(table.get_many(stops.keys_of_stops("bank")), "bank", NOW)


def test_an_opt_in_is_kept_as_long_as_older_replies_may_come(table: Table) -> None:
    stops.allow_marketing(table, NUMBER, "shop", OptIn(NOW, NOW, "reply", "mo_1", "hb-1"), NOW)
    item = table.get(suppression_key(NUMBER)) or {}
    assert item["ttl"] == NOW // 1000 + 30 * 86_400
    assert "list" not in item
    assert numbers.load_number(table, NUMBER).opt_ins["shop"].reply_id == "mo_1"


def test_two_words_of_one_moment() -> None:
    for order in permutations((Said(5, True), Said(5, False))):
        state = NumberState(NUMBER)
        for said in order:
            state = take(state, said)
        assert "shop" in state.stops


def test_a_persons_word_holds_however_many_stops_there_are() -> None:
    """GIVEN a number with as many stops as are kept WHEN a person stops another signature, another client, or all
    marketing THEN it is stopped: that of a signature as its client's."""
    state = NumberState(NUMBER)
    for index in range(stops.MOST_SCOPES):
        state = stops.stopped(state, Suppression(NOW, source="reply", client=f"shop{index}"))
    with pytest.raises(stops.NumberFull):
        stops.stopped(state, Suppression(NOW, client="bank"))
    by_signature = stops.stopped(state, Suppression(NOW, source="reply", client="bank", signature="示例"))
    assert by_signature.stops.keys() - state.stops.keys() == {"bank"}
    assert stops.opted_in(state, "bank", OptIn(NOW, NOW, "reply")) == state
    assert "*" in stops.stopped(state, Suppression(NOW)).stops


def waiting() -> World:
    """A world in which marketing to two numbers waits for its moment, and a minute has passed."""
    world = World(accounts_document((("ly", "langyu", 0),)))
    world.accept(post(*numbers_of(2), purpose="marketing", send_at=world.now + HOUR), client=Client("shop", "sender"))
    world.now += HOUR // 2
    return world


def stop_one(table: Table, number: str, at: Millis) -> None:
    stops.stop_marketing(table, number, stop_at(at, source="api"), at)


def suppress_one(table: Table, number: str, at: Millis) -> None:
    suppressions.suppress(table, number, at)


def import_one(table: Table, number: str, at: Millis) -> None:
    stops_import.put_entries(table, [stops_import.Entry(number, stop_at(at, source="import"))], at, lambda: False)


@pytest.mark.parametrize("stop", [stop_one, suppress_one, import_one])
def test_a_stop_that_nobody_repeats_is_whole_or_none(stop: Callable[[Table, str, Millis], None]) -> None:
    """GIVEN marketing that was accepted WHEN somebody stops it, and fails at any step for good THEN it goes out only
    to whom a new post would be accepted for, too."""
    world, seam, outcomes = waiting(), Seam(), set()
    number, another = numbers_of(2)
    stop(seamed(world.copy(), seam), number, world.now)
    for step in range(len(seam.steps)):
        for fault in Fault:
            again = world.copy()
            with suppress(Crash, AwsError):
                stop(seamed(again, Seam({step: fault})), number, again.now)
            refused = refusal_to(numbers.load_number(again.table, number), "marketing", "shop") is not None
            again.settle(again.now + HOUR)
            got = {each for seen in again.vendors.seen for each in seen.numbers}
            assert got == ({another} if refused else {number, another}), (fault, seam.steps[step])
            outcomes.add(refused)
    assert outcomes == {True, False}


def test_a_stop_that_took_many_tries_is_noted_anew(table: Table) -> None:
    """GIVEN a stop whose number others keep writing WHEN it comes to its turn after minutes THEN the note is as young,
    for it must outlast what was accepted before the number was written."""
    clock = Clock()
    slow = replace(table, now=clock.now)
    tries = iter(range(3))

    def change(state: NumberState) -> NumberState:
        clock.at += 200_000
        if (number := next(tries, None)) is not None:
            numbers.change_number(table, NUMBER, lambda held: stops.stopped(held, stop_at(1, f"rival{number}")), NOW)
        return stops.stopped(state, stop_at(NOW))

    stops.change_noted(slow, NUMBER, "shop", change, NOW)
    accepted_at = clock.at - 100_000
    assert "shop" in numbers.load_number(table, NUMBER).stops
    assert stops.stopped_since(table.get_many(stops.keys_of_stops("shop")), "shop", accepted_at)


@dataclass
class Clock:
    """A clock that is put on by hand."""

    at: Millis = NOW

    def now(self) -> Millis:
        return self.at


def seamed(world: World, seam: Seam) -> Table:
    return Table(cast("DynamoDBClient", Seamed(world.db, seam)), "table", lambda: world.now)
