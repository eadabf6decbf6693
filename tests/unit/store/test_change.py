"""A conditional write is put together step by step (store/change.py)."""

import pytest

from smsgateway.store.change import Change
from smsgateway.store.table import ConditionFailed, Table

KEY = ("a", "b")


def test_a_change_is_one_update() -> None:
    change = Change(KEY).set(state="CANCELED", left=None).remove("due_at", "due_shard").when("attempt = :seen", seen=3)
    assert change.wire("t") == {
        "TableName": "t",
        "Key": {"pk": {"S": "a"}, "sk": {"S": "b"}},
        "UpdateExpression": "SET #state = :state REMOVE #due_at, #due_shard",
        "ConditionExpression": "attempt = :seen",
        "ExpressionAttributeNames": {"#state": "state", "#due_at": "due_at", "#due_shard": "due_shard"},
        "ExpressionAttributeValues": {":state": {"S": "CANCELED"}, ":seen": {"N": "3"}},
    }


def test_conditions_must_all_hold() -> None:
    change = Change(KEY).set(n=1).when("a = :a OR b = :a", a=1).when("c = :c", c=2)
    assert change.wire("t")["ConditionExpression"] == "(a = :a OR b = :a) AND c = :c"


def test_a_change_that_goes_on_leaves_the_one_before_as_it_is() -> None:
    first = Change(KEY).set(n=1)
    second = first.remove("m")
    assert first.wire("t")["UpdateExpression"] == "SET #n = :n"
    assert second.wire("t")["UpdateExpression"] == "SET #n = :n REMOVE #m"


def test_one_name_stands_for_one_value() -> None:
    with pytest.raises(ValueError, match="attempt"):
        Change(KEY).set(attempt=4).when("attempt = :attempt", attempt=3)
    assert Change(KEY).set(n=1).when("n <> :n", n=1).wire("t")["ConditionExpression"] == "n <> :n"


def test_the_table_makes_a_change(table: Table) -> None:
    change = Change(KEY).set(word="x").set_if_missing(since=5).append("history", "first").add(count=2, names={"p", "q"})
    table.update(change)
    after = table.update(Change(KEY).set_if_missing(since=6).add(count=-1))
    assert after == {
        "pk": "a", "sk": "b", "word": "x", "since": 5, "history": ["first"], "count": 1, "names": {"p", "q"},
    }  # fmt: skip
    assert table.update(Change(KEY).append("history", "second").take(names={"p"}).remove("word")) == {
        "pk": "a", "sk": "b", "since": 5, "history": ["first", "second"], "count": 1, "names": {"q"},
    }  # fmt: skip
    with pytest.raises(ConditionFailed):
        table.update(Change(KEY).set(word="y").when("attribute_exists(word)"))
