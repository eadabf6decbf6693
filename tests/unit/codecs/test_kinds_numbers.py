"""A number has one form, at every door: whatever a vendor writes, it is the recipient's, and the sender's, own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsgateway.ids import SubmissionKey
from smsgateway.model import Status
from smsgateway.text import said_number
from tests.doubles import invariants
from tests.doubles.world import World, accounts_document, begun, numbers
from tests.unit.codecs import doors
from tests.unit.codecs.doors import REPLIES, REPORTS, Door

FIRST, *OTHERS = numbers(3)
WIDE = str.maketrans({narrow: chr(ord(narrow) + 0xFEE0) for narrow in "+0123456789-"})


@st.composite
def written(draw: st.DrawFn, number: str = FIRST) -> str:
    """A mobile's number as platforms write it."""
    prefix = draw(st.sampled_from(["", "86", "+86", "0086", "+86 ", "86-", "0086 ", "+86-"]))
    between = draw(st.sampled_from(["", " ", "-"]))
    said = prefix + between.join((number[:3], number[3:7], number[7:]))
    if draw(st.booleans()):
        said = said.translate(WIDE)
    return draw(st.sampled_from(["", " "])) + said + draw(st.sampled_from(["", " "]))


def names(door: Door) -> str:
    return f"{door.vendor}-{door.kind}-{door.source}"


def sent(door: Door, count: int) -> tuple[World, SubmissionKey]:
    """A world in which the account has sent a message to the first numbers."""
    world, key = begun(accounts_document((("main", door.vendor, 0),)), count)
    world.dispatch(key)
    return world, key


WORLDS = {(door.vendor, count): sent(door, count) for door in (*REPORTS, *REPLIES) for count in (1, 3)}


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("door", REPORTS, ids=names)
@settings(max_examples=25)
@given(said=written() | st.just(f"{FIRST[:3]}***{FIRST[6:]}") | st.just(f"+86 {FIRST[:3]}-****-{FIRST[7:]}"))
def test_a_report_finds_its_recipient(door: Door, count: int, said: str) -> None:
    if "*" in said and count > 1:
        said = said.replace("*", FIRST[5])  # the numbers of the test differ in their last digit alone
    begun_, key = WORLDS[door.vendor, count]
    world = begun_.copy()
    (seen,) = world.vendors.seen
    body = doors.page(door, [doors.report(door, said, seen.id_of(FIRST), doors.delivered(door))])
    world.ingest(doors.receipt(door, body, world.now))
    statuses = invariants.statuses(world, key.message_id)
    assert statuses[FIRST] == Status.DELIVERED
    assert all(statuses[other] == Status.SUBMITTED for other in OTHERS[: count - 1])
    assert not world.parked


@pytest.mark.parametrize("door", REPLIES, ids=names)
@settings(max_examples=25)
@given(said=written())
def test_a_reply_is_its_senders_and_answers_the_message(door: Door, said: str) -> None:
    begun_, key = WORLDS[door.vendor, 1]
    world = begun_.copy()
    body = doors.page(door, [doors.reply(door, said, "TD")])
    world.ingest(doors.receipt(door, body, world.now))
    (told,) = [event.detail for event in world.events() if event.type == "Message Received"]
    assert (told["from"], told["opt_out"], told["in_reply_to"]) == (FIRST, True, key.message_id)
    assert not world.parked


@given(written())
def test_the_one_function_folds_every_form(said: str) -> None:
    assert said_number(said) == FIRST


@given(written("13812345678"), st.sets(st.integers(1, 10), min_size=1, max_size=8))
def test_a_mask_keeps_its_stars_in_every_form(said: str, hidden: set[int]) -> None:
    places = [place for place, character in enumerate(said) if character.isdecimal()][-11:]
    masked = "".join("*" if at in places and places.index(at) in hidden else one for at, one in enumerate(said))
    assert said_number(masked) == "".join("*" if at in hidden else one for at, one in enumerate("13812345678"))


@pytest.mark.parametrize("said", ["", "abc", "10086", "+1 650 555 0100", "1*", "86*", "13812*", "\ufffd", "138abc"])
def test_what_is_no_mainland_number_stays_what_was_said(said: str) -> None:
    assert said_number(f" {said} ") == said
