"""A message of so many submissions that they stand in blocks.

No partition key takes more than a block's writes, and submissions in blocks go through the same faults as any other.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from smsgateway.accepting.post import Post
from smsgateway.api import message_view
from smsgateway.ids import BLOCK_ROOTS, SubmissionKey
from smsgateway.model import FINAL, State, Status
from smsgateway.queues import parse_wake_up
from smsgateway.store.submissions import load_children, load_submission
from tests.doubles import invariants
from tests.doubles.receipts import report_of
from tests.doubles.seam import AwsError, Crash, Fault, Seam
from tests.doubles.world import DAY, MINUTE, World, accounts_document, numbers, personal_post
from tests.unit.accepting.test_capacity import texts

FEW = numbers(5)  # a root each at langyu, and so five blocks of one, or three of two
FAILURE = {"langyu": "failed", "hbsmservice": "undelivered"}


def accepted(*accounts: tuple[str, str, int], block: int = 2, given: Post | None = None) -> tuple[World, str]:
    world = World(accounts_document(accounts or (("main", "langyu", 0),)))
    world.block = block
    return world, world.accept(given or texts(len(FEW)))[1]["id"]


def paths(world: World, message_id: str) -> list[str]:
    return [submission.key.path for submission in invariants.roots_and_children(world, message_id)]


def test_no_partition_key_takes_more_than_a_block() -> None:
    """GIVEN thousands of submissions WHEN they are accepted THEN each partition key has been written a block's times
    (the message's own three more: its claim, and its end), and every submission stands once."""
    count = 3 * BLOCK_ROOTS + 7
    world, message_id = accepted(block=BLOCK_ROOTS, given=texts(count))
    written = Counter(new["pk"]["S"] for _, new in world.db.stream if new)
    assert max(written.values()) <= BLOCK_ROOTS + 3
    assert [written[key] for key in (f"{message_id}#B#01", f"{message_id}#B#03")] == [BLOCK_ROOTS, 7]
    found = paths(world, message_id)
    assert found == sorted(set(found))
    assert len(found) == count


@pytest.mark.parametrize("count", [2, BLOCK_ROOTS])
def test_what_fits_into_one_block_stands_with_its_message(count: int) -> None:
    world, message_id = accepted(block=BLOCK_ROOTS, given=texts(count))
    submissions = [item for item in world.items(message_id) if item["sk"].startswith("S#")]
    assert {item["pk"] for item in submissions} == {message_id}
    assert [item["sk"] for item in submissions] == [f"S#{index:05d}" for index in range(count)]
    assert "blocks" not in world.item((message_id, "M"))


def test_those_that_are_woken_up_one_after_another_are_of_different_blocks() -> None:
    world, message_id = accepted()
    woken = [parse_wake_up(waiting.body).key for waiting in world.queues.waiting]
    assert [key.path for key in woken] == ["00000", "b0100", "b0200", "00001", "b0101"]
    assert {key.message_id for key in woken} == {message_id}


def test_all_are_sent_and_shown_in_the_order_of_the_post() -> None:
    """Page by page, each beginning where the last one ended."""
    world, message_id = accepted()
    world.settle(world.now + MINUTE)
    assert [seen.numbers for seen in world.vendors.seen] == [(FEW[index],) for index in (0, 2, 4, 1, 3)]
    shown, start = list[str](), ("", 0)
    for _ in FEW:
        whole = message_view.load_whole(world.table, message_id, world.now)
        assert whole
        assert message_view.counts(world.table, whole, world.now)[0] == {Status.SUBMITTED: len(FEW)}
        page, after = message_view.recipients_page(world.table, world.settings(), whole, start, 2, world.now)
        shown += [item["to"] for item in page]
        if after is None:
            break
        start = after
    assert shown == list(FEW)


def test_submissions_of_the_old_form_go_on() -> None:
    """GIVEN a message whose submissions the version before has stored, all under its own key WHEN it goes on THEN each
    is sent once, and all of them are found."""
    world, message_id = accepted(block=len(FEW))
    assert paths(world, message_id)[-1] == "00004"
    world.block = 2
    assert (world.cancel(message_id) or {}).keys() == set(FEW)
    world, message_id = accepted(block=len(FEW))
    world.block = 2
    world.settle()
    invariants.check_never_twice(world, FEW)
    invariants.check_ended(world, message_id, FEW)


@pytest.mark.parametrize("lost", ["no wake-up", "every wake-up"])
def test_those_whose_reports_never_come_end(lost: str) -> None:
    world, message_id = accepted()
    if lost == "every wake-up":
        world.queues.waiting.clear()
    world.settle()
    invariants.check_never_twice(world, FEW)
    found = invariants.check_ended(world, message_id, FEW)
    invariants.check_events(world, message_id, found)
    assert set(found.values()) == {Status.UNKNOWN}


def test_a_scheduled_one_is_cancelled_as_a_whole() -> None:
    world, message_id = accepted(given=texts(len(FEW), send_at=World("").now + DAY))
    assert set((world.cancel(message_id) or {}).values()) == {Status.CANCELED}
    world.settle()
    assert set(invariants.check_ended(world, message_id, FEW).values()) == {Status.CANCELED}
    assert not world.vendors.seen


def test_only_the_last_block_is_to_come() -> None:
    """GIVEN all but the last submission in their vendor's hands WHEN the message is cancelled THEN that one is."""
    world, message_id = accepted()
    for key in [parse_wake_up(waiting.body).key for waiting in world.queues.waiting]:
        if key.path != "b0200":
            world.dispatch(key)
    world.queues.waiting.clear()
    told = world.cancel(message_id) or {}
    assert "canceled_at" in world.item((message_id, "M"))
    assert [number for number, status in told.items() if status == Status.CANCELED] == [FEW[4]]
    world.settle()
    invariants.check_ended(world, message_id, FEW)


MANY = numbers(12)  # three texts in turn: at hbsmservice two roots of six, which langyu takes by their texts


def spreading() -> tuple[World, SubmissionKey]:
    """A message whose second root, of a block of its own, is refused and spreads over three submissions."""
    route = ("main", "hbsmservice", 6), ("spare", "langyu", 0)
    world, message_id = accepted(*route, block=1, given=personal_post(*MANY))
    world.vendors.script = ("account", "accepted")
    return world, SubmissionKey(message_id, "b0100")


def test_one_that_spreads_survives_every_fault() -> None:
    """GIVEN the worker that spreads it WHEN it fails at any step THEN nobody is lost or sent to twice."""
    origin, key = spreading()
    seam, dry = Seam(), origin.copy()
    dry.dispatch(key, seam)
    parent = load_submission(dry.table, key)
    assert parent
    assert parent.state == State.MOVED
    children = load_children(dry.table, parent)
    assert [child.key.path for child in children] == ["b0100000", "b0100001", "b0100002"]
    assert {child.table_key[0] for child in children} == {f"{key.message_id}#B#01"}
    for step in range(len(seam.steps)):
        for fault in Fault:
            world = origin.copy()
            world.vendors.script = origin.vendors.script
            world.dispatch(key, Seam({step: fault}))
            world.settle()
            invariants.check_never_twice(world, MANY)
            found = invariants.check_ended(world, key.message_id, MANY)
            invariants.check_truth(world, found)
            invariants.check_events(world, key.message_id, found)


def test_a_recipient_that_moved_is_found_by_its_row() -> None:
    world, key = spreading()
    world.dispatch(key)
    row = next(item for item in world.items(f"{key.message_id}#R#b0100#"))
    shown = message_view.number_view(world.table, (row["pk"], row["sk"]), world.now)
    assert shown
    assert (shown["to"], shown["account"]) == (row["sk"], "spare")


@pytest.mark.parametrize("vendor", ["langyu", "hbsmservice"])
def test_reports_find_their_submission_and_failures_are_sent_again(vendor: str) -> None:
    """GIVEN the client's leave WHEN each is reported as failed THEN each goes to the next account once, from the
    block that it is in, and ends as that reports."""
    route = ("main", vendor, 1), ("spare", "infocloud", 0)
    world, message_id = accepted(*route, given=texts(len(FEW), resend_undelivered=True))
    world.settle(world.now + MINUTE)
    for seen in list(world.vendors.seen):
        (number,) = seen.numbers
        world.ingest(report_of(world, "main", seen.id_of(number), number, status=FAILURE[vendor]))
    world.settle(world.now + MINUTE)
    assert Counter(seen.account for seen in world.vendors.seen) == {"main": len(FEW), "spare": len(FEW)}
    resends = [item["sk"] for item in world.items(f"{message_id}#S#")]
    assert sorted(path[2:7] for path in resends) == paths(world, message_id)
    for seen in world.vendors.seen[len(FEW) :]:
        world.ingest(report_of(world, "spare", seen.id_of(seen.numbers[0]), seen.numbers[0]))
    world.settle()
    invariants.check_once_an_account(world, FEW)
    assert set(invariants.check_ended(world, message_id, FEW).values()) == {Status.DELIVERED}


def dying(world: World, given: Post, when: Callable[[list[str]], int]) -> None:
    """An acceptance that dies at a step, and is dead."""
    seam = Seam()
    world.copy().accept(given, seam)
    with pytest.raises((Crash, AwsError)):
        world.accept(given, Seam({when(seam.steps): Fault.CRASH_BEFORE}))
    world.now += 2 * MINUTE


def before_its_end(steps: list[str]) -> int:
    return len(steps) - 1 - steps[::-1].index("update_item")


@pytest.mark.parametrize("last", [2, len(FEW)])
def test_whoever_comes_after_several_that_died_clears_what_the_first_has_left(last: int) -> None:
    """GIVEN an acceptance that has died over its last write, of five blocks, and another, of fewer, that has died over
    clearing that WHEN a third is accepted under their key THEN nobody gets a text of the first."""
    world = World(accounts_document((("main", "langyu", 0),)))
    world.block = 1
    of_all, second = (replace(texts(count), idempotency_key="k", body_hash=f"{count}") for count in (5, 3))
    dying(world, of_all, before_its_end)
    dying(world, second, lambda steps: steps.index("query"))
    third = replace(texts(last), idempotency_key="k", body_hash="h")
    _, answer = world.accept(third)
    assert len(paths(world, answer["id"])) == last
    left = [item for item in world.items(answer["id"]) if item["sk"].startswith("S#")]
    assert len(left) == last
    world.settle()
    invariants.check_never_twice(world, FEW)
    found = invariants.check_ended(world, answer["id"], FEW[:last])
    assert set(found.values()) <= FINAL
    assert {number for seen in world.vendors.seen for number in seen.numbers} == set(FEW[:last])


def test_what_a_dead_one_has_left_is_swept_away() -> None:
    world = World(accounts_document((("main", "langyu", 0),)))
    world.block = 1
    dying(world, texts(len(FEW)), before_its_end)
    assert len([item for item in world.items("msg_") if item["sk"].startswith("S#")]) == len(FEW)
    world.settle()
    assert not [item for item in world.items("msg_") if item["sk"].startswith("S#")]
    assert not world.vendors.seen
