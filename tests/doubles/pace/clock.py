"""A clock that goes on when everybody sleeps, so that ten minutes pass in seconds, the same in every run.

Workers are threads of which one runs at a time, always the one whose sleep ends first.
"""

import heapq
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Self

PATIENCE = 60.0  # real seconds that a worker may compute: beyond it the harness hangs


class Stopped(BaseException):
    """The time of the run is over; whatever a worker still does reaches nothing any more."""


def _closed() -> threading.Lock:
    """A gate that lets one pass at each `release`: a lock, for a semaphore takes many times as long."""
    gate = threading.Lock()
    gate.acquire()
    return gate


class _Worker:
    """A thread that runs when it is let."""

    def __init__(self, clock: "Clock", work: Callable[[], object]) -> None:
        self.go = _closed()
        self.stopped = False
        self._clock = clock
        self._work = work
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.wait()
            self._work()
        except Stopped:
            pass
        except BaseException as error:  # told in the main thread
            self._clock.errors.append(error)
        self._clock.ended(self)

    def wait(self) -> None:
        self.go.acquire()
        if self.stopped:
            raise Stopped


class Clock:
    """`now` in milliseconds. Only workers may sleep."""

    def __init__(self, start: float) -> None:
        self.now = start
        self.errors: list[BaseException] = []
        self._asleep: list[tuple[float, int, _Worker]] = []
        self._numbers = count()
        self._workers: set[_Worker] = set()
        self._running: _Worker | None = None
        self._main = _closed()
        self._until = start
        self._over = False

    def start(self, work: Callable[[], object], delay: float = 0) -> None:
        """A worker that begins after `delay` milliseconds."""
        worker = _Worker(self, work)
        self._workers.add(worker)
        self._put_to_bed(worker, delay)

    def sleep(self, milliseconds: float) -> None:
        """Of the worker that runs: the others go on meanwhile."""
        worker = self._running
        if self._over or worker is None:
            raise Stopped
        self._put_to_bed(worker, milliseconds)
        following = self._next()
        if following is not worker:
            self._wake(following)
            worker.wait()

    def run(self, milliseconds: float) -> None:
        """Let so much time pass; then every worker is gone. Raises what a worker raised."""
        self._until = self.now + milliseconds
        self._wake(self._next())
        assert self._main.acquire(timeout=PATIENCE * 10), "a worker hangs"
        self._over = True
        for worker in list(self._workers):
            worker.stopped = True
            worker.go.release()
            worker.thread.join(PATIENCE)
        if self.errors:
            raise self.errors[0]

    def ended(self, worker: _Worker) -> None:
        self._workers.discard(worker)
        if not self._over:
            self._wake(None if self.errors else self._next())

    def _put_to_bed(self, worker: _Worker, milliseconds: float) -> None:
        heapq.heappush(self._asleep, (self.now + max(0.0, milliseconds), next(self._numbers), worker))

    def _next(self) -> _Worker | None:
        """The worker whose sleep ends first, at the end of it; None when that is beyond the run."""
        if not self._asleep or self._asleep[0][0] > self._until:
            self.now = self._until
            return None
        self.now, _, worker = heapq.heappop(self._asleep)
        return worker

    def _wake(self, worker: _Worker | None) -> None:
        self._running = worker
        (worker.go if worker else self._main).release()


class Pool:
    """ThreadPoolExecutor's place in what runs on the clock: its threads are workers too."""

    def __init__(self, clock: Clock, threads: int) -> None:
        self._clock, self._threads = clock, threads

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing is left to do: `map` waits."""

    def map[Given, Got](self, work: Callable[[Given], Got], each: Iterable[Given]) -> Iterator[Got]:
        """Raises what the first of them raised, after all have ended."""
        waiting, errors = list(enumerate(each)), dict[int, Exception]()
        got, left = dict[int, Got](), [min(self._threads, len(waiting))]
        waiting.reverse()

        def thread() -> None:
            while waiting:
                index, given = waiting.pop()
                try:
                    got[index] = work(given)
                except Exception as error:  # told below
                    errors[index] = error
            left[0] -= 1

        for _ in range(left[0]):
            self._clock.start(thread)
        while left[0]:
            self._clock.sleep(1)
        if errors:
            raise errors[min(errors)]
        return iter([got[index] for index in sorted(got)])


class Timer:
    """threading.Timer's place likewise."""

    daemon = True

    def __init__(self, clock: Clock, seconds: float, work: Callable[[], object]) -> None:
        self._clock, self._seconds, self._work = clock, seconds, work
        self._canceled = self._at_work = False

    def start(self) -> None:
        self._clock.start(self._run, self._seconds * 1000)

    def cancel(self) -> None:
        self._canceled = True

    def join(self) -> None:
        while self._at_work:
            self._clock.sleep(1)

    def _run(self) -> None:
        if self._canceled:
            return
        self._at_work = True
        try:
            self._work()
        finally:
            self._at_work = False
