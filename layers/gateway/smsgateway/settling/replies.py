"""Replies: from what a receipt says, and from the parts of long ones, to the table, whose stream publishes them."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from copy import replace

from smsgateway.model import Account, Inbound, Reply
from smsgateway.settling.optout import is_opt_out
from smsgateway.store import groups, recipients, replies, reply_parts, reroutes, submissions
from smsgateway.store.joining import JoinedReply, rest, whole
from smsgateway.store.reply_parts import StoredPart
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import ConditionFailed, Table

ANSWERED_LOOKED_AT = 20  # the newest messages to a number, among which a reply's is looked for
LONGEST_TEXT = 20_000  # characters of one event: the bus takes 256 KB


def take_replies(
    table: Table, account: Account, inbound: Sequence[Inbound], start: int, stop: int, received_at: int, ttl: int
) -> None:
    """Store the replies from `start` to before `stop` of a receipt's. Doing it again changes nothing."""
    seen: Counter[Inbound] = Counter()
    for index, message in enumerate(inbound[:stop]):
        identity = replace(message, raw="")
        seen[identity] += 1
        if index < start:
            continue
        if message.part:
            _take_part(table, account, message, received_at, ttl)
        else:
            reply_id = replies.reply_id(account.name, message, seen[identity] - 1)
            _publish_reply(table, account, message, reply_id, received_at, ttl, partial=False)


def _take_part(table: Table, account: Account, inbound: Inbound, received_at: int, ttl: int) -> None:
    """File a part; the one that completes its reply publishes the whole."""
    key = reply_parts.parts_key(account.name, inbound)
    due_at = received_at + account.options.parts_window * 1000
    reply_parts.put_part(table, key, inbound, account.vendor, received_at, due_at, ttl)
    join_parts(table, account, key, ttl)


def join_parts(table: Table, account: Account, key: str, ttl: int, *, now: int = 0) -> None:
    """Publish the replies whose parts have all come; at `now` (epoch ms), also what has come of those that are overdue.

    A worker that dies on the way leaves a claim, which the next one here carries out. Each turn of the loop ends with a
    claim or a group that is out of the way, by this worker or by another.
    """
    while True:
        found = reply_parts.lying(table, key)
        if found.before:
            _adopt(table, account, found, ttl)
            continue
        if found.claim:
            _carry_out(table, account, found, found.claim, found.version, ttl)
            continue
        joint = whole(found.held, found.total)
        if joint is None and any(int(found.items[each.key]["due_at"]) <= now for each in found.held):
            joint = rest(found.held)
        if joint is None:
            return
        try:
            reply_parts.claim(table, found, joint, ttl)
        except ConditionFailed:
            continue
        _carry_out(table, account, found, joint, found.version + 1, ttl)


def _carry_out(table: Table, account: Account, found: StoredPart, joint: JoinedReply, version: int, ttl: int) -> None:
    """Publish what was claimed. Its parts keep their texts until that is done, and are noted as done after it."""
    chosen = [found.items[sk] for sk in joint.parts if sk in found.items]
    if chosen:
        first = chosen[0]
        text = "".join(item["text"] for item in chosen)
        inbound = Inbound(found.key.split("#")[2], text, first["access_number"], first["extension"])
        started_at = min(int(item["arrived"]) for item in chosen)
        reply_id = replies.joint_id(found.key, joint.parts, joint.partial)
        _publish_reply(table, account, inbound, reply_id, started_at, ttl, partial=joint.partial)
    reply_parts.carried_out(table, found, joint, version)


def _adopt(table: Table, account: Account, found: StoredPart, ttl: int) -> None:
    """Take over the groups of the release before this, and tell what it closed and may not have told."""
    for group in map(groups.read_group, found.before):
        if group.published is not None:
            text = "".join(part.text for part in group.parts)
            inbound = replace(group.parts[0], text=text, part=None, received_at=None)
            identity = replace(inbound, vendor_id=f"{group.key}#{group.generation}#{group.published}")
            reply_id = replies.reply_id(account.name, identity, 0)  # as that release would give it
            _publish_reply(table, account, inbound, reply_id, group.started_at, ttl, partial=group.published)
        with suppress(ConditionFailed):
            groups.adopt(table, group)


def _publish_reply(
    table: Table, account: Account, inbound: Inbound, reply_id: str, received_at: int, ttl: int, *, partial: bool
) -> None:
    """Store a reply with the message it answers, if one can be told; the table's stream publishes it.

    What is longer than any phone writes goes in pieces, each of which says that it is not the whole.
    """
    at = int(inbound.received_at.timestamp() * 1000) if inbound.received_at else received_at
    answered = _answered(table, account, inbound)
    text = inbound.text
    pieces = [text[start : start + LONGEST_TEXT] for start in range(0, max(len(text), 1), LONGEST_TEXT)]
    for index, piece in enumerate(pieces):
        reply = Reply(
            id=replies.piece_id(reply_id, index),
            account=account.name,
            vendor=account.vendor,
            number=inbound.number,
            access_number=inbound.access_number,
            extension=inbound.extension,
            text=piece,
            received_at=at,
            client=answered.client if answered else "",
            in_reply_to=answered.key.message_id if answered else "",
            reference=answered.reference if answered else "",
            opt_out=is_opt_out(text),
            partial=partial or len(pieces) > 1,
        )
        replies.put_reply(table, reply, ttl)


def _answered(table: Table, account: Account, inbound: Inbound) -> StoredSubmission | None:
    """The newest submission to this number through this account, with the reply's extension where it has one."""
    for row in recipients.newest_to(table, inbound.number, ANSWERED_LOOKED_AT):
        submission = recipients.submission_of_row(table, row)
        if submission is None or account.name not in reroutes.accounts_asked(table, submission, row):
            continue
        message = submissions.message_of(table, submission)
        # Some vendors say the extension alone, some the whole number: both end in the extension that was sent with.
        said = inbound.extension or inbound.access_number
        if message and message.extension and said and not said.endswith(message.extension):
            continue
        return submission
    return None
