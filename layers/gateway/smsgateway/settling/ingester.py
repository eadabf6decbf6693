"""What the understanding of vendor bytes works with."""

from collections.abc import Callable
from dataclasses import dataclass, field

from smsgateway.clock import Millis
from smsgateway.core import WakingCore
from smsgateway.queues import VendorBytes
from smsgateway.store.table import Item, Key


@dataclass(frozen=True, slots=True)
class Ingester(WakingCore):
    """What a run of the function `ingest` works with. `park` puts away what nobody can read, with the reason."""

    park: Callable[[VendorBytes, str], None]
    noted: dict[Key, Item] = field(default_factory=dict)  # pushes of the last minute (store.accounts.seen_push)
    until: Millis | None = None  # epoch milliseconds; after that nothing is begun

    @property
    def is_over(self) -> bool:
        """True once there is no time left to begin anything."""
        return self.until is not None and self.now() >= self.until
