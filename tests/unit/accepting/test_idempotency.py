"""The answer to a post that comes again under its Idempotency-Key, from the message that stands under it."""

from dataclasses import replace

import pytest

from smsgateway.accepting.idempotency import first_answer, rivals_answer, standing_now
from smsgateway.accepting.post import Post, Refusal
from smsgateway.accepting.recipients import recipients_of
from tests.doubles.seam import Crash, Fault, Seam
from tests.doubles.world import SECOND, World, accounts_document, numbers, post

GIVEN = post(*numbers(2), "12", idempotency_key="k", body_hash="h")


def accepted(given: Post = GIVEN) -> tuple[World, dict[str, object]]:
    world = World(accounts_document((("main", "hbsmservice", 0),)))
    _, answer = world.accept(given)
    return world, answer


def test_nothing_stands_under_a_new_key() -> None:
    world = World("")
    assert standing_now(world.table, "msg_0") is None
    assert first_answer(world.table, None, GIVEN, recipients_of(GIVEN)) is None


@pytest.mark.parametrize("count", [1, 2])
def test_the_first_answer_is_given_again(count: int) -> None:
    """Whole, with the numbers that were refused."""
    given = replace(GIVEN, to=(*numbers(count), "12"))
    world, answer = accepted(given)
    first = standing_now(world.table, str(answer["id"]))
    assert first_answer(world.table, first, given, recipients_of(given)) == answer
    assert rivals_answer(world.table, first, given, recipients_of(given), world.now) == answer


def test_another_body_is_refused() -> None:
    world, answer = accepted()
    first = standing_now(world.table, str(answer["id"]))
    with pytest.raises(Refusal) as refused:
        first_answer(world.table, first, replace(GIVEN, body_hash="other"), recipients_of(GIVEN))
    assert refused.value.status == 422
    assert [place for place, _ in refused.value.errors] == ["Idempotency-Key"]


def test_a_post_whose_first_is_under_way_is_told_when_to_come_again() -> None:
    """After so many seconds the other request is finished, or certainly dead."""
    world, seam = World(accounts_document((("main", "hbsmservice", 0),))), Seam()
    world.copy().accept(GIVEN, seam)
    with pytest.raises(Crash):
        world.accept(GIVEN, Seam({len(seam.steps) - seam.steps[::-1].index("update_item") - 1: Fault.CRASH_BEFORE}))
    (claim,) = [item for item in world.items("msg_") if item["sk"] == "M"]
    first = standing_now(world.table, claim["pk"])
    assert first_answer(world.table, first, GIVEN, recipients_of(GIVEN)) is None
    with pytest.raises(Refusal) as refused:
        rivals_answer(world.table, first, GIVEN, recipients_of(GIVEN), world.now)
    assert refused.value.status == 409
    assert refused.value.retry_after
    assert world.now + refused.value.retry_after * SECOND > claim["accepting_until"]
