"""What the tests of heji begin with.

The cases are those of its document (tests/cases/heji/SOURCES.md).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from smsgateway.codecs import heji
from smsgateway.model import Account, Balance, Content, Push, Refused, Response, Submission
from tests.unit.codecs.given import account_of, case_of, form_push

NOW = datetime(2026, 1, 2, tzinfo=UTC)
NONCE = "12345678901234567890"
SENDID = "20140821110353234137876543"


def case(name: str) -> bytes:
    return case_of("heji", name)


def account(
    credentials: Mapping[str, str] | None = None, push: Mapping[str, tuple[str, ...]] | None = None, **options: Any
) -> Account:
    of = credentials or {"name": "test", "pwd": "112345"}
    return account_of("heji", "http://heji.example/sms", of, push, **options)


def submission(
    text: str = "testmsg",
    signature: str = "testsign",
    numbers: tuple[str, ...] = ("18266878877", "18655555555"),
    **more: Any,
) -> Submission:
    return Submission(id="s1", numbers=numbers, contents=(Content(text, signature),), **more)


def balance(body: bytes, **options: Any) -> tuple[Balance, ...] | Refused:
    return heji.decode_balance(account(**options), Response(200, body=body))


def pushed(name: str) -> Push:
    return form_push(name, case(name))
