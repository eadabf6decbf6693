"""`python -m tests.fuzz SECONDS [TARGET …]`: coverage-guided fuzzing of all targets, or some, within so many seconds.

atheris (libFuzzer) looks for inputs that reach what none before has reached, beginning with the vendors' own bytes and
with what earlier runs have found worth keeping (.local/fuzz). A bug's input is saved and shown, and the status is 1.
"""

import argparse
import ast
import inspect
import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path
from types import ModuleType

import tests.local  # noqa: F401 - so that the layer is found

try:
    import atheris
except ImportError:
    sys.exit("the fuzzer, atheris, has no build for this machine: x86-64 Linux only")

with redirect_stderr(io.StringIO()), atheris.instrument_imports(include=["smsgateway"]):  # it names every module
    from smsgateway import codecs
    from tests.fuzz.targets import Target, finds, targets

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".local" / "fuzz"
LONGEST_WORD = 64  # characters; libFuzzer's
SLOWEST = 10  # seconds for one input; more is a bug
MEGABYTES = 1024


def main(arguments: list[str]) -> int:
    """Answers the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("seconds", type=float)
    parser.add_argument("target", nargs="*", help="default: all")
    parser.add_argument("--seed", type=int, default=0, help="of the randomness; default: another one each time")
    options = parser.parse_args(arguments)
    chosen = {name: target for name, target in targets().items() if name in (options.target or [name])}
    if not chosen:
        parser.error(f"the targets are {', '.join(targets())}")
    processes = min(len(chosen), os.cpu_count() or 1)
    seconds = max(1, int(options.seconds * processes / len(chosen)) - 1)  # to begin and to end takes one more
    print(f"{len(chosen)} targets, {seconds} s each, {processes} at once", flush=True)
    print(f"{'target':26}{'executions':>12}{'edges':>8}{'inputs':>8}", flush=True)
    bugs = [name for name, log in fuzz(chosen, processes, seconds, options.seed) if not report(name, log)]
    return 1 if bugs else 0


def fuzz(chosen: dict[str, Target], processes: int, seconds: int, seed: int) -> Iterator[tuple[str, str]]:
    """Each target's name with what libFuzzer said of it. Our own imports, which take a while, are paid for once."""
    running: dict[int, str] = {}
    waiting = list(chosen)
    while running or waiting:
        while waiting and len(running) < processes:
            name = waiting.pop(0)
            log_of(name).unlink(missing_ok=True)  # an earlier run's would speak for a child that never began
            child = os.fork()
            if child == 0:
                become(name, chosen[name], seconds, seed)
            running[child] = name
        ended, _ = os.wait()
        name = running.pop(ended)
        yield name, log_of(name).read_text(errors="replace") if log_of(name).exists() else "it did not begin"


def log_of(name: str) -> Path:
    return FOLDER / name / "log"


def become(name: str, target: Target, seconds: int, seed: int) -> None:
    """Fuzz in this process. Never returns: libFuzzer ends it."""
    folder = FOLDER / name
    first, corpus, words = folder / "first", folder / "corpus", folder / "words"
    for each in (first, corpus):
        each.mkdir(parents=True, exist_ok=True)
    for index, data in enumerate([*target.first, *(path.read_bytes() for path in finds(name))]):
        (first / str(index)).write_bytes(data)
    words.write_text("\n".join(sorted(dictionary(getattr(codecs, name.partition(".")[0], codecs)))), encoding="ascii")
    log = os.open(log_of(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    atheris.Setup(
        [
            *(name, f"-dict={words}", f"-artifact_prefix={folder}/", f"-max_total_time={seconds}", f"-seed={seed}"),
            *(f"-timeout={SLOWEST}", f"-rss_limit_mb={MEGABYTES}", "-print_final_stats=1", str(corpus), str(first)),
        ],
        target.check,
    )
    atheris.Fuzz()


def dictionary(module: ModuleType) -> Iterator[str]:
    """The words of a protocol, as libFuzzer reads them: the texts in the vendor's module or package."""
    path = Path(inspect.getfile(module))
    for source in path.parent.glob("*.py") if path.name == "__init__.py" else [path]:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and 0 < len(node.value) <= LONGEST_WORD:
                escaped = "".join(f"\\x{byte:02x}" for byte in node.value.encode(errors="replace"))
                yield f'"{escaped}"'


def report(name: str, log: str) -> bool:
    """Prints a target's line, and the bug if there is one. Whether there is none."""
    executions = re.search(r"^stat::number_of_executed_units: ([0-9]+)", log, re.MULTILINE)
    figures = re.findall(r"cov: ([0-9]+) ft: [0-9]+ corp: ([0-9]+)/", log)
    edges, inputs = figures[-1] if figures else ("?", "?")
    print(f"{name:26}{executions[1] if executions else '?':>12}{edges:>8}{inputs:>8}", flush=True)
    if re.search("^Done [0-9]+ runs in", log, re.MULTILINE):
        return True
    print(f"\n{name}: {log[log.find('=== Uncaught') :] if '=== Uncaught' in log else log[-3000:]}")
    for saved in re.findall("Test unit written to (.+)$", log, re.MULTILINE):
        path = Path(saved)
        print(f"input: {path.relative_to(ROOT)}\n       {path.read_bytes()!r}")
        print(f"Mend the bug, and move the input to tests/fuzz/finds/{name}/, where it is a test.\n", flush=True)
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
