"""The tree on top of errors.py names every exception of the gateway: its parent, and its file if it is another."""

import ast
import re
from pathlib import Path

from smsgateway import errors

PACKAGE = Path(errors.__file__).parent
_LINE = re.compile("([│├└─ ]*)(\\w+)(?: +(.+))?")
_FILE = re.compile("\\(([a-z_/]+\\.py)\\)$")


def drawn() -> dict[str, tuple[str, str]]:
    """The parent and the file of each exception, as the tree has them."""
    found: dict[str, tuple[str, str]] = {}
    above: list[str] = ["Exception"]
    tree = (errors.__doc__ or "").split("\n\n")[1]
    for line in tree.splitlines():
        matched = _LINE.fullmatch(line)
        assert matched, line
        depth = len(matched[1]) // 4
        file = _FILE.search(matched[3] or "")
        found[matched[2]] = above[depth], file[1] if file else "errors.py"
        above[depth + 1 :] = [matched[2]]
    return found


def defined() -> dict[str, tuple[str, str]]:
    """The same, as the code has them. An exception with a `_` is its own file's alone."""
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
                if set(bases) & {"Exception", "ValueError", "RuntimeError", *vars(errors)} - {"Reason"}:
                    found[node.name] = bases[0], path.relative_to(PACKAGE).as_posix()
    return found


def test_the_tree_is_that_of_the_code() -> None:
    assert drawn() == defined()
