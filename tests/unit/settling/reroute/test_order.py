"""A reroute whose reports come in any order: each recipient ends as if they had come in theirs."""

from itertools import permutations

import pytest

from smsgateway.model import Status
from tests.doubles import invariants
from tests.unit.settling.reroute.given import FIRST, LAYOUTS, ROUTES, asked, begun, check, failure


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("vendor", ROUTES)
def test_order_does_not_matter(vendor: str, layout: str) -> None:
    """GIVEN two accounts that were sent to WHEN both contradict themselves, each word twice, in any order THEN
    delivered stands, and the third is not asked once it is known."""
    count = LAYOUTS[layout]
    words = [("a", "undelivered"), ("a", "delivered"), ("b", "undelivered"), ("b", "delivered")]
    for order in permutations(words):
        world, key = begun(vendor, count)
        world.settle(world.now)
        world.ingest(failure(world, world.vendors.seen[0], FIRST))
        world.settle(world.now)
        seen = {each.account: each for each in world.vendors.requests_for(FIRST)}
        delivered = False
        for account, word in (*order, *order):
            world.ingest(failure(world, seen[account], FIRST, word))
            world.settle(world.now)
            delivered = delivered or word == "delivered"
            assert not delivered or invariants.statuses(world, key.message_id)[FIRST] == Status.DELIVERED
        failed_first = order.index(("b", "undelivered")) < min(order.index(words[1]), order.index(words[3]))
        assert asked(world, FIRST) == (["a", "b", "c"] if failed_first else ["a", "b"]), order
        world.settle()
        assert check(world, key, count)[FIRST] == Status.DELIVERED


def test_a_delivery_calls_off_a_resend_that_waits() -> None:
    """GIVEN a resend that waits for its account WHEN the first account delivers after all THEN it is not sent."""
    for count in (1, 3):
        world, key = begun("hbsmservice", count, "accepted", "moment", "accepted")
        world.settle(world.now)
        (seen,) = world.vendors.seen
        world.ingest(failure(world, seen, FIRST))
        world.deliver()
        assert [one.behaviour for one in world.vendors.requests_for(FIRST)] == ["accepted", "moment"]
        world.ingest(failure(world, seen, FIRST, "delivered"))
        world.settle()
        assert check(world, key, count)[FIRST] == Status.DELIVERED
        assert len(world.vendors.requests_for(FIRST)) == 2
