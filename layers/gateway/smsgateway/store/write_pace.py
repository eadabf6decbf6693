"""How fast one process files what is large, so that a broadcast leaves room for the passwords beside it.

A new on-demand table takes 4000 writes a second, and each of its indexes as many (DynamoDB developer guide, "Initial
throughput for on-demand capacity mode"). No process knows what the others write. Each goes by what it gets back, as TCP
does: half as fast after a batch of which DynamoDB left something, a little faster after each that was taken whole.
"""

from dataclasses import dataclass
from threading import Lock

from smsgateway.clock import Millis

FIRST_GAP = 50.0  # milliseconds between two batches. A table that takes everything makes that a second in all.
LONGEST_GAP = 1_000.0
FASTER, SLOWER = 0.95, 2.0


@dataclass(frozen=True, slots=True)
class Turn:
    """When a batch may go, in milliseconds from now, and the gap that was kept then."""

    wait: float
    gap: float


class FilingPace:
    """The pace of one process, which its threads share."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._gap = FIRST_GAP
        self._next = 0.0  # epoch milliseconds

    def turn(self, now: Millis, threads: int) -> Turn:
        """The next turn, now taken. `threads`: how many take turns, so that a clock put back makes nobody wait long."""
        with self._lock:
            wait = min(max(0.0, self._next - now), threads * self._gap)
            self._next = now + wait + self._gap
            return Turn(wait, self._gap)

    def learn(self, turn: Turn, *, whole: bool) -> None:
        """Go by what became of a batch. Several that went under one gap and were not taken make it longer only once."""
        with self._lock:
            if whole:
                self._gap *= FASTER
            else:
                self._gap = min(LONGEST_GAP, max(self._gap, FIRST_GAP, turn.gap * SLOWER))
