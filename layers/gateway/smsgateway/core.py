"""What the work of all functions has in common: the table, the accounts document, the clock, and alerts."""

from collections.abc import Callable
from dataclasses import dataclass, field

from smsgateway.clock import Millis, epoch_seconds
from smsgateway.config.settings import Settings
from smsgateway.queues import WakeUps
from smsgateway.store.alerts import Alert, raise_alert
from smsgateway.store.table import Table


@dataclass(frozen=True, slots=True)
class Core:
    """The collaborators that every function's work needs; what is a function's own stands in a class derived from this.

    `settings` gives the accounts document as it is now, `now` the time.
    """

    table: Table
    settings: Callable[[], Settings]
    now: Callable[[], Millis]
    retention: int  # seconds

    @property
    def ttl(self) -> int:
        """When (epoch seconds) DynamoDB may delete what is written now."""
        return epoch_seconds(self.now()) + self.retention

    def alert(
        self, account: str, vendor: str, kind: str, detail: str, *, occasion: str = "", at: Millis | None = None
    ) -> None:
        """Tell the operator about an account.

        An alert of one kind is raised once in each hour of the clock, or once for its `occasion`. `at` is when it
        happened, if not just now. The alert becomes an event through the table's stream.
        """
        happened = self.now() if at is None else at
        raise_alert(self.table, Alert(account, vendor, kind, detail, happened, self.ttl), occasion)


@dataclass(frozen=True, slots=True)
class WakingCore(Core):
    """The collaborators of work that puts wake-ups too."""

    wake_ups: WakeUps
    # What an operator may like to know, with the id of what it is about; never a number or a text.
    warn: Callable[[str, str], None] = field(default=lambda _problem, _id: None, kw_only=True)
