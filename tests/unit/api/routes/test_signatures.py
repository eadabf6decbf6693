"""Whose signature a phone shows: at every vendor, from what a client posts to what the vendor is asked for."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from smsgateway.accepting.contents import signature_place_of
from smsgateway.calling import encoding
from smsgateway.calling.carriage import PROBE_ID, PROBE_NONCE, Carriage, content_for
from smsgateway.codecs import VENDORS
from smsgateway.errors import EncodeError
from smsgateway.ids import SubmissionKey
from smsgateway.model import Account, Message, Options, Payload, Personal, Reason, Template
from smsgateway.store.messages import message_fields, read_message
from smsgateway.store.submissions import load_submission
from smsgateway.text import render, segments
from tests.doubles.samples import samples
from tests.unit.api.conftest import ACCOUNTS, Api

NOW = datetime(2026, 1, 22, tzinfo=UTC)
NUMBER = "13800138000"
BESIDE = "infocloud, the signature a variable of its own"
CASES = [*VENDORS, BESIDE]


def account_at(case: str, signature: str = "示例") -> Account:
    vendor = "infocloud" if case == BESIDE else case
    profile = VENDORS[vendor].profile
    credentials = dict.fromkeys(profile.credentials, "x")
    required: dict[str, Any] = {**samples(vendor).OPTIONS, "free_text_signature": case == BESIDE}
    options = Options(**required, charset="utf-8" if "charset" in profile.options else None)
    return Account("a", vendor, "http://vendor.example", credentials, signature, options=options)


def message_of(content: Personal, **fields: Any) -> Message:
    return Message("msg_1", "shop", "notice", 0, 1, ("a",), 1, 1, content=content, **fields)


def asked(case: str, message: Message, signature: str = "示例") -> tuple[str, str]:
    """What the vendor is asked to send: the signature beside the text, where it takes one there, and the text."""
    account = account_at(case, signature)
    payload = Payload((NUMBER,))
    submission = Carriage(account, message, payload).submission(payload, PROBE_ID)
    request = encoding.encode(account, submission, NOW, PROBE_NONCE, personalised=False)
    beside, text = samples(account.vendor).read(request)
    return beside.decode(), text.decode()


def read(case: str, message: Message, signature: str = "示例") -> str:
    """What the phone shows: a vendor that takes the signature beside the text puts it in front."""
    beside, text = asked(case, message, signature)
    return f"【{beside}】{text}" if beside else text


def of_template(template: str, **params: str) -> Message:
    place = signature_place_of(Template("t", template))
    return message_of(Personal(render(template, params), params), signature_place=place)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("lead", ["", " ", "\r\n", "\t", "\u3000", "\ufeff", "\u200b", "\u202d", "\u2060 \ufe0f\n"])
def test_nothing_unseen_in_front_hides_a_texts_signature(case: str, lead: str) -> None:
    message = message_of(Personal(f"{lead}【商店】您好"))

    assert read(case, message) == "【商店】您好"
    content = content_for(account_at(case), message, Personal(f"{lead}【商店】您好"))
    assert segments(content.full) == Carriage(account_at(case), message, Payload((NUMBER,))).segments[NUMBER]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("value", ["【某公司】张三", "\ufeff 【某公司】", "【某公司】"])
def test_a_variables_value_chooses_no_signature(case: str, value: str) -> None:
    assert read(case, of_template("{name}您好", name=value)) == f"【示例】{value}您好"


@pytest.mark.parametrize("case", CASES)
def test_a_templates_own_beginning_is_its_signature(case: str) -> None:
    assert read(case, of_template(" 【商店】{name}您好", name="【某公司】")) == "【商店】【某公司】您好"


@pytest.mark.parametrize("case", CASES)
def test_the_signature_at_the_end_gets_no_second_one_in_front(case: str) -> None:
    written = read(case, message_of(Personal("您好【示例】\n")))
    of_end = read(case, of_template("{name}您好【示例】", name="【某公司】"))

    in_front = case in ("heji", BESIDE)
    assert written == ("【示例】您好" if in_front else "您好【示例】")
    assert of_end == ("【示例】【某公司】您好" if in_front else "【某公司】您好【示例】")


@pytest.mark.parametrize("case", CASES)
def test_a_value_at_the_end_takes_no_signature_away(case: str) -> None:
    assert read(case, of_template("您好{name}", name="【示例】")) == "【示例】您好【示例】"


@pytest.mark.parametrize("case", VENDORS)
@pytest.mark.parametrize("value", ["【某公司】张三", "\u200b【某公司】张三"])
def test_where_nobody_has_a_signature_a_value_does_not_stand_in_for_it(case: str, value: str) -> None:
    with pytest.raises(EncodeError, match="the value of a variable") as refused:
        asked(case, of_template("{name}您好", name=value), signature="")
    assert refused.value.reason == Reason.SIGNATURE_REFUSED
    assert asked(case, message_of(Personal(f"{value}您好")), signature="")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("text", ["\u200b", "\ufeff \n", "【示例】\u200b", "\u3164\u2800", "\u00ad"])
def test_a_text_of_which_nothing_can_be_seen_is_empty(case: str, text: str) -> None:
    with pytest.raises(EncodeError) as refused:
        asked(case, message_of(Personal(text)))
    assert refused.value.reason == Reason.CONTENT_EMPTY


def test_what_is_stored_says_where_a_signature_may_be(api: Api) -> None:
    api.call("PUT", "/templates/{name}", {"text": "{name}您好"}, name="hello")
    posted = api.post({"to": NUMBER, "template": "hello", "params": {"name": "【某公司】张三"}})
    several = api.post({"template": "hello", "messages": [
        {"to": NUMBER, "params": {"name": "【某公司】张三"}}, {"to": "13900139000", "params": {"name": "李四"}},
    ]})  # fmt: skip

    stored = load_submission(api.table, SubmissionKey(posted.json["id"], "00000"))
    assert stored
    assert stored.own_message
    assert stored.own_message.signature_place == "nowhere"
    item = api.table.get((several.json["id"], "M"))
    assert item
    assert read_message(item).signature_place == "nowhere"


@pytest.mark.parametrize("value", ["张三", "张【三】李", "【" + "名" * 21 + "】"])
def test_a_content_without_brackets_at_its_edges_is_stored_as_before(api: Api, value: str) -> None:
    """Functions are updated one after another: what nearly all messages are must be read by those that are not yet."""
    api.call("PUT", "/templates/{name}", {"text": "{name}您好"}, name="hello")
    posted = api.post({"to": NUMBER, "template": "hello", "params": {"name": value}})

    item = api.table.get((posted.json["id"], "S#00000"))
    assert item
    assert "signature_place" not in item["message"]


def test_a_message_of_the_version_before_is_read_as_it_was_accepted() -> None:
    fields = message_fields(message_of(Personal("【商店】您好")))

    assert "signature_place" not in fields
    assert read_message({"pk": "msg_1", "client": "shop", "message": fields}).signature_place == "anywhere"


def plan_of(api: Api, body: dict[str, Any]) -> list[tuple[str, int]]:
    answer = api.post({"to": NUMBER, "account": "ly-bulk", "dry_run": True} | body)
    assert answer.status == 200, answer.text
    (step,) = answer.json["plan"]["route"]
    assert step["segments"] == answer.json["segments"] == sum(content["segments"] for content in step["contents"])
    return [(content["text"], content["segments"]) for content in step["contents"]]


def test_a_dry_run_shows_and_counts_what_is_sent(api: Api) -> None:
    assert plan_of(api, {"text": "\ufeff【商店】" + "字" * 66}) == [("【商店】" + "字" * 66, 1)]
    assert plan_of(api, {"text": "字" * 66 + "【示例】"}) == [("字" * 66 + "【示例】", 1)]
    assert plan_of(api, {"text": "您好", "signature": " 商店 "}) == [("【商店】您好", 1)]
    assert plan_of(api, {"text": "您好", "signature": " \u3000\u200b"}) == [("您好", 1)]


def test_personalised_texts_and_variables(api: Api) -> None:
    api.call("PUT", "/templates/{name}", {"text": "{name}您好"}, name="hello")
    texts = {"to": None, "messages": [{"to": NUMBER, "text": "\n【商店】您好"}, {"to": "13900139000", "text": "好"}]}
    filled = {"to": None, "template": "hello", "messages": [
        {"to": NUMBER, "params": {"name": "【某公司】"}}, {"to": "13900139000", "params": {"name": "李四"}},
    ]}  # fmt: skip

    assert [text for text, _ in plan_of(api, texts)] == ["【商店】您好", "【示例】好"]
    assert [text for text, _ in plan_of(api, filled)] == ["【示例】【某公司】您好", "【示例】李四您好"]


def test_two_signatures(api: Api) -> None:
    api.call("PUT", "/templates/{name}", {"text": "{name}您好"}, name="hello")
    text = {"to": NUMBER, "signature": "商店", "dry_run": True}

    assert api.post(text | {"text": " 【别的】您好"}).places == ["signature"]
    assert api.post(text | {"text": " 【商店】您好"}).status == 200
    assert api.post(text | {"template": "hello", "params": {"name": "【别的】"}}).status == 200


@pytest.mark.parametrize("signature", ["", " ", "商店"])
def test_a_template_that_goes_by_its_code_brings_the_vendors_signature(api: Api, signature: str) -> None:
    code = {"code": "675001", "params": ["name"]}
    api.call("PUT", "/templates/{name}", {"text": "{name}您好", "vendor_templates": {"jf-otp": code}}, name="hello")
    post = {"to": NUMBER, "template": "hello", "params": {"name": "张三"}, "account": "jf-otp"}

    assert api.post(post).status == api.post(post | {"signature": "示例 "}).status == 202
    refused = api.post(post | {"signature": signature})
    assert (refused.status, refused.places) == (422, ["signature"])


def test_an_account_without_a_signature_refuses_a_value_in_its_place_by_name(api: Api) -> None:
    accounts = [entry | {"signature": ""} for entry in ACCOUNTS["accounts"]]
    api.document = json.dumps(ACCOUNTS | {"accounts": accounts})
    api.call("PUT", "/templates/{name}", {"text": "{name}您好"}, name="hello")
    post = {"to": NUMBER, "template": "hello", "params": {"name": "【某公司】"}, "account": "hb-main"}

    refused = api.post(post)

    assert (refused.status, refused.places) == (422, ["signature"])
    assert "give the message a signature" in refused.json["errors"][0]["msg"]
    assert api.post(post | {"signature": "示例"}).status == 202
