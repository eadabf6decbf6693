"""The one way of a submission from each state to the next: the writes of the transitions in `states`.

What somebody must look at again has a `due_at`, the time at which `sweep` does. It only has to be early enough, so a
transition moves it only when it must: a write to an index costs as much as a write to the item.

The SDK may repeat a write that has succeeded; the condition of the repetition then fails on what this worker itself has
written. Where a function knows its own state again, that is a success.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smsgateway.clock import Millis
from smsgateway.ids import SubmissionKey
from smsgateway.model import Accepted, Reason, State
from smsgateway.store.change import Change
from smsgateway.store.keys import submission_key
from smsgateway.store.messages import FLEETING, fleeting_content
from smsgateway.store.spared import NOBODY, Spared
from smsgateway.store.states import Seen, change_of, in_states, same_attempt, seen
from smsgateway.store.submissions import WAKE_UP_LOST, StoredSubmission, due, read_submission
from smsgateway.store.table import ConditionFailed, Table, Write
from smsgateway.store.vendor_ids import grouped, map_in_blocks, mapping

MOST_ATTEMPTS = 50  # entries of different kinds that are kept of a submission, the oldest of them left out
DEADLINE_MARGIN = 5_000  # between the hard end of a worker and the time at which it counts as dead

_ENDS = {State.REFUSED: "refuse", State.EXPIRED: "expire"}  # the transitions of the worker that has marked it
_ENDS_UNMARKED = {State.REFUSED: "refuse unmarked", State.EXPIRED: "expire unmarked", State.CANCELED: "cancel"}


# The mark


def mark(
    table: Table,
    submission: StoredSubmission,
    owner: str,
    deadline: Millis,
    now: Millis,
    *,
    filer: str = "",
    spared: Spared = NOBODY,
) -> StoredSubmission:
    """Write the point of no return: the worker that gets this, and no other, opens the socket.

    `filer`: who has claimed the submission just now (`claim_rows`, `claim`), its recipients' rows being written.
    `spared`: all whom the call will leave out.
    Returns the submission after the write. Raises ConditionFailed when another worker was first, or the submission is
    not to be sent (any more).
    """
    change = _marked(seen(submission), owner, deadline, now).set(**spared.attributes())
    if filer:
        change = change.set(filed=True).remove("filing_until").when("filer = :filer", filer=filer)
    return _mark(table, change, owner)


def mark_unread(
    table: Table, key: SubmissionKey, account: str, owner: str, deadline: Millis, now: Millis
) -> StoredSubmission:
    """`mark` without reading first, which saves a read for nearly every message to one number.

    Succeeds only for a message to one number that is QUEUED, or WAITING without an attempt, at this account, and no
    marketing. The item that the write returns takes the place of the read. Raises ConditionFailed for any other
    submission.
    """
    change = _marked(Seen(submission_key(key), account), owner, deadline, now)
    # Marketing is looked at again before it is sent: it may be night by now, or somebody may have opted out.
    change = change.when("attribute_exists(message)").when("message.purpose <> :marketing", marketing="marketing")
    return _mark(table, change, owner)


def _marked(before: Seen, owner: str, deadline: Millis, now: Millis) -> Change:
    change = change_of("mark", before, now)
    return change.set(owner=owner, deadline=deadline, attempt=before.attempt + 1, submitted_at=now)


def _mark(table: Table, change: Change, owner: str) -> StoredSubmission:
    try:
        return read_submission(table.update(change))
    except ConditionFailed as failed:
        if failed.item and failed.item["state"] == State.SENDING and failed.item.get("owner") == owner:
            return read_submission(failed.item)  # the SDK's retry met our own success
        raise


# What is fleeting


def _ending(name: str, submission: StoredSubmission, now: Millis = 0) -> Change:
    """The write of a transition that ends the sending: a content that is fleeting goes, for nobody will need it."""
    change = change_of(name, seen(submission), now)
    return change.remove(FLEETING) if submission.fleeting else change


def _remembering(submission: StoredSubmission, change: Change) -> Change:
    """The change, after which it is sent again, with a content that is fleeting: whoever buried it has removed it."""
    content = fleeting_content(submission.own_message) if submission.own_message else {}
    return change.set(**content) if submission.marked else change


# By the worker that has marked it


def _settle(table: Table, submission: StoredSubmission, change: Change, also: Write | None = None) -> None:
    """Make a write, alone or in one transaction with another. Our own earlier success is a success."""
    try:
        if also:
            table.update_both(change, also)
        else:
            table.update(change)
    except ConditionFailed as failed:
        found = failed.item or {}
        ours = found.get("owner") == submission.owner and found.get("attempt") == submission.attempt
        if not (ours and found.get("state") == change.values["state"]):
            raise


def submitted(table: Table, submission: StoredSubmission, answer: Accepted, *, unless_early: bool = True) -> None:
    """Write that the vendor took it and, in the same transaction, the mapping of the vendor's id to this submission.

    Raises ConditionFailed with an `early` item when a report under that id came first: read those, and call again with
    `unless_early=False`.
    """
    ids = tuple(dict.fromkeys(answer.vendor_ids))
    shown = bool(answer.vendor_status or submission.vendor_status)
    rejected = [[number.number, number.reason, number.vendor_status] for number in answer.rejected]
    change = (
        _ending("submit", submission)
        .set(vendor_ids=grouped(ids) or None, answer=answer.vendor_status if shown else None)
        .set(rejected=rejected or None, early=None if unless_early else True)
        .remove("refusal")
    )
    if len(ids) == 1:
        alone = mapping(
            table,
            submission.account,
            ids[0],
            submission.key,
            submission.ttl,
            to_one=submission.own_message is not None,
            unless_early=unless_early,
        )
        _settle(table, submission, change, alone)
        return
    # Many ids do not fit one transaction, so they go first. One that is mapped for a result that never gets written is
    # a proof waiting for its report, and harmless.
    if map_in_blocks(table, submission.account, ids, submission.key, submission.ttl) and unless_early:
        raise ConditionFailed({"early": True})
    _settle(table, submission, change)


def unconfirmed(table: Table, submission: StoredSubmission, vendor_status: str, reason: Reason) -> None:
    """Write that nobody can say whether the vendor took it.

    If a report has proved meanwhile that the vendor did, the submission is SUBMITTED after this. `vendor_status`
    is the vendor's own word.
    """
    try:
        _settle_unproved(table, submission, _ending("doubt", submission).set(answer=vendor_status, refusal=reason))
    except ConditionFailed as failed:
        if not (failed.item and failed.item.get("proved") == submission.attempt):
            raise


def _settle_unproved(table: Table, submission: StoredSubmission, change: Change) -> None:
    """Settle an attempt as one that was not taken. What was sent is not sent again, even if its vendor said both.

    If a report has proved meanwhile that the attempt was taken, it is SUBMITTED, and ConditionFailed is raised.
    """
    try:
        _settle(table, submission, change)
    except ConditionFailed as failed:
        if failed.item and failed.item.get("proved") == submission.attempt:
            _settle(table, submission, _ending("overrule", submission))
        raise


def ended(table: Table, submission: StoredSubmission, state: State, vendor_status: str, reason: Reason) -> None:
    """Write REFUSED or EXPIRED, by the worker that holds the mark: nothing further will be sent.

    Raises ConditionFailed when the submission is not this worker's any more, or a report has proved it sent.
    """
    name = "give up" if submission.doubted else _ENDS[state]
    _settle_unproved(table, submission, _ended(_ending(name, submission), submission, vendor_status, reason))


def _ended(change: Change, submission: StoredSubmission, vendor_status: str, reason: Reason | None) -> Change:
    """What is written with the end of the attempts. After one in doubt reports are still waited for.

    A reroute stays due until its recipient's row says what follows from its end.
    """
    change = change.set(answer=vendor_status, refusal=reason)
    if submission.doubted:
        return change.set(given_up=True)
    return change if submission.recipient_row else change.remove("due_at", "due_shard")


# Before a mark


def ended_unsent(
    table: Table, submission: StoredSubmission, state: State, reason: Reason | None = None, vendor_status: str = ""
) -> None:
    """Write REFUSED, EXPIRED or CANCELED before any (further) mark. Raises ConditionFailed when it is too late."""
    _end_unsent(table, _ended_unsent(submission, state, vendor_status, reason))


def canceled(table: Table, submission: StoredSubmission, now: Millis) -> None:
    """Write CANCELED by its client before any (further) mark. Raises ConditionFailed when it is too late.

    An attempt in doubt may still be said to have failed. The message must know that nothing goes on elsewhere then:
    one to several numbers does (messages.cancel), one to a single number is told by this write.
    """
    change = _ended_unsent(submission, State.CANCELED, "", Reason.CANCELED_BY_CLIENT)
    if submission.cancelable or not submission.doubted:
        _end_unsent(table, change)
    elif submission.recipient_row:
        message = Change(submission.recipient_row).set(canceled_at=now).when("attribute_exists(pk)")
        _end_unsent(table, change, message)
    else:
        _end_unsent(table, change.set(canceled_at=now))


def _ended_unsent(submission: StoredSubmission, state: State, vendor_status: str, reason: Reason | None) -> Change:
    name = "give up unmarked" if submission.doubted else _ENDS_UNMARKED[state]
    return _ended(_ending(name, submission), submission, vendor_status, reason)


def _end_unsent(table: Table, change: Change, also: Write | None = None) -> None:
    """Make a write, alone or in one transaction with another. Our own earlier success is a success."""
    try:
        if also:
            table.update_both(change, also)
        else:
            table.update(change)
    except ConditionFailed as failed:
        if not (failed.item and failed.item.get("state") == change.values["state"]):
            raise


# With or without a mark


@dataclass(frozen=True, slots=True)
class NextAttempt:
    """When, where and with what behind it a submission is attempted again."""

    account: str
    vendor: str
    next_at: Millis  # not to be sent before
    failures: int = 0  # consecutive calls that never reached this account
    busy: int = 0  # consecutive refusals about the moment
    busy_since: Millis = 0  # when this account first refused it for the moment
    tried: Sequence[str] = ()  # accounts that refused it, or could not be reached
    deferred: Sequence[str] = ()  # those of them that refused it for the moment
    refused_by: Sequence[str] = ()  # vendors that refused its content
    look_at: Millis = 0  # when `sweep` looks; 0: long after `next_at`


@dataclass(frozen=True, slots=True)
class Split:
    """How the recipients of a submission go on in children.

    Whoever makes the children must cut them alike, whatever the accounts document says by that time: a child that is
    there may have been sent.
    """

    account: str
    vendor: str
    limit: int  # recipients of a child
    deferred: Sequence[str] = ()
    refused_by: Sequence[str] = ()


def waiting(table: Table, submission: StoredSubmission, attempt: Mapping[str, Any], then: NextAttempt) -> None:
    """Write that it was certainly not sent, and is attempted again. `attempt` is what became of this one.

    Raises ConditionFailed when the submission is not this worker's any more, or a report has proved it sent.
    """
    change = change_of("wait" if submission.marked else "wait unmarked", seen(submission)).set(
        account=then.account,
        vendor=then.vendor,
        next_at=then.next_at,
        failures=then.failures,
        busy=then.busy,
        busy_since=then.busy_since,
        tried=list(then.tried),
        put_off=list(then.deferred),
        refused_by=list(then.refused_by),
        attempts=_with_attempt(submission, attempt),
        **due(submission.key, then.look_at or then.next_at + WAKE_UP_LOST),
    )
    _go_on(table, submission, _remembering(submission, change), account=then.account)


def moved(table: Table, submission: StoredSubmission, attempt: Mapping[str, Any], split: Split) -> None:
    """Write that its recipients go on in children, because the next account takes fewer at once.

    `due_at` stays, for the worker that makes the children may die. `attempt` is what became of this one. Raises
    ConditionFailed when the submission is not this worker's any more, or a report has proved it sent.
    """
    change = change_of("move" if submission.marked else "move unmarked", seen(submission)).set(
        attempts=_with_attempt(submission, attempt),
        moved_to=split.account,
        moved_vendor=split.vendor,
        moved_limit=split.limit,
        put_off=list(split.deferred),
        refused_by=list(split.refused_by),
    )
    _go_on(table, submission, change, moved_to=split.account)


def _go_on(table: Table, submission: StoredSubmission, change: Change, **written: str) -> None:
    """Make a change that needs no mark: by whoever holds it, or as long as nobody has marked what was read.

    `written`: what our own earlier success would have left beside the state. Another worker's, after a further attempt,
    knows of doubts that this one does not.
    """
    if submission.marked:
        _settle_unproved(table, submission, change)
        return
    try:
        table.update(change)
    except ConditionFailed as failed:
        found, left = failed.item or {}, {"state": change.values["state"], **written}
        same = found.get("attempt", 0) == submission.attempt
        if not (same and all(found.get(name) == value for name, value in left.items())):
            raise


def _with_attempt(submission: StoredSubmission, attempt: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The attempts with this one.

    A vendor that is busy for days refuses alike a thousand times: those are one entry, with the newest time and their
    number, or the item would outgrow its limit.
    """

    def kind(each: Mapping[str, Any]) -> tuple[Any, ...]:
        return each["account"], each["outcome"], each.get("reason")

    alike = [each for each in submission.attempts if kind(each) == kind(attempt)]
    others = [each for each in submission.attempts if kind(each) != kind(attempt)]
    times = 1 + sum(each.get("times", 1) for each in alike)
    # Doubts, of which there are few, count for what may follow: they are never left out.
    first = len(others) - MOST_ATTEMPTS
    others = [each for place, each in enumerate(others) if place >= first or each["outcome"] == "unconfirmed"]
    return [*others, {**attempt, "times": times} if alike else attempt]


# By others than its worker


def bury(table: Table, submission: StoredSubmission, now: Millis) -> None:
    """Write that the worker of a SENDING past its deadline died: UNCONFIRMED, or SUBMITTED if a report has proved it.

    Raises ConditionFailed when the worker came back first, or a report came between the reading and this write: `sweep`
    looks again then.
    """
    if submission.proved == submission.attempt:
        table.update(_ending("bury proved", submission, now))
        return
    change = _ending("bury", submission, now)
    table.update(change.set(refusal=Reason.AMBIGUOUS_ANSWER, answer=""))


def prove(table: Table, submission: StoredSubmission) -> None:
    """Write that a report carries our id: a submission in doubt was sent, and one that is SENDING will not be in doubt.

    In doubt is UNCONFIRMED, and WAITING after an attempt at this account that was in doubt: it need not be sent once
    more. What is in any other state stays as it is.
    """
    try:
        if submission.state == State.UNCONFIRMED:
            table.update(_ending("prove", submission).remove("refusal"))
        elif submission.state == State.WAITING and _doubted_here(submission):
            table.update(_ending("prove waiting", submission).remove("refusal"))
        elif submission.state == State.SENDING:
            _count_as_sent(table, submission, State.SENDING)
    except ConditionFailed as failed:
        if failed.item and failed.item["state"] in (State.UNCONFIRMED, State.SENDING, State.WAITING):
            prove(table, read_submission(failed.item))


def _doubted_here(submission: StoredSubmission) -> bool:
    """True after an attempt at this account that ended in doubt."""
    return any(
        attempt["outcome"] == "unconfirmed" and attempt["account"] == submission.account
        for attempt in submission.attempts
    )


def count_as_sent(table: Table, submission: StoredSubmission) -> None:
    """Note of an UNCONFIRMED submission that nobody waits any longer: its worker cannot lead it elsewhere any more.

    Raises ConditionFailed when the submission has gone on.
    """
    _count_as_sent(table, submission, State.UNCONFIRMED)


def _count_as_sent(table: Table, submission: StoredSubmission, state: State) -> None:
    """Note, beside a state that stays, that this attempt counts as sent (Condition.UNPROVED)."""
    change = in_states(Change(submission.table_key).set(proved=submission.attempt), state)
    table.update(same_attempt(change, submission.attempt))


def opt_in(table: Table, submission: StoredSubmission, now: Millis) -> None:
    """Write that an UNCONFIRMED submission is attempted once more, because its client accepts a second text.

    Raises ConditionFailed when it was given up, or has gone on, since it was read.
    """
    doubt = {
        "at": now,
        "account": submission.account,
        "outcome": "unconfirmed",
        "vendor_status": submission.vendor_status,
    }
    change = change_of("retry", seen(submission)).set(next_at=now, attempts=_with_attempt(submission, doubt))
    table.update(change.set(**due(submission.key, now + WAKE_UP_LOST)))


# When sweep looks


def look_again(table: Table, submission: StoredSubmission, at: Millis) -> None:
    """Have `sweep` look again at `at`, if nothing has happened meanwhile."""
    change = in_states(Change(submission.table_key).set(**due(submission.key, at)), submission.state)
    _quietly(table, same_attempt(change, submission.attempt) if submission.attempt else change)


def look_no_more(table: Table, submission: StoredSubmission) -> None:
    """Have `sweep` look no more, because nothing further will happen to the submission."""
    _quietly(table, in_states(Change(submission.table_key).remove("due_at", "due_shard"), submission.state))


def _quietly(table: Table, change: Change) -> None:
    try:
        table.update(change)
    except ConditionFailed:
        return  # whoever changed it has seen to its due_at
