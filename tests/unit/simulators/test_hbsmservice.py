"""The hbsmservice simulator against requests written by hand from its document."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.simulators.client import ControlClient, wait_until
from tests.unit.simulators.by_hand import Receiver, exchange, form

LOGIN = {"corp_id": "hb0001", "corp_pwd": "hb-pass-1"}
MESSAGE = {
    **LOGIN,
    "corp_service": "hb-svc",
    "mobile": "13810000001",
    "msg_content": "您好",
    "corp_msg_id": "12345asd",
    "ext": "88",
}
GBK_FORM = "application/x-www-form-urlencoded;charset=gbk"
type Post = Callable[[str, Mapping[str, str]], str]


@pytest.fixture
def post(ready: Mapping[str, Any], control: ControlClient) -> Post:
    def posted(path: str, fields: Mapping[str, str]) -> str:
        status, body = exchange(ready["vendors"]["hbsmservice"] + path, form(fields, "gbk"), GBK_FORM)
        assert status == 200
        return body.decode("gbk")

    return posted


def test_a_message_in_gbk_bytes_reaches_the_phone(ready: Mapping[str, Any], control: ControlClient) -> None:
    body = (
        b"corp_id=hb0001&corp_pwd=hb-pass-1&corp_service=hb-svc&mobile=13810000001,13810000002"
        b"&msg_content=%C4%FA%BA%C3&corp_msg_id=12345asd&ext=88"
    )
    assert exchange(ready["vendors"]["hbsmservice"] + "/sms_send2.do", body, GBK_FORM) == (200, b"0#2")
    first, second = control.messages(vendor="hbsmservice")
    assert (first["number"], second["number"]) == ("13810000001", "13810000002")
    assert first["text"] == "您好"
    assert (first["extension"], first["our_id"], first["segments"]) == ("88", "12345asd", 1)
    assert not first["garbled"]


def test_utf8_bytes_show_as_what_a_phone_would_show(ready: Mapping[str, Any], control: ControlClient) -> None:
    exchange(ready["vendors"]["hbsmservice"] + "/sms_send2.do", form({**MESSAGE, "msg_content": "您好吗"}))
    (message,) = control.messages()
    assert message["text"] != "您好吗"
    assert message["garbled"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"corp_id": "nobody"}, "106"),
        ({"corp_pwd": "wrong"}, "107"),
        ({"corp_service": "wrong"}, "109"),
        ({"corp_msg_id": "x" * 51}, "104"),
        ({"corp_msg_id": None}, "104"),
        ({"corp_msg_id": "x" * 50}, "0#1"),
        ({"msg_content": ""}, "102"),
        ({"msg_content": "字" * 1000}, "102"),
        ({"msg_content": "字" * 999}, "0#1"),
        ({"mobile": "12345"}, "103"),
        ({"mobile": ",".join(f"1381000{n:04d}" for n in range(201))}, "103"),
        ({"mobile": ",".join(f"1381000{n:04d}" for n in range(200))}, "0#200"),
        ({"mobile": "13810000001,12345,13810009300"}, "0#1"),
        ({"ext": None}, "110"),
        ({"ext": "8a"}, "110"),
        ({"ext": "8" * 7}, "110"),
        ({"ext": "8" * 6}, "0#1"),
    ],
)
def test_limits_have_their_codes(post: Post, change: Mapping[str, str | None], code: str) -> None:
    merged = {**MESSAGE, **change}
    fields = {name: value for name, value in merged.items() if value is not None}
    assert post("/sms_send2.do", fields) == code


def test_an_unknown_address_answers_9(post: Post) -> None:
    assert post("/nothing.do", LOGIN) == "9"


def test_balance_falls_by_segments_until_it_is_spent(post: Post, control: ControlClient) -> None:
    login = {"corp_id": "hb-poor", "corp_pwd": "p"}
    control.add_account("hb-poor", "hbsmservice", {**login, "corp_service": "s"}, balances={"短信": 5})
    message = {**MESSAGE, **login, "corp_service": "s"}
    assert post("/sms_count2.do", login) == "ok#5"
    assert post("/sms_send2.do", {**message, "msg_content": "字" * 70}) == "0#1"
    assert post("/sms_send2.do", {**message, "msg_content": "字" * 71}) == "0#1"
    assert post("/sms_send2.do", {**message, "msg_content": "字" * 190}) == "100"
    assert control.state()["accounts"]["hb-poor"]["balances"] == {"短信": 2}


def test_balance_and_polls_refuse_visits_within_200_ms(post: Post, control: ControlClient) -> None:
    control.settings(pacing_scale=50)
    assert post("/sms_count2.do", LOGIN).startswith("ok#")
    assert post("/sms_count2.do", LOGIN) == "104"
    assert post("/post_report.do", LOGIN) == "0"
    assert post("/post_report.do", LOGIN) == "-19"
    assert [found["operation"] for found in control.pacing()] == ["balance", "reports"]
    control.settings(pacing_scale=0)
    assert post("/post_report.do", LOGIN) == "0"


@pytest.mark.parametrize(
    ("change", "code"), [({"corp_id": "nobody"}, "-16"), ({"corp_pwd": "wrong"}, "-17"), ({"user_id": "other"}, "-16")]
)
def test_polls_have_codes_of_their_own(post: Post, change: Mapping[str, str], code: str) -> None:
    assert post("/post_report.do", {**LOGIN, **change}) == code


def test_accounts_may_be_closed_bound_to_addresses_or_without_polls(post: Post, control: ControlClient) -> None:
    credentials = {"corp_id": "hb-odd", "corp_pwd": "p", "corp_service": "s"}
    login = {"corp_id": "hb-odd", "corp_pwd": "p"}
    control.settings(pacing_scale=0)
    control.add_account("hb-odd", "hbsmservice", credentials, closed=True)
    assert (post("/sms_count2.do", login), post("/post_report.do", login)) == ("101", "-11")
    control.add_account("hb-odd", "hbsmservice", credentials, allowed_ips=["192.0.2.1"])
    assert (post("/sms_count2.do", login), post("/post_report.do", login)) == ("108", "108")
    control.add_account("hb-odd", "hbsmservice", credentials, delivery={"reports": "push"})
    assert post("/post_report.do", login) == "-18"


def test_a_poll_takes_at_most_100_reports_and_returns_none_twice(post: Post, control: ControlClient) -> None:
    control.settings(pacing_scale=0)
    post("/sms_send2.do", {**MESSAGE, "mobile": ",".join(f"1381000{n:04d}" for n in range(150))})
    wait_until(lambda: control.state()["idle"], 5, "reports")
    pages = [post("/post_report.do", {**LOGIN, "user_id": "hb0001"}) for _ in range(3)]
    assert [page.count("<report>") for page in pages] == [100, 50, 0]
    assert pages[2] == "0"
    numbers = re.findall("<mobile>([0-9]+)</mobile>", pages[0] + pages[1])
    assert len(set(numbers)) == 150
    assert pages[0].startswith('<?xml version="1.0" encoding="GBK" ?><reports><report><corp_id>hb0001</corp_id>')
    assert "<msg_id>12345asd</msg_id><err>0</err>" in pages[0]


def test_what_waits_to_be_polled_is_kept_for_three_days(post: Post, control: ControlClient) -> None:
    control.inbound("hb-1", "13810000001", "收到", "88")
    control.settings(clock_offset=3 * 86400 + 1)
    assert post("/post_deliverMsg.do", LOGIN) == "0"


def test_replies_come_ten_at_a_time_in_gbk(post: Post, control: ControlClient) -> None:
    control.settings(pacing_scale=0)
    control.inbound("hb-1", "13810000001", "收到 <&>", "88", times=12)
    first, second = (post("/post_deliverMsg.do", LOGIN) for _ in range(2))
    assert (first.count("<deliver>"), second.count("<deliver>")) == (10, 2)
    assert "<ext>88</ext>" in first
    assert "<content>收到 &lt;&amp;&gt;</content>" in first


def test_a_long_message_is_reported_by_segment_or_whole(post: Post, control: ControlClient) -> None:
    control.settings(pacing_scale=0)
    long = {**MESSAGE, "msg_content": "字" * 140, "mobile": "13810009107"}
    post("/sms_send2.do", long)
    wait_until(lambda: control.state()["idle"], 5, "reports")
    by_segment = re.findall("<sub_seq>(.*?)</sub_seq>.*?<err>(.*?)</err>", post("/post_report.do", LOGIN))
    assert by_segment == [("1", "0"), ("2", "0"), ("3", "2")]
    control.settings(hbsmservice_sub_seq="whole")
    post("/sms_send2.do", {**long, "mobile": "13810000001"})
    wait_until(lambda: control.state()["idle"], 5, "reports")
    assert re.findall("<sub_seq>(.*?)</sub_seq>", post("/post_report.do", LOGIN)) == ["0"]


BATCH = {
    **LOGIN,
    "corp_service": "hb-svc",
    "total_count": "2",
    "send_param": "13601025412&split&20110608122535001&split&256&split&尊敬的会员张三您好&group&"
    "13821056854&split&2011060812255425003&split&257&split&尊敬的会员李四您好",
    "ctrl_param": "1",
}


def test_a_personalised_batch_gives_each_phone_its_text(post: Post, control: ControlClient) -> None:
    assert post("/hSmsSend.do", BATCH) == "0#2"
    assert [(found["number"], found["text"], found["extension"], found["our_id"]) for found in control.messages()] == [
        ("13601025412", "尊敬的会员张三您好", "256", "20110608122535001"),
        ("13821056854", "尊敬的会员李四您好", "257", "2011060812255425003"),
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"total_count": "3"}, "115"),
        ({"total_count": "1", "send_param": "12345&split&1&split&&split&您好"}, "0#0"),
        ({"total_count": "201", "send_param": "&group&".join(["13601025412&split&1&split&&split&x"] * 201)}, "116"),
        ({"corp_pwd": "wrong"}, "107"),
    ],
)
def test_batch_limits_have_their_codes(post: Post, change: Mapping[str, str], code: str) -> None:
    assert post("/hSmsSend.do", {**BATCH, **change}) == code


def test_a_batch_by_get_is_refused(ready: Mapping[str, Any], control: ControlClient) -> None:
    url = f"{ready['vendors']['hbsmservice']}/hSmsSend.do?{form(LOGIN).decode()}"
    assert exchange(url) == (200, b"114")


def test_a_push_is_tried_three_times_until_it_is_answered_0(
    post: Post, control: ControlClient, receiver: Receiver
) -> None:
    control.add_account("hb-push", "hbsmservice", {"corp_id": "hbp", "corp_pwd": "p", "corp_service": "s"})
    control.push("hb-push", reports_url=f"{receiver.url}/r", inbound_url=f"{receiver.url}/i")
    receiver.answer = lambda number: (200, b"9" if number == 1 else b"0\n" if number == 2 else b"0")
    message = {**MESSAGE, "corp_id": "hbp", "corp_pwd": "p", "corp_service": "s"}
    post("/sms_send2.do", {**message, "mobile": ",".join(f"1381000{n:04d}" for n in range(120))})
    control.wait_until_idle()
    tries = control.pushes(account="hb-push")
    assert sorted(found["result"] for found in tries) == ["accepted", "accepted", "refused", "refused"]
    assert {found["items"] for found in tries} == {100, 20}
    assert receiver.pushes[0].path == "/r"
    assert receiver.pushes[0].body.decode("gbk").startswith('<?xml version="1.0" encoding="GBK" ?><reports>')


def test_after_three_failures_a_push_is_given_up(post: Post, control: ControlClient, receiver: Receiver) -> None:
    control.add_account("hb-lost", "hbsmservice", {"corp_id": "hbl", "corp_pwd": "p", "corp_service": "s"})
    control.push("hb-lost", inbound_url=receiver.url)
    receiver.answer = lambda number: (500, b"0")
    control.inbound("hb-lost", "13810000001", "收到")
    control.wait_until_idle()
    assert [found["attempt"] for found in control.pushes(account="hb-lost")] == [1, 2, 3]
    (lane,) = [lane for lane in control.state()["to_push"] if (lane["account"], lane["kind"]) == ("hb-lost", "inbound")]
    assert (lane["given_up"], lane["waiting"]) == (1, 0)
