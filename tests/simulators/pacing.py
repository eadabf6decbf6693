"""How often an account may ask: the documents' intervals, and a list of who came too soon."""

import threading
from collections import defaultdict, deque
from dataclasses import dataclass

from tests.simulators.sms import iso


@dataclass(frozen=True)
class Pace:
    """At most `count` visits in `seconds`. What is only advised is recorded but not refused."""

    count: int
    seconds: float
    refused: bool = True


class Pacing:
    """Visits by account and operation; a refused one does not count as a visit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._visits: dict[tuple[str, str], deque[float]] = defaultdict(lambda: deque(maxlen=1000))
        self._violations: list[dict[str, object]] = []

    def allows(self, account: str, operation: str, paces: tuple[Pace, ...], now: float, scale: float) -> bool:
        """Whether the visit at `now` (seconds) is in time; `scale` stretches or shrinks every interval."""
        with self._lock:
            visits = self._visits[account, operation]
            allowed = True
            for pace in paces:
                if len(visits) < pace.count or now - visits[-pace.count] >= pace.seconds * scale:
                    continue
                allowed = allowed and not pace.refused
                self._violations.append(
                    {
                        "account": account,
                        "operation": operation,
                        "allowed": f"{pace.count} in {pace.seconds * scale:g} s",
                        "after": round(now - visits[-pace.count], 3),
                        "refused": pace.refused,
                        "at": iso(now),
                    }
                )
            if allowed:
                visits.append(now)
            return allowed

    def violations(self) -> list[dict[str, object]]:
        with self._lock:
            return list(self._violations)

    def clear(self) -> None:
        with self._lock:
            self._visits.clear()
            self._violations.clear()
