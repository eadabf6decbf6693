"""Segments, signatures, numbers and templates."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smsgateway.model import Content
from smsgateway.text import (
    compose,
    matches_mask,
    normalise_number,
    render,
    said_number,
    segments,
    signature_place,
    split_signature,
    template_problems,
    utf16_units,
    variables,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("a", 1),
        ("a" * 70, 1),
        ("字" * 70, 1),
        ("字" * 71, 2),
        ("a" * 134, 2),
        ("a" * 135, 3),
        ("字" * 201, 3),
        ("字" * 202, 4),
        ("😀" * 35, 1),
        ("😀" * 35 + "a", 2),
        ("\ud83d", 1),
    ],
)
def test_segments_are_70_units_alone_and_67_in_a_long_message(text: str, expected: int) -> None:
    assert segments(text) == expected


def test_the_signature_is_counted_with_its_brackets() -> None:
    content = compose("字" * 67, "示例")
    assert utf16_units(content.full) == 71
    assert segments(content.full) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("【示例】您好", ("示例", "您好")),
        ("【" + "名" * 20 + "】好", ("名" * 20, "好")),
        ("【" + "名" * 21 + "】好", ("", "【" + "名" * 21 + "】好")),
        ("【】您好", ("", "【】您好")),
        ("您好【示例】", ("", "您好【示例】")),
        (" 【示例】您好", ("示例", "您好")),
        ("\r\n\ufeff\u200b\u3000【示例】 您好", ("示例", " 您好")),
        ("【 示例\u200b】您好", ("示例", "您好")),
        ("【  \u200b】您好", ("", "【  \u200b】您好")),
        ("您 【示例】您好", ("", "您 【示例】您好")),
        ("【示例您好", ("", "【示例您好")),
        ("[示例]您好", ("", "[示例]您好")),
        ("【【示例】】您好", ("", "【【示例】】您好")),
        ("【一】【二】好", ("一", "【二】好")),
        ("【示\n例】好", ("", "【示\n例】好")),
        ("【示例】", ("示例", "")),
        ("", ("", "")),
    ],
)
def test_split_signature(text: str, expected: tuple[str, str]) -> None:
    assert split_signature(text) == expected


def test_a_text_with_its_own_signature_gets_no_other() -> None:
    assert compose("【自己】您好", "示例") == Content(text="您好", signature="自己")
    assert compose("您好", "示例") == Content(text="您好", signature="示例")
    assert compose("您好", "").full == "您好"


@example("【a 】 】", "")
@given(st.text(st.sampled_from("【】ab\n字 \ufeff"), max_size=30), st.sampled_from(["", "示例", "ab", "a"]))
def test_compose_never_alters_what_can_be_seen(text: str, signature: str) -> None:
    content = compose(text, signature)
    written = re.sub("【[ \n\ufeff]+|[ \n\ufeff]+】", lambda edge: edge[0].strip(" \n\ufeff"), text)
    first = re.sub(
        "【[ \n\ufeff]*([^【】]*?)[ \n\ufeff]*】", lambda sign: f"【{sign[1].replace('\ufeff', '')}】", text, count=1
    )
    if split_signature(text)[0] or content.signed_at_end:
        assert content.full.strip(" \n\ufeff") in {each.strip(" \n\ufeff") for each in (text, written, first)}
    else:
        assert content.full == (f"【{signature}】{text}" if signature else text)


@pytest.mark.parametrize(
    ("text", "signature", "expected"),
    [
        ("您好【示例】", "示例", Content("您好", "示例", signed_at_end=True)),
        ("您好【 示例】\r\n\ufeff", "示例", Content("您好", "示例", signed_at_end=True)),
        ("您好【别的】", "示例", Content("您好【别的】", "示例")),
        ("您好【示例】。", "示例", Content("您好【示例】。", "示例")),
        ("您好【示例】", "", Content("您好【示例】", "")),
        ("【别的】您好【示例】", "示例", Content("您好【示例】", "别的")),
    ],
)
def test_a_text_that_ends_with_its_signature_gets_no_second_one(text: str, signature: str, expected: Content) -> None:
    assert compose(text, signature) == expected


@pytest.mark.parametrize(
    ("template", "place"),
    [
        ("没有变量", "anywhere"),
        ("【示例】{name}您好", "start"),
        (" \ufeff【示例】{name}您好【示例】", "start"),
        ("{name}您好【示例】", "end"),
        ("您好{name}", "nowhere"),
        ("【{name}】您好", "nowhere"),
        ("【示{name}例】您好", "nowhere"),
        ("{a}【示例】{b}", "nowhere"),
    ],
)
def test_a_template_signs_with_its_own_words_alone(template: str, place: str) -> None:
    assert signature_place(template) == place


@pytest.mark.parametrize("value", ["【某公司】张三", " 【某公司】", "\ufeff【某公司】", "您好【示例】", "某公司】"])
@pytest.mark.parametrize("template", ["{v}", "{v}，您好", "【{v}", "您好{v}", "【{v}】您好", " {v}"])
def test_a_variables_value_never_signs(template: str, value: str) -> None:
    content = compose(render(template, {"v": value}), "示例", signature_place(template))

    assert (content.signature, content.signed_at_end) == ("示例", False)
    assert content.text == render(template, {"v": value})


@pytest.mark.parametrize(
    "raw",
    [
        "13800138000",
        "+86 138-0013-8000",
        "+8613800138000",
        "008613800138000",
        "8613800138000",
        "0086-138 0013 8000",
        " 13800138000 ",
    ],
)
def test_mobiles_are_normalised(raw: str) -> None:
    assert normalise_number(raw) == "13800138000"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("01012345678", "01012345678"), ("0571-12345678", "057112345678"), ("028-1234-5678", "02812345678")],
)
def test_numbers_with_area_code_are_kept(raw: str, expected: str) -> None:
    assert normalise_number(raw) == expected


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " ",
        "-",
        "+",
        "12",
        "12800138000",
        "1380013800",
        "138001380000",
        "1380013800٠",
        "①③⑧00138000",
        "13800138000\n13900139000",
        "1380013\n8000",
        "1380013800.0",
        "(13800138000",
        "13800138000)",
        "()13800138000",
        "((138)00138000)",
        "138(+00138000)",
        "187****8801",
        "1380013800a",
        "mobile:13800138000",
        "+8513800138000",
        "++8613800138000",
        "+13800138000",
        "86+13800138000",
        "-13800138000",
        "13800138000-",
        "13800138000,13800138001",
        "008613800138",
        "+86861380013800",
        "+0755808080808",
        "0101234567",
        "0571123456789",
        "+86101234567",
    ],
)
def test_what_is_not_a_mainland_number_is_none(raw: str) -> None:
    assert normalise_number(raw) is None


@given(st.text())
def test_any_normalised_number_is_ascii_digits_and_stays(raw: str) -> None:
    number = normalise_number(raw)
    assert number is None or (number.isascii() and number.isdigit() and normalise_number(number) == number)


@pytest.mark.parametrize(
    ("number", "masked", "expected"),
    [
        ("18712348801", "187****8801", True),
        ("18712348801", "18712348801", True),
        ("18712348801", "***********", True),
        ("18712348802", "187****8801", False),
        ("13712348801", "187****8801", False),
        ("1871234488801", "187****8801", False),
        ("1878801", "187****8801", False),
        ("18712348801", "", False),
    ],
)
def test_matches_mask(number: str, masked: str, expected: bool) -> None:
    assert matches_mask(number, masked) is expected


@given(st.from_regex("1[3-9][0-9]{9}", fullmatch=True))
def test_a_number_matches_its_own_mask(number: str) -> None:
    assert matches_mask(number, f"{number[:3]}****{number[-4:]}")


def test_variables_are_named_once_in_order() -> None:
    assert variables("{code}在{minutes}分钟内有效，{code}") == ("code", "minutes")
    assert variables("{{code}} {{}}") == ()
    assert variables("{_a1}") == ("_a1",)


@pytest.mark.parametrize(
    "text", ["{", "}", "{}", "{1a}", "{a b}", "{代码}", "{code", "code}", "{code}}", "{{code}", "{ code }"]
)
def test_any_other_brace_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="brace at character"):
        variables(text)


def test_render_fills_the_variables_once() -> None:
    assert render("{{{code}}} 在 {m} 分钟", {"code": "{m}", "m": "5"}) == "{{m}} 在 5 分钟"
    assert render("没有变量", {}) == "没有变量"


def test_missing_and_unknown_names_are_told_apart() -> None:
    assert template_problems("{a}{b}{a}", {"b": "1", "c": "2"}) == [("a", "missing"), ("c", "unknown")]
    assert template_problems("{a}", {"a": ""}) == []
    with pytest.raises(ValueError, match=r"^missing variable a, unknown variable c$"):
        render("{a}{b}", {"b": "secret", "c": "secret"})


@given(st.text(st.characters(exclude_characters="{}")), st.text())
def test_a_value_is_put_in_unchanged(around: str, value: str) -> None:
    assert render(f"{around}{{v}}{around}", {"v": value}) == around + value + around


@pytest.mark.parametrize(
    ("said", "filed"),
    [
        ("13800138000", "13800138000"),
        ("187****8801", "187****8801"),
        ("+86 187****8801", "187****8801"),
        ("0086187****8801", "187****8801"),
        ("（+86）187＊＊＊＊8801", "187****8801"),
        ("187-****-8801", "187****8801"),
        (" 8613800138000\r", "13800138000"),
        ("106575****", "106575****"),
        (" 10086 ", "10086"),
        ("abc*", "abc*"),
    ],
)
def test_a_number_that_a_vendor_names_has_one_form(said: str, filed: str) -> None:
    assert said_number(said) == filed


@pytest.mark.parametrize("mark", ["\u200b", "\ufeff", "\u2060", "\u00ad"])
def test_a_mark_that_nobody_sees_makes_no_other_signature(mark: str) -> None:
    hidden = f"示{mark}例"
    assert compose(f"【{hidden}】您好", "某公司") == Content("您好", "示例")
    assert compose(f"您好【{hidden}】", "示例") == Content("您好", "示例", signed_at_end=True)
