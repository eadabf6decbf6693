"""When an account does not take a submission: the next one of its route, this one later, or its end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from smsgateway import queues, routing
from smsgateway.calling import breaker
from smsgateway.calling.carriage import Carriage, able_accounts
from smsgateway.config.settings import Settings
from smsgateway.errors import EncodeError
from smsgateway.ids import MOST_CHILDREN
from smsgateway.model import About, Message, Payload, Reason, State
from smsgateway.sending.work import Dispatcher, Work
from smsgateway.store import breakers, submissions, transitions
from smsgateway.store.keys import breaker_key
from smsgateway.store.messages import put_payload
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import Table


def others_of(job: Work) -> tuple[str, ...]:
    """The accounts of the route that were not tried yet and can carry the content, in order."""
    return _others(job.submission, job.message, job.payload, job.settings)


def deferred_of(job: Work) -> tuple[str, ...]:
    """Likewise those that were passed over for their moment, the one that was asked longest ago first."""
    return _deferred(job.submission, job.message, job.payload, job.settings)


def _others(submission: StoredSubmission, message: Message, payload: Payload, settings: Settings) -> tuple[str, ...]:
    names = submission.untried(message.route)
    return able_accounts(names, settings.accounts, message, payload, submission.refused_by)


def _deferred(submission: StoredSubmission, message: Message, payload: Payload, settings: Settings) -> tuple[str, ...]:
    names = [name for name in submission.deferred if name != submission.account]
    return able_accounts(names, settings.accounts, message, payload, submission.refused_by)


def callable_among(dispatcher: Dispatcher, job: Work, names: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The accounts whose breakers are closed, and those of them that have a call to spare."""
    names, now = tuple(names), dispatcher.now()
    found = dispatcher.table.get_many(map(breaker_key, names))
    known = {name: breakers.read_breaker(found.get(breaker_key(name))) for name in names}
    closed = tuple(name for name in names if not known[name].open_until)
    accounts = job.settings.accounts
    return closed, tuple(name for name in closed if known[name].hanging(now) < accounts[name].options.in_flight)


def step_aside(dispatcher: Dispatcher, job: Work, closed: breaker.NotNow) -> None:
    """The account is not to be called now: another one of the route instead, or this one later."""
    others = others_of(job) if closed.elsewhere else ()
    in_order, _ = callable_among(dispatcher, job, others)
    if in_order:
        go_on(dispatcher, job, routing.Move(in_order[0], Reason.NOT_REACHED, "the account's breaker is open"))
        return
    come_back(dispatcher, job, closed.wait)


def come_back(dispatcher: Dispatcher, job: Work, wait: int) -> None:
    """Put the wake-up back for `wait` milliseconds. `sweep` must not send another meanwhile: each would come back as
    long as this one does, and they would be ever more."""
    now, urgent = dispatcher.now(), queues.urgent(job.message)
    again = now + wait
    look_at = submissions.sweep_at(again, now, urgent)
    if (job.submission.due_at or 0) <= again or look_at < again:
        transitions.look_again(dispatcher.table, job.submission, look_at)
    dispatcher.wake_ups.put(urgent, job.account.name, [job.submission.key], wait / 1000)


def not_this_account(
    dispatcher: Dispatcher,
    submission: StoredSubmission,
    message: Message,
    payload: Payload,
    settings: Settings,
    error: EncodeError,
) -> None:
    """The account cannot take the submission, which shows before any call: the next one, or the end."""
    others = _others(submission, message, payload, settings)
    account = settings.accounts.get(submission.account)
    if account and 1 < len(Carriage(account, message, payload).parts) <= MOST_CHILDREN:
        others = (account.name, *others)  # it takes fewer at once than when the message was cut
    deferred = _deferred(submission, message, payload, settings)
    tried = routing.Attempt(submission.account, others, others, 0, submission.busy, deferred=deferred)
    step = routing.next_step(error, tried, dispatcher.random.random())
    if isinstance(step, routing.Move):
        carriage = Carriage(settings.accounts[step.account], message, payload)
        go_on(dispatcher, Work(submission, carriage, settings), step)
    else:
        end_unsent(dispatcher, submission, State.REFUSED, error.reason, error.problem)


def end_unsent(
    dispatcher: Dispatcher, submission: StoredSubmission, state: State, reason: Reason, answer: str = ""
) -> None:
    if submission.marked:
        transitions.ended(dispatcher.table, submission, state, answer, reason)
    else:
        transitions.ended_unsent(dispatcher.table, submission, state, reason, answer)


def go_on(dispatcher: Dispatcher, job: Work, step: routing.Again | routing.Move) -> None:
    """Certainly not sent: the same account later, or another one, in more submissions if it takes fewer."""
    submission, now = job.submission, dispatcher.now()
    attempt = {
        "at": now,
        "account": submission.account,
        "outcome": "not_sent" if step.reason == Reason.NOT_REACHED else "refused",
        "reason": step.reason,
        "vendor_status": step.vendor_status,
    }
    next_at = now + step.delay
    if step.delay and next_at >= job.message.valid_until:
        end_unsent(dispatcher, submission, State.EXPIRED, Reason.VALIDITY_PASSED, step.vendor_status)
        return
    behind = _behind(submission, step)
    account = job.account
    if isinstance(step, routing.Move):
        account = job.settings.accounts[step.account]
        there = Carriage(account, job.message, job.payload)
        if len(there.parts) > 1:
            _divide_up(dispatcher, job, attempt, there, behind)
            return
    busy_since = (submission.busy_since or now) if isinstance(step, routing.Again) and step.busy else 0
    transitions.waiting(
        dispatcher.table,
        submission,
        account=account.name,
        vendor=account.vendor,
        next_at=next_at,
        failures=step.failures if isinstance(step, routing.Again) else 0,
        busy=step.busy,
        busy_since=busy_since,
        tried=behind.tried,
        deferred=behind.deferred,
        refused_by=behind.refused_by,
        attempt=attempt,
        look_at=submissions.sweep_at(next_at, now, queues.urgent(job.message)),
    )
    dispatcher.wake_ups.put(queues.urgent(job.message), account.name, [submission.key], (next_at - now) / 1000)


@dataclass(frozen=True, slots=True)
class _Behind:
    """What a submission has behind it: see store.submissions.Stored."""

    tried: tuple[str, ...]
    deferred: tuple[str, ...]
    refused_by: tuple[str, ...]


def _behind(submission: StoredSubmission, step: routing.Again | routing.Move) -> _Behind:
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


def _divide_up(dispatcher: Dispatcher, job: Work, attempt: Mapping[str, Any], there: Carriage, behind: _Behind) -> None:
    """Move to an account that takes fewer recipients at once, which carries them like `there`."""
    submission, account = job.submission, there.account
    transitions.moved(
        dispatcher.table,
        submission,
        attempt,
        account.name,
        vendor=account.vendor,
        limit=there.limit,
        deferred=behind.deferred,
        refused_by=behind.refused_by,
    )
    parent = replace(submission, state=State.MOVED, deferred=behind.deferred, refused_by=behind.refused_by)
    give_to_children(dispatcher.table, dispatcher.wake_ups, parent, there, dispatcher.now())


def give_to_children(
    table: Table, wake_ups: queues.WakeUps, parent: StoredSubmission, there: Carriage, now: int
) -> None:
    """Give the recipients of a MOVED submission to its children. Doing it again after a crash adds what is missing.

    `there`: how the account that it has moved to carries them.
    """
    message, account = there.message, there.account
    buckets = parent.item["buckets"] if parent.item and "buckets" in parent.item else parent.buckets
    keys = []
    for index, part in enumerate(there.parts):
        key = parent.key.child(index)
        put_payload(table, key, part, parent.ttl)
        item = submissions.new_submission(
            key,
            message,
            account=account.name,
            vendor=account.vendor,
            count=len(part.numbers),
            segments=there.segments_of(part),
            ttl=parent.ttl,
            now=now,
        )
        tried = [*parent.tried, parent.account]
        inherited = {"tried": tried, "buckets": buckets, "filed": parent.filed or None}
        inherited["doubted"] = parent.doubted or None
        inherited["put_off"] = list(parent.deferred) or None
        inherited["refused_by"] = list(parent.refused_by) or None
        submissions.put_child(table, item | {"next_at": now, **inherited})
        keys.append(key)
    wake_ups.put(queues.urgent(message), account.name, keys)
    transitions.look_no_more(table, parent)
