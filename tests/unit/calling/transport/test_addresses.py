"""Where a call connects to: no forbidden address, the next one after a refusal, no proxy."""

import socket
from pathlib import Path

import pytest

from smsgateway.errors import NotSentError
from tests.unit.calling.transport.given import OK, SECRET, answering, call, failing, free_port, serving


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
