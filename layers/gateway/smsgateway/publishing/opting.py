"""The events of a number's item: somebody has stopped texts to it, or lets them go on.

A text that counts towards the number's caps changes the same item, and so does a stop that is repeated: neither is
told.
"""

from collections.abc import Iterator, Mapping

from smsgateway.events import Event, EventType
from smsgateway.store.keys import limited_number
from smsgateway.store.numbers import ALL_PURPOSES, NumberState, OptIn, Suppression, read_number
from smsgateway.store.table import Item

REASON = {"reply": "opt_in"}  # of an opt-in, by its source


def of_number(old: Item | None, new: Item) -> Iterator[Event]:
    """Yields an event for each stop that a change of a number's item has begun, or ended."""
    number = limited_number((new["pk"], new["sk"]))
    before, after = read_number(old, number), read_number(new, number)
    stood, stands = _stops(before), _stops(after)
    for scope, stop in stands.items():
        if scope not in stood:
            yield _event(EventType.OPTED_OUT, after, scope, stop, stop, stop.reason)
    for scope, stop in stood.items():
        if scope not in stands and (opt_in := after.opt_ins.get(scope)):
            yield _event(EventType.OPTED_IN, after, scope, stop, opt_in, REASON.get(opt_in.source, ""))


def _stops(state: NumberState) -> Mapping[str, Suppression]:
    """What stands against texts to a number, by scope."""
    return {**state.stops, ALL_PURPOSES: state.suppressed} if state.suppressed else state.stops


def _event(
    type_: EventType, state: NumberState, scope: str, stop: Suppression, word: Suppression | OptIn, reason: str
) -> Event:
    """The beginning or the end of a stop, by somebody's word.

    The version of the item tells two changes of one moment apart.
    """
    return Event(
        type=type_,
        identity=f"{state.number}/{scope}/{word.at}/{state.version}",
        at=word.at,
        account=word.account,
        vendor=word.vendor,
        reference="",
        detail={
            "number": state.number,
            "purpose": "all" if scope == ALL_PURPOSES else "marketing",
            "client": stop.client or None,
            "signature": stop.signature or None,
            "reason": reason or None,
            "source": word.source,
            "reply_id": word.reply_id or None,
        },
    )
