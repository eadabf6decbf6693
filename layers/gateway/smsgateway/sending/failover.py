"""When an account does not take a submission: the next one of its route, this one later, or its end."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from smsgateway import queues, routing
from smsgateway.calling import breaker
from smsgateway.calling.carriage import Carriage, able_accounts
from smsgateway.calling.signatures import SignatureStates, places_of
from smsgateway.clock import Millis, seconds
from smsgateway.errors import EncodeError
from smsgateway.ids import MOST_CHILDREN
from smsgateway.model import About, Reason, State
from smsgateway.sending.split import split_for
from smsgateway.sending.work import Dispatcher, Work
from smsgateway.store import breakers, submissions, transitions
from smsgateway.store.keys import breaker_key
from smsgateway.store.signatures import refusals_in
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import BATCH_READS

NOT_ASKED = frozenset({Reason.NOT_REACHED, Reason.QUIET_HOURS})  # why no vendor has refused it


def others_of(work: Work) -> tuple[str, ...]:
    """The accounts of the route that were not tried yet and can carry the content, in order."""
    submission, message = work.submission, work.message
    names = submission.untried(message.route)
    return able_accounts(names, work.settings, message, work.payload, submission.refused_by)


def deferred_of(work: Work) -> tuple[str, ...]:
    """The accounts that refused the submission for the moment only and can carry it, the longest ago asked first."""
    submission = work.submission
    names = [name for name in submission.deferred if name != submission.account]
    return able_accounts(names, work.settings, work.message, work.payload, submission.refused_by)


class CallableAccounts(NamedTuple):
    """Accounts that may be called, in the order of the route."""

    in_order: tuple[str, ...]  # whose breakers are closed, and which do not refuse the signature
    free: tuple[str, ...]  # those of them that have no more slow calls than they may


def callable_among(dispatcher: Dispatcher, work: Work, names: Iterable[str]) -> CallableAccounts:
    """Read the breakers of some accounts, and say which of these may be called.

    What was learned of the message's signatures there is read with them: an account that is known to refuse them may
    not.
    """
    names, now, accounts = tuple(names), dispatcher.now(), work.settings.accounts
    carriages = {name: Carriage(accounts[name], work.message, work.payload) for name in names}
    places = [each.key for name in names for each in places_of(name, carriages[name].signatures)]
    places = places[: max(0, BATCH_READS - len(names))]  # in the same call
    found = dispatcher.table.get_many([*map(breaker_key, names), *places])
    states = {name: breakers.read_breaker(found.get(breaker_key(name))) for name in names}
    known = SignatureStates(work.settings.signatures, refusals_in(found[key] for key in places if key in found))
    closed = (name for name in names if not states[name].open_until)
    in_order = tuple(name for name in closed if carriages[name].refused_signature(known) is None)
    free = tuple(name for name in in_order if states[name].hanging(now) < accounts[name].options.in_flight)
    return CallableAccounts(in_order, free)


def step_aside(dispatcher: Dispatcher, work: Work, not_now: breaker.NotNow) -> None:
    """Go to another account of the route, because this one is not to be called now; or come back to this one later."""
    others = others_of(work) if not_now.elsewhere else ()
    in_order, _ = callable_among(dispatcher, work, others)
    if in_order:
        go_on(dispatcher, work, routing.Move(in_order[0], Reason.NOT_REACHED, "the account's breaker is open"))
        return
    come_back(dispatcher, work, not_now.wait)


def come_back(dispatcher: Dispatcher, work: Work, wait: Millis) -> None:
    """Put the wake-up back for `wait`.

    Also moves `due_at` past the wait. Otherwise sweep would add a second wake-up, each would be put back in turn, and
    their number would grow for as long as the account is not to be called.
    """
    submission, now, urgent = work.submission, dispatcher.now(), queues.urgent(work.message)
    again = now + wait
    look_at = submissions.sweep_at(again, now, urgent)
    if (submission.due_at or 0) <= again or look_at < again:
        transitions.look_again(dispatcher.table, submission, look_at)
    dispatcher.wake_ups.put(urgent, submission.account, [submission.key], seconds(wait))


def not_this_account(dispatcher: Dispatcher, work: Work, error: EncodeError) -> None:
    """Go to the next account, because this one cannot carry the submission; or end it as REFUSED.

    This shows before any call, and is so as well when the account is not configured any more.
    """
    submission, others = work.submission, others_of(work)
    if not work.account_is_gone and 1 < len(work.carriage.parts) <= MOST_CHILDREN:
        others = (submission.account, *others)  # it takes fewer at once than when the message was cut
    tried = routing.Tried(submission.account, others, others, 0, submission.busy, deferred=deferred_of(work))
    step = routing.next_step(error, tried, dispatcher.random.random())
    if isinstance(step, routing.Move):
        go_on(dispatcher, work, step)
    else:
        end_unsent(dispatcher, submission, State.REFUSED, error.reason, error.problem)


def end_unsent(
    dispatcher: Dispatcher, submission: StoredSubmission, state: State, reason: Reason, vendor_status: str = ""
) -> None:
    """End a submission as REFUSED or EXPIRED, be it marked by this worker or not yet.

    Raises ConditionFailed when it is too late.
    """
    if submission.marked:
        transitions.ended(dispatcher.table, submission, state, vendor_status, reason)
    else:
        transitions.ended_unsent(dispatcher.table, submission, state, reason, vendor_status)


def go_on(dispatcher: Dispatcher, work: Work, step: routing.Again | routing.Move) -> None:
    """Let a submission go on that was certainly not sent: at its account later, or at another one.

    If the other account takes fewer recipients at once, they go on in children (split.py). If the message is not valid
    any more by then, the submission ends as EXPIRED. Raises ConditionFailed when somebody else has gone on with it.
    """
    submission, now = work.submission, dispatcher.now()
    if step.delay and now + step.delay >= work.message.valid_until:
        end_unsent(dispatcher, submission, State.EXPIRED, Reason.VALIDITY_PASSED, step.vendor_status)
        return
    behind = _behind(submission, step)
    attempt = _attempt(submission, step, now)
    if isinstance(step, routing.Again):
        account, failures = work.account, step.failures
        busy_since = (submission.busy_since or now) if step.busy else 0
    else:
        account, failures, busy_since = work.settings.accounts[step.account], 0, 0
        there = Carriage(account, work.message, work.payload)
        if len(there.parts) > 1:
            split_for(dispatcher, submission, there, attempt, deferred=behind.deferred, refused_by=behind.refused_by)
            return
    next_at, urgent = now + step.delay, queues.urgent(work.message)
    transitions.waiting(
        dispatcher.table,
        submission,
        attempt,
        transitions.NextAttempt(
            account=account.name,
            vendor=account.vendor,
            next_at=next_at,
            failures=failures,
            busy=step.busy,
            busy_since=busy_since,
            tried=behind.tried,
            deferred=behind.deferred,
            refused_by=behind.refused_by,
            look_at=submissions.sweep_at(next_at, now, urgent),
        ),
    )
    dispatcher.wake_ups.put(urgent, account.name, [submission.key], seconds(next_at - now))


def _attempt(submission: StoredSubmission, step: routing.Again | routing.Move, now: Millis) -> Mapping[str, Any]:
    """What became of the attempt that this step follows, for the submission's item."""
    return {
        "at": now,
        "account": submission.account,
        "outcome": "not_sent" if step.reason in NOT_ASKED else "refused",
        "reason": step.reason,
        "vendor_status": step.vendor_status,
    }


class _Behind(NamedTuple):
    """What a submission has behind it: see the fields of StoredSubmission."""

    tried: tuple[str, ...]
    deferred: tuple[str, ...]
    refused_by: tuple[str, ...]


def _behind(submission: StoredSubmission, step: routing.Again | routing.Move) -> _Behind:
    """What a submission will have behind it after this step."""
    tried, deferred, refused_by = submission.tried, submission.deferred, submission.refused_by
    # An account that was only passed over, because its breaker is open, may be asked when it has closed.
    passed_over = not submission.marked and step.reason == Reason.NOT_REACHED
    if isinstance(step, routing.Again) or passed_over:
        return _Behind(tried, deferred, refused_by)
    left = submission.account
    deferred = tuple(name for name in deferred if name not in (left, step.account))
    if step.about == About.MOMENT:
        deferred = (*deferred, left)
    if step.about == About.CONTENT:
        refused_by = (*refused_by, submission.vendor)
    return _Behind(tuple(dict.fromkeys((*tried, left))), deferred, tuple(dict.fromkeys(refused_by)))
