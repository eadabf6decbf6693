"""The langyu simulator against requests written by hand from its document."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.simulators.client import ControlClient
from tests.simulators.fates import LONG_REPLY
from tests.unit.simulators.by_hand import Receiver, exchange, form

MESSAGE = {
    "account": "ly0001",
    "pswd": "ly-pass-1",
    "mobile": "18900000000,13800138000",
    "msg": "【朗宇信息】您好",
    "needstatus": "true",
    "product": "1234567",
}


def send(ready: Mapping[str, Any], **changes: str) -> list[str]:
    status, body = exchange(ready["vendors"]["langyu"] + "/msg/HttpBatchSendSM", form({**MESSAGE, **changes}))
    assert status == 200
    assert body.endswith(b"\n")
    return body.decode().splitlines()


def test_the_documents_example_by_get_is_answered_in_two_lines(
    ready: Mapping[str, Any], control: ControlClient
) -> None:
    status, body = exchange(f"{ready['vendors']['langyu']}/msg/HttpBatchSendSM?{form(MESSAGE).decode()}")
    assert status == 200
    assert re.fullmatch(rb"[0-9]{14},0\n[0-9]{13,}\n", body)
    first, second = control.messages(vendor="langyu")
    assert first["text"] == "【朗宇信息】您好"
    assert first["vendor_id"] == second["vendor_id"] == body.decode().splitlines()[1]


def test_without_needstatus_there_is_no_second_line_and_no_report(
    ready: Mapping[str, Any], control: ControlClient
) -> None:
    assert len(send(ready, needstatus="false")) == 1
    assert control.state()["scheduled"] == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"account": "nobody"}, "101"),
        ({"pswd": "wrong"}, "102"),
        ({"msg": ""}, "106"),
        ({"msg": "字" * 537}, "106"),
        ({"msg": "字" * 536}, "0"),
        ({"mobile": ""}, "108"),
        ({"mobile": ",".join(["13800138000"] * 50_001)}, "108"),
        ({"product": "999"}, "112"),
        ({"product": ""}, "112"),  # it has several
        ({"extno": "1a"}, "113"),
        ({"msg": "这是违禁词"}, "105"),
    ],
)
def test_limits_have_their_codes(
    ready: Mapping[str, Any], control: ControlClient, changes: Mapping[str, str], code: str
) -> None:
    lines = send(ready, **changes)
    assert lines[0].split(",")[1] == code
    assert len(lines) == (2 if code == "0" else 1)


def test_a_signature_may_be_required_and_submissions_paced(ready: Mapping[str, Any], control: ControlClient) -> None:
    credentials = {"account": "ly-strict", "pswd": "p"}
    control.add_account("ly-strict", "langyu", credentials, signature_required=True, requests_per_second=1)
    assert send(ready, **credentials, msg="您好")[0].endswith(",116")
    control.settings(pacing_scale=10)
    assert send(ready, **credentials)[0].endswith(",103")
    control.settings(clock_offset=20)
    assert send(ready, **credentials)[0].endswith(",0")


def test_balance_has_a_line_per_product_and_takes_ten_seconds(ready: Mapping[str, Any], control: ControlClient) -> None:
    control.add_account(
        "ly-rich", "langyu", {"account": "lyr", "pswd": "p"}, balances={"1234567": 1000, "1234531": 2000}
    )
    url = ready["vendors"]["langyu"] + "/msg/QueryBalance"
    login = {"account": "lyr", "pswd": "p"}
    send(ready, **login)
    assert re.fullmatch(rb"[0-9]{14},0\n1234567,998\n1234531,2000\n", exchange(url, form(login))[1])
    assert exchange(url, form(login))[1].endswith(b",103\n")
    control.settings(clock_offset=10.5)
    assert b",0\n" in exchange(url, form(login))[1]
    control.add_account("ly-rich", "langyu", login, balances={"1234567": 1})
    assert send(ready, **login)[0].endswith(",109")


def test_reports_are_pushed_by_get_one_by_one(
    ready: Mapping[str, Any], control: ControlClient, receiver: Receiver
) -> None:
    control.add_account("ly-push", "langyu", {"account": "lyp", "pswd": "p"})
    control.push("ly-push", reports_url=f"{receiver.url}/push/reports", inbound_url=f"{receiver.url}/push/inbound")
    lines = send(ready, account="lyp", pswd="p", mobile="13900210020,13900219001,13900219077")
    control.wait_until_idle()
    assert {push.method for push in receiver.pushes} == {"GET"}
    queries = {found["mobile"][0]: found for found in (parse_qs(push.query) for push in receiver.pushes)}
    assert {number: query["status"] for number, query in queries.items()} == {
        "13900210020": ["DELIVRD"],
        "13900219001": ["ROUTEERR"],
        "13900219077": ["JA:0077"],
    }
    query = queries["13900210020"]
    assert (query["receiver"], query["pswd"], query["msgid"]) == (["gateway"], ["push-pass-ly"], [lines[1]])
    assert re.fullmatch("[0-9]{10}", query["reportTime"][0])


def test_a_long_reply_comes_in_parts_out_of_order(
    ready: Mapping[str, Any], control: ControlClient, receiver: Receiver
) -> None:
    control.settings(push_concurrency=1)
    control.add_account("ly-long", "langyu", {"account": "lyl", "pswd": "p"})
    control.push("ly-long", inbound_url=f"{receiver.url}/in", method="POST", credentials={})
    send(ready, account="lyl", pswd="p", mobile="13900219203", extno="77")
    control.wait_until_idle()
    parts = [parse_qs(push.body.decode(), keep_blank_values=True) for push in receiver.pushes]
    heads = [part["emshead"][0].split(",") for part in parts]
    assert [head[1:] for head in heads] == [["3", "3"], ["3", "1"], ["3", "2"]]
    assert parts[0]["receiver"] == [""]
    assert parts[0]["destcode"] == ["1065753252192477"]
    in_order = sorted(parts, key=lambda part: part["emshead"][0].rpartition(",")[2])
    assert "".join(part["msg"][0] for part in in_order) == LONG_REPLY
