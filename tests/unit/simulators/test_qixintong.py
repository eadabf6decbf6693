"""The qixintong simulator against requests written by hand from its document."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.simulators.client import ControlClient
from tests.unit.simulators.by_hand import exchange, form

LOGIN = {"us_name": "qx0001", "us_pwd": "qx-pass-1"}
MESSAGE = {**LOGIN, "send_phone": "13798361236", "send_content": "这条是测试短信"}


def ask(ready: Mapping[str, Any], path: str, fields: Mapping[str, str]) -> str:
    status, body = exchange(ready["vendors"]["qixintong"] + path, form(fields, "gbk"))
    assert status == 200
    return body.decode("gbk")


def test_the_documents_example_by_get(ready: Mapping[str, Any], control: ControlClient) -> None:
    url = f"{ready['vendors']['qixintong']}/sendsms_txt.asp?{form(MESSAGE, 'gbk').decode()}"
    status, body = exchange(url)
    assert status == 200
    found = re.fullmatch(rb"0\|1\|0\|([0-9]+)", body)
    assert found
    (message,) = control.messages()
    assert (message["text"], message["vendor_id"]) == ("这条是测试短信", found[1].decode())


def test_one_id_per_accepted_number_or_one_for_all(ready: Mapping[str, Any], control: ControlClient) -> None:
    several = {**MESSAGE, "send_phone": "13798361236,075580808080,12345,13798369300"}
    accepted = re.fullmatch(r"0\|2\|2\|([0-9]+),([0-9]+)", ask(ready, "/sendsms_txt.asp", several))
    assert accepted
    assert [found["vendor_id"] for found in control.messages()] == [accepted[1], accepted[2]]
    control.settings(qixintong_ids="batch")
    assert re.fullmatch(r"0\|2\|2\|[0-9]+", ask(ready, "/sendsms_txt.asp", several))


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"us_pwd": "wrong"}, "-7"),
        ({"us_name": "nobody"}, "-7"),
        ({"send_phone": ""}, "-1"),
        ({"send_content": ""}, "-2"),
        ({"send_content": "这是违禁词"}, "-3|违禁词"),
        ({"send_phone": ",".join(["13798361236"] * 101)}, "-4"),
        ({"send_content": "字" * 336}, "-8"),
        ({"send_time": "2010-09-03"}, "-99"),
    ],
)
def test_limits_have_their_codes(
    ready: Mapping[str, Any], control: ControlClient, change: Mapping[str, str], answer: str
) -> None:
    assert ask(ready, "/sendsms_txt.asp", {**MESSAGE, **change}) == answer
    assert control.messages() == []


def test_balance_is_a_bare_number_and_ends(ready: Mapping[str, Any], control: ControlClient) -> None:
    login = {"us_name": "qx-poor", "us_pwd": "p"}
    control.add_account("qx-poor", "qixintong", login, balances={"短信": 5})
    assert ask(ready, "/Get_Account_Balance.asp", login) == "5"
    assert ask(ready, "/sendsms_txt.asp", {**MESSAGE, **login, "send_content": "字" * 335}).startswith("0|1|0|")
    assert ask(ready, "/Get_Account_Balance.asp", login) == "0"
    assert ask(ready, "/sendsms_txt.asp", {**MESSAGE, **login}) == "-9"
    assert ask(ready, "/Get_Account_Balance.asp", {**login, "us_pwd": "wrong"}) == "-7"
    assert ask(ready, "/Get_Account_Balance.asp", {**login, "us_name": "nobody"}) == "-1"


def test_reports_are_read_once_a_hundred_at_a_time(ready: Mapping[str, Any], control: ControlClient) -> None:
    for first in (0, 100):
        numbers = ",".join(f"1379836{n:04d}" for n in range(first, first + 60))
        ask(ready, "/sendsms_txt.asp", {**MESSAGE, "send_phone": numbers})
    control.wait_until_idle()
    pages = [ask(ready, "/get_report_txt.asp", LOGIN) for _ in range(3)]
    assert [page.split("|")[0] for page in pages] == ["100", "20", "0"]
    assert re.fullmatch(r"20(\|[0-9]+;1379836[0-9]{4};10){20}", pages[1])
    assert ask(ready, "/get_report_txt.asp", {**LOGIN, "us_name": "nobody"}) == "-1"


def test_no_report_yet_and_then_delivered(ready: Mapping[str, Any], control: ControlClient) -> None:
    ask(ready, "/sendsms_txt.asp", {**MESSAGE, "send_phone": "13798369103,13798369000"})
    control.wait_until_idle()
    values = re.findall(r"([0-9]{4});(-?[0-9]+)(?:\||$)", ask(ready, "/get_report_txt.asp", LOGIN))
    assert values == [("9103", "-1"), ("9000", "20"), ("9103", "10")]


def test_replies_are_read_once_fifty_at_a_time(ready: Mapping[str, Any], control: ControlClient) -> None:
    control.inbound("qx-1", "13798361236", "我|回;复,一条")
    control.inbound("qx-1", "13826588212", "我也回复一条", times=50)
    first = ask(ready, "/get_receive_message_txt.asp", LOGIN)
    assert re.match(r"50\|[0-9]+;13798361236;我\|回;复,一条\|[0-9]+;13826588212;我也回复一条\|", first)
    control.settings(qixintong_inbound_separator=",")
    assert re.fullmatch(r"1\|[0-9]+,13826588212;我也回复一条", ask(ready, "/get_receive_message_txt.asp", LOGIN))
    assert ask(ready, "/get_receive_message_txt.asp", LOGIN) == "0"


def test_a_scheduled_message_is_reported_after_its_time(ready: Mapping[str, Any], control: ControlClient) -> None:
    assert ask(ready, "/sendsms_txt.asp", {**MESSAGE, "send_time": "20990903112030"}).startswith("0|1|0|")
    (message,) = control.messages()
    assert message["due"].startswith("2099-09-03T03:20:30")
    assert ask(ready, "/get_report_txt.asp", LOGIN) == "0"
    control.settings(clock_offset=80 * 366 * 86400)
    control.wait_until_idle()
    assert ask(ready, "/get_report_txt.asp", LOGIN).startswith("1|")
