"""Which changes of the table are events, and what each event says (publishing/changes.py)."""

from typing import Any

import pytest

from smsgateway import events
from smsgateway.events import EventType
from smsgateway.model import Rejection
from tests.doubles import aws
from tests.doubles.stack import Stack, sample, samples
from tests.unit.publishing.given import MESSAGE_ID, Bus, handle, record, submission_of_two

BASE = {"version", "event_id", "at", "account", "vendor", "reference"}
RECIPIENT = {"message_id", "to", "status", "reason", "vendor_status", "segments"}
REPLY = {
    *(
        "message_id",
        "inbound_id",
        "from",
        "to",
        "extension",
        "text",
        "received_at",
        "in_reply_to",
        "opt_out",
        "opt_in",
        "partial",
    ),
}
OPTING = {"number", "purpose", "client", "signature", "reason", "source", "reply_id"}
FIELDS = {
    "Message Submitted": BASE | {"message_id", "recipients", "segments", "vendor_ids"},
    "Message Delivered": BASE | RECIPIENT,
    "Message Undelivered": BASE | RECIPIENT,
    "Message Rejected": BASE | RECIPIENT,
    "Message Unconfirmed": BASE | RECIPIENT,
    "Message Unknown": BASE | RECIPIENT,
    "Message Expired": BASE | RECIPIENT,
    "Message Suppressed": BASE | RECIPIENT,
    "Message Received": BASE | REPLY,
    "Account Alert": BASE | {"alert", "detail"},
    "Opted Out": BASE | OPTING,
    "Opted In": BASE | OPTING,
}


pytestmark = pytest.mark.usefixtures("log")  # nothing secret is told


# The contract


def named(type_: str) -> str:
    """How the samples of a type are named."""
    return type_.removeprefix("Message ").removeprefix("Account ").lower().replace(" ", "-")


def test_there_is_a_sample_of_every_type() -> None:
    assert {str(type_) for type_ in EventType} == set(FIELDS)
    assert samples("fanout") == sorted(f"fanout-{named(type_)}" for type_ in FIELDS)


@pytest.mark.parametrize("name", samples("fanout"))
def test_every_sample_is_one_event_of_its_type(name: str, bus: Bus) -> None:
    assert handle(sample(name)) == {"batchItemFailures": []}
    ((type_, detail),) = bus.taken
    assert named(type_) == name.removeprefix("fanout-")
    assert set(detail) == FIELDS[type_]
    ((entry,),) = bus.calls
    assert (entry["Source"], entry["EventBusName"]) == ("sms.gateway", aws.BUS)
    assert (detail["version"], detail["account"], detail["vendor"]) == (1, "ly-main", "langyu")
    assert detail["at"].endswith("Z")


@pytest.mark.parametrize("name", samples("fanout"))
def test_an_event_that_comes_twice_has_the_same_id(name: str, bus: Bus) -> None:
    for _ in range(2):
        handle(sample(name))
    first, second = bus.taken
    assert first == second


def test_every_event_has_an_id_of_its_own(bus: Bus) -> None:
    for name in samples("fanout"):
        handle(sample(name))
    assert len({detail["event_id"] for _, detail in bus.taken}) == len(FIELDS)


def test_there_is_a_sample_of_every_event_as_consumers_get_it() -> None:
    assert samples("bus") == [name.replace("fanout-", "bus-") for name in samples("fanout")]


@pytest.mark.parametrize("name", samples("bus"))
def test_what_consumers_get(name: str, bus: Bus) -> None:
    handle(sample(name.replace("bus-", "fanout-")))
    ((type_, detail),) = bus.taken
    shown = sample(name)
    envelope = {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
    assert set(shown) == envelope
    assert (shown["source"], shown["detail-type"], shown["detail"]) == (events.SOURCE, type_, detail)


EXPECTED: dict[str, dict[str, Any]] = {
    "submitted": {"recipients": 1, "segments": 1, "vendor_ids": ["5010203"], "at": "2026-01-22T09:30:26.100Z"},
    "delivered": {"status": "delivered", "reason": None, "vendor_status": "DELIVRD", "at": "2026-01-22T09:30:31.000Z"},
    "undelivered": {"status": "undelivered", "reason": "validity_expired", "vendor_status": "EXPIRED"},
    "rejected": {"status": "rejected", "reason": "signature_refused", "vendor_status": "116 签名不合法"},
    "unconfirmed": {"status": "unconfirmed", "reason": "ambiguous_answer", "vendor_status": "no answer in time"},
    "unknown": {"status": "unknown", "reason": "no_report", "vendor_status": None},
    "expired": {"status": "expired", "reason": "validity_passed", "vendor_status": None},
    "suppressed": {"status": "suppressed", "reason": "suppressed", "vendor_status": None},
    "received": {
        "inbound_id": "mo_06dn3m8c2v9x4t7p1k5r0w8yhz",
        "from": "13900210021",
        "to": "1065751600001",
        "extension": "01",
        "text": "退订",
        "received_at": "2026-01-22T09:30:35.000Z",
        "in_reply_to": MESSAGE_ID,
        "opt_out": True,
        "opt_in": False,
        "partial": False,
    },
    "opted-out": {
        "number": "13900210021",
        "purpose": "marketing",
        "client": "shop",
        "signature": None,
        "reason": "opt_out",
        "source": "reply",
        "reply_id": "mo_06dn3m8c2v9x4t7p1k5r0w8yhz",
        "at": "2026-01-22T09:30:35.000Z",
    },
    "opted-in": {"purpose": "marketing", "client": "shop", "reason": "opt_in", "source": "reply"},
    "alert": {"alert": "balance_low", "detail": "balance: 93 left", "reference": None},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_an_event_says(name: str, bus: Bus) -> None:
    handle(sample(f"fanout-{name}"))
    ((type_, detail),) = bus.taken
    assert detail | EXPECTED[name] == detail
    if type_.startswith("Message "):
        assert (detail["message_id"], detail["reference"]) == (MESSAGE_ID, "order-1")
    if "status" in detail:
        assert (detail["to"], detail["segments"]) == ("13900210021", 1)


# Recipients of a submission of several


def test_an_outcome_of_a_submission_is_told_of_each_recipient(stack: Stack, bus: Bus) -> None:
    new, old = submission_of_two(stack, {"state": "REFUSED", "refusal": "busy", "answer": "-99"})
    handle({"Records": [record(new, old)]})
    told = {detail["to"]: (type_, detail["segments"], detail["reason"]) for type_, detail in bus.taken}
    assert told == {
        "13900210021": ("Message Rejected", 2, "busy"),
        "13900210022": ("Message Rejected", 1, "busy"),  # no row was written before it was refused
    }


def test_numbers_that_the_vendor_rejected_are_told_beside_the_rest(stack: Stack, bus: Bus) -> None:
    new, old = submission_of_two(
        stack, {"state": "SUBMITTED", "rejected": [["13900210022", "blacklisted", "black"]], "submitted_at": 5}
    )
    assert Rejection("13900210022").number in new["rejected"][0]
    handle({"Records": [record(new, old)]})
    assert [(type_, detail.get("to"), detail.get("reason")) for type_, detail in bus.taken] == [
        ("Message Submitted", None, None),
        ("Message Rejected", "13900210022", "blacklisted"),
    ]


# What is no event


@pytest.mark.parametrize("name", samples("fanout"))
def test_a_change_of_something_else_is_none(name: str, bus: Bus) -> None:
    (change,) = sample(name)["Records"]
    image = change["dynamodb"]["NewImage"]
    other = {"OldImage": image, "NewImage": image | {"ttl": {"N": "1"}, "due_at": {"S": "9"}}}
    handle({"Records": [{"dynamodb": change["dynamodb"] | other}]})
    expired = {name: value for name, value in change["dynamodb"].items() if name != "NewImage"} | {"OldImage": image}
    handle({"Records": [{"eventName": "REMOVE", "dynamodb": expired}]})
    assert bus.calls == []


def test_items_that_are_no_ones_business_are_none(bus: Bus) -> None:
    items: list[dict[str, Any]] = [
        {"pk": MESSAGE_ID, "sk": "M"},
        {"pk": f"{MESSAGE_ID}#P#00000", "sk": "000", "bytes": b"x"},
        {"pk": "vid#ly-main#1", "sk": "map", "message_id": MESSAGE_ID},
        {"pk": "account#ly-main", "sk": "balance", "amounts": []},
        {"pk": "client#hash", "sk": "C", "name": "shop"},
    ]
    assert handle({"Records": [record(item) for item in items]}) == {"batchItemFailures": []}
    assert bus.calls == []
