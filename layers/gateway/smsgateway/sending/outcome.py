"""What follows from the outcome of a call: for its submission, and for the account."""

from collections.abc import Sequence

from smsgateway import queues, routing
from smsgateway.calling import breaker
from smsgateway.errors import NotSentError
from smsgateway.model import About, Accepted, Reason, Refused
from smsgateway.sending.failover import callable_among, deferred_of, go_on, others_of
from smsgateway.sending.work import Dispatcher, Work
from smsgateway.settling.reports import apply_early
from smsgateway.store import submissions, transitions
from smsgateway.store.breakers import BreakerState
from smsgateway.store.table import ConditionFailed
from smsgateway.store.vendor_ids import map_in_blocks

DOUBTS_ALLOWED = 3  # attempts of one submission, when the client asked for `resend.unconfirmed`


def apply_outcome(dispatcher: Dispatcher, job: Work, outcome: routing.CallResult) -> None:
    """Write what follows from the outcome."""
    submission = job.submission
    if isinstance(outcome, Refused):
        outcome = _after_rotation(dispatcher, job, outcome)
    step = routing.next_step(outcome, _standing(dispatcher, job, outcome), dispatcher.random.random())
    match step:
        case routing.Submit(answer):
            _submitted(dispatcher, job, answer)
        case routing.Doubt(reason, answer):
            _in_doubt(dispatcher, job, outcome, answer, reason)
            if job.message.resend_unconfirmed:
                _retry_in_doubt(dispatcher, job)
        case routing.End(state, reason, answer):
            transitions.ended(dispatcher.table, submission, state, answer, reason)
        case routing.Again() | routing.Move():
            go_on(dispatcher, job, step)
    for refused in _refusals(outcome):
        _alert(dispatcher, job, refused)


def _refusals(outcome: routing.CallResult) -> Sequence[Refused]:
    """The refusals that an outcome is or holds: of a whole request, or of single numbers while the rest was taken."""
    if isinstance(outcome, Refused):
        return [outcome]
    rejected = outcome.rejected if isinstance(outcome, Accepted) else ()
    # One of each kind: an account's alert is told once.
    of_each = {(each.about, each.reason): each for each in rejected}
    return [Refused(each.about, each.reason, each.vendor_status) for each in of_each.values()]


def _submitted(dispatcher: Dispatcher, job: Work, answer: Accepted) -> None:
    table, submission = dispatcher.table, job.submission
    try:
        transitions.submitted(table, submission, answer)
    except ConditionFailed as failed:
        if not (failed.item and failed.item.get("early")):
            raise
        transitions.submitted(table, submission, answer, unless_early=False)
        apply_early(dispatcher, job.account, submission, answer.vendor_ids)


def _in_doubt(dispatcher: Dispatcher, job: Work, outcome: routing.CallResult, answer: str, reason: Reason) -> None:
    """A report under an id that the answer named proves it, also one that came before.

    The ids go first, as those of a success: one that is mapped for a result that never gets written is harmless.
    """
    table, submission = dispatcher.table, job.submission
    ids = outcome.vendor_ids if isinstance(outcome, Refused) else ()
    early = map_in_blocks(table, submission.account, ids, submission.key, submission.ttl)
    transitions.unconfirmed(table, submission, answer, reason)
    if early:
        apply_early(dispatcher, job.account, submission, ids)


def _standing(dispatcher: Dispatcher, job: Work, outcome: routing.CallResult) -> routing.Attempt:
    """Which accounts are left takes time to find out: only who needs it waits for it with the outcome unwritten."""
    submission, message, now, accounts = job.submission, job.message, dispatcher.now(), job.settings.accounts
    asks = isinstance(outcome, Refused | NotSentError)
    others = others_of(job) if asks else ()
    deferred = deferred_of(job) if asks else ()
    of_moment = isinstance(outcome, Refused) and outcome.about == About.MOMENT
    in_order, free = callable_among(dispatcher, job, others) if of_moment and others else ((), ())
    if isinstance(outcome, Refused) and outcome.about == About.CONTENT:  # as well at the vendor's other accounts
        deferred = tuple(name for name in deferred if accounts[name].vendor != job.account.vendor)
    return routing.Attempt(
        account=job.account.name,
        others=others,
        other_vendors=tuple(name for name in others if accounts[name].vendor != job.account.vendor),
        failures=submission.failures,
        busy=submission.busy,
        free=free,
        open=in_order,
        deferred=deferred,
        waited=now - submission.busy_since if submission.busy_since else 0,
        patience=routing.patience(message.purpose, message.valid_until - (message.send_at or message.created_at)),
    )


def _after_rotation(dispatcher: Dispatcher, job: Work, refused: Refused) -> Refused:
    """A refusal of credentials that have just been changed is about the moment: the new ones have not been tried.

    When the secret cannot be read, the refusal stands: the vendor has certainly not sent it, and others may.
    """
    if refused.reason != Reason.CREDENTIALS_REFUSED:
        return refused
    fresh = dispatcher.accounts.refresh().accounts.get(job.account.name)  # the last good ones, if need be
    if problem := dispatcher.accounts.problem:
        dispatcher.warn(f"the accounts could not be read again: {problem}", job.account.name)
    if fresh and fresh.credentials != job.account.credentials:
        return Refused(About.MOMENT, refused.reason, refused.vendor_status)
    return refused


def _alert(dispatcher: Dispatcher, job: Work, refused: Refused) -> None:
    if alert := routing.alert_for(refused):
        dispatcher.alert(job.account.name, job.account.vendor, alert, refused.vendor_status)


def _retry_in_doubt(dispatcher: Dispatcher, job: Work) -> None:
    """The client accepts a duplicate rather than a doubt: once more, a limited number of times."""
    now = dispatcher.now()
    unconfirmed = submissions.load_submission(dispatcher.table, job.submission.key)
    if unconfirmed and unconfirmed.doubts < DOUBTS_ALLOWED and now < job.message.valid_until:
        transitions.opt_in(dispatcher.table, unconfirmed, now)
        dispatcher.wake_ups.put(queues.urgent(job.message), job.account.name, [job.submission.key])


def record_result(dispatcher: Dispatcher, job: Work, known: BreakerState, outcome: routing.CallResult) -> None:
    """What the outcome says of the account, beyond this submission."""
    now = dispatcher.now()
    if alert := breaker.record(dispatcher.table, job.account, known, outcome, now):
        opened = f"after {job.account.options.breaker_failures} failed calls in a row"
        detail = opened if alert == "breaker_open" else "the vendor answers again"
        # Each opening and each closing is told.
        dispatcher.alert(job.account.name, job.account.vendor, alert, detail, occasion=str(now))
