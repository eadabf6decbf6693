"""Reports in every order, repeated, contradicting each other, in segments, masked, misdirected.

What was said is applied or kept, and nothing is guessed.
"""

from contextlib import suppress
from itertools import permutations, product

import pytest

from smsgateway.ids import SubmissionKey
from smsgateway.model import Reason, State, Status
from smsgateway.queues import VendorBytes
from smsgateway.store.listing import unplaced_reports
from smsgateway.store.recipients import load_rows
from smsgateway.store.submissions import load_submission
from tests.doubles import invariants
from tests.doubles.receipts import masked_report, page_of, report_of
from tests.doubles.seam import AwsError, Crash, Fault, Seam
from tests.doubles.world import DAY, HOUR, World, accounts_document, begun, numbers, post

VENDORS = ("hbsmservice", "infocloud", "langyu", "qixintong")
(FIRST,) = numbers(1)


def sent(vendor: str, count: int, **fields: object) -> tuple[World, SubmissionKey, list[str]]:
    """A message that a vendor has taken, and the id of each recipient's report."""
    document = accounts_document((("main", vendor, 0), ("other", "langyu", 0), ("third", "hbsmservice", 0)))
    world, key = begun(document, count, "accepted", **fields)
    assert world.dispatch(key)
    (seen,) = world.vendors.seen
    ids = [key.reference] if vendor == "hbsmservice" else list(seen.ids)
    return world, key, [ids[index % len(ids)] for index in range(count)]


def status_of(world: World, key: SubmissionKey, number: str) -> Status:
    return invariants.statuses(world, key.message_id)[number]


def history_of(world: World, key: SubmissionKey, number: str) -> list[str]:
    submission = load_submission(world.table, key)
    assert submission is not None
    outcome = load_rows(world.table, submission, (number,))[number]
    return sorted(entry["status"] for entry in outcome.history)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("vendor", VENDORS)
def test_order_does_not_matter(vendor: str, count: int) -> None:
    """GIVEN a failure, a delivery and what is not final, each twice WHEN they come in any order THEN delivered stands,
    and the history has all of them, each once."""
    words = ["delivered", "undelivered"] + (["pending"] if vendor != "hbsmservice" else [])
    for order in set(permutations([*words, *words])):
        world, key, ids = sent(vendor, count)
        for word in order:
            world.ingest(report_of(world, "main", ids[0], FIRST, status=word))
        assert status_of(world, key, FIRST) == Status.DELIVERED
        said = history_of(world, key, FIRST)
        finals = [word for word in said if word in ("delivered", "undelivered")]
        assert finals == ["delivered", "undelivered"], order
        world.settle()
        found = invariants.check_ended(world, key.message_id, numbers(count))
        invariants.check_events(world, key.message_id, found)


@pytest.mark.parametrize("vendor", ["infocloud", "langyu", "qixintong"])
def test_a_receipt_that_comes_again_is_no_second_report(vendor: str) -> None:
    world, key, (vendor_id,) = sent(vendor, 1)
    receipt = report_of(world, "main", vendor_id, FIRST, status="pending")
    for _ in range(3):
        world.ingest(receipt)
        world.now += HOUR
    assert len(history_of(world, key, FIRST)) == 1


TEXTS = {2: "长" * 100, 3: "长" * 150}


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("segments", TEXTS)
def test_a_long_message_is_delivered_when_all_of_it_is(segments: int, count: int) -> None:
    """GIVEN a message of several segments WHEN their reports come in any order, each twice THEN it is delivered with
    the last of them, and undelivered with the first that is, unless that one is delivered after all."""
    for order in permutations(range(1, segments + 1)):
        for fates in product(("delivered", "undelivered"), repeat=segments):
            world, key, (reference, *_) = sent("hbsmservice", count, text=TEXTS[segments])
            told: list[str] = []
            for segment in order:
                told.append(fates[segment - 1])
                for _ in range(2):
                    world.ingest(report_of(world, "main", reference, FIRST, status=told[-1], segment=segment))
                whole = Status.DELIVERED if len(told) == segments else Status.SUBMITTED
                expected = Status.UNDELIVERED if "undelivered" in told else whole
                assert status_of(world, key, FIRST) == expected, (order, fates)
            for segment in order:
                world.ingest(report_of(world, "main", reference, FIRST, segment=segment))
            assert status_of(world, key, FIRST) == Status.DELIVERED
            world.ingest(report_of(world, "main", reference, FIRST, status="undelivered", segment=order[0]))
            assert status_of(world, key, FIRST) == Status.DELIVERED
            assert "undelivered" in history_of(world, key, FIRST), "a contradiction is kept"


def test_segment_0_speaks_for_all() -> None:
    world, key, (reference,) = sent("hbsmservice", 1, text=TEXTS[2])
    world.ingest(report_of(world, "main", reference, FIRST, segment=0))
    assert status_of(world, key, FIRST) == Status.DELIVERED


def test_a_masked_number_is_told_by_the_digits_left() -> None:
    """GIVEN three recipients WHEN a masked number fits one THEN it is that one; WHEN it fits two THEN both keep it."""
    to = ("13811110000", "13822220000", "13822221111")
    document = accounts_document((("main", "infocloud", 0),))
    for masked, fitting in (("138****1111", to[2:]), ("138****0000", to[:2])):
        world = World(document)
        _, answer = world.accept(post(*to))
        world.settle(world.now)
        (seen,) = world.vendors.seen
        world.ingest(masked_report(world, "main", seen.ids[0], masked))
        found = invariants.statuses(world, answer["id"])
        delivered = [number for number, status in found.items() if status == Status.DELIVERED]
        assert delivered == (list(fitting) if len(fitting) == 1 else [])
        key = SubmissionKey(answer["id"], "00000")
        assert [number for number in to if history_of(world, key, number)] == list(fitting)
        kept, _ = unplaced_reports(world.table, "main", 10, None)
        ambiguous = [(one.report.number, one.message_id) for one in kept]
        assert ambiguous == ([(masked, answer["id"])] if len(fitting) > 1 else [])


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("vendor", VENDORS)
def test_what_fits_nobody_is_kept_and_changes_nothing(vendor: str, count: int) -> None:
    """GIVEN a message WHEN its id comes from another account, or with a number it has not, or an id is unknown THEN no
    recipient changes, and the report is kept where it can be seen."""
    world, key, ids = sent(vendor, count)
    stranger = "13999999999"
    foreign = "third" if vendor == "hbsmservice" else "other"
    if vendor in ("hbsmservice", "langyu"):
        world.ingest(report_of(world, foreign, ids[0], FIRST))
    world.ingest(report_of(world, "main", ids[0], stranger))
    world.ingest(report_of(world, "main", "0" * 31, FIRST))
    assert set(invariants.statuses(world, key.message_id).values()) == {Status.SUBMITTED}
    kept, _ = unplaced_reports(world.table, "main", 10, None)
    assert {(one.report.number, one.message_id) for one in kept} == {(stranger, key.message_id), (FIRST, "")}
    elsewhere, _ = unplaced_reports(world.table, foreign, 10, None)
    assert len(elsewhere) == (1 if vendor in ("hbsmservice", "langyu") else 0)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("vendor", ["infocloud", "langyu", "qixintong"])
def test_an_early_report_waits_for_days(vendor: str, count: int) -> None:
    """GIVEN reports that come 71 hours before their submission's own answer WHEN they wait THEN they can be seen; WHEN
    the answer comes THEN they are applied, and the list is empty."""
    world, key, ids = sent(vendor, count)
    document, before = world.document, world.vendors.calls
    world, key = begun(document, count)
    world.vendors.calls = before - 1
    for index, number in enumerate(numbers(count)):
        world.ingest(report_of(world, "main", ids[index], number))
    for _ in range(71):
        world.now += HOUR
        kept, _ = unplaced_reports(world.table, "main", 10, None)
        assert {one.report.number for one in kept} == set(numbers(count))
        assert set(invariants.statuses(world, key.message_id).values()) == {Status.QUEUED}
    assert world.dispatch(key)
    assert set(invariants.statuses(world, key.message_id).values()) == {Status.DELIVERED}
    assert unplaced_reports(world.table, "main", 10, None) == ([], None)
    world.settle()
    found = invariants.check_ended(world, key.message_id, numbers(count))
    invariants.check_events(world, key.message_id, found)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("vendor", ["infocloud", "langyu", "qixintong"])
def test_an_early_report_survives_every_fault_of_the_sender(vendor: str, count: int) -> None:
    """GIVEN a report that came before the submission's own answer WHEN the worker with that answer fails at any step
    THEN the report is applied, if the vendor's id was stored."""
    world, key, ids = sent(vendor, count)
    document, early = (
        world.document,
        [report_of(world, "main", ids[n], number) for n, number in enumerate(numbers(count))],
    )

    def begun_with_reports() -> World:
        world, _ = begun(document, count)
        for receipt in early:
            world.ingest(receipt)
        return world

    seam = Seam()
    begun_with_reports().dispatch(key, seam)
    for step in range(len(seam.steps)):
        for fault in Fault:
            world = begun_with_reports()
            world.dispatch(key, Seam({step: fault}))
            world.settle()
            found = invariants.check_ended(world, key.message_id, numbers(count))
            submission = load_submission(world.table, key)
            assert submission is not None
            if submission.vendor_ids:
                assert set(found.values()) == {Status.DELIVERED}, (fault, step, seam.steps[step])
            invariants.check_events(world, key.message_id, found)


def test_an_early_report_without_a_place_says_what_it_is_about() -> None:
    _, _, ids = sent("infocloud", 2)
    world, key = begun(accounts_document((("main", "infocloud", 0),)), 2)
    world.ingest(report_of(world, "main", ids[0], "13999999999"))
    world.dispatch(key)
    assert [item["about"] for item in world.items("vid#") if "report" in item] == [key.message_id]


@pytest.mark.parametrize("count", [1, 2])
def test_a_report_proves_only_what_its_account_was_sent(count: int) -> None:
    """GIVEN a submission that one account refused, and another has in doubt WHEN a report with our id comes from the
    first THEN the doubt stands; WHEN it comes from the second THEN it is lifted."""
    document = accounts_document((("first", "hbsmservice", 0), ("second", "hbsmservice", 0)))
    world, key = begun(document, count, "account", "ambiguous")
    world.dispatch(key)
    world.settle(world.now)
    world.ingest(report_of(world, "first", key.reference, FIRST, status="undelivered"))
    submission = load_submission(world.table, key)
    assert submission is not None
    assert (submission.account, submission.state) == ("second", State.UNCONFIRMED)
    world.ingest(report_of(world, "second", key.reference, FIRST))
    submission = load_submission(world.table, key)
    assert submission is not None
    assert submission.state == State.SUBMITTED
    outcome = load_rows(world.table, submission, (FIRST,))[FIRST]
    assert [entry["account"] for entry in outcome.history] == ["first", "second"]


@pytest.mark.parametrize(
    ("vendor", "early"),
    [*((vendor, False) for vendor in VENDORS), *((vendor, True) for vendor in VENDORS if vendor != "hbsmservice")],
)
@pytest.mark.parametrize("count", [1, 2])
def test_a_receipt_survives_every_fault(vendor: str, count: int, early: bool) -> None:
    """GIVEN a receipt, before the submission's own answer or after WHEN its worker fails at any step, and it comes
    again THEN the recipient is delivered, and the event is there."""

    def made() -> tuple[World, SubmissionKey, VendorBytes]:
        world, key, ids = sent(vendor, count)
        receipt = report_of(world, "main", ids[0], FIRST)
        if early:
            world, key = begun(world.document, count)
        return world, key, receipt

    world, _, receipt = made()
    seam = Seam()
    world.ingest(receipt, seam)
    for step in range(len(seam.steps)):
        for fault in Fault:
            world, key, receipt = made()
            try:
                world.ingest(receipt, Seam({step: fault}))
            except (Crash, AwsError):
                world.now += HOUR
                world.ingest(receipt)
            if early:
                world.dispatch(key)
            assert status_of(world, key, FIRST) == Status.DELIVERED, (fault, seam.steps[step])
            world.settle()
            found = invariants.check_ended(world, key.message_id, numbers(count))
            invariants.check_events(world, key.message_id, found)


@pytest.mark.parametrize("vendor", ["hbsmservice", "infocloud", "qixintong"])
@pytest.mark.parametrize("repeated", [1, 2])
def test_a_page_of_reports_survives_every_fault(vendor: str, repeated: int) -> None:
    """GIVEN a page with a report for each of four recipients, some of which came before WHEN its worker fails at any
    step, or halfway, and it comes again THEN all are delivered, each with one report and one event."""

    def made() -> tuple[World, SubmissionKey, list[VendorBytes]]:
        world, key, ids = sent(vendor, 4)
        return world, key, [page_of(world, "main", ids[:count]) for count in (repeated, 4)]

    world, _, (before, page) = made()
    world.ingest(before)
    seam = Seam()
    world.ingest(page, seam)
    assert "batch_execute_statement" in seam.steps
    for step in range(len(seam.steps)):
        for fault in Fault:
            world, key, (before, page) = made()
            world.ingest(before)
            with suppress(Crash, AwsError):
                world.ingest(page, Seam({step: fault}))
            world.ingest(page)
            world.settle()
            found = invariants.check_ended(world, key.message_id, numbers(4))
            assert set(found.values()) == {Status.DELIVERED}, (fault, seam.steps[step])
            assert [len(history_of(world, key, number)) for number in numbers(4)] == [1, 1, 1, 1]
            invariants.check_events(world, key.message_id, found)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("vendor", VENDORS)
def test_after_72_hours_a_recipient_is_unknown_until_a_delivery_comes(vendor: str, count: int) -> None:
    """GIVEN a message of which one recipient was reported WHEN 72 hours pass THEN the others are unknown; a failure
    that comes later is kept, a delivery wins."""
    world, key, ids = sent(vendor, count)
    reported = numbers(count)[1:2]
    for number in reported:
        world.ingest(report_of(world, "main", ids[1], number))
    world.settle(world.now + 3 * DAY - HOUR)
    assert status_of(world, key, FIRST) == Status.SUBMITTED
    world.settle()
    found = invariants.check_ended(world, key.message_id, numbers(count))
    assert {number for number, status in found.items() if status == Status.DELIVERED} == set(reported)
    assert {status for number, status in found.items() if number not in reported} == {Status.UNKNOWN}
    world.ingest(report_of(world, "main", ids[0], FIRST, status="undelivered"))
    assert status_of(world, key, FIRST) == Status.UNKNOWN
    world.ingest(report_of(world, "main", ids[0], FIRST))
    assert status_of(world, key, FIRST) == Status.DELIVERED
    assert history_of(world, key, FIRST) == ["delivered", "undelivered"]
    assert not world.due()
    invariants.check_events(world, key.message_id, invariants.statuses(world, key.message_id))


def test_a_vendor_that_is_busy_for_days_fills_no_item() -> None:
    """GIVEN a vendor that refuses for the moment, again and again WHEN the message expires THEN its history has one
    entry with their number."""
    world, key = begun(accounts_document((("main", "langyu", 0),)), 1, "moment", valid_for=4 * HOUR // 1000)
    world.dispatch(key)
    world.settle()
    found = invariants.check_ended(world, key.message_id, numbers(1))
    assert found == {FIRST: Status.EXPIRED}
    submission = load_submission(world.table, key)
    assert submission is not None
    assert submission.reason == Reason.VALIDITY_PASSED
    assert len(submission.attempts) == 1
    assert submission.attempts[0]["times"] == len(world.vendors.seen) - 1  # the last is the answer
