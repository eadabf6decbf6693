"""What the sending of a submission works with, and on."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from smsgateway.config.settings import AccountsCache, Settings
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
    message: Message
    payload: Payload
    account: Account
    settings: Settings

    @property
    def personalised(self) -> bool:
        return bool(self.payload.contents)
