"""An opt-out from the reply to the next post: at once, whatever crashes, however often the reply comes."""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

import pytest

from smsgateway.accepting.post import PersonalPost, Post, Refusal
from smsgateway.clock import BEIJING
from smsgateway.events import EventType
from smsgateway.model import Client
from smsgateway.queues import VendorBytes
from smsgateway.store import suppressions
from smsgateway.store.numbers import NumberState, Suppression, load_number
from smsgateway.store.stops import keys_of_stops, stop_marketing, stopped_since
from tests.doubles.receipts import reply_of, report_of
from tests.doubles.seam import AwsError, Crash, Fault, Seam
from tests.doubles.world import World, accounts_document, numbers, post

(NUMBER,) = numbers(1)
SHOP = Client("shop", "sender", signatures=("示例",))
MALL = Client("mall", "sender", signatures=("示例", "其他"))


def begun(client: Client = SHOP, **fields: object) -> World:
    """A world in which the client's marketing has reached the number."""
    world = World(accounts_document((("ly", "langyu", 0),)))
    world.accept(post(NUMBER, purpose="marketing", **fields), client=client)
    world.settle(world.now)
    return world


def reply(world: World, text: str) -> VendorBytes:
    """A reply that was written just now; langyu tells the minute."""
    return reply_of(world, "ly", NUMBER, text, moTime=f"{datetime.fromtimestamp(world.now / 1000, BEIJING):%y%m%d%H%M}")


def say(world: World, text: str, seam: Seam | None = None) -> None:
    world.ingest(reply(world, text), seam)


def state(world: World) -> NumberState:
    return load_number(world.table, NUMBER)


def may_post(world: World, client: Client = SHOP, **fields: object) -> bool:
    try:
        world.copy().accept(post(NUMBER, **{"purpose": "marketing", **fields}), client=client)
    except Refusal:
        return False
    return True


def test_stop_and_start() -> None:
    """GIVEN marketing WHEN its reader writes TD THEN no more of that client's is accepted, and all else is; WHEN they
    write START THEN it is again."""
    world = begun()
    say(world, "ＴＤ。")
    (stop,) = state(world).stops.values()
    (stored,) = world.items("mo_")
    assert (stop.client, stop.reason, stop.source, stop.reply_id) == ("shop", "opt_out", "reply", stored["pk"])
    assert stop.account == "ly"
    assert not may_post(world)
    assert may_post(world, purpose="otp")
    assert may_post(world, purpose="notice")
    assert may_post(world, client=MALL)
    found = world.table.get_many(keys_of_stops("shop"))
    assert stopped_since(found, "shop", world.now)
    world.now += 2_000
    say(world, "start")
    assert may_post(world)
    assert {item["text"]: (item["opt_out"], item.get("opt_in", False)) for item in world.items("mo_")} == {
        "ＴＤ。": (True, False),
        "start": (False, True),
    }


def test_a_reply_to_nothing_stops_everybody() -> None:
    world = World(accounts_document((("ly", "langyu", 0),)))
    say(world, "退订")
    assert set(state(world).stops) == {"*"}
    assert not may_post(world)
    assert not may_post(world, client=MALL)
    assert may_post(world, purpose="otp")


def test_of_several_signatures_one_is_stopped() -> None:
    """GIVEN a client with two signatures WHEN somebody stops a message under one THEN the other may go on."""
    world = begun(MALL, text="【其他】大减价")
    say(world, "N")
    assert set(state(world).stops) == {"mall#其他"}
    assert not may_post(world, client=MALL, signature="其他")
    assert not may_post(world, client=MALL, text="再来【其他】", signature="其他")
    assert may_post(world, client=MALL)
    assert may_post(world, client=MALL, signature="示例")


def stopped_under(scope: str, document: str = "", script: tuple[str, ...] = ("accepted",)) -> World:
    """A world in which the number has stopped a client's marketing under one of its signatures."""
    world = World(document or accounts_document((("ly", "langyu", 0),)), script)
    client, _, signature = scope.partition("#")
    stop_marketing(world.table, NUMBER, Suppression(world.now, client=client, signature=signature), world.now)
    world.now += 600_000
    return world


def reached(world: World) -> list[str]:
    """The numbers that the vendors were asked to text."""
    world.settle(world.now + 300_000)
    return [number for seen in world.vendors.seen for number in seen.numbers]


def test_texts_under_several_signatures_do_not_go_past_a_stop_of_one() -> None:
    """GIVEN a stop under one signature WHEN a personalised message has texts under it and under another THEN whoever
    stopped is left out of it."""
    world, (_, other) = stopped_under("mall#其他"), numbers(2)
    texts = (PersonalPost(NUMBER, text="【其他】大减价"), PersonalPost(other, text="【示例】大减价"))
    _, answer = world.accept(Post("marketing", personal=texts), client=MALL)
    assert [entry["reason"] for entry in answer["refused"]] == ["suppressed"]
    assert reached(world) == [other]


@pytest.mark.parametrize("signatures", [("一",), ("二",), ()])
def test_a_stop_under_a_signature_outlives_the_clients_other_signatures(signatures: tuple[str, ...]) -> None:
    """GIVEN a stop under one of two signatures WHEN the client is made anew with one or none THEN it is heeded."""
    world = stopped_under("two#一")
    assert not may_post(world, client=Client("two", "sender", signatures=signatures), text="【一】大促")
    assert not may_post(world, client=Client("two", "sender", signatures=signatures))
    assert may_post(world, client=SHOP)
    assert may_post(world, client=Client("two", "sender", signatures=("一", "二")), text="【二】大促")


def test_no_failover_goes_past_a_stop() -> None:
    """GIVEN a stop under the signature of the route's second account WHEN the first one refuses a message THEN the
    second one does not send it either."""
    document = json.loads(accounts_document((("ly", "langyu", 0), ("hb", "hbsmservice", 0))))
    document["accounts"][1]["signature"] = "其他"
    world = stopped_under("mall#其他", json.dumps(document), ("account", "accepted"))
    assert not may_post(world, client=MALL)
    _, other = numbers(2)
    world.accept(post(NUMBER, other, purpose="marketing"), client=MALL)
    assert set(reached(world)) == {other}
    assert {seen.account for seen in world.vendors.seen} == {"ly", "hb"}
    assert may_post(world, client=MALL, signature="示例"), "under which nobody stopped it"


@pytest.mark.parametrize("text", ["TD", "START"])
def test_every_fault_on_the_way_of_a_reply(text: str) -> None:
    """GIVEN a reply WHEN its worker fails at any step, and the reply comes again THEN it was obeyed, and is told."""
    world = begun()
    if text == "START":
        say(world, "TD")
        world.now += 2_000
    seam = Seam()
    say(world.copy(), text, seam)
    for step in range(len(seam.steps)):
        for fault in Fault:
            again = world.copy()
            with suppress(Crash, AwsError):
                say(again, text, Seam({step: fault}))
            say(again, text)
            assert may_post(again) is (text == "START"), (fault, seam.steps[step])
            assert [item["text"] for item in again.items("mo_")].count(text) == 1


def test_a_stop_is_written_before_the_reply_is_told() -> None:
    """GIVEN TD WHEN its worker dies at any step THEN no reply is told whose stop does not hold yet."""
    world = begun()
    seam = Seam()
    say(world.copy(), "TD", seam)
    for step in range(len(seam.steps)):
        again = world.copy()
        with suppress(Crash):
            say(again, "TD", Seam({step: Fault.CRASH_BEFORE}))
        found = again.table.get_many(keys_of_stops("shop"))
        assert not again.items("mo_") or (state(again).stops and stopped_since(found, "shop", again.now))


def test_a_redelivered_stop_does_not_undo_a_later_start() -> None:
    """GIVEN TD and then START WHEN either comes once more, from a queue THEN the last word counts."""
    world = begun()
    replies = []
    for text in ("TD", "START", "TD"):
        replies.append(reply(world, text))
        world.now += 2_000
    orders: Mapping[tuple[int, ...], bool] = {
        **dict.fromkeys(((0, 1), (1, 0), (0, 1, 0), (1, 0, 1), (0, 1, 0, 1)), True),
        **dict.fromkeys(((0, 1, 2), (2, 1, 0), (2, 0, 1), (1, 2, 1), (2, 1, 2, 0, 1)), False),
    }
    for order, allowed in orders.items():
        again = world.copy()
        for index in order:
            again.ingest(replies[index])
        assert may_post(again) is allowed, order


@pytest.mark.parametrize("stopped", [True, False])
def test_a_reroute_leaves_out_who_has_stopped_it_meanwhile(stopped: bool) -> None:
    """GIVEN marketing whose failures go to the next account WHEN its reader stops it before the report THEN it ends."""
    world = World(accounts_document((("a", "langyu", 0), ("b", "langyu", 0))))
    world.accept(post(NUMBER, purpose="marketing", resend_undelivered=True), client=SHOP)
    world.settle(world.now)
    (seen,) = world.vendors.seen
    if stopped:
        stop_marketing(world.table, NUMBER, Suppression(world.now, client="shop"), world.now)
    world.ingest(report_of(world, "a", seen.id_of(NUMBER), NUMBER, status="failed"))
    world.settle(world.now)
    assert [each.account for each in world.vendors.seen] == (["a"] if stopped else ["a", "b"])


def confirming(client: Client = SHOP, **fields: object) -> World:
    """A world with marketing that has reached the number, through an account that confirms opt-outs."""
    document = json.loads(accounts_document((("ly", "langyu", 0), ("other", "langyu", 0))))
    document["accounts"][0]["options"]["opt_out_confirmation"] = "您已退订，回复START恢复"
    world = World(json.dumps(document))
    world.accept(post(NUMBER, purpose="marketing", **fields), client=client)
    world.settle(world.now)
    return world


def confirmations(world: World) -> list[str]:
    """The accounts that carried something to the number beside the marketing."""
    world.settle(world.now)
    return [seen.account for seen in world.vendors.seen[1:]]


def test_an_opt_out_is_confirmed_once() -> None:
    """GIVEN an account that confirms opt-outs WHEN somebody writes TD, again, START and TD THEN each first stop is
    confirmed, through that account, by whose message it was."""
    world = confirming()
    for text, count in (("TD", 1), ("TD", 1), ("START", 1), ("好的", 1), ("TD", 2)):
        world.now += 61_000  # langyu has no id for a reply, and tells the minute
        say(world, text)
        assert confirmations(world) == ["ly"] * count, text
    messages = [item for item in world.items("msg_") if "message" in item]
    assert {item["client"] for item in messages} == {"shop"}
    assert [item["message"]["purpose"] for item in messages].count("notice") == 2


def test_an_answer_to_a_confirmation_is_about_what_was_stopped() -> None:
    """GIVEN a stop of one signature, or of everybody's, that was confirmed WHEN its reader answers START THEN that very
    stop is undone."""
    for world, scope in (
        (confirming(MALL, text="【其他】大减价"), "mall#其他"),
        (World(confirming().document), "*"),
    ):
        say(world, "TD")
        assert set(state(world).stops) == {scope}
        world.settle(world.now)
        world.now += 61_000
        say(world, "START")
        assert not state(world).stops, scope


def test_who_is_suppressed_gets_no_confirmation() -> None:
    world = confirming()
    suppressions.suppress(world.table, NUMBER, world.now)
    say(world, "TD")
    assert confirmations(world) == []
    assert set(state(world).stops) == {"shop"}
    assert world.items("mo_")


def test_a_confirmation_survives_every_fault() -> None:
    """GIVEN TD WHEN its worker fails at any step, and it comes again THEN one confirmation reaches the number."""
    world = confirming()
    seam = Seam()
    say(world.copy(), "TD", seam)
    for step in range(len(seam.steps)):
        for fault in Fault:
            again, receipt = world.copy(), reply(world, "TD")
            with suppress(Crash, AwsError):
                again.ingest(receipt, Seam({step: fault}))
            again.now += 30_000
            again.ingest(receipt)
            again.settle(again.now + 300_000)
            assert len(confirmations(again)) == 1, (fault, seam.steps[step])


def test_an_opt_in_that_a_vendor_pushes_once_more_undoes_no_later_stop() -> None:
    """GIVEN replies without a time of their own WHEN the vendor pushes an old START again THEN the later stop holds."""
    world = begun()
    for text in ("TD", "START", "退订", "START"):
        world.now += 1_000
        world.ingest(reply_of(world, "ly", NUMBER, text, moTime=""))
    assert set(state(world).stops) == {"shop"}


def test_an_accounts_own_words_are_obeyed_and_told() -> None:
    """GIVEN an account with words of its own WHEN its readers write them THEN they are obeyed as the usual ones, and
    told as such."""
    document = json.loads(accounts_document((("ly", "langyu", 0),)))
    document["accounts"][0]["options"] |= {"opt_out_words": ["不要了"], "opt_in_words": ["重来"]}
    world = World(json.dumps(document))
    world.accept(post(NUMBER, purpose="marketing"), client=SHOP)
    world.settle(world.now)
    for text, may in (("不要了！", False), ("重 来", True), ("不要了吗", True)):
        world.now += 61_000
        say(world, text)
        assert may_post(world) is may, text
    told = {event.detail["text"]: event.detail for event in world.events() if event.type == EventType.RECEIVED}
    assert [text for text, detail in told.items() if detail["opt_out"]] == ["不要了！"]
    assert [text for text, detail in told.items() if detail["opt_in"]] == ["重 来"]


def test_each_stop_and_each_return_is_told_once() -> None:
    """GIVEN texts that count, and replies that repeat themselves or come again WHEN the stream is read THEN each stop
    and each return is one event."""
    world = begun()
    for text in ("TD", "TD", "退订", "START", "START", "TD"):
        world.now += 900_000
        receipt = reply(world, text)
        for _ in range(2):
            world.ingest(receipt)
        world.accept(post(NUMBER, purpose="otp"), client=SHOP)
    opting = [event for event in world.events() if event.type in (EventType.OPTED_OUT, EventType.OPTED_IN)]
    assert [event.type for event in opting] == [EventType.OPTED_OUT, EventType.OPTED_IN, EventType.OPTED_OUT]
    assert len({event.identity for event in opting}) == 3
    assert {(event.detail["client"], event.detail["source"], event.account) for event in opting} == {
        ("shop", "reply", "ly"),
    }
