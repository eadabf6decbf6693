"""A recipient's history has a bound, whatever vendors say.

A final status always has room; the first and the last reports stay, and so does the number of those between.
"""

from collections.abc import Callable, Sequence
from functools import partial

import pytest

from smsgateway.ids import SubmissionKey
from smsgateway.model import Status
from smsgateway.store.history import FIRST as KEPT_FIRST
from smsgateway.store.history import LAST as KEPT_LAST
from smsgateway.store.history import MOST
from smsgateway.store.recipients import RecipientRow, load_rows, recipient_key
from smsgateway.store.submissions import load_submission
from smsgateway.store.table import to_wire
from tests.doubles import aws, invariants
from tests.doubles.interleaving import Task, schedules
from tests.doubles.receipts import masked_report, report_of
from tests.doubles.seam import AwsError, Crash, Fault, Seam
from tests.doubles.world import World, accounts_document, numbers, post

WINDOW = 600  # seconds
ROOM = 100 * 1024  # bytes, a quarter of what an item may have
LONG_WORD = "很" * 390  # of the longest that is kept, in the most bytes
(FIRST,) = numbers(1)
both_layouts = pytest.mark.parametrize("count", [1, 2])
both_choices = pytest.mark.parametrize("may_reroute", [False, True])


def sent(
    count: int, may_reroute: bool = False, text: str = "您好", vendor: str = "hbsmservice"
) -> tuple[World, SubmissionKey]:
    accounts = (("a", vendor, 0), ("b", "langyu", 0))
    world = World(accounts_document(accounts, report_window=WINDOW))
    _, answer = world.accept(post(*numbers(count), text=text, resend_undelivered=may_reroute))
    world.settle(world.now)
    return world, SubmissionKey(answer["id"], "00000")


def tell(world: World, word: str, seam: Seam | None = None, segment: int = 0) -> None:
    seen = world.vendors.seen[0]
    world.ingest(report_of(world, "a", seen.id_of(FIRST), FIRST, word=word, segment=segment), seam)


def outcome_of(world: World, key: SubmissionKey) -> RecipientRow:
    submission = load_submission(world.table, key)
    assert submission
    return load_rows(world.table, submission, (FIRST,))[FIRST]


def bytes_of(world: World, key: SubmissionKey) -> int:
    submission = load_submission(world.table, key)
    assert submission
    return aws.item_bytes(world.db.items[recipient_key(submission, FIRST)])


def strange(index: int) -> str:
    """A word that leaves it open: a zero that hbsmservice's document does not list, told apart by what follows."""
    return "0" * (4 + index)


@both_layouts
@both_choices
def test_a_delivery_after_hundreds_of_words_is_applied(count: int, may_reroute: bool) -> None:
    """GIVEN 960 reports with different words WHEN the true one comes THEN the recipient is delivered, and the history
    has the first and the last of them, and says how many were between."""
    world, key = sent(count, may_reroute, vendor="langyu")
    words = [f"JUNK{index}" for index in range(960)]
    for word in (*words, "DELIVRD"):
        tell(world, word)
    outcome = outcome_of(world, key)
    assert outcome.status == Status.DELIVERED
    said = [entry["vendor_status"] for entry in outcome.history]
    assert said == [*words[:KEPT_FIRST], *words[1 - KEPT_LAST :], "DELIVRD"]
    assert outcome.left_out == 961 - MOST
    world.settle()
    assert invariants.check_ended(world, key.message_id, numbers(count))[FIRST] == Status.DELIVERED


@both_layouts
def test_contradictions_after_a_delivery_fill_nothing(count: int) -> None:
    """GIVEN a delivered recipient WHEN hundreds of failures of the longest words follow THEN it is delivered still, and
    its item is small."""
    world, key = sent(count)
    tell(world, "0")
    for index in range(400):
        tell(world, f"{LONG_WORD}{index}")
    outcome = outcome_of(world, key)
    assert (outcome.status, outcome.history[0]["status"]) == (Status.DELIVERED, "delivered")
    assert len(outcome.history) == MOST
    assert bytes_of(world, key) < ROOM


@both_layouts
def test_failures_of_a_message_that_may_be_sent_again_fill_nothing(count: int) -> None:
    """GIVEN a failure that was decided on WHEN hundreds more follow THEN the next account's delivery is applied."""
    world, key = sent(count, may_reroute=True)
    for word in ("2", *(f"{LONG_WORD}{index}" for index in range(400))):
        tell(world, word)
    world.settle(world.now)
    seen = world.vendors.requests_for(FIRST)[-1]
    assert seen.account == "b"
    world.ingest(report_of(world, "b", seen.ids[0], FIRST))
    assert outcome_of(world, key).status == Status.DELIVERED
    assert bytes_of(world, key) < ROOM


@both_layouts
@both_choices
def test_a_part_of_every_number_fills_nothing(count: int, may_reroute: bool) -> None:
    """GIVEN reports of a thousand parts THEN the item is small, and the whole's delivery is applied."""
    world, key = sent(count, may_reroute, "长" * 100)
    for segment in range(1000):
        tell(world, "0" * 9, segment=segment)
    assert bytes_of(world, key) < ROOM
    tell(world, "0")
    assert outcome_of(world, key).status == Status.DELIVERED


def test_masked_reports_fill_nothing() -> None:
    """GIVEN hundreds of reports that fit several recipients WHEN one is reported by its number THEN it is delivered."""
    to = ("13811110000", "13822220000")
    world = World(accounts_document((("a", "infocloud", 0),)))
    _, answer = world.accept(post(*to))
    world.settle(world.now)
    (vendor_id,) = world.vendors.seen[0].ids
    for _ in range(100):
        world.now += 1000
        world.ingest(masked_report(world, "a", vendor_id, "138****0000"))
    world.ingest(report_of(world, "a", vendor_id, *to))
    submission = load_submission(world.table, SubmissionKey(answer["id"], "00000"))
    assert submission
    for outcome in load_rows(world.table, submission, to).values():
        assert (outcome.status, len(outcome.history)) == (Status.DELIVERED, MOST)


@both_layouts
def test_the_last_word_is_shown_at_the_end_of_the_wait(count: int) -> None:
    world, key = sent(count)
    for index in range(50):
        tell(world, strange(index))
    world.settle()
    outcome = outcome_of(world, key)
    assert (outcome.status, outcome.vendor_status) == (Status.UNKNOWN, strange(49))


@both_layouts
def test_what_was_left_out_was_heard(count: int) -> None:
    """GIVEN words of an account that others have pushed out of the history WHEN the wait is over THEN no second text
    goes out because nothing were heard."""
    world, key = sent(count, may_reroute=True)
    submission = load_submission(world.table, key)
    assert submission
    row = recipient_key(submission, FIRST)
    of_another = [{"at": 1, "account": "c", "status": "unknown", "vendor_status": "x"}] * MOST
    world.db.items[row] = world.db.items[row] | to_wire({"history": of_another, "left_out": 1})
    world.settle()
    assert len(world.vendors.requests_for(FIRST)) == 1


@both_layouts
def test_a_history_that_an_earlier_version_filled_makes_room(count: int) -> None:
    """GIVEN a recipient of the version before, with 661 entries WHEN it is reported delivered THEN it is delivered."""
    world, key = sent(count)
    submission = load_submission(world.table, key)
    assert submission
    row = recipient_key(submission, FIRST)
    entry = {"at": 1, "account": "a", "status": "unknown"}
    old = [entry | {"vendor_status": f"{LONG_WORD[:100]}{index}"} for index in range(661)]
    world.db.items[row] = world.db.items[row] | to_wire({"history": old})
    tell(world, "0")
    outcome = outcome_of(world, key)
    assert (outcome.status, outcome.left_out) == (Status.DELIVERED, 662 - MOST)
    assert bytes_of(world, key) < ROOM


@both_layouts
def test_two_reports_at_a_full_history(count: int) -> None:
    """GIVEN a full history WHEN a delivery, a failure and two words come in any order of their steps THEN none is lost,
    and the number of those left out is right."""
    origin, key = sent(count)
    for index in range(MOST):
        tell(origin, strange(index))
    words = ("0", "2", strange(100))

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world = origin.copy()

        def check() -> None:
            outcome = outcome_of(world, key)
            assert outcome.status == Status.DELIVERED
            assert {entry["vendor_status"] for entry in outcome.history[-3:]} == set(words)
            assert (len(outcome.history), outcome.left_out) == (MOST, 3)

        return [Task(partial(tell, world, word)) for word in words], check

    assert schedules(make, preemptions=2) > 20


@both_layouts
def test_a_report_at_a_full_history_survives_every_fault(count: int) -> None:
    """GIVEN a full history WHEN whoever writes to it fails at any step, and the report comes again THEN it is there."""
    origin, key = sent(count)
    for index in range(MOST):
        tell(origin, strange(index))
    seam = Seam()
    tell(origin.copy(), "0", seam)
    for step in range(len(seam.steps)):
        for fault in Fault:
            world = origin.copy()
            try:
                tell(world, "0", Seam({step: fault}))
            except (Crash, AwsError):
                tell(world, "0")
            tell(world, "0")
            outcome = outcome_of(world, key)
            assert (outcome.status, outcome.left_out) == (Status.DELIVERED, 1), (fault, seam.steps[step])
