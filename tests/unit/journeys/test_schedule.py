"""When a submission that goes on later goes on: on the second, whatever carries its wake-up, and never before."""

import pytest

from smsgateway.ids import SubmissionKey
from smsgateway.queues import parse_wake_up
from smsgateway.store import breakers
from tests.doubles.world import DAY, HOUR, MINUTE, SECOND, World, accounts_document, numbers, post

PURPOSES = ("otp", "notice", "marketing")


def run(world: World, until: int) -> list[int]:
    """Let everything come as it does: queues at once, the sweep once a minute. The moments at which a vendor was called
    (epoch ms)."""
    called: list[int] = []
    sweep_at = world.now + 17 * SECOND
    while world.now < until:
        before = len(world.vendors.seen)
        world.deliver()
        if world.now >= sweep_at:
            world.sweep()
            sweep_at += MINUTE
        if len(world.vendors.seen) > before:
            called.append(world.now)
        moments = [sweep_at, *(message.at for message in world.queues.waiting)]
        world.now = max(world.now, min(moments))
    return called


@pytest.mark.parametrize("ahead", [1, 59, 60, 61, 119, 121, 300, 899, 900, 901, 3_600, 86_401])
@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_scheduled_message_is_sent_on_the_second(purpose: str, ahead: int) -> None:
    """GIVEN a message for later WHEN its time comes THEN it is sent then, within two seconds; and nothing has waited in
    the urgent queue for longer than a minute, which would tell that passwords do (asserted in the queues)."""
    world = World(accounts_document((("main", "langyu", 0),)))
    due = world.now + ahead * SECOND
    world.accept(post(*numbers(1), purpose=purpose, send_at=due))
    called = run(world, due + MINUTE)
    assert len(called) == 1
    assert 0 <= called[0] - due <= 2 * SECOND


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_lost_wake_up_of_a_scheduled_message_is_made_up_for(purpose: str) -> None:
    for ahead in (30, 300, 3_600):
        world = World(accounts_document((("main", "langyu", 0),)))
        due = world.now + ahead * SECOND
        world.accept(post(*numbers(1), purpose=purpose, send_at=due))
        world.queues.waiting.clear()
        called = run(world, due + 4 * MINUTE)
        assert len(called) == 1
        assert due <= called[0] <= due + 4 * MINUTE


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_wake_up_that_comes_early_changes_nothing(purpose: str) -> None:
    """GIVEN a message for tomorrow WHEN it is woken up now, as by hand THEN it is sent tomorrow."""
    world = World(accounts_document((("main", "langyu", 0),)))
    due = world.now + DAY
    _, answer = world.accept(post(*numbers(1), purpose=purpose, send_at=due))
    (item,) = [each for each in world.items(answer["id"]) if each["sk"].startswith("S#")]
    assert world.dispatch(SubmissionKey(item["pk"], item["sk"][2:]))
    assert world.queues.waiting == []
    called = run(world, due + MINUTE)
    assert len(called) == 1
    assert 0 <= called[0] - due <= 2 * SECOND


@pytest.mark.parametrize("seconds", [30, 61, 299, 3_000])
@pytest.mark.parametrize("purpose", PURPOSES)
def test_an_open_breaker_is_waited_for_and_no_longer(purpose: str, seconds: int) -> None:
    """GIVEN the only account's breaker open for a while WHEN it closes THEN the message goes within two seconds, or a
    minute after a wait of more than a quarter of an hour."""
    world = World(accounts_document((("main", "langyu", 0),)))
    world.accept(post(*numbers(1), purpose=purpose, valid_for=HOUR // SECOND))
    closes = world.now + seconds * SECOND
    breakers.count_failure(world.table, "main", limit=1, until=closes)
    waiting, world.queues.waiting = world.queues.waiting, []
    for message in waiting:
        world.dispatch(parse_wake_up(message.body)._replace(clear_until=0))
    called = run(world, closes + 3 * MINUTE)
    assert len(called) == 1
    assert 0 <= called[0] - closes <= (2 if seconds <= 900 else 60) * SECOND
