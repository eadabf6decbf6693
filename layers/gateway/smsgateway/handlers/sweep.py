"""Looks again at what is due (scheduled sends, lost wake-ups, dead workers, missing reports) and for silent vendors."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from smsgateway import runtime
from smsgateway.errors import GatewayError
from smsgateway.ids import DUE_SHARDS
from smsgateway.watching.silence import watch
from smsgateway.watching.sweep import Sweeper, sweep

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

TIME_TO_STOP = 15_000  # milliseconds


class ItemsFailedError(GatewayError):
    """Some items could not be seen to, and stay due. The failure queue and its alarm are to know of it."""


@runtime.only_its_type()
def handler(_event: dict[str, Any], context: "LambdaContext") -> dict[str, int]:
    """Act on what is due, then tell of vendors that have fallen silent."""
    logger = runtime.logger()  # made before the threads that share it
    sweeper = Sweeper(
        table=runtime.table(),
        wake_ups=runtime.wake_ups(),
        settings=runtime.accounts_cache().get,
        now=runtime.now_ms,
        # Replies' keys hold numbers: only the kind of item is told.
        failed=lambda key, error: logger.error(
            "an item could not be seen to", item=key[0].split("#")[0], error=type(error).__name__
        ),
        until=runtime.now_ms() + context.get_remaining_time_in_millis() - TIME_TO_STOP,
        retention=runtime.retention_seconds(),
        warn=lambda problem, about: logger.warning(problem, about=about),
    )
    with ThreadPoolExecutor(DUE_SHARDS) as pool:
        counts = sweep(sweeper, pool.map)
    if counts["looked"]:
        logger.info("swept", looked=counts["looked"], failed=counts["failed"])
    watch(sweeper, sweeper.until)
    if counts["failed"]:
        raise ItemsFailedError
    return counts
