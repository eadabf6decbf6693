"""MiniStack as its own command starts it, with three differences from AWS put right. Runs in MiniStack's environment.

- An update by PartiQL writes a record to the table's stream.
- A batch of PartiQL updates needs the right `dynamodb:PartiQLUpdate` on the statements' table.
- A batch of SQS messages needs the right `sqs:SendMessage`.
"""

import copy
import json
import re
import sys
from typing import Any

from ministack.app import main
from ministack.core import iam_actions
from ministack.services import dynamodb

RIGHTS = {"dynamodb:BatchExecuteStatement": "dynamodb:PartiQLUpdate", "sqs:SendMessageBatch": "sqs:SendMessage"}

partiql_update = dynamodb._partiql_update
extract_iam_action = iam_actions.extract_iam_action
dynamodb_resource_arns = iam_actions.dynamodb_resource_arns


def update_with_record(table: dict[str, Any], parsed: dict[str, Any], data: Any = None) -> Any:
    partition, sort, _, _ = dynamodb._partiql_key_target(table, parsed)
    before = copy.deepcopy(table["items"].get(partition, {}).get(sort))
    answer = partiql_update(table, parsed, data)
    after = table["items"].get(partition, {}).get(sort)
    if after != before:
        dynamodb._emit_stream_event(parsed["table"], "MODIFY", before, after)
    return answer


def right(*request: Any, **named: Any) -> Any:
    action = extract_iam_action(*request, **named)
    return RIGHTS.get(action, action)


def tables(body: bytes, region: str, account: str) -> list[str]:
    statements = [each.get("Statement", "") for each in json.loads(body or b"{}").get("Statements", ())]
    names = dict.fromkeys(re.findall(r'^UPDATE "([^"]+)"', "\n".join(statements), re.MULTILINE))
    return [f"arn:aws:dynamodb:{region}:{account}:table/{name}" for name in names] or dynamodb_resource_arns(
        body, region, account
    )


dynamodb._partiql_update = update_with_record
iam_actions.extract_iam_action = right
iam_actions.dynamodb_resource_arns = tables

if __name__ == "__main__":
    sys.exit(main())
