"""Which replies ask for no more marketing, and which for marketing again."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.rules.keywords import START_WORDS, STOP_WORDS, wish_of

WRITTEN = (
    *("ＴＤ", "T。", "退订。", "退订！", "STOP!", "“T”", "R", "拒收", "T\u200b", "退訂", "t d", "退 订", "Td", "(TD)"),
    *("T.", "【退订】", "回复TD", "回复：TD", "回复退订", "Unsubscribe", "\ufeffT", "T\ufe0f", "TD🙏", "ｓｔｏｐ"),
    *("Ｔ\r\n", "—N—", "Ⓣ", "T\u0301", "Т", "тd", "ТD"),  # the last ones with a Cyrillic letter
    *("请退订", "我要退订", "退订。谢谢", "请退订，谢谢！", "T退", "R退订", "N退", "回N退"),
    *("TD\n> 【示例】大减价", "退订\r\n\r\n【示例】大减价，拒收请回复R", "T\n大减价，拒收请回复R【示例】"),
    *(
        "我要退订\n-----Original Message-----\n大减价",
        "N\n————\n大减价",
        "R\n原短信：大减价",
        "\n 拒收。\n大减价\n【示例】",
    ),
    *(
        "TD退订",
        "退订TD",
        "t 退订",
        "回复TD退订",
        "拒收请回复R",
        "拒收回复R",
        "R拒收",
        "回T退订",
        "回T",
        "请回复T",
        "取消订阅",
    ),
)
SENTENCES = (
    *("T恤", "T恤多少钱", "不退", "不要退订", "退订了吗怎么还发", "取消订单吧", "N95口罩", "R2", "1", "", " ", "。"),
    *("好的", "TDD", "TT", "回", "回复", "回复你", "Stop it", "please stop", "not T", "QX123", "收到，谢谢", "退货"),
    *("T恤退订", "退订T恤", "回退", "回退订单", "TD退", "取消订阅吗", "请退", "N取消订单", "回复R2", "拒收RMB"),
    *("请退款", "我要退货", "我要取消", "请取消", "我要拒收", "谢谢", "退谢谢", "请勿退订", "我要退订酒店", "T退货"),
    *(
        "取消\n明天的预约",
        "T\n恤多少钱",
        "退订\n了吗怎么还发",
        "取消订单\n> 【示例】大减价",
        "> 【示例】大减价\n好的",
        "取消\n--明天",
    ),
    *("可以退吗", "拒收短信是什么意思", "I am unsubscribed"),
)


def is_opt_out(text: str) -> bool:
    return wish_of(text) == "stop"


@pytest.mark.parametrize("text", WRITTEN)
def test_a_word_however_it_is_written(text: str) -> None:
    assert is_opt_out(text)


@pytest.mark.parametrize("text", SENTENCES)
def test_a_sentence_is_none(text: str) -> None:
    assert not is_opt_out(text)


AROUND = st.text(alphabet="。！，、“”‘’（）()【】《》!.,?-_*~'\"\u200b\ufeff\u3000\t\r\n \u2028🙏😡\ufe0f", max_size=4)


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


@given(st.sampled_from(sorted(STOP_WORDS)), AROUND, AROUND, st.sampled_from([str, str.upper, str.title, wide]), AROUND)
def test_every_word_in_any_dress(word: str, before: str, after: str, dress: Callable[[str], str], between: str) -> None:
    dressed = dress(word)
    assert is_opt_out(before + between.join(dressed) + after)
    assert is_opt_out(f"回复{before}{dressed}{after}")


@pytest.mark.parametrize(
    "quoted", ["> 大减价", "【示例】大减价", "大减价\n拒收请回复R【示例】", "---\n大减价", "原文：大减价"]
)
def test_what_is_quoted_below_a_word_changes_nothing(quoted: str) -> None:
    assert all(is_opt_out(f"{word}。\n{quoted}") for word in STOP_WORDS)
    assert not any(is_opt_out(f"{sentence}\n{quoted}") for sentence in SENTENCES if "\n" not in sentence)
    assert not any(wish_of(f"{word}\n{quoted}") for word in START_WORDS), "who asks for texts writes nothing else"
    assert wish_of(f"不要了\n{quoted}", own_stop=["不要了"]) == "stop"


LETTERS = st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1, max_size=10)


@given(st.sampled_from(sorted(STOP_WORDS)), LETTERS)
def test_a_word_above_other_words_is_none(word: str, other: str) -> None:
    assert is_opt_out(f"{word}\n{other}") is is_opt_out(word + other)


@given(st.sampled_from(sorted(STOP_WORDS)), LETTERS, st.booleans())
def test_no_word_within_other_words(word: str, other: str, first: bool) -> None:
    """A word with anything that has letters beside it is no opt-out, unless that makes one of the words."""
    text = other + word if first else word + other
    assert is_opt_out(text) is is_opt_out(text.replace(" ", "")), "blanks make no difference"
    if len(other) > 2 and "复" not in other and "復" not in other and "覆" not in other:
        # Texts ask for a word and for what it means: people answer with both.
        assert not is_opt_out(text) or is_opt_out(other) or text.casefold() in STOP_WORDS


ASKING_AGAIN = (
    "START",
    "ｓｔａｒｔ！",
    "dy",
    "订阅",
    "恢复。",
    "恢复订阅",
    "取消退订",
    "回复DY",
    "回DY订阅",
    "DY订阅",
    "订阅请回复DY",
)
ORDINARY = (
    "1",
    "Y",
    "y",
    "是",
    "好",
    "好的",
    "OK",
    "yes",
    "收到",
    "继续",
    "要",
    "0",
    "开",
    "订",
    "恢复正常了吗",
    "不订阅",
)


@pytest.mark.parametrize("text", ASKING_AGAIN)
def test_a_word_that_asks_for_marketing_again(text: str) -> None:
    assert wish_of(text) == "start"


@pytest.mark.parametrize("text", ORDINARY)
def test_no_ordinary_answer_asks_for_marketing(text: str) -> None:
    assert wish_of(text) is None


@given(st.sampled_from(sorted(START_WORDS)), AROUND, AROUND, st.sampled_from([str, str.upper, str.title, wide]), AROUND)
def test_every_opt_in_word_in_any_dress(
    word: str, before: str, after: str, dress: Callable[[str], str], between: str
) -> None:
    dressed = dress(word)
    assert wish_of(before + between.join(dressed) + after) == "start"
    assert wish_of(f"回复{before}{dressed}{after}") == "start"


def test_no_word_means_both() -> None:
    assert not STOP_WORDS & START_WORDS


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        *(("不要了！", "stop"), ("回复００００", "stop"), ("不要了吗", None), ("TD", "stop")),
        *(("重来", "start"), ("回复 0", "start"), ("DY", "start"), ("1", None), ("", None)),
    ],
)
def test_an_accounts_own_words_count_beside_the_usual_ones(text: str, wish: str | None) -> None:
    assert wish_of(text, own_stop=("不要 了", "0000"), own_start=("重来", "０")) == wish


def test_what_means_stop_by_any_word_means_stop() -> None:
    assert wish_of("订阅", own_stop=["订阅"]) == "stop"
    assert wish_of("退订", own_start=["退订"]) == "stop"
