"""`resend.undelivered`: failures, missing reports and deliveries in every order, with a crash at every step.

A recipient goes to each account at most once, none is lost on the way, and one final status is told of each."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import permutations, product

import pytest

from smsgateway.ids import SubmissionKey
from smsgateway.model import Account, Request, Response, Status
from smsgateway.queues import VendorBytes, parse_wake_up
from smsgateway.store import breakers, suppressions
from smsgateway.store.recipients import load_outcomes
from smsgateway.store.submissions import load_submission
from smsgateway.store.table import ConditionFailed
from smsgateway.watching.sweep import look_at
from tests.doubles import invariants
from tests.doubles.interleaving import Task, schedules
from tests.doubles.receipts import report_of
from tests.doubles.seam import AwsError, Crash, Fault, Seam
from tests.doubles.vendors import Seen
from tests.doubles.world import (
    DISPATCH_TIME,
    HOUR,
    MINUTE,
    SECOND,
    World,
    accounts_document,
    numbers,
    personal_post,
    post,
)

WINDOW = 600  # seconds until a report counts as missing; a message is valid for longer
LAYOUTS = {"single": 1, "bulk": 2}
# Each way of naming what was sent comes first once; the next account is always of another kind.
ROUTES = {
    "hbsmservice": ("hbsmservice", "langyu", "qixintong"),
    "langyu": ("langyu", "infocloud", "hbsmservice"),
    "qixintong": ("qixintong", "hbsmservice", "langyu"),
    "infocloud": ("infocloud", "qixintong", "langyu"),
}
FAILED = {"langyu": "failed"}  # MBBLACK, langyu's other failure, is about the number
(FIRST,) = numbers(1)

type Fates = Mapping[str, str]  # what an account reports of everybody: delivered, undelivered or nothing (missing)


def document(route: Sequence[str]) -> str:
    names = ("a", "b", "c")[: len(route)]
    return accounts_document(
        tuple((name, vendor, 0) for name, vendor in zip(names, route, strict=True)), report_window=WINDOW
    )


@lru_cache
def accepted(vendor: str, count: int, personal: bool = False, script: tuple[str, ...] = ("accepted",)) -> World:
    """A world that has accepted one message for three accounts."""
    world = World(document(ROUTES[vendor]), script)
    make = personal_post if personal else post
    world.accept(make(*numbers(count), resend_undelivered=True))
    return world


def begun(vendor: str, count: int, *script: str, personal: bool = False) -> tuple[World, SubmissionKey]:
    """A fresh copy of it, and the message's first submission, whose wake-up is in the queue."""
    world = accepted(vendor, count, personal, script or ("accepted",)).copy()
    return world, parse_wake_up(world.queues.waiting[0].body).key


def failure(world: World, seen: Seen, number: str, status: str = "undelivered") -> VendorBytes:
    vendor = world.settings().accounts[seen.account].vendor
    word = FAILED.get(vendor, status) if status == "undelivered" else status
    return report_of(world, seen.account, seen.id_of(number), number, status=word)


def drive(world: World, fates: Fates, told: int = 0) -> None:
    """Let time pass, and each vendor report what it was sent, until nothing is left to do. `told`: requests whose
    reports are no longer wanted."""
    for _ in range(300):
        fresh, told = world.vendors.seen[told:], len(world.vendors.seen)
        for seen in fresh:
            if seen.behaviour == "accepted" and fates[seen.account] != "missing":
                for number in seen.numbers:
                    world.ingest(failure(world, seen, number, fates[seen.account]))
        moments = [message.at for message in world.queues.waiting] + world.due()
        if not moments:
            return
        world.settle(max(world.now, min(moments)))
    raise AssertionError("still at work")


def check(world: World, key: SubmissionKey, count: int) -> dict[str, Status]:
    invariants.check_once_an_account(world, numbers(count))
    found = invariants.check_ended(world, key.message_id, numbers(count))
    invariants.check_truth(world, found)
    invariants.check_events(world, key.message_id, found)
    return found


def asked(world: World, number: str) -> list[str]:
    return [seen.account for seen in world.vendors.requests_for(number)]


def history_of(world: World, key: SubmissionKey, number: str) -> list[tuple[str, str]]:
    submission = load_submission(world.table, key)
    assert submission is not None
    outcome = load_outcomes(world.table, submission, (number,))[number]
    return [(entry["account"], entry["status"]) for entry in outcome.history]


# What it leads to


def expected(fates: Fates) -> tuple[list[str], Status]:
    """Who is asked, and what it comes to: delivered ends it, and a failure denies nothing that nobody knows."""
    names = []
    unknown = False
    for name, fate in fates.items():
        names.append(name)
        if fate == "delivered":
            return names, Status.DELIVERED
        unknown = unknown or fate == "missing"
    return names, Status.UNKNOWN if unknown else Status.UNDELIVERED


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("vendor", ROUTES)
def test_each_account_of_the_route_is_asked_until_one_delivers(vendor: str, layout: str) -> None:
    """GIVEN three accounts WHEN each delivers, fails or never reports THEN they are asked in order until one delivers,
    and the history has what each said."""
    count = LAYOUTS[layout]
    for words in product(("delivered", "undelivered", "missing"), repeat=3):
        fates = dict(zip("abc", words, strict=True))
        world, key = begun(vendor, count)
        drive(world, fates)
        found = check(world, key, count)
        names, status = expected(fates)
        assert asked(world, FIRST) == names
        assert set(found.values()) == {status}, fates
        said = {"missing": "unknown"}
        for number in numbers(count):
            wanted = [(name, said.get(fates[name], fates[name])) for name in names]
            assert history_of(world, key, number) == wanted, fates


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("behaviour", "names", "fate"),
    [
        ("account", ["a", "b", "c"], Status.DELIVERED),  # refused: it goes on by itself, as any submission does
        ("content", ["a", "b", "c"], Status.DELIVERED),
        ("not sent", ["a", "c"], Status.DELIVERED),
        ("numbers", ["a", "b"], Status.UNDELIVERED),
        ("ambiguous", ["a", "b", "c"], Status.DELIVERED),
        ("without id", ["a", "b", "c"], Status.DELIVERED),
    ],
)
def test_a_resend_that_is_not_taken(behaviour: str, names: list[str], fate: Status, layout: str) -> None:
    """GIVEN a failure WHEN the next account does not take the resend THEN the one after it does, unless the refusal
    is about the number: the first account's word stands then."""
    count = LAYOUTS[layout]
    again = [behaviour] * (2 * count if behaviour == "not sent" else count)
    world, key = begun("hbsmservice", count, "accepted", *again, "accepted")
    drive(world, {"a": "undelivered", "b": "missing", "c": "delivered"})
    found = check(world, key, count)
    assert set(found.values()) == {fate}
    assert asked(world, FIRST) == names


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_resend_that_everybody_refuses_leaves_what_was_reported(layout: str) -> None:
    count = LAYOUTS[layout]
    for first, status in (("undelivered", Status.UNDELIVERED), ("missing", Status.UNKNOWN)):
        world, key = begun("hbsmservice", count, "accepted", "account")
        drive(world, {"a": first})
        assert set(check(world, key, count).values()) == {status}
        assert asked(world, FIRST) == ["a", "b", "c"]
        assert history_of(world, key, FIRST)[-1] == ("c", "rejected")


def test_a_number_that_the_next_vendor_takes_not_ends_as_it_was() -> None:
    """GIVEN a failure WHEN the next vendor names the number as refused while it accepts the request THEN it is over."""
    world, key = begun("langyu", 2)
    world.settle(world.now)
    world.vendors.rejects = (FIRST,)
    (seen,) = world.vendors.seen
    world.ingest(failure(world, seen, FIRST))
    world.ingest(failure(world, seen, numbers(2)[1], "delivered"))
    world.settle()
    found = check(world, key, 2)
    assert found == {FIRST: Status.UNDELIVERED, numbers(2)[1]: Status.DELIVERED}
    assert asked(world, FIRST) == ["a", "b"]


def test_a_number_that_was_refused_at_once_stays_so() -> None:
    """GIVEN a vendor that names a number as refused while it accepts the request WHEN it also reports a failure of it
    THEN it is rejected, as it was said to be, and nobody else is asked."""
    world, key = begun("infocloud", 2)
    world.vendors.rejects = (FIRST,)
    world.settle(world.now)
    drive(world, {"a": "undelivered", "b": "delivered"})
    assert check(world, key, 2) == {FIRST: Status.REJECTED, numbers(2)[1]: Status.DELIVERED}
    assert asked(world, FIRST) == ["a"]


@pytest.mark.parametrize("count", [1, 3])
def test_a_failure_about_the_number_itself_goes_nowhere(count: int) -> None:
    """GIVEN a report that the number is on a blacklist THEN no other vendor is asked to text it."""
    world, key = begun("langyu", count)
    world.settle(world.now)
    (seen,) = world.vendors.seen
    for number in numbers(count):
        world.ingest(report_of(world, "a", seen.ids[0], number, status="undelivered"))
    world.settle()
    assert set(check(world, key, count).values()) == {Status.UNDELIVERED}
    assert asked(world, FIRST) == ["a"]


@pytest.mark.parametrize("count", [1, 3])
def test_not_after_the_message_is_valid(count: int) -> None:
    """GIVEN a report of failure after `valid_for` THEN the failure stands; WHEN the resend itself comes too late THEN
    the failure stands too."""
    for late in (True, False):
        world = World(document(ROUTES["hbsmservice"]), ("accepted", "moment"))
        _, answer = world.accept(post(*numbers(count), resend_undelivered=True, valid_for=300))
        world.settle(world.now)
        (seen,) = world.vendors.seen
        world.now += 301 * SECOND if late else 0
        for number in numbers(count):
            world.ingest(failure(world, seen, number))
        world.settle()
        found = check(world, SubmissionKey(answer["id"], "00000"), count)
        assert set(found.values()) == {Status.UNDELIVERED}
        told = history_of(world, SubmissionKey(answer["id"], "00000"), FIRST)
        assert [word for _, word in told] == ["undelivered", *([] if late else ["expired"])]


@pytest.mark.parametrize("count", [1, 3])
def test_a_number_that_was_suppressed_meanwhile_gets_nothing_more(count: int) -> None:
    world, key = begun("hbsmservice", count)
    world.settle(world.now)
    suppressions.suppress(world.table, FIRST, world.now)
    drive(world, {"a": "undelivered", "b": "delivered"})
    found = check(world, key, count)
    assert found[FIRST] == Status.UNDELIVERED
    assert asked(world, FIRST) == ["a"]
    assert set(found.values()) <= {Status.UNDELIVERED, Status.DELIVERED}


def test_each_is_sent_its_own_text_again() -> None:
    """GIVEN a personalised message WHEN one recipient's report is a failure THEN it alone is sent to again, and reads
    what it was to read."""
    texts: list[str] = []
    for first in ROUTES:
        world, key = begun(first, 5, personal=True)
        drive(world, {"a": "undelivered", "b": "delivered"})
        assert set(check(world, key, 5).values()) == {Status.DELIVERED}
        again = world.items(f"{key.message_id}#S#")
        texts += sorted(f"{item['to']} {item['content']['text']}" for item in again)
    assert texts == sorted(f"{number} 您好{index % 3}" for index, number in enumerate(numbers(5))) * len(ROUTES)


def test_a_page_of_failures_takes_two_writes_each() -> None:
    """GIVEN a hundred failures in one receipt WHEN they are applied THEN what they share is read once, each costs its
    decision and its resend, and wake-ups go ten a call."""
    count = 100
    world, key = begun("hbsmservice", count)
    world.settle(world.now)
    (seen,) = world.vendors.seen
    page, seam = report_of(world, "a", seen.ours, *numbers(count), status="undelivered"), Seam()
    world.ingest(page, seam)
    made = Counter(seam.steps)
    assert (made["put_item"], made["send_message"] + made["send_message_batch"]) == (count, 12)
    assert made["update_item"] <= count + 2
    assert made.total() <= 2 * count + 30
    world.ingest(page)
    drive(world, {"b": "delivered"}, told=1)
    assert set(check(world, key, count).values()) == {Status.DELIVERED}
    assert len(world.vendors.seen) == 1 + count


def test_who_moved_already_is_not_sent_back() -> None:
    """GIVEN a message that the first account refused WHEN the second one fails it THEN the third is asked."""
    for count in (1, 3):
        world, key = begun("hbsmservice", count, "account", "accepted")
        drive(world, {"b": "undelivered", "c": "undelivered"})
        assert set(check(world, key, count).values()) == {Status.UNDELIVERED}
        assert asked(world, FIRST) == ["a", "b", "c"]


def test_recipients_that_moved_in_parts() -> None:
    """GIVEN a message that the second account took in parts WHEN it fails some THEN those go to the third."""
    accounts = (("a", "hbsmservice", 0), ("b", "langyu", 2), ("c", "qixintong", 0))
    for personal in (False, True):
        world = World(accounts_document(accounts, report_window=WINDOW), ("account", "accepted"))
        make = personal_post if personal else post
        _, answer = world.accept(make(*numbers(5), resend_undelivered=True))
        world.settle(world.now + SECOND)
        fails = {number for seen in world.vendors.seen[1:] for number in seen.numbers[:1]}
        for seen in world.vendors.seen[1:]:
            for number in seen.numbers:
                world.ingest(failure(world, seen, number, "undelivered" if number in fails else "delivered"))
        drive(world, {"c": "delivered"}, told=len(world.vendors.seen))
        found = check(world, SubmissionKey(answer["id"], "00000"), 5)
        assert set(found.values()) == {Status.DELIVERED}
        assert {number for number in numbers(5) if "c" in asked(world, number)} == fails
        assert len(fails) == 3


@pytest.mark.parametrize("count", [1, 2])
def test_an_account_whose_breaker_is_open_is_passed_over(count: int) -> None:
    world, key = begun("hbsmservice", count)
    world.settle(world.now)
    breakers.count_failure(world.table, "b", limit=1, until=world.now + HOUR)
    drive(world, {"a": "undelivered", "c": "delivered"})
    assert set(check(world, key, count).values()) == {Status.DELIVERED}
    assert asked(world, FIRST) == ["a", "c"]


@pytest.mark.parametrize("count", [1, 2])
def test_an_account_that_is_gone_before_its_turn(count: int) -> None:
    """GIVEN a resend that was decided on WHEN its account is taken out of the document THEN the next one sends it, and
    with no account left the failure stands."""
    everything = ROUTES["hbsmservice"]
    for left in (("a", "c"), ("a",)):
        world, key = begun("hbsmservice", count)
        world.settle(world.now)
        (seen,) = world.vendors.seen
        for number in numbers(count):
            world.ingest(failure(world, seen, number))
        kept = tuple((name, vendor, 0) for name, vendor in zip("abc", everything, strict=True) if name in left)
        world.document = accounts_document(kept, report_window=WINDOW)
        drive(world, {"c": "delivered"}, told=1)
        expected = {Status.DELIVERED} if "c" in left else {Status.UNDELIVERED}
        assert set(check(world, key, count).values()) == expected


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("fate", ["undelivered", "delivered", "missing"])
def test_beside_resending_what_is_in_doubt(fate: str, count: int) -> None:
    """GIVEN a client that allows both WHEN an attempt in doubt is followed by anything, and the first account's report
    comes at any moment THEN its word on an attempt that was followed by others ends nothing, and nobody is lost."""
    for behaviour in ("ambiguous", "account", "accepted", "moment"):
        for turn in range(4):
            world = World(document(ROUTES["hbsmservice"]), ("ambiguous", behaviour, "accepted"))
            _, answer = world.accept(
                post(*numbers(count), resend_undelivered=True, resend_unconfirmed=True, valid_for=6000)
            )
            for each in range(4):
                if each == turn and fate != "missing" and world.vendors.seen:
                    for number in numbers(count):
                        world.ingest(failure(world, world.vendors.seen[0], number, fate))
                world.deliver()
            drive(world, {"a": fate, "b": "delivered", "c": "delivered"}, told=len(world.vendors.seen))
            key = SubmissionKey(answer["id"], "00000")
            found = invariants.check_ended(world, key.message_id, numbers(count))
            invariants.check_truth(world, found)
            invariants.check_events(world, key.message_id, found)
            possible = [seen.account for seen in world.vendors.requests_for(FIRST) if seen.possible]
            for account in "c" if behaviour == "ambiguous" else "bc":  # an attempt in doubt may be made again
                assert possible.count(account) <= 1, (behaviour, turn)


@pytest.mark.parametrize("count", [1, 2])
def test_a_failure_during_the_call(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """GIVEN a vendor that reports before it answers WHEN the answer does not arrive THEN the next account is asked
    without waiting for anything, and the first one never again."""
    world, key = begun("hbsmservice", count, "ambiguous", "accepted")
    prompt = world.vendors.call

    def reporting(account: Account, request: Request, seconds: float) -> Response:
        try:
            return prompt(account, request, seconds)
        finally:
            for number in world.vendors.seen[0].numbers if len(world.vendors.seen) == 1 else ():
                world.ingest(failure(world, world.vendors.seen[0], number))

    monkeypatch.setattr(world.vendors, "call", reporting)
    world.settle(world.now + SECOND)
    assert asked(world, FIRST) == ["a", "b"]
    monkeypatch.setattr(world.vendors, "call", prompt)
    drive(world, {"b": "delivered"}, told=1)
    assert set(check(world, key, count).values()) == {Status.DELIVERED}


@pytest.mark.parametrize("count", [1, 2])
def test_who_ends_a_resend_says_so_at_once(count: int) -> None:
    """GIVEN a resend WHEN its vendor refuses the number THEN the recipient is final without waiting for the sweep."""
    world, key = begun("hbsmservice", count, "accepted", "numbers")
    world.settle(world.now)
    world.ingest(failure(world, world.vendors.seen[0], FIRST))
    world.settle(world.now + SECOND)
    assert invariants.statuses(world, key.message_id)[FIRST] == Status.UNDELIVERED
    assert history_of(world, key, FIRST) == [("a", "undelivered"), ("b", "rejected")]


@pytest.mark.parametrize("count", [1, 2])
def test_a_worker_back_from_the_dead_does_not_send_elsewhere(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """GIVEN a worker that outlives its deadline WHEN the report counts as missing, and the next account has been asked,
    before the worker hears that the vendor refused THEN nobody is asked again because of that."""
    world, key = begun("hbsmservice", count, "account", "accepted")
    prompt = world.vendors.call

    def late(account: Account, request: Request, seconds: float) -> Response:
        monkeypatch.setattr(world.vendors, "call", prompt)
        response = prompt(account, request, seconds)
        world.settle(world.now + (WINDOW + 300) * SECOND)
        return response

    monkeypatch.setattr(world.vendors, "call", late)
    world.queues.waiting.clear()
    world.dispatch(key)
    assert asked(world, FIRST) == ["a", "b"]
    drive(world, {"b": "delivered"}, told=1)
    assert set(check(world, key, count).values()) == {Status.DELIVERED}
    assert asked(world, FIRST) == ["a", "b"]


def test_segments_of_two_attempts_are_no_whole_message() -> None:
    """GIVEN a text of two segments, of which the first account delivered one WHEN the second one delivers the other
    THEN it is not delivered yet."""
    world = World(accounts_document((("a", "hbsmservice", 0), ("b", "hbsmservice", 0))))
    _, answer = world.accept(post(FIRST, text="长" * 100, resend_undelivered=True))
    world.settle(world.now)

    def tell(segment: int, status: str) -> None:
        seen = world.vendors.seen[-1]
        world.ingest(report_of(world, seen.account, seen.ours, FIRST, status=status, segment=segment))

    def status() -> Status:
        return invariants.statuses(world, answer["id"])[FIRST]

    tell(1, "delivered")
    tell(2, "undelivered")
    world.settle(world.now)
    assert asked(world, FIRST) == ["a", "b"]
    tell(2, "delivered")
    assert status() != Status.DELIVERED
    tell(1, "delivered")
    assert status() == Status.DELIVERED


def test_without_it_nothing_is_sent_again() -> None:
    world = World(document(ROUTES["hbsmservice"]))
    _, answer = world.accept(post(*numbers(3)))
    drive(world, {"a": "undelivered"})
    key = SubmissionKey(answer["id"], "00000")
    assert set(check(world, key, 3).values()) == {Status.UNDELIVERED}
    assert asked(world, FIRST) == ["a"]


# Order


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


# Faults


def faulty(work: Callable[[Seam], object]) -> Iterator[tuple[str, Callable[[], Seam]]]:
    """Every fault at every step of some work, which is done once without."""
    seam = Seam()
    work(seam)
    for step, name in enumerate(seam.steps):
        for fault in Fault:
            yield f"{fault} {step} {name}", lambda step=step, fault=fault: Seam({step: fault})  # type: ignore[misc]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("vendor", ROUTES)
def test_a_failure_survives_every_fault(vendor: str, layout: str) -> None:
    """GIVEN reports of failure WHEN whoever reads them fails at any step, and they come again, once or twice, at once
    or after the resend THEN everybody is sent to once more, and no more than that."""
    count = LAYOUTS[layout]
    origin, key = begun(vendor, count)
    origin.settle(origin.now)
    (seen,) = origin.vendors.seen
    receipts = [failure(origin, seen, number) for number in numbers(count)]
    first = (
        receipts[0]
        if vendor != "hbsmservice"
        else report_of(origin, "a", seen.ours, *numbers(count), status="undelivered")
    )
    schedules_run = 0
    for place, plan in faulty(lambda seam: origin.copy().ingest(first, seam)):
        for again in ("at once", "twice", "after the resend"):
            world = origin.copy()
            with suppress(Crash, AwsError):
                world.ingest(first, plan())
            if again == "after the resend":
                world.settle(world.now + 3 * MINUTE)
            for receipt in (first, *receipts) * (2 if again == "twice" else 1):
                world.ingest(receipt)
            drive(world, {"b": "delivered"}, told=1)
            found = check(world, key, count)
            assert set(found.values()) == {Status.DELIVERED}, place
            for number in numbers(count):
                assert asked(world, number) == ["a", "b"], place
                assert history_of(world, key, number) == [("a", "undelivered"), ("b", "delivered")], place
            schedules_run += 1
    assert schedules_run > 60


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("behaviour", ["accepted", "ambiguous"])
def test_a_missing_report_survives_every_fault(behaviour: str, layout: str) -> None:
    """GIVEN reports that never came WHEN the sweep that says so fails at any step THEN the next one does the rest."""
    count = LAYOUTS[layout]
    origin, key = begun("hbsmservice", count, behaviour, "accepted")
    origin.settle(origin.now + (WINDOW - 1) * SECOND)
    origin.now += 2 * SECOND
    for place, plan in faulty(lambda seam: look_now(origin.copy(), key, seam)):
        world = origin.copy()
        with suppress(Crash, AwsError, ConditionFailed):
            look_now(world, key, plan())
        drive(world, {"a": "missing", "b": "delivered"}, told=1)
        found = check(world, key, count)
        assert set(found.values()) == {Status.DELIVERED}, place
        for number in numbers(count):
            assert asked(world, number) == ["a", "b"], place


def look_now(world: World, key: SubmissionKey, seam: Seam) -> None:
    """The sweep, at one submission."""
    sweeper = world.sweeper(seam)
    submission = load_submission(sweeper.table, key)
    if submission:
        look_at(sweeper, submission)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("behaviour", ["accepted", "ambiguous", "account", "numbers", "moment", "not sent", "content"])
def test_a_resend_survives_every_fault(behaviour: str, layout: str) -> None:
    """GIVEN a resend WHEN its worker fails at any step, whatever the vendor does THEN its recipient is sent to at most
    once an account, and ends with one true status."""
    count = LAYOUTS[layout]
    origin, key = begun("hbsmservice", count)
    origin.settle(origin.now)
    (seen,) = origin.vendors.seen
    for number in numbers(count):
        origin.ingest(failure(origin, seen, number))
    wake_up = origin.queues.waiting.pop(0)
    resend = parse_wake_up(wake_up.body).key
    assert resend.rerouted
    origin.vendors.script = ("accepted", behaviour, "accepted")
    for place, plan in faulty(lambda seam: origin.copy().dispatch(resend, seam)):
        for afterwards in ("again", "lost", "copy at once"):
            world = origin.copy()
            world.vendors.script = origin.vendors.script
            done = world.dispatch(resend, plan())
            if not done and afterwards == "again":
                world.queues.waiting.append(wake_up)
            if afterwards == "copy at once":
                world.dispatch(resend)
            drive(world, {"b": "undelivered", "c": "delivered"}, told=1)
            for number, status in check(world, key, count).items():
                last = world.vendors.requests_for(number)[-1]
                delivered = last.account == "c" and last.behaviour == "accepted"
                assert (status == Status.DELIVERED) is delivered, place
                assert last.account == "c" or behaviour == "numbers", place


# Concurrency

type Part = Callable[[World, SubmissionKey], Task]


def report(account: str, status: str = "undelivered") -> Part:
    """A vendor reports the first recipient, as soon as it has the request: maybe before its answer arrives."""

    def part(world: World, key: SubmissionKey) -> Task:
        def requests() -> list[Seen]:
            return [seen for seen in world.vendors.requests_for(FIRST) if seen.account == account]

        def tell(seam: Seam) -> None:
            world.ingest(failure(world, requests()[0], FIRST, status), seam)

        return Task(tell, ready=lambda: bool(requests()))

    return part


def worker(world: World, key: SubmissionKey) -> Task:
    """Takes the wake-ups that are there when it begins."""

    def work(seam: Seam) -> None:
        ready, world.queues.waiting = world.queues.waiting, []
        for message in ready:
            world.dispatch(parse_wake_up(message.body).key, seam)

    return Task(work, ready=lambda: bool(world.queues.waiting))


def late_sweep(world: World, key: SubmissionKey) -> Task:
    """The sweep of the first submission, when its reports count as missing."""

    def look(seam: Seam) -> None:
        seam.step("clock", lambda: None)
        world.now += WINDOW * SECOND + DISPATCH_TIME
        try:
            look_now(world, key, seam)
        except ConditionFailed:
            return  # somebody else just saw to it

    return Task(look, ready=lambda: bool(world.vendors.seen))


SITUATIONS: dict[str, tuple[Part, ...]] = {
    "answer and failure": (worker, report("a")),
    "two readers of one failure": (report("a"), report("a")),
    "failure and delivery": (report("a"), report("a", "delivered")),
    "failure and sweep": (report("a"), late_sweep),
    "answer, failure and sweep": (worker, report("a"), late_sweep),
    "answer, failure and failure": (worker, report("a"), report("a")),
    "resend and delivery": (report("a"), worker, report("a", "delivered")),
    "resend and its failure": (report("a"), worker, report("b"), report("a")),
}


@pytest.mark.parametrize(
    ("vendor", "layout"), [("hbsmservice", "single"), ("hbsmservice", "bulk"), ("langyu", "single")]
)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_in_every_order_of_their_steps(vendor: str, situation: str, layout: str) -> None:
    """GIVEN a message WHEN answers, reports and sweep meet in any order of their steps THEN no account is asked twice,
    nothing is lost, and each recipient ends with one status."""
    parts, count = SITUATIONS[situation], LAYOUTS[layout]
    origin, key = begun(vendor, count)
    if worker not in parts or parts[0] is not worker:
        origin.settle(origin.now)

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world = origin.copy()

        def end() -> None:
            told = len(world.vendors.seen)
            world.settle(world.now + SECOND)
            drive(world, {"a": "undelivered", "b": "undelivered", "c": "delivered"}, told=min(told, 1))
            assert check(world, key, count)[FIRST] == Status.DELIVERED

        return [part(world, key) for part in parts], end

    assert schedules(make, preemptions=2 if len(parts) + count < 5 else 1) > 3


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("script", ["account", "moment", "moment moment", "ambiguous", "content"])
def test_a_vendor_that_refuses_and_reports(script: str, layout: str) -> None:
    """GIVEN a vendor that fails a message which it refused, or whose answer did not arrive WHEN the report meets the
    answers in any order THEN a submission that goes on by itself is not sent again beside it."""
    count = LAYOUTS[layout]
    origin, key = begun("hbsmservice", count, *script.split(), "accepted")

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world = origin.copy()
        world.vendors.script = origin.vendors.script

        def end() -> None:
            world.settle(world.now + 5 * SECOND)
            assert "c" not in asked(world, FIRST) or script == "moment moment"  # whose second busy account is passed on
            drive(world, {"a": "delivered", "b": "delivered", "c": "delivered"}, told=1)
            assert check(world, key, count)[FIRST] == Status.DELIVERED

        def later(world: World, key: SubmissionKey) -> Task:
            def work(seam: Seam) -> None:
                world.now += 5 * SECOND  # a busy vendor is asked again after a while
                worker(world, key).work(seam)

            return Task(work, ready=lambda: bool(world.vendors.seen and world.queues.waiting))

        return [worker(world, key), later(world, key), report("a")(world, key)], end

    assert schedules(make, preemptions=2 if count == 1 else 1) > 3


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_last_failure_and_a_delivery(layout: str) -> None:
    """GIVEN one account WHEN it fails a recipient and delivers to it in any order THEN delivered stands."""
    count = LAYOUTS[layout]
    origin = World(accounts_document((("a", "langyu", 0),)))
    _, answer = origin.accept(post(*numbers(count), resend_undelivered=True))
    origin.settle(origin.now)
    key = SubmissionKey(answer["id"], "00000")

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world = origin.copy()

        def end() -> None:
            world.settle()
            assert check(world, key, count)[FIRST] == Status.DELIVERED

        return [report("a")(world, key), report("a", "delivered")(world, key)], end

    assert schedules(make, preemptions=3) > 3
