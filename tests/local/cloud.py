"""MiniStack, the local AWS: start it, wait until it answers, stop it.

Roles' policies are enforced (AUTH), so a function that asks for more than its role allows fails here too.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.local.process import LOCAL, Process, StartError, clean_environment, free_port

REGION = "us-east-1"
# MiniStack's root user.
ACCESS_KEY = "test"
SECRET_KEY = "test"
START_SECONDS = 30.0
START_ATTEMPTS = 3


@dataclass(frozen=True)
class Cloud:
    """A running local AWS."""

    endpoint_url: str
    process: Process

    def environment(self) -> dict[str, str]:
        """What a command-line tool needs to talk to this cloud and to no other."""
        return clean_environment() | {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def start(run_dir: Path, hold: Path | None = None) -> Cloud:
    """A new, empty cloud on a free port. It ends with this process, or with the file `hold`."""
    for _ in range(START_ATTEMPTS):  # between our look and its bind, somebody else may take the port
        cloud = launch(run_dir, hold, free_port())
        if is_ready(cloud):
            return cloud
        cloud.process.stop()
    raise StartError(f"MiniStack did not start: {cloud.process.log}")


def launch(run_dir: Path, hold: Path | None, port: int) -> Cloud:
    """Starts MiniStack without waiting for it."""
    temporary = run_dir / "tmp"
    temporary.mkdir(exist_ok=True)
    env = clean_environment() | {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "AUTH": "true",
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(temporary),
    }
    command = [str(LOCAL / "ministack" / "bin" / "python"), str(Path(__file__).with_name("emulator.py"))]
    return Cloud(f"http://127.0.0.1:{port}", Process(command, env, run_dir / "cloud.log", hold))


def is_ready(cloud: Cloud) -> bool:
    """Waits until the cloud answers; false when it ended or never did."""
    deadline = time.monotonic() + START_SECONDS
    while cloud.process.is_running() and time.monotonic() < deadline:
        try:
            answer = requests.get(f"{cloud.endpoint_url}/_ministack/health", timeout=2)
        except requests.RequestException:
            time.sleep(0.05)
            continue
        if answer.ok:
            return cloud.process.is_running()
    return False
