"""Vendors' pushes: who is believed, what is stored, and what is acknowledged (receiving/push.py)."""

import base64
import gzip
import json
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import parse_qs

import pytest

from smsgateway import runtime
from smsgateway.calling.transport import MAX_BODY
from smsgateway.codecs import hbsmservice
from smsgateway.queues import LARGEST_BODY, LARGEST_MESSAGE, parse_vendor_bytes
from tests.doubles.stack import ACCOUNTS, DOCUMENT, PREVIOUS_TOKEN, TOKEN, Stack, sample, samples
from tests.unit.receiving.given import NOTHING, REFUSED, REPORTS, at, from_ip, notes, push, with_body

pytestmark = pytest.mark.usefixtures("log")  # nothing secret is told


def test_the_bytes_arrive_as_they_were_sent(stack: Stack) -> None:
    everything = bytes(range(256))
    assert push(with_body(REPORTS, everything)) == (200, "0")
    (stored,) = stack.bodies("receipts")
    assert parse_vendor_bytes(json.dumps(stored)).body == everything


def test_a_repeated_parameter_arrives_twice(stack: Stack) -> None:
    event = sample("webhook-langyu-reports")
    event["multiValueQueryStringParameters"]["msgid"] = ["1", "2"]
    push(event)
    (stored,) = stack.bodies("receipts")
    assert [value for name, value in stored["query"] if name == "msgid"] == ["1", "2"]


def test_a_push_without_headers_and_query(stack: Stack) -> None:
    assert push(REPORTS | NOTHING | {"body": "<plain/>"}) == (200, "0")
    assert [base64.b64decode(stored["body"]) for stored in stack.bodies("receipts")] == [b"<plain/>"]


# A push that says nothing


EMPTY_ANSWERS = {"hbsmservice": "9", "infocloud": '{"code":200,"message":"OK"}', "langyu": "success", "heji": "ok"}
SAYING_NOTHING: dict[str, dict[str, Any]] = {
    "GET": {"httpMethod": "GET"},
    "POST": {"httpMethod": "POST"},
    "a blank body": {"httpMethod": "POST", "body": " \r\n"},
    "a byte order mark": {"httpMethod": "POST", "body": "\ufeff"},
    "OPTIONS": {"httpMethod": "OPTIONS", "headers": {"Origin": "http://console.example"}},
}


@pytest.mark.parametrize("name", samples("webhook"))
@pytest.mark.parametrize("case", SAYING_NOTHING)
def test_a_push_that_says_nothing_is_acknowledged_and_noted(name: str, case: str, stack: Stack, log: Any) -> None:
    event = sample(name)
    vendor, kind = name.split("-")[1:]
    stack.calls.clear()
    assert push(event | NOTHING | SAYING_NOTHING[case]) == (200, EMPTY_ANSWERS[vendor])
    assert stack.calls.count("sqs.SendMessage") == 1
    queue = {"reports": "receipts", "inbound": "replies"}[kind]
    assert notes(stack, queue) == [(event["pathParameters"]["account"], "tried")]
    assert log() == []


def test_a_push_that_says_nothing_to_a_wrong_address_is_refused(stack: Stack) -> None:
    assert push(at(REPORTS, token="x" * 32) | NOTHING) == (403, "9")
    assert notes(stack) == []


def test_a_try_with_the_right_credentials_alone_is_a_try(stack: Stack) -> None:
    event = sample("webhook-langyu-reports") | NOTHING
    given = {"receiver": ["admin"], "pswd": ["12345"]}
    assert push(event | {"httpMethod": "GET", "multiValueQueryStringParameters": given}) == (200, "success")
    assert push(event | {"body": "receiver=admin&pswd=12345"}) == (200, "success")
    assert notes(stack) == [("ly-main", "tried")]
    assert push(event | {"body": "receiver=admin&pswd=wrong"}) == (403, "fail")
    assert notes(stack) == [("ly-main", "refused")]


SAYING_NO_MORE = {
    "webhook-hbsmservice-reports": [("test=1&_=5", b""), ("", b"\0")],
    "webhook-infocloud-reports": [
        ("test=1", b""),
        *(("", body) for body in (b"{}", b"[]", b"null", b'{"data":[]}', b'{"apiKey":"","data":null}\r\n')),
        ("", b'{"apiKey":"8767fd835ca3a4eb6f69129d71971760","data":[]}'),
        ("", b'{"apiKey":"8767fd835ca3a4eb6f69129d71971760","data":"null"}'),
    ],
    "webhook-langyu-inbound": [
        ("receiver=&pswd=&msgid=&mobile=", b""),
        ("receiver=admin&pswd=12345&moTime=&destcode=&mobile=&msg=", b""),
        ("", b"receiver=admin&pswd=12345&moTime=&destcode=&mobile=&msg="),
        ("", b"{}"),
    ],
    "webhook-heji-inbound": [("name=&pwd=&args=", b""), ("", b"name=admin&pwd=12345&args=")],
}


@pytest.mark.parametrize(
    ("name", "query", "body"), [(name, *given) for name, tries in SAYING_NO_MORE.items() for given in tries]
)
def test_a_form_or_object_of_empty_fields_says_nothing(name: str, query: str, body: bytes, stack: Stack) -> None:
    event = sample(name) | NOTHING | {"multiValueQueryStringParameters": parse_qs(query, keep_blank_values=True)}
    assert push(with_body(event, body)) == (200, EMPTY_ANSWERS[name.split("-")[1]])
    assert notes(stack, "replies" if name.endswith("inbound") else "receipts") == [
        (event["pathParameters"]["account"], "tried")
    ]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("webhook-hbsmservice-reports", b"<reports"),
        ("webhook-langyu-inbound", b"receiver=admin&pswd=12345&msg="),
        ("webhook-infocloud-reports", b'{"apiKey":"8767fd835ca3a4eb6f69129d71971760","data":[{}]}'),
        ("webhook-heji-inbound", b"name=admin&pwd=12345&args=%FF"),
    ],
)
def test_what_says_anything_is_stored(name: str, body: bytes, stack: Stack) -> None:
    if name == "webhook-langyu-inbound":
        body += b"0"
    assert push(with_body(sample(name) | NOTHING, body))[0] == 200
    (stored,) = stack.bodies("receipts") + stack.bodies("replies")
    assert parse_vendor_bytes(json.dumps(stored)).body == body


def test_notes_do_not_fill_the_queue(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    now = runtime.now_ms()
    monkeypatch.setattr(runtime, "now_ms", lambda: now)
    wrong = with_body(sample("webhook-heji-reports"), b"name=admin&pwd=wrong&sendid=1")
    for _ in range(20):
        push(REPORTS | NOTHING)
        push(wrong)
    assert sorted(notes(stack)) == [("hb-main", "tried"), ("hj-main", "refused")]
    monkeypatch.setattr(runtime, "now_ms", lambda: now + 60_000)
    push(REPORTS | NOTHING)
    assert notes(stack) == [("hb-main", "tried")]


def test_a_note_that_is_not_taken_changes_no_answer(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_request: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(runtime.sqs(), "send_message", fails)
    assert push(REPORTS | NOTHING) == (200, "9")
    assert push(from_ip(REPORTS, "203.0.114.1")) == (403, "9")


# Who is believed


@pytest.mark.parametrize("case", REFUSED)
def test_an_unverified_push_is_refused_and_stored_nowhere(case: str, stack: Stack) -> None:
    assert push(REFUSED[case]) == (403, "9")
    # What came with the right token is told.
    assert notes(stack) == ([("hb-main", "refused")] if "address" in case else [])


@pytest.mark.parametrize(
    ("account", "sample_name", "failure"),
    [
        ("no-such-account", "webhook-hbsmservice-reports", "9"),
        ("hb-poll", "webhook-hbsmservice-reports", "9"),  # without `push`
        ("qx-main", "webhook-hbsmservice-reports", "9"),  # a vendor without pushes
    ],
)
def test_an_address_that_does_not_exist_is_refused_likewise(
    account: str, sample_name: str, failure: str, stack: Stack
) -> None:
    assert push(at(sample(sample_name), account=account)) == (403, failure)
    assert stack.bodies("receipts") == []


@pytest.mark.parametrize("name", ["webhook-langyu-reports", "webhook-langyu-inbound"])
@pytest.mark.parametrize("changed", [{"pswd": ["wrong"]}, {"receiver": ["wrong"]}, {"pswd": []}, {"pswd": ["密码"]}])
def test_langyus_own_credentials_must_be_right(name: str, changed: dict[str, list[str]], stack: Stack) -> None:
    event = sample(name)
    event["multiValueQueryStringParameters"] |= changed
    assert push(event) == (403, "fail")
    assert notes(stack, "receipts" if name.endswith("reports") else "replies") == [("ly-main", "refused")]


@pytest.mark.parametrize("body", [b"name=admin&pwd=wrong", b"name=other&pwd=12345", b"a" * 1000])
def test_hejis_own_credentials_must_be_right(body: bytes, stack: Stack) -> None:
    assert push(with_body(sample("webhook-heji-reports"), body)) == (403, "fail")
    assert notes(stack) == [("hj-main", "refused")]


@pytest.mark.parametrize("body", [b'{"apiKey": "wrong", "data": []}', b'{"data": [{"tel": "1"}]}', b"[1]"])
def test_infoclouds_key_must_be_right(body: bytes, stack: Stack) -> None:
    status, _ = push(with_body(sample("webhook-infocloud-reports"), body))
    assert status == 403
    assert notes(stack) == [("ic-main", "refused")]


DAMAGED = {
    "webhook-heji-reports": (b"\xff\xfe", b"name=admin&pwd=12345&args=\xcd\xcb"),
    "webhook-langyu-inbound": (b"\xff\xfe", b"receiver=admin&pswd=12345&msg=\xcd\xcb"),
    "webhook-infocloud-reports": (b"not JSON", b"\xff", b"[" * 100_000, b'{"data": [{"content": """}]}'),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_nobody_can_read_is_stored_if_its_token_is_right(name: str, stack: Stack) -> None:
    for body in DAMAGED[name]:
        event = with_body(sample(name), body)
        assert push(at(event, token="x" * 32))[0] == 403
        assert push(event)[0] == 200
        (stored,) = stack.bodies("receipts") + stack.bodies("replies")
        assert parse_vendor_bytes(json.dumps(stored)).body == body


def wrapped(content_type: str, body: bytes, encoding: str = "") -> dict[str, Any]:
    return {
        "headers": {"Content-Type": content_type, **({"Content-Encoding": encoding} if encoding else {})},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
        "httpMethod": "POST",
        "multiValueQueryStringParameters": None,
    }


FORM = "application/x-www-form-urlencoded"
PART = b'--b\r\nContent-Disposition: form-data; name="pwd"\r\n\r\n12345\r\n--b--\r\n'
WRAPPED = {
    "multipart": wrapped("multipart/form-data; boundary=b", PART),
    "gzip": wrapped(FORM, gzip.compress(b"name=admin&pwd=12345&sendid=1"), "gzip"),
    "gzip that does not say so": wrapped(FORM, gzip.compress(b"name=admin&pwd=12345&sendid=1")),
    "deflate": wrapped(FORM, zlib.compress(b"name=admin&pwd=12345"), "deflate"),
    "JSON": wrapped("application/json", b'{"name": "admin", "pwd": "12345"}'),
    "XML": wrapped("text/xml", b"<reports/>"),
}


@pytest.mark.parametrize("case", WRAPPED)
@pytest.mark.parametrize("name", ["webhook-heji-reports", "webhook-langyu-reports", "webhook-hbsmservice-reports"])
def test_a_push_in_another_wrapping_is_stored_as_it_is(name: str, case: str, stack: Stack) -> None:
    event = sample(name) | WRAPPED[case]
    assert push(event)[0] == 200
    (stored,) = stack.bodies("receipts")
    receipt = parse_vendor_bytes(json.dumps(stored))
    assert (receipt.source, receipt.body) == ("push", base64.b64decode(event["body"]))
    assert receipt.headers == {name.lower(): value for name, value in event["headers"].items()}


@pytest.mark.parametrize("token", [TOKEN, PREVIOUS_TOKEN])
def test_the_current_and_the_previous_token_are_good(token: str, stack: Stack) -> None:
    assert push(at(REPORTS, token=token)) == (200, "0")


@pytest.mark.parametrize("address", ["203.0.113.0", "203.0.113.255", "2001:db8::1", "::ffff:203.0.113.7"])
def test_the_configured_addresses_are_good(address: str, stack: Stack) -> None:
    assert push(from_ip(REPORTS, address)) == (200, "0")


def test_without_configured_addresses_any_is_good(stack: Stack) -> None:
    assert push(from_ip(sample("webhook-langyu-reports"), "2001:db9::1"))[0] == 200


# In which order


def test_size_is_looked_at_after_token_and_address(stack: Stack) -> None:
    large = with_body(REPORTS, b"x" * (LARGEST_BODY + 1))
    assert push(large) == (413, "9")
    assert notes(stack) == [("hb-main", "refused")]
    assert push(at(large, token="x")) == (403, "9")
    assert push(from_ip(large, "203.0.114.1")) == (403, "9")
    assert push(with_body(REPORTS, b"x" * LARGEST_BODY)) == (200, "0")
    assert len(stack.bodies("receipts")) == 1


def test_what_a_poll_may_bring_may_be_pushed() -> None:
    assert LARGEST_BODY == MAX_BODY


def test_1500_receipts_of_infocloud_fit(stack: Stack) -> None:
    event, number = sample("webhook-infocloud-reports"), 13_800_000_000
    records = [
        {
            "msgId": f"{577951956854276096 + index}",
            "tel": f"{number + index}",
            "arriveResult": "DELIVRD",
            "arriveTime": "2104091735",
            "bid": f"01m7z5skbrbwqgw4bmx01vye39{index:05d}s",
        }
        for index in range(1500)
    ]
    document = {"apiKey": ACCOUNTS["ic-main"]["credentials"]["api_key"], "data": records}
    body = json.dumps(document).encode()
    assert len(body) > 200_000
    assert push(with_body(event, body))[0] == 200
    (stored,) = stack.bodies("receipts")
    assert len(json.dumps(stored)) < LARGEST_MESSAGE
    assert parse_vendor_bytes(json.dumps(stored)).body == body


def test_what_no_queue_takes_is_refused_and_told(stack: Stack) -> None:
    assert push(with_body(REPORTS, Random(1).randbytes(LARGEST_BODY))) == (413, "9")
    assert notes(stack) == [("hb-main", "refused")]


def test_size_is_looked_at_before_the_vendors_credentials(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smsgateway.codecs.heji.verify_push", _never)
    event = with_body(sample("webhook-heji-reports"), b"x" * (LARGEST_BODY + 1))
    assert push(event) == (413, "fail")
    assert push(at(event, token="x")) == (403, "fail")


def _never(*_arguments: Any) -> bool:
    raise AssertionError("must not be asked")


def test_without_the_queue_there_is_no_acknowledgement(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_request: Any) -> None:
        raise ConnectionError(TOKEN)

    monkeypatch.setattr(runtime.sqs(), "send_message", fails)
    assert push(REPORTS) == (503, "9")
    assert push(sample("webhook-langyu-reports")) == (503, "fail")


def test_the_acknowledgement_comes_after_the_queue_took_it(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def acknowledge(*_: Any) -> str:
        order.append("acknowledgement")
        return "0"

    monkeypatch.setattr(runtime.sqs(), "send_message", lambda **_: order.append("queue"))
    monkeypatch.setattr(hbsmservice, "acknowledgement", acknowledge)
    assert push(REPORTS) == (200, "0")
    assert order == ["queue", "acknowledgement"]


def test_a_rotated_token_takes_its_place(stack: Stack) -> None:
    accounts = [account | {} for account in DOCUMENT["accounts"]]
    accounts[0] = accounts[0] | {"push": {"token": "n" * 32}}
    stack.write_accounts({**DOCUMENT, "accounts": accounts})
    assert push(REPORTS)[0] == 403
    assert push(at(REPORTS, token="n" * 32))[0] == 200


@dataclass
class Clock:
    """Wall and monotonic seconds. Frozen, as between two calls, the monotonic half stands still."""

    wall: float = 1_795_000_000.0
    monotonic: float = 5_000.0

    def go_on(self, seconds: float, *, frozen: bool = False) -> None:
        self.wall += seconds
        self.monotonic += 0 if frozen else seconds


@pytest.fixture
def clock(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The process's clocks, of which the accounts were read a moment ago."""
    clock = Clock()
    monkeypatch.setattr(time, "time", lambda: clock.wall)
    monkeypatch.setattr(time, "monotonic", lambda: clock.monotonic)
    runtime.lasting_clock.cache_clear()
    runtime.accounts_cache.cache_clear()
    assert push(REPORTS)[0] == 200
    stack.calls.clear()
    yield clock
    runtime.lasting_clock.cache_clear()
    runtime.accounts_cache.cache_clear()


def rotate(stack: Stack, **changes: Any) -> None:
    """Write the document with another first account, under a process that has read the one before."""
    first, *others = DOCUMENT["accounts"]
    document = {"accounts": [{**first, **changes}, *others]}
    stack.secrets.put_secret_value(SecretId="accounts", SecretString=json.dumps(document))


def test_a_frozen_process_does_not_keep_what_was_for_a_minute(clock: Clock, stack: Stack) -> None:
    rotate(stack, push={"token": "n" * 32})
    clock.go_on(59, frozen=True)
    assert push(REPORTS)[0] == 200
    clock.go_on(1, frozen=True)
    assert push(REPORTS)[0] == 403


@pytest.mark.parametrize("new", [{"name": "hb-new"}, {"push": {"token": "n" * 32}}], ids=["account", "token"])
def test_what_was_registered_just_now_is_good_at_once(new: dict[str, Any], clock: Clock, stack: Stack) -> None:
    """GIVEN a push to an account or with a token that this process does not know WHEN the document has it THEN it is
    taken, and nobody can make the process read the document more often than every five seconds."""
    rotate(stack, **new)
    path = {"account": new.get("name", "hb-main"), "token": new.get("push", {}).get("token", TOKEN)}
    clock.go_on(4.75)
    assert push(at(REPORTS, **path))[0] == 403
    assert stack.calls == []
    clock.go_on(0.25)
    assert push(at(REPORTS, **path))[0] == 200
    stack.calls.clear()
    for _ in range(3):
        assert push(at(REPORTS, token="x" * 32))[0] == 403
        clock.go_on(1, frozen=True)
    assert stack.calls == []


def test_a_document_that_cannot_be_read_again_leaves_the_refusal(clock: Clock, stack: Stack) -> None:
    stack.secrets.put_secret_value(SecretId="accounts", SecretString="{")
    clock.go_on(5)
    assert push(at(REPORTS, token="x" * 32)) == (403, "9")
    assert push(REPORTS)[0] == 200
