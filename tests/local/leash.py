"""Runs a command for as long as somebody holds it, then ends it and everything it started.

    python leash.py HOLD COMMAND …

HOLD is a file, held while it exists, or `-`, held while our standard input is open: while whoever started us lives,
however it ends. A file is locked (shared) for as long as we run, so that who removes it can wait for us.
"""

import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

LOOK_EVERY = 0.2
GRACE_SECONDS = 10.0


def main(hold: str, command: list[str]) -> int:
    """Answers the command's exit status, negative for a signal."""
    if hold == "-":
        held = standard_input_is_open
    else:
        lock = os.open(hold, os.O_RDONLY)  # closed, and so unlocked, when we end
        fcntl.flock(lock, fcntl.LOCK_SH)
        held = file_exists(Path(hold))
    signal.signal(signal.SIGTERM, exit_on_signal)
    # Neither our standard input nor the lock goes to the command: it could outlive us.
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        while process.poll() is None and held():
            pass
    finally:
        end_group(process)
    return process.returncode


def file_exists(path: Path) -> Callable[[], bool]:
    """A look at the file, once every LOOK_EVERY seconds."""

    def held() -> bool:
        time.sleep(LOOK_EVERY)
        return path.exists()

    return held


def standard_input_is_open() -> bool:
    """Waits up to LOOK_EVERY seconds for the end of standard input. Nobody writes to it."""
    readable, _, _ = select.select([sys.stdin.buffer], [], [], LOOK_EVERY)
    return not readable


def exit_on_signal(number: int, _frame: FrameType | None) -> None:
    """Lets `finally` run."""
    sys.exit(128 + number)


def end_group(leader: subprocess.Popen[bytes]) -> None:
    """Asks the whole process group to end, and insists after GRACE_SECONDS."""
    signal_group(leader.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        leader.wait(GRACE_SECONDS)
    signal_group(leader.pid, signal.SIGKILL)
    leader.wait()


def signal_group(group: int, number: signal.Signals) -> None:
    """Does nothing when no process of the group is left."""
    with suppress(ProcessLookupError):
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
