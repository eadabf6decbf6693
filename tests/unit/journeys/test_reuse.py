"""An Idempotency-Key used again after its message's time, while what has expired still stands.

DynamoDB deletes up to two days late. The new message has the old one's id, and nothing else of it.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from smsgateway.accepting.post import Post
from smsgateway.api import message_view
from smsgateway.model import Status
from smsgateway.store import listing, recipients, reports
from smsgateway.store.vendor_ids import key_in, places
from tests.doubles import invariants
from tests.doubles.receipts import reply_of, report_of
from tests.doubles.world import HOUR, RETENTION, SECOND, World, accounts_document, numbers, personal_post, post

VENDORS = ("hbsmservice", "langyu", "qixintong", "infocloud")
FEW, OTHERS = numbers(3), numbers(6)[3:]
POSTS: dict[str, tuple[Post, Post]] = {
    "several, then one of them": (post(*FEW), post(FEW[0])),
    "several, then another": (post(*FEW), post(OTHERS[0])),
    "several, then fewer": (post(*FEW), post(*FEW[1:])),
    "several, then others": (post(*FEW), post(*OTHERS)),
    "several, then the same": (post(*FEW), post(*FEW)),
    "one, then several": (post(FEW[0]), post(*FEW)),
    "one, then another": (post(FEW[0]), post(OTHERS[0])),
    "personal, then others": (personal_post(*FEW), personal_post(*OTHERS)),
}


def keyed(given: Post, body: str) -> Post:
    return Post(**{name: getattr(given, name) for name in Post.__slots__} | {"idempotency_key": "k", "body_hash": body})


def to(given: Post) -> tuple[str, ...]:
    return given.to or tuple(entry.to for entry in given.personal)


def document(vendor: str, limit: int = 2) -> str:
    """The first account takes all at once, and the second as few as `limit`."""
    return accounts_document((("main", vendor, 0), ("spare", vendor, limit)))


def reported(world: World, to: Sequence[str]) -> None:
    """The vendor reports the last request for each of the numbers."""
    for number in to:
        seen = world.vendors.requests_for(number)[-1]
        world.ingest(report_of(world, seen.account, seen.id_of(number), number))


def expired(world: World) -> None:
    """An hour after everything of a message should have been deleted; nothing was."""
    world.now += RETENTION * SECOND + 4 * 24 * HOUR
    assert world.db.items


def shown(world: World, message_id: str) -> dict[str, Any]:
    """As `GET /messages/{id}` shows the message."""
    whole = message_view.load_whole(world.table, message_id, world.now)
    assert whole
    counts, uncounted = message_view.counts(world.table, whole, world.now)
    assert not uncounted
    items, after = message_view.recipients_page(world.table, world.settings(), whole, ("", 0), 100, world.now)
    assert after is None
    assert Counter(item["status"] for item in items) == counts
    return {item["to"]: (item["status"], len(item["history"])) for item in items}


@pytest.mark.parametrize("name", POSTS)
@pytest.mark.parametrize("vendor", VENDORS)
def test_the_new_message_has_nothing_of_the_old(vendor: str, name: str) -> None:
    """GIVEN a message that was refused by one account, went on in parts and was reported WHEN its key is used again
    after its time THEN the new message shows its own recipients alone, goes the same way, and is reported likewise."""
    first, second = (keyed(given, str(index)) for index, given in enumerate(POSTS[name]))
    world = World(document(vendor), ("account", "accepted"))
    _, answer = world.accept(first)
    world.settle(world.now + HOUR)
    reported(world, to(first))
    world.settle()
    assert set(invariants.statuses(world, answer["id"]).values()) == {Status.DELIVERED}
    expired(world)
    world.vendors.calls = 0  # the first account refuses again

    _, again = world.accept(second)
    assert again["id"] == answer["id"]
    assert shown(world, again["id"]) == dict.fromkeys(to(second), (Status.QUEUED, 0))
    sent_before = {number: len(world.vendors.requests_for(number)) for number in to(second)}
    world.settle(world.now + HOUR)
    for number in to(second):
        assert len(world.vendors.requests_for(number)) > sent_before[number]
    assert {status for status, _ in shown(world, again["id"]).values()} == {Status.SUBMITTED}
    reported(world, to(second))
    world.settle()
    found = invariants.statuses(world, again["id"])
    assert found == dict.fromkeys(to(second), Status.DELIVERED)
    assert {number: status for number, (status, _) in shown(world, again["id"]).items()} == found


@pytest.mark.parametrize("vendor", VENDORS)
def test_old_numbers_lead_to_nothing(vendor: str) -> None:
    """GIVEN the same WHEN old recipients are looked for, reported or reply THEN the new message is not meant."""
    world = World(document(vendor))
    _, answer = world.accept(keyed(post(*FEW), "1"))
    world.settle(world.now + HOUR)
    old = world.vendors.requests_for(FEW[0])[0].id_of(FEW[0])
    world.settle()
    expired(world)
    world.accept(keyed(post(*OTHERS), "2"))
    world.settle(world.now + HOUR)

    rows, _ = listing.to_number(world.table, FEW[0], None, 10, None)
    assert rows  # the index has the old row
    assert [message_view.number_view(world.table, (row["pk"], row["sk"]), world.now) for row in rows] == [None]
    assert recipients.submission_of_row(world.table, (rows[0]["pk"], rows[0]["sk"])) is None
    world.ingest(report_of(world, "main", old, FEW[0]))
    assert shown(world, answer["id"]) == dict.fromkeys(OTHERS, (Status.SUBMITTED, 0))
    unplaced, _ = listing.unplaced_reports(world.table, "main", 10, None)
    assert [each.report.number for each in unplaced] == [FEW[0]]


def test_a_reply_does_not_answer_what_has_expired() -> None:
    world = World(document("langyu"))
    world.accept(keyed(post(*FEW), "1"))
    world.settle()
    expired(world)
    world.accept(keyed(post(*OTHERS), "2"))
    world.settle(world.now + HOUR)
    world.ingest(reply_of(world, "main", FEW[0], "您好"))
    world.ingest(reply_of(world, "main", OTHERS[0], "您好"))
    answered = {item["number"]: item["in_reply_to"] for item in world.items("mo_")}
    assert answered[FEW[0]] == ""
    assert answered[OTHERS[0]]


def test_a_long_reply_begins_anew_where_an_expired_one_stands() -> None:
    world = World(document("langyu"))
    parts = [{"emshead": f"5,2,{part}", "moTime": "2601011200"} for part in (1, 2)]
    for fields in parts:
        world.ingest(reply_of(world, "main", FEW[0], "甲", **fields))
    expired(world)
    for fields in parts:
        world.ingest(reply_of(world, "main", FEW[0], "乙", **fields))
    texts = sorted(item["text"] for item in world.items("mo_"))
    assert texts == ["乙乙", "甲甲"]


def test_what_has_expired_is_in_no_list() -> None:
    """Replies and reports without a place, which the index would still list."""
    world = World(document("langyu"))
    world.ingest(reply_of(world, "main", FEW[0], "您好"))
    world.ingest(report_of(world, "main", "unheard of", FEW[0]))
    assert len(listing.replies(world.table, None, "", 10, None)[0]) == 1
    assert len(listing.replies_from(world.table, FEW[0], None, "", 10, None)[0]) == 1
    assert len(listing.unplaced_reports(world.table, "main", 10, None)[0]) == 1
    expired(world)
    assert listing.replies(world.table, None, "", 10, None) == ([], None)
    assert listing.replies_from(world.table, FEW[0], None, "", 10, None) == ([], None)
    assert listing.unplaced_reports(world.table, "main", 10, None) == ([], None)


def test_a_vendors_id_given_again_means_the_new_message() -> None:
    """GIVEN a vendor that counts anew WHEN an id comes back whose mapping, and whose early report, have expired THEN
    it means the new submission, and the report of the old one does not."""
    world = World(document("langyu"))
    world.ingest(report_of(world, "main", "idmain0001", FEW[0]))  # nobody knows it: kept, and flagged
    expired(world)
    _, answer = world.accept(post(FEW[0]))
    world.settle(world.now + HOUR)
    assert world.vendors.seen[0].ids == ("idmain0001",)
    assert shown(world, answer["id"]) == {FEW[0]: (Status.SUBMITTED, 0)}
    world.settle()
    expired(world)
    found = world.table.get_many(places("main", "idmain0001"))
    assert key_in(found, "main", "idmain0001") is None
    report = report_of(world, "main", "idmain0001", FEW[0])
    world.ingest(report)
    assert len(list(reports.early_reports(world.table, places("main", "idmain0001")[0][0]))) == 1


def test_ids_in_blocks_too() -> None:
    """The same of ids that neighbours share an item with."""
    world = World(document("qixintong"))
    world.accept(post(*FEW))
    world.settle()
    (first,) = world.vendors.seen
    expired(world)
    world.vendors.calls = 0
    _, answer = world.accept(post(*OTHERS))
    world.settle(world.now + HOUR)
    assert world.vendors.seen[1].ids == first.ids
    for number in OTHERS:
        world.ingest(report_of(world, "main", world.vendors.seen[1].id_of(number), number))
    assert set(invariants.statuses(world, answer["id"]).values()) == {Status.DELIVERED}
