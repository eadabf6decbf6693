"""`make bench`: measures everything, prints the table and writes .local/bench.json."""

import argparse
import json
import platform
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import build, codecs, cost, counts, cpu, imports, kannel, local_cloud
from tests.bench.table import Row, markdown
from tests.local.process import LOCAL, run_dir

RESULT = LOCAL / "bench.json"


def sections() -> dict[str, Callable[[Path], Iterable[Row]]]:
    """What there is to measure; each gets a folder with what `sam build` made."""
    return {
        "counts": lambda _: counts.rows(),
        "build": build.rows,
        "imports": imports.rows,
        "codecs": lambda _: codecs.rows(),
        "cpu": lambda _: cpu.rows(),
        "cost": lambda _: cost.rows(cpu.figures()),
        "local-cloud": lambda _: local_cloud.rows(),
        "kannel": lambda _: kannel.rows(),
    }


def main(arguments: list[str]) -> int:
    """Answers the exit status: 0, whether goals are met or missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("section", nargs="*", help=f"only these: {', '.join(sections())}")
    wanted = parser.parse_args(arguments).section or list(sections())
    with run_dir("bench") as into:
        if {"build", "imports"} & set(wanted):
            build.build(into)
        rows = list(_measured(wanted, into))
    print(markdown(rows))
    missed = [row.what for row in rows if row.verdict == "missed"]
    print(f"\n{sum(row.verdict == 'ok' for row in rows)} goals met, {len(missed)} missed")
    RESULT.write_text(json.dumps(_document(rows), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return 0


def _measured(wanted: list[str], into: Path) -> Iterator[Row]:
    for name in wanted:
        print(f"measuring: {name}", file=sys.stderr)
        yield from sections()[name](into)


def _document(rows: list[Row]) -> dict[str, object]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "rows": [row.as_json() for row in rows],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
