"""Vendors that fall silent: submissions go out, and no delivery report comes back.

Watching adds no write to the way of a message. The time of the last report is noted where a push or a poll is noted
anyway. Only while that time is too long ago are an account's submissions counted, each of them once.
"""

from dataclasses import replace

from smsgateway.clock import Millis, iso, millis
from smsgateway.codecs import VENDORS
from smsgateway.core import Core
from smsgateway.model import Account, State
from smsgateway.store import accounts
from smsgateway.store.accounts import SEEN_EVERY, Silence
from smsgateway.store.alerts import HOUR
from smsgateway.store.awaiting_reports import awaited

LOOK_EVERY = 600_000  # milliseconds between two counts of a silent account's messages; an hour after an alert


def watch(core: Core, until: Millis) -> None:
    """Raise `push_silent` for each account that should get reports, and gets none though it sends.

    `until`: from this time on no further account is looked at.
    """
    watched = [account for account in core.settings().accounts.values() if _expects_reports(account)]
    silences = accounts.silences(core.table, [account.name for account in watched])
    for account in watched:
        if core.now() >= until:
            return
        _look(core, account, *silences[account.name])


def _expects_reports(account: Account) -> bool:
    """Whether an account is watched: its vendor pushes reports, or they are polled, and the option is on."""
    pushed = account.push is not None and VENDORS[account.vendor].report_push is not None
    return (pushed or "reports" in account.poll) and account.options.silence_messages > 0


def _look(core: Core, account: Account, last_report: Millis, silence: Silence | None) -> None:
    """Count an account's submissions without a report, if its last one is too long ago, and raise the alert.

    `silence`: what was counted so far since an earlier look.
    """
    now, options = core.now(), account.options
    # What is older than the report window is not waited for any more, and could not be counted.
    patience = millis(min(options.silence_seconds, options.report_window // 2))
    until = now - patience
    if silence is None or silence.last_report != last_report:  # what was counted before that report is of no interest
        # The last report is noted to the minute: what was marked within that minute may have had its own.
        silence = Silence(last_report, max(last_report + SEEN_EVERY, until - patience))
    if last_report > until or silence.look_at > now:
        return
    counted = _count(core, account, silence, until)
    if counted.messages < options.silence_messages:
        accounts.put_silence(core.table, account.name, replace(counted, look_at=now + LOOK_EVERY))
        return
    last = f"the last one came {iso(last_report)}" if last_report else "none ever came"
    detail = f"{counted.messages} messages or more, submitted from {iso(counted.earliest)} on, have no report; {last}"
    core.alert(account.name, account.vendor, "push_silent", detail)
    # Told again only when as many further messages have no report either.
    told = Silence(last_report, counted.counted_to, look_at=now + HOUR)
    accounts.put_silence(core.table, account.name, told)


def _count(core: Core, account: Account, silence: Silence, until: Millis) -> Silence:
    """Go on counting recipients of submissions up to `until`, or until they are enough for an alert."""
    messages, earliest = silence.messages, silence.earliest
    for submission in awaited(core.table, account, silence.counted_to, until):
        if submission.state != State.SUBMITTED:  # nobody knows whether there can be a report of it
            continue
        messages += submission.count - len(submission.not_sent_to)
        mark = submission.submitted_at or until
        earliest = min(earliest or mark, mark)
        if messages >= account.options.silence_messages:
            break
    return replace(silence, counted_to=max(until, silence.counted_to), earliest=earliest, messages=messages)
