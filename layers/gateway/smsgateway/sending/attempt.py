"""One attempt to send a submission, from top to bottom: prepare, file rows, take a moment, claim, look, mark, call.

What came of the call is written in the end.

Everything before the mark can be done twice without harm. The mark is the one point of no return: only the worker that
gets it calls the account, once, and that worker insists on writing what came of the call.

A message to one number may come marked already (dispatch.py `_mark_unread`); then claim and mark fall away.

Three random names of this worker: the *filer* has claimed the writing of the rows, the *claimant* (the filer, if there
is one) the right to mark, and the *owner* signs the mark.
"""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace

from smsgateway import ids, queues, routing
from smsgateway.calling import breaker, encoding, pace
from smsgateway.clock import Millis, millis, seconds, utc
from smsgateway.errors import AmbiguousError, DecodeError, EncodeError, NotSentError
from smsgateway.model import Account, Reason, Request, State, Submission
from smsgateway.sending import night
from smsgateway.sending.failover import come_back, end_unsent, go_on, not_this_account, step_aside
from smsgateway.sending.last_look import last_look
from smsgateway.sending.outcome import apply_outcome, record_result
from smsgateway.sending.work import Dispatcher, InFlightError, Work
from smsgateway.store import claims, reroutes, transitions
from smsgateway.store.recipients import put_rows
from smsgateway.store.spared import Spared
from smsgateway.store.table import ConditionFailed

BULK_SPREAD = 10  # intervals over which submissions that wait for an account's pace come again
BULK_PATIENCE = 400  # milliseconds ahead of now that a broadcast takes moments: so long it can make a password wait
WRITING_TIME = 5_000  # milliseconds kept free after a vendor call, to write its outcome
SHORTEST_CALL = 1_000  # milliseconds without which a call is left to another worker
FIRST_PAUSE = 200  # milliseconds between two tries to write an outcome; doubling
TIME_TO_END = 1_000  # milliseconds that the last try has
MISSED_PAUSE = 1_000  # milliseconds until a submission that missed its account's moment is tried again


@dataclass(frozen=True, slots=True)
class _Call:
    """The call that an attempt is about to make."""

    work: Work
    outgoing: Submission  # the submission as the account's codec takes it
    request: Request
    hard_end: Millis  # when Lambda stops this worker
    spared: Spared  # recipients that it leaves out
    filer: str = ""  # the owner under whose name this worker has written the recipients' rows, if it has
    claimant: str = ""  # the owner of this worker's claim; empty for a message to one number, which needs none
    moment: Millis = 0  # the account's moment; 0 if the account keeps no pace

    @property
    def dead_after(self) -> Millis:
        """When this worker counts as dead."""
        return self.hard_end + transitions.DEADLINE_MARGIN


def send(dispatcher: Dispatcher, work: Work, hard_end: Millis) -> None:
    """Send a submission, or see to what keeps it from being sent: its end, another account, or a later wake-up.

    `hard_end`: when Lambda stops this worker. Raises InFlightError when the wake-up must come again later, and
    ConditionFailed when somebody else has gone on with the submission.
    """
    if dispatcher.now() >= work.message.valid_until:
        end_unsent(dispatcher, work.submission, State.EXPIRED, Reason.VALIDITY_PASSED)
        return
    if reroutes.superseded(dispatcher.table, work.submission):
        transitions.ended_unsent(dispatcher.table, work.submission, State.CANCELED)
        return
    if not work.sent_to.numbers:
        _end_without_anybody(dispatcher, work)
        return
    try:
        call = _prepare(dispatcher, work, hard_end, work.submission.spared)
    except EncodeError as error:
        not_this_account(dispatcher, work, error)
        return
    if night.hold(dispatcher, work):
        return
    if not_now := _not_now(dispatcher, work):
        step_aside(dispatcher, work, not_now)
        return
    call = replace(call, filer=_file_rows(dispatcher, call))
    moment = _take_moment(dispatcher, work)
    if (too_far := -moment) > 0:  # no moment was taken: it is tried again after so long
        _tell_filed(dispatcher, call)
        come_back(dispatcher, work, too_far)
        return
    _send_at(dispatcher, replace(call, moment=moment))


def _prepare(dispatcher: Dispatcher, work: Work, hard_end: Millis, spared: Spared) -> _Call:
    """Make the vendor's request, to all but those who are spared.

    Raises EncodeError for what the account cannot carry, also because it is gone.
    """
    name = work.submission.account
    if work.account_is_gone:
        raise EncodeError(Reason.SERVICE_REFUSED, f"the account {name} is not configured any more")
    nonce = ids.nonce(dispatcher.random)
    outgoing = work.carriage.submission(work.payload.without(spared.numbers), work.submission.sent_reference)
    personalised = work.carriage.personalised
    request = encoding.encode(work.account, outgoing, utc(dispatcher.now()), nonce, personalised=personalised)
    return _Call(work, outgoing, request, hard_end, spared)


def _not_now(dispatcher: Dispatcher, work: Work) -> breaker.NotNow | None:
    """Why the account is not to be called now: its breaker is open, or too many of its calls are slow."""
    now, message = dispatcher.now(), work.message
    when_full = breaker.pause(work.submission.next_at, message.valid_until, now, dispatcher.random.random())
    return breaker.may_call(work.account, work.breaker, now, when_full)


def _file_rows(dispatcher: Dispatcher, call: _Call) -> str:
    """Write a row for each recipient, once and by one worker. Returns the owner of this claim, or "" if rows are there.

    Raises InFlightError while another worker writes them.
    """
    submission, table = call.work.submission, dispatcher.table
    if submission.own_message or submission.filed:
        return ""
    filer = dispatcher.new_owner()
    try:
        if not claims.claim_rows(table, submission, filer, call.dead_after, dispatcher.now()):
            return ""
    except ConditionFailed as failed:
        another_until = int((failed.item or {}).get("filing_until", 0))
        raise InFlightError(max(SHORTEST_CALL, another_until - dispatcher.now() + 1)) from None
    put_rows(table, call.work.message, submission, call.work.carriage.segments, call.hard_end - WRITING_TIME)
    return filer


def _tell_filed(dispatcher: Dispatcher, call: _Call) -> None:
    """Write that the rows are there, if this worker has written them and no mark of its own will say so.

    The next worker need not wait then for this one's claim to run out.
    """
    if call.filer:
        with suppress(ConditionFailed):  # its claim had run out
            claims.rows_filed(dispatcher.table, call.work.submission, call.filer)


def _take_moment(dispatcher: Dispatcher, work: Work) -> Millis:
    """Take the moment at which the account's pace allows the call. Returns 0 if the account keeps no pace.

    A negative figure means that nothing was taken, and after how many milliseconds it should be tried again. Only what
    is urgent takes any moment ahead of now. The rest takes what is free, and comes again at some later time, for a
    thousand submissions may be waiting.
    """
    interval = pace.interval_of(work.account)
    if not interval:
        return 0
    urgent = queues.urgent(work.message)
    patience = pace.PATIENCE if urgent else BULK_PATIENCE
    now, chance = dispatcher.now(), dispatcher.random.random()
    moment = pace.take(dispatcher.table, work.account.name, "send", interval, now, patience, chance)
    if moment > 0 or urgent:
        return moment
    return moment - millis(interval * dispatcher.random.uniform(0, BULK_SPREAD))


def _send_at(dispatcher: Dispatcher, call: _Call) -> None:
    """Mark the submission shortly before its account's moment, and call the account then."""
    work = call.work
    try:
        ready = call if work.submission.marked else _make_ready(dispatcher, call)
        if ready is None:
            return
        # None: another worker makes the trial call; 0: the breaker is closed, and nothing was claimed.
        trial_until = breaker.claim_trial(dispatcher.table, work.account, work.breaker, dispatcher.now())
        if trial_until is None:
            _tell_filed(dispatcher, call)
            wait = millis(work.account.options.breaker_seconds)
            step_aside(dispatcher, work, breaker.NotNow(wait, elsewhere=True))
            return
        try:
            marked = ready if work.submission.marked else _mark(dispatcher, ready)
        except Exception:
            breaker.give_back_trial(dispatcher.table, work.account, work.breaker, trial_until)
            raise
    except (ConditionFailed, InFlightError):
        _tell_filed(dispatcher, call)
        raise
    if not _call_at_moment(dispatcher, marked):
        breaker.give_back_trial(dispatcher.table, work.account, work.breaker, trial_until)


def _make_ready(dispatcher: Dispatcher, call: _Call) -> _Call | None:
    """Claim the submission, look for the last time, and wait until shortly before the account's moment.

    Returns the call that is to be made then. None: none is, for the message is canceled, or nobody is left, or it is
    night by then, or the moment has passed meanwhile and the next one is too far away. Raises InFlightError when too
    little time is left for a call: a fresh worker shall make it.
    """
    _check_time(dispatcher, call)
    call = _claim(dispatcher, call)
    seen = last_look(dispatcher.table, call.work)
    if seen.canceled:
        reroutes.end_canceled(dispatcher.table, call.work.submission, dispatcher.now())
        return None
    if seen.stopped:
        if seen.stopped >= set(call.work.sent_to.numbers):
            _end_without_anybody(dispatcher, call.work)
            return None
        call = _without(dispatcher, call, seen.stopped)
    if seen.took_long:  # the moment that was taken has passed by now
        call = replace(call, moment=_take_moment(dispatcher, call.work))
        if call.moment < 0:
            _tell_filed(dispatcher, call)
            come_back(dispatcher, call.work, -call.moment)
            return None
        _check_time(dispatcher, call)
    dispatcher.wait_until(call.moment - pace.LEAD)
    if night.hold(dispatcher, call.work, call.moment):
        _tell_filed(dispatcher, call)
        return None
    return call


def _check_time(dispatcher: Dispatcher, call: _Call) -> None:
    """Raises InFlightError when too little time is left for the call."""
    left = call.hard_end - max(dispatcher.now(), call.moment)
    # The shorter of the two is SHORTEST_CALL, as long as no account's `timeout` may be below a second.
    if left < min(longest_call(call.work.account), SHORTEST_CALL) + WRITING_TIME:
        raise InFlightError(0)


def _claim(dispatcher: Dispatcher, call: _Call) -> _Call:
    """Claim what may be canceled as a whole, unless this worker has claimed it to write its rows."""
    if not call.work.submission.cancelable:
        return call
    if call.filer:
        return replace(call, claimant=call.filer)
    claimant = dispatcher.new_owner()
    claims.claim(dispatcher.table, call.work.submission, claimant, call.dead_after)
    return replace(call, claimant=claimant)


def _without(dispatcher: Dispatcher, call: _Call, stopped: Collection[str]) -> _Call:
    """The call without recipients who have opted out."""
    work = call.work
    segments = {number: count for number, count in work.carriage.segments.items() if number in stopped}
    spared = work.submission.spared.and_these(segments)
    fewer = _prepare(dispatcher, work, call.hard_end, spared)
    return replace(call, outgoing=fewer.outgoing, request=fewer.request, spared=spared)


def _end_without_anybody(dispatcher: Dispatcher, work: Work) -> None:
    """End a submission whose recipients have all opted out."""
    transitions.ended_unsent(dispatcher.table, work.submission, State.CANCELED, Reason.SUPPRESSED)


def _mark(dispatcher: Dispatcher, call: _Call) -> _Call:
    """Write the mark: the point of no return. Returns the call with the marked submission.

    Who is left out is written with it; but not after a doubt, for the attempt in doubt may have reached them. Raises
    ConditionFailed when another worker was first, or the submission is not to be sent any more.
    """
    owner, work = dispatcher.new_owner(), call.work
    marked = transitions.mark(
        dispatcher.table,
        work.submission,
        owner,
        call.dead_after,
        dispatcher.now(),
        filer=call.claimant,
        spared=work.submission.spared if work.submission.doubted else call.spared,
    )
    return replace(call, work=replace(work, submission=marked))


def _call_at_moment(dispatcher: Dispatcher, call: _Call) -> bool:
    """Call the account at its moment, and write what follows. False: no call was made.

    The moment was missed, or quiet hours have begun since the mark.
    """
    work, marked = call.work, call.work.submission
    dispatcher.wait_until(call.moment)
    if night.hold(dispatcher, work):
        return False
    if call.moment and pace.missed(call.moment, dispatcher.now()):
        missed = "the account's moment was missed"
        again = routing.Again(MISSED_PAUSE, Reason.NOT_REACHED, missed, marked.failures, marked.busy)
        go_on(dispatcher, work, again)
        return False
    limit = min(longest_call(work.account), call.hard_end - dispatcher.now() - WRITING_TIME)
    with breaker.counted_when_slow(dispatcher.table, work.account, marked.owner, marked.deadline, dispatcher.now):
        result = _call_once(dispatcher, call, limit)
    _insist(dispatcher, call.hard_end, lambda: apply_outcome(dispatcher, work, result))
    record_result(dispatcher, work, result)
    return True


def _call_once(dispatcher: Dispatcher, call: _Call, limit: Millis) -> routing.CallResult:
    """Make the one HTTP call that a mark allows, within `limit`. Errors of the call are values here, too."""
    work = call.work
    try:
        response = dispatcher.call(work.account, call.request, seconds(limit))
        return encoding.decode(work.account, call.outgoing, response, personalised=work.carriage.personalised)
    except (NotSentError, AmbiguousError, DecodeError) as error:
        return error


def _insist(dispatcher: Dispatcher, hard_end: Millis, write: Callable[[], None]) -> None:
    """Write what came of a call, for as long as it takes and this worker lives.

    Nobody else knows what the vendor answered. Raises what `write` raised last.
    """
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
        dispatcher.sleep(seconds(pause))
        pause = min(2 * pause, pace.PATIENCE)


def longest_call(account: Account) -> Millis:
    """How long a call to an account may take."""
    return millis(account.options.timeout)
