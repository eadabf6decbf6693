"""Submissions as they stand in the table: what is known of each, and how they get there.

How one goes from state to state is in `transitions`. All times are epoch milliseconds.

Some attributes have other names than the fields of `StoredSubmission`, for what is stored keeps its names:

    answer          vendor_status
    refusal         reason, also of a doubt
    put_off         deferred
    filing_until    claimed_until
    resend          may_reroute
    row             recipient_row
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from smsgateway.clock import Millis, epoch_seconds, millis, sortable
from smsgateway.ids import BUCKET_RECIPIENTS, CHILD_DIGITS, DUE_SHARDS, TO_ONE, SubmissionKey, partitions, shard
from smsgateway.model import Message, Payload, Personal, Reason, Rejection, State
from smsgateway.queues import longest_delay, urgent
from smsgateway.rules.quiet_hours import place_in
from smsgateway.store.keys import is_submission, submission_at, submission_key, submission_sk
from smsgateway.store.messages import fleeting_content, load_message, message_fields, read_message
from smsgateway.store.spared import NOBODY, Spared, read_spared
from smsgateway.store.table import UNUSED, ConditionFailed, Item, Key, Put, Query, Table
from smsgateway.store.vendor_ids import ungrouped

WAKE_UP_LOST = 120_000  # after this long without a worker, sweep wakes a submission again
SWEEP_AHEAD = 60_000  # milliseconds ahead of the moment at which a submission goes on: sweep runs once a minute

SENT = frozenset({State.SENDING, State.SUBMITTED, State.UNCONFIRMED})  # a vendor has it, or may have it
UNSENT = frozenset({State.REFUSED, State.EXPIRED, State.CANCELED})  # no vendor has it, and none will
SETTLED = frozenset({State.SUBMITTED, State.UNCONFIRMED, State.REFUSED, State.EXPIRED, State.CANCELED, State.MOVED})
UNMARKED = frozenset({State.QUEUED, State.WAITING})


class Via(NamedTuple):
    """What a recipient's row says of the submission through which a report came."""

    account: str
    vendor: str
    token: str = ""  # of a reroute (ids.py)


@dataclass(frozen=True, slots=True)
class StoredSubmission:
    """A submission as it stands in the table."""

    key: SubmissionKey
    client: str
    state: State
    account: str
    vendor: str
    count: int  # recipients
    segments: int  # of all recipients together
    next_at: Millis  # not to be sent before
    attempt: int = 0  # marks so far
    owner: str = ""  # of the last mark
    deadline: Millis = 0  # of the last mark
    proved: int = 0  # the attempt that counts as sent, whatever its worker will say: a report came, or is missing
    filed: bool = False  # its recipients' rows are written
    claimed_until: Millis = 0  # until when a worker may mark it that has not done so yet
    early: bool = False  # reports came before its vendor ids, and may not be applied yet
    doubted: bool = False  # an earlier attempt may have reached a vendor; the client allowed another
    given_up: bool = False  # UNCONFIRMED, and there will be no other attempt
    tried: tuple[str, ...] = ()  # accounts that refused it, or could not be reached
    deferred: tuple[str, ...] = ()  # those of them that refused it for the moment, the one asked longest ago first
    refused_by: tuple[str, ...] = ()  # vendors that refused its content
    failures: int = 0  # consecutive calls that never reached this account
    busy: int = 0  # consecutive refusals about the moment
    busy_since: Millis = 0  # when this account first refused it for the moment
    vendor_ids: tuple[str, ...] = ()
    vendor_status: str = ""  # the vendor's own word on the submission
    reason: Reason | None = None
    rejected: tuple[Rejection, ...] = ()
    spared: Spared = NOBODY  # recipients that it is certainly not sent to
    submitted_at: Millis | None = None  # the moment of the last mark
    due_at: Millis | None = None
    attempts: tuple[Mapping[str, Any], ...] = ()  # what became of each earlier attempt
    reference: str = ""  # the client's
    ttl: int = 0
    may_reroute: bool = False  # the client allows `resend.undelivered`
    recipient_row: Key | None = None  # of a reroute: its recipient's row, or the item of a message to one number
    own_message: Message | None = None  # of a message to one number, whose only item this is
    item: Item | None = None

    @property
    def doubts(self) -> int:
        """The attempts that nobody can say the end of, this one included while it is UNCONFIRMED."""
        doubted = (attempt for attempt in self.attempts if attempt.get("outcome") == "unconfirmed")
        return sum(int(attempt.get("times", 1)) for attempt in doubted) + (self.state == State.UNCONFIRMED)

    @property
    def not_sent_to(self) -> frozenset[str]:
        """Recipients that certainly no vendor sends it to: refused while the rest was taken, or spared."""
        return self.spared.numbers | {rejection.number for rejection in self.rejected}

    @property
    def settled(self) -> bool:
        """True if no worker changes its state any more, unless by a permission or a proof after doubt."""
        return self.state in SETTLED

    def untried(self, route: Iterable[str]) -> list[str]:
        """The accounts of a route that were not tried yet, in their order."""
        passed = {self.account, *self.tried}
        return [name for name in route if name not in passed]

    @property
    def unmarked(self) -> bool:
        """True if it waits to be marked."""
        return self.state in UNMARKED

    @property
    def stored_state(self) -> State:
        """The state that is written, where `as_canceled` shows another."""
        return State(self.item["state"]) if self.item else self.state

    @property
    def spreading(self) -> bool:
        """True if its recipients are on their way to submissions that are not all there yet."""
        return self.state == State.MOVED and self.due_at is not None

    @property
    def cancelable(self) -> bool:
        """True if its message's cancellation is its own.

        Only a message to one number, and a reroute that was made from it, is not canceled as a whole.
        """
        return self.own_message is None and not (self.recipient_row and is_submission(self.recipient_row))

    @property
    def marked(self) -> bool:
        """True if a worker has the right to send it, and its result is not written yet."""
        return self.state == State.SENDING

    @property
    def buckets(self) -> int:
        """The partition keys that the rows of so many recipients take."""
        return -(-self.count // BUCKET_RECIPIENTS)

    @property
    def sent_reference(self) -> str:
        """The reference as vendors carry it."""
        return self.key.reference + (TO_ONE if self.own_message else "")

    @property
    def table_key(self) -> Key:
        """Where the submission stands in the table."""
        return submission_key(self.key)

    @property
    def via(self) -> Via:
        """The submission as a recipient's row names it."""
        return Via(self.account, self.vendor, self.key.token)

    @property
    def fleeting(self) -> bool:
        """True if its content goes when its sending has ended."""
        return self.own_message is not None and self.own_message.fleeting

    def payload(self) -> Payload | None:
        """The payload of a message to one number and of a reroute. None for others, whose payload has its own items."""
        if self.item is None or "to" not in self.item:
            return None
        content = self.item.get("content")
        return Payload((self.item["to"],), (Personal(**content),) if content else ())


def read_submission(item: Item) -> StoredSubmission:
    """The submission in an item, or in the image of one in a stream record."""
    return StoredSubmission(
        key=submission_at((item["pk"], item["sk"])),
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
        claimed_until=item.get("filing_until", 0),
        early=item.get("early", False),
        doubted=item.get("doubted", False)
        or any(each.get("outcome") == "unconfirmed" for each in item.get("attempts", ())),
        given_up=item.get("given_up", False),
        tried=tuple(item.get("tried", ())),
        deferred=tuple(item.get("put_off", ())),
        refused_by=tuple(item.get("refused_by", ())),
        failures=item.get("failures", 0),
        busy=item.get("busy", 0),
        busy_since=item.get("busy_since", 0),
        vendor_ids=ungrouped(item.get("vendor_ids", ())),
        vendor_status=item.get("answer", ""),
        reason=Reason(item["refusal"]) if "refusal" in item else None,
        rejected=tuple(Rejection(number, Reason(why), word) for number, why, word in item.get("rejected", ())),
        spared=read_spared(item),
        submitted_at=item.get("submitted_at"),
        due_at=int(item["due_at"]) if "due_at" in item else None,
        attempts=tuple(item.get("attempts", ())),
        reference=item.get("reference", ""),
        ttl=item.get("ttl", 0),
        may_reroute=item.get("resend", False),
        recipient_row=(item["row"][0], item["row"][1]) if "row" in item else None,
        own_message=read_message(item) if "message" in item else None,
        item=item,
    )


@dataclass(frozen=True, slots=True)
class Share:
    """What of a message a submission carries, and where it goes first."""

    account: str
    vendor: str
    count: int  # recipients
    segments: int  # of all of them together


def new_submission(key: SubmissionKey, message: Message, share: Share, *, ttl: int, now: Millis) -> Item:
    """The item of a submission that nobody has tried yet. `ttl` in epoch seconds."""
    send_at = now if message.send_at is None else message.send_at + place_in(message.spread, key.reference)
    # What is spread out gets its wake-ups from sweep alone, each at its own time.
    look_at = send_at - SWEEP_AHEAD if message.spread else sweep_at(send_at, now, urgent(message))
    pk, sk = submission_key(key)
    return {
        "pk": pk,
        "sk": sk,
        "client": message.client,
        "state": State.QUEUED,
        "account": share.account,
        "vendor": share.vendor,
        "count": share.count,
        "segments": share.segments,
        "next_at": send_at,
        "reference": message.reference or None,
        "resend": message.resend_undelivered or None,
        "ttl": ttl,
        **due(key, look_at),
    }


def sweep_at(at: Millis, now: Millis, of_urgent: bool) -> Millis:
    """When (epoch ms) `sweep` must look at a submission that goes on at `at`.

    That is when the wake-up for it must have been lost; or, where no queue carries a wake-up so far ahead, early enough
    to put one.
    """
    far = at - now > millis(longest_delay(of_urgent))
    return at - SWEEP_AHEAD if far else at + WAKE_UP_LOST


def due(key: SubmissionKey, at: Millis) -> Item:
    """The attributes that put an item into the index of what must be looked at."""
    return {"due_at": sortable(at), "due_shard": f"due#{shard(key.reference, DUE_SHARDS)}"}


def put_single(
    table: Table, message: Message, item: Item, number: str, now: Millis, *, beside: Put | None = None
) -> None:
    """Accept a message to one number: one item is the message, its submission and its recipient.

    `beside`: what is stored together with it, or neither. Raises ConditionFailed with the item that stands there under
    the same Idempotency-Key; or, if its `place` is 1, with what stands where `beside` was to be put.
    """
    own = {"message": message_fields(message), **fleeting_content(message)}
    whole = item | own | {"to": number, "at": sortable(message.created_at)}
    values = {"seconds": epoch_seconds(now)}
    if beside is None:
        table.put(whole, UNUSED, values)
    else:
        table.put_both(Put(whole, UNUSED, values), beside)


def put_first(table: Table, item: Item, now: Millis) -> None:
    """File the first submission of a message to several numbers, while its acceptance is under way.

    Raises ConditionFailed when a message to one number stands there, accepted under the same Idempotency-Key.
    """
    table.put(item, f"{UNUSED} OR attribute_not_exists(message)", {"seconds": epoch_seconds(now)})


def delete_unaccepted(table: Table, submission: StoredSubmission) -> None:
    """Clear away what an acceptance left that died, unless a later one has put its own in that place."""
    values = {"queued": State.QUEUED, "next_at": submission.next_at}
    try:
        table.delete(submission.table_key, "#state = :queued AND next_at = :next_at", values)
    except ConditionFailed:
        return


def load_submission(table: Table, key: SubmissionKey) -> StoredSubmission | None:
    """Read a submission, consistently. None: there is none, or it has expired."""
    item = table.get(submission_key(key))
    return read_submission(item) if item else None


def message_of(table: Table, submission: StoredSubmission) -> Message | None:
    """The message of a submission; None while its acceptance is not finished."""
    if submission.own_message:
        return submission.own_message
    if submission.recipient_row and not submission.cancelable:  # the reroute of a message to one number
        item = table.get(submission.recipient_row)
        return read_message(item) if item else None
    loaded = load_message(table, submission.key.message_id)
    return loaded[0] if loaded and loaded[1] else None


def as_canceled(submission: StoredSubmission, message: Message, now: Millis) -> StoredSubmission:
    """What waits of a canceled message as it will be: nobody has the right to mark it, nor ever will (messages.cancel).

    Recipients that are on their way to other submissions will be canceled there.
    """
    to_come = submission.unmarked or submission.spreading
    if message.canceled_at is None or not (submission.cancelable and to_come) or submission.claimed_until >= now:
        return submission
    doubted = submission.doubted  # an earlier attempt may have been taken
    state = State.UNCONFIRMED if doubted else State.CANCELED
    return replace(submission, state=state, given_up=doubted, reason=Reason.CANCELED_BY_CLIENT, vendor_status="")


def load_submissions(table: Table, message_id: str, blocks: int = 1) -> list[StoredSubmission]:
    """All submissions of a message but its reroutes, in the order of their paths. `blocks`: of the message."""
    return load_partitions(table, partitions(message_id, blocks))


def load_partitions(table: Table, keys: Sequence[str]) -> list[StoredSubmission]:
    """The submissions under some of a message's partition keys, in the order of these."""
    return [each for found in table.at_once(lambda pk: list(_under(table, pk)), keys) for each in found]


def submissions_of(table: Table, message: Message) -> Iterator[StoredSubmission]:
    """All of a message, read only as far as they are asked for."""
    for pk in partitions(message.id, message.blocks):
        yield from _under(table, pk)


def _under(table: Table, pk: str, path: str = "") -> Iterator[StoredSubmission]:
    """The submissions under a partition key whose paths begin with this."""
    values = {"pk": pk, "prefix": submission_sk(path)}
    yield from map(read_submission, table.query_all(Query("pk = :pk AND begins_with(sk, :prefix)", values)))


def load_children(table: Table, parent: StoredSubmission) -> list[StoredSubmission]:
    """The submissions that a MOVED one was spread over."""
    length = len(parent.key.path) + CHILD_DIGITS
    below = _under(table, parent.key.partition, parent.key.path)
    return [child for child in below if len(child.key.path) == length]


def put_child(table: Table, child: Item) -> bool:
    """Add a submission made from another, unless an earlier, interrupted worker did: then False."""
    try:
        table.put(child, UNUSED, {"seconds": table.seconds})
    except ConditionFailed:
        return False
    return True
