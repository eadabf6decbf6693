"""Looks again at what is due (scheduled sends, lost wake-ups, dead workers, missing reports) and for silent vendors."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from smsgateway import runtime
from smsgateway.ids import DUE_SHARDS
from smsgateway.silence import watch
from smsgateway.store.table import Key
from smsgateway.sweep import Sweeper, sweep

logger = Logger()

TIME_TO_STOP = 15_000  # milliseconds


class ItemsFailedError(Exception):
    """Some items could not be seen to; they stay due."""


@runtime.only_its_type()
def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Act on what is due, then tell of vendors that have fallen silent."""
    sweeper = Sweeper(
        table=runtime.table(),
        wake_ups=runtime.wake_ups(),
        settings=runtime.accounts_cache().get,
        now=runtime.now_ms,
        failed=_failed,
        until=runtime.now_ms() + context.get_remaining_time_in_millis() - TIME_TO_STOP,
        retention=runtime.retention_seconds(),
    )
    with ThreadPoolExecutor(DUE_SHARDS) as pool:
        outcome = sweep(sweeper, pool.map)
    if outcome["looked"]:
        logger.info("swept", looked=outcome["looked"], failed=outcome["failed"])
    watch(sweeper)
    if outcome["failed"]:  # the rest is done; the failure queue and its alarm shall know
        raise ItemsFailedError
    return outcome


def _failed(key: Key, error: Exception) -> None:
    # Replies' keys hold numbers: only the kind of item is told.
    logger.error("an item could not be seen to", item=key[0].split("#")[0], error=type(error).__name__)
