"""The layers as `make deploy` builds them: their sizes, and whether every module has its bytecode."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.table import Row
from tests.local.deploy import BUILD, SAM
from tests.local.process import ROOT, clean_environment

MB = 1_000_000


def build(into: Path) -> None:
    """`sam build`, with our own Python first, because the Makefiles run `python3.13`."""
    env = clean_environment() | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "AWS_DEFAULT_REGION": "us-east-1",
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(into / "sam"),
    }
    command = [str(SAM), *BUILD.split(), "--build-dir", str(into / "build")]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"sam build failed:\n{done.stderr[-3000:]}")


def layer(into: Path, name: str) -> Path:
    return into / "build" / f"{name}Layer"


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def without_bytecode(folder: Path) -> list[Path]:
    """The modules whose bytecode is missing, from another Python, or checked against a time stamp."""
    return [path for path in folder.rglob("*.py") if not _has_bytecode(path)]


def _has_bytecode(source: Path) -> bool:
    compiled = Path(importlib.util.cache_from_source(str(source)))
    if not compiled.is_file():
        return False
    head = compiled.read_bytes()[:16]
    # PEP 552: the flags 1 are bytecode by hash, unchecked; its hash is the source's.
    return (
        head[:4] == importlib.util.MAGIC_NUMBER
        and int.from_bytes(head[4:8], "little") == 1
        and head[8:] == importlib.util.source_hash(source.read_bytes())
    )


def rows(into: Path) -> Iterator[Row]:
    for name, most in (("Dependencies", 25.0), ("Gateway", 0.6)):
        folder = layer(into, name)
        yield Row(f"{name.lower()} layer, unzipped", size(folder) / MB, "MB", most=most)
        yield Row(f"modules without valid bytecode, {name.lower()} layer", len(without_bytecode(folder)), most=0)
