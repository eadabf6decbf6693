"""Whose marketing a post is, for whoever stops it."""

import pytest

from smsgateway.accepting.opt_out_scope import scope_of_post
from smsgateway.accepting.post import PersonalPost, Post
from smsgateway.model import Account, Client, Template

ONE = Client("shop", "sender", signatures=("示例",))
TWO = Client("mall", "sender", signatures=("示例", "其他"))
ACCOUNTS = [Account("hb-1", "hbsmservice", "http://a.example", {}, "示例"), Account("ly-1", "langyu", "", {}, "示例")]
OTHERS = [ACCOUNTS[0], Account("ly-1", "langyu", "", {}, "其他")]


def marketing(**fields: object) -> Post:
    return Post(**{"purpose": "marketing", "to": ("13800138000",), "text": "大减价", **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("post", "template", "scope"),
    [
        (marketing(), None, "mall#示例"),
        (marketing(signature="其他"), None, "mall#其他"),
        (marketing(text="【其他】大减价"), None, "mall#其他"),
        (marketing(text="大减价【其他】", signature="其他"), None, "mall#其他"),
        (marketing(signature=""), None, "mall"),
        (marketing(text=None, template="sale"), "大减价{what}", "mall#示例"),
        (marketing(text=None, template="sale"), "【其他】大减价{what}", "mall#其他"),
        (marketing(text=None, template="sale"), "{what}【其他】", "mall#示例"),
        (marketing(personal=(PersonalPost("1", "【其他】甲"), PersonalPost("2", "【其他】乙"))), None, "mall#其他"),
        (marketing(personal=(PersonalPost("1", "【其他】甲"), PersonalPost("2", "乙"))), None, "mall"),
    ],
)
def test_a_client_with_several_signatures_is_stopped_by_signature(post: Post, template: str | None, scope: str) -> None:
    named = Template("sale", template) if template else None
    assert scope_of_post(TWO, post, named, ACCOUNTS) == scope
    assert scope_of_post(ONE, post, named, ACCOUNTS) == "shop"


@pytest.mark.parametrize(
    ("post", "template", "scope"),
    [
        (marketing(), None, "mall"),
        (marketing(signature="其他"), None, "mall#其他"),
        (marketing(text="【其他】大减价"), None, "mall#其他"),
        (marketing(text=None, template="sale"), "大减价{what}", "mall"),
        (marketing(text=None, template="sale"), "【其他】大减价{what}", "mall#其他"),
        (marketing(personal=(PersonalPost("1", "【其他】甲"), PersonalPost("2", "【其他】乙"))), None, "mall#其他"),
        (marketing(personal=(PersonalPost("1", "甲"), PersonalPost("2", "乙"))), None, "mall"),
    ],
)
def test_where_accounts_have_different_signatures_nobody_knows_which_is_read(
    post: Post, template: str | None, scope: str
) -> None:
    assert scope_of_post(TWO, post, Template("sale", template) if template else None, OTHERS) == scope


def test_without_an_account_nobody_knows_a_signature() -> None:
    assert scope_of_post(TWO, marketing(), None, []) == "mall"
