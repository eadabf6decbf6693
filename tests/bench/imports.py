"""The gateway's part of cold starts: importing a built function and making its SQS client, against a client alone.

What a first call loads and asks for is beside that, and so is Lambda's own part.

Each in processes of their own, in turn. Processor time from the first line on, so that neighbours do not count; the
files are in the system's cache.
"""

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.build import layer
from tests.bench.processes import Figures, fresh
from tests.bench.table import Row
from tests.doubles import aws

RUNS = 15
MEASURE = """
import json, sys, time
before, begun = set(sys.modules), time.process_time()
{code}
print(json.dumps({{"seconds": time.process_time() - begun, "modules": len(set(sys.modules) - before)}}))
"""
CLIENT = MEASURE.format(code='import boto3\nboto3.client("sqs")')
LOADED = "import {module}\nfrom smsgateway import runtime\nruntime.sqs()"
FUNCTION = MEASURE.format(code=LOADED.format(module="app"))
# Of the codecs, infocloud's loads most.
FIRST_PUSH = MEASURE.format(
    code=LOADED.format(module="app")
    + "\nfrom smsgateway.codecs import VENDORS\nVENDORS['infocloud']\nruntime.accounts_cache()"
)
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
    runs: dict[str, list[Figures]] = {name: [] for name in ("client", "first push", *GOALS)}
    for _ in range(RUNS):
        runs["client"].append(_cold(into, "webhook", CLIENT))
        runs["first push"].append(_cold(into, "webhook", FIRST_PUSH))
        for function in GOALS:
            runs[function].append(_cold(into, function, FUNCTION))

    def ratio(name: str) -> float:
        """Without the first turn, which reads what was just built."""
        turns = zip(runs[name][1:], runs["client"][1:], strict=True)
        return median(ours["seconds"] / alone["seconds"] for ours, alone in turns)

    for function, goal in GOALS.items():
        yield Row(f"cold import of `{function}` and an SQS client, against that client", ratio(function), "×", goal)
    yield Row("the same of `webhook`, with infocloud's codec and a client of Secrets Manager", ratio("first push"), "×")
    modules = runs["webhook"][0]["modules"]
    yield Row("modules that `webhook` loads", modules, most=MOST_MODULES)
    yield Row("modules that boto3 and one SQS client load", runs["client"][0]["modules"])
