"""Looks for secrets in every file of the project: `python -m tests.tools.leaks`, a part of `make check`.

detect-secrets finds what looks like one. What only looks like one is in leaks.txt, value by value, so that a real one
stands out also among the tests' own.
"""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import default_settings

ROOT = Path(__file__).parents[2]
# The parts of AWS's events that are random by nature, in our sample events.
RANDOM_IN_EVENTS = re.compile(
    r'\s*"(S|apiId|apiKeyId|body|domainPrefix|eventID|[a-z_]*id|in_reply_to|md5OfBody|path|receiptHandle)": '
)
NONE = frozenset(Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").splitlines())


@dataclass(frozen=True, slots=True)
class Find:
    """Where something looks like a secret, and like which kind. The value itself is not repeated."""

    path: Path
    line: int
    kind: str


def main() -> int:
    """Answers the exit status."""
    paths = list(project_files())
    finds = list(secrets_in(paths))
    for find in finds:
        print(f"{find.path.relative_to(ROOT)}:{find.line}: {find.kind}")
    if finds:
        print("Take secrets out, of the history too; what only looks like one goes into tests/tools/leaks.txt.")
    return 1 if finds or not paths else 0


def project_files() -> Iterator[Path]:
    """All files that git tracks, or would track if they were added; in an unpacked archive, all but our own output."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    except (FileNotFoundError, subprocess.CalledProcessError):
        found = (path.relative_to(ROOT) for path in ROOT.rglob("*"))
        listed = [str(path) for path in found if not path.parts[0].startswith(".") and "__pycache__" not in path.parts]
    yield from (ROOT / name for name in listed if name and (ROOT / name).is_file())


def secrets_in(paths: Iterable[Path]) -> Iterator[Find]:
    """What looks like a secret and is not known to be none."""
    with default_settings():
        for path in paths:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            for secret in scan_file(str(path)):
                line, value = lines[secret.line_number - 1], (secret.secret_value or "").strip()
                if not (value in NONE or is_random_in_events(path, line) or is_made_up(path, secret.type, value)):
                    yield Find(path, secret.line_number, secret.type)


def is_random_in_events(path: Path, line: str) -> bool:
    return path.is_relative_to(ROOT / "events") and RANDOM_IN_EVENTS.match(line) is not None


def is_made_up(path: Path, kind: str, value: str) -> bool:
    """A test's password, found by the word before it alone. A real one has capitals, small letters and digits."""
    real = all(re.search(letters, value) for letters in ("[A-Z]", "[a-z]", "[0-9]"))
    return path.is_relative_to(ROOT / "tests") and kind == "Secret Keyword" and not real


if __name__ == "__main__":
    sys.exit(main())
