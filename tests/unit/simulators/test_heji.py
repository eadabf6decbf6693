"""The heji simulator against requests written by hand from its document."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.simulators.client import ControlClient
from tests.unit.simulators.by_hand import Receiver, exchange, form

MESSAGE = {
    "name": "hj0001",
    "pwd": "hj-pass-1",
    "content": "testmsg",
    "mobile": "18266878877,18655555555",
    "stime": "",
    "sign": "testsign",
    "type": "pt",
    "extno": "",
}


def post(ready: Mapping[str, Any], fields: Mapping[str, str]) -> str:
    status, body = exchange(ready["vendors"]["heji"] + "/sms.aspx", form(fields))
    assert status == 200
    return body.decode()


def test_six_fields_and_an_id_longer_than_64_bits(ready: Mapping[str, Any], control: ControlClient) -> None:
    answer = post(ready, {**MESSAGE, "mobile": "18266878877,18655555555,12345,18655559301"})
    found = re.fullmatch("0, ([0-9]{26}),1,2,1,提交成功", answer)
    assert found
    assert int(found[1]) > 2**64
    first, second = control.messages()
    assert first["text"] == "【testsign】testmsg"
    assert first["vendor_id"] == second["vendor_id"] == found[1]


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"name": "nobody"}, "10,账号不存在"),
        ({"pwd": "wrong"}, "10,账号不存在"),
        ({"content": "这是违禁词"}, "1,含有敏感词汇"),
        ({"mobile": ""}, "3,没有号码"),
        ({"content": "x; drop table users"}, "4,包含sql语句"),
        ({"content": "字" * 501}, "14,格式错误"),
        ({"content": ""}, "14,格式错误"),
        ({"stime": "tomorrow"}, "14,格式错误"),
        ({"extno": "1a"}, "14,格式错误"),
        ({"type": "xx"}, "14,格式错误"),
    ],
)
def test_refusals_have_two_fields(
    ready: Mapping[str, Any], control: ControlClient, change: Mapping[str, str], answer: str
) -> None:
    assert post(ready, {**MESSAGE, **change}) == answer


def test_bytes_that_are_not_utf8_are_a_format_error(ready: Mapping[str, Any], control: ControlClient) -> None:
    body = form({**MESSAGE, "content": "您好"}, "gbk")
    assert exchange(ready["vendors"]["heji"], body)[1].decode() == "14,格式错误"


def test_balance_counts_the_signature(ready: Mapping[str, Any], control: ControlClient) -> None:
    login = {"name": "hj-poor", "pwd": "p"}
    control.add_account("hj-poor", "heji", login, balances={"短信": 3})
    assert post(ready, {**login, "type": "balance"}) == "0,3"
    post(ready, {**MESSAGE, **login, "mobile": "18266878877", "content": "字" * 66, "sign": "签名"})
    assert post(ready, {**login, "type": "balance"}) == "0,2"
    assert post(ready, {**MESSAGE, **login, "content": "字" * 69, "sign": "签名"}) == "2,余额不足"


def test_numbers_that_share_a_state_are_pushed_together_under_a_digest(
    ready: Mapping[str, Any], control: ControlClient, receiver: Receiver
) -> None:
    control.add_account("hj-push", "heji", {"name": "hjp", "pwd": "p"})
    control.push("hj-push", reports_url=f"{receiver.url}/reports")
    numbers = "13900210020,13900210021,13900219001"
    answer = post(ready, {**MESSAGE, "name": "hjp", "pwd": "p", "mobile": numbers})
    control.wait_until_idle()
    pushes = {fields["state"][0]: fields for fields in (parse_qs(push.body.decode()) for push in receiver.pushes)}
    assert pushes["DELIVRD"]["mobile"] == ["13900210020,13900210021"]
    assert pushes["UNDELIV"]["mobile"] == ["13900219001"]
    fields = {name: values[0] for name, values in pushes["DELIVRD"].items()}
    assert fields["sendid"] == answer.split(",")[1].strip()
    digest = hashlib.md5(f"push-secret-hj{fields['random']}{fields['timestamp']}".encode()).hexdigest()
    assert (fields["name"], fields["pwd"]) == (digest, "push-pass-hj")
    assert re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}", fields["time"])
    assert receiver.pushes[0].method == "POST"


@pytest.mark.parametrize("name", ["gateway", ""])
def test_replies_are_pushed_under_the_plain_name_or_none(
    ready: Mapping[str, Any], control: ControlClient, receiver: Receiver, name: str
) -> None:
    account = f"hj-mo-{name}"
    control.add_account(account, "heji", {"name": f"hjm{name}", "pwd": "p"})
    control.inbound(account, "13800210021", "内容,1", "123")
    control.inbound(account, "13978767656", "content2", "456")
    secrets = {"access_secret": "push-secret-hj", "pwd": "push-pass-hj"} | ({"name": name} if name else {})
    control.push(account, inbound_url=f"{receiver.url}/in", credentials=secrets)
    control.wait_until_idle()
    (push,) = receiver.pushes
    fields = parse_qs(push.body.decode(), keep_blank_values=True)
    assert (fields["name"], fields["pwd"]) == ([name], ["push-pass-hj"])
    assert "random" not in fields
    assert re.fullmatch(
        r"13800210021#@#内容,1#@#[0-9: -]{19}#@#008123#@@#13978767656#@#content2#@#[0-9: -]{19}#@#008456",
        fields["args"][0],
    )
