"""Sweep: whatever is due is looked at again, for nothing else in the gateway keeps time.

Due are scheduled messages, submissions whose wake-up was lost or whose worker died, and reports and parts that never
came. One sparse index says what is due; what is done depends on the item's state.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from smsgateway.clock import Millis, millis, seconds, sortable
from smsgateway.core import WakingCore
from smsgateway.ids import DUE_SHARDS
from smsgateway.model import Options, State
from smsgateway.queues import longest_delay, urgent
from smsgateway.sending.outcome import DOUBTS_ALLOWED
from smsgateway.sending.split import finish_split
from smsgateway.settling import failures
from smsgateway.settling.replies import join_parts
from smsgateway.settling.reports import apply_early
from smsgateway.store import recipients, report_writes, reroutes, submissions, transitions
from smsgateway.store.keys import Kind, account_of_parts, kind_of
from smsgateway.store.messages import load_payload
from smsgateway.store.submissions import WAKE_UP_LOST, StoredSubmission, sweep_at
from smsgateway.store.table import ConditionFailed, Item, Key, Query

PAGE = 100
LONGEST_PATIENCE = 900_000  # milliseconds between two wake-ups that sweep puts into a queue for one submission
ORPHAN_AFTER = 180_000  # milliseconds after which an acceptance that is not finished never will be


@dataclass(frozen=True, slots=True)
class Sweeper(WakingCore):
    """What a run of the function `sweep` works with; it stops at `until`.

    `failed` is told of an item that could not be seen to.
    """

    failed: Callable[[Key, Exception], None]
    until: Millis


def sweep(sweeper: Sweeper, each: Callable[..., Iterable[tuple[int, int]]] = map) -> dict[str, int]:
    """Act on everything that is due. Returns how many items were looked at, and how many failed.

    `each`: maps a function over the shards; an executor's works on several at once.
    """
    counts = list(each(lambda shard: _sweep_shard(sweeper, shard), range(DUE_SHARDS)))
    return {"looked": sum(looked for looked, _ in counts), "failed": sum(failed for _, failed in counts)}


def _sweep_shard(sweeper: Sweeper, shard: int) -> tuple[int, int]:
    """Act on what is due in one shard of the index. Returns how many items were looked at, and how many failed."""
    looked, failed = 0, 0
    for key in _due(sweeper, shard):
        looked += 1
        try:
            _look(sweeper, key)
        except ConditionFailed:
            continue  # somebody else just saw to it
        except Exception as error:  # the next item is not to suffer from it; this one stays due
            failed += 1
            sweeper.failed(key, error)
        if sweeper.now() >= sweeper.until:
            break
    return looked, failed


def _due(sweeper: Sweeper, shard: int) -> list[Key]:
    """The keys of what is due in one shard of the index, the longest due first."""
    values = {"shard": f"due#{shard}", "now": sortable(sweeper.now())}
    items = sweeper.table.query_all(Query("due_shard = :shard AND due_at <= :now", values, index="by_due", limit=PAGE))
    return [(item["pk"], item["sk"]) for item in items]


def _look(sweeper: Sweeper, key: Key) -> None:
    """Act on one item by what it is now, which may be further than the index knows."""
    item = sweeper.table.get(key)
    if item is None or "due_at" not in item or int(item["due_at"]) > sweeper.now():
        return
    if kind_of(key) == Kind.REPLY_PART:
        _deliver_partial(sweeper, item)
    else:
        look_at(sweeper, submissions.read_submission(item))


def look_at(sweeper: Sweeper, submission: StoredSubmission) -> None:
    """Take a submission that is due one step further. Raises ConditionFailed when somebody else just did."""
    table, now = sweeper.table, sweeper.now()
    if reroutes.unsent(submission):
        reroutes.report_unsent(table, submission, now)
        return
    match submission.state:
        case State.QUEUED | State.WAITING:
            _wake(sweeper, submission)
        case State.SENDING:
            if submission.deadline >= now:
                transitions.look_again(table, submission, submission.deadline + 1)
                return
            transitions.bury(table, submission, now)
            # Looked at again in the next run: as SUBMITTED, or as UNCONFIRMED, which may be retried on request.
        case State.SUBMITTED:
            _await_reports(sweeper, submission)
        case State.UNCONFIRMED:
            if not _retry_in_doubt(sweeper, submission):
                _await_reports(sweeper, submission)
        case State.MOVED:
            _finish_split(sweeper, submission)
        case _:
            transitions.look_no_more(table, submission)


def _wake(sweeper: Sweeper, submission: StoredSubmission) -> None:
    """Wake up a submission that waits, or see to what has become of it: canceled, scheduled, or never accepted."""
    table, now = sweeper.table, sweeper.now()
    message = submissions.message_of(sweeper.table, submission)
    if message is None:
        if now >= submission.next_at + ORPHAN_AFTER:  # nobody was promised this one
            submissions.delete_unaccepted(table, submission)
        return
    if message.canceled_at is not None:
        reroutes.end_canceled(table, submission, now)
        return
    if submission.next_at - now > millis(longest_delay(urgent(message))):
        transitions.look_again(table, submission, sweep_at(submission.next_at, now, urgent(message)))
        return
    sweeper.wake_ups.put(urgent(message), submission.account, [submission.key], seconds(submission.next_at - now))
    # Many wait behind others rather than that their wake-ups were lost: the longer they do, the seldomer another.
    patience = min(max(WAKE_UP_LOST, now - submission.next_at), LONGEST_PATIENCE)
    transitions.look_again(table, submission, max(now, submission.next_at) + patience)


def _retry_in_doubt(sweeper: Sweeper, submission: StoredSubmission) -> bool:
    """Send an UNCONFIRMED submission once more, if its client asked for that and there is time. Returns whether."""
    if submission.given_up:
        return False
    message = submissions.message_of(sweeper.table, submission)
    now = sweeper.now()
    if message is None or message.canceled_at is not None:
        return False
    if not (message.resend_unconfirmed and submission.doubts < DOUBTS_ALLOWED and now < message.valid_until):
        return False
    transitions.opt_in(sweeper.table, submission, now)
    sweeper.wake_ups.put(urgent(message), submission.account, [submission.key])
    return True


def _await_reports(sweeper: Sweeper, submission: StoredSubmission) -> None:
    """Wait for the end of the account's report window; then what is still open becomes `unknown`."""
    table, now = sweeper.table, sweeper.now()
    account = sweeper.settings().accounts.get(submission.account)
    if submission.early and account:  # its worker may have died before it applied them
        apply_early(sweeper, account, submission, submission.vendor_ids)
    window = millis((account.options if account else Options()).report_window)
    end = (submission.submitted_at or submission.next_at) + window
    if end > now:
        transitions.look_again(table, submission, end)
        return
    payload = submission.payload() or load_payload(table, submission.key)
    rows = recipients.load_rows(table, submission, payload.numbers)
    not_sent_to = submission.not_sent_to
    still_open = [row for row in rows.values() if row.number not in not_sent_to and not row.status]
    if submission.may_reroute:
        failures.close(sweeper, submission, [row.number for row in still_open])
    else:
        for row in still_open:
            report_writes.close(table, submission, row, now)
    transitions.look_no_more(table, submission)


def _finish_split(sweeper: Sweeper, submission: StoredSubmission) -> None:
    """Finish what a worker may have left that died after it had moved the submission's recipients elsewhere."""
    message = submissions.message_of(sweeper.table, submission)
    if message is None:
        transitions.look_again(sweeper.table, submission, sweeper.now() + WAKE_UP_LOST)
        return
    finish_split(sweeper, submission, message)


def _deliver_partial(sweeper: Sweeper, item: Item) -> None:
    """Store what has come of a long reply whose other parts never will. It is said to be partial."""
    key = item["pk"]
    account = sweeper.settings().accounts.get(account_of_parts(key))
    vendor = account.vendor if account else item.get("vendor", "")
    join_parts(sweeper, key, vendor, overdue_at=sweeper.now())
