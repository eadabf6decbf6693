"""The diagram of a submission's states, made from the table of transitions (store/states.py).

    PYTHONPATH=layers/gateway .local/venv/bin/python -m tests.tools.states

writes it anew into the map, between the comments that name it.
"""

import re
from pathlib import Path

from smsgateway.store.states import arrows

ROOT = Path(__file__).parents[2]
MAP = ROOT / "layers" / "gateway" / "smsgateway" / "README.md"
PLACE = re.compile(r"(?<=<!-- states -->\n).*?(?=<!-- /states -->)", re.DOTALL)


def diagram() -> str:
    """The block of Mermaid that the map shows."""
    lines = ["stateDiagram-v2", "    [*] --> QUEUED: accepted, or made from another"]
    lines += [f"    {before} --> {after}: {when}" for before, after, when in arrows()]
    return "```mermaid\n" + "\n".join(lines) + "\n```\n"


def shown() -> str:
    """What stands on the map now."""
    found = PLACE.search(MAP.read_text(encoding="utf-8"))
    assert found, "the map has no place for the diagram"
    return found[0]


def write() -> None:
    """Put the diagram onto the map."""
    page = MAP.read_text(encoding="utf-8")
    MAP.write_text(PLACE.sub(lambda _: diagram(), page), encoding="utf-8")


if __name__ == "__main__":
    write()
