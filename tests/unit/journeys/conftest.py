"""How submissions stand in the table: all under one partition key, or each of a large message under one of its own."""

import pytest

from smsgateway.ids import BLOCK_ROOTS
from tests.doubles import world


@pytest.fixture(params=[BLOCK_ROOTS, 1], ids=["one block", "a block each"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "BLOCK_ROOTS", request.param)
