"""What heji answers to a send, every code of it, and answers cut, damaged or in another charset."""

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.codecs import heji
from smsgateway.errors import DecodeError
from smsgateway.model import About, Accepted, Balance, Reason, Refused, Response
from tests.unit.codecs.given import CASES
from tests.unit.codecs.heji.given import SENDID, account, balance, case, submission


def decode(body: bytes, sent: int = 1, **options: Any) -> Accepted | Refused:
    numbers = tuple(f"138{n:08}" for n in range(sent))
    return heji.decode_send(account(**options), submission(numbers=numbers), Response(200, body=body))


def test_the_documents_success() -> None:
    assert decode(case("send.ok.document-1.7.2.txt"), sent=500) == Accepted(vendor_ids=(SENDID,))


@pytest.mark.parametrize("name", ["send.ok.compact.txt", "send.ok.commas-in-message.txt"])
def test_successes_of_one_number(name: str) -> None:
    assert decode(case(name)) == Accepted(vendor_ids=(SENDID,))


def test_a_success_without_an_id_or_with_numbers_left_out_is_shown_as_it_came() -> None:
    assert decode(case("send.ok.without-id.txt")) == Accepted(vendor_status="0,,0,1,0,提交成功")
    partial = decode(case("send.partial.txt"), sent=3)
    assert partial == Accepted(vendor_ids=(SENDID,), vendor_status=f"0,{SENDID},1,1,1,提交成功")
    fewer = decode(case("send.ok.compact.txt"), sent=2)
    assert fewer == Accepted(vendor_ids=(SENDID,), vendor_status=f"0,{SENDID},0,1,0,提交成功")


@pytest.mark.parametrize(
    ("counts", "sent", "reason"),
    [("0,0,1", 1, Reason.BLACKLISTED), ("1,0,0", 1, Reason.INVALID_NUMBER), ("1,0,1", 2, Reason.INVALID_NUMBER)],
)
def test_a_success_of_no_number_is_a_refusal_of_all(counts: str, sent: int, reason: Reason) -> None:
    answer = f"0,{SENDID},{counts},提交成功"
    assert decode(answer.encode(), sent=sent) == Refused(About.NUMBERS, reason, answer)


@pytest.mark.parametrize(
    ("counts", "sent"), [("0,0,0", 1), ("1,0,0", 2), ("0,0,1", 2), ("1,0,1", 3), ("2,0,0", 1), ("0,0,0", 500)]
)
def test_a_success_of_nothing_is_a_doubt_unless_every_number_is_accounted_for(counts: str, sent: int) -> None:
    answer = f"0,{SENDID},{counts},提交成功"
    assert decode(answer.encode(), sent=sent) == Refused(About.UNLISTED, Reason.AMBIGUOUS_ANSWER, answer, (SENDID,))


def test_the_success_of_nothing_of_the_case() -> None:
    answer = case("send.ok.of-nothing.txt")
    assert decode(answer) == Refused(About.UNLISTED, Reason.AMBIGUOUS_ANSWER, answer.decode(), ("2014",))


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n "])
def test_a_message_in_another_charset_or_a_mark_costs_no_answer(mark: bytes) -> None:
    assert decode(mark + case("send.ok.gbk-message.txt")) == Accepted(vendor_ids=(SENDID,))
    refused = decode(mark + "10,账号".encode("gbk"))
    assert isinstance(refused, Refused)
    assert (refused.about, refused.vendor_status[:8]) == (About.ACCOUNT, "10 账号不存在")
    assert balance(mark + b"0,93") == (Balance(Decimal(93)),)


def test_the_refusals_of_the_cases() -> None:
    numbers = decode(case("send.refused.numbers.txt"))
    assert isinstance(numbers, Refused)
    assert (numbers.about, numbers.reason) == (About.NUMBERS, Reason.BLACKLISTED)
    unknown = decode(case("send.refused.account.txt"))
    assert unknown == Refused(About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "10 账号不存在")
    commas = decode(case("send.refused.commas-in-message.txt"))
    assert isinstance(commas, Refused)
    assert commas.about is About.CONTENT
    assert "含有敏感词汇:a,b" in commas.vendor_status
    spent = decode(case("send.refused.balance.txt"))
    assert spent == Refused(About.ACCOUNT, Reason.BALANCE_EXHAUSTED, "2 余额不足")
    vague = decode(case("send.refused.vague.txt"))
    assert vague == Refused(About.UNLISTED, Reason.UNLISTED_CODE, "-1 系统异常")


@pytest.mark.parametrize(
    ("code", "about", "reason"),
    [
        ("1", About.CONTENT, Reason.SENSITIVE_CONTENT),
        ("2", About.CONTENT, Reason.SENSITIVE_CONTENT),
        ("3", About.ACCOUNT, Reason.PARAMETER_REFUSED),
        ("4", About.CONTENT, Reason.CONTENT_REFUSED),
        ("10", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        ("11", About.ACCOUNT, Reason.ACCOUNT_CLOSED),
        ("12", About.ACCOUNT, Reason.ACCOUNT_CLOSED),
        ("13", About.ACCOUNT, Reason.ADDRESS_REFUSED),
        ("14", About.CONTENT, Reason.PARAMETER_REFUSED),
        ("-1", About.UNLISTED, Reason.UNLISTED_CODE),
        ("5", About.UNLISTED, Reason.UNLISTED_CODE),
        ("00", About.UNLISTED, Reason.UNLISTED_CODE),
    ],
)
def test_every_code_of_sending(code: str, about: About, reason: Reason) -> None:
    for body in (f"{code},", f"{code}, 说明", f"{code},,0,0,0,说明"):
        answer = decode(body.encode())
        assert isinstance(answer, Refused)
        assert (answer.about, answer.reason) == (about, reason)
        assert answer.vendor_status.split(" ")[0] == code


@pytest.mark.parametrize("code", ["-1", "99"])
def test_a_vague_or_unlisted_code_is_what_the_account_says(code: str) -> None:
    codes = {code: About.MOMENT, "10": About.MOMENT}
    answer = decode(f"{code},系统异常".encode(), codes=codes)
    assert isinstance(answer, Refused)
    assert (answer.about, answer.reason) == (About.MOMENT, Reason.UNLISTED_CODE)
    listed = decode("10,账号不存在".encode(), codes=codes)
    assert isinstance(listed, Refused)
    assert listed.about is About.ACCOUNT


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"0",
        b"0,",
        b"0,2014",
        "0,提交成功".encode(),
        f"0,{SENDID},0,1,0".encode(),
        f"0,{SENDID},0,,0,提交成功".encode(),
        f"0,{SENDID},0,1,-1,提交成功".encode(),
        f"0,{SENDID},0,１,0,提交成功".encode(),
        "0,<b>,0,1,0,提交成功".encode(),
        b"10",
        b"ok,1",
        "０,1".encode(),
        b"<html><body>502, Bad Gateway</body></html>",
    ],
)
def test_what_is_no_answer_is_an_error(body: bytes) -> None:
    with pytest.raises(DecodeError) as error:
        decode(body)
    assert error.value.raw == body


@pytest.mark.parametrize("name", sorted(path.name for path in (CASES / "heji").glob("send.*.txt")))
def test_a_cut_answer_never_becomes_another(name: str) -> None:
    """What is cut within the message, after the counts, has said all that counts: everything else is an error."""
    whole = case(name)
    complete = decode(whole)
    for end in range(len(whole)):
        try:
            answer = decode(whole[:end])
        except DecodeError:
            continue
        assert type(answer) is type(complete)
        if isinstance(answer, Accepted) and isinstance(complete, Accepted):
            assert answer.vendor_ids == complete.vendor_ids
            assert whole[:end].count(b",") >= 5
        if isinstance(answer, Refused) and isinstance(complete, Refused) and name != "send.refused.balance.txt":
            assert (answer.about, answer.reason) == (complete.about, complete.reason)


@given(st.binary(max_size=60) | st.from_regex(rb"-?[0-9]{1,2}(, ?[0-9]{0,3}){0,6}", fullmatch=True))
def test_any_bytes_are_an_answer_or_a_decode_error(body: bytes) -> None:
    for decoder in (decode, balance):
        with suppress(DecodeError):
            assert decoder(body) != Accepted()
