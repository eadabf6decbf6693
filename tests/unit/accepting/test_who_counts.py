"""Whose texts count towards caps, and what is kept of those who are set apart."""

import json
from typing import Any

import pytest

from smsgateway.accepting.counting import TRIES
from smsgateway.accepting.post import Post, Refusal
from smsgateway.api import message_view
from smsgateway.model import Client, SetApart, Status
from smsgateway.store.messages import load_message
from smsgateway.store.numbers import load_number
from smsgateway.store.set_apart import FEW, load_set_apart
from smsgateway.store.suppressions import suppress
from smsgateway.store.table import Table
from tests.doubles.aws import LARGEST_ITEM, item_bytes
from tests.doubles.seam import Seam
from tests.doubles.world import CLIENT, MINUTE, World, accounts_document, numbers, post

DOCUMENT = accounts_document((("main", "hbsmservice", 0),))
ONE, OTHER = numbers(2)


def with_rules(**rules: Any) -> World:
    """A world whose one route, or whose accounts document, says something of caps."""
    document = json.loads(DOCUMENT)
    if "uncapped" in rules:
        document["uncapped"] = rules.pop("uncapped")
    document["routes"][0] |= rules
    return World(json.dumps(document))


def accepted(world: World, given: Post, times: int, client: Client = CLIENT) -> int:
    """How many of so many posts, one after the other, are accepted; the others must be too frequent."""
    statuses = [status_of(world, given, client) for _ in range(times)]
    assert set(statuses) <= {202, 429}
    return statuses.count(202)


def status_of(world: World, given: Post, client: Client) -> int:
    try:
        return world.accept(given, client=client)[0]
    except Refusal as refusal:
        return refusal.status


def otp(*to: str, **fields: Any) -> Post:
    return post(*to, purpose="otp", **fields)


def marketing(*to: str, **fields: Any) -> Post:
    return post(*to, purpose="marketing", **fields)


@pytest.mark.parametrize(("purpose", "most"), [("otp", 1), ("marketing", 3), ("notice", 12)])
def test_the_usual_caps(purpose: str, most: int) -> None:
    world = World(DOCUMENT)
    assert accepted(world, post(ONE, purpose=purpose), 12) == most
    assert accepted(world, post(OTHER, ONE, purpose=purpose), 1) == 1


def test_the_caps_of_a_route_hold_for_its_purposes_and_those_of_a_client_before_them() -> None:
    """Also where either says that there is none. What one client's texts take, no other client's can have."""
    world = with_rules(caps={"hour": 2})
    assert accepted(world, post(ONE), 5) == 2
    assert accepted(world, otp(ONE), 5) == 2
    shop, free = Client("shop", "sender", caps={"otp": ((4, 3600),)}), Client("free", "sender", caps={"otp": ()})
    assert accepted(world, otp(ONE), 5, shop) == 2
    assert accepted(world, otp(ONE), 5, free) == 5
    assert accepted(with_rules(caps=None), otp(ONE), 5) == 5


def test_a_number_on_the_white_list_gets_what_is_posted() -> None:
    """But nothing while it is suppressed."""
    world = with_rules(uncapped=[ONE])
    assert accepted(world, otp(ONE), 5) == 5
    assert accepted(world, otp(ONE, OTHER), 2) == 2
    assert not load_number(world.table, ONE).counted
    suppress(world.table, ONE, world.now)
    _, answer = world.accept(marketing(ONE, OTHER))
    assert answer["refused"] == [{"to": ONE, "reason": "suppressed"}]


def test_a_number_that_is_suppressed_as_it_is_stored_gets_nothing() -> None:
    """GIVEN a number that is suppressed after it was read, and before the message is stored THEN it is not."""
    world = World(DOCUMENT)

    def suppressing(name: str) -> None:
        if name == "transact_write_items":
            suppress(world.table, ONE, world.now)

    with pytest.raises(Refusal) as refused:
        world.accept(otp(ONE), Seam(pause=suppressing))
    assert refused.value.status == 422
    assert not world.items("msg_")
    assert not load_number(world.table, ONE).counted


def test_a_number_that_others_keep_writing_is_to_be_posted_again() -> None:
    """It is a 503 with the time after which to come again, and nothing is stored."""
    world, writes = World(DOCUMENT), []

    def writing(name: str) -> None:
        if name == "transact_write_items":
            writes.append(name)
            other = Client("free", "sender", caps={"otp": ((100, 60),)})
            world.accept(otp(ONE), client=other)

    with pytest.raises(Refusal) as refused:
        world.accept(otp(ONE), Seam(pause=writing), Client("also-free", "sender", caps={"otp": ((100, 60),)}))
    assert (refused.value.status, len(writes)) == (503, TRIES)
    assert refused.value.retry_after
    assert len(load_number(world.table, ONE).counted["otp"]) == TRIES


def test_who_is_set_apart_last_of_all_costs_its_client_nothing() -> None:
    world, shop = World(DOCUMENT), Client("shop", "sender", daily_segments=100)
    accepted(world, marketing(ONE), 3)
    _, answer = world.accept(marketing(*numbers(5)), client=shop)
    assert answer["segments"] == 4
    assert [item["spent"] for item in world.items("spent#")] == [4]
    with pytest.raises(Refusal):
        world.accept(marketing(ONE), client=shop)
    assert [item["spent"] for item in world.items("spent#")] == [4]


def test_a_message_that_is_not_stored_in_time_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless its post comes again: then it goes on where it ended."""

    def never(*_: object, **__: object) -> None:
        raise TimeoutError

    for key in ("", "k"):
        world = World(DOCUMENT)
        accepted(world, marketing(ONE), 1)
        given = marketing(*numbers(30), idempotency_key=key, body_hash="h")
        with monkeypatch.context() as patched:
            patched.setattr(Table, "put_many", never)
            with pytest.raises(Refusal) as refused:
                world.accept(given)
        assert refused.value.status == 503
        counted = [len(load_number(world.table, number).counted.get("marketing", ())) for number in numbers(30)]
        assert counted == ([2] + [1] * 29 if key else [1] + [0] * 29)
        world.now += 2 * MINUTE
        assert accepted(world, given, 1) == 1
        counted = [len(load_number(world.table, number).counted["marketing"]) for number in numbers(30)]
        assert counted == [2] + [1] * 29


# Who is set apart


@pytest.mark.parametrize("left", [1, 2])
def test_forty_thousand_suppressed_numbers_are_kept_and_told_again(left: int) -> None:
    """No item grows too large, the first answer is repeated as it was, and each is among the recipients."""
    world = World(DOCUMENT)
    many = numbers(40_000 + left)
    for number in many[left:-1]:
        world.db.items[f"suppressed#{number}", "X"] = {
            "pk": {"S": f"suppressed#{number}"},
            "sk": {"S": "X"},
            "since": {"N": "1"},
        }
    world.accept(otp(many[-1]))
    given = otp(*many, idempotency_key="k", body_hash="h")
    _, answer = world.accept(given)
    assert (answer["recipients"], len(answer["refused"])) == (left, 40_000)
    assert answer["refused"][-1]["reason"] == "too_frequent"
    assert max(map(item_bytes, world.db.items.values())) < LARGEST_ITEM
    world.now += MINUTE
    assert world.accept(given) == (202, answer)
    whole = message_view.load_whole(world.table, answer["id"], world.now)
    assert whole
    shown, after = message_view.recipients_page(world.table, None, whole, ("", 0), 100, world.now)
    assert after == (message_view.AFTER_SUBMISSIONS, 100 - left)
    last, after = message_view.recipients_page(world.table, None, whole, after, 50_000, world.now)
    assert after is None
    assert [entry["to"] for entry in (*shown, *last)] == list(many)
    assert (last[-1]["status"], last[-1]["reason"], last[-1]["until"]) == (
        "suppressed",
        "too_frequent",
        "2026-01-01T00:01:00.000Z",
    )


@pytest.mark.parametrize("count", [1, FEW, FEW + 1])
def test_few_who_are_set_apart_stand_in_the_message_s_own_item(count: int) -> None:
    world = World(DOCUMENT)
    for number in numbers(count):
        suppress(world.table, number, world.now)
    _, answer = world.accept(post(*numbers(count + 2)))
    loaded = load_message(world.table, answer["id"])
    assert loaded
    assert bool(loaded[0].set_apart) == (count > FEW)
    assert load_set_apart(world.table, loaded[0]) == SetApart(numbers(count))


def test_a_message_s_status_does_not_depend_on_who_was_set_apart() -> None:
    world = World(DOCUMENT)
    suppress(world.table, ONE, world.now)
    _, answer = world.accept(post(*numbers(3)))
    world.settle(world.now + MINUTE)
    whole = message_view.load_whole(world.table, answer["id"], world.now)
    assert whole
    by_status, uncounted = message_view.counts(world.table, whole, world.now)
    apart = load_set_apart(world.table, whole.message)
    fields = message_view.message_fields(whole, by_status, uncounted, apart)
    assert fields["status"] == Status.SUBMITTED
    assert fields["counts"] == {Status.SUBMITTED: 2, Status.SUPPRESSED: 1}


def test_the_only_mobile_of_a_list_is_counted_like_any_other() -> None:
    """Its number is not read before the landlines beside it are set apart."""
    world, given = World(DOCUMENT), otp(ONE, "01012345678")
    _, answer = world.accept(given)
    assert (answer["recipients"], answer["refused"]) == (1, [{"to": "01012345678", "reason": "landline"}])
    assert len(load_number(world.table, ONE).counted["otp"]) == 1
    with pytest.raises(Refusal) as refused:
        world.accept(given)
    assert refused.value.status == 429
