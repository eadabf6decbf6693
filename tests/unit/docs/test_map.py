"""layers/gateway/smsgateway/README.md is a map: each file, function and name on it exists, and nothing is left out."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from smsgateway.codecs import VENDORS
from smsgateway.model import FINAL, State

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "layers" / "gateway" / "smsgateway"
PAGE = (PACKAGE / "README.md").read_text(encoding="utf-8")
FILE = re.compile(r"[a-z_]+(?:/[a-z_]+)*(?:\.py|/)")
FUNCTION = re.compile(r"([A-Za-z_]+\.)?([a-z_]+)\(\)")
NAME = re.compile(r"([A-Z][A-Za-z]*[a-z])(?:\.([A-Za-z_]+))?|[A-Z][A-Z_]{2,}")
MODULES = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}
ROOMS = sorted(path.parent.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*/__init__.py"))


def defined_in(tree: ast.AST) -> Iterator[str]:
    """Functions, classes, methods, attributes and constants of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign | ast.TypeAlias):
            target = node.target if isinstance(node, ast.AnnAssign) else node.name
            yield from [target.id] if isinstance(target, ast.Name) else []
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


DEFINED = {name: frozenset(defined_in(ast.parse(path.read_text(encoding="utf-8")))) for name, path in MODULES.items()}
ANYWHERE = frozenset().union(*DEFINED.values())


def section(heading: str) -> str:
    """The part of the page below a heading."""
    _, _, below = PAGE.partition(f"\n## {heading}\n")
    assert below, heading
    return re.split(r"^## ", below, maxsplit=1, flags=re.MULTILINE)[0]


def first_cells(text: str) -> list[list[str]]:
    """What stands in back quotes in the first cell of each row of a section's tables."""
    return [re.findall(r"`([^`]+)`", row.split("|")[1]) for row in text.splitlines() if row.startswith("|")]


def ticked() -> list[tuple[int, str, list[str]]]:
    """What stands in back quotes, line by line."""
    lines = enumerate(PAGE.splitlines(), 1)
    return [(number, line, found) for number, line in lines if (found := re.findall(r"`([^`]+)`", line))]


def problems(words: list[str]) -> Iterator[str]:
    """What a line names and the code does not have. A function is looked for in the file that stands before it."""
    file = ""
    for word in words:
        if FILE.fullmatch(word):
            file = word
            if not any((base / word).exists() for base in (PACKAGE, ROOT)):
                yield f"there is no {word}"
        elif found := FUNCTION.fullmatch(word):
            if found[2] not in DEFINED.get(file, ANYWHERE):
                yield f"{file or 'no file'} defines {found[2]}"
        elif (found := NAME.fullmatch(word)) and not {found[1] or word, found[2] or ""} <= {*ANYWHERE, ""}:
            yield f"nothing is called {word}"


# Words of SQS, HTTP and other people's that look like names of ours.
OTHERS = {"SET", "GET", "POST", "DELETE", "PUT", "MA"}


@pytest.mark.parametrize(("number", "line", "words"), ticked())
def test_everything_on_the_map_exists(number: int, line: str, words: list[str]) -> None:
    assert list(problems([word for word in words if word not in OTHERS])) == [], f"line {number}: {line}"


@pytest.mark.parametrize("word", ["sending/gone.py", "never_there()", "Gone", "State.GONE", "GONE_AT_ONCE"])
def test_what_does_not_exist_is_found(word: str) -> None:
    assert list(problems([word]))


def test_a_function_is_looked_for_in_the_file_before_it() -> None:
    assert list(problems(["store/transitions.py", "mark()"])) == []
    assert list(problems(["store/messages.py", "mark()"]))


def test_every_room_has_its_line() -> None:
    rooms = {name for cell in first_cells(section("The rooms")) for name in cell}
    flat = {name for name in MODULES if "/" not in name} - {"__init__.py"}
    assert rooms == {f"{name}/" for name in ROOMS if "/" not in name} | flat


def test_rooms_import_only_what_the_map_names_before_them() -> None:
    order = [name.removesuffix(".py").removesuffix("/") for cell in first_cells(section("The rooms")) for name in cell]
    for name, path in MODULES.items():
        room = name.split("/")[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("smsgateway"):
                parts = [*node.module.split(".")[1:], node.names[0].name]
                assert parts[0] == room or order.index(parts[0]) < order.index(room), f"{name} imports {parts[0]}"


def test_every_state_has_its_line() -> None:
    rows = [name for cell in first_cells(section("The states of a submission")) for name in cell]
    assert rows == [state.name for state in State]


def test_every_final_status_is_in_the_glossary() -> None:
    (row,) = [row for row in section("Glossary").splitlines() if row.startswith("| final |")]
    assert {status.value for status in FINAL} == set(re.findall(r"`([^`]+)`", row))


def test_the_code_uses_every_word_of_the_glossary() -> None:
    """Spelt as the glossary has it, or as a name: `hard end`, `hard_end`, `HardEnd`."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in MODULES.values())
    code = re.sub(r"[\s_`-]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", code)).lower()
    cells = [row.split("|")[1] for row in section("Glossary").splitlines() if re.match(r"\| (?!---|word )", row)]
    words = [word.strip().lower().replace("-", " ") for cell in cells for word in cell.split(",")]
    assert [word for word in words if not re.search(rf"\b{re.escape(word)}", code)] == []
    assert sorted(words) == sorted(set(words)), "a word is explained twice"


def test_every_item_of_the_table_has_its_line() -> None:
    """By how keys begin: `account#`, `client-name#`."""
    of_indexes = {"due#", "from#", "by_parts#"}  # values in an index, and names within an item
    begun = {start for name, path in MODULES.items() if name.startswith("store/") for start in key_starts(path)}
    keys = {word for row in section("The items of the table").splitlines() for word in re.findall(r"`([^`]+)`", row)}
    missing = {start for start in begun - of_indexes if not any(key.startswith(start) for key in keys)}
    assert missing == set()
    named = {found[0] for key in keys if (found := re.match(r"[a-z][a-z-]+#", key))}
    assert named <= begun, named - begun


def key_starts(path: Path) -> set[str]:
    """How the keys begin that a module makes."""
    constants = (
        node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Constant)
    )
    return {str(each.value) for each in constants if re.fullmatch(r"[a-z][a-z-]+#", str(each.value))}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_its_files_are(room: str) -> None:
    """An `__init__.py` is a map: it names each file and folder beside it, and nothing else."""
    said = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8")), clean=False) or ""
    mapped = set(re.findall(r"^    ([a-z_]+(?:\.py|/)?) ", said, flags=re.MULTILINE))
    there = {path.name for path in (PACKAGE / room).glob("*.py")} - {"__init__.py"}
    there |= {f"{path.parent.name}/" for path in (PACKAGE / room).glob("*/__init__.py")}
    vendors = {f"{name}{end}" for name in VENDORS for end in (".py", "/")}  # their line is the one in the registry
    assert mapped == there - (vendors if room == "codecs" else set())


@pytest.mark.parametrize("room", [room for room in ROOMS if not room.startswith("codecs")])
def test_a_room_does_nothing_itself(room: str) -> None:
    """What a room's `__init__.py` imported, everybody who needs one file of it would wait for."""
    assert len(ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8")).body) == 1
