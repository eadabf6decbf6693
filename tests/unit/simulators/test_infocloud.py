"""The infocloud simulator against requests written by hand from its document."""

import hashlib
import hmac
import itertools
import json
import re
import time
from collections.abc import Mapping
from typing import Any

import pytest

from tests.simulators.client import ControlClient, ControlError
from tests.simulators.vendors.infocloud import sign_text
from tests.unit.simulators.by_hand import Receiver, exchange

KEY = "8767fd835ca3a4eb6f69129d71971760"
SECRET = "ic-access-1"
NONCES = itertools.count(int(time.time() * 1000) * 1000)
MESSAGE = {"phones": "18551067101,18551067102", "templateCode": "free-text-1", "templateParam": '["【示例】您好"]'}


def signed(
    body: Mapping[str, str], *, key: str = KEY, secret: str = SECRET, digest: str = "SHA256", **changes: str
) -> dict[str, str]:
    """The five headers: HMAC over the sorted parameters of body and headers."""
    headers = {
        "x-api-key": key,
        "x-sign-method": f"Hmac{digest}",
        "x-nonce": str(next(NONCES)),
        "x-timestamp": str(int(time.time() * 1000)),
        **changes,
    }
    text = "&".join(f"{name}={value}" for name, value in sorted({**body, **headers}.items()))
    sign = hmac.new(secret.encode(), text.encode(), getattr(hashlib, digest.lower())).hexdigest()
    return {"x-sign": sign, **headers}


def ask(
    ready: Mapping[str, Any], path: str, body: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    sent = json.dumps(body, ensure_ascii=False).encode()
    status, answer = exchange(
        ready["vendors"]["infocloud"] + path, sent, "application/json", **(headers or signed(body))
    )
    assert status == 200
    document: dict[str, Any] = json.loads(answer)
    return document


@pytest.mark.parametrize("digest", ["MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512"])
def test_every_signature_method_is_understood(ready: Mapping[str, Any], control: ControlClient, digest: str) -> None:
    answer = ask(ready, "/message/send", MESSAGE, signed(MESSAGE, digest=digest))
    assert answer["code"] == 200
    assert re.fullmatch("[0-9]{18,19}", answer["data"]["msgId"])
    assert "failPhones" not in answer["data"]
    first, second = control.messages()
    assert first["text"] == "【示例】您好"
    assert first["vendor_id"] == second["vendor_id"] == answer["data"]["msgId"]


def test_the_documents_signature_sample() -> None:
    """C#样例: the text that is signed, with its parameters in this order."""
    text = (
        "phones=15900582939&templateCode=580467552590397440&x-api-key=22a71bfe4f9cab1dbce7e16bd71138c2"
        "&x-nonce=8052433127&x-sign-method=HmacSHA256&x-timestamp=1618810991174"
    )
    assert sign_text(dict(pair.split("=") for pair in reversed(text.split("&")))) == text


@pytest.mark.parametrize(
    "headers",
    [
        {"secret": "wrong"},
        {"key": "wrong"},
        {"x-nonce": "123456789"},
        {"x-sign-method": "HmacSM3"},
    ],
)
def test_a_wrong_signature_or_nonce_is_refused(
    ready: Mapping[str, Any], control: ControlClient, headers: Mapping[str, str]
) -> None:
    assert ask(ready, "/message/send", MESSAGE, signed(MESSAGE, **headers))["code"] == 2001


@pytest.mark.parametrize("behind", [3_600_000, 1_700_000_000_000])  # milliseconds
def test_a_wrong_clock_is_named(ready: Mapping[str, Any], control: ControlClient, behind: int) -> None:
    timestamp = str(int(time.time() * 1000) - behind)
    answer = ask(ready, "/message/send", MESSAGE, signed(MESSAGE, **{"x-timestamp": timestamp}))
    assert (answer["code"], answer["message"]) == (40004, "无效的参数（时间戳）")
    assert answer["requestId"]


def test_a_nonce_is_good_once(ready: Mapping[str, Any], control: ControlClient) -> None:
    headers = signed(MESSAGE)
    assert [ask(ready, "/message/send", MESSAGE, headers)["code"] for _ in range(2)] == [200, 2001]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"templateCode": "none"}, 60001),
        ({"templateParam": '["a","b"]'}, 60003),
        ({"templateParam": json.dumps(["字" * 1001])}, 60004),
        ({"templateParam": '[""]'}, 60005),
        ({"templateParam": "您好"}, 60006),
        ({"templateParam": '["测\\试"]'}, 60006),
        ({"templateParam": "[1]"}, 60006),
        ({"phones": ""}, 60007),
        ({"phones": "18551067101，18551067102"}, 60007),
        ({"phones": ",".join(["18551067101"] * 1001)}, 60008),
        ({"upExtendCode": "100"}, 40006),
        ({"upExtendCode": "99"}, 200),
        ({"bid": "x" * 65}, 40004),
    ],
)
def test_limits_have_their_codes(
    ready: Mapping[str, Any], control: ControlClient, change: Mapping[str, str], code: int
) -> None:
    assert ask(ready, "/message/send", {**MESSAGE, **change})["code"] == code


def test_numbers_refused_at_submission_are_named(ready: Mapping[str, Any], control: ControlClient) -> None:
    answer = ask(ready, "/message/send", {**MESSAGE, "phones": "18551067101,123,18551069300"})
    assert answer["data"]["failPhones"] == "123,18551069300"
    assert [found["number"] for found in control.messages()] == ["18551067101"]


def test_templates_are_rendered_as_the_phone_shows_them(ready: Mapping[str, Any], control: ControlClient) -> None:
    control.add_template("7671218232469217791", "{动态签名,20}你本次收入${收入,10}元。")
    ask(
        ready, "/message/send", {**MESSAGE, "templateCode": "7671218232469217791", "templateParam": '["示例","300.09"]'}
    )
    ask(ready, "/message/send", {**MESSAGE, "templateCode": "free-text-2", "templateParam": '["示例","您好\\\\"]'})
    assert {found["text"] for found in control.messages()} == {"【示例】你本次收入300.09元。", "【示例】您好\\"}
    long = {**MESSAGE, "templateCode": "7671218232469217791", "templateParam": '["示例","12345678901"]'}
    assert ask(ready, "/message/send", long)["code"] == 60004
    with pytest.raises(ControlError, match="max_lengths"):
        control.add_template("odd", variables=2, max_lengths=[1])


def test_a_batch_gives_each_phone_its_text(ready: Mapping[str, Any], control: ControlClient) -> None:
    batch = {
        "phonesJson": '["15900000001","13500000002"]',
        "templateCode": "free-text-1",
        "templateParamJson": '[["明"],["张三"]]',
        "bid": "b-1",
    }
    assert ask(ready, "/message/sendBatch", batch)["code"] == 200
    assert [(found["number"], found["text"], found["our_id"]) for found in control.messages()] == [
        ("15900000001", "明", "b-1"),
        ("13500000002", "张三", "b-1"),
    ]
    assert ask(ready, "/message/sendBatch", {**batch, "templateParamJson": '[["明"]]'})["code"] == 60002
    control.add_template("fixed", "你有一个事务需要处理。")
    fixed = {**batch, "templateCode": "fixed", "templateParamJson": '["",""]'}
    assert ask(ready, "/message/sendBatch", fixed)["code"] == 200
    many = {**batch, "phonesJson": json.dumps(["15900000001"] * 501), "templateParamJson": json.dumps([["明"]] * 501)}
    assert ask(ready, "/message/sendBatch", many)["code"] == 60008


def test_receipts_are_masked_and_read_once(ready: Mapping[str, Any], control: ControlClient) -> None:
    control.settings(pacing_scale=0)
    message_id = ask(ready, "/message/send", {**MESSAGE, "bid": "202303231335001220"})["data"]["msgId"]
    control.wait_until_idle()
    assert ask(ready, "/sms/arriveRes/qry", {"msgId": "1"})["data"] == []
    first, second = ask(ready, "/sms/arriveRes/qry", {"msgId": f"1,{message_id}"})["data"]
    assert first == {
        "msgId": message_id,
        "tel": "185****7101",
        "arrive": "DELIVRD",
        "arriveTime": first["arriveTime"],
        "bid": "202303231335001220",
    }
    assert re.fullmatch("[0-9]{10}", first["arriveTime"])
    assert second["tel"] == "185****7102"
    assert ask(ready, "/sms/arriveRes/qry", {"msgId": message_id})["data"] == []


def test_receipts_come_600_at_a_time_and_are_gone_after_six_hours(
    ready: Mapping[str, Any], control: ControlClient
) -> None:
    control.settings(pacing_scale=0)
    ask(ready, "/message/send", {**MESSAGE, "phones": ",".join(f"1855106{n:04d}" for n in range(1000))})
    control.wait_until_idle()
    assert len(ask(ready, "/sms/arriveRes/qry", {})["data"]) == 600
    control.settings(clock_offset=6 * 3600 + 1)
    later = {"x-timestamp": str(int(time.time() * 1000) + (6 * 3600 + 1) * 1000)}
    assert ask(ready, "/sms/arriveRes/qry", {}, signed({}, **later))["data"] == []


def test_queries_are_paced(ready: Mapping[str, Any], control: ControlClient) -> None:
    codes = [ask(ready, "/sms/arriveRes/qry", {})["code"] for _ in range(4)]
    assert codes == [200, 200, 200, 6000]
    assert [ask(ready, "/sms/residueValue/qry", {})["code"] for _ in range(2)] == [200, 6000]
    assert {(found["operation"], found["refused"]) for found in control.pacing()} == {
        ("reports", False),
        ("reports", True),
        ("balance", True),
    }


def test_balance_falls_and_ends(ready: Mapping[str, Any], control: ControlClient) -> None:
    credentials = {"api_key": "ic-poor", "access_key": "s"}
    control.settings(pacing_scale=0)
    control.add_account("ic-poor", "infocloud", credentials, balances={"行业短信": 2, "会员短信": 7})

    def poor(path: str, body: Mapping[str, str]) -> dict[str, Any]:
        return ask(ready, path, body, signed(body, key="ic-poor", secret="s"))

    assert poor("/message/send", MESSAGE)["code"] == 200
    assert poor("/message/send", MESSAGE)["code"] == 40002
    assert poor("/sms/residueValue/qry", {})["data"] == [
        {"itemName": "行业短信", "residueValue": 0},
        {"itemName": "会员短信", "residueValue": 7},
    ]


def test_statistics_count_by_day(ready: Mapping[str, Any], control: ControlClient) -> None:
    phones = "18551067101,18551069000,18551069100"
    ask(ready, "/message/send", {**MESSAGE, "phones": phones})
    control.wait_until_idle()
    query = {"startDate": "2020-01-01", "endDate": "2099-01-01", "page": "1", "pageSize": "50"}
    answer = ask(ready, "/sms/send/statistics", query)
    (day,) = answer["data"]
    assert (day["totalCount"], day["successCount"], day["failCount"], day["noReceiptCount"]) == (3, 1, 1, 1)
    assert answer["totalSize"] == 1
    assert ask(ready, "/sms/send/statistics", {**query, "pageSize": "51"})["code"] == 40004


def test_health_is_not_signed(ready: Mapping[str, Any], control: ControlClient) -> None:
    assert exchange(ready["vendors"]["infocloud"] + "/health/info", b"{}")[0] == 200


def test_pushes_name_the_api_key(ready: Mapping[str, Any], control: ControlClient, receiver: Receiver) -> None:
    credentials = {"api_key": "ic-push", "access_key": "s"}
    control.add_account("ic-push", "infocloud", credentials)
    control.push("ic-push", reports_url=f"{receiver.url}/reports", inbound_url=f"{receiver.url}/inbound")
    body = {**MESSAGE, "phones": "18551069103", "bid": "b-9", "upExtendCode": "32"}
    ask(ready, "/message/send", body, signed(body, key="ic-push", secret="s"))
    control.wait_until_idle()
    control.inbound("ic-push", "18551067101", "上行内容", "32")
    control.wait_until_idle()
    documents = [json.loads(push.body) for push in receiver.pushes]
    assert {document["apiKey"] for document in documents} == {"ic-push"}
    assert [document["data"][0].get("arriveResult") for document in documents] == ["UNKNOWN", "DELIVRD", None]
    assert (documents[0]["data"][0]["tel"], documents[0]["data"][0]["bid"]) == ("18551069103", "b-9")
    assert (documents[2]["data"][0]["srcId"], documents[2]["data"][0]["content"]) == ("1065753252192432", "上行内容")


def test_after_three_slow_answers_the_vendor_stops_pushing(control: ControlClient, receiver: Receiver) -> None:
    control.add_account("ic-slow", "infocloud", {"api_key": "ic-slow", "access_key": "s"})
    control.settings(timeout_scale=0.05)
    quick = (200, b"ok")

    def slow(number: int) -> tuple[int, bytes]:
        time.sleep(0.1 if number <= 3 else 0)
        return quick

    receiver.answer = slow
    control.push("ic-slow", inbound_url=receiver.url)
    control.inbound("ic-slow", "18551067101", "一")
    control.inbound("ic-slow", "18551067101", "二")
    control.wait_until_idle()
    assert [found["result"] for found in control.pushes(account="ic-slow")] == ["slow"] * 3
    control.settings(timeout_scale=1)
    control.inbound("ic-slow", "18551067101", "三")  # both others may have been in one push, and given up with it
    control.push("ic-slow", inbound_url=receiver.url)
    control.wait_until_idle()
    assert control.pushes(account="ic-slow", result="accepted")
