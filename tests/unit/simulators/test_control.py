"""The control address, magic numbers across vendors, and the process itself."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.simulators.client import ControlClient, ControlError, wait_until
from tests.simulators.fates import FATES, fate_of
from tests.simulators.server import running
from tests.simulators.sms import segments
from tests.unit.simulators.by_hand import Receiver, exchange, form

ROOT = Path(__file__).parents[3]
LOGIN = {"corp_id": "hb0001", "corp_pwd": "hb-pass-1"}
MESSAGE = {**LOGIN, "corp_service": "hb-svc", "msg_content": "hello", "corp_msg_id": "m1", "ext": "7"}


def send(ready: Mapping[str, Any], number: str, **changes: str) -> None:
    fields = {**MESSAGE, "mobile": number, **changes}
    assert exchange(ready["vendors"]["hbsmservice"] + "/sms_send2.do", form(fields, "gbk")) == (200, b"0#1")


def poll(ready: Mapping[str, Any], path: str, tag: str) -> list[str]:
    body = exchange(ready["vendors"]["hbsmservice"] + path, form(LOGIN))[1].decode("gbk")
    return re.findall(f"<{tag}>(.*?)</{tag}>", body)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 1), ("a" * 70, 1), ("a" * 71, 2), ("字" * 134, 2), ("字" * 135, 3), ("😀" * 35, 1), ("😀" * 36, 2)],
)
def test_segments_are_70_alone_and_67_together(text: str, expected: int) -> None:
    assert segments(text) == expected


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("13800130000", "delivered"),
        ("13800138999", "delivered"),
        ("13800139003", "failed-3"),
        ("13800139101", "late"),
        ("13800139999", "delivered"),
        ("19912349100", "delivered"),
    ],
)
def test_the_last_four_digits_decide(number: str, name: str) -> None:
    assert fate_of(number).name == name
    assert fate_of(number, magic=False).name == "delivered"


@pytest.mark.parametrize(
    ("ending", "errors"),
    [
        ("0000", ["0"]),
        ("9000", ["2"]),
        ("9042", ["MK:0042"]),
        ("9100", []),
        ("9101", ["0"]),
        ("9102", ["0", "0", "0"]),
        ("9103", ["0"]),
        ("9104", ["0", "2"]),
        ("9105", ["2", "0"]),
        ("9106", ["0"]),
        ("9108", ["000"]),
    ],
)
def test_fates_become_reports(ready: Mapping[str, Any], control: ControlClient, ending: str, errors: list[str]) -> None:
    send(ready, f"1381000{ending}")
    control.wait_until_idle()
    assert poll(ready, "/post_report.do", "err") == errors


@pytest.mark.parametrize(
    ("ending", "contents"),
    [
        ("9200", ["收到，谢谢"]),
        ("9201", ["TD"]),
        ("9202", ["退订"]),
        ("9206", ["a|b;c,d#@#e&lt;f&gt;&amp;g'h\"i"]),
        ("9207", [""]),
        ("9208", ["再来一次"] * 2),
        ("9209", ["5<6 & 7>6"]),
    ],
)
def test_fates_become_replies(
    ready: Mapping[str, Any], control: ControlClient, ending: str, contents: list[str]
) -> None:
    send(ready, f"1381000{ending}")
    control.wait_until_idle()
    assert poll(ready, "/post_deliverMsg.do", "content") == contents


def test_what_the_first_account_fails_another_delivers(ready: Mapping[str, Any], control: ControlClient) -> None:
    other = {"corp_id": "hb0002", "corp_pwd": "hb-pass-2"}
    control.add_account("hb-2", "hbsmservice", {**other, "corp_service": "hb-svc"})
    for login in ({}, {}, other):
        send(ready, "13810009110", **login)
    control.wait_until_idle()
    assert poll(ready, "/post_report.do", "err") == ["2", "2"]
    body = exchange(ready["vendors"]["hbsmservice"] + "/post_report.do", form(other))[1].decode("gbk")
    assert re.findall("<err>(.*?)</err>", body) == ["0"]


def test_the_readme_lists_every_fate() -> None:
    readme = (ROOT / "tests/simulators/README.md").read_text(encoding="utf-8")
    listed = {int(number) for number in re.findall(r"^\| `…([0-9]{4})` \|", readme, re.MULTILINE)}
    assert listed == set(FATES)


def test_duplicates_are_counted(ready: Mapping[str, Any], control: ControlClient) -> None:
    for text in ("one", "one", "two"):
        send(ready, "13810000001", msg_content=text)
    assert control.duplicates() == [{"number": "13810000001", "text": "one", "times": 2}]
    assert control.message_count(number="13810000001") == 3
    assert [found["text"] for found in control.messages(after=2)] == ["two"]


def test_the_log_masks_secrets_unless_asked(ready: Mapping[str, Any], control: ControlClient) -> None:
    send(ready, "13810000001")
    (entry,) = control.log(vendor="hbsmservice")
    assert (entry["method"], entry["path"], entry["operation"], entry["answer"]) == (
        "POST",
        "/sms_send2.do",
        "send",
        "0#1",
    )
    assert (entry["fields"]["corp_pwd"], entry["fields"]["mobile"]) == ("***", "13810000001")
    assert control.log(secrets=1)[0]["fields"]["corp_pwd"] == "hb-pass-1"
    assert control.log(after=entry["seq"]) == []


def test_a_custom_report_takes_its_ids_from_the_last_message(ready: Mapping[str, Any], control: ControlClient) -> None:
    control.settings(pacing_scale=0)
    send(ready, "13810009100")
    control.report("hb-1", "13810009100", "CB:0005", description="拦截")
    body = exchange(ready["vendors"]["hbsmservice"] + "/post_report.do", form(LOGIN))[1].decode("gbk")
    assert "<msg_id>m1</msg_id><err>CB:0005</err><fail_desc>拦截</fail_desc>" in body
    control.report("hb-1", "13800000000", "0", our_id="never-sent")
    assert poll(ready, "/post_report.do", "msg_id") == ["never-sent"]


def test_both_ways_of_delivery_give_everything_twice(
    ready: Mapping[str, Any], control: ControlClient, receiver: Receiver
) -> None:
    credentials = {"corp_id": "hbb", "corp_pwd": "p", "corp_service": "s"}
    control.add_account("hb-both", "hbsmservice", credentials, delivery={"reports": "both"})
    control.push("hb-both", reports_url=receiver.url)
    send(ready, "13810000001", **credentials)
    control.wait_until_idle()
    assert len(receiver.pushes) == 1
    body = exchange(ready["vendors"]["hbsmservice"] + "/post_report.do", form(credentials))[1]
    assert body.count(b"<report>") == 1


def test_pushes_wait_for_an_address(ready: Mapping[str, Any], control: ControlClient, receiver: Receiver) -> None:
    control.add_account("hj-wait", "heji", {"name": "hjw", "pwd": "p"})
    control.inbound("hj-wait", "13810000001", "收到")
    assert control.pushes(account="hj-wait") == []
    control.push("hj-wait", inbound_url=receiver.url)
    wait_until(lambda: len(receiver.pushes) == 1, 5, "the waiting push")


def test_accounts_are_published_as_the_gateway_wants_them(ready: Mapping[str, Any], control: ControlClient) -> None:
    assert [entry["vendor"] for entry in ready["accounts"]] == list(ready["vendors"])
    added = control.add_account("qx-2", "qixintong", {"us_name": "n", "us_pwd": "p"})
    assert added == {
        "name": "qx-2",
        "vendor": "qixintong",
        "base_url": ready["vendors"]["qixintong"],
        "credentials": {"us_name": "n", "us_pwd": "p"},
        "poll": ["reports", "inbound"],
        "options": {},
    }
    assert added in control.accounts()


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"name": "x", "vendor": "heji", "credentials": {"name": "n"}}, "credentials of heji"),
        ({"name": "hb-1", "vendor": "heji", "credentials": {"name": "n", "pwd": "p"}}, "is an account of"),
        (
            {"name": "x", "vendor": "heji", "credentials": {"name": "n", "pwd": "p"}, "delivery": {"reports": "fax"}},
            "delivery",
        ),
    ],
)
def test_wrong_accounts_are_refused(control: ControlClient, document: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(ControlError, match=problem):
        control.add_account(**document)


def test_wrong_orders_are_refused(control: ControlClient) -> None:
    with pytest.raises(ControlError, match="report_delays"):
        control.settings(report_delays=1)
    with pytest.raises(ControlError, match="expected"):
        control.settings(report_delay="soon")
    with pytest.raises(ControlError, match="one of"):
        control.settings(qixintong_ids="many")
    with pytest.raises(ControlError, match="nobody"):
        control.inbound("nobody", "13810000001", "x")
    with pytest.raises(ControlError, match="not an http address"):
        control.push("hb-1", reports_url="nowhere")
    with pytest.raises(ControlError, match="parts: hbsmservice sends none"):
        control.inbound("hb-1", "13810000001", "x", parts=[1])


def test_calls_in_flight_are_counted(ready: Mapping[str, Any], control: ControlClient) -> None:
    control.script("slow", vendor="hbsmservice", times=3, seconds=0.3)
    threads = [threading.Thread(target=send, args=(ready, f"1381000000{n}")) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert control.state()["accounts"]["hb-1"]["in_flight_max"] == 3


def test_reset_forgets_what_happened(ready: Mapping[str, Any], control: ControlClient) -> None:
    send(ready, "13810000001")
    control.inbound("hb-1", "13810000001", "x")
    control.script("close", vendor="heji")
    control.reset()
    state = control.state()
    assert (state["messages"], state["scripts"], control.log()) == (0, [], [])
    assert poll(ready, "/post_deliverMsg.do", "content") == []


def test_stopping_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())

    def hang(url: str) -> None:
        with suppress(OSError):
            exchange(f"{url}/?type=balance")

    with running() as simulators:
        control = ControlClient(simulators.control.url)
        control.script("hang_after", vendor="heji", seconds=60)
        hanging = threading.Thread(target=hang, args=(simulators.listeners["heji"].url,))
        hanging.start()
        wait_until(lambda: bool(control.log(vendor="heji")), 5, "the hanging call")
        control.inbound("hj-1", "13810000001", "x")
        control.push("hj-1", inbound_url="http://127.0.0.1:9/")
    hanging.join()
    assert set(threading.enumerate()) <= before


def test_the_process_writes_its_addresses_and_ends_on_sigterm(tmp_path: Path) -> None:
    ready_file = tmp_path / "ready.json"
    command = [sys.executable, "-S", "-m", "tests.simulators", "--ready-file", str(ready_file)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        wait_until(ready_file.exists, 10, "the ready file")
        ready = json.loads(ready_file.read_text(encoding="utf-8"))
        assert ready["pid"] == process.pid
        assert ControlClient(ready["control"]).state()["messages"] == 0
    finally:
        process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
