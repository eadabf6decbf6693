"""Kannel beside the gateway: its bearerbox and smsbox, as a server has them, send through the same simulated vendor.

Debian's package `kannel`. Messages are spooled to disk. It is asked for no delivery reports, and so does the first half
of a message's way only.
"""

import http.client
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

from tests.bench import cpu
from tests.bench.table import Row
from tests.local import simulators
from tests.local.process import Process, StartError, clean_environment, free_port, run_dir
from tests.local.simulators import Simulators
from tests.simulators.client import wait_until

MESSAGES = 2000
CLIENTS = 4
START_SECONDS = 20.0
TEXT = "您的验证码是482913，5分钟内有效。"
SEARCH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"  # Debian puts both daemons there


def rows() -> Iterator[Row]:
    programs = [shutil.which(name, path=SEARCH) for name in ("bearerbox", "smsbox")]
    if None in programs:
        yield Row("Kannel", "left out: it is not installed (Debian's package kannel)")
        return
    with run_dir("kannel") as path:
        vendors = simulators.start(path)
        running = [vendors.process]
        try:
            port, password = free_port(), secrets.token_hex(8)
            configuration = path / "kannel.conf"
            configuration.write_text(_configuration(vendors, path, port, password), encoding="utf-8")
            for program in programs:
                command = [str(program), "-v", "4", str(configuration)]
                running.append(Process(command, clean_environment(), path / f"{Path(str(program)).name}.log"))
                _wait_until_up(running[-1], configuration)
            yield from _measured(vendors, port, password, configuration)
        finally:
            for process in reversed(running):
                process.stop()


def _configuration(vendors: Simulators, path: Path, port: int, password: str) -> str:
    """langyu by GET, the one protocol of the five that Kannel's generic HTTP client can say."""
    (account,) = (entry for entry in vendors.accounts if entry["vendor"] == "langyu")
    (path / "spool").mkdir()
    fields = account["credentials"] | {"needstatus": "true", "product": account["options"]["product"]}
    send = f"{account['base_url']}/msg/HttpBatchSendSM?{urlencode(fields)}&mobile=%p&msg=%b"
    admin, boxes, incoming = free_port(), free_port(), free_port()
    groups = {
        "core": {
            "admin-port": admin,
            "admin-password": password,
            "smsbox-port": boxes,
            "box-allow-ip": "127.0.0.1",
            "store-type": "spool",
            "store-location": path / "spool",
        },
        "smsc": {
            "smsc": "http",
            "system-type": "generic",
            "port": incoming,
            "connect-allow-ip": "127.0.0.1",
            "send-url": send,
            "status-success-regex": ",0",
            "status-permfail-regex": ",[1-9]",
            "alt-charset": "UTF-8",
        },
        "smsbox": {"bearerbox-host": "127.0.0.1", "sendsms-port": port, "global-sender": "10690000"},
        "sendsms-user": {"username": "bench", "password": password, "max-messages": 10},
    }
    return "\n".join(
        f"group = {name}\n" + "".join(f'{key} = "{value}"\n' for key, value in fields.items())
        for name, fields in groups.items()
    )


def _wait_until_up(process: Process, configuration: Path) -> None:
    """smsbox connects to bearerbox once, and gives up when that does not listen yet: its port is looked at."""
    deadline = time.monotonic() + START_SECONDS
    ports = [int(line.split('"')[1]) for line in configuration.read_text().splitlines() if "smsbox-port" in line]
    while process.is_running() and time.monotonic() < deadline:
        if all(_listening(port) for port in ports):
            return
        time.sleep(0.05)
    raise StartError(f"Kannel did not start: {process.log}")


def _listening(port: int) -> bool:
    """Read from the system: a connection would count as a box."""
    wanted = f":{port:04X}"
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    return any(line.split()[1].endswith(wanted) and line.split()[3] == "0A" for line in lines)


def _measured(vendors: Simulators, port: int, password: str, configuration: Path) -> Iterator[Row]:
    wait_until(lambda: _listening(port), START_SECONDS, "smsbox")
    before = _processor_seconds(configuration)
    begun = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda first: _post(port, password, range(first, MESSAGES, CLIENTS)), range(CLIENTS)))
    yield Row(f"Kannel: messages accepted a second, {CLIENTS} clients", MESSAGES / (time.monotonic() - begun))
    wait_until(lambda: vendors.control.message_count() >= MESSAGES, 300, "Kannel's messages at the vendor")
    yield Row("Kannel: messages at the vendor a second", MESSAGES / (time.monotonic() - begun))
    used = _processor_seconds(configuration) - before
    yield Row("Kannel: processor time a message to the vendor, both daemons", used / MESSAGES * 1e6, "µs")
    ours = cpu.figures()
    yield Row(
        "the gateway's own of one OTP, with its report and events, without botocore (langyu, as Kannel)",
        ours["otp langyu"] * ours["unit"],
        "µs",
    )


def _post(port: int, password: str, indexes: range) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for index in indexes:
        fields = {"username": "bench", "password": password, "to": f"199{index:08d}", "text": TEXT}
        coding = {"charset": "UTF-8", "coding": "2"}
        connection.request("GET", f"/cgi-bin/sendsms?{urlencode(fields | coding)}")
        answer = connection.getresponse()
        answer.read()
        if answer.status != 202:
            raise RuntimeError(f"Kannel answered {answer.status}")
    connection.close()


def _processor_seconds(configuration: Path) -> float:
    """Of the processes that were started with this configuration, their leashes left out."""
    seconds = 0.0
    for process in Path("/proc").iterdir():
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
            if str(configuration).encode() in command and Path(command[0].decode()).name in ("bearerbox", "smsbox"):
                fields = (process / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
                seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except (OSError, UnicodeDecodeError):  # no process, or one that has ended
            continue
    return seconds
