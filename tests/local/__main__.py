"""`python -m tests.local up|down|demo|accounts|document|redrive`: the local cloud by commands (see the Makefile)."""

import argparse
import importlib
import json
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from smsgateway.config.accounts import parse_accounts
from smsgateway.errors import ConfigurationError
from tests.local.process import ROOT, StartError
from tests.local.redrive import redrive
from tests.local.running import down, up
from tests.local.stack import STACK_FILE, Stack


def main(arguments: list[str]) -> int:
    """Answers the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.local")
    commands = parser.add_subparsers(dest="command", required=True)
    starting = commands.add_parser("up", help="start the local cloud and leave .local/stack.json")
    starting.add_argument("--accounts", type=Path, help="an accounts document (else: simulators)")
    commands.add_parser("down", help="stop it again")
    commands.add_parser("redrive", help="put what is in the dead-letter queues back into their queues")
    commands.add_parser("demo", help="send through all vendors and show what happens")
    checking = commands.add_parser("accounts", help="check an accounts document")
    checking.add_argument("file", type=Path)
    changing = commands.add_parser("document", help="print the accounts document of what runs, or replace it")
    changing.add_argument("file", type=Path, nargs="?", help="the new one")
    options = parser.parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, exit_on_signal)
    try:
        if options.command == "up":
            start(options.accounts)
            return 0
        if options.command == "down":
            print("stopped" if down() else "nothing was running")
            return 0
        if options.command == "accounts":
            document = accounts_document(options.file, allow_loopback=False)
            print(
                f"{options.file}: good; accounts {len(document['accounts'])}, routes {len(document.get('routes', []))}"
            )
            return 0
        if options.command == "document":
            show_or_replace(running_stack(), options.file)
            return 0
        if options.command == "redrive":
            for name, moved in redrive(running_stack()).items():
                print(f"{name}: {moved} put back")
            return 0
        return int(importlib.import_module("tests.local.demo").main())
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def start(accounts: Path | None) -> None:
    """Starts the local cloud anew, with an accounts document or with the simulators."""
    document = accounts_document(accounts, allow_loopback=True) if accounts else None
    if down():
        print("stopped the local cloud that was running; its data is gone")
    say_where(up(document))


def accounts_document(path: Path, *, allow_loopback: bool) -> dict[str, Any]:
    """The accounts document in a file. Raises StartError for one that the gateway would refuse."""
    try:
        text = path.read_text(encoding="utf-8")
        parse_accounts(text, allow_loopback=allow_loopback)
    except (OSError, UnicodeDecodeError, ConfigurationError) as error:
        raise StartError(f"{path}: {error}") from None
    document: dict[str, Any] = json.loads(text)
    return document


def show_or_replace(stack: Stack, path: Path | None) -> None:
    """Prints the accounts document of a stack, or puts that of a file in its place."""
    if path is None:
        print(json.dumps(stack.read_accounts(), ensure_ascii=False, indent=2))
        return
    stack.write_accounts(accounts_document(path, allow_loopback=True))
    print(f"{path}: in place; every function has it within a minute")


def running_stack() -> Stack:
    """What `make up` left. Raises StartError when there is nothing."""
    try:
        return Stack.load()
    except FileNotFoundError:
        raise StartError("no local cloud is running: `make up` starts it") from None


def say_where(stack: Stack) -> None:
    """What a user of the local cloud needs next."""
    print(f"API: {stack.api_url}\nAWS: {stack.endpoint_url}\nkey and the rest: {STACK_FILE.relative_to(ROOT)}")
    if stack.simulators:
        print(f"simulated vendors: {stack.simulators}/control/messages")
    print("`make down` stops it")


def exit_on_signal(number: int, _frame: FrameType | None) -> None:
    """Lets everything that was started be stopped."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
