"""The pages of documentation, cut into what can be checked: prose, tables, links, blocks of code, commands."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

type Row = dict[str, str]


@dataclass(frozen=True)
class Page:
    """A file of Markdown."""

    path: Path

    @cached_property
    def text(self) -> str:
        """All of the page."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def prose(self) -> str:
        """The page without its blocks of code."""
        return re.sub(r"^```.*?^```$", "", self.text, flags=re.DOTALL | re.MULTILINE)

    @cached_property
    def anchors(self) -> frozenset[str]:
        """The places that a link can lead to: GitHub makes one of each heading."""
        headings = re.findall(r"^#+ (.*)$", self.prose, flags=re.MULTILINE)
        return frozenset(map(anchor, headings))

    @cached_property
    def links(self) -> tuple[str, ...]:
        """Where the page's links lead, as they are written."""
        return tuple(re.findall(r"\]\(([^)]+)\)", self.prose))

    def blocks(self, language: str) -> list[str]:
        """The blocks of code in a language."""
        return blocks(language, self.text)

    def json_blocks(self) -> list[dict[str, Any]]:
        """The page's blocks of JSON, read."""
        return [json.loads(block) for block in self.blocks("json")]

    def json_with(self, field: str) -> dict[str, Any]:
        """The one block of JSON that has this field."""
        (found,) = [block for block in self.json_blocks() if field in block]
        return found

    def tables(self) -> Iterator[list[Row]]:
        """The page's tables, each row by the names of its columns."""
        for block in re.findall(r"(?:^\|.*\|\n)+", self.prose, flags=re.MULTILINE):
            lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.strip().split("\n")]
            head, _, *rows = lines
            assert all(len(row) == len(head) for row in rows), f"a table of {head} has a row of another length"
            yield [dict(zip(head, row, strict=True)) for row in rows]

    def table_with(self, *names: str) -> list[Row]:
        """The one table that has these columns."""
        (found,) = [rows for rows in self.tables() if set(names) <= set(rows[0])]
        return found


README = Page(ROOT / "README.md")
CHANGELOG = Page(ROOT / "CHANGELOG.md")
ACCOUNTS = Page(ROOT / "layers/gateway/smsgateway/codecs/README.md")
RULES = Page(ROOT / "layers/gateway/smsgateway/rules/README.md")
EVENTS = Page(ROOT / "events/README.md")
OPERATING = Page(ROOT / "functions/README.md")
CODE = Page(ROOT / "layers/gateway/smsgateway/README.md")
TESTS = Page(ROOT / "tests/README.md")
BENCH = Page(ROOT / "tests/bench/README.md")
SIMULATORS = Page(ROOT / "tests/simulators/README.md")
VERIFYING = Page(ROOT / "layers/gateway/smsgateway/verifying/README.md")

PAGES = (README, CHANGELOG, ACCOUNTS, RULES, EVENTS, OPERATING, CODE, TESTS, BENCH, SIMULATORS, VERIFYING)


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def name_of(page: Page) -> str:
    """The page's path in the repository."""
    return str(page.path.relative_to(ROOT))


def blocks(language: str, text: str) -> list[str]:
    """The blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def ticked(cell: str) -> list[str]:
    """What stands in back quotes."""
    return re.findall(r"`([^`]+)`", cell)


def the_ticked(cell: str) -> str:
    """The one name in back quotes."""
    (name,) = ticked(cell)
    return name


def local_commands() -> list[str]:
    """README.md's blocks of commands that call the API of the local cloud, in order; what starts it left out."""
    before, _, _ = README.text.partition("## Deploying to AWS")
    calling = [block for block in blocks("sh", before) if "$API" in block or "API=" in block]
    return [block.replace("make up\n", "") for block in calling]


def commands_of(page: Page) -> list[str]:
    """A page's blocks of commands that call the API of the local cloud, in order."""
    return [block for block in page.blocks("sh") if "$API" in block]


def statuses(commands: str) -> list[int]:
    """The statuses that the page says its commands get."""
    return [int(status) for status in re.findall(r" # ([1-5][0-9][0-9])\b", commands)]


def accounts_document() -> dict[str, Any]:
    """The accounts document that the page of accounts shows."""
    return ACCOUNTS.json_with("routes")


def consumer() -> str:
    """The template of a consumer of events."""
    (template,) = EVENTS.blocks("yaml")
    return template
