"""The states of a submission, and every way from one to another.

Rule 1: everything that moves a submission from state to state stands in `TRANSITIONS`. transitions.py makes the writes,
and nobody else writes a state; a submission that is stored begins as QUEUED.

Rule 2: a transition is one conditional write. Its condition says in which states it may find the submission, and what
must still be as the writer has read it. A write whose condition fails has changed nothing: somebody else was first.

Theory of operation
-------------------

A submission waits as QUEUED, and as WAITING once it was attempted or has gone to another account. "mark" is the only
way to SENDING, and so the only way to a vendor call: of several workers with the same submission, one gets it. A mark
is numbered by the attempt and signed by its owner, a name that is random.

SENDING is left by the worker that holds the mark ("submit", "doubt", "wait", "move", "refuse", "expire", "give up").
Nobody takes SENDING over. When its deadline has passed, the worker counts as dead ("bury"), and the submission is in
doubt: UNCONFIRMED. The worker may be alive after all, and come back with a result: it still holds attempt and owner, so
each of its transitions begins in UNCONFIRMED, too.

A report is a proof, whatever the call came to. It makes UNCONFIRMED, or a WAITING that follows a doubt, SUBMITTED
("prove"). While the submission is SENDING, the proof is noted beside the state (`proved`), and every transition that
would deny the sending has UNPROVED in its condition. When such a transition fails for that, "overrule" follows.

After an attempt in doubt no end is a denial: in place of REFUSED, EXPIRED and CANCELED the submission is UNCONFIRMED
again, and given up. Only "retry" leads from doubt to another attempt, if the client prefers a second text to none.

SUBMITTED, REFUSED, EXPIRED, CANCELED and MOVED are left by nothing. The diagram in README.md is made from this table,
and the tests hold the table to what workers, run in every order, have been seen to write (tests/unit/journeys).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from smsgateway.clock import Millis
from smsgateway.model import State
from smsgateway.store.change import Change
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import Key


class Condition(Enum):
    """What a transition depends on beside the state; the value is the condition as DynamoDB takes it."""

    SAME_OWNER = "#owner = :seen_owner"
    SAME_ATTEMPT = "attempt = :seen_attempt"
    SAME_ACCOUNT = "account = :seen_account"
    UNPROVED = "attribute_not_exists(proved) OR proved <> :seen_attempt"  # no report says that this attempt was sent
    NOT_GIVEN_UP = "attribute_not_exists(given_up)"
    DUE = "next_at <= :now"
    PAST_DEADLINE = "deadline < :now"


@dataclass(frozen=True, slots=True)
class Transition:
    """A way from any of some states to one."""

    of: tuple[State, ...]
    to: State
    conditions: tuple[Condition, ...]
    when: str  # in the diagram


UNMARKED = (State.QUEUED, State.WAITING)
IN_HAND = (State.SENDING, State.UNCONFIRMED)  # of a worker that has marked it; UNCONFIRMED once it was buried
_HELD = (Condition.SAME_OWNER, Condition.SAME_ATTEMPT)  # by the worker that has marked it
_DENYING = (*_HELD, Condition.UNPROVED)  # what would deny that it was sent
_STILL_HERE = (Condition.SAME_ACCOUNT, Condition.SAME_ATTEMPT)  # nobody has marked it, or led it elsewhere
_AS_READ = (Condition.SAME_ATTEMPT,)

TRANSITIONS: Mapping[str, Transition] = {
    # The point of no return.
    "mark": Transition(UNMARKED, State.SENDING, (*_STILL_HERE, Condition.DUE), "a worker marks it"),
    # By the worker that has marked it. What it submits may be SUBMITTED already: the vendor's ids are still missing.
    "submit": Transition((*IN_HAND, State.SUBMITTED), State.SUBMITTED, _HELD, "the vendor took it"),
    "doubt": Transition(IN_HAND, State.UNCONFIRMED, _DENYING, "in doubt"),
    "wait": Transition(IN_HAND, State.WAITING, _DENYING, "certainly not sent"),
    "move": Transition(IN_HAND, State.MOVED, _DENYING, "the next account takes fewer at once"),
    "refuse": Transition(IN_HAND, State.REFUSED, _DENYING, "no account that may be asked is left"),
    "expire": Transition(IN_HAND, State.EXPIRED, _DENYING, "valid_for has passed"),
    "give up": Transition(IN_HAND, State.UNCONFIRMED, _DENYING, "it ends after a doubt"),
    "overrule": Transition(IN_HAND, State.SUBMITTED, _HELD, "a report proves it"),
    # Before a mark.
    "wait unmarked": Transition(UNMARKED, State.WAITING, _STILL_HERE, "not at this account, or not now"),
    "move unmarked": Transition(UNMARKED, State.MOVED, _STILL_HERE, "its account, or the next, takes fewer at once"),
    "refuse unmarked": Transition(UNMARKED, State.REFUSED, _AS_READ, "no account can carry it"),
    "expire unmarked": Transition(UNMARKED, State.EXPIRED, _AS_READ, "valid_for has passed"),
    "cancel": Transition(UNMARKED, State.CANCELED, _AS_READ, "its client cancels it, or nobody is left"),
    "give up unmarked": Transition(UNMARKED, State.UNCONFIRMED, _AS_READ, "it ends after a doubt"),
    # By others than its worker.
    "bury": Transition(
        (State.SENDING,),
        State.UNCONFIRMED,
        (Condition.SAME_ATTEMPT, Condition.PAST_DEADLINE, Condition.UNPROVED),
        "its worker died",
    ),
    "bury proved": Transition(
        (State.SENDING,),
        State.SUBMITTED,
        (Condition.SAME_ATTEMPT, Condition.PAST_DEADLINE),
        "a report proves it",
    ),
    "prove": Transition((State.UNCONFIRMED,), State.SUBMITTED, _AS_READ, "a report proves it"),
    "prove waiting": Transition((State.WAITING,), State.SUBMITTED, _AS_READ, "a report proves it"),
    "retry": Transition(
        (State.UNCONFIRMED,),
        State.WAITING,
        (Condition.SAME_ATTEMPT, Condition.NOT_GIVEN_UP),
        "its client allows another attempt",
    ),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A submission as the writer of a transition knows it: where it stands, and what must not have changed."""

    key: Key
    account: str = ""
    attempt: int = 0
    owner: str = ""


def seen(submission: StoredSubmission) -> Seen:
    """What the conditions of a transition compare, of a submission that was read."""
    return Seen(submission.table_key, submission.account, submission.attempt, submission.owner)


def change_of(name: str, before: Seen, now: Millis = 0) -> Change:
    """The write of a transition: its state and its condition, for the caller to add what else it writes.

    `now` (epoch ms) is compared by DUE and PAST_DEADLINE.
    """
    transition = TRANSITIONS[name]
    states = {f"from{place}": state for place, state in enumerate(transition.of)}
    change = Change(before.key).set(state=transition.to).when(f"#state IN ({_names(states)})", **states)
    for condition in transition.conditions:
        change = _when(change, condition, before, now)
    return change


def _when(change: Change, condition: Condition, before: Seen, now: Millis) -> Change:
    match condition:
        case Condition.SAME_OWNER:
            return change.when(condition.value, seen_owner=before.owner)
        case Condition.SAME_ATTEMPT:
            return same_attempt(change, before.attempt)
        case Condition.SAME_ACCOUNT:
            return change.when(condition.value, seen_account=before.account)
        case Condition.UNPROVED:
            return change.when(condition.value, seen_attempt=before.attempt)
        case Condition.DUE | Condition.PAST_DEADLINE:
            return change.when(condition.value, now=now)
        case Condition.NOT_GIVEN_UP:
            return change.when(condition.value)


def same_attempt(change: Change, attempt: int) -> Change:
    """The change, if nobody has marked the submission since it was read. A submission without a mark has no attempt."""
    if not attempt:
        return change.when("attribute_not_exists(attempt)")
    return change.when(Condition.SAME_ATTEMPT.value, seen_attempt=attempt)


def in_states(change: Change, *states: State) -> Change:
    """The change, if the submission is in one of some states."""
    named = {f"in{place}": state for place, state in enumerate(states)}
    return change.when(f"#state IN ({_names(named)})", **named)


def _names(values: Mapping[str, object]) -> str:
    return ", ".join(f":{name}" for name in values)


def arrows() -> Iterator[tuple[State, State, str]]:
    """Every change of state that there is: from, to, and when, with all reasons for one change together."""
    reasons: dict[tuple[State, State], list[str]] = {}
    for transition in TRANSITIONS.values():
        for state in transition.of:
            if state != transition.to:
                reasons.setdefault((state, transition.to), []).append(transition.when)
    for (before, after), when in reasons.items():
        yield before, after, ", or ".join(dict.fromkeys(when))
