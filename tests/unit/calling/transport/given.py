"""Raw servers on 127.0.0.1 and calls to them: what counts as sent, what as an answer, and for how long."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import pytest

from smsgateway.calling import transport
from smsgateway.errors import TransportError
from smsgateway.model import Request, Response

SECRET = "s3cret-passw0rd"
MARGIN = 1.0  # seconds a call may end after its deadline, on a busy machine
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n0#1"
type Script = Callable[[socket.socket], None]


@dataclass
class Server:
    """A raw TCP server: every connection is read up to the request's end, then handed to the script."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/send?pswd={SECRET}"


def read_request(connection: socket.socket) -> bytes:
    """A whole request with Content-Length, or what came before the peer gave up."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return received
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length and (piece := connection.recv(65536)):
        body += piece
    return head + b"\r\n\r\n" + body


@contextmanager
def serving(script: Script, *, tls: ssl.SSLContext | None = None, read: bool = True) -> Iterator[Server]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(listener.getsockname()[1])

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            connection.settimeout(5)
            try:
                if tls is not None:
                    connection = tls.wrap_socket(connection, server_side=True)
                if read:
                    server.requests.append(read_request(connection))
                script(connection)
            except OSError:
                continue  # the client went away, as many tests want it to
            finally:
                connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(6)


def answering(*pieces: bytes) -> Script:
    def script(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)

    return script


def trickling(data: bytes) -> Script:
    """A byte every 50 ms: no single read ever times out."""

    def script(connection: socket.socket) -> None:
        connection.settimeout(0.05)
        for position in range(len(data)):
            connection.sendall(data[position : position + 1])
            try:
                if connection.recv(1) == b"":
                    return
            except TimeoutError:
                continue

    return script


def call(url: str, *, deadline: float = 5.0, body: bytes = b"", allow_loopback: bool = True) -> Response:
    request = Request("POST" if body else "GET", url, {"X-Key": SECRET}, body)
    return transport.call(request, deadline=deadline, allow_loopback=allow_loopback)


def failing(error: type[TransportError], url: str, *, deadline: float = 5.0, body: bytes = b"") -> str:
    """The problem of a call that must fail in this way, in time and without a secret in any text."""
    started = time.monotonic()
    with pytest.raises(error) as caught:
        call(url, deadline=deadline, body=body)
    assert time.monotonic() - started < deadline + MARGIN
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert SECRET not in repr(caught.value) + str(caught.value) + caught.value.problem
    assert type(caught.value) is error
    return caught.value.problem


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
