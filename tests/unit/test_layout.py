"""The tests mirror the rooms of the code, and each of their files is short and says what it holds."""

import ast
import re
from pathlib import Path

import pytest

from tests.unit.test_architecture import PACKAGE, ROOMS

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
UNIT = TESTS / "unit"
MODULES = sorted(TESTS.rglob("*.py"))
LONGEST = 600  # lines
# What is tested beside the rooms: whole journeys through several of them, and what is no part of the package.
BESIDE = {"journeys", "template", "docs", "bench", "deployed", "simulators", "doubles", "tools"}
OF_ALL = {"architecture", "layout"}  # tests of the whole package, and of the tests


def name_of(path: Path) -> str:
    return path.relative_to(TESTS).as_posix()


def test_no_file_is_too_long_to_find_anything_in() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}, "split it by subject"


def test_each_folder_is_a_room_or_known_to_be_none() -> None:
    # Not every folder on the disk: one that a checkout has left holds bytecode still.
    folders = {path.relative_to(UNIT).parts[0] for path in MODULES if path.is_relative_to(UNIT) and path.parent != UNIT}
    assert folders <= set(ROOMS) | BESIDE
    assert folders >= BESIDE


def test_each_room_that_is_a_folder_has_a_folder_of_tests() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert {room for room in rooms if not [*(UNIT / room).rglob("test_*.py")]} == set()


def test_each_loose_file_is_of_a_module_that_lies_flat() -> None:
    loose = {path.stem.removeprefix("test_") for path in UNIT.glob("test_*.py")}
    assert loose - OF_ALL <= set(ROOMS)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_file_says_in_its_first_line_what_it_holds(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first, *more = said.splitlines() or [""]
    assert first.endswith((".", ":", "`.", ".”")), "a whole sentence"
    assert not more or not more[0], "then an empty line"


@pytest.mark.parametrize("folder", ["doubles", "tools"])
def test_the_map_of_a_folder_names_each_of_its_files(folder: str) -> None:
    page = (TESTS / folder / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `([a-z_/]+\.py)` \|", page, flags=re.MULTILINE)
    assert sorted(named) == sorted(
        path.relative_to(TESTS / folder).as_posix() for path in (TESTS / folder).rglob("*.py")
    )
