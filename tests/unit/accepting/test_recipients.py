"""Who gets a message: each number once, in one form, and apart from them those who cannot get it, with their places."""

import pytest

from smsgateway.accepting.post import PersonalPost, Post, Refusal
from smsgateway.accepting.recipients import (
    SHOWN_PROBLEMS,
    check_somebody,
    recipients_of,
    set_apart,
    without_landlines,
)
from smsgateway.codecs import VENDORS
from smsgateway.model import SetApart
from tests.doubles import voices

NOW = 1_767_225_600_000  # 2026-01-01
MOBILE, OTHER, LANDLINE = "13800138000", "13800138001", "01012345678"
TAKES_LANDLINES = [name for name, vendor in VENDORS.items() if vendor.profile.landlines]
TAKES_NONE = [name for name, vendor in VENDORS.items() if not vendor.profile.landlines]


def to(*numbers: str) -> Post:
    return Post("notice", to=numbers)


def personal(*numbers: str) -> Post:
    return Post("notice", personal=tuple(PersonalPost(number, text="您好") for number in numbers))


def test_each_number_is_there_once_with_its_first_place() -> None:
    recipients = recipients_of(to(MOBILE, f"+86 {MOBILE}", OTHER))
    assert recipients.numbers == {MOBILE: 0, OTHER: 2}
    assert not recipients.refused


@pytest.mark.parametrize(("post", "place"), [(to("12", MOBILE), "to[0]"), (personal(MOBILE, "12"), "messages[1].to")])
def test_what_is_no_number_is_set_apart_with_its_place(post: Post, place: str) -> None:
    recipients = recipients_of(post)
    assert list(recipients.numbers) == [MOBILE]
    assert recipients.refused == ({"to": "12", "reason": "invalid_number"},)
    assert [found for found, _ in recipients.errors] == [place]


def test_a_character_that_no_number_has_is_named() -> None:
    (refused,) = recipients_of(to(f"{MOBILE}\N{SNOWMAN}")).refused
    assert "SNOWMAN" in refused["problem"]


def test_a_number_cannot_have_two_texts() -> None:
    with pytest.raises(Refusal) as refused:
        recipients_of(personal(MOBILE, OTHER, f"86{MOBILE}"))
    assert refused.value.errors == (("messages[2].to", "the same number as messages[0].to"),)


def test_numbers_are_refused_for_what_their_items_say() -> None:
    """The suppressed by name, and those over a cap with the moment at which there is room again."""
    post = to(MOBILE, OTHER, "13800138002")
    left = set_apart(recipients_of(post), SetApart((OTHER,), ((MOBILE, NOW + 1500),)), post)
    assert list(left.numbers) == ["13800138002"]
    assert left.refused == (
        {"to": OTHER, "reason": "suppressed"},
        {"to": MOBILE, "reason": "too_frequent", "until": "2026-01-01T00:00:01.500Z"},
    )
    assert [place for place, _ in left.errors] == ["to[1]", "to[0]"]


def test_nobody_left_is_a_refusal_with_the_first_places() -> None:
    post = to(*(f"x{index}" for index in range(SHOWN_PROBLEMS + 1)))
    with pytest.raises(Refusal) as refused:
        check_somebody(recipients_of(post), SetApart(), NOW)
    assert (refused.value.status, refused.value.title) == (422, "No recipient")
    assert len(refused.value.errors) == SHOWN_PROBLEMS


def test_nobody_left_but_who_gets_it_later_is_a_refusal_that_says_when() -> None:
    """In whole seconds, after which there is room for the first of them."""
    post, apart = to(MOBILE, OTHER, "12"), SetApart((), ((MOBILE, NOW + 60_000), (OTHER, NOW + 1_001)))
    with pytest.raises(Refusal) as refused:
        check_somebody(set_apart(recipients_of(post), apart, post), apart, NOW)
    assert (refused.value.status, refused.value.retry_after) == (429, 2)
    assert [place for place, _ in refused.value.errors] == ["to[2]", "to[0]", "to[1]"]


@pytest.mark.parametrize("vendor", TAKES_NONE)
def test_a_landline_among_mobiles_is_set_apart(vendor: str) -> None:
    """Also where another account of the route takes it, so that all recipients have the same failover."""
    accounts = [voices.account(name) for name in (vendor, *TAKES_LANDLINES)]
    post = to(MOBILE, LANDLINE)
    left, mobiles_only = without_landlines(recipients_of(post), accounts, post)
    assert mobiles_only
    assert list(left.numbers) == [MOBILE]
    assert left.refused == ({"to": LANDLINE, "reason": "landline"},)


@pytest.mark.parametrize("numbers", [(MOBILE,), (LANDLINE,)])
def test_all_of_a_kind_stay(numbers: tuple[str, ...]) -> None:
    post = to(*numbers)
    recipients = recipients_of(post)
    assert without_landlines(recipients, [voices.account(TAKES_NONE[0])], post) == (recipients, False)


def test_landlines_stay_where_every_account_takes_them() -> None:
    post = to(MOBILE, LANDLINE)
    recipients = recipients_of(post)
    accounts = [voices.account(name) for name in TAKES_LANDLINES]
    assert without_landlines(recipients, accounts, post) == (recipients, False)
