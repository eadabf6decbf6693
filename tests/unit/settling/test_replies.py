"""Replies: each once, long ones whole whatever the order of their parts, and partial when one is missing for good."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import permutations

import pytest

from smsgateway.events import EventType
from smsgateway.model import Inbound, Reply
from smsgateway.queues import VendorBytes
from smsgateway.store import replies
from tests.doubles import aws
from tests.doubles.interleaving import Task, schedules
from tests.doubles.receipts import reply_of
from tests.doubles.seam import AwsError, Crash, Fault, Seam
from tests.doubles.world import DAY, HOUR, MINUTE, World, accounts_document, numbers, post

(NUMBER,) = numbers(1)
PARTS = ("一", "二", "三")


def begun() -> World:
    return World(accounts_document((("ly", "langyu", 0),)))


def take(world: World, number: int, seam: Seam | None = None, group: str = "7") -> None:
    world.ingest(reply_of(world, "ly", NUMBER, PARTS[number], emshead=f"{group},{len(PARTS)},{number + 1}"), seam)


def published(world: World) -> list[tuple[str, bool]]:
    """Text and `partial` of each reply on the bus, each event_id once."""
    events = {event.identity: event for event in world.events() if event.type == EventType.RECEIVED}
    return [(event.detail["text"], event.detail["partial"]) for event in events.values()]


def test_parts_in_any_order_with_repeats() -> None:
    """GIVEN three parts, one of them twice WHEN they come in any order THEN the reply comes once, whole."""
    for order in permutations((0, 1, 2, 0, 2)):
        world = begun()
        for number in order:
            take(world, number)
        world.settle()
        assert published(world) == [("一二三", False)], order


def test_a_missing_part_makes_it_partial() -> None:
    """GIVEN a group that lacks a part WHEN 24 hours have passed THEN what came is delivered as partial; a part that
    comes later begins anew."""
    for missing in range(3):
        world = begun()
        for number in {0, 1, 2} - {missing}:
            take(world, number)
        world.settle(world.now + DAY - HOUR)
        assert published(world) == []
        world.settle()
        rest = PARTS[:missing] + PARTS[missing + 1 :]
        assert published(world) == [("".join(rest), True)]
        take(world, missing)
        world.settle()
        assert published(world)[1:] == [(PARTS[missing], True)]


def test_a_group_survives_every_fault() -> None:
    """GIVEN parts WHEN the worker of the last one fails at any step, and it comes again THEN the reply comes once."""
    world = begun()
    take(world, 1)
    take(world, 2)
    seam = Seam()
    take(world.copy(), 0, seam)
    for step in range(len(seam.steps)):
        for fault in Fault:
            again = world.copy()
            try:
                take(again, 0, Seam({step: fault}))
            except (Crash, AwsError):
                take(again, 0)
            again.settle()
            assert published(again) == [("一二三", False)], (fault, seam.steps[step])


def test_a_partial_reply_survives_every_fault() -> None:
    """GIVEN a group that lacks a part WHEN the sweep that would deliver it fails at any step THEN the next one does."""
    world = begun()
    take(world, 1)
    world.now += DAY + MINUTE
    seam = Seam()
    world.copy().sweep(seam)
    for step in range(len(seam.steps)):
        for fault in (Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.TWICE):
            again = world.copy()
            with suppress(Crash):
                again.sweep(Seam({step: fault}))
            again.settle()
            assert published(again) == [("二", True)], (fault, step)


def test_a_partial_reply_of_an_account_that_is_gone() -> None:
    """GIVEN a group that lacks a part WHEN its account is taken out of the document THEN what came is delivered all
    the same, and nothing is left to do."""
    world = begun()
    take(world, 1)
    world.document = accounts_document((("other", "hbsmservice", 0),))
    world.settle()
    (reply,) = world.items("mo_")
    assert (reply["text"], reply["partial"], reply["account"], reply["vendor"]) == ("二", True, "ly", "langyu")
    assert not world.due()


def test_the_last_part_and_the_sweep() -> None:
    """GIVEN a group whose time is over WHEN its last part comes in any order with the sweep's steps THEN no part is
    told twice, and none is lost."""
    origin = begun()
    take(origin, 0)
    take(origin, 1)
    origin.now += DAY + MINUTE

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world = origin.copy()

        def check() -> None:
            world.settle()
            texts = [text for text, _ in published(world)]
            assert sorted("".join(texts)) == sorted("一二三"), texts

        return [Task(lambda seam: take(world, 2, seam)), Task(world.sweep)], check

    assert schedules(make, preemptions=3) > 10


def test_concurrent_parts() -> None:
    """GIVEN two parts that complete a group WHEN they come at the same time THEN the reply comes once, whole."""
    origin = begun()
    take(origin, 0)

    def make() -> tuple[Sequence[Task], Callable[[], None]]:
        world = origin.copy()

        def check() -> None:
            world.settle()
            assert published(world) == [("一二三", False)]

        return [Task(lambda seam, n=n: take(world, n, seam)) for n in (1, 2)], check  # type: ignore[misc]

    assert schedules(make, preemptions=3) > 10


def pushed(world: World, text: str, emshead: str, seam: Seam | None = None) -> None:
    world.ingest(reply_of(world, "ly", NUMBER, text, emshead=emshead), seam)


INTERLEAVED = [
    order
    for order in permutations(((1, "一"), (2, "二"), (1, "三"), (2, "四")))
    if order.index((1, "一")) < order.index((2, "二")) and order.index((1, "三")) < order.index((2, "四"))
]


@pytest.mark.parametrize("order", INTERLEAVED)
def test_two_replies_with_one_id_are_never_joined_crosswise(order: tuple[tuple[int, str], ...]) -> None:
    """GIVEN the parts of 一二 and of 三四, which the phone gave one id WHEN they come within 50 ms, between
    each other THEN every part is told once, and what could be crosswise is not called whole."""
    world = begun()
    for number, text in order:
        pushed(world, text, f"7,2,{number}")
        world.now += 10
    world.settle()
    told = published(world)
    assert sorted("".join(text for text, _ in told)) == sorted("一二三四")
    assert {text for text, partial in told if not partial} <= {"一二", "三四"}


def test_two_replies_with_one_id_that_came_apart_are_both_whole() -> None:
    """GIVEN a reply that lacks a part WHEN another with its id comes an hour later THEN that one is whole, and the
    first one's part is told in time."""
    world = begun()
    pushed(world, "一", "7,2,1")
    world.now += HOUR
    for number, text in ((1, "三"), (2, "四")):
        pushed(world, text, f"7,2,{number}")
    assert published(world) == [("三四", False)]
    world.settle()
    assert published(world) == [("三四", False), ("一", True)]


def test_parts_that_come_together_write_apart() -> None:
    """GIVEN 255 parts WHEN all workers have begun before any has ended THEN no try fails, and the reply comes once."""
    world = begun()
    seams = [Seam() for _ in range(255)]
    for number in range(1, 256):
        pushed(world, chr(0x4E00 + number), f"7,255,{number}", seams[number - 1])
    assert published(world) == [("".join(chr(0x4E00 + number) for number in range(1, 256)), False)]
    assert all(seam.steps[:2] == ["put_item", "query"] for seam in seams)
    assert [number for number, seam in enumerate(seams, 1) if "batch_write_item" in seam.steps] == [255]


def test_long_parts_fill_no_item() -> None:
    """GIVEN parts of 22,000 characters WHEN ten of them make a reply THEN all of it is told, in pieces that fit."""
    world = begun()
    texts = [chr(0x4E00 + number) * 22_000 for number in range(10)]
    for number, text in enumerate(texts, 1):
        pushed(world, text, f"7,10,{number}")
    told = published(world)
    assert sorted("".join(text for text, _ in told)) == sorted("".join(texts))
    assert all(partial and len(text) <= 20_000 for text, partial in told)
    assert all(aws.item_bytes(item) < aws.LARGEST_ITEM for item in world.db.items.values())


@pytest.mark.parametrize("have", [(1, 2), (3,)])
def test_a_group_of_the_release_before_is_finished(have: tuple[int, ...]) -> None:
    """GIVEN parts that the release before filed WHEN the others come, with any fault on the way THEN the reply comes
    once, whole; WHEN they do not THEN it is partial, in its time."""
    origin = begun()
    key = f"parts#ly#{NUMBER}#1069#7#3"
    due = {"due_at": f"{origin.now + DAY:013d}", "due_shard": "due#1"}
    parts = {str(number): [PARTS[number - 1], ""] for number in have}
    group = {"total": 3, "parts": parts, "access_number": "1069", "extension": "", "started_at": origin.now}
    kept = {"done": False, "vendor": "langyu", "version": 1, "ttl": origin.now // 1000 + 90 * 86_400}
    origin.table.put({"pk": key, "sk": "000000", **group, **kept, **due})
    left = [number for number in (1, 2, 3) if number not in have]
    seam, probe = Seam(), origin.copy()
    for number in left:
        take(probe, number - 1, seam)
    assert published(probe) == [("一二三", False)]
    for step in range(len(seam.steps)):
        for fault in Fault:
            world, plan = origin.copy(), Seam({step: fault})
            for number in left:
                with suppress(Crash, AwsError):
                    take(world, number - 1, plan)
            for number in left:
                take(world, number - 1)
            world.settle()
            assert published(world) == [("一二三", False)], (fault, step)
    origin.settle()
    assert published(origin) == [("".join(PARTS[number - 1] for number in have), True)]


@pytest.mark.parametrize(("have", "partial"), [((1, 2, 3), False), ((1, 3), True)])
def test_what_the_release_before_closed_is_told_once(have: tuple[int, ...], partial: bool) -> None:
    """GIVEN a group that the release before closed, and whose worker died before or after it told so WHEN a part comes
    again, or its time THEN the reply is told once, under the id that that release would have given it."""
    for told in (True, False):
        world = begun()
        key, due = f"parts#ly#{NUMBER}#1069#7#3", {"due_at": f"{world.now + MINUTE:013d}", "due_shard": "due#1"}
        parts = {str(number): [PARTS[number - 1], "2026-01-01T12:00:00+08:00"] for number in have}
        group = {"total": 3, "parts": parts, "access_number": "1069", "extension": "", "started_at": world.now}
        kept = {"done": True, "vendor": "langyu", "version": 3, "ttl": world.now // 1000 + 90 * 86_400}
        world.table.put({"pk": key, "sk": "000000", **group, **kept, **(due if partial else {})})
        text = "".join(PARTS[number - 1] for number in have)
        identity = Inbound(NUMBER, text, "1069", "", vendor_id=f"{key}#0#{partial}")
        reply_id = replies.reply_id("ly", identity, 0)
        if told:
            reply = Reply(reply_id, "ly", "langyu", NUMBER, "1069", "", text, world.now, partial=partial)
            replies.put_reply(world.table, reply, world.now // 1000 + 86_400)
        take(world, 0)
        take(world, 0)
        world.settle()
        assert [item["pk"] for item in world.items("mo_")] == [reply_id]
        assert published(world) == [(text, partial)]


def test_each_reply_once() -> None:
    """GIVEN a message WHEN one reply is pushed three times, and another once THEN each comes once, with its message."""
    world = begun()
    _, answer = world.accept(post(NUMBER))
    world.settle(world.now)
    for text in ("TD", "TD", "好的", "TD"):
        world.ingest(reply_of(world, "ly", NUMBER, text))
    told = world.items("mo_")
    assert sorted(item["text"] for item in told) == ["TD", "好的"]
    assert {item["in_reply_to"] for item in told} == {answer["id"]}
    assert {item["text"]: item["opt_out"] for item in told} == {"TD": True, "好的": False}


def same_replies(world: World, count: int) -> VendorBytes:
    """A page of hbsmservice, whose replies have no id, with one reply several times."""
    record = f"<deliver><corp_id>i</corp_id><mobile>{NUMBER}</mobile><ext>7</ext><time>2026-01-01 12:00:00</time>"
    xml = f"<delivers>{f'{record}<content>好</content></deliver>' * count}</delivers>"
    return VendorBytes(
        "hb", "inbound", "poll", world.now, body=f"<?xml version='1.0' encoding='gbk' ?>{xml}".encode("gbk")
    )


@pytest.mark.parametrize("count", [2, 30])
def test_a_reply_that_is_several_times_in_a_page_is_told_as_often(count: int) -> None:
    """GIVEN a person who has written the same several times in a second WHEN the page comes, in one go or in two, and
    comes again THEN each is told once."""
    world = World(accounts_document((("hb", "hbsmservice", 0),)))
    receipt = same_replies(world, count)
    for _ in range(2):
        world.ingest(receipt)
    assert len(world.items("mo_")) == count
    other = World(accounts_document((("hb", "hbsmservice", 0),)))
    rest: VendorBytes | None = receipt
    while rest:
        rest = other.ingest(rest, until=other.now)
    assert [item["pk"] for item in other.items("mo_")] == [item["pk"] for item in world.items("mo_")]


def test_a_reply_answers_what_its_own_account_has_sent() -> None:
    """GIVEN a message through one account WHEN a reply comes through another THEN it is nobody's answer."""
    world = World(accounts_document((("ly", "langyu", 0), ("other", "langyu", 0))))
    _, answer = world.accept(post(NUMBER, account="ly"))
    world.settle(world.now)
    world.ingest(reply_of(world, "other", NUMBER, "好的"))
    world.ingest(reply_of(world, "ly", NUMBER, "好"))
    found = {item["account"]: (item["client"], item["in_reply_to"]) for item in world.items("mo_")}
    assert found == {"other": ("-", ""), "ly": ("tester", answer["id"])}
