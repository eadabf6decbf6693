"""Which account a message goes through, and what the result of a call means for the next step.

Retry and failover are decided here and nowhere else. All of it is pure: randomness comes in as numbers.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from smsgateway.clock import Millis
from smsgateway.config.settings import ANY_PURPOSE, Route, RouteEntry
from smsgateway.errors import AmbiguousError, DecodeError, EncodeError, NotSentError
from smsgateway.model import About, Accepted, Purpose, Reason, Refused, State

TRIES_UNREACHED = 2  # calls in a row that do not reach an account, before the next account of the route is asked
OTP_PATIENCE: Millis = 30_000  # that a password waits for a busy account
VALIDITY_SHARE = 3  # a busy account is waited for during a third of the time for which a message is valid
BACKOFF_FIRST: Millis = 1_000
BACKOFF_LONGEST: Millis = 300_000
NUMBER_ITSELF = frozenset({Reason.INVALID_NUMBER, Reason.BLACKLISTED, Reason.SUPPRESSED})
CONTENT_ITSELF = frozenset(
    {
        Reason.SENSITIVE_CONTENT,
        Reason.CONTENT_REFUSED,
        Reason.CONTENT_TOO_LONG,
        Reason.CONTENT_EMPTY,
        Reason.CONTENT_NOT_ENCODABLE,
        Reason.SIGNATURE_REFUSED,
        Reason.TEMPLATE_REFUSED,
    }
)

type CallResult = Accepted | Refused | NotSentError | AmbiguousError | DecodeError | EncodeError


def route_for(routes: Sequence[Route], purpose: Purpose, random: Callable[[], float]) -> tuple[str, ...]:
    """Returns the names of the accounts to try for a purpose, in order; empty when no route serves the purpose.

    Where a route has weights, each place in the order is drawn by them: an account of weight 3 comes first three times
    as often as an account of weight 1. `random` returns numbers in [0, 1).
    """
    by_purpose = {route.purpose: route.accounts for route in routes}
    entries = by_purpose.get(purpose) or by_purpose.get(ANY_PURPOSE) or ()
    if all(entry.weight is None for entry in entries):
        return tuple(entry.name for entry in entries)
    return _drawn(entries, random)


def _drawn(entries: Sequence[RouteEntry], random: Callable[[], float]) -> tuple[str, ...]:
    """The accounts of a route in an order that is drawn by their weights."""
    left = [(entry.name, entry.weight or 1) for entry in entries]
    order = []
    while left:
        reached = list(accumulate(weight for _, weight in left))
        order.append(left.pop(bisect_right(reached, random() * reached[-1]))[0])
    return tuple(order)


@dataclass(frozen=True, slots=True)
class Tried:
    """Where a submission stands when a call returns: who was asked, and who may be asked next."""

    account: str
    others: tuple[str, ...]  # accounts of the route, not yet tried, that can carry the content, in order
    other_vendors: tuple[str, ...]  # accounts among `others` with another vendor
    failures: int  # consecutive calls that never reached this account, before the one that has returned
    busy: int  # consecutive refusals about the moment, before the call that has returned
    free: tuple[str, ...] = ()  # accounts among `in_order` that have a call to spare
    in_order: tuple[str, ...] = ()  # accounts among `others` whose breakers are closed
    deferred: tuple[str, ...] = ()  # accounts passed over for their moment, the one asked longest ago first
    waited: Millis = 0  # since this account's first refusal about the moment
    patience: Millis = 2**53  # `waited` that is long enough


@dataclass(frozen=True, slots=True)
class Submit:
    """The vendor took it."""

    answer: Accepted


@dataclass(frozen=True, slots=True)
class Doubt:
    """Nobody can say whether the vendor took it: UNCONFIRMED, and the gateway alone never repeats it."""

    reason: Reason
    vendor_status: str


@dataclass(frozen=True, slots=True)
class Again:
    """Certainly not sent: the same account will be asked again after `delay`."""

    delay: Millis
    reason: Reason
    vendor_status: str
    failures: int = 0  # consecutive calls that never reached the account, the last included
    busy: int = 0  # consecutive refusals about the moment, the last included


@dataclass(frozen=True, slots=True)
class Move:
    """Certainly not sent: the next account will be asked, now or after `delay`."""

    account: str
    reason: Reason
    vendor_status: str
    about: About | None = None  # what the account that is left refused it for; None: it did not refuse
    delay: Millis = 0
    busy: int = 0  # consecutive refusals about the moment, by whichever accounts


@dataclass(frozen=True, slots=True)
class End:
    """Nothing further will be tried."""

    state: State
    reason: Reason
    vendor_status: str


type Step = Submit | Doubt | Again | Move | End


def next_step(result: CallResult, tried: Tried, jitter: float) -> Step:
    """Returns what follows from the result of a call. `jitter` is random, in [0, 1).

    | result | next |
    | --- | --- |
    | accepted | SUBMITTED |
    | never reached the vendor | the same account later; the next account after two calls |
    | may have reached the vendor; an answer that nobody can read; a code that nobody documented | UNCONFIRMED |
    | refused: the moment | a free account; after some patience any account in order; else the same account later |
    | refused: outside its hours | any other account; else the same account later |
    | refused: the account | the next account, else REFUSED |
    | refused: the content | the next account of another vendor, else REFUSED |
    | refused: the numbers | REFUSED |
    | cannot be said in this vendor's protocol | the next account, else REFUSED |

    When all accounts were tried, those passed over for their moment are asked again, after ever longer pauses.
    """
    match result:
        case Accepted():
            return Submit(result)
        case NotSentError():
            return _unreached(result, tried, jitter)
        case AmbiguousError() | DecodeError():
            return Doubt(Reason.AMBIGUOUS_ANSWER, result.problem)
        case EncodeError():
            return _elsewhere(tried.others, tried, jitter, None, result.reason, result.problem)
        case Refused():
            return _refused(result, tried, jitter)


def _unreached(result: NotSentError, tried: Tried, jitter: float) -> Step:
    """What follows from a call that certainly did not reach the vendor."""
    failures = tried.failures + 1
    if failures >= TRIES_UNREACHED and tried.others:
        return Move(tried.others[0], Reason.NOT_REACHED, result.problem)
    if failures >= TRIES_UNREACHED and tried.deferred:
        return _back(tried, jitter, About.MOMENT, Reason.NOT_REACHED, result.problem)
    return Again(backoff(failures, jitter), Reason.NOT_REACHED, result.problem, failures=failures, busy=tried.busy)


def _refused(result: Refused, tried: Tried, jitter: float) -> Step:
    """What follows from a refusal, by what it is about."""
    match result.about:
        case About.UNLISTED:
            return Doubt(result.reason, result.vendor_status)
        case About.MOMENT:
            return _not_now(result, tried, jitter)
        case About.ACCOUNT:
            others, about = tried.others, About.ACCOUNT
            return _elsewhere(others, tried, jitter, about, result.reason, result.vendor_status)
        case About.CONTENT:
            others, about = tried.other_vendors, About.CONTENT
            return _elsewhere(others, tried, jitter, about, result.reason, result.vendor_status)
        case About.NUMBERS:
            return End(State.REFUSED, result.reason, result.vendor_status)


def _not_now(result: Refused, tried: Tried, jitter: float) -> Step:
    """What follows from a refusal for the moment.

    An account outside its hours is not waited for: they may begin tomorrow. A busy account is, for as long as
    `tried.patience`. A refusal of credentials is about the moment when they have just been changed; then the same
    account is asked again, with the new ones.
    """
    busy = tried.busy + 1
    delay = backoff(busy, jitter)
    again = Again(delay, result.reason, result.vendor_status, busy=busy)
    if result.reason == Reason.CREDENTIALS_REFUSED:
        return again
    if result.reason == Reason.OUTSIDE_HOURS:
        others = tried.free or tried.in_order or tried.others
    else:
        over = tried.waited >= tried.patience
        others = tried.free or (tried.in_order if over else ())
        if tried.in_order and not over:  # asked once more when the patience ends, and not long after
            again = replace(again, delay=min(delay, max(BACKOFF_FIRST, tried.patience - tried.waited)))
    if others:
        return Move(others[0], result.reason, result.vendor_status, About.MOMENT)
    if tried.deferred and not tried.others:
        return _back(tried, jitter, About.MOMENT, result.reason, result.vendor_status)
    return again


def _elsewhere(
    others: Sequence[str], tried: Tried, jitter: float, about: About | None, reason: Reason, vendor_status: str
) -> Step:
    """The next step to the first of the `others`, else back to an account that was passed over, else to the end."""
    if others:
        return Move(others[0], reason, vendor_status, about)
    if tried.deferred:
        return _back(tried, jitter, about, reason, vendor_status)
    return End(State.REFUSED, reason, vendor_status)


def _back(tried: Tried, jitter: float, about: About | None, reason: Reason, vendor_status: str) -> Move:
    """The step back to the account that was passed over for its moment longest ago: its moment may have come.

    This may be done any number of times, since no vendor that was asked so far can have sent the submission; the pauses
    grow.
    """
    busy = tried.busy + 1
    return Move(tried.deferred[0], reason, vendor_status, about, backoff(busy, jitter), busy)


def patience(purpose: Purpose, validity: Millis) -> Millis:
    """Returns how long a busy account is waited for. `validity`: for how long the message is valid."""
    share = validity // VALIDITY_SHARE
    return min(share, OTP_PATIENCE) if purpose == "otp" else share


def after_failure(reason: Reason | None, others: Sequence[str], other_vendors: Sequence[str]) -> Sequence[str]:
    """Returns the accounts that may be asked after a report of failure, if the client allows a reroute.

    | the report's reason | next |
    | --- | --- |
    | the number itself: not a number, on a blacklist | none: who asked not to be texted shall not be texted |
    | the content | accounts of vendors that were not asked yet (`other_vendors`) |
    | anything else, or no report | accounts that were not asked yet (`others`) |
    """
    if reason in NUMBER_ITSELF:
        return ()
    return other_vendors if reason in CONTENT_ITSELF else others


def backoff(times: int, jitter: float) -> Millis:
    """Returns how long to wait after so many consecutive failures: doubling, half of it random, at most five minutes.

    `jitter` is random, in [0, 1).
    """
    whole = min(BACKOFF_FIRST * 2 ** min(times - 1, 20), BACKOFF_LONGEST)
    return int(whole * (0.5 + jitter / 2))


def alert_for(refused: Refused) -> str | None:
    """Returns the kind of alert that a refusal raises: None unless it is about the account."""
    if refused.about != About.ACCOUNT:
        return None
    if refused.reason == Reason.CREDENTIALS_REFUSED:
        return "credentials_refused"
    return "balance_low" if refused.reason == Reason.BALANCE_EXHAUSTED else "account_refused"
