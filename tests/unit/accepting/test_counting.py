"""No number ever gets one text more than its caps, whoever posts at once, dies or comes again; nothing counts twice.

The schedules: posts at the same numbers at the same time, in orders of their steps that are drawn by lot, with a worker
that dies, an AWS call that fails or the SDK's second try at any step, and clients that repeat their posts.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import pytest

from smsgateway.accepting.counting import Limits, count_all, counted_by_now, uncount_all
from smsgateway.accepting.post import Post, Refusal
from smsgateway.model import Cap, Message, Purpose
from smsgateway.rules.caps import DEFAULT_CAPS
from smsgateway.store.messages import accepted_message, load_payload, read_message
from smsgateway.store.numbers import Counted, load_number
from smsgateway.store.submissions import load_submissions
from smsgateway.store.suppressions import suppress
from tests.doubles.interleaving import Task, by_lot
from tests.doubles.seam import AwsError, Crash, Fault, Seam
from tests.doubles.world import DAY, HOUR, MINUTE, SECOND, World, accounts_document, numbers, post

DOCUMENT = accounts_document((("main", "hbsmservice", 0),))
TWO_A_REQUEST = accounts_document((("main", "hbsmservice", 2),))


def accepted_messages(world: World) -> dict[str, tuple[Message, tuple[str, ...]]]:
    """Every message that will be sent, with its numbers."""
    found: dict[str, tuple[Message, tuple[str, ...]]] = {}
    for item in world.items("msg_"):
        if item["sk"] == "M" and (message := accepted_message(item)):
            payloads = [load_payload(world.table, each.key) for each in load_submissions(world.table, message.id)]
            found[message.id] = message, tuple(number for payload in payloads for number in payload.numbers)
        elif "message" in item and item["sk"].startswith("S#"):
            found[item["pk"]] = read_message(item), (item["to"],)
    return found


def check_counted(world: World, purpose: Purpose, caps: Sequence[Cap] | None = None) -> Counter[str]:
    """Everything stored is counted once, and no number has more than its caps. How many texts each number gets."""
    texts: Counter[str] = Counter()
    moments: dict[str, list[int]] = {}
    for message, sent_to in accepted_messages(world).values():
        assert len(set(sent_to)) == len(sent_to) == message.recipients
        for number in sent_to:
            at = max(message.created_at, message.send_at or 0)
            counted = load_number(world.table, number).counted.get(purpose, ())
            times = [each.message_id for each in counted].count(message.id)
            assert times == 1 or at <= world.now - DAY, "stored, and not counted once"
            texts[number] += 1
            moments.setdefault(number, []).append(at)
    for times_of_one in moments.values():
        for count, window in DEFAULT_CAPS[purpose] if caps is None else caps:
            for first in times_of_one:
                assert sum(first <= other < first + window * SECOND for other in times_of_one) <= count, "over a cap"
    return texts


def attempt(world: World, given: Post, seam: Seam | None = None) -> int:
    """The status of the answer; 0 without one."""
    try:
        status, _ = world.accept(given, seam)
    except Refusal as refusal:
        return refusal.status
    except (Crash, AwsError):
        return 0
    return status


def otp(*to: str, **fields: Any) -> Post:
    return post(*to, purpose="otp", **fields)


def marketing(*to: str, **fields: Any) -> Post:
    return post(*to, purpose="marketing", **fields)


def test_a_second_password_within_a_minute_waits() -> None:
    """It is told when there is room again, and then it goes out."""
    world = World(DOCUMENT)
    number = numbers(1)[0]
    assert attempt(world, otp(number)) == 202
    world.now += 10 * SECOND
    with pytest.raises(Refusal) as refused:
        world.accept(otp(number))
    assert (refused.value.status, refused.value.retry_after) == (429, 50)
    assert "2026-01-01T00:01:00.000Z" in refused.value.errors[0][1]
    world.now += 50 * SECOND
    assert attempt(world, otp(number)) == 202
    assert check_counted(world, "otp") == {number: 2}


def test_who_is_over_a_cap_is_set_apart_from_the_others() -> None:
    """GIVEN a number with three texts of the day, and a suppressed one WHEN a list with both is posted THEN it goes to
    the others, its answer says who was refused and until when, and the same post gets the same answer."""
    world = World(TWO_A_REQUEST)
    full, suppressed, *others = numbers(6)
    for _ in range(3):
        assert attempt(world, marketing(full)) == 202
        world.now += MINUTE
    suppress(world.table, suppressed, world.now)
    given = marketing(others[0], full, *others[1:], suppressed, idempotency_key="k", body_hash="h")
    _, answer = world.accept(given)
    assert answer["recipients"] == 4
    assert answer["refused"] == [
        {"to": suppressed, "reason": "suppressed"},
        {"to": full, "reason": "too_frequent", "until": "2026-01-02T00:00:00.000Z"},
    ]
    world.now += MINUTE
    assert world.accept(given) == (202, answer)
    assert check_counted(world, "marketing") == {full: 3, **dict.fromkeys(others, 1)}
    world.settle()
    assert not world.vendors.requests_for(suppressed)
    assert len(world.vendors.requests_for(full)) == 3


@pytest.mark.parametrize("others", [0, 1, 2])
def test_a_list_of_which_few_are_left(others: int) -> None:
    """Nobody: told when. One: as any message to one number. Two: as any larger one."""
    world = World(DOCUMENT)
    *full, first, second = numbers(40)
    for _ in range(3):
        assert attempt(world, marketing(*full)) == 202
    rest = (first, second)[:others]
    given = marketing(*full, *rest, idempotency_key="k", body_hash="h")
    if not others:
        with pytest.raises(Refusal) as refused:
            world.accept(given)
        assert (refused.value.status, refused.value.retry_after) == (429, DAY // SECOND)
        assert len(accepted_messages(world)) == 3
        return
    _, answer = world.accept(given)
    assert (answer["recipients"], len(answer["refused"])) == (others, 38)
    assert world.accept(given) == (202, answer)
    check_counted(world, "marketing")
    world.settle()
    assert all(len(world.vendors.requests_for(number)) == 1 for number in rest)


def test_a_dry_run_says_the_same_and_counts_nothing() -> None:
    world = World(DOCUMENT)
    one, other = numbers(2)
    for _ in range(3):
        world.accept(marketing(one))
    before = dict(world.db.items)
    _, plan = world.accept(marketing(one, other, dry_run=True))
    assert [entry["reason"] for entry in plan["refused"]] == ["too_frequent"]
    assert world.db.items == before
    _, answer = world.accept(marketing(one, other))
    assert answer["refused"] == plan["refused"]
    with pytest.raises(Refusal) as refused:
        world.accept(marketing(one, dry_run=True))
    assert refused.value.status == 429


def test_a_later_text_counts_when_it_goes_out() -> None:
    """A password for tomorrow leaves room for one now, and none for another tomorrow."""
    world = World(DOCUMENT)
    number = numbers(1)[0]
    assert attempt(world, otp(number, send_at=world.now + DAY)) == 202
    assert attempt(world, otp(number)) == 202
    assert attempt(world, otp(number, send_at=world.now + DAY + 30 * SECOND)) == 429
    assert check_counted(world, "otp") == {number: 2}


def in_any_day(called: Sequence[int]) -> int:
    """The most calls that any 24 hours have."""
    return max(sum(first <= other < first + DAY for other in called) for first in called)


@pytest.mark.parametrize("count", [1, 3])
def test_what_is_spread_after_the_night_keeps_the_caps(count: int) -> None:
    """GIVEN marketing that is posted in several nights, and goes out some time after 08:00 THEN no number gets more
    than three texts in any 24 hours, and at the moment that a refusal names there is room."""
    world = World(DOCUMENT)
    world.now += 14 * HOUR  # 22:00 in Beijing
    to, accepted = numbers(count), 0
    for _ in range(3):
        evening = world.now
        answers = [attempt(world, marketing(*to)) for _ in range(4)]
        accepted += answers.count(202)
        world.settle(evening + 11 * HOUR)
        world.now = evening + DAY
    assert accepted >= 6
    for number in to:
        calls = zip(world.called, world.vendors.seen, strict=True)
        assert in_any_day([at for at, request in calls if number in request.numbers]) <= 3
    counted = load_number(world.table, to[0]).counted["marketing"]
    assert {each.late for each in counted} == {30 * MINUTE}
    with pytest.raises(Refusal) as refused:
        world.accept(marketing(*to))
    assert "2026-01-05T00:30:00.000Z" in refused.value.errors[0][1]
    world.now += 10 * HOUR + 30 * MINUTE
    assert attempt(world, marketing(*to)) == 202


def test_a_message_that_is_spread_is_uncounted_like_any_other() -> None:
    """Whether its numbers had items before or not; what others count stays."""
    world = World(DOCUMENT)
    to, now = numbers(3), world.now
    assert attempt(world, marketing(*to[:2])) == 202
    before = [load_number(world.table, number).counted for number in to]
    text = Counted(now + 12 * HOUR, "msg_night", 30 * MINUTE)
    limits = Limits("marketing", "sender", DEFAULT_CAPS["marketing"], frozenset(), text, now)
    assert not count_all(world.table, to, limits, now + MINUTE, paced=False)
    states = [load_number(world.table, number) for number in to]
    assert all(text in state.counted["marketing"] for state in states)
    assert all(counted_by_now(state, limits) for state in states)
    assert not any(counted_by_now(state, replace(limits, text=replace(text, late=HOUR))) for state in states)
    uncount_all(world.table, to, limits, now + MINUTE)
    assert [load_number(world.table, number).counted for number in to] == [before[0], before[1], {}]


@pytest.mark.parametrize("others", [0, 1])
def test_no_more_texts_are_planned_than_an_item_can_hold(others: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a number for which as many texts are planned as may be THEN another that is planned is refused until the
    first of them has gone out, and one that goes out now is not."""
    monkeypatch.setattr("smsgateway.store.numbers.MOST_PLANNED", 5)
    world = World(DOCUMENT)
    number, *rest = numbers(1 + others)
    first = world.now + HOUR
    for hour in range(5):
        assert attempt(world, otp(number, send_at=first + hour * HOUR)) == 202
    last = otp(number, *rest, send_at=first + 6 * HOUR)
    if others:
        _, answer = world.accept(last)
        assert answer["refused"] == [{"to": number, "reason": "too_frequent", "until": "2026-01-01T01:00:00.000Z"}]
    else:
        assert attempt(world, last) == 429
    assert attempt(world, otp(number)) == 202
    world.now = first
    assert attempt(world, otp(number, send_at=first + 6 * HOUR)) == 202
    check_counted(world, "otp")


def test_the_numbers_of_earlier_days_are_counted_again() -> None:
    """GIVEN numbers whose items have expired, and are not deleted yet THEN they are counted as if they were new."""
    world = World(DOCUMENT)
    for _ in range(5):
        assert attempt(world, marketing(*numbers(30))) == 202
        assert attempt(world, marketing(numbers(1)[0])) == 202
        check_counted(world, "marketing")
        world.now += 3 * DAY
    assert len(load_number(world.table, numbers(30)[7]).counted) == 0  # all expired


# Faults


POSTS = {
    "one": marketing(*numbers(1)),
    "several": marketing(*numbers(30)),
    "mixed": marketing(*numbers(3)),
}


def given_before(name: str) -> World:
    """A world in which the first two numbers have had two texts of their day's three, or the last: it is suppressed."""
    world = World(TWO_A_REQUEST)
    for _ in range(2 if name != "several" else 0):
        world.accept(marketing(*numbers(2)))
    if name == "mixed":
        suppress(world.table, numbers(3)[2], world.now)
    return world


@pytest.mark.parametrize("keyed", [False, True])
@pytest.mark.parametrize("name", POSTS)
def test_a_fault_at_any_step_counts_nothing_twice_and_loses_nothing(name: str, keyed: bool) -> None:
    """GIVEN a post whose acceptance fails at any step WHEN it is repeated, under its key or without one THEN what is
    stored is counted once, no number has more than its caps, and with a key each recipient gets one text."""
    given = marketing(*POSTS[name].to, **({"idempotency_key": "k", "body_hash": "h"} if keyed else {}))
    base, seam = given_before(name), Seam()
    before = check_counted(base, "marketing")
    assert attempt(base.copy(), given, seam) == 202
    for step in range(len(seam.steps)):
        for fault in Fault:
            world = base.copy()
            first = attempt(world, given, Seam({step: fault}))
            check_counted(world, "marketing")
            world.settle(world.now + 2 * MINUTE)
            second = attempt(world, given)
            assert second == 202 or (not keyed and second == 429), (step, fault, first, second)
            texts = check_counted(world, "marketing") - before
            if keyed:
                recipients = POSTS[name].to[:2] if name == "mixed" else POSTS[name].to
                assert texts == dict.fromkeys(recipients, 1), (step, fault)


# Schedules


@cache
def world_after(purpose: Purpose, earlier: tuple[tuple[int, int], ...]) -> World:
    """A world in which so many of the numbers were posted to, and so much time passed, once or more; to be copied."""
    world = World(TWO_A_REQUEST)
    for count, passed in earlier:
        attempt(world, post(*numbers(3)[:count], purpose=purpose))
        world.now += passed
    return world


def drawn(random: Random) -> tuple[World, list[Post]]:
    """A world and posts at few numbers at once."""
    purpose: Purpose = random.choice(("otp", "marketing"))
    earlier = [(random.randrange(1, 4), random.choice((0, 20 * SECOND, MINUTE))) for _ in range(random.randrange(3))]
    world, few = world_after(purpose, tuple(earlier)).copy(), numbers(3)
    posts = []
    for index in range(random.choice((2, 2, 3))):
        to = random.sample(few, random.randrange(1, 4))
        key = random.choice(("", "k", f"k{index}"))
        fields = {"idempotency_key": key, "body_hash": f"{sorted(to)}"} if key else {}
        posts.append(post(*to, purpose=purpose, **fields))
    return world, posts


SCHEDULES = 10_000
SHARES = 10


@pytest.mark.parametrize("share", range(SHARES))
def test_no_number_gets_one_text_more_than_its_caps(share: int) -> None:
    """GIVEN two or three posts at the same numbers WHEN they go on in any order, any of their calls fails or comes
    twice, and some are repeated THEN what is stored is counted once, and no cap is broken."""
    ended: Counter[int] = Counter()
    for seed in range(share, SCHEDULES, SHARES):
        random = Random(seed)
        world, posts = drawn(random)
        purpose = posts[0].purpose
        answers: list[int] = []

        def worker(given: Post, plan: dict[int, Fault], world: World = world, answers: list[int] = answers) -> Task:
            def work(seam: Seam) -> None:
                seam.plan = plan
                answers.append(attempt(world, given, seam))

            return Task(work)

        plans = [{random.randrange(12): random.choice(list(Fault))} if random.random() < 0.4 else {} for _ in posts]
        by_lot([worker(given, plan) for given, plan in zip(posts, plans, strict=True)], random)
        check_counted(world, purpose)
        world.now += random.choice((0, 2 * MINUTE))
        for given in posts:
            if given.idempotency_key or random.random() < 0.3:
                answers.append(attempt(world, given))
        check_counted(world, purpose)
        ended.update(answers)
    assert min(ended[status] for status in (0, 202, 409, 422, 429)) > 0, ended
