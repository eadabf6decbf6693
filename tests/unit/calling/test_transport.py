"""The transport against raw servers on 127.0.0.1: what counts as sent, what as an answer, and for how long."""

import _socket
import gzip
import ipaddress
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from smsgateway.calling import transport
from smsgateway.codecs.refusals import answer_text
from smsgateway.errors import AmbiguousError, DecodeError, NotSentError, TransportError
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


def hang(connection: socket.socket) -> None:
    connection.recv(1)  # nothing comes: returns when the client closes


def reset(connection: socket.socket) -> None:
    """Closing with unread bytes, or lingering zero seconds, sends RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


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


# What was certainly not sent


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate of 127.0.0.1 and its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vendor")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "vendor.pem"
    path.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(transport, "DEFAULT_CA_BUNDLE_PATH", str(certificate))
    transport._tls_context.cache_clear()
    yield
    transport._tls_context.cache_clear()


def https(server: Server, host: str = "127.0.0.1") -> str:
    return server.url.replace("http://127.0.0.1", f"https://{host}")


def close_properly(connection: socket.socket) -> None:
    assert isinstance(connection, ssl.SSLSocket)
    connection.unwrap()


@pytest.mark.usefixtures("trusted")
def test_tls_with_a_valid_certificate_brings_the_answer(tls: ssl.SSLContext) -> None:
    with serving(answering(OK), tls=tls) as server:
        assert call(https(server), body=b"x" * 300_000).body == b"0#1"
    assert len(server.requests[0]) > 300_000


def test_certificate_of_an_unknown_authority_is_not_sent(tls: ssl.SSLContext) -> None:
    with serving(answering(OK), tls=tls) as server:
        assert "SSLCertVerificationError" in failing(NotSentError, https(server))
    assert server.requests == []


@pytest.mark.usefixtures("trusted")
def test_certificate_of_another_name_is_not_sent(tls: ssl.SSLContext) -> None:
    with serving(answering(OK), tls=tls) as server:
        assert "SSLCertVerificationError" in failing(NotSentError, https(server, "localhost"))
    assert server.requests == []


def test_tls_to_a_server_without_it_is_not_sent() -> None:
    with serving(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"), read=False) as server:
        failing(NotSentError, https(server))


def test_tls_handshake_that_hangs_is_not_sent() -> None:
    def silent(connection: socket.socket) -> None:
        while connection.recv(4096):
            pass

    with serving(silent, read=False) as server:
        assert "in time" in failing(NotSentError, https(server), deadline=0.4)


@pytest.mark.usefixtures("trusted")
def test_tls_answer_that_ends_with_a_proper_close_is_whole(tls: ssl.SSLContext) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n0#1")
        close_properly(connection)

    with serving(script, tls=tls) as server:
        assert call(https(server)).body == b"0#1"


@pytest.mark.usefixtures("trusted")
def test_tls_answer_without_a_proper_close_is_ambiguous(tls: ssl.SSLContext) -> None:
    with serving(answering(b"HTTP/1.0 200 OK\r\n\r\n0#1"), tls=tls) as server:
        assert "SSLEOFError" in failing(AmbiguousError, https(server))


@pytest.mark.usefixtures("trusted")
def test_tls_trickle_ends_with_the_deadline(tls: ssl.SSLContext) -> None:
    with serving(trickling(OK), tls=tls) as server:
        assert "in time" in failing(AmbiguousError, https(server), deadline=0.4)


# What may have been sent

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

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


# Where it connects to


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "fe80::1",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "::169.254.169.254",
        "::ffff:0:169.254.169.254",
        "64:ff9b:1::a9fe:a9fe",
        "2001:db8::5efe:169.254.169.254",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
    ],
)
def test_name_that_leads_to_a_forbidden_address_is_not_connected(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _host, port, **kwargs: resolve(address, port, **kwargs))
    monkeypatch.setattr(socket.socket, "connect", lambda *_args: pytest.fail("it connects"))
    assert "not allowed" in failing(NotSentError, f"http://vendor.example/?pswd={SECRET}")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"])
def test_loopback_is_connected_only_when_allowed(host: str) -> None:
    with serving(answering(OK)) as server, pytest.raises(NotSentError, match="not allowed"):
        call(server.url.replace("127.0.0.1", host), allow_loopback=False)
    assert server.connections == 0


def test_a_connection_that_ends_at_a_forbidden_address_carries_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the network translates what was resolved: the other end is judged, too."""
    monkeypatch.setattr(socket.socket, "getpeername", lambda _socket: ("64:ff9b::a9fe:a9fe", 80))
    with serving(answering(OK)) as server:
        assert "not allowed" in failing(NotSentError, f"{server.url}/?pswd={SECRET}")
    assert not any(server.requests)


def test_forbidden_address_beside_a_good_one_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo

    def mixed(_host: str, port: int, **kwargs: int) -> list[object]:
        return [*resolve("169.254.169.254", port, **kwargs), *resolve("127.0.0.1", port, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", mixed)
    with serving(answering(OK)) as server:
        assert call(server.url.replace("127.0.0.1", "vendor.example")).body == b"0#1"
    assert f"Host: vendor.example:{server.port}".encode() in server.requests[0]


def test_second_address_is_tried_when_the_first_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo
    closed = free_port()
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda _host, port, **kwargs: [
            *resolve("127.0.0.1", closed, **kwargs),
            *resolve("127.0.0.1", port, **kwargs),
        ],
    )
    with serving(answering(OK)) as server:
        assert call(server.url).body == b"0#1"


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering(OK)) as proxy, serving(answering(OK)) as server:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert call(server.url).body == b"0#1"
    assert (server.connections, proxy.connections) == (1, 0)


def test_netrc_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login someone password {SECRET}\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(answering(OK)) as server:
        call(server.url)
    assert b"Authorization" not in server.requests[0]


# Logs


@pytest.mark.parametrize("answer", [OK, b"", HEAD + b"no header\r\nContent-Length: 3\r\n\r\n0#1"])
def test_nothing_secret_is_logged_at_any_level(answer: bytes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(answering(answer)) as server:
        try:
            call(server.url)
        except TransportError:
            assert answer != OK
    assert SECRET not in caplog.text
