"""Cancelling a message, which may be thousands of submissions.

One write cancels a message (store/messages.py, `cancel`): from then on no submission of it is marked. A submission that
a worker has in its hands at that time is ended here, or is sent. All others are ended by `dispatch` and `sweep` when
they come to them.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import batched

from smsgateway.api import message_view
from smsgateway.api.serving.gateway import Gateway
from smsgateway.api.serving.problems import Problem
from smsgateway.ids import SubmissionKey
from smsgateway.model import Message, Reason, State
from smsgateway.store import messages, reroutes, submissions
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import PARALLEL, ConditionFailed

AT_ONCE = 200  # submissions that are ended here and not left to others: most messages have no more
BATCH = 100  # submissions between two looks at the clock


def cancel(gateway: Gateway, message: Message) -> message_view.WholeMessage | None:
    """Cancel what no vendor has been asked to send yet.

    Returns the message, if anything of it is canceled by this or an earlier request; else None. Raises Problem if there
    is too little time to say what is canceled; the message is canceled all the same.
    """
    table, several = gateway.table, message.recipients > 1
    if several and message.canceled_at is None and _is_to_come(gateway, message):
        messages.cancel(table, message.id, gateway.now())
    whole = message_view.load_whole(table, message.id, gateway.now())
    if whole is None:
        return None
    in_hands = [each for each in whole.submissions if each.unmarked]
    ended = _end(gateway, [*in_hands, *message_view.open_reroutes(table, whole)])
    found = tuple(ended.get(each.key, each) for each in whole.submissions)
    if whole.message.canceled_at is not None:
        waiting = [each for each in whole.submissions if each.state != each.stored_state]
        _end(gateway, waiting[:AT_ONCE])
    if not any(map(_is_canceled, [*found, *ended.values()])):
        return None
    return replace(whole, submissions=found) if several else message_view.load_whole(table, message.id, gateway.now())


def _is_to_come(gateway: Gateway, message: Message) -> bool:
    """True if anything of a message may still be sent that no vendor has been asked to send."""
    roots = []
    for submission in submissions.submissions_of(gateway.table, message):
        if submission.unmarked or submission.spreading:
            return True
        if submission.key.path == submission.key.root:
            roots.append(submission)
    return message.resend_undelivered and any(reroutes.open_reroutes(gateway.table, root) for root in roots)


def _end(gateway: Gateway, waiting: Sequence[StoredSubmission]) -> dict[SubmissionKey, StoredSubmission]:
    """End submissions unless they are marked. Returns each as it is then."""

    def end(submission: StoredSubmission) -> StoredSubmission | None:
        with suppress(ConditionFailed):  # it is too late, or somebody else has done it
            reroutes.end_canceled(gateway.table, submission, gateway.now())
        return submissions.load_submission(gateway.table, submission.key)

    ended: dict[SubmissionKey, StoredSubmission] = {}
    with ThreadPoolExecutor(PARALLEL) as pool:
        for batch in batched(waiting, BATCH, strict=False):
            if gateway.time_left() < 0:
                detail = "it is being canceled, and not all of it is certain yet: repeat this in a moment"
                raise Problem(409, detail, headers={"Retry-After": "1"})
            ended |= {each.key: each for each in pool.map(end, batch) if each}
    return ended


def _is_canceled(submission: StoredSubmission) -> bool:
    of_client = submission.state == State.CANCELED and submission.reason != Reason.SUPPRESSED
    return of_client or submission.reason == Reason.CANCELED_BY_CLIENT
