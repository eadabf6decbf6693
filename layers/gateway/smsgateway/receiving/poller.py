"""What polling works with, and how a vendor is asked for what is seldom asked."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from smsgateway.calling import pace
from smsgateway.clock import Millis, seconds
from smsgateway.codecs import VENDORS
from smsgateway.core import Core
from smsgateway.ids import nonce
from smsgateway.model import Account, Kind, Refused, Request, Response
from smsgateway.routing import alert_for

STORING_TIME = 5_000  # milliseconds kept free after a call


@dataclass(frozen=True, slots=True)
class Poller(Core):
    """What polling works with.

    `call` makes one call to a vendor, in so many seconds at most. `store` puts a body into the queue of its kind, or
    raises. `sleep` takes seconds.
    """

    call: Callable[[Account, Request, float], Response]
    store: Callable[[str, Kind], None]
    sleep: Callable[[float], None]
    random: Random

    def nonce(self) -> str:
        """Twenty random digits, for a request."""
        return nonce(self.random)

    def tell(self, account: Account, alert: str, detail: str, occasion: str = "") -> None:
        """Raise an alert about an account."""
        self.alert(account.name, account.vendor, alert, detail, occasion=occasion)

    def tell_refusal(self, account: Account, refusal: Refused) -> None:
        """Raise an alert about an account if a refusal is one that an operator has to see to."""
        if alert := alert_for(refusal):
            self.tell(account, alert, refusal.vendor_status)

    def wait_until(self, moment: Millis) -> None:
        """Sleep until a moment, if it is still to come."""
        if (wait := moment - self.now()) > 0:
            self.sleep(seconds(wait))


def interval_of(account: Account, operation: str) -> float:
    """The seconds that the account's vendor wants between two requests of an operation; 0 if it does not say."""
    return VENDORS[account.vendor].profile.pace.get(operation, 0.0)


def wait_for_moment(poller: Poller, account: Account, operation: str) -> Millis:
    """Wait until the account's pace allows a request, and hold off other workers until `call_at` is over.

    Returns the moment, or 0 if any will do. Returns a negative number, and nobody is held off, if the moment is too far
    away to be waited for: that many milliseconds.
    """
    interval = interval_of(account, operation)
    if not interval:
        return 0
    moment = pace.hold(poller.table, account.name, operation, interval, account.options.timeout, poller.now())
    poller.wait_until(moment)
    return moment


def call_at(poller: Poller, account: Account, operation: str, request: Request, moment: Millis) -> Response:
    """Make a request at the moment that `wait_for_moment` gave. Returns the answer, or raises TransportError."""
    timeout = account.options.timeout
    try:
        return poller.call(account, request, timeout)
    finally:
        if interval := interval_of(account, operation):
            pace.release(poller.table, account.name, operation, interval, timeout, moment, poller.now())
