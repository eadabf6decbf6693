"""The schedules of a submission once more, with the vendor on a real socket behind the gateway's own transport."""

from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from threading import Thread

import pytest

from smsgateway.calling import transport
from smsgateway.errors import AmbiguousError
from smsgateway.model import Account, Request, Response
from tests.doubles.seam import Fault
from tests.doubles.vendors import Vendors
from tests.unit.journeys.test_submission import LAYOUTS, beginning, check, run, schedules, steps_of

DEADLINE = 10.0  # seconds


class Server(ThreadingHTTPServer):
    """Answers as `vendors` do, the one that is asked just now."""

    daemon_threads = True
    vendors: "SocketVendors"
    account: Account

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/send"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = Request("POST", self.path, dict(self.headers), body)
        try:
            answer = Vendors.call(self.server.vendors, self.server.account, request, 0)
        except AmbiguousError:  # read, perhaps acted upon, and never answered
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


class SocketVendors(Vendors):
    def __init__(self, server: Server) -> None:
        super().__init__()
        self.server = server

    def copy(self) -> "SocketVendors":
        other = SocketVendors(self.server)
        other.script, other.seen, other.calls, other.rejects = self.script, list(self.seen), self.calls, self.rejects
        return other

    def call(self, account: Account, request: Request, _seconds: float) -> Response:
        self.server.vendors, self.server.account = self, account
        url = self.server.url
        if self.script[min(self.calls, len(self.script) - 1)] == "not sent":
            self.calls += 1
            url = _nobodys_url()
        return transport.call(replace(request, url=url), deadline=DEADLINE, allow_loopback=True)


def _nobodys_url() -> str:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("behaviour", ["accepted", "account", "moment", "ambiguous", "not sent", "html"])
def test_every_fault_on_a_real_socket(behaviour: str, layout: str, server: Server) -> None:
    cached, wake_up = beginning("langyu", layout)
    origin = cached.copy()
    origin.vendors = SocketVendors(server)
    origin.vendors.script = (behaviour, "accepted")
    faults: set[Fault] = set()
    for plan, afterwards in schedules(len(steps_of(origin.copy(), wake_up)), behaviour):
        world = origin.copy()
        run(world, wake_up, plan, afterwards)
        check(world, wake_up.key, LAYOUTS[layout])
        faults |= set(plan.values())
    assert faults == set(Fault)
