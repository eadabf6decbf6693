"""No file refers to what the repository does not have: a file, a function, somebody's document or machine."""

from pathlib import Path

import pytest

from tests.tools.references import Known, anchors, endings, finds, finds_in

FILES = {"layers/gateway/smsgateway/store/table.py", "tests/README.md", "template.yaml"}
KNOWN = Known(endings(FILES), {"table": frozenset({"Table", "to_wire"})})
MACHINE = "/ho" + "me/somebody/key"


def test_every_reference_leads_somewhere() -> None:
    assert [str(find) for find in finds()] == []


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.py", '"""Reads what store/tables.py wrote."""\n', "no such file: store/tables.py"),
        ("a.py", "def f():\n    '''See gone.md for it.'''\n", "no such file: gone.md"),
        (
            "a.py",
            "class A:\n    '''Notes: ../elsewhere/protocols/README.txt.'''\n",
            "../elsewhere/protocols/README.txt",
        ),
        ("a.py", "x = 1  # by vendor.txt, section 3\n", "no such file: vendor.txt"),
        ("a.py", '"""Accepts (design, sec' + 'tion 6)."""\n', "a document that is not here"),
        ("a.py", '"""What the des' + 'ign says of it."""\n', "a document that is not here"),
        ("a.py", "# as is" + "sue 10 wants it\n", "a document that is not here"),
        ("a.py", f'KEY = "{MACHINE}"\n', "a path of somebody's machine"),
        ("a.py", '"""Written as store.table.from_wire reads it."""\n', "table has no from_wire"),
        ("Makefile", "\tpip install --index" + "-url https://x\n", "a package index"),
        ("template.yaml", "# see deploy.md\nA: 1\n", "no such file: deploy.md"),
        ("a.md", "As `tests/bench.py` shows.\n", "no such file: tests/bench.py"),
        ("a.md", "[here](nowhere.md)\n", "no such file: nowhere.md"),
        ("a.md", "# One\n\n[there](#two)\n", "no such heading: #two"),
    ],
)
def test_a_planted_one_is_found(name: str, text: str, found: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    problems = [str(find) for find in finds_in(name, tmp_path / name, KNOWN)]
    assert any(found in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", '"""As table.py and store/table.py do; see tests/README.md."""\n'),
        ("a.py", '"""`GET /openapi.json`; codecs/<vendor>.py; `tests/cases/*/codes.txt`; .local/stack.json."""\n'),
        ("a.py", '"""The manual, section 4.2; RFC 9112, section 6.3."""\nGONE = "gone.md"\n'),
        ("a.py", '"""As table.to_wire and store.table.Table do; https://table.example/x."""\n'),
        ("a.md", "# Two words\n\n[here](#two-words) and [there](https://example.com/a.md)\n"),
    ],
)
def test_what_leads_somewhere_is_left_alone(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert list(finds_in(name, tmp_path / name, KNOWN)) == []


def test_anchors_are_githubs() -> None:
    assert anchors("## `POST /messages`\n### What's \\_left\\_, then?\n") == {"post-messages", "whats-_left_-then"}
