"""From a wake-up to the submission that it names: whether it is to be sent now, and everything that its sending needs.

The sending itself is in attempt.py.
"""

from contextlib import suppress

from smsgateway import queues
from smsgateway.calling import pace
from smsgateway.clock import Millis, seconds
from smsgateway.config.settings import Settings
from smsgateway.ids import SubmissionKey
from smsgateway.model import Message, State
from smsgateway.sending.attempt import WRITING_TIME, longest_call, send
from smsgateway.sending.work import Dispatcher, InFlightError, Work
from smsgateway.store import breakers, reroutes, submissions, transitions
from smsgateway.store.breakers import BreakerState
from smsgateway.store.keys import breaker_key, message_key, submission_key
from smsgateway.store.messages import accepted_message, load_payload, payload_key, whole_payload
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import ConditionFailed, Item, Key, Table


def dispatch(dispatcher: Dispatcher, wake_up: queues.WakeUp, hard_end: Millis) -> None:
    """Send the submission that a wake-up names, if it is to be sent now. `hard_end`: when Lambda stops this worker.

    Raises InFlightError when the wake-up must come again later; after any other return it is done with.
    """
    settings = dispatcher.accounts.get()
    try:
        if marked := _mark_unread(dispatcher, wake_up, settings, hard_end):
            send(dispatcher, marked, hard_end)
        elif work := _load(dispatcher, wake_up, settings):
            send(dispatcher, work, hard_end)
            if work.submission.recipient_row:
                _report_unsent(dispatcher, work.submission.key)
    except ConditionFailed:
        return  # somebody else went on with it: its mark, its cancellation or its expiry stands


def _mark_unread(dispatcher: Dispatcher, wake_up: queues.WakeUp, settings: Settings, hard_end: Millis) -> Work | None:
    """Mark a message to one number without reading it first, if nothing speaks against calling its account now.

    Nearly every such message is as it was accepted a moment ago, and then the mark's own answer says everything about
    it. Returns None if it is not, if its account has a pace to keep, or if little time is left.
    """
    now, account = dispatcher.now(), settings.accounts.get(wake_up.account)
    if wake_up.clear_until < now or account is None or pace.interval_of(account):
        return None
    if hard_end - now < longest_call(account) + WRITING_TIME:
        return None
    owner, deadline = dispatcher.new_owner(), hard_end + transitions.DEADLINE_MARGIN
    try:
        marked = transitions.mark_unread(dispatcher.table, wake_up.key, account.name, owner, deadline, now)
    except ConditionFailed:
        return None
    message, payload = marked.own_message, marked.payload()
    if message is None or payload is None:
        raise LookupError("a message to one number has its content in its item")
    return Work(marked, message, payload, BreakerState(), settings)


def _load(dispatcher: Dispatcher, wake_up: queues.WakeUp, settings: Settings) -> Work | None:
    """Read the submission with what lies beside it. Returns None if it is not to be sent now.

    The account that the wake-up names is a hint: its breaker is read together with the submission.
    """
    table, key, hinted = dispatcher.table, wake_up.key, breaker_key(wake_up.account)
    own, packed = submission_key(key), payload_key(key)
    found = table.get_many([own, message_key(key.message_id), hinted, packed])
    if own not in found:
        return None
    submission = submissions.read_submission(found[own])
    message = _message_of(table, submission, found)
    if message is None or not _see_to(dispatcher, submission, message):
        return None
    breaker = breaker_key(submission.account)
    state = breakers.read_breaker(found.get(hinted) if breaker == hinted else table.get(breaker))
    payload = submission.payload() or whole_payload(found.get(packed)) or load_payload(table, key)
    return Work(submission, message, payload, state, settings)


def _message_of(table: Table, submission: StoredSubmission, found: dict[Key, Item]) -> Message | None:
    """The submission's message, read already or yet to be read.

    None if its acceptance was never finished: then nobody was promised anything, and sweep clears it away.
    """
    whole = message_key(submission.key.message_id)
    # Under the same Idempotency-Key a rival's message to several numbers may lie here, unfinished.
    if whole in found and not submission.own_message:
        return accepted_message(found[whole])
    return submissions.message_of(table, submission)


def _see_to(dispatcher: Dispatcher, submission: StoredSubmission, message: Message) -> bool:
    """See to a submission that is not to be sent now. Returns True if it is to be sent now.

    A dead worker's submission is buried (UNCONFIRMED, or SUBMITTED if proved), a canceled one is ended, and a wake-up
    that comes before its time is put back. Raises InFlightError while another worker is at it.
    """
    now = dispatcher.now()
    if submission.settled:
        return False
    if submission.state == State.SENDING:
        if submission.deadline >= now:
            raise InFlightError(submission.deadline - now + 1)
        with suppress(ConditionFailed):  # its worker came back after all, or a report came
            transitions.bury(dispatcher.table, submission, now)
        return False
    if message.canceled_at is not None:
        reroutes.end_canceled(dispatcher.table, submission, now)
        return False
    if submission.next_at > now:
        wait = submission.next_at - now
        dispatcher.wake_ups.put(queues.urgent(message), submission.account, [submission.key], seconds(wait))
        return False
    return True


def _report_unsent(dispatcher: Dispatcher, key: SubmissionKey) -> None:
    """Tell the recipient's row if a reroute has ended unsent."""
    reroute = submissions.load_submission(dispatcher.table, key)
    if reroute and reroutes.unsent(reroute):
        reroutes.report_unsent(dispatcher.table, reroute, dispatcher.now())
