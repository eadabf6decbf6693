"""The PartiQL statements that the store makes, as the UpdateItem or PutItem that each stands for.

For DynamoDB in memory and for moto, whose own PartiQL knows no MISSING. The local cloud runs the statement as it is.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

STATEMENT = re.compile(r'UPDATE "(?P<table>[^"]+)" (?P<changes>.+) WHERE "pk"=\? AND "sk"=\?(?P<where>.*)')
CHANGE = re.compile(r'SET "(?P<set>\w+)"=\?|REMOVE "(?P<removed>\w+)"')
MISSING = re.compile(r' AND "(\w+)" IS MISSING')
COMPARED = re.compile(r' AND "(\w+)"(=|<)\?')
INSERT = re.compile(r"""INSERT INTO "(?P<table>[^"]+)" VALUE \{(?P<fields>'\w+': \?(?:, '\w+': \?)*)\}""")


def as_request(statement: str, parameters: Sequence[Any]) -> dict[str, Any]:
    """The arguments of update_item, or, of an insertion, those of put_item, which alone have an `Item`."""
    if not (insertion := INSERT.fullmatch(statement)):
        return as_update(statement, parameters)
    names = re.findall(r"'(\w+)'", insertion["fields"])
    return {
        "TableName": insertion["table"],
        "Item": dict(zip(names, parameters, strict=True)),
        "ConditionExpression": "attribute_not_exists(pk)",
    }


def key_of(request: Mapping[str, Any]) -> dict[str, Any]:
    """The key that a request writes."""
    item = request.get("Item") or request["Key"]
    return {"pk": item["pk"], "sk": item["sk"]}


def as_update(statement: str, parameters: Sequence[Any]) -> dict[str, Any]:
    """The arguments of update_item. Raises ValueError for any other statement."""
    whole = STATEMENT.fullmatch(statement)
    if not whole or CHANGE.sub("", whole["changes"]).strip() or COMPARED.sub("", MISSING.sub("", whole["where"])):
        raise ValueError(f"not the store's statement: {statement}")
    assigned = [change["set"] for change in CHANGE.finditer(whole["changes"]) if change["set"]]
    removed = [change["removed"] for change in CHANGE.finditer(whole["changes"]) if change["removed"]]
    missing, compared = MISSING.findall(whole["where"]), COMPARED.findall(whole["where"])
    values, key, expected = _cut(parameters, len(assigned), 2)
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in assigned)
    expression += " REMOVE " + ", ".join(f"#{name}" for name in removed) if removed else ""
    conditions = ["attribute_exists(pk)", *(f"attribute_not_exists(#{name})" for name in missing)]
    conditions += [f"#{name} {relation} :expected_{name}" for name, relation in compared]
    names = (*assigned, *removed, *missing, *(name for name, _ in compared))
    given = {f":{name}": value for name, value in zip(assigned, values, strict=True)}
    given |= {f":expected_{name}": value for (name, _), value in zip(compared, expected, strict=True)}
    return {
        "TableName": whole["table"],
        "Key": dict(zip(("pk", "sk"), key, strict=True)),
        "UpdateExpression": expression,
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": {f"#{name}": name for name in names},
        "ExpressionAttributeValues": given,
    }


def _cut(values: Sequence[Any], first: int, second: int) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
    return values[:first], values[first : first + second], values[first + second :]


def answers(
    statements: Sequence[Mapping[str, Any]], write: Callable[[dict[str, Any]], Any], refusal: type[Exception]
) -> Iterator[dict[str, Any]]:
    """BatchExecuteStatement's responses, by a `write` that raises `refusal` when a condition is not met."""
    requests = [as_request(statement["Statement"], statement["Parameters"]) for statement in statements]
    keys = [str(key_of(request)) for request in requests]
    if not 1 <= len(set(keys)) == len(keys) <= 25:
        raise ValueError(f"{len(keys)} statements on {len(set(keys))} items")
    for request in requests:
        try:
            write(request)
        except refusal:
            code = "DuplicateItem" if "Item" in request else "ConditionalCheckFailed"
            yield {"Error": {"Code": code}, "TableName": request["TableName"]}
        else:
            yield {"TableName": request["TableName"]}
