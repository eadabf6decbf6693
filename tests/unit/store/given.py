"""What the store's tests begin with: messages and submissions in a given state."""

from dataclasses import replace
from typing import Any

from smsgateway.ids import SubmissionKey, message_id, root_path
from smsgateway.model import Accepted, Message, Personal, State
from smsgateway.store import submissions, transitions
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import Table, Update

NOW = 1_767_294_000_000  # 2026-01-01T19:00:00Z
TTL = NOW // 1000 + 90 * 86_400
DEADLINE = NOW + 75_000
NUMBER = "13800138000"
MESSAGE = Message(
    id=message_id(NOW, 7),
    client="shop",
    purpose="notice",
    created_at=NOW,
    valid_until=NOW + 259_200_000,
    route=("hb-main", "ly-bulk"),
    recipients=1,
    segments=1,
    content=Personal("您的验证码是1234"),
    reference="order-1",
)
KEY = SubmissionKey(MESSAGE.id, root_path(0))
# What a submission becomes when it goes on to another account after this attempt
NEXT = NOW + 5_000
ATTEMPT = {"at": NOW, "account": "hb-main", "outcome": "not_sent"}
GONE_ON = transitions.NextAttempt("ly-bulk", "langyu", NEXT, failures=1, busy=2, tried=["hb-main"])


def item_of(message: Message = MESSAGE, key: SubmissionKey = KEY, **changes: Any) -> dict[str, Any]:
    return (
        submissions.new_submission(
            key,
            message,
            submissions.Share("hb-main", "hbsmservice", message.recipients, message.segments),
            ttl=TTL,
            now=NOW,
        )
        | changes
    )


def queued(table: Table, message: Message = MESSAGE, number: str = NUMBER, **changes: Any) -> StoredSubmission:
    """A message to one number, accepted."""
    submissions.put_single(table, message, item_of(message, **changes), number, NOW)
    return current(table)


def one_of_many(table: Table, count: int = 2, **changes: Any) -> StoredSubmission:
    """A submission of a message to several numbers, without the message itself."""
    table.put(item_of(replace(MESSAGE, recipients=count, segments=count), **changes))
    return current(table)


def current(table: Table, key: SubmissionKey = KEY) -> StoredSubmission:
    found = submissions.load_submission(table, key)
    assert found
    return found


def marked(table: Table, owner: str = "worker-1") -> StoredSubmission:
    """The current submission, in the hands of a worker."""
    return transitions.mark(table, current(table), owner, DEADLINE, NOW)


def sent(table: Table, *vendor_ids: str) -> StoredSubmission:
    """The current submission, taken by the vendor."""
    transitions.submitted(table, marked(table), Accepted(vendor_ids))
    return current(table)


def put_state(table: Table, state: State) -> StoredSubmission:
    """The submission in any state, without the way there."""
    table.update(Update(current(table).table_key, "SET #state = :state", {"state": state}))
    return current(table)
