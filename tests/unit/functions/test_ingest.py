"""Receipts by SQS (handlers/ingest.py): understood, parked, or tried again."""

import base64
import json
import socket
import time
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from smsgateway import runtime
from smsgateway.errors import DecodeError
from smsgateway.handlers import ingest
from smsgateway.ids import SubmissionKey
from smsgateway.ingest import decode_inbound, decode_reports
from smsgateway.model import Accepted, Kind, Message, Personal, State, Status
from smsgateway.queues import Receipt, parse_receipt, receipt_body
from smsgateway.store import recipients, submissions, transitions
from tests import aws, voices
from tests.unit.functions.conftest import Context, Stack, sample, samples

UNREADABLE = sample("ingest-unreadable")
EXPECTED_REPLIES = {"ingest-push": 3, "ingest-poll": 3, "ingest-unreadable": 0}


pytestmark = pytest.mark.usefixtures("log")  # nothing secret is told


def handle(event: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = ingest.handler(event, Context())  # type: ignore[arg-type]
    return answer


@pytest.mark.parametrize("name", samples("ingest"))
def test_every_sample_is_stored(name: str, stack: Stack) -> None:
    assert handle(sample(name)) == {"batchItemFailures": []}
    items = aws.scan(stack.table)
    assert sum(item["pk"].startswith("mo_") for item in items) == EXPECTED_REPLIES[name]
    # Nobody sent these messages here: their reports wait for a mapping that may still come.
    early = [item for item in items if item["sk"].startswith("early#")]
    assert bool(early) is (name != "ingest-unreadable")


def test_a_batch_that_comes_again_stores_nothing_again(stack: Stack) -> None:
    for name in ("ingest-push", "ingest-poll"):
        handle(sample(name))
        once = {(item["pk"], item["sk"]) for item in aws.scan(stack.table)}
        handle(sample(name))
        assert {(item["pk"], item["sk"]) for item in aws.scan(stack.table)} == once


def test_a_report_reaches_its_recipient(stack: Stack) -> None:
    key, now = SubmissionKey("msg_" + "1" * 26, "00000"), 1_769_074_226_000
    of = Message(key.message_id, "shop", "otp", now, now + 300_000, ("ly-main",), 1, 1, Personal("您好"))
    item = submissions.new_submission(
        key, of, account="ly-main", vendor="langyu", count=1, segments=1, ttl=2**31, now=now
    )
    submissions.put_single(stack.table, of, item, "13900210021", now)
    marked = transitions.mark(stack.table, submissions.read_submission(item), "w", now + 1, now)
    transitions.submitted(stack.table, marked, Accepted(("12345",)))
    handle(sample("ingest-push"))
    found = submissions.load_submission(stack.table, key)
    assert found
    assert recipients.load_outcomes(stack.table, found, ("13900210021",))["13900210021"].status == Status.DELIVERED


def test_a_failure_wakes_the_next_account_up(stack: Stack) -> None:
    key, now = SubmissionKey("msg_" + "1" * 26, "00000"), runtime.now_ms()
    content, route = Personal("您好"), ("hb-main", "ly-main")
    of = Message(key.message_id, "shop", "otp", now, now + 300_000, route, 1, 1, content, resend_undelivered=True)
    item = submissions.new_submission(
        key, of, account="hb-main", vendor="hbsmservice", count=1, segments=1, ttl=2**31, now=now
    )
    submissions.put_single(stack.table, of, item, "13900210021", now)
    marked = transitions.mark(stack.table, submissions.read_submission(item), "w", now + 1, now)
    transitions.submitted(stack.table, marked, Accepted())
    report = f"<mobile>13900210021</mobile><msg_id>{key.reference}</msg_id><sub_seq>0</sub_seq><err>2</err>"
    pushed = Receipt("hb-main", "reports", "push", now, body=f"<reports><report>{report}</report></reports>".encode())
    record = sample("ingest-push")["Records"][0] | {"body": receipt_body(pushed)}

    assert handle({"Records": [record, record]}) == {"batchItemFailures": []}

    (wake_up,) = stack.bodies("urgent")
    assert (wake_up["message_id"], wake_up["account"]) == (key.message_id, "ly-main")
    resend = submissions.load_submission(stack.table, SubmissionKey(key.message_id, wake_up["path"]))
    assert resend
    assert (resend.state, resend.account, resend.tried) == (State.QUEUED, "ly-main", ("hb-main",))


def test_what_cannot_be_read_is_parked_at_once_with_its_bytes_and_the_reason(stack: Stack, log: Any) -> None:
    assert handle(UNREADABLE) == {"batchItemFailures": []}
    (parked,) = stack.bodies("receipts-dead")
    assert parked["problem"]
    original = parse_receipt(UNREADABLE["Records"][0]["body"])
    assert parse_receipt(json.dumps(parked)) == original  # put back into its queue, it is tried again
    alerts = [item for item in aws.scan(stack.table) if "alert" in item]
    assert [(item["account"], item["alert"]) for item in alerts] == [("hb-main", "receipt_parked")]
    (record,) = log()
    assert (record["account"], record["kind"], record["problem"]) == ("hb-main", "reports", parked["problem"])


LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
HOSTILE_XML = {
    "a DTD": "<!DOCTYPE reports><reports></reports>",
    "a DTD from elsewhere": '<!DOCTYPE reports SYSTEM "http://192.0.2.1/a.dtd"><reports></reports>',
    "a parameter entity": '<!DOCTYPE reports [<!ENTITY % a SYSTEM "http://192.0.2.1/a">%a;]><reports></reports>',
    "an entity from a file": '<!DOCTYPE reports [<!ENTITY a SYSTEM "file:///etc/passwd">]><reports>&a;</reports>',
    "an entity from elsewhere": '<!DOCTYPE reports [<!ENTITY a SYSTEM "http://192.0.2.1/">]><reports>&a;</reports>',
    "a billion laughs": f'<!DOCTYPE reports [<!ENTITY a0 "ha">{LAUGHS}]><reports>&a9;</reports>',
    "one long entity": f'<!DOCTYPE a [<!ENTITY b "{"x" * 50_000}">]><reports>{"&b;" * 30_000}</reports>',
    "deep nesting": "<reports><report>" + "<a>" * 28_000 + "</a>" * 28_000 + "</report></reports>",
    "deep nesting without an end": "<reports>" + "<report>" * 24_000,
    "a stylesheet": '<?xml-stylesheet href="http://192.0.2.1/a.xsl"?><reports></reports>',
    "an inclusion": '<reports><xi:include href="file:///etc/passwd"/></reports>',
}


@pytest.mark.parametrize("case", HOSTILE_XML)
@pytest.mark.parametrize("kind", ["reports", "inbound"])
def test_hostile_xml_is_parked_without_a_look_elsewhere(
    case: str, kind: str, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = HOSTILE_XML[case].replace("reports", "delivers") if kind == "inbound" else HOSTILE_XML[case]
    assert len(body) <= 200_000  # what a push may have
    receipt = json.loads(UNREADABLE["Records"][0]["body"])
    receipt |= {"kind": kind, "body": base64.b64encode(body.encode()).decode()}
    opened: list[Any] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *where, **_: opened.append(where))
    monkeypatch.setattr(socket.socket, "connect", lambda _self, where: opened.append(where))
    started = time.process_time()

    assert handle({"Records": [UNREADABLE["Records"][0] | {"body": json.dumps(receipt)}]}) == {"batchItemFailures": []}

    (parked,) = stack.bodies("receipts-dead")
    assert base64.b64decode(parked["body"]) == body.encode()
    assert parked["problem"]
    assert not opened
    assert time.process_time() - started < 5


def pushed(kind: str, **fields: str) -> dict[str, Any]:
    """An event with one push of langyu."""
    receipt = json.loads(UNREADABLE["Records"][0]["body"])
    receipt |= {"account": "ly-main", "kind": kind, "body": base64.b64encode(urlencode(fields).encode()).decode()}
    return {"Records": [UNREADABLE["Records"][0] | {"body": json.dumps(receipt)}]}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("reports", {"msgid": "5", "mobile": "1#2", "status": "DELIVRD"}),
        ("reports", {"msgid": "5", "mobile": "1" * 65, "status": "DELIVRD"}),
        ("reports", {"msgid": "5" * 201, "mobile": "13800138000", "status": "DELIVRD"}),
        ("reports", {"msgid": "\x00", "mobile": "13800138000", "status": "DELIVRD"}),
        ("inbound", {"mobile": "1#2", "msg": "1", "isems": "1", "emshead": "7,2,1"}),
        ("inbound", {"mobile": "13800138000", "msg": "1", "destcode": "1" * 201}),
    ],
)
def test_what_cannot_be_a_key_of_the_table_is_parked(kind: str, fields: dict[str, str], stack: Stack) -> None:
    assert handle(pushed(kind, **fields)) == {"batchItemFailures": []}
    (parked,) = stack.bodies("receipts-dead")
    assert "cannot be one" in parked["problem"]


LONG = "5" * 201


@pytest.mark.parametrize(
    ("decode", "kind", "fields"),
    [
        (decode_reports, "reports", {"tel": "1#2"}),
        (decode_reports, "reports", {"bid": LONG, "msgId": LONG}),
        (decode_inbound, "inbound", {"tel": "1#2"}),
        (decode_inbound, "inbound", {"srcId": LONG}),
        (decode_inbound, "inbound", {"srcId": f"1065{LONG}"}),
    ],
)
def test_one_such_key_among_many_costs_no_other_record(decode: Any, kind: Kind, fields: dict[str, str]) -> None:
    account = voices.account("infocloud", access_number="1065")
    one = {"msgId": "577", "tel": "13800138000", "arriveResult": "DELIVRD", "content": "T", "srcId": "10657"}

    def received(*records: dict[str, str]) -> Receipt:
        return Receipt(account.name, kind, "push", 1, body=json.dumps({"data": records}).encode())

    assert len(decode(account, received(one, one, one)).items) == 3
    page = decode(account, received(one, one | fields, one))
    (unreadable,) = page.unreadable
    assert len(page.items) == 2
    assert (unreadable.place, "cannot be one" in unreadable.problem) == ("record 2 of 3", True)
    assert json.loads(unreadable.body)["data"] == [one | fields]
    with pytest.raises(DecodeError, match="cannot be one"):
        decode(account, received(one | fields))


def test_a_report_without_a_time_has_its_receipts(stack: Stack) -> None:
    handle(pushed("reports", msgid="5", mobile="13800138000", status="DELIVRD"))
    (early,) = [item for item in aws.scan(stack.table) if item["sk"].startswith("early#")]
    received_at = json.loads(UNREADABLE["Records"][0]["body"])["received_at"]
    assert datetime.fromisoformat(early["report"]["reported_at"]).timestamp() * 1000 == received_at


def test_a_vendors_endless_word_is_cut(stack: Stack) -> None:
    assert handle(pushed("reports", msgid="5", mobile="13800138000", status="X" * 5000)) == {"batchItemFailures": []}
    (early,) = [item for item in aws.scan(stack.table) if item["sk"].startswith("early#")]
    assert early["report"]["vendor_status"] == "X" * 400


def test_a_receipt_of_an_account_that_is_gone_is_parked(stack: Stack) -> None:
    body = json.loads(UNREADABLE["Records"][0]["body"]) | {"account": "gone"}
    event = {"Records": [UNREADABLE["Records"][0] | {"body": json.dumps(body)}]}
    assert handle(event) == {"batchItemFailures": []}
    (parked,) = stack.bodies("receipts-dead")
    assert "not configured" in parked["problem"]


@pytest.mark.parametrize("body", ["", "{", "{}", "[]", '{"account": "hb-main"}'])
def test_a_record_that_is_no_receipt_hinders_no_other(body: str, stack: Stack, log: Any) -> None:
    good = sample("ingest-push")["Records"]
    poison = good[0] | {"messageId": "poison", "body": body}
    assert handle({"Records": [good[4], poison, good[5]]}) == {"batchItemFailures": [{"itemIdentifier": "poison"}]}
    assert sum(item["pk"].startswith("mo_") for item in aws.scan(stack.table)) == 3
    assert [record["level"] for record in log()] == ["ERROR"]


def test_a_receipt_that_cannot_be_stored_comes_again(stack: Stack, monkeypatch: pytest.MonkeyPatch, log: Any) -> None:
    def fails(*_arguments: Any) -> None:
        raise ConnectionError("13900210021 退订")

    monkeypatch.setattr("smsgateway.store.replies.put_reply", fails)
    event = sample("ingest-push")
    identifiers = [record["messageId"] for record in event["Records"][4:]]
    assert handle(event) == {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}
    assert {record["error"] for record in log()} == {"ConnectionError"}


def test_a_receipt_that_cannot_be_parked_comes_again(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_arguments: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(ingest, "_park", fails)
    assert handle(UNREADABLE)["batchItemFailures"]
