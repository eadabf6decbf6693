"""What the tests of hbsmservice begin with.

The cases are those of its document (tests/cases/hbsmservice/SOURCES.md).
"""

from copy import replace
from typing import Any

from smsgateway.codecs import hbsmservice
from smsgateway.model import Account, Content, Options, Push, Report, Response, Submission
from tests.unit.codecs.given import case_of

ACCOUNT = Account(
    name="hb-main",
    vendor="hbsmservice",
    base_url="http://sms.hbsmservice.com:8080",
    credentials={"corp_id": "test", "corp_pwd": "p&w=1", "corp_service": "服务1"},
)
NUMBERS = ("13810000001", "13810000002", "13810000003")
CONTENT = Content("验证码 1234，5 分钟内有效 + 100%", "示例")
SUBMISSION = Submission("sub_01JABCDEF", NUMBERS, (CONTENT,), extension="8888")
BATCH = Submission(
    "sub_01JABCDEF",
    ("13601025412", "13821056854"),
    (
        Content("尊敬的会员张三您好，您的账户余额为 20 元"),
        Content("尊敬的会员李四您好，您的账户余额为 30.2 元"),
    ),
    extension="256",
)


def case(name: str) -> bytes:
    return case_of("hbsmservice", name)


def answer(body: bytes | str) -> Response:
    return Response(200, {}, body if isinstance(body, bytes) else body.encode("gbk"))


def with_options(**options: Any) -> Account:
    return replace(ACCOUNT, options=replace(Options(), **options))


def decode_send(body: bytes, account: Account = ACCOUNT) -> object:
    return hbsmservice.decode_send(account, SUBMISSION, answer(body))


def decode_batch(body: bytes, account: Account = ACCOUNT) -> object:
    return hbsmservice.decode_batch(account, BATCH, answer(body))


def decode_balance(body: bytes, account: Account = ACCOUNT) -> object:
    return hbsmservice.decode_balance(account, answer(body))


def decode_report_poll(body: bytes, account: Account = ACCOUNT) -> object:
    return hbsmservice.decode_report_poll(account, answer(body))


def decode_inbound_poll(body: bytes, account: Account = ACCOUNT) -> object:
    return hbsmservice.decode_inbound_poll(account, answer(body))


def decode_report_push(body: bytes, account: Account = ACCOUNT) -> object:
    return hbsmservice.decode_report_push(account, Push("POST", body=body)).items


def decode_inbound_push(body: bytes, account: Account = ACCOUNT) -> object:
    return hbsmservice.decode_inbound_push(account, Push("POST", body=body)).items


SENDS = (decode_send, decode_batch)
POLLS = (decode_report_poll, decode_inbound_poll)
ANSWERS = (*SENDS, decode_balance, *POLLS)


def report(body: bytes) -> Report:
    (only,) = hbsmservice.decode_report_push(ACCOUNT, Push("POST", body=body)).items
    return only


def report_xml(**fields: str) -> bytes:
    usual = {"mobile": "13810000001", "sub_seq": "0", "msg_id": "12345asd", "err": "0"} | fields
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in usual.items() if value != "absent")
    return f"<?xml version='1.0' encoding='GBK'?><reports><report>{inside}</report></reports>".encode("gb18030")
