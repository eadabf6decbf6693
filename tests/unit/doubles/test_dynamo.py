"""The table in memory answers as moto does: every request of whole lives of messages, replayed there one by one."""

from collections.abc import Callable
from random import Random
from typing import Any

from smsgateway.ids import SubmissionKey
from smsgateway.queues import parse_wake_up
from smsgateway.store.table import Table
from tests.doubles.dynamo import CALLS, ConditionalCheckFailedException, FakeDynamoDB, TransactionCanceledException
from tests.doubles.receipts import masked_report, reply_of, report_of
from tests.doubles.seam import Fault, Seam
from tests.doubles.world import DAY, HOUR, World, accounts_document, numbers, personal_post, post

Call = tuple[str, dict[str, Any], Any]


class Recording(FakeDynamoDB):
    """Notes every request with its answer."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        for name in CALLS:
            setattr(self, name, self._noting(name, getattr(self, name)))

    def _noting(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def noted(**request: Any) -> Any:
            outcome = answer_of(call, request)
            self.calls.append((name, request, outcome))
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        return noted


def answer_of(call: Callable[..., Any], request: dict[str, Any]) -> Any:
    """The answer, or the refusal that the store understands."""
    try:
        return call(**request)
    except (ConditionalCheckFailedException, TransactionCanceledException) as refusal:
        return refusal


def test_the_table_in_memory_is_moto_s(table: Table) -> None:
    """GIVEN what the gateway asked of the table in memory WHEN moto is asked the same THEN it answers the same."""
    recording = Recording()
    world = World(accounts_document((("hb", "hbsmservice", 3), ("ic", "infocloud", 2), ("qx", "qixintong", 0))))
    world.db = recording
    _live(world)
    assert {name for name, _, _ in recording.calls} == set(CALLS)
    assert any(" BETWEEN " in request.get("KeyConditionExpression", "") for _, request, _ in recording.calls)
    statements = [each["Statement"] for _, request, _ in recording.calls for each in request.get("Statements", ())]
    assert {statement.partition(" ")[0] for statement in statements} == {"INSERT", "UPDATE"}
    for name, request, expected in recording.calls:
        assert _replayed(table, name, request) == _comparable(expected), (name, request)


def _live(world: World) -> None:
    """Messages of every layout through accounts that refuse, take or keep silent, with reports and replies."""
    random = Random(1)
    scripts = (("account", "accepted"), ("account", "account", "accepted"), ("not sent", "ambiguous"), ("partial",))
    for turn, script in enumerate(scripts):
        world.vendors.script, world.vendors.calls = script, 0
        for count in (1, 5):
            for make in (post, personal_post):
                world.accept(make(*numbers(count), idempotency_key=f"{turn}{count}{make.__name__}"))
                world.accept(make(*numbers(count), idempotency_key=f"{turn}{count}{make.__name__}"))
        _work(world, random)
        world.settle(world.now + HOUR)
        world.watch()
        for seen in world.vendors.seen[-8:]:
            for word in ("undelivered", "delivered", "delivered"):
                vendor_id = seen.ids[0] if seen.ids else "unknown"
                world.ingest(report_of(world, seen.account, vendor_id, *seen.numbers, status=word))
        world.ingest(masked_report(world, "ic", "idic0001", "138****0000"))
        world.settle(world.now + DAY)
    world.vendors.script = ("accepted",)
    for _ in range(2):  # the numbers' items are new, and then they are not
        world.accept(post(*numbers(3), purpose="marketing"))
        world.accept(post(*numbers(4)[3:], purpose="marketing"))
    _, answer = world.accept(post(*numbers(3), account="hb"))
    world.settle(world.now)
    for count in (1, 3):
        world.ingest(report_of(world, "hb", SubmissionKey(answer["id"], "00000").reference, *numbers(count)))
    world.ingest(reply_of(_with_langyu(world), "ly", numbers(1)[0], "T"))
    world.accept(post(*numbers(2), account="ly"))
    early = f"idly{world.vendors.calls + 1:04d}"
    world.ingest(report_of(world, "ly", early, numbers(1)[0]))
    world.settle(world.now + DAY)
    for part in ("7,2,1", "8,2,2", "8,2,2", "8,2,1"):
        world.ingest(reply_of(world, "ly", numbers(1)[0], f"part {part}", emshead=part))
    world.settle()


def _work(world: World, random: Random) -> None:
    """What is in the queues, by workers some of which fail."""
    for message in list(world.queues.waiting):
        world.dispatch(parse_wake_up(message.body).key, Seam({random.randrange(12): random.choice(list(Fault))}))
    world.settle(world.now + DAY // 24)


def _with_langyu(world: World) -> World:
    world.document = accounts_document((("ly", "langyu", 0),))
    return world


def _replayed(table: Table, name: str, request: dict[str, Any]) -> Any:
    """What moto says, in the shape of the fake's answer."""
    for action in request.get("TransactItems", ()):
        next(iter(action.values()))["TableName"] = table.name
    for statement in request.get("Statements", ()):
        statement["Statement"] = statement["Statement"].replace('"table"', f'"{table.name}"')
    if "RequestItems" in request:
        (content,) = request["RequestItems"].values()
        request = {"RequestItems": {table.name: content}}
    elif not {"TransactItems", "Statements"} & request.keys():
        request = {**request, "TableName": table.name}
    client = table.client
    try:
        answer = getattr(client, name)(**request)
    except client.exceptions.ConditionalCheckFailedException as error:
        return "condition", error.response.get("Item")
    except client.exceptions.TransactionCanceledException as error:
        return "canceled", [reason["Code"] for reason in error.response["CancellationReasons"]]
    return _comparable(answer)


def _comparable(answer: Any) -> Any:
    """An answer without what only one of the two adds."""
    if isinstance(answer, ConditionalCheckFailedException):
        return "condition", answer.response.get("Item")
    if isinstance(answer, TransactionCanceledException):
        return "canceled", [reason["Code"] for reason in answer.response["CancellationReasons"]]
    found = {name: answer[name] for name in ("Item", "Items", "Attributes", "LastEvaluatedKey") if name in answer}
    if isinstance(answer.get("Responses"), list):
        return ["Error" in response for response in answer["Responses"]]
    for items in answer.get("Responses", {}).values():
        found["Items"] = sorted(items, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))
    return found
