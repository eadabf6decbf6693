"""Which accounts a client may use for a post, and which of them can carry it."""

from dataclasses import replace
from typing import Any

import pytest

from smsgateway.accepting.post import PersonalPost, Post, Refusal
from smsgateway.accepting.route import accounts_for, check_rights
from smsgateway.config.settings import Settings
from smsgateway.model import Client
from tests.doubles.world import World, accounts_document, numbers, personal_post, post

ANYBODY = Client("shop", "sender")
POST = post(*numbers(1))
EMOJI = "您好\N{GRINNING FACE}"  # the charset of qixintong, has none


def world() -> World:
    return World(accounts_document((("qixintong", "qixintong", 0), ("heji", "heji", 0))))


def settings() -> Settings:
    return world().settings()


def names(client: Client, given: Post = POST, route: tuple[str, ...] = ("qixintong", "heji")) -> list[str]:
    return [account.name for account in accounts_for(client, given, settings(), route)]


def test_a_client_without_limits_may_use_the_whole_route() -> None:
    check_rights(ANYBODY, POST)
    assert names(ANYBODY) == ["qixintong", "heji"]


def test_a_client_may_use_its_own_accounts_of_the_route() -> None:
    assert names(replace(ANYBODY, accounts=("heji",))) == ["heji"]


@pytest.mark.parametrize(
    ("client", "given"),
    [
        (replace(ANYBODY, accounts=("heji",)), replace(POST, account="qixintong")),
        (replace(ANYBODY, purposes=("otp",)), POST),
    ],
    ids=["account", "purpose"],
)
def test_what_a_client_may_not_use_is_refused(client: Client, given: Post) -> None:
    with pytest.raises(Refusal) as refused:
        check_rights(client, given)
    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("client", "given", "route", "status"),
    [
        (ANYBODY, replace(POST, account="nobodys"), ("nobodys",), 422),
        (ANYBODY, POST, (), 422),
        (replace(ANYBODY, accounts=("other",)), POST, ("qixintong", "heji"), 403),
    ],
    ids=["unknown account", "no route", "no account of the route"],
)
def test_without_an_account_the_post_is_refused(
    client: Client, given: Post, route: tuple[str, ...], status: int
) -> None:
    with pytest.raises(Refusal) as refused:
        names(client, given, route)
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (post(*numbers(1), text=EMOJI), "text"),
        (
            replace(
                personal_post(*numbers(2)),
                personal=(PersonalPost(numbers(2)[0], text="您好"), PersonalPost(numbers(2)[1], text=EMOJI)),
            ),
            "messages[1]",
        ),
        (post(*numbers(1), text=" "), "text"),
        (post(*numbers(1), extension="x"), "extension"),
    ],
    ids=["text", "one of many texts", "empty", "extension"],
)
def test_a_post_that_no_account_can_carry_is_refused_by_its_field(given: Post, place: str) -> None:
    with pytest.raises(Refusal) as refused:
        world().accept(replace(given, account="qixintong"))
    assert [found for found, _ in refused.value.errors] == [place]


def test_an_account_that_cannot_carry_a_post_leaves_its_route() -> None:
    def answer(**fields: Any) -> dict[str, Any]:
        return world().accept(post(*numbers(1), text=EMOJI, **fields))[1]

    assert answer()["account"] == "heji"
    assert [entry["account"] for entry in answer(dry_run=True)["plan"]["excluded"]] == ["qixintong"]
