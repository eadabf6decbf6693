"""The last two steps of an acceptance: the message is paid for and stored, and its submissions are woken up."""

from dataclasses import replace
from itertools import batched
from typing import Any

from smsgateway import queues
from smsgateway.accepting import daily_limit
from smsgateway.accepting.acceptor import Acceptor, CheckedPost, Filed, Routed
from smsgateway.accepting.idempotency import StandingMessage, answer_to, rivals_answer, standing_now
from smsgateway.accepting.post import Refusal
from smsgateway.accepting.storing import dead_at, store
from smsgateway.clock import Millis, seconds
from smsgateway.ids import SubmissionKey, root_path
from smsgateway.store.table import ConditionFailed

WOKEN_AT_ONCE = 500  # submissions between two looks at the clock
TIME_TO_WAKE: Millis = 2_000  # that so many take at most, and the answer


def file_message(acceptor: Acceptor, routed: Routed) -> Filed:
    """Take the message's segments from its client's day, and store it.

    Returns what another request with the same Idempotency-Key has stored meanwhile, if there is one. Raises Refusal
    when the day's limit is spent, when the other request is still under way, when nobody may get the message any more,
    and when there was not time enough: then this request has stored nothing that will be sent.
    """
    table, checked = acceptor.table, routed.draft.checked
    try:
        message = daily_limit.pay(table, checked.client, routed.message)
    except Refusal:
        standing = standing_now(table, checked.message_id) if checked.post.idempotency_key else None
        if standing is None:
            raise
        return Filed(routed.message, _rivals_answer(acceptor, checked, standing), (), 0)
    try:
        stored = store(acceptor, replace(routed, message=message))
    except (TimeoutError, Refusal) as error:
        daily_limit.give_back(table, checked.client, message, None)
        raise (error if isinstance(error, Refusal) else _not_in_time(acceptor)) from None
    except ConditionFailed:
        standing = standing_now(table, message.id)
        daily_limit.give_back(table, checked.client, message, standing.message if standing else None)
        # Whoever put what stands there may not have woken it up: a wake-up too many does no harm.
        first = [SubmissionKey(message.id, root_path(0))]
        return Filed(message, _rivals_answer(acceptor, checked, standing), first, 0)
    accepted = stored.routed.message
    daily_limit.give_difference_back(table, checked.client, message, accepted)
    # Marketing is looked at before it is sent (sending/night.py), and so is never marked unread.
    marketing = accepted.purpose == "marketing"
    clear_until = 0 if marketing else checked.first_reads.clear_until(routed.carriages[0].account.name)
    return Filed(accepted, answer_to(accepted, stored.routed.draft.recipients), stored.keys, clear_until)


def _rivals_answer(acceptor: Acceptor, checked: CheckedPost, standing: StandingMessage | None) -> dict[str, Any]:
    return rivals_answer(acceptor.table, standing, checked.post, checked.recipients, acceptor.now())


def _not_in_time(acceptor: Acceptor) -> Refusal:
    """The refusal of a message that could not be stored in time. Its claim lasts until its worker is certainly gone."""
    left = max(0, dead_at(acceptor, acceptor.now()) - acceptor.now()) // 1000 + 1
    detail = "the message could not be stored in the time that a request has, and nothing of it is sent: repeat it"
    return Refusal(503, "Not stored in time", detail, retry_after=left)


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
