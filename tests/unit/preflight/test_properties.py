"""Of any text: nothing raises, each place is that of what was found, and no disguise of a sample moves it."""

import time
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.api.schemas.requests import LONGEST_TEXT
from smsgateway.model import FindingCode, Purpose
from smsgateway.preflight.findings import LONGEST_FOUND, findings_in
from smsgateway.preflight.folding import MOST_KEPT, folded
from smsgateway.preflight.words import said, said_together
from tests.unit.preflight.samples import FOUND, HARMLESS

CONTACTS = {
    *(FindingCode.LINK, FindingCode.SHORT_LINK, FindingCode.PHONE_NUMBER),
    *(FindingCode.SERVICE_NUMBER, FindingCode.WECHAT_ID, FindingCode.QQ_ID),
}
SAMPLES = [text for samples in FOUND.values() for text in samples]
ODD_ONES = st.sampled_from("0123456789-. ()。·:/\u200b\u3000【】${}加微信vVqQtTcCoOmMnN一三八零退订回电话")
FRAGMENTS = st.one_of(
    st.sampled_from([*SAMPLES, *HARMLESS]),
    st.text(max_size=8),
    st.text(
        st.sampled_from("0123456789-. ()。·:/\u200b\u3000【】${}加微信vVqQtTcCoOmMnN一三八零退订回电话"), max_size=30
    ),
)
TEXTS = st.lists(FRAGMENTS, max_size=6).map("".join)


@given(TEXTS, st.sampled_from(get_args(Purpose)))
def test_each_place_is_that_of_what_was_found(text: str, purpose: Purpose) -> None:
    findings = findings_in(text, "text", purpose)
    for finding in findings:
        assert 0 <= finding.start <= finding.end <= len(text)
        assert finding.found == text[finding.start : finding.end][:LONGEST_FOUND]
        assert bool(finding.found) == (finding.code is not FindingCode.NO_OPT_OUT)
        assert set(said(finding)) == {"code", "loc", "start", "end", "found", "zh", "en"}
        assert said_together(finding)
    assert findings == sorted(findings, key=lambda each: (each.start, each.end))
    contacts = [each for each in findings if each.code in CONTACTS]
    assert all(one.end <= other.start for one, other in pairwise(contacts)), "one in another"


@given(st.text())
def test_what_is_read_stands_where_it_stood(text: str) -> None:
    as_read = folded(text)
    assert len(as_read.read) == len(as_read.written)
    for place, character in enumerate(as_read.written):
        start, end = as_read.span(place, place + 1)
        assert text[start:end] == character


@given(st.sampled_from(SAMPLES), st.text(st.sampled_from("您好，请 。"), max_size=5), st.data())
def test_what_no_eye_sees_hides_nothing(text: str, before: str, data: st.DataObject) -> None:
    """GIVEN a sample WHEN unseen characters stand anywhere in it THEN the same is found, at the same visible place."""
    text = before + text
    place = data.draw(st.integers(0, len(text)))
    disguised = text[:place] + "\u2060" + text[place:]

    def visible(given: str) -> list[tuple[FindingCode, str]]:
        return [
            (each.code, given[each.start : each.end].replace("\u2060", ""))
            for each in findings_in(given, "text", "notice")
            if each.code is not FindingCode.INVISIBLE
        ]

    if FindingCode.INVISIBLE not in [each.code for each in findings_in(text, "text", "notice")]:
        assert visible(disguised) == visible(text)


WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {ord(" "): 0x3000}


@pytest.mark.parametrize("code", sorted(CONTACTS))
def test_width_hides_nothing(code: FindingCode) -> None:
    for text in FOUND[code]:
        if "/" not in text and "【" not in text:  # a path ends where it is written otherwise
            assert (
                findings_in(text.translate(WIDE), "text", "notice")[0][:4] == findings_in(text, "text", "notice")[0][:4]
            )


PASSWORDS = (
    "您的验证码是{}，5分钟内有效，请勿告知他人。",
    "【示例】验证码：{}。如非本人操作，请忽略",
    "{}（登录验证码），客服不会索要",
    "Your code is {}",
    "动态密码 {} 用于支付20.50元",
    "{} is your code.",
)


@given(st.sampled_from(PASSWORDS), st.from_regex("[0-9]{4,8}", fullmatch=True))
def test_no_password_is_taken_for_a_number(sentence: str, password: str) -> None:
    text = sentence.format(password)
    assert findings_in(text, "text", "otp", (0, 4) if text[0] == "【" else (0, 0)) == []


ORDERS = ("订单号{}已发货", "您的订单 {} 已支付20.5元", "流水号：{}", "运单SF{}已签收", "余额{}元", "卡号{}")


@given(st.sampled_from(ORDERS), st.from_regex("[0-9]{5,22}", fullmatch=True))
def test_no_order_is_taken_for_a_number(sentence: str, order: str) -> None:
    assert findings_in(sentence.format(order), "text", "notice") == []


def test_a_process_keeps_a_bounded_number_of_folds() -> None:
    from smsgateway.preflight import folding

    for start in range(0x10000, 0x10000 + 3 * MOST_KEPT, 1000):
        folded("".join(map(chr, range(start, start + 1000))))
    assert len(folding._FOLDS) <= MOST_KEPT
    assert folded("ＡＢＣ").read == "abc"


REPEATED = (
    "a.",
    "a-",
    "1-",
    "1 ",
    "13",
    "一",
    "w w w . ",
    "https://",
    "加V:",
    "电话号码",
    "退订请",
    "【",
    "${a",
    "reply ",
    "opt out ",
)


@pytest.mark.parametrize("part", REPEATED)
def test_no_text_takes_long(part: str) -> None:
    """GIVEN the longest text that a post may have, made to lead patterns astray THEN its cost stays far below a second
    of the processor: it is about 0.02."""
    text = (part * LONGEST_TEXT)[:LONGEST_TEXT]
    begun = time.process_time()
    findings_in(text, "text", "marketing")
    assert time.process_time() - begun < 1
