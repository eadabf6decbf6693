"""The table's stream to the event bus (handlers/fanout.py, publishing/)."""

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from smsgateway import events, runtime
from smsgateway.events import EventType
from smsgateway.handlers import fanout
from smsgateway.ids import SubmissionKey
from smsgateway.model import Message, Payload, Rejection
from smsgateway.publishing import bus as publishing
from smsgateway.publishing.changes import events_of
from smsgateway.store import messages, recipients, submissions
from smsgateway.store.table import from_wire, to_wire
from tests.doubles import aws
from tests.unit.handlers.conftest import Context, Stack, sample, samples

MESSAGE_ID = "msg_06dn3m8c2v9x4t7p1k5r0w8yhz"
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
        "partial",
    ),
}
FIELDS = {
    "Message Submitted": BASE | {"message_id", "recipients", "segments", "vendor_ids"},
    "Message Delivered": BASE | RECIPIENT,
    "Message Undelivered": BASE | RECIPIENT,
    "Message Rejected": BASE | RECIPIENT,
    "Message Unconfirmed": BASE | RECIPIENT,
    "Message Unknown": BASE | RECIPIENT,
    "Message Expired": BASE | RECIPIENT,
    "Message Received": BASE | REPLY,
    "Account Alert": BASE | {"alert", "detail"},
}


class Bus:
    """Takes entries as EventBridge does; `refuse` says of the next calls which entries it does not take, `never` which
    events it never takes. It passes the function's time when somebody waits for it."""

    exceptions = SimpleNamespace(ClientError=ClientError)

    def __init__(self) -> None:
        self.calls: list[list[dict[str, Any]]] = []
        self.refuse: list[list[bool]] = []
        self.never: set[str] = set()
        self.code = "ThrottlingException"
        self.context = Context()
        self.waits: list[float] = []

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.context.remaining -= int(seconds * 1000)

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803  boto3's name
        assert 1 <= len(Entries) <= 10
        assert sum(len(value.encode()) for entry in Entries for value in entry.values()) < 256_000
        self.calls.append(Entries)
        refused = self.refuse.pop(0) if self.refuse else []
        refused = [*refused, *[False] * len(Entries)][: len(Entries)]
        ids = [json.loads(entry["Detail"])["event_id"] for entry in Entries]
        refused = [no or id_ in self.never for no, id_ in zip(refused, ids, strict=True)]
        results = [{"ErrorCode": self.code} if no else {"EventId": "1"} for no in refused]
        return {"FailedEntryCount": sum(refused), "Entries": results}

    @property
    def taken(self) -> list[tuple[str, dict[str, Any]]]:
        """Detail-type and detail of every entry that was ever put."""
        return [(entry["DetailType"], json.loads(entry["Detail"])) for call in self.calls for entry in call]


pytestmark = pytest.mark.usefixtures("log")  # nothing secret is told


@pytest.fixture
def bus(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Bus:
    made = Bus()
    monkeypatch.setattr(fanout, "event_bridge", lambda: made)
    monkeypatch.setattr(publishing.put_events, "__defaults__", (lambda: 1.0, made.wait))
    monkeypatch.setattr(runtime.randomness(), "random", lambda: 1.0)
    return made


def handle(event: dict[str, Any], context: Context | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = fanout.handler(event, context or Context())  # type: ignore[arg-type]
    return answer


def record(new: dict[str, Any] | None, old: dict[str, Any] | None = None, number: int = 1) -> dict[str, Any]:
    images = {"NewImage": new, "OldImage": old}
    change = {name: to_wire(image) for name, image in images.items() if image}
    return {"dynamodb": {"ApproximateCreationDateTime": 1769074226.5, "SequenceNumber": f"{number}", **change}}


def alert(number: int) -> dict[str, Any]:
    item = {"pk": "account#a", "sk": f"alert#{number}", "account": "a", "vendor": "langyu", "alert": "balance_low"}
    return record(item | {"detail": "93 left", "raised_at": 1769074226000}, number=number)


# The contract


def test_there_is_a_sample_of_every_type() -> None:
    assert {str(type_) for type_ in EventType} == set(FIELDS)
    assert samples("fanout") == sorted(f"fanout-{type_.split(' ')[1].lower()}" for type_ in FIELDS)


@pytest.mark.parametrize("name", samples("fanout"))
def test_every_sample_is_one_event_of_its_type(name: str, bus: Bus) -> None:
    assert handle(sample(name)) == {"batchItemFailures": []}
    ((type_, detail),) = bus.taken
    assert type_.split(" ")[1].lower() == name.removeprefix("fanout-")
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
    "received": {
        "inbound_id": "mo_06dn3m8c2v9x4t7p1k5r0w8yhz",
        "from": "13900210021",
        "to": "1065751600001",
        "extension": "01",
        "text": "退订",
        "received_at": "2026-01-22T09:30:35.000Z",
        "in_reply_to": MESSAGE_ID,
        "opt_out": True,
        "partial": False,
    },
    "alert": {"alert": "balance_low", "detail": "balance: 93 left", "reference": None},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_an_event_says(name: str, bus: Bus) -> None:
    handle(sample(f"fanout-{name}"))
    ((type_, detail),) = bus.taken
    assert detail | EXPECTED[name] == detail
    if type_ != "Account Alert":
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


def submission_of_two(stack: Stack, change: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    key = SubmissionKey(MESSAGE_ID, "00000")
    of = Message(key.message_id, "shop", "marketing", 1, 2**41, ("ly-main",), 2, 3)
    old = submissions.new_submission(key, of, submissions.Share("ly-main", "langyu", 2, 3), ttl=2**31, now=1)
    stack.table.put(old)
    messages.put_payload(stack.table, key, Payload(("13900210021", "13900210022")), 2**31)
    recipients.put_rows(stack.table, of, submissions.read_submission(old), {"13900210021": 2})
    return old | change | {"attempt": 1}, old | {"state": "SENDING", "attempt": 1}


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


# Failures


def test_ten_events_are_one_call(bus: Bus) -> None:
    handle({"Records": [alert(number) for number in range(25)]})
    assert [len(call) for call in bus.calls] == [10, 10, 5]


def test_large_events_take_more_calls(bus: Bus) -> None:
    large = [alert(number) for number in range(10)]
    for change in large:
        change["dynamodb"]["NewImage"]["detail"] = {"S": "大" * 20_000}
    handle({"Records": large})
    assert [len(call) for call in bus.calls] == [3, 3, 3, 1]


@pytest.mark.parametrize(
    "refused",
    [
        ["10101"],
        ["01010", "10"],
        ["11111", "11111", "00001", "1"],
        ["00001"],
    ],
)
def test_only_what_the_bus_did_not_take_is_put_again(refused: list[str], bus: Bus) -> None:
    """GIVEN a bus that does not take some entries of a call, and some of the next WHEN a batch is published THEN each
    call has exactly the entries that the one before left, and each entry is taken once."""
    bus.refuse = [[mark == "1" for mark in marks] for marks in refused]
    assert handle({"Records": [alert(number) for number in range(5)]}) == {"batchItemFailures": []}
    expected, taken = bus.calls[0], []
    assert len(expected) == 5
    for call, marks in zip(bus.calls, [*refused, "0" * refused[-1].count("1")], strict=True):
        assert call == expected
        taken += [entry for entry, mark in zip(call, marks, strict=True) if mark == "0"]
        expected = [entry for entry, mark in zip(call, marks, strict=True) if mark == "1"]
    assert sorted(map(str, taken)) == sorted(map(str, bus.calls[0]))


def test_a_busy_bus_is_waited_for_while_there_is_time(bus: Bus, log: Any) -> None:
    """GIVEN a bus whose quota is used up for two minutes WHEN a batch comes THEN it is asked again, ever later, and
    everything is published by this call."""
    bus.context = Context(remaining=300_000)
    bus.refuse = [[True] * 10] * 12
    assert handle({"Records": [alert(number) for number in range(25)]}, bus.context) == {"batchItemFailures": []}
    assert len({detail["event_id"] for _, detail in bus.taken}) == 25
    assert len(bus.waits) == 12
    assert sum(bus.waits) > 60
    assert max(bus.waits) <= publishing.LONGEST_PAUSE
    assert log() == []


def test_what_the_bus_does_not_take_in_time_comes_again_from_its_record_on(bus: Bus, log: Any) -> None:
    """GIVEN a bus that takes an event not at all WHEN the function's time is nearly over THEN the stream is asked for
    its record and those behind it, and nothing was put one by one."""
    bus.context = Context(remaining=100_000)
    bus.never = {event_id(12)}
    answer = handle({"Records": [alert(number) for number in range(25)]}, bus.context)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "12"}]}
    assert 15_000 <= bus.context.remaining < 40_000
    assert [len(call) for call in bus.calls][:3] == [10, 10, 1]
    assert {len(call) for call in bus.calls[2:]} == {1}
    assert [(entry["level"], entry["taken"]) for entry in log()] == [("WARNING", 12)]


def test_a_refusal_of_the_whole_call_is_waited_for_too(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    put, refusals = bus.put_events, iter([True, True, False])

    def throttled(**request: Any) -> Any:
        if next(refusals, False):
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "PutEvents")
        return put(**request)

    monkeypatch.setattr(bus, "put_events", throttled)
    assert handle({"Records": [alert(1)]}) == {"batchItemFailures": []}
    assert len(bus.waits) == 2
    assert len(bus.calls) == 1


def test_pauses_are_spread(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN many functions that a bus refuses at once THEN they do not all come again at once."""
    monkeypatch.setattr(runtime.randomness(), "random", lambda: 0.25)
    bus.refuse = [[True]] * 3
    handle({"Records": [alert(1)]})
    assert bus.waits == [0.25 * publishing.FIRST_PAUSE * 2**attempt for attempt in range(3)]


@pytest.mark.parametrize("at", [1769074226.5, 1769074226, "1769074226.5", "1.7690742265E9"])
def test_the_moment_of_a_change_in_every_form(at: Any, bus: Bus, stack: Stack) -> None:
    new, old = submission_of_two(stack, {"state": "REFUSED", "refusal": "busy", "answer": "-99"})
    changed = record(new, old)
    changed["dynamodb"]["ApproximateCreationDateTime"] = at
    assert handle({"Records": [changed]}) == {"batchItemFailures": []}
    assert {detail["at"][:19] for _, detail in bus.taken} == {"2026-01-22T09:30:26"}


def poisoned(number: int, what: str) -> dict[str, Any]:
    """A record that makes no sense, in one way or another."""
    record = alert(number)
    image = record["dynamodb"]["NewImage"]
    match what:
        case "a field is missing":
            del image["raised_at"]
        case "a value is none of ours":
            image |= {"pk": {"S": MESSAGE_ID}, "sk": {"S": "S#00000"}, "state": {"S": "ODD"}}
            del image["alert"]
        case "a type is wrong":
            image["raised_at"] = {"S": "today"}
        case "too large for the bus":
            image["detail"] = {"S": "大" * 100_000}
        case "two images, both full":
            image["detail"] = {"S": "大" * 130_000}
            record["dynamodb"]["OldImage"] = image | {"odd": {"S": "\ufffe\uffff\x01"}}
            del record["dynamodb"]["OldImage"]["alert"]
            record["dynamodb"]["NewImage"] = image | {"pk": {"S": MESSAGE_ID}, "sk": {"S": "S#00000"}}
            del record["dynamodb"]["NewImage"]["alert"]
    return record


@pytest.mark.parametrize(
    "what",
    [
        "a field is missing",
        "a value is none of ours",
        "a type is wrong",
        "too large for the bus",
        "two images, both full",
    ],
)
def test_a_poisonous_record_holds_up_no_other(what: str, stack: Stack, bus: Bus, log: Any) -> None:
    """GIVEN a batch with one record that nobody can publish WHEN it comes THEN all others are published, nothing comes
    again, and the record waits whole in the failures' queue, as an event that `fanout` takes after a repair."""
    poison = poisoned(2, what)
    answer = handle({"Records": [alert(1), poison, alert(3)]})
    assert answer == {"batchItemFailures": []}
    assert {detail["event_id"] for _, detail in bus.taken} == {event_id(1), event_id(3)}
    assert stack.bodies("fanout-dead") == [{"Records": [poison]}]
    assert [entry["message"] for entry in log()][1:] == ["a record was set aside"]


def test_what_is_set_aside_is_what_a_queue_takes(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a record of two full images in Chinese, with characters that no queue takes WHEN it is set aside THEN its
    body has none of them, is below the queue's limit, and says the same."""
    bodies: list[str] = []
    monkeypatch.setattr(runtime.sqs(), "send_message", lambda **request: bodies.append(request["MessageBody"]))
    poison = poisoned(1, "two images, both full")
    handle({"Records": [poison]})
    (body,) = bodies
    assert not re.search("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", body)
    assert len(body.encode()) < 1_048_576
    assert json.loads(body) == {"Records": [poison]}


def test_an_event_that_the_bus_refuses_for_ever_is_set_aside(stack: Stack, bus: Bus) -> None:
    bus.code = "MalformedDetail"
    bus.refuse = [[False, True, False], [], [True], []]
    records = [alert(number) for number in range(3)]
    assert handle({"Records": records}) == {"batchItemFailures": []}
    assert stack.bodies("fanout-dead") == [{"Records": [records[1]]}]
    assert [len(call) for call in bus.calls] == [3, 1, 1, 1]


def test_what_cannot_be_set_aside_comes_again(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_request: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(runtime.sqs(), "send_message", away)
    answer = handle({"Records": [alert(1), poisoned(2, "a field is missing"), alert(3)]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}


def test_a_record_waits_for_a_table_that_is_away(stack: Stack, bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a change that takes a look into the table WHEN the table is away THEN the record is no poison."""
    new, old = submission_of_two(stack, {"state": "REFUSED", "refusal": "busy", "answer": "-99"})

    def throttled(**_request: Any) -> None:
        raise ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "Query")

    with monkeypatch.context() as patch:
        patch.setattr(runtime.table().client, "query", throttled)
        answer = handle({"Records": [alert(1), record(new, old, number=2), alert(3)]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert stack.bodies("fanout-dead") == []
    assert {type_ for type_, _ in bus.taken} == {"Account Alert"}


def event_id(number: int) -> str:
    image = from_wire(alert(number)["dynamodb"]["NewImage"])
    (event,) = events_of(None, image, lambda _submission: {}, 0)
    return str(events.detail_of(event)["event_id"])


def test_a_bus_that_is_away_has_the_whole_batch_come_again(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_request: Any) -> None:
        raise ConnectionError("13900210021")

    monkeypatch.setattr(bus, "put_events", away)
    answer = handle({"Records": [alert(number) for number in range(3)]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}]}
