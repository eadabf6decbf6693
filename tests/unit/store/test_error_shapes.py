"""AWS's answers as they come over the wire, read by botocore's own parsers, and what we make of them.

The bodies are those of the services' API references (DynamoDB's "Error handling", TransactWriteItems,
BatchExecuteStatement; EventBridge's PutEvents; SQS's SendMessageBatch); the names are held to botocore's models.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto.core.botocore_stubber import MockRawResponse

from smsgateway import queues
from smsgateway.errors import NotTakenError, UnpublishableError
from smsgateway.events import Event, EventType
from smsgateway.ids import SubmissionKey, root_path
from smsgateway.publishing import bus
from smsgateway.queues import WakeUps
from smsgateway.store import table as wire
from smsgateway.store.table import ConditionFailed, Fill, Table, Update
from tests.doubles import aws

THERE = {"pk": {"S": "a"}, "sk": {"S": "b"}, "state": {"S": "SENDING"}, "ttl": {"N": "99999999999"}}
FOUND = {"pk": "a", "sk": "b", "state": "SENDING", "ttl": 99_999_999_999}
FIRST, SECOND = (Update((pk, "b"), "SET n = :n", {"n": 1}, "attribute_exists(pk)") for pk in ("a", "c"))
DYNAMODB = "com.amazonaws.dynamodb.v20120810#"
EVENT = Event(EventType.ALERT, "e1", 1_795_000_000_000, "hb-1", "hbsmservice", "", {"alert": "balance_low"})

type Answers = Callable[..., tuple[Any, list[dict[str, Any]]]]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """A client of a service that answers with these bodies, one after the other; and what it was asked."""
    for name, value in aws.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)

    def client_of(service: str, *answers: tuple[int, dict[str, Any]]) -> tuple[Any, list[dict[str, Any]]]:
        client: Any = boto3.client(service)  # type: ignore[call-overload]
        left, asked = list(answers), list[dict[str, Any]]()

        def send(request: Any, **_event: Any) -> AWSResponse:
            asked.append(json.loads(request.body))
            status, body = left.pop(0)
            return AWSResponse(request.url, status, HTTPHeaders(), MockRawResponse(json.dumps(body)))

        client.meta.events.register(f"before-send.{service}", send)
        return client, asked

    return client_of


# --- DynamoDB


def cancelled(*reasons: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    codes = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    name = DYNAMODB + "TransactionCanceledException"
    return 400, {"__type": name, "CancellationReasons": list(reasons), "Message": message}


NONE = {"Code": "None"}
FAILED = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
CONFLICT = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}


def test_a_cancelled_transaction_tells_what_the_failed_condition_found(answering: Answers) -> None:
    client, _ = answering("dynamodb", cancelled(NONE, FAILED | {"Item": THERE}))
    with pytest.raises(ConditionFailed) as failed:
        Table(client, "t").update_both(FIRST, SECOND)
    assert failed.value.item == FOUND


def test_a_condition_that_found_nothing_tells_nothing(answering: Answers) -> None:
    client, _ = answering("dynamodb", cancelled(FAILED, NONE))
    with pytest.raises(ConditionFailed) as failed:
        Table(client, "t").update_both(FIRST, SECOND)
    assert failed.value.item is None


def test_a_transaction_that_met_another_comes_again_with_the_same_token_never(answering: Answers) -> None:
    """Each try is a transaction of its own: the token of one that was cancelled would get its answer again."""
    client, asked = answering("dynamodb", cancelled(CONFLICT, NONE), (200, {}))
    Table(client, "t").update_both(FIRST, SECOND)
    assert len({request["ClientRequestToken"] for request in asked}) == 2


def test_a_failed_condition_tells_what_stands_there(answering: Answers) -> None:
    name = DYNAMODB + "ConditionalCheckFailedException"
    refusal = 400, {"__type": name, "message": "The conditional request failed", "Item": THERE}
    client, asked = answering("dynamodb", refusal)
    with pytest.raises(ConditionFailed) as failed:
        Table(client, "t").update(FIRST)
    assert failed.value.item == FOUND
    assert asked[0]["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"


def test_each_statement_of_a_batch_has_its_own_end(answering: Answers) -> None:
    ends: Sequence[dict[str, Any]] = (
        {"TableName": "t"},
        {"TableName": "t", "Error": {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}},
        {"TableName": "t", "Error": {"Code": "ThrottlingError", "Message": "slow down"}},
        {"TableName": "t", "Error": {"Code": "TransactionConflict", "Message": "ongoing"}},
    )
    client, _ = answering("dynamodb", (200, {"Responses": list(ends)}))
    fills = [Fill((f"k{index}", "s"), {"status": "delivered"}, ("status",)) for index in range(len(ends))]
    assert Table(client, "t").fill_many(fills) == [True, False, False, False]


def test_the_names_that_we_look_for_are_those_of_the_service() -> None:
    model = botocore.session.get_session().get_service_model("dynamodb")
    assert "Item" in model.shape_for("ConditionalCheckFailedException").members  # type: ignore[attr-defined]
    reasons = model.shape_for("TransactionCanceledException").members["CancellationReasons"]  # type: ignore[attr-defined]
    assert {"Code", "Item"} <= set(reasons.member.members)
    assert set(model.shape_for("BatchStatementErrorCodeEnum").enum) >= wire.EXPECTED  # type: ignore[attr-defined]
    result = botocore.session.get_session().get_service_model("events").shape_for("PutEventsResultEntry")
    assert "ErrorCode" in result.members  # type: ignore[attr-defined]


# --- EventBridge


def taken(*codes: str) -> tuple[int, dict[str, Any]]:
    """PutEvents' answer, 200 whatever became of the entries."""
    entries = [{"ErrorCode": code, "ErrorMessage": "-"} if code else {"EventId": "1"} for code in codes]
    return 200, {"FailedEntryCount": sum(map(bool, codes)), "Entries": entries}


def test_only_the_events_that_the_bus_did_not_take_are_sent_again(answering: Answers) -> None:
    client, asked = answering("events", taken("", "ThrottlingException", "InternalFailure"), taken("", ""))
    bus.put_events(client, "bus", [EVENT] * 3, lambda: 3.0, sleep=lambda _seconds: None)
    assert [len(request["Entries"]) for request in asked] == [3, 2]


def test_what_the_bus_will_never_take_is_told_apart(answering: Answers) -> None:
    client, _ = answering("events", taken(sorted(bus.NEVER)[0]))
    with pytest.raises(UnpublishableError):
        bus.put_events(client, "bus", [EVENT], lambda: 3.0, sleep=lambda _seconds: None)


def test_a_bus_that_takes_nothing_lets_the_stream_come_again(answering: Answers) -> None:
    client, _ = answering("events", taken("ThrottlingException"))
    with pytest.raises(NotTakenError):
        bus.put_events(client, "bus", [EVENT], lambda: 0.0)


# --- SQS


def test_wake_ups_that_a_batch_left_out_are_left_to_the_sweep(answering: Answers) -> None:
    """Part of a batch was not taken, which is no error: the submissions are found by their due moments."""
    failed = {"Id": "1", "SenderFault": False, "Code": "InternalError", "Message": "try again"}
    client, asked = answering("sqs", (200, {"Successful": [], "Failed": [failed]}))
    keys = [SubmissionKey("msg_01m7z5skbrbwqgw4bmx01vye39", root_path(index)) for index in range(2)]
    WakeUps(client, "https://sqs.example/u", "https://sqs.example/b").put(True, "hb-1", keys)
    assert len(asked[0]["Entries"]) == 2 <= queues.BATCH
