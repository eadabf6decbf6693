"""The way of one submission from its wake-up to the vendor's answer: at most once, whatever happens on the way.

Everything before the mark can be done twice without harm; the mark is the one point of no return; after it there is one
HTTP call, and its outcome is written by whoever holds the mark.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import cast

from smsgateway import queues, routing
from smsgateway.calling import breaker, encoding, pace
from smsgateway.calling.carriage import Carriage
from smsgateway.codecs import VENDORS
from smsgateway.config.settings import Settings
from smsgateway.errors import AmbiguousError, DecodeError, EncodeError, NotSentError
from smsgateway.ids import SubmissionKey
from smsgateway.model import (
    Account,
    Message,
    Payload,
    Reason,
    Request,
    State,
    Submission,
)
from smsgateway.sending.failover import come_back, end_unsent, go_on, not_this_account, step_aside
from smsgateway.sending.outcome import apply_outcome, record_result
from smsgateway.sending.work import Dispatcher, Work
from smsgateway.store import breakers, reroutes, submissions, transitions
from smsgateway.store.breakers import BreakerState
from smsgateway.store.keys import breaker_key, message_key, submission_key
from smsgateway.store.messages import accepted_message, is_canceled, load_payload, payload_key, whole_payload
from smsgateway.store.recipients import put_rows
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import ConditionFailed, Table

BULK_SPREAD = 10  # intervals over which submissions that wait for an account's pace come again
BULK_PATIENCE = 400  # milliseconds ahead of now that a broadcast takes moments: so long it can make a password wait
WRITING_TIME = 5_000  # milliseconds kept free after a vendor call, to write its outcome
SHORTEST_CALL = 1_000  # milliseconds without which a call is left to another worker
FIRST_PAUSE = 200  # milliseconds between two tries to write an outcome; doubling
TIME_TO_END = 1_000  # milliseconds that the last try has
MISSED_PAUSE = 1_000  # milliseconds until a submission that missed its account's moment is tried again


class InFlightError(Exception):
    """Another worker is at it, or shall be: the wake-up goes back to its queue, for `wait` milliseconds."""

    def __init__(self, wait: int) -> None:
        super().__init__("another worker is at it")
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Found:
    """A submission of an accepted message, and what is read together with it."""

    submission: StoredSubmission
    message: Message
    known: BreakerState  # of its account
    payload: Payload | None  # None: it is too large for that
    settings: Settings


def dispatch(dispatcher: Dispatcher, wake_up: queues.WakeUp, hard_end: int) -> None:
    """Act on a wake-up. `hard_end`: the moment (epoch ms) at which this worker will be stopped.

    Raises InFlightError when the wake-up must come again later; any other return means it is done with.
    """
    settings = dispatcher.accounts.get()
    try:
        if marked := _mark_unread(dispatcher, wake_up, settings, hard_end):
            _send(dispatcher, marked, hard_end)
        elif found := _load(dispatcher.table, wake_up, settings):
            _look(dispatcher, found, hard_end)
    except ConditionFailed:
        return  # somebody else went on with it: its mark, its cancellation or its expiry stands


def _mark_unread(dispatcher: Dispatcher, wake_up: queues.WakeUp, settings: Settings, hard_end: int) -> Found | None:
    """Mark a message to one number without a look at it, when nothing speaks against calling its account just now.

    Nearly every one is as it was accepted a moment ago, and then the mark says everything about it. None: it is not, or
    its account has a pace to keep, or little time is left.
    """
    now, account = dispatcher.now(), settings.accounts.get(wake_up.account)
    if wake_up.clear_until < now or account is None or _interval(account):
        return None
    if hard_end - now < _whole_call(account) + WRITING_TIME:
        return None
    owner, deadline = _new_owner(dispatcher), hard_end + transitions.DEADLINE_MARGIN
    try:
        marked = transitions.mark_unread(dispatcher.table, wake_up.key, account.name, owner, deadline, now)
    except ConditionFailed:
        return None
    return Found(marked, cast("Message", marked.own_message), BreakerState(), marked.payload(), settings)


def _look(dispatcher: Dispatcher, found: Found, hard_end: int) -> None:
    """See whether a submission is to be sent now, and send it."""
    submission, now = found.submission, dispatcher.now()
    if submission.settled:
        return
    if submission.state == State.SENDING:
        if submission.deadline >= now:
            raise InFlightError(submission.deadline - now + 1)
        with suppress(ConditionFailed):  # it came back after all, or a report came
            transitions.expire(dispatcher.table, submission, now)
        return
    if found.message.canceled_at is not None:
        reroutes.end_canceled(dispatcher.table, submission, now)
        return
    if submission.next_at > now:
        wait = (submission.next_at - now) / 1000
        dispatcher.wake_ups.put(queues.urgent(found.message), submission.account, [submission.key], wait)
        return
    _send(dispatcher, found, hard_end)
    if submission.recipient_row:
        _report_unsent(dispatcher, submission.key)


def _load(table: Table, wake_up: queues.WakeUp, settings: Settings) -> Found | None:
    """The submission with what lies beside it. None: its acceptance was never finished, so that nobody was promised
    anything, and sweep clears it away."""
    key, expected = wake_up.key, breaker_key(wake_up.account)
    at, whole, packed = submission_key(key), message_key(key.message_id), payload_key(key)
    found = table.get_many([at, whole, expected, packed])
    if at not in found:
        return None
    submission = submissions.read_submission(found[at])
    # A message to several numbers may be a rival's here, under the same Idempotency-Key, that was never finished.
    if whole in found and not submission.own_message:
        message = accepted_message(found[whole])
    else:
        message = submissions.message_of(table, submission)
    if message is None:
        return None
    account = breaker_key(submission.account)
    known = breakers.read_breaker(found.get(expected) if account == expected else table.get(account))
    payload = submission.payload() or whole_payload(found.get(packed))
    return Found(submission, message, known, payload, settings)


def _send(dispatcher: Dispatcher, found: Found, hard_end: int) -> None:
    submission, message, now = found.submission, found.message, dispatcher.now()
    if now >= message.valid_until:
        end_unsent(dispatcher, submission, State.EXPIRED, Reason.VALIDITY_PASSED)
        return
    if reroutes.superseded(dispatcher.table, submission):
        transitions.ended_unsent(dispatcher.table, submission, State.CANCELED)
        return
    settings = found.settings
    payload = found.payload or load_payload(dispatcher.table, submission.key)
    account = settings.accounts.get(submission.account)
    if account is None:
        gone = EncodeError(Reason.SERVICE_REFUSED, f"the account {submission.account} is not configured any more")
        not_this_account(dispatcher, submission, message, payload, settings, gone)
        return
    carriage = Carriage(account, message, payload)
    job = Work(submission, carriage, settings)
    nonce = f"{dispatcher.random.randrange(10**20):020d}"
    try:
        outgoing = carriage.submission(payload, submission.sent_reference)
        request = encoding.encode(
            account, outgoing, datetime.fromtimestamp(now / 1000, UTC), nonce, personalised=carriage.personalised
        )
    except EncodeError as error:
        not_this_account(dispatcher, submission, message, payload, settings, error)
        return
    when_full = breaker.pause(submission.next_at, message.valid_until, now, dispatcher.random.random())
    if closed := breaker.may_call(account, found.known, now, when_full):
        step_aside(dispatcher, job, closed)
        return
    filer = _file_rows(dispatcher, job, hard_end)
    moment = _take_moment(dispatcher, job)
    if moment < 0:
        _say_filed(dispatcher, submission, filer)
        come_back(dispatcher, job, -moment)
        return
    _call_in_turn(dispatcher, job, found.known, moment, hard_end, filer, outgoing, request)


def _call_in_turn(
    dispatcher: Dispatcher,
    job: Work,
    known: BreakerState,
    moment: int,
    hard_end: int,
    filer: str,
    outgoing: Submission,
    request: Request,
) -> None:
    """Mark the submission shortly before its account's moment, and call the account then."""
    table, account = dispatcher.table, job.account
    try:
        owner = _be_ready(dispatcher, job, moment, hard_end, filer)
        if owner is None:
            reroutes.end_canceled(table, job.submission, dispatcher.now())
            return
        probe = breaker.claim(table, account, known, dispatcher.now())
        if probe < 0:
            _say_filed(dispatcher, job.submission, filer)
            step_aside(dispatcher, job, breaker.NotNow(account.options.breaker_seconds * 1000, elsewhere=True))
            return
        try:
            job = _marked(dispatcher, job, hard_end, owner)
        except Exception:
            breaker.give_back(table, account, known, probe)
            raise
    except (ConditionFailed, InFlightError):
        _say_filed(dispatcher, job.submission, filer)
        raise
    if not _call_at(dispatcher, job, moment, hard_end, outgoing, request, known):
        breaker.give_back(table, account, known, probe)


def _file_rows(dispatcher: Dispatcher, job: Work, hard_end: int) -> str:
    """One row a recipient, written once and by one worker, whom the next write names. Empty: there was nothing to do.

    Raises InFlightError while another is at it.
    """
    submission, table = job.submission, dispatcher.table
    if submission.own_message or submission.filed:
        return ""
    filer, until = _new_owner(dispatcher), hard_end + transitions.DEADLINE_MARGIN
    try:
        if not transitions.claim_rows(table, submission, filer, until, dispatcher.now()):
            return ""
    except ConditionFailed as failed:
        another_until = int((failed.item or {}).get("filing_until", 0))
        raise InFlightError(max(SHORTEST_CALL, another_until - dispatcher.now() + 1)) from None
    put_rows(table, job.message, submission, job.carriage.segments, hard_end - WRITING_TIME)
    return filer


def _say_filed(dispatcher: Dispatcher, submission: StoredSubmission, filer: str) -> None:
    """The rows are written, and no mark of this worker says so: the next one need not wait for it."""
    if filer:
        with suppress(ConditionFailed):  # its right to that had run out
            transitions.rows_filed(dispatcher.table, submission, filer)


def _take_moment(dispatcher: Dispatcher, job: Work) -> int:
    """The moment (epoch ms) that the account's pace allows the call at, 0 for any.

    Negative: nothing was taken, and the figure is after how many milliseconds it should be tried again.
    """
    interval = _interval(job.account)
    if not interval:
        return 0
    # Only what is urgent takes a moment ahead of now, and so every moment that it wants. The rest takes what is free,
    # and comes again at some later one, for a thousand submissions may be waiting.
    urgent = queues.urgent(job.message)
    patience = pace.PATIENCE if urgent else BULK_PATIENCE
    now, chance = dispatcher.now(), dispatcher.random.random()
    moment = pace.take(dispatcher.table, job.account.name, "send", interval, now, patience, chance)
    if moment > 0 or urgent:
        return moment
    return moment - int(interval * dispatcher.random.uniform(0, BULK_SPREAD) * 1000)


def _interval(account: Account) -> float:
    """Seconds between two calls that the account's pace asks for."""
    rate = account.options.requests_per_second
    return max(1 / rate if rate else 0.0, VENDORS[account.vendor].profile.pace.get("send", 0.0))


def _whole_call(account: Account) -> int:
    """Milliseconds that a call may take."""
    return int(account.options.timeout * 1000)


def _new_owner(dispatcher: Dispatcher) -> str:
    return f"{dispatcher.random.getrandbits(64):016x}"


def _be_ready(dispatcher: Dispatcher, job: Work, moment: int, hard_end: int, filer: str) -> str | None:
    """Wait until shortly before the account's moment. Who has claimed the submission; None: its message is canceled.

    Raises InFlightError when too little time is left for a call: a fresh worker shall make it.
    """
    if job.submission.marked:
        return filer
    left = hard_end - max(dispatcher.now(), moment)
    if left < min(_whole_call(job.account), SHORTEST_CALL) + WRITING_TIME:
        raise InFlightError(0)
    if job.submission.cancelable:
        filer = filer or _claim(dispatcher, job, hard_end)
        if is_canceled(dispatcher.table, job.message.id):  # asked after the claim: messages.cancel says why
            return None
    _wait_until(dispatcher, moment - pace.LEAD)
    return filer


def _marked(dispatcher: Dispatcher, job: Work, hard_end: int, filer: str) -> Work:
    """The job with its mark."""
    if job.submission.marked:
        return job
    owner, deadline = _new_owner(dispatcher), hard_end + transitions.DEADLINE_MARGIN
    marked = transitions.mark(dispatcher.table, job.submission, owner, deadline, dispatcher.now(), filer=filer)
    return replace(job, submission=marked)


def _claim(dispatcher: Dispatcher, job: Work, hard_end: int) -> str:
    """The right to mark a submission whose rows were written by an earlier worker."""
    owner = _new_owner(dispatcher)
    transitions.claim(dispatcher.table, job.submission, owner, hard_end + transitions.DEADLINE_MARGIN)
    return owner


def _call_at(
    dispatcher: Dispatcher,
    job: Work,
    moment: int,
    hard_end: int,
    outgoing: Submission,
    request: Request,
    known: BreakerState,
) -> bool:
    """Call the account at its moment, and write what follows. False: the moment was missed, and no call was made."""
    account, marked = job.account, job.submission
    _wait_until(dispatcher, moment)
    if moment and pace.missed(moment, dispatcher.now()):
        missed = "the account's moment was missed"
        go_on(dispatcher, job, routing.Again(MISSED_PAUSE, Reason.NOT_REACHED, missed, marked.failures, marked.busy))
        return False
    seconds = min(_whole_call(account), hard_end - dispatcher.now() - WRITING_TIME) / 1000
    with breaker.counted_when_slow(dispatcher.table, account, marked.owner, marked.deadline, dispatcher.now):
        outcome = _call_once(dispatcher, job, outgoing, request, seconds)
    _insist(dispatcher, hard_end, lambda: apply_outcome(dispatcher, job, outcome))
    record_result(dispatcher, job, known, outcome)
    return True


def _call_once(
    dispatcher: Dispatcher, job: Work, outgoing: Submission, request: Request, seconds: float
) -> routing.CallResult:
    """The one HTTP call that a mark allows."""
    try:
        response = dispatcher.call(job.account, request, seconds)
        return encoding.decode(job.account, outgoing, response, personalised=job.carriage.personalised)
    except (NotSentError, AmbiguousError, DecodeError) as error:
        return error


def _insist(dispatcher: Dispatcher, hard_end: int, write: Callable[[], None]) -> None:
    """Write an outcome, as long as it takes and this worker lives: nobody else knows it, nor the vendor's id."""
    pause = FIRST_PAUSE
    while True:
        try:
            write()
        except ConditionFailed:
            raise
        except Exception:  # a table or a queue that is away, for longer than the SDK waits
            if dispatcher.now() + pause + TIME_TO_END > hard_end:
                raise
        else:
            return
        dispatcher.sleep(pause / 1000)
        pause = min(2 * pause, pace.PATIENCE)


def _wait_until(dispatcher: Dispatcher, moment: int) -> None:
    if (wait := moment - dispatcher.now()) > 0:
        dispatcher.sleep(wait / 1000)


def _report_unsent(dispatcher: Dispatcher, key: SubmissionKey) -> None:
    """Tell the recipient's row when a resend has ended unsent."""
    resend = submissions.load_submission(dispatcher.table, key)
    if resend and reroutes.unsent(resend):
        reroutes.report_unsent(dispatcher.table, resend, dispatcher.now())
