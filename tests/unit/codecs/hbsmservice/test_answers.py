"""What hbsmservice answers to sends, polls and the question for the balance: every code of every table.

"Note n" is one of tests/cases/hbsmservice/SOURCES.md.
"""

from collections.abc import Callable
from copy import replace
from decimal import Decimal

import pytest

from smsgateway.codecs import hbsmservice
from smsgateway.errors import DecodeError
from smsgateway.model import About, Accepted, Account, Balance, Content, Page, Reason, Refused, Response
from tests.unit.codecs.hbsmservice.given import (
    ACCOUNT,
    ANSWERS,
    BATCH,
    CONTENT,
    POLLS,
    SENDS,
    SUBMISSION,
    answer,
    case,
    decode_balance,
    decode_batch,
    decode_inbound_poll,
    decode_report_poll,
    decode_send,
    with_options,
)


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("send.ok.document-1.3.txt", Accepted()),
        ("send.ok.marked.txt", Accepted()),
        ("send.partial.txt", Accepted(vendor_status="0#1 of 3")),  # note 6
        ("send.wrong-password.txt", Refused(About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "107 密码错误")),
    ],
)
def test_send_answers(body: str, outcome: Accepted | Refused) -> None:
    assert hbsmservice.decode_send(ACCOUNT, SUBMISSION, answer(case(body))) == outcome


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (case("batch.ok.txt"), Accepted()),
        (
            case("batch.total-failure.document-2.3.txt"),
            Refused(About.CONTENT, Reason.PARAMETER_REFUSED, "0#0 of 2"),
        ),
        (b"0#1", Accepted(vendor_status="0#1 of 2")),
        (b"0#5", Accepted(vendor_status="0#5 of 2")),  # 2.3: the segments of long messages
    ],
)
def test_batch_answers(body: bytes, outcome: Accepted | Refused) -> None:
    assert hbsmservice.decode_batch(ACCOUNT, BATCH, answer(body)) == outcome


LONG = Content("字" * 100)  # two segments


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"0#4", ""),  # segments: all of them
        (b"0#2", "0#2 of 2, 4 segments"),  # both texts, or one of them
        (b"0#3", "0#3 of 2, 4 segments"),
        (b"0#5", "0#5 of 2, 4 segments"),
    ],
)
def test_a_count_of_long_texts_is_complete_only_where_that_is_certain(body: bytes, shown: str) -> None:  # 2.3
    long = replace(BATCH, contents=(LONG, LONG))
    assert hbsmservice.decode_batch(ACCOUNT, long, answer(body)) == Accepted(vendor_status=shown)
    one = replace(BATCH, contents=(LONG, CONTENT))
    assert hbsmservice.decode_batch(ACCOUNT, one, answer("0#2")) == Accepted(vendor_status="0#2 of 2, 3 segments")
    plain = replace(SUBMISSION, contents=(LONG,))
    assert hbsmservice.decode_send(ACCOUNT, plain, answer("0#3")) == Accepted()  # 1.3, first note


def test_more_or_none_taken_of_a_plain_send_is_shown() -> None:
    assert hbsmservice.decode_send(ACCOUNT, SUBMISSION, answer("0#4")) == Accepted(vendor_status="0#4 of 3")
    nothing = hbsmservice.decode_send(ACCOUNT, SUBMISSION, answer("0#0"))
    assert nothing == Refused(About.CONTENT, Reason.PARAMETER_REFUSED, "0#0 of 3")


@pytest.mark.parametrize("body", ["0#3\n", " 0#3 ", "0#3\r\n"])
def test_white_space_around_an_answer_is_survived(body: str) -> None:
    assert hbsmservice.decode_send(ACCOUNT, SUBMISSION, answer(body)) == Accepted()


@pytest.mark.parametrize(
    ("decoders", "code", "about", "reason"),
    [
        ((*SENDS,), "100", About.ACCOUNT, Reason.BALANCE_EXHAUSTED),
        ((*SENDS, decode_balance), "101", About.ACCOUNT, Reason.ACCOUNT_CLOSED),
        ((decode_send,), "102", About.CONTENT, Reason.CONTENT_TOO_LONG),
        ((decode_send,), "103", About.NUMBERS, Reason.INVALID_NUMBER),
        ((decode_send,), "104", About.ACCOUNT, Reason.SERVICE_REFUSED),  # note 3
        ((decode_balance,), "104", About.MOMENT, Reason.TOO_FAST),
        ((*SENDS, decode_balance), "106", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        ((*SENDS, decode_balance), "107", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        (ANSWERS, "108", About.ACCOUNT, Reason.ADDRESS_REFUSED),
        ((*SENDS,), "109", About.ACCOUNT, Reason.SERVICE_REFUSED),
        ((decode_send,), "110", About.CONTENT, Reason.EXTENSION_REFUSED),
        ((decode_batch,), "114", About.ACCOUNT, Reason.SERVICE_REFUSED),
        ((decode_batch,), "115", About.CONTENT, Reason.PARAMETER_REFUSED),
        ((decode_batch,), "116", About.CONTENT, Reason.PARAMETER_REFUSED),
        (ANSWERS, "9", About.ACCOUNT, Reason.SERVICE_REFUSED),
        (POLLS, "-11", About.ACCOUNT, Reason.ACCOUNT_CLOSED),
        (POLLS, "-16", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        (POLLS, "-17", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        (POLLS, "-18", About.ACCOUNT, Reason.SERVICE_REFUSED),
        (POLLS, "-19", About.MOMENT, Reason.TOO_FAST),
    ],
)
def test_a_code_means_what_its_address_says(
    decoders: tuple[Callable[[bytes], object], ...], code: str, about: About, reason: Reason
) -> None:
    for decode in ANSWERS:
        refused = decode(code.encode())
        assert isinstance(refused, Refused)
        if decode in decoders:
            assert (refused.about, refused.reason) == (about, reason)
            assert refused.vendor_status.startswith(f"{code} ")  # with the document's words
    for decode in set(ANSWERS) - set(decoders):
        elsewhere = decode(code.encode())
        assert isinstance(elsewhere, Refused)
        assert (elsewhere.about, elsewhere.reason) != (about, reason)


def test_every_code_of_the_tables_is_tested_above() -> None:
    (parameters,) = [
        mark.args[1] for mark in getattr(test_a_code_means_what_its_address_says, "pytestmark", []) if mark.args
    ]
    tested = {(decode, code) for decoders, code, _, _ in parameters for decode in decoders}
    tables = {
        decode_send: hbsmservice.SEND_CODES,
        decode_batch: hbsmservice.BATCH_CODES,
        decode_balance: hbsmservice.BALANCE_CODES,
        decode_report_poll: hbsmservice.POLL_CODES,
        decode_inbound_poll: hbsmservice.POLL_CODES,
    }
    listed = {(decode, code) for decode, table in tables.items() for code in table}
    assert tested == listed - {(decode_batch, "0#0")}  # a success of none: test_batch_answers


@pytest.mark.parametrize("decode", ANSWERS)
@pytest.mark.parametrize("code", ["199", "-5", "1"])
def test_an_unlisted_code_is_no_refusal_until_somebody_says_so(
    decode: Callable[[bytes, Account], object], code: str
) -> None:
    assert decode(code.encode(), ACCOUNT) == Refused(About.UNLISTED, Reason.UNLISTED_CODE, code)
    account = with_options(codes={code: About.MOMENT, "107": About.MOMENT})
    assert decode(code.encode(), account) == Refused(About.MOMENT, Reason.UNLISTED_CODE, code)


def test_a_listed_code_cannot_be_overruled() -> None:
    refused = decode_send(b"107", with_options(codes={"107": About.MOMENT}))
    assert isinstance(refused, Refused)
    assert refused.about is About.ACCOUNT


@pytest.mark.parametrize("decode", ANSWERS)
@pytest.mark.parametrize(
    "body",
    ["", " ", "0#", "0#-1", "0#x", "#3", "0#3#4", "00", "-", "-0", "ok", "ok#", "1 2", "１０７", "<html>", "0#3 ok"],
)
def test_what_is_neither_success_nor_code_is_refused_with_its_bytes(
    decode: Callable[[bytes], object], body: str
) -> None:
    with pytest.raises(DecodeError) as refused:
        decode(body.encode("gbk"))
    assert refused.value.raw == body.encode("gbk")


def test_zero_alone_is_nothing_waiting_on_a_poll_only() -> None:  # note 3
    for decode in POLLS:
        assert decode(case("poll.nothing-waiting.txt")) == Page(())
    for decode in (*SENDS, decode_balance):
        with pytest.raises(DecodeError):
            decode(b"0")


@pytest.mark.parametrize("body", [b"0#200", b"107", b"0#12"])
def test_a_submissions_answer_cut_short_is_never_taken_for_all_sent(body: bytes) -> None:
    whole = int(body[2:]) if body.startswith(b"0#") else 200
    submission = replace(SUBMISSION, numbers=tuple(f"138{n:08}" for n in range(whole)))
    for length in range(len(body)):
        try:
            outcome = hbsmservice.decode_send(ACCOUNT, submission, answer(body[:length]))
        except DecodeError:
            continue
        # `0#2` of `0#200` and `10` of `107` are answers by themselves: partial, and unlisted. That the body is whole is
        # for the transport to check.
        assert isinstance(outcome, Refused | Accepted)
        assert outcome.vendor_status
        assert not isinstance(outcome, Refused) or outcome.about is About.UNLISTED


def test_an_answer_with_another_status_than_200_is_none() -> None:
    for operation in (
        lambda response: hbsmservice.decode_send(ACCOUNT, SUBMISSION, response),
        lambda response: hbsmservice.decode_batch(ACCOUNT, BATCH, response),
        lambda response: hbsmservice.decode_balance(ACCOUNT, response),
        lambda response: hbsmservice.decode_report_poll(ACCOUNT, response),
        lambda response: hbsmservice.decode_inbound_poll(ACCOUNT, response),
    ):
        with pytest.raises(DecodeError):
            operation(Response(502, {}, b"0#3"))


@pytest.mark.parametrize(
    ("body", "amount"),
    [
        (case("balance.ok.txt"), "1234"),
        (case("balance.decimal.txt"), "98.5"),
        (b"OK#0\r\n", "0"),
        (b"ok#-3.50", "-3.50"),
    ],
)
def test_balance(body: bytes, amount: str) -> None:  # note 1
    assert decode_balance(body) == (Balance(Decimal(amount)),)
