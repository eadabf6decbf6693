"""Opting out of what is accepted and not yet marked: who has, gets no marketing any more, in every order of the steps.

Whoever was left out once stays left out, also after an opt-in, and everybody else gets the text once.
"""

import json
from collections.abc import Callable, Sequence

import pytest

from smsgateway.events import EventType, detail_of
from smsgateway.ids import SubmissionKey
from smsgateway.model import Reason, State, Status
from smsgateway.store.messages import load_payload
from smsgateway.store.numbers import OptIn, Suppression, scope_of
from smsgateway.store.spared import Spared, read_spared
from smsgateway.store.stops import allow_marketing, stop_marketing
from smsgateway.store.submissions import load_submission
from smsgateway.store.suppressions import suppress
from tests.doubles import invariants
from tests.doubles.interleaving import Task, schedules
from tests.doubles.receipts import masked_report, report_of
from tests.doubles.seam import Fault, Seam
from tests.doubles.world import CLIENT, MINUTE, SECOND, World, accounts_document, numbers, personal_post, post

FEW = numbers(3)
GONE = FEW[1]  # who opts out
LEFT = (FEW[0], FEW[2])
LAYOUTS = {"single": (GONE,), "several": FEW}
BEHAVIOURS = ("accepted", "moment", "account", "not sent", "ambiguous")
ACCOUNTS = (("main", "langyu", 0), ("spare", "hbsmservice", 0))


def accepted(
    to: Sequence[str], *script: str, accounts: tuple[tuple[str, str, int], ...] = ACCOUNTS, **fields: object
) -> tuple[World, SubmissionKey]:
    """A world that has accepted one marketing message a while ago, whose wake-up has been received."""
    world = World(accounts_document(accounts), script or ("accepted",))
    make = personal_post if fields.pop("personal", False) else post
    _, answer = world.accept(make(*to, purpose="marketing", **fields))
    world.queues.waiting.clear()
    world.now += 5 * MINUTE
    return world, SubmissionKey(answer["id"], "00000")


def stop(world: World, number: str = GONE, client: str = CLIENT.name, seam: Seam | None = None) -> None:
    table = world._table(seam) if seam else world.table
    stop_marketing(table, number, Suppression(world.now, client=client), world.now)


def opt_in(world: World, number: str = GONE) -> None:
    allow_marketing(world.table, number, scope_of(CLIENT.name), OptIn(world.now, world.now, "api"), world.now)


def asked(world: World, number: str = GONE) -> bool:
    return bool(world.vendors.requests_for(number))


def ended(world: World, key: SubmissionKey, to: Sequence[str]) -> dict[str, Status]:
    """Let everything come to its end, and check what must hold whatever happened."""
    world.settle()
    invariants.check_never_twice(world, to)
    found = invariants.check_ended(world, key.message_id, to)
    invariants.check_truth(world, found)
    invariants.check_events(world, key.message_id, found)
    return found


@pytest.mark.parametrize("who", ["client", "everybody", "administrator"])
@pytest.mark.parametrize("to", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize(
    ("vendor", "personal"), [("heji", False), ("heji", True), ("hbsmservice", True), ("infocloud", True)]
)
def test_who_has_opted_out_is_left_out(to: tuple[str, ...], who: str, vendor: str, personal: bool) -> None:
    """GIVEN a message that waits WHEN a recipient opts out THEN the others get it, and nobody is asked to send it to
    that one, whose status is `suppressed`."""
    world, key = accepted(to, accounts=(("main", vendor, 0),), personal=personal)
    if who == "administrator":
        suppress(world.table, GONE, world.now)
    else:
        stop(world, client="" if who == "everybody" else CLIENT.name)
    found = ended(world, key, to)
    assert not asked(world)
    assert found == dict.fromkeys(to, Status.UNKNOWN) | {GONE: Status.SUPPRESSED}
    in_all = [number for seen in world.vendors.seen for number in seen.numbers]
    assert sorted(in_all) == sorted(set(to) - {GONE})


@pytest.mark.parametrize("to", LAYOUTS.values(), ids=LAYOUTS)
def test_other_stops_do_not_count(to: tuple[str, ...]) -> None:
    """Of another client, and of marketing where the message is none."""
    world, key = accepted(to)
    stop(world, client="another")
    world.dispatch(key)
    assert asked(world)
    notice = World(accounts_document(ACCOUNTS))
    _, answer = notice.accept(post(*to))
    stop(notice)
    notice.dispatch(SubmissionKey(answer["id"], "00000"))
    assert asked(notice)


@pytest.mark.parametrize("to", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_worker_and_an_opt_out(behaviour: str, to: tuple[str, ...]) -> None:
    """GIVEN a worker and somebody who opts out WHEN they come in any order of their steps THEN nobody is asked to send
    after the stop was complete before the worker's claim, and everybody ends with one true status."""
    origin, key = accepted(to, behaviour, "accepted")

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world = origin.copy()
        world.vendors.script = origin.vendors.script
        looked = ["get_item", "batch_get_item"]
        order: list[str] = []

        def work(seam: Seam) -> None:
            outer = seam.pause

            def pause(name: str) -> None:
                outer(name)
                order.append("look" if name in looked else name)

            seam.pause = pause
            world.dispatch(key, seam)

        def opt_out(seam: Seam) -> None:
            stop(world, seam=seam)
            order.append("stopped")

        def check() -> None:
            before = order[: order.index("vendor")] if "vendor" in order else [*order, "look"]
            in_time = "stopped" in before and "look" in before[before.index("stopped") :]
            found = ended(world, key, to)
            if in_time:
                assert not asked(world)
                assert found[GONE] == Status.SUPPRESSED

        return [Task(work), Task(opt_out)], check

    assert schedules(make, preemptions=3) > 10


@pytest.mark.parametrize("behaviour", ["accepted", "account"])
def test_two_workers_and_an_opt_out(behaviour: str) -> None:
    origin, key = accepted(FEW, behaviour, "accepted")

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world = origin.copy()
        world.vendors.script = origin.vendors.script
        workers = [Task(lambda seam: world.dispatch(key, seam)) for _ in range(2)]
        return [*workers, Task(lambda seam: stop(world, seam=seam))], lambda: check(world)

    def check(world: World) -> None:
        found = ended(world, key, FEW)
        assert asked(world) or found[GONE] == Status.SUPPRESSED

    assert schedules(make, preemptions=1) > 10


@pytest.mark.parametrize("fault", [Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.ERROR_AFTER, Fault.TWICE])
@pytest.mark.parametrize("to", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("again", [False, True], ids=["stays", "opts in again"])
def test_a_worker_dies_over_it(to: tuple[str, ...], fault: Fault, again: bool) -> None:
    """GIVEN a recipient who has opted out WHEN the worker fails at any step THEN that recipient is not asked for, and
    the others once. An opt-in before the next worker counts only where nobody was told `suppressed`."""
    origin, key = accepted(to)
    stop(origin)
    plain = Seam()
    origin.copy().dispatch(key, plain)
    for step in range(len(plain.steps)):
        world = origin.copy()
        world.dispatch(key, Seam({step: fault}))
        told = invariants.statuses(world, key.message_id)[GONE]
        if again:
            opt_in(world)
        found = ended(world, key, to)
        if told == Status.SUPPRESSED or not again:
            assert not asked(world)
            assert found[GONE] == Status.SUPPRESSED


@pytest.mark.parametrize("behaviour", ["moment", "account", "not sent"])
@pytest.mark.parametrize("limit", [0, 1])
def test_who_was_left_out_once_stays_left_out(behaviour: str, limit: int) -> None:
    """GIVEN a first attempt without somebody, which was refused WHEN that one opts in again THEN the next attempts,
    also at an account that takes one recipient at once, are without that one too."""
    world, key = accepted(
        FEW, behaviour, "account", "accepted", accounts=(*ACCOUNTS[:1], ("spare", "hbsmservice", limit))
    )
    stop(world)
    world.dispatch(key)
    assert invariants.statuses(world, key.message_id)[GONE] == Status.SUPPRESSED
    opt_in(world)
    found = ended(world, key, FEW)
    assert not asked(world)
    assert found[GONE] == Status.SUPPRESSED


@pytest.mark.parametrize("died", [False, True])
def test_a_split_leaves_nobody_out_but_them(died: bool) -> None:
    """GIVEN a recipient who was left out WHEN the others go on in children, whose maker may have died THEN each child
    knows of it."""
    world, key = accepted(FEW, "account", "accepted", accounts=(("main", "langyu", 0), ("spare", "hbsmservice", 2)))
    stop(world)
    plain = Seam()
    world.copy().dispatch(key, plain)
    moved = plain.steps.index("vendor") + 1 + plain.steps[plain.steps.index("vendor") + 1 :].index("update_item")
    world.dispatch(key, Seam({moved: Fault.CRASH_AFTER} if died else {}))
    parent = load_submission(world.table, key)
    assert parent
    assert parent.state == State.MOVED
    found = ended(world, key, FEW)
    assert not asked(world)
    assert found == dict.fromkeys(LEFT, Status.UNKNOWN) | {GONE: Status.SUPPRESSED}


def test_a_second_attempt_after_a_doubt_denies_nothing() -> None:
    """GIVEN `resend.unconfirmed`, and an attempt that may have reached everybody WHEN one opts out before the next THEN
    the next is without that one, of whom nobody knows what became."""
    world, key = accepted(FEW, "ambiguous", "accepted", resend_unconfirmed=True)
    world.dispatch(key)
    stop(world)
    world.settle()
    assert [GONE in seen.numbers for seen in world.vendors.seen] == [True, False]
    found = invariants.check_ended(world, key.message_id, FEW)
    assert set(found.values()) == {Status.UNKNOWN}


def test_a_single_message_in_doubt_is_not_sent_again() -> None:
    world, key = accepted((GONE,), "ambiguous", "accepted", resend_unconfirmed=True)
    world.dispatch(key)
    stop(world)
    world.settle()
    assert len(world.vendors.seen) == 1
    assert invariants.check_ended(world, key.message_id, (GONE,)) == {GONE: Status.UNKNOWN}


@pytest.mark.parametrize("to", LAYOUTS.values(), ids=LAYOUTS)
def test_a_reroute_that_waits_is_not_sent_to_who_has_opted_out(to: tuple[str, ...]) -> None:
    """GIVEN a reroute after a failure WHEN its recipient opts out before it is sent THEN the failure stands."""
    world, key = accepted(to, accounts=(("main", "langyu", 0), ("spare", "langyu", 0)), resend_undelivered=True)
    world.dispatch(key)
    seen = world.vendors.seen[0]
    world.ingest(report_of(world, "main", seen.id_of(GONE), GONE, status="failed"))
    stop(world)
    world.settle()
    assert [GONE in seen.numbers for seen in world.vendors.seen].count(True) == 1
    assert invariants.statuses(world, key.message_id)[GONE] == Status.UNDELIVERED


def test_what_is_told_of_it() -> None:
    """The event of the submission counts whom it was sent to; the one who was left out has no vendor's id; a report of
    failure of that one changes nothing, and a masked number means one of the others."""
    world, key = accepted(FEW, accounts=(("main", "infocloud", 0),))
    stop(world)
    world.dispatch(key)
    (event,) = [event for event in world.events() if event.type == EventType.SUBMITTED]
    assert detail_of(event)["recipients"] == 2
    assert detail_of(event)["segments"] == 2
    submission = load_submission(world.table, key)
    assert submission
    assert submission.not_sent_to == {GONE}
    world.ingest(report_of(world, "main", world.vendors.seen[0].id_of(FEW[0]), GONE, status="undelivered"))
    assert invariants.statuses(world, key.message_id)[GONE] == Status.SUPPRESSED
    assert load_payload(world.table, key).numbers == FEW


def test_nothing_more_is_read_where_nobody_has_opted_out() -> None:
    """One read, which says so, in place of that for a cancellation; thousands of recipients are not looked up."""
    world, key = accepted(FEW)
    seam = Seam()
    world.dispatch(key, seam)
    with_stop = Seam()
    stop(world, client="another")
    notice = World(accounts_document(ACCOUNTS))
    _, answer = notice.accept(post(*FEW))
    notice.dispatch(SubmissionKey(answer["id"], "00000"), with_stop)
    assert len(seam.steps) == len(with_stop.steps)


def test_a_message_of_whom_all_have_opted_out_was_not_canceled() -> None:
    """GIVEN a message that has ended because nobody was left WHEN its client cancels it THEN it is too late."""
    world, key = accepted(FEW)
    for number in FEW:
        stop(world, number)
    world.dispatch(key)
    submission = load_submission(world.table, key)
    assert submission
    assert (submission.state, submission.reason) == (State.CANCELED, Reason.SUPPRESSED)
    assert world.cancel(key.message_id) is None
    assert set(ended(world, key, FEW).values()) == {Status.SUPPRESSED}


def test_a_masked_number_means_one_of_the_others() -> None:
    """GIVEN two numbers that look alike when masked, of which one was left out WHEN such a report comes THEN it is the
    other's."""
    alike = ("13800001111", "13812341111")
    world, key = accepted(alike, accounts=(("main", "infocloud", 0),))
    stop(world, alike[0])
    world.dispatch(key)
    world.ingest(masked_report(world, "main", world.vendors.seen[0].ids[0], "138****1111"))
    found = invariants.statuses(world, key.message_id)
    assert found == {alike[0]: Status.SUPPRESSED, alike[1]: Status.DELIVERED}


def test_a_long_look_takes_another_moment() -> None:
    """GIVEN an account with a pace, and a look at so many recipients that the moment passes WHEN the call is made THEN
    at a moment of its own, not at the one that was missed."""
    document = json.loads(accounts_document((("main", "langyu", 0),)))
    document["accounts"][0]["options"]["requests_per_second"] = 10
    world, key = accepted(FEW, accounts=(("main", "langyu", 0),))
    world.document = json.dumps(document)
    stop(world)
    reads: list[str] = []

    def slow(name: str) -> None:
        reads.append(name)
        if name == "batch_get_item" and reads.count(name) == 3:  # the work, the stops, the numbers
            world.now += SECOND

    world.dispatch(key, Seam(pause=slow))
    submission = load_submission(world.table, key)
    assert submission
    assert (submission.state, submission.attempts, len(world.called)) == (State.SUBMITTED, (), 1)


def test_the_packed_numbers_of_the_largest_request_fit_an_item() -> None:
    everybody = frozenset(f"1{index * 7919 % 10**10:010d}" for index in range(50_000))
    item = Spared(everybody, 50_000).attributes()
    assert read_spared(item) == Spared(everybody, 50_000)
    assert len(item["spared"]) < 380_000
