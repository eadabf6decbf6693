"""`resend.undelivered`: a recipient whose report is a failure, or that got none in time, goes to the next account.

As a new submission of the same message, to that recipient alone, while the message is valid, at most once an account.
A failure is decided on once, by a conditional write to the recipient's row (store/reroutes.py), and only when the
submission that failed will certainly not go on by itself. A second text never rests on a guess: what a report leaves
undecided (a word that no table lists, parts of a message, a contradiction) ends as it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import batched

from smsgateway import queues, routing
from smsgateway.calling import encoding
from smsgateway.core import WakingCore
from smsgateway.ids import ROOT_LENGTH, SubmissionKey
from smsgateway.model import Account, Message, Payload, Reason, ReportStatus, State, Status
from smsgateway.store import parts, recipients, registry, reroutes, submissions, transitions
from smsgateway.store.finals import final_at_end, final_by_part, final_of, heard
from smsgateway.store.history import entry_of, keep
from smsgateway.store.messages import load_payload
from smsgateway.store.parts import WholeReport, decides_alone
from smsgateway.store.recipients import PlacedReport, RecipientRow, read_row
from smsgateway.store.submissions import StoredSubmission, read_submission
from smsgateway.store.table import BATCH_WRITES, PARALLEL, ConditionFailed, Item, Key

TRIES = 5  # of a write that others write too


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt at a recipient that came to nothing, by a report, or for want of one."""

    submission: StoredSubmission  # as the account knows it that said so
    number: str
    entry: Item  # for the recipient's history
    final: Item | None = None  # its final status, should this have been the last attempt; None: no report came in time
    certain: bool = False  # a listed word says it, so that another attempt rests on no guess

    @property
    def row(self) -> Key:
        return recipients.recipient_key(self.submission, self.number)


def concerns(placed: PlacedReport) -> bool:
    """Whether a report is for `take_failures` to apply: of a failure, or of a part, which may complete one."""
    report = placed.report
    of_several = not decides_alone(placed.submission, report)
    return placed.submission.may_reroute and placed.final and (report.status == ReportStatus.UNDELIVERED or of_several)


def take_failures(core: WakingCore, reports: Sequence[PlacedReport]) -> list[bool]:
    """Apply reports of failure, and of parts, to recipients of messages that may be resent. False: there is no such
    recipient."""
    now = core.now()
    failures, there = {}, [True] * len(reports)
    for index, placed in enumerate(reports):
        entry = entry_of(placed.submission, placed.report, now)
        if placed.report.segment:
            row, whole = recipients.note_part(core.table, placed, entry)
            there[index] = row is not None
            failure = _of_parts(placed, entry, row, whole) if row else None
        else:
            final = final_of(placed.submission, Status.UNDELIVERED, placed.report, entry["at"])
            failure = Failure(placed.submission, placed.number, entry, final, placed.report.listed)
        if failure:
            failures[index] = failure
    for index, known in zip(failures, _settle(core, list(failures.values())), strict=True):
        there[index] = known
    return there


def _of_parts(placed: PlacedReport, entry: Item, row: Item, whole: WholeReport) -> Failure | None:
    """What follows from the parts of a long message once all have been reported, or more than there should be: before,
    a second text would rest on a part of the truth."""
    if whole.status != Status.UNDELIVERED or not whole.complete or "status" in row:
        return None
    failed = next(iter(parts.failures(row.get("history", ()), placed.submission)), None)
    nameless = {"at": entry["at"], "vendor_status": ""}  # its report is left out of a long history
    final = final_by_part(placed.submission, failed or nameless) | {"vendor_id": placed.report.vendor_id}
    return Failure(placed.submission, placed.number, dict(failed or entry), final, whole.certain)


def close(core: WakingCore, submission: StoredSubmission, numbers: Iterable[str]) -> None:
    """No report settled these recipients in time."""
    now = core.now()
    if submission.state == State.UNCONFIRMED:
        transitions.count_as_sent(core.table, submission)
    entry = {"at": now, "account": submission.account, "status": Status.UNKNOWN, "reason": Reason.NO_REPORT}
    _settle(core, [Failure(submission, number, entry) for number in numbers])


def _settle(core: WakingCore, failures: Sequence[Failure]) -> list[bool]:
    """See to it that each recipient goes on or ends. False: there is no such recipient."""
    batches = list(batched(failures, BATCH_WRITES, strict=False))
    if len(batches) <= 1:
        return _Batch(core, failures).settle()
    with ThreadPoolExecutor(PARALLEL) as pool:
        return [there for done in pool.map(lambda batch: _Batch(core, batch).settle(), batches) for there in done]


@dataclass
class _Batch:
    """Some failures, and what was read for several of them."""

    core: WakingCore
    failures: Sequence[Failure]
    messages: dict[str, Message | None] = field(default_factory=dict)
    payloads: dict[SubmissionKey, Payload] = field(default_factory=dict)
    suppressed: set[str] | None = None
    started: dict[tuple[bool, str], list[SubmissionKey]] = field(default_factory=lambda: defaultdict(list))

    def settle(self) -> list[bool]:
        if not self.failures:
            return []
        keys = [key for failure in self.failures for key in (failure.row, failure.submission.table_key)]
        found = self.core.table.get_many(keys)
        there = [self._settled(failure, found) for failure in self.failures]
        for (urgent, account), started in self.started.items():
            self.core.wake_ups.put(urgent, account, started)
        return there

    def _settled(self, failure: Failure, found: dict[Key, Item]) -> bool:
        row, standing = found.get(failure.row), found.get(failure.submission.table_key)
        for _ in range(TRIES):
            if row is None or standing is None:
                return False
            try:
                self._decide(failure, read_submission(standing), read_row(row))
            except ConditionFailed as failed:  # another decision, a report of delivery
                row = failed.item
            else:
                return True
        raise ConditionFailed(row)

    def _decide(self, failure: Failure, submission: StoredSubmission, outcome: RecipientRow) -> None:
        table, decided = self.core.table, reroutes.successor(outcome, submission)
        refused = any(rejection.number == failure.number for rejection in submission.rejected)  # that is its end
        over = _is_over(submission, failure)
        if outcome.status or decided or refused or not over:
            if decided and not outcome.status and decided == outcome.reroutes[-1]:
                self._start(failure, submission, outcome, decided, outcome.so_far)  # whoever decided may have died
            if failure.final:
                keep(table, failure.row, failure.entry)
            return
        final, entry = failure.final, failure.entry
        if final is None:
            final = final_at_end(failure.submission, outcome.history, entry["at"])
            entry = entry | {name: final[name] for name in ("status", "reason", "vendor_status")}
        account = self._elsewhere(failure, submission, final) if _is_certain(failure, outcome) else None
        if account:
            key = submission.key.reroute(submission.owner, failure.number)
            as_heard = failure.final is None
            decided = reroutes.decide(table, failure.row, outcome, key, account, final, entry, as_heard=as_heard)
            self._start(failure, submission, outcome, decided, final)
        else:
            reroutes.finish(table, failure.row, outcome, final, entry, as_heard=failure.final is None)

    def _elsewhere(self, failure: Failure, submission: StoredSubmission, final: Item) -> Account | None:
        """The account that the recipient goes to next, if it may go to any."""
        now, message = self.core.now(), self._message(submission)
        payload = self._payload(submission, message, failure.number) if message and now < message.valid_until else None
        if message is None or payload is None or message.canceled_at is not None:
            return None
        settings = self.core.settings()
        accounts = settings.accounts
        others = encoding.next_accounts(submission, message, payload, settings, now)
        asked = {accounts[name].vendor for name in (submission.account, *submission.tried) if name in accounts}
        other_vendors = [name for name in others if accounts[name].vendor not in {*asked, submission.vendor}]
        names = routing.after_failure(final["reason"], others, other_vendors)
        return accounts[names[0]] if names and not self._is_suppressed(failure.number) else None

    def _start(
        self,
        failure: Failure,
        submission: StoredSubmission,
        outcome: RecipientRow,
        resend: Mapping[str, str],
        final: Item | None,
    ) -> None:
        """File a resend that was decided on because of a status, unless it is there, and wake it up."""
        message = self._message(submission)
        payload = self._payload(submission, message, failure.number) if message else None
        if message is None or payload is None:
            return
        now, account = self.core.now(), self.core.settings().accounts.get(resend["account"])
        segments = encoding.segments_of(message, account, payload)[failure.number] if account else outcome.segments
        of_content = final is not None and final.get("reason") in routing.CONTENT_ITSELF
        refused = failure.submission.vendor if of_content else ""
        key = reroutes.put_reroute(
            self.core.table, failure.row, submission, message, payload, resend, segments, now, refused_by=refused
        )
        if key:  # else it has been woken up, or sweep will do it
            self.started[queues.urgent(message), resend["account"]].append(key)

    def _message(self, submission: StoredSubmission) -> Message | None:
        message_id = submission.key.message_id
        if message_id not in self.messages:
            self.messages[message_id] = submissions.message_of(self.core.table, submission)
        return self.messages[message_id]

    def _payload(self, submission: StoredSubmission, message: Message, number: str) -> Payload | None:
        """The recipient with what it reads; None when it is none of this submission."""
        payload = submission.payload()
        if payload is None and message.content and len(submission.key.path) == ROOT_LENGTH:
            return Payload((number,))  # whose row is there; of recipients that moved, several share a root
        if payload is None and submission.key not in self.payloads:
            self.payloads[submission.key] = load_payload(self.core.table, submission.key)
        payload = payload or self.payloads[submission.key]
        if number not in payload.numbers:
            return None
        index = payload.numbers.index(number)
        return payload.part(index, index + 1)

    def _is_suppressed(self, number: str) -> bool:
        if self.suppressed is None:
            numbers = list(dict.fromkeys(failure.number for failure in self.failures))
            self.suppressed = set(registry.suppressed(self.core.table, numbers))
        return number in self.suppressed


def _is_over(submission: StoredSubmission, failure: Failure) -> bool:
    """Whether the submission went through the account that failed it, and will certainly not go on by itself."""
    given_up = submission.state == State.UNCONFIRMED and (submission.given_up or failure.final is None)
    sending = submission.state == State.SENDING and submission.proved == submission.attempt
    here = submission.account == failure.submission.account
    return given_up or (here and (submission.state == State.SUBMITTED or sending))


def _is_certain(failure: Failure, outcome: RecipientRow) -> bool:
    """Whether another attempt rests on no guess: by a word that a table lists, and that nothing contradicts; or because
    nothing at all was heard, which is none."""
    said = heard(failure.submission, outcome.history)
    if failure.final is None:
        return not said and not outcome.left_out
    of_all = "segment" not in failure.entry
    contradicted = of_all and any(entry["status"] == ReportStatus.DELIVERED for entry in said)
    return failure.certain and not contradicted
