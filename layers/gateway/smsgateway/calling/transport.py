"""The only module that speaks HTTP to vendors: one call, one connection, at most one answer.

One fact decides whether a submission may be repeated, and the socket itself keeps it: whether a byte of the request was
handed to the socket. An error before that is NotSentError, any error after it AmbiguousError; nothing is retried.

Every call opens its own connection and closes it. The vendor may have closed a kept connection in the meantime, which
shows only after the request was written, and would leave a submission unconfirmed for nothing. Besides, the name must
be resolved anew for each connection (hbsmservice's "HTTP 协议短信接口文档 V2.0.0", section 13). The cost is a TCP (and
TLS) handshake for each vendor request, that is for up to thousands of recipients.
"""

import errno
import functools
import logging
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from smsgateway.config.addresses import forbidden
from smsgateway.errors import AmbiguousError, NotSentError, TransportError
from smsgateway.model import Request, Response

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MAX_BODY = 750_000  # bytes; a queue's message holds no more in base 64, and 50000 ids or 600 reports stay below
_MAX_WIRE = MAX_BODY + 250_000  # bytes, with status line, headers and chunk sizes
_PIECE = 16_384  # bytes read at once

# What a network does, and what cannot be written as a request: the libraries' own, and the system's.
_NETWORK = (OSError, HTTPError, HTTPException, UnicodeError)

type _Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]

# These loggers write URLs, and the queries of some vendors hold the password.
for _name in ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(lambda _record: False)


def call(request: Request, *, deadline: float, allow_loopback: bool) -> Response:
    """Make one HTTP call, and return the whole answer. Its status is one of those that the request allows.

    `deadline`: seconds for everything, from the name's resolution to the last byte. The call is not retried, follows no
    redirect, asks no proxy, and connects to no link-local, metadata or (unless `allow_loopback`) loopback address.

    Raises NotSentError when certainly no byte of the request reached the vendor, AmbiguousError when one may have, and
    RuntimeError for a mistake in our own code before that: it would be made again for ever.
    """
    outcome = _exchange(request, _Call(time.monotonic() + deadline, allow_loopback))
    if isinstance(outcome, Exception):
        # Raised here, outside any `except`: its context would hold texts of requests, and these quote the URL.
        raise outcome
    return outcome


@dataclass(slots=True)
class _Call:
    """The bounds of one call, and how far the call has got."""

    ends: float  # time.monotonic()
    allow_loopback: bool
    sent: bool = False  # a byte of the request may have left
    received: int = 0  # bytes
    ended: bool = False  # the vendor closed its side

    def remaining(self) -> float:
        """The seconds that are left. Raises TimeoutError when none is."""
        seconds = self.ends - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


def _exchange(request: Request, bounds: _Call) -> Response | TransportError | RuntimeError:
    """Send the request and read the answer. Errors are values here: see `call`, which raises them."""
    try:
        prepared = requests.Request(
            request.method,
            request.url,
            headers={**request.headers, "Accept-Encoding": "identity"},
            data=request.body,
        ).prepare()
        # An adapter without a session: no environment, no netrc, no cookies, no redirects.
        with (
            closing(_Adapter(bounds)) as adapter,
            closing(adapter.send(prepared, stream=True, timeout=bounds.remaining())) as answer,
        ):
            if bounds.ended:  # http.client takes the end of the connection for the end of the headers
                return AmbiguousError("the answer ended within its headers")
            return _read(answer, request.statuses)
    except TransportError as error:
        return type(error)(error.problem)
    except _NETWORK as error:
        return _failure(error, bounds)
    except Exception as error:
        return _failure(error, bounds) if bounds.sent else RuntimeError(f"the call failed with {type(error).__name__}")


def _failure(error: Exception, bounds: _Call) -> TransportError:
    """Say in our words what an error of the libraries means: of theirs, only the innermost type's name is safe."""
    root: BaseException = error
    while (cause := root.__cause__ or root.__context__) is not None:
        root = cause
    overdue = time.monotonic() >= bounds.ends
    if not bounds.sent:
        return NotSentError("no connection in time" if overdue else f"no connection ({type(root).__name__})")
    return AmbiguousError("no whole answer in time" if overdue else f"no whole answer ({type(root).__name__})")


def _read(answer: requests.Response, statuses: Collection[int]) -> Response:
    """Read the whole answer.

    Raises AmbiguousError for a status that is not allowed, a length that was not announced, a compressed body, and one
    that is too long.
    """
    if answer.status_code not in statuses:
        raise AmbiguousError(f"HTTP status {answer.status_code}")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise AmbiguousError("the answer is compressed, which was not asked for")
    length = _announced_length(headers)
    body = bytearray()
    while piece := answer.raw.read(_PIECE, decode_content=False):
        body += piece
        if len(body) > MAX_BODY:
            raise AmbiguousError(f"the answer is longer than {MAX_BODY} bytes")
    if length is not None and length != len(body):
        raise AmbiguousError("the answer is shorter than announced")
    return Response(answer.status_code, headers, bytes(body))


def _announced_length(headers: dict[str, str]) -> int | None:
    """The bytes that the body has; None where chunks or the connection's end mark its end (RFC 9112 section 6.3).

    Raises AmbiguousError where the headers contradict themselves.
    """
    if "transfer-encoding" in headers:
        if headers["transfer-encoding"].lower() != "chunked":
            raise AmbiguousError("the answer has a transfer encoding other than chunked")
        return None
    if "content-length" not in headers:
        return None
    lengths = {length.strip() for length in headers["content-length"].split(",")}
    if len(lengths) > 1 or not re.fullmatch("[0-9]{1,18}", min(lengths)):
        raise AmbiguousError("the answer's length is not announced clearly")
    return int(min(lengths))


class _BoundSocket(socket.socket):
    """A socket that counts its bytes, and whose every operation ends with the call, however slowly bytes trickle."""

    bounds: _Call

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Receive, and count what came. Raises AmbiguousError when it is too much."""
        self.settimeout(self.bounds.remaining())
        count = super().recv_into(*args, **kwargs)
        self.bounds.received += count
        self.bounds.ended = count == 0
        if self.bounds.received > _MAX_WIRE:
            raise AmbiguousError(f"the answer is longer than {MAX_BODY} bytes")
        return count

    def send(self, data: "ReadableBuffer", flags: int = 0) -> int:
        """Send, and note that from now on the vendor may have the request."""
        self.settimeout(self.bounds.remaining())
        self.bounds.sent = True
        return super().send(data, flags)

    def sendall(self, data: "ReadableBuffer", flags: int = 0) -> None:
        """Send everything, and note that from now on the vendor may have the request."""
        self.settimeout(self.bounds.remaining())
        self.bounds.sent = True
        super().sendall(data, flags)


class _BoundTLSSocket(_BoundSocket, ssl.SSLSocket):
    """A bound socket over TLS, whose handshake does not pass through `send`."""

    suppress_ragged_eofs: bool


@functools.cache
def _tls_context() -> ssl.SSLContext:
    """The TLS context of all calls, made once: loading the authorities takes long."""
    context = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
    context.sslsocket_class = _BoundTLSSocket
    return context


class _Connection(HTTPConnection):
    """A connection to an address that may be connected to, within the bounds of a call."""

    def __init__(self, *args: Any, bounds: _Call, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bounds = bounds

    def _new_conn(self) -> socket.socket:
        return _connect(self._dns_host, self.port, self._bounds)


class _TLSConnection(HTTPSConnection):
    """Such a connection over TLS."""

    def __init__(self, *args: Any, bounds: _Call, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bounds = bounds

    def _new_conn(self) -> socket.socket:
        return _connect(self._dns_host, self.port, self._bounds)

    def connect(self) -> None:
        """Connect, and let the TLS socket keep the bounds, too."""
        super().connect()
        if not isinstance(self.sock, _BoundTLSSocket):
            raise TypeError("TLS without the bounds of the call")
        self.sock.bounds = self._bounds
        # An end without TLS's closing alert may be a cut (RFC 9112 section 9.8).
        self.sock.suppress_ragged_eofs = False


class _Adapter(HTTPAdapter):
    """The adapter of requests, bound to one call."""

    def __init__(self, bounds: _Call) -> None:
        self._bounds = bounds
        super().__init__(pool_connections=1, pool_maxsize=1)

    def cert_verify(self, *_args: Any, **_kwargs: Any) -> None:
        """Do nothing: the context verifies. requests would load all authorities again for every connection."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """Give out a pool whose connections have the call's bounds."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.conn_kw["bounds"] = self._bounds
        pool.ConnectionCls = _Connection
        if pool.scheme == "https":
            pool.conn_kw["ssl_context"] = _tls_context()
            pool.ConnectionCls = _TLSConnection
        return pool


def _connect(host: str, port: int, bounds: _Call) -> _BoundSocket:
    """Connect to the first of the host's addresses that takes a connection, and never to one that is forbidden.

    Raises NotSentError when there is none.
    """
    addresses = [
        address
        for address in _resolve(host.strip("[]"), port, bounds.remaining())
        if not forbidden(address[4][0], allow_loopback=bounds.allow_loopback)
    ]
    if not addresses:
        raise NotSentError("the vendor's name leads to an address that is not allowed")
    problem = ""
    for index, (family, kind, protocol, _, address) in enumerate(addresses):
        connection = _BoundSocket(family, kind, protocol)
        connection.bounds = bounds
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(bounds.remaining() / (len(addresses) - index))
            connection.connect(address)
            connection.settimeout(bounds.remaining())
            peer = connection.getpeername()[0]
        except OSError as error:
            connection.close()
            problem = errno.errorcode.get(error.errno or 0, type(error).__name__)
        else:
            if forbidden(peer, allow_loopback=bounds.allow_loopback):
                connection.close()
                raise NotSentError("the connection ended at an address that is not allowed")
            return connection
    raise NotSentError(f"no connection ({problem})")


def _resolve(host: str, port: int, seconds: float) -> Sequence[_Address]:
    """Look the host's addresses up. Raises NotSentError when there are none, or none in time.

    getaddrinfo knows no timeout, so it has a thread, which is left behind when time is up.
    """
    answers: queue.SimpleQueue[Sequence[_Address]] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, ValueError):
            answers.put(())

    threading.Thread(target=look_up, name="resolver", daemon=True).start()
    try:
        addresses = answers.get(timeout=seconds)
    except queue.Empty:
        addresses = None
    if addresses is None:
        raise NotSentError("the vendor's name was not resolved in time")
    if not addresses:
        raise NotSentError("the vendor's name cannot be resolved")
    return addresses
