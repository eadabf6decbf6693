"""Whose marketing a reply ends: that of all who advertised to its writer, whatever came after it or is yet to come."""

import json
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest

from smsgateway.clock import BEIJING
from smsgateway.events import EventType
from smsgateway.model import Client, Message, Personal
from smsgateway.queues import VendorBytes
from smsgateway.settling.optout import Answered, whose_marketing
from smsgateway.store.numbers import load_number
from tests.doubles.receipts import reply_of
from tests.doubles.seam import AwsError, Crash, Fault, Seam
from tests.doubles.world import DAY, MINUTE, START, World, accounts_document, numbers, post

NUMBER, ANOTHER = numbers(2)
TEXTS = {"marketing": "大减价，拒收请回复R", "otp": "验证码1234", "notice": "预约提醒"}


def begun(*sent: tuple[str, str]) -> World:
    """A world in which clients' messages (client, purpose) have reached the number, one a minute."""
    document = json.loads(accounts_document((("ly", "langyu", 0), ("other", "langyu", 0))))
    document["accounts"][0]["options"]["opt_out_confirmation"] = "您已退订，回复START恢复"
    world = World(json.dumps(document))
    for client, purpose in sent:
        send(world, client, purpose)
    return world


def send(world: World, client: str, purpose: str, **fields: Any) -> str:
    values: dict[str, Any] = {"purpose": purpose, "text": TEXTS[purpose], "account": "ly", **fields}
    _, answer = world.accept(post(NUMBER, **values), client=Client(client, "sender"))
    if "send_at" not in fields:
        world.settle(world.now)
    world.now += MINUTE
    return str(answer["id"])


def reply(world: World, text: str, **fields: str) -> VendorBytes:
    written = f"{datetime.fromtimestamp(world.now / 1000, BEIJING):%y%m%d%H%M}"
    return reply_of(world, "ly", NUMBER, text, moTime=written, **fields)


def say(world: World, text: str, **fields: str) -> None:
    world.ingest(reply(world, text, **fields))
    world.settle(world.now)
    world.now += 2 * MINUTE


def stops(world: World) -> set[str]:
    return set(load_number(world.table, NUMBER).stops)


def stored(world: World, text: str) -> tuple[str, str]:
    (found,) = [item for item in world.items("mo_") if item["text"] == text]
    return found["client"], found["in_reply_to"]


@pytest.mark.parametrize("purpose", ["otp", "notice"])
def test_what_came_after_it_hides_no_advertiser(purpose: str) -> None:
    """GIVEN marketing, and then another client's message of another purpose WHEN its reader writes R THEN the
    advertiser is stopped, and the reply answers the newer message."""
    world = begun(("adv", "marketing"))
    newest = send(world, "bank", purpose)
    say(world, "R")
    assert stops(world) == {"adv"}
    assert stored(world, "R") == ("bank", newest)


@pytest.mark.parametrize("purpose", ["notice", "marketing"])
def test_what_nobody_got_yet_is_not_answered(purpose: str) -> None:
    """GIVEN marketing, and a message that waits for another day WHEN its reader writes R THEN it is the first one's."""
    world = begun()
    first = send(world, "adv", "marketing")
    send(world, "bank", purpose, send_at=world.now + 5 * DAY)
    say(world, "R")
    assert stops(world) == {"adv"}
    assert stored(world, "R") == ("adv", first)


def test_only_what_waits_is_no_message_at_all() -> None:
    world = begun()
    send(world, "bank", "notice", send_at=world.now + 5 * DAY)
    say(world, "R")
    assert stops(world) == {"*"}
    assert stored(world, "R") == ("-", "")


def test_of_two_advertisers_both_are_stopped_and_both_return() -> None:
    """GIVEN the marketing of two WHEN its reader writes R, R again, START and R THEN both are stopped at once, and
    both return; each first stop is one event for each of them, and one confirmation."""
    world = begun(("x", "marketing"), ("bank", "otp"), ("y", "marketing"))
    for text, standing, confirmed in (("R", {"x", "y"}, 1), ("TD", {"x", "y"}, 1), ("START", set(), 1), ("N", None, 2)):
        say(world, text)
        assert stops(world) == ({"x", "y"} if standing is None else standing), text
        assert len(world.vendors.seen) == 3 + confirmed, text
    told = [event for event in world.events() if event.type in (EventType.OPTED_OUT, EventType.OPTED_IN)]
    found = [(event.type, event.detail["client"]) for event in {event.identity: event for event in told}.values()]
    assert sorted(found) == sorted(
        [(EventType.OPTED_OUT, each) for each in ("x", "y")] * 2 + [(EventType.OPTED_IN, each) for each in ("x", "y")]
    )


def test_a_confirmation_hides_no_advertiser() -> None:
    """GIVEN a stop that was confirmed WHEN another advertises, and is answered R THEN that one is stopped, too."""
    world = begun(("x", "marketing"))
    say(world, "R")
    send(world, "y", "marketing")
    say(world, "退订")
    send(world, "bank", "otp")
    assert stops(world) == {"x", "y"}
    assert {seen.account for seen in world.vendors.seen} == {"ly"}
    say(world, "START")
    assert stops(world) == set()


def test_where_nobody_advertised_it_is_the_newest() -> None:
    world = begun(("shop", "notice"), ("bank", "otp"))
    say(world, "R")
    assert stops(world) == {"bank"}


def test_what_has_another_extension_or_account_is_not_meant() -> None:
    """GIVEN marketing under two extensions, and through another account WHEN one is answered THEN that is stopped."""
    world = begun()
    send(world, "x", "marketing", extension="01")
    send(world, "y", "marketing", extension="02")
    send(world, "z", "marketing", account="other")
    say(world, "R", destcode="106901")
    assert stops(world) == {"x"}


@pytest.mark.parametrize("text", ["R", "START"])
def test_every_fault_between_two_scopes(text: str) -> None:
    """GIVEN the marketing of two WHEN the worker of a reply fails at any step, and it comes again after a third has
    advertised THEN both were obeyed, the third was not meant, and one confirmation was sent."""
    world = begun(("x", "marketing"), ("y", "marketing"))
    if text == "START":
        say(world, "R")
    seam, before = Seam(), len(world.vendors.seen)
    world.copy().ingest(reply(world, text), seam)
    for step in range(len(seam.steps)):
        for fault in Fault:
            again, receipt = world.copy(), reply(world, text)
            with suppress(Crash, AwsError):
                again.ingest(receipt, Seam({step: fault}))
            again.now += MINUTE
            send(again, "z", "marketing")
            again.ingest(receipt)
            again.settle(again.now)
            assert stops(again) == ({"x", "y"} if text == "R" else set()), (fault, seam.steps[step])
            assert len(again.vendors.seen) == before + 1 + (text == "R"), (fault, seam.steps[step])
            events = {event.identity for event in again.events() if event.type == EventType.OPTED_OUT}
            assert len(events) == 2


def sent(client: str, purpose: str, signature: str | None = None, scope: str = "") -> Answered:
    message = Message(
        id="msg_1",
        client=client,
        purpose=purpose,  # type: ignore[arg-type]
        created_at=START,
        valid_until=START + DAY,
        route=("ly",),
        recipients=1,
        segments=1,
        content=Personal("好"),
        signature=signature,
        opt_out_scope=scope,
    )
    return Answered(client, message)


def test_of_a_scope_the_newest_message_says_the_signature() -> None:
    found = whose_marketing(
        [
            sent("bank", "otp"),
            sent("x", "marketing", "甲"),
            Answered("gone", None),
            sent("mall", "marketing", "乙", "mall#乙"),
            sent("x", "marketing", "丙"),
        ]
    )
    assert list(found.items()) == [("x", "甲"), ("mall#乙", "乙")]
    assert whose_marketing([Answered("gone", None), sent("bank", "otp")]) == {"gone": None}
    assert whose_marketing([]) == {"*": None}
