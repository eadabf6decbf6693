"""Whether a personalised message can be stored in the time that a request has: known before anything of it is stored.

Three things take that time. Each text is encoded for each account of the route; how long that takes here and now is
measured on some of the texts. Each vendor request is stored as two items; how long that takes follows from what a young
table writes a second, for no partition key has more items than it takes in half a second (ids.BLOCK_ROOTS). Where caps
hold, each number is counted in an item of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from smsgateway.accepting.post import Refusal
from smsgateway.calling.carriage import Carriage
from smsgateway.clock import Millis
from smsgateway.codecs import VENDORS
from smsgateway.model import Payload

MEASURED = 200  # texts
# Milliseconds for one more vendor request: two items at 4000 writes a second take 0.5 to a writer that never pauses,
# and 0.6 to one that does for what is urgent (store/write_pace.py); some room is left for a table that others write to.
STORING = 0.8
COUNTING = 0.4  # milliseconds for one more number, by the same figures
LONGEST_REQUEST: Millis = 29_000  # API Gateway
TIME_TO_ANSWER: Millis = 4_000  # kept free for the last writes, wake-ups and the answer
ROUND = 100  # texts; the figure that would fit is no more exact


def sample_of(payload: Payload, size: int) -> Payload:
    """At most `size` of a payload's recipients and their texts, from all over it."""
    step = max(1, len(payload.numbers) // size)
    return Payload(payload.numbers[::step][:size], payload.contents[::step][:size])


def latest(until: Millis, now: Millis) -> Millis:
    """When a request must be done with storing. `until`: when its worker is stopped; 0: nobody says."""
    return min(until or now + LONGEST_REQUEST, now + LONGEST_REQUEST) - TIME_TO_ANSWER


def check(
    now: Callable[[], Millis], store_by: Millis, carriages: Sequence[Carriage], *, stored: bool, counted: bool = False
) -> None:
    """Raises Refusal for a message that cannot be stored before `store_by`, with the number of texts that could be.

    `carriages`: one by each account of the route. `stored`: False for a dry run, which need not encode all of them.
    `counted`: caps hold.
    """
    payload = carriages[0].payload
    count = len(payload.contents)
    if count <= MEASURED:
        return
    begun, few = now(), sample_of(payload, MEASURED)
    able = [carriage for carriage in carriages if replace(carriage, payload=few).problem is None]
    if not able:
        return  # route.py says so, and why
    encoding_one = 0.0 if not stored else (now() - begun) / len(few.contents)
    requests = len(able[0].parts)
    each = encoding_one + STORING * requests / count + COUNTING * counted
    left = store_by - now()
    if each * count > left:
        fit = max(0, int(left / each)) // ROUND * ROUND
        account, vendor = able[0].account.name, able[0].account.vendor
        kind = "one request for many texts" if VENDORS[vendor].batch else "a request of its own for each text"
        problem = f"{count} texts are more than one message can have through {vendor}, which takes {kind}"
        detail = f"{problem}: about {fit} can be stored in the time that a request has, so divide it"
        raise Refusal(422, "Too many texts", detail, [("messages", f"at most about {fit} through {account}")])
