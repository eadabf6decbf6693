"""Which account a message goes through, and what an answer means for the next step.

The only place where retry and failover are decided. Pure: randomness comes in as numbers.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from smsgateway.config.settings import ANY_PURPOSE, Route, RouteEntry
from smsgateway.errors import AmbiguousError, DecodeError, EncodeError, NotSentError
from smsgateway.model import About, Accepted, Purpose, Reason, Refused, State

TRIES_UNREACHED = 2  # calls that did not reach an account before its turn passes to the next of the route
OTP_PATIENCE = 30_000  # milliseconds that a password waits for a busy account
VALIDITY_SHARE = 3  # a busy account gets this part of the time for which a message is valid
BACKOFF_FIRST = 1_000  # milliseconds
BACKOFF_LONGEST = 300_000
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
    """The accounts to try for a purpose, in order; none when no route serves it.

    Where a route has weights, each place in the order is drawn by them: an account of weight 3 comes first three times
    as often as one of weight 1. `random` gives numbers in [0, 1).
    """
    by_purpose = {route.purpose: route.accounts for route in routes}
    entries = by_purpose.get(purpose) or by_purpose.get(ANY_PURPOSE) or ()
    if all(entry.weight is None for entry in entries):
        return tuple(entry.name for entry in entries)
    return _drawn(entries, random)


def _drawn(entries: Sequence[RouteEntry], random: Callable[[], float]) -> tuple[str, ...]:
    left = [(entry.name, entry.weight or 1) for entry in entries]
    order = []
    while left:
        reached = list(accumulate(weight for _, weight in left))
        order.append(left.pop(bisect_right(reached, random() * reached[-1]))[0])
    return tuple(order)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Where a submission stands when a call returns: who was asked, and who may be asked next."""

    account: str
    others: tuple[str, ...]  # accounts of the route, not yet tried, that can carry the content, in order
    other_vendors: tuple[str, ...]  # those among them with another vendor
    failures: int  # consecutive calls that never reached this account, before this one
    busy: int  # consecutive refusals about the moment, before this one
    free: tuple[str, ...] = ()  # those of the others that nothing keeps from being called right now
    open: tuple[str, ...] = ()  # those of the others whose breakers are closed
    deferred: tuple[str, ...] = ()  # accounts passed over for their moment, the one asked longest ago first
    waited: int = 0  # milliseconds since this account's first refusal about the moment
    patience: int = 2**53  # milliseconds after which that is long enough


@dataclass(frozen=True, slots=True)
class Submit:
    """The vendor took it."""

    answer: Accepted


@dataclass(frozen=True, slots=True)
class Doubt:
    """Nobody can say whether the vendor took it: UNCONFIRMED, and never a second request of its own accord."""

    reason: Reason
    vendor_status: str


@dataclass(frozen=True, slots=True)
class Again:
    """Certainly not sent: later, at the same account. `busy`: refusals about the moment in a row, this one included."""

    delay: int  # milliseconds
    reason: Reason
    vendor_status: str
    failures: int = 0
    busy: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """Certainly not sent: at the next account of the route, now or after `delay` milliseconds.

    `about`: what the account left behind refused it for.
    """

    account: str
    reason: Reason
    vendor_status: str
    about: About | None = None
    delay: int = 0
    busy: int = 0


@dataclass(frozen=True, slots=True)
class End:
    """Nothing further will be tried."""

    state: State
    reason: Reason
    vendor_status: str


type Step = Submit | Doubt | Again | Move | End


def next_step(outcome: CallResult, tried: Attempt, jitter: float) -> Step:
    """What follows from a call's outcome. `jitter` is random, in [0, 1).

    | outcome | next |
    | --- | --- |
    | accepted | SUBMITTED |
    | never reached the vendor | the same account later; the next one after two calls |
    | may have reached the vendor; an answer that is none; a code nobody documented | UNCONFIRMED |
    | refused: the moment | another that is free; after some patience any that is in order; else the same later |
    | refused: outside its hours | any other; else the same later |
    | refused: the account | the next account, else REFUSED |
    | refused: the content | the next account of another vendor, else REFUSED |
    | refused: the numbers | REFUSED |
    | cannot be said in this vendor's protocol | the next account, else REFUSED |

    Where no account is left that was not tried, one that was passed over for its moment is asked again, ever later.
    """
    match outcome:
        case Accepted():
            return Submit(outcome)
        case NotSentError():
            return _unreached(outcome, tried, jitter)
        case AmbiguousError() | DecodeError():
            return Doubt(Reason.AMBIGUOUS_ANSWER, outcome.problem)
        case EncodeError():
            return _elsewhere(tried.others, tried, jitter, None, outcome.reason, outcome.problem)
        case Refused():
            return _refused(outcome, tried, jitter)


def _unreached(outcome: NotSentError, tried: Attempt, jitter: float) -> Step:
    failures = tried.failures + 1
    if failures >= TRIES_UNREACHED and tried.others:
        return Move(tried.others[0], Reason.NOT_REACHED, outcome.problem)
    if failures >= TRIES_UNREACHED and tried.deferred:
        return _back(tried, jitter, About.MOMENT, Reason.NOT_REACHED, outcome.problem)
    return Again(backoff(failures, jitter), Reason.NOT_REACHED, outcome.problem, failures=failures, busy=tried.busy)


def _refused(outcome: Refused, tried: Attempt, jitter: float) -> Step:
    match outcome.about:
        case About.UNLISTED:
            return Doubt(outcome.reason, outcome.vendor_status)
        case About.MOMENT:
            return _not_now(outcome, tried, jitter)
        case About.ACCOUNT:
            others, about = tried.others, About.ACCOUNT
            return _elsewhere(others, tried, jitter, about, outcome.reason, outcome.vendor_status)
        case About.CONTENT:
            others, about = tried.other_vendors, About.CONTENT
            return _elsewhere(others, tried, jitter, about, outcome.reason, outcome.vendor_status)
        case About.NUMBERS:
            return End(State.REFUSED, outcome.reason, outcome.vendor_status)


def _not_now(outcome: Refused, tried: Attempt, jitter: float) -> Step:
    """Refused for the moment: opening hours last too long to be waited for, and being busy may.

    Credentials that have just been changed are for the same account to be tried with.
    """
    busy = tried.busy + 1
    delay = backoff(busy, jitter)
    again = Again(delay, outcome.reason, outcome.vendor_status, busy=busy)
    if outcome.reason == Reason.CREDENTIALS_REFUSED:
        return again
    if outcome.reason == Reason.OUTSIDE_HOURS:
        others = tried.free or tried.open or tried.others
    else:
        over = tried.waited >= tried.patience
        others = tried.free or (tried.open if over else ())
        if tried.open and not over:  # once more when the patience ends, and not long after
            again = replace(again, delay=min(delay, max(BACKOFF_FIRST, tried.patience - tried.waited)))
    if others:
        return Move(others[0], outcome.reason, outcome.vendor_status, About.MOMENT)
    if tried.deferred and not tried.others:
        return _back(tried, jitter, About.MOMENT, outcome.reason, outcome.vendor_status)
    return again


def _elsewhere(
    others: Sequence[str], tried: Attempt, jitter: float, about: About | None, reason: Reason, answer: str
) -> Step:
    if others:
        return Move(others[0], reason, answer, about)
    return _back(tried, jitter, about, reason, answer) if tried.deferred else End(State.REFUSED, reason, answer)


def _back(tried: Attempt, jitter: float, about: About | None, reason: Reason, answer: str) -> Move:
    """To the account that was passed over for its moment longest ago: its moment may have come. No vendor that was
    asked so far can have sent it, and the pauses grow."""
    busy = tried.busy + 1
    return Move(tried.deferred[0], reason, answer, about, backoff(busy, jitter), busy)


def patience(purpose: Purpose, validity: int) -> int:
    """Milliseconds that a busy account is waited for, of a message that is valid for so many."""
    share = validity // VALIDITY_SHARE
    return min(share, OTP_PATIENCE) if purpose == "otp" else share


def after_failure(reason: Reason | None, others: Sequence[str], other_vendors: Sequence[str]) -> Sequence[str]:
    """The accounts that may be asked after a report of failure, when the client allows it.

    | the report's reason | next |
    | --- | --- |
    | the number itself: not a number, on a blacklist | none: whoever asked not to be texted shall not be |
    | the content | those of vendors that were not asked yet |
    | anything else, or no report | all that were not asked yet |
    """
    if reason in NUMBER_ITSELF:
        return ()
    return other_vendors if reason in CONTENT_ITSELF else others


def backoff(times: int, jitter: float) -> int:
    """Milliseconds to wait after the n-th consecutive failure: doubling, half of it random, at most five minutes."""
    whole = min(BACKOFF_FIRST * 2 ** min(times - 1, 20), BACKOFF_LONGEST)
    return int(whole * (0.5 + jitter / 2))


def alert_for(refused: Refused) -> str | None:
    """The alert that a refusal about the account raises."""
    if refused.about != About.ACCOUNT:
        return None
    if refused.reason == Reason.CREDENTIALS_REFUSED:
        return "credentials_refused"
    return "balance_low" if refused.reason == Reason.BALANCE_EXHAUSTED else "account_refused"
