"""Every order in which workers can take their steps.

A scheduler lets one thread go at a time, from one outward call to the next, and a search goes over its choices, bounded
by the number of preemptions (Musuvathi and Qadeer, "Iterative context bounding for systematic testing of multithreaded
programs", 2007).
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.doubles.seam import Seam

PATIENCE = 20.0  # seconds without a step: the harness itself hangs


@dataclass(frozen=True)
class Task:
    """One worker: what it does with its seam, and from when on it may begin."""

    work: Callable[[Seam], object]
    ready: Callable[[], bool] = lambda: True


@dataclass
class _Worker:
    """A task's thread, which goes on only when it is let."""

    task: Task
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    paused: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    started: bool = False
    finished: bool = False
    error: BaseException | None = None

    def pause(self, _name: str) -> None:
        self.paused.release()
        self.go.acquire()

    def run(self) -> None:
        try:
            self.task.work(Seam(pause=self.pause))
        except BaseException as error:  # told in the main thread
            self.error = error
        self.finished = True
        self.paused.release()

    def advance(self) -> None:
        """Run up to the next outward call, or to the end. The first advance makes no call yet."""
        if self.started:
            self.go.release()
        else:
            self.started = True
            threading.Thread(target=self.run, daemon=True).start()
        assert self.paused.acquire(timeout=PATIENCE), "a worker hangs"


@dataclass(frozen=True)
class _Choice:
    """One moment of a schedule: who could go on, who did, and who had gone before."""

    able: tuple[int, ...]
    chosen: int
    before: int | None

    def preempts(self, other: int) -> bool:
        return self.before in self.able and other != self.before


def run(tasks: Sequence[Task], wanted: Sequence[int] = ()) -> list[_Choice]:
    """One schedule: `wanted` first, then each worker as far as it goes. Raises what a worker raised."""
    workers = [_Worker(task) for task in tasks]
    trace: list[_Choice] = []
    before: int | None = None
    while True:
        able = tuple(
            index
            for index, worker in enumerate(workers)
            if not worker.finished and (worker.started or worker.task.ready())
        )
        if not able:
            break
        usual = before if before in able else able[0]
        chosen = wanted[len(trace)] if len(trace) < len(wanted) else usual
        assert chosen is not None
        trace.append(_Choice(able, chosen, before))
        workers[chosen].advance()
        before = chosen
    for worker in workers:
        if worker.error is not None:
            raise worker.error
    return trace


def by_lot(tasks: Sequence[Task], random: Random) -> None:
    """One schedule, in which a lot says at each moment who goes on. Raises what a worker raised."""
    workers = [_Worker(task) for task in tasks]
    while able := [worker for worker in workers if not worker.finished]:
        random.choice(able).advance()
    for worker in workers:
        if worker.error is not None:
            raise worker.error


def schedules(make: Callable[[], tuple[Sequence[Task], Callable[[], None]]], preemptions: int) -> int:
    """Run every schedule with at most so many preemptions. `make` gives fresh tasks and the check of their outcome.

    How many schedules there were.
    """
    waiting: list[tuple[int, ...]] = [()]
    count = 0
    while waiting:
        wanted = waiting.pop()
        tasks, check = make()
        try:
            trace = run(tasks, wanted)
            check()
        except AssertionError as error:
            raise AssertionError(f"after {len(wanted)} choices {wanted}: {error}") from error
        count += 1
        waiting += _others(trace, len(wanted), preemptions)
    return count


def _others(trace: Sequence[_Choice], first: int, preemptions: int) -> Iterator[tuple[int, ...]]:
    """The schedules that leave this one at or after its `first` free choice."""
    chosen = tuple(choice.chosen for choice in trace)
    spent = sum(choice.preempts(choice.chosen) for choice in trace[:first])
    for place in range(first, len(trace)):
        choice = trace[place]
        for other in choice.able:
            if other != choice.chosen and spent + choice.preempts(other) <= preemptions:
                yield (*chosen[:place], other)
        spent += choice.preempts(choice.chosen)
