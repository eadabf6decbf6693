"""Scripted faults, seen from a socket: what each does to the answer and whether the message was accepted."""

import gzip
import json
import socket
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.simulators.client import ControlClient, ControlError
from tests.unit.simulators.by_hand import form

MESSAGE = {
    "account": "ly0001",
    "pswd": "ly-pass-1",
    "mobile": "18900000000,13800138000,13800138001",
    "msg": "您好",
    "needstatus": "true",
    "product": "1234567",
}


def raw(ready: Mapping[str, Any], timeout: float = 5.0, vendor: str = "langyu") -> bytes:
    """Everything the vendor sends for one message, down to the closed connection."""
    address = urlsplit(ready["vendors"][vendor])
    body = form(MESSAGE)
    head = (
        "POST /msg/HttpBatchSendSM HTTP/1.1\r\nHost: sms\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port), timeout=timeout) as connection:
        connection.sendall(head.encode() + body)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


@pytest.mark.parametrize(
    ("fault", "accepted"), [("reset_before", 0), ("reset_after", 3), ("close_before", 0), ("close", 3)]
)
def test_the_connection_ends_without_an_answer(
    ready: Mapping[str, Any], control: ControlClient, fault: str, accepted: int
) -> None:
    control.script(fault, vendor="langyu", operation="send")
    if fault.startswith("reset"):
        with pytest.raises(ConnectionResetError):
            raw(ready)
    else:
        assert raw(ready) == b""
    assert control.message_count() == accepted
    assert control.log(fault=fault)[0]["status"] == (200 if accepted else None)
    assert b"HTTP/1.1 200" in raw(ready)


@pytest.mark.parametrize(("fault", "accepted"), [("hang_before", 0), ("hang_after", 3), ("slow", 3)])
def test_hanging_is_for_some_seconds(
    ready: Mapping[str, Any], control: ControlClient, fault: str, accepted: int
) -> None:
    control.script(fault, vendor="langyu", operation="send", seconds=0.3)
    with pytest.raises(TimeoutError):
        raw(ready, timeout=0.1)
    control.wait_for_messages(accepted)
    control.script(fault, vendor="langyu", operation="send", seconds=0.1)
    started = time.monotonic()
    answer = raw(ready)
    assert time.monotonic() - started >= 0.1
    assert (b",0\n" in answer) is bool(accepted)
    assert control.message_count() == 2 * accepted


def test_a_truncated_answer_promises_more_than_it_holds(ready: Mapping[str, Any], control: ControlClient) -> None:
    control.script("truncate", vendor="langyu", keep=5)
    head, _, body = raw(ready).partition(b"\r\n\r\n")
    assert len(body) == 5
    assert b"Content-Length: 5\r\n" not in head
    assert control.message_count() == 3


def test_a_trickling_answer_takes_its_time(ready: Mapping[str, Any], control: ControlClient) -> None:
    control.script("trickle", vendor="langyu", bytes_per_second=500)
    started = time.monotonic()
    answer = raw(ready)
    assert b",0\n" in answer
    assert time.monotonic() - started >= len(answer) / 500


@pytest.mark.parametrize(
    ("fault", "how", "expected"),
    [
        ("html", {}, b"HTTP/1.1 200 OK"),
        ("status", {"status": 502}, b"HTTP/1.1 502 Bad Gateway"),
        ("status", {"status": 500, "accept": False}, b"HTTP/1.1 500"),
        ("redirect", {"location": "http://127.0.0.1:1/"}, b"HTTP/1.1 302 Found"),
        ("redirect", {"location": "http://127.0.0.1:1/", "status": 307}, b"Location: http://127.0.0.1:1/"),
        ("code", {"code": "busy"}, b",104\n"),
        ("code", {"code": "wrong_password"}, b",102\n"),
        ("code", {"code": "777"}, b",777\n"),
        ("body", {"body": "0#1"}, b"0#1"),
        (
            "body",
            {"body_base64": "/wD/", "content_type": "x/y", "headers": {"X-Odd": "1"}},
            b"X-Odd: 1\r\n\r\n\xff\x00\xff",
        ),
    ],
)
def test_other_answers_do_not_accept(
    ready: Mapping[str, Any], control: ControlClient, fault: str, how: Mapping[str, Any], expected: bytes
) -> None:
    control.script(fault, vendor="langyu", operation="send", **how)
    assert expected in raw(ready)
    assert control.message_count() == 0


def test_accept_may_be_chosen(ready: Mapping[str, Any], control: ControlClient) -> None:
    control.script("status", vendor="langyu", status=502, accept=True)
    assert b"502" in raw(ready)
    assert control.message_count() == 3


def test_bombs_and_floods(ready: Mapping[str, Any], control: ControlClient) -> None:
    control.script("gzip_bomb", vendor="langyu", size=1_000_000)
    head, _, body = raw(ready).partition(b"\r\n\r\n")
    assert b"Content-Encoding: gzip" in head
    assert len(body) < 10_000
    assert len(gzip.decompress(body)) == 1_000_000
    control.script("huge", vendor="langyu", size=300_000)
    assert len(raw(ready).partition(b"\r\n\r\n")[2]) == 300_000


def test_another_charset(ready: Mapping[str, Any], control: ControlClient) -> None:
    control.script("charset", vendor="langyu", charset="utf-16-le")
    assert ",0\n".encode("utf-16-le") in raw(ready)


def test_partial_acceptance_and_no_id(ready: Mapping[str, Any], control: ControlClient) -> None:
    control.script("partial", vendor="langyu", count=2)
    control.script("no_id", vendor="langyu")
    assert len(raw(ready).partition(b"\r\n\r\n")[2].splitlines()) == 2
    assert control.message_count() == 2
    assert len(raw(ready).partition(b"\r\n\r\n")[2].splitlines()) == 1
    assert control.message_count() == 5


def test_a_script_counts_down_and_may_name_an_account(ready: Mapping[str, Any], control: ControlClient) -> None:
    control.script("code", vendor="langyu", account="somebody-else", operation="send", code="busy")
    control.script("code", vendor="langyu", account="ly-1", operation="send", times=2, code="busy")
    answers = [raw(ready)[-4:] for _ in range(3)]
    assert answers[:2] == [b"104\n"] * 2
    assert answers[2] != b"104\n"
    assert len(control.state()["scripts"]) == 1


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ({"fault": "explode", "vendor": "langyu"}, "kind: one of"),
        ({"fault": "close", "vendor": "nobody"}, "vendor: one of"),
        ({"fault": "close", "vendor": "langyu", "operation": "dance"}, "operation: one of"),
        ({"fault": "close", "vendor": "langyu", "times": 0}, "times"),
        ({"fault": "close", "vendor": "langyu", "loudness": 3}, "unknown: loudness"),
        ({"fault": "slow", "vendor": "langyu", "seconds": "long"}, "seconds: expected float"),
        ({"fault": "code", "vendor": "hbsmservice", "operation": "send", "code": "busy"}, "documents no code"),
    ],
)
def test_a_wrong_script_is_refused(control: ControlClient, script: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(ControlError, match=problem):
        control.script(**json.loads(json.dumps(script)))
