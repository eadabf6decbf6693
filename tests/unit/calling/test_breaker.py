"""The cap on slow calls and the breaker of an account: what lets a call through, and what closes the gate."""

import threading
from decimal import Decimal

import pytest

from smsgateway.calling import breaker
from smsgateway.errors import AmbiguousError, DecodeError, NotSentError
from smsgateway.model import About, Accepted, Account, Options, Reason, Refused
from smsgateway.routing import CallResult
from smsgateway.store import breakers
from smsgateway.store.breakers import BreakerState
from smsgateway.store.keys import breaker_key
from smsgateway.store.table import Table

NOW = 1_795_000_000_000  # epoch milliseconds
SECOND = 1_000
PAUSE = 7 * SECOND
ACCOUNT = Account(
    "ly",
    "langyu",
    "https://vendor.example",
    {},
    balance_alert=Decimal(0),
    options=Options(in_flight=2, breaker_failures=3, breaker_seconds=30),
)
FAILURES: list[CallResult] = [
    NotSentError("refused"),
    AmbiguousError("reset"),
    Refused(About.ACCOUNT, Reason.CREDENTIALS_REFUSED, "102"),
    DecodeError("an HTML page", b"<html>"),
]
ANSWERS: list[CallResult] = [
    Accepted(("1",)),
    Refused(About.MOMENT, Reason.BUSY, "104"),
    Refused(About.CONTENT, Reason.SENSITIVE_CONTENT, "105"),
]


def known(table: Table) -> BreakerState:
    return breakers.read_breaker(table.get(breaker_key(ACCOUNT.name)))


def fail(table: Table, times: int, at: int = NOW) -> list[str | None]:
    return [breaker.record(table, ACCOUNT, known(table), FAILURES[0], at) for _ in range(times)]


def test_a_prompt_call_leaves_nothing(table: Table) -> None:
    assert breaker.may_call(ACCOUNT, BreakerState(), NOW, PAUSE) is None

    with breaker.counted_when_slow(table, ACCOUNT, "a", NOW + 60 * SECOND, lambda: NOW):
        pass

    assert table.get(breaker_key(ACCOUNT.name)) is None


def test_a_slow_call_counts_until_it_ends(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "SLOW_AFTER", 0.0)
    counted = threading.Event()
    begin_slow = breakers.begin_slow

    def begin(*arguments: object) -> None:
        begin_slow(*arguments)  # type: ignore[arg-type]
        counted.set()

    monkeypatch.setattr(breakers, "begin_slow", begin)

    with breaker.counted_when_slow(table, ACCOUNT, "a", NOW + 60 * SECOND, lambda: NOW):
        assert counted.wait(10)
        assert known(table).hanging(NOW) == 1

    assert known(table).hanging(NOW) == 0


def test_too_many_slow_calls_keep_others_waiting(table: Table) -> None:
    breakers.begin_slow(table, "ly", "a", NOW + 60 * SECOND)
    assert breaker.may_call(ACCOUNT, known(table), NOW, PAUSE) is None
    breakers.begin_slow(table, "ly", "b", NOW + 60 * SECOND)

    assert breaker.may_call(ACCOUNT, known(table), NOW, PAUSE) == breaker.NotNow(PAUSE, elsewhere=False)


@pytest.mark.parametrize(
    ("waited", "left", "shortest", "longest"),
    [
        (0, 300, 1, 1),
        (2, 300, 1, 2),
        (8, 300, 4, 8),
        (20, 300, 10, 15),
        (3600, 300, 15, 15),
        (3600, 8, 4, 4),
        (9, 1, 1, 1),
    ],
    ids=["new", "young", "growing", "capped late", "capped", "near its end", "at its end"],
)
def test_who_has_waited_longer_comes_again_later(waited: int, left: int, shortest: int, longest: int) -> None:
    times = NOW - waited * SECOND, NOW + left * SECOND, NOW

    assert (breaker.pause(*times, 0.0), breaker.pause(*times, 1.0)) == (shortest * SECOND, longest * SECOND)


def test_dead_workers_are_not_counted_and_cleared_away(table: Table) -> None:
    breakers.begin_slow(table, "ly", "dead", NOW - SECOND)
    breakers.begin_slow(table, "ly", "alive", NOW + SECOND)
    assert known(table).hanging(NOW) == 1

    breakers.end_slow(table, "ly", "alive", NOW + SECOND, NOW)

    assert known(table).slow == frozenset()


@pytest.mark.parametrize("outcome", FAILURES, ids=["unreached", "ambiguous", "refused", "unreadable"])
def test_failures_in_a_row_open_the_breaker(table: Table, outcome: CallResult) -> None:
    told = [breaker.record(table, ACCOUNT, known(table), outcome, NOW) for _ in range(4)]

    assert told == [None, None, "breaker_open", None]
    assert breaker.may_call(ACCOUNT, known(table), NOW, PAUSE) == breaker.NotNow(30 * SECOND, elsewhere=True)


@pytest.mark.parametrize("outcome", ANSWERS, ids=["accepted", "busy", "content"])
def test_any_other_answer_begins_the_count_anew(table: Table, outcome: CallResult) -> None:
    fail(table, 2)

    assert breaker.record(table, ACCOUNT, known(table), outcome, NOW) is None

    assert fail(table, 2) == [None, None]


def test_one_call_finds_out_whether_the_vendor_answers(table: Table) -> None:
    fail(table, 3)
    later = NOW + 30 * SECOND
    seen = known(table)

    assert breaker.may_call(ACCOUNT, seen, later, PAUSE) is None
    assert breaker.claim_trial(table, ACCOUNT, seen, later) == later + 30 * SECOND
    assert breaker.claim_trial(table, ACCOUNT, seen, later) is None
    assert breaker.may_call(ACCOUNT, known(table), later, PAUSE) == breaker.NotNow(30 * SECOND, elsewhere=True)
    assert breaker.record(table, ACCOUNT, known(table), Accepted(("1",)), later) == "breaker_closed"

    assert known(table) == BreakerState()


def test_a_failed_trial_call_keeps_the_breaker_open(table: Table) -> None:
    fail(table, 3)
    later = NOW + 30 * SECOND
    assert breaker.claim_trial(table, ACCOUNT, known(table), later)

    assert fail(table, 1, later) == [None]

    assert breaker.may_call(ACCOUNT, known(table), later + SECOND, PAUSE) == breaker.NotNow(29 * SECOND, elsewhere=True)


def test_a_trial_call_that_was_not_made_is_the_next_workers(table: Table) -> None:
    fail(table, 3)
    later, seen = NOW + 30 * SECOND, known(table)
    claimed = breaker.claim_trial(table, ACCOUNT, seen, later)
    assert claimed

    breaker.give_back_trial(table, ACCOUNT, seen, claimed)

    assert known(table) == seen
    assert breaker.claim_trial(table, ACCOUNT, seen, later + SECOND)


def test_a_closed_breaker_is_neither_claimed_nor_given_back(table: Table) -> None:
    assert breaker.claim_trial(table, ACCOUNT, BreakerState(), NOW) == 0
    breaker.give_back_trial(table, ACCOUNT, BreakerState(), 0)
    assert table.get(breaker_key(ACCOUNT.name)) is None
