"""hbsmservice: each text of a personalised batch has an id of its own, and reports of any are of one submission."""

from itertools import permutations

from smsgateway.ids import SubmissionKey, parse_reference
from smsgateway.model import Status
from tests.doubles import invariants
from tests.doubles.receipts import report_of
from tests.doubles.world import World, accounts_document, numbers, personal_post

TO = numbers(3)


def sent(count: int = 3) -> tuple[World, SubmissionKey]:
    world = World(accounts_document((("main", "hbsmservice", 0),)))
    _, answer = world.accept(personal_post(*TO[:count]))
    world.settle(world.now)
    return world, SubmissionKey(answer["id"], "00000")


def test_a_report_under_any_id_reaches_its_own_recipient() -> None:
    """GIVEN a batch of three texts WHEN reports come in any order THEN each recipient has its own."""
    begun, key = sent()
    (seen,) = begun.vendors.seen
    assert len(set(seen.items)) == 3
    assert {parse_reference(one) for one in seen.items} == {key}
    for order in permutations(TO):
        world = begun.copy()
        for place, number in enumerate(order, 1):
            status = "undelivered" if number == TO[0] else "delivered"
            world.ingest(report_of(world, "main", seen.id_of(number), number, status=status))
            settled = invariants.statuses(world, key.message_id)
            assert [settled[one] for one in order[place:]] == [Status.SUBMITTED] * (3 - place)
        assert settled == {TO[0]: Status.UNDELIVERED, TO[1]: Status.DELIVERED, TO[2]: Status.DELIVERED}


def test_so_does_one_under_the_submissions_own_id() -> None:
    """GIVEN a batch that was sent before its texts had ids WHEN its reports come THEN they are found as they were."""
    world, key = sent()
    world.ingest(report_of(world, "main", key.reference, *TO))
    assert set(invariants.statuses(world, key.message_id).values()) == {Status.DELIVERED}


def test_a_batch_of_one_says_that_it_is_to_one() -> None:
    """GIVEN a personalised message to one number WHEN its report comes THEN it is applied without being looked up."""
    world, key = sent(1)
    (seen,) = world.vendors.seen
    assert seen.id_of(TO[0]) == key.reference + "s"
    world.ingest(report_of(world, "main", seen.id_of(TO[0]), TO[0]))
    assert invariants.statuses(world, key.message_id) == {TO[0]: Status.DELIVERED}
