"""Functions, classes and constants keep to the glossary.

A word that the glossary has given up, or keeps for one thing, is no name for another.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[3] / "layers" / "gateway" / "smsgateway"
TREES = {
    path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
}
# Each with where it may stand: in rooms and files whose word it is, and in names that others rely on.
KEPT_FOR = {
    # "Send" is for the vendor alone. The rest: a socket's own methods, and the API's name of its first route.
    "send": ("sending/", "codecs/", "calling/transport.py", "send_message"),
    # A receipt is a delivery report, which the code calls a report; queues and their variables keep their names.
    "receipt": ("codecs/infocloud/", "receipt_queue_url"),
    # It meant two things: a retry in doubt, and a reroute after a failure. The API and the table keep it.
    "resend": ("api/schemas/",),
    # What a vendor counts are statistics; the event, the API and the option keep their names.
    "figures": ("api/schemas/", "codecs/infocloud/", "figures_tolerance"),
}


def names_in(tree: ast.AST) -> Iterator[str]:
    """What a module calls its functions, classes and constants."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Assign(targets=[ast.Name(id=name)]) if name.isupper():
                yield name


def words_of(name: str) -> list[str]:
    """`SmallWords`, `small_words` and `SMALL_WORDS` are two words each, in the singular and in small letters."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().split("_")
    return [word for word in apart if word]


@pytest.mark.parametrize("word", KEPT_FOR)
def test_a_word_keeps_its_one_meaning(word: str) -> None:
    forms = {word, f"{word}s", f"{word}er"}
    places = KEPT_FOR[word]
    found = [
        f"{file}: {name}" for file, tree in TREES.items() for name in names_in(tree) if forms & set(words_of(name))
    ]
    assert [each for each in found if not each.startswith(places) and not each.endswith(places)] == []


def test_words_are_told_apart() -> None:
    assert (
        words_of("ReceiptReader") == words_of("receipt_reader") == words_of("_RECEIPT_READER") == ["receipt", "reader"]
    )
