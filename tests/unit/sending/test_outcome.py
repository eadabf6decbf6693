"""sending/outcome.py: what follows from an answer in doubt.

heji can answer with a success of no number, which names an id: a report under that id is the proof.
"""

import pytest

from smsgateway.ids import SubmissionKey
from smsgateway.model import State, Status
from smsgateway.store.submissions import load_submission
from tests.doubles import invariants
from tests.doubles.world import World, accounts_document, begun, numbers
from tests.unit.codecs import doors

(DOOR,) = [door for door in doors.REPORTS if door.vendor == "heji"]
DOCUMENT = accounts_document((("main", "heji", 0), ("other", "langyu", 0)))
NUMBER = numbers(1)[0]


def tell(world: World, vendor_id: str) -> None:
    body = doors.page(DOOR, [doors.report(DOOR, NUMBER, vendor_id, "DELIVRD")])
    world.ingest(doors.receipt(DOOR, body, world.now))


def state_of(world: World, key: SubmissionKey) -> State:
    submission = load_submission(world.table, key)
    assert submission
    return submission.state


@pytest.mark.parametrize("count", [1, 3])
def test_a_late_report_finds_its_place(count: int) -> None:
    world, key = begun(DOCUMENT, count, "of nothing")
    world.dispatch(key)
    assert state_of(world, key) == State.UNCONFIRMED
    (seen,) = world.vendors.seen
    tell(world, seen.ids[0])
    assert state_of(world, key) == State.SUBMITTED
    assert invariants.statuses(world, key.message_id)[NUMBER] == Status.DELIVERED
    assert len(world.vendors.seen) == 1


@pytest.mark.parametrize("count", [1, 3])
def test_a_report_that_came_before_the_answer_finds_its_place(count: int) -> None:
    world, key = begun(DOCUMENT, count, "of nothing")
    tell(world, "idmain0001")
    world.dispatch(key)
    assert world.vendors.seen[0].ids == ("idmain0001",)
    assert invariants.statuses(world, key.message_id)[NUMBER] == Status.DELIVERED
    assert state_of(world, key) == State.SUBMITTED


@pytest.mark.parametrize("doubts", [1, 2])
def test_only_attempts_in_doubt_count_against_retries(doubts: int) -> None:
    """GIVEN a vendor that is busy three times, and then in doubt WHEN the client allows another THEN it is sent."""
    script = ("moment", "moment", "moment", *["ambiguous"] * doubts, "accepted")
    world, key = begun(accounts_document((("main", "langyu", 0),)), 1, *script, resend_unconfirmed=True)
    world.dispatch(key)
    world.settle(world.now + 3600 * 1000)
    submission = load_submission(world.table, key)
    assert submission is not None
    assert submission.state == State.SUBMITTED
    assert len(world.vendors.seen) == len(script)
