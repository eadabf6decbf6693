"""Seconds for caches that outlive a call."""

from collections.abc import Callable


def lasting(wall: Callable[[], float], monotonic: Callable[[], float]) -> Callable[[], float]:
    """A clock that goes on as fast as the faster of two, both in seconds, and never back.

    Lambda freezes a process between calls, and its monotonic clock may stand still meanwhile: what was to be kept for a
    minute would be kept for hours. The wall clock knows of that time, but it may be set back.
    """
    seen = (wall(), monotonic())
    passed = 0.0

    def seconds() -> float:
        nonlocal seen, passed
        now = (wall(), monotonic())
        passed += max(0.0, now[0] - seen[0], now[1] - seen[1])
        seen = now
        return passed

    return seconds
