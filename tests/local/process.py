"""Background processes of the local cloud, each on a leash (leash.py), and the folders they run in."""

import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCAL = ROOT / ".local"
LEASH = Path(__file__).with_name("leash.py")
STOP_SECONDS = 30.0


class StartError(Exception):
    """Something that the local cloud consists of did not start; says where its log is."""


class Process:
    """A command that lives as long as we do, or as long as the file `hold` exists, if one is given."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], log: Path, hold: Path | None = None) -> None:
        self.log = log
        with log.open("wb") as output:
            self._leash = subprocess.Popen(
                [sys.executable, str(LEASH), str(hold or "-"), *command],
                cwd=ROOT,
                env=dict(env),
                stdin=subprocess.DEVNULL if hold else subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches us alone, and we stop things in order
            )

    def is_running(self) -> bool:
        """Whether the command has not ended."""
        return self._leash.poll() is None

    def stop(self) -> None:
        """Ends the command and everything it started; does nothing when it has ended."""
        if self._leash.stdin:
            self._leash.stdin.close()
        else:
            self._leash.terminate()
        self._leash.wait(STOP_SECONDS)


def release(hold: Path) -> None:
    """Removes the file that processes are held by and waits until they have ended."""
    try:
        lock = os.open(hold, os.O_RDONLY)
    except FileNotFoundError:
        return
    hold.unlink()
    try:
        deadline = time.monotonic() + STOP_SECONDS
        while not try_lock(lock):
            if time.monotonic() > deadline:
                raise TimeoutError(f"processes held by {hold} did not end")
            time.sleep(0.05)
    finally:
        os.close(lock)


def try_lock(descriptor: int) -> bool:
    """Whether nobody else has the file locked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def new_run_dir(purpose: str) -> Path:
    """A folder of one run alone, so that two at once never meet."""
    path = LOCAL / "run" / f"{purpose}-{secrets.token_hex(4)}"
    path.mkdir(parents=True)
    return path


@contextmanager
def run_dir(purpose: str) -> Iterator[Path]:
    """A run's folder, removed at the end of a good run; a failed one leaves its logs and says where."""
    path = new_run_dir(purpose)
    try:
        yield path
    except BaseException:
        print(f"logs: {path.relative_to(ROOT)}", file=sys.stderr)
        raise
    shutil.rmtree(path, ignore_errors=True)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment() -> dict[str, str]:
    """Our environment without the user's AWS settings and without proxies for this machine."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_"))}
    for name in ("NO_PROXY", "no_proxy"):
        env[name] = ",".join(filter(None, [env.get(name), "127.0.0.1", "localhost"]))
    return env
