"""What happened: the requests that came in and the pushes that went out, the last ten thousand of each."""

import itertools
import threading
from collections import deque
from collections.abc import Callable

type Entry = dict[str, object]

CAPACITY = 10_000
LONGEST = 4_000  # characters of one value; a broadcast's list of numbers is cut here


def shortened(value: str) -> str:
    return value if len(value) <= LONGEST else f"{value[:LONGEST]}… ({len(value)} characters)"


class Journal:
    """Two bounded lists, with counters that go on when old entries fall out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self._requests: deque[Entry] = deque(maxlen=CAPACITY)
            self._pushes: deque[Entry] = deque(maxlen=CAPACITY)
            self._request_numbers, self._push_numbers = itertools.count(1), itertools.count(1)

    def request(self, entry: Entry) -> None:
        with self._lock:
            self._requests.append({"seq": next(self._request_numbers), **entry})

    def push(self, entry: Entry) -> None:
        with self._lock:
            self._pushes.append({"seq": next(self._push_numbers), **entry})

    def requests(self, wanted: Callable[[Entry], bool]) -> list[Entry]:
        with self._lock:
            return [entry for entry in self._requests if wanted(entry)]

    def pushes(self, wanted: Callable[[Entry], bool]) -> list[Entry]:
        with self._lock:
            return [entry for entry in self._pushes if wanted(entry)]
