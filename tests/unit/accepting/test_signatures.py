"""Accounts with which a signature is refused are left out of the route, and the dry run says so."""

import json
from typing import Any

import pytest

from smsgateway.accepting.post import PersonalPost, Post, Refusal
from smsgateway.model import Template
from smsgateway.rules.carriers import ANY_CARRIER
from smsgateway.store import signatures, templates
from smsgateway.store.signatures import SignaturePlace
from tests.doubles.seam import Seam
from tests.doubles.world import World, accounts_document, numbers, personal_post, post

MOBILE, UNICOM = "13800000000", "13000000000"
FILED = {"account": "main", "carrier": "*", "state": "filed"}


def world(*filing: dict[str, str], signature: str = "示例") -> World:
    accounts = (("main", "langyu", 0), ("spare", "hbsmservice", 0))
    document = json.loads(accounts_document(accounts)) | {
        "signatures": [{"signature": signature, "filing": list(filing)}]
    }
    return World(json.dumps(document))


def learned(made: World, carrier: str, signature: str = "示例", account: str = "main") -> World:
    place = SignaturePlace(account, carrier, signature)
    signatures.learn(made.table, place, lambda known: signatures.refusal(known, made.now, "116"), made.now)
    return made


def refused(carrier: str, account: str = "main") -> dict[str, str]:
    return {"account": account, "carrier": carrier, "state": "refused"}


def plan(made: World, given: Post) -> dict[str, Any]:
    status, answer = made.accept(given)
    assert status == 200
    found: dict[str, Any] = answer["plan"]
    return found


def accounts_of(made: World, *to: str, **fields: Any) -> list[str]:
    return [step["account"] for step in plan(made, post(*to, dry_run=True, **fields))["route"]]


@pytest.mark.parametrize(
    "made",
    [world(refused("mobile")), world(refused("*")), learned(world(FILED), "mobile"), learned(world(), ANY_CARRIER)],
    ids=["by hand", "by hand for all", "learned, against the document", "learned for all"],
)
def test_an_account_is_left_out_for_the_carrier_that_refuses(made: World) -> None:
    assert accounts_of(made, MOBILE) == ["spare"]
    assert made.accept(post(MOBILE))[1]["account"] == "spare"
    (excluded,) = plan(made, post(MOBILE, dry_run=True))["excluded"]
    assert excluded["account"] == "main"
    assert "signature 示例" in excluded["problem"]


@pytest.mark.parametrize("made", [world(refused("mobile")), learned(world(), "mobile")], ids=["by hand", "learned"])
def test_other_carriers_and_other_signatures_go_on(made: World) -> None:
    assert accounts_of(made, UNICOM) == ["main", "spare"]
    assert accounts_of(made, MOBILE, UNICOM) == ["main", "spare"]
    assert accounts_of(made, MOBILE, "13900000000") == ["spare"]
    assert accounts_of(made, MOBILE, signature="例子") == ["main", "spare"]
    assert accounts_of(made, MOBILE, text="【例子】您好") == ["main", "spare"]
    assert accounts_of(made, MOBILE, signature="") == ["main", "spare"]


@pytest.mark.parametrize("fields", [{"text": "【例子】您好"}, {"signature": "例子"}, {"template": "t", "text": None}])
@pytest.mark.parametrize("to", [(MOBILE,), (MOBILE, "13900000000")], ids=["one number", "several"])
@pytest.mark.parametrize(
    "made",
    [world(refused("mobile"), signature="例子"), learned(world(), "mobile", "例子")],
    ids=["by hand", "learned"],
)
def test_the_signature_is_the_one_that_would_be_read(made: World, to: tuple[str, ...], fields: dict[str, Any]) -> None:
    templates.put_template(made.table, Template("t", "【例子】您好"))
    assert accounts_of(made, *to, **fields) == ["spare"]
    assert accounts_of(made, *to) == ["main", "spare"]


def test_of_personal_texts_each_has_its_own_signature() -> None:
    made = learned(learned(world(), "mobile", "示例"), "mobile", "例子")
    given = personal_post(*numbers(3), dry_run=True)
    assert [step["account"] for step in plan(made, given)["route"]] == ["spare"]
    one_other = World(made.document)
    learned(one_other, "mobile", "例子")
    assert [step["account"] for step in plan(one_other, given)["route"]] == ["main", "spare"]


def test_without_any_account_left_the_post_is_refused_with_the_reasons() -> None:
    made = learned(world(refused("*", "spare")), "mobile")
    with pytest.raises(Refusal) as error:
        made.accept(post(MOBILE))
    assert (error.value.status, error.value.title) == (422, "No account can carry this")
    assert [place for place, _ in error.value.errors] == ["signature", "signature"]
    assert "tried again at 2026-01-08T00:00:00.000Z" in error.value.errors[0][1]
    assert "the accounts document says" in error.value.errors[1][1]
    assert made.items("msg_") == []


def test_a_refusal_is_over_after_a_week() -> None:
    made = learned(world(), "mobile")
    made.now += signatures.REFUSED_FOR + 1000
    assert accounts_of(made, MOBILE) == ["main", "spare"]


def test_a_dry_run_shows_the_states_that_are_known() -> None:
    made = world(FILED | {"state": "pending"}, refused("unicom"))
    first, second = plan(made, post(MOBILE, UNICOM, dry_run=True))["route"]
    assert first["signatures"] == [
        {"signature": "示例", "carrier": "mobile", "state": "pending"},
        {"signature": "示例", "carrier": "unicom", "state": "refused"},
    ]
    assert second["signatures"] == []


@pytest.mark.parametrize(
    ("to", "reads"),
    [((MOBILE,), 1), ((MOBILE, UNICOM), 2)],
    ids=["one number: with the first read", "several: a read of its own"],
)
def test_what_was_learned_costs_at_most_a_read_of_a_message(to: tuple[str, ...], reads: int) -> None:
    seam = Seam()
    learned(world(), "mobile").accept(post(*to, dry_run=True), seam)
    assert seam.steps.count("batch_get_item") == reads


def test_only_so_many_signatures_are_looked_up() -> None:
    """GIVEN a thousand texts, each with another signature WHEN they are posted THEN they cost one read together."""
    entries = tuple(PersonalPost(number, text=f"【签{index}】您好") for index, number in enumerate(numbers(1000)))
    with_one, without = Seam(), Seam()
    world().accept(Post("notice", personal=entries, dry_run=True), with_one)
    world().accept(post(*numbers(1000), dry_run=True), without)
    assert with_one.steps.count("batch_get_item") == without.steps.count("batch_get_item")
