"""sending/failover.py: who is asked next, in how many requests, and what ends instead."""

from math import ceil

import pytest

from smsgateway.ids import SubmissionKey
from smsgateway.model import State, Status
from smsgateway.queues import WakeUp, parse_wake_up
from smsgateway.store import breakers, signatures
from smsgateway.store.signatures import SignaturePlace
from smsgateway.store.submissions import load_submission
from tests.doubles import invariants
from tests.doubles.receipts import report_of
from tests.doubles.seam import Seam
from tests.doubles.world import (
    FOREVER,
    MINUTE,
    START,
    World,
    accounts_document,
    begun,
    numbers,
    personal_post,
    post,
    sizes,
)

VENDORS = ("hbsmservice", "infocloud", "langyu", "qixintong")


@pytest.mark.parametrize("limit", [1, 2, 7])
@pytest.mark.parametrize("vendor", VENDORS)
def test_as_few_requests_as_the_limit_allows(vendor: str, limit: int) -> None:
    """GIVEN N recipients WHEN they are sent to THEN the vendor sees exactly N / limit requests, rounded up."""
    for count in sorted({1, limit - 1, limit, limit + 1, 2 * limit, 3 * limit + 1} - {0}):
        world = World(accounts_document((("main", vendor, limit),)))
        _, answer = world.accept(post(*numbers(count)))
        world.settle()
        assert len(world.vendors.seen) == ceil(count / limit)
        assert sum(sizes(world, "main")) == count
        invariants.check_never_twice(world, numbers(count))
        invariants.check_ended(world, answer["id"], numbers(count))


@pytest.mark.parametrize("refusal", ["account", "credentials", "content"])
def test_each_account_of_the_route_is_asked_once(refusal: str) -> None:
    """GIVEN a route of four vendors WHEN each refuses definitely THEN each was asked once, in order, and the
    recipients are rejected."""
    accounts = tuple((vendor, vendor, 0) for vendor in VENDORS)
    world, key = begun(accounts_document(accounts), 2, refusal)
    world.dispatch(key)
    world.settle()
    assert [seen.account for seen in world.vendors.seen] == list(VENDORS)
    found = invariants.check_ended(world, key.message_id, numbers(2))
    assert set(found.values()) == {Status.REJECTED}
    invariants.check_events(world, key.message_id, found)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("spare", VENDORS)
def test_a_smaller_limit_takes_more_requests(spare: str, count: int) -> None:
    """GIVEN a refusal WHEN the next account takes two at once THEN it sees N / 2 requests, rounded up, and the
    reports of all of them find their recipients."""
    document = accounts_document((("main", "hbsmservice", 0), ("spare", spare, 2)))
    world, key = begun(document, count, "account", "accepted")
    world.dispatch(key)
    world.settle(world.now)
    assert sizes(world, "main") == [count]
    assert sizes(world, "spare") == [2] * (count // 2) + [1] * (count % 2)
    report_all(world, "spare")
    world.settle()
    found = invariants.check_ended(world, key.message_id, numbers(count))
    assert set(found.values()) == {Status.DELIVERED}
    invariants.check_events(world, key.message_id, found)


def unread() -> tuple[World, WakeUp]:
    """A world that has accepted a message to one number, and a wake-up that lets it be marked at once."""
    world = World(accounts_document((("main", "infocloud", 0), ("spare", "langyu", 0))))
    world.accept(post(*numbers(1), valid_for=60))
    (wake_up,) = (parse_wake_up(message.body) for message in world.queues.waiting)
    assert wake_up.clear_until
    world.queues.waiting.clear()
    return world, wake_up._replace(clear_until=FOREVER)


def test_what_is_too_late_when_it_is_marked_expires() -> None:
    """GIVEN a message that is marked before it is looked at WHEN its time is over THEN it has expired, certainly."""
    world, wake_up = unread()
    world.now += MINUTE
    world.dispatch(wake_up)
    world.settle()
    assert world.vendors.seen == []
    assert set(invariants.check_ended(world, wake_up.key.message_id, numbers(1)).values()) == {Status.EXPIRED}


def test_what_its_account_cannot_carry_any_more_when_it_is_marked_moves_on() -> None:
    """GIVEN a message that is marked before it is looked at WHEN its account cannot carry it since a change of the
    accounts THEN the next one does."""
    world, wake_up = unread()
    world.document = world.document.replace('"free_text_template": "675001"', '"paths": {}')
    world.dispatch(wake_up)
    world.settle(world.now)
    assert [seen.account for seen in world.vendors.seen] == ["spare"]
    report_all(world, "spare")
    world.settle()
    assert set(invariants.check_ended(world, wake_up.key.message_id, numbers(1)).values()) == {Status.DELIVERED}


def test_rows_are_there_after_a_move_before_any_mark() -> None:
    """GIVEN an account that is gone before its turn WHEN another takes the message THEN its reports find their rows."""
    for limit in (0, 1):
        world, key = begun(accounts_document((("main", "hbsmservice", 0), ("spare", "langyu", limit))), 3)
        world.document = accounts_document((("spare", "langyu", limit),))
        world.dispatch(key)
        world.settle(world.now)
        assert sizes(world, "spare") == ([1, 1, 1] if limit else [3])
        report_all(world, "spare")
        world.settle()
        found = invariants.check_ended(world, key.message_id, numbers(3))
        assert set(found.values()) == {Status.DELIVERED}


def test_content_for_several_is_divided_by_the_next_vendor() -> None:
    """GIVEN a personalised message WHEN the next vendor has one content a request THEN each content is a request."""
    document = accounts_document((("main", "hbsmservice", 0), ("spare", "langyu", 0)))
    world = World(document, ("account", "accepted"))
    _, answer = world.accept(personal_post(*numbers(7)))  # of three texts
    world.settle()
    assert sizes(world, "spare") == [3, 2, 2]
    invariants.check_never_twice(world, numbers(7))
    invariants.check_ended(world, answer["id"], numbers(7))


def test_an_account_that_was_passed_over_is_asked_when_its_breaker_has_closed() -> None:
    """GIVEN an account with an open breaker WHEN the next account refuses THEN the first is asked after all."""
    world, key = begun(accounts_document((("main", "langyu", 0), ("spare", "langyu", 0))), 1, "account", "accepted")
    breakers.count_failure(world.table, "main", limit=1, until=world.now + 30_000)
    world.dispatch(key)
    world.settle(world.now + 60_000)
    assert [seen.account for seen in world.vendors.seen] == ["spare", "main"]
    submission = load_submission(world.table, key)
    assert submission is not None
    assert (submission.state, submission.account) == (State.SUBMITTED, "main")


def report_all(world: World, account: str) -> None:
    """The account delivers to everybody it was sent."""
    vendor = world.settings().accounts[account].vendor
    submissions = [item for item in world.items("msg_") if item["sk"].startswith("S#") and item["account"] == account]
    ours = [SubmissionKey(item["pk"], item["sk"][2:]).reference for item in submissions if item["state"] != "MOVED"]
    for place, seen in enumerate([one for one in world.vendors.seen if one.account == account]):
        for index, number in enumerate(seen.numbers):
            vendor_id = sorted(ours)[place] if vendor == "hbsmservice" else seen.ids[index % len(seen.ids)]
            world.ingest(report_of(world, account, vendor_id, number))


def test_an_account_that_has_come_to_refuse_the_signature_is_passed_over() -> None:
    """GIVEN a message whose first account is busy, and whose second has refused its signature since it was accepted
    WHEN it goes on THEN it goes to the third, and no more calls read it than before."""
    accounts = (("first", "langyu", 0), ("second", "hbsmservice", 0), ("third", "heji", 0))
    for learned in (False, True):
        world, key = begun(accounts_document(accounts), 1, "moment", "accepted")
        if learned:
            place = SignaturePlace("second", "mobile", "示例")
            signatures.learn(world.table, place, lambda known: signatures.refusal(known, START, "116"), START)
        seam = Seam()
        world.dispatch(key, seam)
        world.settle(world.now + 1000)
        assert [seen.account for seen in world.vendors.seen] == ["first", "third" if learned else "second"]
        assert seam.steps.count("batch_get_item") == 2
