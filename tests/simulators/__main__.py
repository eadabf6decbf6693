"""`python -m tests.simulators`: SMS vendors on 127.0.0.1, until SIGTERM or SIGINT."""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from tests.simulators.server import running


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulators", description=__doc__)
    parser.add_argument("--control-port", type=int, default=0, help="port of the control address (0: any free one)")
    parser.add_argument("--first-port", type=int, default=0, help="the vendors take this port and the next ones")
    parser.add_argument("--ready-file", type=Path, help="where to write addresses and accounts (else: stdout)")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with running(options.control_port, options.first_port) as simulators:
        ready = json.dumps({**simulators.ready(), "pid": os.getpid()}, ensure_ascii=False, indent=2)
        if options.ready_file is None:
            print(ready, flush=True)
        else:
            partial = options.ready_file.with_name(f"{options.ready_file.name}.partial")
            partial.write_text(ready + "\n", encoding="utf-8")
            partial.replace(options.ready_file)  # readers never see half a file
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
