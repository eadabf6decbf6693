"""MiniStack as its own command starts it, with some differences from AWS put right. Runs in MiniStack's environment.

- An insertion and an update by PartiQL write a record to the table's stream.
- A batch of PartiQL statements needs the right `dynamodb:PartiQLInsert` or `dynamodb:PartiQLUpdate` on their table,
  as its first statement is the one or the other: ours are all of one kind.
- A batch of SQS messages needs the right `sqs:SendMessage`.
- A batch of writes holds up others for less long: one thread serves all requests here. A BatchExecuteStatement lets
  others have it between two of its statements, a BatchWriteItem before it begins, and then not until it is done.
- The queues are read while a function works on a batch of the stream.
- A call that logs nothing takes no longer than one that does.
- An update of a function lets a call that has begun come to its end, in the process that it began in.
"""

import asyncio
import copy
import json
import re
import sys
import threading
import time
import zlib
from functools import partialmethod
from typing import Any

from ministack.app import main
from ministack.core import iam_actions, lambda_runtime
from ministack.core.lambda_runtime import Worker
from ministack.services import dynamodb, lambda_svc

RIGHTS = {"sqs:SendMessageBatch": "sqs:SendMessage"}
LONGEST_CALL = 900.0  # seconds; the longest that Lambda lets a function work
LOG_WAIT = 0.005  # seconds for a first line, as MiniStack waits for a next one; what comes later is in the next log

partiql_insert = dynamodb._partiql_insert
partiql_update = dynamodb._partiql_update
extract_iam_action = iam_actions.extract_iam_action
dynamodb_resource_arns = iam_actions.dynamodb_resource_arns
read_queues = lambda_svc._poll_loop
read_streams_once = lambda_svc._poll_dynamodb_streams
handle_request = dynamodb.handle_request
kill_workers = lambda_runtime.kill_workers
written = threading.Event()  # to a stream
batches = asyncio.Lock()


def insert_with_record(table: dict[str, Any], parsed: dict[str, Any]) -> Any:
    answer = partiql_insert(table, parsed)
    if answer[0] == 200:
        item = parsed["item"]
        dynamodb._emit_stream_event(parsed["table"], "INSERT", None, item["M"] if set(item) == {"M"} else item)
    return answer


def update_with_record(table: dict[str, Any], parsed: dict[str, Any], data: Any = None) -> Any:
    partition, sort, _, _ = dynamodb._partiql_key_target(table, parsed)
    before = copy.deepcopy(table["items"].get(partition, {}).get(sort))
    answer = partiql_update(table, parsed, data)
    after = table["items"].get(partition, {}).get(sort)
    if after != before:
        dynamodb._emit_stream_event(parsed["table"], "MODIFY", before, after)
    return answer


def right(
    service: str, method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
) -> Any:
    action = extract_iam_action(service, method, path, headers, body, query_params)
    if action == "dynamodb:BatchExecuteStatement":
        statements = json.loads(body or b"{}").get("Statements") or [{}]
        verb = statements[0].get("Statement", "").partition(" ")[0]
        return f"dynamodb:PartiQL{verb.capitalize()}"
    return RIGHTS.get(action, action)


def tables(body: bytes, region: str, account: str) -> list[str]:
    statements = [each.get("Statement", "") for each in json.loads(body or b"{}").get("Statements", ())]
    names = dict.fromkeys(re.findall(r'^(?:UPDATE|INSERT INTO) "([^"]+)"', "\n".join(statements), re.MULTILINE))
    return [f"arn:aws:dynamodb:{region}:{account}:table/{name}" for name in names] or dynamodb_resource_arns(
        body, region, account
    )


async def handle_patiently(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    if action not in {"BatchWriteItem", "BatchExecuteStatement"}:
        return await handle_request(method, path, headers, body, query)
    async with batches:
        await asyncio.sleep(0)
        batch = json.loads(body) if action == "BatchExecuteStatement" else {}
        if batch.keys() == {"Statements"} and 0 < len(batch["Statements"]) <= dynamodb._DDB_BATCH_PARTIQL_MAX:
            return await execute(batch["Statements"])
        return await handle_request(method, path, headers, body, query)


async def execute(statements: list[dict[str, Any]]) -> tuple[int, dict[str, str], bytes]:
    """One statement after the other, as MiniStack does: none knows of another."""
    responses = []
    for statement in statements:
        _, headers, body = dynamodb._batch_execute_statement({"Statements": [statement]})
        responses += json.loads(body)["Responses"]
        await asyncio.sleep(0)
    whole = json.dumps({"Responses": responses}).encode()
    return 200, headers | {"x-amz-crc32": str(zlib.crc32(whole))}, whole


def read_sources() -> None:
    """MiniStack's one reader waits for the function that has a batch of the stream: the streams get a reader apart."""
    threading.Thread(target=read_streams, name="streams", daemon=True).start()
    read_queues()


def read_streams() -> None:
    while True:
        written.clear()
        try:
            read = read_streams_once()
        except Exception as error:
            lambda_svc.logger.error("ESM DynamoDB streams poller error: %s", error)
            read = False
        if not read:
            written.wait(1)


def kill_when_done(workers: list[Worker]) -> None:
    """End the processes of these workers: those that work on a call only once the call has been answered."""
    kill_workers([worker for worker in workers if not worker.in_use])
    for worker in workers:
        if worker.in_use:
            threading.Thread(target=await_and_kill, args=(worker,), daemon=True).start()


def await_and_kill(worker: Worker) -> None:
    deadline = time.monotonic() + LONGEST_CALL
    # MiniStack releases no worker whose process died; one that is still starting has no process yet.
    while worker.in_use and not (worker._proc and worker._proc.poll() is not None) and time.monotonic() < deadline:
        time.sleep(0.01)
    kill_workers([worker])


dynamodb._partiql_insert = insert_with_record
dynamodb._partiql_update = update_with_record
dynamodb.esm_wake = written
dynamodb.handle_request = handle_patiently
iam_actions.extract_iam_action = right
iam_actions.dynamodb_resource_arns = tables
lambda_svc._poll_dynamodb_streams = bool  # nothing for the reader of the queues
lambda_svc._poll_loop = read_sources
lambda_runtime.kill_workers = kill_when_done
Worker._drain_stderr_bounded = partialmethod(Worker._drain_stderr_bounded, LOG_WAIT)

if __name__ == "__main__":
    sys.exit(main())
