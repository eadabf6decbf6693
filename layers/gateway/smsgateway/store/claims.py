"""The right to write a submission's rows, and to mark it: taken before the mark, because both take more than one write.

A claim changes no state. It runs out by itself when its worker dies.
"""

from smsgateway.clock import Millis
from smsgateway.model import State
from smsgateway.store.change import Change
from smsgateway.store.states import in_states, same_attempt
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import KEPT, ConditionFailed, Table


def claim_rows(table: Table, submission: StoredSubmission, owner: str, until: Millis, now: Millis) -> bool:
    """Take the right to write the recipients' rows, until a time: a second, slower writer would erase their reports.

    Returns False when the rows are written. Raises ConditionFailed while another worker is at it.
    """
    change = (
        Change(submission.table_key)
        .set(filer=owner, filing_until=until)
        .when(KEPT, seconds=table.seconds)
        .when("attribute_not_exists(filed)")
        .when("attribute_not_exists(filing_until) OR filing_until < :now", now=now)
    )
    try:
        table.update(change)
    except ConditionFailed as failed:
        found = failed.item or {}
        if found.get("filed"):
            return False
        if found.get("filer") != owner:  # else the SDK's retry met our own success
            raise
    return True


def rows_filed(table: Table, submission: StoredSubmission, owner: str) -> None:
    """Say that all of the recipients' rows are written, where no mark follows that would say so.

    Raises ConditionFailed when the right to write them has run out, and another worker has taken it.
    """
    table.update(
        Change(submission.table_key).set(filed=True).remove("filing_until").when("filer = :owner", owner=owner)
    )


def claim(table: Table, submission: StoredSubmission, owner: str, until: Millis) -> None:
    """Take the right to mark a submission whose rows are written, until a time. A claim before this one is over.

    Whoever wants to mark what may be canceled as a whole has claimed it before (messages.cancel); `claim_rows` is such
    a claim, too. Raises ConditionFailed when the submission is not to be sent (any more).
    """
    change = Change(submission.table_key).set(filer=owner, filing_until=until)
    change = in_states(change, State.QUEUED, State.WAITING).when("account = :account", account=submission.account)
    table.update(same_attempt(change, submission.attempt))
