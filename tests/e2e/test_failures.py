"""What a vendor's failures lead to: elsewhere where that is safe, UNCONFIRMED where nobody can say, never twice."""

import base64
import json
import time
from typing import Any

import pytest

from tests.e2e.conftest import BROKEN, MISREAD, PATIENCE, WRONG_PASSWORD, Gateway
from tests.local import simulators
from tests.local.redrive import redrive


def requests_of(gateway: Gateway, number: str) -> int:
    """How often any vendor was asked to send to a number."""
    return sum(number in json.dumps(entry) for entry in gateway.vendors.log(operation="send"))


@pytest.mark.parametrize(
    "fault", ["reset_after", "close", "truncate", "html", "status", "redirect", "gzip_bomb", "no_id"]
)
def test_a_doubtful_answer_never_leads_to_a_second_request(gateway: Gateway, fault: str) -> None:
    # GIVEN a vendor that answers badly once
    number = gateway.number("9100")
    how: dict[str, Any] = (
        {"location": f"{gateway.world.stack.api_url}/docs", "status": 302} if fault == "redirect" else {}
    )
    gateway.vendors.script(fault, vendor="langyu", operation="send", **how)

    # WHEN a message goes there
    message_id = gateway.send(to=number, text=f"可疑 {fault}", account="ly-1", purpose="otp")

    # THEN its status says what is known, and the vendor saw it once
    if fault == "no_id":
        assert gateway.recipient(message_id, "submitted")["vendor_status"]
    else:
        recipient = gateway.recipient(message_id, "unconfirmed")
        assert recipient["reason"] == "ambiguous_answer"
        assert gateway.event("Message Unconfirmed", message_id)[0]["detail"]["to"] == number
    assert requests_of(gateway, number) == 1


def test_a_report_proves_what_was_in_doubt(gateway: Gateway) -> None:
    number = gateway.number("0004")
    gateway.vendors.script("close", vendor="hbsmservice", operation="send")

    message_id = gateway.send(to=number, text="存疑后送达", account="hb-1", purpose="otp")

    gateway.event("Message Delivered", message_id)
    assert gateway.recipient(message_id, "delivered")["status"] == "delivered"
    assert requests_of(gateway, number) == 1


def test_a_refused_account_passes_the_message_on(gateway: Gateway) -> None:
    message_id = gateway.send(to=gateway.number("0005"), text="换一家", purpose="marketing")

    assert gateway.event("Message Submitted", message_id)[0]["detail"]["account"] == "ly-1"
    recipient = gateway.recipient(message_id, "delivered")
    assert any(entry["account"] == WRONG_PASSWORD for entry in recipient["history"])
    alerts = gateway.tap.wait_for(
        lambda event: event["detail-type"] == "Account Alert" and event["detail"]["account"] == WRONG_PASSWORD
    )
    assert alerts[0]["detail"]["alert"] == "credentials_refused"


def test_a_refused_content_goes_to_another_vendor_and_then_ends(gateway: Gateway) -> None:
    number = gateway.number("0006")

    message_id = gateway.send(to=number, text="含有违禁词的内容", purpose="marketing")

    assert gateway.event("Message Rejected", message_id)[0]["detail"]["reason"] == "sensitive_content"
    assert gateway.vendors.messages(number=number) == []


def test_a_busy_vendor_is_asked_again(gateway: Gateway) -> None:
    gateway.vendors.script("code", vendor="langyu", operation="send", code="busy")

    message_id = gateway.send(to=gateway.number("0007"), text="稍后再试", account="ly-1", purpose="otp")

    assert gateway.event("Message Delivered", message_id)


def test_a_larger_broadcast_is_split_for_the_next_account(gateway: Gateway) -> None:
    numbers = gateway.numbers(150)
    gateway.vendors.script("code", vendor="langyu", operation="send", code="no_balance")

    message_id = gateway.send(to=numbers, text="换家拆分", purpose="marketing")

    submitted = gateway.event("Message Submitted", message_id, 2)
    assert sorted(event["detail"]["recipients"] for event in submitted) == [50, 100]
    assert {event["detail"]["account"] for event in submitted} == {"qx-1"}
    gateway.vendors.wait_until_idle()
    gateway.poll("qx-1", "reports")
    gateway.event("Message Delivered", message_id, 150)
    assert gateway.until(message_id, "delivered")["counts"] == {"delivered": 150}


@pytest.mark.parametrize("others", [0, 2])
def test_a_failed_recipient_goes_to_the_next_account(gateway: Gateway, others: int) -> None:
    # GIVEN a number that the first vendor cannot reach, and another one can
    number, reached = gateway.number("9110"), [gateway.number("0014") for _ in range(others)]

    # WHEN the client accepts that it is sent again
    text, allowed = f"再试另一家 {others}", {"undelivered": True}
    message_id = gateway.send(to=[number, *reached], text=text, purpose="otp", resend=allowed)

    # THEN it alone goes through the next vendor too, and its one final status is the delivery there
    first, following = simulators.accounts_document(gateway.world.simulators)["routes"][0]["accounts"][:2]
    delivered = gateway.event("Message Delivered", message_id, 1 + others)
    through = {event["detail"]["to"]: event["detail"]["account"] for event in delivered}
    assert through == {number: following} | dict.fromkeys(reached, first)
    assert [each["account"] for each in gateway.vendors.messages(number=number)] == [first, following]
    assert all(len(gateway.vendors.messages(number=one)) == 1 for one in reached)
    shown = gateway.until(message_id, "delivered")
    assert shown["counts"] == {"delivered": 1 + others}
    history = {(entry["account"], entry["status"]) for entry in shown["recipients"][0]["history"]}
    assert history == {
        (first, "submitted"),
        (first, "undelivered"),
        (following, "submitted"),
        (following, "delivered"),
    }
    about = [event for event in gateway.tap.events if event["detail"].get("message_id") == message_id]
    assert {event["detail-type"] for event in about} == {"Message Submitted", "Message Delivered"}


def test_a_failure_about_the_number_goes_nowhere(gateway: Gateway) -> None:
    number = gateway.number("9000")

    message_id = gateway.send(to=number, text="不再打扰", purpose="marketing", resend={"undelivered": True})

    # langyu says that it is on a blacklist, which no other vendor is asked to go around
    undelivered = gateway.event("Message Undelivered", message_id)[0]["detail"]
    assert (undelivered["account"], undelivered["reason"]) == ("ly-1", "blacklisted")
    assert [each["account"] for each in gateway.vendors.messages(number=number)] == ["ly-1"]


def test_an_unreadable_push_is_acknowledged_and_parked(gateway: Gateway) -> None:
    entry = next(account for account in gateway.world.simulators.accounts if account["name"] == "hb-1")
    path = f"/push/hb-1/{entry['push']['token']}/reports"

    answer = gateway.api.call("POST", path, "<reports><report>乱".encode("gbk"))

    assert (answer.status, str(answer.body)) == (200, "0")
    sqs, url = gateway.world.stack.client("sqs"), gateway.world.stack.queues["receipts-dead"]
    deadline = time.monotonic() + PATIENCE
    while not (messages := sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages")):
        assert time.monotonic() < deadline
    parked = json.loads(messages[0]["Body"])
    assert parked["account"] == "hb-1"
    assert parked["problem"]
    gateway.tap.wait_for(lambda event: event["detail"].get("alert") == "receipt_parked")


def repair(gateway: Gateway) -> None:
    """Have the account's bytes read in the charset that they are in."""
    stack = gateway.world.stack
    secret = stack.client("secretsmanager").get_secret_value(SecretId=stack.accounts_secret)["SecretString"]
    document = json.loads(secret)
    (account,) = [entry for entry in document["accounts"] if entry["name"] == MISREAD]
    account["options"] = {"charset": "gbk"}
    stack.write_accounts(document)


def parked(gateway: Gateway, account: str) -> list[dict[str, Any]]:
    """The parked receipts of an account, looked at as functions/README.md says."""
    sqs, url = gateway.world.stack.client("sqs"), gateway.world.stack.queues["receipts-dead"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
    bodies = [json.loads(message["Body"]) for message in found]
    return [body for body in bodies if body["account"] == account]


def test_a_receipt_that_could_not_be_read_is_put_back_after_a_repair(gateway: Gateway) -> None:
    # GIVEN a reply in bytes that the account's settings cannot read
    number, text = gateway.number("0021"), "修好以后能读"
    body = (
        f'<?xml version="1.0" encoding="GBK" ?><delivers><deliver><corp_id>1</corp_id><mobile>{number}</mobile>'
        f"<ext>7</ext><time>2026-11-21 12:00:00</time><content>{text}</content></deliver></delivers>"
    ).encode("gbk")
    answer = gateway.api.call("POST", f"/push/{MISREAD}/{'m' * 40}/inbound", body)
    assert (answer.status, str(answer.body)) == (200, "0")
    deadline = time.monotonic() + PATIENCE
    while not (found := parked(gateway, MISREAD)):
        assert time.monotonic() < deadline
    assert "charset" in found[0]["problem"]
    assert base64.b64decode(found[0]["body"]) == body

    # WHEN it is put back without a repair THEN it is parked again, with the reason
    assert redrive(gateway.world.stack)["receipts"] >= 1
    while not (found := parked(gateway, MISREAD)):
        assert time.monotonic() < deadline
    assert "charset" in found[0]["problem"]

    # WHEN the settings are repaired, and it is put back (functions may use the old settings for a minute)
    repair(gateway)
    deadline = time.monotonic() + 2 * PATIENCE
    while not (events := [event for event in gateway.tap.events if event["detail"].get("text") == text]):
        assert time.monotonic() < deadline
        redrive(gateway.world.stack)
        gateway.tap.receive()

    # THEN the reply is on the bus, once
    assert events[0]["detail-type"] == "Message Received"
    assert events[0]["detail"]["from"] == number
    assert parked(gateway, MISREAD) == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/push/hb-1/wrong/reports", b"<reports/>", 403),
        ("/push/nobody/wrong/reports", b"", 403),
        ("/push/qx-1/wrong/inbound", b"", 403),
    ],
)
def test_an_unverified_push_is_refused(gateway: Gateway, path: str, body: bytes, status: int) -> None:
    assert gateway.api.call("POST", path, body).status == status


def test_a_push_that_is_too_large_is_refused(gateway: Gateway) -> None:
    entry = next(account for account in gateway.world.simulators.accounts if account["name"] == "hb-1")
    path = f"/push/hb-1/{entry['push']['token']}/reports"

    assert gateway.api.call("POST", path, b"x" * 750_001).status == 413
    (alert,) = gateway.tap.wait_for(lambda event: event["detail"].get("alert") == "push_refused")
    assert alert["detail"]["account"] == "hb-1"


def test_a_try_of_a_push_address_is_acknowledged_and_shown(gateway: Gateway) -> None:
    entry = next(account for account in gateway.world.simulators.accounts if account["name"] == "ly-1")
    for method in ("GET", "POST", "HEAD", "OPTIONS"):
        answer = gateway.api.call(method, f"/push/ly-1/{entry['push']['token']}/inbound")
        assert (answer.status, str(answer.body)) == (200, "" if method == "HEAD" else "success"), method
    deadline = time.monotonic() + PATIENCE
    while gateway.api.call("GET", "/accounts/ly-1").body["last_try"]["inbound"] is None:
        assert time.monotonic() < deadline


def test_an_account_that_fails_again_and_again_is_left_alone(gateway: Gateway) -> None:
    # GIVEN an account whose vendor refuses it five times in a row
    for _ in range(5):
        message_id = gateway.send(to=gateway.number("0011"), text="拒绝", account=BROKEN, purpose="otp")
        gateway.event("Message Rejected", message_id)

    # THEN its breaker is open, which everybody can see, and the vendor is not asked
    gateway.tap.wait_for(
        lambda event: event["detail"].get("alert") == "breaker_open" and event["detail"]["account"] == BROKEN
    )
    assert gateway.api.get(f"/accounts/{BROKEN}").body["calls"]["breaker"] == "open"
    number = gateway.number("0012")
    gateway.send(to=number, text="等待", account=BROKEN, purpose="otp", valid_for=20)
    passed = gateway.send(to=gateway.number("0013"), text="另一家", account="ly-1", purpose="otp")
    gateway.event("Message Delivered", passed)
    assert requests_of(gateway, number) == 0
