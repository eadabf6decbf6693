"""The last two steps of an acceptance: the message is paid for and stored, and its submissions are woken up.

A message to one number is one item, written once. A larger one claims its id first, is stored in parts, and counts only
from the last write on; until then nothing of it is sent, so that a client may repeat a post that got no answer.
"""

from itertools import batched

from smsgateway import queues
from smsgateway.accepting import daily_limit
from smsgateway.accepting.acceptor import Acceptor, Filed, Routed
from smsgateway.accepting.idempotency import answer_to, rivals_answer, standing_now
from smsgateway.accepting.post import Refusal
from smsgateway.calling.carriage import Carriage
from smsgateway.clock import Millis, epoch_seconds, seconds
from smsgateway.ids import SubmissionKey, in_turn, owner, root_path
from smsgateway.model import Message
from smsgateway.store import messages, submissions
from smsgateway.store.table import ConditionFailed, Item, Table

ACCEPTANCE_TIME: Millis = 60_000  # that accepting may take, where nobody says when its worker is stopped
DEAD_AFTER: Millis = 1_000  # after its worker's end, until an unfinished acceptance counts as dead
WOKEN_AT_ONCE = 500  # submissions between two looks at the clock
TIME_TO_WAKE: Millis = 2_000  # that so many take at most, and the answer


def file_message(acceptor: Acceptor, routed: Routed) -> Filed:
    """Take the message's segments from its client's day, and store it.

    Returns what another request with the same Idempotency-Key has stored meanwhile, if there is one. Raises Refusal
    when the day's limit is spent, when the other request is still under way, and when there was not time enough: then
    this request has stored nothing that will be sent.
    """
    table, checked = acceptor.table, routed.draft.checked
    try:
        message = daily_limit.pay(table, checked.client, routed.message)
    except Refusal:
        standing = standing_now(table, checked.message_id) if checked.post.idempotency_key else None
        if standing is None:
            raise
        return Filed(routed.message, rivals_answer(standing, checked.post, checked.recipients, acceptor.now()), (), 0)
    carriage = routed.carriages[0]
    try:
        keys = _store(acceptor, message, carriage, routed.store_by)
    except TimeoutError:
        daily_limit.give_back(table, checked.client, message, None)
        raise _not_in_time(acceptor) from None
    except ConditionFailed:
        standing = standing_now(table, message.id)
        daily_limit.give_back(table, checked.client, message, standing.message if standing else None)
        # Whoever put what stands there may not have woken it up: a wake-up too many does no harm.
        first = [SubmissionKey(message.id, root_path(0))]
        return Filed(message, rivals_answer(standing, checked.post, checked.recipients, acceptor.now()), first, 0)
    # Marketing is looked at before it is sent (sending/night.py), and so is never marked unread.
    marketing = message.purpose == "marketing"
    clear_until = 0 if marketing else checked.first_reads.clear_until(carriage.account.name)
    return Filed(message, answer_to(message, routed.draft.recipients), keys, clear_until)


def _not_in_time(acceptor: Acceptor) -> Refusal:
    """The refusal of a message that could not be stored in time. Its claim lasts until its worker is certainly gone."""
    left = max(0, _dead_at(acceptor, acceptor.now()) - acceptor.now()) // 1000 + 1
    detail = "the message could not be stored in the time that a request has, and nothing of it is sent: repeat it"
    return Refusal(503, "Not stored in time", detail, retry_after=left)


def _dead_at(acceptor: Acceptor, now: Millis) -> Millis:
    """The time at which an acceptance by this worker counts as dead, unless it is finished."""
    return (acceptor.until or now + ACCEPTANCE_TIME) + DEAD_AFTER


def _store(acceptor: Acceptor, message: Message, carriage: Carriage, store_by: Millis) -> list[SubmissionKey]:
    """Store the message and its submissions. Returns their keys, in the order in which they should be woken up.

    Raises ConditionFailed when the message's id is taken (Idempotency-Key), and TimeoutError when storing lasts longer
    than `store_by`: then nothing of the message is accepted.
    """
    now, parts = acceptor.now(), carriage.parts
    ttl = epoch_seconds(message.send_at or now) + acceptor.retention
    keys = [SubmissionKey(message.id, root_path(index, acceptor.block)) for index in range(len(parts))]
    items = [
        submissions.new_submission(
            key,
            message,
            submissions.Share(
                carriage.account.name, carriage.account.vendor, len(part.numbers), carriage.segments_of(part)
            ),
            ttl=ttl,
            now=now,
        )
        for key, part in zip(keys, parts, strict=True)
    ]
    claim = messages.Claim(owner(acceptor.random), now, _dead_at(acceptor, now))
    if message.recipients == 1:
        _store_single(acceptor.table, message, items[0], parts[0].numbers[0], claim)
        return keys
    messages.begin_acceptance(acceptor.table, message, claim, ttl)
    submissions.put_first(acceptor.table, items[0], now)
    payloads = [item for key, part in zip(keys, parts, strict=True) for item in messages.payload_items(key, part, ttl)]
    rest = [*in_turn(items, acceptor.block)[1:], *payloads]
    acceptor.table.put_many(rest, store_by, paced=not queues.urgent(message))
    messages.finish_acceptance(acceptor.table, message.id, claim.owner)
    return in_turn(keys, acceptor.block)


def _store_single(table: Table, message: Message, item: Item, number: str, claim: messages.Claim) -> None:
    """Store a message to one number, also where an acceptance of one to several has died under the same key.

    Raises ConditionFailed when a message stands there, or is being accepted.
    """
    try:
        submissions.put_single(table, message, item, number, claim.now)
    except ConditionFailed as failed:
        if failed.item is None or "message" in failed.item:
            raise
        messages.begin_acceptance(table, message, claim, item["ttl"])  # raises while it is alive
        submissions.put_single(table, message, item, number, claim.now)
        messages.withdraw(table, message.id, claim)


def wake_up(acceptor: Acceptor, filed: Filed) -> None:
    """Put wake-ups into the queue of the message, unless it is sent later than a wake-up can wait, or spread out.

    Sweep wakes up what is left out: submissions for which there was no time, and all of them when the queue fails.
    """
    message, now = filed.message, acceptor.now()
    delay, urgent = seconds((message.send_at or now) - now), queues.urgent(message)
    if delay > queues.longest_delay(urgent) or message.spread:
        return
    account, clear_until = message.route[0], 0 if delay else filed.clear_until
    try:
        for some in batched(filed.to_wake, WOKEN_AT_ONCE, strict=False):
            if acceptor.until and acceptor.now() > acceptor.until - TIME_TO_WAKE:
                break
            acceptor.wake_ups.put(urgent, account, some, delay, clear_until=clear_until)
    except Exception:
        # The message is accepted, and sweep will wake it up. An error now would have the client post it once more.
        acceptor.warn("wake-ups could not be sent", message.id)
