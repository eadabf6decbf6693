"""The wire: items, conditions, transactions, batches and pages (store/table.py)."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber
from moto.core.botocore_stubber import MockRawResponse

from smsgateway import runtime
from smsgateway.store import table as wire
from smsgateway.store.table import Amend, ConditionFailed, Fill, Insert, Query, Table, Update
from tests.doubles import aws

KEY = ("a", "b")
ITEM = {"pk": "a", "sk": "b", "n": 5}
COUNTED = Update(KEY, "SET n = :n", {"n": 6, "old": 5}, "n = :old")
OTHER = Update(("c", "d"), "SET n = :n", {"n": 1, "unused": 2})


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were slept instead of sleeping them."""
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    return slept


@pytest.fixture
def stubbed(in_aws: None, waits: list[float]) -> Iterator[tuple[Table, Stubber]]:
    """A table whose answers the test gives."""
    client = aws.dynamodb()
    with Stubber(client) as stubber:
        yield Table(client, aws.TABLE_NAME), stubber
        stubber.assert_no_pending_responses()


def test_an_item_comes_back_as_it_was_put(table: Table) -> None:
    item = {**ITEM, "bytes": b"\x00\xff", "list": "x", "to": "1", "no": False, "deep": {"a": [1, {"b": "您好"}]}}
    table.put({**item, "nothing": None})
    assert table.get(KEY) == item
    assert type((table.get(KEY) or {})["n"]) is int
    assert type((table.get(KEY) or {})["bytes"]) is bytes
    table.delete(KEY)
    assert table.get(KEY) is None


def test_half_a_character_is_stored_as_its_replacement(table: Table) -> None:
    table.put({**ITEM, "text": "a\ud800b😀", "deep": [{"k": "\udfff"}]})
    assert table.get(KEY) == {**ITEM, "text": "a\ufffdb😀", "deep": [{"k": "\ufffd"}]}


def test_a_failed_condition_tells_what_is_there(table: Table) -> None:
    table.put(ITEM, "attribute_not_exists(pk)")
    with pytest.raises(ConditionFailed) as failed:
        table.put({**ITEM, "n": 7}, "attribute_not_exists(pk) OR n > :least", {"least": 9})
    assert failed.value.item == ITEM
    with pytest.raises(ConditionFailed) as failed:
        table.update(Update(KEY, "SET n = :n", {"n": 6, "old": 4}, "n = :old"))
    assert failed.value.item == ITEM
    with pytest.raises(ConditionFailed) as failed:
        table.update(Update(("x", "y"), "SET n = :n", {"n": 6}, "attribute_exists(pk)"))
    assert failed.value.item is None
    assert table.get(("x", "y")) is None


def test_an_update_answers_with_the_new_item_and_sends_only_what_it_names(table: Table) -> None:
    table.put(ITEM)
    values = {"state": "S", "n": 6, "old": 5, "unused": 1}
    update = Update(KEY, "SET #state = :state, n = :n REMOVE #ttl", values, "n = :old")
    assert table.update(update) == {**ITEM, "n": 6, "state": "S"}
    request = update.wire("t")
    assert request["ExpressionAttributeNames"] == {"#state": "state", "#ttl": "ttl"}
    assert set(request["ExpressionAttributeValues"]) == {":state", ":n", ":old"}


@pytest.mark.parametrize(
    "expression",
    ["#a = :now", "#a IN (:now, :b)", "NOT contains(#a, :now)", "#a<:now", "#a BETWEEN :now AND :b", "#a<>:now"],
)
def test_names_and_values_are_found_wherever_they_stand(expression: str) -> None:
    request = Update(KEY, "SET x = :x", {"x": 1, "now": 2, "b": 3}, expression).wire("t")
    assert ":now" in request["ExpressionAttributeValues"]
    assert set(request["ExpressionAttributeNames"]) == {"#a"}


def test_two_updates_are_one_transaction(table: Table) -> None:
    table.put(ITEM)
    table.update_both(COUNTED, OTHER)
    assert (table.get(KEY), table.get(("c", "d"))) == ({**ITEM, "n": 6}, {"pk": "c", "sk": "d", "n": 1})
    with pytest.raises(ConditionFailed) as failed:
        table.update_both(COUNTED, Update(("e", "f"), "SET n = :n", {"n": 1}))
    assert failed.value.item == {**ITEM, "n": 6}
    assert table.get(("e", "f")) is None


def canceled(*codes: str, item: Any = None) -> dict[str, Any]:
    reasons: list[dict[str, Any]] = [{"Code": code} for code in codes]
    if item:
        reasons[-1]["Item"] = item
    return {
        "service_error_code": "TransactionCanceledException",
        "modeled_fields": {"CancellationReasons": reasons},
    }


def test_a_transaction_that_met_another_is_tried_again(stubbed: tuple[Table, Stubber], waits: list[float]) -> None:
    table, stubber = stubbed
    for codes in (("TransactionConflict", "None"), ("None", "TransactionConflict"), ("None", "ThrottlingError")):
        stubber.add_client_error("transact_write_items", **canceled(*codes))
    stubber.add_response("transact_write_items", {}, {"TransactItems": ANY})
    table.update_both(COUNTED, OTHER)
    assert len(waits) == 3
    assert all(0 <= seconds <= 2 for seconds in waits)


def test_a_transaction_that_meets_others_all_the_time_fails(stubbed: tuple[Table, Stubber], waits: list[float]) -> None:
    table, stubber = stubbed
    for _ in range(wire.RETRIES):
        stubber.add_client_error("transact_write_items", **canceled("None", "TransactionConflict"))
    with pytest.raises(ClientError, match="TransactionCanceled"):
        table.update_both(COUNTED, OTHER)
    assert len(waits) == wire.RETRIES - 1


def test_a_canceled_transaction_tells_what_the_condition_found(stubbed: tuple[Table, Stubber]) -> None:
    table, stubber = stubbed
    stubber.add_client_error(
        "transact_write_items", **canceled("None", "ConditionalCheckFailed", item={"pk": {"S": "c"}, "n": {"N": "9"}})
    )
    with pytest.raises(ConditionFailed) as failed:
        table.update_both(COUNTED, OTHER)
    assert failed.value.item == {"pk": "c", "n": 9}


def test_an_update_that_met_a_transaction_is_tried_again(stubbed: tuple[Table, Stubber], waits: list[float]) -> None:
    table, stubber = stubbed
    stubber.add_client_error("update_item", "TransactionConflictException")
    stubber.add_response("update_item", {"Attributes": {"n": {"N": "6"}}})
    assert table.update(COUNTED) == {"n": 6}
    stubber.add_client_error("put_item", "TransactionConflictException")
    stubber.add_response("put_item", {})
    table.put(ITEM, "attribute_not_exists(pk)")
    assert len(waits) == 2


def test_an_update_that_meets_transactions_all_the_time_fails(stubbed: tuple[Table, Stubber]) -> None:
    table, stubber = stubbed
    for _ in range(wire.RETRIES):
        stubber.add_client_error("update_item", "TransactionConflictException")
    with pytest.raises(ClientError, match="TransactionConflict"):
        table.update(COUNTED)


@pytest.mark.parametrize("count", [0, 1, 25, 26, 260])
def test_many_items_are_put_25_a_call(count: int, table: Table) -> None:
    table.put_many([{"pk": "many", "sk": f"{index:04d}"} for index in range(count)])
    assert len(list(table.query_all(Query("pk = :pk", {"pk": "many"})))) == count


@pytest.mark.parametrize("count", [0, 1, 25, 26, 130])
def test_many_items_are_filled_25_a_call(count: int, table: Table) -> None:
    """GIVEN items, every third of them filled before and every fifth gone THEN only the others are filled."""
    table.put_many([{"pk": "f", "sk": f"{index:04d}", "old": 1} for index in range(count) if index % 5])
    for index in range(0, count, 3):
        if index % 5:
            table.update(Update(("f", f"{index:04d}"), "SET word = :word", {"word": "first"}))
    fills = [
        Fill(("f", f"{index:04d}"), {"word": "second", "list": [index]}, ("word",), ("old",)) for index in range(count)
    ]
    free = [bool(index % 5 and index % 3) for index in range(count)]
    assert table.fill_many(fills) == free
    expected = [
        {"word": "second", "list": [index]} if free[index] else {"old": 1} | ({} if index % 3 else {"word": "first"})
        for index in range(count)
        if index % 5
    ]
    assert [{**item, "pk": "f"} for item in table.query_all(Query("pk = :pk", {"pk": "f"}))] == [
        {"pk": "f", "sk": f"{index:04d}"} | fields
        for index, fields in zip([index for index in range(count) if index % 5], expected, strict=True)
    ]


def test_a_fill_that_had_no_capacity_is_not_done(stubbed: tuple[Table, Stubber]) -> None:
    table, stubber = stubbed
    responses = [{"TableName": table.name}, {"Error": {"Code": "ThrottlingError"}}]
    stubber.add_response("batch_execute_statement", {"Responses": responses})
    fills = [Fill(("f", sk), {"word": "x"}, ("word",)) for sk in "12"]
    assert table.fill_many(fills) == [True, False]


def test_what_a_batch_left_unwritten_is_sent_again_and_nothing_else(
    stubbed: tuple[Table, Stubber], waits: list[float]
) -> None:
    table, stubber = stubbed
    items = [{"pk": "a", "sk": str(index)} for index in range(3)]
    wanted = [{"PutRequest": {"Item": wire.to_wire(item)}} for item in items]
    for pending, left in ((wanted, wanted[1:]), (wanted[1:], wanted[2:]), (wanted[2:], [])):
        unprocessed = {"UnprocessedItems": {table.name: left} if left else {}}
        stubber.add_response("batch_write_item", unprocessed, {"RequestItems": {table.name: pending}})
    table.put_many(items)
    assert len(waits) == 2


def test_a_batch_that_is_never_written_is_an_error(stubbed: tuple[Table, Stubber]) -> None:
    table, stubber = stubbed
    left = {"UnprocessedItems": {table.name: [{"PutRequest": {"Item": wire.to_wire(ITEM)}}]}}
    for _ in range(wire.RETRIES):
        stubber.add_response("batch_write_item", left)
    with pytest.raises(TimeoutError):
        table.put_many([ITEM])


@pytest.mark.parametrize("throttled", [True, False])
def test_a_batch_with_a_deadline_is_tried_until_then(
    stubbed: tuple[Table, Stubber], waits: list[float], throttled: bool
) -> None:
    """GIVEN a young table, which others fill too WHEN it takes a batch only after twenty tries THEN that is in time."""
    table, stubber = stubbed
    late = replace(table, now=lambda: len(waits))
    left = {"UnprocessedItems": {table.name: [{"PutRequest": {"Item": wire.to_wire(ITEM)}}]}}
    for _ in range(20):
        if throttled:
            stubber.add_client_error("batch_write_item", "ProvisionedThroughputExceededException")
        else:
            stubber.add_response("batch_write_item", left)
    stubber.add_response("batch_write_item", {"UnprocessedItems": {}})
    late.put_many([ITEM], until=21)
    assert len(waits) == 20
    for _ in range(10):
        stubber.add_response("batch_write_item", left)
    with pytest.raises(TimeoutError):
        late.put_many([ITEM], until=30)
    assert len(waits) == 30


def test_a_batch_that_may_not_be_written_is_not_tried_again(stubbed: tuple[Table, Stubber], waits: list[float]) -> None:
    table, stubber = stubbed
    stubber.add_client_error("batch_write_item", "AccessDeniedException")
    with pytest.raises(ClientError):
        table.put_many([ITEM], until=2**50)
    assert waits == []


def test_one_failing_batch_of_many_is_an_error(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(params: dict[str, Any], **_event: Any) -> None:
        if any(entry["PutRequest"]["Item"]["sk"] == {"S": "0099"} for entry in params["RequestItems"][table.name]):
            raise ConnectionError

    table.client.meta.events.register("provide-client-params.dynamodb.BatchWriteItem", refuse)
    with pytest.raises(ConnectionError):
        table.put_many([{"pk": "many", "sk": f"{index:04d}"} for index in range(100)])


def test_many_items_are_read_100_a_call_each_once(table: Table) -> None:
    table.put_many([{"pk": "many", "sk": f"{index:04d}"} for index in range(205)])
    keys = [("many", f"{index:04d}") for index in range(210)]
    found = table.get_many([*keys, *keys])
    assert set(found) == set(keys[:205])
    assert found["many", "0003"] == {"pk": "many", "sk": "0003"}
    assert table.get_many([]) == {}


def test_what_a_batch_left_unread_is_asked_for_again(stubbed: tuple[Table, Stubber], waits: list[float]) -> None:
    table, stubber = stubbed
    first, second = wire.to_wire({"pk": "a", "sk": "1"}), wire.to_wire({"pk": "a", "sk": "2"})
    left = {table.name: {"Keys": [second], "ConsistentRead": True}}
    stubber.add_response("batch_get_item", {"Responses": {table.name: [first]}, "UnprocessedKeys": left})
    stubber.add_response("batch_get_item", {"Responses": {table.name: [second]}}, {"RequestItems": left})
    assert set(table.get_many([("a", "1"), ("a", "2")])) == {("a", "1"), ("a", "2")}
    assert len(waits) == 1


def test_keys_that_are_never_read_are_an_error(stubbed: tuple[Table, Stubber]) -> None:
    table, stubber = stubbed
    left = {table.name: {"Keys": [wire.to_wire({"pk": "a", "sk": "1"})]}}
    for _ in range(wire.RETRIES):
        stubber.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": left})
    with pytest.raises(TimeoutError):
        table.get_many([("a", "1")])


def test_a_query_goes_on_page_after_page(table: Table) -> None:
    table.put_many([{"pk": "many", "sk": f"{index:04d}", "n": index} for index in range(7)])
    items, following = table.query(Query("pk = :pk", {"pk": "many"}, limit=3))
    assert [item["n"] for item in items] == [0, 1, 2]
    assert following == {"pk": "many", "sk": "0002"}
    assert [item["n"] for item in table.query_all(Query("pk = :pk", {"pk": "many"}, limit=3))] == list(range(7))
    backwards, _ = table.query(Query("pk = :pk", {"pk": "many"}, forward=False, limit=2), following)
    assert [item["n"] for item in backwards] == [1, 0]


def test_a_query_can_filter_and_project(table: Table) -> None:
    table.put_many([{"pk": "many", "sk": f"{index}", "n": index, "state": "S"} for index in range(4)])
    values = {"pk": "many", "least": 2, "unused": 1}
    items = table.query_all(Query("pk = :pk", values, where="n >= :least", project="#state, n"))
    assert list(items) == [{"n": 2, "state": "S"}, {"n": 3, "state": "S"}]


def test_the_table_is_read_strongly_and_an_index_cannot_be(table: Table) -> None:
    seen: list[Any] = []
    table.client.meta.events.register(
        "provide-client-params.dynamodb", lambda params, **_: seen.append(params.get("ConsistentRead", False))
    )
    table.get(KEY)
    table.query(Query("pk = :pk", {"pk": "a"}))
    table.query(Query("#to = :to", {"to": "1"}, index="by_number"))
    table.get(KEY, consistent=False)
    assert seen == [True, True, False, False]


def test_many_are_read_consistently(table: Table) -> None:
    """A worker that reads its submission beside its account must see the mark that was made a moment ago."""
    seen: list[dict[str, Any]] = []
    table.client.meta.events.register(
        "provide-client-params.dynamodb.BatchGetItem", lambda params, **_: seen.append(params["RequestItems"])
    )
    table.put({"pk": KEY[0], "sk": KEY[1]})
    assert KEY in table.get_many([KEY, (KEY[0], "another")])
    assert [items[table.name]["ConsistentRead"] for items in seen] == [True]


# What the SDK tries again by itself


FAKE = {"region_name": "us-east-1", "aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
GOOD: dict[str, Any] = {
    "UpdateItem": {"Attributes": {"n": {"N": "6"}}},
    "BatchGetItem": {"Responses": {}, "UnprocessedKeys": {}},
    "Query": {"Items": []},
}
THROTTLED = ("ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded")


@pytest.mark.parametrize(
    ("call", "asked"),
    [
        (lambda table: table.get(KEY), "GetItem"),
        (lambda table: table.put(ITEM, "attribute_not_exists(pk)"), "PutItem"),
        (lambda table: table.update(COUNTED), "UpdateItem"),
        (lambda table: table.update_both(COUNTED, OTHER), "TransactWriteItems"),
        (lambda table: table.put_many([ITEM]), "BatchWriteItem"),
        (lambda table: table.get_many([KEY]), "BatchGetItem"),
        (lambda table: list(table.query_all(Query("pk = :pk", {"pk": "a"}))), "Query"),
    ],
)
def test_a_throttled_call_is_tried_again(call: Callable[[Table], Any], asked: str, waits: list[float]) -> None:
    """GIVEN a table that throttles three times WHEN it is called as the functions call it THEN the same request is made
    again until it succeeds: a transaction has one token."""
    codes = list(THROTTLED)
    client, bodies = answered_by(lambda: refusal(codes.pop()) if codes else (200, GOOD.get(asked, {})))
    call(Table(client, "gateway"))
    assert len(bodies) == 1 + len(THROTTLED)
    assert len(set(bodies)) == 1
    assert len(waits) == len(THROTTLED)


def test_one_that_is_throttled_for_long_fails(waits: list[float]) -> None:
    """So that its work comes again by its queue."""
    client, bodies = answered_by(lambda: refusal(THROTTLED[0]))
    with pytest.raises(ClientError, match=THROTTLED[0]):
        Table(client, "gateway").update(COUNTED)
    assert len(bodies) == 4


def refusal(code: str) -> tuple[int, dict[str, Any]]:
    return 400, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}"}


def answered_by(answer: Callable[[], tuple[int, dict[str, Any]]]) -> tuple[Any, list[str]]:
    """A client as the functions have it, whose requests go nowhere, and their bodies."""
    client = boto3.client("dynamodb", config=runtime.CLIENT_CONFIG, **FAKE)  # type: ignore[call-overload]
    bodies: list[str] = []

    def send(request: Any, **_event: Any) -> AWSResponse:
        bodies.append(request.body.decode())
        status, said = answer()
        return AWSResponse(request.url, status, HTTPHeaders(), MockRawResponse(json.dumps(said)))

    client.meta.events.register("before-send.dynamodb", send)
    return client, bodies


STRANGE = {"AccessDenied", "ValidationError", "InternalServerError", "ResourceNotFound"}


@pytest.mark.parametrize("code", sorted(wire.EXPECTED | STRANGE))
def test_a_batch_that_fails_for_a_strange_reason_says_so(code: str, in_aws: None) -> None:
    """GIVEN a batch of statements of which some fail THEN conditions and want of capacity are as they must be, and any
    other code is told with its number: one by one each costs more, and nobody would notice."""
    told: list[Any] = []
    client = aws.dynamodb()
    responses = [{"Error": {"Code": code, "Message": "13800138000"}}, {}, {"Error": {"Code": code}}]
    with Stubber(client) as stubber:
        stubber.add_response("batch_execute_statement", {"Responses": responses}, {"Statements": ANY})
        fills = [Fill(("f", sk), {"word": "x"}, ("word",)) for sk in "123"]
        assert Table(client, aws.TABLE_NAME, failed=told.append).fill_many(fills) == [False, True, False]
    assert told == ([{code: 2}] if code in STRANGE else [])


@pytest.mark.parametrize("count", [0, 1, 25, 26, 130])
def test_statements_say_which_were_done(count: int, table: Table) -> None:
    """GIVEN places of which every third is taken THEN an Insert fills the others, and an Amend changes what is as it
    expects, by a number that is the same or less."""
    places = [f"{index:04d}" for index in range(count)]
    table.put_many([{"pk": "s", "sk": sk, "version": 1} for sk in places[::3]])
    inserts = [Insert({"pk": "s", "sk": sk, "version": 2, "list": [[1, "a"]]}) for sk in places]
    assert table.execute_many(inserts) == [bool(index % 3) for index in range(count)]
    amends = [Amend(("s", sk), {"version": 3, "ttl": 9**12, "list": {"a": [1]}}, "version", 1) for sk in places]
    assert table.execute_many(amends) == [not index % 3 for index in range(count)]
    less = [Amend(("s", sk), {"version": 4}, "version", 3, "<") for sk in (*places, "gone")]
    assert table.execute_many(less) == [bool(index % 3) for index in range(count)] + [False]
    for index, item in enumerate(table.query_all(Query("pk = :pk", {"pk": "s"}))):
        assert item["version"] == (4 if index % 3 else 3)
        assert item["list"] == ([[1, "a"]] if index % 3 else {"a": [1]})


def test_statements_that_had_no_capacity_come_again_alone(stubbed: tuple[Table, Stubber], waits: list[float]) -> None:
    table, stubber = stubbed
    inserts = [Insert({"pk": "s", "sk": sk}) for sk in "123"]
    errors = [{"Error": {"Code": code}} for code in ("DuplicateItem", "ThrottlingError")]
    stubber.add_response("batch_execute_statement", {"Responses": [{}, *errors]})
    stubber.add_client_error("batch_execute_statement", "ThrottlingException")
    expected = {"Statements": [insert.wire(table.name) for insert in inserts[2:]]}
    stubber.add_response("batch_execute_statement", {"Responses": [{}]}, expected)
    assert table.execute_many(inserts) == [True, False, True]
    assert len(waits) == 2


def test_statements_that_never_have_capacity_are_an_error(stubbed: tuple[Table, Stubber], waits: list[float]) -> None:
    table, stubber = stubbed
    for _ in range(wire.RETRIES):
        stubber.add_response("batch_execute_statement", {"Responses": [{"Error": {"Code": "ThrottlingError"}}]})
    with pytest.raises(TimeoutError):
        table.execute_many([Insert({"pk": "s", "sk": "1"})])


def test_two_puts_are_made_together_or_not_at_all(table: Table) -> None:
    """Whoever hears of a failed condition is told which put it was, and what stands in its place."""
    first, second = {"pk": "p", "sk": "1"}, {"pk": "p", "sk": "2", "version": 1}
    free = "attribute_not_exists(pk)"
    table.put_both(wire.Put(first, free), wire.Put(second, free))
    assert table.get(("p", "2")) == second
    other = {"pk": "p", "sk": "3"}
    with pytest.raises(ConditionFailed) as failed:
        table.put_both(wire.Put(other, free), wire.Put(second, "version = :version", {"version": 2}))
    assert (failed.value.place, failed.value.item) == (1, second)
    assert table.get(("p", "3")) is None
    with pytest.raises(ConditionFailed) as failed:
        table.put_both(wire.Put(first, free), wire.Put(second, "version = :version", {"version": 2}))
    assert failed.value.place == 0
