"""README.md cut into what can be checked: its blocks of code, and the commands that run against the local cloud."""

import re
from pathlib import Path

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
PROSE = re.sub(r"^```.*?^```$", "", README, flags=re.DOTALL | re.MULTILINE)
AWS_CHAPTER = "## Deploying to AWS"


def blocks(language: str, text: str = README) -> list[str]:
    """The blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def local_commands() -> list[str]:
    """The blocks of commands that call the API of the local cloud, in order; what starts it left out."""
    before, _, _ = README.partition(AWS_CHAPTER)
    calling = [block for block in blocks("sh", before) if "$API" in block or "API=" in block]
    return [block.replace("make up\n", "") for block in calling]


def statuses(commands: str) -> list[int]:
    """The statuses that the page says its commands get."""
    return [int(status) for status in re.findall(r" # ([1-5][0-9][0-9])\b", commands)]


def consumer() -> str:
    """The template of a consumer of events."""
    (template,) = blocks("yaml")
    return template
