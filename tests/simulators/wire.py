"""Answers on the wire, broken ones included: what http.server cannot send is written to the socket itself."""

import socket
import struct
import threading
from collections.abc import Iterable
from http import HTTPStatus

from tests.simulators.faults import Fault
from tests.simulators.model import Answer

CHUNK = 65536


def encoded(answer: Answer, *, close: bool) -> tuple[bytes, bytes]:
    """Head and body of an answer."""
    phrase = HTTPStatus(answer.status).phrase if answer.status in HTTPStatus else "Unknown"
    headers = {
        "Content-Type": answer.content_type,
        "Content-Length": str(len(answer.body)),
        **({"Connection": "close"} if close else {}),
        **answer.headers,
    }
    lines = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"), answer.body


def reset(connection: socket.socket) -> None:
    """Closes with RST, so that the client sees a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def send(connection: socket.socket, answer: Answer, fault: Fault | None, stopping: threading.Event) -> bool:
    """Sends an answer the way the fault says; returns whether the connection may be used again."""
    kind = fault.kind if fault else ""
    head, body = encoded(answer, close=kind in ("truncate", "trickle"))
    if fault and kind == "truncate":
        connection.sendall(head + body[: fault.keep])
        return False
    if fault and kind == "trickle":
        trickle(connection, head + body, fault.bytes_per_second, stopping)
        return False
    connection.sendall(head + body[:CHUNK])
    for piece in pieces(body[CHUNK:]):
        connection.sendall(piece)
    return True


def pieces(body: bytes) -> Iterable[bytes]:
    return (body[start : start + CHUNK] for start in range(0, len(body), CHUNK))


def trickle(connection: socket.socket, data: bytes, rate: float, stopping: threading.Event) -> None:
    for value in data:
        connection.sendall(bytes([value]))
        if stopping.wait(1 / rate):
            return
