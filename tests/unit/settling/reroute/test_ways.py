"""Where a recipient goes after a failure report or a missing one, and where none goes."""

from collections import Counter
from itertools import product

import pytest

from smsgateway.ids import SubmissionKey
from smsgateway.model import Account, Request, Response, Status
from smsgateway.store import breakers, suppressions
from tests.doubles import invariants
from tests.doubles.receipts import report_of
from tests.doubles.seam import Seam
from tests.doubles.world import HOUR, SECOND, World, accounts_document, numbers, personal_post, post
from tests.unit.settling.reroute.given import (
    FIRST,
    LAYOUTS,
    ROUTES,
    WINDOW,
    Fates,
    asked,
    begun,
    check,
    document,
    drive,
    failure,
    history_of,
)


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
