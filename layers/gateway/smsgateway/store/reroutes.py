"""Reroutes in the table (`resend.undelivered`): which were decided on, what they are, and who speaks for a recipient.

A recipient's row names a reroute, in one conditional write, before the reroute is there: whoever comes again finds its
name and finishes it. Until the last one is over the row has no final status, and keeps what it will be otherwise.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from smsgateway.clock import Millis
from smsgateway.ids import SubmissionKey
from smsgateway.model import Account, Message, Payload, Reason, State, Status
from smsgateway.store.change import Change
from smsgateway.store.finals import set_final
from smsgateway.store.history import write
from smsgateway.store.keys import submission_key
from smsgateway.store.recipients import RecipientRow, all_rows, read_row, status_of_end
from smsgateway.store.report_writes import history_unchanged
from smsgateway.store.submissions import (
    SENT,
    SWEEP_AHEAD,
    UNSENT,
    WAKE_UP_LOST,
    Share,
    StoredSubmission,
    due,
    load_submission,
    new_submission,
    put_child,
    read_submission,
)
from smsgateway.store.table import ConditionFailed, Item, Key, Table
from smsgateway.store.transitions import canceled, look_no_more

_STRENGTH = {Status.UNKNOWN: 2, Status.UNDELIVERED: 1}


def stronger(so_far: Item | None, final: Item) -> Item:
    """Of two final statuses of a recipient's attempts, the one that stands: of those before, and of the last one.

    `unknown` stands above `undelivered`: a failure does not deny what nobody knows. Otherwise the last one counts.
    """
    return so_far if so_far and _strength(so_far) > _strength(final) else final


def _strength(final: Item) -> int:
    return _STRENGTH.get(Status(final["status"]), 0)


def successor(outcome: RecipientRow, submission: StoredSubmission) -> Mapping[str, str] | None:
    """The reroute that was decided on because this submission failed the recipient; None when there is none (yet)."""
    paths = [reroute["path"] for reroute in outcome.reroutes]
    place = paths.index(submission.key.path) + 1 if submission.recipient_row else 0
    return outcome.reroutes[place] if place < len(paths) else None


def named(key: SubmissionKey, account: Account) -> Mapping[str, str]:
    """A reroute as its recipient's row names it."""
    return {"path": key.path, "account": account.name, "vendor": account.vendor}


def decide(
    table: Table,
    row: Key,
    outcome: RecipientRow,
    reroute: Mapping[str, str],
    so_far: Item,
    entry: Item,
    *,
    as_heard: bool,
) -> None:
    """Say in a recipient's row that it goes on with a reroute (`named`). `so_far`: its final status, if that fails.

    `entry` is added to the history, unless it is there. `as_heard`: the decision rests on the history as it was read.
    Raises ConditionFailed when something was decided meanwhile, or with `as_heard` when something was reported.
    """
    stands = stronger(outcome.so_far, so_far)
    change = _undecided(row, outcome, as_heard=as_heard).set(
        resent=reroute["path"],
        resends=[*outcome.reroutes, reroute],
        so_far={name: value for name, value in stands.items() if value is not None},
    )
    write(table, change, None if entry in outcome.history else entry)


def finish(table: Table, row: Key, outcome: RecipientRow, final: Item, entry: Item, *, as_heard: bool = False) -> None:
    """Give a recipient its final status, because no account is left.

    `final` is what the last attempt came to, `entry` what is added to the history. Raises ConditionFailed when
    something was decided meanwhile, or with `as_heard` when something was reported.
    """
    new = None if entry in outcome.history else entry
    set_final(table, _undecided(row, outcome, as_heard=as_heard), stronger(outcome.so_far, final), new)


def _undecided(row: Key, outcome: RecipientRow, *, as_heard: bool) -> Change:
    """A change of a recipient's row, if nothing was decided of the recipient since the row was read."""
    change = Change(row).when("attribute_not_exists(#status)")
    if outcome.reroutes:
        change = change.when("resent = :last", last=outcome.reroutes[-1]["path"])
    else:
        change = change.when("attribute_not_exists(resent)")
    return history_unchanged(change, outcome) if as_heard else change


@dataclass(frozen=True, slots=True)
class NewReroute:
    """What a reroute carries, and the submission that it follows."""

    before: StoredSubmission
    message: Message
    payload: Payload  # of its one recipient
    segments: int
    at: Millis = 0  # when it is to be sent; 0: at once
    refused_by: str = ""  # the vendor whose report refuses the content, if it does


def put_reroute(
    table: Table, row: Key, reroute: Mapping[str, str], new: NewReroute, now: Millis
) -> SubmissionKey | None:
    """File a reroute that a recipient's row names. Returns its key, or None when it is there already.

    One that is to be sent later is woken up by `sweep`.
    """
    key, before, payload = SubmissionKey(new.message.id, reroute["path"]), new.before, new.payload
    share = Share(reroute["account"], reroute["vendor"], 1, new.segments)
    item = new_submission(key, new.message, share, ttl=before.ttl, now=now)
    (number,) = payload.numbers
    content = payload.contents[0] if payload.contents else None
    item |= {
        "row": list(row),
        "to": number,
        "content": {"text": content.text, "params": content.params} if content else None,
        "tried": [*before.tried, before.account],
        "refused_by": list(dict.fromkeys(filter(None, (*before.refused_by, new.refused_by)))) or None,
        "filed": True,
        "next_at": max(now, new.at),
        **due(key, new.at - SWEEP_AHEAD if new.at > now else now + WAKE_UP_LOST),
    }
    return key if put_child(table, item) else None


def superseded(table: Table, reroute: StoredSubmission) -> bool:
    """True if the recipient needs no reroute any more: the report of an earlier attempt says that it has the text."""
    row = table.get(reroute.recipient_row) if reroute.recipient_row else None
    return row is not None and "status" in row


def unsent(reroute: StoredSubmission) -> bool:
    """True for a reroute that ended without a vendor that took it, and False for any other submission."""
    return reroute.recipient_row is not None and (reroute.state in UNSENT or bool(reroute.rejected))


def report_unsent(table: Table, reroute: StoredSubmission, now: Millis) -> None:
    """Settle the recipient of a reroute that ended unsent by what its earlier attempts came to.

    Doing it again changes nothing.
    """
    row = table.get(reroute.recipient_row) if reroute.recipient_row else None
    if reroute.recipient_row and row:
        _finish_unsent(table, reroute, reroute.recipient_row, read_row(row), now)
    look_no_more(table, reroute)


def end_canceled(table: Table, submission: StoredSubmission, now: Millis) -> None:
    """End a submission that waits and was canceled, be it a reroute or not.

    Raises ConditionFailed when it is too late.
    """
    canceled(table, submission, now)
    if submission.recipient_row and (reroute := load_submission(table, submission.key)) and unsent(reroute):
        report_unsent(table, reroute, now)


def _finish_unsent(table: Table, reroute: StoredSubmission, row: Key, outcome: RecipientRow, now: Millis) -> None:
    """Give the recipient of a reroute that ended unsent its final status, unless something was decided meanwhile."""
    if outcome.status or outcome.so_far is None or outcome.reroutes[-1]["path"] != reroute.key.path:
        return
    reason, vendor_status = reroute.reason, reroute.vendor_status
    for rejection in reroute.rejected:
        reason, vendor_status = rejection.reason, rejection.vendor_status
    entry = {
        "at": now,
        "account": reroute.account,
        "status": status_of_end(reroute) if reroute.state in UNSENT else Status.REJECTED,
        "reason": reason,
        "vendor_status": vendor_status,
    }
    try:
        finish(table, row, outcome, outcome.so_far, entry)
    except ConditionFailed:
        return  # a report says that it was delivered


def load(table: Table, submission: StoredSubmission, outcomes: Iterable[RecipientRow]) -> dict[str, StoredSubmission]:
    """The reroutes to these recipients of a submission, by path."""
    keys = [
        SubmissionKey(submission.key.message_id, reroute["path"])
        for outcome in outcomes
        for reroute in outcome.reroutes
    ]
    found = table.get_many(map(submission_key, keys))
    return {reroute.key.path: reroute for reroute in map(read_submission, found.values())}


def accounts_sent_through(
    table: Table, submission: StoredSubmission, row: Key, number: str, by: Millis
) -> frozenset[str]:
    """The accounts through which the recipient at `row` may have been sent to by then (epoch ms)."""
    attempted = [submission]
    item = table.get(row) if submission.may_reroute else None
    if item:
        attempted += load(table, submission, [read_row(item)]).values()
    return frozenset(account for each in attempted for account in _may_have_sent(each, number, by))


def _may_have_sent(submission: StoredSubmission, number: str, by: Millis) -> tuple[str, ...]:
    if number in submission.spared.numbers:
        return ()
    if submission.doubted:  # by any that was asked so far: a child knows no more of its parent's doubt
        return (submission.account, *submission.tried)
    sent = submission.state in SENT or submission.proved
    refused = any(rejection.number == number for rejection in submission.rejected)
    return (submission.account,) if sent and not refused and (submission.submitted_at or 0) <= by else ()


def open_reroutes(table: Table, submission: StoredSubmission) -> list[StoredSubmission]:
    """The reroutes, of recipients filed under this submission's root, that no vendor has been asked to send yet."""
    if not submission.may_reroute:
        return []
    waiting = [outcome for outcome in all_rows(table, submission) if outcome.reroutes and not outcome.status]
    return [reroute for reroute in load(table, submission, waiting).values() if reroute.unmarked]


def attempts(
    submission: StoredSubmission, outcome: RecipientRow, reroutes: Mapping[str, StoredSubmission]
) -> Sequence[StoredSubmission]:
    """A recipient's attempts in their order: the submission, and then its reroutes.

    `reroutes`: those that are there, by path.
    """
    found = [_as_submission(submission, reroute, reroutes.get(reroute["path"])) for reroute in outcome.reroutes]
    return [submission, *found]


def _as_submission(
    submission: StoredSubmission, reroute: Mapping[str, str], found: StoredSubmission | None
) -> StoredSubmission:
    """A reroute that the row names, as a submission; for a moment it is not there yet."""
    return found or replace(
        submission,
        key=SubmissionKey(submission.key.message_id, reroute["path"]),
        state=State.QUEUED,
        account=reroute["account"],
        vendor=reroute["vendor"],
        attempt=0,
        vendor_ids=(),
        vendor_status="",
        reason=None,
        rejected=(),
        attempts=(),
        submitted_at=None,
    )


def standing(
    submission: StoredSubmission, outcome: RecipientRow, reroutes: Mapping[str, StoredSubmission]
) -> tuple[StoredSubmission, RecipientRow]:
    """The attempt that speaks for a recipient, and the recipient's row as that attempt leaves it.

    For a final status it is the attempt that the status came from, otherwise the last one.
    """
    if not outcome.reroutes:
        return submission, outcome
    tried = attempts(submission, outcome, reroutes)
    last = tried[-1]
    if outcome.status is None and unsent(last) and outcome.so_far:  # its row is about to say so
        outcome = _ended(outcome, outcome.so_far)
    if outcome.status is None:
        return last, outcome
    return next((each for each in tried if each.account == outcome.account), last), outcome


def _ended(outcome: RecipientRow, final: Mapping[str, Any]) -> RecipientRow:
    return replace(
        outcome,
        status=Status(final["status"]),
        reason=Reason(final["reason"]) if "reason" in final else None,
        vendor_status=final["vendor_status"],
        vendor_id=final["vendor_id"],
        account=final["reported_by"],
        reported_at=final["reported_at"],
    )
