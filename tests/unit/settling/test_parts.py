"""Reports of a long message's parts, as hbsmservice pushes them.

The parts come in every order, repeated, contradicting each other, more than we count or fewer. The message ends with
what they add up to, and nothing rests on a guess.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsgateway.ids import SubmissionKey
from smsgateway.model import Reason, Status
from smsgateway.store.recipients import RecipientRow, load_rows, recipient_key
from smsgateway.store.submissions import load_submission
from smsgateway.store.table import to_wire
from tests.doubles import invariants
from tests.doubles.interleaving import Task, schedules
from tests.doubles.receipts import report_of
from tests.doubles.seam import Seam
from tests.doubles.world import World, accounts_document, numbers, post

WINDOW = 600  # seconds
TEXTS = {1: "您好", 2: "长" * 100, 3: "长" * 150}  # by our own count of their parts
DELIVERED, FAILED, UNLISTED, OPEN = "0", "2", "77", "00"
FAILURES = {FAILED, UNLISTED}
(FIRST,) = numbers(1)

type Said = tuple[int, str]  # a part, and the vendor's word


@lru_cache
def sent(ours: int, count: int, may_reroute: bool) -> tuple[World, SubmissionKey]:
    """A text that we count so many parts of, taken by the first of two accounts."""
    accounts = (("a", "hbsmservice", 0), ("b", "langyu", 0))
    world = World(accounts_document(accounts, report_window=WINDOW))
    _, answer = world.accept(post(*numbers(count), text=TEXTS[ours], resend_undelivered=may_reroute))
    world.settle(world.now)
    return world, SubmissionKey(answer["id"], "00000")


def tell(world: World, said: Said, seam: Seam | None = None) -> None:
    part, word = said
    seen = world.vendors.seen[0]
    world.ingest(report_of(world, "a", seen.ours, FIRST, word=word, segment=part), seam)


def told(ours: int, count: int, order: Sequence[Said], *, may_reroute: bool = False) -> tuple[World, RecipientRow]:
    """What becomes of the first recipient by these reports, in this order, and the end of the wait. The others of it
    are not reported."""
    world, key = sent(ours, count, may_reroute)
    world = world.copy()
    for said in order:
        tell(world, said)
        world.settle(world.now)
    return world, ended(world, key)


def ended(world: World, key: SubmissionKey) -> RecipientRow:
    world.settle()
    assert not world.due()
    submission = load_submission(world.table, key)
    assert submission
    return load_rows(world.table, submission, (FIRST,))[FIRST]


def requests(world: World) -> int:
    return len(world.vendors.requests_for(FIRST))


def possible(ours: int, words: dict[int, str]) -> set[Status]:
    """What a message comes to by what was said of each of its parts, in whatever order."""
    last = max([ours, *words])
    delivered = {part for part, word in words.items() if word == DELIVERED}
    if FAILURES & set(words.values()):
        return {Status.UNDELIVERED}
    if set(range(1, last + 1)) <= delivered:
        return {Status.DELIVERED}
    if set(range(1, ours + 1)) <= delivered and OPEN not in words.values():
        return {Status.DELIVERED, Status.UNKNOWN}  # by whether the part in the gap was missed before or after
    return {Status.UNKNOWN}


# A word for each of some parts, and an order in which they are said, each once or several times.
words_of_parts = st.dictionaries(
    st.integers(1, 4), st.sampled_from([DELIVERED, DELIVERED, FAILED, UNLISTED, OPEN]), min_size=1
)


@st.composite
def orders(draw: st.DrawFn) -> tuple[dict[int, str], list[Said]]:
    words = draw(words_of_parts)
    repeated = draw(st.lists(st.sampled_from(sorted(words.items())), max_size=4))
    return words, draw(st.permutations([*words.items(), *repeated]))


@settings(max_examples=250, deadline=None)
@given(ours=st.sampled_from([1, 2, 3]), count=st.sampled_from([1, 2]), said=orders())
def test_parts_add_up_in_every_order(ours: int, count: int, said: tuple[dict[int, str], list[Said]]) -> None:
    """GIVEN one word for each of some parts WHEN they are said in any order, some of them again THEN the message comes
    to what they add up to, with the word that decided it."""
    words, order = said
    world, outcome = told(ours, count, order)
    assert outcome.status in possible(ours, words), (words, order)
    assert requests(world) == 1
    shown = outcome.vendor_status.split(" ")[0]
    match outcome.status:
        case Status.UNDELIVERED:
            assert shown in FAILURES & set(words.values())
        case Status.UNKNOWN:
            expected = Reason.UNLISTED_CODE if OPEN in words.values() else Reason.REPORTS_UNDECIDED
            assert outcome.reason == expected
            assert shown == (OPEN if OPEN in words.values() else DELIVERED)


@settings(max_examples=250, deadline=None)
@given(
    ours=st.sampled_from([1, 2, 3]),
    order=st.lists(st.tuples(st.integers(0, 4), st.sampled_from([DELIVERED, FAILED, UNLISTED, OPEN])), min_size=1),
)
def test_contradictions_never_make_a_delivery(ours: int, order: list[Said]) -> None:
    """GIVEN anything said of any part, or of the whole WHEN it is said in any order THEN the message is delivered only
    if the whole was, or all parts that it has."""
    world, outcome = told(ours, 1, order)
    delivered = {part for part, word in order if word == DELIVERED}
    parts = {part for part, _ in order if part}
    if 0 in delivered or set(range(1, max([ours, *parts]) + 1)) <= delivered:
        assert outcome.status == Status.DELIVERED
    elif not set(range(1, ours + 1)) <= delivered:
        assert outcome.status in (Status.UNDELIVERED, Status.UNKNOWN)
    assert len(outcome.history) == len(set(order)), "each word is kept, once"
    assert requests(world) == 1


def certain(ours: int, words: dict[int, str]) -> bool:
    """Whether a second text rests on no guess: all parts were reported, no more than we count, one failed by a word
    that the document lists."""
    all_said = set(words) == set(range(1, ours + 1)) and OPEN not in words.values()
    return all_said and FAILED in words.values()


@settings(max_examples=250, deadline=None)
@given(ours=st.sampled_from([1, 2, 3]), count=st.sampled_from([1, 2]), said=orders())
def test_no_second_text_on_a_part_of_the_truth(ours: int, count: int, said: tuple[dict[int, str], list[Said]]) -> None:
    """GIVEN `resend.undelivered` WHEN parts are reported in any order THEN the next account is asked if it is certain
    that the message was not delivered, and otherwise never."""
    words, order = said
    world, outcome = told(ours, count, order, may_reroute=True)
    decided_before_the_rest = any(
        certain(ours, dict(order[: length + 1])) and max(words) > ours for length in range(len(order))
    )
    if not decided_before_the_rest:
        assert requests(world) == (2 if certain(ours, words) else 1), (words, order)
    if requests(world) == 1:
        assert outcome.status in possible(ours, words), (words, order)


def test_a_missing_report_is_no_guess_but_a_heard_word_is() -> None:
    """GIVEN `resend.undelivered` WHEN nothing at all is heard THEN the next account is asked; WHEN anything was THEN it
    is not."""
    for count in (1, 2):
        world, _ = told(2, count, [], may_reroute=True)
        assert requests(world) == 2
        for said in [(1, DELIVERED), (2, FAILED), (1, OPEN), (0, OPEN), (300, FAILED)]:
            world, outcome = told(2, count, [said], may_reroute=True)
            assert requests(world) == 1, said
            assert outcome.status == (Status.UNDELIVERED if said == (2, FAILED) else Status.UNKNOWN)
            assert outcome.vendor_status == said[1]


@pytest.mark.parametrize("count", [1, 2])
def test_a_part_that_failed_is_not_open_again(count: int) -> None:
    """GIVEN a part that failed WHEN it is called open after that, which came late THEN the message is complete with
    the last of the others, and certainly failed."""
    world, _ = told(2, count, [(1, FAILED), (1, OPEN), (2, DELIVERED)], may_reroute=True)
    assert requests(world) == 2


@pytest.mark.parametrize("count", [1, 2])
def test_a_contradiction_of_counts_is_no_reason_to_wait(count: int) -> None:
    """GIVEN a failure and more parts than we count THEN the message is undelivered at once: no report that may follow
    makes a second text certain."""
    origin, key = sent(2, count, True)
    world = origin.copy()
    tell(world, (3, FAILED))
    submission = load_submission(world.table, key)
    assert submission
    assert load_rows(world.table, submission, (FIRST,))[FIRST].status == Status.UNDELIVERED
    tell(world, (1, DELIVERED))
    tell(world, (2, FAILED))
    world.settle()
    assert requests(world) == 1


def test_a_resend_has_the_parts_of_its_own_signature() -> None:
    """GIVEN a text that is one part under the first account's signature, and two under the next one's WHEN the next
    account delivers the first part THEN the message is not delivered before the second is."""
    document = json.loads(accounts_document((("a", "hbsmservice", 0), ("b", "hbsmservice", 0)), report_window=WINDOW))
    document["accounts"][1]["signature"] = "长" * 10
    world = World(json.dumps(document))
    _, answer = world.accept(post(FIRST, text="长" * 62, resend_undelivered=True))
    key = SubmissionKey(answer["id"], "00000")
    world.settle(world.now)
    tell(world, (0, FAILED))
    world.settle(world.now)
    seen = world.vendors.seen[1]
    found = []
    for part in (1, 2):
        world.ingest(report_of(world, "b", seen.ours, FIRST, word=DELIVERED, segment=part))
        found.append(invariants.statuses(world, key.message_id)[FIRST])
    assert found == [Status.SUBMITTED, Status.DELIVERED]


def test_one_more_part_of_another_attempt_takes_nothing_back() -> None:
    """GIVEN a message that the first account delivered after all, part by part WHEN the next one, which was asked in
    between, fails a part more than we count THEN it is delivered: a phone cannot put parts of two attempts together."""
    world = World(accounts_document((("a", "hbsmservice", 0), ("b", "hbsmservice", 0)), report_window=WINDOW))
    _, answer = world.accept(post(FIRST, text=TEXTS[2], resend_undelivered=True))
    world.settle(world.now)
    for said in ((1, DELIVERED), (2, FAILED)):
        tell(world, said)
    world.settle(world.now)
    tell(world, (2, DELIVERED))
    seen = world.vendors.seen[1]
    world.ingest(report_of(world, "b", seen.ours, FIRST, word=FAILED, segment=3))
    assert ended(world, SubmissionKey(answer["id"], "00000")).status == Status.DELIVERED


@pytest.mark.parametrize("part", [256, 999])
def test_a_number_that_no_part_can_have_changes_nothing(part: int) -> None:
    for word in (DELIVERED, FAILED, OPEN):
        for order in ([(1, DELIVERED), (2, DELIVERED), (part, word)], [(part, word), (2, DELIVERED), (1, DELIVERED)]):
            _, outcome = told(2, 1, order)
            assert outcome.status == Status.DELIVERED
            assert [entry["segment"] for entry in outcome.history if "note" in entry] == [part]


def test_a_delivery_counted_from_parts_is_confirmed_by_the_whole() -> None:
    """GIVEN a message that was called delivered by its parts WHEN the vendor says so of the whole THEN no further part
    takes that back."""
    for ours in TEXTS:
        parts = [(part, DELIVERED) for part in range(1, ours + 1)]
        _, outcome = told(ours, 1, [*parts, (0, DELIVERED), (ours + 1, FAILED)])
        assert outcome.status == Status.DELIVERED
        _, outcome = told(ours, 1, [*parts, (ours + 1, FAILED)])
        assert outcome.status == Status.UNDELIVERED


def test_each_change_of_mind_is_an_event_of_its_own() -> None:
    """GIVEN a delivery that is taken back, and comes true after all THEN the bus has each of the three, with ids that
    tell them apart."""
    world, _ = told(2, 1, [(1, DELIVERED), (2, DELIVERED), (3, FAILED), (3, DELIVERED)])
    events = [event for event in world.events() if event.detail.get("to") == FIRST]
    assert [str(event.type) for event in events] == ["Message Delivered", "Message Undelivered", "Message Delivered"]
    assert len({event.identity for event in events}) == 3


@pytest.mark.parametrize("may_reroute", [False, True])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(("second", "expected"), [(DELIVERED, Status.DELIVERED), (FAILED, Status.UNDELIVERED)])
def test_parts_that_an_earlier_version_noted_still_count(
    second: str, expected: Status, count: int, may_reroute: bool
) -> None:
    """GIVEN a part that the version before noted, without a word in the history WHEN the other is reported, or the same
    is again, because its worker died before it said what follows THEN the message comes to both."""
    origin, key = sent(2, count, may_reroute)
    submission = load_submission(origin.table, key)
    assert submission
    row = recipient_key(submission, FIRST)
    for noted, said in (({1: "delivered"}, [(2, second)]), ({1: "delivered", 2: _status(second)}, [(2, second)])):
        world = origin.copy()
        known = {f"segment_{part}": status for part, status in noted.items()}
        world.db.items[row] = world.db.items[row] | to_wire(known)
        for one in said:
            tell(world, one)
        world.settle(world.now)
        if requests(world) == 2:
            assert (may_reroute, second) == (True, FAILED)
            continue
        assert ended(world, key).status == expected


def _status(word: str) -> str:
    return "delivered" if word == DELIVERED else "undelivered"


def test_a_failure_whose_report_is_left_out_is_no_longer_certain() -> None:
    """GIVEN a part that failed, and a history that has no room for why WHEN the last part is reported THEN the message
    is undelivered, and no second text goes out on a word that nobody can read any more."""
    world, key = sent(2, 1, True)
    world = world.copy()
    for at, word in enumerate(["00"] * 15 + [FAILED] + ["00"] * 15):
        seen = world.vendors.seen[0]
        receipt = report_of(world, "a", seen.ours, FIRST, word=word, segment=2 if word == FAILED else 0)
        world.ingest(replace(receipt, body=receipt.body.replace(b"12:00:00", b"12:00:%02d" % at)))
    tell(world, (1, DELIVERED))
    outcome = ended(world, key)
    assert (requests(world), outcome.status, outcome.vendor_status) == (1, Status.UNDELIVERED, "")


# What is said, what it comes to, and how many texts may go out with `resend.undelivered`.
MEETINGS: dict[str, tuple[list[Said], Status, set[int]]] = {
    "one more than we count failed": ([(1, DELIVERED), (2, DELIVERED), (3, FAILED)], Status.UNDELIVERED, {1}),
    "one more than we count is open": ([(1, DELIVERED), (2, DELIVERED), (3, OPEN)], Status.UNKNOWN, {1}),
    "two more than we count": ([(2, DELIVERED), (3, FAILED), (1, DELIVERED), (4, OPEN)], Status.UNDELIVERED, {1}),
    "a part that failed and arrived": ([(1, DELIVERED), (2, FAILED), (2, DELIVERED)], Status.DELIVERED, {1, 2}),
    "a part failed": ([(1, FAILED), (2, DELIVERED)], Status.UNDELIVERED, {2}),
    "a part failed by an unlisted word": ([(1, UNLISTED), (2, DELIVERED)], Status.UNDELIVERED, {1}),
}


@pytest.mark.parametrize("may_reroute", [False, True])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("meeting", MEETINGS)
def test_in_every_order_of_their_steps(meeting: str, count: int, may_reroute: bool) -> None:
    """GIVEN reports of parts WHEN as many workers take them in any order of their steps THEN the message comes to what
    they add up to, and a second text goes out where it does when they come one after the other."""
    said, status, texts = MEETINGS[meeting]
    origin, key = sent(2, count, may_reroute)

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world = origin.copy()

        def check() -> None:
            world.settle(world.now)
            assert requests(world) in (texts if may_reroute else {1})
            if requests(world) == 2:
                world.ingest(report_of(world, "b", world.vendors.seen[-1].id_of(FIRST), FIRST))
            assert ended(world, key).status == (status if requests(world) == 1 else Status.DELIVERED)
            invariants.check_once_an_account(world, [FIRST])

        return [Task(partial(tell, world, one)) for one in said], check

    assert schedules(make, preemptions=2 if len(said) < 3 else 1) > 3
