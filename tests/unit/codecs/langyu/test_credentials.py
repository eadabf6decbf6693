"""Which pushes are believed to be langyu's, and what they are answered."""

from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

from smsgateway.codecs import langyu
from smsgateway.errors import DecodeError
from smsgateway.model import Account, Push
from tests.unit.codecs.langyu.given import account


@pytest.mark.parametrize(
    ("expected", "given_fields", "verified"),
    [
        ({"receiver": ("admin",), "pswd": ("12345",)}, {"receiver": "admin", "pswd": "12345"}, True),
        ({"receiver": ("admin",), "pswd": ("old", "12345")}, {"receiver": "admin", "pswd": "12345"}, True),
        ({"receiver": ("admin",), "pswd": ("12345",)}, {"receiver": "admin", "pswd": "wrong"}, False),
        ({"receiver": ("admin",), "pswd": ("12345",)}, {"receiver": "wrong", "pswd": "12345"}, False),
        ({"receiver": ("admin",), "pswd": ("12345",)}, {"receiver": "admin"}, False),
        ({"receiver": ("admin",), "pswd": ("12345",)}, {}, False),
        ({"pswd": ("12345",)}, {"receiver": "any", "pswd": "12345"}, True),
        ({"receiver": ("admin",)}, {"receiver": "admin"}, True),
        ({"pswd": ("",)}, {"pswd": ""}, False),
        ({"pswd": ()}, {"pswd": ""}, False),
        ({"pswd": ("密码",)}, {"pswd": "密码"}, True),
        ({"pswd": ("12345",)}, {"pswd": "密码"}, False),
        ({}, {"receiver": "any"}, True),
    ],
)
def test_verify_push(expected: Mapping[str, tuple[str, ...]], given_fields: dict[str, str], verified: bool) -> None:
    of = account(push=expected)
    assert langyu.verify_push(of, Push("POST", body=urlencode(given_fields).encode()), "reports") is verified
    assert langyu.verify_push(of, Push("GET", query=tuple(given_fields.items())), "inbound") is verified


def test_a_push_that_is_no_form_is_not_verified_where_credentials_are_asked_for() -> None:
    of = account(push={"pswd": ("12345",)})
    push = Push("POST", query=(("pswd", "12345"),), body=b"\xff")
    assert langyu.verify_push(of, push, "reports") is True
    assert langyu.verify_push(of, Push("POST", body=b"pswd=wrong&msg=\xff"), "reports") is False
    for doubtful in (
        Push("POST", body=b"\xff"),
        Push("POST", body=b"pswd=123%CD"),
        Push("GET", query=(("pswd", "\ud800"),)),
        Push("GET", query=(("pswd", "\ufffd"),)),
    ):
        for read in (langyu.verify_push, lambda of, push, _: langyu.decode_report_push(of, push)):
            with pytest.raises(DecodeError):
                read(of, doubtful, "reports")


def test_an_account_without_push_verifies_nothing() -> None:
    of = Account("ly", "langyu", "http://h", {"account": "a", "pswd": "b"})
    assert langyu.verify_push(of, Push("GET"), "reports") is False


def test_acknowledgements() -> None:
    assert langyu.acknowledgement(account(), "reports") == "success"
    assert langyu.acknowledgement(account(ack="OK"), "inbound") == "OK"
    assert langyu.failure(account(), "reports") not in ("", "success")
