"""A submission whose next account takes fewer recipients at once: it is MOVED, and its recipients go on in children."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from smsgateway import queues
from smsgateway.calling.carriage import Carriage, cut, segments_under
from smsgateway.core import WakingCore
from smsgateway.model import Message, Payload, State
from smsgateway.store import submissions, transitions
from smsgateway.store.messages import load_payload, put_payload
from smsgateway.store.submissions import StoredSubmission


@dataclass(frozen=True, slots=True)
class _Children:
    """What the children of a MOVED submission are made of: where they go, and how the recipients are cut."""

    message: Message
    account: str
    vendor: str
    parts: Sequence[Payload]
    segments: Mapping[str, int]  # by number


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
    account, vendor = there.account.name, there.account.vendor
    transitions.moved(
        core.table,
        submission,
        attempt,
        transitions.Split(account, vendor=vendor, limit=there.limit, deferred=deferred, refused_by=refused_by),
    )
    parent = replace(submission, state=State.MOVED, deferred=tuple(deferred), refused_by=tuple(refused_by))
    _give_to_children(core, parent, _Children(there.message, account, vendor, there.parts, there.segments))


def finish_split(core: WakingCore, parent: StoredSubmission, message: Message) -> None:
    """Give the recipients of a MOVED submission to its children, because the worker that moved it may have died.

    They are cut as that worker would have cut them. If the account is not configured any more by now, the children are
    made all the same, and go on from there.
    """
    moved, payload = parent.item or {}, load_payload(core.table, parent.key)
    account = core.settings().accounts.get(moved["moved_to"])
    vendor = account.vendor if account else moved["moved_vendor"]
    parts = cut(vendor, moved["moved_limit"], payload)
    segments = segments_under(account.signature if account else "", message, payload)
    _give_to_children(core, parent, _Children(message, moved["moved_to"], vendor, parts, segments))


def _give_to_children(core: WakingCore, parent: StoredSubmission, children: _Children) -> None:
    """Store the children of a MOVED submission, and wake them up. Doing it again adds what is missing."""
    now = core.now()
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
    for index, part in enumerate(children.parts):
        key = parent.key.child(index)
        put_payload(core.table, key, part, parent.ttl)
        segments = {number: children.segments[number] for number in part.numbers}
        child = submissions.new_submission(
            key,
            children.message,
            submissions.Share(
                children.account,
                children.vendor,
                len(part.numbers),
                sum(segments.values()),
            ),
            ttl=parent.ttl,
            now=now,
        )
        submissions.put_child(core.table, child | inherited | parent.spared.among(segments).attributes())
        keys.append(key)
    core.wake_ups.put(queues.urgent(children.message), children.account, keys)
    transitions.look_no_more(core.table, parent)
