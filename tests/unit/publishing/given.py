"""A bus as EventBridge is, records of the table's stream, and how a batch of them comes to `fanout`."""

import json
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from smsgateway import events
from smsgateway.handlers import fanout
from smsgateway.ids import SubmissionKey
from smsgateway.model import Message, Payload
from smsgateway.publishing.changes import events_of
from smsgateway.store import messages, recipients, submissions
from smsgateway.store.table import from_wire, to_wire
from tests.doubles.stack import Context, Stack

MESSAGE_ID = "msg_06dn3m8c2v9x4t7p1k5r0w8yhz"


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


def submission_of_two(stack: Stack, change: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    key = SubmissionKey(MESSAGE_ID, "00000")
    of = Message(key.message_id, "shop", "marketing", 1, 2**41, ("ly-main",), 2, 3)
    old = submissions.new_submission(key, of, submissions.Share("ly-main", "langyu", 2, 3), ttl=2**31, now=1)
    stack.table.put(old)
    messages.put_payload(stack.table, key, Payload(("13900210021", "13900210022")), 2**31)
    recipients.put_rows(stack.table, of, submissions.read_submission(old), {"13900210021": 2})
    return old | change | {"attempt": 1}, old | {"state": "SENDING", "attempt": 1}


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


def event_id(number: int) -> str:
    image = from_wire(alert(number)["dynamodb"]["NewImage"])
    (event,) = events_of(None, image, lambda _submission: {}, 0)
    return str(events.detail_of(event)["event_id"])
