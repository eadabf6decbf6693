"""How qixintong is asked: the document's requests to the byte, and what cannot be carried.

"Note n" is one of tests/cases/qixintong/SOURCES.md.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.clock import BEIJING
from smsgateway.codecs import qixintong
from smsgateway.errors import EncodeError
from smsgateway.model import Account, Content, Page, Reason, Request, Submission
from tests.unit.codecs.given import fields_of
from tests.unit.codecs.qixintong.given import ACCOUNT, SAMPLE, TWO, case, decode_inbound_poll, with_options

NOW = datetime(2026, 7, 1, tzinfo=UTC)
NONCE = "01234567890123456789"
SCHEDULED = Submission(
    "sub_2",
    ("075580808080", "13512345678", "13012345678"),
    (Content("这条是测试短信", "示例"),),
    send_at=datetime(2010, 9, 3, 11, 20, 30, tzinfo=BEIJING),
)


def send(submission: Submission, account: Account = ACCOUNT) -> Request:
    return qixintong.encode_send(account, submission, NOW, NONCE)


def queries(account: Account) -> dict[str, Request]:
    return {
        "/get_report_txt.asp": qixintong.encode_report_poll(account, NOW, NONCE),
        "/get_receive_message_txt.asp": qixintong.encode_inbound_poll(account, NOW, NONCE),
        "/Get_Account_Balance.asp": qixintong.encode_balance(account, NOW, NONCE),
    }


@pytest.mark.parametrize(
    ("submission", "body"),
    [(SAMPLE, "send.request.document-1.1.1.txt"), (SCHEDULED, "send.request.scheduled.txt")],
)
def test_send_as_post_and_as_get(submission: Submission, body: str) -> None:  # note 8
    posted = send(submission)
    assert (posted.method, posted.url) == ("POST", "http://www.112088.net:8088/sendsms_txt.asp")
    assert posted.headers == {"Content-Type": "application/x-www-form-urlencoded; charset=GBK"}
    assert posted.body == case(body)
    got = send(submission, with_options(method="GET"))
    assert got == Request("GET", "http://www.112088.net:8088/sendsms_txt.asp?" + case(body).decode("ascii"))


def test_queries_as_post_and_as_get() -> None:
    for path, request in queries(ACCOUNT).items():
        assert (request.method, request.url) == ("POST", "http://www.112088.net:8088" + path)
        assert request.body == case("query.request.txt")
    for path, request in queries(with_options(method="GET")).items():
        query = case("query.request.txt").decode("ascii")
        assert request == Request("GET", f"http://www.112088.net:8088{path}?{query}")


def test_the_documents_addresses_are_ours() -> None:
    account = with_options(method="GET")
    ours = {request.url.partition("?")[0]: request for request in (send(SAMPLE, account), *queries(account).values())}
    for line in case("addresses.document.txt").decode("gbk").splitlines():
        address, _, query = line.partition("?")
        assert list(fields_of(ours[address])) == [pair.partition("=")[0] for pair in query.split("&")]
    assert len(ours) == 4


def test_the_accounts_own_paths_count() -> None:
    assert send(SAMPLE, with_options(paths={"send": "/a.asp?v=2"})).url == "http://www.112088.net:8088/a.asp?v=2"


def test_send_time_is_beijings_and_left_out_when_at_once() -> None:  # note 7
    utc = replace(SCHEDULED, send_at=datetime(2010, 9, 3, 3, 20, 30, tzinfo=UTC))
    assert fields_of(send(utc))["send_time"] == "20100903112030"
    assert "send_time" not in fields_of(send(SAMPLE))


def test_the_charset_is_the_accounts() -> None:  # note 1
    emoji = replace(SAMPLE, contents=(Content("好😀"),))
    assert fields_of(send(emoji, with_options(charset="utf-8")), "utf-8")["send_content"] == "好😀"
    with pytest.raises(EncodeError, match="GBK cannot carry: 😀"):
        send(emoji)
    reply = "1|133;13798361236;好".encode()
    page = decode_inbound_poll(reply, with_options(charset="UTF-8"))
    assert isinstance(page, Page)
    assert page.items[0].text == "好"


@pytest.mark.parametrize(
    ("change", "reason", "problem"),
    [
        ({"contents": (Content("字" * 332, "示例"),)}, Reason.CONTENT_TOO_LONG, "335"),  # note 9: 336 with brackets
        ({"contents": (Content("", "示例"),)}, Reason.CONTENT_EMPTY, "empty"),
        ({"contents": (Content("\ud83d"),)}, Reason.CONTENT_NOT_ENCODABLE, "U+D83D"),
        ({"extension": "12"}, Reason.EXTENSION_REFUSED, "extension"),
        ({"numbers": ("13798361236,13798361237",)}, Reason.INVALID_NUMBER, "digits"),
        ({"numbers": tuple(f"138{n:08}" for n in range(101))}, Reason.PARAMETER_REFUSED, "limit is 100"),
        ({"numbers": ()}, Reason.PARAMETER_REFUSED, "limit is 100"),
    ],
)
def test_what_the_protocol_cannot_carry_is_refused(change: dict[str, Any], reason: Reason, problem: str) -> None:
    with pytest.raises(EncodeError) as refused:
        send(replace(SAMPLE, **change))
    assert refused.value.reason is reason
    assert problem in refused.value.problem


def test_335_characters_and_100_numbers_fit() -> None:  # note 9
    full = replace(SAMPLE, numbers=tuple(f"138{n:08}" for n in range(100)), contents=(Content("字" * 331, "示例"),))
    assert len(fields_of(send(full))["send_content"]) == 335
    # In UTF-8 an emoji is two characters of an SMS.
    with pytest.raises(EncodeError, match="336 characters"):
        send(replace(SAMPLE, contents=(Content("😀" * 168),)), with_options(charset="utf-8"))


@given(st.text(st.characters(codec="gbk"), min_size=1, max_size=335).filter(lambda text: text.strip()))
def test_another_reader_gets_the_sent_values(text: str) -> None:
    for account in (ACCOUNT, with_options(method="GET")):
        fields = fields_of(send(replace(TWO, contents=(Content(text),)), account))
        assert fields["send_content"] == text
        assert fields["send_phone"].split(",") == list(TWO.numbers)
