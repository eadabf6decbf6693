"""Messages too large for the time of a request: refused before anything is stored, or given up and not sent."""

from typing import Any

import pytest

from smsgateway.accepting import capacity
from smsgateway.accepting.post import PersonalPost, Post, Refusal
from smsgateway.accepting.route import EXAMINED
from smsgateway.calling import encoding
from smsgateway.codecs import VENDORS
from smsgateway.model import Client, Payload, Personal
from tests.doubles import invariants
from tests.doubles.seam import Seam
from tests.doubles.world import SECOND, World, accounts_document, numbers, post


def texts(count: int, **fields: Any) -> Post:
    entries = tuple(PersonalPost(number, text=f"您好{number}") for number in numbers(count))
    return Post(**{"purpose": "notice", "personal": entries, "body_hash": "h", **fields})


def world_of(*vendors: str) -> World:
    return World(accounts_document(tuple((vendor, vendor, 0) for vendor in vendors)))


@pytest.mark.parametrize("vendor", [name for name, vendor in VENDORS.items() if not vendor.batch])
def test_what_does_not_fit_is_refused_with_what_would(vendor: str) -> None:
    """GIVEN half a second for storing WHEN there are more texts than that suffices for THEN nothing is stored, and the
    number that is said to fit does."""
    world = world_of(vendor)
    until = world.now + capacity.TIME_TO_ANSWER + SECOND // 2
    for given in (texts(901), texts(901, dry_run=True)):
        with pytest.raises(Refusal) as refused:
            world.accept(given, until=until)
        assert refused.value.status == 422
        assert refused.value.errors == (("messages", f"at most about 600 through {vendor}"),)
        assert not world.db.items
    assert world.accept(texts(600), until=until)[0] == 202


@pytest.mark.parametrize("vendor", [name for name, vendor in VENDORS.items() if vendor.batch])
def test_where_many_texts_share_a_request_they_fit(vendor: str) -> None:
    world = world_of(vendor)
    assert world.accept(texts(901), until=world.now + capacity.TIME_TO_ANSWER + SECOND // 2)[0] == 202


def test_how_long_encoding_takes_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a worker that takes 5 ms for each text THEN fewer of them fit."""
    world, encodes = world_of("langyu"), encoding.encode

    def slowly(*args: Any, **options: Any) -> Any:
        world.now += 5
        return encodes(*args, **options)

    monkeypatch.setattr(encoding, "encode", slowly)
    with pytest.raises(Refusal) as refused:
        world.accept(texts(900), until=world.now + capacity.TIME_TO_ANSWER + 5 * SECOND)
    assert refused.value.errors == (("messages", "at most about 600 through langyu"),)


def test_a_table_that_is_slower_than_thought_is_given_up() -> None:
    """GIVEN writes that take a second each WHEN a message is stored THEN its request ends in time, what it has taken
    from its client's day is given back, nothing is sent, and after `Retry-After` it is accepted."""
    world, client = world_of("langyu"), Client("shop", "sender", daily_segments=1000)
    given = texts(400, idempotency_key="k")

    def slow(name: str) -> None:
        world.now += SECOND if name == "batch_write_item" else 0

    until = world.now + 10 * SECOND
    with pytest.raises(Refusal) as refused:
        world.accept(given, Seam(pause=slow), client, until)
    assert refused.value.status == 503
    (spent,) = world.items("spent#")
    assert spent["spent"] == 0
    assert refused.value.retry_after
    world.deliver()
    assert not world.vendors.seen
    world.now += refused.value.retry_after * SECOND
    _, answer = world.accept(given, None, client)
    world.queues.waiting.clear()
    assert len(invariants.statuses(world, answer["id"])) == 400


def test_a_dry_run_looks_at_some_of_many_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """And says at how many; requests and segments are those of all."""
    world, encodes, looked = world_of("langyu", "hbsmservice"), encoding.encode, list[str]()

    def counted(account: Any, submission: Any, *args: Any, **options: Any) -> Any:
        looked.extend(account.name for _ in submission.numbers)
        return encodes(account, submission, *args, **options)

    monkeypatch.setattr(encoding, "encode", counted)
    _, answer = world.accept(texts(3000, dry_run=True))
    plan = answer["plan"]
    assert plan["examined"] == EXAMINED
    assert len(looked) <= 2 * (EXAMINED + capacity.MEASURED)
    assert plan["route"][0]["requests"] == answer["segments"] == 3000
    few = world.accept(texts(3, dry_run=True))[1]["plan"]
    assert few["examined"] == 3
    assert world.accept(post(*numbers(3), dry_run=True))[1]["plan"]["examined"] == 1


def test_a_sample_is_from_all_over() -> None:
    payload = Payload(numbers(3000), tuple(map(Personal, numbers(3000))))
    few = capacity.sample_of(payload, 200)
    assert len(few.numbers) == len(few.contents) == 200
    assert few.numbers[0] == numbers(1)[0]
    assert few.numbers[-1] == numbers(2986)[-1]
    assert [content.text for content in few.contents] == list(few.numbers)
