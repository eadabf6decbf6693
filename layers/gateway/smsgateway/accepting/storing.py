"""How a message is stored: nothing of it is sent unless all of it is there, and everybody who gets it is counted.

A message to one number is one item, and where a cap holds, it is written in one transaction with the number's own item.
A larger message claims its id first, then its numbers are counted, then it is stored in parts, and it is accepted from
the last write on.
"""

from contextlib import suppress
from dataclasses import dataclass, replace

from smsgateway import queues
from smsgateway.accepting import counting
from smsgateway.accepting.acceptor import Acceptor, Routed
from smsgateway.accepting.fewer import without_apart
from smsgateway.accepting.post import Refusal
from smsgateway.clock import Millis, epoch_seconds
from smsgateway.ids import SubmissionKey, in_turn, owner, root_path
from smsgateway.store import messages, submissions
from smsgateway.store.numbers import NumberState, load_number, read_number
from smsgateway.store.set_apart import with_set_apart
from smsgateway.store.table import ConditionFailed, Item, Put, Table

ACCEPTANCE_TIME: Millis = 60_000  # that accepting may take, where nobody says when its worker is stopped
DEAD_AFTER: Millis = 1_000  # after its worker's end, until an unfinished acceptance counts as dead
TO_UNCOUNT: Millis = 2_000  # of the time to answer (capacity.py)


@dataclass(frozen=True, slots=True)
class Stored:
    """A message that is stored, with fewer recipients than it was routed for if some were set apart last of all.

    `keys`: its submissions, in the order in which they should be woken up.
    """

    routed: Routed
    keys: list[SubmissionKey]


def dead_at(acceptor: Acceptor, now: Millis) -> Millis:
    """The time at which an acceptance by this worker counts as dead, unless it is finished."""
    return (acceptor.until or now + ACCEPTANCE_TIME) + DEAD_AFTER


def store(acceptor: Acceptor, routed: Routed) -> Stored:
    """Store the message and its submissions, and count it for its numbers.

    Raises ConditionFailed when the message's id is taken (Idempotency-Key), TimeoutError when storing lasts longer than
    `store_by`, and Refusal when nobody may get it any more: then nothing of the message is accepted.
    """
    now = acceptor.now()
    claim = messages.Claim(owner(acceptor.random), now, dead_at(acceptor, now))
    ttl = epoch_seconds(routed.message.send_at or now) + acceptor.retention
    if routed.message.recipients == 1:
        return _store_single(acceptor, routed, claim, ttl)
    return _store_several(acceptor, routed, claim, ttl)


def _keeping(table: Table, routed: Routed, ttl: int) -> Routed:
    """The message as it says who was set apart; stored beside it if they are many."""
    message, items = with_set_apart(routed.message, routed.draft.apart, ttl)
    if items:
        table.put_many(items)
    return replace(routed, message=message)


def _submissions_of(
    acceptor: Acceptor, routed: Routed, now: Millis, ttl: int
) -> tuple[list[SubmissionKey], list[Item]]:
    """The keys and the items of a message's submissions."""
    carriage, account = routed.carriages[0], routed.carriages[0].account
    keys = [SubmissionKey(routed.message.id, root_path(index, acceptor.block)) for index in range(len(carriage.parts))]
    shares = [
        submissions.Share(account.name, account.vendor, len(part.numbers), carriage.segments_of(part))
        for part in carriage.parts
    ]
    items = [
        submissions.new_submission(key, routed.message, share, ttl=ttl, now=now)
        for key, share in zip(keys, shares, strict=True)
    ]
    return keys, items


# To one number


def _store_single(acceptor: Acceptor, routed: Routed, claim: messages.Claim, ttl: int) -> Stored:
    """Store a message to one number, and count it, both or neither.

    Somebody may have written the number's item since it was read: what it says now is considered then.
    """
    table, limits = acceptor.table, routed.draft.limits
    (number,) = routed.draft.payload.numbers
    state = routed.draft.state
    if state is None and limits.caps:  # of several numbers that were posted, this one alone can be sent to
        state = load_number(table, number)
        _check_allowed(routed, state)
    kept = _keeping(table, routed, ttl)
    keys, (item,) = _submissions_of(acceptor, kept, claim.now, ttl)
    for _ in range(counting.TRIES):
        try:
            beside = counting.put_counted(state, limits) if state else None
            if state and beside and routed.message.fleeting:
                if not counting.counted_by_now(state, limits):
                    _count_first(table, beside)
                beside = None
            _put_single(table, kept, item, claim, beside)
        except ConditionFailed as failed:
            if not failed.place:
                raise
            state = read_number(failed.item, number)
            _check_allowed(routed, state)
        else:
            return Stored(kept, keys)
    raise TimeoutError("others kept writing the number's item")


def _count_first(table: Table, counted: Put) -> None:
    """Count a message by a write of its own, which costs half of what a transaction does.

    A verification's message is posted again by whoever asks for its code once more, under the same id, and counted once
    (verifying/start.py). So a worker that dies before the message is stored leaves a number that got a text too few at
    worst. A slow worker must not count it for an earlier moment than another has (`counting.counted_by_now`). Raises
    ConditionFailed like the transaction would.
    """
    try:
        table.put(counted.item, counted.condition, counted.values)
    except ConditionFailed as failed:
        raise ConditionFailed(failed.item, place=1) from None


def _check_allowed(routed: Routed, state: NumberState) -> None:
    """Raises Refusal if the only number must not get the message."""
    if apart := counting.apart_of([state], routed.draft.limits):
        without_apart(routed, apart)


def _put_single(table: Table, routed: Routed, item: Item, claim: messages.Claim, beside: Put | None) -> None:
    """Put the one item of a message, also where an acceptance of one to several has died under the same key.

    Raises ConditionFailed when a message stands there, or is being accepted, and as `submissions.put_single` does.
    """
    message, (number,) = routed.message, routed.draft.payload.numbers
    try:
        submissions.put_single(table, message, item, number, claim.now, beside=beside)
    except ConditionFailed as failed:
        if failed.place or failed.item is None or "message" in failed.item:
            raise
        messages.begin_acceptance(table, message, claim, item["ttl"])  # raises while it is alive
        try:
            submissions.put_single(table, message, item, number, claim.now, beside=beside)
        finally:
            messages.withdraw(table, message.id, claim)


# To several numbers


def _store_several(acceptor: Acceptor, routed: Routed, claim: messages.Claim, ttl: int) -> Stored:
    """Store a message to several numbers, of which some may be set apart as they are counted."""
    table, limits = acceptor.table, routed.draft.limits
    if not limits.caps:
        routed = _keeping(table, routed, ttl)
        messages.begin_acceptance(table, routed.message, claim, ttl)
        return _fill_claim(acceptor, routed, claim, ttl, claimed=routed)
    messages.begin_acceptance(table, routed.message, claim, ttl)
    try:
        counted = _count(table, routed, claim, ttl)
        if counted.message.recipients > 1:
            return _fill_claim(acceptor, counted, claim, ttl, claimed=routed)
        keys, (item,) = _submissions_of(acceptor, counted, claim.now, ttl)
        submissions.put_single(table, counted.message, item, counted.draft.payload.numbers[0], claim.now)
    except TimeoutError:
        _uncount(acceptor, routed)
        raise
    messages.withdraw(table, routed.message.id, claim)
    return Stored(counted, keys)


def _count(table: Table, routed: Routed, claim: messages.Claim, ttl: int) -> Routed:
    """Count the message for its numbers. Returns it without those that must not get it.

    Raises Refusal when that is everybody; then the claim is withdrawn.
    """
    numbers, paced = routed.draft.payload.numbers, not queues.urgent(routed.message)
    apart = counting.count_all(table, numbers, routed.draft.limits, routed.store_by, paced=paced)
    if not apart:
        return routed
    try:
        fewer = without_apart(routed, apart)
    except Refusal:
        messages.withdraw(table, routed.message.id, claim)
        raise
    return _keeping(table, fewer, ttl)


def _uncount(acceptor: Acceptor, routed: Routed) -> None:
    """Take the counting back, as far as there is time, unless the post comes again: then it goes on where it ended."""
    draft = routed.draft
    if not draft.checked.post.idempotency_key:
        until = acceptor.now() + TO_UNCOUNT
        with suppress(TimeoutError):
            counting.uncount_all(acceptor.table, draft.payload.numbers, draft.limits, until)


def _fill_claim(acceptor: Acceptor, routed: Routed, claim: messages.Claim, ttl: int, *, claimed: Routed) -> Stored:
    """Store the parts of a message whose id is claimed, and accept it with the last write. `claimed`: as it was."""
    table, message, parts = acceptor.table, routed.message, routed.carriages[0].parts
    keys, items = _submissions_of(acceptor, routed, claim.now, ttl)
    submissions.put_first(table, items[0], claim.now)
    payloads = [item for key, part in zip(keys, parts, strict=True) for item in messages.payload_items(key, part, ttl)]
    rest = [*in_turn(items, acceptor.block)[1:], *payloads]
    table.put_many(rest, routed.store_by, paced=not queues.urgent(message))
    messages.finish_acceptance(table, message.id, claim.owner, None if routed is claimed else message)
    return Stored(routed, in_turn(keys, acceptor.block))
