"""The one PartiQL statement that the store makes, as the UpdateItem it stands for.

For DynamoDB in memory and for moto, whose own PartiQL knows no MISSING. The local cloud runs the statement as it is.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

STATEMENT = re.compile(r'UPDATE "(?P<table>[^"]+)" (?P<changes>.+) WHERE "pk"=\? AND "sk"=\?(?P<missing>.*)')
CHANGE = re.compile(r'SET "(?P<set>\w+)"=\?|REMOVE "(?P<removed>\w+)"')
MISSING = re.compile(r' AND "(\w+)" IS MISSING')


def as_update(statement: str, parameters: Sequence[Any]) -> dict[str, Any]:
    """The arguments of update_item. Raises ValueError for any other statement."""
    whole = STATEMENT.fullmatch(statement)
    if not whole or CHANGE.sub("", whole["changes"]).strip() or MISSING.sub("", whole["missing"]):
        raise ValueError(f"not the store's statement: {statement}")
    assigned = [change["set"] for change in CHANGE.finditer(whole["changes"]) if change["set"]]
    removed = [change["removed"] for change in CHANGE.finditer(whole["changes"]) if change["removed"]]
    missing = MISSING.findall(whole["missing"])
    *values, pk, sk = parameters
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in assigned)
    expression += " REMOVE " + ", ".join(f"#{name}" for name in removed) if removed else ""
    conditions = ["attribute_exists(pk)", *(f"attribute_not_exists(#{name})" for name in missing)]
    return {
        "TableName": whole["table"],
        "Key": {"pk": pk, "sk": sk},
        "UpdateExpression": expression,
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": {f"#{name}": name for name in (*assigned, *removed, *missing)},
        "ExpressionAttributeValues": {f":{name}": value for name, value in zip(assigned, values, strict=True)},
    }


def answers(
    statements: Sequence[Mapping[str, Any]], update: Callable[[dict[str, Any]], Any], refusal: type[Exception]
) -> Iterator[dict[str, Any]]:
    """BatchExecuteStatement's responses, by an `update` that raises `refusal` when a condition is not met."""
    requests = [as_update(statement["Statement"], statement["Parameters"]) for statement in statements]
    keys = [str(request["Key"]) for request in requests]
    if not 1 <= len(set(keys)) == len(keys) <= 25:
        raise ValueError(f"{len(keys)} statements on {len(set(keys))} items")
    for request in requests:
        try:
            update(request)
        except refusal:
            yield {"Error": {"Code": "ConditionalCheckFailed"}, "TableName": request["TableName"]}
        else:
            yield {"TableName": request["TableName"]}
