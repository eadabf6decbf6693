"""What preflight finds in a post is told in its answer, the same each time, and refused by a strict route."""

import json
from dataclasses import replace
from typing import Any

import pytest

from smsgateway.accepting.post import PersonalPost, Post, Refusal
from smsgateway.accepting.preflight import MOST_OF_A_KIND
from smsgateway.model import Client, FindingCode, Template
from smsgateway.store import templates
from tests.doubles.world import CLIENT, World, accounts_document, numbers, post

TWO = accounts_document((("main", "hbsmservice", 2), ("other", "langyu", 0)))  # both of signature 示例
FAR = "13800138000"


def document(*, strict: bool = False, signatures: tuple[str, ...] = ("示例", "示例")) -> str:
    changed = json.loads(TWO)
    changed["routes"][0]["strict"] = strict
    for account, signature in zip(changed["accounts"], signatures, strict=True):
        account["signature"] = signature
    return json.dumps(changed)


def warnings(given: Post, world: World | None = None, client: Client = CLIENT) -> list[dict[str, Any]]:
    _, answer = (world or World(TWO)).accept(given, client=client)
    return list(answer["warnings"])


def codes(given: Post, world: World | None = None, client: Client = CLIENT) -> list[tuple[str, str, str]]:
    return [(each["code"], each["loc"], each["found"]) for each in warnings(given, world, client)]


def registered(text: str) -> World:
    world = World(TWO)
    templates.put_template(world.table, Template("t", text))
    return world


def test_a_message_without_findings_has_no_warnings() -> None:
    assert warnings(post(*numbers(2), text="您的包裹已到")) == []


def test_a_finding_says_what_where_and_what_to_do() -> None:
    text = "点击example.com/a查看"
    (warning,) = warnings(post(FAR, text=text))
    assert {name: warning[name] for name in ("code", "loc", "start", "end", "found")} == {
        "code": "link", "loc": "text", "start": 2, "end": 15, "found": "example.com/a",
    }  # fmt: skip
    assert text[warning["start"] : warning["end"]] == warning["found"]
    assert "example.com/a" in warning["zh"]
    assert "请" in warning["zh"]
    assert "example.com/a" in warning["en"]


@pytest.mark.parametrize("purpose", ["otp", "notice", "marketing"])
def test_a_way_to_opt_out_is_wanted_of_marketing_alone(purpose: str) -> None:
    wanted = [("no_opt_out", "text", "")] if purpose == "marketing" else []
    assert codes(post(FAR, text="大促销", purpose=purpose)) == wanted
    assert codes(post(FAR, text="大促销，拒收请回复R", purpose=purpose)) == []


def test_a_word_of_an_account_of_the_route_is_a_way_out() -> None:
    """GIVEN marketing that asks for a digit WHEN no account of the route takes it for stop THEN it has no way out."""
    given, changed = post(FAR, text="大促销，退订回复0000", purpose="marketing"), json.loads(TWO)
    assert codes(given) == [("no_opt_out", "text", "")]
    changed["accounts"][1]["options"]["opt_out_words"] = ["００００"]
    assert codes(given, World(json.dumps(changed))) == []
    assert codes(replace(given, account="main"), World(json.dumps(changed))) == [("no_opt_out", "text", "")]


def test_a_dry_run_tells_the_same() -> None:
    given = post(FAR, text="点击t.cn/a，加微信abc12345")
    assert warnings(replace(given, dry_run=True)) == warnings(given) != []


@pytest.mark.parametrize("count", [1, 3])
def test_a_repeated_post_gets_the_same_warnings(count: int) -> None:
    """GIVEN a post with a key WHEN it comes again, and the template and the signatures are others by then THEN the
    answer is the first."""
    world = registered("${code}，致电400-820-8820")
    given = post(
        *numbers(count), text=None, template="t", params={"code": "1"}, signature="甲",
        idempotency_key="k", body_hash="h",
    )  # fmt: skip
    first = world.accept(given)
    templates.put_template(world.table, Template("t", "{code}"))
    world.document = document(signatures=("甲", "甲"), strict=True)
    assert world.accept(given) == first
    assert [each["code"] for each in first[1]["warnings"]] == ["foreign_signature", "variable_sign", "service_number"]


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_strict_route_refuses_what_is_found(dry_run: bool) -> None:
    world = World(document(strict=True))
    given = post(FAR, text="加微信abc12345，点击t.cn/a", dry_run=dry_run)
    with pytest.raises(Refusal) as refused:
        world.accept(given)
    assert refused.value.status == 422
    (first, second) = refused.value.errors
    assert (first[0], second[0]) == ("text", "text")
    assert first[1].startswith("at character 1: the WeChat id “加微信abc12345”")
    assert "微信号" in first[1]
    assert not world.db.items
    assert codes(replace(given, text="您的包裹已到"), world) == []


def test_a_message_that_names_its_account_is_held_to_the_route_of_its_purpose() -> None:
    with pytest.raises(Refusal):
        World(document(strict=True)).accept(post(FAR, text="点击t.cn/a", account="main"))


def test_each_text_of_a_personalised_message_is_looked_over_and_the_same_is_told_once() -> None:
    texts = ["您好", "点击t.cn/a", "点击t.cn/a。", "点击t.cn/b"]
    entries = tuple(PersonalPost(number, text=text) for number, text in zip(numbers(4), texts, strict=True))
    entries = (PersonalPost("12", text="点击t.cn/c"), *entries)
    assert codes(Post("notice", personal=entries)) == [
        ("short_link", "messages[2].text", "t.cn/a"),
        ("short_link", "messages[4].text", "t.cn/b"),
    ]
    assert codes(Post("notice", personal=entries[:3])) == [("short_link", "messages[2].text", "t.cn/a")]
    assert codes(Post("notice", personal=entries[2:3])) == [("short_link", "messages[0].text", "t.cn/a")]


def test_warnings_are_bounded() -> None:
    entries = tuple(
        PersonalPost(number, text=f"点击t.cn/{number}，致电{number}") for number in numbers(3 * MOST_OF_A_KIND)
    )
    found = [each["code"] for each in warnings(Post("notice", personal=entries))]
    assert sorted(found) == ["phone_number"] * MOST_OF_A_KIND + ["short_link"] * MOST_OF_A_KIND


def test_a_filled_template_is_looked_over() -> None:
    world = registered("{name}，详见{link}")
    given = Post("notice", to=(FAR,), template="t", params={"name": "【张三】", "link": "t.cn/a"})
    assert [(each["code"], each["loc"], each["start"]) for each in warnings(given, world)] == [
        ("brackets", "template", 0),
        ("short_link", "template", 7),
    ]
    entries = (PersonalPost(FAR, params={"name": "张三", "link": "t.cn/a"}),)
    assert codes(Post("notice", personal=entries, template="t"), world) == [("short_link", "messages[0]", "t.cn/a")]


def test_a_sign_before_a_variable_is_found_without_the_value() -> None:
    world = registered("您好{name}，您的验证码是${code}")
    given = Post("otp", to=(FAR,), template="t", params={"name": "张三", "code": "482913"})
    (warning,) = warnings(given, world)
    assert (warning["code"], warning["found"], warning["start"], warning["end"]) == ("variable_sign", "$", 11, 12)


@pytest.mark.parametrize(
    ("text", "asked", "found"),
    [
        ("【示例】您好", None, []),
        ("您好【示例】", None, []),
        ("【示例】您好【示例】", None, [("brackets", "text", "【示例】")]),
        ("您好【乙】", None, [("brackets", "text", "【乙】")]),  # 【示例】 stands in front of it
        ("您好【乙】", "", [("foreign_signature", "text", "【乙】")]),
        ("【乙】您好", None, [("foreign_signature", "text", "【乙】")]),
        ("\u3000【乙】您好", None, [("foreign_signature", "text", "\u3000【乙】")]),
        ("您好", "乙", [("foreign_signature", "signature", "乙")]),
        ("【乙】您好", "乙", [("foreign_signature", "signature", "乙")]),
        ("您好", "示例", []),
        ("您好", "", []),
        ("请回复【是】确认", "", [("brackets", "text", "【是】")]),
    ],
)
def test_signatures_and_brackets(text: str, asked: str | None, found: list[tuple[str, str, str]]) -> None:
    assert codes(post(FAR, text=text, signature=asked)) == found


def test_a_signature_of_any_account_of_the_route_or_of_the_client_is_known() -> None:
    given = post(FAR, text="您好", signature="乙")
    assert codes(given, World(document(signatures=("示例", "乙")))) == []
    assert codes(given, World(document(signatures=("", "")))) == []  # nobody says any
    assert codes(given, World(TWO), replace(CLIENT, signatures=("乙", "丙"))) == []
    assert codes(given, World(TWO), replace(CLIENT, signatures=("丙",))) != []


@pytest.mark.parametrize(
    ("account", "state", "known"), [("other", "filed", True), ("other", "pending", False), ("third", "filed", False)]
)
def test_a_signature_that_is_filed_with_an_account_of_the_route_is_known(account: str, state: str, known: bool) -> None:
    third = ("third", "heji", 0)
    changed = json.loads(
        accounts_document((("main", "hbsmservice", 2), ("other", "langyu", 0), third), route=("main", "other"))
    )
    changed["signatures"] = [{"signature": "乙", "filing": [{"account": account, "carrier": "mobile", "state": state}]}]
    assert (codes(post(FAR, text="您好", signature="乙"), World(json.dumps(changed))) == []) == known


def test_every_code_can_be_found() -> None:
    given = post(
        FAR, purpose="marketing", signature="乙",
        text="a.com t.cn/a 13800138000 400-820-8820 微信abc12345 QQ12345678【a】${code}\u200b",
    )  # fmt: skip
    assert {each["code"] for each in warnings(given)} == set(FindingCode)
