"""What strangers' bytes can bring about: nothing but what each door refuses them with. `make fuzz` takes longer."""

import importlib.util
import subprocess
import sys

import pytest

from tests.fuzz.targets import ROOT, finds, targets

SECONDS = 60
TARGETS = targets()


@pytest.mark.parametrize("name", TARGETS)
def test_known_inputs_whole_and_cut(name: str) -> None:
    target = TARGETS[name]
    inputs = [*target.first, *(path.read_bytes() for path in finds(name))]
    assert inputs
    for data in inputs:
        for part in (data, data[: len(data) // 2], data[1:], data * 2):
            target.check(part)


def test_a_find_is_of_a_target() -> None:
    assert {path.name for path in (ROOT / "tests" / "fuzz" / "finds").iterdir()} <= set(TARGETS)


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris has no build for this machine")
def test_a_minute_of_fuzzing_finds_nothing() -> None:
    command = [sys.executable, "-m", "tests.fuzz", str(SECONDS), "--seed", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=10 * SECONDS)
    print(done.stdout)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
