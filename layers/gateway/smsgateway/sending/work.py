"""What the sending of a submission works with, and on."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from random import Random

from smsgateway.calling.carriage import Carriage
from smsgateway.clock import Millis, seconds
from smsgateway.config.cache import AccountsCache
from smsgateway.config.settings import Settings
from smsgateway.core import WakingCore
from smsgateway.errors import GatewayError
from smsgateway.ids import owner
from smsgateway.model import Account, Message, Payload, Request, Response
from smsgateway.store.breakers import BreakerState
from smsgateway.store.submissions import StoredSubmission


class InFlightError(GatewayError):
    """Another worker has the submission, or is to get it: the wake-up goes back to its queue for `wait`."""

    def __init__(self, wait: Millis) -> None:
        super().__init__("another worker is at it")
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Dispatcher(WakingCore):
    """What a run of the function `dispatch` works with. `sleep` takes seconds."""

    accounts: AccountsCache
    call: Callable[[Account, Request, float], Response]  # the request, and seconds for all of it
    sleep: Callable[[float], None]
    random: Random

    def new_owner(self) -> str:
        """A name for a mark or a claim, by which a worker tells its own success from another worker's."""
        return owner(self.random)

    def wait_until(self, moment: Millis) -> None:
        """Sleep until a time, unless it has passed."""
        if (wait := moment - self.now()) > 0:
            self.sleep(seconds(wait))


@dataclass(frozen=True)  # without slots: `cached_property` keeps its values beside the fields
class Work:
    """A submission that is to be sent now, and everything that its sending needs to know, read once."""

    submission: StoredSubmission
    message: Message
    payload: Payload
    breaker: BreakerState  # of the submission's account
    settings: Settings

    @property
    def account_is_gone(self) -> bool:
        """True if the submission's account is not configured any more."""
        return self.submission.account not in self.settings.accounts

    @property
    def account(self) -> Account:
        """The account that is to be called. Raises KeyError if it is gone."""
        return self.settings.accounts[self.submission.account]

    @cached_property
    def sent_to(self) -> Payload:
        """The recipients that it is sent to, as far as is known: all but those that were spared before."""
        return self.payload.without(self.submission.spared.numbers)

    @cached_property
    def carriage(self) -> Carriage:
        """How the account carries the submission. Raises KeyError if the account is gone."""
        return Carriage(self.account, self.message, self.payload)
