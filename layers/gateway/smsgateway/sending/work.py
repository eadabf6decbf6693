"""What the sending of a submission works with, and on."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from smsgateway.calling.carriage import Carriage
from smsgateway.config.cache import AccountsCache
from smsgateway.config.settings import Settings
from smsgateway.core import WakingCore
from smsgateway.model import Account, Message, Payload, Request, Response
from smsgateway.store.submissions import StoredSubmission


@dataclass(frozen=True, slots=True)
class Dispatcher(WakingCore):
    """What a dispatch works with. Times are epoch milliseconds, `sleep` takes seconds."""

    accounts: AccountsCache
    call: Callable[[Account, Request, float], Response]  # the request, and seconds for all of it
    sleep: Callable[[float], None]
    random: Random
    warn: Callable[[str, str], None] = lambda _problem, _account: None  # of an account; its work goes on all the same


@dataclass(frozen=True, slots=True)
class Work:
    """One submission that is to be sent now, with everything that its sending needs."""

    submission: StoredSubmission
    carriage: Carriage  # how the account of the submission carries it
    settings: Settings

    @property
    def message(self) -> Message:
        """The message that the submission is a part of."""
        return self.carriage.message

    @property
    def payload(self) -> Payload:
        """The submission's recipients and what they read."""
        return self.carriage.payload

    @property
    def account(self) -> Account:
        """The account that is to be called."""
        return self.carriage.account
