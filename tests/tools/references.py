"""Finds what a file refers to and the repository does not have: files, functions, documents, machines.

For names of files it reads prose only: Markdown, and the docstrings and comments of Python, YAML, TOML and make. A
vendor's own document is cited by its title and section, which are no names of files.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.tools.leaks import ROOT, project_files

SUFFIXES = "py|md|ya?ml|toml|txt|json|xml|form|query|html|sh|cfg|ini|pdf|docx?"
# A path as prose writes it. One with a placeholder (`<vendor>.py`, `*.json`) names no single file, and one that begins
# with a slash is an address of the API.
_PATH = re.compile(rf"(?<![\w/.:<>*…$-])((?:\.{{1,2}}/)*(?:\.?[\w-][\w.-]*/)*[\w-][\w.-]*\.(?:{SUFFIXES}))(?![\w/])")
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_SITE = re.compile(r"[\w.-]+\.(?:com|org|net|cn|io)/")  # an address without its scheme
# Made while the project is used, or by whoever follows a page's commands.
_MADE = (".local/", ".aws-sam/", "accounts.json", "consumer.yaml", "record.json")
_NOT_HERE = re.compile(
    r"\bthe designs?\b|\bdesign(?:\.md)?,? sections?\b|\((?:the )?design\b|\bissues? #?\d+\b", re.IGNORECASE
)
_MACHINE = re.compile(r"(?<![\w.$}>/-])/(?:work|root|home|Users|mnt)/[\w.]")
_ELSEWHERE = {
    "a path of somebody's machine": _MACHINE,
    "a package index": re.compile(r"--(?:extra-)?index-url"),
}
# `table.get_many`, `store.pages.put_page`: a module and what is defined in it.
_DOTTED = re.compile(r"(?<![\w./#:<-])(?:[a-z_]+\.)*([a-z_]+)\.([A-Za-z_]+)(?![\w.])")
_OTHER_MODULES = {"push", "requests"}  # as prose means them: a member of the accounts document, the library
_VENDORS_BYTES = ("tests/cases/", "tests/fuzz/finds/", "events/")


@dataclass(frozen=True, slots=True)
class Find:
    """A reference that leads nowhere. `line` counts from 1."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def finds() -> list[Find]:
    """Every such reference in the project's files."""
    paths = {str(path.relative_to(ROOT)): path for path in project_files()}
    known = Known(endings(paths), definitions(path for name, path in paths.items() if name.endswith(".py")))
    return [find for name in sorted(paths) for find in finds_in(name, paths[name], known)]


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to refer to: files, by what prose may call them, and by each module's name what it defines."""

    files: frozenset[str]
    modules: Mapping[str, frozenset[str]] = field(default_factory=dict)


def endings(names: Iterable[str]) -> frozenset[str]:
    """All that prose may call files of these paths: each path, or as much of its end as is said."""
    return frozenset("/".join(name.split("/")[start:]) for name in names for start in range(name.count("/") + 1))


def definitions(paths: Iterable[Path]) -> dict[str, frozenset[str]]:
    """What is defined, imported or contained in each module or package of these files, by its name without its path."""
    found: dict[str, set[str]] = {}
    for path in paths:
        package = path.name == "__init__.py"
        names = found.setdefault(path.parent.name if package else path.stem, set())
        names |= {beside.stem for beside in path.parent.iterdir()} if package else set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.FunctionDef() | ast.ClassDef():
                    names.add(node.name)
                case ast.Name(ctx=ast.Store()):
                    names.add(node.id)
                case ast.ImportFrom():
                    names |= {alias.asname or alias.name for alias in node.names}
    return {module: frozenset(names) for module, names in found.items()}


def finds_in(name: str, path: Path, known: Known) -> Iterator[Find]:
    """What the file `name`, which stands at `path`, refers to that is not there."""
    if name.startswith(_VENDORS_BYTES) and not name.endswith((".md", ".py")):
        return
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    for line, words in enumerate(text.splitlines(), 1):
        yield from (Find(name, line, f"{what}: {found}") for what, found in _elsewhere(words))
    for line, words in prose_of(name, text):
        yield from (Find(name, line, what) for what in _missing(words, known.files))
        if name.endswith(".py"):
            yield from (Find(name, line, what) for what in _renamed(words, known.modules))
    if name.endswith(".md"):
        yield from broken_links(name, path, text)


def _elsewhere(words: str) -> Iterator[tuple[str, str]]:
    for what, pattern in _ELSEWHERE.items():
        if found := pattern.search(words):
            yield what, found[0]


def _missing(words: str, files: frozenset[str]) -> Iterator[str]:
    """The documents and files that a line of prose refers to and that are not there."""
    if found := _NOT_HERE.search(words):
        yield f"a document that is not here: {found[0]}"
    for referred in _PATH.findall(words):
        plain = re.sub(r"^(?:\.{1,2}/)+", "", referred)
        if not (plain in files or referred.startswith(_MADE) or _SITE.match(referred)):
            yield f"no such file: {referred}"


def _renamed(words: str, modules: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """The names that a line of prose looks for in a module and that are not there."""
    for module, member in _DOTTED.findall(words):
        elsewhere = module in _OTHER_MODULES or re.fullmatch(f"{SUFFIXES}|com|org|net|cn", member)
        if not elsewhere and member not in modules.get(module, {member}):
            yield f"{module} has no {member}"


def broken_links(name: str, path: Path, text: str) -> Iterator[Find]:
    """A Markdown file's links to files and headings that are not there."""
    for line, words in enumerate(_FENCE.sub(lambda block: "\n" * block[0].count("\n"), text).splitlines(), 1):
        for link in _LINK.findall(words):
            if "://" in link or link.startswith("mailto:"):
                continue
            target, _, anchor = link.partition("#")
            there = (path.parent / target).resolve() if target else path
            if not there.exists():
                yield Find(name, line, f"no such file: {target}")
            elif anchor and there.suffix == ".md" and anchor not in anchors(there.read_text(encoding="utf-8")):
                yield Find(name, line, f"no such heading: {link}")


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    plain = (re.sub(r"\\(.)", r"\1", heading) for heading in _HEADING.findall(_FENCE.sub("", text)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def prose_of(name: str, text: str) -> Iterator[tuple[int, str]]:
    """The lines of a file that people read, each with its number."""
    if name.endswith(".md"):
        yield from enumerate(text.replace("\\_", "_").splitlines(), 1)
    elif name.endswith(".py"):
        yield from _docstrings(text)
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
    elif name.endswith((".yaml", ".toml", "Makefile", ".gitignore", ".gitattributes")):
        for line, words in enumerate(text.splitlines(), 1):
            if found := re.search(r"(?:^|\s)#(.*)", words):
                yield line, found[1]


def _docstrings(text: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and ast.get_docstring(node):
                yield from enumerate(str(first.value.value).splitlines(), first.lineno)
