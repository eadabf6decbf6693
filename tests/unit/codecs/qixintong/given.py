"""What the tests of qixintong begin with.

The cases are those of its document (tests/cases/qixintong/SOURCES.md).
"""

from dataclasses import replace
from typing import Any

from smsgateway.codecs import qixintong
from smsgateway.model import Account, Content, Inbound, Options, Page, Refused, Report, Response, Submission
from tests.unit.codecs.given import case_of

ACCOUNT = Account(
    name="qx",
    vendor="qixintong",
    base_url="http://www.112088.net:8088",
    credentials={"us_name": "mysms", "us_pwd": "123456"},
)
SAMPLE = Submission("sub_1", ("13798361236",), (Content("这条是测试短信"),))
TWO = replace(SAMPLE, numbers=("13798361236", "13798361237"))


def case(name: str) -> bytes:
    return case_of("qixintong", name)


def with_options(**options: Any) -> Account:
    return replace(ACCOUNT, options=replace(Options(), **options))


def decode_send(body: bytes, account: Account = ACCOUNT, submission: Submission = TWO) -> object:
    return qixintong.decode_send(account, submission, Response(200, {}, body))


def decode_report_poll(body: bytes, account: Account = ACCOUNT) -> Page[Report] | Refused:
    return qixintong.decode_report_poll(account, Response(200, {}, body))


def decode_inbound_poll(body: bytes, account: Account = ACCOUNT) -> Page[Inbound] | Refused:
    return qixintong.decode_inbound_poll(account, Response(200, {}, body))


def decode_balance(body: bytes, account: Account = ACCOUNT) -> object:
    return qixintong.decode_balance(account, Response(200, {}, body))


POLLS = (decode_report_poll, decode_inbound_poll)
DECODERS = (decode_send, *POLLS, decode_balance)


def items[T](page: Page[T] | Refused) -> tuple[T, ...]:
    assert isinstance(page, Page)
    return page.items
