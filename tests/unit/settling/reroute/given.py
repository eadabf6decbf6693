"""Messages that may be rerouted after a failure report (`resend.undelivered`), and what must be true in the end.

A recipient goes to each account at most once, none is lost on the way, and one final status is told of each.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from smsgateway.ids import SubmissionKey
from smsgateway.model import Status
from smsgateway.queues import VendorBytes, parse_wake_up
from smsgateway.store.recipients import load_rows
from smsgateway.store.submissions import load_submission
from smsgateway.watching.sweep import look_at
from tests.doubles import invariants
from tests.doubles.receipts import report_of
from tests.doubles.seam import Seam
from tests.doubles.vendors import Seen
from tests.doubles.world import World, accounts_document, numbers, personal_post, post

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
    outcome = load_rows(world.table, submission, (number,))[number]
    return [(entry["account"], entry["status"]) for entry in outcome.history]


def look_now(world: World, key: SubmissionKey, seam: Seam) -> None:
    """The sweep, at one submission."""
    sweeper = world.sweeper(seam)
    submission = load_submission(sweeper.table, key)
    if submission:
        look_at(sweeper, submission)
