"""What the tests of langyu begin with.

The cases are those of its document (tests/cases/langyu/SOURCES.md).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from smsgateway.codecs import langyu
from smsgateway.model import Account, Balance, Content, Refused, Response, Submission
from tests.unit.codecs.given import account_of, case_of

NOW = datetime(2026, 1, 2, tzinfo=UTC)
NONCE = "12345678901234567890"
NUMBERS = ("18900000000", "13800138000")


def case(name: str) -> bytes:
    return case_of("langyu", name)


def account(
    credentials: Mapping[str, str] | None = None, push: Mapping[str, tuple[str, ...]] | None = None, **options: Any
) -> Account:
    of = credentials or {"account": "test01", "pswd": "123456"}
    return account_of("langyu", "http://120.26.66.24", of, push, **options)


def submission(text: str = "您好", signature: str = "", numbers: tuple[str, ...] = NUMBERS, **more: Any) -> Submission:
    return Submission(id="s1", numbers=numbers, contents=(Content(text, signature),), **more)


def balance(body: bytes, of: Account | None = None) -> tuple[Balance, ...] | Refused:
    return langyu.decode_balance(of or account(), Response(200, body=body))
