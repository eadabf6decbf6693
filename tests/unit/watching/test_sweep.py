"""What the sweep does with each thing that is due, and when it looks again: every condition of it by itself."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from smsgateway.ids import SubmissionKey
from smsgateway.model import Accepted, Reason, Rejection, State, Status
from smsgateway.queues import parse_wake_up
from smsgateway.store import messages, submissions, transitions
from smsgateway.store.keys import message_key, submission_key
from smsgateway.store.messages import Claim
from smsgateway.store.submissions import WAKE_UP_LOST, StoredSubmission, load_submission
from smsgateway.store.table import ConditionFailed, Item, Key, Update
from smsgateway.watching import sweep as sweeping
from smsgateway.watching.sweep import LONGEST_PATIENCE, ORPHAN_AFTER, look_at
from tests.doubles import invariants
from tests.doubles.receipts import reply_of, report_of
from tests.doubles.seam import Seam
from tests.doubles.world import DAY, HOUR, MINUTE, RETENTION, SECOND, World, accounts_document, numbers, post

WINDOW = 600 * SECOND
DEFAULT_WINDOW = 259_200 * SECOND
FIRST, SECOND_ONE, THIRD = numbers(3)


def world_of(*vendors: str, script: Iterable[str] = ("accepted",), count: int = 1, **fields: Any) -> World:
    """A world with an account `a`, `b`… at each vendor, that has accepted one message."""
    accounts = tuple((name, vendor, 0) for name, vendor in zip("abc", vendors, strict=False))
    world = World(accounts_document(accounts, report_window=WINDOW // SECOND), tuple(script))
    world.accept(post(*numbers(count), **fields))
    return world


def key_of(world: World) -> SubmissionKey:
    return parse_wake_up(world.queues.waiting[0].body).key


def taken(*vendors: str, **fields: Any) -> tuple[World, SubmissionKey]:
    """The message, whose wake-up is lost."""
    world = world_of(*vendors or ("langyu",), **fields)
    key = key_of(world)
    world.queues.waiting.clear()
    return world, key


def sent(*vendors: str, **fields: Any) -> tuple[World, SubmissionKey]:
    """The message once its vendor was asked, a second after its acceptance."""
    world = world_of(*vendors or ("langyu",), **fields)
    key = key_of(world)
    world.now += SECOND
    world.deliver()
    world.queues.waiting.clear()
    return world, key


def stands(world: World, key: SubmissionKey) -> StoredSubmission:
    found = load_submission(world.table, key)
    assert found
    return found


def put(world: World, key: SubmissionKey, **values: Any) -> None:
    """Set attributes of a submission."""
    sets = ", ".join(f"#{name} = :{name}" for name in values)
    world.table.update(Update(submission_key(key), f"SET {sets}", values))


def look(world: World, key: SubmissionKey) -> StoredSubmission:
    look_at(world.sweeper(Seam()), stands(world, key))
    return stands(world, key)


def woken(world: World) -> list[SubmissionKey]:
    return [parse_wake_up(message.body).key for message in world.queues.waiting]


# What waits


@pytest.mark.parametrize(
    ("waited", "pause"),
    [(1, WAKE_UP_LOST), (WAKE_UP_LOST, WAKE_UP_LOST), (300_000, 300_000), (DAY, LONGEST_PATIENCE)],
)
def test_what_waits_is_woken_up_ever_seldomer(waited: int, pause: int) -> None:
    world, key = taken()
    world.now += waited
    assert look(world, key).due_at == world.now + pause
    assert woken(world) == [key]
    assert world.queues.waiting[0].at == world.now


@pytest.mark.parametrize("ahead", [1, 30, 60])
def test_what_goes_on_soon_gets_a_wake_up_for_that_moment(ahead: int) -> None:
    world, key = taken()
    put(world, key, next_at=world.now + ahead * SECOND)
    assert look(world, key).due_at == world.now + ahead * SECOND + WAKE_UP_LOST
    assert [message.at for message in world.queues.waiting] == [world.now + ahead * SECOND]


def test_what_goes_on_later_than_a_wake_up_can_wait_gets_none_yet() -> None:
    """The sweep looks again a minute before, not at once and for ever."""
    world, key = taken()
    put(world, key, next_at=world.now + HOUR)
    assert look(world, key).due_at == world.now + HOUR - MINUTE
    assert woken(world) == []


@pytest.mark.parametrize(("age", "there"), [(0, True), (ORPHAN_AFTER - 1, True), (ORPHAN_AFTER, False)])
def test_what_an_acceptance_left_that_died_goes_once_it_is_certainly_dead(age: int, there: bool) -> None:
    world, key = taken(count=3)
    message, _ = messages.load_message(world.table, key.message_id) or (None, False)
    assert message
    world.table.delete(message_key(key.message_id))
    messages.begin_acceptance(world.table, message, Claim("dead", world.now, world.now + SECOND), 2**31)
    world.now += age
    look_at(world.sweeper(Seam()), stands(world, key))
    assert (load_submission(world.table, key) is not None) is there
    assert woken(world) == []


def test_what_was_canceled_is_ended_and_not_woken_up() -> None:
    world, key = taken(count=3)
    messages.cancel(world.table, key.message_id, world.now)
    found = look(world, key)
    assert (found.state, found.due_at) == (State.CANCELED, None)
    assert woken(world) == []


# Who is at it


@pytest.mark.parametrize(
    ("late", "state"), [(-1, State.SENDING), (0, State.SENDING), (1, State.UNCONFIRMED), (HOUR, State.UNCONFIRMED)]
)
def test_a_worker_is_dead_after_its_deadline_and_not_before(late: int, state: State) -> None:
    world, key = taken()
    deadline = world.now + MINUTE
    transitions.mark(world.table, stands(world, key), "one", deadline, world.now)
    world.now = deadline + late
    found = look(world, key)
    assert found.state == state
    if state == State.SENDING:
        assert found.due_at == deadline + 1


# What is in doubt

DOUBTED = {"at": 1, "account": "a", "outcome": "unconfirmed", "vendor_status": "", "times": 1}


def in_doubt(**fields: Any) -> tuple[World, SubmissionKey]:
    world, key = sent(script=("ambiguous",), resend_unconfirmed=fields.pop("asked", True), **fields)
    put(world, key, state=State.UNCONFIRMED, attempts=[], submitted_at=world.now)
    world.table.update(Update(submission_key(key), "REMOVE given_up", {}))
    return world, key


def goes_again(world: World, key: SubmissionKey) -> bool:
    found = look(world, key)
    again = found.state == State.WAITING
    assert woken(world) == ([key] if again else [])
    assert found.due_at == (world.now + WAKE_UP_LOST if again else world.now + WINDOW)
    return again


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("asked", [True, False])
def test_a_doubt_is_sent_again_if_its_client_asked_for_that(asked: bool, count: int) -> None:
    assert goes_again(*in_doubt(asked=asked, count=count)) is asked


@pytest.mark.parametrize(
    ("earlier", "again"), [((), True), ((1,), True), ((2,), False), ((1, 1), False), ((9,), False)]
)
def test_three_doubts_are_enough(earlier: tuple[int, ...], again: bool) -> None:
    world, key = in_doubt()
    put(world, key, attempts=[{**DOUBTED, "times": times, "account": str(n)} for n, times in enumerate(earlier)])
    assert goes_again(world, key) is again


@pytest.mark.parametrize(("left", "again"), [(1, True), (0, False), (-1, False)])
def test_a_doubt_is_not_sent_again_when_that_makes_no_sense_any_more(left: int, again: bool) -> None:
    world, key = in_doubt(valid_for=100)
    message = submissions.message_of(world.table, stands(world, key))
    assert message
    world.now = message.valid_until - left
    put(world, key, submitted_at=world.now)
    assert goes_again(world, key) is again


def test_a_doubt_that_was_given_up_is_not_sent_again() -> None:
    """What waited after a doubt and was canceled is in doubt for good, and so is what no account took then."""
    world, key = in_doubt()
    put(world, key, given_up=True)
    assert not goes_again(world, key)


def test_a_doubt_of_a_canceled_message_is_not_sent_again() -> None:
    world, key = in_doubt(count=3)
    messages.cancel(world.table, key.message_id, world.now)
    assert not goes_again(world, key)


def test_a_doubt_whose_message_is_gone_is_not_sent_again() -> None:
    world, key = in_doubt(count=3)
    world.table.delete(message_key(key.message_id))
    assert not goes_again(world, key)


@pytest.mark.parametrize("count", [1, 3])
def test_a_doubt_that_is_sent_again_is_not_ended_as_well(count: int) -> None:
    """Also when nobody looked at it until its window was over."""
    world, key = in_doubt(count=count)
    world.now += WINDOW
    assert look(world, key).state == State.WAITING
    assert set(invariants.statuses(world, key.message_id).values()) == {Status.QUEUED}


def test_a_doubt_becomes_unknown_when_nothing_was_heard_of_it() -> None:
    world, key = in_doubt(asked=False)
    world.now += WINDOW
    assert look(world, key).due_at is None
    assert set(invariants.statuses(world, key.message_id).values()) == {Status.UNKNOWN}


# What waits for reports


@pytest.mark.parametrize(("early_by", "status"), [(1, None), (0, Status.UNKNOWN), (-1, Status.UNKNOWN)])
def test_reports_are_waited_for_until_the_window_ends(early_by: int, status: Status | None) -> None:
    """From the moment of the mark, not of the acceptance."""
    world, key = sent()
    marked_at = stands(world, key).submitted_at
    assert marked_at is not None
    assert marked_at > stands(world, key).next_at
    world.now = marked_at + WINDOW - early_by
    assert look(world, key).due_at == (None if status else marked_at + WINDOW)
    assert invariants.statuses(world, key.message_id)[FIRST] == (status or Status.SUBMITTED)


def test_without_the_moment_of_a_mark_the_window_begins_when_it_was_to_be_sent() -> None:
    world, key = sent()
    world.table.update(Update(submission_key(key), "REMOVE submitted_at", {}))
    assert look(world, key).due_at == stands(world, key).next_at + WINDOW


def test_of_an_account_that_is_gone_reports_are_waited_for_as_long_as_by_default() -> None:
    """Also with early ones, which nobody can read any more."""
    world, key = sent()
    marked_at = stands(world, key).submitted_at
    assert marked_at is not None
    world.document = accounts_document((("other", "langyu", 0),))
    put(world, key, early=True)
    assert look(world, key).due_at == marked_at + DEFAULT_WINDOW


@pytest.mark.parametrize("early", [True, False])
def test_reports_that_came_before_their_ids_are_applied_for_a_worker_that_died(early: bool) -> None:
    """GIVEN a report before its id, whose worker died after it had noted that WHEN the sweep looks THEN it counts."""
    world, key = taken()
    marked = transitions.mark(world.table, stands(world, key), "one", world.now + MINUTE, world.now)
    if early:
        world.ingest(report_of(world, "a", "id-7", FIRST))
    transitions.submitted(world.table, marked, Accepted(("id-7",), ()), unless_early=False)
    look(world, key)
    found = invariants.statuses(world, key.message_id)
    assert found == {FIRST: Status.DELIVERED if early else Status.SUBMITTED}


@pytest.mark.parametrize("may_reroute", [False, True])
def test_only_what_is_open_becomes_unknown(may_reroute: bool) -> None:
    """GIVEN three recipients, one delivered, one refused by the answer, one open WHEN the window ends THEN only the
    open one becomes unknown, or goes elsewhere; the others stay as they are, without another word in their history."""
    world, key = sent("hbsmservice", "langyu", count=3, resend_undelivered=may_reroute)
    found = stands(world, key)
    put(world, key, rejected=[[THIRD, Reason.BLACKLISTED, "no"]])
    world.ingest(report_of(world, "a", found.sent_reference, FIRST))
    world.now += WINDOW
    look(world, key)
    rows = {item["to"]: item for item in world.items(key.message_id) if item["sk"] == item.get("to")}
    assert rows[FIRST]["status"] == Status.DELIVERED
    assert len(rows[FIRST]["history"]) == 1
    assert not {"history", "status"} & set(rows[THIRD])
    assert "resent" not in rows[THIRD]
    assert stands(world, key).rejected == (Rejection(THIRD, Reason.BLACKLISTED, "no"),)
    if may_reroute:
        assert [each["account"] for each in rows[SECOND_ONE]["resends"]] == ["b"]
        assert "status" not in rows[SECOND_ONE]
    else:
        assert rows[SECOND_ONE]["status"] == Status.UNKNOWN
    assert stands(world, key).due_at is None


# What was spread, and what is over


def moved(limit: int = 2) -> tuple[World, SubmissionKey]:
    """Three recipients on their way to an account that takes fewer, whose worker died before it made their children."""
    world, key = taken("langyu", "qixintong", count=3)
    attempt = {"at": world.now, "account": "a", "outcome": "refused", "vendor_status": "109"}
    transitions.moved(
        world.table,
        stands(world, key),
        attempt,
        transitions.Split("b", vendor="qixintong", limit=limit, deferred=("a",), refused_by=("heji",)),
    )
    return world, key


def children(world: World, key: SubmissionKey) -> list[tuple[str, str, int]]:
    found = submissions.load_children(world.table, stands(world, key))
    return [(child.account, child.vendor, child.count) for child in found]


@pytest.mark.parametrize("gone", [False, True])
def test_who_was_on_the_way_elsewhere_gets_there(gone: bool) -> None:
    """Cut as the worker that died would have cut them, and also to an account that is configured no more."""
    world, key = moved()
    if gone:
        world.document = accounts_document((("a", "langyu", 0),))
    assert look(world, key).due_at is None
    assert children(world, key) == [("b", "qixintong", 2), ("b", "qixintong", 1)]
    for child in submissions.load_children(world.table, stands(world, key)):
        assert (child.tried, child.deferred, child.refused_by) == (("a",), ("a",), ("heji",))
    assert len(woken(world)) == 2


def test_who_was_on_the_way_elsewhere_waits_for_a_message_that_cannot_be_read() -> None:
    world, key = moved()
    world.table.delete(message_key(key.message_id))
    world.now += HOUR
    assert look(world, key).due_at == world.now + WAKE_UP_LOST
    assert children(world, key) == []


@pytest.mark.parametrize("state", [State.REFUSED, State.EXPIRED, State.CANCELED])
def test_what_is_over_is_looked_at_no_more(state: State) -> None:
    world, key = taken()
    put(world, key, state=state)
    assert look(world, key).due_at is None
    assert woken(world) == []


@pytest.mark.parametrize("state", [State.REFUSED, State.EXPIRED, State.CANCELED])
def test_a_reroute_that_ended_unsent_ends_its_recipient(state: State) -> None:
    """GIVEN a reroute whose worker died between its end and its recipient's WHEN the sweep looks THEN the recipient is
    what its first attempt came to, and the history has the end of the second."""
    world, key = sent("hbsmservice", "langyu", count=3, resend_undelivered=True)
    world.ingest(report_of(world, "a", stands(world, key).sent_reference, FIRST, status="undelivered"))
    (reroute,) = woken(world)
    transitions.ended_unsent(world.table, stands(world, reroute), state, Reason.BUSY, "so")
    assert stands(world, reroute).due_at is not None
    assert look(world, reroute).due_at is None
    (row,) = [item for item in world.items(key.message_id) if item["sk"] == FIRST]
    assert (row["status"], row["reported_by"]) == (Status.UNDELIVERED, "a")
    assert (row["history"][0]["account"], row["history"][0]["status"]) == ("a", Status.UNDELIVERED)
    assert {name: row["history"][1][name] for name in ("account", "reason", "vendor_status", "at")} == {
        "account": "b",
        "reason": Reason.BUSY,
        "vendor_status": "so",
        "at": world.now,
    }


# The run


def run(world: World, monkeypatch: pytest.MonkeyPatch, keys: Iterable[Key], until: int = 0) -> dict[str, int]:
    """A run whose index names these items, rightly or not."""
    monkeypatch.setattr(sweeping, "_due", lambda _sweeper, shard: list(keys) if shard == 0 else [])
    return sweeping.sweep(replace(world.sweeper(Seam()), until=until or world.now + MINUTE))


@pytest.mark.parametrize("how", ["due later", "due a millisecond later", "due no more", "gone"])
def test_an_index_that_lags_behind_does_no_harm(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN an item that the index still calls due WHEN somebody has seen to it meanwhile THEN it is left alone."""
    world, key = taken()
    at = submission_key(key)
    if how == "gone":
        world.table.delete(at)
    elif how == "due no more":
        world.table.update(Update(at, "REMOVE due_at, due_shard", {}))
    else:
        put(world, key, due_at=f"{world.now + (1 if 'millisecond' in how else HOUR):013d}")
    before = world.copy().db.items
    assert run(world, monkeypatch, [at]) == {"looked": 1, "failed": 0}
    assert world.db.items == before
    assert woken(world) == []


def test_what_is_due_this_very_moment_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    world, key = taken()
    put(world, key, due_at=f"{world.now:013d}")
    run(world, monkeypatch, [submission_key(key)])
    assert woken(world) == [key]


def test_what_somebody_else_just_saw_to_is_no_failure_and_hinders_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world, key = taken()
    put(world, key, due_at=f"{world.now:013d}")
    seen: list[Key] = []

    def lost(_sweeper: object, key: Key) -> None:
        seen.append(key)
        raise ConditionFailed(None)

    monkeypatch.setattr(sweeping, "_look", lost)
    assert run(world, monkeypatch, [("one", "S#"), ("two", "S#")]) == {"looked": 2, "failed": 0}
    assert seen == [("one", "S#"), ("two", "S#")]


@pytest.mark.parametrize(("left", "looked"), [(1, 3), (0, 1), (-1, 1)])
def test_a_run_ends_in_time(left: int, looked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each shard looks at one thing at least, so that there is an end of everything."""
    world, _ = taken()
    keys = [("nothing", f"S#{index}") for index in range(3)]
    assert run(world, monkeypatch, keys, until=world.now + left) == {"looked": looked, "failed": 0}


# Parts


@pytest.mark.parametrize("gone", [False, True])
def test_parts_that_never_come_are_left_out(gone: bool) -> None:
    """GIVEN the first of two parts of a reply WHEN its window ends THEN what came is published as partial, and kept as
    long as any reply, also when its account is configured no more."""
    world = World(accounts_document((("a", "langyu", 0),)))
    world.ingest(reply_of(world, "a", FIRST, "first", emshead="7,2,1"))
    if gone:
        world.document = accounts_document((("other", "langyu", 0),))
    (end,) = world.due()
    world.now = end - 1
    world.sweep()
    assert replies_in(world) == []
    world.now = end
    world.sweep()
    (reply,) = replies_in(world)
    assert (reply["text"], reply["partial"], reply["account"], reply["vendor"]) == ("first", True, "a", "langyu")
    assert reply["ttl"] == end // SECOND + RETENTION
    assert world.due() == []


def replies_in(world: World) -> list[Item]:
    return [item for item in world.items("") if "partial" in item]
