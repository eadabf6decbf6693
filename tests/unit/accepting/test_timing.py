"""When a message is sent, and until when: at once, at its `send_at`, or after the quiet hours that it falls into."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.accepting.post import Refusal
from smsgateway.accepting.timing import times_of
from smsgateway.api import message_view
from smsgateway.clock import iso
from smsgateway.model import SetApart, Status
from smsgateway.queues import parse_wake_up
from smsgateway.rules.quiet_hours import MINUTE, SPREAD, quiet_until
from smsgateway.store.submissions import load_submissions
from tests.doubles import invariants
from tests.doubles.world import DAY, HOUR, SECOND, START, World, accounts_document, numbers, personal_post, post

NIGHT = (21 * 60, 8 * 60)
EVENING = START + 13 * HOUR  # 21:00 in Beijing
MORNING = START + DAY
DOCUMENT = accounts_document((("main", "langyu", 1), ("spare", "hbsmservice", 0)))


def world_at(now: int) -> World:
    world = World(DOCUMENT)
    world.now = now
    return world


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("fields", [{}, {"account": "main"}, {"send_at": EVENING + 5 * HOUR}], ids=str)
def test_marketing_is_postponed(count: int, fields: dict[str, object]) -> None:
    """GIVEN marketing for a moment at night WHEN it is posted THEN it is scheduled, each request for its own moment
    within half an hour after the night; the answers say so."""
    world = world_at(EVENING + HOUR)
    posted = replace(personal_post(*numbers(count), purpose="marketing", **fields), idempotency_key="k", body_hash="b")
    status, answer = world.accept(posted)
    planned = int(str(fields.get("send_at", world.now)))
    assert (status, answer["status"]) == (202, "scheduled")
    assert answer["postponed"] == {"reason": "quiet_hours", "from": iso(planned), "until": iso(MORNING)}
    assert world.queues.waiting == []
    for submission in load_submissions(world.table, answer["id"]):
        assert MORNING <= submission.next_at < MORNING + SPREAD
        assert submission.due_at
        assert submission.due_at < submission.next_at
    assert set(invariants.statuses(world, answer["id"]).values()) == {Status.SCHEDULED}
    whole = message_view.load_whole(world.table, answer["id"], world.now)
    assert whole
    shown = message_view.message_fields(whole, *message_view.counts(world.table, whole, world.now), SetApart())
    assert (shown["postponed"], shown["send_at"]) == (answer["postponed"], iso(MORNING))
    assert (shown["status"], shown["counts"]) == ("scheduled", {"scheduled": count})
    world.now += HOUR
    assert world.accept(posted) == (202, answer)


def test_a_dry_run_says_so() -> None:
    world = world_at(EVENING)
    _, answer = world.accept(post(*numbers(2), purpose="marketing", dry_run=True))
    expected = {"reason": "quiet_hours", "from": iso(EVENING), "until": iso(MORNING)}
    assert answer["postponed"] == answer["plan"]["postponed"] == expected
    assert answer["plan"]["valid_until"] == iso(MORNING + 3 * DAY)


def test_a_route_without_quiet_hours_knows_no_night() -> None:
    world = world_at(EVENING)
    world.document = world.document.replace('"purpose": "*"', '"purpose": "*", "quiet_hours": null')
    _, answer = world.accept(post(*numbers(2), purpose="marketing"))
    assert (answer["status"], answer["postponed"]) == ("queued", None)
    world.deliver()
    assert world.called


def test_what_would_not_be_valid_any_more_is_refused() -> None:
    """With how long it must be valid at least: then it is accepted."""
    world = world_at(EVENING)
    with pytest.raises(Refusal) as refused:
        world.accept(post(*numbers(1), purpose="marketing", valid_for=10 * HOUR // SECOND))
    ((loc, problem),) = refused.value.errors
    assert (refused.value.status, loc) == (422, "valid_for")
    least = int(problem.rpartition(" ")[2])
    world.accept(post(*numbers(1), purpose="marketing", valid_for=least))
    with pytest.raises(Refusal):
        world.accept(post(*numbers(1), purpose="marketing", valid_for=least - 1))


HOURS = st.tuples(st.integers(0, 1439), st.integers(0, 1439)).filter(lambda hours: hours[0] != hours[1])


@given(
    st.integers(START, START + 2 * DAY),
    st.none() | st.integers(0, 3 * DAY),
    st.none() | st.integers(1, 259_200),
    HOURS,
)
def test_every_moment_of_it_is_allowed(
    now: int, ahead: int | None, valid_for: int | None, hours: tuple[int, int]
) -> None:
    """GIVEN any post and any quiet hours WHEN it is accepted THEN each moment at which something of it may go out lies
    outside of them, and within the time for which it is valid."""
    send_at = None if ahead is None else now + ahead
    given = post("13800138000", purpose="marketing", send_at=send_at, valid_for=valid_for)
    try:
        times = times_of(given, hours, now)
    except Refusal:
        assert valid_for is not None
        return
    first = max(now, times.send_at or now)
    for moment in (first, first + max(0, times.spread - 1)):
        assert quiet_until(moment, hours) is None
        assert moment < times.valid_until
    assert times.spread <= SPREAD
    assert (times.postponed_from is None) == (times.spread == 0) == (quiet_until(send_at or now, hours) is None)
    assert times.valid_until >= first + MINUTE or valid_for is not None


def test_sweep_alone_wakes_up_what_was_postponed() -> None:
    """Also shortly before the end, where a queue could hold the wake-ups: all would come at once."""
    world = world_at(MORNING - 10 * MINUTE)
    _, answer = world.accept(personal_post(*numbers(3), purpose="marketing"))
    assert world.queues.waiting == []
    for submission in load_submissions(world.table, answer["id"]):
        assert submission.due_at == submission.next_at - MINUTE


def test_no_hint_lets_marketing_be_marked_unread() -> None:
    world = world_at(START)
    for purpose in ("marketing", "notice"):
        world.accept(post(*numbers(1), purpose=purpose))
    of_marketing, of_notice = (parse_wake_up(each.body) for each in world.queues.waiting)
    assert of_marketing.clear_until == 0 < of_notice.clear_until
