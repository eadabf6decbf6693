"""Which pushes are believed to be heji's, and what they are answered."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from smsgateway.codecs import heji
from smsgateway.errors import DecodeError
from smsgateway.model import Account, Kind, Push
from tests.unit.codecs.heji.given import account, pushed

SECRET = "AccessSecret-example"
DIGEST = hashlib.md5(b"AccessSecret-examplea1b2c31376999494").hexdigest()
SALT = {"random": "a1b2c3", "timestamp": "1376999494"}
MADE = 1_376_999_494_000  # the timestamp, in milliseconds
type Expected = Mapping[str, tuple[str, ...]]


@pytest.mark.parametrize(
    ("expected", "sent", "verified"),
    [
        ({"access_secret": (SECRET,)}, {"name": DIGEST} | SALT, True),
        ({"access_secret": (SECRET,)}, {"name": DIGEST.upper()} | SALT, True),
        ({"access_secret": ("new", SECRET)}, {"name": DIGEST} | SALT, True),
        ({"access_secret": (SECRET,)}, {"name": DIGEST, "random": "a1b2c3"}, False),
        ({"access_secret": (SECRET,)}, {"name": DIGEST, "random": "", "timestamp": "a1b2c31376999494"}, False),
        ({"access_secret": (SECRET,)}, {"name": DIGEST} | SALT | {"timestamp": "1376999495"}, False),
        ({"access_secret": (SECRET,)}, {"name": "admin"} | SALT, False),
        ({"access_secret": (SECRET,)}, {"name": SECRET}, False),
        ({"access_secret": ("",)}, {"name": hashlib.md5(b"a1b2c31376999494").hexdigest()} | SALT, False),
        ({"name": ("admin",)}, {"name": "admin"}, True),
        ({"name": ("old", "admin")}, {"name": "admin"} | SALT, True),
        ({"name": ("admin",)}, {"name": "ADMIN"}, False),
        ({"name": ("admin",)}, {"name": DIGEST} | SALT, False),
        ({"name": ("",)}, {"name": ""}, False),
        ({"name": ("admin",), "access_secret": (SECRET,)}, {"name": "admin"}, True),
        ({"name": ("admin",), "access_secret": (SECRET,)}, {"name": DIGEST} | SALT, True),
        ({"name": ("admin",), "access_secret": (SECRET,)}, {"name": "other"} | SALT, False),
        ({"name": ("admin",), "pwd": ("12345",)}, {"name": "admin", "pwd": "12345"}, True),
        ({"name": ("admin",), "pwd": ("12345",)}, {"name": "admin", "pwd": "wrong"}, False),
        ({"name": ("admin",), "pwd": ("12345",)}, {"name": "admin"}, False),
        ({"name": ("admin",), "pwd": ("12345",)}, {"name": "wrong", "pwd": "12345"}, False),
        ({"pwd": ("12345",)}, {"name": "any", "pwd": "12345"}, True),
        ({"pwd": ("12345",)}, {"pwd": ""}, False),
        ({"pwd": ("",)}, {"pwd": ""}, False),
        ({"pwd": ("密码",)}, {"pwd": "密码"}, True),
        ({"pwd": ("12345",)}, {"pwd": "密码"}, False),
        ({}, {"name": "any"}, True),
    ],
)
def test_verify_push(expected: Expected, sent: dict[str, str], verified: bool) -> None:
    of = account(push=expected)
    assert heji.verify_push(of, Push("POST", body=urlencode(sent).encode(), at=MADE), "reports") is verified
    assert heji.verify_push(of, Push("GET", query=tuple(sent.items()), at=MADE), "reports") is verified


@pytest.mark.parametrize(
    ("expected", "sent", "verified"),
    [
        ({"access_secret": (SECRET,), "pwd": ("12345",)}, {"name": "admin", "pwd": "12345"}, True),
        ({"access_secret": (SECRET,), "pwd": ("12345",)}, {"name": "", "pwd": "12345"}, True),
        ({"access_secret": (SECRET,), "pwd": ("12345",)}, {"pwd": "12345"}, True),
        ({"access_secret": (SECRET,), "pwd": ("12345",)}, {"name": DIGEST, "pwd": "12345"} | SALT, True),
        ({"access_secret": (SECRET,), "pwd": ("12345",)}, {"name": "admin", "pwd": "wrong"}, False),
        ({"access_secret": (SECRET,), "pwd": ("12345",)}, {"name": DIGEST} | SALT, False),
        ({"access_secret": (SECRET,)}, {"name": "admin"}, True),
        ({"access_secret": (SECRET,), "name": ("admin",)}, {"name": "admin"}, True),
        ({"access_secret": (SECRET,), "name": ("admin",)}, {"name": DIGEST} | SALT, True),
        ({"access_secret": (SECRET,), "name": ("admin",)}, {"name": "other"}, False),
        ({"access_secret": (SECRET,), "name": ("admin",)}, {"name": ""}, False),
        ({"name": ("admin",), "pwd": ("12345",)}, {"name": "admin", "pwd": "12345"}, True),
        ({"name": ("admin",), "pwd": ("12345",)}, {"name": "admin"}, False),
    ],
)
def test_a_replys_name_is_plain(expected: Expected, sent: dict[str, str], verified: bool) -> None:
    of = account(push=expected)
    assert heji.verify_push(of, Push("POST", body=urlencode(sent).encode(), at=MADE), "inbound") is verified
    assert heji.verify_push(of, Push("GET", query=tuple(sent.items()), at=MADE), "inbound") is verified


DAY = 86_400_000


@pytest.mark.parametrize(
    ("timestamp", "at", "window", "verified"),
    [
        ("1376999494", MADE + DAY, 86_400, True),
        ("1376999494", MADE + DAY + 1, 86_400, False),
        ("1376999494", MADE - DAY - 1, 86_400, False),
        ("1376999494000", MADE + DAY, 86_400, True),
        ("1376999494000", MADE + DAY + 1, 86_400, False),
        ("20130820195134", MADE, 86_400, True),
        ("2013-08-20 19:51:34", MADE + DAY + 1, 86_400, False),
        ("1000000000", MADE, 86_400, False),  # of 2001
        ("999999999", MADE, 86_400, False),
        ("1376999494", MADE + DAY, 60, False),
        ("1376999494", MADE + 60_000, 60, True),
        ("1000000000", MADE, 0, True),
        ("soon", MADE, 0, True),
        ("1376999494", 0, 86_400, False),  # nobody knows when it came
    ],
)
def test_a_digest_counts_for_a_while(timestamp: str, at: int, window: int, verified: bool) -> None:
    salt = {"random": "a1b2c3", "timestamp": timestamp}
    name = hashlib.md5(f"{SECRET}a1b2c3{timestamp}".encode()).hexdigest()
    push = Push("POST", body=urlencode({"name": name} | salt).encode(), at=at)
    of = account(push={"access_secret": (SECRET,)}, push_window=window)
    assert heji.verify_push(of, push, "reports") is verified


@pytest.mark.parametrize("timestamp", ["soon", "13769994940", "137699949400", "-1", "١٣٧٦٩٩٩٤٩٤"])
def test_a_right_digest_of_a_moment_that_nobody_can_read_is_kept(timestamp: str) -> None:
    salt = {"random": "a1b2c3", "timestamp": timestamp}
    right, wrong = (hashlib.md5(f"{secret}a1b2c3{timestamp}".encode()).hexdigest() for secret in (SECRET, "other"))
    of = account(push={"access_secret": (SECRET,)})
    report = {"sendid": "1", "mobile": "13800138000", "state": "DELIVRD"}
    push = Push("POST", body=urlencode({"name": right} | salt | report).encode(), at=MADE)
    for read in (lambda: heji.verify_push(of, push, "reports"), lambda: heji.decode_report_push(of, push)):
        with pytest.raises(DecodeError, match="timestamp"):
            read()
    assert (
        heji.verify_push(of, Push("POST", body=urlencode({"name": wrong} | salt).encode(), at=MADE), "reports") is False
    )


@pytest.mark.parametrize("kind", ["reports", "inbound"])
def test_damaged_bytes_elsewhere_do_not_cost_the_credentials(kind: Kind) -> None:
    of = account(push={"pwd": ("12345",)})
    for body in (b"pwd=12345&args=%CD%CB", b"pwd=12345&args=\xcd\xcb", b"args=\xff&pwd=12345"):
        assert heji.verify_push(of, Push("POST", body=body), kind) is True
        assert heji.verify_push(of, Push("POST", body=body.replace(b"12345", b"wrong")), kind) is False
    for body in (b"pwd=123%CD%CB", b"pwd=\xcd\xcb&args=1", b"args=\xff"):
        with pytest.raises(DecodeError):
            heji.verify_push(of, Push("POST", body=body), kind)


def test_the_digest_of_the_case_is_verified() -> None:
    push = replace(pushed("report-push.digest-list.form"), at=MADE)
    assert heji.verify_push(account(push={"access_secret": (SECRET,)}), push, "reports") is True
    assert heji.verify_push(account(push={"access_secret": ("other",)}), push, "reports") is False


def test_odd_pushes_are_not_verified_where_credentials_are_asked_for() -> None:
    of = account(push={"access_secret": (SECRET,)})
    odd = (("name", "\ud800"), ("random", "\udfff"), ("timestamp", "١"))
    with pytest.raises(DecodeError):
        heji.verify_push(of, Push("GET", query=odd), "reports")
    push = Push("POST", query=(("name", DIGEST), *SALT.items()), body=b"\xff", at=MADE)
    assert heji.verify_push(of, push, "reports") is True


def test_an_account_without_push_verifies_nothing() -> None:
    of = Account("hj", "heji", "http://h", {"name": "a", "pwd": "b"})
    assert heji.verify_push(of, Push("GET"), "reports") is False


def test_acknowledgements() -> None:
    assert heji.acknowledgement(account(), "reports") == "0"
    assert heji.acknowledgement(account(ack="ok"), "inbound") == "ok"
    assert heji.failure(account(), "reports") not in ("", "0")
