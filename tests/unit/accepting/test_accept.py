"""Acceptance under every fault, and the client's repetitions after it.

Nothing is sent that was not accepted, and an Idempotency-Key makes one message, however often it is used.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest

from smsgateway.accepting.post import Post, Refusal
from smsgateway.ids import SubmissionKey, root_path
from smsgateway.store.messages import load_message
from tests.doubles import invariants
from tests.doubles.interleaving import Task, schedules
from tests.doubles.seam import AwsError, Crash, Fault, Seam
from tests.doubles.world import DAY, MINUTE, World, accounts_document, numbers, personal_post, post

# Recipients a request: the same message is cut in another way when the configuration changes between two attempts.
LIMITS = (2, 1, 0)
POSTS: dict[str, Post] = {
    "one": post(*numbers(1)),
    "several": post(*numbers(3)),
    "personal": personal_post(*numbers(3)),
    "scheduled": post(*numbers(3), send_at=World("").now + DAY),
}
PAUSES = {"at once": 0, "after a minute and a half": MINUTE * 3 // 2, "after the sweep": 10 * MINUTE}


def document(limit: int) -> str:
    return accounts_document((("main", "hbsmservice", limit),))


def attempt(world: World, given: Post, seam: Seam | None = None) -> str | None:
    """The id of the answer, None without one, `refused` for a refusal of the key."""
    try:
        status, answer = world.accept(given, seam)
    except Refusal as refusal:
        return "in progress" if refusal.status == 409 else "refused"
    except (Crash, AwsError):
        return None
    assert status == 202
    return str(answer["id"])


def until_accepted(world: World, given: Post) -> str:
    """A client that repeats its post until it is answered."""
    for _ in range(10):
        answer = attempt(world, given)
        if answer not in (None, "in progress"):
            return str(answer)
        world.settle(world.now + MINUTE)
    raise AssertionError("the post is never accepted")


def faults(given: Post) -> Iterator[dict[int, Fault]]:
    seam = Seam()
    attempt(World(document(LIMITS[0])), given, seam)
    for step in range(len(seam.steps)):
        for fault in Fault:
            yield {step: fault}


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("name", POSTS)
def test_what_was_not_accepted_is_not_sent(name: str) -> None:
    """GIVEN a post without a key WHEN its acceptance fails at any step, for good THEN all of it is sent once, or
    nothing; all of it, if it was answered; and nothing is left to do."""
    given = POSTS[name]
    for plan in faults(given):
        world = World(document(LIMITS[0]))
        answer = attempt(world, given, Seam(plan))
        world.settle()
        recipients = [number for number in numbers(3) if number in (given.to or [one.to for one in given.personal])]
        sent = [number for number in recipients if world.vendors.requests_for(number)]
        assert sent in ([], recipients), plan
        assert answer is None or answer == "in progress" or sent, plan
        invariants.check_never_twice(world, recipients)
        assert not world.due(), plan


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("pause", PAUSES)
@pytest.mark.parametrize("name", POSTS)
def test_a_key_makes_one_message(name: str, pause: str) -> None:
    """GIVEN a post with a key WHEN its acceptance fails at any step and it is repeated, while the configuration cuts
    the message in another way THEN there is one message, and each recipient is sent to once."""
    given = replace(POSTS[name], idempotency_key="k", body_hash="h")
    for plan in faults(given):
        for limit in LIMITS:
            world = World(document(LIMITS[0]))
            first = attempt(world, given, Seam(plan))
            world.settle(world.now + PAUSES[pause])
            world.document = document(limit)
            second = until_accepted(world, given)
            assert first in (None, "in progress", second), (plan, limit)
            assert until_accepted(world, given) == second
            world.settle()
            recipients = numbers(1 if name == "one" else 3)
            invariants.check_never_twice(world, recipients)
            found = invariants.check_ended(world, second, recipients)
            invariants.check_truth(world, found)
            assert all(world.vendors.requests_for(number) for number in recipients), (plan, limit)


RIVALS: dict[str, tuple[Post, Post]] = {
    "the same": (POSTS["several"], POSTS["several"]),
    "the same to one": (POSTS["one"], POSTS["one"]),
    "one and several": (POSTS["one"], POSTS["several"]),
    "several others": (post(*numbers(2)), post(*numbers(5)[2:])),
}


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("rivals", RIVALS)
def test_rivals_for_a_key_make_one_message(rivals: str) -> None:
    """GIVEN two posts with one key WHEN they come at the same time, in any order of their steps, and are repeated
    THEN one of them is the message, the other is refused if it is another one, and nobody is sent to twice."""
    first, second = RIVALS[rivals]
    both = [replace(given, idempotency_key="k", body_hash=f"{given.to}") for given in (first, second)]

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world = World(document(2))
        answers: dict[int, str | None] = {}

        def accepting(index: int) -> Task:
            def work(seam: Seam) -> None:
                answers[index] = attempt(world, both[index], seam)

            return Task(work)

        def check() -> None:
            for index, given in enumerate(both):
                answers[index] = (
                    answers[index] if answers[index] not in (None, "in progress") else (until_accepted(world, given))
                )
            ids = [answer for answer in answers.values() if answer != "refused"]
            assert len(set(ids)) == 1
            assert len(ids) == (2 if first == second else 1), answers
            world.settle()
            winner = next(given for index, given in enumerate(both) if answers[index] != "refused")
            found = invariants.check_ended(world, str(ids[0]), winner.to)
            invariants.check_never_twice(world, found)
            seen = {number for one in world.vendors.seen for number in one.numbers}
            assert seen == set(winner.to)

        return [accepting(0), accepting(1)], check

    assert schedules(make, preemptions=2) > 10


@pytest.mark.usefixtures("blocks")
def test_a_dead_acceptance_is_cleared_away() -> None:
    """GIVEN an acceptance that died after it filed its submissions WHEN the sweep comes THEN none of them is left."""
    world = World(document(1))
    seam = Seam()
    attempt(world.copy(), POSTS["several"], seam)
    last = len(seam.steps) - seam.steps[::-1].index("update_item") - 1
    assert attempt(world, POSTS["several"], Seam({last: Fault.CRASH_BEFORE})) is None
    (message,) = [item for item in world.items("msg_") if item["sk"] == "M"]
    left = invariants.roots_and_children(world, message["pk"])
    assert len(left) == 3
    for submission in left:
        assert world.dispatch(submission.key)
    assert not world.vendors.seen
    world.settle()
    assert invariants.roots_and_children(world, message["pk"]) == []
    loaded = load_message(world.table, message["pk"])
    assert loaded is not None
    assert not loaded[1]
    assert not world.vendors.seen


@pytest.mark.usefixtures("blocks")
def test_the_sweep_and_a_repeated_post() -> None:
    """GIVEN an acceptance that died WHEN its post is repeated, in any order with the steps of the sweep that clears it
    away THEN the message is sent, to each once."""
    given = replace(POSTS["several"], idempotency_key="k", body_hash="h")
    origin, seam = World(document(0)), Seam()
    attempt(origin.copy(), given, seam)
    last = len(seam.steps) - seam.steps[::-1].index("update_item") - 1
    assert attempt(origin, given, Seam({last: Fault.CRASH_BEFORE})) is None
    origin.now += 5 * MINUTE

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world = origin.copy()
        answers: list[str | None] = []

        def check() -> None:
            (answer,) = answers
            world.settle()
            invariants.check_never_twice(world, numbers(3))
            invariants.check_ended(world, str(answer), numbers(3))
            assert sorted(number for seen in world.vendors.seen for number in seen.numbers) == list(numbers(3))

        return [Task(world.sweep), Task(lambda seam: answers.append(attempt(world, given, seam)))], check

    assert schedules(make, preemptions=2) > 20


def died(given: Post, before: str = "update_item") -> World:
    """A world in which a post's acceptance died before its last call of this kind, and is dead."""
    world, seam = World(document(LIMITS[0])), Seam()
    attempt(world.copy(), given, seam)
    last = len(seam.steps) - seam.steps[::-1].index(before) - 1
    assert attempt(world, given, Seam({last: Fault.CRASH_BEFORE})) is None
    world.now += 2 * MINUTE
    return world


@pytest.mark.usefixtures("blocks")
def test_an_acceptance_after_a_dead_one_knows_its_own_writes() -> None:
    """GIVEN an acceptance that died WHEN its post is repeated, and the SDK makes any of its writes twice THEN it is
    accepted at once."""
    given = replace(POSTS["several"], idempotency_key="k", body_hash="h")
    origin, seam = died(given), Seam()
    assert attempt(origin.copy(), given, seam)
    for step in range(len(seam.steps)):
        world = origin.copy()
        answer = attempt(world, given, Seam({step: Fault.TWICE}))
        assert answer not in (None, "in progress"), seam.steps[step]
        world.settle()
        invariants.check_never_twice(world, numbers(3))
        invariants.check_ended(world, str(answer), numbers(3))


@pytest.mark.parametrize("again", ["one", "several"])
def test_whoever_comes_again_after_retry_after_is_served(again: str) -> None:
    """GIVEN an acceptance that died WHEN a post with its key is told after how many seconds to repeat it THEN before
    that it is told so again, and then it is accepted."""
    world, seam = World(document(LIMITS[0])), Seam()
    first = replace(POSTS["several"], idempotency_key="k", body_hash="h")
    attempt(world.copy(), first, seam)
    last = len(seam.steps) - seam.steps[::-1].index("update_item") - 1
    assert attempt(world, first, Seam({last: Fault.CRASH_BEFORE})) is None
    given, seconds = replace(POSTS[again], idempotency_key="k", body_hash="other"), 0
    for _ in range(3):
        with pytest.raises(Refusal) as refused:
            world.accept(given)
        assert refused.value.status == 409
        assert refused.value.retry_after
        seconds = refused.value.retry_after
        world.now += max(0, seconds - 2) * 1000
    assert seconds <= 2
    world.now += seconds * 1000
    _, answer = world.accept(given)
    world.settle()
    invariants.check_never_twice(world, given.to)
    invariants.check_ended(world, answer["id"], given.to)
    assert {number for seen in world.vendors.seen for number in seen.numbers} == set(given.to)


@pytest.mark.parametrize("name", POSTS)
def test_what_is_kept_shortly_is_kept_until_it_is_sent(name: str) -> None:
    """GIVEN the shortest retention WHEN a message is scheduled far ahead THEN it is sent, and told of."""
    world = World(document(LIMITS[0]))
    world.retention = 7 * DAY // 1000
    _, answer = world.accept(replace(POSTS[name], send_at=world.now + 30 * DAY))
    recipients = numbers(1 if name == "one" else 3)
    world.settle(world.now + 31 * DAY)
    assert all(world.vendors.requests_for(number) for number in recipients)
    assert set(invariants.statuses(world, answer["id"])) == set(recipients)


def test_an_accepted_message_is_sent_beside_a_rivals_unfinished_acceptance() -> None:
    """GIVEN an acceptance to several that has died over its claim WHEN a message to one is accepted under the same key
    THEN it is sent."""
    world = World(document(0))
    both = [replace(POSTS[name], idempotency_key="k", body_hash=name) for name in ("several", "one")]
    seam = Seam()
    attempt(world.copy(), both[0], seam)
    claimed = seam.steps.index("put_item")
    assert attempt(world, both[0], Seam({claimed: Fault.CRASH_AFTER})) is None
    _, answer = world.accept(both[1])
    (claim,) = [item for item in world.items(answer["id"]) if item["sk"] == "M"]
    assert "accepting_until" in claim
    world.dispatch(SubmissionKey(answer["id"], root_path(0)))
    assert [seen.numbers for seen in world.vendors.seen] == [numbers(1)]
