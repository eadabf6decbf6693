"""Each vendor's protocol from the API to the phone and back: acceptance, delivery, replies, failures."""

import time

import pytest

from smsgateway.codecs import VENDORS
from tests.e2e.conftest import IMPATIENT, PATIENCE, POLLED, Gateway
from tests.simulators.accounts import account_of

POLLED_ALONE = {account_of(name) for name, vendor in VENDORS.items() if vendor.report_push is None}


@pytest.mark.parametrize("account", [account_of(name) for name in VENDORS])
def test_an_otp_is_delivered_and_answered(gateway: Gateway, account: str) -> None:
    # GIVEN a number whose owner replies
    number = gateway.number("9200")

    # WHEN an OTP goes through the vendor
    message_id = gateway.send(to=number, text="您的验证码是482913", purpose="otp", account=account, reference="r-1")
    submitted = gateway.event("Message Submitted", message_id)[0]["detail"]
    if account in POLLED_ALONE:
        gateway.vendors.wait_until_idle()
        assert gateway.poll(account, "reports")["pages"] == 1
        assert gateway.poll(account, "inbound")["pages"] == 1

    # THEN the phone shows it once, and bus and API know that it was delivered and answered
    (shown,) = gateway.vendors.messages(number=number)
    assert shown["text"] == "【示例】您的验证码是482913"
    assert submitted["recipients"] == 1
    delivered = gateway.event("Message Delivered", message_id)[0]["detail"]
    assert (delivered["to"], delivered["status"], delivered["reference"]) == (number, "delivered", "r-1")
    reply = gateway.event("Message Received", message_id)[0]["detail"]
    assert (reply["from"], reply["text"], reply["in_reply_to"]) == (number, "收到，谢谢", message_id)
    recipient = gateway.recipient(message_id, "delivered")
    assert recipient["account"] == account
    assert recipient["history"]
    (listed,) = gateway.api.get(f"/messages?to={number}").body["items"]
    assert listed["id"] == message_id
    (kept,) = gateway.api.get(f"/inbound?from={number}").body["items"]
    assert kept["text"] == "收到，谢谢"


@pytest.mark.parametrize("account", [account_of(name) for name, vendor in VENDORS.items() if vendor.batch])
def test_a_personalised_batch_is_one_request(gateway: Gateway, account: str) -> None:
    first, second = gateway.number(), gateway.number("9000")
    messages = [{"to": first, "text": "张三您好，余额20元"}, {"to": second, "text": "李四您好，余额30.2元"}]

    message_id = gateway.send(messages=messages, account=account)

    gateway.event("Message Delivered", message_id)
    undelivered = gateway.event("Message Undelivered", message_id)[0]["detail"]
    assert undelivered["to"] == second
    assert undelivered["vendor_status"]
    texts = {
        each["number"]: each["text"] for number in (first, second) for each in gateway.vendors.messages(number=number)
    }
    assert texts == {first: "【示例】张三您好，余额20元", second: "【示例】李四您好，余额30.2元"}
    assert gateway.until(message_id, "delivered")["counts"] == {"delivered": 1, "undelivered": 1}


def test_a_personalised_message_goes_one_by_one_where_the_vendor_has_no_batch(gateway: Gateway) -> None:
    messages = [{"to": gateway.number(), "text": f"{name}您好"} for name in ("张三", "李四", "王五")]

    message_id = gateway.send(messages=messages, account="ly-1")

    assert len(gateway.event("Message Delivered", message_id, 3)) == 3
    texts = {each["text"] for entry in messages for each in gateway.vendors.messages(number=entry["to"])}
    assert texts == {"【示例】张三您好", "【示例】李四您好", "【示例】王五您好"}


@pytest.mark.parametrize(("account", "count", "requests"), [("hb-1", 401, 3), ("qx-1", 101, 2), ("ly-1", 300, 1)])
def test_a_broadcast_takes_as_few_requests_as_the_vendor_allows(
    gateway: Gateway, account: str, count: int, requests: int
) -> None:
    numbers = gateway.numbers(count)

    message_id = gateway.send(to=numbers, text="今晚22点升级", account=account)

    submitted = gateway.event("Message Submitted", message_id, requests)
    assert sum(event["detail"]["recipients"] for event in submitted) == count
    sent = [entry for entry in gateway.vendors.log(operation="send") if numbers[0][:7] in str(entry)]
    assert len(sent) == requests
    if account != "qx-1":
        gateway.event("Message Delivered", message_id, count)
        assert gateway.until(message_id, "delivered")["counts"] == {"delivered": count}


@pytest.mark.parametrize("ending", ["9102", "9104", "9105"])
def test_delivered_stands_whatever_else_is_reported(gateway: Gateway, ending: str) -> None:
    message_id = gateway.send(to=gateway.number(ending), text="重复与矛盾", account="ly-1")

    gateway.event("Message Delivered", message_id)
    gateway.vendors.wait_until_idle()

    assert gateway.recipient(message_id, "delivered")["status"] == "delivered"


@pytest.mark.parametrize("ending", ["9203", "9204"])
def test_a_long_reply_is_put_together(gateway: Gateway, ending: str) -> None:
    number = gateway.number(ending)
    message_id = gateway.send(to=number, text="请回复", account="ly-1")

    reply = gateway.event("Message Received", message_id)[0]["detail"]

    assert reply["text"] == "".join(f"第{n:02d}句：这是一条很长的回复，会分成几段到达。" for n in range(1, 9))
    assert not reply["partial"]


def test_what_has_come_of_a_long_reply_is_delivered_as_partial(gateway: Gateway) -> None:
    message_id = gateway.send(to=gateway.number("9205"), text="请回复", account=IMPATIENT)
    gateway.event("Message Delivered", message_id)
    gateway.vendors.wait_until_idle()
    deadline = time.monotonic() + PATIENCE
    while not (partial := [event for event in gateway.tap.events if event["detail"].get("partial")]):
        assert time.monotonic() < deadline
        gateway.sweep()
        gateway.tap.receive()

    assert partial[0]["detail"]["in_reply_to"] == message_id
    assert partial[0]["detail"]["text"].startswith("第01句")


def test_an_opt_out_is_told(gateway: Gateway) -> None:
    message_id = gateway.send(to=gateway.number("9202"), text="退订回复TD", account="hj-1")

    assert gateway.event("Message Received", message_id)[0]["detail"]["opt_out"] is True


def test_masked_reports_find_their_recipient(gateway: Gateway) -> None:
    first, second = gateway.number("0001"), gateway.number("9000")
    message_id = gateway.send(to=[first, second], text="掩码", account=POLLED)
    gateway.event("Message Submitted", message_id)
    gateway.vendors.wait_until_idle()

    assert gateway.poll(POLLED, "reports") == {"pages": 1}

    assert gateway.event("Message Delivered", message_id)[0]["detail"]["to"] == first
    assert gateway.event("Message Undelivered", message_id)[0]["detail"]["to"] == second
    assert gateway.poll(POLLED, "reports")["skipped"] == "pace"


def test_numbers_refused_at_submission_are_rejected_and_the_rest_stands(gateway: Gateway) -> None:
    good, bad = gateway.number("0002"), gateway.number("9300")

    message_id = gateway.send(to=[good, bad], text="部分失败", account="ic-1")

    assert gateway.event("Message Rejected", message_id)[0]["detail"]["to"] == bad
    assert gateway.event("Message Delivered", message_id)[0]["detail"]["to"] == good


def test_a_long_message_is_delivered_when_every_segment_is(gateway: Gateway) -> None:
    text = "这是一条需要拆分的长短信。" * 12
    whole, failing = gateway.number("0003"), gateway.number("9107")

    message_id = gateway.send(to=[whole, failing], text=text, account="hb-1")

    delivered = gateway.event("Message Delivered", message_id)[0]["detail"]
    assert (delivered["to"], delivered["segments"]) == (whole, 3)
    assert gateway.event("Message Undelivered", message_id)[0]["detail"]["to"] == failing
