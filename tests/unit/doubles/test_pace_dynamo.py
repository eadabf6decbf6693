"""The young table by the clock takes what DynamoDB says it takes, and says what DynamoDB says when there is more."""

from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.doubles.dynamo import ConditionalCheckFailedException, TransactionCanceledException
from tests.doubles.pace.clock import Clock
from tests.doubles.pace.dynamo import Sdk, YoungDynamoDB

TOO_MUCH = "ThrottlingException"
KEY_TOO_MUCH = "ProvisionedThroughputExceededException"


@pytest.fixture
def clock() -> Clock:
    return Clock(0)


@pytest.fixture
def db(clock: Clock) -> YoungDynamoDB:
    return YoungDynamoDB(clock)


def wire(**texts: str) -> dict[str, Any]:
    return {name: {"S": text} for name, text in texts.items()}


def put(db: YoungDynamoDB, pk: str, sk: str = "1", **more: str) -> None:
    db.put_item(TableName="t", Item=wire(pk=pk, sk=sk, **more))


def most(write: Any) -> tuple[int, str]:
    """How many writes are taken at once, and the code of the first that is not."""
    for index in range(100_000):
        try:
            write(index)
        except ClientError as error:
            return index, error.response["Error"]["Code"]
    raise AssertionError("there is no limit")


def test_a_table_takes_4000_writes_a_second(db: YoungDynamoDB, clock: Clock) -> None:
    assert most(lambda index: put(db, f"{index}")) == (4000, TOO_MUCH)
    clock.now += 250
    assert most(lambda index: put(db, f"later{index}")) == (1000, TOO_MUCH)
    clock.now += 60_000
    assert most(lambda index: put(db, f"minute{index}")) == (4000, TOO_MUCH)


def test_a_key_takes_1000_writes_a_second(db: YoungDynamoDB) -> None:
    assert most(lambda index: put(db, "one", f"{index}")) == (1000, KEY_TOO_MUCH)
    put(db, "another")


def test_large_items_are_several_units(db: YoungDynamoDB) -> None:
    assert most(lambda index: put(db, "one", f"{index}", text="x" * 1500)) == (500, KEY_TOO_MUCH)


def test_an_index_that_is_busy_refuses_the_table_s_writes(db: YoungDynamoDB) -> None:
    """GIVEN entries under one key of an index THEN that takes 1000 of them; one that changes its key is two."""
    assert most(lambda index: put(db, f"{index}", due_shard="due#1", due_at="1")) == (1000, KEY_TOO_MUCH)
    put(db, "elsewhere", due_shard="due#2", due_at="1")
    put(db, "in no index")


def test_a_table_is_full_before_an_index_that_holds_less_of_each_item(db: YoungDynamoDB) -> None:
    assert most(lambda index: put(db, f"{index}", to=f"{index}", at="1", text="x" * 1500)) == (2000, TOO_MUCH)
    assert db.refused == {("write", "", ""): 1}


def test_an_index_is_full_before_its_table_when_entries_change_their_keys(db: YoungDynamoDB, clock: Clock) -> None:
    for index in range(3000):
        put(db, f"{index}", to=f"{index}", at="1")
    clock.now += 1000
    assert most(lambda index: put(db, f"{index}", to=f"{index}", at="2")) == (2000, TOO_MUCH)
    assert db.refused == {("write", "by_number", ""): 1}
    put(db, "in no index")


def test_reads(db: YoungDynamoDB) -> None:
    def get(pk: str) -> None:
        db.get_item(TableName="t", Key=wire(pk=pk, sk="1"), ConsistentRead=True)

    assert most(lambda _index: get("one")) == (3000, KEY_TOO_MUCH)
    assert most(lambda index: get(f"{index}")) == (9000, TOO_MUCH)


def test_a_condition_that_fails_costs_a_write(db: YoungDynamoDB) -> None:
    put(db, "one")
    for _ in range(999):
        with pytest.raises(ConditionalCheckFailedException):
            db.put_item(TableName="t", Item=wire(pk="one", sk="1"), ConditionExpression="attribute_not_exists(pk)")
    with pytest.raises(ClientError):
        put(db, "one")


def test_a_batch_comes_back_in_part_and_then_as_an_error(db: YoungDynamoDB) -> None:
    for index in range(990):
        put(db, "one", f"{index}")
    batch = [{"PutRequest": {"Item": wire(pk="one", sk=f"new{index}")}} for index in range(25)]
    answer = db.batch_write_item(RequestItems={"t": batch})
    assert answer == {"UnprocessedItems": {"t": batch[10:]}}
    assert len(db.items) == 1000
    with pytest.raises(ClientError, match=KEY_TOO_MUCH):
        db.batch_write_item(RequestItems={"t": batch[10:]})


def test_keys_come_back_unread(db: YoungDynamoDB) -> None:
    keys = [wire(pk="one", sk=f"{index}") for index in range(100)]
    for _ in range(29):
        assert db.batch_get_item(RequestItems={"t": {"Keys": keys}})["UnprocessedKeys"] == {}
    for index in range(50):
        db.get_item(TableName="t", Key=keys[index])
    assert db.batch_get_item(RequestItems={"t": {"Keys": keys}})["UnprocessedKeys"] == {"t": {"Keys": keys[50:]}}
    with pytest.raises(ClientError, match=KEY_TOO_MUCH):
        db.batch_get_item(RequestItems={"t": {"Keys": keys}})


def test_a_statement_says_so_in_its_own_answer(db: YoungDynamoDB) -> None:
    for index in range(999):
        put(db, "one", f"{index}")
    statements = [
        {
            "Statement": 'UPDATE "t" SET "a"=? WHERE "pk"=? AND "sk"=?',
            "Parameters": [{"S": "x"}, {"S": "one"}, {"S": sk}],
        }
        for sk in ("1", "2")
    ]
    done, busy = db.batch_execute_statement(Statements=statements)["Responses"]
    assert "Error" not in done
    assert busy == {"Error": {"Code": "ProvisionedThroughputExceeded"}}


def test_a_transaction_costs_twice_and_is_done_whole_or_not_at_all(db: YoungDynamoDB) -> None:
    put(db, "one", "a")
    put(db, "one", "b")
    updates = [
        {
            "Update": {"TableName": "t", "Key": wire(pk="one", sk=sk), "UpdateExpression": "SET a = :a"}
            | {"ExpressionAttributeValues": {":a": {"S": "x"}}}
        }
        for sk in ("a", "b")
    ]
    for _ in range(249):
        db.transact_write_items(TransactItems=updates)
    before = dict(db.items)
    with pytest.raises(TransactionCanceledException) as canceled:
        db.transact_write_items(TransactItems=updates)
    assert canceled.value.response["CancellationReasons"][0] == {"Code": "ThrottlingError"}
    assert db.items == before


def test_the_sdk_tries_again_so_often(db: YoungDynamoDB, clock: Clock) -> None:
    """GIVEN a key that is busy WHEN it is free again before the last try THEN nobody notices; else it is an error."""
    for index in range(1000):
        put(db, "one", f"{index}")
    slept: list[float] = []
    with pytest.raises(ClientError):
        Sdk(db, 4, slept.append, Random(1)).put_item(TableName="t", Item=wire(pk="one", sk="new"))
    assert len(slept) == 3
    assert all(0 <= seconds <= 2**index for index, seconds in enumerate(slept))

    def sleep(seconds: float) -> None:
        clock.now += seconds * 1000

    Sdk(db, 4, sleep, Random(1)).put_item(TableName="t", Item=wire(pk="one", sk="new"))
