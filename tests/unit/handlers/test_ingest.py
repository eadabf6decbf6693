"""Receipts by SQS (handlers/ingest.py): understood, parked, or tried again."""

import base64
import gzip
import json
import socket
import time
import zlib
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any, cast
from urllib.parse import urlencode

import pytest

from smsgateway import runtime
from smsgateway.errors import DecodeError
from smsgateway.handlers import ingest
from smsgateway.ids import SubmissionKey
from smsgateway.model import Accepted, Kind, Message, Personal, State, Status
from smsgateway.queues import VendorBytes, parse_vendor_bytes, vendor_bytes_body
from smsgateway.settling.reading import decode_inbound, decode_reports
from smsgateway.store import pages, recipients, submissions, transitions
from tests.doubles import aws, voices
from tests.doubles.stack import Context, Stack, sample, samples

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
    item = submissions.new_submission(key, of, submissions.Share("ly-main", "langyu", 1, 1), ttl=2**31, now=now)
    submissions.put_single(stack.table, of, item, "13900210021", now)
    marked = transitions.mark(stack.table, submissions.read_submission(item), "w", now + 1, now)
    transitions.submitted(stack.table, marked, Accepted(("12345",)))
    handle(sample("ingest-push"))
    found = submissions.load_submission(stack.table, key)
    assert found
    assert recipients.load_rows(stack.table, found, ("13900210021",))["13900210021"].status == Status.DELIVERED


def test_a_failure_wakes_the_next_account_up(stack: Stack) -> None:
    key, now = SubmissionKey("msg_" + "1" * 26, "00000"), runtime.now_ms()
    content, route = Personal("您好"), ("hb-main", "ly-main")
    of = Message(key.message_id, "shop", "otp", now, now + 300_000, route, 1, 1, content, resend_undelivered=True)
    item = submissions.new_submission(key, of, submissions.Share("hb-main", "hbsmservice", 1, 1), ttl=2**31, now=now)
    submissions.put_single(stack.table, of, item, "13900210021", now)
    marked = transitions.mark(stack.table, submissions.read_submission(item), "w", now + 1, now)
    transitions.submitted(stack.table, marked, Accepted())
    report = f"<mobile>13900210021</mobile><msg_id>{key.reference}</msg_id><sub_seq>0</sub_seq><err>2</err>"
    pushed = VendorBytes(
        "hb-main", "reports", "push", now, body=f"<reports><report>{report}</report></reports>".encode()
    )
    record = sample("ingest-push")["Records"][0] | {"body": vendor_bytes_body(pushed)}

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
    original = parse_vendor_bytes(UNREADABLE["Records"][0]["body"])
    assert parse_vendor_bytes(json.dumps(parked)) == original  # put back into its queue, it is tried again
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
    assert parse_vendor_bytes(json.dumps(parked)).body == body.encode()
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
        ("reports", {"msgid": "5\x006", "mobile": "13800138000", "status": "DELIVRD"}),
        ("inbound", {"mobile": "1#2", "msg": "1", "isems": "1", "emshead": "7,2,1"}),
        ("inbound", {"mobile": "13800138000", "msg": "1", "destcode": "1" * 201}),
    ],
)
def test_what_cannot_be_a_key_of_the_table_is_parked(kind: str, fields: dict[str, str], stack: Stack) -> None:
    assert handle(pushed(kind, **fields)) == {"batchItemFailures": []}
    (parked,) = stack.bodies("receipts-dead")
    assert "cannot be one" in parked["problem"]


@pytest.mark.parametrize("text", ["\ufffd\u02f6\ufffd", "TD\ufffd"])
def test_bytes_that_a_query_lost_are_parked_and_no_content(text: str, stack: Stack) -> None:
    push = pushed("inbound", receiver="admin", pswd="12345", mobile="13800138000", msg=text)
    assert handle(push) == {"batchItemFailures": []}
    (parked,) = stack.bodies("receipts-dead")
    assert "bytes that are none of its charset" in parked["problem"]


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

    def received(*records: dict[str, str]) -> VendorBytes:
        return VendorBytes(account.name, kind, "push", 1, body=json.dumps({"data": records}).encode())

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


RECEIPT = json.loads(UNREADABLE["Records"][0]["body"])
FORGED: dict[str, Any] = {
    "nothing": "",
    "half an object": "{",
    "an empty object": "{}",
    "a list": "[]",
    "a number": "5",
    "null": "null",
    "depth": "[" * 100_000,
    "half a character": '"\\ud800"',
    "an account alone": '{"account": "hb-main"}',
    "an account that is a number": RECEIPT | {"account": 5},
    "an account that is a text message": RECEIPT | {"account": "13900210021 退订"},
    "an account with a separator": RECEIPT | {"account": "hb#main"},
    "an account that is a list": RECEIPT | {"account": ["hb-main"]},
    "another kind": RECEIPT | {"kind": "balance"},
    "a kind that is a list": RECEIPT | {"kind": ["reports"]},
    "another source": RECEIPT | {"source": "mail"},
    "a moment that is a text": RECEIPT | {"received_at": "now"},
    "a moment that is true": RECEIPT | {"received_at": True},
    "a moment beyond all clocks": RECEIPT | {"received_at": 10**30},
    "a query that is a text": RECEIPT | {"query": "a=b"},
    "a query of numbers": RECEIPT | {"query": [[1, 2]]},
    "headers that are a list": RECEIPT | {"headers": ["a"]},
    "headers of lists": RECEIPT | {"headers": {"content-type": []}},
    "a body that is no base 64": RECEIPT | {"body": "=退="},
    "a body that is null": RECEIPT | {"body": None},
    "a packed body that is none": RECEIPT | {"packed": "AAAA"},
    "a packed body that is too large": RECEIPT | {"packed": base64.b64encode(zlib.compress(b"x" * 800_000)).decode()},
    "a page that is a number": RECEIPT | {"page": 7},
    "a huge page": RECEIPT | {"page": "x" * 5000},
    "a page with half a character": RECEIPT | {"page": "\ud800"},
    "more applied than nothing": RECEIPT | {"applied": -1},
    "one field more": RECEIPT | {"wake": "up"},
}


@pytest.mark.parametrize("case", FORGED)
def test_what_is_no_receipt_is_parked_with_its_bytes_and_hinders_no_other(case: str, stack: Stack, log: Any) -> None:
    body = FORGED[case] if isinstance(FORGED[case], str) else json.dumps(FORGED[case])
    good = sample("ingest-push")["Records"]
    poison = good[0] | {"messageId": "poison", "body": body}
    assert handle({"Records": [good[4], poison, good[5]]}) == {"batchItemFailures": []}
    assert sum(item["pk"].startswith("mo_") for item in aws.scan(stack.table)) == 3
    (parked,) = stack.bodies("receipts-dead")
    assert base64.b64decode(parked["body"]).decode() == body
    assert parked["problem"]
    assert [(record["level"], "account" in record) for record in log()] == [("ERROR", False)]
    # Put back, it is parked as it was.
    assert handle({"Records": [poison | {"body": json.dumps(parked)}]}) == {"batchItemFailures": []}
    assert stack.bodies("receipts-dead") == [parked]


def test_an_account_that_is_not_in_the_document_is_not_logged(stack: Stack, log: Any) -> None:
    handle({"Records": [UNREADABLE["Records"][0] | {"body": json.dumps(RECEIPT | {"account": "13900210021"})}]})
    (record,) = log()
    assert "account" not in record


# What `webhook` saw and did not store


def noted(source: str, reason: str = "", account: str = "hb-main") -> dict[str, Any]:
    note = VendorBytes(account, "reports", cast("Any", source), runtime.now_ms(), body=reason.encode())
    return {"Records": [UNREADABLE["Records"][0] | {"body": vendor_bytes_body(note)}]}


def test_a_refused_push_raises_an_alert_once_an_hour(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    now = runtime.now_ms() // 3_600_000 * 3_600_000
    for minutes in (0, 1, 59, 60):
        monkeypatch.setattr(runtime, "now_ms", lambda minutes=minutes: now + minutes * 60_000)
        handle(noted("refused", "the vendor's own credentials in it are missing or wrong"))
    alerts = [item for item in aws.scan(stack.table) if "alert" in item]
    assert {(item["account"], item["alert"], item["vendor"]) for item in alerts} == {
        ("hb-main", "push_refused", "hbsmservice")
    }
    assert len(alerts) == 2
    assert "credentials" in alerts[0]["detail"]
    assert stack.bodies("receipts-dead") == []


def test_a_try_is_noted_and_nothing_else(stack: Stack) -> None:
    handle(noted("tried"))
    (item,) = aws.scan(stack.table)
    assert (item["pk"], item["sk"]) == ("account#hb-main", "push#reports")
    assert abs(item["tried_at"] - runtime.now_ms()) < 60_000
    assert stack.bodies("receipts-dead") == []


def test_a_note_of_an_account_that_is_gone_is_nothing(stack: Stack) -> None:
    assert handle(noted("refused", account="gone")) == {"batchItemFailures": []}
    assert aws.scan(stack.table) == []


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"content-type": "multipart/form-data; boundary=b"}, b"--b\r\n\r\n--b--"),
        ({"content-encoding": "gzip"}, gzip.compress(b"<reports/>", mtime=0)),
        ({}, gzip.compress(b"<reports/>", mtime=0)),
    ],
)
def test_a_wrapped_push_is_parked_with_the_reason(headers: dict[str, str], body: bytes, stack: Stack) -> None:
    receipt = VendorBytes("hb-main", "reports", "push", runtime.now_ms(), headers=headers, body=body)
    handle({"Records": [UNREADABLE["Records"][0] | {"body": vendor_bytes_body(receipt)}]})
    (parked,) = stack.bodies("receipts-dead")
    assert "wrapped in" in parked["problem"]
    assert parse_vendor_bytes(json.dumps(parked)) == receipt


# Pages that no queue takes


def test_a_page_is_read_where_it_is_kept_and_parked_without_its_bytes(stack: Stack) -> None:
    body, bad = Random(1).randbytes(700_000), "hb-main#reports#1"
    pages.put_page(stack.table, bad, body, 2**31)
    receipt = VendorBytes("hb-main", "reports", "poll", runtime.now_ms(), page=bad)
    record = UNREADABLE["Records"][0] | {"body": vendor_bytes_body(receipt)}
    assert handle({"Records": [record]}) == {"batchItemFailures": []}
    (parked,) = stack.bodies("receipts-dead")
    assert parse_vendor_bytes(json.dumps(parked)) == receipt
    assert pages.get_page(stack.table, bad) == body


def test_a_page_in_the_table_is_applied(stack: Stack) -> None:
    report = "<mobile>13900210021</mobile><msg_id>nobodys</msg_id><sub_seq>0</sub_seq><err>0</err>"
    pages.put_page(stack.table, "one", f"<reports><report>{report}</report></reports>".encode(), 2**31)
    receipt = VendorBytes("hb-main", "reports", "poll", runtime.now_ms(), page="one")
    handle({"Records": [UNREADABLE["Records"][0] | {"body": vendor_bytes_body(receipt)}]})
    assert [item for item in aws.scan(stack.table) if item["sk"].startswith("early#")]


@pytest.mark.parametrize("left", [0, 1])
def test_a_page_that_is_gone_is_parked(left: int, stack: Stack) -> None:
    pages.put_page(stack.table, "one", Random(1).randbytes(700_000), 2**31)
    for index in range(left, 3):
        stack.table.delete(("page#one", f"{index:03d}"))
    receipt = VendorBytes("hb-main", "reports", "poll", runtime.now_ms(), page="one")
    handle({"Records": [UNREADABLE["Records"][0] | {"body": vendor_bytes_body(receipt)}]})
    (parked,) = stack.bodies("receipts-dead")
    assert "does not keep" in parked["problem"]


# Time


class Clocked(Context):
    """A Lambda context of a function for which every call of AWS takes a while."""

    def __init__(self, stack: Stack, monkeypatch: pytest.MonkeyPatch, milliseconds: int) -> None:
        super().__init__(60_000)
        begun = runtime.now_ms()
        stack.calls.clear()
        monkeypatch.setattr(runtime, "now_ms", lambda: begun + len(stack.calls) * milliseconds)


def unknown(account: str, count: int) -> dict[str, Any]:
    """A record with a push of reports of messages that nobody knows."""
    records = [
        {"msgId": f"{577951956854276096 + 7919 * index}", "tel": f"{13900000000 + index}", "arriveResult": "DELIVRD"}
        for index in range(count)
    ]
    receipt = VendorBytes(account, "reports", "push", runtime.now_ms(), body=json.dumps({"data": records}).encode())
    record: dict[str, Any] = UNREADABLE["Records"][0]
    return record | {"messageId": f"of {count}", "body": vendor_bytes_body(receipt)}


def early(stack: Stack) -> set[str]:
    return {item["report"]["vendor_id"] for item in aws.scan(stack.table) if item["sk"].startswith("early#")}


def test_a_long_receipt_makes_progress_and_holds_nobody_up(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a slow table WHEN a batch has a push of 500 unknown reports and another vendor's reply THEN what time does
    not suffice for is put back into its queue, and a few batches later all of it is applied."""
    reply = sample("ingest-push")["Records"][5]
    records, batches, failed = [unknown("ic-main", 500), reply], 0, []
    while records:
        before = early(stack)
        context = Clocked(stack, monkeypatch, 100)
        failed += ingest.handler({"Records": records}, context)["batchItemFailures"]  # type: ignore[arg-type]
        batches += 1
        assert len(early(stack)) > len(before), "each batch goes further"
        bodies = [*stack.bodies("receipts"), *stack.bodies("replies")]
        assert batches > 1 or len(bodies) == 2, "what was not begun is put back too"
        records = [reply | {"body": json.dumps(body)} for body in bodies]
    assert failed == []
    assert batches == 3
    assert len(early(stack)) == 500
    assert any(item["pk"].startswith("mo_") for item in aws.scan(stack.table))
    assert stack.bodies("receipts-dead") == []


def test_what_another_release_read_otherwise_is_applied_from_the_beginning(stack: Stack) -> None:
    record = unknown("ic-main", 30)
    for of, applied in ((30, 20), (31, 30)):
        receipt = replace(parse_vendor_bytes(record["body"]), applied=20, of=of)
        handle({"Records": [record | {"body": vendor_bytes_body(receipt)}]})
        assert len(early(stack)) == (10 if of == 30 else applied)


def test_unknown_reports_are_written_in_batches(stack: Stack) -> None:
    handle({"Records": [unknown("ic-main", 200)]})
    assert len(early(stack)) == 200
    assert stack.calls.count("dynamodb.PutItem") == 0
    assert stack.calls.count("dynamodb.BatchWriteItem") == 8


def test_records_that_cannot_be_read_are_parked_on_when_time_is_over(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [{"msgId": "5", "tel": "13900210021", "arriveResult": "DELIVRD"}, *({"msgId": "6"} for _ in range(4))]
    receipt = VendorBytes("ic-main", "reports", "push", runtime.now_ms(), body=json.dumps({"data": records}).encode())
    body, rounds = vendor_bytes_body(receipt), 0
    while body:
        context = Clocked(stack, monkeypatch, 20_000)
        ingest.handler({"Records": [UNREADABLE["Records"][0] | {"body": body}]}, context)  # type: ignore[arg-type]
        left = stack.bodies("receipts")
        body, rounds = json.dumps(left[0]) if left else "", rounds + 1
    assert rounds > 3
    parked = [parse_vendor_bytes(json.dumps(each)) for each in stack.bodies("receipts-dead")]
    assert len(parked) == 4
    assert {(each.applied, each.of) for each in parked} == {(0, 0)}


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
