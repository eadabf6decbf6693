"""Fresh processes, one after the other: what each measures is a JSON object, and the median of each figure counts."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]

type Figures = dict[str, float]


def fresh(arguments: Sequence[str], environment: Mapping[str, str] | None = None, cwd: Path = ROOT) -> Figures:
    """What one new Python prints."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "POWERTOOLS_", "PYTHON"))}
    env |= {"PYTHONPATH": f"{ROOT}:{ROOT / 'layers' / 'gateway'}"} | dict(environment or {})
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{arguments} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def medians(module: str, processes: int) -> Figures:
    """The median of what several processes of a module of the bench print."""
    runs = [fresh(["-m", f"tests.bench.{module}"]) for _ in range(processes)]
    return {name: median(run[name] for run in runs) for name in runs[0]}
