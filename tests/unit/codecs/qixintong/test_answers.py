"""What qixintong answers to sends and to the question for the balance: every code of every table.

"Note n" is one of tests/cases/qixintong/SOURCES.md.
"""

from collections.abc import Callable
from decimal import Decimal

import pytest

from smsgateway.codecs import qixintong
from smsgateway.errors import DecodeError
from smsgateway.model import About, Accepted, Account, Balance, Page, Reason, Refused, Response, Submission
from tests.unit.codecs.qixintong.given import (
    ACCOUNT,
    DECODERS,
    POLLS,
    SAMPLE,
    TWO,
    case,
    decode_balance,
    decode_inbound_poll,
    decode_report_poll,
    decode_send,
    with_options,
)

# What the vendor answers to a submission


@pytest.mark.parametrize(
    ("body", "submission", "outcome"),
    [
        ("send.ok.document-1.1.1.txt", SAMPLE, Accepted(("SMSID",))),
        ("send.ok.id-a-number.txt", TWO, Accepted(("6408676", "06408649"))),  # note 2
        ("send.ok.one-id.txt", TWO, Accepted(("6408676",))),
        ("send.partial.txt", TWO, Accepted(("6408676",), vendor_status="0|1|1|6408676")),
        ("send.all-numbers-wrong.txt", TWO, Refused(About.NUMBERS, Reason.INVALID_NUMBER, "0|0|2|")),
        (
            "send.forbidden-word.txt",
            SAMPLE,
            Refused(About.CONTENT, Reason.SENSITIVE_CONTENT, "-3 短信内容非法，含有禁发关键词 赌博"),
        ),
        (
            "send.wrong-password.txt",
            SAMPLE,
            Refused(About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "-7 用户登入信息验证失败(一般为密码错误)"),
        ),
    ],
)
def test_send_answers(body: str, submission: Submission, outcome: Accepted | Refused) -> None:
    assert decode_send(case(body), submission=submission) == outcome
    assert decode_send(case(body) + b"\r\n", submission=submission) == outcome


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        (b"0|2|0|", ()),  # accepted, and no id to know it by
        (b"0|2|0|1,2,3", ("1", "2", "3")),
        (b"0|2|1|1,2", ("1", "2")),
        (b"0|3|0|1,2,3", ("1", "2", "3")),
        (b"0|2|0|1, 2", ("1", "2")),
    ],
)
def test_a_success_that_does_not_add_up_is_shown(body: bytes, ids: tuple[str, ...]) -> None:
    as_expected = body == b"0|2|0|1, 2"
    assert decode_send(body) == Accepted(ids, vendor_status="" if as_expected else body.decode())


@pytest.mark.parametrize(
    ("decode", "code", "about", "reason"),
    [
        (decode_send, "-1", About.ACCOUNT, Reason.SERVICE_REFUSED),  # note 5
        (decode_send, "-2", About.CONTENT, Reason.CONTENT_EMPTY),
        (decode_send, "-3", About.CONTENT, Reason.SENSITIVE_CONTENT),
        (decode_send, "-4", About.CONTENT, Reason.PARAMETER_REFUSED),
        (decode_send, "-7", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        (decode_send, "-8", About.CONTENT, Reason.CONTENT_TOO_LONG),
        (decode_send, "-9", About.ACCOUNT, Reason.BALANCE_EXHAUSTED),
        (decode_send, "-10", About.ACCOUNT, Reason.ACCOUNT_CLOSED),
        (decode_send, "-99", About.MOMENT, Reason.BUSY),
        (decode_report_poll, "-1", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        (decode_report_poll, "-3", About.MOMENT, Reason.BUSY),
        (decode_report_poll, "-7", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        (decode_inbound_poll, "-1", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        (decode_inbound_poll, "-3", About.MOMENT, Reason.BUSY),
        (decode_inbound_poll, "-7", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        (decode_balance, "-1", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        (decode_balance, "-7", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
    ],
)
def test_a_code_means_what_its_address_says(
    decode: Callable[[bytes], object], code: str, about: About, reason: Reason
) -> None:
    refused = decode(code.encode())
    assert isinstance(refused, Refused)
    assert (refused.about, refused.reason) == (about, reason)
    assert refused.vendor_status.startswith(f"{code} ")  # with the document's words


def test_every_code_of_the_tables_is_tested_above() -> None:
    (parameters,) = [
        mark.args[1] for mark in getattr(test_a_code_means_what_its_address_says, "pytestmark", []) if mark.args
    ]
    tables = {
        decode_send: qixintong.SEND_CODES,
        decode_report_poll: qixintong.POLL_CODES,
        decode_inbound_poll: qixintong.POLL_CODES,
        decode_balance: qixintong.BALANCE_CODES,
    }
    assert {(row[0], row[1]) for row in parameters} == {
        (decode, code) for decode, table in tables.items() for code in table
    }


@pytest.mark.parametrize("decode", DECODERS)
def test_an_unlisted_code_is_no_refusal_until_somebody_says_so(decode: Callable[[bytes, Account], object]) -> None:
    assert decode("-55|忙".encode("gbk"), ACCOUNT) == Refused(About.UNLISTED, Reason.UNLISTED_CODE, "-55 忙")
    account = with_options(codes={"-55": About.MOMENT})
    assert decode(b"-55", account) == Refused(About.MOMENT, Reason.UNLISTED_CODE, "-55")


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("body", ["", " ", "-", "-0", "|", "x", "<html>", "－3", "-3x", "0;1", "3|", "1|a"])
def test_what_is_neither_success_nor_code_is_refused_with_its_bytes(
    decode: Callable[[bytes], object], body: str
) -> None:
    with pytest.raises(DecodeError) as refused:
        decode(body.encode("gbk"))
    assert refused.value.raw == body.encode("gbk")


@pytest.mark.parametrize("body", [b"0|2|0|6408676,6408649", b"0|12|0|6408676", b"-10", "-3|赌博".encode("gbk")])
def test_a_submissions_answer_cut_short_is_no_other_success(body: bytes) -> None:
    for length in range(len(body)):
        try:
            outcome = decode_send(body[:length])
        except DecodeError:
            continue
        # Once all three figures are there, the vendor has said what it took; only ids can be missing then.
        assert isinstance(outcome, Refused) or body[:length].count(b"|") == 3
        assert isinstance(outcome, Accepted) == body.startswith(b"0")


def test_zero_alone_is_none_on_a_poll_and_nothing_left_on_balance() -> None:  # note 5
    for decode in POLLS:
        assert decode(case("poll.nothing-waiting.txt")) == Page(())
        assert decode(b"0|") == Page(())
    assert decode_balance(case("balance.zero.txt")) == (Balance(Decimal(0)),)
    for nothing in (b"0", b"0|"):
        with pytest.raises(DecodeError):
            decode_send(nothing)


def test_balance() -> None:
    assert decode_balance(case("balance.ok.txt")) == (Balance(Decimal(1000)),)
    assert decode_balance(b"99.5\r\n") == (Balance(Decimal("99.5")),)


def test_an_answer_with_another_status_than_200_is_none() -> None:
    response = Response(500, {}, b"0|1|0|1")
    for decode in (
        lambda: qixintong.decode_send(ACCOUNT, SAMPLE, response),
        lambda: qixintong.decode_report_poll(ACCOUNT, response),
        lambda: qixintong.decode_inbound_poll(ACCOUNT, response),
        lambda: qixintong.decode_balance(ACCOUNT, response),
    ):
        with pytest.raises(DecodeError):
            decode()


# All decoders


@pytest.mark.parametrize("name", ["send.ok.last-bar.txt", "send.ok.spaced.txt"])
def test_an_id_has_nothing_around_it(name: str) -> None:
    """A report would not name it otherwise."""
    answer = decode_send(case(name), submission=SAMPLE)
    assert isinstance(answer, Accepted)
    assert answer.vendor_ids == ("133",)


@pytest.mark.parametrize("between", [",", "，", ";", "|", ", ", "\r\n", ",,"])
def test_ids_are_told_apart_whatever_is_between_them(between: str) -> None:
    answer = decode_send(f"0|2|0|133{between}134".encode("gbk"))
    assert isinstance(answer, Accepted)
    assert answer.vendor_ids == ("133", "134")


def test_a_damaged_word_costs_no_refusal_and_a_damaged_id_is_none() -> None:
    assert decode_send("-3|敏感".encode("gbk") + b"\xff") == Refused(
        About.CONTENT, Reason.SENSITIVE_CONTENT, "-3 短信内容非法，含有禁发关键词 敏感\ufffd"
    )
    with pytest.raises(DecodeError):
        decode_send(b"0|2|0|133\xff,134")
