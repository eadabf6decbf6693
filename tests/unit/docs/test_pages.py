"""What holds for every page of documentation: for whom it is, links that lead somewhere, commands that there are."""

import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.simulators.accounts import default_accounts
from tests.tools.pages import CHANGELOG, PAGES, README, ROOT, Page, anchor, blocks, name_of, ticked

LONGEST_README = 300  # lines
MARKDOWN = [Page(path) for path in sorted(ROOT.rglob("*.md")) if not path.relative_to(ROOT).parts[0].startswith(".")]

every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


def test_the_readme_is_short() -> None:
    assert len(README.text.splitlines()) <= LONGEST_README


@every_page
def test_a_page_says_in_its_first_lines_for_whom_it_is(page: Page) -> None:
    title, _, text = page.text.partition("\n\n")
    assert title.startswith("# ")
    first = text.partition("\n## ")[0]
    assert re.search(r"\bfor (whoever|an engineer)\b", first[:1500])


@pytest.mark.parametrize("page", MARKDOWN, ids=name_of)
def test_every_link_leads_somewhere(page: Page) -> None:
    for target in page.links:
        path, _, anchor = target.partition("#")
        file = (page.path.parent / path).resolve() if path else page.path
        assert file.is_relative_to(ROOT), target
        assert file.exists(), target
        if anchor:
            assert anchor in Page(file).anchors, target


def test_the_readme_leads_to_every_page() -> None:
    linked = {(ROOT / target.partition("#")[0]).resolve() for target in README.links}
    assert {page.path for page in PAGES} <= linked | {README.path}


@every_page
def test_every_chapter_is_in_the_contents(page: Page) -> None:
    chapters = [anchor(heading) for heading in re.findall(r"^## (.*)$", page.prose, flags=re.MULTILINE)]
    listed = re.findall(r"^[0-9]+\. \[.*\]\(#(.*)\)", page.prose, flags=re.MULTILINE)
    if listed:
        assert [chapter for chapter in chapters if chapter != "contents"] == listed
    else:
        assert len(chapters) < 6 or page is CHANGELOG


@every_page
def test_every_table_is_one(page: Page) -> None:
    assert all(page.tables())


def test_the_commands_are_targets() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    named = list(makes())
    assert {target for target, _ in named} <= set(phony.split())
    assert {"test", "demo", "up", "down", "deploy", "redrive", "smoke", "accounts", "bench"} <= {
        name for name, _ in named
    }
    for variable in {setting.strip(" =") for _, setting in named if setting}:
        assert re.search(rf"^{variable} \?=", makefile, flags=re.MULTILINE), variable


def makes() -> Iterator[tuple[str, str]]:
    """The target and the first variable of every `make` on a page."""
    for page in PAGES:
        code = "".join([*page.blocks("sh"), *(f"`{part}`" for part in ticked(page.prose))])
        yield from re.findall(r"\bmake ([a-z]+)((?: [A-Z]+=)?)", code)


def test_the_commands_use_the_accounts_that_there_are() -> None:
    local = {account.name for account in default_accounts()}
    prefixes = "|".join(sorted({name.partition("-")[0] for name in local}))
    for page in PAGES:
        assert set(re.findall(rf"\b(?:{prefixes})-[a-z0-9]+\b", page.text)) <= local, name_of(page)


@every_page
def test_the_modules_that_a_page_runs_are_there(page: Page) -> None:
    for module in re.findall(r"python(?:3\.13)? -m (tests\.[a-z_.]+[a-z_])", page.text):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


@every_page
def test_the_shell_can_read_every_block_of_commands(page: Page) -> None:
    for block in blocks("sh", page.text):
        read = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)
        assert read.returncode == 0, read.stderr
