"""What was certainly not sent: no byte of the request left."""

import _socket
import socket
import threading
import time
from contextlib import closing
from typing import Any

import pytest

from smsgateway.calling import transport
from smsgateway.errors import AmbiguousError, NotSentError
from smsgateway.model import Request
from tests.unit.calling.transport.given import OK, SECRET, answering, call, failing, free_port, serving


def test_refused_connection_is_not_sent() -> None:
    assert "ECONNREFUSED" in failing(NotSentError, f"http://127.0.0.1:{free_port()}/?pswd={SECRET}")


def test_unknown_name_is_not_sent() -> None:
    assert "resolved" in failing(NotSentError, f"http://gateway.invalid/?pswd={SECRET}", deadline=3)


def test_resolver_that_hangs_is_not_sent_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: release.wait(10))
    assert "in time" in failing(NotSentError, f"http://gateway.example/?pswd={SECRET}", deadline=0.3)
    release.set()


def test_connection_that_is_never_made_is_not_sent() -> None:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]  # they fill the backlog; further SYNs are dropped
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        failing(NotSentError, f"http://127.0.0.1:{port}/?pswd={SECRET}", deadline=0.4)
        for client in waiting:
            client.close()


def test_no_time_at_all_is_not_sent() -> None:
    with serving(answering(OK)) as server:
        failing(NotSentError, server.url, deadline=0)
    assert server.requests == []


def test_time_that_is_up_once_connected_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = transport._connect

    def slow(host: str, port: int, bounds: transport._Call) -> transport._BoundSocket:
        connection = connect(host, port, bounds)
        bounds.ends = time.monotonic()
        return connection

    monkeypatch.setattr(transport, "_connect", slow)
    with serving(answering(OK)) as server:
        failing(NotSentError, server.url)
    assert b"".join(server.requests) == b""  # whether the vendor got round to accepting the connection or not


@pytest.mark.parametrize(
    "headers",
    [{"X-Key": f"a\r\nX-Injected: {SECRET}"}, {f"X\r\nY: {SECRET}": "a"}, {"X-Key": f"{SECRET} 密"}, {"X-Key": "a\nb"}],
)
def test_header_that_cannot_be_written_is_not_sent(headers: dict[str, str]) -> None:
    with serving(answering(OK)) as server, pytest.raises(NotSentError) as caught:
        transport.call(Request("GET", server.url, headers), deadline=5, allow_loopback=True)
    assert SECRET not in str(caught.value)
    assert server.requests in ([], [b""])


@pytest.mark.parametrize("error", [KeyError, TypeError, AttributeError, AssertionError, LookupError, ZeroDivisionError])
@pytest.mark.parametrize("place", ["_connect", "_resolve", "_tls_context", "requests.Request", "_Adapter"])
def test_a_mistake_of_our_own_is_no_vendor_that_cannot_be_reached(
    place: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN a mistake in our own code WHEN it shows before anything was sent THEN it is raised, without its request, so
    that nobody repeats it for ever."""

    def mistaken(*_: Any, **__: Any) -> Any:
        raise error(SECRET)

    monkeypatch.setattr(f"smsgateway.calling.transport.{place}", mistaken)
    with pytest.raises(RuntimeError, match=error.__name__) as caught:
        transport.call(Request("GET", f"https://127.0.0.1:9/?{SECRET}"), deadline=5, allow_loopback=True)
    assert SECRET not in str(caught.value)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_a_mistake_of_our_own_after_the_first_byte_is_ambiguous(monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(*_: Any) -> Any:
        raise KeyError(SECRET)

    monkeypatch.setattr(transport, "_read", mistaken)
    with serving(answering(OK)) as server:
        failing(AmbiguousError, server.url)


@pytest.mark.parametrize("written", [0, 1, 40])
@pytest.mark.parametrize("error", [ConnectionResetError, BrokenPipeError, TimeoutError])
def test_a_first_write_that_breaks_off_is_ambiguous(
    error: type[OSError], written: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN a request whose first write fails WHEN some of it may have left THEN the vendor may have acted."""

    def breaks(self: socket.socket, data: bytes, flags: int = 0) -> None:
        _socket.socket.send(self, data[:written], flags)
        raise error

    monkeypatch.setattr(socket.socket, "sendall", breaks, raising=False)
    with serving(answering(OK)) as server:
        failing(AmbiguousError, server.url)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://", "http://[::1/", "sms", "http://127.0.0.1:99999/"])
def test_address_that_is_none_is_not_sent(url: str) -> None:
    failing(NotSentError, url)


def test_line_break_in_an_address_adds_no_header() -> None:
    with serving(answering(OK)) as server:
        call(f"http://127.0.0.1:{server.port}/a\r\nX-Injected:1/b?c=d\r\nX-Injected: 2")
    assert b"\r\nX-Injected" not in server.requests[0]
