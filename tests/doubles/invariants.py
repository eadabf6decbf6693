"""What must hold at the end of every schedule."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby

from smsgateway.events import EventType, detail_of
from smsgateway.model import FINAL, State, Status
from smsgateway.store.keys import is_submission
from smsgateway.store.messages import load_message, load_payload
from smsgateway.store.recipients import derived_status, load_rows
from smsgateway.store.states import arrows
from smsgateway.store.submissions import SETTLED, StoredSubmission, load_submissions, read_submission
from smsgateway.store.table import from_wire
from tests.doubles.world import World

type StateChange = tuple[State | None, State]

schedules_checked = 0  # told at the end of a test run
EVENTS_OF_STATUS = {
    Status.DELIVERED: EventType.DELIVERED,
    Status.UNDELIVERED: EventType.UNDELIVERED,
    Status.REJECTED: EventType.REJECTED,
    Status.UNKNOWN: EventType.UNKNOWN,
    Status.EXPIRED: EventType.EXPIRED,
    Status.SUPPRESSED: EventType.SUPPRESSED,
}


# What the table of transitions allows, beside a submission's beginning.
ALLOWED: frozenset[StateChange] = frozenset({(None, State.QUEUED), *((before, to) for before, to, _ in arrows())})


def state_changes(world: World) -> set[StateChange]:
    """How submissions went from state to state, by the table's stream."""
    found: set[StateChange] = set()
    for old, new in world.db.stream:
        if new and "state" in new and is_submission((new["pk"]["S"], new["sk"]["S"])):
            before, after = State(old["state"]["S"]) if old else None, State(new["state"]["S"])
            if before != after:
                found.add((before, after))
    return found


def check_never_twice(world: World, numbers: Iterable[str], requests: int = 1) -> None:
    """No vendor was asked again for a recipient that an earlier request may have reached."""
    for number in numbers:
        possible = [seen for seen in world.vendors.requests_for(number) if seen.possible]
        assert len(possible) <= requests, f"{len(possible)} requests that may have been acted on: {possible}"
        after = world.vendors.requests_for(number)
        if requests == 1 and possible:
            assert after[-1] is possible[0], "a request after one that may have been acted on"


def check_once_an_account(world: World, numbers: Iterable[str]) -> None:
    """No account was asked again for a recipient that an earlier request to it may have reached."""
    for number in numbers:
        asked = [seen.account for seen in world.vendors.requests_for(number) if seen.possible]
        assert len(set(asked)) == len(asked), f"asked to send to one recipient: {asked}"
        # One that was busy is asked again, when its turn comes again.
        told = [seen.account for seen in world.vendors.requests_for(number) if seen.behaviour != "moment"]
        order = [account for account, _ in groupby(told)]
        assert len(set(order)) == len(order), f"an account was asked again after another: {order}"


def all_submissions(world: World, message_id: str) -> list[StoredSubmission]:
    """Those of a message, its resends among them."""
    return [read_submission(item) for item in world.items(message_id) if item["sk"].startswith("S#")]


def roots_and_children(world: World, message_id: str) -> list[StoredSubmission]:
    """A message's submissions but its resends, as the gateway finds them."""
    loaded = load_message(world.table, message_id)
    return load_submissions(world.table, message_id, loaded[0].blocks if loaded else 1)


def statuses(world: World, message_id: str) -> dict[str, Status]:
    """Each recipient's status, as a client would be told."""
    found: dict[str, Status] = {}
    for submission in roots_and_children(world, message_id):
        if submission.state == State.MOVED:
            continue
        recipients = _numbers(world, submission)
        outcomes = load_rows(world.table, submission, recipients)
        for number in recipients:
            assert number not in found, "a recipient in two submissions"
            own = outcomes[number].status if number in outcomes else None
            found[number] = own or derived_status(submission, number, world.now)[0]
    return found


def _numbers(world: World, submission: StoredSubmission) -> tuple[str, ...]:
    return (submission.payload() or load_payload(world.table, submission.key)).numbers


def check_ended(world: World, message_id: str, numbers: Iterable[str]) -> dict[str, Status]:
    """Every recipient has one final status, nothing is under way, and nobody will look again."""
    global schedules_checked  # noqa: PLW0603
    schedules_checked += 1
    assert state_changes(world) <= ALLOWED
    assert not world.due(), "somebody still has to look"
    assert not world.queues.waiting, "wake-ups are left"
    for submission in all_submissions(world, message_id):
        own = submission.own_message and submission.item and "status" in submission.item
        assert own or submission.state in SETTLED, submission.state
    found = statuses(world, message_id)
    assert sorted(found) == sorted(numbers)
    assert set(found.values()) <= FINAL, found
    return found


def check_truth(world: World, found: dict[str, Status]) -> None:
    """No status denies what the vendor may have done, and none claims what it cannot have done."""
    doubted = _doubted(world)
    for number, status in found.items():
        possible = any(seen.possible for seen in world.vendors.requests_for(number))
        refused_at_once = number in world.vendors.rejects
        denied = status in (Status.REJECTED, Status.EXPIRED, Status.CANCELED, Status.SUPPRESSED)
        assert not (possible and denied) or refused_at_once, f"{status}, but it may have been sent"
        sent = status in (Status.DELIVERED, Status.UNDELIVERED, Status.UNKNOWN)
        assert possible or number in doubted or not sent, f"{status}, but it was never sent"


def _doubted(world: World) -> set[str]:
    """Recipients whose worker died after its mark: nobody can know whether the vendor was asked."""
    wires = [wire for key, wire in world.db.items.items() if key[1].startswith("S#")]
    submissions = [read_submission(from_wire(wire)) for wire in wires]
    return {
        number
        for submission in submissions
        if submission.state == State.UNCONFIRMED
        for number in _numbers(world, submission)
    }


def check_events(world: World, message_id: str, found: dict[str, Status]) -> None:
    """Every fact is on the bus, under one event_id."""
    published: dict[tuple[str, str], set[str]] = defaultdict(set)
    for event in world.events():
        detail = detail_of(event)
        if event.message_id == message_id:
            published[event.type, detail.get("to", "")].add(detail["event_id"])
    for number, status in found.items():
        if type_ := EVENTS_OF_STATUS.get(status):
            assert len(published[type_, number]) == 1, f"{len(published[type_, number])} ids of {type_}"
        others = [other for other in EVENTS_OF_STATUS.values() if other != type_ and published[other, number]]
        assert status == Status.DELIVERED or not others, f"{others} beside {status}"
    accepted = [one for one in all_submissions(world, message_id) if one.state == State.SUBMITTED]
    assert len(published[EventType.SUBMITTED, ""]) == len(accepted)
