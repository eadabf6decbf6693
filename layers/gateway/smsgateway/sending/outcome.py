"""What follows from the result of a call: for its submission, and for the account."""

from collections.abc import Sequence

from smsgateway import queues, routing
from smsgateway.calling import breaker
from smsgateway.errors import NotSentError
from smsgateway.model import About, Accepted, Reason, Refused
from smsgateway.sending.failover import CallableAccounts, callable_among, deferred_of, go_on, others_of
from smsgateway.sending.work import Dispatcher, Work
from smsgateway.settling.reports import apply_early
from smsgateway.settling.signatures import learn_from_refusal
from smsgateway.store import submissions, transitions
from smsgateway.store.table import ConditionFailed
from smsgateway.store.vendor_ids import map_in_blocks

DOUBTS_ALLOWED = 3  # attempts of one submission, when the client asked for `resend.unconfirmed`


def apply_outcome(dispatcher: Dispatcher, work: Work, result: routing.CallResult) -> None:
    """Write what follows from the result of a call for its submission, which this worker has marked.

    Raises ConditionFailed when the submission is not this worker's any more.
    """
    if isinstance(result, Refused):
        result = _after_rotation(dispatcher, work, result)
    step = routing.next_step(result, _standing(dispatcher, work, result), dispatcher.random.random())
    match step:
        case routing.Submit(answer):
            _submitted(dispatcher, work, answer)
        case routing.Doubt(reason, vendor_status):
            _in_doubt(dispatcher, work, result, vendor_status, reason)
            if work.message.resend_unconfirmed:
                _retry_in_doubt(dispatcher, work)
        case routing.End(state, reason, vendor_status):
            transitions.ended(dispatcher.table, work.submission, state, vendor_status, reason)
        case routing.Again() | routing.Move():
            go_on(dispatcher, work, step)
    for refused in _refusals(result):
        _alert(dispatcher, work, refused)


def _refusals(result: routing.CallResult) -> Sequence[Refused]:
    """The refusals that a result is or holds: of a whole request, or of single numbers while the rest was taken."""
    if isinstance(result, Refused):
        return [result]
    rejected = result.rejected if isinstance(result, Accepted) else ()
    # One of each kind: an account's alert is told once.
    of_each = {(each.about, each.reason): each for each in rejected}
    return [Refused(each.about, each.reason, each.vendor_status) for each in of_each.values()]


def _submitted(dispatcher: Dispatcher, work: Work, answer: Accepted) -> None:
    """Write that the vendor took it, and apply the reports that came before its answer."""
    table, submission = dispatcher.table, work.submission
    try:
        transitions.submitted(table, submission, answer)
    except ConditionFailed as failed:
        if not (failed.item and failed.item.get("early")):
            raise
        transitions.submitted(table, submission, answer, unless_early=False)
        apply_early(dispatcher, work.account, submission, answer.vendor_ids)


def _in_doubt(
    dispatcher: Dispatcher, work: Work, result: routing.CallResult, vendor_status: str, reason: Reason
) -> None:
    """Write that nobody knows whether the vendor took it.

    A report under an id that the answer named proves that it did, also a report that came before. So the ids are mapped
    first, as those of a success are; one that is mapped for a result that never gets written is harmless.
    """
    table, submission = dispatcher.table, work.submission
    ids = result.vendor_ids if isinstance(result, Refused) else ()
    early = map_in_blocks(table, submission.account, ids, submission.key, submission.ttl)
    transitions.unconfirmed(table, submission, vendor_status, reason)
    if early:
        apply_early(dispatcher, work.account, submission, ids)


def _standing(dispatcher: Dispatcher, work: Work, result: routing.CallResult) -> routing.Tried:
    """Where the submission stands, for `routing.next_step`.

    To find out which accounts are left takes time, while the result is not written yet: it is done only for a result
    that may lead to them.
    """
    submission, message, now, accounts = work.submission, work.message, dispatcher.now(), work.settings.accounts
    vendor = work.account.vendor
    may_go_on = isinstance(result, Refused | NotSentError)
    others = others_of(work) if may_go_on else ()
    deferred = deferred_of(work) if may_go_on else ()
    of_moment = isinstance(result, Refused) and result.about == About.MOMENT
    among = callable_among(dispatcher, work, others) if of_moment and others else CallableAccounts((), ())
    if isinstance(result, Refused) and result.about == About.CONTENT:  # as well at the vendor's other accounts
        deferred = tuple(name for name in deferred if accounts[name].vendor != vendor)
    return routing.Tried(
        account=work.account.name,
        others=others,
        other_vendors=tuple(name for name in others if accounts[name].vendor != vendor),
        failures=submission.failures,
        busy=submission.busy,
        free=among.free,
        in_order=among.in_order,
        deferred=deferred,
        waited=now - submission.busy_since if submission.busy_since else 0,
        patience=routing.patience(message.purpose, message.valid_until - (message.send_at or message.created_at)),
    )


def _after_rotation(dispatcher: Dispatcher, work: Work, refused: Refused) -> Refused:
    """Make a refusal of credentials one about the moment, if they have just been changed: the new ones are untried.

    When the secret cannot be read, the refusal stands: the vendor has certainly not sent it, and others may.
    """
    if refused.reason != Reason.CREDENTIALS_REFUSED:
        return refused
    fresh = dispatcher.accounts.refresh().accounts.get(work.account.name)  # the last good ones, if need be
    if problem := dispatcher.accounts.problem:
        dispatcher.warn(f"the accounts could not be read again: {problem}", work.account.name)
    if fresh and fresh.credentials != work.account.credentials:
        return Refused(About.MOMENT, refused.reason, refused.vendor_status)
    return refused


def _alert(dispatcher: Dispatcher, work: Work, refused: Refused) -> None:
    """Tell the operator of a refusal that is about the account."""
    if alert := routing.alert_for(refused):
        dispatcher.alert(work.account.name, work.account.vendor, alert, refused.vendor_status)


def _retry_in_doubt(dispatcher: Dispatcher, work: Work) -> None:
    """Send the submission once more, a limited number of times: its client prefers a second text to none."""
    now = dispatcher.now()
    unconfirmed = submissions.load_submission(dispatcher.table, work.submission.key)
    if unconfirmed and unconfirmed.doubts < DOUBTS_ALLOWED and now < work.message.valid_until:
        transitions.opt_in(dispatcher.table, unconfirmed, now)
        dispatcher.wake_ups.put(queues.urgent(work.message), work.account.name, [work.submission.key])


def record_result(dispatcher: Dispatcher, work: Work, result: routing.CallResult) -> None:
    """Write what the result says of the account, beyond this submission, and raise an alert if its breaker changes.

    Each opening and each closing is told. A refused signature is remembered.
    """
    now, account = dispatcher.now(), work.account
    if alert := breaker.record(dispatcher.table, account, work.breaker, result, now):
        opened = f"after {account.options.breaker_failures} failed calls in a row"
        detail = opened if alert == "breaker_open" else "the vendor answers again"
        dispatcher.alert(account.name, account.vendor, alert, detail, occasion=str(now))
    numbers, vendor_status = _with_refused_signature(work, result)
    if numbers:
        asked_at = work.submission.submitted_at or now
        learn_from_refusal(dispatcher, work.carriage, numbers, vendor_status, asked_at)


def _with_refused_signature(work: Work, result: routing.CallResult) -> tuple[Sequence[str], str]:
    """The numbers whose signature a result refuses, and the vendor's own word; no numbers if it refuses none."""
    if isinstance(result, Refused):
        refused = result.reason == Reason.SIGNATURE_REFUSED and result.about != About.UNLISTED
        return (work.payload.numbers, result.vendor_status) if refused else ((), "")
    rejected = result.rejected if isinstance(result, Accepted) else ()
    of_signature = [each for each in rejected if each.reason == Reason.SIGNATURE_REFUSED]
    return [each.number for each in of_signature], of_signature[0].vendor_status if of_signature else ""
