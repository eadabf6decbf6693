"""The state of each submission, and the one way from each state to the next (design, section 6).

Every transition is one conditional write. What is not settled has a `due_at`, the moment at which `sweep` looks again;
it only has to be early enough, so transitions do not move it unless they must (an index write costs as much as the
item). All times are epoch milliseconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smsgateway.ids import BUCKET_RECIPIENTS, CHILD_DIGITS, DUE_SHARDS, SubmissionKey, shard
from smsgateway.model import Accepted, Message, Personal, Reason, Rejection, State
from smsgateway.store.messages import UNUSED_ID, Payload, load_message, message_fields, read_message
from smsgateway.store.table import ConditionFailed, Item, Key, Table, Update
from smsgateway.store.vendor_ids import grouped, map_in_blocks, mapping, ungrouped

WAKE_UP_LOST = 120_000  # after this long without a worker, sweep wakes a submission again
DEADLINE_MARGIN = 5_000  # between the hard end of a worker and the moment it counts as dead

SETTLED = frozenset({State.SUBMITTED, State.UNCONFIRMED, State.REFUSED, State.EXPIRED, State.CANCELED, State.MOVED})


@dataclass(frozen=True, slots=True)
class Stored:
    """A submission as it stands in the table."""

    key: SubmissionKey
    client: str
    state: State
    account: str
    vendor: str
    count: int  # recipients
    segments: int  # of all recipients together
    next_at: int  # not to be sent before
    attempt: int = 0  # marks so far
    owner: str = ""  # of the last mark
    deadline: int = 0  # of the last mark
    proved: int = 0  # the attempt that counts as sent, whatever its worker will say: a report came, or is missing
    filed: bool = False  # its recipients' rows are written
    early: bool = False  # reports came before its vendor ids, and may not be applied yet
    doubted: bool = False  # an earlier attempt may have reached a vendor; the client allowed another
    given_up: bool = False  # UNCONFIRMED, and there will be no other attempt
    tried: tuple[str, ...] = ()  # accounts that refused it, or could not be reached
    failures: int = 0  # consecutive calls that never reached this account
    busy: int = 0  # consecutive refusals about the moment
    vendor_ids: tuple[str, ...] = ()
    answer: str = ""  # the vendor's own word on the submission
    reason: Reason | None = None
    rejected: tuple[Rejection, ...] = ()
    submitted_at: int | None = None  # the moment of the last mark
    due_at: int | None = None
    attempts: tuple[Mapping[str, Any], ...] = ()  # what became of each earlier attempt
    reference: str = ""  # the client's
    ttl: int = 0
    resend: bool = False  # the client allows `resend.undelivered`
    row: Key | None = None  # of a resend: its recipient's row, or the item of a message to one number
    single: Message | None = None  # of a message to one number, whose only item this is
    item: Item | None = None

    @property
    def settled(self) -> bool:
        return self.state in SETTLED

    @property
    def buckets(self) -> int:
        return -(-self.count // BUCKET_RECIPIENTS)

    @property
    def table_key(self) -> Key:
        return submission_key(self.key)

    def payload(self) -> Payload | None:
        """The payload, of a message to one number and of a resend; others have an item of their own for it."""
        if self.item is None or "to" not in self.item:
            return None
        content = self.item.get("content")
        return Payload((self.item["to"],), (Personal(**content),) if content else ())


def submission_key(key: SubmissionKey) -> Key:
    """Where a submission stands: with its message, but for resends, of which there may be as many as recipients."""
    pk = f"{key.message_id}#S#{key.path}" if key.resent else key.message_id
    return pk, f"S#{key.path}"


def read_submission(item: Item) -> Stored:
    """The submission in an item, or in the image of one in a stream record."""
    return Stored(
        key=SubmissionKey(item["pk"].split("#")[0], item["sk"].removeprefix("S#")),
        client=item["client"],
        state=State(item["state"]),
        account=item["account"],
        vendor=item["vendor"],
        count=item["count"],
        segments=item["segments"],
        next_at=item["next_at"],
        attempt=item.get("attempt", 0),
        owner=item.get("owner", ""),
        deadline=item.get("deadline", 0),
        proved=item.get("proved", 0),
        filed=item.get("filed", False),
        early=item.get("early", False),
        doubted=item.get("doubted", False)
        or any(each.get("outcome") == "unconfirmed" for each in item.get("attempts", ())),
        given_up=item.get("given_up", False),
        tried=tuple(item.get("tried", ())),
        failures=item.get("failures", 0),
        busy=item.get("busy", 0),
        vendor_ids=ungrouped(item.get("vendor_ids", ())),
        answer=item.get("answer", ""),
        reason=Reason(item["refusal"]) if "refusal" in item else None,
        rejected=tuple(Rejection(number, Reason(why), word) for number, why, word in item.get("rejected", ())),
        submitted_at=item.get("submitted_at"),
        due_at=int(item["due_at"]) if "due_at" in item else None,
        attempts=tuple(item.get("attempts", ())),
        reference=item.get("reference", ""),
        ttl=item.get("ttl", 0),
        resend=item.get("resend", False),
        row=(item["row"][0], item["row"][1]) if "row" in item else None,
        single=read_message(item) if "message" in item else None,
        item=item,
    )


def new_submission(
    key: SubmissionKey, message: Message, *, account: str, vendor: str, count: int, segments: int, ttl: int, now: int
) -> Item:
    """The item of a submission that nobody has tried yet."""
    send_at = message.send_at or now
    # A wake-up is sent at once, or with a delay; the sweep is for those further ahead, and for lost ones.
    due_at = send_at if send_at > now + WAKE_UP_LOST else send_at + WAKE_UP_LOST
    pk, sk = submission_key(key)
    return {
        "pk": pk,
        "sk": sk,
        "client": message.client,
        "state": State.QUEUED,
        "account": account,
        "vendor": vendor,
        "count": count,
        "segments": segments,
        "next_at": send_at,
        "reference": message.reference or None,
        "resend": message.resend_undelivered or None,
        "ttl": ttl,
        **due(key, due_at),
    }


def due(key: SubmissionKey, at: int) -> Item:
    """The attributes that put an item into the index of what must be looked at."""
    return {"due_at": f"{at:013d}", "due_shard": f"due#{shard(key.reference, DUE_SHARDS)}"}


def put_single(table: Table, message: Message, item: Item, number: str, now: int) -> None:
    """Accept a message to one number: one item is the message, its submission and its recipient.

    Raises ConditionFailed with the item that stands there under the same Idempotency-Key.
    """
    whole = item | {"message": message_fields(message), "to": number, "at": f"{message.created_at:013d}"}
    table.put(whole, UNUSED_ID, {"seconds": now // 1000})


def put_first(table: Table, item: Item, now: int) -> None:
    """File the first submission of a message to several numbers, while its acceptance is under way.

    Raises ConditionFailed when a message to one number stands there, accepted under the same Idempotency-Key.
    """
    table.put(item, f"{UNUSED_ID} OR attribute_not_exists(message)", {"seconds": now // 1000})


def delete_unaccepted(table: Table, submission: Stored) -> None:
    """Clear away what an acceptance left that died, unless a later one has put its own in that place."""
    values = {"queued": State.QUEUED, "next_at": submission.next_at}
    try:
        table.delete(submission.table_key, "#state = :queued AND next_at = :next_at", values)
    except ConditionFailed:
        return


def load_submission(table: Table, key: SubmissionKey) -> Stored | None:
    item = table.get(submission_key(key))
    return read_submission(item) if item else None


def message_of(table: Table, submission: Stored) -> Message | None:
    """The message of a submission; None while its acceptance is not finished."""
    if submission.single:
        return submission.single
    if submission.row and submission.row[1].startswith("S#"):  # the resend of a message to one number
        item = table.get(submission.row)
        return read_message(item) if item else None
    loaded = load_message(table, submission.key.message_id)
    return loaded[0] if loaded and loaded[1] else None


def load_submissions(table: Table, message_id: str) -> list[Stored]:
    """All submissions of a message but its resends, in the order of their paths."""
    values = {"pk": message_id, "prefix": "S#"}
    return [read_submission(item) for item in table.query_all("pk = :pk AND begins_with(sk, :prefix)", values)]


def load_children(table: Table, parent: Stored) -> list[Stored]:
    """The submissions that a MOVED one was spread over."""
    values = {"pk": parent.key.message_id, "prefix": f"S#{parent.key.path}"}
    items = table.query_all("pk = :pk AND begins_with(sk, :prefix)", values)
    length = len(parent.key.path) + CHILD_DIGITS
    return [child for child in map(read_submission, items) if len(child.key.path) == length]


def claim_rows(table: Table, submission: Stored, owner: str, until: int, now: int) -> bool:
    """The right to write the recipients' rows, until a moment: a second, slower writer would erase their reports.

    False when they are written. Raises ConditionFailed while another worker is at it.
    """
    update = Update(
        submission.table_key,
        "SET filer = :owner, filing_until = :until",
        {"owner": owner, "until": until, "now": now},
        "attribute_exists(pk) AND attribute_not_exists(filed)"
        " AND (attribute_not_exists(filing_until) OR filing_until < :now)",
    )
    try:
        table.update(update)
    except ConditionFailed as failed:
        found = failed.item or {}
        if found.get("filed"):
            return False
        if found.get("filer") != owner:  # else the SDK's retry met our own success
            raise
    return True


def rows_filed(table: Table, submission: Stored, owner: str) -> None:
    """The recipients' rows are written, all of them. Raises ConditionFailed when the right to it has run out."""
    table.update(Update(submission.table_key, "SET filed = :yes", {"yes": True, "owner": owner}, "filer = :owner"))


def mark(table: Table, submission: Stored, owner: str, deadline: int, now: int) -> Stored:
    """The point of no return: the worker that gets this, and no other, opens the socket.

    Raises ConditionFailed when another worker was first, or the submission is not to be sent (any more).
    """
    update = Update(
        submission.table_key,
        "SET #state = :sending, #owner = :owner, deadline = :deadline, attempt = :next, submitted_at = :now",
        {
            "sending": State.SENDING,
            "owner": owner,
            "deadline": deadline,
            "attempt": submission.attempt,
            "next": submission.attempt + 1,
            "queued": State.QUEUED,
            "waiting": State.WAITING,
            "account": submission.account,
            "now": now,
        },
        f"#state IN (:queued, :waiting) AND account = :account AND next_at <= :now AND {_same_attempt(submission)}",
    )
    try:
        return read_submission(table.update(update))
    except ConditionFailed as failed:
        if failed.item and failed.item["state"] == State.SENDING and failed.item.get("owner") == owner:
            return read_submission(failed.item)  # the SDK's retry met our own success
        raise


def _settling(submission: Stored, expression: str, values: Mapping[str, Any], condition: str = "") -> Update:
    """An update that only the worker of this attempt may make, also after its deadline."""
    return Update(
        submission.table_key,
        expression,
        {
            **values,
            "owner": submission.owner,
            "attempt": submission.attempt,
            "sending": State.SENDING,
            "unconfirmed": State.UNCONFIRMED,
        },
        f"#owner = :owner AND attempt = :attempt AND {condition or '#state IN (:sending, :unconfirmed)'}",
    )


def _settle(table: Table, update: Update, also: Update | None = None) -> None:
    """Make the update, alone or in one transaction with another. Our own earlier success is a success."""
    try:
        if also:
            table.update_both(update, also)
        else:
            table.update(update)
    except ConditionFailed as failed:
        found, values = failed.item or {}, update.values
        ours = found.get("owner") == values["owner"] and found.get("attempt") == values["attempt"]
        if not (ours and found.get("state") == values["state"]):
            raise


def submitted(table: Table, submission: Stored, answer: Accepted, *, unless_early: bool = True) -> None:
    """The vendor took it: the outcome and, in the same transaction, the vendor's id → this submission.

    Raises ConditionFailed with an `early` item when a report under that id came first: read those, and call again with
    `unless_early=False`.
    """
    ids = tuple(dict.fromkeys(answer.vendor_ids))
    values = {
        "state": State.SUBMITTED,
        "ids": grouped(ids),
        "answer": answer.vendor_status,
        "rejected": [[number.number, number.reason, number.vendor_status] for number in answer.rejected],
        "early": True,
    }
    expression = "SET #state = :state"
    expression += ", vendor_ids = :ids" if ids else ""
    expression += ", answer = :answer" if answer.vendor_status or submission.answer else ""
    expression += ", rejected = :rejected" if answer.rejected else ""
    expression += "" if unless_early else ", early = :early"
    # A report may have proved it SUBMITTED already; the ids are still to be filed.
    proved_or_not = "#state IN (:sending, :unconfirmed, :state)"
    update = _settling(submission, f"{expression} REMOVE refusal", values, proved_or_not)
    if len(ids) == 1:
        alone = mapping(submission.account, ids[0], submission.key, submission.ttl, unless_early=unless_early)
        _settle(table, update, alone)
        return
    # Many ids do not fit one transaction, so they go first. One that is mapped for a result that never gets written is
    # a proof waiting for its report, and harmless.
    if map_in_blocks(table, submission.account, ids, submission.key, submission.ttl) and unless_early:
        raise ConditionFailed({"early": True})
    _settle(table, update)


def unconfirmed(table: Table, submission: Stored, answer: str, reason: Reason) -> None:
    """Nobody can say whether the vendor took it, unless a report has come meanwhile and proves it SUBMITTED."""
    values = {"state": State.UNCONFIRMED, "answer": answer, "reason": reason}
    expression = "SET #state = :state, answer = :answer, refusal = :reason"
    try:
        _settle_unproved(table, submission, expression, values)
    except ConditionFailed as failed:
        if not (failed.item and failed.item.get("proved") == submission.attempt):
            raise


def _settle_unproved(table: Table, submission: Stored, expression: str, values: Mapping[str, Any]) -> None:
    """Settle an attempt as one that was not taken, unless a report has proved meanwhile that it was: then it is
    SUBMITTED, and ConditionFailed is raised. What was sent is not sent again, even if its vendor said both."""
    unproved = "#state IN (:sending, :unconfirmed) AND (attribute_not_exists(proved) OR proved <> :attempt)"
    try:
        _settle(table, _settling(submission, expression, values, unproved))
    except ConditionFailed as failed:
        if failed.item and failed.item.get("proved") == submission.attempt:
            _settle(table, _settling(submission, "SET #state = :state", {"state": State.SUBMITTED}))
        raise


def ended(table: Table, submission: Stored, state: State, answer: str, reason: Reason) -> None:
    """REFUSED or EXPIRED by the worker that holds the mark: nothing further will be sent."""
    expression, values = _ending(submission, state, answer, reason)
    _settle_unproved(table, submission, expression, values)


def _ending(submission: Stored, state: State, answer: str, reason: Reason | None) -> tuple[str, dict[str, Any]]:
    """The end of the attempts. After one in doubt it is no denial: UNCONFIRMED again, and reports are waited for.

    A resend stays due until its recipient's row says what follows from its end.
    """
    expression = "SET #state = :state, answer = :answer" + (", refusal = :reason" if reason else "")
    if submission.doubted:
        doubt = {"state": State.UNCONFIRMED, "answer": answer, "reason": reason, "yes": True}
        return f"{expression}, given_up = :yes", doubt
    expression += "" if submission.row else " REMOVE due_at, due_shard"
    return expression, {"state": state, "answer": answer, "reason": reason}


def ended_unsent(
    table: Table, submission: Stored, state: State, reason: Reason | None = None, answer: str = ""
) -> None:
    """REFUSED, EXPIRED or CANCELED before any (further) mark. Raises ConditionFailed when it is too late."""
    expression, values = _ending(submission, state, answer, reason)
    values |= {"queued": State.QUEUED, "waiting": State.WAITING, "attempt": submission.attempt}
    condition = f"#state IN (:queued, :waiting) AND {_same_attempt(submission)}"
    try:
        table.update(Update(submission.table_key, expression, values, condition))
    except ConditionFailed as failed:
        if not (failed.item and failed.item["state"] == values["state"]):
            raise


def _same_attempt(submission: Stored) -> str:
    """The condition that nobody has marked the submission since it was read."""
    return "attempt = :attempt" if submission.attempt else "attribute_not_exists(attempt)"


def _with_attempt(submission: Stored, attempt: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The attempts with this one. A vendor that is busy for days refuses alike a thousand times: those are one entry,
    with the newest moment and their number, or the item would outgrow its limit."""

    def kind(each: Mapping[str, Any]) -> tuple[Any, ...]:
        return each["account"], each["outcome"], each.get("reason")

    alike = [each for each in submission.attempts if kind(each) == kind(attempt)]
    others = [each for each in submission.attempts if kind(each) != kind(attempt)]
    times = 1 + sum(each.get("times", 1) for each in alike)
    return [*others, {**attempt, "times": times} if alike else attempt]


def waiting(
    table: Table,
    submission: Stored,
    *,
    account: str,
    vendor: str,
    next_at: int,
    failures: int,
    busy: int,
    tried: Sequence[str],
    attempt: Mapping[str, Any],
    marked: bool,
) -> None:
    """Certainly not sent: again at `next_at`, at this or another account. `attempt` is what became of this one."""
    values = {
        "state": State.WAITING,
        "account": account,
        "vendor": vendor,
        "next_at": next_at,
        "failures": failures,
        "busy": busy,
        "tried": list(tried),
        "attempts": _with_attempt(submission, attempt),
        "due_at": f"{next_at + WAKE_UP_LOST:013d}",
        "due_shard": due(submission.key, 0)["due_shard"],
        "queued": State.QUEUED,
    }
    expression = (
        "SET #state = :state, account = :account, vendor = :vendor, next_at = :next_at, failures = :failures,"
        " busy = :busy, tried = :tried, attempts = :attempts, due_at = :due_at, due_shard = :due_shard"
    )
    if marked:
        _settle_unproved(table, submission, expression, values)
        return
    seen = {**values, "before": submission.account}
    condition = "#state IN (:queued, :state) AND account = :before"
    try:
        table.update(Update(submission.table_key, expression, seen, condition))
    except ConditionFailed as failed:
        if not (failed.item and failed.item["state"] == State.WAITING and failed.item["account"] == account):
            raise


def moved(
    table: Table,
    submission: Stored,
    attempt: Mapping[str, Any],
    moved_to: str,
    *,
    marked: bool,
    vendor: str = "",
    limit: int = 0,
) -> None:
    """Its recipients go on in children of at most `limit`, because the next account takes fewer at once.

    `due_at` stays, for the worker that spreads the recipients may die. Whoever does it then must cut them as this one
    would have, whatever the configuration says by that time: a child that is there may have been sent.
    """
    values = {
        "state": State.MOVED,
        "attempts": _with_attempt(submission, attempt),
        "moved_to": moved_to,
        "moved_vendor": vendor,
        "moved_limit": limit,
        "queued": State.QUEUED,
        "waiting": State.WAITING,
    }
    expression = "SET #state = :state, attempts = :attempts, moved_to = :moved_to"
    expression += ", moved_vendor = :moved_vendor, moved_limit = :moved_limit"
    if marked:
        _settle_unproved(table, submission, expression, values)
        return
    try:
        table.update(Update(submission.table_key, expression, values, "#state IN (:queued, :waiting)"))
    except ConditionFailed as failed:
        if not (failed.item and failed.item["state"] == State.MOVED and failed.item["moved_to"] == moved_to):
            raise


def put_child(table: Table, child: Item) -> bool:
    """Add a submission made from another, unless an earlier, interrupted worker did: then False."""
    try:
        table.put(child, "attribute_not_exists(pk)")
    except ConditionFailed:
        return False
    return True


def expire(table: Table, submission: Stored, now: int) -> None:
    """SENDING and past its deadline: the worker died. UNCONFIRMED, unless a report has proved it sent.

    Raises ConditionFailed when the worker came back first.
    """
    proved = submission.proved == submission.attempt
    values = {
        "state": State.SUBMITTED if proved else State.UNCONFIRMED,
        "sending": State.SENDING,
        "now": now,
        "attempt": submission.attempt,
        "reason": Reason.AMBIGUOUS_ANSWER,
        "answer": "",
    }
    expression = "SET #state = :state"
    expression += "" if proved else ", refusal = :reason, answer = :answer"
    # A report may prove it between the reading and this write: then the write must lose, and sweep looks again.
    unproved = "" if proved else " AND (attribute_not_exists(proved) OR proved <> :attempt)"
    condition = f"#state = :sending AND deadline < :now AND attempt = :attempt{unproved}"
    table.update(Update(submission.table_key, expression, values, condition))


def prove(table: Table, submission: Stored) -> None:
    """A report carries our id: a submission in doubt was sent, and one that is SENDING will not be in doubt.

    In doubt is UNCONFIRMED, and WAITING after an attempt at this account that was: it need not be sent once more.
    """
    values = {"state": submission.state, "sending": State.SENDING, "attempt": submission.attempt}
    doubted = submission.state == State.WAITING and any(
        attempt["outcome"] == "unconfirmed" and attempt["account"] == submission.account
        for attempt in submission.attempts
    )
    try:
        if submission.state == State.UNCONFIRMED or doubted:
            expression = "SET #state = :submitted REMOVE refusal"
            condition = "#state = :state AND attempt = :attempt"
            table.update(Update(submission.table_key, expression, {**values, "submitted": State.SUBMITTED}, condition))
        elif submission.state == State.SENDING:
            condition = "#state = :sending AND attempt = :attempt"
            table.update(Update(submission.table_key, "SET proved = :attempt", values, condition))
    except ConditionFailed as failed:
        if failed.item and failed.item["state"] in (State.UNCONFIRMED, State.SENDING, State.WAITING):
            prove(table, read_submission(failed.item))


def count_as_sent(table: Table, submission: Stored) -> None:
    """UNCONFIRMED, and nobody waits any longer: whatever its worker still has to say, it does not lead elsewhere.

    Raises ConditionFailed when the submission has gone on.
    """
    values = {"attempt": submission.attempt, "unconfirmed": State.UNCONFIRMED}
    condition = "#state = :unconfirmed AND attempt = :attempt"
    table.update(Update(submission.table_key, "SET proved = :attempt", values, condition))


def opt_in(table: Table, submission: Stored, now: int) -> None:
    """UNCONFIRMED, and the client accepts a duplicate: once more."""
    values = {
        "waiting": State.WAITING,
        "unconfirmed": State.UNCONFIRMED,
        "attempt": submission.attempt,
        "now": now,
        "due_at": f"{now + WAKE_UP_LOST:013d}",
        "due_shard": due(submission.key, 0)["due_shard"],
        "attempts": _with_attempt(
            submission,
            {"at": now, "account": submission.account, "outcome": "unconfirmed", "vendor_status": submission.answer},
        ),
    }
    table.update(
        Update(
            submission.table_key,
            "SET #state = :waiting, next_at = :now, due_at = :due_at, due_shard = :due_shard, attempts = :attempts",
            values,
            "#state = :unconfirmed AND attempt = :attempt",
        )
    )


def look_again(table: Table, submission: Stored, at: int) -> None:
    """Have `sweep` look again at `at`, if nothing has happened meanwhile."""
    values = {"state": submission.state, "attempt": submission.attempt, **due(submission.key, at)}
    condition = "#state = :state" + (" AND attempt = :attempt" if submission.attempt else "")
    _quietly(table, Update(submission.table_key, "SET due_at = :due_at, due_shard = :due_shard", values, condition))


def look_no_more(table: Table, submission: Stored) -> None:
    """Nothing further will happen to the submission."""
    condition = "#state = :state"
    values = {"state": submission.state}
    _quietly(table, Update(submission.table_key, "REMOVE due_at, due_shard", values, condition))


def _quietly(table: Table, update: Update) -> None:
    try:
        table.update(update)
    except ConditionFailed:
        return  # whoever changed it has seen to its due_at
