"""Messages as clients see them: who has which status, from submissions, payloads and rows.

A submission speaks for those of its recipients that no submission made from it has: one that moved to an account with
a smaller limit has none left once its children are there.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any

from smsgateway.accepting.timing import postponed
from smsgateway.calling.carriage import Carriage
from smsgateway.clock import Millis, epoch_seconds, iso
from smsgateway.config.settings import Settings
from smsgateway.ids import partitions
from smsgateway.model import FINAL, Message, Payload, Reason, SetApart, State, Status
from smsgateway.store import reroutes
from smsgateway.store.messages import load_message, load_payload
from smsgateway.store.recipients import RecipientRow, all_rows, derived_status, load_rows, submission_of_row
from smsgateway.store.set_apart import load_set_apart
from smsgateway.store.submissions import StoredSubmission, as_canceled, load_partitions, load_submissions, message_of
from smsgateway.store.table import PARALLEL, Key, Table

LEAST_ADVANCED = (Status.SCHEDULED, Status.QUEUED, Status.SUBMITTED, Status.UNCONFIRMED)
REACHED_VENDOR = frozenset({State.SUBMITTED, State.UNCONFIRMED})
AFTER_SUBMISSIONS = "~"  # a path behind all others: whom the message does not go to


@dataclass(frozen=True, slots=True)
class WholeMessage:
    """An accepted message and all its submissions, in the order of their paths."""

    message: Message
    submissions: tuple[StoredSubmission, ...]

    def family(self, root: str) -> tuple[StoredSubmission, ...]:
        """The submissions that share a root, and so the place of their recipients' rows."""
        place = bisect_left(self.submissions, root, key=lambda each: each.key.path)
        return tuple(takewhile(lambda each: each.key.root == root, islice(self.submissions, place, None)))

    def made_from(self, parent: StoredSubmission) -> tuple[StoredSubmission, ...]:
        """The submissions below this one."""
        path, family = parent.key.path, self.family(parent.key.root)
        return tuple(each for each in family if each.key.path != path and each.key.path.startswith(path))


def load_whole(table: Table, message_id: str, now: Millis) -> WholeMessage | None:
    """Read a message. Returns None if it was never accepted, or is older than messages are kept."""
    first = load_submissions(table, message_id)
    if not first or first[0].ttl < epoch_seconds(now):
        return None
    if first[0].own_message:
        return WholeMessage(first[0].own_message, tuple(first))
    loaded = load_message(table, message_id)
    if not loaded or not loaded[1]:
        return None
    message, _ = loaded
    submissions = first + load_partitions(table, partitions(message_id, message.blocks)[1:])
    return WholeMessage(message, tuple(as_canceled(submission, message, now) for submission in submissions))


def number_view(table: Table, key: Key, now: Millis) -> dict[str, Any] | None:
    """A message to one recipient, whose row the key leads to; None if it is not accepted, or not kept any more."""
    submission = submission_of_row(table, key)
    if submission is None or submission.ttl < epoch_seconds(now):
        return None
    message = message_of(table, submission)
    row = next(iter(load_rows(table, submission, (key[1],)).values()), None)
    if message is None or row is None:
        return None
    found = _reroutes(table, message, submission, [row], now)
    submission = as_canceled(submission, message, now)
    return {
        "id": message.id,
        "purpose": message.purpose,
        "created_at": iso(message.created_at),
        "reference": message.reference or None,
        **recipient(*reroutes.standing(submission, row, found), now),
    }


def _reroutes(
    table: Table, message: Message, submission: StoredSubmission, rows: Iterable[RecipientRow], now: Millis
) -> dict[str, StoredSubmission]:
    """The reroutes to these recipients, by path."""
    found = reroutes.load(table, submission, rows)
    return {path: as_canceled(reroute, message, now) for path, reroute in found.items()}


def payload_of(table: Table, whole: WholeMessage, submission: StoredSubmission) -> Payload:
    """The recipients that this submission speaks for."""
    payload = submission.payload() or load_payload(table, submission.key)
    below = whole.made_from(submission)
    if not below:
        return payload
    taken = {number for child in below for number in load_payload(table, child.key).numbers}
    return payload.without(taken)


def counts(
    table: Table, whole: WholeMessage, now: Millis, is_over: Callable[[], bool] = lambda: False
) -> tuple[Counter[Status], Counter[Status]]:
    """Count a message's recipients by status, until `is_over` says that the time for it is over.

    Returns the counts, and separately those of recipients that were not counted any more, by the states of their
    submissions when these were read.
    """
    families: dict[str, list[StoredSubmission]] = defaultdict(list)
    for submission in whole.submissions:
        families[submission.key.root].append(submission)

    uncounted: list[Counter[Status]] = []

    def counted(family: Sequence[StoredSubmission]) -> Counter[Status]:
        if is_over():
            uncounted.append(Counter({derived_status(family[0], "", now)[0]: family[0].count}))
            return Counter()
        alone = len(family) == 1
        return _counts_alone(table, whole, family[0], now) if alone else _counts_of_family(table, whole, family, now)

    with ThreadPoolExecutor(PARALLEL) as pool:
        found = sum(pool.map(counted, families.values()), Counter[Status]())
    return found, sum(uncounted, Counter[Status]())


def _counts_alone(table: Table, whole: WholeMessage, submission: StoredSubmission, now: Millis) -> Counter[Status]:
    """Count the recipients of a submission without children, whose payload need not be read."""
    if not submission.attempt:  # no vendor has seen it, so no report can have given anybody a status
        return Counter({derived_status(submission, "", now)[0]: submission.count})
    found = _counted(table, whole, [(submission, row) for row in all_rows(table, submission)], now)
    if missing := submission.count - found.total():
        found[derived_status(submission, "", now)[0]] += missing
    return found


def _counts_of_family(
    table: Table, whole: WholeMessage, family: Sequence[StoredSubmission], now: Millis
) -> Counter[Status]:
    rows = {row.number: row for row in all_rows(table, family[0])}
    pairs = [
        (submission, rows.get(number, RecipientRow(number)))
        for submission in family
        for number in payload_of(table, whole, submission).numbers
    ]
    return _counted(table, whole, pairs, now)


def _counted(
    table: Table, whole: WholeMessage, pairs: Sequence[tuple[StoredSubmission, RecipientRow]], now: Millis
) -> Counter[Status]:
    """Count recipients of submissions with one root by status."""
    under_way = [row for _, row in pairs if row.reroutes and not row.status]
    found = _reroutes(table, whole.message, pairs[0][0], under_way, now) if under_way else {}
    return Counter(_status(*reroutes.standing(submission, row, found), now) for submission, row in pairs)


def open_reroutes(table: Table, whole: WholeMessage) -> list[StoredSubmission]:
    """The message's reroutes that no vendor has been asked to send yet."""
    roots = [submission for submission in whole.submissions if submission.key.path == submission.key.root]
    return [reroute for root in roots for reroute in reroutes.open_reroutes(table, root)]


def _status(submission: StoredSubmission, row: RecipientRow, now: Millis) -> Status:
    return row.status or derived_status(submission, row.number, now)[0]


def overall(by_status: Mapping[Status, int]) -> str:
    """One word for a message: its least advanced status; when it is over, the status that all share, or `done`."""
    present = [status for status, count in by_status.items() if count]
    for status in LEAST_ADVANCED:
        if status in present:
            return status
    return present[0] if len(present) == 1 and present[0] in FINAL else "done"


def message_fields(
    whole: WholeMessage, by_status: Counter[Status], uncounted: Counter[Status], apart: SetApart
) -> dict[str, Any]:
    """What is shown of the message as a whole. `apart`: whom it does not go to, which its status does not depend on."""
    message, all_counts = whole.message, by_status + Counter({Status.SUPPRESSED: len(apart)})
    return {
        "id": message.id,
        "status": overall(by_status + uncounted),
        "account": whole.submissions[0].account,
        "segments": message.segments,
        "created_at": iso(message.created_at),
        "reference": message.reference or None,
        "purpose": message.purpose,
        "send_at": None if message.send_at is None else iso(message.send_at),
        "postponed": postponed(message),
        "valid_until": iso(message.valid_until),
        "counts": {status: all_counts[status] for status in Status if all_counts.get(status)},
        "uncounted": uncounted.total(),
    }


type Position = tuple[str, int]  # a submission's path, and how many of its recipients come before


def recipients_page(
    table: Table,
    settings: Settings | None,
    whole: WholeMessage,
    start: Position,
    limit: int,
    now: Millis,
    is_over: Callable[[], bool] = lambda: False,
) -> tuple[list[dict[str, Any]], Position | None]:
    """At most `limit` recipients from `start` on, in the order of the post, and where the next page begins. Behind them
    come those whom the message does not go to.

    When `is_over` says that the time for it is over, there are fewer, though at least those of one submission.
    """
    items: list[dict[str, Any]] = []
    for submission in whole.submissions:
        path = submission.key.path
        if path < start[0]:
            continue
        if items and is_over():
            return items, (path, 0)
        payload = payload_of(table, whole, submission)
        offset = start[1] if path == start[0] else 0
        end = offset + limit - len(items)
        items += _recipients(table, settings, whole, submission, payload.part(offset, end), now)
        if end < len(payload.numbers):
            return items, (path, end)
    shown = _not_sent_to(load_set_apart(table, whole.message))
    offset = start[1] if start[0] == AFTER_SUBMISSIONS else 0
    end = offset + limit - len(items)
    return items + shown[offset:end], (AFTER_SUBMISSIONS, end) if end < len(shown) else None


def _not_sent_to(apart: SetApart) -> list[dict[str, Any]]:
    """Those whom a message does not go to, as recipients that no vendor has seen."""
    nothing: dict[str, Any] = {"vendor_status": None, "account": None, "vendor_id": None, "segments": 0}
    nothing |= {"submitted_at": None, "reported_at": None, "history": []}
    reasons: list[tuple[str, Reason, Mapping[str, str]]] = [
        *((number, Reason.SUPPRESSED, {}) for number in apart.suppressed),
        *((number, Reason.TOO_FREQUENT, {"until": iso(until)}) for number, until in apart.too_frequent),
    ]
    return [
        {"to": number, "status": Status.SUPPRESSED, "reason": reason, **nothing, **until}
        for number, reason, until in reasons
    ]


def _recipients(
    table: Table,
    settings: Settings | None,
    whole: WholeMessage,
    submission: StoredSubmission,
    payload: Payload,
    now: Millis,
) -> Iterator[dict[str, Any]]:
    rows = load_rows(table, submission, payload.numbers) if submission.attempt or submission.tried else {}
    segments = _planned_segments(settings, whole, submission, payload) if len(rows) < len(payload.numbers) else {}
    found = _reroutes(table, whole.message, submission, rows.values(), now)
    for number in payload.numbers:
        row = rows.get(number) or RecipientRow(number, segments=segments[number])
        shown = recipient(*reroutes.standing(submission, row, found), now)
        left_out = {"history_left_out": row.left_out} if row.left_out else {}
        yield shown | {"history": _history(whole, submission, row, found)} | left_out


def _planned_segments(
    settings: Settings | None, whole: WholeMessage, submission: StoredSubmission, payload: Payload
) -> Mapping[str, int]:
    """The segments of recipients that have no row yet, as they will be counted."""
    account = settings.accounts.get(submission.account) if settings else None
    if payload.contents and account:
        return Carriage(account, whole.message, payload).segments
    return dict.fromkeys(payload.numbers, submission.segments // submission.count)


def recipient(submission: StoredSubmission, row: RecipientRow, now: Millis) -> dict[str, Any]:
    """What became of one recipient, without its history."""
    if row.status:
        status, reason, vendor_status = row.status, row.reason, row.vendor_status
    else:
        status, reason, vendor_status = derived_status(submission, row.number, now)
    asked = row.number not in submission.spared.numbers
    only_id = submission.vendor_ids[0] if asked and len(submission.vendor_ids) == 1 else ""
    sent_at = submission.submitted_at if asked and submission.state in REACHED_VENDOR else None
    return {
        "to": row.number,
        "status": status,
        "reason": reason,
        "vendor_status": vendor_status or None,
        "account": row.account or submission.account,
        "vendor_id": row.vendor_id or only_id or None,
        "segments": row.segments,
        "submitted_at": iso(sent_at) if sent_at else None,
        "reported_at": None if row.reported_at is None else iso(row.reported_at),
    }


def _history(
    whole: WholeMessage, submission: StoredSubmission, row: RecipientRow, found: Mapping[str, StoredSubmission]
) -> list[dict[str, Any]]:
    """The attempts and the reports of a recipient, by time, with the attempts of the submissions that were split.

    If the recipient was rerouted, each of its submissions that a vendor took stands there too.
    """
    path = submission.key.path
    above = [each for each in whole.family(submission.key.root) if path.startswith(each.key.path)]
    attempts = [attempt for each in above for attempt in each.attempts]
    if row.reroutes:
        sent = reroutes.attempts(submission, row, found)
        attempts += [_sent(each) for each in sent if each.state in REACHED_VENDOR and not reroutes.unsent(each)]
        attempts += [attempt for each in sent[1:] for attempt in each.attempts]
    entries = sorted((*attempts, *row.history), key=lambda entry: int(entry["at"]))
    return [_entry(entry) for entry in entries]


def _sent(submission: StoredSubmission) -> dict[str, Any]:
    """A submission that a vendor took, or may have, as an entry of the history."""
    status = Status.SUBMITTED if submission.state == State.SUBMITTED else Status.UNCONFIRMED
    at = submission.submitted_at or submission.next_at
    return {"at": at, "account": submission.account, "status": status, "vendor_status": submission.vendor_status}


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    shown = {
        "at": iso(entry["at"]),
        "account": entry["account"],
        "status": entry.get("status") or entry.get("outcome"),
    }
    optional = {name: entry.get(name) for name in ("reason", "vendor_status", "segment", "times", "note")}
    return shown | {name: value for name, value in optional.items() if value}
