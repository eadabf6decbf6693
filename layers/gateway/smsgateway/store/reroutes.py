"""Resends in the table (`resend.undelivered`): which were decided on, what they are, and who speaks for a recipient.

A recipient's row names a resend, in one conditional write, before the resend is there: whoever comes again finds its
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
from smsgateway.store.recipients import STATUS_OF_STATE, RecipientRow, all_rows, read_row
from smsgateway.store.report_writes import history_unchanged
from smsgateway.store.submissions import (
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

# Of what several attempts came to, the one that stands: a failure does not deny what nobody knows.
_STRENGTH = {Status.UNKNOWN: 2, Status.UNDELIVERED: 1}


def stronger(so_far: Item | None, final: Item) -> Item:
    """What a recipient's attempts came to: those before, and the last."""
    return so_far if so_far and _strength(so_far) > _strength(final) else final


def _strength(final: Item) -> int:
    return _STRENGTH.get(Status(final["status"]), 0)


def successor(outcome: RecipientRow, submission: StoredSubmission) -> Mapping[str, str] | None:
    """The resend that was decided on because of this submission; None when there is none (yet)."""
    paths = [resend["path"] for resend in outcome.reroutes]
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
    """Give a recipient its final status, for no account is left. Raises ConditionFailed likewise."""
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
    refused_by: str = ""  # the vendor whose report refuses the content, if it does


def put_reroute(
    table: Table, row: Key, reroute: Mapping[str, str], new: NewReroute, now: Millis
) -> SubmissionKey | None:
    """File a reroute that a recipient's row names. Returns its key, or None when it is there already."""
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
        "next_at": now,
        **due(key, now + WAKE_UP_LOST),
    }
    return key if put_child(table, item) else None


def superseded(table: Table, resend: StoredSubmission) -> bool:
    """Whether the recipient needs no resend any more: the report of an earlier attempt says that it has the text."""
    row = table.get(resend.recipient_row) if resend.recipient_row else None
    return row is not None and "status" in row


def unsent(resend: StoredSubmission) -> bool:
    """Whether a resend ended without a vendor that took it."""
    return resend.recipient_row is not None and (resend.state in UNSENT or bool(resend.rejected))


def report_unsent(table: Table, resend: StoredSubmission, now: int) -> None:
    """A resend ended unsent: the recipient's earlier attempts decide what it comes to. Doing it again is safe."""
    row = table.get(resend.recipient_row) if resend.recipient_row else None
    if resend.recipient_row and row:
        _conclude(table, resend, resend.recipient_row, read_row(row), now)
    look_no_more(table, resend)


def end_canceled(table: Table, submission: StoredSubmission, now: int) -> None:
    """End what waits and was canceled, be it a resend or not. Raises ConditionFailed when it is too late."""
    canceled(table, submission, now)
    if submission.recipient_row and (resend := load_submission(table, submission.key)) and unsent(resend):
        report_unsent(table, resend, now)


def _conclude(table: Table, resend: StoredSubmission, row: Key, outcome: RecipientRow, now: int) -> None:
    if outcome.status or outcome.so_far is None or outcome.reroutes[-1]["path"] != resend.key.path:
        return
    reason, answer = resend.reason, resend.vendor_status
    for rejection in resend.rejected:
        reason, answer = rejection.reason, rejection.vendor_status
    entry = {
        "at": now,
        "account": resend.account,
        "status": STATUS_OF_STATE[resend.state] if resend.state in UNSENT else Status.REJECTED,
        "reason": reason,
        "vendor_status": answer,
    }
    try:
        finish(table, row, outcome, outcome.so_far, entry)
    except ConditionFailed:
        return  # a report says that it was delivered


def load(table: Table, submission: StoredSubmission, outcomes: Iterable[RecipientRow]) -> dict[str, StoredSubmission]:
    """The resends to these recipients of a submission, by path."""
    keys = [
        SubmissionKey(submission.key.message_id, resend["path"]) for outcome in outcomes for resend in outcome.reroutes
    ]
    found = table.get_many(map(submission_key, keys))
    return {resend.key.path: resend for resend in map(read_submission, found.values())}


def accounts_asked(table: Table, submission: StoredSubmission, row: Key) -> set[str]:
    """The accounts that the recipient at `row` may have been sent to through."""
    asked = {submission.account, *submission.tried}
    item = table.get(row) if submission.may_reroute else None
    if item:
        outcome = read_row(item)
        for resend in load(table, submission, [outcome]).values():
            asked |= {resend.account, *resend.tried}
    return asked


def open_reroutes(table: Table, submission: StoredSubmission) -> list[StoredSubmission]:
    """The resends, of recipients filed under this submission's root, that no vendor has been asked to send yet."""
    if not submission.may_reroute:
        return []
    waiting = [outcome for outcome in all_rows(table, submission) if outcome.reroutes and not outcome.status]
    return [resend for resend in load(table, submission, waiting).values() if resend.unmarked]


def attempts(
    submission: StoredSubmission, outcome: RecipientRow, resends: Mapping[str, StoredSubmission]
) -> Sequence[StoredSubmission]:
    """The submission and its resends to a recipient, in their order. `resends`: those that are there, by path."""
    found = [_named(submission, resend, resends.get(resend["path"])) for resend in outcome.reroutes]
    return [submission, *found]


def _named(submission: StoredSubmission, resend: Mapping[str, str], found: StoredSubmission | None) -> StoredSubmission:
    """A resend; for a moment it is named, but not there yet."""
    return found or replace(
        submission,
        key=SubmissionKey(submission.key.message_id, resend["path"]),
        state=State.QUEUED,
        account=resend["account"],
        vendor=resend["vendor"],
        attempt=0,
        vendor_ids=(),
        vendor_status="",
        reason=None,
        rejected=(),
        attempts=(),
        submitted_at=None,
    )


def standing(
    submission: StoredSubmission, outcome: RecipientRow, resends: Mapping[str, StoredSubmission]
) -> tuple[StoredSubmission, RecipientRow]:
    """The attempt that speaks for a recipient, and what became of it: of a final status the one that it came from,
    otherwise the last."""
    if not outcome.reroutes:
        return submission, outcome
    tried = attempts(submission, outcome, resends)
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
