"""HTTP plumbing: one listener per vendor and one for control, all on 127.0.0.1, and their clean end."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlsplit

from tests.simulators import wire
from tests.simulators.accounts import default_accounts
from tests.simulators.control import Control
from tests.simulators.engine import Engine
from tests.simulators.faults import Fault, instead
from tests.simulators.journal import shortened
from tests.simulators.model import Answer, Request, Tweak
from tests.simulators.registry import VENDORS
from tests.simulators.sms import iso
from tests.simulators.vendor import Call, Vendor

HOST = "127.0.0.1"


class Listener(ThreadingHTTPServer):
    """A server that can end while clients keep their connections open."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 256

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((HOST, port), handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self._thread.join()
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up early are part of the game."""


class Handler(BaseHTTPRequestHandler):
    """Reads a request whole and hands it on."""

    protocol_version = "HTTP/1.1"
    engine: ClassVar[Engine]

    def do_GET(self) -> None:
        with suppress(OSError):
            self.serve()

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815 - the base class's names

    def log_message(self, *_: Any) -> None:
        """Nothing: the journal is the log."""

    def serve(self) -> None:
        raise NotImplementedError

    def request_without_body(self) -> Request:
        address = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        client = str(self.client_address[0])
        query = address.query.encode("latin-1")
        return Request(self.command, address.path, query, headers, b"", client, self.engine.now())

    def body(self) -> bytes:
        """The body, by its length or in chunks (http.server leaves both to us)."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def hang_up(self, *, reset: bool) -> None:
        self.close_connection = True
        if reset:
            wire.reset(self.connection)


class VendorHandler(Handler):
    """Answers as one vendor, unless a script says otherwise."""

    vendor: ClassVar[Vendor]

    def serve(self) -> None:
        request = self.request_without_body()
        operation = self.vendor.operation_at(request.path)
        fault = operation and self.engine.scripts.take(self.vendor.name, operation, "", unread=True)
        if fault:
            self._note(Call(operation, request, {}, None), None, fault)
            self.hang_up(reset=True)
            return
        call = self.vendor.read(Request(**{**vars(request), "body": self.body()}))
        with self.engine.in_flight(call.account):
            name = call.account.name if call.account else ""
            taken = self.engine.scripts.take(self.vendor.name, call.operation, name)
            if taken is None:
                answer = self.vendor.answer(call)
                self._note(call, answer, None)
                wire.send(self.connection, answer, None, self.engine.stopping)
            else:
                self._misbehave(call, taken)

    def _misbehave(self, call: Call, fault: Fault) -> None:
        stopping = self.engine.stopping
        if fault.kind == "slow":
            stopping.wait(fault.seconds)
        answer = self._answer(call, fault)
        self._note(call, answer, fault)
        if fault.kind in ("hang_before", "hang_after"):
            stopping.wait(fault.seconds)
        if answer is None or fault.kind in ("hang_before", "reset_before", "close_before", "reset_after", "close"):
            self.hang_up(reset=fault.kind.startswith("reset"))
        elif not wire.send(self.connection, answer, fault, stopping):
            self.hang_up(reset=False)

    def _answer(self, call: Call, fault: Fault) -> Answer | None:
        answer = None
        if fault.accept:
            only = fault.count if fault.kind == "partial" else None
            tweak = Tweak(only, fault.kind == "no_id")
            answer = self.vendor.answer(Call(**{**vars(call), "tweak": tweak}))
        if fault.kind == "code":
            return self.vendor.refusal(call.operation, self.vendor.code_for(call.operation, fault.code))
        return instead(fault, answer, self.vendor.charset)

    def _note(self, call: Call, answer: Answer | None, fault: Fault | None) -> None:
        self.engine.journal.request(
            {
                "at": iso(call.request.at),
                "time": call.request.at,
                "vendor": self.vendor.name,
                "account": call.account.name if call.account else "",
                "operation": call.operation,
                "method": call.request.method,
                "path": call.request.path,
                "content_type": call.request.headers.get("content-type", ""),
                "fields": {name: shortened(value) for name, value in call.fields.items()},
                "garbled": call.garbled,
                "fault": fault.kind if fault else "",
                "status": answer.status if answer else None,
                "answer": shortened(answer.body[:10_000].decode(self.vendor.charset, "replace")) if answer else None,
                "seconds": round(self.engine.now() - call.request.at, 3),
            }
        )


class ControlHandler(Handler):
    """JSON over HTTP for the control address."""

    control: ClassVar[Control]

    def serve(self) -> None:
        status, document = self.control.answer(self.command, self.path, self.body())
        body = json.dumps(document, ensure_ascii=False).encode()
        wire.send(self.connection, Answer(body, status, "application/json"), None, self.engine.stopping)


class Simulators:
    """All vendors and their control address, from start to stop."""

    def __init__(self, control_port: int = 0, first_port: int = 0) -> None:
        """Port 0 is any free one; with a `first_port` the vendors take that and the next ones."""
        self.engine = Engine()
        self.vendors = {name: kind(self.engine) for name, kind in VENDORS.items()}
        self.engine.carriers.update(self.vendors)
        for account in default_accounts():
            self.engine.add_account(account)
        self.listeners = {
            name: Listener(
                first_port + index if first_port else 0,
                type("Handler", (VendorHandler,), {"engine": self.engine, "vendor": vendor}),
            )
            for index, (name, vendor) in enumerate(self.vendors.items())
        }
        addresses = {name: listener.url for name, listener in self.listeners.items()}
        self.orders = Control(self.engine, self.vendors, addresses)
        handler = type("Handler", (ControlHandler,), {"engine": self.engine, "control": self.orders})
        self.control = Listener(control_port, handler)

    def start(self) -> None:
        self.engine.start()
        for listener in (*self.listeners.values(), self.control):
            listener.start()

    def stop(self) -> None:
        self.engine.stopping.set()
        for listener in (self.control, *self.listeners.values()):
            listener.stop()
        self.engine.stop()

    def ready(self) -> Mapping[str, Any]:
        """The ready file: addresses, and accounts the way the gateway's accounts document has them."""
        vendors = {name: listener.url for name, listener in self.listeners.items()}
        return {
            "control": self.control.url,
            "vendors": vendors,
            "accounts": self.orders.entries(),
            "push_credentials": {
                account.name: dict(VENDORS[account.vendor].push_credentials) for account in self.engine.all_accounts()
            },
        }


@contextmanager
def running(control_port: int = 0, first_port: int = 0) -> Iterator[Simulators]:
    """The simulators inside this process, for as long as the block runs."""
    simulators = Simulators(control_port, first_port)
    simulators.start()
    try:
        yield simulators
    finally:
        simulators.stop()
