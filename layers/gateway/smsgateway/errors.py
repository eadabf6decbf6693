"""The exceptions of the gateway. Each that stands in another file is raised there, and named here with that file.

GatewayError
├── ConfigurationError      the accounts document or an environment variable is wrong; says where and why
├── EncodeError             our message cannot be said in a vendor's protocol
├── DecodeError             a vendor's bytes are not what its protocol says; the bytes are attached
├── TransportError          a vendor call that brought no whole answer
│   ├── NotSentError        it certainly never reached the vendor
│   └── AmbiguousError      it may have reached the vendor
├── NotTakenError           the event bus did not take all events in time
├── UnpublishableError      the event bus will never take an event
├── ConditionFailed         an item is not as a conditional write demands (store/table.py)
├── NumberFull              a number has as many stops as its item keeps (store/stops.py)
├── Refusal                 a post is not accepted; becomes an answer (accepting/post.py)
├── InFlightError           a submission is in another worker's hands (sending/work.py)
├── Problem                 a request gets an error for an answer (api/serving/problems.py)
└── ItemsFailedError        `sweep` could not see to some items (handlers/sweep.py)

A vendor that answers, also with a refusal, is a value (`model.Refused`), never an exception.
"""

from smsgateway.model import Reason

LONGEST_PROBLEM = 400  # characters, for problems are stored, and some name what a document holds


class GatewayError(Exception):
    """Whatever the gateway itself raises."""


class ConfigurationError(GatewayError):
    """The accounts document, or an environment variable, is wrong.

    `path` names the place (`accounts[2].credentials.pswd`), `problem` what must be there; neither quotes a value.
    """

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


class TransportError(GatewayError):
    """A vendor call that brought no whole answer. `problem` is ours: no address, number or secret is in it."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem[:LONGEST_PROBLEM]


class NotSentError(TransportError):
    """Refused, DNS, connect timeout or TLS: no byte of the request reached the vendor."""


class AmbiguousError(TransportError):
    """Read timeout, reset, truncation, redirect, over the size limit: the vendor may have acted on it."""


class NotTakenError(GatewayError):
    """The event bus did not take all events in time: the first `taken` of them, in their order, it did."""

    def __init__(self, taken: int) -> None:
        super().__init__("the event bus did not take all events")
        self.taken = taken


class UnpublishableError(GatewayError):
    """The event bus will never take this event."""
