"""From account to account: nobody is lost or asked for twice when a worker dies on the way, or the accounts change."""

from collections.abc import Callable, Sequence

import pytest

from smsgateway.model import Reason, State, Status
from smsgateway.store.submissions import load_submission
from smsgateway.store.table import ConditionFailed, Table
from smsgateway.store.transitions import ended_unsent
from tests.doubles import invariants
from tests.doubles.interleaving import Task, schedules
from tests.doubles.receipts import report_of
from tests.doubles.seam import Fault, Seam
from tests.doubles.vendors import behaviours
from tests.doubles.world import accounts_document, begun, numbers, sizes

CHANGES: dict[str, tuple[tuple[str, str, int], ...]] = {
    "nothing": (("main", "hbsmservice", 0), ("spare", "langyu", 2)),
    "a smaller limit": (("main", "hbsmservice", 0), ("spare", "langyu", 1)),
    "a larger limit": (("main", "hbsmservice", 0), ("spare", "langyu", 0)),
    "the account gone": (("main", "hbsmservice", 0), ("other", "langyu", 0)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_split_survives_every_fault(change: str) -> None:
    """GIVEN a submission that is split for the next account WHEN its worker fails at any step, and the accounts change
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


@pytest.mark.parametrize("count", [1, 3])
def test_a_retry_in_doubt_never_becomes_a_denial(count: int) -> None:
    """GIVEN a client that allows retries in doubt WHEN an attempt in doubt is followed by anything, and a report comes
    at any moment, or none THEN there are at most three attempts, and no status denies the first."""
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
