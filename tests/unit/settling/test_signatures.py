"""What refusals and reports teach of signatures: at once or in numbers, and the same whoever dies or comes twice."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from smsgateway.accepting.post import PersonalPost, Post
from smsgateway.ids import SubmissionKey
from smsgateway.model import Status
from smsgateway.store import signatures
from smsgateway.store.signatures import REPORTS_NEEDED, Learned, SignaturePlace
from tests.doubles import invariants, vendors
from tests.doubles.interleaving import Task, schedules
from tests.doubles.receipts import report_of
from tests.doubles.seam import AwsError, Crash, Fault, Seam
from tests.doubles.world import DAY, HOUR, World, accounts_document, begun, numbers, post

ACCOUNTS = (("main", "langyu", 0), ("spare", "hbsmservice", 0))
UNICOM = "13000000000"
SAID = "SIGNERR"


@pytest.fixture(autouse=True)
def signature_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """langyu refuses a content for its signature."""
    monkeypatch.setitem(vendors.ANSWERS["langyu"], "content", lambda *_: "20260101120000,116")


def document(*filing: dict[str, str]) -> str:
    given = {"signatures": [{"signature": "示例", "filing": list(filing)}]}
    return json.dumps(json.loads(accounts_document(ACCOUNTS)) | given)


def learned(world: World) -> list[Learned]:
    return list(signatures.refusals_of(world.table, "main"))


def places(world: World) -> list[SignaturePlace]:
    return [each.place for each in learned(world)]


def alerts(world: World) -> list[str]:
    return [item["detail"] for item in world.items("account#main") if item.get("alert") == "signature_refused"]


def mobile(signature: str = "示例") -> SignaturePlace:
    return SignaturePlace("main", "mobile", signature)


def sent(*to: str, **fields: Any) -> tuple[World, SubmissionKey, str]:
    """A message that langyu has taken, and its id there."""
    world = World(document(), ["accepted"])
    world.accept(post(*to, **fields))
    world.deliver()
    (seen,) = world.vendors.seen
    (item,) = [each for each in world.items("msg_") if each["sk"] == "S#00000"]
    return world, SubmissionKey(item["pk"], "00000"), seen.ids[0]


def told(world: World, vendor_id: str, *to: str, word: str = SAID) -> None:
    for number in to:
        world.ingest(report_of(world, "main", vendor_id, number, word=word))


# A refusal in the answer to a submission


@pytest.mark.parametrize(
    ("to", "fields", "place"),
    [
        ((numbers(1)[0],), {}, mobile()),
        (numbers(3), {}, mobile()),
        ((numbers(1)[0], UNICOM), {}, SignaturePlace("main", "*", "示例")),
        (("16000000000",), {}, SignaturePlace("main", "*", "示例")),
        ((numbers(1)[0],), {"signature": "例子"}, mobile("例子")),
        ((numbers(1)[0],), {"text": "【例子】您好"}, mobile("例子")),
    ],
    ids=["one number", "one carrier", "several carriers", "a carrier that nobody knows", "the message's", "the text's"],
)
def test_a_refusal_counts_at_once(to: tuple[str, ...], fields: dict[str, Any], place: SignaturePlace) -> None:
    world = World(document(), ["content", "accepted"])
    world.accept(post(*to, **fields))
    world.deliver()
    (found,) = learned(world)
    assert found.place == place
    assert found.vendor_status.startswith("116 签名不合法")
    assert len(alerts(world)) == 1
    world.deliver()
    assert [seen.account for seen in world.vendors.seen] == ["main", "spare"]
    assert world.accept(post(*to, **fields))[1]["account"] == "spare"


def test_a_text_without_a_signature_teaches_nothing() -> None:
    world = World(document(), ["content", "accepted"])
    world.accept(post(*numbers(1), signature=""))
    world.deliver()
    assert learned(world) == []


def test_other_refusals_of_the_content_teach_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vendors.ANSWERS["langyu"], "content", lambda *_: "20260101120000,105")
    world = World(document(), ["content", "accepted"])
    world.accept(post(*numbers(1)))
    world.deliver()
    assert learned(world) == []
    assert alerts(world) == []


def test_the_operator_is_told_what_the_document_says() -> None:
    world = World(document({"account": "main", "carrier": "*", "state": "filed"}), ["content", "accepted"])
    world.accept(post(*numbers(1)))
    world.deliver()
    (detail,) = alerts(world)
    assert detail.startswith("示例: refused for the carrier mobile, though the accounts document says filed; ")
    assert "116" in detail


def test_a_worker_that_dies_leaves_the_submission_right_and_the_lesson_to_the_next() -> None:
    """GIVEN a refusal of the signature WHEN its worker fails at any step THEN the message ends as it would, no number
    is lost or asked for twice, and no account is left out without a word to the operator."""
    origin, key = begun(document(), 1, "content", "accepted")
    seam = Seam()
    origin.copy().dispatch(key, seam)
    for step in range(len(seam.steps)):
        for fault in Fault:
            world = origin.copy()
            world.dispatch(key, Seam({step: fault}))
            assert not places(world) or alerts(world), (fault, step, seam.steps[step])
            world.settle()
            invariants.check_never_twice(world, numbers(1))
            found = invariants.check_ended(world, key.message_id, numbers(1))
            assert set(found.values()) <= {Status.UNKNOWN, Status.SUBMITTED}, (fault, step, found)
            assert len(places(world)) <= 1


def test_the_option_codes_can_say_it_of_any_vendor() -> None:
    """hbsmservice's document has no code for it; the script's `moment` is a code that it does not list."""
    given = json.loads(document())
    given["accounts"][1]["options"]["codes"] = {"777": "signature"}
    given["routes"][0]["accounts"] = ["spare", "main"]
    world = World(json.dumps(given), ["moment", "accepted"])
    world.accept(post(*numbers(1)))
    world.deliver()
    (found,) = signatures.refusals_of(world.table, "spare")
    assert (found.place, found.vendor_status) == (SignaturePlace("spare", "mobile", "示例"), "777")
    world.deliver()
    assert [seen.account for seen in world.vendors.seen] == ["spare", "main"]


# Reports


def test_reports_count_once_several_numbers_say_so() -> None:
    world, _, vendor_id = sent(*numbers(5))
    for count, number in enumerate(numbers(REPORTS_NEEDED), start=1):
        told(world, vendor_id, number)
        told(world, vendor_id, number)
        assert places(world) == ([mobile()] if count == REPORTS_NEEDED else []), count
    assert len(alerts(world)) == 1
    assert world.accept(post(*numbers(1)))[1]["account"] == "spare"
    assert world.accept(post(UNICOM))[1]["account"] == "main"


def test_each_carrier_has_to_say_it_by_itself() -> None:
    to = ("13800000000", "13000000000", "13300000000", "19200000000")
    nobodys = ("16000000000", "16000000001", "16000000002")
    world, _, vendor_id = sent(*to, *nobodys)
    told(world, vendor_id, *to, *nobodys)
    assert places(world) == []


def test_messages_to_one_number_each_count_together() -> None:
    """The report of such a message is applied without reading it: nearly all passwords go this way."""
    world = World(document(), ["accepted"])
    for number in numbers(REPORTS_NEEDED):
        world.accept(post(number, purpose="otp"))
        world.deliver()
        told(world, world.vendors.seen[-1].ids[0], number)
    assert places(world) == [mobile()]


def test_personal_texts_count_by_the_signature_that_was_read() -> None:
    world = World(document(), ["accepted"])
    texts = ["【例子】您好"] * REPORTS_NEEDED + ["您好"]
    entries = tuple(PersonalPost(number, text=text) for number, text in zip(numbers(4), texts, strict=True))
    world.accept(Post("notice", personal=entries))
    world.deliver()
    for seen in list(world.vendors.seen):
        told(world, seen.ids[0], *seen.numbers)
    assert places(world) == [mobile("例子")]


@pytest.mark.parametrize("word", ["DELIVRD", "REJECT", "SIGNERR9", "KEYWORD"])
def test_other_words_teach_nothing(word: str) -> None:
    world, _, vendor_id = sent(*numbers(5))
    told(world, vendor_id, *numbers(5), word=word)
    assert places(world) == []
    assert not [item for item in world.items("account#main") if item["sk"].startswith("signature#")]


@pytest.mark.parametrize(("script", "taught"), [("accepted", True), ("content", False)])
def test_the_option_words_can_say_it_of_any_vendor(script: str, taught: bool) -> None:
    """But not of what was certainly not sent: such a report is not believed for its recipient either."""
    given = json.loads(document())
    given["accounts"][1]["options"]["words"] = {"9": "signature_refused"}
    given["routes"][0]["accounts"] = ["spare"]
    world, key = begun(json.dumps(given), 3, script)
    world.dispatch(key)
    for number in numbers(3):
        world.ingest(report_of(world, "spare", key.reference, number, word="9"))
    found = [each.place for each in signatures.refusals_of(world.table, "spare")]
    assert found == ([SignaturePlace("spare", "mobile", "示例")] if taught else [])


def test_reports_that_are_put_back_after_days_teach_nothing() -> None:
    world, _, vendor_id = sent(*numbers(5))
    receipts = [report_of(world, "main", vendor_id, number, word=SAID) for number in numbers(5)]
    world.now += 3 * DAY
    for receipt in receipts:
        world.ingest(receipt)
    assert places(world) == []


def test_what_was_forgotten_is_not_learned_from_the_same_reports() -> None:
    world, _, vendor_id = sent(*numbers(5))
    receipts = [report_of(world, "main", vendor_id, number, word=SAID) for number in numbers(5)]
    for receipt in receipts:
        world.ingest(receipt)
    assert signatures.forget(world.table, mobile(), world.now)
    for receipt in receipts:
        world.ingest(receipt)
    assert places(world) == []


def faults(steps: int) -> Iterator[tuple[int, Fault]]:
    return ((step, fault) for step in range(steps) for fault in Fault)


@pytest.mark.parametrize("count", [1, 3])
def test_a_worker_that_dies_over_reports_loses_no_lesson(count: int) -> None:
    """GIVEN the report that makes the lesson WHEN its worker fails at any step, and the report comes again THEN the
    signature is refused, the operator was told, and the recipient is as it would be."""
    origin, _, vendor_id = sent(*numbers(3))
    told(origin, vendor_id, *numbers(3)[: REPORTS_NEEDED - count])
    last = [report_of(origin, "main", vendor_id, number, word=SAID) for number in numbers(3)[REPORTS_NEEDED - count :]]
    seam = Seam()
    rehearsal = origin.copy()
    for receipt in last:
        rehearsal.ingest(receipt, seam)
    assert places(rehearsal) == [mobile()]
    for step, fault in faults(len(seam.steps)):
        world, failing = origin.copy(), Seam({step: fault})
        for receipt in last:
            with suppress(Crash, AwsError):
                world.ingest(receipt, failing)
            assert not places(world) or alerts(world), (step, fault)
        for receipt in last:
            world.ingest(receipt)
        assert places(world) == [mobile()], (step, fault)
        assert len(alerts(world)) == 1


@pytest.mark.parametrize("forgotten", [False, True], ids=["two workers", "two workers and an administrator"])
def test_workers_come_to_one_end(forgotten: bool) -> None:
    """GIVEN two reports that together make the lesson, each at another worker WHEN they take their steps in any order
    THEN the signature is refused once, and no word is lost; and an administrator who has it forgotten meanwhile is
    heard, before or after."""
    origin, _, vendor_id = sent(*numbers(3))
    told(origin, vendor_id, numbers(3)[0])
    receipts = [report_of(origin, "main", vendor_id, number, word=SAID) for number in numbers(3)[1:]]
    ends = set()

    def make() -> tuple[list[Task], Callable[[], None]]:
        world = origin.copy()
        tasks = [Task(partial(world.ingest, receipt)) for receipt in receipts]
        if forgotten:
            tasks.append(Task(lambda seam: signatures.forget(world._table(seam), mobile(), world.now)))

        def check() -> None:
            ends.add(bool(places(world)))
            assert forgotten or places(world) == [mobile()]
            assert len(alerts(world)) <= 1
            assert alerts(world) or not places(world)

        return tasks, check

    assert schedules(make, 2) > 10
    assert ends == ({False} if forgotten else {True})


def test_one_hour_is_the_window() -> None:
    world = World(document(), ["accepted"])
    for number in numbers(REPORTS_NEEDED):
        world.accept(post(number))
        world.deliver()
        told(world, world.vendors.seen[-1].ids[0], number)
        world.now += HOUR // 2 + 1
    assert places(world) == []


def test_a_refusal_from_before_it_was_forgotten_is_none_any_more() -> None:
    """GIVEN a refusal that stands WHEN an administrator has it forgotten while another call is under way THEN what that
    call is answered, which was asked before, changes nothing."""
    world, key = begun(document(), 1, "content", "accepted")
    place = mobile()
    signatures.learn(world.table, place, lambda known: signatures.refusal(known, world.now - 1, "116"), world.now)

    def forgotten(name: str) -> None:
        if name == "vendor":
            signatures.forget(world.table, place, world.now + 1)

    world.dispatch(key, Seam(pause=forgotten))
    assert [seen.behaviour for seen in world.vendors.seen] == ["content"]
    assert places(world) == []
