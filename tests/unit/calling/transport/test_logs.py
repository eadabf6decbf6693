"""What the transport logs: nothing secret."""

import logging

import pytest

from smsgateway.errors import TransportError
from tests.unit.calling.transport.given import HEAD, OK, SECRET, answering, call, serving


@pytest.mark.parametrize("answer", [OK, b"", HEAD + b"no header\r\nContent-Length: 3\r\n\r\n0#1"])
def test_nothing_secret_is_logged_at_any_level(answer: bytes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(answering(answer)) as server:
        try:
            call(server.url)
        except TransportError:
            assert answer != OK
    assert SECRET not in caplog.text
