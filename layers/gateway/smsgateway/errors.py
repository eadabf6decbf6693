"""The exceptions of the gateway.

GatewayError
├── ConfigurationError      the accounts document is wrong; says where and why
├── EncodeError             our message cannot be said in a vendor's protocol
├── DecodeError             a vendor's bytes are not what its protocol says; the bytes are attached
└── TransportError          a vendor call that brought no whole answer
    ├── NotSentError        it certainly never reached the vendor
    └── AmbiguousError      it may have reached the vendor

A vendor that answers, also with a refusal, is a value (`model.Refused`), never an exception.
"""

from smsgateway.model import Reason

LONGEST_PROBLEM = 400  # characters, for problems are stored, and some name what a document holds


class GatewayError(Exception):
    """Anything the gateway itself raises."""


class ConfigurationError(GatewayError):
    """The accounts document is wrong. `path` names the place (`accounts[2].credentials.pswd`)."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class EncodeError(GatewayError):
    """A message that this vendor's protocol cannot carry. `problem` may be shown to the client who wrote it."""

    def __init__(self, reason: Reason, problem: str) -> None:
        super().__init__(problem)
        self.reason = reason
        self.problem = problem[:LONGEST_PROBLEM]


class DecodeError(GatewayError):
    """Bytes that break the vendor's protocol. `problem` never quotes them; `raw` holds them, for parking."""

    def __init__(self, problem: str, raw: bytes) -> None:
        super().__init__(problem)
        self.problem = problem[:LONGEST_PROBLEM]
        self.raw = raw


class NotTakenError(GatewayError):
    """The event bus did not take all events in time: the first `taken` of them, in their order, it did."""

    def __init__(self, taken: int) -> None:
        super().__init__("the event bus did not take all events")
        self.taken = taken


class UnpublishableError(GatewayError):
    """The event bus will never take this event."""


class TransportError(GatewayError):
    """A vendor call that brought no whole answer. `problem` is ours: no address, number or secret is in it."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem[:LONGEST_PROBLEM]


class NotSentError(TransportError):
    """Refused, DNS, connect timeout or TLS: no byte of the request reached the vendor."""


class AmbiguousError(TransportError):
    """Read timeout, reset, truncation, redirect, over the size limit: the vendor may have acted on it."""
