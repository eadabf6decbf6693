"""`python -m tests.local up|down|demo`: the local cloud from the command line (see the Makefile)."""

import argparse
import importlib
import signal
import sys
from pathlib import Path
from types import FrameType

from tests.local.process import ROOT, StartError
from tests.local.running import down, read_accounts, up
from tests.local.stack import STACK_FILE


def main(arguments: list[str]) -> int:
    """Answers the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.local")
    commands = parser.add_subparsers(dest="command", required=True)
    starting = commands.add_parser("up", help="start the local cloud and leave .local/stack.json")
    starting.add_argument("--accounts", type=Path, help="an accounts document; without it, the simulated vendors'")
    commands.add_parser("down", help="stop it again")
    commands.add_parser("demo", help="send through all five vendors and show what happens")
    options = parser.parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, exit_on_signal)
    try:
        if options.command == "up":
            return start(options.accounts)
        if options.command == "down":
            print("stopped" if down() else "nothing was running")
            return 0
        return int(importlib.import_module("tests.local.demo").main())
    except StartError as error:
        print(error, file=sys.stderr)
        return 1


def start(accounts: Path | None) -> int:
    """Starts the local cloud and says where it is."""
    stack = up(read_accounts(accounts) if accounts else None)
    print(f"API: {stack.api_url}\nAWS: {stack.endpoint_url}\nkey and the rest: {STACK_FILE.relative_to(ROOT)}")
    return 0


def exit_on_signal(number: int, _frame: FrameType | None) -> None:
    """Lets everything that was started be stopped."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
