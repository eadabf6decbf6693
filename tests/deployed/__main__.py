"""`python -m tests.deployed preflight|redrive|smoke`: a stack on AWS from the command line (see the Makefile)."""

import argparse
import sys
from pathlib import Path

from tests.deployed import preflight
from tests.deployed.smoke import Trial, smoke
from tests.deployed.stack import clients, deployed, refusals_in_a_sentence
from tests.local.process import StartError
from tests.local.redrive import redrive


def main(arguments: list[str]) -> int:
    """Answers the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.deployed")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("preflight", help="whether what samconfig.toml asks for can be deployed")
    moving = commands.add_parser("redrive", help="put what is in the dead-letter queues back into their queues")
    moving.add_argument("stack")
    trying = commands.add_parser("smoke", help="deploy a stack, try it, update it and delete it")
    trying.add_argument("stack")
    trying.add_argument("--accounts", type=Path, required=True, help="an accounts document with a test account")
    trying.add_argument("--to", required=True, help="a number that may get a text")
    options = parser.parse_args(arguments)
    try:
        with refusals_in_a_sentence():
            if options.command == "preflight":
                return look_first()
            if options.command == "redrive":
                for name, moved in redrive(deployed(options.stack, clients())).items():
                    print(f"{name}: {moved} put back")
                return 0
            return smoke(Trial.on_aws(options.stack, options.accounts, options.to))
    except StartError as error:
        print(error, file=sys.stderr)
        return 1


def look_first() -> int:
    wanted = preflight.plan()
    found = list(preflight.problems(wanted, clients(wanted.region, wanted.profile), preflight.now()))
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
