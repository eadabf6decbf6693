"""Nothing that the local cloud starts outlives whoever holds it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.local.process import ROOT, Process, clean_environment, release, try_lock

# A process and its child, which share a lock on the first file and say so by making the second.
FAMILY = """
import fcntl, pathlib, subprocess, sys, time
lock = open(sys.argv[1], "w")
fcntl.flock(lock, fcntl.LOCK_EX)
subprocess.Popen(["sleep", "600"], pass_fds=[lock.fileno()])
pathlib.Path(sys.argv[2]).touch()
time.sleep(600)
"""
# A process that holds a family and is then killed.
HOLDER = """
import sys, time
from pathlib import Path
from tests.local.process import Process, clean_environment
Process(sys.argv[2:], clean_environment(), Path(sys.argv[1]))
time.sleep(600)
"""
SECONDS = 20.0


def family(tmp_path: Path) -> list[str]:
    return [sys.executable, "-c", FAMILY, str(tmp_path / "lock"), str(tmp_path / "started")]


def wait_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_gone(tmp_path: Path) -> bool:
    """Whether nobody of the family is left to hold the lock."""
    lock = os.open(tmp_path / "lock", os.O_RDONLY)
    try:
        return try_lock(lock)
    finally:
        os.close(lock)


def test_stop_ends_a_process_and_its_children(tmp_path: Path) -> None:
    process = Process(family(tmp_path), clean_environment(), tmp_path / "log")
    assert wait_until((tmp_path / "started").exists)
    assert process.is_running()
    assert not is_gone(tmp_path)
    process.stop()
    assert not process.is_running()
    assert wait_until(lambda: is_gone(tmp_path))


def test_a_killed_holder_leaves_nothing_behind(tmp_path: Path) -> None:
    # GIVEN a process that started others and cannot clean up
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "log"), *family(tmp_path)]
    holder = subprocess.Popen(command, cwd=ROOT)
    try:
        assert wait_until((tmp_path / "started").exists)
    finally:
        # WHEN it is killed
        holder.kill()
        holder.wait()
    # THEN they end
    assert wait_until(lambda: is_gone(tmp_path))


def test_release_waits_until_what_a_file_holds_has_ended(tmp_path: Path) -> None:
    hold = tmp_path / "hold"
    hold.touch()
    process = Process(family(tmp_path), clean_environment(), tmp_path / "log", hold)
    assert wait_until((tmp_path / "started").exists)
    release(hold)
    assert is_gone(tmp_path)
    assert wait_until(lambda: not process.is_running())


def test_release_of_nothing_does_nothing(tmp_path: Path) -> None:
    release(tmp_path / "hold")
    assert not list(tmp_path.iterdir())
