"""The conversion watch: who has codes sent that nobody types in, as pumping does, is told from whoever just grows.

Pumping: somebody makes a shop text numbers that he earns from. Requests rise, approvals do not. What a client's last
hour came to is compared with the same minutes of the day before. All of it is pure.
"""

from smsgateway.clock import Millis
from smsgateway.store.conversions import HOUR, MINUTE, Conversions

DAY: Millis = 24 * HOUR
NOT_JUDGED: Millis = 2 * MINUTE  # the newest requests: whoever made them may be typing the code
WINDOW: Millis = HOUR
FLOOR = 50  # requests in an hour, below which nothing is suspected
GROWTH = 1.5  # times the requests of the day before
FALL = 0.5  # of the share that was approved the day before
FEW = 20  # requests of the day before, below which they say nothing
FLOOR_ALONE = 100  # requests in an hour, where nothing is known of the day before
SHARE_ALONE = 0.1  # approved, where nothing is known of the day before


def judged(now: Millis) -> tuple[Millis, Millis]:
    """The hour that is judged at `now`: from its first minute up to, but without, its last."""
    end = (now - NOT_JUDGED) // MINUTE * MINUTE
    return end - WINDOW, end


def day_before(now: Millis) -> tuple[Millis, Millis]:
    """The same hour of the day before."""
    first, end = judged(now)
    return first - DAY, end - DAY


def suspected(today: Conversions, before: Conversions) -> bool:
    """Whether an hour looks like pumping. `before`: the same hour of the day before.

    It does where far fewer of many more requests were approved than the day before: below half of the share, of half
    as many requests again, and of 50 at least. Where the day before says nothing, where less than a tenth of a hundred
    was approved.
    """
    if before.requested < FEW:
        return today.requested >= FLOOR_ALONE and today.share < SHARE_ALONE
    grown = today.requested >= max(FLOOR, GROWTH * before.requested)
    return grown and today.share < FALL * before.share
