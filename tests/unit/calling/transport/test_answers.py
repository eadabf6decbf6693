"""What is an answer of a vendor, whole and within the limit of its size, and what it may not be."""

import gzip
import socket
from typing import Any

import pytest

from smsgateway.calling import transport
from smsgateway.errors import AmbiguousError
from smsgateway.model import Request
from tests.unit.calling.transport.given import CHUNKED, HEAD, OK, Script, answering, call, failing, serving

# What is an answer


def test_whole_answer_is_returned() -> None:
    with serving(answering(OK)) as server:
        response = call(server.url)
    assert (response.status, response.body) == (200, b"0#1")
    assert response.headers["content-length"] == "3"
    assert server.connections == 1


def test_request_goes_out_as_it_is() -> None:
    body = b"content=%C4%FA%BA%C3+1"
    with serving(answering(OK)) as server:
        url = f"http://127.0.0.1:{server.port}/msg/Send?a=%C4%FA&b=x+y"
        transport.call(
            Request("POST", url, {"Content-Type": "application/x-www-form-urlencoded"}, body),
            deadline=5,
            allow_loopback=True,
        )
    head, _, sent = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /msg/Send?a=%C4%FA&b=x+y HTTP/1.1\r\n")
    assert b"Accept-Encoding: identity" in head
    assert b"Content-Type: application/x-www-form-urlencoded" in head
    assert f"Host: 127.0.0.1:{server.port}".encode() in head
    assert f"Content-Length: {len(body)}".encode() in head
    assert sent == body


def test_html_with_status_200_is_an_answer_that_decoding_judges() -> None:
    page = b"<html>maintenance</html>"
    with serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(page), page)) as server:
        assert call(server.url).body == page


def test_chunked_answer_is_joined() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with serving(answering(head, b"2\r\n0#\r\n", b"1;x=y\r\n1\r\n", b"0\r\n\r\n")) as server:
        assert call(server.url).body == b"0#1"


def test_answer_that_ends_with_the_connection_is_whole() -> None:
    with serving(answering(b"HTTP/1.0 200 OK\r\n\r\n0#1")) as server:
        assert call(server.url).body == b"0#1"


def test_repeated_equal_content_length_is_one() -> None:
    with serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n0#1")) as server:
        assert call(server.url).body == b"0#1"


def test_bytes_after_the_announced_length_are_not_of_the_answer() -> None:
    with serving(answering(OK + b"HTTP/1.1 500 Smuggled\r\n\r\n")) as server:
        assert call(server.url).body == b"0#1"


def test_every_call_has_its_own_connection_and_resolution(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    resolve = socket.getaddrinfo

    def counting(host: str, *args: Any, **kwargs: Any) -> object:
        asked.append(host)
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", counting)
    with serving(answering(OK)) as server:
        for _ in range(3):
            call(server.url)
    assert server.connections == 3
    assert asked == ["127.0.0.1"] * 3


# Size


def test_compressed_answer_is_ambiguous() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    with serving(answering(head, bomb)) as server:
        assert "compressed" in failing(AmbiguousError, server.url)


def flooding(head: bytes, piece: bytes) -> Script:
    """Sends without end, until the client hangs up."""

    def script(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(piece)

    return script


TOO_LONG = {
    "announced": flooding(HEAD + b"Content-Length: 1000001\r\n\r\n", b"0" * 65536),
    "up to the connection's end": flooding(b"HTTP/1.0 200 OK\r\n\r\n", b"0" * 65536),
    "chunks": flooding(CHUNKED, b"10000\r\n" + b"0" * 65536 + b"\r\n"),
    "tiny chunks": flooding(CHUNKED, b"1\r\n0\r\n" * 10_000),
    "chunk of size -1": flooding(CHUNKED + b"-1\r\n", b"0" * 65536),
    "trailers": flooding(CHUNKED + b"0\r\n", b"X: y\r\n" * 10_000),
    "interim answers": flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
}


@pytest.mark.parametrize("case", TOO_LONG)
def test_answer_without_end_is_ambiguous_at_the_size_limit(case: str) -> None:
    with serving(TOO_LONG[case]) as server:
        assert "longer than" in failing(AmbiguousError, server.url)


def test_answer_of_exactly_the_limit_is_whole() -> None:
    body = b"0" * transport.MAX_BODY
    with serving(answering(HEAD + b"Content-Length: %d\r\n\r\n" % len(body), body)) as server:
        assert call(server.url).body == body
