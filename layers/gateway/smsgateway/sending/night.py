"""Marketing at night: a submission that would be sent in quiet hours is held until after them.

Whatever brought it there: a wake-up that came late, a busy account, a failover, another attempt after a doubt. So it is
asked before anything is done for a call, before the mark, and again before the call.
"""

from smsgateway import routing
from smsgateway.clock import Millis
from smsgateway.model import Reason
from smsgateway.rules.quiet_hours import goes_on_at
from smsgateway.sending.failover import go_on
from smsgateway.sending.work import Dispatcher, Work


def held_until(work: Work, at: Millis) -> Millis:
    """When a submission may be sent that would be sent at a moment; the moment itself if it is not held."""
    hours = work.settings.quiet_hours_of(work.message.purpose)
    return goes_on_at(at, hours, work.message.valid_until, work.submission.key.reference)


def hold(dispatcher: Dispatcher, work: Work, moment: Millis = 0) -> bool:
    """Let a submission wait that would be sent in quiet hours: now, or at its account's moment. Returns whether it was.

    It is no failure of its account. If the message is not valid any more after them, the submission expires. Raises
    ConditionFailed when somebody else has gone on with it.
    """
    now = dispatcher.now()
    at = max(now, moment)
    until = held_until(work, at)
    if until == at:
        return False
    go_on(dispatcher, work, routing.Again(until - now, Reason.QUIET_HOURS, "", failures=work.submission.failures))
    return True
