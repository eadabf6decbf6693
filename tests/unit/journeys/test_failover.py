"""From account to account: who is asked next, and in how many requests.

Nobody is lost or asked for twice when a worker dies on the way, or when the configuration changes under it.
"""

from collections.abc import Callable, Sequence
from math import ceil

import pytest

from smsgateway.ids import SubmissionKey
from smsgateway.model import Reason, State, Status
from smsgateway.queues import WakeUp, parse_wake_up
from smsgateway.store.submissions import load_submission
from smsgateway.store.table import ConditionFailed, Table
from smsgateway.store.transitions import ended_unsent
from tests.doubles import invariants
from tests.doubles.interleaving import Task, schedules
from tests.doubles.receipts import report_of
from tests.doubles.seam import Fault, Seam
from tests.doubles.vendors import behaviours
from tests.doubles.world import FOREVER, MINUTE, World, accounts_document, begun, numbers, personal_post, post

VENDORS = ("hbsmservice", "infocloud", "langyu", "qixintong")


def sizes(world: World, account: str) -> list[int]:
    return [len(seen.numbers) for seen in world.vendors.seen if seen.account == account]


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


def report_all(world: World, account: str) -> None:
    """The account delivers to everybody it was sent."""
    vendor = world.settings().accounts[account].vendor
    submissions = [item for item in world.items("msg_") if item["sk"].startswith("S#") and item["account"] == account]
    ours = [SubmissionKey(item["pk"], item["sk"][2:]).reference for item in submissions if item["state"] != "MOVED"]
    for place, seen in enumerate([one for one in world.vendors.seen if one.account == account]):
        for index, number in enumerate(seen.numbers):
            vendor_id = sorted(ours)[place] if vendor == "hbsmservice" else seen.ids[index % len(seen.ids)]
            world.ingest(report_of(world, account, vendor_id, number))


CHANGES: dict[str, tuple[tuple[str, str, int], ...]] = {
    "nothing": (("main", "hbsmservice", 0), ("spare", "langyu", 2)),
    "a smaller limit": (("main", "hbsmservice", 0), ("spare", "langyu", 1)),
    "a larger limit": (("main", "hbsmservice", 0), ("spare", "langyu", 0)),
    "the account gone": (("main", "hbsmservice", 0), ("other", "langyu", 0)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_spread_survives_every_fault(change: str) -> None:
    """GIVEN a submission that spreads over several WHEN its worker fails at any step, and the configuration changes
    before somebody goes on with it THEN nobody is lost, and nobody is sent to twice."""
    count = 5
    origin, key = begun(accounts_document(CHANGES["nothing"]), count, "account", "accepted")
    seam = Seam()
    origin.copy().dispatch(key, seam)
    for step in range(len(seam.steps)):
        for fault in Fault:
            world = origin.copy()
            world.dispatch(key, Seam({step: fault}))
            world.document = accounts_document(CHANGES[change])
            world.settle()
            place = f"{fault} {step} {seam.steps[step]}"
            invariants.check_never_twice(world, numbers(count))
            found = invariants.check_ended(world, key.message_id, numbers(count))
            invariants.check_truth(world, found)
            invariants.check_events(world, key.message_id, found)
            refused = {number for number, status in found.items() if status == Status.REJECTED}
            assert change == "the account gone" or not refused, place
            if change == "nothing" and Status.UNKNOWN in found.values() and sizes(world, "spare"):
                assert sizes(world, "spare") == [2, 2, 1], place


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


@pytest.mark.parametrize("count", [1, 3])
def test_a_resend_never_becomes_a_denial(count: int) -> None:
    """GIVEN a client that allows resending WHEN an attempt in doubt is followed by anything, and a report comes at any
    moment, or none THEN there are at most three attempts, and no status denies the first."""
    accounts = (("main", "hbsmservice", 0), ("spare", "langyu", 2))
    for behaviour in behaviours("langyu"):
        for reported in (None, 0, 1, 2):
            world, key = begun(
                accounts_document(accounts),
                count,
                "ambiguous",
                "account",
                behaviour,
                resend_unconfirmed=True,
                valid_for=600,
            )
            world.dispatch(key)
            for turn in range(3):
                if turn == reported:
                    for number in numbers(count):
                        world.ingest(report_of(world, "main", key.reference, number))
                world.deliver()
                world.settle(world.now + 1)
            world.settle()
            invariants.check_never_twice(world, numbers(count), requests=4)
            found = invariants.check_ended(world, key.message_id, numbers(count))
            invariants.check_truth(world, found)
            if reported == 0:
                assert len(world.vendors.seen) == 1, "sent again, although it was reported"
            expected = {Status.UNKNOWN} if reported is None else {Status.DELIVERED}
            assert set(found.values()) == expected, (behaviour, reported)


@pytest.mark.parametrize("behaviour", ["accepted", "moment", "account", "ambiguous", "not sent"])
@pytest.mark.parametrize("count", [1, 3])
def test_a_cancellation_or_the_mark(count: int, behaviour: str) -> None:
    """GIVEN a worker and a cancellation WHEN they come in any order of their steps THEN what is canceled was not sent,
    and what was sent is not canceled."""
    origin, key = begun(accounts_document((("main", "langyu", 0),)), count, behaviour, "accepted")

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world, too_late = origin.copy(), []

        def cancel(seam: Seam) -> None:
            table = Table(world.dispatcher(seam).table.client, "table")
            submission = load_submission(table, key)
            assert submission is not None
            try:
                ended_unsent(table, submission, State.CANCELED, Reason.CANCELED_BY_CLIENT)
            except ConditionFailed:
                too_late.append(True)

        def check() -> None:
            world.settle()
            found = invariants.check_ended(world, key.message_id, numbers(count))
            invariants.check_truth(world, found)
            canceled = set(found.values()) == {Status.CANCELED}
            assert canceled or too_late
            assert not (canceled and any(seen.possible for seen in world.vendors.seen))

        return [Task(lambda seam: world.dispatch(key, seam)), Task(cancel)], check

    assert schedules(make, preemptions=2) > 3
