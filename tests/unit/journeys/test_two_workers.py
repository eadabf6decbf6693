"""Workers with the same wake-up, in every order of their steps: one of them, and only one, opens the socket."""

from collections.abc import Callable

import pytest

from smsgateway.ids import SubmissionKey
from smsgateway.model import Status
from smsgateway.queues import WakeUp
from smsgateway.store import breakers
from smsgateway.store.submissions import load_submission
from tests.doubles import invariants
from tests.doubles.interleaving import Task, schedules
from tests.doubles.receipts import report_of
from tests.doubles.seam import Seam
from tests.doubles.world import FOREVER, MINUTE, World, accounts_document, begun, numbers

LAYOUTS = {"single": 1, "unread": 1, "bulk": 3}  # unread: marked before it is looked at


def main_and_spare(vendor: str) -> str:
    """Accounts: `main` at a vendor, and `spare` at langyu."""
    return accounts_document((("main", vendor, 0), ("spare", "langyu", 0)))


def worker(world: World, key: SubmissionKey, layout: str) -> Task:
    return Task(lambda seam: world.dispatch(WakeUp(key, "main", FOREVER if layout == "unread" else 0), seam))


def mover(world: World, key: SubmissionKey) -> Task:
    """A worker that finds the account's breaker open, and moves on."""

    def move(seam: Seam) -> None:
        breakers.count_failure(world.table, "main", limit=1, until=world.now + MINUTE)
        world.dispatch(key, seam)

    return Task(move)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("behaviour", ["accepted", "moment", "account", "not sent", "ambiguous"])
def test_one_of_two_workers_sends(behaviour: str, layout: str) -> None:
    """GIVEN one wake-up delivered twice WHEN two workers take it in any order THEN one of them sends."""
    count = LAYOUTS[layout]
    origin, key = begun(main_and_spare("langyu"), count, behaviour, "accepted")

    def make() -> tuple[list[Task], Callable[[], None]]:
        world = origin.copy()
        world.vendors.script = origin.vendors.script

        def check() -> None:
            world.settle()
            invariants.check_never_twice(world, numbers(count))
            found = invariants.check_ended(world, key.message_id, numbers(count))
            invariants.check_truth(world, found)
            invariants.check_events(world, key.message_id, found)

        return [worker(world, key, layout) for _ in range(2)], check

    assert schedules(make, preemptions=2) > 10


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_move_or_the_mark(layout: str) -> None:
    """GIVEN two workers, of which one finds the account's breaker open and moves on WHEN they come in any order of
    their steps THEN one account is asked, and it is the one that the submission says."""
    count = LAYOUTS[layout]
    origin, key = begun(main_and_spare("langyu"), count)

    def make() -> tuple[list[Task], Callable[[], None]]:
        world = origin.copy()

        def check() -> None:
            world.settle(world.now)
            (seen,) = world.vendors.seen
            submission = load_submission(world.table, key)
            assert submission is not None
            assert submission.account == seen.account
            for number in numbers(count):
                world.ingest(report_of(world, seen.account, seen.ids[0], number))
            world.settle()
            found = invariants.check_ended(world, key.message_id, numbers(count))
            assert set(found.values()) == {Status.DELIVERED}

        return [worker(world, key, layout), mover(world, key)], check

    assert schedules(make, preemptions=2) > 10


@pytest.mark.parametrize("limit", [0, 1])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_move_does_not_forget_a_doubt(layout: str, limit: int) -> None:
    """GIVEN two workers, of which one finds the breaker open and moves on, perhaps in smaller submissions WHEN the
    other's call ends in doubt, the client allows another, and the next account refuses THEN nothing is denied."""
    count = LAYOUTS[layout]
    document = accounts_document((("main", "langyu", 0), ("spare", "langyu", limit)))
    origin, key = begun(document, count, "ambiguous", "content", resend_unconfirmed=True)

    def make() -> tuple[list[Task], Callable[[], None]]:
        world = origin.copy()

        def check() -> None:
            world.settle()
            found = invariants.check_ended(world, key.message_id, numbers(count))
            invariants.check_truth(world, found)

        return [worker(world, key, layout), mover(world, key)], check

    assert schedules(make, preemptions=2) > 10


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_slow_worker_does_not_undo_what_was_reported(layout: str) -> None:
    """GIVEN two workers with one wake-up WHEN the report comes before the slower one is through THEN it stands."""
    count = LAYOUTS[layout]
    origin, key = begun(main_and_spare("hbsmservice"), count)

    def make() -> tuple[list[Task], Callable[[], None]]:
        world = origin.copy()

        def report(seam: object) -> None:
            world.ingest(report_of(world, "main", key.reference, *numbers(count)))

        def check() -> None:
            world.settle()
            found = invariants.check_ended(world, key.message_id, numbers(count))
            assert set(found.values()) == {Status.DELIVERED}

        workers = [worker(world, key, layout) for _ in range(2)]
        return [*workers, Task(report, ready=lambda: bool(world.vendors.seen))], check

    assert schedules(make, preemptions=2) > 20
