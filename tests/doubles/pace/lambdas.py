"""How many functions an AWS account runs at once, and the readers of its queues.

Lambda developer guide: "Understanding Lambda function scaling" (a call beyond the account's limit, or beyond what is
reserved for its function, is throttled; what is reserved for one function is taken from all others) and "Using Lambda
with Amazon SQS" (a reader whose function is throttled keeps its message and tries again, until the message's visibility
timeout; then the queue has it again).
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from tests.doubles.pace.cloud import SECOND, Cloud, Queue, Received

VISIBILITY = 450 * SECOND  # template.yaml
IDLE = (200.0, 400.0)  # milliseconds
PAUSE = (500.0, 1500.0)  # milliseconds between two tries of a reader that is throttled


class ThrottledError(Exception):
    """There is no room for one more."""


@dataclass
class Executions:
    """Those of an AWS account, by function. `throttled` counts the calls that found no room."""

    limit: int
    reserved: Mapping[str, int] = field(default_factory=dict)
    running: Counter[str] = field(default_factory=Counter)
    throttled: Counter[str] = field(default_factory=Counter)
    most: int = 0

    def run[Answer](self, function: str, work: Callable[[], Answer]) -> Answer:
        """Run a function. Raises ThrottledError."""
        if not self._has_room(function):
            self.throttled[function] += 1
            raise ThrottledError
        self.running[function] += 1
        self.most = max(self.most, self.running.total())
        try:
            return work()
        finally:
            self.running[function] -= 1

    def _has_room(self, function: str) -> bool:
        if function in self.reserved:
            return self.running[function] < self.reserved[function]
        others = sum(count for name, count in self.running.items() if name not in self.reserved)
        return others < self.limit - sum(self.reserved.values())


def read(
    cloud: Cloud,
    executions: Executions,
    function: str,
    queue: Queue,
    concurrency: int,
    handle: Callable[[], Callable[[Received], float | None]],
) -> None:
    """An event source mapping with a maximum concurrency. `handle` makes a process: it says after how many seconds a
    message comes again, None if it is done with."""

    def kept(work: Callable[[], float | None]) -> float | None:
        """What becomes of a message that a reader keeps while its function is throttled."""
        visible = cloud.clock.now + VISIBILITY
        while cloud.clock.now < visible:
            try:
                return executions.run(function, work)
            except ThrottledError:
                cloud.clock.sleep(cloud.random.uniform(*PAUSE))
        return 0.0

    def reader() -> None:
        process = handle()
        while True:
            message = queue.receive()
            if message is None:
                cloud.clock.sleep(cloud.random.uniform(*IDLE))
                continue
            again = kept(partial(process, message))
            if again is not None:
                queue.come_again(message, again)

    for _ in range(concurrency):
        cloud.clock.start(reader)
