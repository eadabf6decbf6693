"""Calls over TLS: certificates, handshakes that hang, answers without a proper close."""

import ipaddress
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from smsgateway.calling import transport
from smsgateway.errors import AmbiguousError, NotSentError
from tests.unit.calling.transport.given import OK, Server, answering, call, failing, serving, trickling


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
