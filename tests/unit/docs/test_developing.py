"""The page of tests and developing: its layout is the repository's. The changelog begins with the current version."""

import re
import tomllib

from tests.tools.pages import CHANGELOG, ROOT
from tests.tools.pages import TESTS as PAGE


def test_the_layout_is_that_of_the_repository() -> None:
    layout = PAGE.text.partition("## Developing\n")[2].split("```\n")[1]
    named = [name for line in layout.splitlines() for name in re.split(r" {5,}", line)[0].split()]
    assert len(named) > 10
    for name in named:
        assert (ROOT / name.partition("<")[0]).exists(), name


def test_the_layout_has_every_folder_of_the_tests() -> None:
    layout = PAGE.text.partition("## Developing\n")[2].split("```\n")[1]
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and not path.name.startswith("_")}
    assert folders == set(re.findall(r"\btests/([a-z0-9]+)", layout))


def test_the_changelog_begins_with_the_version_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = re.findall(r"^## ([0-9.]+) \(20[0-9]{2}-[0-9]{2}-[0-9]{2}\)$", CHANGELOG.text, flags=re.MULTILINE)
    assert versions[0] == project["version"]
    assert versions == sorted(versions, key=lambda version: [int(part) for part in version.split(".")], reverse=True)
