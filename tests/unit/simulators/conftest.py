"""One set of simulators for all tests of this folder, reset before each."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.simulators.client import ControlClient
from tests.simulators.server import running
from tests.unit.simulators.by_hand import Receiver


@pytest.fixture(scope="session")
def ready() -> Iterator[Mapping[str, Any]]:
    with running() as simulators:
        yield simulators.ready()


@pytest.fixture
def control(ready: Mapping[str, Any]) -> ControlClient:
    client = ControlClient(ready["control"])
    client.reset()
    client.settings(report_delay=0.02, reply_delay=0.02, late_delay=0.2, time_scale=0.02)
    return client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()
