"""A reroute (`resend.undelivered`): a recipient whom an account has failed goes to the next account of the route.

It goes as a new submission of the same message, to that recipient alone, while the message is valid, at most once an
account. A failure is decided on once, by a conditional write to the recipient's row (store/reroutes.py), and only when
the submission that failed will certainly not go on by itself.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import batched

from smsgateway import queues, routing
from smsgateway.calling.carriage import Carriage, able_accounts
from smsgateway.clock import Millis
from smsgateway.core import WakingCore
from smsgateway.ids import ROOT_LENGTH, SubmissionKey
from smsgateway.model import Account, Message, Payload, ReportStatus, State
from smsgateway.rules.quiet_hours import goes_on_at
from smsgateway.store import recipients, reroutes, submissions, suppressions
from smsgateway.store.finals import final_at_end, heard
from smsgateway.store.history import keep
from smsgateway.store.messages import load_payload
from smsgateway.store.recipients import RecipientRow, read_row
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
        """Where the recipient's row is."""
        return recipients.recipient_key(self.submission, self.number)


def settle(core: WakingCore, failures: Sequence[Failure]) -> list[bool]:
    """Let each recipient go on at another account, or end. Returns for each whether it is there."""
    batches = list(batched(failures, BATCH_WRITES, strict=False))
    if len(batches) <= 1:
        return _settle_batch(core, failures)
    with ThreadPoolExecutor(PARALLEL) as pool:
        return [there for done in pool.map(lambda batch: _settle_batch(core, batch), batches) for there in done]


@dataclass(slots=True)
class _Batch:
    """Some failures, what was read for several of them, and the reroutes that are to be woken up."""

    core: WakingCore
    failures: Sequence[Failure]
    messages: dict[str, Message | None] = field(default_factory=dict)
    payloads: dict[SubmissionKey, Payload] = field(default_factory=dict)
    limits: Mapping[Key, Item] | None = None
    started: dict[tuple[bool, str], list[SubmissionKey]] = field(default_factory=lambda: defaultdict(list))

    def message(self, submission: StoredSubmission) -> Message | None:
        """The message of a submission."""
        message_id = submission.key.message_id
        if message_id not in self.messages:
            self.messages[message_id] = submissions.message_of(self.core.table, submission)
        return self.messages[message_id]

    def payload(self, submission: StoredSubmission, message: Message, number: str) -> Payload | None:
        """One recipient with what it reads; None if the submission has no such recipient."""
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

    def is_suppressed(self, number: str, message: Message) -> bool:
        """Whether a recipient of this batch is not to get any more of a message: suppressed, or its marketing stopped
        by now."""
        if self.limits is None:
            numbers = list(dict.fromkeys(failure.number for failure in self.failures))
            self.limits = suppressions.load_items(self.core.table, numbers)
        scope = message.opt_out_scope or message.client
        return bool(suppressions.not_to_be_texted(self.limits, [number], message.purpose, scope))


def _settle_batch(core: WakingCore, failures: Sequence[Failure]) -> list[bool]:
    """Decide on some failures, and wake up the reroutes that this has started."""
    if not failures:
        return []
    batch = _Batch(core, failures)
    found = core.table.get_many([key for failure in failures for key in (failure.row, failure.submission.table_key)])
    there = [
        _settle_one(batch, failure, found.get(failure.row), found.get(failure.submission.table_key))
        for failure in failures
    ]
    for (urgent, account), started in batch.started.items():
        core.wake_ups.put(urgent, account, started)
    return there


def _settle_one(batch: _Batch, failure: Failure, row: Item | None, standing: Item | None) -> bool:
    """Decide on a failure by what stands in the table. False: there is no such recipient, or no such submission."""
    for _ in range(TRIES):
        if row is None or standing is None:
            return False
        try:
            _decide(batch, _Case(failure, read_submission(standing), read_row(row)))
        except ConditionFailed as failed:  # another decision, a report of delivery
            row = failed.item
        else:
            return True
    raise ConditionFailed(row)


@dataclass(frozen=True, slots=True)
class _Case:
    """A failure beside what stands in the table: its submission, and the recipient's row."""

    failure: Failure
    submission: StoredSubmission
    row: RecipientRow

    @property
    def refused(self) -> bool:
        """True if the vendor refused this number when it took the submission, or was not asked: that is its end."""
        return self.failure.number in self.submission.not_sent_to

    @property
    def over(self) -> bool:
        """True if the submission went through the account that failed it, and will certainly not go on by itself."""
        submission = self.submission
        given_up = submission.state == State.UNCONFIRMED and (submission.given_up or self.failure.final is None)
        sending = submission.state == State.SENDING and submission.proved == submission.attempt
        here = submission.account == self.failure.submission.account
        return given_up or (here and (submission.state == State.SUBMITTED or sending))

    @property
    def certain(self) -> bool:
        """True if another attempt rests on no guess.

        That is so for a word that a table lists and that nothing contradicts, and when nothing at all was heard.
        """
        said = heard(self.failure.submission, self.row.history)
        if self.failure.final is None:
            return not said and not self.row.left_out
        of_all = "segment" not in self.failure.entry
        contradicted = of_all and any(entry["status"] == ReportStatus.DELIVERED for entry in said)
        return self.failure.certain and not contradicted


def _decide(batch: _Batch, case: _Case) -> None:
    """Let a recipient go on at another account, or end, unless that is decided already or cannot be decided yet.

    Raises ConditionFailed with the row as it is, if it has changed meanwhile.
    """
    table, failure, row = batch.core.table, case.failure, case.row
    decided = reroutes.successor(row, case.submission)
    if row.status or decided or case.refused or not case.over:
        if decided and not row.status and decided == row.reroutes[-1]:
            _start(batch, case, decided, row.so_far)  # whoever decided may have died
        if failure.final:
            keep(table, failure.row, failure.entry)
        return
    final, entry, no_report = failure.final, failure.entry, failure.final is None
    if final is None:
        final = final_at_end(failure.submission, row.history, entry["at"])
        entry = entry | {name: final[name] for name in ("status", "reason", "vendor_status")}
    account = _next_account(batch, case, final) if case.certain else None
    if account is None:
        reroutes.finish(table, failure.row, row, final, entry, as_heard=no_report)
        return
    key = case.submission.key.reroute(case.submission.owner, failure.number)
    decided = reroutes.named(key, account)
    reroutes.decide(table, failure.row, row, decided, final, entry, as_heard=no_report)
    _start(batch, case, decided, final)


def _next_account(batch: _Batch, case: _Case, final: Item) -> Account | None:
    """The account that the recipient goes to next, if it may go to any. `final`: what it comes to otherwise."""
    core, submission, number = batch.core, case.submission, case.failure.number
    now, message = core.now(), batch.message(submission)
    in_time = message and _goes_on_at(core, message, submission.key, now) < message.valid_until
    payload = batch.payload(submission, message, number) if message and in_time else None
    if message is None or payload is None or message.canceled_at is not None:
        return None
    settings = core.settings()
    accounts = settings.accounts
    others = able_accounts(submission.untried(message.route), settings, message, payload, submission.refused_by)
    asked = {accounts[name].vendor for name in (submission.account, *submission.tried) if name in accounts}
    other_vendors = [name for name in others if accounts[name].vendor not in {*asked, submission.vendor}]
    names = routing.after_failure(final["reason"], others, other_vendors)
    return accounts[names[0]] if names and not batch.is_suppressed(number, message) else None


def _goes_on_at(core: WakingCore, message: Message, key: SubmissionKey, now: Millis) -> Millis:
    """When a submission may be sent that is to be sent now: at once, or after quiet hours."""
    hours = core.settings().quiet_hours_of(message.purpose)
    return goes_on_at(now, hours, message.valid_until, key.reference)


def _start(batch: _Batch, case: _Case, decided: Mapping[str, str], final: Item | None) -> None:
    """File a reroute that was decided on, unless it is there, and have it woken up. `final`: the status that led to it.

    A reroute that is there already has been woken up, or sweep will do it.
    """
    core, failure = batch.core, case.failure
    message = batch.message(case.submission)
    payload = batch.payload(case.submission, message, failure.number) if message else None
    if message is None or payload is None:
        return
    now, account = core.now(), core.settings().accounts.get(decided["account"])
    segments = Carriage(account, message, payload).segments[failure.number] if account else case.row.segments
    of_content = final is not None and final.get("reason") in routing.CONTENT_ITSELF
    refused_by = failure.submission.vendor if of_content else ""
    at = _goes_on_at(core, message, SubmissionKey(message.id, decided["path"]), now)
    new = reroutes.NewReroute(case.submission, message, payload, segments, at, refused_by)
    key = reroutes.put_reroute(core.table, failure.row, decided, new, now)
    if key and at <= now:
        batch.started[queues.urgent(message), decided["account"]].append(key)
