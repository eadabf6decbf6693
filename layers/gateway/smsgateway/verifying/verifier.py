"""What verifying works with: all that accepting does, and the pepper."""

from collections.abc import Callable
from dataclasses import dataclass, field

from smsgateway.accepting.acceptor import Acceptor


@dataclass(frozen=True, slots=True)
class Verifier(Acceptor):
    """The collaborators of verifying. `pepper` gives the secret that codes, ids and stored hashes follow from."""

    pepper: Callable[[], bytes] = field(kw_only=True, repr=False)
