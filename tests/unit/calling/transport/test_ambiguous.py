"""What may have been sent: slow, cut and broken answers, redirects, any status but 200."""

import socket
import threading

import pytest

from smsgateway.calling import transport
from smsgateway.codecs.refusals import answer_text
from smsgateway.errors import AmbiguousError, DecodeError
from smsgateway.model import Request
from tests.unit.calling.transport.given import CHUNKED, HEAD, OK, Script, answering, failing, serving, trickling


def hang(connection: socket.socket) -> None:
    connection.recv(1)  # nothing comes: returns when the client closes


def reset(connection: socket.socket) -> None:
    """Closing with unread bytes, or lingering zero seconds, sends RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


TOO_SLOW: dict[str, list[Script]] = {
    "no answer": [hang],
    "trickled headers": [trickling(OK)],
    "headers without end": [trickling(HEAD + b"X: y\r\n" * 90)],
    "interim answers without end": [trickling(b"HTTP/1.1 100 Continue\r\n\r\n" * 9)],
    "body that stops": [answering(OK[:-1]), hang],
    "trickled body": [answering(HEAD + b"Content-Length: 900\r\n\r\n"), trickling(b"0" * 900)],
    "trickled chunks": [answering(CHUNKED), trickling(b"1\r\nx\r\n" * 90)],
    "trickled trailers": [answering(CHUNKED + b"3\r\n0#1\r\n0\r\n"), trickling(b"X: y\r\n" * 90)],
    "end that never comes": [answering(b"HTTP/1.0 200 OK\r\n\r\n0#1"), hang],
}


@pytest.mark.parametrize("case", TOO_SLOW)
def test_slow_answer_ends_with_the_deadline(case: str) -> None:
    def script(connection: socket.socket) -> None:
        for step in TOO_SLOW[case]:
            step(connection)

    with serving(script) as server:
        assert failing(AmbiguousError, server.url, deadline=0.3) == "no whole answer in time"
    assert len(server.requests) == 1


def test_request_that_is_not_taken_ends_with_the_deadline() -> None:
    stopped = threading.Event()

    def unread(connection: socket.socket) -> None:
        stopped.wait(5)

    with serving(unread, read=False) as server:
        assert "in time" in failing(AmbiguousError, server.url, deadline=0.4, body=b"x" * 20_000_000)
        stopped.set()


CUT_OR_BROKEN = {
    "closed without an answer": b"",
    "closed within the status line": b"HTTP/1.1 2",
    "closed within the headers": HEAD + b"Content-Le",
    "closed after a header": HEAD + b"Content-Type: text/plain\r\n",
    "no HTTP": b"0#1\r\n",
    "nothing but a status line": HEAD,
    "no bytes of the body": OK[:-3],
    "truncated body": OK[:-1],
    "truncated chunk": CHUNKED + b"5\r\n0#1",
    "chunk without its end": CHUNKED + b"3\r\n0#1",
    "last chunk missing": CHUNKED + b"3\r\n0#1\r\n",
    "chunk size that is none": CHUNKED + b"three\r\n0#1\r\n0\r\n\r\n",
    "chunk size missing": CHUNKED + b"\r\n0#1\r\n0\r\n\r\n",
    "negative chunk size": CHUNKED + b"-1\r\n0#1\r\n0\r\n\r\n",
    "very negative chunk size": CHUNKED + b"-5\r\n0#1\r\n0\r\n\r\n",
    "huge chunk size": CHUNKED + b"f" * 16 + b"\r\n0#1\r\n0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 3\r\nContent-Length: 2\r\n\r\n0#1",
    "length that is none": HEAD + b"Content-Length: x\r\n\r\n0#1",
    "negative length": HEAD + b"Content-Length: -3\r\n\r\n0#1",
    "other transfer encoding": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n3\r\n0#1\r\n0\r\n\r\n",
    "too many headers": HEAD + b"X: y\r\n" * 200 + b"\r\n",
    "too long a header": HEAD + b"X: " + b"y" * 70_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("case", CUT_OR_BROKEN)
def test_cut_or_broken_answer_is_ambiguous(case: str) -> None:
    with serving(answering(CUT_OR_BROKEN[case])) as server:
        failing(AmbiguousError, server.url)
    assert len(server.requests) == 1


def test_reset_after_the_request_is_ambiguous_and_not_repeated() -> None:
    with serving(reset) as server:
        assert "ConnectionResetError" in failing(AmbiguousError, server.url, body=b"a=b")
    assert server.connections == 1


@pytest.mark.parametrize(
    "status", ["201 Created", "204 No Content", "400 Bad", "401 No", "404 No", "500 E", "503 Busy"]
)
def test_any_status_but_200_is_ambiguous_and_named(status: str) -> None:
    with serving(answering(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nRetry-After: 0\r\n\r\n".encode())) as server:
        assert failing(AmbiguousError, server.url) == f"HTTP status {status[:3]}"
    assert server.connections == 1


def test_a_status_that_the_request_allows_is_an_answer() -> None:
    """GIVEN a vendor whose document has it refuse with 400 and a code WHEN it does THEN that is its answer; any other
    status stays in doubt, a redirect above all."""
    statuses = frozenset({200, 400})
    refusal = b'HTTP/1.1 400 Bad Request\r\nContent-Length: 9\r\n\r\n{"code":2}'[:-1]
    with serving(answering(refusal)) as server:
        request = Request("GET", server.url, statuses=statuses)
        answer = transport.call(request, deadline=5, allow_loopback=True)
    assert (answer.status, answer.body) == (400, b'{"code":2')
    assert answer_text(answer, "utf-8", statuses=statuses) == '{"code":2'
    with pytest.raises(DecodeError, match="HTTP status 400"):
        answer_text(answer, "utf-8")
    for status in (b"401", b"302", b"500"):
        with serving(answering(refusal.replace(b"400", status))) as server, pytest.raises(AmbiguousError, match="HTTP"):
            transport.call(Request("GET", server.url, statuses=statuses), deadline=5, allow_loopback=True)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_ambiguous_and_its_target_gets_nothing(status: int) -> None:
    with serving(answering(OK)) as target:
        moved = f"HTTP/1.1 {status} Moved\r\nLocation: {target.url}\r\nContent-Length: 0\r\n\r\n".encode()
        with serving(answering(moved)) as server:
            assert failing(AmbiguousError, server.url, body=b"a=b") == f"HTTP status {status}"
    assert (server.connections, target.connections) == (1, 0)
