"""Every request of the fault harness is one that AWS would look at: what is wrong with one is told (shapes.py)."""

from typing import Any

import pytest

from tests.doubles import shapes

KEY = {"pk": {"S": "a"}, "sk": {"S": "b"}}


@pytest.mark.parametrize(
    ("method", "request_", "said"),
    [
        ("get_item", {"TableName": "table", "Key": KEY, "Consistent": True}, "Consistent"),
        ("get_item", {"Key": KEY}, "TableName"),
        ("put_item", {"TableName": "table", "Item": KEY | {"n": {"N": 5}}}, "Invalid type"),
        (
            "update_item",
            {"TableName": "table", "Key": KEY, "UpdateExpression": "SET state = :s"},
            "ExpressionAttribute",
        ),
        (
            "update_item",
            {
                "TableName": "table",
                "Key": KEY,
                "UpdateExpression": "SET ttl = :s",
                "ExpressionAttributeValues": {":s": {"N": "1"}},
            },
            "reserved words",
        ),
        ("send_message", {"QueueUrl": "urgent", "MessageBody": "{}", "DelaySeconds": 1.5}, "Invalid type"),
        ("send_message_batch", {"QueueUrl": "urgent", "Entries": [{"MessageBody": "{}"}]}, "Id"),
        ("batch_execute_statement", {"Statements": [{"Parameters": []}]}, "Statement"),
        ("put_events", {"Entries": [{"Detail": {}}]}, "Invalid type"),
    ],
)
def test_a_request_that_aws_would_refuse_is_refused(
    method: str, request_: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shapes, "seen", set())  # other tests have seen other requests
    with pytest.raises(shapes.Refused, match=said):
        shapes.check(method, request_)


def test_a_form_is_looked_at_once_and_another_one_anew() -> None:
    good = {"TableName": "table", "Key": KEY, "ConsistentRead": True}
    shapes.check("get_item", good)
    before = len(shapes.seen)
    shapes.check("get_item", good)
    assert len(shapes.seen) == before
    with pytest.raises(shapes.Refused):
        shapes.check("get_item", good | {"Consistent": True})
