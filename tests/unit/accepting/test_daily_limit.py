"""A client's segments of the day: taken once for each message, however its acceptance goes, or given back."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from smsgateway.accepting import daily_limit
from smsgateway.accepting.post import Post, Refusal
from smsgateway.model import Client
from smsgateway.store.messages import read_message
from smsgateway.store.table import Item
from tests.doubles.interleaving import Task, run, schedules
from tests.doubles.seam import Fault, Seam
from tests.doubles.world import DAY, MINUTE, World, accounts_document, numbers, personal_post, post

POSTS: dict[str, Post] = {
    "one": post(*numbers(1)),
    "several": post(*numbers(3)),
    "personal": personal_post(*numbers(3)),
    "scheduled": post(*numbers(3), send_at=World("").now + DAY),
}


def document(limit: int) -> str:
    """The accounts document, with so many recipients a request, or as many as the vendor takes."""
    return accounts_document((("main", "hbsmservice", limit),))


def spent(world: World) -> int:
    (item,) = world.items("spent#")
    return int(item["spent"])


@pytest.mark.parametrize("key", ["", "k"])
@pytest.mark.parametrize("name", POSTS)
def test_what_is_accepted_is_paid_for_once(name: str, key: str) -> None:
    """GIVEN a client with a daily limit WHEN the SDK makes any write of a message's acceptance twice, and the post is
    repeated with its key THEN the message's segments are taken from the limit, and stay taken."""
    given = replace(POSTS[name], idempotency_key=key, body_hash="h")
    client = Client("shop", "sender", daily_segments=1000)
    seam = Seam()
    World(document(2)).accept(given, seam, client)
    for step in range(len(seam.steps)):
        world = World(document(2))
        _, answer = world.accept(given, Seam({step: Fault.TWICE}), client)
        assert spent(world) == answer["segments"], seam.steps[step]
        if key:
            world.now += MINUTE
            assert world.accept(given, None, client)[1] == answer
            assert spent(world) == answer["segments"]


class Ticking(World):
    """No two moments are the same."""

    @property
    def now(self) -> int:
        self._now += 1
        return self._now

    @now.setter
    def now(self, moment: int) -> None:
        self._now = moment


def test_a_rival_for_a_key_gets_its_segments_back() -> None:
    """GIVEN two posts with one key WHEN they come at the same time, in any order of their steps THEN one of them is
    paid for."""
    given = replace(POSTS["one"], idempotency_key="k", body_hash="h")
    client = Client("shop", "sender", daily_segments=1000)

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world = Ticking(document(0))

        def accepting(seam: Seam) -> None:
            world.accept(given, seam, client)

        def check() -> None:
            assert spent(world) == 1

        return [Task(accepting), Task(accepting)], check

    assert schedules(make, preemptions=2) > 5


LIMITED = Client("shop", "sender", daily_segments=3)


def posting(world: World, given: Post, answers: list[str | None]) -> Task:
    """A request of a client with a daily limit; `refused` is a limit that is spent."""

    def work(seam: Seam) -> None:
        try:
            answers.append(str(world.accept(given, seam, LIMITED)[1]["id"]))
        except Refusal as refusal:
            answers.append("in progress" if refusal.status == 409 and refusal.retry_after else "refused")

    return Task(work)


@pytest.mark.parametrize("name", ["several", "personal", "three segments to one"])
def test_a_repeated_post_is_not_refused_for_what_itself_has_spent(name: str) -> None:
    """GIVEN a limit that one message spends WHEN its post comes twice at once, in any order of their steps THEN one is
    accepted, the other gets its answer or is told to come again, and the limit is spent once."""
    long = post(*numbers(1), text="字" * 150)
    given = replace(POSTS.get(name, long), idempotency_key="k", body_hash="h")

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world, answers = Ticking(document(0)), list[str | None]()

        def check() -> None:
            assert "refused" not in answers
            assert set(answers) - {"in progress"} == {world.accept(given, None, LIMITED)[1]["id"]}
            assert spent(world) == 3

        return [posting(world, given, answers) for _ in range(2)], check

    assert schedules(make, preemptions=2) > 5


@pytest.mark.parametrize("name", ["several", "personal", "three segments to one"])
def test_twenty_posts_at_once(name: str) -> None:
    """GIVEN the same WHEN twenty come at once, each a step after the other THEN none is refused."""
    long = post(*numbers(1), text="字" * 150)
    given = replace(POSTS.get(name, long), idempotency_key="k", body_hash="h")
    for ticking in (True, False):  # whether each is of a moment of its own
        world, answers = (Ticking if ticking else World)(document(0)), list[str | None]()
        tasks = [posting(world, given, answers) for _ in range(20)]
        run(tasks, [index for _ in range(4) for index in range(20)])
        assert len(answers) == 20
        assert set(answers) - {"in progress"} == {world.accept(given, None, LIMITED)[1]["id"]}
        assert spent(world) == 3


def test_a_repeated_post_is_known_though_its_charge_is_forgotten() -> None:
    """GIVEN a post that looks for what was posted before WHEN its first is accepted then, with all that is left, and
    others' charges take the place of its own THEN it gets the answer of the first."""
    given = replace(POSTS["several"], idempotency_key="k", body_hash="h")
    world, firsts = World(document(0)), list[str]()

    def rival(name: str) -> None:
        if name == "update_item" and not firsts:
            firsts.append(world.accept(given, None, LIMITED)[1]["id"])
            (key,) = [key for key in world.db.items if key[0].startswith("spent#")]
            kept = {name: value for name, value in world.db.items[key].items() if not name.startswith("charged")}
            world.db.items[key] = kept

    assert [world.accept(given, Seam(pause=rival), LIMITED)[1]["id"]] == firsts
    assert spent(world) == 3


def test_a_limit_that_others_have_spent_is_spent() -> None:
    world = World(document(0))
    world.accept(post(*numbers(3)), None, LIMITED)
    with pytest.raises(Refusal) as refused:
        world.accept(replace(POSTS["one"], idempotency_key="k", body_hash="h"), None, LIMITED)
    assert refused.value.status == 429


@pytest.mark.parametrize("minute", [-1, 0])
def test_a_day_ends_in_beijing(minute: int) -> None:
    """GIVEN a post shortly before or after midnight in Beijing WHEN it loses its key to another after midnight THEN
    its segments go back to the day that they were taken from."""
    midnight = World("").now + 16 * 60 * MINUTE  # 2026-01-01T16:00Z
    world = World(document(0))
    world.now = midnight + minute * MINUTE
    message = replace(read_message(accepted_item()), created_at=world.now, segments=2)
    assert daily_limit.pay(world.table, LIMITED, message) == message
    (item,) = world.items("spent#")
    assert item["pk"] == f"spent#shop#2026-01-0{1 if minute else 2}"
    assert spent(world) == 2
    world.now += 2 * MINUTE
    daily_limit.give_back(world.table, LIMITED, message, replace(message, created_at=world.now))
    assert spent(world) == 0


def accepted_item() -> Item:
    world = World(document(0))
    _, answer = world.accept(POSTS["one"])
    return world.item((answer["id"], "S#00000"))
