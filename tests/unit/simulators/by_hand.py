"""Requests and pushes by hand: urllib on one side, a small server on the other."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import quote_from_bytes, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

FORM = "application/x-www-form-urlencoded"


class NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


OPENER = build_opener(ProxyHandler({}), NoRedirects)


def exchange(url: str, body: bytes | None = None, content_type: str = FORM, **headers: str) -> tuple[int, bytes]:
    """One request, POST when there is a body: status and body of the answer, no redirect followed."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(url, body, {"Content-Type": content_type, **named})
    try:
        with OPENER.open(request, timeout=5) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


def form(fields: Mapping[str, str], charset: str = "utf-8") -> bytes:
    """A form body, percent-encoded from the bytes of a charset."""
    return "&".join(f"{name}={quote_from_bytes(value.encode(charset))}" for name, value in fields.items()).encode()


@dataclass(frozen=True)
class Push:
    """What the receiver got."""

    method: str
    path: str
    query: str
    content_type: str
    body: bytes


class Receiver:
    """Our side of a push; `answer` gets the number of the push, from 1, and returns status and body."""

    def __init__(self, answer: Callable[[int], tuple[int, bytes]] = lambda number: (200, b"0")) -> None:
        self.pushes: list[Push] = []
        self.answer = answer
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                receiver.receive(self)

            do_POST = do_GET  # noqa: N815 - the base class's name

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def receive(self, handler: BaseHTTPRequestHandler) -> None:
        address = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        push = Push(handler.command, address.path, address.query, handler.headers.get("Content-Type", ""), body)
        with self._lock:
            self.pushes.append(push)
            number = len(self.pushes)
        status, answer = self.answer(number)
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
