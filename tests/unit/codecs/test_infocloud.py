"""The infocloud codec against the manual's samples, tables and notes, and against anything else."""

import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from smsgateway import routing
from smsgateway.codecs import infocloud
from smsgateway.codecs.infocloud import receipts
from smsgateway.codecs.tolerant_json import load
from smsgateway.errors import DecodeError, EncodeError
from smsgateway.model import (
    About,
    Accepted,
    Account,
    Balance,
    Content,
    DayStatistics,
    Options,
    Page,
    Push,
    PushSettings,
    Reason,
    Refused,
    Rejection,
    Report,
    ReportStatus,
    Request,
    Response,
    Submission,
    VendorTemplate,
)
from tests.unit.codecs.given import text_of

CASES = Path(__file__).parents[2] / "cases" / "infocloud"
BEIJING = timezone(timedelta(hours=8))
NOW = datetime(2022, 1, 5, 2, 29, 44, 346_000, tzinfo=UTC)  # 1641349784346
NONCE = "12345678901234567890"
ACCOUNT = Account(
    name="jf",
    vendor="infocloud",
    base_url="https://opassapi.infocloud.com.cn",
    credentials={"api_key": "8767fd835ca3a4eb6f69129d71971760", "access_key": "32c0d2a0f9bc449c"},
)
FREE_TEXT = replace(ACCOUNT, options=Options(free_text_template="817436511033106432"))
SIGNED_FREE_TEXT = replace(
    ACCOUNT, options=Options(free_text_template="8392985760770416", free_text_signature=True, access_number="1069")
)
SUBMISSION = Submission("msg_1-0", ("18137578320", "18137599320", "18500000001"), (Content("你好"),))


def case(name: str) -> bytes:
    return (CASES / name).read_bytes()


def answered(body: bytes | str) -> Response:
    return Response(200, {}, body if isinstance(body, bytes) else body.encode())


def answer(**fields: object) -> Response:
    return answered(json.dumps(fields))


def pushed(*records: object, **fields: object) -> Push:
    document = {"apiKey": ACCOUNT.credentials["api_key"], "data": list(records)} | fields
    return Push("POST", body=json.dumps(document).encode())


def templated(code: str, *values: str) -> Content:
    return Content("as rendered", template=VendorTemplate(code, values))


def submission(
    *contents: Content, numbers: tuple[str, ...] = ("18500000001", "18500000002"), extension: str = ""
) -> Submission:
    return Submission("msg_1-0", numbers, contents, extension)


def sent(account: Account, content: Content, extension: str = "") -> Request:
    return infocloud.encode_send(account, submission(content, extension=extension), NOW, NONCE)


def batched(account: Account, *contents: Content) -> Request:
    numbers = tuple(f"185{index:08}" for index in range(len(contents)))
    return infocloud.encode_batch(account, submission(*contents, numbers=numbers), NOW, NONCE)


def refusal(encode: Callable[[], object]) -> EncodeError:
    with pytest.raises(EncodeError) as caught:
        encode()
    return caught.value


def reference_hmac(method: str, key: bytes, message: bytes) -> str:
    """RFC 2104, step by step."""
    new = getattr(hashlib, method.removeprefix("Hmac").lower())
    block = new().block_size
    key = (new(key).digest() if len(key) > block else key).ljust(block, b"\0")
    inner = new(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return str(new(bytes(byte ^ 0x5C for byte in key) + inner).hexdigest())


def reference_sign(request: Request, access_key: str) -> str:
    """What a server computes from what arrived, as the manual's Python demo does (`get_sign_content`)."""
    headers = {name: value for name, value in request.headers.items() if name.startswith("x-") and name != "x-sign"}
    parameters = dict(json.loads(request.body), **headers)
    query = ""
    for key, value in dict(sorted(parameters.items())).items():
        if key and value:
            query += key + "=" + value + "&"
    return reference_hmac(headers["x-sign-method"], access_key.encode(), query[:-1].encode("utf-8"))


# --- Signature


@pytest.mark.parametrize("line", case("signatures.openssl.txt").decode().splitlines())
def test_signature_is_the_one_openssl_makes(line: str) -> None:
    method, name, expected = line.split(" ")
    assert infocloud.signature(method, "你的密钥", case(name).decode()) == expected


def test_all_six_methods_have_a_case() -> None:
    assert {line.split()[0] for line in case("signatures.openssl.txt").decode().splitlines()} == set(
        infocloud.SIGN_METHODS
    )
    assert len(infocloud.SIGN_METHODS) == 6


@pytest.mark.parametrize("name", ["send", "no-body", "csharp"])
def test_string_to_sign_is_the_manuals(name: str) -> None:
    text = case(f"string-to-sign.{name}.document.txt").decode()
    fields = dict(pair.split("=", 1) for pair in reversed(text.split("&")))
    assert infocloud.string_to_sign(fields) == text


def test_string_to_sign_sorts_by_code_point() -> None:
    assert infocloud.string_to_sign({"a": "1", "Z": "2", "x-b": "3", "bid": "&=%"}) == "Z=2&a=1&bid=&=%&x-b=3"


@pytest.mark.parametrize("method", sorted(infocloud.SIGN_METHODS))
def test_a_request_is_signed_with_the_accounts_method(method: str) -> None:
    account = replace(ACCOUNT, options=Options(sign_method=method))
    request = sent(account, templated("574277763210051584", "张三 & 李四=100%", ""), extension="7")
    assert request.headers["x-sign-method"] == method
    assert request.headers["x-sign"] == reference_sign(request, account.credentials["access_key"])


def test_the_default_method_is_sha256() -> None:
    assert sent(FREE_TEXT, Content("你好")).headers["x-sign-method"] == "HmacSHA256"


def test_an_unknown_method_is_refused() -> None:
    account = replace(ACCOUNT, options=Options(sign_method="HmacSHA3"))
    problem = refusal(lambda: sent(account, templated("1")))
    assert problem.reason is Reason.PARAMETER_REFUSED
    assert "HmacSHA512" in problem.problem


# --- Send


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


DEMOS = sorted(path.name for path in CASES.glob("*-demo*.document.json"))


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


# --- Batch


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


# --- Answers to a send


@pytest.mark.parametrize(
    ("name", "msg_id"),
    [
        ("send-answer.document.json", "574730770464800768"),
        ("batch-answer.document.json", "574729305331499008"),
        ("send-answer.python-demo.json", "822515453833289728"),
    ],
)
def test_accepted(name: str, msg_id: str) -> None:
    for decode in (infocloud.decode_send, infocloud.decode_batch):
        assert decode(ACCOUNT, SUBMISSION, answered(case(name))) == Accepted((msg_id,))


def test_failed_phones_are_rejected_and_the_rest_stands() -> None:
    request_id = "(requestId 176e2bfc-a9ab-4096-ae5e-9681b9856993)"
    status = f"failPhones 部分号码提交失败 {request_id}"
    assert infocloud.decode_batch(ACCOUNT, SUBMISSION, answered(case("send-answer.failed-phones.json"))) == Accepted(
        ("0574729305331499008",),
        (
            Rejection("18137578320", Reason.INVALID_NUMBER, status),
            Rejection("18137599320", Reason.INVALID_NUMBER, status),
        ),
        f"部分号码提交失败 {request_id}",
    )


def failing(*failed: object, numbers: tuple[str, ...] = SUBMISSION.numbers, msg_id: str = "1") -> Accepted | Refused:
    """What is understood when numbers are named as failed, among those of a submission."""
    said = failed[0] if len(failed) == 1 else list(failed)
    response = answer(code=200, data={"msgId": msg_id, "failPhones": said})
    return infocloud.decode_send(ACCOUNT, replace(SUBMISSION, numbers=numbers), response)


@pytest.mark.parametrize(
    "failed",
    [
        "18500000001, 18137578320,18500000001",
        ["18500000001", "18137578320"],
        ["+86 185-0000-0001,18137578320"],
        "8618500000001,8618137578320",
        "+8618500000001，008618137578320",
        "１８５０００００００１、181****8320",
        "+86 185 0000 0001;181 3757 8320",
        "18500000001 18137578320",
        '["18500000001","18137578320"]',
        "185****0001,181****8320,185****0001",
        " 18500000001\r\n18137578320 ,",
    ],
)
def test_failed_phones_in_other_forms(failed: object) -> None:
    outcome = failing(failed)
    assert isinstance(outcome, Accepted)
    assert [rejection.number for rejection in outcome.rejected] == ["18500000001", "18137578320"]
    assert outcome.vendor_status == ""


def test_the_failed_phones_of_the_case_are_matched_however_they_are_written() -> None:
    outcome = infocloud.decode_send(ACCOUNT, SUBMISSION, answered(case("send-answer.failed-phones.written.json")))
    assert isinstance(outcome, Accepted)
    assert [rejection.number for rejection in outcome.rejected] == ["18137578320", "18137599320"]


def test_a_masked_failed_phone_that_fits_several_is_said_and_not_guessed() -> None:
    outcome = failing("181****8320,181****8320", numbers=("18137578320", "18199998320", "18500000001"))
    assert outcome == Accepted(("1",), (), "(1 of failPhones fit several of the numbers sent)")


@given(
    st.sets(st.integers(13_000_000_000, 19_999_999_999), min_size=1, max_size=8),
    st.lists(st.sampled_from(["", "86", "+86", "0086", "+86 ", "(86)"]), min_size=8, max_size=8),
    st.sampled_from([",", "，", "、", ";", " , ", "\n"]),
    st.sampled_from(["{}", "{:.3} {:.4}", "{:.3}-{:.4}"]),
)
def test_numbers_in_any_form_are_the_same_numbers(
    numbers: set[int], prefixes: list[str], between: str, form: str
) -> None:
    sent = tuple(map(str, sorted(numbers)))
    if form == "{}":
        written = [f"{prefix}{number}" for prefix, number in zip(prefixes, sent, strict=False)]
    else:
        gap = form[5]
        written = [f"{p.strip('()')}{n[:3]}{gap}{n[3:7]}{gap}{n[7:]}" for p, n in zip(prefixes, sent, strict=False)]
    assume("(" not in "".join(written))
    outcome = failing(between.join(written), numbers=(*sent, "12000000000"))
    assert isinstance(outcome, Accepted)
    assert {rejection.number for rejection in outcome.rejected} == set(sent)


@pytest.mark.parametrize("failed", [None, "", "null", ",", [], [None]])
def test_no_failed_phones(failed: object) -> None:
    response = answer(code=200, data={"msgId": "1", "failPhones": failed})
    assert infocloud.decode_send(ACCOUNT, SUBMISSION, response) == Accepted(("1",))


def test_failed_phones_that_are_not_ours_are_counted_not_shown() -> None:
    outcome = failing("18500000001,1813757832089,185****0002")
    rejected = (Rejection("18500000001", Reason.INVALID_NUMBER, "failPhones"),)
    assert outcome == Accepted(("1",), rejected, "(2 of failPhones are none of the numbers sent)")


@pytest.mark.parametrize(
    "data", [{}, None, "", "null", {"msgId": ""}, {"msgId": None}, {"msgId": "null"}, {"msgid": "", "desc": "null"}]
)
def test_success_without_an_id_is_a_doubt(data: object) -> None:
    response = answer(code=200, message="OK", data=data, requestId="176e2bfc-a9ab")
    doubt = Refused(About.UNLISTED, Reason.AMBIGUOUS_ANSWER, "200 OK, without a msgId (requestId 176e2bfc-a9ab)")
    for decode in (infocloud.decode_send, infocloud.decode_batch):
        assert decode(ACCOUNT, SUBMISSION, response) == doubt


def test_success_without_data_or_message_is_a_doubt() -> None:
    doubt = Refused(About.UNLISTED, Reason.AMBIGUOUS_ANSWER, "200, without a msgId")
    assert infocloud.decode_send(ACCOUNT, SUBMISSION, answer(code="200")) == doubt


def test_without_an_id_the_numbers_are_refused_only_if_all_are_named() -> None:
    everybody = ",".join(f"86{number}" for number in SUBMISSION.numbers)
    assert failing(everybody, msg_id="") == Refused(About.NUMBERS, Reason.INVALID_NUMBER, "200 failPhones")
    some = failing("18500000001,181****8320", msg_id="")
    assert some == Refused(About.UNLISTED, Reason.AMBIGUOUS_ANSWER, "200, without a msgId")
    outcome = failing(everybody)
    assert isinstance(outcome, Accepted)
    assert len(outcome.rejected) == 3


def test_ids_keep_every_digit() -> None:
    for number in ("98765432109876543210987654321", "9007199254740993", "1.50"):
        response = answered('{"code":200,"data":{"msgId":' + number + "}}")
        assert infocloud.decode_send(ACCOUNT, SUBMISSION, response) == Accepted((number,))


DECODERS: dict[str, Callable[[Account, Response], Any]] = {
    "send": lambda account, response: infocloud.decode_send(account, SUBMISSION, response),
    "batch": lambda account, response: infocloud.decode_batch(account, SUBMISSION, response),
    "report_poll": infocloud.decode_report_poll,
    "balance": infocloud.decode_balance,
    "statistics": infocloud.decode_statistics,
}

# Every row of the manual's table and what it is about.
ROWS = {
    "-1": (About.UNLISTED, Reason.UNLISTED_CODE),
    "2000": (About.ACCOUNT, Reason.ADDRESS_REFUSED),
    "2001": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
    "6000": (About.MOMENT, Reason.TOO_FAST),
    "40002": (About.ACCOUNT, Reason.BALANCE_EXHAUSTED),
    "40004": (About.CONTENT, Reason.PARAMETER_REFUSED),
    "40005": (About.CONTENT, Reason.TEMPLATE_REFUSED),
    "40006": (About.CONTENT, Reason.EXTENSION_REFUSED),
    "60001": (About.CONTENT, Reason.TEMPLATE_REFUSED),
    "60002": (About.CONTENT, Reason.PARAMETER_REFUSED),
    "60003": (About.CONTENT, Reason.TEMPLATE_REFUSED),
    "60004": (About.CONTENT, Reason.CONTENT_TOO_LONG),
    "60005": (About.CONTENT, Reason.CONTENT_EMPTY),
    "60006": (About.CONTENT, Reason.TEMPLATE_REFUSED),
    "60007": (About.NUMBERS, Reason.INVALID_NUMBER),
    "60008": (About.CONTENT, Reason.PARAMETER_REFUSED),
    "60009": (About.MOMENT, Reason.BUSY),
}


def test_every_code_of_the_table_is_tested_below() -> None:
    assert infocloud.CODES.keys() == ROWS.keys()


@pytest.mark.parametrize("operation", DECODERS)
@pytest.mark.parametrize("code", ROWS)
def test_refused(operation: str, code: str) -> None:
    decode = DECODERS[operation]
    about, reason = ROWS[code]
    meaning = infocloud.CODES[code][2]
    assert decode(ACCOUNT, answer(code=int(code), message="原因")) == Refused(about, reason, f"{code} {meaning} 原因")
    assert decode(ACCOUNT, answer(code=code, message=meaning, data=None)) == Refused(about, reason, f"{code} {meaning}")
    assert decode(ACCOUNT, answer(code=code)) == Refused(about, reason, f"{code} {meaning}")


@pytest.mark.parametrize("operation", DECODERS)
@pytest.mark.parametrize("code", ["500", "0", "-2", "20000", "200.0", "abc"])
def test_an_unlisted_code_is_not_a_refusal(operation: str, code: str) -> None:
    data = {"msgId": "574730770464800768"}
    refused = DECODERS[operation](ACCOUNT, answer(code=code, message="无效的参数（时间戳）", data=data))
    assert refused == Refused(About.UNLISTED, Reason.UNLISTED_CODE, f"{code} 无效的参数（时间戳）")


@pytest.mark.parametrize("message", ["无效的参数（时间戳）", "x-timestamp 已过期", "Timestamp", "无效的参数（nonce）"])
@pytest.mark.parametrize("operation", DECODERS)
def test_a_clock_that_is_wrong_is_about_the_account(operation: str, message: str) -> None:
    refused = DECODERS[operation](ACCOUNT, answer(code=40004, message=message, requestId="r-1"))
    expected = Refused(About.ACCOUNT, Reason.PARAMETER_REFUSED, f"40004 参数错误 {message} (requestId r-1)")
    assert refused == expected
    assert routing.alert_for(expected) == "account_refused"


@pytest.mark.parametrize("operation", DECODERS)
@pytest.mark.parametrize(
    ("request_id", "shown"), [("2fffb7d9-6569-4501-98f0-cee3656a6c34", True), ("x" * 65, False), ("a b", False)]
)
def test_the_request_id_is_kept_with_a_refusal(operation: str, request_id: str, shown: bool) -> None:
    refused = DECODERS[operation](ACCOUNT, answer(code=6000, message="慢", requestId=request_id))
    assert isinstance(refused, Refused)
    assert (f"慢 (requestId {request_id})" in refused.vendor_status) is shown


def test_the_request_id_is_kept_with_an_answer_that_is_none() -> None:
    with pytest.raises(DecodeError) as caught:
        infocloud.decode_send(ACCOUNT, SUBMISSION, answer(code=200, data=["?"], requestId="r-1"))
    assert caught.value.problem == "the answer's data is not an object (requestId r-1)"


def test_an_operator_may_say_what_a_code_is_about() -> None:
    codes = {"-1": About.MOMENT, "777": About.CONTENT, "2001": About.MOMENT}
    account = replace(ACCOUNT, options=Options(codes=codes))
    abouts = {}
    for code in ("-1", "777", "2001", "778"):
        refused = infocloud.decode_send(account, SUBMISSION, answer(code=code))
        assert isinstance(refused, Refused)
        abouts[code] = refused.about
    # What the manual does document is not to be changed.
    assert abouts == {"-1": About.MOMENT, "777": About.CONTENT, "2001": About.ACCOUNT, "778": About.UNLISTED}


def test_a_vendors_text_is_kept_within_bounds() -> None:
    refused = infocloud.decode_send(ACCOUNT, SUBMISSION, answer(code=6000, message="长" * 10_000))
    assert isinstance(refused, Refused)
    assert len(refused.vendor_status) < 250


# --- Reports


def test_report_query_sample() -> None:
    page = infocloud.decode_report_poll(ACCOUNT, answered(case("report-query.document.json")))
    assert isinstance(page, Page)
    assert not page.full
    assert [report.number for report in page.items] == ["187****8801", "187****8802", "187****8805", "187****8806"]
    for report in page.items:
        assert report.vendor_id == "202303231335001220"
        assert report.ours
        assert report.alternative_id == "640614750879358976"
        assert (report.status, report.vendor_status, report.reason) == (ReportStatus.DELIVERED, "DELIVRD", None)
        assert report.reported_at == datetime(2023, 8, 7, 13, 15, tzinfo=BEIJING)
        assert json.loads(text_of(report)) in json.loads(case("report-query.document.json"))["data"]
        assert report.number in text_of(report)


def test_report_push_sample() -> None:
    push = Push("POST", body=case("report-push.without-comments.json"))
    assert infocloud.verify_push(ACCOUNT, push, "reports")
    (report,) = infocloud.decode_report_push(ACCOUNT, push).items
    assert json.loads(text_of(report)) == json.loads(push.body)["data"][0]
    assert (report._replace(raw=""),) == (
        Report(
            vendor_id="xxxx",
            number="18551067101",
            status=ReportStatus.UNDELIVERED,
            vendor_status="UNDELIV",
            reason=Reason.UNREACHABLE,
            ours=True,
            alternative_id="577951956854276096",
            reported_at=datetime(2021, 4, 9, 17, 35, tzinfo=BEIJING),
            listed=True,
        ),
    )


@pytest.mark.parametrize("name", ["report-push.document.txt", "inbound-push.document.txt"])
def test_the_manuals_comments_are_not_json(name: str) -> None:
    push = Push("POST", body=case(name))
    assert infocloud.verify_push(ACCOUNT, push, "reports")
    for decode in (infocloud.decode_report_push, infocloud.decode_inbound_push):
        with pytest.raises(DecodeError) as caught:
            decode(ACCOUNT, push)
        assert caught.value.raw == push.body


# What polls and pushes bring, in the manual's own form.
FORMS = {
    "polled": '{"code": 200, "message": "查询成功", "data": [%s], "requestId": "2fffb7d9"}',
    "pushed": '{"apiKey": "8767fd83", "data": [%s]}',
}
WORDS = {"polled": "arrive", "pushed": "arriveResult"}
every_form = pytest.mark.parametrize("form", FORMS)


def manuals(form: str, number: str = "187****8801", **more: object) -> str:
    """A record of the manual's form; it may hold more."""
    ids = {"msgId": "577951956854276096", "bid": "msg_1-0"}
    return json.dumps({**ids, "tel": number, WORDS[form]: "DELIVRD", "arriveTime": "2308071315"} | more)


def page_in(form: str, body: bytes) -> Page[Report]:
    if form == "pushed":
        return infocloud.decode_report_push(ACCOUNT, Push("POST", body=body))
    page = infocloud.decode_report_poll(ACCOUNT, answered(body))
    assert isinstance(page, Page)
    return page


def reports_in(form: str, body: bytes) -> tuple[Report, ...]:
    return page_in(form, body).items


def read_fast(form: str, body: bytes) -> receipts.Receipts | None:
    return {"polled": receipts.polled, "pushed": receipts.pushed}[form](body)


def said(reports: tuple[Report, ...]) -> list[tuple[Report, object]]:
    """Reports with what their records say, however that is written."""
    return [(report._replace(raw=""), load(text_of(report), b"")) for report in reports]


def for_the_tolerant(body: bytes) -> bytes:
    """The same in another form: NaN is for the tolerant alone."""
    return body.replace(b"{", b'{"x": NaN, ', 1)


def as_tolerated(form: str, body: bytes) -> list[tuple[Report, object]]:
    """What would be read if the document were of another form."""
    return said(reports_in(form, for_the_tolerant(body)))


def outcome(form: str, body: bytes) -> object:
    """All that reading a document comes to: what its records say, and what is wrong with the others or with all."""
    try:
        page = page_in(form, body)
    except DecodeError as error:
        return error.problem
    return said(page.items), page.unreadable


@every_form
@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_manuals_form_is_read_fast_and_kept_word_for_word(form: str, count: int) -> None:
    records = [manuals(form, f"187****880{index}", fee=0.1, note="收到") for index in range(count)]
    body = (FORMS[form] % " ,\n".join(records)).encode()
    assert read_fast(form, body) is not None
    reports = reports_in(form, body)
    assert [text_of(report) for report in reports] == records
    assert said(reports) == as_tolerated(form, body)


@every_form
@pytest.mark.parametrize(
    ("ours", "theirs"), [('"bid": "msg_1-0", ', ""), *[('"msg_1-0"', value) for value in ("null", '""', '"null"')]]
)
def test_a_text_sent_past_the_gateway_does_not_slow_a_page(form: str, ours: str, theirs: str) -> None:
    records = [manuals(form), manuals(form).replace(ours, theirs)]
    body = (FORMS[form] % ", ".join(records)).encode()
    assert read_fast(form, body) is not None
    reports = reports_in(form, body)
    assert [text_of(report) for report in reports] == records
    assert [(report.vendor_id, report.ours, report.alternative_id) for report in reports] == [
        ("msg_1-0", True, "577951956854276096"),
        ("577951956854276096", False, ""),
    ]
    assert said(reports) == as_tolerated(form, body)


@every_form
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(', "arriveTime": "2308071315"', ""), *[('"2308071315"', value) for value in ("null", '""', '"null"', '"soon"')]],
)
def test_a_report_without_a_time_does_not_slow_a_page(form: str, ours: str, theirs: str) -> None:
    records = [manuals(form), manuals(form).replace(ours, theirs)]
    body = (FORMS[form] % ", ".join(records)).encode()
    assert read_fast(form, body) is not None
    reports = reports_in(form, body)
    assert [text_of(report) for report in reports] == records
    assert [report.reported_at for report in reports] == [datetime(2023, 8, 7, 13, 15, tzinfo=BEIJING), None]
    assert said(reports) == as_tolerated(form, body)


OTHERWISE = [
    *[(f'"{text}"', value) for text in ("msg_1-0", "577951956854276096") for value in ("10203", "true", "[]")],
    *[('"2308071315"', value) for value in ("2308071315", "1e9", "{}")],
    *[("577951956854276096", text) for text in ("", "null", "577")],
    ('"577951956854276096"', "null"),
    ('"msgId"', '"msgid"'),
    ('"187****8801"', "18551067101"),
    ("DELIVRD", "MK:1"),
    ('"bid"', '"x": NaN, "bid"'),
    ('"bid"', '"x": "\\udc00", "bid"'),
    ("{", "\ufeff{"),
    ('"data"', '"x": -Infinity, "data"'),
]


@every_form
@pytest.mark.parametrize(("ours", "theirs"), OTHERWISE)
def test_another_form_is_read_tolerantly(form: str, ours: str, theirs: str) -> None:
    body = (FORMS[form] % manuals(form)).replace(ours, theirs, 1).encode()
    assert read_fast(form, body) is None
    (report,) = reports_in(form, body)
    assert report.vendor_id in ("msg_1-0", "577951956854276096", "10203")


@every_form
@pytest.mark.parametrize("bid", ["\\ud83d", "line\nbreak", "\0", "\ufffd"])
def test_one_id_is_enough(form: str, bid: str) -> None:
    body = (FORMS[form] % manuals(form)).replace("msg_1-0", bid, 1).encode()
    (report,) = reports_in(form, body)
    assert (report.vendor_id, report.ours, report.alternative_id) == ("577951956854276096", False, "")
    body = (FORMS[form] % manuals(form)).replace("577951956854276096", bid, 1).encode()
    (report,) = reports_in(form, body)
    assert (report.vendor_id, report.ours, report.alternative_id) == ("msg_1-0", True, "")
    with pytest.raises(DecodeError):
        reports_in(form, body.replace(b"msg_1-0", bid.encode(), 1))


@every_form
@pytest.mark.parametrize("damaged", ["收到".encode("gbk"), b"\xff", b"\\ud83d"])
@pytest.mark.parametrize("name", ["note", "fee", "requestId"])
def test_damage_in_what_is_only_shown_costs_nothing(form: str, name: str, damaged: bytes) -> None:
    body = (FORMS[form] % manuals(form, note="@")).replace("2fffb7d9", "@").replace("8767fd83", "@").encode()
    (report,) = reports_in(form, body.replace(b"@", damaged))
    assert (report.vendor_id, report.status) == ("msg_1-0", ReportStatus.DELIVERED)
    assert text_of(report).encode()  # can be stored


@every_form
@pytest.mark.parametrize("damaged", ["收".encode("gbk"), b"\xff", b"\\ud83d", "\ufffd".encode()])
@pytest.mark.parametrize("what", ["187****8801", "DELIVRD"])
def test_damage_in_what_a_report_says_parks_it_alone_and_byte_for_byte(form: str, what: str, damaged: bytes) -> None:
    broken = manuals(form).encode().replace(what.encode(), what.encode()[:4] + damaged + what.encode()[4:])
    body = FORMS[form].encode() % b", ".join([broken, manuals(form, "187****8802").encode()])
    page = page_in(form, body)
    assert [report.number for report in page.items] == ["187****8802"]
    ((parked, place),) = [(one.body, one.place) for one in page.unreadable]
    assert (broken in parked, place) == (True, "record 1 of 2")
    repaired = parked.replace(damaged, b"")
    assert [report.number for report in reports_in(form, repaired)] == ["187****8801"]


BAD_RECORDS = {
    "no number": '{"msgId": "577951956854276096", "arrive": "DELIVRD", "arriveResult": "DELIVRD"}',
    "no object": "[1, {}]",
    "a text": '"187****8801"',
    "null": "null",
    "a quotation mark that nobody escaped": '{"msgId": "1", "tel": "187****8801", "note": "say "hi"", "arrive": "X"}',
    "cut within": '{"msgId": "1", "tel": "187****',
}


@every_form
@pytest.mark.parametrize("bad", BAD_RECORDS)
@pytest.mark.parametrize("at", [0, 1, 3])
def test_a_record_that_cannot_be_read_costs_none_of_the_others(form: str, bad: str, at: int) -> None:
    records = [manuals(form, f"187****880{index}") for index in range(3)]
    records.insert(at, BAD_RECORDS[bad])
    page = page_in(form, (FORMS[form] % ",\n".join(records)).encode())
    if bad != "cut within" or at == 3:
        assert [report.number for report in page.items] == [f"187****880{index}" for index in range(3)]
    else:  # what was cut is not told from what follows
        assert len(page.items) >= 2
    assert len(page.unreadable) == 1
    assert BAD_RECORDS[bad].encode() in page.unreadable[0].body
    assert page.unreadable[0].place == f"record {at + 1} of {len(page.items) + 1}"


def test_an_answer_that_is_no_json_is_a_page_only_if_it_says_that_it_is_a_success() -> None:
    body = FORMS["polled"] % f"{manuals('polled')}, {BAD_RECORDS['cut within']}"
    assert len(reports_in("polled", body.encode())) == 1
    for code in ("6000", '"-1"'):
        with pytest.raises(DecodeError):
            reports_in("polled", body.replace("200", code, 1).encode())


def test_what_looks_like_the_end_of_a_broken_page_loses_nothing() -> None:
    broken = '{"note": "say "hi"", "more": [{"a": 1}, {"b": 2}], "tel": "1"}'
    body = (FORMS["pushed"] % f"{manuals('pushed')}, {broken}, {manuals('pushed', '187****8802')}").encode()
    page = page_in("pushed", body)
    assert [report.number for report in page.items][:1] == ["187****8801"]
    everything = "".join(report.number for report in page.items).encode() + b"".join(
        one.body for one in page.unreadable
    )
    assert b"187****8802" in everything
    assert b"say " in everything


def test_an_answer_with_a_pushs_word_too_has_the_pushs() -> None:
    body = (FORMS["polled"] % manuals("polled", arriveResult="EXPIRED")).encode()
    assert [report.vendor_status for report in reports_in("polled", body)] == ["EXPIRED"]


like_the_manuals: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
    {"msgId": st.just("577951956854276096"), "tel": st.just("187****8801") | st.text(min_size=4, max_size=6)},
    optional={
        name: st.just("DELIVRD") | st.sampled_from(["null", "", "UNKNOWN", None, True, 7, []]) | st.text(min_size=4)
        for name in ("bid", "arrive", "arriveResult", "arriveTime", "msgid", "more")
    },
)


@every_form
@given(records=st.lists(like_the_manuals, max_size=3), escaped=st.booleans())
def test_the_fast_and_the_tolerant_say_the_same(form: str, records: list[dict[str, object]], escaped: bool) -> None:
    body = (FORMS[form] % json.dumps(records, ensure_ascii=escaped)[1:-1]).encode(errors="replace")
    if read_fast(form, body) is not None:
        assert outcome(form, body) == outcome(form, for_the_tolerant(body))


RECORD: dict[str, object] = {"msgId": "577", "tel": "18551067101", "arriveResult": "DELIVRD", "bid": "msg_1-0"}


def one_report(**fields: object) -> Report:
    (report,) = infocloud.decode_report_push(ACCOUNT, pushed(RECORD | fields)).items
    return report


@pytest.mark.parametrize(
    ("word", "status", "reason"),
    [
        ("DELIVRD", ReportStatus.DELIVERED, None),
        ("EXPIRED", ReportStatus.UNDELIVERED, Reason.VALIDITY_EXPIRED),
        ("DELETED", ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
        ("UNDELIV", ReportStatus.UNDELIVERED, Reason.UNREACHABLE),
        ("ACCEPTD", ReportStatus.PENDING, None),
        ("UNKNOWN", ReportStatus.PENDING, None),
        ("REJECTD", ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
        ("MK:0001", ReportStatus.UNDELIVERED, Reason.NETWORK_FAILURE),
        ("0", ReportStatus.UNDELIVERED, Reason.UNLISTED_CODE),
    ],
)
def test_only_delivrd_is_delivery(word: str, status: ReportStatus, reason: Reason | None) -> None:
    report = one_report(arriveResult=word)
    assert (report.status, report.reason, report.vendor_status) == (status, reason, word)


def test_the_table_of_statuses_is_tested_whole() -> None:
    words = "DELIVRD EXPIRED DELETED UNDELIV ACCEPTD UNKNOWN REJECTD"
    assert set(infocloud.REPORT_WORDS) == set(words.split())


@pytest.mark.parametrize("bid", [None, "", "null"])
def test_a_report_without_our_id_carries_the_vendors(bid: object) -> None:
    report = one_report(bid=bid)
    assert (report.vendor_id, report.ours, report.alternative_id) == ("577", False, "")


def test_a_report_may_carry_our_id_alone() -> None:
    report = one_report(msgId=None)
    assert (report.vendor_id, report.ours, report.alternative_id) == ("msg_1-0", True, "")


def test_both_spellings_are_read_from_pushes_and_queries() -> None:
    record = {"msgid": 98765432109876543210, "tel": 18551067101, "arrive": "DELIVRD"}
    (pushed_report,) = infocloud.decode_report_push(ACCOUNT, pushed(record)).items
    polled = infocloud.decode_report_poll(
        ACCOUNT, answer(code="200", data=[{**record, "arriveResult": record["arrive"], "arrive": None}])
    )
    assert isinstance(polled, Page)
    for report in (pushed_report, *polled.items):
        assert (report.vendor_id, report.number) == ("98765432109876543210", "18551067101")
        assert report.status is ReportStatus.DELIVERED


@pytest.mark.parametrize("field", ["tel", "arriveResult"])
@pytest.mark.parametrize("value", [None, "", [], {}, True])
def test_a_report_that_lacks_a_field(field: str, value: object) -> None:
    page = infocloud.decode_report_push(ACCOUNT, pushed(RECORD, RECORD | {field: value}))
    assert [report.number for report in page.items] == ["18551067101"]
    ((body, _, place),) = [(json.loads(one.body), one.problem, one.place) for one in page.unreadable]
    assert (body, place) == ({"data": [RECORD | {field: value}]}, "record 2 of 2")
    push = pushed(RECORD | {field: value})
    with pytest.raises(DecodeError) as caught:
        infocloud.decode_report_push(ACCOUNT, push)
    assert caught.value.raw == push.body


def test_a_report_without_any_id() -> None:
    with pytest.raises(DecodeError):
        one_report(msgId="", bid="")


@pytest.mark.parametrize("time", [None, "", "null", "210409", "210491735", "2113091735", "21040917355"])
def test_a_time_that_is_none(time: object) -> None:
    assert one_report(arriveTime=time).reported_at is None


def test_a_time_may_be_a_number() -> None:
    assert one_report(arriveTime=2104091735).reported_at == datetime(2021, 4, 9, 17, 35, tzinfo=BEIJING)


@pytest.mark.parametrize("data", [RECORD, json.dumps(RECORD), json.dumps([RECORD]), [RECORD]])
def test_data_in_other_forms(data: object) -> None:
    (report,) = infocloud.decode_report_push(ACCOUNT, pushed(data=data)).items
    assert report.vendor_id == "msg_1-0"


@pytest.mark.parametrize("data", ["x", 1, True, [1], [[RECORD]], "[1]"])
def test_data_that_is_no_list_of_records(data: object) -> None:
    push = pushed(data=data)
    for decode in (infocloud.decode_report_push, infocloud.decode_inbound_push):
        with pytest.raises(DecodeError) as caught:
            decode(ACCOUNT, push)
        assert caught.value.raw == push.body


@pytest.mark.parametrize("data", [None, "", "null", {}, [], "[]", '"[]"'])
def test_a_push_of_no_records(data: object) -> None:
    for decode in (infocloud.decode_report_push, infocloud.decode_inbound_push):
        assert decode(ACCOUNT, pushed(data=data)) == Page(())


def test_a_record_that_is_in_no_list_is_one() -> None:
    push = Push("POST", body=json.dumps({"apiKey": "k", **RECORD}).encode())
    (report,) = infocloud.decode_report_push(ACCOUNT, push).items
    assert report.vendor_id == "msg_1-0"
    assert b"apiKey" not in bytes(report.raw if isinstance(report.raw, bytes) else str(report.raw).encode())


@pytest.mark.parametrize("write", [str.upper, str.lower, str.title])
def test_names_are_read_in_any_case(write: Callable[[str], str]) -> None:
    push = pushed(data=[{write(name): value for name, value in RECORD.items()}])
    (report,) = infocloud.decode_report_push(ACCOUNT, push).items
    assert (report.vendor_id, report.alternative_id, report.number) == ("msg_1-0", "577", RECORD["tel"])


@pytest.mark.parametrize("around", ["%s ", " %s", "%s\x00", "\ufeff%s", '"%s"'])
def test_an_id_is_read_without_what_is_around_it(around: str) -> None:
    report = one_report(msgId=around % "577", bid=around % "msg_1-0", arriveResult=around % "DELIVRD")
    assert (report.vendor_id, report.alternative_id, report.status) == ("msg_1-0", "577", ReportStatus.DELIVERED)


@pytest.mark.parametrize("data", ["[%s, 1]", "[%s, {]", "[%s, {"])
def test_data_as_a_text_is_read_as_far_as_it_can_be(data: str) -> None:
    push = pushed(data=data % json.dumps(RECORD))
    page = infocloud.decode_report_push(ACCOUNT, push)
    assert (len(page.items), len(page.unreadable)) == (1, 1)


def test_a_push_without_records() -> None:
    assert infocloud.decode_report_push(ACCOUNT, pushed()).items == ()


def test_a_reply_is_not_a_report_and_a_report_no_reply() -> None:
    with pytest.raises(DecodeError):
        infocloud.decode_report_push(ACCOUNT, Push("POST", body=case("inbound-push.without-comments.json")))
    with pytest.raises(DecodeError):
        infocloud.decode_inbound_push(ACCOUNT, Push("POST", body=case("report-push.without-comments.json")))


def test_report_query_asks_for_all_or_for_ids() -> None:
    everything = infocloud.encode_report_poll(ACCOUNT, NOW, NONCE)
    assert everything.url == "https://opassapi.infocloud.com.cn/sms/arriveRes/qry"
    assert everything.body == b"{}"
    assert everything.headers["x-sign"] == reference_sign(everything, ACCOUNT.credentials["access_key"])


@pytest.mark.parametrize("response", [answer(code=200, data=[]), answer(code=200, data=None), answer(code="200")])
def test_nothing_waiting(response: Response) -> None:
    assert infocloud.decode_report_poll(ACCOUNT, response) == Page(())
    assert infocloud.decode_statistics(ACCOUNT, response) == Page(())


@pytest.mark.parametrize(("count", "full"), [(599, False), (600, True)])
def test_a_page_of_600_is_full(count: int, full: bool) -> None:
    page = infocloud.decode_report_poll(ACCOUNT, answer(code=200, data=[RECORD] * count))
    assert isinstance(page, Page)
    assert (len(page.items), page.full) == (count, full)


# --- Replies


def test_inbound_push_sample() -> None:
    push = Push("POST", body=case("inbound-push.without-comments.json"))
    assert infocloud.verify_push(ACCOUNT, push, "inbound")
    (inbound,) = infocloud.decode_inbound_push(ACCOUNT, push).items
    assert (inbound.number, inbound.text) == ("18551067101", "上行内容")
    assert (inbound.access_number, inbound.extension) == ("接入号", "")
    assert inbound.received_at == datetime(2021, 4, 9, 17, 35, tzinfo=BEIJING)
    assert json.loads(inbound.raw)["srcId"] == "接入号"


@pytest.mark.parametrize(
    ("source", "access_number", "extension"),
    [("106912", "1069", "12"), ("1069", "1069", ""), ("95533", "95533", ""), ("", "", ""), (None, "", "")],
)
def test_the_extension_follows_the_access_number(source: object, access_number: str, extension: str) -> None:
    record = {"srcId": source, "tel": "18551067101", "content": "TD", "arriveTime": "2104091735"}
    (inbound,) = infocloud.decode_inbound_push(SIGNED_FREE_TEXT, pushed(record)).items
    assert (inbound.access_number, inbound.extension) == (access_number, extension)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('""', ""),
        ('"null"', "null"),
        ("1", "1"),
        ("007", None),
        ("null", None),
        ("[]", None),
        ('"一行\\n二行"', "一行\n二行"),
        ('"一行\n二行"', "一行\n二行"),  # not escaped, as JSON wants it
        ('"\\ud83d\\ude00"', "😀"),
        ('"half \\ud83d"', None),
        ('"\\\\ud83d"', "\\ud83d"),
        ('"C:\\\\u4e00"', "C:\\u4e00"),
    ],
)
def test_the_text_of_a_reply(content: str, text: str | None) -> None:
    body = '{"apiKey":"k","data":[{"srcId":"1069","tel":"18551067101","content":' + content + "}]}"
    push = Push("POST", body=body.encode())
    if text is None:
        with pytest.raises(DecodeError):
            infocloud.decode_inbound_push(ACCOUNT, push)
        return
    (inbound,) = infocloud.decode_inbound_push(ACCOUNT, push).items
    assert inbound.text == text
    assert inbound.raw.encode()  # can be stored
    assert json.loads(inbound.raw)["content"] == text


@pytest.mark.parametrize("half", [b"\\ud83d", b"\\ude00", b"\\uDC80", b"\xf0\x9f", b"\xcd\xcb", "\ufffd".encode()])
def test_half_a_character_parks_its_reply_alone_and_unaltered(half: bytes) -> None:
    good = b'{"srcId":"1069","tel":"18551067102","content":"TD"}'
    bad = b'{"srcId":"1069","tel":"18551067101","content":"TD%s"}' % half
    page = infocloud.decode_inbound_push(ACCOUNT, Push("POST", body=b'{"apiKey":"k","data":[%s,%s]}' % (bad, good)))
    assert [reply.number for reply in page.items] == ["18551067102"]
    assert [one.body for one in page.unreadable] == [b'{"data":[%s]}' % bad]
    assert page.unreadable[0].problem == "a text with bytes that are none of its charset"


PUSHED = {  # the numbers that can be read, and how many records are parked
    "report-push.without-tel.json": (["18551067101", "18551067102"], 1),
    "report-push.lower-case.json": (["18551067101"], 0),
    "inbound-push.unescaped.json": (["18551067102"], 1),
    "inbound-push.half-emoji.json": (["18551067102"], 1),
    "inbound-push.gbk.json": (["18551067102"], 1),
    "inbound-push.byte-order-mark.json": (["18551067102"], 0),
}


@pytest.mark.parametrize("name", PUSHED)
def test_what_the_field_pushes_is_believed_and_read_as_far_as_it_can_be(name: str) -> None:
    push, kind = Push("POST", body=case(name)), "inbound" if name.startswith("inbound") else "reports"
    assert infocloud.verify_push(ACCOUNT, push, kind)  # type: ignore[arg-type]
    decode = infocloud.decode_inbound_push if kind == "inbound" else infocloud.decode_report_push
    page = decode(ACCOUNT, push)
    assert ([item.number for item in page.items], len(page.unreadable)) == PUSHED[name]
    assert not [item for item in page.items if isinstance(item, Report) and item.status != ReportStatus.DELIVERED]


@pytest.mark.parametrize(
    ("name", "about", "reason"),
    [
        ("send-answer.without-id.json", About.UNLISTED, Reason.AMBIGUOUS_ANSWER),
        ("send-answer.clock.json", About.ACCOUNT, Reason.PARAMETER_REFUSED),
    ],
)
def test_answers_of_the_field(name: str, about: About, reason: Reason) -> None:
    refused = infocloud.decode_send(ACCOUNT, SUBMISSION, answered(case(name)))
    assert isinstance(refused, Refused)
    assert (refused.about, refused.reason) == (about, reason)
    assert refused.vendor_status.endswith("(requestId 176e2bfc-a9ab-4096-ae5e-9681b9856992)")


# --- What proves a push


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"apiKey=8767fd835ca3a4eb6f69129d71971760",
        b'{"apiKey":null}',
        b'{"apiKey":""}',
        b'{"apiKey":["8767fd835ca3a4eb6f69129d71971760"]}',
        b'{"apikey":"8767fd835ca3a4eb6f69129d71971760"}',
        b'{"apiKey":"8767fd835ca3a4eb6f69129d7197176"}',
        b'{"apiKey":"8767fd835ca3a4eb6f69129d71971760 "}',
        b'{"apiKey":"\\ud800","data":[]}',
        '{"apiKey":"密钥"}'.encode(),
        b'{"apiKey":"\xff"}',
        b"[" * 200_000,
    ],
)
def test_a_push_without_the_api_key_is_not_believed(body: bytes) -> None:
    with contextlib.suppress(DecodeError):
        assert infocloud.verify_push(ACCOUNT, Push("POST", body=body), "reports") is False


KEY = ACCOUNT.credentials["api_key"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"apiKey":"%s","data":[{"tel":"1","content":"say "TD""}]}',
        b'{"data":[{"tel":"1","content":"\xcd\xcb\xb6\xa9"}],"apiKey":"%s"}',
        b'{"apiKey" : "%s", "data": [',
        b'\xef\xbb\xbf{"apiKey":"%s","data":[]}',
    ],
)
def test_the_right_key_is_found_in_what_cannot_be_read(body: bytes) -> None:
    push = Push("POST", body=body % KEY.encode())
    assert infocloud.verify_push(ACCOUNT, push, "inbound") is True
    wrong = Push("POST", body=body % b"another-key")
    assert infocloud.verify_push(ACCOUNT, wrong, "inbound") is False
    nowhere = Push("POST", body=b"\xff" + push.body.replace(b'"apiKey"', b"apiKey"))
    with pytest.raises(DecodeError):
        infocloud.verify_push(ACCOUNT, nowhere, "inbound")


@pytest.mark.parametrize("credentials", [{}, {"api_key": ""}, {"api_key": "other"}])
def test_an_account_with_another_key_believes_nothing(credentials: dict[str, str]) -> None:
    account = replace(ACCOUNT, credentials=credentials)
    for key in ("", "8767fd835ca3a4eb6f69129d71971760", None):
        assert not infocloud.verify_push(account, pushed(apiKey=key), "inbound")


def test_a_push_may_carry_another_key_while_it_changes() -> None:
    account = replace(ACCOUNT, push=PushSettings(("t" * 32,), (), {"api_key": ("", "the-previous-one")}))
    own = ACCOUNT.credentials["api_key"]
    believed = [infocloud.verify_push(account, pushed(apiKey=key), "reports") for key in (own, "the-previous-one", "")]
    assert believed == [True, True, False]


@given(st.binary())
def test_verifying_raises_nothing_but_decode_error(body: bytes) -> None:
    with contextlib.suppress(DecodeError):
        assert infocloud.verify_push(ACCOUNT, Push("POST", body=body), "inbound") is False


def test_acknowledgement() -> None:
    assert json.loads(infocloud.acknowledgement(ACCOUNT, "reports"))["code"] == 200
    account = replace(ACCOUNT, options=Options(ack="success"))
    assert infocloud.acknowledgement(account, "inbound") == "success"
    assert infocloud.acknowledgement(replace(ACCOUNT, options=Options(ack="")), "inbound") == ""
    assert json.loads(infocloud.failure(account, "reports"))["code"] == -1


# --- Balance, statistics, health


def test_balance_sample() -> None:
    assert infocloud.decode_balance(ACCOUNT, answered(case("balance-answer.document.json"))) == (
        Balance(Decimal(9784), "行业短信"),
        Balance(Decimal(10007), "会员短信"),
        Balance(Decimal(6506), "推广短信"),
    )


@pytest.mark.parametrize("value", ["1", -3, 1.5, "0.25", 123456789012345678])
def test_a_balance_is_exact(value: object) -> None:
    balances = infocloud.decode_balance(ACCOUNT, answer(code=200, data=[{"itemName": None, "residueValue": value}]))
    assert balances == (Balance(Decimal(str(value))),)


@pytest.mark.parametrize("value", [None, "", "many", "１", "1e9", float("nan"), 10**40, True, [], "1 1"])
def test_a_balance_that_is_no_number(value: object) -> None:
    with pytest.raises(DecodeError):
        infocloud.decode_balance(ACCOUNT, answer(code=200, data=[{"itemName": "行业短信", "residueValue": value}]))


def test_a_balance_that_is_not_there() -> None:
    with pytest.raises(DecodeError):
        infocloud.decode_balance(ACCOUNT, answer(code=200))


def test_balance_request_signs_its_headers_alone() -> None:
    request = infocloud.encode_balance(ACCOUNT, NOW, NONCE)
    assert (request.url, request.body) == ("https://opassapi.infocloud.com.cn/sms/residueValue/qry", b"{}")
    assert request.headers["x-sign"] == reference_sign(request, ACCOUNT.credentials["access_key"])


def test_statistics_request() -> None:
    request = infocloud.encode_statistics(ACCOUNT, NOW, NONCE, date(2023, 8, 7), date(2023, 8, 8), 3)
    assert request.url == "https://opassapi.infocloud.com.cn/sms/send/statistics"
    assert json.loads(request.body) == {
        "startDate": "2023-08-07",
        "endDate": "2023-08-08",
        "page": "3",
        "pageSize": "50",
    }
    assert request.headers["x-sign"] == reference_sign(request, ACCOUNT.credentials["access_key"])


@pytest.mark.parametrize(("first", "last", "page"), [(8, 7, 1), (7, 8, 0)])
def test_statistics_that_cannot_be_asked(first: int, last: int, page: int) -> None:
    days = date(2023, 8, first), date(2023, 8, last)
    problem = refusal(lambda: infocloud.encode_statistics(ACCOUNT, NOW, NONCE, *days, page))
    assert problem.reason is Reason.PARAMETER_REFUSED


def test_statistics_of_two_days() -> None:
    page = infocloud.decode_statistics(ACCOUNT, answered(case("statistics-answer.fields.json")))
    assert page == Page((DayStatistics("2023-08-07", 1200, 1100, 60, 40), DayStatistics("2023-08-08", 7, 7, 0, 0)))


DAY: dict[str, object] = {
    "sendDate": "2023-08-07",
    "totalCount": "9",
    "successCount": 7,
    "failCount": 1,
    "noReceiptCount": 1,
}


@pytest.mark.parametrize(("count", "full"), [(49, False), (50, True)])
def test_a_page_of_50_days_is_full(count: int, full: bool) -> None:
    page = infocloud.decode_statistics(ACCOUNT, answer(code=200, data=[DAY] * count))
    assert isinstance(page, Page)
    assert (len(page.items), page.full) == (count, full)


@pytest.mark.parametrize("field", DAY)
@pytest.mark.parametrize("value", ["null", '""', '"-1"', '"x"', "1.5", "1" + "0" * 5000], ids=len)
def test_figures_that_are_none(field: str, value: str) -> None:
    body = json.dumps({"code": 200, "data": [DAY | {field: "@"}]}).replace('"@"', value)
    with pytest.raises(DecodeError):
        infocloud.decode_statistics(ACCOUNT, answered(body))


@pytest.mark.parametrize("day", ["2023-02-30", "0000-01-01", "20230807", "2023-W32-1", "2023-08-07 1", "２023-08-07"])
def test_days_of_no_calendar(day: str) -> None:
    with pytest.raises(DecodeError):
        infocloud.decode_statistics(ACCOUNT, answer(code=200, data=[DAY | {"sendDate": day}]))


def test_health_request_is_the_scripts() -> None:
    request = infocloud.encode_health(ACCOUNT, NOW, NONCE)
    assert (request.method, request.url) == ("POST", "https://opassapi.infocloud.com.cn/health/info")
    assert request.headers == {"Content-Type": "application/json;charset=utf-8"}  # no key is given away
    assert request.body == b""


@pytest.mark.parametrize(
    ("response", "healthy"),
    [
        (answer(code=200), True),
        (answer(code="200", data=None), True),
        (answered("{}"), True),
        (answer(code=500), False),
        (answer(code=-1, message="系统繁忙"), False),
        (answer(code=None), False),
    ],
)
def test_health(response: Response, healthy: bool) -> None:
    assert infocloud.decode_health(ACCOUNT, response) is healthy


# --- Whatever else arrives


ALL_DECODERS = DECODERS | {
    "health": infocloud.decode_health,
    "report_push": lambda account, response: infocloud.decode_report_push(account, Push("POST", body=response.body)),
    "inbound_push": lambda account, response: infocloud.decode_inbound_push(account, Push("POST", body=response.body)),
}


@pytest.mark.parametrize("decode", ALL_DECODERS.values(), ids=ALL_DECODERS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"200",
        b'"200"',
        b"null",
        b"[]",
        b"<html><body>502 Bad Gateway</body></html>",
        '{"code":200,"message":"查询成功"}'.encode("utf-16"),
        b'{"code":200}{"code":200}',
        b'{"code":200,"data":{"msgId":"1"}',
        b'{"code":200,"data":{"msgId":"1"},}',
        b"{'code':200}",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"code":200,"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        json.dumps({"code": 200, "data": "[" * 100_000}).encode(),
    ],
)
def test_what_is_not_an_answer(decode: Callable[[Account, Response], object], body: bytes) -> None:
    if decode is infocloud.decode_health and body.startswith(b'{"code": 200'):
        assert decode(ACCOUNT, answered(body)) is True  # it does not look at data
        return
    with pytest.raises(DecodeError) as caught:
        decode(ACCOUNT, answered(body))
    assert caught.value.raw == body


@pytest.mark.parametrize("operation", DECODERS)
@pytest.mark.parametrize("body", [b"{}", b'{"code":null}', b'{"code":true}', b'{"code":[200]}', b'{"code":""}'])
def test_an_answer_without_a_code(operation: str, body: bytes) -> None:
    with pytest.raises(DecodeError):
        DECODERS[operation](ACCOUNT, answered(body))


@pytest.mark.parametrize("data", ["574730770464800768", [{"msgId": "1"}], 5, True])
def test_a_send_answer_whose_data_is_no_object(data: object) -> None:
    with pytest.raises(DecodeError):
        infocloud.decode_send(ACCOUNT, SUBMISSION, answer(code=200, data=data))


@pytest.mark.parametrize("operation", [*DECODERS, "health"])
def test_another_http_status_is_no_answer(operation: str) -> None:
    with pytest.raises(DecodeError):
        ALL_DECODERS[operation](ACCOUNT, replace(answer(code=200, data={"msgId": "1"}), status=500))


@pytest.mark.parametrize("decode", [infocloud.decode_report_push, infocloud.decode_inbound_push])
def test_a_record_nested_to_any_depth(decode: Callable[[Account, Push], object]) -> None:
    outcomes = set()
    for depth in (*range(1, 1500, 100), *range(1500, 20_000, 500)):
        nested = "[" * depth + "]" * depth
        record = '{"msgId":"1","tel":"1","arrive":"DELIVRD","content":"TD","x":' + nested + "}"
        try:
            decode(ACCOUNT, Push("POST", body=f'{{"data":[{record}]}}'.encode()))
            outcomes.add("decoded")
        except DecodeError:
            outcomes.add("refused")
    assert outcomes == {"decoded", "refused"}


def test_doubled_keys_and_marks_are_harmless() -> None:
    body = b'\xef\xbb\xbf{"code":6000,"x":NaN,"y":-Infinity,"z":1e999,"code":200,"data":{"msgId":"1","msgId":"2"}}\r\n'
    assert infocloud.decode_send(ACCOUNT, SUBMISSION, answered(body)) == Accepted(("2",))


SAMPLES = [
    ("send", "send-answer.document.json"),
    ("send", "send-answer.python-demo.json"),
    ("batch", "batch-answer.document.json"),
    ("batch", "send-answer.failed-phones.json"),
    ("report_poll", "report-query.document.json"),
    ("balance", "balance-answer.document.json"),
    ("statistics", "statistics-answer.fields.json"),
    ("health", "send-answer.document.json"),
    ("report_push", "report-push.without-comments.json"),
    ("inbound_push", "inbound-push.without-comments.json"),
]


RECORDS = ("report_poll", "report_push", "inbound_push")


@pytest.mark.parametrize(("operation", "name"), SAMPLES)
def test_a_sample_cut_anywhere_is_refused(operation: str, name: str) -> None:
    """Where it has records, those that came whole are taken, and what is left of the others is parked."""
    whole = case(name).rstrip()
    complete = ALL_DECODERS[operation](ACCOUNT, answered(whole))
    for length in range(len(whole)):
        try:
            cut = ALL_DECODERS[operation](ACCOUNT, answered(whole[:length]))
        except DecodeError:
            continue
        assert operation in RECORDS
        assert said_of(cut) == said_of(complete)[: len(cut.items)]
        assert cut.unreadable or len(cut.items) == len(complete.items)


def said_of(page: Page[Any]) -> list[Any]:
    return [item._replace(raw="") if isinstance(item, Report) else replace(item, raw="") for item in page.items]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [("send", Accepted(("1",))), ("report_poll", Page(())), ("statistics", Page(()))],
)
def test_a_message_in_another_charset_costs_no_answer(operation: str, expected: object) -> None:
    data = '{"msgId":"1"}' if operation == "send" else "[]"
    body = f'{{"code":200,"message":"查询成功","data":{data}}}'.encode("gbk")
    assert DECODERS[operation](ACCOUNT, answered(body)) == expected
    refused = DECODERS[operation](ACCOUNT, answered('{"code":6000,"message":"慢"}'.encode("gbk")))
    assert refused == Refused(About.MOMENT, Reason.TOO_FAST, "6000 访问频繁,请稍后再试 \ufffd\ufffd")


def texts_in(value: object) -> Iterator[str]:
    """Every text in what a decoder made; all of them will be stored."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        yield from texts_in(list(asdict(value).values()))
    elif isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts_in(item)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["200", "null", "[]", "{}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.sampled_from([*RECORD, *DAY]), inner),
    max_leaves=12,
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "code": st.sampled_from([200, "200", -1, "6000"]) | json_values,
        "message": json_values,
        "data": st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys([*RECORD, "content", *DAY], json_values)))
        | st.fixed_dictionaries({}, optional=dict.fromkeys(["msgId", "failPhones", "desc"], json_values))
        | json_values,
    },
)


@pytest.mark.parametrize("operation", ALL_DECODERS)
@given(st.binary() | documents.map(lambda document: json.dumps(document).encode()))
def test_decoders_raise_nothing_but_decode_errors(operation: str, body: bytes) -> None:
    # Any other exception fails the test.
    with contextlib.suppress(DecodeError):
        decoded = ALL_DECODERS[operation](ACCOUNT, answered(body))
        assert not any(re.search("[\ud800-\udfff]", each) for each in texts_in(decoded))


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


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("end", [2, 1])
def test_a_record_that_lost_its_end_costs_no_other(place: int, end: int) -> None:
    records = [json.dumps(RECORD | {"tel": f"1855106710{n}"}) for n in range(3)]
    records[place] = records[place][:-end]
    push = Push("POST", body=b'{"apiKey":"k","data":[%s]}' % ", ".join(records).encode())
    page = infocloud.decode_report_push(ACCOUNT, push)
    assert [each.number[-1] for each in page.items] == [str(n) for n in range(3) if n != place]
    assert len(page.unreadable) >= 1


def test_odd_values_of_the_case() -> None:
    cut = infocloud.decode_report_push(ACCOUNT, Push("POST", body=case("report-push.lost-bracket.json")))
    assert ([each.number for each in cut.items], len(cut.unreadable)) == (["13800138001"], 1)
    page = infocloud.decode_report_push(ACCOUNT, Push("POST", body=case("report-push.odd-values.json")))
    assert [(report.vendor_id, report.number, report.status, report.ours) for report in page.items] == [
        ("577", "13800138000", ReportStatus.DELIVERED, False),
        ("b 1", "13800138001", ReportStatus.DELIVERED, True),
    ]
    assert [each.place for each in page.unreadable] == ["record 3 of 3"]
    nothing = Push("POST", body=case("report-push.no-records.json"))
    assert infocloud.decode_report_push(ACCOUNT, nothing) == Page(())


def test_an_answer_with_blanks_is_a_success_with_that_id() -> None:
    assert infocloud.decode_send(ACCOUNT, SUBMISSION, answered(case("send-answer.spaced-id.json"))) == Accepted(
        ("577",)
    )
