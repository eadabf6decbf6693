"""Replies: each is stored once, the parts of a long one joined, with the message that it answers.

The table's stream publishes what is stored here.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from copy import replace

from smsgateway.clock import Millis, millis, millis_of
from smsgateway.core import WakingCore
from smsgateway.model import Account, Inbound, Message, Reply
from smsgateway.settling.optout import Answered, obey, said_at, wish_in
from smsgateway.store import groups, recipients, replies, reply_parts, reroutes, submissions
from smsgateway.store.joining import JoinedReply, rest, whole
from smsgateway.store.keys import account_of_parts, number_of_parts
from smsgateway.store.reply_parts import StoredParts
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import ConditionFailed, Table

ANSWERED_LOOKED_AT = 20  # the newest messages to a number, among which a reply's is looked for
LONGEST_TEXT = 20_000  # characters of one event: the bus takes 256 KB


def take_replies(
    core: WakingCore, account: Account, inbound: Sequence[Inbound], start: int, received_at: Millis
) -> None:
    """Store the replies from `start` on. Doing it again changes nothing.

    `inbound`: all replies of the push or page so far, for equal ones are told apart by their order. `received_at`:
    when the vendor bytes came (epoch ms), for replies without a time of their own.
    """
    seen: Counter[Inbound] = Counter()
    for index, said in enumerate(inbound):
        identity = replace(said, raw="")
        seen[identity] += 1
        if index < start:
            continue
        if said.part:
            _take_part(core, account, said, received_at)
        else:
            at = millis_of(said.received_at) if said.received_at else received_at
            reply_id = replies.reply_id(account.name, said, seen[identity] - 1)
            reply = _reply(reply_id, account.name, account.vendor, said, at)
            _store_reply(core, reply, said_at(at, received_at, index), received_at)


def _reply(reply_id: str, account: str, vendor: str, inbound: Inbound, at: Millis, *, partial: bool = False) -> Reply:
    """A reply of which nobody has looked yet what it answers. `at`: when it was received (epoch ms)."""
    return Reply(
        id=reply_id,
        account=account,
        vendor=vendor,
        number=inbound.number,
        access_number=inbound.access_number,
        extension=inbound.extension,
        text=inbound.text,
        received_at=at,
        partial=partial,
    )


def _take_part(core: WakingCore, account: Account, inbound: Inbound, received_at: Millis) -> None:
    """File a part; the one that completes its reply has the whole stored."""
    key = reply_parts.parts_key(account.name, inbound)
    due_at = received_at + millis(account.options.parts_window)
    reply_parts.put_part(core.table, key, inbound, account.vendor, received_at, due_at, core.ttl)
    join_parts(core, key, account.vendor)


def join_parts(core: WakingCore, key: str, vendor: str, *, overdue_at: Millis = 0) -> None:
    """Store the replies whose parts have all come; with `overdue_at` (epoch ms), also what has come of those that are
    due by then.

    A worker that dies on the way leaves a claim, and the next worker here carries it out. Each turn of the loop ends
    with a claim or a group that is out of the way, by this worker or by another.
    """
    table = core.table
    while True:
        found = reply_parts.lying(table, key)
        if found.before:
            _adopt(core, found, vendor)
            continue
        if found.claim:
            _carry_out(core, found, found.claim, found.version, vendor)
            continue
        joint = whole(found.held, found.total)
        if joint is None and any(int(found.items[each.key]["due_at"]) <= overdue_at for each in found.held):
            joint = rest(found.held)
        if joint is None:
            return
        try:
            reply_parts.claim(table, found, joint, core.ttl)
        except ConditionFailed:
            continue
        _carry_out(core, found, joint, found.version + 1, vendor)


def _carry_out(core: WakingCore, found: StoredParts, joint: JoinedReply, version: int, vendor: str) -> None:
    """Store the reply whose parts were claimed, then note these as done; until then they keep their texts."""
    chosen = [found.items[sk] for sk in joint.parts if sk in found.items]
    if chosen:
        first = chosen[0]
        text = "".join(item["text"] for item in chosen)
        inbound = Inbound(number_of_parts(found.key), text, first["access_number"], first["extension"])
        started_at = min(int(item["arrived"]) for item in chosen)
        reply_id = replies.joint_id(found.key, joint.parts, joint.partial)
        account = account_of_parts(found.key)
        reply = _reply(reply_id, account, vendor, inbound, started_at, partial=joint.partial)
        _store_reply(core, reply, started_at, started_at)
    reply_parts.carried_out(core.table, found, joint, version)


def _adopt(core: WakingCore, found: StoredParts, vendor: str) -> None:
    """Take over the groups of an earlier release, and store what it closed and may not have stored."""
    account = account_of_parts(found.key)
    for group in map(groups.read_group, found.before):
        if group.published is not None:
            text = "".join(part.text for part in group.parts)
            inbound = replace(group.parts[0], text=text, part=None, received_at=None)
            identity = replace(inbound, vendor_id=f"{group.key}#{group.generation}#{group.published}")
            reply_id = replies.reply_id(account, identity, 0)  # as that release would give it
            started_at = group.started_at
            reply = _reply(reply_id, account, vendor, inbound, started_at, partial=group.published)
            _store_reply(core, reply, started_at, started_at)
        with suppress(ConditionFailed):
            groups.adopt(core.table, group)


def _store_reply(core: WakingCore, reply: Reply, written_at: Millis, arrived: Millis) -> None:
    """Store a reply with the message that it answers, if one can be told; what it asks for is done first.

    `written_at`: by which it is newer or older than what else the person wrote (`said_at`). `arrived`: when it came to
    the gateway, by whose clock messages are sent: what was sent later, it does not answer.
    What is longer than any phone writes is stored in pieces, each of which says that it is not the whole.
    """
    sent, wish = _sent_before(core.table, reply, arrived), wish_in(core, reply)
    newest = next(sent, None)
    if newest:
        submission, _ = newest
        client, in_reply_to, reference = submission.client, submission.key.message_id, submission.reference
        reply = replace(reply, client=client, in_reply_to=in_reply_to, reference=reference)
    if wish:
        answered = [newest, *sent] if newest else []
        obey(core, reply, wish, [Answered(each.client, message) for each, message in answered], written_at)
    text = reply.text
    pieces = [text[start : start + LONGEST_TEXT] for start in range(0, max(len(text), 1), LONGEST_TEXT)]
    for index, piece in enumerate(pieces):
        stored = replace(
            reply,
            id=replies.piece_id(reply.id, index),
            text=piece,
            opt_out=wish == "stop",
            opt_in=wish == "start",
            partial=reply.partial or len(pieces) > 1,
        )
        replies.put_reply(core.table, stored, core.ttl)


def _sent_before(table: Table, reply: Reply, arrived: Millis) -> Iterator[tuple[StoredSubmission, Message | None]]:
    """What was sent to this number through this account before the reply came, the newest first.

    With the reply's extension where it has one. Each submission with its message; None: it has expired.
    """
    # Some vendors say the extension alone, some the whole number: both end in the extension that was sent with.
    said = reply.extension or reply.access_number
    for row in recipients.newest_to(table, reply.number, ANSWERED_LOOKED_AT):
        submission = recipients.submission_of_row(table, row)
        if submission is None:
            continue
        if reply.account not in reroutes.accounts_sent_through(table, submission, row, reply.number, arrived):
            continue  # such as a message that waits for next week: nobody has read it
        message = submissions.message_of(table, submission)
        if message and message.extension and said and not said.endswith(message.extension):
            continue
        yield submission, message
