"""The one way of a submission from each state to the next.

Every transition is one conditional write. What is not settled has a `due_at`, the moment at which `sweep` looks again;
it only has to be early enough, so transitions do not move it unless they must (an index write costs as much as the
item). All times are epoch milliseconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from smsgateway.ids import SubmissionKey
from smsgateway.model import Accepted, Reason, State
from smsgateway.store.submissions import WAKE_UP_LOST, StoredSubmission, due, read_submission
from smsgateway.store.table import KEPT, ConditionFailed, Table, Update, Write
from smsgateway.store.vendor_ids import grouped, map_in_blocks, mapping

MOST_ATTEMPTS = 50  # entries of different kinds that are kept of a submission, the oldest of them left out
DEADLINE_MARGIN = 5_000  # between the hard end of a worker and the moment it counts as dead


def claim_rows(table: Table, submission: StoredSubmission, owner: str, until: int, now: int) -> bool:
    """The right to write the recipients' rows, until a moment: a second, slower writer would erase their reports.

    False when they are written. Raises ConditionFailed while another worker is at it.
    """
    update = Update(
        submission.table_key,
        "SET filer = :owner, filing_until = :until",
        {"owner": owner, "until": until, "now": now, "seconds": table.seconds},
        f"{KEPT} AND attribute_not_exists(filed) AND (attribute_not_exists(filing_until) OR filing_until < :now)",
    )
    try:
        table.update(update)
    except ConditionFailed as failed:
        found = failed.item or {}
        if found.get("filed"):
            return False
        if found.get("filer") != owner:  # else the SDK's retry met our own success
            raise
    return True


def rows_filed(table: Table, submission: StoredSubmission, owner: str) -> None:
    """The recipients' rows are written, all of them, and no mark follows that would say so.

    Raises ConditionFailed when the right to it has run out.
    """
    expression = "SET filed = :yes REMOVE filing_until"
    table.update(Update(submission.table_key, expression, {"yes": True, "owner": owner}, "filer = :owner"))


def claim(table: Table, submission: StoredSubmission, owner: str, until: int) -> None:
    """The right to mark a submission whose rows are written, until a moment; an earlier one's is over.

    Whoever wants to mark what may be canceled as a whole has claimed it before (messages.cancel); `claim_rows` is such
    a claim too. Raises ConditionFailed when the submission is not to be sent (any more).
    """
    values = {
        "owner": owner,
        "until": until,
        "queued": State.QUEUED,
        "waiting": State.WAITING,
        "account": submission.account,
        "attempt": submission.attempt,
    }
    condition = f"#state IN (:queued, :waiting) AND account = :account AND {_same_attempt(submission)}"
    table.update(Update(submission.table_key, "SET filer = :owner, filing_until = :until", values, condition))


def mark(
    table: Table, submission: StoredSubmission, owner: str, deadline: int, now: int, *, filer: str = "", also: str = ""
) -> StoredSubmission:
    """The point of no return: the worker that gets this, and no other, opens the socket.

    `filer`: who has claimed it just now (`claim_rows`, `claim`), its recipients' rows being written. `also`: a further
    condition. Raises ConditionFailed when another worker was first, or the submission is not to be sent (any more).
    """
    expression = "SET #state = :sending, #owner = :owner, deadline = :deadline, attempt = :next, submitted_at = :now"
    conditions = [
        f"#state IN (:queued, :waiting) AND account = :account AND next_at <= :now AND {_same_attempt(submission)}",
        "filer = :filer" if filer else "",
        also,
    ]
    update = Update(
        submission.table_key,
        expression + (", filed = :yes REMOVE filing_until" if filer else ""),
        {
            "sending": State.SENDING,
            "owner": owner,
            "deadline": deadline,
            "attempt": submission.attempt,
            "next": submission.attempt + 1,
            "queued": State.QUEUED,
            "waiting": State.WAITING,
            "account": submission.account,
            "now": now,
            "yes": True,
            "filer": filer,
        },
        " AND ".join(filter(None, conditions)),
    )
    try:
        return read_submission(table.update(update))
    except ConditionFailed as failed:
        if failed.item and failed.item["state"] == State.SENDING and failed.item.get("owner") == owner:
            return read_submission(failed.item)  # the SDK's retry met our own success
        raise


def mark_unread(
    table: Table, key: SubmissionKey, account: str, owner: str, deadline: int, now: int
) -> StoredSubmission:
    """The mark of a message to one number that nobody has tried yet, at this account. It says all about it.

    Raises ConditionFailed likewise, and when the submission is any other.
    """
    supposed = StoredSubmission(
        key, client="", state=State.QUEUED, account=account, vendor="", count=1, segments=1, next_at=0
    )
    return mark(table, supposed, owner, deadline, now, also="attribute_exists(message)")


def _settling(submission: StoredSubmission, expression: str, values: Mapping[str, Any], condition: str = "") -> Update:
    """An update that only the worker of this attempt may make, also after its deadline."""
    return Update(
        submission.table_key,
        expression,
        {
            **values,
            "owner": submission.owner,
            "attempt": submission.attempt,
            "sending": State.SENDING,
            "unconfirmed": State.UNCONFIRMED,
        },
        f"#owner = :owner AND attempt = :attempt AND {condition or '#state IN (:sending, :unconfirmed)'}",
    )


def _settle(table: Table, update: Update, also: Write | None = None) -> None:
    """Make the update, alone or in one transaction with another. Our own earlier success is a success."""
    try:
        if also:
            table.update_both(update, also)
        else:
            table.update(update)
    except ConditionFailed as failed:
        found, values = failed.item or {}, update.values
        ours = found.get("owner") == values["owner"] and found.get("attempt") == values["attempt"]
        if not (ours and found.get("state") == values["state"]):
            raise


def submitted(table: Table, submission: StoredSubmission, answer: Accepted, *, unless_early: bool = True) -> None:
    """The vendor took it: the outcome and, in the same transaction, the vendor's id → this submission.

    Raises ConditionFailed with an `early` item when a report under that id came first: read those, and call again with
    `unless_early=False`.
    """
    ids = tuple(dict.fromkeys(answer.vendor_ids))
    values = {
        "state": State.SUBMITTED,
        "ids": grouped(ids),
        "answer": answer.vendor_status,
        "rejected": [[number.number, number.reason, number.vendor_status] for number in answer.rejected],
        "early": True,
    }
    expression = "SET #state = :state"
    expression += ", vendor_ids = :ids" if ids else ""
    expression += ", answer = :answer" if answer.vendor_status or submission.vendor_status else ""
    expression += ", rejected = :rejected" if answer.rejected else ""
    expression += "" if unless_early else ", early = :early"
    # A report may have proved it SUBMITTED already; the ids are still to be filed.
    proved_or_not = "#state IN (:sending, :unconfirmed, :state)"
    update = _settling(submission, f"{expression} REMOVE refusal", values, proved_or_not)
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
        _settle(table, update, alone)
        return
    # Many ids do not fit one transaction, so they go first. One that is mapped for a result that never gets written is
    # a proof waiting for its report, and harmless.
    if map_in_blocks(table, submission.account, ids, submission.key, submission.ttl) and unless_early:
        raise ConditionFailed({"early": True})
    _settle(table, update)


def unconfirmed(table: Table, submission: StoredSubmission, answer: str, reason: Reason) -> None:
    """Nobody can say whether the vendor took it, unless a report has come meanwhile and proves it SUBMITTED."""
    values = {"state": State.UNCONFIRMED, "answer": answer, "reason": reason}
    expression = "SET #state = :state, answer = :answer, refusal = :reason"
    try:
        _settle_unproved(table, submission, expression, values)
    except ConditionFailed as failed:
        if not (failed.item and failed.item.get("proved") == submission.attempt):
            raise


def _settle_unproved(table: Table, submission: StoredSubmission, expression: str, values: Mapping[str, Any]) -> None:
    """Settle an attempt as one that was not taken, unless a report has proved meanwhile that it was: then it is
    SUBMITTED, and ConditionFailed is raised. What was sent is not sent again, even if its vendor said both."""
    unproved = "#state IN (:sending, :unconfirmed) AND (attribute_not_exists(proved) OR proved <> :attempt)"
    try:
        _settle(table, _settling(submission, expression, values, unproved))
    except ConditionFailed as failed:
        if failed.item and failed.item.get("proved") == submission.attempt:
            _settle(table, _settling(submission, "SET #state = :state", {"state": State.SUBMITTED}))
        raise


def ended(table: Table, submission: StoredSubmission, state: State, answer: str, reason: Reason) -> None:
    """REFUSED or EXPIRED by the worker that holds the mark: nothing further will be sent."""
    expression, values = _ending(submission, state, answer, reason)
    _settle_unproved(table, submission, expression, values)


def _ending(
    submission: StoredSubmission, state: State, answer: str, reason: Reason | None
) -> tuple[str, dict[str, Any]]:
    """The end of the attempts. After one in doubt it is no denial: UNCONFIRMED again, and reports are waited for.

    A resend stays due until its recipient's row says what follows from its end.
    """
    expression = "SET #state = :state, answer = :answer" + (", refusal = :reason" if reason else "")
    if submission.doubted:
        doubt = {"state": State.UNCONFIRMED, "answer": answer, "reason": reason, "yes": True}
        return f"{expression}, given_up = :yes", doubt
    expression += "" if submission.recipient_row else " REMOVE due_at, due_shard"
    return expression, {"state": state, "answer": answer, "reason": reason}


def ended_unsent(
    table: Table, submission: StoredSubmission, state: State, reason: Reason | None = None, answer: str = ""
) -> None:
    """REFUSED, EXPIRED or CANCELED before any (further) mark. Raises ConditionFailed when it is too late."""
    _end_unsent(table, _ending_unsent(submission, state, answer, reason))


def canceled(table: Table, submission: StoredSubmission, now: int) -> None:
    """CANCELED by its client before any (further) mark. Raises ConditionFailed when it is too late.

    An attempt in doubt may still be said to have failed. The message must know that nothing goes on elsewhere then:
    one to several numbers does (messages.cancel), one to a single number is told by this write.
    """
    update = _ending_unsent(submission, State.CANCELED, "", Reason.CANCELED_BY_CLIENT)
    if submission.cancelable or not submission.doubted:
        _end_unsent(table, update)
    elif submission.recipient_row:
        message = Update(submission.recipient_row, "SET canceled_at = :now", {"now": now}, "attribute_exists(pk)")
        _end_unsent(table, update, message)
    else:
        expression, values = f"{update.expression}, canceled_at = :now", {**update.values, "now": now}
        _end_unsent(table, replace(update, expression=expression, values=values))


def _ending_unsent(submission: StoredSubmission, state: State, answer: str, reason: Reason | None) -> Update:
    expression, values = _ending(submission, state, answer, reason)
    values |= {"queued": State.QUEUED, "waiting": State.WAITING, "attempt": submission.attempt}
    condition = f"#state IN (:queued, :waiting) AND {_same_attempt(submission)}"
    return Update(submission.table_key, expression, values, condition)


def _end_unsent(table: Table, update: Update, also: Write | None = None) -> None:
    """Make the update, alone or in one transaction with another. Our own earlier success is a success."""
    try:
        if also:
            table.update_both(update, also)
        else:
            table.update(update)
    except ConditionFailed as failed:
        if not (failed.item and failed.item.get("state") == update.values["state"]):
            raise


def _same_attempt(submission: StoredSubmission) -> str:
    """The condition that nobody has marked the submission since it was read."""
    return "attempt = :attempt" if submission.attempt else "attribute_not_exists(attempt)"


def _with_attempt(submission: StoredSubmission, attempt: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The attempts with this one. A vendor that is busy for days refuses alike a thousand times: those are one entry,
    with the newest moment and their number, or the item would outgrow its limit."""

    def kind(each: Mapping[str, Any]) -> tuple[Any, ...]:
        return each["account"], each["outcome"], each.get("reason")

    alike = [each for each in submission.attempts if kind(each) == kind(attempt)]
    others = [each for each in submission.attempts if kind(each) != kind(attempt)]
    times = 1 + sum(each.get("times", 1) for each in alike)
    # Doubts, of which there are few, count for what may follow: they are never left out.
    first = len(others) - MOST_ATTEMPTS
    others = [each for place, each in enumerate(others) if place >= first or each["outcome"] == "unconfirmed"]
    return [*others, {**attempt, "times": times} if alike else attempt]


def waiting(
    table: Table,
    submission: StoredSubmission,
    *,
    account: str,
    vendor: str,
    next_at: int,
    failures: int,
    busy: int,
    tried: Sequence[str],
    attempt: Mapping[str, Any],
    deferred: Sequence[str] = (),
    refused_by: Sequence[str] = (),
    busy_since: int = 0,
    look_at: int = 0,
) -> None:
    """Certainly not sent: again at `next_at`, at this or another account. `attempt` is what became of this one.

    `look_at`: when `sweep` looks, unless it is long after `next_at`.
    """
    values = {
        "state": State.WAITING,
        "account": account,
        "vendor": vendor,
        "next_at": next_at,
        "failures": failures,
        "busy": busy,
        "busy_since": busy_since,
        "tried": list(tried),
        "put_off": list(deferred),
        "refused_by": list(refused_by),
        "attempts": _with_attempt(submission, attempt),
        "due_at": f"{look_at or next_at + WAKE_UP_LOST:013d}",
        "due_shard": due(submission.key, 0)["due_shard"],
        "queued": State.QUEUED,
    }
    expression = (
        "SET #state = :state, account = :account, vendor = :vendor, next_at = :next_at, failures = :failures,"
        " busy = :busy, busy_since = :busy_since, tried = :tried, put_off = :put_off, refused_by = :refused_by,"
        " attempts = :attempts, due_at = :due_at, due_shard = :due_shard"
    )
    _go_on(table, submission, expression, values, ("state", "account"))


def _go_on(
    table: Table, submission: StoredSubmission, expression: str, values: Mapping[str, Any], written: Sequence[str]
) -> None:
    """Make a change that needs no mark: by whoever holds it, or as long as nobody has marked what was read.

    `written`: what our own earlier success would have left. Another worker's, after a further attempt, knows of doubts
    that this one does not.
    """
    if submission.marked:
        _settle_unproved(table, submission, expression, values)
        return
    seen = {**values, "waiting": State.WAITING, "before": submission.account, "attempt": submission.attempt}
    condition = f"#state IN (:queued, :waiting) AND account = :before AND {_same_attempt(submission)}"
    try:
        table.update(Update(submission.table_key, expression, seen, condition))
    except ConditionFailed as failed:
        found = failed.item or {}
        same = found.get("attempt", 0) == submission.attempt
        if not (same and all(found.get(name) == values[name] for name in written)):
            raise


def moved(
    table: Table,
    submission: StoredSubmission,
    attempt: Mapping[str, Any],
    moved_to: str,
    *,
    vendor: str = "",
    limit: int = 0,
    deferred: Sequence[str] = (),
    refused_by: Sequence[str] = (),
) -> None:
    """Its recipients go on in children of at most `limit`, because the next account takes fewer at once.

    `due_at` stays, for the worker that spreads the recipients may die. Whoever does it then must cut them as this one
    would have, whatever the configuration says by that time: a child that is there may have been sent.
    """
    values = {
        "state": State.MOVED,
        "attempts": _with_attempt(submission, attempt),
        "moved_to": moved_to,
        "moved_vendor": vendor,
        "moved_limit": limit,
        "put_off": list(deferred),
        "refused_by": list(refused_by),
        "queued": State.QUEUED,
    }
    expression = "SET #state = :state, attempts = :attempts, moved_to = :moved_to"
    expression += ", moved_vendor = :moved_vendor, moved_limit = :moved_limit"
    expression += ", put_off = :put_off, refused_by = :refused_by"
    _go_on(table, submission, expression, values, ("state", "moved_to"))


def expire(table: Table, submission: StoredSubmission, now: int) -> None:
    """SENDING and past its deadline: the worker died. UNCONFIRMED, unless a report has proved it sent.

    Raises ConditionFailed when the worker came back first.
    """
    proved = submission.proved == submission.attempt
    values = {
        "state": State.SUBMITTED if proved else State.UNCONFIRMED,
        "sending": State.SENDING,
        "now": now,
        "attempt": submission.attempt,
        "reason": Reason.AMBIGUOUS_ANSWER,
        "answer": "",
    }
    expression = "SET #state = :state"
    expression += "" if proved else ", refusal = :reason, answer = :answer"
    # A report may prove it between the reading and this write: then the write must lose, and sweep looks again.
    unproved = "" if proved else " AND (attribute_not_exists(proved) OR proved <> :attempt)"
    condition = f"#state = :sending AND deadline < :now AND attempt = :attempt{unproved}"
    table.update(Update(submission.table_key, expression, values, condition))


def prove(table: Table, submission: StoredSubmission) -> None:
    """A report carries our id: a submission in doubt was sent, and one that is SENDING will not be in doubt.

    In doubt is UNCONFIRMED, and WAITING after an attempt at this account that was: it need not be sent once more.
    """
    values = {"state": submission.state, "sending": State.SENDING, "attempt": submission.attempt}
    doubted = submission.state == State.WAITING and any(
        attempt["outcome"] == "unconfirmed" and attempt["account"] == submission.account
        for attempt in submission.attempts
    )
    try:
        if submission.state == State.UNCONFIRMED or doubted:
            expression = "SET #state = :submitted REMOVE refusal"
            condition = "#state = :state AND attempt = :attempt"
            table.update(Update(submission.table_key, expression, {**values, "submitted": State.SUBMITTED}, condition))
        elif submission.state == State.SENDING:
            condition = "#state = :sending AND attempt = :attempt"
            table.update(Update(submission.table_key, "SET proved = :attempt", values, condition))
    except ConditionFailed as failed:
        if failed.item and failed.item["state"] in (State.UNCONFIRMED, State.SENDING, State.WAITING):
            prove(table, read_submission(failed.item))


def count_as_sent(table: Table, submission: StoredSubmission) -> None:
    """UNCONFIRMED, and nobody waits any longer: whatever its worker still has to say, it does not lead elsewhere.

    Raises ConditionFailed when the submission has gone on.
    """
    values = {"attempt": submission.attempt, "unconfirmed": State.UNCONFIRMED}
    condition = "#state = :unconfirmed AND attempt = :attempt"
    table.update(Update(submission.table_key, "SET proved = :attempt", values, condition))


def opt_in(table: Table, submission: StoredSubmission, now: int) -> None:
    """UNCONFIRMED, and the client accepts a duplicate: once more, unless it was given up since it was read."""
    values = {
        "waiting": State.WAITING,
        "unconfirmed": State.UNCONFIRMED,
        "attempt": submission.attempt,
        "now": now,
        "due_at": f"{now + WAKE_UP_LOST:013d}",
        "due_shard": due(submission.key, 0)["due_shard"],
        "attempts": _with_attempt(
            submission,
            {
                "at": now,
                "account": submission.account,
                "outcome": "unconfirmed",
                "vendor_status": submission.vendor_status,
            },
        ),
    }
    table.update(
        Update(
            submission.table_key,
            "SET #state = :waiting, next_at = :now, due_at = :due_at, due_shard = :due_shard, attempts = :attempts",
            values,
            "#state = :unconfirmed AND attempt = :attempt AND attribute_not_exists(given_up)",
        )
    )


def look_again(table: Table, submission: StoredSubmission, at: int) -> None:
    """Have `sweep` look again at `at`, if nothing has happened meanwhile."""
    values = {"state": submission.state, "attempt": submission.attempt, **due(submission.key, at)}
    condition = "#state = :state" + (" AND attempt = :attempt" if submission.attempt else "")
    _quietly(table, Update(submission.table_key, "SET due_at = :due_at, due_shard = :due_shard", values, condition))


def look_no_more(table: Table, submission: StoredSubmission) -> None:
    """Nothing further will happen to the submission."""
    condition = "#state = :state"
    values = {"state": submission.state}
    _quietly(table, Update(submission.table_key, "REMOVE due_at, due_shard", values, condition))


def _quietly(table: Table, update: Update) -> None:
    try:
        table.update(update)
    except ConditionFailed:
        return  # whoever changed it has seen to its due_at
