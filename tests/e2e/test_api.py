"""The API as clients use it: refusals that name the field, idempotency, cancelling, templates, isolation."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.conftest import Gateway

BAD: list[tuple[str, dict[str, Any] | bytes, int, str]] = [
    ("no numbers", {"to": [], "text": "x"}, 422, "to"),
    ("50001 numbers", {"to": ["13800138000"] * 50_001, "text": "x"}, 422, "to"),
    ("digits of another script", {"to": ["1380013800٠"], "text": "x"}, 422, "to[0]"),
    ("the epoch", {"to": "13800138000", "text": "x", "send_at": "1970-01-01T00:00:00Z"}, 422, "send_at"),
    ("lost bytes", {"to": "13800138000", "text": "x\ufffd"}, 422, "text"),
    ("a newline", {"to": ["13800138000\n13900139000"], "text": "x"}, 422, "to[0]"),
    ("half a character", b'{"to": "13800138000", "text": "\\ud83d"}', 422, "text"),
    ("emoji to a GBK vendor", {"to": "13800138000", "text": "😀", "account": "hb-1"}, 422, "text"),
    (
        "a separator",
        {
            "messages": [{"to": "13800138000", "text": "a&split&b"}, {"to": "13800138001", "text": "c"}],
            "account": "hb-1",
        },
        422,
        "messages",
    ),
    ("too long", {"to": "13800138000", "text": "长" * 400, "account": "qx-1"}, 422, "text"),
    ("an unknown account", {"to": "13800138000", "text": "x", "account": "nobody"}, 422, "account"),
    ("an unknown template", {"to": "13800138000", "template": "nothing"}, 422, "template"),
    ("an unknown field", {"to": "13800138000", "text": "x", "colour": "red"}, 422, "colour"),
    ("text and template", {"to": "13800138000", "text": "x", "template": "y"}, 422, "template"),
    ("a bad time", {"to": "13800138000", "text": "x", "send_at": "tomorrow"}, 422, "send_at"),
    ("a bad purpose", {"to": "13800138000", "text": "x", "purpose": "spam"}, 422, "purpose"),
    ("no JSON", b"{", 400, ""),
    ("deep JSON", b"[" * 100_000, 400, ""),
    ("not UTF-8", b'{"to": "\xff"}', 400, ""),
    ("no object", b"[]", 422, "body"),
]


@pytest.mark.parametrize(("body", "status", "place"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_a_bad_message_is_refused_by_name(
    gateway: Gateway, body: dict[str, Any] | bytes, status: int, place: str
) -> None:
    answer = gateway.api.call("POST", "/messages", body)

    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["detail"]
    if place:
        assert any(error["loc"].startswith(place) for error in answer.body["errors"]), answer.body


def test_the_same_key_gives_the_same_answer_and_one_message(gateway: Gateway) -> None:
    number = gateway.number("0008")
    body = {"to": number, "text": "只发一次", "account": "ly-1", "purpose": "otp"}

    first = gateway.api.post("/messages", body, **{"Idempotency-Key": "order-1"})
    again = gateway.api.post("/messages", body, **{"Idempotency-Key": "order-1"})
    other = gateway.api.post("/messages", body | {"text": "别的"}, **{"Idempotency-Key": "order-1"})

    assert (first.status, again.status, other.status) == (202, 202, 422)
    assert again.body == first.body
    gateway.event("Message Delivered", first.body["id"])
    assert gateway.vendors.message_count(number=number) == 1


def test_a_scheduled_message_can_be_cancelled_and_a_sent_one_cannot(gateway: Gateway) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    scheduled = gateway.send(to=gateway.number(), text="明天见", send_at=later)
    sent = gateway.send(to=gateway.number(), text="现在", account="ly-1", purpose="otp")
    gateway.event("Message Delivered", sent)

    assert gateway.recipient(scheduled, "scheduled")
    cancelled = gateway.api.delete(f"/messages/{scheduled}")

    assert cancelled.status == 200
    assert gateway.recipient(scheduled, "canceled")["reason"] == "canceled_by_client"
    assert gateway.api.delete(f"/messages/{sent}").status == 409


def test_a_message_is_sent_when_it_is_due(gateway: Gateway) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=4)
    message_id = gateway.send(to=gateway.number(), text="稍等", send_at=soon.isoformat(), account="ly-1", purpose="otp")

    submitted = gateway.event("Message Submitted", message_id)[0]["detail"]

    assert datetime.fromisoformat(submitted["at"]) >= soon


def test_one_template_serves_vendors_of_texts_and_of_codes(gateway: Gateway) -> None:
    # GIVEN a template that infocloud knows by a code, with the variables in another order
    gateway.vendors.add_template("675871161745170001", text="{minutes,4}分钟内，您的验证码是{code,6}")
    body = {
        "text": "您的验证码是{code}，{minutes}分钟内有效。",
        "vendor_templates": {"ic-1": {"code": "675871161745170001", "params": ["minutes", "code"]}},
        "lengths": {"code": 6},
    }
    assert gateway.api.put("/templates/login", body).status in (200, 201, 204)
    params = {"code": "482913", "minutes": "5"}

    # WHEN it goes through either
    by_code, by_text = gateway.number("0009"), gateway.number("0010")
    first = gateway.send(to=by_code, template="login", params=params, account="ic-1", purpose="otp", signature=None)
    second = gateway.send(to=by_text, template="login", params=params, account="hb-1", purpose="otp")
    gateway.event("Message Delivered", first)
    gateway.event("Message Delivered", second)

    # THEN each phone shows its vendor's form, and wrong variables are refused by name
    assert "5分钟内，您的验证码是482913" in gateway.vendors.messages(number=by_code)[0]["text"]
    assert gateway.vendors.messages(number=by_text)[0]["text"] == "【示例】您的验证码是482913，5分钟内有效。"
    wrong = gateway.api.post(
        "/messages", {"to": by_text, "template": "login", "params": {"code": "1234567", "hours": "1"}}
    )
    assert wrong.status == 422
    assert {error["loc"] for error in wrong.body["errors"]} == {"params.minutes", "params.hours", "params.code"}


def test_a_dry_run_sends_nothing(gateway: Gateway) -> None:
    numbers = gateway.numbers(450)

    answer = gateway.api.post("/messages", {"to": numbers, "text": "试算", "signature": "示例", "dry_run": True})

    assert answer.status == 200
    first = answer.body["plan"]["route"][0]
    assert (first["account"], first["vendor"], first["requests"], first["segments"]) == ("hb-1", "hbsmservice", 3, 450)
    assert first["contents"] == [{"to": None, "text": "【示例】试算", "segments": 1, "template": None}]
    assert gateway.vendors.message_count(number=numbers[0]) == 0


def test_a_sender_sees_its_own_messages_alone(gateway: Gateway) -> None:
    made = gateway.api.post("/clients", {"name": "shop", "role": "sender", "purposes": ["otp"], "daily_segments": 2})
    assert made.status == 201, made
    shop = gateway.client(made.body["api_key"])
    foreign = gateway.send(to=gateway.number("9200"), text="别人的", account="ly-1")
    own = shop.post(
        "/messages", {"to": gateway.number("9200"), "text": "自己的", "signature": "示例", "purpose": "otp"}
    )
    assert own.status == 202, own
    gateway.event("Message Received", foreign)
    gateway.event("Message Received", own.body["id"])

    assert shop.get(f"/messages/{foreign}").status == 404
    assert shop.delete(f"/messages/{foreign}").status == 404
    assert shop.get(f"/messages/{own.body['id']}").status == 200
    assert [reply["in_reply_to"] for reply in shop.get("/inbound").body["items"]] == [own.body["id"]]
    assert shop.post("/messages", {"to": "13800138000", "text": "x", "purpose": "marketing"}).status == 403
    assert shop.post("/messages", {"to": gateway.number(), "text": "长" * 80, "purpose": "otp"}).status == 429
    assert shop.post("/clients", {"name": "mine"}).status == 403
    assert gateway.api.delete("/clients/shop").status in (200, 204)
    assert shop.get("/inbound").status == 403


def test_the_accounts_say_how_they_are(gateway: Gateway) -> None:
    listed = gateway.api.get("/accounts").body["items"]
    checked = gateway.api.post("/accounts/hj-1/check", {})
    shown = gateway.api.get("/accounts/hj-1")

    assert {"hb-1", "ic-1", "ly-1", "qx-1", "hj-1"} <= {account["name"] for account in listed}
    assert checked.status == 200, checked
    assert int(checked.body["balance"][0]["amount"]) > 0
    assert shown.body["balance"]
    assert "hj-pass-1" not in str(shown.body)


def test_the_document_and_its_pages_are_open(gateway: Gateway) -> None:
    nobody = gateway.client("")

    document = nobody.get("/openapi.json")
    page = nobody.get("/docs")

    assert {"/messages", "/messages/{id}", "/inbound", "/accounts", "/templates/{name}", "/clients"} <= set(
        document.body["paths"]
    )
    assert (page.status, "text/html" in page.headers["Content-Type"]) == (200, True)
    assert nobody.get("/messages?to=13800138000").status == 403
