"""The layers that were deployed: Lambda's file system is read-only, so a module without bytecode compiles each time."""

import pytest

from tests.bench import build
from tests.e2e.conftest import Gateway


@pytest.mark.parametrize("name", ["Dependencies", "Gateway"])
def test_every_module_has_bytecode_that_is_loaded_without_a_look_at_its_source(gateway: Gateway, name: str) -> None:
    folder = build.layer(gateway.world.folder, name)
    assert len(list(folder.rglob("*.py"))) > 50
    assert build.without_bytecode(folder) == []
