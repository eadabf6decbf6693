"""A vendor's own figures of a day beside ours: when it waits for fewer reports than we do, some did not reach us.

Nothing is counted on a message's way: once a day, the recipients without a report are looked up by the day of their
submission's mark.
"""

from datetime import date, datetime, time

from smsgateway.clock import BEIJING, Millis, millis_of
from smsgateway.core import Core
from smsgateway.model import Account, DayStatistics, State
from smsgateway.store import accounts
from smsgateway.store.awaiting_reports import awaited
from smsgateway.store.recipients import unreported

DAY = 86_400_000  # milliseconds
FEW = 5  # messages more or less: around midnight, or whose report is just on its way


def compare(core: Core, account: Account, figures: DayStatistics, until: Millis) -> bool:
    """Compare a day, and raise `figures_differ`, once for the day. False: it cannot be compared, now or any more.

    A day that is not over, or whose first reports are not waited for any more, cannot be; nor one whose messages cannot
    be counted until `until` (epoch ms).
    """
    first = millis_of(datetime.combine(date.fromisoformat(figures.day), time(), BEIJING))
    end = first + DAY
    if end > core.now() or first + account.options.report_window * 1000 <= core.now():
        return False
    open_here = 0
    for submission in awaited(core.table, account, first - 1, end - 1):
        if core.now() >= until:
            return False
        # One in doubt may never have reached the vendor: that it knows nothing of it is no difference.
        open_here += unreported(core.table, submission) if submission.state == State.SUBMITTED else 0
    problem = _difference(account, figures, open_here)
    accounts.put_comparison(core.table, account.name, figures.day, open_here, bool(problem), core.now())
    if problem:
        detail = f"{figures.day}: {problem}"
        core.alert(account.name, account.vendor, "figures_differ", detail, occasion=figures.day)
    return True


def _difference(account: Account, figures: DayStatistics, open_here: int) -> str:
    """What is wrong, or nothing. Whether the vendor counts segments is not said, so more there is no difference."""
    if open_here > figures.accepted + FEW:
        return f"{open_here} messages wait for a report here, and the vendor accepted {figures.accepted}"
    if open_here - figures.open > max(FEW, account.options.figures_tolerance * figures.accepted):
        at_vendor = f"{figures.open} of {figures.accepted} at the vendor"
        return f"{open_here} messages wait for a report here, and {at_vendor}: reports were lost"
    return ""
