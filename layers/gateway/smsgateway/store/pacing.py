"""An account's pace: when its next call may be made. Workers take moments from one item, each with one write.

A moment that was taken is not given back when its worker dies; time that passed unused is not saved up.
"""

from math import ceil
from typing import NamedTuple

from smsgateway.clock import Millis
from smsgateway.store.change import Change
from smsgateway.store.keys import pace_key
from smsgateway.store.table import ConditionFailed, Table


class Turn(NamedTuple):
    """One of several items that give an account's moments."""

    place: int  # from 0
    of: int


def reserve(table: Table, account: str, operation: str, step: float, now: Millis, patience: Millis) -> Millis:
    """Take the account's next moment for a request of this kind, `step` milliseconds after the last one.

    Returns the milliseconds to wait for the moment, at most `patience`. A negative figure says that the next moment is
    further away than that: nothing was taken, and the figure is how far. `now` in epoch milliseconds.
    """
    change = Change(pace_key(account, operation))
    step_us, now_us = ceil(step * 1000), now * 1000  # a thousand requests a second need finer moments than ms
    latest = now_us + patience * 1000
    try:
        free = change.set(free_us=now_us + step_us)
        table.update(free.when("attribute_not_exists(free_us) OR free_us <= :now", now=now_us))
    except ConditionFailed as failed:
        free_us = int(failed.item["free_us"]) if failed.item else now_us
        if free_us > latest:
            return -ceil((free_us - now_us) / 1000)
        try:
            after = table.update(change.add(free_us=step_us).when("free_us <= :latest", latest=latest))
        except ConditionFailed as late:
            return -ceil((int(late.item["free_us"]) - now_us) / 1000) if late.item else -patience - 1
        return max(0, ceil((int(after["free_us"]) - step_us - now_us) / 1000))
    return 0


def reserve_in_turn(
    table: Table, account: str, operation: str, step: float, now: Millis, patience: Millis, turn: Turn
) -> Millis:
    """Like `reserve`, for moments that several items give, because one item takes only so many writes a second.

    The items share one grid of moments, `step` milliseconds apart, of which each has every so manieth. So no two
    moments are closer than `step`, whichever items they are from.
    """
    change = Change(pace_key(account, operation, turn.place))
    step_us, now_us = ceil(step * 1000), now * 1000
    width = step_us * turn.of

    def on_grid(moment_us: int) -> int:
        return moment_us + (turn.place * step_us - moment_us) % width

    start, latest = on_grid(now_us), now_us + patience * 1000
    try:
        free = change.set(free_us=start + width)
        table.update(free.when("attribute_not_exists(free_us) OR free_us <= :start", start=start))
    except ConditionFailed:
        try:
            after = table.update(change.add(free_us=width).when("free_us <= :latest", latest=latest))
        except ConditionFailed as late:
            return -ceil((int(late.item["free_us"]) - now_us) / 1000) if late.item else -patience - 1
        start = on_grid(int(after["free_us"]) - width)  # which another pace may have left beside the grid
    return ceil((start - now_us) / 1000)


def release(table: Table, account: str, operation: str, free_at: Millis, held_until: Millis) -> None:
    """Let the next moment be earlier than a reservation made it: at `free_at` in place of `held_until` (epoch ms).

    Does nothing when there is a later reservation by now, because its holder counts on the moment as it was.
    """
    change = Change(pace_key(account, operation)).set(free_us=free_at * 1000)
    try:
        table.update(change.when("free_us > :free_us AND free_us <= :held_us", held_us=held_until * 1000))
    except ConditionFailed:
        return
