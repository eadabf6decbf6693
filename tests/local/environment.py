"""Makes a virtual environment under .local for a file of pinned requirements, unless it is there already.

    python3.13 tests/local/environment.py NAME REQUIREMENTS

Uses nothing but the standard library: it runs before anything is installed.
"""

import fcntl
import hashlib
import re
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCAL = ROOT / ".local"


def main(name: str, requirements: Path) -> None:
    """Makes .local/NAME; a second run that comes meanwhile waits for the first."""
    LOCAL.mkdir(exist_ok=True)
    with (LOCAL / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = LOCAL / name / "requirements.sha256"
        wanted = digest(requirements)
        if stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
            return
        print(f"setting up .local/{name}", flush=True)
        install(LOCAL / name, requirements)
        stamp.write_text(wanted, encoding="ascii")


def digest(requirements: Path) -> str:
    """Changes when the pins, those of included files, the interpreter or the environment's place change."""
    content = f"{sys.version}\n{LOCAL}\n{pins(requirements)}"
    return hashlib.sha256(content.encode()).hexdigest()


def pins(requirements: Path) -> str:
    """The file's text and that of the files it includes with `-r`."""
    text = requirements.read_text(encoding="utf-8")
    included = re.findall(r"^-r (\S+)$", text, re.MULTILINE)
    return text + "".join(pins(requirements.parent / name) for name in included)


def install(path: Path, requirements: Path) -> None:
    """A new environment in place of an older one. The files pin everything, so nothing is resolved."""
    venv.create(path, clear=True, with_pip=True)
    pip = [str(path / "bin" / "python"), "-m", "pip", "-qq", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--no-deps", "--requirement", str(requirements)], check=True)


if __name__ == "__main__":
    if sys.version_info[:2] != (3, 13):
        sys.exit(f"Python 3.13 is needed, this is {sys.version.split()[0]}: make PYTHON=…")
    main(sys.argv[1], ROOT / sys.argv[2])
