"""Which parts make a long reply. Phones number them, under an id that soon comes again; vendors push them in any order.

So two long replies can lie under one id at a time. Those that came apart are told apart by that. Of others nobody can
say which part belongs to which: they are put together in the order in which they came, and called partial.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from smsgateway.clock import Millis

BURST = 60_000  # milliseconds: parts that came one after the other within that may be of one reply


@dataclass(frozen=True, slots=True)
class HeldPart:
    """A part that has come and is in no published reply yet."""

    key: str
    number: int
    text: str
    arrived: Millis  # epoch milliseconds
    doubtful: bool = False  # it could have been a part of a reply that is published


@dataclass(frozen=True, slots=True)
class JoinedReply:
    """Parts that are published as one reply. By the keys of parts."""

    parts: tuple[str, ...]  # in the order of their numbers
    partial: bool
    spent: tuple[str, ...] = ()  # which say the same as one of the parts
    doubted: tuple[str, ...] = ()  # which could have been in a place of these


def whole(held: Iterable[HeldPart], total: int) -> JoinedReply | None:
    """A reply whose parts have all come."""
    places = _places(held)
    if len(places) < total:
        return None
    together = _burst([each for place in places.values() for each in place])
    near = {number: [each for each in place if each in together] for number, place in places.items()}
    for candidates in (places, near):
        if all(len(place) == 1 for place in candidates.values()):
            chosen = [place[0] for _, place in sorted(candidates.items())]
            return _joint(chosen, held, partial=any(each.doubtful for each in chosen))
    chosen = [(near[number] or place[-1:])[0] for number, place in sorted(places.items())]
    others = tuple(each.key for each in together if each not in chosen)
    return _joint(chosen, held, partial=True, doubted=others)


def rest(held: Iterable[HeldPart]) -> JoinedReply:
    """What has come of a reply whose other parts will not come any more."""
    return _joint([place[0] for _, place in sorted(_places(held).items())], held, partial=True)


def _places(held: Iterable[HeldPart]) -> dict[int, list[HeldPart]]:
    """The different parts in each place, in the order in which they came."""
    places: dict[int, list[HeldPart]] = {}
    for each in sorted(held, key=lambda one: (one.arrived, one.key)):
        place = places.setdefault(each.number, [])
        if each.text not in [other.text for other in place]:
            place.append(each)
    return places


def _burst(parts: Sequence[HeldPart]) -> list[HeldPart]:
    """The newest part, and those that came shortly before it, one after the other."""
    newest_first = sorted(parts, key=lambda one: -one.arrived)
    burst = newest_first[:1]
    for each in newest_first[1:]:
        if burst[-1].arrived - each.arrived > BURST:
            break
        burst.append(each)
    return burst


def _joint(
    chosen: Sequence[HeldPart], held: Iterable[HeldPart], *, partial: bool, doubted: tuple[str, ...] = ()
) -> JoinedReply:
    said = {(each.number, each.text) for each in chosen}
    keys = tuple(each.key for each in chosen)
    again = (each.key for each in held if (each.number, each.text) in said and each.key not in keys)
    return JoinedReply(keys, partial, tuple(again), doubted)
