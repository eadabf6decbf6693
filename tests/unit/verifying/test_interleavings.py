"""Requests for codes, checks, cancellations and clocks in every order, dying and repeated anywhere.

Whatever happens, no code is approved twice, none is compared too often, and none that nobody got is left for good.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import pytest

from smsgateway.model import Client
from smsgateway.rules.caps import DAY, DEFAULT_CAPS
from smsgateway.store import suppressions
from smsgateway.store.numbers import load_number
from smsgateway.store.verifications import APPROVED, MOST_ATTEMPTS
from smsgateway.verifying.view import message_ids, name_of
from tests.doubles import invariants
from tests.doubles.interleaving import Task, schedules
from tests.doubles.seam import Fault, Seam
from tests.doubles.world import post
from tests.unit.verifying.given import DOCUMENT, NUMBER, Verifying, history, uncapped, verifying

GENERATED = 10_000  # schedules
SLICES = 10
LONGEST = 10  # steps of one schedule, beside those within others
FAULTS = (None, None, None, *Fault)


@dataclass
class Schedule:
    """One schedule, drawn by a seed: each step may die anywhere, and others may run between two of its calls."""

    case: Verifying
    random: Random
    depth: int = 0

    def run(self) -> None:
        for _ in range(self.random.randint(3, LONGEST)):
            self.step()

    def step(self) -> None:
        """One thing that somebody does."""
        case, seam = self.case, self.seam()
        id_ = self.random.choice(case.ids) if case.ids else ""
        match self.random.randrange(12):
            case 0 | 1 | 2:
                case.start(seam)
            case 3 | 4 if id_:
                case.check(id_, case.code(id_), seam)
            case 5 | 6 | 7 if id_:
                case.check(id_, "000000" if case.code(id_) != "000000" else "000001", seam)
            case 8 if id_ and self.random.random() < 0.3:
                case.cancel(id_, seam)
            case 9:
                case.passed(self.random.choice((1, 30, 61, 61, 130, 299, 300)))
            case 10:
                case.world.deliver()
            case _:
                case.passed(61)

    def seam(self) -> Seam:
        """A seam that fails as drawn, and at which others run."""
        fault = self.random.choice(FAULTS)
        plan = {self.random.randrange(8): fault} if fault else {}
        meanwhile = self.random.randrange(6) if self.depth < 3 and self.random.random() < 0.5 else -1
        seam = Seam(plan)

        def pause(_name: str) -> None:
            if len(seam.steps) == meanwhile:
                Schedule(self.case, self.random, self.depth + 1).step()

        seam.pause = pause
        return seam


def assert_nothing_is_wrong(case: Verifying) -> None:
    """What must hold after every schedule."""
    invariants.schedules_checked += 1
    told = Counter(case.told.approved)
    for id_, versions in history(case.world).items():
        stages = [version["stage"]["S"] for version in versions]
        attempts = [int(version["attempts"]["N"]) for version in versions]
        approvals = sum(1 for before, after in pairwise(stages) if before != after == APPROVED)
        assert approvals <= 1, "a code was approved twice"
        assert told[id_] <= approvals, "a client was told of an approval that was not written"
        assert max(attempts) <= MOST_ATTEMPTS
        assert attempts == sorted(attempts)
        assert told[id_] + case.told.wrong.count(id_) <= max(attempts), "a code was compared and not counted"
        ended = [place for place, state in enumerate(stages) if state != "pending"]
        assert not ended or len(set(stages[ended[0] :])) == 1, "it went on after its end"
        assert len({(version["code_hash"]["S"], version["expires_at"]["N"]) for version in versions}) == 1
    assert set(told) <= set(history(case.world))


def assert_texts_are_right(case: Verifying) -> None:
    """Each message of a verification went out once at most, with its code, and to the number alone."""
    seen = case.world.vendors.requests_for(NUMBER)
    possible = sum(1 for each in seen if each.possible)
    assert possible <= len(case.messages())
    assert len(case.messages()) <= sum(
        max(int(version["posts"]["N"]) for version in versions) for versions in history(case.world).values()
    )


def assert_no_cap_is_broken(case: Verifying) -> None:
    """A number got one text a minute, five an hour and ten a day, whoever died over it."""
    moments = sorted(item["message"]["created_at"] for item in case.messages())
    for texts, seconds in DEFAULT_CAPS["otp"]:
        for first, last in zip(moments, moments[texts:], strict=False):
            assert last - first >= seconds * 1000, f"more than {texts} texts in {seconds} seconds"


def assert_the_client_is_charged(case: Verifying) -> None:
    """Each message was counted for its client."""
    counted = sum(item.get("posts", 0) for item in case.world.items("conversions#"))
    assert counted >= len(case.messages()), "a message was not counted for its client"


def assert_the_next_request_makes_it_good(case: Verifying) -> None:
    """What somebody left undone, the next request of the same client does: then the code can be typed in."""
    again = case.start()
    assert again
    newest = case.standing()
    assert newest
    assert newest.nonce == again.nonce
    assert message_ids(newest)[-1] in {item["pk"] for item in case.messages()}, "nobody gets the code"
    id_ = name_of(newest).id
    assert case.check(id_, case.code(id_)) == "approved"


@pytest.mark.parametrize("place", range(SLICES))
def test_ten_thousand_schedules_approve_no_code_twice(place: int) -> None:
    approved = 0
    for seed in range(place, GENERATED, SLICES):
        capped = seed // SLICES % 2 == 0
        case = verifying(document=DOCUMENT if capped else uncapped(DOCUMENT))
        Schedule(case, Random(seed)).run()
        try:
            assert_nothing_is_wrong(case)
            assert_texts_are_right(case)
            assert_the_client_is_charged(case)
            approved += len(case.told.approved)
            if capped:
                assert_no_cap_is_broken(case)
                case.passed(DAY)  # what is counted counts no more
            assert_the_next_request_makes_it_good(case)
            assert_nothing_is_wrong(case)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
    assert approved > GENERATED / SLICES / 20  # they were no empty schedules


# Real threads, in every order with two preemptions.


def both_orders(tasks: Callable[[Verifying], Sequence[Task]], before: Callable[[Verifying], object]) -> int:
    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        case = verifying(document=uncapped(DOCUMENT))
        before(case)

        def check() -> None:
            assert_nothing_is_wrong(case)
            assert_texts_are_right(case)
            assert_the_client_is_charged(case)

        return tasks(case), check

    return schedules(make, 2)


def right(case: Verifying) -> Task:
    return Task(lambda seam: case.check(case.ids[0], case.code(case.ids[0]), seam))


def wrong(case: Verifying) -> Task:
    return Task(lambda seam: case.check(case.ids[0], "x", seam))


@pytest.mark.parametrize("used", range(MOST_ATTEMPTS))
def test_two_right_checks_and_a_wrong_one_at_the_same_time(used: int) -> None:
    def before(case: Verifying) -> None:
        case.start()
        for _ in range(used):
            case.check(case.ids[0], "x")

    assert both_orders(lambda case: [right(case), right(case), wrong(case)], before) > 20


def test_a_check_a_cancellation_and_a_new_request_at_the_same_time() -> None:
    def tasks(case: Verifying) -> list[Task]:
        cancel = Task(lambda seam: case.cancel(case.ids[0], seam))
        return [right(case), cancel, Task(case.start)]

    assert both_orders(tasks, lambda case: case.start()) > 20


def test_three_requests_for_the_first_code_at_the_same_time() -> None:
    """One code, one message, and the same answer for all."""

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        case = verifying(document=uncapped(DOCUMENT))

        def check() -> None:
            assert_nothing_is_wrong(case)
            assert len(case.ids) == len(case.messages()) == 1

        return [Task(case.start)] * 3, check

    assert schedules(make, 1) > 20


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("posts", [1, 2])
@pytest.mark.parametrize("document", [DOCUMENT, uncapped(DOCUMENT)], ids=["capped", "uncapped"])
def test_a_request_that_dies_anywhere_is_made_good_by_the_next(fault: Fault, posts: int, document: str) -> None:
    """GIVEN a request that dies, fails or is repeated at any of its calls WHEN the client asks again within the pause
    THEN the message is posted once, and the first code is the only one."""
    for step in range(12):
        case = verifying(document=document)
        if posts == 2:
            assert case.start()
            case.passed(61)
        seam = Seam({step: fault})
        case.start(seam)
        again = case.start()
        assert again
        assert (again.posts, len(case.posted(again))) == (posts, posts), (step, fault)
        assert len(case.messages()) == posts
        if document == DOCUMENT:
            state = load_number(case.world.table, NUMBER)
            assert len(state.counted["otp"]) == posts, "it was counted twice"
        case.world.settle()
        assert len(case.world.vendors.requests_for(NUMBER)) == posts
        if step >= len(seam.steps):
            return
    raise AssertionError("a request has more calls than were tried")


@pytest.mark.parametrize("used", range(MOST_ATTEMPTS))
def test_a_check_that_the_sdk_repeats_is_one_attempt(used: int) -> None:
    """GIVEN a check whose write succeeds and is not heard of, so that the SDK makes it again WHEN it is the last
    attempt that is left THEN it is compared all the same, and no check uses two."""
    case = verifying()
    case.start()
    id_ = case.ids[0]
    for _ in range(used):
        case.check(id_, "x", Seam({0: Fault.TWICE}))
    standing = case.standing()
    assert standing
    assert standing.attempts == used
    assert case.check(id_, case.code(id_), Seam({0: Fault.TWICE, 1: Fault.TWICE})) == "approved"


def test_a_code_is_not_withdrawn_once_another_request_posts_it() -> None:
    """GIVEN a request whose message is refused WHEN another posts it before the first withdraws the code THEN the code
    that somebody got can be approved."""
    case = verifying()
    suppressions.suppress(case.world.table, NUMBER, case.world.now)

    def another(name: str) -> None:
        if name == "delete_item":
            suppressions.allow(case.world.table, NUMBER, case.world.now)
            assert case.start()

    assert case.start(Seam(pause=another)) is None
    assert [len(case.ids), len(case.messages())] == [1, 1]
    assert case.check(case.ids[0], case.code(case.ids[0])) == "approved"


@pytest.mark.parametrize("fault", [None, *Fault])
def test_the_clients_cap_holds_where_its_numbers_cap_refuses(fault: Fault | None) -> None:
    """GIVEN a client that may have two messages an hour WHEN the number's cap refuses the second, and the request is
    repeated, and others come THEN there are two; a code that nobody got is given back."""
    for step in range(12):
        document = {**json.loads(DOCUMENT), "verifications": {"client": {"hour": 2}}}
        case = verifying(document=json.dumps(document))
        assert case.world.settings().verifications.client == 2
        suppressions.suppress(case.world.table, "13800138001", case.world.now)
        seam = Seam({step: fault} if fault else {})
        case.start(seam, to="13800138001")
        assert case.start()
        case.passed(60.5)
        case.world.accept(post(NUMBER, purpose="otp", text="其他 1234"), client=Client("bank", "sender"))
        case.passed(1)
        for _ in range(2):
            case.start()
            case.passed(60)
        for to in ("13800138002", "13800138003"):
            case.start(to=to)
        shops = [item for item in case.messages() if item["client"] == "shop"]
        assert len(shops) <= 2
        assert_nothing_is_wrong(case)
        if fault is None:
            assert len(shops) == 2
            return


def test_a_code_that_nobody_got_is_withdrawn() -> None:
    case = verifying()
    suppressions.suppress(case.world.table, NUMBER, case.world.now)
    assert case.start() is None
    assert case.standing() is None


def test_the_harness_sees_a_code_that_is_approved_twice() -> None:
    case = verifying()
    case.start()
    versions = history(case.world)
    ((id_, (first,)),) = versions.items()
    approved, pending = {**first, "stage": {"S": APPROVED}}, first
    case.world.db.stream += [(pending, approved), (approved, pending), (pending, approved)]
    with pytest.raises(AssertionError, match="approved twice"):
        assert_nothing_is_wrong(case)
    assert id_ in versions
