"""A vendor's statistics of a day: asked for, stored, and compared with what this gateway knows of that day.

When a vendor waits for fewer reports than the gateway does, some reports did not reach it. Nothing is counted while
messages go out: once a day, the recipients without a report are looked up by the day of their submission's mark.
"""

from datetime import date, datetime, time, timedelta
from typing import Any

from smsgateway.clock import BEIJING, Millis, day_of, millis, millis_of, seconds, utc
from smsgateway.codecs import VENDORS, bounded
from smsgateway.codecs.base import HasStatistics
from smsgateway.core import Core
from smsgateway.errors import DecodeError, TransportError
from smsgateway.model import Account, DayStatistics, Page, Refused, State
from smsgateway.receiving.poller import STORING_TIME, Poller, call_at, wait_for_moment
from smsgateway.store import accounts, polling
from smsgateway.store.awaiting_reports import awaited
from smsgateway.store.polling import Lease
from smsgateway.store.recipients import unreported

DAY = 86_400_000  # milliseconds
RUN_FROM = 6 * 3_600_000  # milliseconds into Beijing's day: most reports of the day before have come
DAYS_BEFORE = 3  # statistics of the last days still change while reports come in
MOST_PAGES = 20
FEW = 5  # messages more or less: around midnight, or whose report is just on its way


def day_of_run(at: Millis) -> date:
    """The day of Beijing whose run of statistics a time belongs to. There is one run a day, from RUN_FROM on."""
    return day_of(at - RUN_FROM)


def poll_statistics(poller: Poller, account: Account, lease: Lease, hard_end: Millis) -> dict[str, Any]:
    """Ask for an account's statistics of the last days, store and compare them.

    Returns what `poll` returns: `{"days": n, "compared": n}`, `{"skipped": …}`, or `{"problem": …, "days": n}`.
    """
    codec = VENDORS[account.vendor].statistics
    if codec is None:
        return {"skipped": "unsupported"}
    last = day_of(poller.now())
    days: list[DayStatistics] = []
    for page_number in range(1, MOST_PAGES + 1):
        if (moment := wait_for_moment(poller, account, "statistics")) < 0:
            return {"skipped": "pace", "again_in": seconds(-moment), "days": len(days)}
        try:
            page = _page_of(poller, codec, account, last, page_number, moment)
        except (TransportError, DecodeError) as error:
            return {"problem": error.problem, "days": len(days)}
        if isinstance(page, Refused):
            poller.tell_refusal(account, page)
            return {"problem": page.vendor_status, "days": len(days)}
        days += page.items
        for day in page.items:
            accounts.put_statistics(poller.table, account.name, day, poller.now(), poller.ttl)
        if not page.full:
            break
    until = hard_end - STORING_TIME
    compared = [compare(poller, account, day, until) for day in days]
    polling.fulfil(poller.table, lease, poller.now())
    return {"days": len(days), "compared": sum(compared)}


def _page_of(
    poller: Poller, codec: HasStatistics, account: Account, last: date, page_number: int, moment: Millis
) -> Page[DayStatistics] | Refused:
    """Ask for one page of the days until `last`, at a moment of the account's pace."""
    first = last - timedelta(days=DAYS_BEFORE)
    request = codec.encode_statistics(account, utc(poller.now()), poller.nonce(), first, last, page_number)
    response = call_at(poller, account, "statistics", request, moment)
    return bounded.days(codec.decode_statistics(account, response))


def compare(core: Core, account: Account, day: DayStatistics, until: Millis) -> bool:
    """Compare a day's statistics with ours, and raise the alert `figures_differ`, once for the day.

    Returns False if the day cannot be compared, now or any more: it is not over, its first reports are no longer waited
    for, or its messages cannot be counted until `until`.
    """
    first = millis_of(datetime.combine(date.fromisoformat(day.day), time(), BEIJING))
    end = first + DAY
    if end > core.now() or first + millis(account.options.report_window) <= core.now():
        return False
    open_here = 0
    for submission in awaited(core.table, account, first - 1, end - 1):
        if core.now() >= until:
            return False
        # One in doubt may never have reached the vendor: that the vendor knows nothing of it is no difference.
        open_here += unreported(core.table, submission) if submission.state == State.SUBMITTED else 0
    problem = _difference(account, day, open_here)
    accounts.put_comparison(core.table, account.name, day.day, open_here, bool(problem), core.now())
    if problem:
        detail = f"{day.day}: {problem}"
        core.alert(account.name, account.vendor, "figures_differ", detail, occasion=day.day)
    return True


def _difference(account: Account, day: DayStatistics, open_here: int) -> str:
    """What is wrong, or nothing. A vendor does not say whether it counts segments: more there is no difference."""
    if open_here > day.accepted + FEW:
        return f"{open_here} messages wait for a report here, and the vendor accepted {day.accepted}"
    if open_here - day.open > max(FEW, account.options.figures_tolerance * day.accepted):
        at_vendor = f"{day.open} of {day.accepted} at the vendor"
        return f"{open_here} messages wait for a report here, and {at_vendor}: reports were lost"
    return ""
