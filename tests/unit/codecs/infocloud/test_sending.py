"""How infocloud is asked to send, to many numbers and in batches: the manual's samples, and what cannot be carried."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.codecs import infocloud
from smsgateway.model import Accepted, Account, Content, Options, Reason, Request
from tests.unit.codecs.given import CASES
from tests.unit.codecs.infocloud.given import (
    ACCOUNT,
    FREE_TEXT,
    NONCE,
    NOW,
    SIGNED_FREE_TEXT,
    SUBMISSION,
    answer,
    case,
    reference_sign,
    refusal,
    sent,
    submission,
    templated,
)


def batched(account: Account, *contents: Content) -> Request:
    numbers = tuple(f"185{index:08}" for index in range(len(contents)))
    return infocloud.encode_batch(account, submission(*contents, numbers=numbers), NOW, NONCE)


# Send


@pytest.mark.parametrize(
    ("name", "account", "content", "extension"),
    [
        ("no-variables", ACCOUNT, templated("574005827011772416"), "12"),
        ("variables", ACCOUNT, templated("574277763210051584", "你好"), "12"),
        ("backslash", FREE_TEXT, Content("测\\试一\\下"), ""),
        ("backslash", ACCOUNT, templated("817436511033106432", "测\\试一\\下"), ""),
    ],
)
def test_send_body_is_the_case(name: str, account: Account, content: Content, extension: str) -> None:
    assert sent(account, content, extension).body == case(f"send-request.{name}.sent.json")


def test_send_with_a_signature_variable_is_the_case() -> None:
    content = Content("短信内容", signature="短信签名")
    numbers = ("13699410001", "13699410002")
    request = infocloud.encode_send(SIGNED_FREE_TEXT, submission(content, numbers=numbers), NOW, NONCE)
    assert request.body == case("send-request.signature-variable.sent.json")


@pytest.mark.parametrize("name", ["no-variables", "variables", "signature-variable"])
def test_send_cases_say_what_the_manuals_samples_say(name: str) -> None:
    manual = json.loads(case(f"send-request.{name}.document.json"))
    ours = json.loads(case(f"send-request.{name}.sent.json"))
    assert ours.get("templateParam") == manual.get("templateParam")
    assert ours.keys() - {"bid"} == manual.keys()


DEMOS = sorted(path.name for path in (CASES / "infocloud").glob("*-demo*.document.json"))


@pytest.mark.parametrize("name", [name for name in DEMOS if name.startswith("send-request")])
def test_the_demos_say_what_we_say(name: str) -> None:
    demo = within_the_table(json.loads(case(name)))
    content = templated(demo["templateCode"], *json.loads(demo.get("templateParam", "[]")))
    request = sent(ACCOUNT, content, demo.get("upExtendCode", ""))
    assert json.loads(request.body) == demo | {"phones": "18500000001,18500000002", "bid": "msg_1-0"}
    assert request.headers["x-sign"] == reference_sign(request, ACCOUNT.credentials["access_key"])


@pytest.mark.parametrize("name", [name for name in DEMOS if name.startswith("batch-request")])
def test_the_demos_batches_say_what_we_say(name: str) -> None:
    demo = json.loads(case(name))
    contents = [templated(demo["templateCode"], *values) for values in json.loads(demo["templateParamJson"])]
    of = submission(*contents, extension=demo.get("upExtendCode", ""))
    request = infocloud.encode_batch(ACCOUNT, of, NOW, NONCE)
    ours = {"phonesJson": '["18500000001","18500000002"]', "bid": "msg_1-0"}
    assert json.loads(request.body) == demo | ours
    assert request.headers["x-sign"] == reference_sign(request, ACCOUNT.credentials["access_key"])


def within_the_table(fields: dict[str, str]) -> dict[str, str]:
    """The samples have an extension of 123, the table allows 1 to 99."""
    return fields | {"upExtendCode": "12"} if fields.get("upExtendCode") == "123" else fields


def test_the_examples_in_the_tables() -> None:
    examples: dict[str, str] = {}
    for line in case("fields.document.json").decode().splitlines():
        examples |= json.loads(line)
    content = templated(examples["templateCode"], "变量值1", "变量值2")
    named = replace(submission(content, extension=examples["upExtendCode"]), id=examples["bid"])
    fields = json.loads(infocloud.encode_send(ACCOUNT, named, NOW, NONCE).body)
    assert {name: fields[name] for name in fields if name != "phones"} == {
        name: examples[name] for name in ("templateCode", "templateParam", "upExtendCode", "bid")
    }
    personal = json.loads(batched(ACCOUNT, templated("1", "明"), templated("1", "张三")).body)
    assert personal["templateParamJson"] == examples["templateParamJson"]
    assert personal["phonesJson"] == examples["phonesJson"].replace("15900000", "18500000000").replace(
        "13500000", "18500000001"
    )
    numbers = tuple(examples["failPhones"].split(","))
    failed = answer(code=200, data={"msgId": "1", "failPhones": examples["failPhones"]})
    outcome = infocloud.decode_send(ACCOUNT, replace(SUBMISSION, numbers=numbers), failed)
    assert isinstance(outcome, Accepted)
    assert tuple(rejection.number for rejection in outcome.rejected) == numbers


def test_the_manuals_backslash_sample_is_not_json_inside() -> None:
    manual = json.loads(case("send-request.backslash.document.json"))
    with pytest.raises(json.JSONDecodeError):
        json.loads(manual["templateParam"])
    ours = json.loads(case("send-request.backslash.sent.json"))
    assert json.loads(ours["templateParam"]) == ["测\\试一\\下"]


def test_send_address_and_headers() -> None:
    request = sent(ACCOUNT, templated("1"))
    assert (request.method, request.url) == ("POST", "https://opassapi.infocloud.com.cn/message/send")
    assert request.headers.keys() == {
        "Content-Type",
        "x-api-key",
        "x-nonce",
        "x-sign",
        "x-sign-method",
        "x-timestamp",
    }
    assert request.headers["x-api-key"] == "8767fd835ca3a4eb6f69129d71971760"
    assert request.headers["x-nonce"] == NONCE
    assert request.headers["x-timestamp"] == "1641349784346"
    assert re.fullmatch("[0-9a-f]{64}", request.headers["x-sign"])


def test_an_account_has_its_own_paths() -> None:
    account = replace(ACCOUNT, options=Options(paths={"report_poll": "/sms/arrive/qry"}))
    request = infocloud.encode_report_poll(account, NOW, NONCE)
    assert request.url == "https://opassapi.infocloud.com.cn/sms/arrive/qry"


def test_every_value_is_text_and_none_is_empty() -> None:
    requests = [
        sent(ACCOUNT, templated("1")),
        sent(FREE_TEXT, Content("你好"), "1"),
        batched(FREE_TEXT, Content("甲"), Content("乙")),
        infocloud.encode_report_poll(ACCOUNT, NOW, NONCE),
        infocloud.encode_balance(ACCOUNT, NOW, NONCE),
        infocloud.encode_statistics(ACCOUNT, NOW, NONCE, date(2023, 8, 1), date(2023, 8, 2), 1),
    ]
    values = [value for request in requests for value in json.loads(request.body).values()]
    assert all(isinstance(value, str) and value for value in values)
    nameless = replace(submission(templated("1")), id="")
    assert "bid" not in json.loads(infocloud.encode_send(ACCOUNT, nameless, NOW, NONCE).body)


def test_free_text_is_one_variable_with_its_signature() -> None:
    fields = json.loads(sent(FREE_TEXT, Content("你的验证码是 1", signature="示例")).body)
    assert fields["templateCode"] == "817436511033106432"
    assert json.loads(fields["templateParam"]) == ["【示例】你的验证码是 1"]


def test_a_registered_template_goes_before_the_one_for_free_text() -> None:
    fields = json.loads(sent(FREE_TEXT, templated("675", "1234", "5")).body)
    assert (fields["templateCode"], fields["templateParam"]) == ("675", '["1234","5"]')


@pytest.mark.parametrize(
    ("account", "content", "reason"),
    [
        (ACCOUNT, Content("你好"), Reason.TEMPLATE_REFUSED),
        (ACCOUNT, templated(""), Reason.TEMPLATE_REFUSED),
        (SIGNED_FREE_TEXT, Content("你好"), Reason.SIGNATURE_REFUSED),
        (FREE_TEXT, Content(""), Reason.CONTENT_EMPTY),
        (FREE_TEXT, Content(" \n", signature="示例"), Reason.CONTENT_EMPTY),
        (FREE_TEXT, Content("好" * 501), Reason.CONTENT_TOO_LONG),
        (FREE_TEXT, Content("好" * 497, signature="示例"), Reason.CONTENT_TOO_LONG),
        (FREE_TEXT, Content("😀" * 251), Reason.CONTENT_TOO_LONG),
        (FREE_TEXT, Content("半个\ud83d"), Reason.CONTENT_NOT_ENCODABLE),
        (SIGNED_FREE_TEXT, Content("你好", signature="\udc00"), Reason.CONTENT_NOT_ENCODABLE),
        (ACCOUNT, templated("1", "\ud83d"), Reason.CONTENT_NOT_ENCODABLE),
        (ACCOUNT, templated("\ud83d"), Reason.CONTENT_NOT_ENCODABLE),
    ],
)
def test_content_that_cannot_be_said(account: Account, content: Content, reason: Reason) -> None:
    assert refusal(lambda: sent(account, content)).reason is reason
    assert refusal(lambda: batched(account, content, content)).reason is reason


def test_half_a_character_is_named() -> None:
    assert "U+D83D" in refusal(lambda: sent(FREE_TEXT, Content("半个\ud83d"))).problem


def test_500_characters_fit() -> None:
    for content in (Content("好" * 500), Content("好" * 496, signature="示例"), Content("😀" * 250)):
        assert json.loads(json.loads(sent(FREE_TEXT, content).body)["templateParam"]) == [content.full]


@pytest.mark.parametrize("extension", [str(number) for number in range(1, 100)])
def test_extensions_from_1_to_99(extension: str) -> None:
    assert json.loads(sent(FREE_TEXT, Content("你好"), extension).body)["upExtendCode"] == extension


@pytest.mark.parametrize("extension", ["0", "00", "05", "100", "123", "-1", "1.", "a", "1\n", "１", " 1"])
def test_other_extensions_are_refused(extension: str) -> None:
    problem = refusal(lambda: sent(FREE_TEXT, Content("你好"), extension))
    assert problem.reason is Reason.EXTENSION_REFUSED
    assert "1 to 99" in problem.problem


@pytest.mark.parametrize("number", ["1380013800", "138001380000", "1,3800138000", "１3800138000", ""])
def test_other_than_mobile_numbers_are_refused(number: str) -> None:
    one = submission(templated("1"), numbers=("13800138000", number))
    assert refusal(lambda: infocloud.encode_send(ACCOUNT, one, NOW, NONCE)).reason is Reason.INVALID_NUMBER
    assert refusal(lambda: infocloud.encode_batch(ACCOUNT, one, NOW, NONCE)).reason is Reason.INVALID_NUMBER


@pytest.mark.parametrize(("encode", "limit"), [(infocloud.encode_send, 1000), (infocloud.encode_batch, 500)])
def test_the_number_of_numbers_is_limited(encode: Callable[..., Request], limit: int) -> None:
    numbers = tuple(f"138{index:08}" for index in range(limit + 1))
    fits = submission(templated("1", "甲"), numbers=numbers[:limit])
    fields = json.loads(encode(ACCOUNT, fits, NOW, NONCE).body)
    assert len(re.findall("138[0-9]{8}", fields.get("phones") or fields["phonesJson"])) == limit
    for bad in (numbers, ()):
        problem = refusal(lambda bad=bad: encode(ACCOUNT, replace(fits, numbers=bad), NOW, NONCE))  # type: ignore[misc]
        assert problem.reason is Reason.PARAMETER_REFUSED
        assert str(limit) in problem.problem


def test_what_the_protocol_lacks_is_refused() -> None:
    scheduled = replace(submission(templated("1")), send_at=NOW)
    assert refusal(lambda: infocloud.encode_send(ACCOUNT, scheduled, NOW, NONCE)).reason is Reason.PARAMETER_REFUSED
    long_id = replace(submission(templated("1")), id="m" * 65)
    assert refusal(lambda: infocloud.encode_send(ACCOUNT, long_id, NOW, NONCE)).reason is Reason.PARAMETER_REFUSED


# Batch


def test_batch_body_is_the_case() -> None:
    contents = templated("574277763210051584", "明"), templated("574277763210051584", "张三")
    request = infocloud.encode_batch(ACCOUNT, submission(*contents), NOW, NONCE)
    assert request.url == "https://opassapi.infocloud.com.cn/message/sendBatch"
    assert request.body == case("batch-request.sent.json")
    assert request.headers["x-sign"] == reference_sign(request, ACCOUNT.credentials["access_key"])
    manual = json.loads(case("batch-request.document.json"))
    assert json.loads(request.body)["templateParamJson"] == manual["templateParamJson"]


def test_batch_without_variables_has_an_entry_for_every_number() -> None:
    fields = json.loads(batched(ACCOUNT, templated("1"), templated("1")).body)
    assert fields["templateParamJson"] == '["",""]'


def test_batch_repeats_one_content() -> None:
    request = infocloud.encode_batch(ACCOUNT, submission(templated("1", "甲")), NOW, NONCE)
    assert json.loads(request.body)["templateParamJson"] == '[["甲"],["甲"]]'


@pytest.mark.parametrize(
    "contents",
    [
        (templated("1", "甲"), templated("2", "甲")),
        (templated("1", "甲"), templated("1", "甲", "乙")),
        (templated("1", "甲"), templated("1")),
    ],
)
def test_batch_takes_one_template(contents: tuple[Content, ...]) -> None:
    assert refusal(lambda: batched(ACCOUNT, *contents)).reason is Reason.TEMPLATE_REFUSED


def test_batch_needs_a_content_for_every_number() -> None:
    three = submission(*[templated("1")] * 3)
    assert refusal(lambda: infocloud.encode_batch(ACCOUNT, three, NOW, NONCE)).reason is Reason.PARAMETER_REFUSED


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@given(texts, st.one_of(st.just(""), texts.filter(lambda text: "】" not in text)))
def test_any_text_arrives(text: str, signature: str) -> None:
    content = Content(text, signature)
    if not text.strip():
        assert refusal(lambda: sent(FREE_TEXT, content)).reason is Reason.CONTENT_EMPTY
        return
    request = sent(FREE_TEXT, content)
    assert json.loads(json.loads(request.body)["templateParam"]) == [content.full]
    assert request.headers["x-sign"] == reference_sign(request, ACCOUNT.credentials["access_key"])


@given(st.lists(st.tuples(texts, st.just("") | texts), min_size=1, max_size=8))
def test_any_batch_arrives(rows: list[tuple[str, str]]) -> None:
    request = batched(ACCOUNT, *[templated("675", *row) for row in rows])
    fields = json.loads(request.body)
    assert json.loads(fields["templateParamJson"]) == [list(row) for row in rows]
    assert json.loads(fields["phonesJson"]) == [f"185{index:08}" for index in range(len(rows))]
    assert request.headers["x-sign"] == reference_sign(request, ACCOUNT.credentials["access_key"])


# Whatever else arrives


def test_secrets_are_not_shown() -> None:
    request = sent(FREE_TEXT, Content("你好"))
    shown = repr(request) + repr(ACCOUNT)
    assert not [secret for secret in ACCOUNT.credentials.values() if secret in shown]


def test_profile() -> None:
    profile = infocloud.PROFILE
    assert profile.credentials == ("api_key", "access_key")
    assert (profile.recipients, profile.batch, profile.needs_template) == (1000, 500, True)
    assert profile.paths.keys() == {"send", "batch", "report_poll", "balance", "statistics", "health"}
    # The slowest of what the manual says.
    assert profile.pace == {"report_poll": 60, "balance": 20, "statistics": 20}
