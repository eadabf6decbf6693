"""Cold starts: importing a function from the built layers and making its SQS client, against making one alone.

Each in processes of their own, in turn. Processor time from the first line on, so that neighbours do not count; the
files are in the system's cache.
"""

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests import aws
from tests.bench.build import layer
from tests.bench.processes import Figures, fresh
from tests.bench.table import Row

RUNS = 9
MEASURE = """
import json, sys, time
before, begun = set(sys.modules), time.process_time()
{code}
print(json.dumps({{"seconds": time.process_time() - begun, "modules": len(set(sys.modules) - before)}}))
"""
CLIENT = MEASURE.format(code='import boto3\nboto3.client("sqs")')
FUNCTION = MEASURE.format(code="import app\nfrom smsgateway import runtime\nruntime.sqs()")
GOALS = {"webhook": 1.15, "send": 1.9, "dispatch": 1.5}
MOST_MODULES = 410  # of `webhook`
ALL_FUNCTIONS = {"PYDANTIC_DISABLE_PLUGINS": "__all__"}  # of what the template sets for all of them; a test compares


def _cold(into: Path, function: str, code: str) -> Figures:
    """On Lambda the layers come before the runtime's own packages, which here are those of our environment."""
    paths = [into / "build" / f"{function.capitalize()}Function", layer(into, "Gateway"), layer(into, "Dependencies")]
    search = [str(paths[0]), *(str(path / "python") for path in paths[1:])]
    environment = aws.CREDENTIALS | {"PYTHONPATH": ":".join(search), "PYTHONDONTWRITEBYTECODE": "1"} | ALL_FUNCTIONS
    return fresh(["-c", code], environment, into)


def rows(into: Path) -> Iterator[Row]:
    runs: dict[str, list[Figures]] = {name: [] for name in ("client", *GOALS)}
    for _ in range(RUNS):
        runs["client"].append(_cold(into, "webhook", CLIENT))
        for function in GOALS:
            runs[function].append(_cold(into, function, FUNCTION))
    for function, goal in GOALS.items():
        turns = zip(runs[function], runs["client"], strict=True)
        ratio = median(ours["seconds"] / alone["seconds"] for ours, alone in turns)
        yield Row(f"cold start of `{function}`, against one SQS client", ratio, "×", goal)
    modules = runs["webhook"][0]["modules"]
    yield Row("modules that `webhook` loads", modules, most=MOST_MODULES)
    yield Row("modules that boto3 and one SQS client load", runs["client"][0]["modules"])
