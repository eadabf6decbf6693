"""One thread that runs things when they are due by the simulators' clock."""

import heapq
import itertools
import threading
from collections.abc import Callable

LONGEST_SLEEP = 1.0  # the clock may be moved, so never trust a long wait


class Schedule:
    """Actions by moment, the earliest first; actions must be quick."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._stopping = self._running = False
        self._thread = threading.Thread(target=self._run, name="schedule")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()

    def at(self, due: float, action: Callable[[], None]) -> None:
        with self._changed:
            heapq.heappush(self._heap, (due, next(self._numbers), action))
            self._changed.notify_all()

    def clear(self) -> None:
        with self._changed:
            self._heap.clear()

    def waiting(self) -> int:
        """How many actions are still to be finished."""
        with self._changed:
            return len(self._heap) + self._running

    def wake(self) -> None:
        """The clock was moved."""
        with self._changed:
            self._changed.notify_all()

    def _run(self) -> None:
        while (action := self._next()) is not None:
            action()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            self._running = False
            while not self._stopping:
                pause = self._heap[0][0] - self._now() if self._heap else LONGEST_SLEEP
                if self._heap and pause <= 0:
                    self._running = True
                    return heapq.heappop(self._heap)[2]
                self._changed.wait(min(pause, LONGEST_SLEEP))
        return None
