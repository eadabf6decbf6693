"""What langyu answers to a send, every code of it, and answers cut, damaged or without line breaks."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.codecs import langyu
from smsgateway.errors import DecodeError
from smsgateway.model import About, Accepted, Account, Balance, Reason, Refused, Response
from tests.unit.codecs.given import CASES
from tests.unit.codecs.langyu.given import account, balance, case, submission


def decode(body: bytes, of: Account | None = None) -> Accepted | Refused:
    return langyu.decode_send(of or account(), submission(), Response(200, body=body))


@pytest.mark.parametrize(
    ("name", "vendor_id"),
    [
        ("send.ok.document-1.3.2.txt", "1234567890100"),
        ("send.ok.trailing-lf.txt", "1234567890100"),
        ("send.ok.crlf.txt", "1234567890100"),
        ("send.ok.long-id.txt", "00123456789012345678901234567890"),
    ],
)
def test_a_success_has_the_one_msgid(name: str, vendor_id: str) -> None:
    assert decode(case(name)) == Accepted(vendor_ids=(vendor_id,))


@pytest.mark.parametrize("name", sorted(path.name for path in (CASES / "langyu").glob("send.ok.break.*.txt")))
def test_the_id_is_found_where_the_line_break_was_lost(name: str) -> None:
    assert decode(case(name)) == Accepted(vendor_ids=("1230306165638860000",))


BREAKS = st.text(st.sampled_from(" \t\r\n;；\u3000"), min_size=1, max_size=5)


@given(BREAKS, st.text(st.sampled_from(" \t\r\n;"), max_size=3), st.sampled_from([b"", b"\xef\xbb\xbf"]))
def test_any_blank_is_a_line_break(between: str, after: str, mark: bytes) -> None:
    answer = f"20110725160412,0{between}1234567890100{after}"
    assert decode(mark + answer.encode()) == Accepted(vendor_ids=("1234567890100",))
    refused = decode(mark + f"20110725160412,105{between}敏感{after}".encode())
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.SENSITIVE_CONTENT
    left = f"20130303180000,0{between}1234567,1000{between}1234531, 2000{after}"
    expected = (Balance(Decimal(1000), "1234567"), Balance(Decimal(2000), "1234531"))
    assert balance(mark + left.encode()) == expected


def test_a_success_without_its_id_is_shown_as_it_came() -> None:
    assert decode(case("send.ok.without-id.txt")) == Accepted(vendor_status="20110725160412,0")


def test_the_documents_refusal() -> None:
    expected = Refused(About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "101 无此用户")
    assert decode(case("send.refused.document-1.3.2.txt")) == expected
    lf = decode(case("send.refused.lf.txt"))
    assert lf == Refused(About.CONTENT, Reason.SENSITIVE_CONTENT, "105 敏感短信（短信内容包含敏感词）")


@pytest.mark.parametrize(
    ("code", "about", "reason"),
    [
        ("101", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        ("102", About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
        ("103", About.MOMENT, Reason.TOO_FAST),
        ("104", About.MOMENT, Reason.BUSY),
        ("105", About.CONTENT, Reason.SENSITIVE_CONTENT),
        ("106", About.CONTENT, Reason.CONTENT_TOO_LONG),
        ("107", About.UNLISTED, Reason.UNLISTED_CODE),
        ("108", About.NUMBERS, Reason.INVALID_NUMBER),
        ("109", About.ACCOUNT, Reason.BALANCE_EXHAUSTED),
        ("110", About.MOMENT, Reason.OUTSIDE_HOURS),
        ("111", About.ACCOUNT, Reason.BALANCE_EXHAUSTED),
        ("112", About.ACCOUNT, Reason.SERVICE_REFUSED),
        ("113", About.CONTENT, Reason.EXTENSION_REFUSED),
        ("114", About.UNLISTED, Reason.UNLISTED_CODE),
        ("115", About.CONTENT, Reason.CONTENT_REFUSED),
        ("116", About.CONTENT, Reason.SIGNATURE_REFUSED),
        ("117", About.ACCOUNT, Reason.ADDRESS_REFUSED),
        ("118", About.ACCOUNT, Reason.SERVICE_REFUSED),
        ("119", About.ACCOUNT, Reason.ACCOUNT_CLOSED),
        ("120", About.CONTENT, Reason.CONTENT_REFUSED),
        ("121", About.UNLISTED, Reason.UNLISTED_CODE),
        ("-1", About.UNLISTED, Reason.UNLISTED_CODE),
        ("00", About.UNLISTED, Reason.UNLISTED_CODE),
    ],
)
def test_every_code_of_sending(code: str, about: About, reason: Reason) -> None:
    answer = decode(f"20110725160412,{code}".encode())
    assert isinstance(answer, Refused)
    assert (answer.about, answer.reason) == (about, reason)
    assert answer.vendor_status.split(" ")[0] == code


def test_an_unlisted_code_is_what_the_account_says() -> None:
    of = account(codes={"107": About.NUMBERS, "101": About.MOMENT})
    assert decode(b"20110725160412,107\n", of) == Refused(About.NUMBERS, Reason.UNLISTED_CODE, "107")
    listed = decode(b"20110725160412,101\n", of)
    assert isinstance(listed, Refused)
    assert listed.about is About.ACCOUNT


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"0",
        b"20110725160412",
        b"20110725160412,",
        b"2011072516041,0\n1",
        b"20110725160412,0\n12345\n67890",
        b"20110725160412,0 OK",
        b"20110725160412,0 12345 success",
        b"20110725160412,0x 12345",
        b"20110725160412,0\n<html>",
        b"20110725160412,OK\n12345",
        "２0110725160412,0\n12345".encode(),
        b"20110725160412,0\n\xff",
        b"<html><body>502</body></html>",
    ],
)
def test_what_is_no_answer_is_an_error(body: bytes) -> None:
    with pytest.raises(DecodeError) as error:
        decode(body)
    assert error.value.raw == body


@pytest.mark.parametrize("name", sorted(path.name for path in (CASES / "langyu").glob("send.*.txt")))
def test_a_cut_answer_never_says_more_than_the_whole(name: str) -> None:
    """A prefix can be an answer in itself (no id yet, part of an id or code): the transport checks the length.

    What must not happen is a refusal that becomes a success, or the other way round.
    """
    whole = case(name)
    for end in range(len(whole)):
        try:
            answer = decode(whole[:end])
        except DecodeError:
            continue
        if isinstance(answer, Refused):
            assert b",0" not in whole
            assert answer.about is About.UNLISTED or answer == decode(whole)
        else:
            assert b",0" in whole[:end]
            assert all(identifier.encode() in whole for identifier in answer.vendor_ids)


@given(st.binary(max_size=60) | st.from_regex(rb"[0-9]{14},[0-9]{1,3}(\r?\n.{0,10}){0,3}", fullmatch=True))
def test_any_bytes_are_an_answer_or_a_decode_error(body: bytes) -> None:
    for decoder in (decode, balance):
        with suppress(DecodeError):
            assert decoder(body) != Accepted()
