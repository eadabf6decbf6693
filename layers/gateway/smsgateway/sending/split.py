"""A submission whose next account takes fewer recipients at once: it is MOVED, and its recipients go on in children."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from smsgateway import queues
from smsgateway.calling.carriage import Carriage
from smsgateway.core import WakingCore
from smsgateway.model import State
from smsgateway.store import submissions, transitions
from smsgateway.store.messages import put_payload
from smsgateway.store.submissions import StoredSubmission


def split_for(
    core: WakingCore,
    submission: StoredSubmission,
    there: Carriage,
    attempt: Mapping[str, Any],
    *,
    deferred: Sequence[str],
    refused_by: Sequence[str],
) -> None:
    """Move a submission to an account that takes fewer recipients at once, and give them to children.

    `there`: how that account carries them. `attempt`: what became of the attempt before; `deferred`, `refused_by`: what
    the children have behind them. Raises ConditionFailed when somebody else has gone on with the submission.
    """
    transitions.moved(
        core.table,
        submission,
        attempt,
        there.account.name,
        vendor=there.account.vendor,
        limit=there.limit,
        deferred=deferred,
        refused_by=refused_by,
    )
    parent = replace(submission, state=State.MOVED, deferred=tuple(deferred), refused_by=tuple(refused_by))
    give_to_children(core, parent, there)


def give_to_children(core: WakingCore, parent: StoredSubmission, there: Carriage) -> None:
    """Give the recipients of a MOVED submission to its children, and wake these up.

    `there`: how the account that it has moved to carries them. Doing it again after a crash adds what is missing.
    """
    message, account, now = there.message, there.account, core.now()
    inherited = {
        "tried": [*parent.tried, parent.account],
        "buckets": parent.item["buckets"] if parent.item and "buckets" in parent.item else parent.buckets,
        "filed": parent.filed or None,
        "doubted": parent.doubted or None,
        "put_off": list(parent.deferred) or None,
        "refused_by": list(parent.refused_by) or None,
        "next_at": now,
    }
    keys = []
    for index, part in enumerate(there.parts):
        key = parent.key.child(index)
        put_payload(core.table, key, part, parent.ttl)
        child = submissions.new_submission(
            key,
            message,
            account=account.name,
            vendor=account.vendor,
            count=len(part.numbers),
            segments=there.segments_of(part),
            ttl=parent.ttl,
            now=now,
        )
        submissions.put_child(core.table, child | inherited)
        keys.append(key)
    core.wake_ups.put(queues.urgent(message), account.name, keys)
    transitions.look_no_more(core.table, parent)
