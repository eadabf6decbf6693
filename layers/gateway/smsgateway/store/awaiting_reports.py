"""The submissions that wait for delivery reports, by the time of their mark.

There is no index by account: it would cost one write per submission. The index `by_due` has them instead: sweep gives
an open submission, some minutes after its mark, the due time *mark + report window*. So those that were marked in the
last minutes are missing.
"""

from collections.abc import Iterator
from itertools import batched

from smsgateway.clock import Millis, millis, sortable
from smsgateway.ids import DUE_SHARDS
from smsgateway.model import Account, State
from smsgateway.store.keys import is_submission
from smsgateway.store.submissions import StoredSubmission, read_submission
from smsgateway.store.table import BATCH_READS, Key, Query, Table

AWAITED = frozenset({State.SUBMITTED, State.UNCONFIRMED})


def awaited(table: Table, account: Account, after: Millis, until: Millis) -> Iterator[StoredSubmission]:
    """The account's submissions with after < mark <= until (epoch ms), read only as far as they are asked for.

    A message to one number is no longer among them once it is final; a larger one is until its report window ends.
    Of marks of the last minutes, and of a report window that was changed meanwhile, some are missing.
    """
    for shard in range(DUE_SHARDS):
        for keys in batched(_due_at_their_window(table, account, shard, after, until), BATCH_READS, strict=False):
            for item in table.get_many(keys).values():
                submission = read_submission(item)
                marked_in_time = after < (submission.submitted_at or 0) <= until
                if submission.account == account.name and submission.state in AWAITED and marked_in_time:
                    yield submission


def _due_at_their_window(table: Table, account: Account, shard: int, after: Millis, until: Millis) -> Iterator[Key]:
    if after >= until:
        return
    window = millis(account.options.report_window)
    values = {"shard": f"due#{shard}", "first": sortable(after + 1 + window), "last": sortable(until + window)}
    due = table.query_all(Query("due_shard = :shard AND due_at BETWEEN :first AND :last", values, index="by_due"))
    for item in due:
        key = item["pk"], item["sk"]
        if is_submission(key):
            yield key
