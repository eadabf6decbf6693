"""What each recipient reads: the client's text, or a template that its variables fill, under one signature."""

import pytest

from smsgateway.accepting.contents import contents_of, kept_place, signature_place_of, template_of
from smsgateway.accepting.post import PersonalPost, Post, Refusal
from smsgateway.accepting.recipients import recipients_of
from smsgateway.model import Payload, Personal, Template
from tests.doubles.world import World

FIRST, SECOND = "13800138000", "13800138001"
CODE = Template("code", "您的验证码是{code}", lengths={"code": 6})


def read(post: Post, template: Template | None = None) -> tuple[Payload, Personal | None]:
    return contents_of(post, template, recipients_of(post))


def test_one_text_for_all_is_the_messages() -> None:
    assert read(Post("notice", to=(FIRST, SECOND), text="您好")) == (Payload((FIRST, SECOND)), Personal("您好"))


def test_a_text_each_is_the_payloads() -> None:
    post = Post("notice", personal=(PersonalPost(FIRST, text="甲"), PersonalPost(SECOND, text="乙")))
    assert read(post) == (Payload((FIRST, SECOND), (Personal("甲"), Personal("乙"))), None)


def test_a_personal_text_to_one_is_the_messages() -> None:
    assert read(Post("notice", personal=(PersonalPost(FIRST, text="甲"),))) == (Payload((FIRST,)), Personal("甲"))


def test_a_template_is_filled() -> None:
    post = Post("otp", to=(FIRST,), template="code", params={"code": "123456"})
    assert read(post, CODE)[1] == Personal("您的验证码是123456", {"code": "123456"})


@pytest.mark.parametrize(
    ("params", "places"),
    [
        ({}, ["messages[1].params.code"]),
        ({"code": "1", "more": "2"}, ["messages[1].params.more"]),
        ({"code": "1234567"}, ["messages[1].params.code"]),
    ],
    ids=["missing", "unknown", "too long"],
)
def test_variables_that_do_not_fill_it_are_refused_by_place(params: dict[str, str], places: list[str]) -> None:
    entries = (PersonalPost(FIRST, params={"code": "1"}), PersonalPost(SECOND, params=params))
    with pytest.raises(Refusal) as refused:
        read(Post("otp", template="code", personal=entries), CODE)
    assert [place for place, _ in refused.value.errors] == places


def test_a_text_with_another_signature_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        read(Post("notice", to=(FIRST,), text="【甲】您好", signature="乙"))
    assert refused.value.title == "Two signatures"
    assert read(Post("notice", to=(FIRST,), text="【甲】您好", signature="甲"))[1] == Personal("【甲】您好")


def test_a_template_that_nobody_registered_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        template_of(World("").table, Post("otp", to=(FIRST,), template="code"), {})
    assert [place for place, _ in refused.value.errors] == ["template"]
    assert template_of(World("").table, Post("otp", to=(FIRST,), text="您好"), {}) is None


def test_the_place_of_a_signature_is_kept_only_where_a_content_has_brackets() -> None:
    """A function of an earlier version, which knows no places, can read all other messages."""
    assert signature_place_of(CODE) == "nowhere"
    assert kept_place(CODE, [Personal("您的验证码是1")]) == "anywhere"
    assert kept_place(Template("name", "{name}您好"), [Personal("您好"), Personal("【甲】您好")]) == "nowhere"
    assert kept_place(None, [Personal("【甲】您好")]) == "anywhere"
